// SPDX-License-Identifier: MIT
// The command line: one file a command, mounted here. Exit code 0: done; 1: the thing failed; 2: used wrongly.

import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { BoardError } from '../boards.js';
import { CompileError } from '../build/compile.js';
import { FirmwareTrap } from '../cpu/wasm/trap.js';
import { MidiFileError } from '../devices/midi-file.js';
import { boardsCommand } from './boards.js';
import { demoCommand } from './demo.js';
import { midiCommand } from './midi.js';
import { runCommand } from './run.js';
import { testCommand } from './test.js';
import { CommandFailed, UsageError } from './failures.js';

/** Errors whose message is written for the user; anything else is a fault of ours and keeps its stack. */
const TOLD = [BoardError, CompileError, FirmwareTrap, MidiFileError, CommandFailed];

const program = new Command('tonewheel')
  .description('Audio and MIDI firmware in TypeScript, tested to the cycle on an emulated microcontroller.')
  .version('0.1.0')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });
for (const command of [boardsCommand(), runCommand(), demoCommand(), midiCommand(), testCommand()]) program.addCommand(withExitOverride(command));

/** Commander ends the process by itself unless every command is told not to. */
function withExitOverride(command: Command): Command {
  command.exitOverride();
  command.commands.forEach((c) => withExitOverride(c as Command));
  return command;
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed its message (or the help that was asked for) itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    console.error(`${pc.red('error:')} ${error.message}`);
    return 2;
  }
  if (TOLD.some((kind) => error instanceof kind)) {
    console.error(`${pc.red('error:')} ${(error as Error).message}`);
    return 1;
  }
  console.error(error);
  return 1;
}
