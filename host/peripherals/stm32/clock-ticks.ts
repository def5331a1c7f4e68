// SPDX-License-Identifier: MIT
// Ticks of one of the chip's clocks, counted and waited for in core cycles, whatever becomes of the clocks meanwhile.

import { ceilDivide, divide, floorTimes, fraction, type Fraction } from '../../machine/fraction.js';
import type { ModelContext } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';

/** Something due at a tick. */
export interface TickAlarm {
  readonly tick: number;
  readonly action: () => void;
  appointment: Appointment | undefined;
}

/**
 * Counts from when it was made or restarted. While the clock stands still so does the count. A change of the clocks in the middle of a tick keeps the
 * part that has passed, to a core cycle.
 */
export class ClockTicks {
  /** The cycle at which `counted` was right. */
  private base: number;
  private counted = 0;
  private cycles: Fraction | undefined;
  private readonly alarms = new Set<TickAlarm>();

  /** @param clock a clock's name, or a constant frequency in hertz: 1e6 counts microseconds */
  constructor(private readonly ctx: Pick<ModelContext, 'timeline' | 'clocks'>, private readonly clock: string | number) {
    this.base = ctx.timeline.now;
    this.cycles = this.cyclesPerTick();
    ctx.clocks.onChange(() => this.clockChanged());
  }

  get running(): boolean {
    return this.cycles !== undefined;
  }

  /** Whole ticks so far. */
  get count(): number {
    if (this.cycles === undefined) return this.counted;
    return this.counted + floorTimes(this.ctx.timeline.now - this.base, { n: this.cycles.d, d: this.cycles.n });
  }

  /** Counts from 0 at the present cycle on; alarms are gone. */
  restart(): void {
    for (const alarm of [...this.alarms]) this.cancel(alarm);
    this.base = this.ctx.timeline.now;
    this.counted = 0;
  }

  /** Runs `action` when the count comes to `tick`; at once, if it is there already, as the next thing that the timeline does. */
  at(tick: number, action: () => void): TickAlarm {
    const alarm: TickAlarm = { tick, action, appointment: undefined };
    this.alarms.add(alarm);
    this.plan(alarm);
    return alarm;
  }

  /** Runs `action` after `ticks` whole ticks from the last one on. */
  after(ticks: number, action: () => void): TickAlarm {
    return this.at(this.count + ticks, action);
  }

  /** Takes an alarm back; one that has run, or undefined, is left alone. */
  cancel(alarm: TickAlarm | undefined): void {
    if (alarm === undefined || !this.alarms.delete(alarm)) return;
    this.ctx.timeline.cancel(alarm.appointment);
  }

  private plan(alarm: TickAlarm): void {
    const { timeline } = this.ctx;
    timeline.cancel(alarm.appointment);
    alarm.appointment = undefined;
    if (this.cycles === undefined) return;
    // The first cycle at which `count` is what was asked for.
    const cycle = this.base + ceilDivide(alarm.tick - this.counted, { n: this.cycles.d, d: this.cycles.n });
    alarm.appointment = timeline.at(Math.max(timeline.now, cycle), () => {
      this.alarms.delete(alarm);
      alarm.action();
    });
  }

  private cyclesPerTick(): Fraction | undefined {
    const { clocks } = this.ctx;
    if (typeof this.clock === 'number') return divide(clocks.hertz('HCLK'), fraction(this.clock));
    return clocks.running(this.clock) ? clocks.cyclesPerTick(this.clock) : undefined;
  }

  private clockChanged(): void {
    const [before, after] = [this.cycles, this.cyclesPerTick()];
    if (before?.n === after?.n && before?.d === after?.d) return;
    const { now } = this.ctx.timeline;
    const { count } = this;
    let part = 0;
    if (before !== undefined && after !== undefined) {
      // Part of a tick that has passed, in cycles of the new clock.
      const passed = now - this.base - ((count - this.counted) * before.n) / before.d;
      part = Math.floor((passed * before.d * after.n) / (before.n * after.d));
    }
    this.counted = count;
    this.base = now - part;
    this.cycles = after;
    for (const alarm of this.alarms) this.plan(alarm);
  }
}
