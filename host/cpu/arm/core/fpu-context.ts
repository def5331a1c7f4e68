// SPDX-License-Identifier: MIT
// Whether floating-point instructions may go ahead, and how their registers are saved by exceptions, at once or lazily (ARM DDI 0403E, B1.5.7).

import { EXCEPTION, type ExceptionController } from '../../../machine/exceptions.js';
import { FPCCR_BITS, type FpuControl } from '../../../peripherals/cortex-m/fpu-control.js';
import type { Scb } from '../../../peripherals/cortex-m/scb.js';
import { FPSCR_MODES } from '../fpu/fpscr.js';
import { STATE } from '../state.js';
import type { DataMemory } from './data-memory.js';
import { CFSR, Fault } from './fault.js';
import type { SpecialRegisters } from './special-registers.js';

const { S, FPU_READY } = STATE;

/** S0 to S15, FPSCR and a reserved word. */
export const FPU_FRAME_BYTES = 0x48;
/** FPSCR's word, behind the registers'. */
const FRAME_FPSCR = 16;
/** Cycles of stacking the floating-point state: 17 words (DDI 0439, 3.9.1). */
const STACKING_CYCLES = 17;
const { LSPACT, USER, THREAD, HFRDY, MMRDY, BFRDY, MONRDY, LSPEN, ASPEN } = FPCCR_BITS;

export class FpuContext {
  /** What of a frame is used, on its way to or from the stack. */
  private readonly frame = new Int32Array(FRAME_FPSCR + 1);

  constructor(
    private readonly state: Int32Array, private readonly special: SpecialRegisters, private readonly memory: DataMemory,
    private readonly scb: Scb, private readonly control: FpuControl, private readonly exceptions: ExceptionController,
  ) {}

  /** Brings STATE.FPU_READY up to date. */
  settle(): void {
    const { fpccr } = this.control;
    const context = this.special.fpca || (fpccr & ASPEN) === 0;
    this.state[FPU_READY] = context && (fpccr & LSPACT) === 0 && this.scb.fpuAllowed(this.special.privileged) ? 1 : 0;
  }

  /** What comes before a floating-point instruction (ExecuteFPCheck). @throws Fault NOCP, or what the lazy saving runs into */
  prepare(): void {
    if (this.state[FPU_READY]) return;
    this.checkAllowed();
    if (this.control.fpccr & LSPACT) this.saveLazily();
    if ((this.control.fpccr & ASPEN) !== 0 && !this.special.fpca) {
      this.special.fpscr = (this.special.fpscr & ~FPSCR_MODES) | this.control.fpdscr;
      this.special.fpca = true;
    }
    this.settle();
  }

  private checkAllowed(): void {
    if (!this.scb.fpuAllowed(this.special.privileged)) throw new Fault(CFSR.NOCP, undefined, 'the floating-point unit is off: CPACR does not allow CP10 and CP11');
  }

  /** On exception entry with FPCA set. @returns cycles that it takes: none when lazily */
  push(address: number): number {
    const { control, special } = this;
    if (!(control.fpccr & LSPEN)) {
      this.checkAllowed();
      this.store(address, special.privileged);
      return STACKING_CYCLES;
    }
    control.fpcar = address >>> 0;
    control.fpccr = ((control.fpccr & (LSPEN | ASPEN)) | LSPACT | (special.privileged ? 0 : USER) | (special.handlerMode ? 0 : THREAD)
      | this.ready(EXCEPTION.HardFault, HFRDY) | this.ready(EXCEPTION.MemManage, MMRDY) | this.ready(EXCEPTION.BusFault, BFRDY)
      | this.ready(EXCEPTION.DebugMonitor, MONRDY)) >>> 0;
    return 0;
  }

  /** Whether an exception could be taken now, as a bit of FPCCR. */
  private ready(exception: number, bit: number): number {
    const { exceptions } = this;
    return exceptions.isEnabled(exception) && exceptions.canPreempt(exception) ? bit : 0;
  }

  /** Cycles that loading the floating-point state of a frame takes. */
  get popCycles(): number {
    return this.control.fpccr & LSPACT ? 0 : STACKING_CYCLES;
  }

  /** On exception return to a frame with floating-point state: nothing to load when it was never saved. */
  pop(address: number, privileged: boolean): void {
    const { control, special, state, memory } = this;
    if (control.fpccr & LSPACT) {
      control.fpccr = (control.fpccr & ~LSPACT) >>> 0;
      return;
    }
    if (!this.scb.fpuAllowed(privileged)) throw new Fault(CFSR.NOCP);
    const { frame } = this;
    memory.loadWordsAs(address >>> 0, frame, privileged);
    for (let i = 0; i < FRAME_FPSCR; i++) state[S + i] = frame[i];
    special.fpscr = frame[FRAME_FPSCR];
  }

  private store(address: number, privileged: boolean): void {
    const { frame, state } = this;
    for (let i = 0; i < FRAME_FPSCR; i++) frame[i] = state[S + i];
    frame[FRAME_FPSCR] = this.special.fpscr;
    this.memory.storeWordsAs(address >>> 0, frame, privileged);
  }

  /** Saves the state of the interrupted code to where room was left for it (PreserveFPState), with that code's rights. */
  private saveLazily(): void {
    const { control } = this;
    try {
      this.store(control.fpcar, (control.fpccr & USER) === 0);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Fault(error.isMemManage ? CFSR.MLSPERR : error.isBusFault ? CFSR.LSPERR : error.status, undefined, error.detail);
    }
    this.state[STATE.LEFT] -= STACKING_CYCLES;
    control.fpccr = (control.fpccr & ~LSPACT) >>> 0;
  }
}
