// SPDX-License-Identifier: MIT
// Debug registers of the core (ARM DDI 0403E, C1.6) as the firmware sees them, and DEMCR, which also enables trace and the debug monitor.

import { EXCEPTION, type ExceptionController } from '../../machine/exceptions.js';
import { RegisterBlock } from '../../machine/peripheral.js';

const DHCSR = 0x00;
const DCRSR = 0x04;
const DCRDR = 0x08;
const DEMCR = 0x0c;

const DHCSR_C_DEBUGEN = 1 << 0; // a debugger is attached: only it can set this
const DHCSR_S_REGRDY = 1 << 16; // the last transfer through DCRDR is done
const DHCSR_S_SLEEP = 1 << 18; // the core sleeps
const DHCSR_S_RETIRE_ST = 1 << 24; // an instruction was completed since the last read
const DHCSR_S_RESET_ST = 1 << 25; // the core was reset since the last read

export const DEMCR_BITS = {
  MON_EN: 1 << 16, // DebugMonitor is enabled
  MON_PEND: 1 << 17, // and pending
  MON_STEP: 1 << 18, // it steps
  TRCENA: 1 << 24, // DWT, ITM, ETM and TPIU are on
} as const;
/** Besides these: vector catches in bits 10:0, and MON_REQ, which is for the monitor's own use. */
const DEMCR_MASK = 0x010f07f1;
/** What a reset of the core leaves: all but vector catches and trace is lost (C1.6.5). */
const DEMCR_KEPT = 0x010007f1;

/** DFSR (B3.2.17): why a debug event happened. */
export const DFSR_BITS = { HALTED: 1 << 0, BKPT: 1 << 1, DWTTRAP: 1 << 2, VCATCH: 1 << 3, EXTERNAL: 1 << 4 } as const;

export class CoreDebug extends RegisterBlock {
  /** Whether a debugger is attached (DHCSR.C_DEBUGEN): BKPT and debug events are then its own. */
  debuggerAttached = false;
  asleep = false;
  private demcrValue = 0;
  private dcrdr = 0;
  private resetSinceRead = true;
  /** Called with DEMCR.TRCENA when DEMCR is written. */
  onTraceEnable: (on: boolean) => void = () => {};
  /** Called after DEMCR was written. */
  onChange: () => void = () => {};

  constructor(private readonly exceptions: ExceptionController) {
    super('CoreDebug', 0xe000edf0, { [DHCSR]: 'DHCSR', [DCRSR]: 'DCRSR', [DCRDR]: 'DCRDR', [DEMCR]: 'DEMCR' });
  }

  get demcr(): number {
    return this.demcrValue | (this.exceptions.isPending(EXCEPTION.DebugMonitor) ? DEMCR_BITS.MON_PEND : 0);
  }

  reset(): void {
    this.demcrValue &= DEMCR_KEPT;
    this.resetSinceRead = true;
    this.onChange();
  }

  powerOn(): void {
    this.reset();
    this.demcrValue = this.dcrdr = 0;
    this.onTraceEnable(false);
  }

  protected readRegister(offset: number): number | undefined {
    switch (offset) {
      case DHCSR: {
        const value = this.peek(offset);
        this.resetSinceRead = false;
        return value;
      }
      case DCRDR: return this.dcrdr;
      case DEMCR: return this.demcr;
      default: return 0; // DCRSR is write-only
    }
  }

  override peek(offset: number): number {
    if (offset !== DHCSR) return super.peek(offset);
    return DHCSR_S_RETIRE_ST | DHCSR_S_REGRDY | (this.resetSinceRead ? DHCSR_S_RESET_ST : 0) | (this.asleep ? DHCSR_S_SLEEP : 0)
      | (this.debuggerAttached ? DHCSR_C_DEBUGEN : 0);
  }

  protected writeRegister(offset: number, value: number): boolean {
    if (offset === DCRDR) this.dcrdr = value;
    // C_HALT and C_STEP act only with C_DEBUGEN, which software of the core cannot set (C1.6.2); DCRSR transfers only while the core is halted.
    if (offset !== DEMCR) return true;
    this.demcrValue = value & DEMCR_MASK & ~DEMCR_BITS.MON_PEND;
    if (value & DEMCR_BITS.MON_EN) this.exceptions.enable(EXCEPTION.DebugMonitor);
    else this.exceptions.disable(EXCEPTION.DebugMonitor);
    if (value & DEMCR_BITS.MON_PEND) this.exceptions.setPending(EXCEPTION.DebugMonitor);
    else this.exceptions.clearPending(EXCEPTION.DebugMonitor);
    this.onTraceEnable((value & DEMCR_BITS.TRCENA) !== 0);
    this.onChange();
    return true;
  }
}
