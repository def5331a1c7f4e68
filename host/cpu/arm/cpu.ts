// SPDX-License-Identifier: MIT
// The Cortex-M4F: runs instructions until the timeline's next appointment, lets exceptions pre-empt between any two of them, and counts cycles.

import { EXCEPTION } from '../../machine/exceptions.js';
import type { Machine } from '../../machine/machine.js';
import type { CorePeripherals } from '../../peripherals/cortex-m/core.js';
import { DEMCR_BITS, DFSR_BITS } from '../../peripherals/cortex-m/core-debug.js';
import { CCR_BITS, SCR_BITS } from '../../peripherals/cortex-m/scb.js';
import { DataMemory } from './core/data-memory.js';
import { ExceptionModel, type CoreCycles } from './core/exception-model.js';
import { CFSR, Fault, type FaultRecord } from './core/fault.js';
import { FpuContext } from './core/fpu-context.js';
import { SpecialRegisters } from './core/special-registers.js';
import { SystemControl } from './core/system-control.js';
import type { CycleCounters } from './cycle-counters.js';
import { Fpu } from './fpu/arithmetic.js';
import type { FlashTiming } from './flash-accelerator.js';
import type { HotCode } from './hot/hot-code.js';
import { Evaluator } from './interpreter/evaluator.js';
import { PreparedCode, type Prepared } from './interpreter/prepared.js';
import type { Size } from './isa/ops.js';
import type { ArmMemory } from './memory.js';
import { STATE } from './state.js';
import { delay, PIPE } from './timing.js';

/** No deadline is further away: the flash accelerator's stamps have to be renumbered in time (FlashTiming). */
const FARTHEST = 2 ** 22;
const SEMIHOSTING = 0xab;
const ALWAYS = 14;
const MONITOR_STEPS = DEMCR_BITS.MON_EN | DEMCR_BITS.MON_STEP;
const { PC, R, N, Z, C, V, IT, LEFT, LINE, PIPE: PIPELINE, FPU_READY } = STATE;

export interface ArmCpuConfig {
  readonly machine: Machine;
  readonly blocks: CorePeripherals;
  readonly memory: ArmMemory;
  /** Cycles of exception entry, exit, and of going from one handler to the next. */
  readonly core: CoreCycles;
  readonly flashTiming?: FlashTiming;
  /** How many cycles' worth of instructions the core does in one cycle: 1, or more to let a slow engine keep up. */
  readonly overclock?: number;
  /** The engine of hot code. */
  readonly hot?: HotCode;
  /** Where cycles are counted for a profile; the same that `hot` counts in. */
  readonly counters?: CycleCounters;
  /** A store to flash: the flash interface programs, or refuses. @throws BusError when the bus answers with an error */
  readonly writeFlash?: (address: number, size: Size, value: number) => void;
  /** Told of each fault exception when it is taken, and of lockup before it ends the run. */
  readonly onFault?: (record: FaultRecord) => void;
  /** BKPT 0xAB, when there is somebody to serve it. It reads and writes the core's state. */
  readonly semihosting?: (cpu: ArmCpu) => void;
  /** The core goes to sleep with SCR.SLEEPDEEP set, and nothing is there already that would wake it: the chip may stop its clocks. */
  readonly sleepDeep?: (until: 'interrupt' | 'event') => void;
  /** The core wakes from such a sleep. @returns cycles until it goes on */
  readonly wakeDeep?: () => number;
}

/** What a comparator of the FPB or of the DWT has found. */
export type CoreTrap =
  | { readonly kind: 'breakpoint'; readonly address: number }
  | { readonly kind: 'watchpoint'; readonly address: number; readonly access: 'read' | 'write' };

export class ArmCpu {
  readonly state: Int32Array;
  readonly memory: DataMemory;
  readonly special: SpecialRegisters;
  readonly fpu: FpuContext;
  readonly exceptionModel: ExceptionModel;
  readonly system: SystemControl;
  /** A debugger takes BKPT for itself. @returns whether it does */
  onBreakpoint: ((imm8: number) => boolean) | undefined;
  /** The same for breakpoints of the FPB and PC watchpoints of the DWT, before the instruction, and for data watchpoints, behind it. */
  onTrap: ((trap: CoreTrap) => boolean) | undefined;
  /** An instruction whose trap is not to be met again: a debugger goes on there. */
  passTrapAt = -1;
  /** Told of each fault, besides the configuration's own. */
  onFault: ((record: FaultRecord) => void) | undefined;
  /** Ends `slice` before the next instruction: a debugger stops. */
  halting = false;
  /** Steps only, without hot code: for traces. */
  interpretOnly = false;
  private readonly code: PreparedCode;
  private readonly evaluator: Evaluator;
  private readonly hot: HotCode | undefined;
  private readonly overclock: number;
  private deadline = 0;
  /** EXC_RETURN that the current instruction has branched to. */
  private returning = 0;
  private sleeping: 'interrupt' | 'event' | undefined;
  private sleptFrom = 0;
  /** Whether it is the sleep of SCR.SLEEPDEEP. */
  private deep = false;
  private resetRequested = false;
  /** Whether the FPB or the DWT looks at every PC. */
  private trapsPc = false;
  /** A data watchpoint of the DWT that the instruction has met. */
  private watched: CoreTrap | undefined;
  /** DEMCR.MON_STEP: the debug monitor steps. */
  private monitorSteps = false;
  /** Address and ITSTATE of the instruction that is executed. */
  private pc = 0;
  private it = 0;

  constructor(private readonly config: ArmCpuConfig) {
    const { machine, blocks, memory, core } = config;
    const { exceptions } = machine;
    const { state } = (this.state = memory.state, memory);
    this.overclock = config.overclock ?? 1;
    this.special = new SpecialRegisters(state, exceptions);
    this.memory = new DataMemory({
      memory, bus: machine.bus, mpu: blocks.mpu, flashTiming: config.flashTiming, writeFlash: config.writeFlash && ((address, size, value) => {
        config.writeFlash!(address, size, value);
        this.hot?.flush();
      }),
      beforeDevice: () => this.synchronise(),
      afterDevice: () => this.afterAccess(),
      negativePriority: () => exceptions.executionPriority() < 0,
      ignoresBusErrors: () => (blocks.scb.ccr & CCR_BITS.BFHFNMIGN) !== 0 && exceptions.executionPriority() < 0,
      userMayPend: () => (blocks.scb.ccr & CCR_BITS.USERSETMPEND) !== 0,
      noteIgnored: (fault) => blocks.scb.noteFault(fault.status, fault.address),
      onRightsChange: () => this.flushCode(),
    });
    this.fpu = new FpuContext(state, this.special, this.memory, blocks.scb, blocks.fpu, exceptions);
    this.exceptionModel = new ExceptionModel({
      machine, blocks, state, special: this.special, memory: this.memory, fpu: this.fpu, core,
      spend: (cycles) => this.spend(cycles),
      onSwitch: () => this.system.onSwitch(),
      onFault: (record) => {
        config.onFault?.(record);
        this.onFault?.(record);
      },
      sleepOnExit: () => this.sleep('interrupt'),
    });
    this.evaluator = new Evaluator(state, this.memory, new Fpu(state), {
      unusualBranch: (address, call) => {
        if (!call && address >>> 28 === 0xf && this.special.handlerMode) this.returning = address;
        else {
          // The instruction at the target finds EPSR.T clear.
          this.special.thumb = (address & 1) !== 0;
          state[PC] = address & ~1;
        }
      },
      divideByZero: () => {
        if (blocks.scb.ccr & CCR_BITS.DIV_0_TRP) throw new Fault(CFSR.DIVBYZERO);
      },
    });
    this.system = new SystemControl({
      ops: this.evaluator, state, special: this.special, memory: this.memory, fpu: this.fpu, exceptions,
      recheck: () => this.recheck(),
      supervisorCall: () => {
        this.synchronise();
        this.exceptionModel.supervisorCall();
        this.rearm();
      },
      breakpoint: (imm8) => this.breakpoint(imm8),
      sleep: (until) => this.sleep(until),
    });
    this.code = new PreparedCode(this.memory);
    this.special.onChange = () => {
      this.memory.privileged = this.special.privileged;
      this.fpu.settle();
    };
    blocks.scb.onChange = () => {
      this.memory.unalignTrap = (blocks.scb.ccr & CCR_BITS.UNALIGN_TRP) !== 0;
      this.fpu.settle();
    };
    blocks.scb.sleepModes = blocks.mpu.enforced = true;
    blocks.fpu.onChange = () => this.fpu.settle();
    blocks.dwt.sampledPc = () => this.pc;
    blocks.fpb.onChange = blocks.dwt.onChange = () => this.settleTraps();
    blocks.debug.onChange = () => (this.monitorSteps = (blocks.debug.demcr & MONITOR_STEPS) === MONITOR_STEPS);
    exceptions.onPend = () => {
      if (blocks.scb.scr & SCR_BITS.SEVONPEND) this.system.sendEvent();
    };
    this.hot = config.hot;
  }

  /** The present, from what is left until the next appointment. */
  get now(): number {
    const left = this.state[LEFT];
    return this.deadline - (this.overclock === 1 ? left : Math.floor(left / this.overclock));
  }

  /** Whether an exception will be taken before the next instruction. */
  get exceptionWaits(): boolean {
    const { exceptions } = this.config.machine;
    return exceptions.attention && exceptions.next() !== 0;
  }

  /** Has the machine asked before the next instruction: its time may have an appointment that was not there before. */
  attendSoon(): void {
    this.deadline = this.now;
    this.state[LEFT] = 0;
  }

  get asleep(): boolean {
    return this.sleeping !== undefined;
  }

  /** The cycle from which on it sleeps; undefined when it is awake. */
  get asleepSince(): number | undefined {
    return this.asleep ? this.sleptFrom : undefined;
  }

  /** Puts the core and its own peripherals into their reset state; stack pointer and PC come from the vectors at address 0 (B1.5.5). */
  reset(): void {
    const { blocks } = this.config;
    this.resetRequested = false;
    this.sleeping = undefined;
    this.deep = false;
    this.returning = 0;
    blocks.reset();
    this.special.reset();
    this.system.reset();
    this.config.counters?.reset();
    this.flushCode();
    blocks.scb.onChange();
    this.state[LINE] = -1;
    try {
      this.special.msp = this.memory.loadAs(blocks.scb.vtor, 4, true);
      const vector = this.memory.loadAs(blocks.scb.vtor + 4, 4, true);
      this.special.thumb = (vector & 1) !== 0;
      this.special.jump(vector);
      this.state[R + 14] = -1;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.exceptionModel.lockUpAtReset();
    }
    this.arm();
  }

  /** Resets before the next instruction: for the chip's reset lines and for AIRCR, in the middle of an access. */
  requestReset(): void {
    this.resetRequested = true;
    this.rearm();
  }

  /** Runs until something throws: the end of the run (RunEnded), lockup, an error of a model. */
  run(): never {
    for (;;) this.slice();
  }

  /** Runs until the next appointment, at least one instruction, or one exception entry. */
  slice(): void {
    const { exceptions } = this.config.machine;
    if (this.state[LEFT] <= 0 || exceptions.attention) while (this.attend() && exceptions.attention);
    if (this.halting) return;
    if (this.sleeping) this.sleepOn();
    else {
      try {
        this.go();
      } catch (error) {
        this.raise(error);
      }
    }
  }

  /** Executes exactly one instruction, or takes one exception, or sleeps until the next appointment. */
  step(): void {
    if (this.state[LEFT] <= 0 || this.config.machine.exceptions.attention) if (this.attend()) return;
    if (this.sleeping) this.sleepOn();
    else {
      try {
        if (this.monitorSteps) this.monitoredStep();
        else this.execute();
      } catch (error) {
        this.raise(error);
      }
    }
  }

  /** An instruction, and the debug monitor behind it, if it may pre-empt the instruction (C1.5.3). */
  private monitoredStep(): void {
    const stepped = this.config.machine.exceptions.canPreempt(EXCEPTION.DebugMonitor);
    this.execute();
    if (!stepped) return;
    this.synchronise();
    this.exceptionModel.debugEvent(DFSR_BITS.HALTED);
    this.rearm();
  }

  /** Brings the machine up to the present. @returns whether an exception was taken; the machine's attention says whether there may be more */
  private attend(): boolean {
    const { machine: { exceptions } } = this.config;
    this.config.flashTiming?.renumber();
    this.synchronise();
    if (this.resetRequested) this.reset();
    if (this.watched) this.trap(this.watched, DFSR_BITS.DWTTRAP);
    if (exceptions.attention && !this.sleeping) {
      exceptions.attention = false;
      if (exceptions.next() !== 0) {
        this.exceptionModel.enter();
        // The stacking may have met a watchpoint.
        exceptions.attention ||= this.watched !== undefined || exceptions.next() !== 0;
        this.arm();
        return true;
      }
    }
    this.arm();
    return false;
  }

  /** Not for traces, breakpoints and watchpoints, which see every instruction and access; nor for code whose rights are not those that translated code was made for. */
  private get mayTranslate(): boolean {
    return !this.interpretOnly && !this.trapsPc && !this.memory.watched && (this.special.privileged || !this.config.blocks.mpu.enabled);
  }

  /** Executes until the cycles are used up: translated code where there is some, and the interpreter in between. */
  private go(): void {
    const { state, hot } = this;
    if (this.monitorSteps) {
      this.monitoredStep();
      return;
    }
    if (hot === undefined || !this.mayTranslate) {
      do this.execute(); while (state[LEFT] > 0);
      return;
    }
    let start: 'entry' | 'resumed' | 'inside' = 'resumed';
    do {
      const left = state[IT] === 0 && this.special.thumb && hot.run();
      if (state[LEFT] <= 0) return;
      hot.note(state[PC], left ? 'entry' : start);
      start = this.execute(left) || left ? 'entry' : 'inside';
    } while (state[LEFT] > 0 && this.mayTranslate);
  }

  /** The instruction that faults has not happened. @throws what is no Fault */
  private raise(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    this.state[PC] = this.pc;
    this.state[IT] = this.it;
    this.returning = 0;
    this.synchronise();
    this.exceptionModel.raise(error);
    this.rearm();
  }

  /** Executes the instruction at PC. @param begun translated code has gone before. @returns whether it has branched @throws Fault */
  private execute(begun = false): boolean {
    return this.config.counters ? this.counted(this.config.counters, begun) : this.one();
  }

  /** What the core has worked since reset, in cycles of its own speed. */
  private get worked(): number {
    return this.deadline * this.overclock - this.state[LEFT];
  }

  /** Executes an instruction and counts its cycles: with what translated code has taken for it already, without what its exception return takes. */
  private counted(counters: CycleCounters, begun: boolean): boolean {
    const { state } = this;
    const { row } = counters;
    const pc = state[PC] >>> 0;
    const inIT = state[IT] !== 0;
    const from = this.worked - (begun ? state[STATE.COUNTED] - state[LEFT] : 0) - counters.ownCycles;
    try {
      const branched = this.one();
      // An exception that has returned has changed the context already.
      if (branched && counters.row === row) {
        const { calls, next } = this.code.at(pc, inIT);
        if (calls) counters.call(pc, next, state[PC]);
        else counters.jump(state[PC]);
      }
      return branched;
    } finally {
      // What WFI takes once the core sleeps is sleep.
      const cycles = (this.sleeping ? this.sleptFrom * this.overclock : this.worked) - counters.ownCycles - from;
      if (cycles !== 0) counters.charge(row, pc, cycles);
    }
  }

  /** Executes the instruction at PC. @returns whether it has branched @throws Fault */
  private one(): boolean {
    const { state, config: { flashTiming } } = this;
    const pc = (this.pc = state[PC] >>> 0);
    const it = (this.it = state[IT]);
    if (!this.special.thumb) throw new Fault(CFSR.INVSTATE, undefined, 'EPSR.T is clear: a branch, vector or return address without bit 0');
    if (this.trapsPc && this.trappedAt(pc)) return false;
    const prepared = this.code.at(pc, it !== 0);
    if (flashTiming) {
      if (prepared.line !== state[LINE]) this.fetchLine(flashTiming, prepared.line);
      if (prepared.lastLine !== prepared.line) this.fetchLine(flashTiming, prepared.lastLine);
    }
    if (prepared.needs) state[LEFT] -= delay(state[PIPELINE], prepared.needs);
    if (it !== 0) {
      // What holds for the instruction after it; a fault puts it back.
      state[IT] = it & 7 ? (it & 0xe0) | ((it << 1) & 0x1f) : 0;
      if (!this.passes(it >>> 4)) return this.skip(prepared);
    }
    if (prepared.condition !== ALWAYS && !this.passes(prepared.condition)) return this.skip(prepared);
    if (prepared.fpu && !state[FPU_READY]) this.fpu.prepare();
    const { evaluator } = this;
    const { cycles } = prepared;
    evaluator.branched = false;
    if (prepared.run) prepared.run(evaluator, prepared.fields, prepared.decoded);
    else {
      // The core may have to be left as it is after the instruction: SVC and WFI go on behind it.
      state[PC] = prepared.next;
      prepared.system!(this.system, prepared.fields, prepared.decoded);
      state[PIPELINE] = PIPE.none;
      state[LEFT] -= cycles;
      return false;
    }
    if (!evaluator.branched) {
      state[PC] = prepared.next;
      state[PIPELINE] = prepared.pipe;
      state[LEFT] -= cycles;
      return false;
    }
    state[PIPELINE] = PIPE.branched;
    state[LEFT] -= cycles;
    // The return from a handler fetches while it unstacks.
    if (this.returning !== 0) this.leaveHandler();
    else state[LEFT] -= prepared.refill;
    return true;
  }

  /** An instruction whose condition does not hold takes a cycle. */
  private skip({ next }: Prepared): false {
    const { state } = this;
    state[PC] = next;
    state[PIPELINE] = PIPE.none;
    state[LEFT]--;
    return false;
  }

  private leaveHandler(): void {
    const value = this.returning;
    this.returning = 0;
    this.synchronise();
    this.exceptionModel.leave(value);
    this.arm();
  }

  private fetchLine(flashTiming: FlashTiming, line: number): void {
    const { state } = this;
    const before = state[LINE];
    state[LINE] = line;
    if (line >= 0) state[LEFT] -= flashTiming.fetch(line, line === before + 1);
  }

  /** A condition (A7.3). */
  private passes(condition: number): boolean {
    const { state } = this;
    let result: boolean;
    switch (condition >>> 1) {
      case 0: result = state[Z] === 0; break;
      case 1: result = state[C] !== 0; break;
      case 2: result = state[N] < 0; break;
      case 3: result = state[V] < 0; break;
      case 4: result = state[C] !== 0 && state[Z] !== 0; break;
      case 5: result = (state[N] ^ state[V]) >= 0; break;
      case 6: result = (state[N] ^ state[V]) >= 0 && state[Z] !== 0; break;
      default: return true;
    }
    return result === ((condition & 1) === 0);
  }

  /** FPB and DWT have changed. */
  private settleTraps(): void {
    const { dwt, fpb } = this.config.blocks;
    this.trapsPc = fpb.active || dwt.watches('pc');
    this.memory.setWatch('dwt', !dwt.watches('data') ? undefined : (address, size, access) => {
      if (!dwt.matchData(address, size, access)) return;
      this.watched = { kind: 'watchpoint', address, access };
      this.attendSoon();
    });
    // Whoever runs without looking has to stop.
    this.attendSoon();
  }

  private trappedAt(pc: number): boolean {
    const { dwt, fpb } = this.config.blocks;
    const passes = this.passTrapAt === pc;
    this.passTrapAt = -1;
    if (passes) return false;
    const breakpoint = fpb.matches(pc);
    return (breakpoint || dwt.matchPc(pc)) && this.trap({ kind: 'breakpoint', address: pc }, breakpoint ? DFSR_BITS.BKPT : DFSR_BITS.DWTTRAP);
  }

  /** @returns whether the instruction is not to be executed now */
  private trap(trap: CoreTrap, dfsr: number): boolean {
    this.watched = undefined;
    this.synchronise();
    const taken = this.onTrap?.(trap) ?? this.exceptionModel.debugEvent(dfsr);
    if (taken) this.rearm();
    return taken;
  }

  private breakpoint(imm8: number): void {
    const { semihosting } = this.config;
    if (imm8 === SEMIHOSTING && semihosting) {
      this.synchronise();
      semihosting(this);
      return;
    }
    this.state[PC] = this.pc;
    this.state[IT] = this.it;
    this.synchronise();
    if (this.onBreakpoint?.(imm8)) return;
    this.exceptionModel.debugEvent(DFSR_BITS.BKPT);
    this.rearm();
  }

  private sleep(until: 'interrupt' | 'event'): void {
    const { blocks: { scb, debug }, sleepDeep } = this.config;
    this.synchronise();
    this.sleeping = until;
    debug.asleep = true;
    this.sleptFrom = this.config.machine.timeline.now;
    const { exceptions } = this.config.machine;
    this.deep = (scb.scr & SCR_BITS.SLEEPDEEP) !== 0 && !(until === 'event' ? exceptions.next() !== 0 : exceptions.wakesFromWfi());
    if (this.deep) sleepDeep?.(until);
    this.rearm();
  }

  /** Wakes, or lets time pass until the next appointment. */
  private sleepOn(): void {
    const { machine: { exceptions, timeline }, blocks: { debug, dwt } } = this.config;
    if (this.sleeping === 'event' ? exceptions.next() !== 0 || this.system.takeEvent() : exceptions.wakesFromWfi()) {
      this.sleeping = undefined;
      debug.asleep = false;
      if (this.deep) timeline.advanceTo(timeline.now + (this.config.wakeDeep?.() ?? 0));
      this.deep = false;
      this.sleptUntilNow();
      exceptions.attention = true;
    } else {
      if (timeline.nextDue === Infinity) throw new Error('the firmware sleeps for ever: no interrupt is enabled that could wake it');
      const from = timeline.now;
      timeline.advanceTo(timeline.nextDue);
      dwt.countSleep(timeline.now - from);
    }
    this.deadline = timeline.now;
    this.state[LEFT] = 0;
  }

  private sleptUntilNow(): void {
    const { timeline, observers } = this.config.machine;
    if (timeline.now > this.sleptFrom) observers.sleep(this.sleptFrom, timeline.now);
    this.sleptFrom = timeline.now;
  }

  /** Tells observers of a sleep that has not ended: a run may end in one. */
  reportSleep(): void {
    if (this.asleep) this.sleptUntilNow();
  }

  /** Address of the instruction that is executed. */
  get executing(): number {
    return this.pc;
  }

  /** Holds the core up until a cycle, from within an access that it makes. */
  stall(cycle: number): void {
    this.state[LEFT] -= Math.max(0, Math.round((cycle - this.now) * this.overclock));
  }

  /** Brings the timeline up to the present: all that is due happens. */
  synchronise(): void {
    const { timeline } = this.config.machine;
    const { now } = this;
    if (now > timeline.now || timeline.nextDue <= now) timeline.advanceTo(Math.max(now, timeline.now));
  }

  /** Sets the countdown for the next appointment, or for at once when an exception may have become takeable. */
  private arm(): void {
    const { machine: { timeline, exceptions } } = this.config;
    const { overclock } = this;
    const { now } = timeline;
    this.deadline = exceptions.attention ? now : Math.min(timeline.nextDue, now + Math.floor(FARTHEST / overclock));
    this.state[LEFT] = Math.floor((this.deadline - now) * overclock);
  }

  /** Has the machine asked before the next instruction. */
  private rearm(): void {
    this.config.machine.exceptions.attention = true;
    this.attendSoon();
  }

  /** A device access may have pended an interrupt or moved the next appointment. */
  private afterAccess(): void {
    const { exceptions, timeline } = this.config.machine;
    if (exceptions.attention || timeline.nextDue < this.deadline || timeline.nextDue <= timeline.now) this.arm();
  }

  /** Masks have changed: something that waits may be taken now. */
  private recheck(): void {
    if (this.config.machine.exceptions.next() !== 0) this.rearm();
  }

  /** Lets the core's own fixed-time work pass. */
  private spend(cycles: number): void {
    const { machine: { timeline }, blocks: { dwt }, counters } = this.config;
    const chipCycles = this.overclock === 1 ? cycles : Math.round(cycles / this.overclock);
    const from = this.worked;
    timeline.advanceTo(timeline.now + chipCycles);
    dwt.countException(chipCycles);
    this.deadline = timeline.now;
    this.state[LEFT] = 0;
    if (counters) counters.ownCycles += this.worked - from;
  }

  /** What is at an address, or the rights to it, have changed: decoded and translated code is forgotten. */
  flushCode(): void {
    this.code?.flush();
    this.hot?.flush();
  }
}
