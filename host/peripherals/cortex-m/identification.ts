// SPDX-License-Identifier: MIT
// CoreSight identification at the end of a component's 4 KiB (ARM DDI 0403E, B4.3; values: DDI 0439, 4.2, 8.2, 9.2, 10.2, 11.2).

/** PIDR4 to 7, PIDR0 to 3, CIDR0 to 3 lie from here on. */
const FIRST = 0xfd0;
/** Arm as the designer: JEP106 identity 0x3B, continuation 4. */
const ARM_PIDR4 = 0x04;
const ARM_PIDR1 = 0xb0;

/**
 * A word of the identification of a component by Arm; undefined for offsets before it.
 * @param part low byte of the part number
 * @param pidr2 revision and designer
 * @param componentClass 0xE: generic IP; 0x9: CoreSight
 */
export function identification(offset: number, part: number, pidr2: number, componentClass = 0xe, pidr1 = ARM_PIDR1): number | undefined {
  if (offset < FIRST) return undefined;
  return [ARM_PIDR4, 0, 0, 0, part, pidr1, pidr2, 0, 0x0d, componentClass << 4, 0x05, 0xb1][(offset - FIRST) >> 2];
}

/** The identification of a part by STMicroelectronics (JEP106 0x20): the ROM table's is the chip's. @param part twelve bits */
export function stIdentification(offset: number, part: number): number | undefined {
  if (offset < FIRST) return undefined;
  return [0, 0, 0, 0, part & 0xff, part >>> 8, 0x0a, 0, 0x0d, 0x10, 0x05, 0xb1][(offset - FIRST) >> 2];
}
