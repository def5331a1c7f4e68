// SPDX-License-Identifier: MIT
// C expressions for the instructions that take operands off the stack and push one result (Core Specification 2.0, section 4.3).

import type { ValueType } from './sections.js';

export interface Expression {
  readonly operands: readonly ValueType[];
  readonly result: ValueType;
  /** Operands are C primary expressions; `offset` is that of the instruction, as a C literal. */
  readonly text: (operands: readonly string[], offset: string) => string;
  /** Whether it can trap: then it may not change places with a bounds check. */
  readonly traps?: boolean;
}

const table = new Map<string, Expression>();
const unary = (name: string, operand: ValueType, result: ValueType, text: (x: string, offset: string) => string, traps = false) =>
  void table.set(name, { operands: [operand], result, text: ([x], offset) => text(x, offset), traps });
const binary = (name: string, type: ValueType, result: ValueType, text: (a: string, b: string, offset: string) => string, traps = false) =>
  void table.set(name, { operands: [type, type], result, text: ([a, b], offset) => text(a, b, offset), traps });

for (const [type, bits] of [['i32', 32], ['i64', 64]] as const) {
  const signed = (x: string) => `(int${bits}_t)${x}`;
  const unsigned = (x: string) => `(uint${bits}_t)(${x})`;
  unary(`${type}.eqz`, type, 'i32', (x) => `${x} == 0`);
  for (const [name, operator] of [['eq', '=='], ['ne', '!=']]) binary(`${type}.${name}`, type, 'i32', (a, b) => `${a} ${operator} ${b}`);
  for (const [name, operator] of [['lt', '<'], ['gt', '>'], ['le', '<='], ['ge', '>=']]) {
    binary(`${type}.${name}_s`, type, 'i32', (a, b) => `${signed(a)} ${operator} ${signed(b)}`);
    binary(`${type}.${name}_u`, type, 'i32', (a, b) => `${a} ${operator} ${b}`);
  }
  for (const name of ['clz', 'ctz', 'popcnt']) unary(`${type}.${name}`, type, type, (x) => `tw_${name}${bits}(${x})`);
  for (const [name, operator] of [['add', '+'], ['sub', '-'], ['mul', '*'], ['and', '&'], ['or', '|'], ['xor', '^']]) {
    binary(`${type}.${name}`, type, type, (a, b) => `${a} ${operator} ${b}`);
  }
  for (const name of ['div', 'rem']) {
    for (const sign of ['s', 'u']) binary(`${type}.${name}_${sign}`, type, type, (a, b, offset) => `tw_${name}_${sign}${bits}(${a}, ${b}, ${offset})`, true);
  }
  binary(`${type}.shl`, type, type, (a, b) => `${a} << (${b} & ${bits - 1})`);
  binary(`${type}.shr_u`, type, type, (a, b) => `${a} >> (${b} & ${bits - 1})`);
  binary(`${type}.shr_s`, type, type, (a, b) => unsigned(`${signed(a)} >> (${b} & ${bits - 1})`));
  for (const name of ['rotl', 'rotr']) binary(`${type}.${name}`, type, type, (a, b) => `tw_${name}${bits}(${a}, ${b})`);
  for (const width of [8, 16, 32].filter((w) => w < bits)) unary(`${type}.extend${width}_s`, type, type, (x) => unsigned(`(int${width}_t)${x}`));
}

const isPlainConstant = (x: string): boolean => /^\(?-?[\d.e+-]+f?\)?$/.test(x) && Number.parseFloat(x.replace('(', '')) !== 0;

for (const [type, suffix] of [['f32', 'f'], ['f64', '']] as const) {
  for (const [name, operator] of [['eq', '=='], ['ne', '!='], ['lt', '<'], ['gt', '>'], ['le', '<='], ['ge', '>=']]) {
    binary(`${type}.${name}`, type, 'i32', (a, b) => `${a} ${operator} ${b}`);
  }
  for (const [name, operator] of [['add', '+'], ['sub', '-'], ['mul', '*'], ['div', '/']]) binary(`${type}.${name}`, type, type, (a, b) => `${a} ${operator} ${b}`);
  for (const name of ['min', 'max']) {
    binary(`${type}.${name}`, type, type, (a, b) => isPlainConstant(b) ? `tw_${name}_${type}_constant(${a}, ${b})`
      : isPlainConstant(a) ? `tw_${name}_${type}_constant(${b}, ${a})` : `tw_${name}_${type}(${a}, ${b})`);
  }
  for (const name of ['ceil', 'floor', 'trunc', 'nearest']) unary(`${type}.${name}`, type, type, (x) => `tw_${name}_${type}(${x})`);
  unary(`${type}.abs`, type, type, (x) => `__builtin_fabs${suffix}(${x})`);
  unary(`${type}.neg`, type, type, (x) => `-${x}`);
  unary(`${type}.sqrt`, type, type, (x) => `__builtin_sqrt${suffix}(${x})`);
  binary(`${type}.copysign`, type, type, (a, b) => `__builtin_copysign${suffix}(${a}, ${b})`);
}

const LIMITS = { s32: '0x80000000u, 0x7fffffffu', u32: '0u, 0xffffffffu', s64: '0x8000000000000000ull, 0x7fffffffffffffffull', u64: '0ull, 0xffffffffffffffffull' };
for (const to of ['i32', 'i64'] as const) {
  const bits = to.slice(1);
  for (const from of ['f32', 'f64'] as const) {
    for (const sign of ['s', 'u'] as const) {
      const integer = `${sign}${bits}` as keyof typeof LIMITS;
      unary(`${to}.trunc_${from}_${sign}`, from, to, (x, offset) => `tw_trunc_${integer}_${from}(${x}, ${offset})`, true);
      unary(`${to}.trunc_sat_${from}_${sign}`, from, to, (x) => `tw_trunc_sat_${integer}_${from}(${x}, ${LIMITS[integer]})`);
      unary(`${from}.convert_${to}_${sign}`, to, from, (x) => `(${from === 'f32' ? 'float' : 'double'})(${sign === 's' ? '' : 'u'}int${bits}_t)${x}`);
    }
  }
}
unary('i32.wrap_i64', 'i64', 'i32', (x) => `(uint32_t)${x}`);
unary('i64.extend_i32_s', 'i32', 'i64', (x) => `(uint64_t)(int32_t)${x}`);
unary('i64.extend_i32_u', 'i32', 'i64', (x) => `(uint64_t)${x}`);
unary('f32.demote_f64', 'f64', 'f32', (x) => `(float)${x}`);
unary('f64.promote_f32', 'f32', 'f64', (x) => `(double)${x}`);
unary('i32.reinterpret_f32', 'f32', 'i32', (x) => `tw_f32_bits(${x})`);
unary('i64.reinterpret_f64', 'f64', 'i64', (x) => `tw_f64_bits(${x})`);
unary('f32.reinterpret_i32', 'i32', 'f32', (x) => `tw_f32_of_bits(${x})`);
unary('f64.reinterpret_i64', 'i64', 'f64', (x) => `tw_f64_of_bits(${x})`);

export const expressions: ReadonlyMap<string, Expression> = table;

export interface Access {
  readonly kind: 'load' | 'store';
  readonly bytes: number;
  readonly type: ValueType;
  /** Suffix of tw_load_… and tw_store_…. */
  readonly helper: string;
}

const accessTable = new Map<string, Access>();
for (const type of ['i32', 'i64', 'f32', 'f64'] as const) {
  const bytes = Number(type.slice(1)) / 8;
  const whole = type[0] === 'i' ? `u${bytes * 8}` : type;
  accessTable.set(`${type}.load`, { kind: 'load', bytes, type, helper: whole });
  accessTable.set(`${type}.store`, { kind: 'store', bytes, type, helper: whole });
  for (const width of type[0] === 'i' ? [8, 16, 32].filter((w) => w < bytes * 8) : []) {
    accessTable.set(`${type}.load${width}_s`, { kind: 'load', bytes: width / 8, type, helper: `i${width}` });
    accessTable.set(`${type}.load${width}_u`, { kind: 'load', bytes: width / 8, type, helper: `u${width}` });
    accessTable.set(`${type}.store${width}`, { kind: 'store', bytes: width / 8, type, helper: `u${width}` });
  }
}
/** Loads and stores by name. */
export const accesses: ReadonlyMap<string, Access> = accessTable;
