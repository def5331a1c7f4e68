// SPDX-License-Identifier: MIT
// Which exception runs next: ARMv7-M's rules of priority, pending, active and masked (ARM DDI 0403E, B1.5).

import type { InterruptLine } from './peripheral.js';
import type { Timeline } from './timeline.js';

/** Exception numbers of the core itself (DDI 0403E, table B1-4); interrupt n is exception 16 + n. */
export const EXCEPTION = {
  Reset: 1, NMI: 2, HardFault: 3, MemManage: 4, BusFault: 5, UsageFault: 6, SVCall: 11, DebugMonitor: 12, PendSV: 14, SysTick: 15,
} as const;

/** First exception number that is an interrupt of the chip. */
export const FIRST_IRQ = 16;

const ALWAYS_ENABLED = [EXCEPTION.NMI, EXCEPTION.HardFault, EXCEPTION.SVCall, EXCEPTION.PendSV, EXCEPTION.SysTick];

/** Execution priority with nothing active and nothing masked: below every configurable priority. */
const THREAD_PRIORITY = 256;

/**
 * Pending, enabled and active state of every exception, and the one question a CPU asks: what do I take now?
 *
 * Raw priorities are 8 bits wide with the chip's implemented bits at the top, as in NVIC_IPR and SCB_SHPR.
 */
export class ExceptionController {
  /** AIRCR.PRIGROUP: bits [PRIGROUP:0] of a priority are subpriority and do not pre-empt. */
  prigroup = 0;
  /** The core's special registers. */
  primask = false;
  faultmask = false;
  basepri = 0;
  /** True when something may have become takeable since the CPU last looked; the CPU clears it. */
  attention = false;
  /** The exception being handled (IPSR), 0 in thread mode. A CPU that restores it from a stack sets it. */
  current = 0;
  /** Called when an exception becomes pending: SCR.SEVONPEND makes an event of it. */
  onPend: ((exception: number) => void) | undefined;

  readonly count: number;
  private readonly enabled: Uint8Array;
  private readonly pending: Uint8Array;
  private readonly active: Uint8Array;
  private readonly level: Uint8Array;
  private readonly priority: Uint8Array;
  private readonly pendingSince: Float64Array;
  private readonly pendingList: number[] = [];
  private readonly activeStack: number[] = [];
  private readonly priorityMask: number;

  /**
   * @param irqCount interrupt lines of the chip (82 on the STM32F407)
   * @param priorityBits implemented priority bits (4 on STM32: 16 levels)
   */
  constructor(private readonly timeline: Timeline, irqCount: number, readonly priorityBits: number) {
    this.count = FIRST_IRQ + irqCount;
    this.enabled = new Uint8Array(this.count);
    this.pending = new Uint8Array(this.count);
    this.active = new Uint8Array(this.count);
    this.level = new Uint8Array(this.count);
    this.priority = new Uint8Array(this.count);
    this.pendingSince = new Float64Array(this.count);
    this.priorityMask = (0xff << (8 - priorityBits)) & 0xff;
    this.reset();
  }

  /** As after a reset of the core; the chip's lines keep their levels, and those that are high pend again. */
  reset(): void {
    for (const array of [this.enabled, this.pending, this.active, this.priority]) array.fill(0);
    this.pendingList.length = this.activeStack.length = 0;
    this.current = this.prigroup = this.basepri = 0;
    this.primask = this.faultmask = false;
    // The core's own exceptions have no enable bit in the NVIC; the configurable faults do, in SCB_SHCSR, and the debug monitor in DEMCR.
    for (const n of ALWAYS_ENABLED) this.enabled[n] = 1;
    for (let n = FIRST_IRQ; n < this.count; n++) if (this.level[n]) this.setPending(n);
    this.attention = true;
  }

  isEnabled(exception: number): boolean {
    return this.enabled[exception] === 1;
  }
  isPending(exception: number): boolean {
    return this.pending[exception] === 1;
  }
  isActive(exception: number): boolean {
    return this.active[exception] === 1;
  }
  /** Raw 8-bit priority. */
  priorityOf(exception: number): number {
    return this.priority[exception];
  }
  /** Cycle at which the exception became pending, for latencies. */
  pendedAt(exception: number): number {
    return this.pendingSince[exception];
  }
  /** How many exceptions are active, one inside the other. */
  get depth(): number {
    return this.activeStack.length;
  }
  /** The active exceptions, the one activated last first. */
  get activeOnes(): readonly number[] {
    return this.activeStack.slice().reverse();
  }

  enable(exception: number): void {
    this.enabled[exception] = 1;
    this.attention = true;
  }
  disable(exception: number): void {
    this.enabled[exception] = 0;
  }
  /** Sets a raw priority; bits that the chip does not implement read as zero. */
  setPriority(exception: number, raw: number): void {
    this.priority[exception] = raw & this.priorityMask;
    this.attention = true;
  }

  setPending(exception: number): void {
    if (this.pending[exception]) return;
    this.pending[exception] = 1;
    this.pendingSince[exception] = this.timeline.now;
    this.pendingList.push(exception);
    this.attention = true;
    this.onPend?.(exception);
  }
  clearPending(exception: number): void {
    this.dropPending(exception);
    // A line that is still high pends again at once (DDI 0403E, B3.4.1).
    if (this.level[exception] && !this.active[exception]) this.setPending(exception);
  }

  /** The chip's line into interrupt `irq`: a rising level pends it; a level still high when its handler returns pends it again. */
  line(irq: number): InterruptLine {
    const exception = FIRST_IRQ + irq;
    return {
      set: (active: boolean) => {
        if (this.level[exception] === (active ? 1 : 0)) return;
        this.level[exception] = active ? 1 : 0;
        if (active) this.setPending(exception);
      },
    };
  }

  /** Priority the core runs at: the most urgent of what is active and what is masked (DDI 0403E, B1.5.4). */
  executionPriority(): number {
    let lowest = THREAD_PRIORITY;
    for (let i = 0; i < this.activeStack.length; i++) lowest = Math.min(lowest, this.groupPriority(this.activeStack[i]));
    if (this.basepri !== 0) lowest = Math.min(lowest, this.group(this.basepri & this.priorityMask));
    if (this.primask) lowest = Math.min(lowest, 0);
    if (this.faultmask) lowest = Math.min(lowest, -1);
    return lowest;
  }

  /** The exception that pre-empts now, or 0. Of equals, the lower subpriority, then the lower number, goes first. */
  next(): number {
    if (this.pendingList.length === 0) return 0;
    const candidate = this.mostUrgentPending();
    return candidate !== 0 && this.groupPriority(candidate) < this.executionPriority() ? candidate : 0;
  }

  /** Whether WFI would wake: something is pending that would pre-empt if PRIMASK were clear (DDI 0403E, B1.5.19). */
  wakesFromWfi(): boolean {
    if (this.pendingList.length === 0) return false;
    const masked = this.primask;
    this.primask = false;
    const wakes = this.next() !== 0;
    this.primask = masked;
    return wakes;
  }

  /** Exception entry: pending becomes active. */
  activate(exception: number): void {
    this.dropPending(exception);
    this.active[exception] = 1;
    this.activeStack.push(exception);
    this.current = exception;
  }

  /** Exception return from the innermost handler. */
  deactivate(exception: number): void {
    if (this.current !== exception) throw new Error(`return from exception ${exception}, but ${this.current} is the innermost active`);
    this.setActive(exception, false);
    this.current = this.activeStack.at(-1) ?? 0;
    this.faultmask = false;
  }

  /** Makes an exception active or not, whatever the others are: for a return out of order, and for the active bits in SHCSR. */
  setActive(exception: number, active: boolean): void {
    if (this.isActive(exception) === active) return;
    this.active[exception] = active ? 1 : 0;
    if (active) this.activeStack.push(exception);
    else {
      if (this.activeStack.at(-1) === exception) this.activeStack.pop();
      else this.activeStack.splice(this.activeStack.lastIndexOf(exception), 1);
      if (this.level[exception]) this.setPending(exception);
    }
    if (this.pendingList.length > 0) this.attention = true;
  }

  /** AIRCR.VECTCLRACTIVE: nothing is active any more. */
  clearActive(): void {
    for (const n of this.activeOnes) this.setActive(n, false);
    this.current = 0;
  }

  /** The pending and enabled exception that would be first, whether or not it can pre-empt (ICSR.VECTPENDING); 0 when there is none. */
  firstPending(): number {
    return this.mostUrgentPending();
  }

  /** Whether this exception would pre-empt what runs, were it pending and enabled. */
  canPreempt(exception: number): boolean {
    return this.groupPriority(exception) < this.executionPriority();
  }

  private dropPending(exception: number): void {
    if (!this.pending[exception]) return;
    this.pending[exception] = 0;
    // In no order: the last one takes its place.
    const { pendingList } = this;
    pendingList[pendingList.indexOf(exception)] = pendingList[pendingList.length - 1];
    pendingList.pop();
  }

  private mostUrgentPending(): number {
    let best = 0;
    let bestPriority = Infinity;
    for (let i = 0; i < this.pendingList.length; i++) {
      const n = this.pendingList[i];
      if (!this.enabled[n]) continue;
      const priority = this.fullPriority(n);
      if (priority < bestPriority || (priority === bestPriority && n < best)) {
        best = n;
        bestPriority = priority;
      }
    }
    return best;
  }

  private fullPriority(exception: number): number {
    if (exception === EXCEPTION.NMI) return -2;
    if (exception === EXCEPTION.HardFault) return -1;
    return this.priority[exception];
  }

  private group(raw: number): number {
    return raw & ~((1 << (this.prigroup + 1)) - 1) & 0xff;
  }

  private groupPriority(exception: number): number {
    const full = this.fullPriority(exception);
    return full < 0 ? full : this.group(full);
  }
}
