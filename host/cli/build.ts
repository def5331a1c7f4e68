// SPDX-License-Identifier: MIT
// `tonewheel build`: the image of a firmware for a board.

import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { buildImage, type Image } from '../build/image/image.js';
import { engineNames, type EngineName } from '../build/image/engine-names.js';
import { sizeTable } from '../build/image/size-table.js';
import { loadOf, type Load } from '../emulator/load.js';
import { prepareOutput } from '../output.js';
import { boardNamed } from './board.js';
import { checkFirmware } from './inputs.js';
import { byteCount } from './numbers.js';

interface BuildOptions {
  board: string; engine: EngineName; out: string; stack?: number; mainStack?: number; onTrap: 'restart' | 'halt'; watchdog?: number; json?: boolean;
}

const period = (text: string): number => {
  const value = Number(text);
  if (!(value >= 0.001 && value <= 32)) throw new InvalidArgumentError('Wanted seconds, 0.001 to 32.');
  return value;
};

/** What `--json` prints. */
function facts({ board, engine, files, sizes, heapUsed, warnings, firmware }: Image, load: Load | undefined) {
  return {
    load: load?.share,
    board: board.name, engine, files, flash: sizes.flash, flashBytes: sizes.flashBytes, flashTotal: sizes.flashTotal,
    ram: sizes.ram, ramBytes: sizes.ramBytes, ramTotal: sizes.ramTotal, heapUsed, warnings,
    vectors: firmware.vectors.map(({ name, priority }) => ({ name, priority })),
  };
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** That a firmware takes more time than there is, and with which engines it does not. */
function overload({ board, engine, firmware }: Image, share: number): string {
  const others = engineNames.slice(engineNames.indexOf(engine) + 1).map((name) => `with --engine ${name} ${percent(loadOf(board, firmware, name)!.share)}`);
  return `does not fit: ${percent(share)} of the budget${others.length > 0 ? `; ${others.join(', ')}` : ''}`;
}

export function buildCommand(): Command {
  return new Command('build')
    .description('build the image of a firmware for a board: wasm, elf, bin, hex, map')
    .argument('<firmware>', 'the firmware\'s TypeScript file')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .addOption(new Option('--engine <engine>', 'what executes the firmware on the board').choices(engineNames).default('kernels'))
    .option('--out <dir>', 'where the files go (default: build/images/BOARD-ENGINE)')
    .option('--stack <bytes>', 'C stack, for main and all handlers that nest on it (default: 4096; 8192 with aot)', byteCount)
    .option('--main-stack <bytes>', 'interpreter stack of init and main (default: 4096)', byteCount)
    .addOption(new Option('--on-trap <what>', 'after a trap, when the output is muted and the record is kept').choices(['restart', 'halt']).default('restart'))
    .option('--watchdog <seconds>', 'start the independent watchdog; main feeds it each time it goes to sleep', period)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
Engines: wasm3 interprets everything; kernels does the same but for functions
marked @native, which are compiled ahead of time; aot compiles everything.

The load is what the emulator counts under sixteen held notes, by the engine's
estimated costs; for boards that it knows.

Exit code: 0 built; 1 does not compile, or does not fit; 2 used wrongly.

  $ tonewheel build synth.ts --board stm32f4-discovery
`)
    .action(async (firmware: string, { board: name, json, out, stack, mainStack, watchdog, ...rest }: BuildOptions) => {
      checkFirmware(firmware);
      const board = boardNamed(name);
      const directory = out ?? join('build', 'images', `${board.name}-${rest.engine}`);
      await prepareOutput(join(directory, 'image.elf'));
      const image = await buildImage({ firmware, board, ...rest, out: directory, stackBytes: stack, mainStackBytes: mainStack, watchdogSeconds: watchdog });
      for (const warning of image.warnings) console.error(`warning: ${warning}.`);
      const load = loadOf(board, image.firmware, rest.engine);
      console.log(json ? JSON.stringify(facts(image, load), null, 2) : sizeTable(image));
      if (load && !json) console.log(`\nLoad under sixteen notes: ${percent(load.share)} of the time (estimated)`);
      if (load && load.share > 1) console.error(`warning: ${overload(image, load.share)}.`);
    });
}
