// SPDX-License-Identifier: MIT
// System control block (ARM DDI 0403E, B3.2), as registers; the CPU acts on what is here.

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
const BYTES = 0x90;

const ICSR_NMIPENDSET = 2 ** 31; // set NMI pending
const ICSR_PENDSVSET = 1 << 28; // set PendSV pending
const ICSR_PENDSVCLR = 1 << 27; // clear PendSV pending
const ICSR_PENDSTSET = 1 << 26; // set SysTick pending
const ICSR_PENDSTCLR = 1 << 25; // clear SysTick pending
const ICSR_ISRPENDING = 1 << 22; // an interrupt of the chip is pending
const ICSR_RETTOBASE = 1 << 11; // no exception is active besides the current one
const AIRCR_VECTKEY = 0x05fa; // must be written to bits 31:16
const AIRCR_VECTKEYSTAT = 0xfa05; // reads in bits 31:16
const AIRCR_SYSRESETREQ = 1 << 2; // ask the chip for a reset
const AIRCR_VECTCLRACTIVE = 1 << 1; // clear all active state; for debuggers
const AIRCR_VECTRESET = 1 << 0; // local reset of the core; for debuggers

/** Bits of SCR and CCR that the CPU asks for. */
export const SCR_BITS = { SLEEPONEXIT: 1 << 1, SLEEPDEEP: 1 << 2, SEVONPEND: 1 << 4 } as const;
export const CCR_BITS = {
  NONBASETHRDENA: 1 << 0, USERSETMPEND: 1 << 1, UNALIGN_TRP: 1 << 3, DIV_0_TRP: 1 << 4, BFHFNMIGN: 1 << 8, STKALIGN: 1 << 9,
} as const;

/** SHCSR (B3.2.13): bit and exception. */
const SHCSR_ENABLES = [[16, EXCEPTION.MemManage], [17, EXCEPTION.BusFault], [18, EXCEPTION.UsageFault]] as const;
const SHCSR_PENDED = [[12, EXCEPTION.UsageFault], [13, EXCEPTION.MemManage], [14, EXCEPTION.BusFault], [15, EXCEPTION.SVCall]] as const;
const SHCSR_ACTIVE = [
  [0, EXCEPTION.MemManage], [1, EXCEPTION.BusFault], [3, EXCEPTION.UsageFault], [7, EXCEPTION.SVCall], [8, EXCEPTION.DebugMonitor], [10, EXCEPTION.PendSV],
  [11, EXCEPTION.SysTick],
] as const;

/** Exceptions of the core whose priority can be set; the others' bytes of SHPR are reserved. */
const CONFIGURABLE: readonly number[] = [
  EXCEPTION.MemManage, EXCEPTION.BusFault, EXCEPTION.UsageFault, EXCEPTION.SVCall, EXCEPTION.DebugMonitor, EXCEPTION.PendSV, EXCEPTION.SysTick,
];

/** Identification of a Cortex-M4 (DDI 0439, table 4-1), at offsets 0x40 on: PFR0, PFR1, DFR0, AFR0, MMFR0 to 3, ISAR0 to 4. */
const IDENTIFICATION = [0x30, 0x200, 0x100000, 0, 0x100030, 0, 0x1000000, 0, 0x1141110, 0x2112000, 0x21232231, 0x1111131, 0x1310102];
const ID_FIRST = 0x40;

const NAMES: Record<number, string> = {
  [CPUID]: 'CPUID', [ICSR]: 'ICSR', [VTOR]: 'VTOR', [AIRCR]: 'AIRCR', [SCR]: 'SCR', [CCR]: 'CCR', [SHPR1]: 'SHPR1', 0x1c: 'SHPR2', [SHPR3]: 'SHPR3',
  [SHCSR]: 'SHCSR', [CFSR]: 'CFSR', [HFSR]: 'HFSR', [DFSR]: 'DFSR', [MMFAR]: 'MMFAR', [BFAR]: 'BFAR', [AFSR]: 'AFSR', 0x40: 'ID_PFR0', 0x44: 'ID_PFR1',
  0x48: 'ID_DFR0', 0x4c: 'ID_AFR0', 0x50: 'ID_MMFR0', 0x54: 'ID_MMFR1', 0x58: 'ID_MMFR2', 0x5c: 'ID_MMFR3', 0x60: 'ID_ISAR0', 0x64: 'ID_ISAR1',
  0x68: 'ID_ISAR2', 0x6c: 'ID_ISAR3', 0x70: 'ID_ISAR4', [CPACR]: 'CPACR',
};

/** Registers that hold what is written, and the bits of them that exist. */
const PLAIN: Readonly<Record<number, number>> = {
  [VTOR]: 0xffffff80, [SCR]: 0x16, [CCR]: 0x31b, [MMFAR]: 0xffffffff, [BFAR]: 0xffffffff, [CPACR]: 0x00f00000,
};
/** Fault status registers: a one clears its bit. AFSR has no bit on a Cortex-M4 of this chip. */
const WRITE_ONE_TO_CLEAR = [CFSR, HFSR, DFSR];
const MMARVALID = 1 << 7, BFARVALID = 1 << 15;

export interface ScbConfig {
  /** CPUID value of the core (0x410FC241: Cortex-M4 r0p1). */
  readonly cpuid: number;
  /** Called when the firmware asks for a system reset. */
  readonly onResetRequest: () => void;
  /** AIRCR.VECTRESET, which resets the core alone; by default as a system reset. */
  readonly onCoreResetRequest?: () => void;
}

export class Scb extends RegisterBlock {
  /** What registers hold, by word. */
  private readonly values = new Uint32Array(BYTES / 4);
  /** Whether the CPU sleeps as SCR says: one that does not refuses the bits. */
  sleepModes = false;
  /** Called after a register that the CPU acts on was written. */
  onChange: () => void = () => {};

  constructor(private readonly exceptions: ExceptionController, private readonly config: ScbConfig) {
    super('SCB', 0xe000ed00, NAMES);
    this.reset();
  }

  reset(): void {
    this.values.fill(0);
    this.values[CCR >> 2] = CCR_BITS.STKALIGN;
  }

  get vtor(): number {
    return this.value(VTOR);
  }
  get scr(): number {
    return this.value(SCR);
  }
  get ccr(): number {
    return this.value(CCR);
  }
  get cfsr(): number {
    return this.value(CFSR);
  }
  get hfsr(): number {
    return this.value(HFSR);
  }
  get dfsr(): number {
    return this.value(DFSR);
  }
  /** MMFAR or BFAR, when CFSR says that it is valid. */
  get faultAddress(): number | undefined {
    return this.cfsr & BFARVALID ? this.value(BFAR) : this.cfsr & MMARVALID ? this.value(MMFAR) : undefined;
  }

  /** CPACR: whether CP10 and CP11, the floating-point unit, may be used (B3.2.20). */
  fpuAllowed(privileged: boolean): boolean {
    const access = this.value(CPACR) >>> 20;
    return (access & 0xf) === 0xf || (privileged && (access & 0xf) === 0x5);
  }

  /** Notes a fault: sets bits of CFSR and, with them, the address. */
  noteFault(status: number, address: number | undefined): void {
    let bits = status;
    if (address !== undefined) {
      const memManage = (status & 0xff) !== 0;
      this.values[(memManage ? MMFAR : BFAR) >> 2] = address;
      bits |= memManage ? MMARVALID : BFARVALID;
    }
    this.values[CFSR >> 2] = this.cfsr | bits;
  }
  noteHardFault(bits: number): void {
    this.values[HFSR >> 2] = this.hfsr | bits;
  }
  noteDebugEvent(bits: number): void {
    this.values[DFSR >> 2] = this.dfsr | bits;
  }

  private value(offset: number): number {
    return this.values[offset >> 2];
  }

  protected readRegister(offset: number): number | undefined {
    switch (offset) {
      case CPUID: return this.config.cpuid;
      case ICSR: return this.readIcsr();
      case AIRCR: return AIRCR_VECTKEYSTAT * 0x10000 + (this.exceptions.prigroup << 8);
      case SHCSR: return this.readShcsr();
    }
    if (offset >= SHPR1 && offset <= SHPR3) return this.readPriorities(offset);
    if (offset >= ID_FIRST) return IDENTIFICATION[(offset - ID_FIRST) >> 2] ?? this.value(offset);
    return this.value(offset);
  }

  /** Status registers are cleared by ones, and ICSR acts by ones: a narrow write must bring none of its own. */
  override peek(offset: number): number {
    return WRITE_ONE_TO_CLEAR.includes(offset) || offset === ICSR ? 0 : super.peek(offset);
  }

  /** No read of this block has a side effect. */
  override inspect(offset: number): number {
    return this.readRegister(offset) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case ICSR: return this.writeIcsr(value);
      case AIRCR: return this.writeAircr(value);
      case SHCSR: return this.writeShcsr(value);
    }
    if (offset >= SHPR1 && offset <= SHPR3) return this.writePriorities(offset, value);
    if (offset === SCR && !this.sleepModes && value & (SCR_BITS.SLEEPONEXIT | SCR_BITS.SLEEPDEEP)) {
      throw new UnmodelledRegisterError(this.base + SCR, 'write', value & SCR_BITS.SLEEPDEEP ? 'SCB_SCR.SLEEPDEEP' : 'SCB_SCR.SLEEPONEXIT');
    }
    if (WRITE_ONE_TO_CLEAR.includes(offset)) this.values[offset >> 2] = this.value(offset) & ~value;
    else if (offset in PLAIN) {
      this.values[offset >> 2] = value & PLAIN[offset];
      this.onChange();
    }
    // Read-only and reserved ones ignore it.
    return true;
  }

  private readIcsr(): number {
    const { exceptions } = this;
    let irqPending = false;
    for (let n = FIRST_IRQ; n < exceptions.count && !irqPending; n++) irqPending = exceptions.isPending(n);
    return ((exceptions.isPending(EXCEPTION.NMI) ? ICSR_NMIPENDSET : 0)
      + (exceptions.isPending(EXCEPTION.PendSV) ? ICSR_PENDSVSET : 0)
      + (exceptions.isPending(EXCEPTION.SysTick) ? ICSR_PENDSTSET : 0)
      + (irqPending ? ICSR_ISRPENDING : 0)
      + (exceptions.firstPending() << 12)
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
    if (value & AIRCR_VECTCLRACTIVE) this.exceptions.clearActive();
    if (value & AIRCR_SYSRESETREQ) this.config.onResetRequest();
    else if (value & AIRCR_VECTRESET) (this.config.onCoreResetRequest ?? this.config.onResetRequest)();
    return true;
  }

  private readShcsr(): number {
    const { exceptions } = this;
    let value = 0;
    for (const [bit, exception] of SHCSR_ENABLES) if (exceptions.isEnabled(exception)) value |= 1 << bit;
    for (const [bit, exception] of SHCSR_PENDED) if (exceptions.isPending(exception)) value |= 1 << bit;
    for (const [bit, exception] of SHCSR_ACTIVE) if (exceptions.isActive(exception)) value |= 1 << bit;
    return value;
  }

  private writeShcsr(value: number): true {
    const { exceptions } = this;
    for (const [bit, exception] of SHCSR_ENABLES) {
      if ((value >>> bit) & 1) exceptions.enable(exception);
      else exceptions.disable(exception);
    }
    for (const [bit, exception] of SHCSR_PENDED) {
      if ((value >>> bit) & 1) exceptions.setPending(exception);
      else exceptions.clearPending(exception);
    }
    for (const [bit, exception] of SHCSR_ACTIVE) exceptions.setActive(exception, ((value >>> bit) & 1) === 1);
    return true;
  }

  /** SHPR1–3 hold one priority byte for each of exceptions 4 to 15. */
  private readPriorities(offset: number): number {
    let word = 0;
    for (let byte = 0; byte < 4; byte++) word |= this.exceptions.priorityOf(4 + offset - SHPR1 + byte) << (8 * byte);
    return word >>> 0;
  }

  private writePriorities(offset: number, value: number): true {
    for (let byte = 0; byte < 4; byte++) {
      const exception = 4 + offset - SHPR1 + byte;
      if (CONFIGURABLE.includes(exception)) this.exceptions.setPriority(exception, (value >>> (8 * byte)) & 0xff);
    }
    return true;
  }
}
