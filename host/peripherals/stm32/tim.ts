// SPDX-License-Identifier: MIT
// General-purpose and basic timers of the STM32F40x: RM0090 rev 18, chapters 18 (TIM2 to TIM5), 19 (TIM9 to TIM14) and 20 (TIM6, TIM7).
// Modelled: the time base up and down, one-pulse mode, output compare and PWM. Refused: centre-aligned counting, input capture, slave and
// master modes, DMA. The counter is worked out when someone looks; appointments are made only for interrupts, outputs and the one pulse.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import type { Wire } from '../../machine/wire.js';
import { registerNames } from './register-names.js';
import { TimChannel } from './tim-channel.js';
import { unmodelledUse } from './unmodelled.js';

export interface TimConfig {
  readonly bits: 16 | 32;
  /** Capture/compare channels: 4, 2, 1, or none. */
  readonly channels: 0 | 1 | 2 | 4;
  /** Block type in the table of register names: which registers this timer has. */
  readonly registers: string;
  /** TIMCLK1 or TIMCLK2. */
  readonly clock: string;
  readonly vector: string;
}

const CR1 = 0x00, CR2 = 0x04, SMCR = 0x08, DIER = 0x0c, SR = 0x10, EGR = 0x14, CCMR1 = 0x18, CCMR2 = 0x1c, CCER = 0x20, CNT = 0x24, PSC = 0x28, ARR = 0x2c, CCR1 = 0x34, CCR4 = 0x40;

const CR1_CEN = 1 << 0; // counter enable
const CR1_UDIS = 1 << 1; // update disable
const CR1_URS = 1 << 2; // update request source: overflow alone sets UIF
const CR1_OPM = 1 << 3; // one-pulse mode
const CR1_DIR = 1 << 4; // counts down
const CR1_CMS = 3 << 5; // centre-aligned mode
const CR1_ARPE = 1 << 7; // ARR is buffered
/** Bits that exist, by the number of channels: 18.4.1, 19.5.1 (TIM9, TIM12), 19.6.1 (the others with one channel), 20.4.1. */
const CR1_BITS = { 4: 0x39f, 2: 0x38f, 1: 0x387, 0: 0x08f } as const;
const UIF = 1 << 0; // update: DIER.UIE, SR.UIF, EGR.UG
const DIER_DMA = 0x7f00; // UDE, CCxDE, TDE

export class Tim extends RegisterBlock {
  private CR1 = 0;
  private DIER = 0;
  private SR = 0;
  private CCER = 0;
  private PSC = 0;
  private ARR = 0;
  /** What the counter works with, as opposed to what was last written. */
  private activePSC = 0;
  private activeARR = 0;
  private count = 0;
  /** Core cycles since the last count, at `syncedAt`: the prescaler's position. */
  private phase = 0;
  private syncedAt = 0;
  /** Core cycles in a tick of the timer's clock: a whole number, because every divider between HCLK and the timers is. */
  private tickCycles = 1;
  private appointment: Appointment | undefined;
  private readonly channels: TimChannel[];
  private readonly outputs: Wire[];
  private readonly line: InterruptLine;
  private readonly max: number;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: TimConfig) {
    super(name, base, registerNames[config.registers]);
    this.max = config.bits === 32 ? 0xffff_ffff : 0xffff;
    this.channels = Array.from({ length: config.channels }, () => new TimChannel());
    this.outputs = this.channels.map((_, i) => ctx.signal(`${name}_CH${i + 1}`));
    this.line = ctx.interrupt(config.vector);
    ctx.clocks.onChange(() => this.clockChanged());
    this.reset();
  }

  reset(): void {
    // ARR too: 18.4.12. So the counter is blocked until ARR is written.
    this.CR1 = this.DIER = this.SR = this.CCER = this.PSC = this.activePSC = this.ARR = this.activeARR = this.count = this.phase = 0;
    for (const channel of this.channels) channel.reset();
    this.syncedAt = this.ctx.timeline.now;
    this.clockChanged();
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    if (this.registerNames[offset] === undefined) return undefined;
    this.sync();
    const channel = (offset - CCR1) >> 2;
    switch (offset) {
      case CR1: return this.CR1;
      case CR2: case SMCR: case EGR: return 0;
      case DIER: return this.DIER;
      case SR: return this.SR;
      case CCMR1: return this.ccmr(0);
      case CCMR2: return this.ccmr(2);
      case CCER: return this.CCER;
      case CNT: return this.count;
      case PSC: return this.PSC;
      case ARR: return this.ARR;
      default: return offset >= CCR1 && offset <= CCR4 ? this.channels[channel].CCR : undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (this.registerNames[offset] === undefined) return false;
    this.sync();
    switch (offset) {
      case CR1: this.writeCr1(value); break;
      case CR2: case SMCR:
        if (value !== 0) throw unmodelledUse(this.base + offset, `${this.name}_${this.registerNames[offset]} = 0x${value.toString(16)} (${offset === CR2 ? 'master mode' : 'slave mode'})`);
        break;
      case DIER:
        if (value & DIER_DMA) throw unmodelledUse(this.base + DIER, `${this.name}_DIER = 0x${value.toString(16)} (DMA requests)`);
        this.DIER = value & (UIF | this.channelBits(1) | (this.config.channels > 1 ? 1 << 6 : 0));
        break;
      case SR: this.SR &= value; break; // 18.4.5: cleared by writing 0
      case EGR: this.writeEgr(value); break;
      case CCMR1: this.writeCcmr(0, value); break;
      case CCMR2: this.writeCcmr(2, value); break;
      case CCER: this.CCER = value & this.channels.reduce((bits, _, i) => bits | (0b1011 << (4 * i)), 0); break; // CCxE, CCxP, CCxNP
      case CNT: this.count = (value & this.max) >>> 0; break;
      case PSC: this.PSC = value & 0xffff; break;
      case ARR:
        this.ARR = (value & this.max) >>> 0;
        if (!(this.CR1 & CR1_ARPE)) this.activeARR = this.ARR;
        break;
      default:
        if (offset < CCR1 || offset > CCR4) return false;
        this.channels[(offset - CCR1) >> 2].write((value & this.max) >>> 0);
    }
    this.refresh();
    return true;
  }

  /** SR's bits are cleared by zeros, so a narrow write must leave ones in the other bytes. */
  override peek(offset: number): number {
    return offset === SR ? 0xffff_ffff : super.peek(offset);
  }

  private writeCr1(value: number): void {
    if (value & CR1_CMS) throw unmodelledUse(this.base, `${this.name}_CR1.CMS (centre-aligned counting)`);
    const before = this.CR1;
    this.CR1 = value & CR1_BITS[this.config.channels];
    if (!(this.CR1 & CR1_ARPE)) this.activeARR = this.ARR;
    // 18.3.2: the counter counts from one clock cycle after CEN was set.
    if (this.CR1 & ~before & CR1_CEN) this.phase -= this.tickCycles;
  }

  private writeEgr(value: number): void {
    this.SR |= value & this.channelBits(1);
    if (!(value & UIF)) return;
    this.phase = 0;
    this.update((this.CR1 & CR1_URS) === 0);
    this.restart();
  }

  private ccmr(first: number): number {
    return (this.channels[first]?.mode ?? 0) | ((this.channels[first + 1]?.mode ?? 0) << 8);
  }

  private writeCcmr(first: number, value: number): void {
    for (let i = 0; i < 2; i++) {
      const channel = this.channels[first + i];
      const mode = (value >>> (8 * i)) & 0xff;
      if (channel === undefined) continue;
      const register = `${this.name}_CCMR${first / 2 + 1}`;
      if (mode & 0b11) throw unmodelledUse(this.base + CCMR1 + 2 * first, `${register}.CC${first + i + 1}S = ${mode & 3} (input capture)`);
      if (mode & 0x84) throw unmodelledUse(this.base + CCMR1 + 2 * first, `${register}.OC${first + i + 1}CE or OC${first + i + 1}FE (clear by ETRF, fast enable)`);
      channel.setMode(mode);
    }
  }

  // The counter

  private get running(): boolean {
    return (this.CR1 & CR1_CEN) !== 0;
  }
  private get down(): boolean {
    return (this.CR1 & CR1_DIR) !== 0;
  }
  private get cyclesPerCount(): number {
    return this.tickCycles * (this.activePSC + 1);
  }

  /** Counts until the counter overflows or underflows, or, beyond ARR, wraps without doing so. */
  private countsToEnd(): number {
    if (this.down) return this.count + 1;
    return (this.count <= this.activeARR ? this.activeARR : this.max) - this.count + 1;
  }

  /** Brings counter, flags and outputs to the present. */
  private sync(): void {
    const { now } = this.ctx.timeline;
    const elapsed = now - this.syncedAt;
    this.syncedAt = now;
    // 18.3.2: the counter is blocked while the auto-reload value is null.
    if (!this.running || elapsed === 0 || this.activeARR === 0) return;
    this.phase += elapsed;
    while (this.running && this.activeARR !== 0 && this.phase >= this.cyclesPerCount) {
      const counts = Math.floor(this.phase / this.cyclesPerCount);
      const toEnd = this.countsToEnd();
      if (counts < toEnd) {
        this.walk(counts);
        this.phase -= counts * this.cyclesPerCount;
        return;
      }
      const wraps = !this.down && this.count > this.activeARR;
      this.walk(toEnd - 1);
      this.phase -= toEnd * this.cyclesPerCount;
      if (wraps) {
        this.count = 0;
        this.arrive();
      } else this.overflow();
      this.skipPeriods();
    }
    if (!this.running || this.activeARR === 0) this.phase = 0;
  }

  /** Moves the counter by `counts` without reaching its end, and marks the matches on the way. */
  private walk(counts: number): void {
    if (counts === 0) return;
    const from = this.count;
    this.count += this.down ? -counts : counts;
    this.channels.forEach((channel, i) => {
      const { compare } = channel;
      if (this.down ? compare < from && compare >= this.count : compare > from && compare <= this.count) this.matched(i, 1);
    });
  }

  /** Whole periods in which nothing new can happen are taken at once, so that a long sleep costs nothing. */
  private skipPeriods(): void {
    const steady = this.activePSC === this.PSC && this.activeARR === this.ARR && !(this.CR1 & CR1_OPM) && this.channels.every((c) => c.steady);
    if (!steady || !this.running || this.activeARR === 0) return;
    const period = (this.activeARR + 1) * this.cyclesPerCount;
    const periods = Math.floor(this.phase / period);
    if (periods === 0) return;
    this.phase -= periods * period;
    this.SR |= this.CR1 & CR1_UDIS ? 0 : UIF;
    this.channels.forEach((channel, i) => {
      if (channel.compare > this.activeARR) this.SR |= 2 << i;
      else this.matched(i, periods);
    });
  }

  private overflow(): void {
    const beyond = this.channels.map((channel) => channel.compare > this.activeARR);
    this.update(true);
    this.restart();
    // 18.4.5: a compare value above ARR raises its flag at the overflow.
    beyond.forEach((is, i) => is && (this.SR |= 2 << i));
    this.arrive();
    if (this.CR1 & CR1_OPM && !(this.CR1 & CR1_UDIS)) this.CR1 &= ~CR1_CEN;
  }

  /** An update event, unless UDIS holds it back: buffered values take effect (18.3.2). */
  private update(setsFlag: boolean): void {
    if (this.CR1 & CR1_UDIS) return;
    this.activePSC = this.PSC;
    this.activeARR = this.ARR;
    for (const channel of this.channels) channel.load();
    if (setsFlag) this.SR |= UIF;
  }

  private restart(): void {
    this.count = this.down ? this.activeARR : 0;
  }

  /** The counter has come to a value by another way than counting. */
  private arrive(): void {
    this.channels.forEach((channel, i) => channel.compare === this.count && this.matched(i, 1));
  }

  private matched(i: number, times: number): void {
    this.SR |= 2 << i;
    this.channels[i].match(times);
  }

  // What others see

  /** Sets outputs and interrupt line as the present state has them, and makes the next appointment. */
  private refresh(): void {
    this.channels.forEach((channel, i) => {
      const enabled = (this.CCER >>> (4 * i)) & 1;
      const inverted = (this.CCER >>> (4 * i + 1)) & 1;
      const reference = channel.reference(this.count, this.down);
      this.outputs[i].set(enabled ? ((reference ^ inverted) as 0 | 1) : 0);
    });
    this.line.set((this.SR & this.DIER & 0x5f) !== 0);
    this.schedule();
  }

  private schedule(): void {
    const { timeline } = this.ctx;
    timeline.cancel(this.appointment);
    this.appointment = undefined;
    if (!this.running || this.activeARR === 0) return;
    let counts = Infinity;
    const toEnd = this.countsToEnd();
    const waits = this.DIER & ~this.SR;
    if (waits & UIF || this.CR1 & CR1_OPM) counts = toEnd;
    this.channels.forEach((channel, i) => {
      const drives = (this.CCER >>> (4 * i)) & 1 && channel.moves;
      if (!drives && !(waits & (2 << i))) return;
      counts = Math.min(counts, toEnd);
      const distance = this.down ? this.count - channel.compare : channel.compare - this.count;
      if (distance > 0) counts = Math.min(counts, distance);
    });
    if (counts === Infinity) return;
    this.appointment = timeline.at(this.syncedAt - this.phase + counts * this.cyclesPerCount, () => {
      this.sync();
      this.refresh();
    });
  }

  private clockChanged(): void {
    this.sync();
    const { clocks } = this.ctx;
    if (clocks.running(this.config.clock)) {
      const before = this.tickCycles;
      this.tickCycles = toNumber(clocks.cyclesPerTick(this.config.clock));
      // The prescaler keeps its position in ticks, whatever a tick now is in cycles.
      this.phase = Math.floor((this.phase * this.tickCycles) / before);
    }
    this.refresh();
  }

  private channelBits(first: number): number {
    return ((1 << this.config.channels) - 1) << first;
  }
}
