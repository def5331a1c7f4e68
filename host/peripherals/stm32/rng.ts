// SPDX-License-Identifier: MIT
// Random number generator of the STM32F405/407: RM0090 rev 18, chapter 24. The numbers are pseudo-random and follow from the run's seed; there is no
// analog noise that could fail, so SECS and SEIS stay clear.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface RngConfig {
  readonly vector: string;
  readonly seed: number;
}

const CR = 0x00, SR = 0x04, DR = 0x08;
const CR_RNGEN = 1 << 2; // generator on
const CR_IE = 1 << 3; // interrupt enable
const SR_DRDY = 1 << 0; // a number is there
const SR_CECS = 1 << 1; // the clock is missing or too slow
const SR_CEIS = 1 << 5; // it has been
const SR_SEIS = 1 << 6; // the seed has been faulty
/** Periods of RNG_CLK between two numbers (24.3.1). */
const PERIODS = 40;

export class Rng extends RegisterBlock {
  private CR = 0;
  private flags = 0;
  private value = 0;
  private state: number;
  private alarm: TickAlarm | undefined;
  private readonly clock: ClockTicks;
  private readonly line: InterruptLine;

  constructor(name: string, base: number, private readonly ctx: ModelContext, config: RngConfig) {
    super(name, base, registerNames.RNG);
    this.line = ctx.interrupt(config.vector);
    this.clock = new ClockTicks(ctx, 'PLL48CLK');
    this.state = (config.seed ^ 0x6d2b_79f5) >>> 0;
    ctx.clocks.onChange(() => this.update());
  }

  /** The generator's state stays: a chip does not give the same numbers after each reset. */
  reset(): void {
    this.CR = this.flags = 0;
    this.stop();
    this.update();
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case CR: return this.CR;
      case SR: return this.flags | (this.clockError ? SR_CECS : 0);
      case DR: return this.take();
      default: return undefined;
    }
  }

  override peek(offset: number): number {
    return offset === DR ? this.value : super.peek(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === CR) {
      this.CR = value & (CR_RNGEN | CR_IE);
      if (!(this.CR & CR_RNGEN)) this.stop();
      else if (this.alarm === undefined && !(this.flags & SR_DRDY)) this.start();
    } else if (offset === SR) this.flags &= value | SR_DRDY; // 24.4.2: CEIS and SEIS are cleared by writing 0
    else return offset === DR;
    this.update();
    return true;
  }

  /** 24.4.3: a read takes the number, and the next is on its way. */
  private take(): number {
    if (!(this.flags & SR_DRDY)) return 0;
    this.flags &= ~SR_DRDY;
    if (this.CR & CR_RNGEN) this.start();
    this.update();
    return this.value;
  }

  private start(): void {
    this.clock.restart();
    this.alarm = this.clock.at(PERIODS, () => {
      this.alarm = undefined;
      this.value = this.next();
      this.flags |= SR_DRDY;
      this.update();
    });
  }

  private stop(): void {
    this.clock.cancel(this.alarm);
    this.alarm = undefined;
    this.flags &= ~SR_DRDY;
  }

  /** 24.3.2: RNG_CLK is not there, or below HCLK / 16. */
  private get clockError(): boolean {
    const { clocks } = this.ctx;
    return (this.CR & CR_RNGEN) !== 0 && (!clocks.running('PLL48CLK') || toNumber(clocks.cyclesPerTick('PLL48CLK')) > 16);
  }

  private update(): void {
    if (this.clockError) this.flags |= SR_CEIS;
    this.line.set((this.CR & CR_IE) !== 0 && (this.flags & (SR_DRDY | SR_CEIS | SR_SEIS)) !== 0);
  }

  private next(): number {
    this.state = (this.state + 0x9e37_79b9) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return (x ^ (x >>> 16)) >>> 0;
  }
}
