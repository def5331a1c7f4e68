// SPDX-License-Identifier: MIT
// Cycles of code that is about an object and that the compiler has put into its caller: the counting meter adds up what it takes in a local of the function
// that it is in, and tells of the sum when the object changes or the function ends.

import type { InstructionCosts } from './costs.js';
import type { FunctionBody, WasmModule } from './decode.js';
import { basicBlocks } from './meter.js';
import type { ByteWriter } from './writer.js';

/** Of one function; instructions by their offsets in the module. */
export interface InlinedCode {
  /** Its instructions. */
  readonly has: ReadonlySet<number>;
  /** Where a stretch of it begins: the object is not known yet, or, with what the code is called by, nothing in the stretch tells it. */
  readonly begins: ReadonlyMap<number, number | undefined>;
  /** Those that read or set the local with the object, and what the code is called by. */
  readonly tells: ReadonlyMap<number, number>;
}

/** What it takes, in parts that are added at one place: before an instruction, or behind one that tells the object. */
export interface InlinedParts {
  readonly before: ReadonlyMap<number, number>;
  readonly behind: ReadonlyMap<number, number>;
}

/** The object of code that nothing tells the object of: no address. */
export const untold = (method: number): number => -1 - method;

/** Shares the cycles of basic blocks out among their instructions by their costs, as profiles of lines do. */
export function inlinedParts(module: WasmModule, body: FunctionBody, costs: InstructionCosts, natives: ReadonlySet<number> | undefined, code: InlinedCode): InlinedParts {
  const parts = { before: new Map<number, number>(), behind: new Map<number, number>() };
  const sums = new Map<number, number>();
  const charges = basicBlocks(module, body, costs, natives, (block, _, cost) => void sums.set(block, (sums.get(block) ?? 0) + cost));
  let [of, at, into]: [number, number, Map<number, number>] = [-1, 0, parts.before];
  basicBlocks(module, body, costs, natives, (block, offset, cost) => {
    if (block !== of) [of, at, into] = [block, block, parts.before];
    if (code.begins.has(offset)) [at, into] = [offset, parts.before];
    if (code.tells.has(offset)) [at, into] = [offset, parts.behind];
    const part = code.has.has(offset) ? cost * ((charges.get(block) ?? 0) / sums.get(block)!) : 0;
    if (part > 0) into.set(at, (into.get(at) ?? 0) + part);
  });
  return parts;
}

const OP = { if: 0x04, end: 0x0b, call: 0x10, localGet: 0x20, localSet: 0x21, localTee: 0x22, i32Const: 0x41, f64Const: 0x44, i32Ne: 0x47, f64Add: 0xa0 } as const;
const VOID_BLOCK = 0x40;

/** Indices of the metered module's imports that are told. */
export interface InlinedImports {
  /** `(object, method)`: from here on it is about this one. */
  readonly met: number;
  /** `(object, cycles)`. */
  readonly spent: number;
  /** `(object)`: a call begins that counts for it. */
  readonly within: number;
}

/** Writes the counting into a function, which has two locals for it: the object, an i32 that is 0 when it is not known, and the cycles, an f64. */
export class InlinedCounting {
  constructor(
    private readonly out: ByteWriter, private readonly code: InlinedCode, private readonly parts: InlinedParts, private readonly imports: InlinedImports,
    private readonly object: number, private readonly cycles: number,
  ) {}

  /** Whether what an instruction calls counts for the object. */
  has(offset: number): boolean {
    return this.code.has.has(offset);
  }

  before(offset: number): void {
    if (this.code.begins.has(offset)) {
      this.tell();
      const method = this.code.begins.get(offset);
      this.zero();
      if (method === undefined) this.out.u8(OP.i32Const).s32(0);
      else this.out.u8(OP.i32Const).s32(untold(method)).u8(OP.i32Const).s32(method).u8(OP.call).u32(this.imports.met).u8(OP.i32Const).s32(untold(method));
      this.out.u8(OP.localSet).u32(this.object);
    }
    this.add(this.parts.before.get(offset));
  }

  /** @param local that the instruction is about */
  behind(offset: number, local: number): void {
    const method = this.code.tells.get(offset);
    if (method === undefined) return;
    const { out, object, imports } = this;
    out.u8(OP.localGet).u32(local).u8(OP.localGet).u32(object).u8(OP.i32Ne).u8(OP.if).u8(VOID_BLOCK);
    this.tell();
    out.u8(OP.localGet).u32(local).u8(OP.localTee).u32(object).u8(OP.i32Const).s32(method).u8(OP.call).u32(imports.met).u8(OP.end);
    this.add(this.parts.behind.get(offset));
  }

  call(): void {
    this.out.u8(OP.localGet).u32(this.object).u8(OP.call).u32(this.imports.within);
  }

  /** Tells of what has been added up for the object, if there is one. What came before it was known stays for the next one. */
  tell(): void {
    const { out, object, cycles, imports } = this;
    out.u8(OP.localGet).u32(object).u8(OP.if).u8(VOID_BLOCK).u8(OP.localGet).u32(object).u8(OP.localGet).u32(cycles).u8(OP.call).u32(imports.spent);
    this.zero();
    out.u8(OP.end);
  }

  private zero(): void {
    this.constant(0);
    this.out.u8(OP.localSet).u32(this.cycles);
  }
  private add(part: number | undefined): void {
    if (part === undefined) return;
    this.out.u8(OP.localGet).u32(this.cycles);
    this.constant(part);
    this.out.u8(OP.f64Add).u8(OP.localSet).u32(this.cycles);
  }
  private constant(value: number): void {
    this.out.u8(OP.f64Const).bytes(new Uint8Array(Float64Array.of(value).buffer));
  }
}
