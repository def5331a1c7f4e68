// SPDX-License-Identifier: MIT
// Control flow, calls, locals and globals: one module a matter.

import { assemble, sleb, typeIndex, type Module } from './assembler.js';
import type { Call, Case, ValueType } from './differential.js';
import { combinations } from './opcodes.js';

const get = (i: number) => [0x20, i];
const set = (i: number) => [0x21, i];
const i32 = (n: number) => [0x41, ...sleb(BigInt(n))];
const ints = (name: string, values: number[]): Call[] => values.map((n) => ({ name, args: [{ type: 'i32', bits: BigInt.asUintN(32, BigInt(n)) }] }));

interface NamedCase extends Case {
  name: string;
}

/** br_table to blocks, to a loop, out of the function, with and without values, and with its index out of range. */
function branchTable(): NamedCase {
  const index = [0, 1, 2, 3, 4, 100, -1];
  const module: Module = { functions: [
    { name: 'blocks', params: ['i32'], results: ['i32'], code: [0x02, 0x40, 0x02, 0x40, 0x02, 0x40, ...get(0), 0x0e, 3, 0, 1, 2, 1, 0x0b,
      ...i32(10), 0x0f, 0x0b, ...i32(20), 0x0f, 0x0b, ...i32(30)] },
    { name: 'values', params: ['i32'], results: ['i32'], code: [0x02, 0x7f, 0x02, 0x7f, ...i32(7), ...get(0), 0x0e, 2, 0, 1, 2, 0x0b, ...i32(1),
      0x6a, 0x0b, ...i32(100), 0x6a] },
    { name: 'floats', params: ['i32'], results: ['f32'], code: [0x02, 0x7d, 0x02, 0x7d, 0x43, 0, 0, 0xc0, 0x3f, ...get(0), 0x0e, 2, 0, 1, 2, 0x0b,
      0x8c, 0x0b, 0x43, 0, 0, 0, 0x40, 0x94] },
    { name: 'loop', params: ['i32'], results: ['i32'], locals: ['i32'], code: [0x02, 0x40, 0x03, 0x40, ...get(1), ...i32(1), 0x6a, 0x22, 1,
      ...i32(5), 0x4e, ...get(0), 0x6a, 0x0e, 2, 0, 1, 1, 0x0b, 0x0b, ...get(1)] },
    { name: 'onlyDefault', params: ['i32'], results: ['i32'], code: [0x02, 0x40, ...get(0), 0x0e, 0, 0, 0x0b, ...i32(9)] },
  ] };
  return { name: 'br_table', wasm: assemble(module), calls: module.functions.flatMap((f) => ints(f.name!, index)) };
}

/** Loops in loops, continued from inside the inner; values through blocks and if. */
function nesting(): NamedCase {
  const module: Module = { functions: [
    { name: 'outer', params: ['i32'], results: ['i32'], locals: ['i32', 'i32'], code: [0x03, 0x40, ...i32(0), ...set(1), 0x03, 0x40, ...get(2),
      ...i32(3), 0x6a, ...set(2),
      ...get(1), ...i32(1), 0x6a, 0x22, 1, ...i32(4), 0x48, 0x0d, 0, ...get(0), ...i32(1), 0x6b, 0x22, 0, ...i32(0), 0x4a, 0x0d, 1, 0x0b, 0x0b,
        ...get(2)] },
    { name: 'ifElse', params: ['i32'], results: ['i64'], code: [...get(0), 0x04, 0x7e, 0x42, 5, 0x05, ...get(0), 0x45, 0x04, 0x7e, 0x42, 6, 0x05,
      0x00, 0x0b, 0x0b, ...get(0), 0xad, 0x7c] },
    { name: 'early', params: ['i32'], results: ['f64'], code: [0x02, 0x7c, ...get(0), 0xb7, ...get(0), ...i32(2), 0x6f, 0x0d, 1, 0x9a, 0x0b, 0x99,
      0x9a] },
    { name: 'below', params: ['i32'], results: ['f64'], code: [0x02, 0x7c, ...get(0), 0xb7, ...get(0), 0xb7, 0x9a, ...get(0), ...i32(2), 0x6f, 0x0d,
      0, 0xa0, 0x0b] },
    { name: 'unreachable', params: ['i32'], results: ['i32'], code: [...get(0), 0x04, 0x40, 0x00, 0x0b, ...i32(3)] },
    { name: 'sum', params: ['i32'], results: ['i32'], locals: ['i32'], code: [0x02, 0x40, 0x03, 0x40, ...get(0), 0x45, 0x0d, 1, ...get(1),
      ...get(0), 0x6a, ...set(1), ...get(0), ...i32(1), 0x6b, ...set(0), 0x0c, 0, 0x0b, 0x0b, ...get(1)] },
  ] };
  return { name: 'nesting', wasm: assemble(module), calls: module.functions.flatMap((f) => ints(f.name!, [0, 1, 2, 3, 7, 1000])) };
}

/** Calls forward and back, of imports, through the table; the wrong type, no function, beyond the table. */
function calls(): NamedCase {
  const module: Module = {
    imports: [{ name: 'note', params: ['i32', 'f64'], results: ['i32'] }],
    table: [0, 5, 6, null, 7, 1],
    functions: [
      { name: 'forward', params: ['i32'], results: ['i32'], code: [...get(0), 0x10, 5, ...get(0), 0x10, 5, 0x6a] },
      { name: 'recursive', params: ['i32'], results: ['i32'], code: [...get(0), ...i32(2), 0x48, 0x04, 0x7f, ...get(0), 0x05, ...get(0), ...i32(1),
        0x6b, 0x10, 2, ...get(0), ...i32(2), 0x6b, 0x10, 2, 0x6a, 0x0b] },
      { name: 'indirect', params: ['i32'], results: ['i32'], code: [...i32(40), ...get(0), 0x11, 0, 0] },
      { name: 'kept', params: ['i32'], results: ['i32'], code: [...get(0), ...get(0), ...i32(1), 0x1b, ...get(0), ...i32(3), 0x6c, 0x10, 5, 0x6b] },
      { params: ['i32'], results: ['i32'], code: [...get(0), ...i32(1), 0x6a, ...get(0), 0xb7, 0x10, 0, ...get(0), 0x6a, ...i32(1), 0x6a] },
      { params: ['i32'], results: ['i32'], code: [...get(0), ...i32(2), 0x6c] },
      { params: ['i64'], results: ['i64'], code: [...get(0), 0x42, 1, 0x7c] },
      { name: 'mixed', params: ['f32', 'i64', 'f64', 'i32'], results: ['f64'], code: [...get(2), ...get(0), 0xbb, 0xa4, ...get(1), 0xb9, 0xa2,
        ...get(3), 0x10, 5, 0xb7, 0xa5] },
    ],
  };
  const type = typeIndex(module, ['i32'], ['i32']);
  module.functions[2].code[module.functions[2].code.length - 2] = type;
  const mixed = combinations(['f32', 'i64', 'f64', 'i32']).filter((_, i) => i % 97 === 0).map((args) => ({ name: 'mixed', args }));
  return { name: 'calls', wasm: assemble(module), calls: [...ints('forward', [0, 5, -3]), ...ints('recursive', [0, 1, 15]), ...ints('indirect', [0,
    1, 2, 3, 4, 5, 6, 7, -1]),
    ...ints('kept', [0, 1, 9]), ...mixed] };
}

/** A value of each type in a global, set and read from slots and registers. */
function globals(): NamedCase {
  const types: ValueType[] = ['i32', 'i64', 'f32', 'f64'];
  const module: Module = {
    globals: [['i32', [0x41, 5]], ['i64', [0x42, 0x7b]], ['f32', [0x43, 0, 0, 0xc0, 0x3f]], ['f64', [0x44, 0, 0, 0, 0, 0, 0, 4, 0x40]]],
    functions: types.flatMap((type, g) => [
      { name: `get${type}`, params: [], results: [type], code: [0x23, g] },
      { name: `slot${type}`, params: [type], results: [type], code: [...get(0), 0x24, g, 0x23, g] },
      { name: `register${type}`, params: [type], results: [type], code: [...get(0), ...get(0), 0x41, 1, 0x1b, 0x24, g, 0x23, g] },
    ]),
  };
  return { name: 'globals', wasm: assemble(module), calls: module.functions.flatMap((f) => combinations(f.params).map((args) => ({ name: f.name!,
    args }))) };
}

/** select with each operand in a slot or a register, and locals that change while their old value is on the stack. */
function operands(): NamedCase {
  const types: ValueType[] = ['i32', 'i64', 'f32', 'f64'];
  const place = (i: number, register: number) => (register ? [...get(i), ...get(i), 0x41, 1, 0x1b] : get(i));
  const module: Module = { functions: types.flatMap((type) => [
    ...Array.from({ length: 8 }, (_, m) => ({ name: `select${type}${m}`, params: [type, type, 'i32'] as ValueType[], results: [type],
      code: [...place(0, m & 1), ...place(1, m & 2), ...place(2, m & 4), 0x1b] })),
    { name: `old${type}`, params: [type, type], results: [type], code: [...get(0), ...get(1), ...set(0), ...get(0), ...set(1)] },
    { name: `oldRegister${type}`, params: [type, type], results: [type], code: [...get(0), ...place(1, 1), ...set(0), ...get(0), ...set(1)] },
    { name: `tee${type}`, params: [type, type], results: [type], code: [...get(0), ...get(1), 0x22, 0, ...set(1), ...get(0), ...get(1), 0x41, 0,
      0x1b, 0x1a] },
  ]) };
  return { name: 'operands', wasm: assemble(module), calls: module.functions.flatMap((f) => combinations(f.params).filter((_,
    i) => i % 7 === 0).map((args) => ({ name: f.name!, args }))) };
}

/** Memory's size, that it does not grow, not even by so much that the sum overflows, and a start function. */
function memoryAndStart(): NamedCase {
  const module: Module = { start: 2, functions: [
    { name: 'size', params: [], results: ['i32'], code: [0x3f, 0] },
    { name: 'grow', params: ['i32'], results: ['i32'], code: [...get(0), 0x40, 0, 0x3f, 0, ...i32(16), 0x74, 0x6a] },
    { params: [], results: [], code: [...i32(100), ...i32(77), 0x36, 0, 0] },
    { name: 'started', params: [], results: ['i32'], code: [...i32(100), 0x28, 0, 0] },
  ] };
  return { name: 'memory.size, memory.grow, start', wasm: assemble(module), calls: [{ name: 'size', args: [] }, { name: 'started', args: [] },
    ...ints('grow', [0, 1, 65535, -1])] };
}

/** Recursion without end, with and without arguments and results. */
function overflows(): NamedCase[] {
  const many = (n: number): ValueType[] => new Array<ValueType>(n).fill('f64');
  const bodies: [string, ValueType[], ValueType[], number[]][] = [
    ['bare', [], [], [0x10, 0]], ['arguments', many(9), ['f64'], [...many(9).flatMap((_, i) => get(i)), 0x10, 0, 0x99]],
    ['locals', [], ['i32'], [0x10, 0, ...i32(1), 0x6a]],
  ];
  return bodies.map(([name, params, results, code]) => ({ name: `overflow with ${name}`,
    wasm: assemble({ functions: [{ name: 'f', params, results, locals: name === 'locals' ? many(20) : [], code }] }),
    calls: [{ name: 'f', args: params.map((type) => ({ type, bits: 0x3ff0000000000000n })) }] }));
}

export const controlCases = (): NamedCase[] => [branchTable(), nesting(), calls(), globals(), operands(), memoryAndStart(), ...overflows()];
