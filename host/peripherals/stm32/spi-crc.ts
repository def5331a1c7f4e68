// SPDX-License-Identifier: MIT
// The CRC calculators of an SPI block: RM0090 rev 18, 28.3.6 and 28.5.5 to 28.5.7.

/** One direction's CRC, 8 or 16 bits wide as the frames are, fed bit by bit in the order of the wire. */
export class SpiCrc {
  value = 0;

  feed(frame: number, bits: 8 | 16, polynomial: number, lsbFirst: boolean): void {
    const top = bits - 1;
    const mask = (1 << bits) - 1;
    for (let i = 0; i < bits; i++) {
      const bit = (frame >>> (lsbFirst ? i : top - i)) & 1;
      const feedback = ((this.value >>> top) & 1) ^ bit;
      this.value = ((this.value << 1) ^ (feedback ? polynomial : 0)) & mask;
    }
  }
}
