// SPDX-License-Identifier: MIT
// The instructions of WebAssembly that firmware may use: names and immediates (WebAssembly Core Specification 2.0, section 5.4).

/** How the bytes after an opcode read. */
export type Immediate =
  | 'none' | 'block' | 'label' | 'labels' | 'func' | 'indirect' | 'local' | 'global' | 'table' | 'memarg' | 'memory' | 'i32' | 'i64' | 'f32' | 'f64'
  | 'reftype' | 'types' | 'memory-init' | 'data' | 'memory-copy' | 'table-init' | 'elem' | 'table-copy';

export interface Operator {
  readonly name: string;
  readonly immediate: Immediate;
}

const table = new Map<number, Operator>();
/** A name as one that V8 compares with others by where it is, as it does literals: names are compared more often than anything else. */
const internalized = (name: string): string => Object.keys({ [name]: 0 })[0];
const op = (code: number, name: string, immediate: Immediate = 'none') => void table.set(code, { name: internalized(name), immediate });
const run = (first: number, names: string, immediate: Immediate = 'none') => names.split(' ').forEach((name, i) => op(first + i, name, immediate));

run(0x00, 'unreachable nop');
run(0x02, 'block loop if', 'block');
op(0x05, 'else');
op(0x0b, 'end');
run(0x0c, 'br br_if', 'label');
op(0x0e, 'br_table', 'labels');
op(0x0f, 'return');
op(0x10, 'call', 'func');
op(0x11, 'call_indirect', 'indirect');
run(0x1a, 'drop select');
op(0x1c, 'select_t', 'types');
run(0x20, 'local.get local.set local.tee', 'local');
run(0x23, 'global.get global.set', 'global');
run(0x25, 'table.get table.set', 'table');
run(0x28, 'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u i64.load16_s i64.load16_u '
  + 'i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32', 'memarg');
run(0x3f, 'memory.size memory.grow', 'memory');
op(0x41, 'i32.const', 'i32');
op(0x42, 'i64.const', 'i64');
op(0x43, 'f32.const', 'f32');
op(0x44, 'f64.const', 'f64');
const comparisons = (type: string) => ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'].map((n) => `${type}.${n}`).join(' ');
const floatComparisons = (type: string) => ['eq', 'ne', 'lt', 'gt', 'le', 'ge'].map((n) => `${type}.${n}`).join(' ');
run(0x45, comparisons('i32'));
run(0x50, comparisons('i64'));
run(0x5b, floatComparisons('f32'));
run(0x61, floatComparisons('f64'));
const integer = (type: string) => ['clz', 'ctz', 'popcnt', 'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u', 'and', 'or', 'xor', 'shl', 'shr_s',
  'shr_u', 'rotl', 'rotr'].map((n) => `${type}.${n}`).join(' ');
const float = (type: string) => ['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt', 'add', 'sub', 'mul', 'div', 'min', 'max', 'copysign']
  .map((n) => `${type}.${n}`).join(' ');
run(0x67, integer('i32'));
run(0x79, integer('i64'));
run(0x8b, float('f32'));
run(0x99, float('f64'));
run(0xa7, 'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s '
  + 'i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64 '
  + 'f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64 '
  + 'f32.reinterpret_i32 f64.reinterpret_i64 i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s');
op(0xd0, 'ref.null', 'reftype');
op(0xd1, 'ref.is_null');
op(0xd2, 'ref.func', 'func');

/** Two-byte opcodes are keyed as 0xFC00 + the second number. */
export const PREFIX_FC = 0xfc;
run(0xfc00, 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u i64.trunc_sat_f32_s i64.trunc_sat_f32_u '
  + 'i64.trunc_sat_f64_s i64.trunc_sat_f64_u');
op(0xfc08, 'memory.init', 'memory-init');
op(0xfc09, 'data.drop', 'data');
op(0xfc0a, 'memory.copy', 'memory-copy');
op(0xfc0b, 'memory.fill', 'memory');
op(0xfc0c, 'table.init', 'table-init');
op(0xfc0d, 'elem.drop', 'elem');
op(0xfc0e, 'table.copy', 'table-copy');
run(0xfc0f, 'table.grow table.size table.fill', 'table');

export const operators: ReadonlyMap<number, Operator> = table;

/** Every instruction's name, for checking cost tables. */
export const operatorNames: readonly string[] = [...table.values()].map((o) => o.name);
