// SPDX-License-Identifier: MIT
// What system instructions do to the core: masks, special registers, waiting, exclusive accesses, SVC and BKPT (ARM DDI 0403E, B5.2, A3.4, B1.5.17 to 19).

import type { ExceptionController } from '../../../machine/exceptions.js';
import type { Ops } from '../isa/ops.js';
import { STATE } from '../state.js';
import type { CoreControl } from './control.js';
import type { DataMemory } from './data-memory.js';
import { CFSR, Fault } from './fault.js';
import type { FpuContext } from './fpu-context.js';
import type { SpecialRegisters } from './special-registers.js';

export interface SystemControlConfig {
  readonly ops: Ops<number>;
  readonly state: Int32Array;
  readonly special: SpecialRegisters;
  readonly memory: DataMemory;
  readonly fpu: FpuContext;
  readonly exceptions: ExceptionController;
  /** Something that was masked or pended may be taken now. */
  readonly recheck: () => void;
  readonly supervisorCall: () => void;
  readonly breakpoint: (imm8: number) => void;
  readonly sleep: (until: 'interrupt' | 'event') => void;
}

export class SystemControl implements CoreControl {
  readonly ops: Ops<number>;
  /** The local monitor: an exclusive load was the last of its kind (A3.4). It holds for any address, as on a Cortex-M4. */
  private exclusive = false;
  /** The event register (B1.5.18). */
  private event = false;

  constructor(private readonly config: SystemControlConfig) {
    this.ops = config.ops;
  }

  reset(): void {
    this.exclusive = this.event = false;
  }

  /** An exception was entered or left. */
  onSwitch(): void {
    this.exclusive = false;
    this.event = true;
  }

  readSpecial(sysm: number): number {
    return this.config.special.read(sysm);
  }

  writeSpecial(sysm: number, mask: number, value: number): void {
    this.config.special.write(sysm, mask, value);
    this.config.recheck();
  }

  changeInterrupts(disable: boolean, primask: boolean, faultmask: boolean): void {
    const { special, exceptions, recheck } = this.config;
    if (!special.privileged) return;
    if (primask) exceptions.primask = disable;
    if (faultmask && (!disable || exceptions.executionPriority() > -1)) exceptions.faultmask = disable;
    recheck();
  }

  supervisorCall(): void {
    this.config.supervisorCall();
  }

  breakpoint(imm8: number): void {
    this.config.breakpoint(imm8);
  }

  undefined(): never {
    throw new Fault(CFSR.UNDEFINSTR);
  }

  noCoprocessor(): never {
    throw new Fault(CFSR.NOCP);
  }

  waitForInterrupt(): void {
    this.config.sleep('interrupt');
  }

  waitForEvent(): void {
    if (this.event) this.event = false;
    else this.config.sleep('event');
  }

  /** Whether an event has come; it is used up. */
  takeEvent(): boolean {
    const { event } = this;
    this.event = false;
    return event;
  }

  sendEvent(): void {
    this.event = true;
  }

  setIT(itstate: number): void {
    this.config.state[STATE.IT] = itstate;
  }

  loadExclusive(address: number, size: 1 | 2 | 4): number {
    const value = this.config.memory.load(address, size, 'aligned');
    this.exclusive = true;
    return value;
  }

  storeExclusive(address: number, size: 1 | 2 | 4, value: number): number {
    if (!this.exclusive) return 1;
    this.config.memory.store(address, size, value, 'aligned');
    this.exclusive = false;
    return 0;
  }

  clearExclusive(): void {
    this.exclusive = false;
  }

  readFpscr(): number {
    return this.config.special.fpscr;
  }

  writeFpscr(value: number): void {
    this.config.special.fpscr = value;
  }
}
