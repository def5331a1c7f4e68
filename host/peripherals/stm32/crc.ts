// SPDX-License-Identifier: MIT
// CRC calculation unit: RM0090 rev 18, chapter 4; RM0383, chapter 4. The four cycles of a calculation hold the bus up and are not counted.

import { RegisterBlock } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';

const DR = 0x00, IDR = 0x04, CR = 0x08;
const CR_RESET = 1 << 0;
/** Ethernet's polynomial (4.2), the highest power left out. */
const POLYNOMIAL = 0x04c1_1db7;
const INITIAL = 0xffff_ffff;

export class Crc extends RegisterBlock {
  private DR = INITIAL;
  private IDR = 0;

  constructor(name: string, base: number) {
    super(name, base, registerNames.CRC);
  }

  reset(): void {
    this.DR = INITIAL;
    this.IDR = 0;
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case DR: return this.DR;
      case IDR: return this.IDR;
      case CR: return 0;
      default: return undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case DR: this.DR = step(this.DR, value); break;
      case IDR: this.IDR = value & 0xff; break;
      case CR:
        if (value & CR_RESET) this.DR = INITIAL; // 4.4.3: IDR stays
        break;
      default: return false;
    }
    return true;
  }
}

/** Takes a word, most significant bit first, into the remainder. */
function step(remainder: number, word: number): number {
  let crc = remainder ^ word;
  for (let i = 0; i < 32; i++) crc = crc & 0x8000_0000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc >>> 0;
}
