// SPDX-License-Identifier: MIT
// A CAN frame on the wire: how many bits it is, as ISO 11898-1 has it.

export interface CanFrame {
  readonly extended: boolean;
  readonly remote: boolean;
  /** 11 bits, or 29 of an extended frame. */
  readonly id: number;
  /** Data length code, 0 to 15; more than 8 counts as 8 bytes. */
  readonly dlc: number;
  readonly low: number;
  readonly high: number;
}

const POLYNOMIAL = 0x4599;
/** Bits that follow the CRC and are not stuffed: its delimiter, the acknowledge slot, and what comes after that. */
export const BITS_TO_ACKNOWLEDGE = 2;
const BITS_AFTER_ACKNOWLEDGE = 1 + 7; // delimiter, end of frame
export const INTERMISSION_BITS = 3;

function push(bits: number[], value: number, width: number): void {
  for (let i = width - 1; i >= 0; i--) bits.push((value >>> i) & 1);
}

/** Bits from the start of frame to the end of the CRC, those stuffed after five equal ones among them. */
export function stuffedBits({ extended, remote, id, dlc, low, high }: CanFrame): number {
  const bits: number[] = [0];
  if (extended) {
    push(bits, id >>> 18, 11);
    bits.push(1, 1); // SRR, IDE
    push(bits, id & 0x3ffff, 18);
    bits.push(remote ? 1 : 0, 0, 0); // RTR, r1, r0
  } else {
    push(bits, id, 11);
    bits.push(remote ? 1 : 0, 0, 0); // RTR, IDE, r0
  }
  push(bits, dlc, 4);
  const byteCount = remote ? 0 : Math.min(dlc, 8);
  for (let i = 0; i < byteCount; i++) push(bits, ((i < 4 ? low : high) >>> (8 * (i % 4))) & 0xff, 8);
  let crc = 0;
  for (const bit of bits) crc = ((crc << 1) & 0x7fff) ^ ((bit ^ (crc >>> 14)) & 1 ? POLYNOMIAL : 0);
  push(bits, crc, 15);
  let count = 0;
  let run = 0;
  let last = -1;
  for (const bit of bits) {
    count++;
    run = bit === last ? run + 1 : 1;
    last = bit;
    if (run === 5) {
      count++;
      last = 1 - bit;
      run = 1;
    }
  }
  return count;
}

/** Bits of a frame that is acknowledged, from its start to the end of the intermission after it. */
export const frameBits = (frame: CanFrame): number => stuffedBits(frame) + BITS_TO_ACKNOWLEDGE + BITS_AFTER_ACKNOWLEDGE + INTERMISSION_BITS;
