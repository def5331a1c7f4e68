// SPDX-License-Identifier: MIT
// SysTick (ARM DDI 0403E, B3.3): a 24-bit down-counter, computed from the cycle count when somebody looks.

import { EXCEPTION, type ExceptionController } from '../../machine/exceptions.js';
import { RegisterBlock } from '../../machine/peripheral.js';
import type { Appointment, Timeline } from '../../machine/timeline.js';

const CSR = 0x0;
const RVR = 0x4;
const CVR = 0x8;
const CALIB = 0xc;

const CSR_ENABLE = 1 << 0; // counter runs
const CSR_TICKINT = 1 << 1; // counting to 0 pends SysTick
const CSR_CLKSOURCE = 1 << 2; // 1: core clock, 0: the chip's external reference
const CSR_COUNTFLAG = 1 << 16; // counted to 0 since the last read

export interface SysTickConfig {
  /** Core cycles in one tick of the external reference (8 on STM32: HCLK/8). */
  readonly referenceDivider: number;
}

/**
 * A period is RELOAD + 1 ticks: the counter shows RELOAD … 0. It reaches 0, sets COUNTFLAG and pends at the same tick; from a CVR cleared by a
 * write it first reloads, without an exception.
 */
export class SysTick extends RegisterBlock {
  private control = 0;
  private reload = 0;
  /** While running: `value` was shown at `since`. Stopped: `value` is shown. */
  private value = 0;
  private since = 0;
  private countFlag = false;
  private readonly tick: Appointment;
  private held = false;

  constructor(private readonly timeline: Timeline, private readonly exceptions: ExceptionController, private readonly config: SysTickConfig) {
    super('SysTick', 0xe000e010, { [CSR]: 'CSR', [RVR]: 'RVR', [CVR]: 'CVR', [CALIB]: 'CALIB' });
    this.tick = timeline.unset(() => {
      this.catchUp();
      this.exceptions.setPending(EXCEPTION.SysTick);
      this.plan();
    });
  }

  reset(): void {
    this.control = this.reload = this.value = 0;
    this.countFlag = this.held = false;
    this.plan();
  }

  /** The core's clock stands still, as in the chip's stop mode, or goes on. */
  hold(held: boolean): void {
    this.catchUp();
    this.held = held;
    if (!held) this.since = this.timeline.now;
    this.plan();
  }

  protected readRegister(offset: number): number | undefined {
    this.catchUp();
    switch (offset) {
      case CSR: {
        const value = this.control | (this.countFlag ? CSR_COUNTFLAG : 0);
        this.countFlag = false;
        return value;
      }
      case RVR: return this.reload;
      case CVR: return this.value;
      case CALIB: return 0xc0000000; // NOREF 1, SKEW 1: no calibrated reference is promised
    }
    return undefined;
  }

  override peek(offset: number): number {
    this.catchUp();
    return offset === CSR ? this.control : this.readRegister(offset) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    this.catchUp();
    switch (offset) {
      case CSR: {
        const before = this.control;
        this.control = value & (CSR_ENABLE | CSR_TICKINT | CSR_CLKSOURCE);
        // Only what starts the counter or gives it another clock begins a tick anew.
        if ((before ^ this.control) & (CSR_ENABLE | CSR_CLKSOURCE)) this.since = this.timeline.now;
        break;
      }
      case RVR: this.reload = value & 0xffffff; break;
      case CVR: this.value = 0; this.countFlag = false; this.since = this.timeline.now; break;
      case CALIB: break; // read-only
      default: return false;
    }
    this.plan();
    return true;
  }

  private get cyclesPerTick(): number {
    return this.control & CSR_CLKSOURCE ? 1 : this.config.referenceDivider;
  }

  /** Ticks from `value` until the counter next becomes 0; Infinity when it never will (RELOAD 0 disables it). */
  private ticksToZero(): number {
    if (this.value > 0) return this.value;
    return this.reload === 0 ? Infinity : this.reload + 1;
  }

  private catchUp(): void {
    if (!(this.control & CSR_ENABLE) || this.held) return;
    let ticks = Math.floor((this.timeline.now - this.since) / this.cyclesPerTick);
    this.since += ticks * this.cyclesPerTick;
    const toZero = this.ticksToZero();
    if (ticks >= toZero) {
      this.countFlag = true;
      ticks -= toZero;
      this.value = 0;
      if (this.reload > 0) ticks %= this.reload + 1;
    }
    if (ticks === 0) return;
    if (this.value > 0) this.value -= ticks;
    else if (this.reload > 0) this.value = this.reload + 1 - ticks;
  }

  private plan(): void {
    const wanted = CSR_ENABLE | CSR_TICKINT;
    if (this.held || (this.control & wanted) !== wanted || this.ticksToZero() === Infinity) this.timeline.cancel(this.tick);
    else this.timeline.move(this.tick, this.since + this.ticksToZero() * this.cyclesPerTick);
  }
}
