// SPDX-License-Identifier: MIT
// Exception entry and return, faults and their escalation (ARM DDI 0403E, B1.5.6 to B1.5.15; times: DDI 0439, 3.9.1).

import { EXCEPTION, FIRST_IRQ } from '../../../machine/exceptions.js';
import type { Machine } from '../../../machine/machine.js';
import type { CorePeripherals } from '../../../peripherals/cortex-m/core.js';
import { DEMCR_BITS, DFSR_BITS } from '../../../peripherals/cortex-m/core-debug.js';
import { CCR_BITS, SCR_BITS } from '../../../peripherals/cortex-m/scb.js';
import { STATE } from '../state.js';
import type { DataMemory } from './data-memory.js';
import { causesOf, CFSR, Fault, HFSR, Lockup, type FaultKind, type FaultRecord } from './fault.js';
import { FPU_FRAME_BYTES, type FpuContext } from './fpu-context.js';
import type { SpecialRegisters } from './special-registers.js';

export interface CoreCycles {
  readonly exceptionEntryCycles: number;
  readonly exceptionExitCycles: number;
  readonly tailChainCycles: number;
}

export interface ExceptionModelConfig {
  readonly machine: Machine;
  readonly blocks: CorePeripherals;
  readonly state: Int32Array;
  readonly special: SpecialRegisters;
  readonly memory: DataMemory;
  readonly fpu: FpuContext;
  readonly core: CoreCycles;
  /** Lets cycles of the core pass. */
  readonly spend: (cycles: number) => void;
  /** An exception was entered or left: exclusive accesses are lost, waiting for an event is over (B1.5.6, B1.5.8). */
  readonly onSwitch: () => void;
  readonly onFault?: (record: FaultRecord) => void;
  /** SCR.SLEEPONEXIT, on a return to thread mode. */
  readonly sleepOnExit: () => void;
}

const { PC, IT, R } = STATE;
const SP = R + 13, LR = R + 14;
const BASIC_FRAME_BYTES = 0x20;
/** Words of a frame: R0 to R3, R12, LR, the return address, xPSR. */
const FRAME = { R0: 0, R1: 1, R2: 2, R3: 3, R12: 4, LR: 5, PC: 6, PSR: 7 } as const;
const XPSR_ALIGNED = 1 << 9;
const IPSR_MASK = 0x1ff;
/** EXC_RETURN: bit 4 clear for a frame with floating-point state; bits 3:0 say where to. */
const EXC_RETURN_BASIC = 1 << 4;
const TO = { handler: 0x1, threadMain: 0x9, threadProcess: 0xd } as const;

/** What kind of fault an exception is; undefined for all others. */
function faultKind(exception: number): FaultKind | undefined {
  switch (exception) {
    case EXCEPTION.HardFault: return 'HardFault';
    case EXCEPTION.MemManage: return 'MemManage';
    case EXCEPTION.BusFault: return 'BusFault';
    case EXCEPTION.UsageFault: return 'UsageFault';
    default: return undefined;
  }
}

/** Exception that a fault is for. */
const exceptionOf = (fault: Fault): number => (fault.isMemManage ? EXCEPTION.MemManage : fault.isBusFault ? EXCEPTION.BusFault : EXCEPTION.UsageFault);

export class ExceptionModel {
  /** The latest fault, as it was found; told when its exception is taken. */
  private found: Omit<FaultRecord, 'kind' | 'causes' | 'cfsr' | 'hfsr' | 'dfsr' | 'address'> | undefined;

  /** A frame on its way to or from the stack. */
  private readonly frame = new Int32Array(BASIC_FRAME_BYTES / 4);

  constructor(private readonly config: ExceptionModelConfig) {}

  /** Notes a fault of the instruction at PC, and makes its exception pending, or HardFault. @throws Lockup */
  raise(fault: Fault): void {
    this.config.blocks.scb.noteFault(fault.status, fault.address);
    this.remember(fault.detail);
    this.pendOrEscalate(exceptionOf(fault));
  }

  /** SVC: the exception, or HardFault where it cannot be taken (B1.5.14). The return address is already at PC. */
  supervisorCall(): void {
    this.remember('SVC where SVCall cannot be taken');
    this.pendOrEscalate(EXCEPTION.SVCall);
  }

  /** A debug event without a debugger (C1.4): the monitor's, or, for BKPT, a HardFault. @returns whether it has any effect */
  debugEvent(dfsr: number): boolean {
    const { blocks: { scb, debug }, machine: { exceptions } } = this.config;
    const monitor = (debug.demcr & DEMCR_BITS.MON_EN) !== 0 && exceptions.canPreempt(EXCEPTION.DebugMonitor);
    if (!monitor && dfsr !== DFSR_BITS.BKPT) return false;
    scb.noteDebugEvent(dfsr);
    if (monitor) exceptions.setPending(EXCEPTION.DebugMonitor);
    else {
      this.remember('BKPT, with neither debugger nor monitor');
      this.hardFault(HFSR.DEBUGEVT);
    }
    return true;
  }

  private pendOrEscalate(exception: number): void {
    const { exceptions } = this.config.machine;
    if (exceptions.isEnabled(exception) && exceptions.canPreempt(exception)) exceptions.setPending(exception);
    else this.hardFault(HFSR.FORCED);
  }

  private hardFault(bits: number): void {
    const { blocks: { scb }, machine: { exceptions } } = this.config;
    scb.noteHardFault(bits);
    if (!exceptions.canPreempt(EXCEPTION.HardFault)) this.lockUp();
    exceptions.setPending(EXCEPTION.HardFault);
  }

  /** The vectors that a reset reads are not there. */
  lockUpAtReset(): never {
    this.config.blocks.scb.noteHardFault(HFSR.VECTTBL);
    this.remember('the reset vectors cannot be read');
    this.lockUp();
  }

  private lockUp(): never {
    const record = this.record('lockup');
    this.config.onFault?.(record);
    throw new Lockup(record);
  }

  private remember(detail: string | undefined): void {
    const { state, special, machine } = this.config;
    this.found = {
      cycle: machine.timeline.now, detail, pc: state[PC] >>> 0, lr: state[LR] >>> 0, sp: state[SP] >>> 0, xpsr: special.xpsr >>> 0,
      registers: Array.from(state.subarray(R, R + 16), (word) => word >>> 0), active: machine.exceptions.activeOnes,
    };
  }

  private record(kind: FaultKind): FaultRecord {
    const { scb } = this.config.blocks;
    if (!this.found) this.remember(undefined);
    const { cfsr, hfsr, dfsr } = scb;
    const record = { kind, causes: causesOf(cfsr, hfsr), cfsr, hfsr, dfsr, address: scb.faultAddress, ...this.found! };
    this.found = undefined;
    return record;
  }

  /**
   * Takes the exception that pre-empts what runs (B1.5.6). One must be there: `exceptions.next()` is not 0.
   * @param excReturn what LR is to be, where it does not follow from the mode that is left
   */
  enter(excReturn?: number): void {
    const { machine: { timeline }, core, state, special, spend } = this.config;
    const enteredAt = timeline.now;
    const process = special.processStack;
    const handler = special.handlerMode;
    const extended = special.fpca;
    const moreCycles = this.push();
    state[LR] = excReturn ?? (0xffffffe0 | (extended ? 0 : EXC_RETURN_BASIC) | (handler ? TO.handler : process ? TO.threadProcess : TO.threadMain)) | 0;
    spend(core.exceptionEntryCycles + moreCycles);
    this.take(enteredAt);
  }

  /** From the stacked context on: the most urgent exception, which may have come meanwhile (late arrival), gets its vector. */
  private take(enteredAt: number): void {
    const { machine, blocks, memory, state, special, onSwitch } = this.config;
    const { exceptions, observers } = machine;
    for (;;) {
      const exception = exceptions.next();
      let vector: number;
      try {
        vector = memory.loadAs(blocks.scb.vtor + 4 * exception, 4, true);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        blocks.scb.noteHardFault(HFSR.VECTTBL);
        this.remember(`the vector of exception ${exception} cannot be read`);
        // Nothing is more urgent than these two that could be taken instead.
        if (exception === EXCEPTION.HardFault || exception === EXCEPTION.NMI) this.lockUp();
        exceptions.setPending(EXCEPTION.HardFault);
        continue;
      }
      const pendedAt = exceptions.pendedAt(exception);
      exceptions.activate(exception);
      special.useProcessStack(false);
      special.thumb = (vector & 1) !== 0;
      special.jump(vector);
      state[IT] = 0;
      special.fpca = false;
      special.onChange();
      onSwitch();
      // One that arrives late, during the stacking for another, did not wait at all.
      observers.exceptionEnter(machine.vectorName(exception - FIRST_IRQ), Math.max(enteredAt, pendedAt), pendedAt);
      const kind = faultKind(exception);
      if (kind) this.config.onFault?.(this.record(kind));
      return;
    }
  }

  /** Stacks the context (PushStack). Faults become pending; the entry goes on (B1.5.11). @returns cycles beyond a plain frame's */
  private push(): number {
    const { state, special, memory, blocks, fpu } = this.config;
    const extended = special.fpca;
    const align = extended || (blocks.scb.ccr & CCR_BITS.STKALIGN) !== 0;
    const privileged = special.privileged;
    const before = state[SP];
    const at = (before - (extended ? BASIC_FRAME_BYTES + FPU_FRAME_BYTES : BASIC_FRAME_BYTES)) & (align ? ~7 : ~3);
    const { frame } = this;
    frame[FRAME.R0] = state[R];
    frame[FRAME.R1] = state[R + 1];
    frame[FRAME.R2] = state[R + 2];
    frame[FRAME.R3] = state[R + 3];
    frame[FRAME.R12] = state[R + 12];
    frame[FRAME.LR] = state[LR];
    frame[FRAME.PC] = state[PC];
    frame[FRAME.PSR] = (special.xpsr & ~XPSR_ALIGNED) | (align && before & 4 ? XPSR_ALIGNED : 0);
    state[SP] = at;
    let more = 0;
    try {
      memory.storeWordsAs(at >>> 0, frame, privileged);
      if (extended) more = fpu.push(at + BASIC_FRAME_BYTES);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.derived(error, CFSR.MSTKERR, CFSR.STKERR);
    }
    return more;
  }

  /** A fault of the stacking or unstacking itself: other status bits, and no address. */
  private derived(fault: Fault, memManage: number, bus: number): void {
    const status = fault.isMemManage ? memManage : fault.isBusFault ? bus : fault.status;
    this.raise(new Fault(status, undefined, fault.detail));
  }

  /** Returns from the exception that runs (B1.5.8). */
  leave(excReturn: number): void {
    const { machine, special, core, blocks, sleepOnExit } = this.config;
    const { exceptions, observers, timeline } = machine;
    const returning = exceptions.current;
    const to = excReturn & 0xf;
    const toThread = to === TO.threadMain || to === TO.threadProcess;
    const wasActive = exceptions.isActive(returning);
    const nested = exceptions.depth;
    const valid = wasActive && (to === TO.handler || (toThread && (nested === 1 || (blocks.scb.ccr & CCR_BITS.NONBASETHRDENA) !== 0)));
    const name = machine.vectorName(returning - FIRST_IRQ);
    exceptions.setActive(returning, false);
    if (returning !== EXCEPTION.NMI) exceptions.faultmask = false;
    if (!valid) {
      this.raise(new Fault(CFSR.INVPC, undefined, wasActive ? `EXC_RETURN 0x${(excReturn >>> 0).toString(16)}` : `return from exception ${returning}, which is not active`));
      return this.tailChain(excReturn, name);
    }
    const moreCycles = (excReturn & EXC_RETURN_BASIC) === 0 ? this.config.fpu.popCycles : 0;
    // One that pends meanwhile has the unstacking given up (DDI 0439, 3.9.1).
    const preempted = exceptions.next() !== 0 || this.spendUnlessPreempted(core.exceptionExitCycles + moreCycles);
    const popped = preempted ? 'fault' : this.pop(excReturn, to);
    if (popped === 'fault') return this.tailChain(excReturn, name);
    observers.exceptionExit(name, timeline.now);
    if (popped === 'enter') this.enter(excReturn);
    else if (!special.handlerMode && exceptions.depth === 0 && blocks.scb.scr & SCR_BITS.SLEEPONEXIT) sleepOnExit();
  }

  /** Goes on to the next exception with the frame left where it is. @param name of the one that is over */
  private tailChain(excReturn: number, name: string): void {
    const { machine: { timeline, observers }, core, state, spend } = this.config;
    state[LR] = excReturn;
    spend(core.tailChainCycles);
    observers.exceptionExit(name, timeline.now);
    this.take(timeline.now);
  }

  /** @returns whether something that pre-empts has come before the cycles were over */
  private spendUnlessPreempted(cycles: number): boolean {
    const { machine: { timeline, exceptions }, spend } = this.config;
    let left = cycles;
    while (left > 0) {
      const step = Math.max(1, Math.min(left, timeline.nextDue - timeline.now));
      spend(step);
      left -= step;
      if (exceptions.next() !== 0) return true;
    }
    return false;
  }

  /** Unstacks (PopStack). @returns `return` when done, `fault` when the frame stays, `enter` when the result is not consistent */
  private pop(excReturn: number, to: number): 'return' | 'fault' | 'enter' {
    const { state, special, memory, blocks, fpu, onSwitch, machine: { exceptions } } = this.config;
    const extended = (excReturn & EXC_RETURN_BASIC) === 0;
    const process = to === TO.threadProcess;
    const at = process ? special.psp : special.msp;
    const thread = to !== TO.handler;
    const privileged = !thread || !special.unprivilegedThread;
    const { frame } = this;
    try {
      memory.loadWordsAs(at >>> 0, frame, privileged);
      if (extended) fpu.pop(at + BASIC_FRAME_BYTES, privileged);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.derived(error, CFSR.MUNSTKERR, CFSR.UNSTKERR);
      return 'fault';
    }
    state[R] = frame[FRAME.R0];
    state[R + 1] = frame[FRAME.R1];
    state[R + 2] = frame[FRAME.R2];
    state[R + 3] = frame[FRAME.R3];
    state[R + 12] = frame[FRAME.R12];
    state[LR] = frame[FRAME.LR];
    const psr = frame[FRAME.PSR];
    special.useProcessStack(process);
    const aligned = (extended || (blocks.scb.ccr & CCR_BITS.STKALIGN) !== 0) && (psr & XPSR_ALIGNED) !== 0;
    state[SP] = (at + (extended ? BASIC_FRAME_BYTES + FPU_FRAME_BYTES : BASIC_FRAME_BYTES)) | (aligned ? 4 : 0);
    special.setPsrBesidesIpsr(psr);
    special.fpca = extended;
    exceptions.current = psr & IPSR_MASK;
    special.jump(frame[FRAME.PC]);
    special.onChange();
    // An event also for WFE, and exclusive accesses are lost.
    onSwitch();
    if (thread !== (exceptions.current === 0)) {
      // The mode is that of EXC_RETURN, so the new frame has it.
      this.raise(new Fault(CFSR.INVPC, undefined, `the stacked IPSR is ${psr & IPSR_MASK}`));
      return 'enter';
    }
    return 'return';
  }
}
