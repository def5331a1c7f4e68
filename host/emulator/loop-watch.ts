// SPDX-License-Identifier: MIT
// Looks now and then whether the core can do anything else at all: whether it sleeps for ever, or goes round in a loop that nothing can interrupt.

import type { ArmCpu } from '../cpu/arm/cpu.js';
import { EXCEPTION, FIRST_IRQ } from '../machine/exceptions.js';
import type { Machine } from '../machine/machine.js';
import { STATE } from '../cpu/arm/state.js';

/** Cycles between two looks: some 10 ms of a fast core. */
const PERIOD = 1 << 20;
const SYST_CSR = 0xe000e010;
const TICKINT_ENABLE = 3;
/** B to itself, NOP, and WFI and WFE, which a loop around itself may hold (DDI 0403E, A7.7). */
const BRANCH_TO_ITSELF = 0xe7fe;
const B_T2 = 0xe000;
const IDLE_INSTRUCTIONS: readonly number[] = [0xbf00, 0xbf20, 0xbf30, 0xbf40];
/** Longest loop of such instructions that is recognized, in halfwords. */
const LOOP_HALFWORDS = 8;

export class LoopWatch {
  /** @param wordAt memory, without time or side effect */
  constructor(private readonly machine: Machine, private readonly cpu: ArmCpu, private readonly wordAt: (address: number) => number | undefined) {}

  /**
   * @param onStuck told once the core can do nothing else; it ends the run
   * @param onLook told at each look before
   */
  start(onStuck: (what: 'sleep' | 'handler' | 'masked' | 'idle') => void, onLook: () => void): void {
    const { machine: { timeline, exceptions }, cpu } = this;
    const look = (): void => {
      onLook();
      if (cpu.asleep) {
        if (timeline.nextDue === Infinity && !exceptions.wakesFromWfi()) return onStuck('sleep');
      } else if (this.isTightLoop(cpu.state[STATE.PC] >>> 0) && !this.canBeInterrupted()) {
        if (exceptions.current !== 0) return onStuck('handler');
        if (exceptions.primask || exceptions.faultmask || exceptions.basepri !== 0) return onStuck('masked');
        if (timeline.nextDue === Infinity) return onStuck('idle');
      }
      timeline.after(PERIOD, look);
    };
    timeline.after(PERIOD, look);
  }

  /** Whether the instructions from `pc` on lead back to it, and change nothing. */
  private isTightLoop(pc: number): boolean {
    let at = pc;
    for (let i = 0; i < LOOP_HALFWORDS; i++) {
      const halfword = this.halfwordAt(at);
      if (halfword === undefined) return false;
      if (halfword === BRANCH_TO_ITSELF) return true;
      if ((halfword & 0xf800) === B_T2) at += 4 + (((halfword & 0x7ff) << 21) >> 20);
      else if (IDLE_INSTRUCTIONS.includes(halfword)) at += 2;
      else return false;
      if (at === pc) return true;
    }
    return false;
  }

  private halfwordAt(address: number): number | undefined {
    const word = this.wordAt(address & ~3);
    return word === undefined ? undefined : address & 2 ? word >>> 16 : word & 0xffff;
  }

  /** Whether something that is enabled would pre-empt the loop if it came. */
  private canBeInterrupted(): boolean {
    const { exceptions, bus } = this.machine;
    for (let n = FIRST_IRQ; n < exceptions.count; n++) if (exceptions.isEnabled(n) && exceptions.canPreempt(n)) return true;
    const systick = bus.peripheralAt(SYST_CSR)?.peripheral as { peek?(offset: number): number } | undefined;
    return ((systick?.peek?.(0) ?? 0) & TICKINT_ENABLE) === TICKINT_ENABLE && exceptions.canPreempt(EXCEPTION.SysTick);
  }
}
