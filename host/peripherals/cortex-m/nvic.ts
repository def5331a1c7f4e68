// SPDX-License-Identifier: MIT
// NVIC registers (ARM DDI 0403E, B3.4) as a view of the exception controller.

import { FIRST_IRQ, type ExceptionController } from '../../machine/exceptions.js';
import { RegisterBlock } from '../../machine/peripheral.js';

const BASE = 0xe000e100;
/** Offsets from 0xE000E100 of the register arrays, one bit an interrupt; each array may have 16 words. */
const ISER = 0x000;
const ICER = 0x080;
const ISPR = 0x100;
const ICPR = 0x180;
const IABR = 0x200;
const IPR = 0x300; // one byte an interrupt, up to 0x3EC
const IPR_END = 0x3f0;

/** The register array an offset belongs to; undefined for the reserved words between the arrays. */
const arrayOf = (offset: number): number | undefined => ((offset & 0x7f) < 0x40 ? offset & ~0x7f : undefined);

function names(): Record<number, string> {
  const table: Record<number, string> = {};
  for (const [name, base] of [['ISER', ISER], ['ICER', ICER], ['ISPR', ISPR], ['ICPR', ICPR], ['IABR', IABR]] as const) {
    for (let i = 0; i < 16; i++) table[base + 4 * i] = `${name}${i}`;
  }
  for (let i = 0; i < (IPR_END - IPR) / 4; i++) table[IPR + 4 * i] = `IPR${i}`;
  return table;
}

const ICTR = 0x4; // how many groups of 32 lines there are, less one
const ACTLR = 0x8;
/** DISOOFP, DISFPCA, DISFOLD, DISDEFWBUF, DISMCYCINT. They change how fast some things are on the chip, and nothing here. */
const ACTLR_MASK = 0x307;

/** ICTR and ACTLR, in front of SysTick (B3.2.27, DDI 0439 4.3.1). */
export class ScsControl extends RegisterBlock {
  private actlr = 0;

  constructor(private readonly exceptions: ExceptionController) {
    super('SCS', 0xe000e000, { [ICTR]: 'ICTR', [ACTLR]: 'ACTLR' });
  }

  reset(): void {
    this.actlr = 0;
  }

  protected readRegister(offset: number): number | undefined {
    if (offset === ICTR) return Math.ceil((this.exceptions.count - FIRST_IRQ) / 32) - 1;
    return offset === ACTLR ? this.actlr : 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    if (offset === ACTLR) this.actlr = value & ACTLR_MASK;
    return true;
  }
}

export class Nvic extends RegisterBlock {
  constructor(private readonly exceptions: ExceptionController) {
    super('NVIC', BASE, names());
  }

  protected readRegister(offset: number): number | undefined {
    const array = arrayOf(offset);
    const first = FIRST_IRQ + (offset & 0x7f) * 8;
    switch (array) {
      case ISER: case ICER: return this.bits(first, (n) => this.exceptions.isEnabled(n));
      case ISPR: case ICPR: return this.bits(first, (n) => this.exceptions.isPending(n));
      case IABR: return this.bits(first, (n) => this.exceptions.isActive(n));
      default: return offset >= IPR && offset < IPR_END ? this.priorities(offset) : undefined;
    }
  }

  /** Ones act: a narrow write must bring none of its own. */
  override peek(offset: number): number {
    return offset < IPR ? 0 : super.peek(offset);
  }

  override inspect(offset: number): number {
    return this.readRegister(offset) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    const array = arrayOf(offset);
    const first = FIRST_IRQ + (offset & 0x7f) * 8;
    switch (array) {
      case ISER: return this.each(first, value, (n) => this.exceptions.enable(n));
      case ICER: return this.each(first, value, (n) => this.exceptions.disable(n));
      case ISPR: return this.each(first, value, (n) => this.exceptions.setPending(n));
      case ICPR: return this.each(first, value, (n) => this.exceptions.clearPending(n));
      case IABR: return true; // read-only: writes are ignored
    }
    if (offset < IPR || offset >= IPR_END) return false;
    for (let byte = 0; byte < 4; byte++) {
      const n = FIRST_IRQ + (offset - IPR) + byte;
      if (n < this.exceptions.count) this.exceptions.setPriority(n, (value >>> (8 * byte)) & 0xff);
    }
    return true;
  }

  private bits(first: number, test: (exception: number) => boolean): number {
    let word = 0;
    for (let bit = 0; bit < 32 && first + bit < this.exceptions.count; bit++) if (test(first + bit)) word |= 1 << bit;
    return word >>> 0;
  }

  private each(first: number, word: number, act: (exception: number) => void): true {
    for (let bit = 0; bit < 32 && first + bit < this.exceptions.count; bit++) if ((word >>> bit) & 1) act(first + bit);
    return true;
  }

  private priorities(offset: number): number {
    let word = 0;
    for (let byte = 0; byte < 4; byte++) {
      const n = FIRST_IRQ + (offset - IPR) + byte;
      if (n < this.exceptions.count) word |= this.exceptions.priorityOf(n) << (8 * byte);
    }
    return word >>> 0;
  }
}
