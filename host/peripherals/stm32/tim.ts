// SPDX-License-Identifier: MIT
// Timers of the STM32F40x: RM0090 rev 18, chapters 17 (TIM1, TIM8), 18 (TIM2 to TIM5), 19 (TIM9 to TIM14) and 20 (TIM6, TIM7).
// The counter is worked out when someone looks; appointments are made only for what somebody outside of the timer can notice.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type DmaRequest, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import type { TriggerLine } from '../../machine/trigger.js';
import type { Level, Wire } from '../../machine/wire.js';
import { ClockEdges } from './clock-edges.js';
import { registerNames } from './register-names.js';
import { BreakAndDeadTime } from './tim-break.js';
import { TimChannel } from './tim-channel.js';
import { CR1_CEN, CR1_CMS, CR1_DIR, CR1_OPM, CR1_URS, TimCounter } from './tim-counter.js';
import { TimFilter, TriggerPrescaler } from './tim-input.js';
import { TimOutput } from './tim-output.js';

export interface TimConfig {
  readonly bits: 16 | 32;
  /** Capture/compare channels: 4, 2, 1, or none. */
  readonly channels: 0 | 1 | 2 | 4;
  /** Block type in the table of register names: which registers this timer has. */
  readonly registers: string;
  /** TIMCLK1 or TIMCLK2. */
  readonly clock: string;
  /** One vector, or the four of an advanced timer: break, update, trigger and commutation, capture/compare. */
  readonly vectors: readonly string[];
  /** ITR0 to ITR3, as names of trigger lines. */
  readonly triggers?: readonly string[];
  /** What the option register's field can choose: as ITR1 (TIM2), or in place of a channel's pin: a clock of the chip or a trigger. "" is none. */
  readonly option?: { readonly shift: number; readonly replaces: 'ITR1' | 'TI1' | 'TI4'; readonly choices: readonly string[] };
}

const CR1 = 0x00, CR2 = 0x04, SMCR = 0x08, DIER = 0x0c, SR = 0x10, EGR = 0x14, CCMR1 = 0x18, CCMR2 = 0x1c, CCER = 0x20, CNT = 0x24, PSC = 0x28, ARR = 0x2c, RCR = 0x30;
const CCR1 = 0x34, CCR4 = 0x40, BDTR = 0x44, DCR = 0x48, DMAR = 0x4c, OR = 0x50;

const CR2_CCPC = 1 << 0; // CCxE, CCxNE and OCxM wait for a commutation
const CR2_CCUS = 1 << 2; // a trigger commutates too
const CR2_CCDS = 1 << 3; // CCx DMA requests come with the update
const CR2_TI1S = 1 << 7; // TI1 is the exclusive or of channels 1 to 3
const SMCR_ECE = 1 << 14; // external clock mode 2
const SMCR_ETP = 1 << 15; // ETR inverted
const UIF = 1 << 0; // update
const COMIF = 1 << 5; // commutation
const TIF = 1 << 6; // trigger
const BIF = 1 << 7; // break
const CC_FLAGS = 0x1e;
/** DIER's DMA enables stand 8 bits above their interrupt enables. */
const DMA = 8;
const [MMS_RESET, MMS_ENABLE, MMS_UPDATE, MMS_PULSE, MMS_REF] = [0, 1, 2, 3, 4];
const [SMS_RESET, SMS_GATED, SMS_TRIGGER, SMS_CLOCK] = [4, 5, 6, 7];
const [TS_TI1_ED, TS_TI1FP1, TS_TI2FP2, TS_ETRF] = [4, 5, 6, 7];
const CHOOSES_TRC = 3;

/** Bits that exist, by kind of timer: 17.4, 18.4, 19.5 (TIM9, TIM12), 19.6 (TIM10, 11, 13, 14), 20.4. */
interface Bits {
  readonly CR1: number;
  readonly CR2: number;
  readonly SMCR: number;
  readonly DIER: number;
  readonly SR: number;
  readonly CCER: number;
}
const BITS = {
  advanced: { CR1: 0x3ff, CR2: 0x7ffd, SMCR: 0xfff7, DIER: 0x7fff, SR: 0x1eff, CCER: 0x3fff },
  general: { CR1: 0x3ff, CR2: 0xf8, SMCR: 0xfff7, DIER: 0x5f5f, SR: 0x1e5f, CCER: 0xbbbb },
  two: { CR1: 0x38f, CR2: 0, SMCR: 0xf7, DIER: 0x47, SR: 0x647, CCER: 0xbb },
  one: { CR1: 0x387, CR2: 0, SMCR: 0, DIER: 0x3, SR: 0x203, CCER: 0xb },
  basic: { CR1: 0x8f, CR2: 0x70, SMCR: 0, DIER: 0x101, SR: 0x1, CCER: 0 },
} satisfies Record<string, Bits>;

/** A DMA request of the timer: high from its event until the controller has made as many transfers as were asked for. */
class TimRequest {
  private owed = 0;

  constructor(private readonly line: DmaRequest) {
    line.served = (beats) => {
      this.owed -= beats;
      if (this.owed <= 0) this.line.set(false);
    };
  }

  raise(transfers: number): void {
    this.owed = transfers;
    this.line.set(true);
  }
  drop(): void {
    this.owed = 0;
    this.line.set(false);
  }
}

export class Tim extends RegisterBlock {
  private CR2 = 0;
  private SMCR = 0;
  private DIER = 0;
  private SR = 0;
  private CCER = 0;
  private DCR = 0;
  private OR = 0;
  /** CCER's enable bits at work: as in CCER, unless they wait for a commutation. */
  private activeCCER = 0;
  private burstIndex = 0;
  private syncedAt = 0;
  /** CK_INT runs: it does not in stop mode. */
  private clocked = false;
  private readonly appointment: Appointment;
  private readonly bits: Bits;
  private readonly max: number;
  private readonly channels: TimChannel[];
  private readonly counter: TimCounter;
  private readonly outputs: TimOutput[];
  private readonly inputs: TimFilter[];
  private readonly pins: Wire[];
  private readonly etr: TimFilter;
  private readonly etrPrescaler = new TriggerPrescaler();
  private readonly captureEdges: number[];
  private readonly breaker: BreakAndDeadTime | undefined;
  /** BIF; UIF; TIF and COMIF; CCxIF: each with its line, or all with the one that the timer has. */
  private readonly lines: readonly (readonly [InterruptLine, number])[];
  private readonly requests: { update: TimRequest; trigger: TimRequest; commutation: TimRequest; channels: TimRequest[] } | undefined;
  private readonly trgo: TriggerLine | undefined;
  private readonly channelTriggers: TriggerLine[];
  /** TRGO pulses that wait until the timer's state is whole. */
  private pulses = 0;
  /** Level of TRGI, and of the trigger line that it is taken from, if any. */
  private trgi: Level = 0;
  private listening: TriggerLine | undefined;
  private readonly onTrigger = (level: Level) => this.triggerChanged(level);
  /** What replaces a pin by the option register. */
  private readonly clockEdges: ClockEdges;
  private replacing: TriggerLine | undefined;
  private readonly onReplacement = (level: Level) => this.rawInput(this.replacedInput, level);

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: TimConfig) {
    super(name, base, registerNames[config.registers]);
    const advanced = config.registers === 'TIM1';
    this.bits = advanced ? BITS.advanced : ({ 4: BITS.general, 2: BITS.two, 1: BITS.one, 0: BITS.basic } as const)[config.channels];
    this.appointment = ctx.timeline.unset(() => this.look());
    this.max = config.bits === 32 ? 0xffff_ffff : 0xffff;
    this.channels = Array.from({ length: config.channels }, () => new TimChannel());
    this.captureEdges = this.channels.map(() => 0);
    this.counter = new TimCounter(this.max, this.channels, {
      matched: (i, times, flag) => this.matched(i, times, flag),
      updated: () => this.updated(true),
    });
    this.pins = this.channels.map((_, i) => ctx.signal(`${name}_CH${i + 1}`));
    this.outputs = this.pins.map((pin, i) => new TimOutput(ctx.timeline, pin, advanced && i < 3 ? ctx.signal(`${name}_CH${i + 1}N`) : undefined));
    this.inputs = this.channels.map((_, i) => new TimFilter(ctx.timeline, (level) => this.inputEdge(i, level)));
    this.pins.forEach((pin, i) => pin.incoming.onEdge(() => this.pinChanged(i)));
    this.etr = new TimFilter(ctx.timeline, (level) => this.etrEdge(level));
    if (config.channels === 4) ctx.signal(`${name}_ETR`).incoming.onEdge(() => this.etrChanged());
    if (advanced) this.breaker = new BreakAndDeadTime(ctx, name, () => this.breakHappened());
    this.channelTriggers = this.channels.map((_, i) => ctx.trigger(`${name}_CC${i + 1}`));
    if (this.bits.CR2 !== 0) this.trgo = ctx.trigger(`${name}_TRGO`);
    for (const trigger of [...this.channelTriggers, ...(this.trgo ? [this.trgo] : [])]) trigger.onDemand = () => this.demandChanged();
    if (this.bits.DIER > 0xff) {
      const request = (event: string) => new TimRequest(ctx.dmaRequest(`${name}_${event}`));
      this.requests = { update: request('UP'), trigger: request('TRIG'), commutation: request('COM'), channels: this.channels.map((_, i) => request(`CH${i + 1}`)) };
    }
    const [first, ...more] = config.vectors.map((vector) => ctx.interrupt(vector));
    this.lines = more.length === 0 ? [[first, 0xff]] : [[first, BIF], [more[0], UIF], [more[1], TIF | COMIF], [more[2], CC_FLAGS]];
    this.clockEdges = new ClockEdges(ctx.timeline, (level) => this.rawInput(this.replacedInput, level));
    ctx.clocks.onChange(() => this.clockChanged());
    this.reset();
  }

  reset(): void {
    this.counter.reset();
    this.CR2 = this.SMCR = this.DIER = this.SR = this.CCER = this.activeCCER = this.DCR = this.OR = this.burstIndex = 0;
    for (const channel of this.channels) channel.reset();
    this.captureEdges.fill(0);
    this.breaker?.reset();
    for (const request of this.allRequests()) request.drop();
    this.syncedAt = this.ctx.timeline.now;
    this.chooseOption();
    this.clockChanged();
    this.chooseTrigger();
    this.refresh();
  }

  private allRequests(): TimRequest[] {
    const { requests } = this;
    return requests === undefined ? [] : [requests.update, requests.trigger, requests.commutation, ...requests.channels];
  }

  // Registers

  /** What all timers have up to CCR4 and some lack is 0 there, as the chip has it: common drivers write CR2 of every timer. */
  private absent(offset: number): boolean {
    return this.registerNames[offset] === undefined;
  }

  protected override readRegister(offset: number): number | undefined {
    const value = this.peek(offset);
    const channel = (offset - CCR1) >> 2;
    // 18.4.5: reading a captured value clears its flag.
    if (offset >= CCR1 && offset <= CCR4 && this.channels[channel]?.isOutput === false && this.SR & (2 << channel)) {
      this.SR &= ~(2 << channel);
      this.refresh();
    }
    if (offset === DMAR && !this.absent(DMAR)) {
      const target = this.burstTarget();
      return target < DCR ? this.readRegister(target) : 0;
    }
    return offset <= OR ? value : undefined;
  }

  override peek(offset: number): number {
    if (this.absent(offset)) return 0;
    this.sync();
    switch (offset) {
      case CR1: return this.counter.CR1;
      case CR2: return this.CR2;
      case SMCR: return this.SMCR;
      case DIER: return this.DIER;
      case SR: return this.SR;
      case CCMR1: return this.ccmr(0);
      case CCMR2: return this.ccmr(2);
      case CCER: return this.CCER;
      case CNT: return this.counter.count;
      case PSC: return this.counter.PSC;
      case ARR: return this.counter.ARR;
      case RCR: return this.counter.RCR;
      case BDTR: return this.breaker?.BDTR ?? 0;
      case DCR: return this.DCR;
      case OR: return this.OR;
      default: return offset >= CCR1 && offset <= CCR4 ? this.channels[(offset - CCR1) >> 2].CCR : 0;
    }
  }

  /** SR's bits are cleared by zeros, so a narrow write must leave ones in the other bytes. */
  override write(offset: number, value: number, size: 1 | 2 | 4): void {
    const shift = (offset & 3) * 8;
    if ((offset & ~3) === SR && size !== 4) super.write(SR, ~((size === 1 ? 0xff : 0xffff) << shift) | (value << shift), 4);
    else super.write(offset, value, size);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset > OR) return false;
    if (this.absent(offset)) {
      if (value !== 0) this.ctx.diagnose({ where: this.name, message: `this timer has no register at offset 0x${offset.toString(16)}; the write of 0x${value.toString(16)} is lost` });
      return true;
    }
    this.sync();
    const { counter } = this;
    switch (offset) {
      case CR1: this.writeCr1(value); break;
      case CR2: this.writeCr2(value & this.bits.CR2 & ~(this.breaker?.frozenCr2 ?? 0)); break;
      case SMCR: this.writeSmcr(value & this.bits.SMCR); break;
      case DIER: this.writeDier(value & this.bits.DIER); break;
      case SR:
        this.SR &= value; // 18.4.5: cleared by writing 0
        if (this.breaker?.inputActive) this.SR |= BIF; // 17.4.5: not while the break input is active
        break;
      case EGR: this.writeEgr(value); break;
      case CCMR1: this.writeCcmr(0, value); break;
      case CCMR2: this.writeCcmr(2, value); break;
      case CCER: this.writeCcer(value); break;
      case CNT: counter.setCount(value); break;
      case PSC: counter.PSC = value & 0xffff; break;
      case ARR: counter.setReload(value); break;
      case RCR: counter.RCR = value & 0xff; break;
      case BDTR: this.breaker!.write(value); break;
      case DCR:
        this.DCR = value & 0x1f1f;
        this.burstIndex = 0;
        break;
      case DMAR: {
        const target = this.burstTarget();
        return target >= DCR || this.writeRegister(target, value);
      }
      case OR:
        this.OR = value & (3 << (this.config.option?.shift ?? 0));
        this.chooseOption();
        this.chooseTrigger();
        break;
      default: this.channels[(offset - CCR1) >> 2].write((value & this.max) >>> 0);
    }
    this.refresh();
    return true;
  }

  private get burstLength(): number {
    return (this.DCR >>> 8) + 1;
  }

  /** DMAR stands for the register at DBA, then for the ones after it, as far as DBL says (17.4.20). Behind BDTR there is none to reach. */
  private burstTarget(): number {
    const target = CR1 + 4 * ((this.DCR & 0x1f) + this.burstIndex);
    this.burstIndex = (this.burstIndex + 1) % this.burstLength;
    return target;
  }

  private writeCr1(value: number): void {
    const { counter } = this;
    const before = counter.CR1;
    // DIR belongs to the hardware in centre-aligned and encoder mode (18.4.1).
    const ownDirection = value & CR1_CMS & this.bits.CR1 || this.encoding;
    counter.CR1 = (value & this.bits.CR1 & ~(ownDirection ? CR1_DIR : 0)) | (ownDirection ? before & CR1_DIR : 0);
    counter.takeReload();
    if (counter.CR1 & ~before & CR1_CEN && this.free) counter.started();
    if ((counter.CR1 ^ before) & 0x300) this.configureFilters();
  }

  private writeCr2(value: number): void {
    const before = this.CR2;
    this.CR2 = value;
    if ((before ^ value) & CR2_TI1S) this.pinChanged(0);
    if (before & ~value & CR2_CCPC) this.commutate();
    this.chooseTrigger();
  }

  private writeSmcr(value: number): void {
    const before = this.SMCR;
    this.SMCR = value;
    if ((before ^ value) & 0xff00) {
      this.configureFilters();
      this.etrChanged();
    }
    this.chooseTrigger();
  }

  private writeDier(value: number): void {
    this.DIER = value;
    const { requests } = this;
    if (requests === undefined) return;
    const off = ~value >>> DMA;
    if (off & UIF) requests.update.drop();
    if (off & TIF) requests.trigger.drop();
    if (off & COMIF) requests.commutation.drop();
    requests.channels.forEach((request, i) => off & (2 << i) && request.drop());
  }

  private writeEgr(value: number): void {
    this.channels.forEach((channel, i) => {
      if (!(value & (2 << i))) return;
      if (channel.isOutput) this.matched(i, 0, true);
      else this.capture(i);
    });
    if (value & COMIF & this.bits.DIER) this.commutation();
    if (value & TIF & this.bits.DIER) this.triggered();
    if (value & BIF && this.breaker) this.breaker.generate();
    if (value & UIF) {
      this.restart();
      if (this.mms === MMS_RESET) this.pulses++;
    }
  }

  private ccmr(first: number): number {
    return (this.channels[first]?.mode ?? 0) | ((this.channels[first + 1]?.mode ?? 0) << 8);
  }

  private writeCcmr(first: number, value: number): void {
    for (let i = first; i < first + 2; i++) {
      const channel = this.channels[i];
      if (channel === undefined) continue;
      let mode = (value >>> (8 * (i - first))) & 0xff;
      if (this.breaker?.modesFrozen && channel.isOutput) mode = (mode & ~0x78) | (channel.mode & 0x78);
      // 18.4.7: CCxS is writable only while the channel is off.
      if (this.CCER & (1 << (4 * i))) mode = (mode & ~3) | channel.selection;
      channel.setMode(mode, (this.CR2 & CR2_CCPC) !== 0);
    }
    this.configureFilters();
    this.chooseTrigger();
  }

  private writeCcer(value: number): void {
    const frozen = this.breaker?.frozenCcer ?? 0;
    this.CCER = (this.CCER & frozen) | (value & this.bits.CCER & ~frozen);
    this.activeCCER = this.CR2 & CR2_CCPC ? (this.CCER & 0xaaaa) | (this.activeCCER & 0x5555) : this.CCER;
    this.channels.forEach((_, i) => {
      // 18.4.7: the input prescaler starts afresh when its channel goes off.
      if (!(this.CCER & (1 << (4 * i)))) this.captureEdges[i] = 0;
    });
    this.trgi = this.triggerLevel();
  }

  // Events

  private get sms(): number {
    return this.SMCR & 7;
  }
  private get ts(): number {
    return (this.SMCR >>> 4) & 7;
  }
  private get mms(): number {
    return (this.CR2 >>> 4) & 7;
  }
  private get encoding(): boolean {
    return this.sms >= 1 && this.sms <= 3;
  }
  /** Whether the gate, if there is one, lets clocks through. */
  private get open(): boolean {
    return this.sms !== SMS_GATED || this.trgi === 1;
  }
  /** Whether CK_INT clocks the counter. */
  private get free(): boolean {
    return this.clocked && !this.encoding && this.sms !== SMS_CLOCK && !(this.SMCR & SMCR_ECE) && this.open;
  }

  /** Brings counter and flags to the present. */
  private sync(): void {
    const { now } = this.ctx.timeline;
    const elapsed = now - this.syncedAt;
    this.syncedAt = now;
    if (elapsed > 0 && this.free) this.counter.advance(elapsed);
  }

  private look(): void {
    this.sync();
    this.refresh();
  }

  /** Whoever listens from now on hears nothing of what has been. */
  private demandChanged(): void {
    this.sync();
    this.pulses = 0;
    this.refresh();
  }

  private request(flag: number, request: TimRequest | undefined): void {
    if (!(this.DIER & (flag << DMA)) || request === undefined) return;
    this.burstIndex = 0;
    request.raise(this.burstLength);
  }

  /** @param byCounter at the counter's end; false for UG and the slave mode's reset, which URS silences */
  private updated(byCounter: boolean): void {
    if (byCounter || !(this.counter.CR1 & CR1_URS)) {
      this.SR |= UIF;
      this.request(UIF, this.requests?.update);
      if (this.CR2 & CR2_CCDS) this.requests?.channels.forEach((request, i) => this.request(2 << i, request));
    }
    if (this.mms === MMS_UPDATE) this.pulses++;
    this.breaker?.updated();
  }

  private restart(): void {
    if (this.counter.reinitialise()) this.updated(false);
  }

  private matched(i: number, times: number, flag: boolean): void {
    this.channels[i].match(times);
    if (flag && this.channels[i].isOutput) this.channelEvent(i);
  }

  /** CCxIF rises, by capture or by compare. */
  private channelEvent(i: number): void {
    this.SR |= 2 << i;
    if (!(this.CR2 & CR2_CCDS)) this.request(2 << i, this.requests?.channels[i]);
    if (i === 0 && this.mms === MMS_PULSE) this.pulses++;
  }

  private capture(i: number): void {
    if (this.SR & (2 << i)) this.SR |= 0x200 << i; // overcapture
    this.channels[i].capture(this.counter.count);
    this.channelEvent(i);
  }

  private captureEdge(i: number): void {
    if (!(this.activeCCER & (1 << (4 * i)))) return;
    this.captureEdges[i] = (this.captureEdges[i] + 1) % this.channels[i].capturePrescaler;
    if (this.captureEdges[i] === 0) this.capture(i);
  }

  private commutate(): void {
    this.activeCCER = this.CCER;
    for (const channel of this.channels) channel.commutate();
  }

  private commutation(): void {
    if (this.CR2 & CR2_CCPC) this.commutate();
    this.SR |= COMIF;
    this.request(COMIF, this.requests?.commutation);
  }

  private triggered(): void {
    this.SR |= TIF;
    this.request(TIF, this.requests?.trigger);
  }

  private breakHappened(): void {
    this.SR |= BIF;
    this.look();
  }

  // Inputs

  private polarity(i: number): 'rising' | 'falling' | 'both' {
    const [p, np] = [(this.CCER >>> (4 * i + 1)) & 1, (this.CCER >>> (4 * i + 3)) & 1];
    return p === 0 ? 'rising' : np === 0 ? 'falling' : 'both';
  }

  /** TIxFPx: the filtered input after its polarity. */
  private level(i: number): Level {
    return this.polarity(i) === 'falling' ? ((1 - this.inputs[i].level) as Level) : this.inputs[i].level;
  }

  private configureFilters(): void {
    const { tickCycles, CR1: control } = this.counter;
    const dts = 1 << ((control >>> 8) & 3);
    this.inputs.forEach((input, i) => input.configure(this.channels[i].filter, tickCycles, dts));
    this.etr.configure((this.SMCR >>> 8) & 0xf, tickCycles, dts);
    this.breaker?.configure(tickCycles, dts);
  }

  private get replacedInput(): number {
    return this.config.option?.replaces === 'TI4' ? 3 : 0;
  }
  private get choice(): string {
    const { option } = this.config;
    return option?.choices[(this.OR >>> option.shift) & 3] ?? '';
  }

  /** The option register connects a channel's input to a pin, a clock or a trigger. */
  private chooseOption(): void {
    const { option } = this.config;
    if (option === undefined || option.replaces === 'ITR1') return;
    const { choice } = this;
    const isClock = ['LSI', 'LSE', 'HSE_RTC'].includes(choice);
    this.replacing?.unlisten(this.onReplacement);
    this.replacing = choice === '' || isClock ? undefined : this.ctx.trigger(choice);
    this.replacing?.listen(this.onReplacement);
    this.clockEdges.run(isClock && this.ctx.clocks.running(choice) ? this.ctx.clocks.cyclesPerTick(choice) : undefined);
    if (choice === '') this.pinChanged(this.replacedInput);
  }

  private pinChanged(i: number): void {
    const { pins } = this;
    if (this.CR2 & CR2_TI1S && i < 3) this.rawInput(0, (pins[0].incoming.level ^ pins[1].incoming.level ^ pins[2].incoming.level) as Level);
    if (i === this.replacedInput && this.choice !== '' && this.config.option?.replaces !== 'ITR1') return;
    if (i !== 0 || !(this.CR2 & CR2_TI1S)) this.rawInput(i, pins[i].incoming.level);
  }

  private rawInput(i: number, level: Level): void {
    this.inputs[i].set(level);
  }

  private inputEdge(n: number, level: Level): void {
    this.sync();
    this.channels.forEach(({ selection }, i) => {
      const from = selection === 1 ? i : selection === 2 ? i ^ 1 : -1;
      if (from === n && this.isEdge(i, level)) this.captureEdge(i);
    });
    if (n === 0 && this.ts === TS_TI1_ED) this.pulse();
    if ((n === 0 && this.ts === TS_TI1FP1) || (n === 1 && this.ts === TS_TI2FP2)) {
      if (this.polarity(n) === 'both') this.pulse();
      else this.triggerChanged(this.level(n));
    }
    if (this.encoding && n < 2) this.encode(n);
    this.refresh();
  }

  private isEdge(i: number, level: Level): boolean {
    const polarity = this.polarity(i);
    return polarity === 'both' || (polarity === 'rising') === (level === 1);
  }

  /** 18.3.12, table of counting directions: mode 1 counts edges of TI2, mode 2 those of TI1, mode 3 both. */
  private encode(n: number): void {
    if (!(this.sms & (n === 0 ? 2 : 1))) return;
    const [rising, other] = [this.level(n) === 1, this.level(1 - n) === 1];
    this.counter.down = n === 0 ? rising === other : rising !== other;
    this.counter.advance(this.counter.tickCycles);
  }

  private etrChanged(): void {
    if (this.config.channels !== 4) return;
    const pin = this.ctx.signal(`${this.name}_ETR`).incoming.level;
    this.etr.set(this.etrPrescaler.set((this.SMCR & SMCR_ETP ? 1 - pin : pin) as Level, (this.SMCR >>> 12) & 3));
  }

  private etrEdge(level: Level): void {
    this.sync();
    if (this.SMCR & SMCR_ECE && level === 1 && this.open) this.counter.advance(this.counter.tickCycles);
    if (this.ts === TS_ETRF) this.triggerChanged(level);
    this.refresh();
  }

  // The trigger input

  private triggerLevel(): Level {
    if (this.listening !== undefined) return this.listening.level;
    if (this.ts === TS_TI1FP1 || this.ts === TS_TI2FP2) return this.channels.length > 1 ? this.level(this.ts - TS_TI1FP1) : 0;
    return this.ts === TS_ETRF ? this.etr.level : 0;
  }

  /** Takes TRGI from where TS says; the line of another timer is listened to only if something here depends on it. */
  private chooseTrigger(): void {
    const needed = this.sms !== 0 || this.CR2 & CR2_CCUS || this.channels.some((c) => c.selection === CHOOSES_TRC);
    const name = this.ts === 1 && this.config.option?.replaces === 'ITR1' ? this.choice : this.config.triggers?.[this.ts];
    const line = needed && this.ts < TS_TI1_ED && name ? this.ctx.trigger(name) : undefined;
    if (line !== this.listening) {
      this.listening?.unlisten(this.onTrigger);
      this.listening = line;
      line?.listen(this.onTrigger);
    }
    this.trgi = this.triggerLevel();
  }

  private pulse(): void {
    this.triggerChanged(1);
    this.triggerChanged(0);
  }

  private triggerChanged(level: Level): void {
    this.sync();
    const { sms, counter } = this;
    const before = this.trgi;
    this.trgi = level;
    if (level === before) return;
    if (this.ts <= TS_TI1_ED) {
      this.channels.forEach(({ selection }, i) => selection === CHOOSES_TRC && this.isEdge(i, level) && this.captureEdge(i));
    }
    if (sms === SMS_GATED) this.triggered();
    else if (level === 1) {
      if (sms !== 0) this.triggered();
      if (sms === SMS_RESET) {
        this.restart();
        if (this.mms === MMS_RESET) this.pulses++;
      } else if (sms === SMS_TRIGGER && !counter.enabled) {
        counter.CR1 |= CR1_CEN;
        if (this.free) counter.started();
      } else if (sms === SMS_CLOCK && !(this.SMCR & SMCR_ECE)) counter.advance(counter.tickCycles);
    }
    if (level === 1 && this.CR2 & CR2_CCUS) this.commutation();
    this.refresh();
  }

  // What others see

  /** Sets outputs, lines and triggers as the present state has them, and makes the next appointment. */
  private refresh(): void {
    const { counter, breaker, activeCCER } = this;
    const refs = this.channels.map((channel) => {
      if (channel.clearable && this.etr.level === 1) channel.clear();
      return channel.reference(counter.count, counter.down);
    });
    this.outputs.forEach((output, i) => {
      const on = (bit: number) => this.channels[i].isOutput && (activeCCER >>> (4 * i + bit)) % 2 === 1;
      const [enabled, inverted] = [on(0), on(1)];
      output.update(refs[i], {
        enabled, inverted, complementEnabled: breaker !== undefined && i < 3 && on(2), complementInverted: on(3),
        main: breaker?.mainEnabled ?? true, offWhenRunning: breaker?.offWhenRunning ?? false, offWhenIdle: breaker?.offWhenIdle ?? false,
        idle: ((this.CR2 >>> (8 + 2 * i)) & 1) as Level, complementIdle: ((this.CR2 >>> (9 + 2 * i)) & 1) as Level, deadCycles: breaker?.deadCycles ?? 0,
      });
    });
    for (const [line, flags] of this.lines) line.set((this.SR & this.DIER & flags) !== 0);
    this.schedule();
    this.drive(refs);
  }

  private drive(refs: readonly Level[]): void {
    const { trgo, mms } = this;
    const pulses = this.pulses;
    this.pulses = 0;
    this.channelTriggers.forEach((trigger, i) => {
      const enabled = this.channels[i].isOutput && this.activeCCER & (1 << (4 * i)) && (this.breaker?.mainEnabled ?? true);
      trigger.set(enabled ? ((refs[i] ^ ((this.activeCCER >>> (4 * i + 1)) & 1)) as Level) : 0);
    });
    if (trgo === undefined) return;
    if (mms === MMS_ENABLE) trgo.set(this.counter.enabled && this.open ? 1 : 0);
    else if (mms >= MMS_REF) trgo.set(refs[mms - MMS_REF] ?? 0);
    else {
      trgo.set(0);
      for (let i = 0; i < pulses; i++) trgo.fire();
    }
  }

  private schedule(): void {
    const { timeline } = this.ctx;
    const cycles = this.free ? this.cyclesToNext() : Infinity;
    if (cycles === Infinity) timeline.cancel(this.appointment);
    else timeline.move(this.appointment, this.syncedAt + cycles);
  }

  /** Cycles until something happens by the counter that somebody outside can notice; Infinity when nothing will. */
  private cyclesToNext(): number {
    const { counter, mms } = this;
    const triggers = this.trgo?.wanted === true;
    const waits = (this.DIER & ~this.SR) | (this.DIER >>> DMA);
    const delayed = this.CR2 & CR2_CCDS && this.DIER & (CC_FLAGS << DMA);
    const end = (waits & UIF) !== 0 || (counter.CR1 & CR1_OPM) !== 0 || !!delayed || (triggers && mms === MMS_UPDATE) || this.breaker?.waitsForUpdate === true;
    let channels = 0;
    for (let i = 0; i < this.channels.length; i++) {
      const channel = this.channels[i];
      if (!channel.isOutput) continue;
      const drives = (this.activeCCER >>> (4 * i)) & 0b101 || (triggers && mms === MMS_REF + i);
      if ((drives && channel.moves) || waits & (2 << i) || (triggers && i === 0 && mms === MMS_PULSE)) channels |= 1 << i;
    }
    return counter.cyclesToNext(end, channels);
  }

  private clockChanged(): void {
    this.sync();
    const { clocks } = this.ctx;
    this.clocked = clocks.running(this.config.clock);
    if (this.clocked) this.counter.setTickCycles(toNumber(clocks.cyclesPerTick(this.config.clock)));
    this.configureFilters();
    this.chooseOption();
    this.refresh();
  }
}
