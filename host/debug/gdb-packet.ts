// SPDX-License-Identifier: MIT
// Packets of gdb's remote serial protocol (GDB manual, appendix E.1): $data#checksum, acknowledged by + or -, and 0x03 for Ctrl-C.

export type GdbInput =
  | { readonly kind: 'packet'; readonly data: Buffer }
  /** A packet whose checksum is wrong: to be answered with "-". */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'acknowledged' | 'rejected' | 'interrupt' };

const DOLLAR = 0x24, HASH = 0x23, ESCAPE = 0x7d, PLUS = 0x2b, MINUS = 0x2d, STAR = 0x2a, CTRL_C = 0x03;
const ESCAPED_BY = 0x20;

const checksum = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

/** Puts what comes in together to packets, however it is cut. */
export class PacketReader {
  private buffer: Buffer = Buffer.alloc(0);

  /** @returns what is whole now, in order */
  feed(bytes: Uint8Array): GdbInput[] {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    const inputs: GdbInput[] = [];
    for (;;) {
      const first = this.buffer[0];
      if (first === undefined) return inputs;
      let used = 1;
      if (first === PLUS) inputs.push({ kind: 'acknowledged' });
      else if (first === MINUS) inputs.push({ kind: 'rejected' });
      else if (first === CTRL_C) inputs.push({ kind: 'interrupt' });
      else if (first === DOLLAR) {
        const end = this.buffer.indexOf(HASH);
        if (end < 0 || end + 3 > this.buffer.length) return inputs;
        const body = this.buffer.subarray(1, end);
        const good = parseInt(this.buffer.toString('latin1', end + 1, end + 3), 16) === checksum(body);
        inputs.push(good ? { kind: 'packet', data: unescaped(body) } : { kind: 'damaged' });
        used = end + 3;
      }
      this.buffer = this.buffer.subarray(used);
    }
  }
}

function unescaped(body: Buffer): Buffer {
  if (!body.includes(ESCAPE)) return Buffer.from(body);
  const bytes: number[] = [];
  for (let i = 0; i < body.length; i++) bytes.push(body[i] === ESCAPE ? body[++i] ^ ESCAPED_BY : body[i]);
  return Buffer.from(bytes);
}

/** A packet with its frame. Bytes that the protocol has another use for are escaped. */
export function framed(data: Uint8Array | string): Buffer {
  const bytes: number[] = [];
  for (const byte of Buffer.from(data)) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR) bytes.push(ESCAPE, byte ^ ESCAPED_BY);
    else bytes.push(byte);
  }
  return Buffer.concat([Buffer.from('$'), Buffer.from(bytes), Buffer.from(`#${checksum(Buffer.from(bytes)).toString(16).padStart(2, '0')}`)]);
}
