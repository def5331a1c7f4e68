// SPDX-License-Identifier: MIT
// `tonewheel record`: what a board kept of a trap, as file and line.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { explainTrap } from '../build/image/explain-trap.js';
import { readTrapRecord, RecordError } from '../build/image/trap-record.js';
import { CommandFailed, UsageError } from './failures.js';
import { checkInput } from './inputs.js';

/** The record's bytes, from a line of the log, hex, or a dump of memory. */
function bytesOf(source: string): Uint8Array {
  const hex = /^(?:tonewheel record )?([0-9a-f]+)\s*$/i.exec(source);
  if (hex) return Buffer.from(hex[1], 'hex');
  checkInput('record', source, 'Give the hex digits behind "tonewheel record" in the log, or a file with a dump of the RAM.');
  const bytes = readFileSync(source);
  const text = bytes.toString('latin1');
  const logged = /tonewheel record ([0-9a-f]+)/i.exec(text);
  return logged ? Buffer.from(logged[1], 'hex') : bytes;
}

/** The build's files, by the image or the module that the user names. */
function filesOf(image: string) {
  const stem = image.replace(/\.(elf|bin|hex|wasm)$/, '');
  const files = { wasm: `${stem}.wasm`, map: `${stem}.wasm.map`, elf: `${stem}.elf` };
  for (const file of Object.values(files)) {
    if (!existsSync(file)) throw new UsageError(`${file}: there is no such file. --image names what "tonewheel build" left, e.g. ${join('build', 'images', 'stm32f4-discovery-kernels', 'synth.elf')}.`);
  }
  return files;
}

export function recordCommand(): Command {
  return new Command('record')
    .description('turn the record that a board keeps of a trap into file and line')
    .argument('<record>', 'the hex digits that the log begins with after a restart, or a file: a log, or a dump of the RAM')
    .requiredOption('--image <file>', 'the image that ran, as "tonewheel build" left it, with its wasm and map beside it')
    .addHelpText('after', `
After a trap the output is muted, the record kept in RAM, and the firmware
restarted (or halted: build --on-trap halt). The log of the next start, which
OpenOCD reads over SWD ("rtt setup", "rtt start"), begins with the record; it
also lies at the symbol tw_last_trap.

  $ tonewheel record 5243575402… --image build/images/…/synth.elf
`)
    .action(async (source: string, { image }: { image: string }) => {
      const files = filesOf(image);
      try {
        console.log(await explainTrap(readTrapRecord(bytesOf(source)), files));
      } catch (error) {
        throw error instanceof RecordError ? new CommandFailed(`${error.message}.`) : error;
      }
    });
}
