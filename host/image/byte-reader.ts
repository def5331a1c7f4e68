// SPDX-License-Identifier: MIT
// Reads little-endian numbers, LEB128 and strings one after the other, as debug information is written (DWARF 5, 7.6).

export class ByteReader {
  private readonly view: DataView;

  /** @param at byte to begin at @param end byte behind the last one */
  constructor(private readonly bytes: Uint8Array, public at = 0, readonly end = bytes.length) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.end;
  }
  u8(): number {
    return this.view.getUint8(this.skip(1));
  }
  i8(): number {
    return this.view.getInt8(this.skip(1));
  }
  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }
  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }
  uleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
  sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte & 0x40 ? value - factor * 128 : value;
    }
  }
  /** A string that ends with a zero. */
  text(): string {
    const from = this.at;
    while (this.u8() !== 0);
    return Buffer.from(this.bytes.subarray(from, this.at - 1)).toString('utf8');
  }
  /** Goes on behind `byteCount` bytes. @returns where they begin */
  skip(byteCount: number): number {
    const from = this.at;
    this.at += byteCount;
    return from;
  }
}
