// SPDX-License-Identifier: MIT
// Writes WebAssembly binary fragments.

import { ByteReader, forEachInstruction, SECTION, type Section, type WasmModule } from './decode.js';

/** A growing byte array with the encodings that the binary format uses. */
export class ByteWriter {
  private buffer = new Uint8Array(1024);
  length = 0;

  u8(value: number): this {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = value;
    return this;
  }
  u32(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.u8(rest);
  }
  s32(value: number): this {
    let rest = value | 0;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(byte & 0x40)) || (rest === -1 && byte & 0x40)) return this.u8(byte);
      this.u8(byte | 0x80);
    }
  }
  bytes(source: Uint8Array, start = 0, end = source.length): this {
    const count = end - start;
    if (this.length + count > this.buffer.length) this.grow(count);
    this.buffer.set(source.subarray(start, end), this.length);
    this.length += count;
    return this;
  }
  name(text: string): this {
    const encoded = new TextEncoder().encode(text);
    return this.u32(encoded.length).bytes(encoded);
  }
  section(id: number, contents: ByteWriter): this {
    return this.u8(id).u32(contents.length).bytes(contents.take());
  }
  take(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
  private grow(count: number): void {
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}

/** A module with a custom section appended: nothing before it moves. */
export function withCustomSection(module: Uint8Array, name: string, contents: Uint8Array): Uint8Array {
  const section = new ByteWriter().name(name).bytes(contents);
  return new ByteWriter().bytes(module).section(SECTION.custom, section).take().slice();
}

/** The module without custom sections of these names. Sections with code keep their offsets as long as those stand behind them. */
export function withoutCustomSections({ bytes, sections }: WasmModule, names: readonly string[]): Uint8Array {
  const out = new ByteWriter().bytes(bytes, 0, 8);
  for (const { start, end, name } of sections) if (name === undefined || !names.includes(name)) out.bytes(bytes, start, end);
  return out.take().slice();
}

/** Copies a section that is a vector and appends elements to it: old count, contents, new elements. */
export function appendToVector(bytes: Uint8Array, section: Section | undefined, added: number, write: (out: ByteWriter) => void): ByteWriter {
  const out = new ByteWriter();
  if (section) {
    const r = new ByteReader(bytes, section.contents, section.end);
    out.u32(r.u32() + added).bytes(bytes, r.offset, section.end);
  } else out.u32(added);
  write(out);
  return out;
}

/** Copies a constant expression up to its `end`, with function references passed through `mapFunction`. */
export function copyConstantExpression(r: ByteReader, out: ByteWriter, mapFunction: (index: number) => number): void {
  forEachInstruction(r.bytes, r.offset, r.end, ({ operator, offset, end, index }) => {
    if (operator.name === 'ref.func') out.u8(r.bytes[offset]).u32(mapFunction(index));
    else out.bytes(r.bytes, offset, end);
    r.offset = end;
    return operator.name === 'end' ? false : undefined;
  });
}
