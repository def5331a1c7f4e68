// SPDX-License-Identifier: MIT
// Columns of numbers as text in a page's data: written here, read by browser.ts.

/** Little-endian numbers in base64. */
export type Packed = string;

export const pack = (values: Float32Array | Uint8Array): Packed => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

/** Notes as they are drawn, in the order of their starts. Times are seconds since reset. */
export interface PackedNotes {
  readonly start: Packed; // f32
  readonly end: Packed; // f32
  readonly channel: Packed; // u8, 0-15
  readonly note: Packed; // u8
  readonly velocity: Packed; // u8
}

export function packNotes(notes: readonly { start: number; end: number; channel: number; note: number; velocity: number }[]): PackedNotes {
  return {
    start: pack(Float32Array.from(notes, (n) => n.start)), end: pack(Float32Array.from(notes, (n) => n.end)),
    channel: pack(Uint8Array.from(notes, (n) => n.channel)), note: pack(Uint8Array.from(notes, (n) => n.note)),
    velocity: pack(Uint8Array.from(notes, (n) => n.velocity)),
  };
}

/** The load over time. A point stands for one or more blocks. */
export interface PackedLoad {
  /** Start of each point, seconds since reset: f32. */
  readonly time: Packed;
  /** Cycles per frame over the point's blocks: f32. */
  readonly mean: Packed;
  readonly max: Packed;
  /** Most voices over the point's blocks: u8. */
  readonly voices: Packed;
}
