// SPDX-License-Identifier: MIT
// Turns what a running firmware threw into what its author needs: file, line, handler, and the last MIDI bytes.

import type { SourceMap, Location } from '../../build/source-map.js';
import type { WasmModule } from './decode.js';
import type { MeteredModule } from './meter.js';
import { FirmwareAbort } from './cpu.js';

export interface TrapContext {
  readonly module: WasmModule;
  readonly metered: MeteredModule;
  readonly sourceMap: SourceMap | undefined;
  /** Vectors whose handlers were running, outermost first. */
  readonly running: readonly string[];
  readonly seconds: number;
  readonly cycle: number;
  readonly lastMidiBytes: readonly number[];
}

export interface TrapFrame extends Location {
  readonly functionName: string;
}

/** The firmware stopped where it should not have; the message is complete. */
export class FirmwareTrap extends Error {
  override readonly name = 'FirmwareTrap';
  constructor(message: string, readonly reason: string, readonly handler: string | undefined, readonly frames: readonly TrapFrame[]) {
    super(message);
  }
}

/** What the WebAssembly engine says, in the words of somebody who writes TypeScript. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof FirmwareAbort) return error.message === 'abort' ? 'a failed assertion or bounds check' : error.message;
  if (error instanceof RangeError && /call stack/.test(text)) return 'the stack overflowed';
  if (error instanceof WebAssembly.RuntimeError && text === 'unreachable') return 'unreachable code was reached (a failed assertion, or a throw)';
  if (error instanceof WebAssembly.RuntimeError && /out of bounds/.test(text)) return `${text}: an address beyond linear memory`;
  return text;
}

/** Sources that are not the firmware author's own. */
export const isLibrary = (file: string): boolean => file.startsWith('~lib/') || file.includes('node_modules/');

/** Source positions of the WebAssembly frames of an error's stack, innermost first. */
function framesOf(error: unknown, { module, metered, sourceMap }: TrapContext): TrapFrame[] {
  const stack = error instanceof Error ? error.stack ?? '' : '';
  const frames: TrapFrame[] = [];
  for (const match of stack.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)) {
    const offset = metered.originalOffset(parseInt(match[2], 16));
    // Metering adds one import in front of the module's own functions.
    const index = Number(match[1]) - 1;
    const body = module.functions.find((f) => f.index === index);
    const at = sourceMap?.locate(offset, body);
    // Library code that was inlined has no frame of its own; whoever called it is the nearest place in the same function.
    const caller = at && isLibrary(at.file) ? sourceMap?.locate(offset, body, (file) => file !== '' && !isLibrary(file)) : undefined;
    const functionName = (module.functionNames.get(index) ?? `function ${index}`).replace(/^.*\//, '');
    for (const place of [at, caller]) if (place) frames.push({ ...place, functionName });
  }
  return frames;
}

/** Wraps what came out of a run. An error that no firmware caused keeps its own stack as the cause. */
export function describeTrap(error: unknown, context: TrapContext): FirmwareTrap {
  const reason = reasonOf(error);
  const frames = framesOf(error, context);
  if (error instanceof FirmwareAbort && error.file !== '') {
    frames.unshift({ file: error.file, line: error.line, column: error.column - 1, functionName: 'abort' });
  }
  const handler = context.running[context.running.length - 1];
  const where = frames.find((f) => !isLibrary(f.file)) ?? frames[0];
  const interrupted = context.running.length > 1 ? ` (which had pre-empted ${context.running.slice(0, -1).reverse().join(', then ')})` : '';
  const lines = [
    `The firmware stopped: ${reason}`,
    `  at    ${where ? `${where.file}:${where.line}:${where.column + 1}` : 'a place without source information'}`,
    `  in    ${handler ? `the handler of ${handler}${interrupted}` : 'main, no handler running'}`,
    `  after ${context.seconds.toFixed(6)} s, cycle ${context.cycle}`,
    `  MIDI  ${context.lastMidiBytes.length > 0 ? `last bytes ${context.lastMidiBytes.map((b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ')}` : 'no byte had come in'}`,
  ];
  if (frames.length > 1) lines.push('  calls', ...frames.map((f) => `    ${f.functionName} (${f.file}:${f.line}:${f.column + 1})`));
  const trap = new FirmwareTrap(lines.join('\n'), reason, handler, frames);
  trap.cause = error;
  return trap;
}
