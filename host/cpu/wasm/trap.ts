// SPDX-License-Identifier: MIT
// Turns what a running firmware threw into what its author needs: file, line, handler, and the last MIDI bytes.

import type { SourceMap, Location } from '../../build/source-map.js';
import { forEachInstruction, type FunctionBody, type WasmModule } from './decode.js';
import { FirmwareAbort } from '../pre-emptive-cpu.js';
import { UserError } from '../../user-error.js';

export interface TrapContext {
  readonly module: WasmModule;
  /** Byte offsets in the module of what was being executed, innermost first. */
  readonly offsets: readonly number[];
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
export class FirmwareTrap extends UserError {
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

/** Installed packages, the compiler's library, and the verbs of register access: true as places, but not what the author of a firmware looks for. */
export const isLibrary = (file: string): boolean => file.startsWith('~lib/') || file.includes('node_modules/') || /(^|\/)assembly\/shim\//.test(file);

/**
 * Source positions of the offsets, innermost first. Where library code was inlined, its place comes first and then
 * that of the code around it.
 */
function framesOf({ module, offsets, sourceMap }: TrapContext): TrapFrame[] {
  const frames: TrapFrame[] = [];
  for (const offset of offsets) {
    const body = module.functions.find(({ start, end }) => offset >= start && offset < end);
    if (!body || !sourceMap) continue;
    const functionName = (module.functionNames.get(body.index) ?? `function ${body.index}`).replace(/^.*\//, '');
    // A loop, or a function, may begin with instructions of which the compiler has noted nothing: what stands before it is not meant then, but what follows.
    const loop = innermostLoop(module, body, offset);
    const locate = (accept: (file: string) => boolean): Location | undefined =>
      (loop && (sourceMap.locate(offset, loop.start, accept) ?? sourceMap.locateNext(offset, loop.end, accept)))
      ?? sourceMap.locate(offset, body.start, accept) ?? sourceMap.locateNext(offset, body.end, accept);
    const at = locate(() => true);
    if (!at) continue;
    frames.push({ ...at, functionName });
    const around = isLibrary(at.file) && locate((file) => !isLibrary(file));
    if (around) frames.push({ ...around, functionName });
  }
  return frames;
}

/** The innermost loop of a body that an instruction is in, by the offsets at which it begins and ends. */
function innermostLoop({ bytes }: WasmModule, { code, end }: FunctionBody, offset: number): { readonly start: number; readonly end: number } | undefined {
  const open: { readonly start: number; readonly isLoop: boolean }[] = [];
  let found: { readonly start: number; readonly end: number } | undefined;
  forEachInstruction(bytes, code, end, ({ operator: { name, immediate }, offset: at }) => {
    if (immediate === 'block') open.push({ start: at, isLoop: name === 'loop' });
    if (name !== 'end') return;
    const last = open.pop();
    // The first one that ends behind it is the innermost.
    if (!last?.isLoop || last.start > offset || at <= offset) return;
    found = { start: last.start, end: at };
    return false;
  });
  return found;
}

/** Wraps what came out of a run. An error that no firmware caused keeps its own stack as the cause. */
export function describeTrap(error: unknown, context: TrapContext): FirmwareTrap {
  const reason = reasonOf(error);
  const frames = framesOf(context);
  if (error instanceof FirmwareAbort && error.file !== '') {
    // The compiler has written the exact place into the call; what its mapping gave for the same function is a guess.
    const [innermost] = frames;
    const same = innermost && (innermost.file === error.file || !isLibrary(error.file));
    const { file, line, column } = error;
    frames.splice(0, same ? 1 : 0, { file, line, column: column - 1, functionName: innermost?.functionName ?? 'abort' });
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
