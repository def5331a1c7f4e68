// SPDX-License-Identifier: MIT
// Special registers of the core (ARM DDI 0403E, B1.4): stack pointers, CONTROL, xPSR, and FPSCR, over the state that engines share.

import type { ExceptionController } from '../../../machine/exceptions.js';
import { readFpscr, writeFpscr } from '../fpu/fpscr.js';
import { PIPE } from '../timing.js';
import { STATE } from '../state.js';

const { R, PC, N, Z, C, V, Q, GE, IT, S, PIPE: PIPELINE } = STATE;
const SP = R + 13;

const XPSR_T = 1 << 24;
/** SYSm of MRS and MSR (B5.1.1). */
const SYSM = { MSP: 8, PSP: 9, PRIMASK: 16, BASEPRI: 17, BASEPRI_MAX: 18, FAULTMASK: 19, CONTROL: 20 } as const;
const CONTROL_NPRIV = 1, CONTROL_SPSEL = 2, CONTROL_FPCA = 4;

export class SpecialRegisters {
  /** CONTROL.nPRIV, SPSEL, FPCA. */
  unprivilegedThread = false;
  processStack = false;
  fpca = false;
  /** EPSR.T. */
  thumb = true;
  /** The stack pointer that is not in use: PSP while MSP is, and the reverse. */
  private banked = 0;
  /** Called after privilege or CONTROL.FPCA has changed. */
  onChange: () => void = () => {};

  constructor(private readonly state: Int32Array, private readonly exceptions: ExceptionController) {}

  reset(): void {
    this.state.fill(0, R, STATE.LEFT);
    this.state.fill(0, S, S + 32);
    this.state[PIPELINE] = PIPE.none;
    this.state[Z] = 1;
    this.fpscr = 0;
    this.unprivilegedThread = this.processStack = this.fpca = false;
    this.thumb = true;
    this.banked = 0;
    this.onChange();
  }

  get handlerMode(): boolean {
    return this.exceptions.current !== 0;
  }
  get privileged(): boolean {
    return this.handlerMode || !this.unprivilegedThread;
  }
  get msp(): number {
    return this.processStack ? this.banked : this.state[SP];
  }
  set msp(value: number) {
    if (this.processStack) this.banked = value & ~3;
    else this.state[SP] = value & ~3;
  }
  get psp(): number {
    return this.processStack ? this.state[SP] : this.banked;
  }
  set psp(value: number) {
    if (this.processStack) this.state[SP] = value & ~3;
    else this.banked = value & ~3;
  }

  /** CONTROL.SPSEL: puts the other stack pointer into R13. */
  useProcessStack(process: boolean): void {
    if (process === this.processStack) return;
    const { state } = this;
    [state[SP], this.banked] = [this.banked, state[SP]];
    this.processStack = process;
  }

  get control(): number {
    return (this.unprivilegedThread ? CONTROL_NPRIV : 0) | (this.processStack ? CONTROL_SPSEL : 0) | (this.fpca ? CONTROL_FPCA : 0);
  }
  /** As MSR does: in handler mode SPSEL stays as it is. */
  set control(value: number) {
    this.unprivilegedThread = (value & CONTROL_NPRIV) !== 0;
    if (!this.handlerMode) this.useProcessStack((value & CONTROL_SPSEL) !== 0);
    this.fpca = (value & CONTROL_FPCA) !== 0;
    this.onChange();
  }

  get apsr(): number {
    const { state } = this;
    return (state[N] & 0x80000000) | (state[Z] === 0 ? 1 << 30 : 0) | (state[C] << 29) | ((state[V] >>> 31) << 28) | (state[Q] << 27) | (state[GE] << 16);
  }
  /** @param mask which parts: bit 1 NZCVQ, bit 0 GE */
  setApsr(value: number, mask = 3): void {
    const { state } = this;
    if (mask & 2) {
      state[N] = value;
      state[Z] = (value >>> 30) & 1 ? 0 : 1;
      state[C] = (value >>> 29) & 1;
      state[V] = value << 3;
      state[Q] = (value >>> 27) & 1;
    }
    if (mask & 1) state[GE] = (value >>> 16) & 0xf;
  }

  get xpsr(): number {
    const it = this.state[IT];
    return this.apsr | (this.thumb ? XPSR_T : 0) | ((it & 3) << 25) | ((it >>> 2) << 10) | this.exceptions.current;
  }
  /** All but IPSR, which an exception return checks first. */
  setPsrBesidesIpsr(value: number): void {
    this.setApsr(value);
    this.thumb = (value & XPSR_T) !== 0;
    const it = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc);
    // With the low four bits clear it is no IT block, but where a multiple load was to go on (ICI, B1.4.2): here it starts again.
    this.state[IT] = it & 0xf ? it : 0;
  }

  /** Goes on at an address, with an empty pipeline. */
  jump(address: number): void {
    this.state[PC] = address & ~1;
    this.state[PIPELINE] = PIPE.none;
  }

  get fpscr(): number {
    return readFpscr(this.state);
  }
  set fpscr(value: number) {
    writeFpscr(this.state, value);
  }

  /** MRS (B5.2.2): without privilege the stack pointers, the masks and CONTROL's rest read as 0. */
  read(sysm: number): number {
    const { exceptions, privileged } = this;
    if (sysm < 8) {
      let value = sysm & 1 ? exceptions.current : 0;
      if (!privileged) value = 0;
      // EPSR reads as zero.
      if ((sysm & 4) === 0) value |= this.apsr & 0xf80f0000;
      return value;
    }
    if (sysm === SYSM.CONTROL) return this.control;
    if (!privileged) return 0;
    switch (sysm) {
      case SYSM.MSP: return this.msp;
      case SYSM.PSP: return this.psp;
      case SYSM.PRIMASK: return exceptions.primask ? 1 : 0;
      case SYSM.BASEPRI: case SYSM.BASEPRI_MAX: return exceptions.basepri;
      case SYSM.FAULTMASK: return exceptions.faultmask ? 1 : 0;
      default: return 0;
    }
  }

  /** MSR (B5.2.3). */
  write(sysm: number, mask: number, value: number): void {
    const { exceptions } = this;
    if (sysm < 8) {
      if ((sysm & 4) === 0) this.setApsr(value, mask);
      return;
    }
    if (!this.privileged) return;
    const priority = value & (0xff << (8 - exceptions.priorityBits)) & 0xff;
    switch (sysm) {
      case SYSM.MSP: this.msp = value; break;
      case SYSM.PSP: this.psp = value; break;
      case SYSM.PRIMASK: exceptions.primask = (value & 1) !== 0; break;
      case SYSM.BASEPRI: exceptions.basepri = priority; break;
      case SYSM.BASEPRI_MAX: if (priority !== 0 && (priority < exceptions.basepri || exceptions.basepri === 0)) exceptions.basepri = priority; break;
      // Not settable at priorities of -1 and above.
      case SYSM.FAULTMASK: if ((value & 1) === 0 || exceptions.executionPriority() > -1) exceptions.faultmask = (value & 1) !== 0; break;
      case SYSM.CONTROL: this.control = value; break;
    }
  }
}
