// SPDX-License-Identifier: MIT
// Runs the same calls on a module in V8 and translated to C on this computer, and compares results, traps and all of memory.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abiHeader } from '../../host/build/abi-header.js';
import { readSections, type Signature, type ValueType } from '../../host/build/aot/sections.js';
import { AOT_C_FLAGS, translateModule } from '../../host/build/aot/translate.js';
import type { WasmModule } from '../../host/cpu/wasm/decode.js';
import { packageRoot } from '../../host/paths.js';

/** Whether this computer can compile and run C. */
export const missingCompiler = (): string | undefined => (spawnSync('gcc', ['--version']).error ? 'gcc is not installed (Debian: gcc)' : undefined);

/** One thing to do: a call with its arguments as raw bits, or bytes put into memory. */
export type Step = { readonly call: string; readonly args: readonly bigint[] } | { readonly write: Uint8Array; readonly at: number };

/** What steps gave: for each call raw bits, "void", or "trap"; and memory at the end. */
export interface Outcome {
  readonly results: readonly string[];
  /** Cause and offset of each trap in C; V8 does not say. */
  readonly traps: readonly { step: number; cause: number; offset: number }[];
  readonly memory: Uint8Array;
}

const view = new DataView(new ArrayBuffer(8));

/** Raw bits of a value as WebAssembly holds it. */
export function bitsOf(type: ValueType, value: number | bigint): bigint {
  if (type === 'i32') return BigInt.asUintN(32, BigInt(value));
  if (type === 'i64') return BigInt.asUintN(64, BigInt(value));
  if (type === 'f32') return view.setFloat32(0, Number(value)), BigInt(view.getUint32(0));
  return view.setFloat64(0, Number(value)), view.getBigUint64(0);
}

export function valueOf(type: ValueType, bits: bigint): number | bigint {
  if (type === 'i32') return Number(BigInt.asIntN(32, bits));
  if (type === 'i64') return BigInt.asIntN(64, bits);
  if (type === 'f32') return view.setUint32(0, Number(bits)), view.getFloat32(0);
  return view.setBigUint64(0, bits), view.getFloat64(0);
}

/** Which NaN comes out is not fixed by WebAssembly; that it is one is. */
const NAN: Partial<Record<ValueType, (bits: bigint) => boolean>> = {
  f32: (bits) => (bits & 0x7fffffffn) > 0x7f800000n,
  f64: (bits) => (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n,
};
const shown = (type: ValueType, bits: bigint): string => (NAN[type]?.(bits) ? 'nan' : bits.toString(16));

const signatures = new WeakMap<WasmModule, ReadonlyMap<string, Signature>>();

export function signatureOfExport(module: WasmModule, name: string): Signature {
  let known = signatures.get(module);
  if (!known) {
    const types = readSections(module).signatures;
    const first = module.imports.length;
    const typeOf = (index: number) => (index < first ? module.imports[index] : module.functions[index - first]).type;
    known = new Map(module.exports.filter((e) => e.kind === 'func').map((e) => [e.name, types[typeOf(e.index)]]));
    signatures.set(module, known);
  }
  return known.get(name)!;
}

export function runInV8(module: WasmModule, steps: readonly Step[], env: Record<string, Function> = {}): Outcome {
  const abort = (): never => { throw new Error('abort'); };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes as BufferSource), { env: { abort, memoryAddress: () => 0, ...env } });
  const memory = exports.memory as WebAssembly.Memory;
  const results = steps.flatMap((step) => {
    if ('write' in step) return new Uint8Array(memory.buffer).set(step.write, step.at), [];
    const { parameters, results: [type] } = signatureOfExport(module, step.call);
    try {
      const value = (exports[step.call] as Function)(...parameters.map((t, i) => valueOf(t, step.args[i])));
      return [type ? shown(type, bitsOf(type, value)) : 'void'];
    } catch {
      return ['trap'];
    }
  });
  return { results, traps: [], memory: new Uint8Array(memory.buffer).slice() };
}

const RUNTIME = `#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include "aot.h"
#include "abi.h"
_Alignas(16) uint8_t tw_memory[TW_MEMORY_BYTES];
uintptr_t tw_stack_limit;
static jmp_buf stopped;
static uint32_t stoppedCause, stoppedOffset;
_Noreturn void tw_trap(uint32_t cause, uint32_t offset) { stoppedCause = cause; stoppedOffset = offset; longjmp(stopped, 1); }
uint32_t tw_abi_memoryAddress(void) { return 0; }
void tw_abi_abort(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { (void)a, (void)b, (void)c, (void)d; tw_trap(TW_TRAP_ABORT, 0xffffffffu); }
`;

const MAIN = `int main(int argc, char **argv) {
  tw_stack_limit = (uintptr_t)__builtin_frame_address(0) - 200000;
  tw_aot_memory_init();
  tw_aot_start();
  unsigned length;
  while (scanf("%u", &length) == 1) {
    unsigned which;
    uint64_t words[16] = {0};
    if (length == 99) {
      unsigned at, count;
      if (scanf("%u %u", &at, &count) != 2) return 2;
      for (unsigned i = 0, byte; i < count; i++) if (scanf("%x", &byte) == 1) tw_memory[at + i] = byte;
      continue;
    }
    if (scanf("%u", &which) != 1) return 2;
    for (unsigned i = 0; i < length; i++) if (scanf("%lx", &words[i]) != 1) return 2;
    if (setjmp(stopped)) printf("trap %u %u\\n", stoppedCause, stoppedOffset);
    else if (calls[which](words)) printf("%lx\\n", words[15]);
    else printf("void\\n");
  }
  FILE *out = fopen(argv[argc - 1], "wb");
  if (!out || fwrite(tw_memory, 1, TW_MEMORY_BYTES, out) != TW_MEMORY_BYTES) return 3;
  return fclose(out);
}
`;

const UNIONS: Readonly<Record<ValueType, [string, string]>> = {
  i32: ['(uint32_t)', ''], i64: ['', ''], f32: ['tw_f32_of_bits((uint32_t)', 'tw_f32_bits('], f64: ['tw_f64_of_bits(', 'tw_f64_bits('],
};
const C_TYPES = { i32: 'uint32_t', i64: 'uint64_t', f32: 'float', f64: 'double' } as const;

/** Calls of every exported function by number: arguments and result as raw bits. */
function dispatch(module: WasmModule): { code: string; names: string[] } {
  const names = module.exports.filter((e) => e.kind === 'func').map((e) => e.name);
  const code = names.map((name, n) => {
    const { parameters, results: [type] } = signatureOfExport(module, name);
    const exported = `tw_export_${name.replace(/[^A-Za-z0-9_]+/g, '_')}`;
    const args = parameters.map((t, i) => `${UNIONS[t][0]}words[${i}]${UNIONS[t][0].endsWith('(') || UNIONS[t][0].includes('bits(') ? ')' : ''}`).join(', ');
    const call = `${exported}(${args})`;
    return `${type ? C_TYPES[type] : 'void'} ${exported}(${parameters.map((t) => C_TYPES[t]).join(', ') || 'void'});\n`
      + `static int call${n}(uint64_t *words) { (void)words; ${type ? `words[15] = ${UNIONS[type][1]}${call}${UNIONS[type][1] && ')'};` : `${call};`} return ${type ? 1 : 0}; }`;
  });
  return { code: `${code.join('\n')}\nstatic int (*const calls[])(uint64_t *) = { ${names.map((_, n) => `call${n}`).join(', ')} };\n`, names };
}

/** The same steps in translated C. `flags` come after -O2. @throws Error when the C does not compile or the program fails otherwise than by a trap */
export function runInC(module: WasmModule, steps: readonly Step[], flags: readonly string[] = [], more = ''): Outcome {
  const dir = mkdtempSync(join(tmpdir(), 'tonewheel-aot-'));
  try {
    const { code, names } = dispatch(module);
    writeFileSync(join(dir, 'abi.h'), abiHeader());
    writeFileSync(join(dir, 'limit.h'), '#include <stdint.h>\nextern uintptr_t tw_stack_limit;\n');
    writeFileSync(join(dir, 'translated.c'), translateModule(module, { exports: true }));
    writeFileSync(join(dir, 'main.c'), RUNTIME + more + code + MAIN);
    const pages = module.memory?.initial ?? 1;
    execFileSync('gcc', ['-O2', ...AOT_C_FLAGS, `-DTW_MEMORY_BYTES=${pages * 65536}u`, '-DTW_STACK_LIMIT=tw_stack_limit', '-include', join(dir, 'limit.h'), '-I', join(packageRoot, 'boards/shim'), '-I', dir, ...flags,
      join(dir, 'translated.c'), join(dir, 'main.c'), '-o', join(dir, 'program')], { stdio: ['ignore', 'inherit', 'inherit'] });
    const input = steps.map((step) => 'write' in step
      ? `99 ${step.at} ${step.write.length} ${[...step.write].map((b) => b.toString(16)).join(' ')}`
      : `${step.args.length} ${names.indexOf(step.call)} ${step.args.map((a) => a.toString(16)).join(' ')}`).join('\n');
    const { status, stdout, stderr } = spawnSync(join(dir, 'program'), [join(dir, 'memory')], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (status !== 0 || stderr) throw new Error(`the translated program ended with ${status}: ${stderr}`);
    const traps: Outcome['traps'][number][] = [];
    const calls = steps.filter((step): step is Extract<Step, { call: string }> => 'call' in step);
    const results = stdout.split('\n').slice(0, -1).map((line, i) => {
      if (line.startsWith('trap')) {
        const [, cause, offset] = line.split(' ').map(Number);
        traps.push({ step: i, cause, offset });
        return 'trap';
      }
      const [type] = signatureOfExport(module, calls[i].call).results;
      return type ? shown(type, BigInt(`0x${line}`)) : line;
    });
    return { results, traps, memory: new Uint8Array(readFileSync(join(dir, 'memory'))) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
