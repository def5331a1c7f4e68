// SPDX-License-Identifier: MIT
// Digital-to-analog converter of the STM32F405/407: RM0090 rev 18, chapter 14. Its voltages are on the nets of its two pads at once; the settling time of
// the output is not modelled.

import type { AnalogNet } from '../../machine/analog-net.js';
import { RegisterBlock, type DmaRequest, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks } from './clock-ticks.js';
import { registerNames } from './register-names.js';

export interface DacConfig {
  readonly vector: string;
  readonly vrefVolts: number;
  /** Pads of channel 1 and 2. */
  readonly outputs: readonly string[];
}

const CR = 0x00, SWTRIGR = 0x04, DHR12R1 = 0x08, DHR12RD = 0x20, DOR1 = 0x2c, DOR2 = 0x30, SR = 0x34;
// Bits of a channel's half of CR (14.5.1).
const EN = 1 << 0, BOFF = 1 << 1, TEN = 1 << 2, DMAEN = 1 << 12, DMAUDRIE = 1 << 13;
const CHANNEL_BITS = 0x3fff;
const DMAUDR = 1 << 13; // in a channel's half of SR: DMA underrun
/** TSEL (14.3.5); the last one is software. */
const TRIGGERS = ['TIM6_TRGO', 'TIM8_TRGO', 'TIM7_TRGO', 'TIM5_TRGO', 'TIM2_TRGO', 'TIM4_TRGO', 'EXTI9'];
const SOFTWARE = 7;
/** APB1 clocks from an event to DOR: a write or a software trigger, another trigger (14.3.4, 14.3.5). */
const SOFTWARE_TICKS = 1, TRIGGER_TICKS = 3;
const LFSR_PRESET = 0xaaa;
/** With its buffer on, an output comes no nearer than this to the rails (DS8626, DAC characteristics). */
const BUFFER_VOLTS = 0.2;

/** Twelve bits from a data holding register: right-aligned, left-aligned, eight bits (14.3.3). */
const FORMATS = [(part: number) => part & 0xfff, (part: number) => (part >>> 4) & 0xfff, (part: number) => (part & 0xff) << 4];
/** And back, as they read. */
const SHOWN = [(value: number) => value, (value: number) => value << 4, (value: number) => value >>> 4];
/** Place of channel 2 in a register for both. */
const DUAL_SHIFT = [16, 16, 8];

class Channel {
  /** Its half of CR. */
  control = 0;
  DHR = 0;
  DOR = 0;
  underrun = false;
  driving = false;
  lfsr = LFSR_PRESET;
  triangle = 0;
  falling = false;
  constructor(readonly net: AnalogNet, readonly request: DmaRequest) {}
}

export class Dac extends RegisterBlock {
  private readonly channels: Channel[];
  private readonly pclk: ClockTicks;
  private readonly line: InterruptLine;

  constructor(name: string, base: number, ctx: ModelContext, private readonly config: DacConfig) {
    super(name, base, registerNames.DAC);
    this.line = ctx.interrupt(config.vector);
    this.pclk = new ClockTicks(ctx, 'PCLK1');
    this.channels = config.outputs.map((pad, n) => new Channel(ctx.analog(pad), ctx.dmaRequest(`${name}${n + 1}`)));
    TRIGGERS.forEach((trigger, n) => ctx.trigger(trigger).listen((level) => {
      if (level === 1) for (const channel of this.channels) if (channel.control & TEN && this.selection(channel) === n) this.triggered(channel);
    }));
  }

  reset(): void {
    this.pclk.restart();
    for (const channel of this.channels) {
      channel.control = channel.DHR = channel.DOR = channel.triangle = 0;
      channel.lfsr = LFSR_PRESET;
      channel.underrun = channel.falling = false;
      channel.request.set(false);
      this.drive(channel);
    }
    this.line.set(false);
  }

  protected override readRegister(offset: number): number | undefined {
    const [one, two] = this.channels;
    switch (offset) {
      case CR: return (one.control | (two.control << 16)) >>> 0;
      case SWTRIGR: return 0;
      case DOR1: return one.DOR;
      case DOR2: return two.DOR;
      case SR: return ((one.underrun ? DMAUDR : 0) | (two.underrun ? DMAUDR << 16 : 0)) >>> 0;
    }
    if (offset < DHR12R1 || offset >= DOR1) return undefined;
    const register = (offset - DHR12R1) >> 2;
    const format = register % 3;
    return offset >= DHR12RD ? (SHOWN[format](one.DHR) | (SHOWN[format](two.DHR) << DUAL_SHIFT[format])) >>> 0 : SHOWN[format](this.channels[register < 3 ? 0 : 1].DHR);
  }

  /** SR's flags are cleared by ones: a narrow write must bring none of its own. */
  override peek(offset: number): number {
    return offset === SR ? 0 : super.peek(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === CR) this.channels.forEach((channel, n) => this.control(channel, (value >>> (16 * n)) & CHANNEL_BITS));
    else if (offset === SWTRIGR) this.channels.forEach((channel, n) => value & (1 << n) && this.softwareTrigger(channel));
    else if (offset === SR) this.channels.forEach((channel, n) => (channel.underrun &&= (value & (DMAUDR << (16 * n))) === 0));
    else if (offset >= DHR12R1 && offset < DOR1) this.hold(offset, value);
    else return offset === DOR1 || offset === DOR2;
    this.update();
    return true;
  }

  private hold(offset: number, value: number): void {
    const register = (offset - DHR12R1) >> 2;
    const format = register % 3;
    if (offset >= DHR12RD) this.channels.forEach((channel, n) => this.load(channel, FORMATS[format](n === 0 ? value : value >>> DUAL_SHIFT[format])));
    else this.load(this.channels[register < 3 ? 0 : 1], FORMATS[format](value));
  }

  /** 14.3.4: without a trigger the value goes on to DOR. What has been asked of the DMA has come. */
  private load(channel: Channel, value: number): void {
    channel.DHR = value;
    channel.request.set(false);
    if (!(channel.control & TEN)) this.pclk.after(SOFTWARE_TICKS, () => channel.control & TEN || this.output(channel, channel.DHR));
  }

  private control(channel: Channel, value: number): void {
    const before = channel.control;
    channel.control = value;
    if (!(value & DMAEN)) channel.request.set(false);
    // 14.3.8, 14.3.9: the generators start anew when WAVE is cleared.
    if (wave(value) === 0) {
      channel.lfsr = LFSR_PRESET;
      channel.triangle = 0;
      channel.falling = false;
    }
    if ((before ^ value) & TEN && !(value & TEN)) this.pclk.after(SOFTWARE_TICKS, () => channel.control & TEN || this.output(channel, channel.DHR));
    this.drive(channel);
  }

  private softwareTrigger(channel: Channel): void {
    if (channel.control & TEN && channel.control & EN && this.selection(channel) === SOFTWARE) this.pclk.after(SOFTWARE_TICKS, () => this.convert(channel));
  }

  /** An edge of the selected line; it asks the DMA for the next value, which must have come before the next edge (14.3.7). */
  private triggered(channel: Channel): void {
    if (!(channel.control & EN)) return;
    this.pclk.after(TRIGGER_TICKS, () => this.convert(channel));
    if (!(channel.control & DMAEN) || channel.underrun) return;
    if (channel.request.active) {
      channel.underrun = true;
      channel.request.set(false);
    } else channel.request.set(true);
    this.update();
  }

  /** DHR goes to DOR, with noise or a triangle on top (14.3.8, 14.3.9). */
  private convert(channel: Channel): void {
    const { control } = channel;
    const amplitude = (2 << Math.min((control >>> 8) & 0xf, 11)) - 1;
    const added = wave(control) === 0 ? 0 : wave(control) === 1 ? noise(channel) & amplitude : triangle(channel, amplitude);
    this.output(channel, Math.min(channel.DHR + added, 0xfff));
  }

  private output(channel: Channel, value: number): void {
    channel.DOR = value;
    this.drive(channel);
  }

  private drive(channel: Channel): void {
    const { vrefVolts } = this.config;
    if (!(channel.control & EN)) {
      // While it is off the pad is whoever else's: a potentiometer's that the ADC reads.
      if (channel.driving) channel.net.release();
      channel.driving = false;
      return;
    }
    channel.driving = true;
    const volts = (vrefVolts * channel.DOR) / 4095;
    channel.net.set(channel.control & BOFF ? volts : Math.min(Math.max(volts, BUFFER_VOLTS), vrefVolts - BUFFER_VOLTS));
  }

  private selection(channel: Channel): number {
    return (channel.control >>> 3) & 7;
  }

  private update(): void {
    this.line.set(this.channels.some((channel) => channel.underrun && channel.control & DMAUDRIE));
  }
}

/** WAVE: 0 none, 1 noise, 2 and 3 a triangle. */
const wave = (control: number): number => (control >>> 6) & 3;

/** One step of the shift register (figure 68): its new top bit is the sum of bits 0, 1, 4 and 6; all zeros take in a one. */
function noise(channel: Channel): number {
  const { lfsr } = channel;
  const bit = lfsr === 0 ? 1 : (lfsr ^ (lfsr >>> 1) ^ (lfsr >>> 4) ^ (lfsr >>> 6)) & 1;
  channel.lfsr = (lfsr >>> 1) | (bit << 11);
  return channel.lfsr;
}

/** One step of the triangle, up to its amplitude and down to 0. */
function triangle(channel: Channel, amplitude: number): number {
  if (channel.triangle >= amplitude) channel.falling = true;
  else if (channel.triangle === 0) channel.falling = false;
  channel.triangle += channel.falling ? -1 : 1;
  return channel.triangle;
}
