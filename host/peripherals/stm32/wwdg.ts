// SPDX-License-Identifier: MIT
// Window watchdog: RM0090 rev 18, chapter 22; RM0383, chapter 16. Its counter runs freely, enabled or not, and so does the prescaler before it.

import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';

const CR = 0x00, CFR = 0x04, SR = 0x08;
const CR_WDGA = 1 << 7; // enabled, until the next reset
const CFR_EWI = 1 << 9; // early wake-up interrupt, until the next reset
const SR_EWIF = 1 << 0; // the counter has come to 0x40
const T6 = 0x40; // the bit whose fall resets the chip
/** PCLK1 periods in a count at WDGTB = 0 (22.4). */
const PRESCALER = 4096;

export class Wwdg extends RegisterBlock {
  private enabled = false;
  private CFR = 0x7f;
  private SR = 0;
  /** Value of the counter at a tick of PCLK1 at which the prescaler was at 0. */
  private counter = 0x7f;
  private since = 0;
  private alarm: TickAlarm | undefined;
  private readonly pclk: ClockTicks;
  private readonly line: InterruptLine;

  constructor(name: string, base: number, private readonly ctx: ModelContext, config: { readonly vector: string }) {
    super(name, base, registerNames.WWDG);
    this.line = ctx.interrupt(config.vector);
    this.pclk = new ClockTicks(ctx, 'PCLK1');
  }

  reset(): void {
    this.pclk.restart();
    this.alarm = undefined;
    this.enabled = false;
    this.CFR = this.counter = 0x7f;
    this.SR = this.since = 0;
    this.line.set(false);
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case CR: return this.value | (this.enabled ? CR_WDGA : 0);
      case CFR: return this.CFR;
      case SR: return this.SR;
      default: return undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case CR: this.writeCr(value); break;
      case CFR: this.writeCfr(value); break;
      case SR: this.SR &= value; break; // 22.6.3: cleared by writing 0
      default: return false;
    }
    this.updateInterrupt();
    return true;
  }

  /** SR is cleared by zeros: a narrow write must bring none of its own. */
  override peek(offset: number): number {
    return offset === SR ? 0xffff_ffff : super.peek(offset);
  }

  private writeCr(value: number): void {
    // 22.3: too early a refresh resets the chip, and so does a counter without T6.
    const early = this.enabled && this.value > (this.CFR & 0x7f);
    this.settle(value & 0x7f);
    if (value & CR_WDGA) this.enabled = true;
    if (this.enabled && (early || !(value & T6))) this.bite();
    else this.plan();
  }

  private writeCfr(value: number): void {
    this.settle(this.value);
    this.CFR = (value & 0x3ff) | (this.CFR & CFR_EWI);
    this.plan();
  }

  private get period(): number {
    return PRESCALER << ((this.CFR >>> 7) & 3);
  }

  /** The counter now: it wraps below 0 while it is not enabled. */
  private get value(): number {
    return (this.counter - Math.floor((this.pclk.count - this.since) / this.period)) & 0x7f;
  }

  /** Gives the counter a value, and leaves the prescaler where it is. */
  private settle(value: number): void {
    const { period } = this;
    this.since += Math.floor((this.pclk.count - this.since) / period) * period;
    this.counter = value;
  }

  /** The next thing that the counter does by itself: EWIF at 0x40, the reset at 0x3F. */
  private plan(): void {
    this.pclk.cancel(this.alarm);
    const { value } = this;
    const counts = !this.enabled ? undefined : value > T6 ? value - T6 : value - T6 + 1;
    if (counts === undefined) return;
    const tick = this.since + ((this.counter - value) + counts) * this.period;
    this.alarm = this.pclk.at(tick, () => {
      if (this.value !== T6) {
        this.bite();
        return;
      }
      this.SR |= SR_EWIF;
      this.updateInterrupt();
      this.plan();
    });
  }

  private bite(): void {
    this.pclk.cancel(this.alarm);
    this.enabled = false;
    this.ctx.requestReset('window watchdog');
  }

  private updateInterrupt(): void {
    this.line.set((this.SR & SR_EWIF) !== 0 && (this.CFR & CFR_EWI) !== 0);
  }
}
