// SPDX-License-Identifier: MIT
// The command line: one file a command, mounted here. Exit code 0: done; 1: the thing failed; 2: used wrongly.

import { inspect, stripVTControlCharacters } from 'node:util';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { Interrupted } from '../emulator/interruptible.js';
import { UserError } from '../user-error.js';
import { printJsonError, watchAnswers, type JsonError } from './json-error.js';
import { withSourceLines } from './source-lines.js';

/** In the order of the help. Each is in a file of its own, with all that it takes, and that of a command that is called is alone read. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  boards: async () => (await import('./boards.js')).boardsCommand(),
  build: async () => (await import('./build.js')).buildCommand(),
  flash: async () => (await import('./flash.js')).flashCommand((await import('../build/image/image.js')).buildImage),
  record: async () => (await import('./record.js')).recordCommand(),
  run: async () => (await import('./run.js')).runCommand(),
  check: async () => (await import('./check.js')).checkCommand(),
  profile: async () => (await import('./profile.js')).profileCommand(),
  emulate: async () => (await import('./emulate.js')).emulateCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
  midi: async () => (await import('./midi.js')).midiCommand(),
  test: async () => (await import('./test.js')).testCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
};
/** 128 and the number of SIGINT, as a shell has it. */
const INTERRUPTED = 130;

const program = new Command('tonewheel')
  .description('Audio and MIDI firmware in TypeScript, tested to the cycle on an emulated microcontroller.')
  .version('0.1.0')
  .configureHelp({ showGlobalOptions: true });
const [called = ''] = process.argv.slice(2);
const wanted = Object.hasOwn(COMMANDS, called) ? [COMMANDS[called]] : Object.values(COMMANDS);
for (const command of await Promise.all(wanted.map((load) => load()))) program.addCommand(command);
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

/** Whether the command that is called has the option, and was given it. */
const wantsJson = process.argv.includes('--json') && program.commands.find((command) => command.name() === called)?.options.some(({ long }) => long === '--json') === true;
if (wantsJson) watchAnswers();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// What has been said is written first. Without this node would take its heaps and machine code down one by one, a fifth of a second after a compile.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));

/** Says on standard error what went wrong, and to whom asked for JSON on standard output too. */
function report(error: unknown): number {
  const { kind, message, exitCode } = answerTo(error);
  if (exitCode > 0 && wantsJson) printJsonError(kind, message, exitCode);
  return exitCode;
}

function answerTo(error: unknown): JsonError['error'] {
  // Commander has printed its message (or the help that was asked for) itself.
  if (error instanceof CommanderError) return { kind: 'misuse', message: error.message.replace(/^error: /, ''), exitCode: error.exitCode === 0 ? 0 : 2 };
  if (error instanceof Interrupted) {
    console.error(error.message);
    return { kind: 'interrupted', message: error.message, exitCode: INTERRUPTED };
  }
  const isSystemError = error instanceof Error && 'syscall' in error;
  if (error instanceof UserError || isSystemError) {
    console.error(`${pc.red('error:')} ${error.message}`);
    const isMisuse = error instanceof UserError && error.isMisuse;
    // The compiler colours its own messages where it takes the output for a terminal.
    return { kind: isMisuse ? 'misuse' : 'failed', message: stripVTControlCharacters(error.message), exitCode: isMisuse ? 2 : 1 };
  }
  console.error('This is a fault of tonewheel itself, not of your firmware. With the lines below it can be found.');
  console.error(withSourceLines(inspect(error)));
  return { kind: 'fault', message: error instanceof Error ? error.message : String(error), exitCode: 1 };
}
