// SPDX-License-Identifier: MIT
// What a translator needs of a module beyond its code: value types, globals, the table and the data (Core Specification 2.0, section 5.5).

import { ByteReader, SECTION, WasmFormatError, type WasmModule } from '../../cpu/wasm/decode.js';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

const VALUE_TYPES: Readonly<Record<number, ValueType>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface Global {
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Initial value as raw bits. */
  readonly bits: bigint;
}

export interface DataSegment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface ModuleSections {
  readonly signatures: readonly Signature[];
  readonly globals: readonly Global[];
  /** The table: a function index for each entry, undefined for null. */
  readonly table: readonly (number | undefined)[];
  readonly data: readonly DataSegment[];
}

export function valueType(byte: number, offset: number): ValueType {
  const type = VALUE_TYPES[byte];
  if (!type) throw new WasmFormatError(offset, `value type 0x${byte.toString(16)} is not a number type`);
  return type;
}

/** A signed LEB128 number of up to 64 bits. */
export function readSigned(r: ByteReader): bigint {
  let result = 0n;
  for (let shift = 0n; ; ) {
    const byte = r.u8();
    result |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) return byte & 0x40 ? result - (1n << shift) : result;
  }
}

/** Little-endian bits of `byteCount` bytes. */
export function readBits(r: ByteReader, byteCount: number): bigint {
  let bits = 0n;
  for (let i = 0; i < byteCount; i++) bits |= BigInt(r.u8()) << BigInt(8 * i);
  return bits;
}

/** A constant expression. Imported globals do not exist in firmware, so only constants and earlier globals are left. */
function readConstant(r: ByteReader, globals: readonly Global[]): bigint {
  const at = r.offset;
  const opcode = r.u8();
  let value: bigint;
  if (opcode === 0x41) value = BigInt.asUintN(32, readSigned(r));
  else if (opcode === 0x42) value = BigInt.asUintN(64, readSigned(r));
  else if (opcode === 0x43) value = readBits(r, 4);
  else if (opcode === 0x44) value = readBits(r, 8);
  else if (opcode === 0x23) {
    const known = globals[r.u32()];
    if (!known) throw new WasmFormatError(at, 'an initial value refers to a later global');
    value = known.bits;
  } else throw new WasmFormatError(at, 'an initial value is no plain constant');
  if (r.u8() !== 0x0b) throw new WasmFormatError(at, 'an initial value is no plain constant');
  return value;
}

/** @throws WasmFormatError at what firmware cannot have: imported globals or tables, several tables, passive segments */
export function readSections(module: WasmModule): ModuleSections {
  if (module.otherImports.length > 0) throw new WasmFormatError(0, `the module imports ${module.otherImports[0]}; only functions can be imported`);
  const each = (id: number, read: (r: ByteReader) => void): void => {
    const section = module.sections.find((s) => s.id === id);
    if (!section) return;
    const r = new ByteReader(module.bytes, section.contents, section.end);
    for (let count = r.u32(); count > 0; count--) read(r);
  };
  const types = (r: ByteReader): ValueType[] => Array.from({ length: r.u32() }, () => valueType(r.u8(), r.offset - 1));

  const signatures: Signature[] = [];
  each(SECTION.type, (r) => { r.u8(); signatures.push({ parameters: types(r), results: types(r) }); });
  const globals: Global[] = [];
  each(SECTION.global, (r) => {
    const type = valueType(r.u8(), r.offset - 1);
    const mutable = r.u8() === 1;
    globals.push({ type, mutable, bits: readConstant(r, globals) });
  });
  const table: (number | undefined)[] = [];
  let tables = 0;
  each(SECTION.table, (r) => {
    if (tables++ > 0) throw new WasmFormatError(r.offset, 'more than one table');
    r.u8();
    const limited = r.u8() & 1;
    table.length = r.u32();
    if (limited) r.u32();
  });
  each(SECTION.element, (r) => {
    const at = r.offset;
    if (r.u32() !== 0) throw new WasmFormatError(at, 'an element segment is passive or not of function indices');
    const first = Number(readConstant(r, globals));
    for (let i = 0, count = r.u32(); i < count; i++) {
      if (first + i >= table.length) throw new WasmFormatError(at, 'an element segment does not fit the table');
      table[first + i] = r.u32();
    }
  });
  const data: DataSegment[] = [];
  each(SECTION.data, (r) => {
    const at = r.offset;
    if (r.u32() !== 0) throw new WasmFormatError(at, 'a data segment is passive; disable bulk-memory, as asconfig.json does');
    const offset = Number(readConstant(r, globals));
    const length = r.u32();
    r.skip(length);
    data.push({ offset, bytes: module.bytes.subarray(r.offset - length, r.offset) });
  });
  return { signatures, globals, table: Array.from(table), data };
}
