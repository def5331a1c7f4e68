// SPDX-License-Identifier: MIT
// One analog-to-digital converter: RM0090 rev 18, chapter 13; RM0383, chapter 11. What the converters of a chip share (clock, interrupt, dual and
// triple mode) is in adc-common.ts. A converter is ideal: the code is the voltage as a share of VREF+, to the nearest step.

import { RegisterBlock, type DmaRequest, type ModelContext } from '../../machine/peripheral.js';
import type { Level } from '../../machine/wire.js';
import type { AdcCommon } from './adc-common.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface AdcConfig {
  readonly common: AdcCommon;
  /** Voltage at an input of this converter, 0 to 15. */
  readonly volts: (input: number) => number;
}

const SR = 0x00, CR1 = 0x04, CR2 = 0x08, SMPR1 = 0x0c, SMPR2 = 0x10, JOFR1 = 0x14, JOFR4 = 0x20, HTR = 0x24, LTR = 0x28, SQR1 = 0x2c, SQR2 = 0x30, SQR3 = 0x34;
const JSQR = 0x38, JDR1 = 0x3c, JDR4 = 0x48, DR = 0x4c;
export const SR_AWD = 1 << 0, SR_EOC = 1 << 1, SR_JEOC = 1 << 2, SR_JSTRT = 1 << 3, SR_STRT = 1 << 4, SR_OVR = 1 << 5;
const CR1_EOCIE = 1 << 5, CR1_AWDIE = 1 << 6, CR1_JEOCIE = 1 << 7, CR1_OVRIE = 1 << 26; // interrupt enables
const CR1_SCAN = 1 << 8; // converts the whole sequence
const CR1_AWDSGL = 1 << 9, CR1_JAWDEN = 1 << 22, CR1_AWDEN = 1 << 23; // watchdog on one channel, on injected, on regular ones
const CR1_JAUTO = 1 << 10; // injected sequence after the regular one
const CR1_DISCEN = 1 << 11, CR1_JDISCEN = 1 << 12; // discontinuous modes
const CR2_ADON = 1 << 0, CR2_CONT = 1 << 1, CR2_DMA = 1 << 8, CR2_DDS = 1 << 9, CR2_EOCS = 1 << 10, CR2_ALIGN = 1 << 11;
const CR2_JSWSTART = 1 << 22, CR2_SWSTART = 1 << 30;
/** Bits that are kept (13.13). */
const BITS: Readonly<Record<number, number>> = {
  [CR1]: 0x07c0_ffff, [CR2]: 0x3f3f_0f03, [SMPR1]: 0x07ff_ffff, [SMPR2]: 0x3fff_ffff, [HTR]: 0xfff, [LTR]: 0xfff,
  [SQR1]: 0x00ff_ffff, [SQR2]: 0x3fff_ffff, [SQR3]: 0x3fff_ffff, [JSQR]: 0x003f_ffff,
};
for (let offset = JOFR1; offset <= JOFR4; offset += 4) (BITS as Record<number, number>)[offset] = 0xfff;
/** ADCCLK cycles by SMPx (13.13.4). */
const SAMPLE_CYCLES = [3, 15, 28, 56, 84, 112, 144, 480];
/** Bits of a result by RES; a conversion takes as many cycles (13.7). */
const RESOLUTION = [12, 10, 8, 6];
/** Shift of a left-aligned result by RES: to the half-word, but with 6 bits to the byte (13.4). An injected one keeps a bit for its sign. */
const LEFT_SHIFT = [4, 6, 8, 2];
/** From ADON to the first conversion (tSTAB, DS8626: at most). */
const STABLE_MICROSECONDS = 3;

/** By EXTSEL and JEXTSEL (tables 69 and 70). */
const REGULAR_TRIGGERS = [
  'TIM1_CC1', 'TIM1_CC2', 'TIM1_CC3', 'TIM2_CC2', 'TIM2_CC3', 'TIM2_CC4', 'TIM2_TRGO', 'TIM3_CC1',
  'TIM3_TRGO', 'TIM4_CC4', 'TIM5_CC1', 'TIM5_CC2', 'TIM5_CC3', 'TIM8_CC1', 'TIM8_TRGO', 'EXTI11',
];
const INJECTED_TRIGGERS = [
  'TIM1_CC4', 'TIM1_TRGO', 'TIM2_CC1', 'TIM2_TRGO', 'TIM3_CC2', 'TIM3_CC4', 'TIM4_CC1', 'TIM4_CC2',
  'TIM4_CC3', 'TIM4_TRGO', 'TIM5_CC4', 'TIM5_TRGO', 'TIM8_CC2', 'TIM8_CC3', 'TIM8_CC4', 'EXTI15',
];

/** A sequence that is being converted: rank of the next channel, and how many are left until it waits for a trigger. */
interface Group {
  active: boolean;
  rank: number;
  left: number;
}

export class Adc extends RegisterBlock {
  private readonly values = new Map<number, number>();
  private SR = 0;
  private DR = 0;
  private readonly JDR = [0, 0, 0, 0];
  private readonly regular: Group = { active: false, rank: 0, left: 0 };
  private readonly injected: Group = { active: false, rank: 0, left: 0 };
  /** DR has a result that nobody has read. */
  private unread = false;
  /** Without DDS the last transfer of the DMA is the last request. */
  private dmaEnded = false;
  /** Tick of PCLK2 from which it converts. */
  private stableAt = 0;
  private startedAt = 0;
  private alarm: TickAlarm | undefined;
  private readonly pclk: ClockTicks;
  private readonly request: DmaRequest;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: AdcConfig) {
    super(name, base, registerNames.ADC);
    this.pclk = new ClockTicks(ctx, 'PCLK2');
    this.request = ctx.dmaRequest(name);
    this.request.onLastTransfer = () => {
      if (!(this.get(CR2) & CR2_DDS)) this.dmaEnded = true;
      this.updateRequest();
    };
    REGULAR_TRIGGERS.forEach((trigger, n) => ctx.trigger(trigger).listen((level) => this.triggered(level, n, 24, () => this.startRegular())));
    INJECTED_TRIGGERS.forEach((trigger, n) => ctx.trigger(trigger).listen((level) => this.triggered(level, n, 16, () => this.startInjected())));
    config.common.add(this);
    this.reset();
  }

  reset(): void {
    this.stop();
    for (const offset of Object.keys(BITS)) this.values.set(Number(offset), 0);
    this.values.set(HTR, 0xfff);
    this.SR = this.DR = 0;
    this.JDR.fill(0);
    this.dmaEnded = false;
    this.updateLines();
  }

  get status(): number {
    return this.SR;
  }
  get data(): number {
    return this.DR;
  }
  get interrupting(): boolean {
    const { SR: sr } = this;
    const cr1 = this.get(CR1);
    const on = (flag: number, enable: number): boolean => (sr & flag) !== 0 && (cr1 & enable) !== 0;
    return on(SR_EOC, CR1_EOCIE) || on(SR_JEOC, CR1_JEOCIE) || on(SR_AWD, CR1_AWDIE) || on(SR_OVR, CR1_OVRIE);
  }
  get enabled(): boolean {
    return (this.get(CR2) & CR2_ADON) !== 0;
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    if (offset === DR) {
      this.dataRead();
      return this.DR;
    }
    return this.peekRegister(offset);
  }

  override peek(offset: number): number {
    return offset === DR ? this.DR : offset === SR ? 0xffff_ffff : this.peekRegister(offset) ?? 0;
  }

  private peekRegister(offset: number): number | undefined {
    if (offset === SR) return this.SR;
    if (offset >= JDR1 && offset <= JDR4) return this.JDR[(offset - JDR1) >> 2];
    return this.values.get(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === SR) this.SR &= value; // 13.13.1: cleared by writing 0
    else if (offset === CR2) this.writeCr2(value);
    else if (offset in BITS) {
      const before = this.get(offset);
      this.values.set(offset, (value & BITS[offset]) >>> 0);
      // 13.3.4: a sequence that is changed while it is converted begins anew.
      if (before !== this.get(offset) && (offset === SQR1 || offset === SQR2 || offset === SQR3)) this.restart(this.regular);
      if (before !== this.get(offset) && offset === JSQR) this.restart(this.injected);
    } else return (offset >= JDR1 && offset <= JDR4) || offset === DR;
    this.updateLines();
    return true;
  }

  private writeCr2(value: number): void {
    const before = this.get(CR2);
    const kept = (value & BITS[CR2]) >>> 0;
    this.values.set(CR2, kept);
    if (!(kept & CR2_DMA)) this.dmaEnded = false;
    if (!(kept & CR2_ADON)) {
      if (value & (CR2_SWSTART | CR2_JSWSTART)) this.diagnose('a conversion was started while ADON is clear; it does not start');
      this.stop();
      return;
    }
    if (!(before & CR2_ADON)) {
      this.config.common.checkClock();
      this.stableAt = this.pclk.count + this.config.common.ticksFor(STABLE_MICROSECONDS);
    }
    if (value & CR2_SWSTART) this.startRegular();
    if (value & CR2_JSWSTART) this.startInjected();
  }

  /** An edge of a trigger line; the selection stands at `shift` of CR2, the polarity four bits above it. */
  private triggered(level: Level, n: number, shift: 16 | 24, start: () => void): void {
    const cr2 = this.get(CR2);
    if (!(cr2 & CR2_ADON) || ((cr2 >>> shift) & 0xf) !== n) return;
    if ((cr2 >>> (shift + 4)) & (level === 1 ? 1 : 2)) start();
  }

  /** DR, or the common data register in its place, was read: EOC falls, and the next result may come. */
  dataRead(): void {
    this.unread = false;
    this.SR &= ~SR_EOC;
    this.updateLines();
  }

  // Sequences

  private get sequenceLength(): number {
    // 13.3.8, 13.3.10: without SCAN one channel alone is converted; discontinuous mode goes through the sequence by itself.
    return this.get(CR1) & (CR1_SCAN | CR1_DISCEN) ? ((this.get(SQR1) >>> 20) & 0xf) + 1 : 1;
  }

  private regularChannel(rank: number): number {
    const [register, place] = rank < 6 ? [SQR3, rank] : rank < 12 ? [SQR2, rank - 6] : [SQR1, rank - 12];
    return (this.get(register) >>> (5 * place)) & 0x1f;
  }

  private get injectedLength(): number {
    return this.get(CR1) & (CR1_SCAN | CR1_JDISCEN) ? ((this.get(JSQR) >>> 20) & 3) + 1 : 1;
  }

  /** 13.13.12: a shorter sequence ends with JSQ4, too. */
  private injectedChannel(rank: number): number {
    return (this.get(JSQR) >>> (5 * (4 - (((this.get(JSQR) >>> 20) & 3) + 1) + rank))) & 0x1f;
  }

  /** Sampling time of the first regular channel, in cycles of ADCCLK. */
  get samplingCycles(): number {
    return SAMPLE_CYCLES[this.sampleTime(this.regularChannel(0))];
  }

  private sampleTime(channel: number): number {
    return channel < 10 ? (this.get(SMPR2) >>> (3 * channel)) & 7 : (this.get(SMPR1) >>> (3 * (channel - 10))) & 7;
  }

  /** A regular trigger: software or an edge. In dual and triple mode the first converter takes the others along. */
  startRegular(): void {
    if (!this.config.common.mayTrigger(this, 'regular')) return;
    if (this.regular.active || this.SR & SR_OVR) return;
    this.config.common.regularStarted(this);
    this.beginRegular(0);
  }

  /** @param delay ticks of PCLK2 until it begins */
  beginRegular(delay: number): void {
    const { regular } = this;
    if (!this.enabled || regular.active || this.SR & SR_OVR) return;
    regular.active = true;
    const rest = this.sequenceLength - regular.rank;
    regular.left = this.get(CR1) & CR1_DISCEN ? Math.min(((this.get(CR1) >>> 13) & 7) + 1, rest) : rest;
    this.SR |= SR_STRT;
    if (!this.injected.active) this.convert(regular, delay);
  }

  startInjected(): void {
    if (!this.config.common.mayTrigger(this, 'injected')) return;
    if (this.injected.active) return;
    this.config.common.injectedStarted(this);
    this.beginInjected();
  }

  /** 13.3.9: an injected trigger interrupts a regular conversion, which is done again afterwards. */
  beginInjected(): void {
    const { injected } = this;
    if (!this.enabled || injected.active) return;
    injected.active = true;
    injected.left = this.get(CR1) & CR1_JDISCEN ? 1 : this.injectedLength - injected.rank;
    this.SR |= SR_JSTRT;
    this.pclk.cancel(this.alarm);
    this.convert(injected, 0);
  }

  private restart(group: Group): void {
    group.rank = 0;
    if (!group.active) return;
    group.left = group === this.regular ? this.sequenceLength : this.injectedLength;
    if (group === this.injected || !this.injected.active) {
      this.pclk.cancel(this.alarm);
      this.convert(group, 0);
    }
  }

  /** Samples, then converts, the group's next channel. */
  private convert(group: Group, delay: number): void {
    const channel = group === this.regular ? this.regularChannel(group.rank) : this.injectedChannel(group.rank);
    const { prescaler } = this.config.common;
    const start = Math.max(this.pclk.count, this.stableAt) + delay;
    this.startedAt = start;
    const sampled = start + SAMPLE_CYCLES[this.sampleTime(channel)] * prescaler;
    this.alarm = this.pclk.at(sampled, () => {
      const raw = this.sample(channel);
      this.alarm = this.pclk.at(sampled + this.bits * prescaler, () => {
        this.alarm = undefined;
        this.watch(group, channel, raw);
        if (group === this.regular) this.regularDone(raw);
        else this.injectedDone(raw);
        this.updateLines();
      });
    });
  }

  private regularDone(raw: number): void {
    const { regular } = this;
    const cr2 = this.get(CR2);
    const { common } = this.config;
    const detects = (cr2 & CR2_EOCS) !== 0 || ((cr2 & CR2_DMA) !== 0 && !this.dmaEnded);
    if (this.unread && detects && !common.collects) {
      // 13.8.1: the result is lost, and conversions stop until OVR is cleared.
      this.overrun();
      this.next();
      return;
    }
    this.DR = this.aligned(raw, 0);
    this.unread = true;
    regular.rank++;
    regular.left--;
    const whole = regular.rank >= this.sequenceLength;
    if (whole || cr2 & CR2_EOCS || this.get(CR1) & CR1_DISCEN) this.SR |= SR_EOC;
    if (whole) regular.rank = 0;
    if (regular.left <= 0) regular.active = false;
    common.converted(this);
    if (this.SR & SR_OVR) {
      this.next();
      return;
    }
    if (whole && this.get(CR1) & CR1_JAUTO) this.beginInjected();
    if (whole && cr2 & CR2_CONT && !(this.get(CR1) & CR1_DISCEN)) {
      regular.active = true;
      regular.left = this.sequenceLength;
    }
    if (!this.injected.active) this.next();
  }

  private injectedDone(raw: number): void {
    const { injected } = this;
    this.JDR[injected.rank] = this.aligned(raw, this.get(JOFR1 + 4 * injected.rank), true);
    injected.rank++;
    injected.left--;
    if (injected.rank >= this.injectedLength) {
      injected.rank = 0;
      this.SR |= SR_JEOC;
    }
    if (injected.left <= 0) injected.active = false;
    this.next();
  }

  private next(): void {
    if (this.injected.active) this.convert(this.injected, 0);
    else if (this.regular.active) this.convert(this.regular, Math.max(0, this.startedAt + this.config.common.interleavedTicks - this.pclk.count));
  }

  /** A result came before the last one was read: regular conversions stop, and so do DMA requests. */
  overrun(): void {
    this.SR |= SR_OVR;
    this.regular.active = false;
    this.regular.rank = 0;
  }

  private stop(): void {
    this.pclk.cancel(this.alarm);
    this.alarm = undefined;
    for (const group of [this.regular, this.injected]) {
      group.active = false;
      group.rank = 0;
    }
    this.unread = false;
    this.updateRequest();
  }

  // Values

  private get bits(): number {
    return RESOLUTION[(this.get(CR1) >>> 24) & 3];
  }

  private sample(channel: number): number {
    const { common } = this.config;
    const volts = common.internalVolts(this, channel) ?? (channel < 16 ? this.config.volts(channel) : 0);
    const full = 1 << this.bits;
    return Math.min(full - 1, Math.max(0, Math.round((volts / common.vrefVolts) * full)));
  }

  private aligned(raw: number, offset: number, isInjected = false): number {
    const value = raw - offset;
    const shift = this.get(CR2) & CR2_ALIGN ? LEFT_SHIFT[(this.get(CR1) >>> 24) & 3] - (isInjected ? 1 : 0) : 0;
    return (value << shift) & 0xffff;
  }

  /** 13.3.7: the analog watchdog looks at the result before offset and alignment. */
  private watch(group: Group, channel: number, raw: number): void {
    const cr1 = this.get(CR1);
    if (!(cr1 & (group === this.regular ? CR1_AWDEN : CR1_JAWDEN))) return;
    if (cr1 & CR1_AWDSGL && (cr1 & 0x1f) !== channel) return;
    if (raw > this.get(HTR) || raw < this.get(LTR)) this.SR |= SR_AWD;
  }

  private get(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  private updateRequest(): void {
    const cr2 = this.get(CR2);
    if (this.config.common.collects) return;
    this.request.set((cr2 & CR2_DMA) !== 0 && this.unread && !this.dmaEnded && !(this.SR & SR_OVR));
  }

  private updateLines(): void {
    this.updateRequest();
    this.config.common.updateInterrupt();
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
