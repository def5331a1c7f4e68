// SPDX-License-Identifier: MIT
// `tonewheel emulate`: runs any ELF on an emulated board, as the chip would.

import { Command, InvalidArgumentError } from 'commander';
import { emulate, PATIENCE_SECONDS, type UartInput } from '../emulator/emulate.js';
import { TRACE_KINDS, type TraceKind } from '../debug/trace.js';
import { emulationSummary } from '../profile/emulation-summary.js';
import { boardNamed } from './board.js';
import { UsageError } from './failures.js';
import { checkInput } from './inputs.js';
import { overclock, positive, seconds, window } from './numbers.js';
import { progressBar } from './progress.js';

interface Options {
  board: string; elf: string; base?: number; seconds?: number; uart: { uart: string; file: string }[]; uartIn: UartInput[]; uartPause: number;
  wav?: string; vcd?: string; vcdWindow?: [number, number]; midi?: string; strict?: boolean; semihosting?: boolean; gdb?: number; trace?: string; traceKinds?: TraceKind[]; traceWindow?: [number, number]; overclock: number; json?: boolean;
}

const address = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) throw new InvalidArgumentError('Wanted an address, e.g. 0x08000000.');
  return value;
};

const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('Wanted a port, e.g. 3333; 0 for any.');
  return value;
};

const kinds = (text: string): TraceKind[] => text.split(',').map((kind) => {
  if (!(TRACE_KINDS as readonly string[]).includes(kind)) throw new InvalidArgumentError(`Wanted some of ${TRACE_KINDS.join(',')}.`);
  return kind as TraceKind;
});

const named = (text: string): [name: string, file: string] => {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('Wanted NAME=FILE, e.g. USART2=out.txt.');
  return [text.slice(0, at).toUpperCase(), text.slice(at + 1)];
};

const output = (text: string, before: Options['uart']): Options['uart'] => {
  const [uart, file] = named(text);
  return [...before, { uart, file }];
};

const input = (text: string, before: UartInput[]): UartInput[] => {
  const [uart, rest] = named(text);
  const [, file, seconds] = /^(.*?)(?:@(\d+(?:\.\d+)?))?$/.exec(rest)!;
  return [...before, { uart, file, atSeconds: seconds === undefined ? undefined : Number(seconds) }];
};

export function emulateCommand(): Command {
  return new Command('emulate')
    .description('run any ELF on an emulated board, to the cycle')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .requiredOption('--elf <file>', 'the image: ELF, Intel HEX, or the plain bytes of flash')
    .option('--base <address>', 'where a plain binary begins (default: the beginning of flash)', address)
    .option('--seconds <s>', `emulated time from reset (default: until the firmware ends or can do nothing more, at most ${PATIENCE_SECONDS} s)`, seconds)
    .option('--uart <name=file>', 'write what a UART sends; "-" is stdout. Again for more of them', output, [])
    .option('--uart-in <name=file>', 'type a file into a UART, once its receiver is ready; FILE@S: not before S seconds', input, [])
    .option('--uart-pause <s>', 'seconds between two typed characters, for firmware that polls', positive, 0)
    .option('--wav <file>', 'write what the codec plays')
    .option('--vcd <file>', 'write the wires: all pads, I2S, a marker for each handler')
    .option('--vcd-window <from:to>', 'seconds between which the VCD has the I2S lines (default: all)', window)
    .option('--midi <file>', 'Standard MIDI File to play into the board\'s MIDI input; its start is 0.25 s after reset')
    .option('--semihosting', 'serve BKPT 0xAB: printing, clocks, and the end of the run with an exit code')
    .option('--gdb <port>', 'wait for gdb on this port of this computer; 0 for any', port)
    .option('--trace <file>', 'write a line for each instruction, exception and register access')
    .option('--trace-kinds <kinds>', `what is traced: some of ${TRACE_KINDS.join(',')} (default: all)`, kinds)
    .option('--trace-window <from:to>', 'seconds between which is traced (default: all; a second is some 10 GB)', window)
    .option('--strict', 'end the run at the first access to what the emulator does not model, instead of reporting it')
    .option('--overclock <x>', 'a core that is x times faster', overclock, 1)
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
UARTs run at the baud rate and format that the firmware programs, on the pads
that it routes them to. Files appear under their names when the run is over.

Exit code: 0 the time has passed, or the firmware ended with 0 (semihosting);
1 it faulted, ended with another code, or can do nothing any more; 2 used wrongly.

  $ tonewheel emulate --board stm32f4-discovery --elf hello.elf --uart USART2=-
`)
    .action(async ({ board: name, json, ...rest }: Options) => {
      const board = boardNamed(name);
      checkInput('image', rest.elf, 'Name the file that the linker wrote.');
      if (rest.midi !== undefined) checkInput('MIDI file', rest.midi, 'Check the path.');
      for (const { file } of rest.uartIn) checkInput('--uart-in', file, 'Check the path.');
      const names = board.peripherals.filter((p) => p.model === 'usart').map((p) => p.name).sort();
      for (const { uart } of [...rest.uart, ...rest.uartIn]) {
        if (!names.includes(uart)) throw new UsageError(`${board.name} has no UART "${uart}". It has ${names.join(', ')}.`);
      }
      const toStdout = rest.uart.some(({ file }) => file === '-');
      const { semihosting, uartPause: uartPauseSeconds, ...others } = rest;
      if (others.trace !== undefined && others.gdb !== undefined) throw new UsageError('--trace follows the core by itself, and --gdb hands it to gdb: give one of them.');
      const bar = progressBar(!json && !toStdout && !semihosting && others.gdb === undefined);
      // What the firmware prints must not stand within the JSON.
      const descriptor = semihosting ? (json ? 2 : 1) : undefined;
      const onGdbListening = (actual: number): void => console.error(`waiting for gdb on port ${actual}: gdb-multiarch ${rest.elf} -ex 'target remote :${actual}'`);
      const { result, code } = await emulate({ ...others, uartPauseSeconds, semihosting: descriptor, board, onGdbListening, onProgress: bar.update }).finally(bar.stop);
      if (json) console.log(JSON.stringify(result, null, 2));
      else if (code === 0) console.log(emulationSummary(result));
      else console.error(`${emulationSummary(result)}`);
      process.exitCode = code;
    });
}
