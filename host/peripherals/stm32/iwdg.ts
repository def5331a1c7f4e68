// SPDX-License-Identifier: MIT
// Independent watchdog: RM0090 rev 18, chapter 21; RM0383, chapter 15.

import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface IwdgConfig {
  /** Switches LSI on and keeps it on: a running watchdog does not let go of its clock (7.2.5). */
  readonly holdLsi: () => void;
  /** Option bit WDG_SW is clear: it starts by itself at reset (21.3.1). */
  readonly startsByItself?: () => boolean;
}

const KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0c;
const KEY_RELOAD = 0xaaaa, KEY_ACCESS = 0x5555, KEY_START = 0xcccc; // 21.4.1
const SR_PVU = 1 << 0; // prescaler value is on its way to the counter
const SR_RVU = 1 << 1; // reload value is
/** Longest time of an update, in LSI periods (21.4.2). */
const UPDATE_PERIODS = 5;
const COUNTER_MAX = 0xfff;

export class Iwdg extends RegisterBlock {
  private PR = 0;
  private RLR = COUNTER_MAX;
  private SR = 0;
  private open = false;
  private started = false;
  /** What the counter works with, which follows PR and RLR. */
  private divider = 4;
  private reload = COUNTER_MAX;
  /** Value of the counter at a tick of LSI. */
  private counter = COUNTER_MAX;
  private since = 0;
  private alarm: TickAlarm | undefined;
  private readonly lsi: ClockTicks;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: IwdgConfig) {
    super(name, base, registerNames.IWDG);
    this.lsi = new ClockTicks(ctx, 'LSI');
  }

  reset(): void {
    this.lsi.restart();
    this.alarm = undefined;
    this.PR = this.SR = this.since = 0;
    this.RLR = this.reload = this.counter = COUNTER_MAX;
    this.divider = 4;
    this.open = this.started = false;
  }

  /** The chip has been reset, clocks and all. */
  released(): void {
    if (this.config.startsByItself?.()) this.start();
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case KR: return 0;
      case PR: return this.PR;
      case RLR: return this.RLR;
      case SR: return this.SR;
      default: return undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case KR: this.key(value & 0xffff); break;
      case PR: this.writeValue('PR', SR_PVU, value & 7); break;
      case RLR: this.writeValue('RLR', SR_RVU, value & COUNTER_MAX); break;
      case SR: break;
      default: return false;
    }
    return true;
  }

  /** 21.3.2: any key but the one for access closes PR and RLR. */
  private key(key: number): void {
    this.open = key === KEY_ACCESS;
    if (key === KEY_START) this.start();
    else if (key === KEY_RELOAD) this.count(this.reload);
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    this.config.holdLsi();
    this.count(COUNTER_MAX);
  }

  private writeValue(register: 'PR' | 'RLR', busy: number, value: number): void {
    if (!this.open || this.SR & busy) {
      const why = this.open ? 'while its last value is still on its way to the counter' : 'without the key 0x5555 before it';
      this.ctx.diagnose({ where: this.name, message: `${register} was written ${why}; the write is lost` });
      return;
    }
    this[register] = value;
    this.SR |= busy;
    this.lsi.after(UPDATE_PERIODS, () => {
      this.SR &= ~busy;
      if (register === 'RLR') this.reload = value;
      else {
        const now = this.value;
        this.divider = Math.min(4 << value, 256);
        this.count(now);
      }
    });
  }

  /** The counter now. */
  private get value(): number {
    return this.started ? this.counter - Math.floor((this.lsi.count - this.since) / this.divider) : this.counter;
  }

  /** Counts down from a value, beginning now; one below 0 it resets the chip. */
  private count(from: number): void {
    this.counter = from;
    this.since = this.lsi.count;
    if (!this.started) return;
    this.lsi.cancel(this.alarm);
    this.alarm = this.lsi.at(this.since + (from + 1) * this.divider, () => {
      this.started = false;
      this.ctx.requestReset('independent watchdog');
    });
  }
}
