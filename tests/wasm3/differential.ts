// SPDX-License-Identifier: MIT
// Runs the same calls of the same modules on V8 and on wasm3, and puts both outcomes into the same words.

import assert from 'node:assert/strict';
import { runProgram, type Program } from './programs.js';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

export interface Call {
  name: string;
  /** Bit patterns of the arguments. */
  args: { type: ValueType; bits: bigint }[];
}

export interface Case {
  wasm: Uint8Array;
  calls: Call[];
}

const scratch = new DataView(new ArrayBuffer(8));

/** A JavaScript value of a WebAssembly type from its bits. */
function fromBits(type: ValueType, bits: bigint): number | bigint {
  scratch.setBigUint64(0, bits, true);
  if (type === 'i64') return BigInt.asIntN(64, bits);
  return type === 'i32' ? scratch.getInt32(0, true) : type === 'f32' ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
}

/** A value as text; NaNs are all alike, since WebAssembly leaves their bits open. */
function canonical(type: string, bits: bigint): string {
  const nan = (exponent: bigint, mantissa: bigint) => (bits & exponent) === exponent && (bits & mantissa) !== 0n;
  if (type === 'f32' && nan(0x7f800000n, 0x7fffffn)) return 'f32:nan';
  if (type === 'f64' && nan(0x7ff0000000000000n, 0xfffffffffffffn)) return 'f64:nan';
  return `${type}:${bits.toString(16).padStart(16, '0')}`;
}

function toText(type: ValueType, value: unknown): string {
  scratch.setBigUint64(0, 0n, true);
  if (type === 'i64') scratch.setBigInt64(0, value as bigint, true);
  else if (type === 'i32') scratch.setInt32(0, value as number, true);
  else if (type === 'f32') scratch.setFloat32(0, value as number, true);
  else scratch.setFloat64(0, value as number, true);
  return canonical(type, scratch.getBigUint64(0, true));
}

const v8Traps: [RegExp, string][] = [
  [/unreachable/, 'unreachable'], [/divide by zero|remainder by zero/, 'division by zero'], [/unrepresentable/, 'does not fit'],
  [/memory access out of bounds/, 'memory'], [/table index is out of bounds|null function or function signature mismatch|table access/,
    'indirect call'],
  [/Maximum call stack/, 'stack'],
];

const wasm3Traps: Record<string, string> = {
  '[trap] unreachable executed': 'unreachable', '[trap] integer divide by zero': 'division by zero', '[trap] integer overflow': 'does not fit',
  '[trap] invalid conversion to integer': 'does not fit', '[trap] out of bounds memory access': 'memory', '[trap] undefined element': 'indirect call',
  '[trap] null table element': 'indirect call', '[trap] indirect call type mismatch': 'indirect call', '[trap] stack overflow': 'stack',
};

function hash(seed: number, data: Uint8Array): number {
  for (let i = 0; i < data.length; i++) seed = Math.imul(seed ^ data[i], 16777619);
  return seed >>> 0;
}

/** Result types of the exported functions by name, from the module's bytes. */
export function signatures(wasm: Uint8Array): Map<string, { params: ValueType[]; results: ValueType[]; exported: boolean }> {
  let at = 8;
  const leb = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const name = () => {
    const length = leb();
    return new TextDecoder().decode(wasm.subarray(at, (at += length)));
  };
  const valueType = () => ({ 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' } as Record<number, ValueType>)[wasm[at++]];
  const limits = () => {
    if (leb() & 1) leb();
    leb();
  };
  const types: { params: ValueType[]; results: ValueType[] }[] = [];
  const functions: number[] = [];
  const found = new Map<string, { params: ValueType[]; results: ValueType[]; exported: boolean }>();
  while (at < wasm.length) {
    const id = wasm[at++];
    const end = leb() + at;
    if (id === 1) for (let n = leb(); n > 0; n--) {
      at++;
      types.push({ params: Array.from({ length: leb() }, valueType), results: Array.from({ length: leb() }, valueType) });
    }
    if (id === 2) for (let n = leb(); n > 0; n--) {
      const key = `${name()}.${name()}`;
      const kind = wasm[at++];
      if (kind === 0) {
        functions.push(leb());
        found.set(key, { ...types[functions.at(-1)!], exported: false });
      } else if (kind === 1) {
        at++;
        limits();
      } else if (kind === 2) limits();
      else at += 2;
    }
    if (id === 3) for (let n = leb(); n > 0; n--) functions.push(leb());
    if (id === 7) for (let n = leb(); n > 0; n--) {
      const key = name();
      const kind = wasm[at++];
      const index = leb();
      if (kind === 0) found.set(key, { ...types[functions[index]], exported: true });
    }
    at = end;
  }
  return found;
}

/** Function and byte offset of a trap, as V8 says it in the first line of its stack trace. */
function placeOf(error: Error): string {
  const [, index, offset] = /wasm-function\[(\d+)\]:0x([0-9a-f]+)/.exec(error.stack!)!;
  return `at ${index}:${parseInt(offset, 16)} `;
}

/**
 * What V8 makes of a case: one line for the module, one a call, one for memory and imports at the end. A stack overflow ends it: where differs.
 * @param places whether a trap's line begins with where it was
 */
export function onV8({ wasm, calls }: Case, places = false): string[] {
  const shapes = signatures(wasm);
  let importHash = 2166136261;
  let importCalls = 0;
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  const module = new WebAssembly.Module(wasm as BufferSource);
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) if (kind === 'function') {
    const shape = shapes.get(`${from}.${name}`)!;
    (imports[from] ??= {})[name] = (...args: unknown[]) => {
      args.slice(0, shape.params.length).forEach((value, i) => {
        const type = shape.params[i];
        const bytes = new DataView(new ArrayBuffer(type.endsWith('32') ? 4 : 8));
        if (type === 'i32') bytes.setInt32(0, value as number, true);
        else if (type === 'i64') bytes.setBigInt64(0, value as bigint, true);
        else if (type === 'f32') bytes.setFloat32(0, value as number, true);
        else bytes.setFloat64(0, value as number, true);
        importHash = hash(importHash, new Uint8Array(bytes.buffer));
      });
      importCalls++;
      return shape.results[0] === 'i64' ? 0n : 0;
    };
  }
  const lines: string[] = [];
  const trapOf = (e: unknown) => `trap ${v8Traps.find(([pattern]) => pattern.test((e as Error).message))?.[1] ?? (e as Error).message}`;
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, imports);
  } catch (e) {
    return [`module ${trapOf(e)}`];
  }
  lines.push('module ok');
  for (const { name, args } of calls) {
    try {
      const result = (instance.exports[name] as Function)(...args.map(({ type, bits }) => fromBits(type, bits)));
      const { results } = shapes.get(name)!;
      lines.push(['ok', ...results.map((type) => toText(type, result))].join(' '));
    } catch (e) {
      const trap = trapOf(e);
      if (trap === 'trap stack') return [...lines, trap];
      lines.push(`${places ? placeOf(e as Error) : ''}${trap}`);
    }
  }
  const memory = Object.values(instance.exports).find((e): e is WebAssembly.Memory => e instanceof WebAssembly.Memory);
  const hex = (n: number) => n.toString(16).padStart(8, '0');
  return [...lines, `end ${memory ? hex(hash(2166136261, new Uint8Array(memory.buffer))) : 'unseen'} ${importCalls} ${hex(importHash)}`];
}

/** Cases as the harness reads them. */
export function encode(cases: readonly Case[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const word = (n: number) => parts.push(new Uint8Array(Uint32Array.of(n).buffer));
  const padded = (data: Uint8Array) => {
    word(data.length);
    parts.push(data, new Uint8Array(-data.length & 3));
  };
  word(cases.length);
  for (const { wasm, calls } of cases) {
    padded(wasm);
    word(calls.length);
    for (const { name, args } of calls) {
      padded(new TextEncoder().encode(name));
      word(args.length);
      parts.push(new Uint8Array(BigUint64Array.from(args.map(({ bits }) => bits)).buffer));
    }
  }
  return Buffer.concat(parts);
}

/** The harness's output, case by case, in the words of `onV8`. */
export function decode(output: string): string[][] {
  const cases: string[][] = [];
  for (const line of output.trim().split('\n')) {
    if (line.startsWith('ticks')) continue;
    if (line.startsWith('module')) cases.push([]);
    const text = line.replace(/(\[trap\] .*)$/, (trap) => wasm3Traps[trap] ?? trap).replace(/^at \S+ trap stack$/,
      'trap stack').replace(/(f32|f64):([0-9a-f]{16})/g,
      (_, type: string, bits: string) => canonical(type, BigInt(`0x${bits}`)));
    const lines = cases.at(-1)!;
    if (lines.at(-1) !== 'trap stack') lines.push(text.startsWith('module') && text !== 'module ok' ? `module trap ${text.slice(7)}` : text);
  }
  return cases;
}

/** Input bytes that QEMU's board holds beside the modules' memories. */
const BATCH_BYTES = 1 << 20;

/** Runs cases on a harness. */
export async function onWasm3(program: Program, cases: readonly Case[]): Promise<string[][]> {
  const results: string[][] = [];
  for (let first = 0, next = 0; first < cases.length; first = next) {
    let bytes = 0;
    while (next < cases.length && (next === first || bytes + encode([cases[next]]).length < BATCH_BYTES)) bytes += encode([cases[next++]]).length;
    results.push(...decode(await runProgram(program, encode(cases.slice(first, next)))));
  }
  return results;
}

/** Holds outcomes on wasm3 to V8's, where memory that the module does not export cannot be seen. */
export function assertSame(actual: readonly string[][], expected: readonly string[][], nameOf: (i: number) => string): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((lines, i) => {
    const unseen = expected[i].at(-1)!.startsWith('end unseen');
    assert.deepEqual(unseen ? lines.map((l) => l.replace(/^end \w+/, 'end unseen')) : lines, expected[i], nameOf(i));
  });
}
