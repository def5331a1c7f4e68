// SPDX-License-Identifier: MIT
// Registers of the floating-point extension (ARM DDI 0403E, B3.2.21 to 25), and STIR, which lies beside them (B3.4.9).

import { FIRST_IRQ, type ExceptionController } from '../../machine/exceptions.js';
import { RegisterBlock } from '../../machine/peripheral.js';
import { identification } from './identification.js';

const STIR = 0x00;
const FPCCR = 0x34;
const FPCAR = 0x38;
const FPDSCR = 0x3c;
const MVFR0 = 0x40;
const MVFR1 = 0x44;
const MVFR2 = 0x48;

export const FPCCR_BITS = {
  LSPACT: 1 << 0, // the state has yet to be saved
  USER: 1 << 1, // privilege of the code that it belongs to: 1 without
  THREAD: 1 << 3, // mode of that code: 1 thread
  HFRDY: 1 << 4, // HardFault, MemManage, BusFault, DebugMonitor could have been taken then
  MMRDY: 1 << 5,
  BFRDY: 1 << 6,
  MONRDY: 1 << 8,
  LSPEN: 1 << 30, // lazy saving
  ASPEN: (1 << 31) >>> 0, // automatic saving: FPCA is set by floating-point instructions
} as const;
const FPCCR_MASK = 0xc000017b;
const FPDSCR_MASK = 0x07c00000;

export class FpuControl extends RegisterBlock {
  /** FPCCR, FPCAR and FPDSCR as they read. */
  fpccr = 0;
  fpcar = 0;
  fpdscr = 0;
  /** Called after one of them was written by the firmware. */
  onChange: () => void = () => {};

  constructor(private readonly exceptions: ExceptionController) {
    super('SCB', 0xe000ef00, { [STIR]: 'STIR', [FPCCR]: 'FPCCR', [FPCAR]: 'FPCAR', [FPDSCR]: 'FPDSCR', [MVFR0]: 'MVFR0', [MVFR1]: 'MVFR1', [MVFR2]: 'MVFR2' });
    this.reset();
  }

  reset(): void {
    this.fpccr = (FPCCR_BITS.ASPEN | FPCCR_BITS.LSPEN) >>> 0;
    this.fpcar = this.fpdscr = 0;
  }

  protected readRegister(offset: number): number | undefined {
    switch (offset) {
      case FPCCR: return this.fpccr;
      case FPCAR: return this.fpcar;
      case FPDSCR: return this.fpdscr;
      case MVFR0: return 0x10110021; // single precision, 16 double-word registers (DDI 0439, table 7-1)
      case MVFR1: return 0x11000011;
      // STIR is write-only, the rest reserved, but for the SCS's identification at its end.
      default: return identification(offset + 0xf00, 0x0c, 0x0b) ?? 0;
    }
  }

  protected writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case STIR:
        if (FIRST_IRQ + (value & 0x1ff) < this.exceptions.count) this.exceptions.setPending(FIRST_IRQ + (value & 0x1ff));
        return true;
      case FPCCR: this.fpccr = (value & FPCCR_MASK) >>> 0; break;
      case FPCAR: this.fpcar = (value & ~7) >>> 0; break;
      case FPDSCR: this.fpdscr = value & FPDSCR_MASK; break;
      default: return true;
    }
    this.onChange();
    return true;
  }
}
