// SPDX-License-Identifier: MIT
// `tonewheel run`: plays a MIDI file through a firmware on an emulated board.

import { Command, InvalidArgumentError, Option } from 'commander';
import type { Wasm3Variant } from '../build/wasm3/prepare.js';
import type { CpuName } from '../emulator/create-cpu.js';
import { interruptibleSession } from '../emulator/interruptible.js';
import { runSession, type SessionResult } from '../emulator/session.js';
import type { RunResult } from '../profile/run-result.js';
import { summary } from '../profile/summary.js';
import { boardNamed } from './board.js';
import { CommandFailed, UsageError } from './failures.js';
import { checkEngine, checkFirmware, checkInput, checkReport } from './inputs.js';
import { overclock, seconds, window } from './numbers.js';
import { progressBar } from './progress.js';

interface RunOptions {
  board: string; cpu: CpuName | 'arm'; engine?: string; wasm3?: Wasm3Variant; midi?: string; seconds?: number; wav?: string; vcd?: string; vcdWindow?: [number, number]; midiOut?: string;
  report?: string; seed: number; midiAlign?: boolean; overclock: number; json?: boolean;
}

/** Longest run whose whole VCD is still handy: half a gigabyte. */
const LONG_VCD_SECONDS = 10;

export const seed = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Wanted a whole number, 0 or above.');
  return value;
};

/** Exit code 1, with what to do, when a handler took more than its author allows. */
export function failOnBrokenBudgets(result: RunResult, { emulated }: SessionResult): void {
  const broken = Object.entries(result.isr).filter(([, isr]) => isr.overBudget > 0);
  if (broken.length === 0) return;
  const lines = broken.map(([name, { budget, maxCycles, overBudget, count }]) => {
    const vector = emulated.firmware.vectors.find((v) => v.name === name);
    return `${name}: ${maxCycles} cycles at worst, budget ${budget}; exceeded ${overBudget} times in ${count} (${vector?.functionName} in ${vector?.file}:${vector?.line})`;
  });
  throw new CommandFailed(`a handler exceeded its budget.\n  ${lines.join('\n  ')}\nMake the handler cheaper, move work out of it, or raise the budget in its @isr.`);
}

/** What profiles the same run, to type. */
function profileCommandOf(firmware: string, { board, cpu, engine, midi, seconds, seed, midiAlign, overclock }: RunOptions): string {
  const words = [
    'npx tonewheel profile', firmware, '--board', board, ...(cpu === 'wasm' ? [] : ['--cpu', cpu]), ...(engine === undefined ? [] : ['--engine', engine]),
    ...(midi === undefined ? [] : ['--midi', midi]), ...(seconds === undefined ? [] : ['--seconds', String(seconds)]),
    ...(seed === 0 ? [] : ['--seed', String(seed)]), ...(midiAlign ? ['--midi-align'] : []), ...(overclock === 1 ? [] : ['--overclock', String(overclock)]),
  ];
  return words.map((word) => (/[^\w ./:=@+~-]/.test(word) || (word.includes(' ') && !word.startsWith('npx ')) ? `'${word.replaceAll("'", "'\\''")}'` : word)).join(' ');
}

/** The firmware's log, each piece of text with its time in seconds. */
function printLog({ log }: RunResult): void {
  for (const { seconds, text } of log) console.log(`${seconds.toFixed(6).padStart(11)}  ${text.trimEnd()}`);
  if (log.length > 0) console.log();
}

export function runCommand(): Command {
  return new Command('run')
    .description('play a MIDI file through a firmware on an emulated board')
    .argument('<firmware>', 'the firmware\'s TypeScript file')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .addOption(new Option('--cpu <cpu>', 'what executes the firmware').choices(['wasm', 'wasm3', 'arm']).default('wasm'))
    .addOption(new Option('--engine <engine>', 'whose instruction costs are counted (default: aot; with --cpu wasm3, wasm3); with --cpu arm, what the image is built with (default: kernels)').choices(['aot', 'kernels', 'wasm3']))
    .addOption(new Option('--wasm3 <variant>', 'with --cpu wasm3: as boards have it, or as it comes (default: tuned)').choices(['tuned', 'reference']))
    .option('--midi <file>', 'Standard MIDI File to play; its start is 0.25 s after reset')
    .option('--seconds <s>', 'emulated time from reset (default: until the file has sounded, or 5 s)', seconds)
    .option('--wav <file>', 'write what the codec plays')
    .option('--vcd <file>', 'write the wires: MIDI, I2S, a marker for each handler')
    .option('--vcd-window <from:to>', 'seconds between which the VCD has the I2S lines (default: all; a second of them is some 50 MB)', window)
    .option('--midi-out <file>', 'write what the MIDI output sends, as a MIDI file')
    .option('--report <dir>', 'write report.html and report.json')
    .option('--seed <n>', 'where in a frame the MIDI source\'s clock lies; 0 is exactly on the file\'s times', seed, 0)
    .option('--midi-align', 'each MIDI character completes just after a frame boundary, and times count from the first frame: the same sound at any speed')
    .option('--overclock <x>', 'a core that is x times faster, to let a slow engine keep up', overclock, 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
Time is emulated time: seconds from the board's reset. Directories of output
files are made; a file appears under its name when it is whole.

Exit code: 0 done; 1 the run failed (does not compile, trapped, a handler
exceeded its budget, broken MIDI file); 2 used wrongly.

  $ tonewheel run synth.ts --board stm32f4-discovery --midi song.mid --wav o.wav
`)
    .action(async (firmware: string, options: RunOptions) => {
      const { json, board, ...rest } = options;
      checkFirmware(firmware);
      checkEngine(rest);
      checkReport(rest.report);
      if (rest.wasm3 && rest.cpu !== 'wasm3') throw new UsageError(`--wasm3 ${rest.wasm3} chooses between builds of CPU wasm3: add --cpu wasm3.`);
      if (rest.midi !== undefined) checkInput('MIDI file', rest.midi, 'Check the path.');
      if (options.vcd && !options.vcdWindow && !(options.seconds !== undefined && options.seconds <= LONG_VCD_SECONDS)) {
        console.error('note: a second of I2S lines is some 45 MB of VCD; --vcd-window FROM:TO or --seconds S limits it.');
      }
      const bar = progressBar(!json);
      const command = `npx tonewheel ${process.argv.slice(2).join(' ')}`;
      const session = await interruptibleSession(
        (onProgress) => runSession({ ...rest, firmware, board: boardNamed(board), command, onProgress }).finally(bar.stop), bar.update);
      if (!json) printLog(session.result);
      console.log(json ? JSON.stringify(session.result, null, 2) : summary(session.result, session.files));
      if (!json && session.result.lateBlocks > 0) console.log(`\nWhy late: ${profileCommandOf(firmware, options)}`);
      failOnBrokenBudgets(session.result, session);
    });
}
