// SPDX-License-Identifier: MIT
// What the analog-to-digital converters of a chip have in common: RM0090 rev 18, 13.9 (dual and triple modes), 13.10 and 13.11 (inner channels), 13.13.15
// to 13.13.17. Alternate trigger modes are not modelled.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type DmaRequest, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import type { Adc } from './adc.js';
import { registerNames } from './register-names.js';
import { reportUnmodelledUse } from './unmodelled.js';

export interface AdcCommonConfig {
  readonly vector: string;
  /** VREF+ and VBAT, in volts. */
  readonly vrefVolts: number;
  readonly vbatVolts: number;
  /** Input of the temperature sensor at the first converter, and the divider before that of VBAT, input 18. */
  readonly temperatureInput: number;
  readonly vbatDivider: number;
}

const CSR = 0x00, CCR = 0x04, CDR = 0x08;
const CCR_DDS = 1 << 13, CCR_VBATE = 1 << 22, CCR_TSVREFE = 1 << 23;
const CCR_BITS = 0x00c3_ef1f;
/** How many converters work together, and how. */
interface MultiMode {
  readonly count: 2 | 3;
  readonly regular?: 'simultaneous' | 'interleaved';
  readonly injected?: true;
  readonly alternate?: true;
}

/** By MULTI (13.13.16). */
const MODES: Readonly<Record<number, MultiMode>> = {
  0b00001: { count: 2, regular: 'simultaneous', injected: true },
  0b00010: { count: 2, regular: 'simultaneous', alternate: true },
  0b00101: { count: 2, injected: true },
  0b00110: { count: 2, regular: 'simultaneous' },
  0b00111: { count: 2, regular: 'interleaved' },
  0b01001: { count: 2, alternate: true },
  0b10001: { count: 3, regular: 'simultaneous', injected: true },
  0b10010: { count: 3, regular: 'simultaneous', alternate: true },
  0b10101: { count: 3, injected: true },
  0b10110: { count: 3, regular: 'simultaneous' },
  0b10111: { count: 3, regular: 'interleaved' },
  0b11001: { count: 3, alternate: true },
};
const VREFINT_INPUT = 17, VBAT_INPUT = 18;
const MAX_HERTZ = 36_000_000;
/** DS8626 and DS10314, typical: the reference, and the sensor at the 25 °C at which an emulated chip is. */
const VREFINT_VOLTS = 1.21, SENSOR_VOLTS = 0.76;

export class AdcCommon extends RegisterBlock {
  private readonly adcs: Adc[] = [];
  private CCR = 0;
  /** Words that the DMA is to fetch from CDR, and halves of words that wait for the others. */
  private readonly words: number[] = [];
  private readonly halves: number[] = [];
  private lastWord = 0;
  private readonly round = new Map<Adc, number>();
  private dmaEnded = false;
  private readonly line: InterruptLine;
  private readonly request: DmaRequest;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: AdcCommonConfig) {
    super(name, base, registerNames.ADC_COMMON);
    this.line = ctx.interrupt(config.vector);
    // Together, the converters ask on the first one's line.
    this.request = ctx.dmaRequest('ADC1');
  }

  /** Makes a converter known; they come in their order. */
  add(adc: Adc): void {
    this.adcs.push(adc);
    if (this.adcs.length > 1) return;
    const own = this.request.onLastTransfer;
    this.request.onLastTransfer = () => {
      own?.();
      if (this.collects && !(this.CCR & CCR_DDS)) this.dmaEnded = true;
      if (this.collects) this.updateRequest();
    };
  }

  reset(): void {
    this.CCR = 0;
    this.forget();
  }

  get vrefVolts(): number {
    return this.config.vrefVolts;
  }

  /** PCLK2 ticks in a cycle of ADCCLK. */
  get prescaler(): number {
    return 2 * (((this.CCR >>> 16) & 3) + 1);
  }

  /** Ticks of PCLK2 in a time, rounded up. */
  ticksFor(microseconds: number): number {
    const { clocks } = this.ctx;
    return clocks.running('PCLK2') ? Math.ceil((microseconds * toNumber(clocks.hertz('PCLK2'))) / 1e6) : 0;
  }

  /** DS8626, ADC characteristics. */
  checkClock(): void {
    const { clocks } = this.ctx;
    if (!clocks.running('PCLK2')) return;
    const hertz = toNumber(clocks.hertz('PCLK2')) / this.prescaler;
    if (hertz > MAX_HERTZ) this.ctx.diagnose({ where: this.name, message: `ADCCLK is ${hertz} Hz; the chip allows ${MAX_HERTZ} Hz` });
  }

  /** Whether results go to the DMA through CDR instead of through each DR. */
  get collects(): boolean {
    return this.mode?.regular !== undefined && this.dmaMode !== 0;
  }

  /** Least time between two starts of one interleaved converter, in ticks of PCLK2; 0 in other modes. */
  get interleavedTicks(): number {
    return this.mode?.regular === 'interleaved' ? this.mode.count * this.delayTicks : 0;
  }

  /** A converter that follows another is not triggered by itself (13.9). */
  mayTrigger(adc: Adc, kind: 'regular' | 'injected'): boolean {
    const { mode } = this;
    const follows = mode !== undefined && mode[kind] !== undefined && this.adcs.indexOf(adc) > 0 && this.adcs.indexOf(adc) < mode.count;
    if (follows) {
      const message = `a ${kind} conversion was triggered although ADC_CCR.MULTI has it follow ${this.adcs[0].name}; the trigger is ignored`;
      this.ctx.diagnose({ where: adc.name, message });
    }
    return !follows;
  }

  regularStarted(adc: Adc): void {
    const { mode } = this;
    if (mode?.regular === undefined || adc !== this.adcs[0]) return;
    this.adcs.slice(1, mode.count).forEach((other, i) => other.beginRegular(mode.regular === 'interleaved' ? (i + 1) * this.delayTicks : 0));
  }

  injectedStarted(adc: Adc): void {
    const { mode } = this;
    if (mode?.injected === undefined || adc !== this.adcs[0]) return;
    for (const other of this.adcs.slice(1, mode.count)) other.beginInjected();
  }

  /** A regular result is in a converter's DR. */
  converted(adc: Adc): void {
    const { mode } = this;
    if (!this.collects || this.adcs.indexOf(adc) >= mode!.count) return;
    if (mode!.regular === 'interleaved') {
      this.collect(adc.data);
      return;
    }
    this.round.set(adc, adc.data);
    if (this.round.size < mode!.count) return;
    for (const each of this.adcs.slice(0, mode!.count)) this.collect(this.round.get(each)!);
    this.round.clear();
  }

  /** Voltage of an input that is inside of the chip; undefined for a pad's. */
  internalVolts(adc: Adc, input: number): number | undefined {
    if (adc !== this.adcs[0] || input < 16) return undefined;
    if (input === VBAT_INPUT && this.CCR & CCR_VBATE) return this.config.vbatVolts / this.config.vbatDivider;
    if (!(this.CCR & CCR_TSVREFE)) return 0;
    return input === this.config.temperatureInput ? SENSOR_VOLTS : input === VREFINT_INPUT ? VREFINT_VOLTS : 0;
  }

  updateInterrupt(): void {
    this.line.set(this.adcs.some((adc) => adc.interrupting));
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case CSR: return this.adcs.reduce((bits, adc, n) => bits | (adc.status << (8 * n)), 0);
      case CCR: return this.CCR;
      case CDR: return this.readData();
      default: return undefined;
    }
  }

  override peek(offset: number): number {
    return offset === CDR ? this.lastWord : super.peek(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === CSR || offset === CDR) return true;
    if (offset !== CCR) return false;
    const before = this.mode;
    this.CCR = (value & CCR_BITS) >>> 0;
    if (this.dmaMode === 0) this.dmaEnded = false;
    const { mode } = this;
    const multi = this.CCR & 0x1f;
    if (mode?.alternate) reportUnmodelledUse(this.ctx, this.name, this.base + CCR, `ADC_CCR.MULTI = ${multi} (alternate trigger mode)`);
    if (multi !== 0 && mode === undefined) this.ctx.diagnose({ where: this.name, message: `ADC_CCR.MULTI = ${multi} is no mode of this chip` });
    if (before !== mode) this.forget();
    return true;
  }

  private get mode(): MultiMode | undefined {
    const mode = MODES[this.CCR & 0x1f];
    return mode !== undefined && mode.count <= this.adcs.length ? mode : undefined;
  }
  private get dmaMode(): number {
    return (this.CCR >>> 14) & 3;
  }
  /** 13.13.16, 13.9.3: 5 to 20 cycles of ADCCLK; one converter alone samples at a time, and the next begins two cycles after it. */
  private get delayTicks(): number {
    const delay = ((this.CCR >>> 8) & 0xf) + 5;
    const { samplingCycles } = this.adcs[0];
    return (samplingCycles > delay ? samplingCycles + 2 : delay) * this.prescaler;
  }

  /** Takes a result into the words for the DMA (13.9): one a word in mode 1, two half-words in mode 2, two bytes in mode 3. */
  private collect(data: number): void {
    if (this.dmaEnded) return;
    this.halves.push(data);
    if (this.dmaMode !== 1 && this.halves.length < 2) return;
    const [low, high = 0] = this.halves.splice(0);
    // As many words as a round gives may wait; more, and one would be lost.
    if (this.words.length >= this.mode!.count) {
      for (const adc of this.adcs.slice(0, this.mode!.count)) adc.overrun();
      this.words.length = 0;
      this.updateRequest();
      return;
    }
    this.words.push(this.dmaMode === 3 ? (low & 0xff) | ((high & 0xff) << 8) : (low | (high << 16)) >>> 0);
    this.updateRequest();
  }

  private readData(): number {
    const { mode } = this;
    if (mode === undefined) return 0;
    for (const adc of this.adcs.slice(0, mode.count)) adc.dataRead();
    if (!this.collects) return (this.adcs[0].data | (this.adcs[1].data << 16)) >>> 0;
    this.lastWord = this.words.shift() ?? this.lastWord;
    this.updateRequest();
    return this.lastWord;
  }

  private updateRequest(): void {
    // The line falls between two words, for each is a request of its own.
    this.request.set(false);
    this.request.set(this.words.length > 0 && !this.dmaEnded);
  }

  private forget(): void {
    this.words.length = this.halves.length = 0;
    this.round.clear();
    this.dmaEnded = false;
  }
}
