// SPDX-License-Identifier: MIT
// Makes a WebAssembly module count the instructions that it executes (WebAssembly Core Specification 1.0, section 5, "Binary Format"). For specs that
// hold code to a number of instructions; what they cost on a chip is the machine's matter.

/** Name of the added export: a mutable i32 global with the instructions executed so far. */
export const COUNT_EXPORT = 'executedInstructions';

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  byte(): number {
    return this.bytes[this.at++];
  }
  /** Unsigned LEB128 up to 32 bits. */
  leb(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  take(byteCount: number): Uint8Array {
    return this.bytes.subarray(this.at, (this.at += byteCount));
  }
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** Steps over what follows an opcode. Signed numbers have the same length rule as unsigned ones. */
function skipImmediates(opcode: number, code: Reader): void {
  if (opcode === 0x0e || opcode === 0x1c) { // br_table, select with types
    for (let n = code.leb() + (opcode === 0x0e ? 1 : 0); n > 0; n--) code.leb();
  } else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) { // call_indirect, loads and stores
    code.leb();
    code.leb();
  } else if ((opcode >= 0x02 && opcode <= 0x04) || opcode === 0x0c || opcode === 0x0d || opcode === 0x10 || (opcode >= 0x20 && opcode <= 0x24)
    || (opcode >= 0x3f && opcode <= 0x42)) { // block types, labels, functions, locals, globals, memory, i32.const, i64.const
    code.leb();
  } else if (opcode === 0x43 || opcode === 0x44) { // f32.const, f64.const
    code.take(opcode === 0x43 ? 4 : 8);
  } else if (opcode === 0xfc) { // of this group, the saturating truncations only
    const second = code.leb();
    if (second > 7) throw new Error(`opcode 0xfc ${second} is not known here`);
  } else if (opcode > 0xc4) {
    throw new Error(`opcode 0x${opcode.toString(16)} is not known here`);
  }
}

/** Opcodes that only mark structure: block, loop, else, end. */
const isMarker = (opcode: number) => opcode === 0x02 || opcode === 0x03 || opcode === 0x05 || opcode === 0x0b;

function countInBody(body: Uint8Array, global: number): number[] {
  const code = new Reader(body);
  for (let groups = code.leb(); groups > 0; groups--) {
    code.leb();
    code.byte();
  }
  const out = [...body.subarray(0, code.at)];
  const increment = [0x23, ...leb(global), 0x41, 1, 0x6a, 0x24, ...leb(global)]; // global = global + 1
  while (code.at < body.length) {
    const start = code.at;
    const opcode = code.byte();
    skipImmediates(opcode, code);
    if (!isMarker(opcode)) out.push(...increment);
    out.push(...body.subarray(start, code.at));
  }
  return out;
}

/** A section's entry count, then its entries as they are. */
function vector(section: Uint8Array): [count: number, entries: number[]] {
  const reader = new Reader(section);
  const count = reader.leb();
  return [count, [...section.subarray(reader.at)]];
}

/**
 * The module with a counter in front of every instruction.
 * @param wasm a module that has globals and exports of its own, imports no globals and uses no opcodes beyond sign extension and saturating truncation
 */
export function countInstructions(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new Reader(wasm);
  const out = [...reader.take(8)];
  let global = 0;
  while (reader.at < wasm.length) {
    const id = reader.byte();
    let content = [...reader.take(reader.leb())];
    if (id === 6) { // globals: one more, (mut i32) = 0
      const [count, entries] = vector(new Uint8Array(content));
      global = count;
      content = [...leb(count + 1), ...entries, 0x7f, 1, 0x41, 0, 0x0b];
    } else if (id === 7) { // exports
      const [count, entries] = vector(new Uint8Array(content));
      content = [...leb(count + 1), ...entries, COUNT_EXPORT.length, ...Buffer.from(COUNT_EXPORT), 3, ...leb(global)];
    } else if (id === 10) { // code
      const code = new Reader(new Uint8Array(content));
      const count = code.leb();
      content = [...leb(count)];
      for (let i = 0; i < count; i++) {
        const body = countInBody(code.take(code.leb()), global);
        content.push(...leb(body.length));
        for (const byte of body) content.push(byte);
      }
    }
    out.push(id, ...leb(content.length));
    for (const byte of content) out.push(byte); // more than a call can have arguments
  }
  return new Uint8Array(out);
}
