// SPDX-License-Identifier: MIT
// `tonewheel profile`: where a firmware's cycles go, by block, handler, function and line, and what got slower since.

import { rm } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { CpuName } from '../emulator/create-cpu.js';
import { interruptibleSession } from '../emulator/interruptible.js';
import { readProfile } from '../profile/old-profile.js';
import type { ProfileOptions } from '../profile/profile.js';
import { compareProfiles, incomparable, type Comparable } from '../profile/profile-diff.js';
import { prepareProfileFiles, vcdIn, writeProfileFiles } from '../profile/profile-files.js';
import { diffSummary, profileSummary } from '../profile/profile-summary.js';
import { boardNamed } from './board.js';
import { CommandFailed, UsageError } from './failures.js';
import { checkEngine, checkFirmware, checkInput, checkReport } from './inputs.js';
import { overclock, positive, seconds } from './numbers.js';
import { progressBar } from './progress.js';
import { failOnBrokenBudgets, seed } from './run.js';

interface ProfileCommandOptions {
  board: string; cpu: CpuName | 'arm'; engine?: string; midi?: string; seconds?: number; report?: string; diff?: string; threshold: number;
  seed: number; midiAlign?: boolean; overclock: number; json?: boolean;
}

export function profileCommand(): Command {
  return new Command('profile')
    .description('measure where a firmware\'s cycles go, by block, handler, function and line')
    .argument('<firmware>', 'the firmware\'s TypeScript file')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .addOption(new Option('--cpu <cpu>', 'what executes the firmware; wasm3 tells no lines and functions').choices(['wasm', 'wasm3', 'arm']).default('wasm'))
    .addOption(new Option('--engine <engine>', 'whose instruction costs are counted (default: aot; with --cpu wasm3, wasm3); with --cpu arm, what the image is built with (default: kernels)').choices(['aot', 'kernels', 'wasm3']))
    .option('--midi <file>', 'Standard MIDI File to play; its start is 0.25 s after reset')
    .option('--seconds <s>', 'emulated time from reset (default: until the file has sounded, or 5 s)', seconds)
    .option('--report <dir>', 'write profile.html, profile.json, CSV tables, and files for speedscope, Perfetto and GTKWave')
    .option('--diff <file>', 'compare with an older profile\'s JSON; fails when something got slower')
    .option('--threshold <percent>', 'how much slower something may be with --diff', positive, 5)
    .option('--seed <n>', 'where in a frame the MIDI source\'s clock lies', seed, 0)
    .option('--midi-align', 'each MIDI character completes just after a frame boundary, and times count from the first frame')
    .option('--overclock <x>', 'a core that is x times faster, to let a slow engine keep up', overclock, 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
A block is what is rendered at a time. Cycles are the emulated core's; the run
is the same to the cycle each time, so --diff has no noise to allow for.

Exit code: 0 done; 1 the run failed, a handler exceeded its budget, or
something got slower than --diff's profile by more than the threshold; 2 used
wrongly, e.g. a profile of another board to compare with.

  $ tonewheel profile synth.ts --board stm32f4-discovery --midi song.mid
`)
    .action(async (firmware: string, options: ProfileCommandOptions) => {
      const { json, board, report, diff: oldPath, threshold, ...rest } = options;
      checkFirmware(firmware);
      checkEngine(rest);
      checkReport(report);
      if (rest.midi !== undefined) checkInput('MIDI file', rest.midi, 'Check the path.');
      const old = oldPath === undefined ? undefined : await readProfile(oldPath);
      if (report !== undefined) await prepareProfileFiles(report);
      const bar = progressBar(!json);
      const command = `npx tonewheel ${process.argv.slice(2).join(' ')}`;
      const wires: Pick<ProfileOptions, 'vcd' | 'vcdWindow'> = report === undefined ? {} : { vcd: vcdIn(report), vcdWindow: 'none' };
      // It reads sources with the compiler's parser, and the compiler is large: other commands start without it.
      const { profile } = await import('../profile/profile.js');
      const { result, session, files } = await interruptibleSession(async (onProgress) => {
        const refuse = (now: Comparable): void => {
          const why = old && incomparable(old, now);
          if (why !== undefined) throw new UsageError(`${oldPath} cannot be compared with: ${why}.`);
        };
        const profiled = await profile({ ...rest, ...wires, firmware, board: boardNamed(board), command, onProgress, onPlan: refuse }).finally(bar.stop);
        try {
          refuse(profiled.result);
        } catch (error) {
          if (wires.vcd !== undefined) await rm(wires.vcd);
          throw error;
        }
        if (old) profiled.result.diff = compareProfiles(old, profiled.result, threshold);
        return { ...profiled, files: report === undefined ? [] : await writeProfileFiles(report, profiled) };
      }, bar.update);
      if (json) console.log(JSON.stringify(result));
      else {
        console.log(profileSummary(result, files));
        if (result.diff) console.log(`\n${diffSummary(result.diff, oldPath!)}`);
      }
      failOnBrokenBudgets(result.run, session);
      if (result.diff && result.diff.slower.length > 0) {
        throw new CommandFailed(`slower than ${oldPath} by more than ${threshold} %.${json ? `\n${diffSummary(result.diff, oldPath!)}` : ''}\nMake it faster, raise --threshold, or keep the new profile.json as what to compare with.`);
      }
    });
}
