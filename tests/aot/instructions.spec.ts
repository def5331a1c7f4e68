// SPDX-License-Identifier: MIT
// Every instruction, translated to C, against V8, on operands at the edges: limits, signs, zeros, subnormals, NaN, ties; and every trap with its
// cause and the offset of its instruction. The C runs under gcc's undefined-behaviour sanitizer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accesses, expressions } from '../../host/build/aot/operators.js';
import type { ValueType } from '../../host/build/aot/sections.js';
import { forEachInstruction, parseModule, type WasmModule } from '../../host/cpu/wasm/decode.js';
import { operators } from '../../host/cpu/wasm/opcodes.js';
import { ByteWriter } from '../../host/cpu/wasm/writer.js';
import { bitsOf, missingCompiler, runInC, runInV8, type Step } from './native.js';

const skip = process.env.CI ? undefined : missingCompiler();

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const opcodes = new Map([...operators].map(([code, { name }]) => [name, code]));

const opcodeBytes = (w: ByteWriter, name: string): ByteWriter => {
  const code = opcodes.get(name)!;
  return code >= 0xfc00 ? w.u8(0xfc).u32(code - 0xfc00) : w.u8(code);
};

interface Made { readonly name: string; readonly parameters: readonly ValueType[]; readonly result?: ValueType; readonly code: (w: ByteWriter) => void }

/** A module of one page with these functions, each under its name. */
function moduleOf(functions: readonly Made[]): WasmModule {
  const types = new ByteWriter().u32(functions.length);
  const declared = new ByteWriter().u32(functions.length);
  const exported = new ByteWriter().u32(functions.length + 1).name('memory').u8(2).u32(0);
  const code = new ByteWriter().u32(functions.length);
  functions.forEach(({ name, parameters, result, code: write }, i) => {
    types.u8(0x60).u32(parameters.length);
    for (const type of parameters) types.u8(TYPE_BYTES[type]);
    if (result) types.u32(1).u8(TYPE_BYTES[result]);
    else types.u32(0);
    declared.u32(i);
    exported.name(name).u8(0).u32(i);
    const body = new ByteWriter().u32(0);
    write(body);
    body.u8(0x0b);
    code.u32(body.length).bytes(body.take());
  });
  const w = new ByteWriter().bytes(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  w.section(1, types).section(3, declared).section(5, new ByteWriter().u32(1).u8(1).u32(1).u32(1)).section(7, exported).section(10, code);
  return parseModule(w.take().slice());
}

const f32Bits = (x: number) => bitsOf('f32', x);
const f64Bits = (x: number) => bitsOf('f64', x);
const floats = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 3.7, -3.7, 8388607.5, 8388608, -8388609, 16777217, 2147483520, 2147483647, 2147483648, -2147483648, -2147483649,
  -2147483904, 4294967040, 4294967295, 4294967296, -0.9999999, 9223372036854775807, 9223371487098961920, -9223372036854775808, 18446744073709551615, 18446742974197923840, 1e30, -1e30,
  Infinity, -Infinity, NaN];
const operands: Readonly<Record<ValueType, readonly bigint[]>> = {
  i32: [0, 1, 2, 7, 31, 32, 33, 127, 128, 255, 32767, 32768, 65535, 0x12345678, 0x7fffffff, -0x80000000, -2, -1, -128, -32768].map((x) => bitsOf('i32', x)),
  i64: [0n, 1n, 3n, 63n, 64n, 65n, 128n, 255n, 32768n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 0x123456789abcdef0n, 0x7fffffffffffffffn, -0x8000000000000000n, -1n, -2n, -128n]
    .map((x) => BigInt.asUintN(64, x)),
  f32: [...floats, 1e-45, -1e-45, 1.17549435e-38, 3.4028235e38].map(f32Bits),
  f64: [...floats, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.49999999999999994, 4503599627370495.5, -4503599627370496.5, 9007199254740993, 2147483647.9, -2147483648.9,
    4294967295.9, 3.4028235677973366e38, 1.401298464324817e-45].map(f64Bits),
};

function stepsFor({ name, parameters }: Made): Step[] {
  return parameters.reduce<bigint[][]>((lists, type) => lists.flatMap((list) => operands[type].map((bits) => [...list, bits])), [[]]).map((args) => ({ call: name, args }));
}

function assertSame(module: WasmModule, steps: readonly Step[]): ReturnType<typeof runInC> {
  const v8 = runInV8(module, steps);
  const c = runInC(module, steps, ['-fsanitize=undefined', '-fno-sanitize-recover=undefined', '-fno-sanitize=float-cast-overflow,alignment']);
  const differs = v8.results.findIndex((result, i) => c.results[i] !== result);
  if (differs >= 0) {
    const call = JSON.stringify(steps.filter((s) => 'call' in s)[differs], (_, x) => (typeof x === 'bigint' ? x.toString(16) : x));
    assert.equal(c.results[differs], v8.results[differs], call);
  }
  const at = c.memory.findIndex((byte, i) => byte !== v8.memory[i]);
  assert.equal(at, -1, `memory differs at ${at}`);
  return c;
}

const local = (w: ByteWriter, index: number) => w.u8(0x20).u32(index);

test('arithmetic, comparisons and conversions', { skip }, () => {
  const made = [...expressions].map(([name, { operands: parameters, result }]): Made => ({
    name, parameters, result,
    code: (w) => { parameters.forEach((_, i) => local(w, i)); opcodeBytes(w, name); },
  }));
  const module = moduleOf(made);
  const steps = made.flatMap(stepsFor);
  const { traps } = assertSame(module, steps);
  const causes = new Map<string, Set<number>>();
  for (const { step, cause, offset } of traps) {
    const { call } = steps[step] as { call: string };
    const body = module.functions[made.findIndex(({ name }) => name === call)];
    const names: string[] = [];
    forEachInstruction(module.bytes, body.code, body.end, (i) => { if (i.offset === offset) names.push(i.operator.name); });
    assert.deepEqual(names, [call], 'a trap names its instruction');
    causes.set(call, (causes.get(call) ?? new Set()).add(cause));
  }
  // Causes of boards/shim/trap.h: 3 division by zero, 4 overflow, 5 conversion of NaN.
  assert.deepEqual([...causes.get('i32.div_s')!].sort(), [3, 4]);
  assert.deepEqual([...causes.get('i64.rem_u')!], [3]);
  assert.deepEqual([...causes.get('i32.trunc_f32_s')!].sort(), [4, 5]);
  assert.deepEqual([...causes.get('i64.trunc_f64_u')!].sort(), [4, 5]);
});

test('minimum and maximum against constants', { skip }, () => {
  const made = ['f32.min', 'f32.max', 'f64.min', 'f64.max'].flatMap((name) => [0, -0, 1, -32768, NaN, Infinity].flatMap((constant) => [0, 1].map((place): Made => {
    const type = name.slice(0, 3) as 'f32' | 'f64';
    const put = (w: ByteWriter) => {
      w.u8(type === 'f32' ? 0x43 : 0x44);
      for (let bits = bitsOf(type, constant), i = 0; i < (type === 'f32' ? 4 : 8); i++, bits >>= 8n) w.u8(Number(bits & 0xffn));
    };
    return { name: `${name} ${Object.is(constant, -0) ? '-0' : constant} ${place}`.replace(/[^a-zA-Z0-9]/g, (c) => `${c.charCodeAt(0)}`), parameters: [type], result: type,
      code: (w) => { if (place) put(w); local(w, 0); if (!place) put(w); opcodeBytes(w, name); } };
  })));
  assertSame(moduleOf(made), made.flatMap(stepsFor));
});

test('loads and stores of every width, at any alignment and at the end of memory', { skip }, () => {
  const DISPLACEMENTS = [0, 4, 65535, 0xfffffff0];
  const made = [...accesses].flatMap(([name, { kind, type }]) => DISPLACEMENTS.map((displacement): Made => ({
    name: `${name}_${displacement}`, parameters: kind === 'load' ? ['i32'] : ['i32', type], result: kind === 'load' ? type : undefined,
    code: (w) => { local(w, 0); if (kind === 'store') local(w, 1); opcodeBytes(w, name).u32(0).u32(displacement); },
  })));
  const addresses = [0, 1, 2, 3, 100, 65520, 65525, 65528, 65529, 65531, 65532, 65533, 65534, 65535, 65536, -1, -4].map((a) => bitsOf('i32', a));
  const steps = made.flatMap(({ name, parameters }): Step[] => addresses.flatMap((address) => parameters.length === 1
    ? [{ call: name, args: [address] }] : [0x0123456789abcdefn, 0x00000000f00f8081n].map((bits): Step => ({ call: name, args: [address, parameters[1].endsWith('32') ? bits & 0xffffffffn : bits] }))));
  const fill = Uint8Array.from({ length: 256 }, (_, i) => i * 37 + 128);
  const { traps } = assertSame(moduleOf(made), [{ write: fill, at: 0 }, { write: fill, at: 65280 }, ...steps]);
  assert.deepEqual([...new Set(traps.map(({ cause }) => cause))], [2]);
});

test('accesses that share a check trap at their own offsets', { skip }, () => {
  // Two stores and a load through one base, the furthest in the middle.
  const shared: Made = { name: 'shared', parameters: ['i32'], result: 'i32', code: (w) => {
    local(w, 0); w.u8(0x41).s32(1); opcodeBytes(w, 'i32.store').u32(2).u32(0);
    local(w, 0); w.u8(0x41).s32(2); opcodeBytes(w, 'i32.store').u32(2).u32(12);
    local(w, 0); opcodeBytes(w, 'i32.load').u32(2).u32(4);
  } };
  // The base changes in between: the second check must be of the new value.
  const moved: Made = { name: 'moved', parameters: ['i32'], result: 'i32', code: (w) => {
    local(w, 0); opcodeBytes(w, 'i32.load').u32(2).u32(0);
    local(w, 0); w.u8(0x41).s32(8); opcodeBytes(w, 'i32.add'); w.u8(0x21).u32(0);
    local(w, 0); opcodeBytes(w, 'i32.load').u32(2).u32(4);
    opcodeBytes(w, 'i32.add');
  } };
  // A conditional return in between: what is behind it must not trap when it returns.
  const guarded: Made = { name: 'guarded', parameters: ['i32'], result: 'i32', code: (w) => {
    local(w, 0); opcodeBytes(w, 'i32.load').u32(2).u32(0); w.u8(0x1a);
    local(w, 0); w.u8(0x41).s32(65000); opcodeBytes(w, 'i32.gt_u'); w.u8(0x04).u8(0x40).u8(0x41).s32(7).u8(0x0f).u8(0x0b);
    local(w, 0); opcodeBytes(w, 'i32.load').u32(2).u32(600);
  } };
  const module = moduleOf([shared, moved, guarded]);
  const ADDRESSES = [0, 64900, 64990, 65010, 65516, 65520, 65524, 65528, 65532, 65533, 65536, -8];
  // `shared` last and its addresses rising: the stores ahead of a failing access may be missing (function.ts says so).
  const steps = ['moved', 'guarded', 'shared'].flatMap((call) => ADDRESSES.map((a) => ({ call, args: [bitsOf('i32', a)] })));
  const v8 = runInV8(module, steps);
  const c = runInC(module, steps);
  assert.deepEqual(c.results, v8.results);
  const stores: number[] = [];
  forEachInstruction(module.bytes, module.functions[0].code, module.functions[0].end, ({ operator, offset }) => { if (operator.name === 'i32.store') stores.push(offset); });
  const offsetAt = (address: number) => c.traps.find(({ step }) => steps[step].call === 'shared' && steps[step].args[0] === bitsOf('i32', address))?.offset;
  assert.equal(offsetAt(65524), stores[1], 'the second store is the first that fails');
  assert.equal(offsetAt(65533), stores[0], 'the first store fails already');
});
