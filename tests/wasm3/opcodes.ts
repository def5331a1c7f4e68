// SPDX-License-Identifier: MIT
// WebAssembly's numeric and memory instructions by opcode, and modules that try each with operands in every place where an interpreter keeps them.

import { assemble, leb, sleb, type Func } from './assembler.js';
import type { Call, Case, ValueType } from './differential.js';

export interface Opcode {
  code: number[];
  operands: ValueType[];
  result: ValueType;
}

const range = (from: number, to: number, operands: ValueType[], result: ValueType): Opcode[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ code: [from + i], operands, result }));

/** All of the Core Specification 1.0, section 5.4.5, and sign extension and saturating truncation. */
export const numeric: Opcode[] = [
  ...range(0x45, 0x45, ['i32'], 'i32'), ...range(0x46, 0x4f, ['i32', 'i32'], 'i32'), ...range(0x50, 0x50, ['i64'], 'i32'),
  ...range(0x51, 0x5a, ['i64', 'i64'], 'i32'), ...range(0x5b, 0x60, ['f32', 'f32'], 'i32'), ...range(0x61, 0x66, ['f64', 'f64'], 'i32'),
  ...range(0x67, 0x69, ['i32'], 'i32'), ...range(0x6a, 0x78, ['i32', 'i32'], 'i32'), ...range(0x79, 0x7b, ['i64'], 'i64'),
  ...range(0x7c, 0x8a, ['i64', 'i64'], 'i64'), ...range(0x8b, 0x91, ['f32'], 'f32'), ...range(0x92, 0x98, ['f32', 'f32'], 'f32'),
  ...range(0x99, 0x9f, ['f64'], 'f64'), ...range(0xa0, 0xa6, ['f64', 'f64'], 'f64'), ...range(0xa7, 0xa7, ['i64'], 'i32'),
  ...range(0xa8, 0xa9, ['f32'], 'i32'), ...range(0xaa, 0xab, ['f64'], 'i32'), ...range(0xac, 0xad, ['i32'], 'i64'), ...range(0xae, 0xaf, ['f32'],
    'i64'),
  ...range(0xb0, 0xb1, ['f64'], 'i64'), ...range(0xb2, 0xb3, ['i32'], 'f32'), ...range(0xb4, 0xb5, ['i64'], 'f32'), ...range(0xb6, 0xb6, ['f64'],
    'f32'),
  ...range(0xb7, 0xb8, ['i32'], 'f64'), ...range(0xb9, 0xba, ['i64'], 'f64'), ...range(0xbb, 0xbb, ['f32'], 'f64'), ...range(0xbc, 0xbc, ['f32'],
    'i32'),
  ...range(0xbd, 0xbd, ['f64'], 'i64'), ...range(0xbe, 0xbe, ['i32'], 'f32'), ...range(0xbf, 0xbf, ['i64'], 'f64'), ...range(0xc0, 0xc1, ['i32'],
    'i32'),
  ...range(0xc2, 0xc4, ['i64'], 'i64'),
  ...([[0, 'f32', 'i32'], [1, 'f32', 'i32'], [2, 'f64', 'i32'], [3, 'f64', 'i32'], [4, 'f32', 'i64'], [5, 'f32', 'i64'], [6, 'f64', 'i64'],
    [7, 'f64', 'i64']] as [number, ValueType, ValueType][]).map(([n, from, result]): Opcode => ({ code: [0xfc, n], operands: [from], result })),
];

const floatBits = (size: 4 | 8, values: number[]) => values.map((value) => {
  const view = new DataView(new ArrayBuffer(8));
  if (size === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return view.getBigUint64(0, true);
});

const floats = [0, -0, 1, -1.5, 2.5, Infinity, -Infinity, NaN, 2147483648, -2147483649, 4294967296, 9223372036854775808, -9223372036854777856, 1e-40];

/** Bits to try of each type: the edges, and ordinary values. */
export const samples: Record<ValueType, bigint[]> = {
  i32: [0n, 1n, 2n, 31n, 33n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0xfffffff9n, 0x12345678n],
  i64: [0n, 1n, 63n, 65n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x7fffffffffffffffn, 0x8000000000000000n, 0xffffffffffffffffn, 0x123456789abcdef0n],
  f32: floatBits(4, [...floats, 0.49999997, 3.4e38, 2147483520]),
  // Not 0.49999997: the Cortex-M4 has f64 in libgcc's software alone, whose 0.49999997 - 2147483648 is one unit in the last place off (gcc 12.2, on
  // QEMU 7.2), in C as in wasm3.
  f64: floatBits(8, [...floats, 1.7e308, 4294967295.9, 5e-324, 9007199254740993]),
};

const get = (i: number) => [0x20, i];
const set = (i: number) => [0x21, i];
/** Leaves a local's value in a register: select's result is there. */
const inRegister = (i: number) => [...get(i), ...get(i), 0x41, 1, 0x1b];
export const storeOf: Record<ValueType, number> = { i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 };
const loadOf: Record<ValueType, number> = { i32: 0x28, i64: 0x29, f32: 0x2a, f64: 0x2b };

/** Stores what is computed to address 16, reads it back and leaves zeros, since NaNs in memory may differ. */
const throughMemory = (type: ValueType, compute: number[], local: number) => [0x41, 16, ...compute, storeOf[type], 0, 0, 0x41, 16, loadOf[type], 0,
  0, ...set(local),
  0x41, 16, 0x42, 0, 0x37, 0, 0, ...get(local)];

/** Functions that try one instruction: each operand in a slot or a register, the result left, stored, kept off a taken register, or branched on. */
function functionsOf({ code, operands, result }: Opcode): Func[] {
  const r = operands.length;
  const places = operands.length === 1 ? [[get(0)], [inRegister(0)]] : [[get(0), get(1)], [inRegister(0), get(1)], [get(0), inRegister(1)],
    [inRegister(0), inRegister(1)]];
  const functions: Func[] = [];
  const add = (name: string, body: number[]) => functions.push({ name: `${name}${functions.length}`, params: operands, results: [result],
    locals: [result, result], code: body });
  for (const place of places) {
    const compute = [...place.flat(), ...code];
    add('plain', compute);
    add('memory', throughMemory(result, compute, r));
    add('tee', [...compute, 0x22, r, ...set(r + 1), ...get(r)]);
    // The result's register is taken by a value below, which is dropped in the end.
    add('taken', [...get(r), ...get(r), 0x41, 1, 0x1b, ...compute, ...set(r), ...set(r + 1), ...get(r)]);
    if (result !== 'i32') continue;
    add('if', [...compute, 0x04, 0x7f, 0x41, 5, 0x05, 0x41, 6, 0x0b]);
    add('ifOnly', [0x41, 6, ...set(r), ...compute, 0x04, 0x40, 0x41, 5, ...set(r), 0x0b, ...get(r)]);
    add('brIf', [0x02, 0x40, ...compute, 0x0d, 0, 0x41, 7, 0x0f, 0x0b, 0x41, 8]);
    add('brIfValue', [0x02, 0x7f, 0x41, 9, ...compute, 0x0d, 0, 0x1a, 0x41, 10, 0x0b]);
    add('eqzIf', [...compute, 0x45, 0x04, 0x7f, 0x41, 5, 0x05, 0x41, 6, 0x0b]);
    // A loop that goes on while the result is not zero, three turns at most.
    add('loop', [0x03, 0x40, ...get(r), 0x41, 1, 0x6a, 0x22, r, 0x41, 3, 0x46, 0x04, 0x40, ...get(r), 0x0f, 0x0b, ...compute, 0x0d, 0, 0x0b, 0x41,
      11]);
  }
  return functions;
}

/** Every combination of the samples for some types. */
export function combinations(types: readonly ValueType[]): Call['args'][] {
  if (types.length === 0) return [[]];
  return samples[types[0]].flatMap((bits) => combinations(types.slice(1)).map((rest) => [{ type: types[0], bits }, ...rest]));
}

/** One instruction: all combinations of samples with operands in slots, a seventh of them, others each time, in every other place. */
export function numericCase(opcode: Opcode): Case {
  const functions = functionsOf(opcode);
  return { wasm: assemble({ functions }), calls: functions.flatMap(({ name, params }, i) =>
    combinations(params).filter((_, k) => i === 0 || params.length === 1 || (k + i) % 7 === 0).map((args) => ({ name: name!, args }))) };
}

const loads: [code: number, result: ValueType][] = [[0x28, 'i32'], [0x29, 'i64'], [0x2a, 'f32'], [0x2b, 'f64'],
  ...[0x2c, 0x2d, 0x2e, 0x2f].map((c): [number, ValueType] => [c, 'i32']), ...[0x30, 0x31, 0x32, 0x33, 0x34, 0x35].map((c): [number,
    ValueType] => [c, 'i64'])];
const stores: [code: number, value: ValueType][] = [[0x36, 'i32'], [0x37, 'i64'], [0x38, 'f32'], [0x39, 'f64'], [0x3a, 'i32'], [0x3b, 'i32'], [0x3c,
  'i64'], [0x3d, 'i64'],
  [0x3e, 'i64']];
const addresses = [0n, 3n, 65527n, 65528n, 65529n, 65531n, 65532n, 65533n, 65534n, 65535n, 65536n, 0x7fffffffn, 0xfffffff8n, 0xffffffffn];
const offsets = [0, 1, 65528, 65532, 65535, 65536, 0x7fffffff, 0xffffffff];
const memoryData = Array.from({ length: 64 }, (_, i) => (i * 37 + 129) & 0xff);

/** Loads and stores at the edges of memory, aligned and not. */
export function memoryCases(): Case[] {
  const args = (value?: ValueType) => addresses.map((bits) => [{ type: 'i32' as const, bits }, ...(value ? [{ type: value,
    bits: samples[value].at(-1)! }] : [])]);
  const cases: Case[] = [];
  for (const [code, result] of loads) {
    const functions = offsets.flatMap((offset): Func[] => [get(0), inRegister(0)].flatMap((place, i) => [
      { name: `load${i}at${offset}`, params: ['i32'], results: [result], code: [...place, code, 0, ...leb(offset)] },
      { name: `apart${i}at${offset}`, params: ['i32'], results: [result], locals: [result], code: throughMemory(result, [...place, code, 0,
        ...leb(offset)], 1) },
    ]));
    cases.push({ wasm: assemble({ functions, data: memoryData }), calls: functions.flatMap(({ name }) => args().map((a) => ({ name: name!,
      args: a }))) });
  }
  for (const [code, value] of stores) {
    const places = [[get(0), get(1)], [inRegister(0), get(1)], [get(0), inRegister(1)], [inRegister(0), inRegister(1)]];
    const functions = offsets.flatMap((offset): Func[] => places.map((place, i) =>
      ({ name: `store${i}at${offset}`, params: ['i32', value], results: [], code: [...place.flat(), code, 0, ...leb(offset)] })));
    cases.push({ wasm: assemble({ functions, data: memoryData }), calls: functions.flatMap(({ name }) => args(value).map((a) => ({ name: name!,
      args: a }))) });
  }
  return cases;
}

/** memory.copy and memory.fill, with operands in slots and with the size in the register. */
export function bulkCase(): Case {
  const functions = [[0xfc, 10, 0, 0], [0xfc, 11, 0]].flatMap((code, op): Func[] => [get(2), inRegister(2)].map((size, i) =>
    ({ name: `bulk${op}${i}`, params: ['i32', 'i32', 'i32'], results: [], code: [...get(0), ...get(1), ...size, ...code] })));
  const triples = [[0, 8, 16], [8, 0, 16], [4, 0, 60], [65520, 0, 16], [65521, 0, 16], [0, 65521, 16], [65536, 0, 0], [65537, 0, 0], [0, 5, -1],
    [-1, 3, 2]];
  return { wasm: assemble({ functions, data: memoryData }), calls: functions.flatMap(({ name }) => triples.map((t) =>
    ({ name: name!, args: t.map((n) => ({ type: 'i32' as const, bits: BigInt.asUintN(32, BigInt(n)) })) }))) };
}

/** Constants beyond the interpreter's table of 120 words of them, of every type, in one function each. */
export function constantsCase(): Case {
  const constants: Record<ValueType, (i: number) => number[]> = {
    i32: (i) => [0x41, ...sleb(BigInt(i * 7919))], i64: (i) => [0x42, ...sleb(BigInt(i) * 0x123456789an)],
    f32: (i) => [0x43, ...new Uint8Array(Float32Array.of(i * 1.25).buffer)], f64: (i) => [0x44, ...new Uint8Array(Float64Array.of(i * 1.25).buffer)],
  };
  const sums: Record<ValueType, number> = { i32: 0x6a, i64: 0x7c, f32: 0x92, f64: 0xa0 };
  const functions = (Object.keys(constants) as ValueType[]).map((type): Func => ({
    name: type, params: [], results: [type], code: [...constants[type](1), ...Array.from({ length: 200 }, (_, i) => [...constants[type](i + 2),
      sums[type]]).flat()],
  }));
  return { wasm: assemble({ functions }), calls: functions.map(({ name }) => ({ name: name!, args: [] })) };
}
