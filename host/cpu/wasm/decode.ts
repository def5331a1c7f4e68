// SPDX-License-Identifier: MIT
// Reads a WebAssembly module's bytes: sections, functions and instructions with their offsets (Core Specification 2.0, chapter 5).
// What is charged, traced and proven refers to these bytes, because these bytes are what ships.

import { operators, PREFIX_FC, type Operator } from './opcodes.js';

/** The bytes are no WebAssembly module that firmware can be made of. */
export class WasmFormatError extends Error {
  override readonly name = 'WasmFormatError';
  constructor(readonly offset: number, message: string) {
    super(`byte 0x${offset.toString(16)}: ${message}`);
  }
}

/** Reads numbers off a byte array. */
export class ByteReader {
  constructor(readonly bytes: Uint8Array, public offset = 0, readonly end = bytes.length) {}

  get done(): boolean {
    return this.offset >= this.end;
  }
  u8(): number {
    if (this.offset >= this.end) throw new WasmFormatError(this.offset, 'the module ends in the middle of something');
    return this.bytes[this.offset++];
  }
  u32(): number {
    let result = this.u8();
    if (result < 0x80) return result;
    result &= 0x7f;
    for (let weight = 0x80; weight < 2 ** 35; weight *= 0x80) {
      const byte = this.u8();
      result += (byte & 0x7f) * weight;
      if (byte < 0x80) return result;
    }
    throw new WasmFormatError(this.offset, 'a number is longer than 32 bits');
  }
  /** Signed LEB128 up to 33 bits, as block types are. */
  s33(): number {
    let result = 0;
    let weight = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * weight;
      weight *= 128;
      if (byte < 0x80) return byte & 0x40 ? result - weight : result;
    }
  }
  skipLeb(): void {
    while (this.u8() >= 0x80);
  }
  skip(count: number): void {
    if (this.offset + count > this.end) throw new WasmFormatError(this.offset, 'the module ends in the middle of something');
    this.offset += count;
  }
  name(): string {
    const length = this.u32();
    this.skip(length);
    return new TextDecoder().decode(this.bytes.subarray(this.offset - length, this.offset));
  }
}

export interface Section {
  readonly id: number;
  /** Whole section, id and size included. */
  readonly start: number;
  readonly contents: number;
  readonly end: number;
  /** Of custom sections. */
  readonly name?: string;
}

export const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8, element: 9, code: 10, data: 11, dataCount: 12 } as const;

export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
  readonly type: number;
}

export interface FunctionBody {
  /** Index in the module's function index space (imports first). */
  readonly index: number;
  readonly type: number;
  /** Start of the body: its declarations of locals. The size field is in front of it. */
  readonly start: number;
  /** First instruction. */
  readonly code: number;
  readonly end: number;
}

/** Types of values that firmware has; what is none of them has no name here. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

export interface FunctionType {
  readonly parameters: number;
  readonly parameterTypes: readonly ValueType[];
  readonly results: number;
}

export interface Export {
  readonly name: string;
  readonly kind: 'func' | 'table' | 'memory' | 'global';
  readonly index: number;
}

export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly ImportedFunction[];
  /** Imports that are not functions, as "kind module.name". */
  readonly otherImports: readonly string[];
  readonly importedGlobals: number;
  readonly globalCount: number;
  readonly functions: readonly FunctionBody[];
  readonly exports: readonly Export[];
  /** Memory limits in pages; undefined without a memory of its own. */
  readonly memory?: { readonly initial: number; readonly maximum?: number };
  readonly start?: number;
  /** From the name section, when there is one. */
  readonly functionNames: ReadonlyMap<number, string>;
  readonly globalNames: ReadonlyMap<number, string>;
}

/** One instruction. The object is reused from call to call: copy what is to be kept. */
export interface Instruction {
  operator: Operator;
  /** Offset of the opcode, and of the byte after the last immediate. */
  offset: number;
  end: number;
  /** Of `call`, `ref.func`: function; of `br`, `br_if`: depth; of `local.*`, `global.*`: index; of `call_indirect`: type. Else 0. */
  index: number;
}

const KINDS = ['func', 'table', 'memory', 'global'] as const;

/** @throws WasmFormatError with the offset and what is wrong there */
export function parseModule(bytes: Uint8Array): WasmModule {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  if (bytes.length < 8 || header.slice(0, 4).some((b, i) => bytes[i] !== b)) throw new WasmFormatError(0, 'this is not a WebAssembly module (no \\0asm header)');
  if (header.some((b, i) => bytes[i] !== b)) throw new WasmFormatError(4, 'this is a WebAssembly component or an unknown version, not a version 1 module');

  const sections = readSections(bytes);
  const section = (id: number): ByteReader | undefined => {
    const found = sections.find((s) => s.id === id);
    return found && new ByteReader(bytes, found.contents, found.end);
  };

  const types = readTypes(section(SECTION.type));
  const imports: ImportedFunction[] = [];
  const otherImports: string[] = [];
  let importedGlobals = 0;
  vector(section(SECTION.import), (r) => {
    const module = r.name();
    const name = r.name();
    const kind = r.u8();
    if (kind === 0) imports.push({ module, name, type: r.u32() });
    else {
      if (kind === 1) { r.u8(); readLimits(r); } else if (kind === 2) readLimits(r); else r.skip(2);
      if (kind === 3) importedGlobals++;
      otherImports.push(`${KINDS[kind] ?? 'tag'} ${module}.${name}`);
    }
  });
  const typeOf: number[] = [];
  vector(section(SECTION.function), (r) => void typeOf.push(r.u32()));
  let memory: WasmModule['memory'];
  vector(section(SECTION.memory), (r) => void (memory = readLimits(r)));
  const globalReader = section(SECTION.global);
  const exports: Export[] = [];
  vector(section(SECTION.export), (r) => {
    const name = r.name();
    exports.push({ name, kind: KINDS[r.u8()], index: r.u32() });
  });
  const functions: FunctionBody[] = [];
  vector(section(SECTION.code), (r) => {
    const size = r.u32();
    const start = r.offset;
    r.skip(size);
    const locals = new ByteReader(bytes, start, start + size);
    for (let groups = locals.u32(); groups > 0; groups--) { locals.u32(); locals.u8(); }
    functions.push({ index: imports.length + functions.length, type: typeOf[functions.length], start, code: locals.offset, end: start + size });
  });
  if (functions.length !== typeOf.length) throw new WasmFormatError(bytes.length, `${typeOf.length} functions are declared, ${functions.length} have code`);
  return {
    bytes, sections, types, imports, otherImports, importedGlobals,
    globalCount: importedGlobals + (globalReader?.u32() ?? 0),
    functions, exports, memory, start: section(SECTION.start)?.u32(), functionNames: readNames(bytes, sections, NAMES.functions), globalNames: readNames(bytes, sections, NAMES.globals),
  };
}

function readSections(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  const r = new ByteReader(bytes, 8);
  while (!r.done) {
    const start = r.offset;
    const id = r.u8();
    if (id > SECTION.dataCount) throw new WasmFormatError(start, `unknown section ${id}`);
    const size = r.u32();
    const contents = r.offset;
    r.skip(size);
    const name = id === SECTION.custom ? new ByteReader(bytes, contents, r.offset).name() : undefined;
    sections.push({ id, start, contents, end: r.offset, name });
  }
  return sections;
}

function vector(r: ByteReader | undefined, element: (r: ByteReader) => void): void {
  if (!r) return;
  for (let count = r.u32(); count > 0; count--) element(r);
}

const VALUE_TYPES: Readonly<Record<number, ValueType>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64' };

/** Types of a function's locals, its parameters first. */
export function localTypes({ bytes, types }: WasmModule, { type, start, end }: FunctionBody): ValueType[] {
  const r = new ByteReader(bytes, start, end);
  const locals = [...types[type].parameterTypes];
  for (let groups = r.u32(); groups > 0; groups--) {
    const count = r.u32();
    locals.push(...new Array<ValueType>(count).fill(VALUE_TYPES[r.u8()]));
  }
  return locals;
}

function readTypes(reader: ByteReader | undefined): FunctionType[] {
  const types: FunctionType[] = [];
  vector(reader, (r) => {
    const form = r.u8();
    if (form !== 0x60) throw new WasmFormatError(r.offset - 1, `type form 0x${form.toString(16)} is not a function type; GC types are not supported`);
    const parameterTypes = Array.from({ length: r.u32() }, () => VALUE_TYPES[r.u8()]);
    const results = r.u32();
    r.skip(results);
    types.push({ parameters: parameterTypes.length, parameterTypes, results });
  });
  return types;
}

function readLimits(r: ByteReader): { initial: number; maximum?: number } {
  const flags = r.u8();
  const initial = r.u32();
  return flags & 1 ? { initial, maximum: r.u32() } : { initial };
}

/** Subsections of the name section (Core Specification, appendix, and its extension by names of globals). */
const NAMES = { functions: 1, globals: 7 } as const;

function readNames(bytes: Uint8Array, sections: readonly Section[], wanted: number): Map<number, string> {
  const names = new Map<number, string>();
  const section = sections.find((s) => s.name === 'name');
  if (!section) return names;
  const r = new ByteReader(bytes, section.contents, section.end);
  r.name();
  while (!r.done) {
    const kind = r.u8();
    const size = r.u32();
    const end = r.offset + size;
    if (kind === wanted) for (let count = r.u32(); count > 0; count--) names.set(r.u32(), r.name());
    r.offset = end;
  }
  return names;
}

/** Calls `visit` for each instruction of a body in order, until it returns false. @throws WasmFormatError at an instruction firmware may not use (SIMD, threads, …) */
export function forEachInstruction(bytes: Uint8Array, start: number, end: number, visit: (instruction: Instruction) => void | false): void {
  const r = new ByteReader(bytes, start, end);
  const instruction: Instruction = { operator: operators.get(0)!, offset: 0, end: 0, index: 0 };
  while (!r.done) {
    instruction.offset = r.offset;
    let code = r.u8();
    if (code === PREFIX_FC) code = 0xfc00 + r.u32();
    const operator = operators.get(code);
    if (!operator) throw new WasmFormatError(instruction.offset, `instruction 0x${code.toString(16)} is outside of what firmware may use (no SIMD, threads, exceptions, GC)`);
    instruction.operator = operator;
    instruction.index = readImmediate(r, operator);
    instruction.end = r.offset;
    if (visit(instruction) === false) return;
  }
}

function readImmediate(r: ByteReader, { immediate }: Operator): number {
  switch (immediate) {
    case 'none': return 0;
    case 'block': r.s33(); return 0;
    case 'label': case 'func': case 'local': case 'global': case 'table': case 'memory': case 'reftype': case 'data': case 'elem': return r.u32();
    case 'labels': for (let count = r.u32() + 1; count > 0; count--) r.u32(); return 0;
    case 'indirect': { const type = r.u32(); r.u32(); return type; }
    case 'memarg': r.u32(); r.u32(); return 0;
    case 'i32': case 'i64': r.skipLeb(); return 0;
    case 'f32': r.skip(4); return 0;
    case 'f64': r.skip(8); return 0;
    case 'types': for (let count = r.u32(); count > 0; count--) r.u8(); return 0;
    case 'memory-init': case 'memory-copy': case 'table-init': case 'table-copy': r.u32(); r.u32(); return 0;
  }
}
