// SPDX-License-Identifier: MIT
// The command line: one file a command, mounted here. Exit code 0: done; 1: the thing failed; 2: used wrongly.

import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { BoardError, NotEmulated } from '../boards/index.js';
import { CompileError } from '../build/compile.js';
import { buildImage } from '../build/image/image.js';
import { ToolchainError } from '../build/image/toolchain.js';
import { FirmwareTrap } from '../cpu/wasm/trap.js';
import { MidiFileError } from '../devices/midi-file.js';
import { EmulationError } from '../emulator/elf-board.js';
import { Interrupted } from '../emulator/interruptible.js';
import { FlashError } from '../flash/flash.js';
import { ImageError } from '../image/segment.js';
import { OutputError } from '../output.js';
import { ToolMissing } from '../tools/tools.js';
import { boardsCommand } from './boards.js';
import { buildCommand } from './build.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { emulateCommand } from './emulate.js';
import { flashCommand } from './flash.js';
import { midiCommand } from './midi.js';
import { profileCommand } from './profile.js';
import { recordCommand } from './record.js';
import { runCommand } from './run.js';
import { testCommand } from './test.js';
import { CommandFailed, UsageError } from './failures.js';

/** Errors whose message is written for the user: used wrongly, and failed. */
const MISUSE = [UsageError, OutputError, NotEmulated];
const FAILURES = [BoardError, CompileError, FirmwareTrap, EmulationError, MidiFileError, ImageError, ToolMissing, ToolchainError, FlashError, CommandFailed];
/** 128 and the number of SIGINT, as a shell has it. */
const INTERRUPTED = 130;

const program = new Command('tonewheel')
  .description('Audio and MIDI firmware in TypeScript, tested to the cycle on an emulated microcontroller.')
  .version('0.1.0')
  .configureHelp({ showGlobalOptions: true });
const commands = [boardsCommand(), buildCommand(), flashCommand(buildImage), recordCommand(), runCommand(), profileCommand(), emulateCommand(), demoCommand(), midiCommand(), testCommand(), doctorCommand()];
for (const command of commands) program.addCommand(command);
withExitOverride(program);

/** Commander ends the process by itself unless every command is told not to. */
function withExitOverride(command: Command): Command {
  command.exitOverride().showHelpAfterError(`Try "${pathOf(command)} --help".`);
  command.commands.forEach((c) => withExitOverride(c as Command));
  return command;
}

/** How a command is called: "tonewheel midi decode". */
function pathOf(command: Command): string {
  return [...(command.parent ? [pathOf(command.parent)] : []), command.name()].join(' ');
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed its message (or the help that was asked for) itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    console.error(error.message);
    return INTERRUPTED;
  }
  const isSystemError = error instanceof Error && 'syscall' in error;
  const isMisuse = MISUSE.some((kind) => error instanceof kind);
  if (isMisuse || isSystemError || FAILURES.some((kind) => error instanceof kind)) {
    console.error(`${pc.red('error:')} ${(error as Error).message}`);
    return isMisuse ? 2 : 1;
  }
  console.error('This is a fault of tonewheel itself, not of your firmware. With the lines below it can be found.');
  console.error(error);
  return 1;
}
