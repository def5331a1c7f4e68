// SPDX-License-Identifier: MIT
// System control block (ARM DDI 0403E, B3.2), with the FPU's control registers (B3.2.20–22) and the debug registers firmware touches.

import { EXCEPTION, FIRST_IRQ, type ExceptionController } from '../../machine/exceptions.js';
import { UnmodelledRegisterError } from '../../machine/errors.js';
import { RegisterBlock } from '../../machine/peripheral.js';

const CPUID = 0x00;
const ICSR = 0x04;
const VTOR = 0x08;
const AIRCR = 0x0c;
const SCR = 0x10;
const CCR = 0x14;
const SHPR1 = 0x18;
const SHPR3 = 0x20;
const SHCSR = 0x24;
const CFSR = 0x28;
const HFSR = 0x2c;
const DFSR = 0x30;
const MMFAR = 0x34;
const BFAR = 0x38;
const AFSR = 0x3c;
const CPACR = 0x88;
const DHCSR = 0xf0;
const DEMCR = 0xfc;
const STIR = 0x200;
const FPCCR = 0x234;
const FPCAR = 0x238;
const FPDSCR = 0x23c;

const ICSR_NMIPENDSET = 2 ** 31; // set NMI pending
const ICSR_PENDSVSET = 1 << 28; // set PendSV pending
const ICSR_PENDSVCLR = 1 << 27; // clear PendSV pending
const ICSR_PENDSTSET = 1 << 26; // set SysTick pending
const ICSR_PENDSTCLR = 1 << 25; // clear SysTick pending
const ICSR_ISRPENDING = 1 << 22; // an interrupt of the chip is pending
const ICSR_RETTOBASE = 1 << 11; // no more than one exception is active
const AIRCR_VECTKEY = 0x05fa; // must be written to bits 31:16
const AIRCR_VECTKEYSTAT = 0xfa05; // reads in bits 31:16
const AIRCR_SYSRESETREQ = 1 << 2; // ask the chip for a reset
const SCR_SLEEPONEXIT = 1 << 1; // sleep when the last handler returns
const SCR_SLEEPDEEP = 1 << 2; // WFI stops the clocks
const SHCSR_ENABLES: readonly (readonly [bit: number, exception: number])[] = [
  [16, EXCEPTION.MemManage], [17, EXCEPTION.BusFault], [18, EXCEPTION.UsageFault],
];
const DEMCR_TRCENA = 1 << 24; // trace (DWT, ITM) enabled

const NAMES = {
  [CPUID]: 'CPUID', [ICSR]: 'ICSR', [VTOR]: 'VTOR', [AIRCR]: 'AIRCR', [SCR]: 'SCR', [CCR]: 'CCR', [SHPR1]: 'SHPR1', 0x1c: 'SHPR2', [SHPR3]: 'SHPR3',
  [SHCSR]: 'SHCSR', [CFSR]: 'CFSR', [HFSR]: 'HFSR', [DFSR]: 'DFSR', [MMFAR]: 'MMFAR', [BFAR]: 'BFAR', [AFSR]: 'AFSR', 0x40: 'ID_PFR0', 0x44: 'ID_PFR1',
  0x48: 'ID_DFR0', 0x4c: 'ID_AFR0', 0x50: 'ID_MMFR0', 0x54: 'ID_MMFR1', 0x58: 'ID_MMFR2', 0x5c: 'ID_MMFR3', 0x60: 'ID_ISAR0', 0x64: 'ID_ISAR1',
  0x68: 'ID_ISAR2', 0x6c: 'ID_ISAR3', 0x70: 'ID_ISAR4', [CPACR]: 'CPACR', 0x90: 'MPU_TYPE', 0x94: 'MPU_CTRL', 0x98: 'MPU_RNR', 0x9c: 'MPU_RBAR',
  0xa0: 'MPU_RASR', [DHCSR]: 'DHCSR', 0xf4: 'DCRSR', 0xf8: 'DCRDR', [DEMCR]: 'DEMCR', [STIR]: 'STIR', [FPCCR]: 'FPCCR', [FPCAR]: 'FPCAR',
  [FPDSCR]: 'FPDSCR', 0x240: 'MVFR0', 0x244: 'MVFR1',
};

/** Registers that hold what is written, and the bits of them that exist. */
const PLAIN: Readonly<Record<number, number>> = {
  [VTOR]: 0xffffff80, [SCR]: 0x16, [CCR]: 0x31b, [MMFAR]: 0xffffffff, [BFAR]: 0xffffffff, [AFSR]: 0xffffffff, [CPACR]: 0x00f00000,
  [FPCCR]: 0xc000017b, [FPCAR]: 0xfffffff8, [FPDSCR]: 0x07c00000, [DEMCR]: 0x010f07f1,
};

/** Fault status registers: a one clears its bit. */
const WRITE_ONE_TO_CLEAR = [CFSR, HFSR, DFSR];

export interface ScbConfig {
  /** CPUID value of the core (0x410FC241: Cortex-M4 r0p1). */
  readonly cpuid: number;
  /** Called when the firmware asks for a system reset. */
  readonly onResetRequest: () => void;
  /** Called with DEMCR.TRCENA when DEMCR is written. */
  readonly onTraceEnable: (on: boolean) => void;
}

export class Scb extends RegisterBlock {
  private readonly values = new Map<number, number>([[CCR, 0x200], [FPCCR, 0xc0000000]]);

  constructor(private readonly exceptions: ExceptionController, private readonly config: ScbConfig) {
    super('SCB', 0xe000ed00, NAMES);
  }

  protected readRegister(offset: number): number | undefined {
    switch (offset) {
      case CPUID: return this.config.cpuid;
      case ICSR: return this.readIcsr();
      case AIRCR: return AIRCR_VECTKEYSTAT * 0x10000 + (this.exceptions.prigroup << 8);
      case SHCSR: return this.readShcsr();
      case DHCSR: return 0; // no debugger is attached
    }
    if (offset >= SHPR1 && offset <= SHPR3) return this.readPriorities(offset);
    return offset in PLAIN || WRITE_ONE_TO_CLEAR.includes(offset) ? this.values.get(offset) ?? 0 : undefined;
  }

  protected writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case ICSR: return this.writeIcsr(value);
      case AIRCR: return this.writeAircr(value);
      case SHCSR: return this.writeShcsr(value);
      case STIR: this.exceptions.setPending(FIRST_IRQ + (value & 0x1ff)); return true;
      case CPUID: return true; // read-only
    }
    if (offset >= SHPR1 && offset <= SHPR3) return this.writePriorities(offset, value);
    if (offset === SCR && value & (SCR_SLEEPONEXIT | SCR_SLEEPDEEP)) {
      throw new UnmodelledRegisterError(this.base + SCR, 'write', value & SCR_SLEEPDEEP ? 'SCB_SCR.SLEEPDEEP' : 'SCB_SCR.SLEEPONEXIT');
    }
    if (WRITE_ONE_TO_CLEAR.includes(offset)) this.values.set(offset, (this.values.get(offset) ?? 0) & ~value);
    else if (offset in PLAIN) this.values.set(offset, (value & PLAIN[offset]) >>> 0);
    else return false;
    if (offset === DEMCR) this.config.onTraceEnable((value & DEMCR_TRCENA) !== 0);
    return true;
  }

  private readIcsr(): number {
    const { exceptions } = this;
    let highestPending = 0;
    let irqPending = false;
    for (let n = exceptions.count - 1; n > 0; n--) {
      if (!exceptions.isPending(n) || !exceptions.isEnabled(n)) continue;
      if (n >= FIRST_IRQ) irqPending = true;
      if (highestPending === 0 || exceptions.priorityOf(n) <= exceptions.priorityOf(highestPending)) highestPending = n;
    }
    return ((exceptions.isPending(EXCEPTION.NMI) ? ICSR_NMIPENDSET : 0)
      + (exceptions.isPending(EXCEPTION.PendSV) ? ICSR_PENDSVSET : 0)
      + (exceptions.isPending(EXCEPTION.SysTick) ? ICSR_PENDSTSET : 0)
      + (irqPending ? ICSR_ISRPENDING : 0)
      + (highestPending << 12)
      + (exceptions.depth <= 1 ? ICSR_RETTOBASE : 0)
      + exceptions.current);
  }

  private writeIcsr(value: number): true {
    if (value & ICSR_NMIPENDSET) this.exceptions.setPending(EXCEPTION.NMI);
    if (value & ICSR_PENDSVSET) this.exceptions.setPending(EXCEPTION.PendSV);
    if (value & ICSR_PENDSVCLR) this.exceptions.clearPending(EXCEPTION.PendSV);
    if (value & ICSR_PENDSTSET) this.exceptions.setPending(EXCEPTION.SysTick);
    if (value & ICSR_PENDSTCLR) this.exceptions.clearPending(EXCEPTION.SysTick);
    return true;
  }

  private writeAircr(value: number): true {
    if (value >>> 16 !== AIRCR_VECTKEY) return true; // without the key the write is ignored
    this.exceptions.prigroup = (value >>> 8) & 7;
    this.exceptions.attention = true;
    if (value & AIRCR_SYSRESETREQ) this.config.onResetRequest();
    return true;
  }

  private readShcsr(): number {
    let value = 0;
    for (const [bit, exception] of SHCSR_ENABLES) if (this.exceptions.isEnabled(exception)) value |= 1 << bit;
    if (this.exceptions.isActive(EXCEPTION.PendSV)) value |= 1 << 10;
    if (this.exceptions.isActive(EXCEPTION.SysTick)) value |= 1 << 11;
    if (this.exceptions.isActive(EXCEPTION.SVCall)) value |= 1 << 7;
    return value;
  }

  private writeShcsr(value: number): true {
    for (const [bit, exception] of SHCSR_ENABLES) {
      if ((value >>> bit) & 1) this.exceptions.enable(exception);
      else this.exceptions.disable(exception);
    }
    return true;
  }

  /** SHPR1–3 hold one priority byte for each of exceptions 4 to 15. */
  private readPriorities(offset: number): number {
    let word = 0;
    for (let byte = 0; byte < 4; byte++) word |= this.exceptions.priorityOf(4 + offset - SHPR1 + byte) << (8 * byte);
    return word >>> 0;
  }

  private writePriorities(offset: number, value: number): true {
    for (let byte = 0; byte < 4; byte++) this.exceptions.setPriority(4 + offset - SHPR1 + byte, (value >>> (8 * byte)) & 0xff);
    return true;
  }
}
