// SPDX-License-Identifier: MIT
// Wolfson WM8731 stereo codec (data sheet rev 4.9) as a clock slave: its control port, whether what arrives at its DAC would sound, and what
// its ADC puts on the data line.

import { hex } from '../machine/errors.js';
import { toNumber } from '../machine/fraction.js';
import type { I2cDevice, I2sListener, I2sSource, I2sStream } from '../machine/links.js';
import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import { AudioGate, type AudioDac } from './audio-gate.js';

// Registers, nine bits each ("Register map").
const LEFT_LINE_IN = 0x00;
const ANALOGUE_PATH = 0x04;
const DIGITAL_PATH = 0x05;
const POWER_DOWN = 0x06;
const INTERFACE = 0x07;
const SAMPLING = 0x08;
const ACTIVE = 0x09;
const RESET = 0x0f;

const INBOTH = 1 << 8; // left and right line input are written together; the headphone's volume has the same bit
const LINMUTE = 1 << 7; // line input mute
const LINVOL = 0x1f; // line input volume: 0x17 is 0 dB, 1.5 dB a step
const DACSEL = 1 << 4; // the DAC reaches the outputs
const INSEL = 1 << 2; // the ADC hears the microphone
const DACMU = 1 << 3; // soft mute
const POWEROFF = 1 << 7;
const OUTPD = 1 << 4; // outputs off
const DACPD = 1 << 3;
const ADCPD = 1 << 2;
const LINEINPD = 1 << 0;
const BCLKINV = 1 << 7;
const MASTER = 1 << 6;
const LRSWAP = 1 << 5;
const LRP = 1 << 4;
const USB_MODE = 1 << 0;
const BOSR = 1 << 1;
const CLKIDIV2 = 1 << 6;

/** What the registers are after reset. */
const DEFAULTS = [0x097, 0x097, 0x079, 0x079, 0x00a, 0x008, 0x09f, 0x00a, 0x000, 0x000];
const ZERO_DECIBELS = 0x17;
const DECIBELS_A_STEP = 1.5;

/** Master clocks in a frame of the DAC by SR, in normal mode with BOSR = 0 (with BOSR = 1 half as many again), and in USB mode by BOSR. */
const NORMAL: Readonly<Record<number, number>> = { 0b0000: 256, 0b0001: 1536, 0b0010: 256, 0b0011: 1536, 0b0110: 384, 0b0111: 128, 0b1000: 256, 0b1001: 1408, 0b1010: 256, 0b1011: 1408, 0b1111: 128 };
const USB: readonly Readonly<Record<number, number>>[] = [
  { 0b0000: 250, 0b0001: 1500, 0b0010: 250, 0b0011: 1500, 0b0110: 375, 0b0111: 125 }, { 0b1000: 272, 0b1001: 1496, 0b1010: 272, 0b1011: 1496, 0b1111: 136 },
];

const STANDARD_NAMES = { philips: 'I2S (Philips)', msb: 'left-justified', lsb: 'right-justified', 'pcm-short': 'PCM with short sync', 'pcm-long': 'PCM with long sync' };
const NAMES = ['Left Line In', 'Right Line In', 'Left Headphone Out', 'Right Headphone Out', 'Analogue Audio Path', 'Digital Audio Path', 'Power Down', 'Digital Audio Interface Format', 'Sampling Control', 'Active Control'];

/** What comes in at the line inputs: full scale is 1. */
export type LineIn = (channel: 'left' | 'right', cycle: number) => number;

/**
 * The samples go on to `sink` while the DAC plays, and as zeros of the same number while it does not. Headphone volume, de-emphasis, side tone,
 * the analogue bypass and the ADC's high-pass filter are registers and no more; the line inputs' volume and mute count.
 */
export class Wm8731 implements AudioDac, I2sSource {
  /** The two-wire control port: seven bits of register address, nine of data. It cannot be read, and does not acknowledge being asked. */
  readonly control: I2cDevice;
  readonly audio: AudioGate;
  addressed = false;
  private readonly registers = new Uint16Array(16);
  /** First byte of a write; undefined between writes. */
  private first: number | undefined;

  /**
   * @param address 0x1A with CSB low, 0x1B with CSB high
   * @param sink gets the samples of the DAC
   * @param lineIn what the ADC hears
   */
  constructor(private readonly timeline: Timeline, private readonly time: RealTime, address: 0x1a | 0x1b, sink: I2sListener, private readonly lineIn: LineIn = () => 0) {
    this.audio = new AudioGate(timeline, sink, () => this.playing);
    this.registers.set(DEFAULTS);
    this.control = {
      address,
      start: (direction) => {
        this.addressed = true;
        this.first = undefined;
        return direction === 'write';
      },
      write: (byte) => {
        if (this.first === undefined) this.first = byte;
        else {
          this.writeRegister(this.first >> 1, ((this.first & 1) << 8) | byte);
          this.first = undefined;
        }
        return true;
      },
      read: () => 0xff,
      stop: () => {},
    };
  }

  /** Content of a register, for whoever looks on. */
  register(address: number): number {
    return this.registers[address];
  }

  private writeRegister(address: number, value: number): void {
    if (address === RESET) this.registers.set(DEFAULTS);
    else if (address < DEFAULTS.length) {
      this.registers[address] = value;
      if (address < ANALOGUE_PATH && value & INBOTH) this.registers[address ^ 1] = value;
    }
    this.audio.reconsider();
  }

  get playing(): boolean {
    return this.problems().length === 0;
  }

  problems(): string[] {
    const { registers } = this;
    const power = registers[POWER_DOWN];
    const off = [[POWEROFF, 'POWEROFF'], [OUTPD, 'OUTPD'], [DACPD, 'DACPD']].filter(([bit]) => power & (bit as number)).map(([, name]) => name);
    const problems = [
      off.length > 0 ? `${this.describe(POWER_DOWN)}: clear ${off.join(', ')}` : undefined,
      registers[ACTIVE] & 1 ? undefined : `${this.describe(ACTIVE)}: the digital interface is inactive, set bit 0`,
      registers[ANALOGUE_PATH] & DACSEL ? undefined : `${this.describe(ANALOGUE_PATH)}: DACSEL (bit 4) is clear, the DAC does not reach the outputs`,
      registers[DIGITAL_PATH] & DACMU ? `${this.describe(DIGITAL_PATH)}: DACMU (bit 3) mutes the DAC` : undefined,
      this.clockProblem(), this.formatProblem(),
    ];
    return problems.filter((p) => p !== undefined);
  }

  warnings(): string[] {
    return [];
  }

  private describe(register: number): string {
    return `register ${hex(register, 2)} (${NAMES[register]}) is ${hex(this.registers[register], 3)}`;
  }

  private clockProblem(): string | undefined {
    const { stream } = this.audio;
    if (stream === undefined) return 'no clocks on the serial port: the I2S transmitter is not running';
    if (stream.masterClockPerFrame === 0) return 'no MCLK: enable the master clock output (MCKOE in SPI_I2SPR), the codec needs it for everything';
    const value = this.registers[SAMPLING];
    const sr = (value >> 2) & 0xf;
    const usual = value & USB_MODE ? USB[value & BOSR ? 1 : 0][sr] : NORMAL[sr] && NORMAL[sr] * (value & BOSR ? 1.5 : 1);
    if (usual === undefined) return `${this.describe(SAMPLING)}: SR, BOSR and USB/NORMAL are a combination that the data sheet does not list`;
    const wanted = usual * (value & CLKIDIV2 ? 2 : 1);
    if (wanted !== stream.masterClockPerFrame) return `${this.describe(SAMPLING)}, for ${wanted} MCLK cycles a frame; the wire carries ${stream.masterClockPerFrame}`;
    const rate = toNumber(this.time.coreHertz) / (2 * toNumber(stream.slotCycles));
    return rate < 8_000 * 0.95 || rate > 96_000 * 1.05 ? `${Math.round(rate)} frames a second on the wire: the codec takes 8 to 96 kHz` : undefined;
  }

  private formatProblem(): string | undefined {
    const { stream } = this.audio;
    if (stream === undefined) return undefined;
    const value = this.registers[INTERFACE];
    const name = this.describe(INTERFACE);
    if (value & MASTER) return `${name}: MS (bit 6) makes the codec clock master, and so is the wire`;
    if (value & BCLKINV) return `${name}: BCLKINV (bit 7) turns the bit clock round, against the wire`;
    if (value & (LRSWAP | LRP) && (value & 3) !== 3) return `${name}: LRSWAP or LRP (bits 5, 4) swap the channels`;
    const bits = [16, 20, 24, 32][(value >> 2) & 3];
    const format = (['lsb', 'msb', 'philips', value & LRP ? 'pcm-short' : 'pcm-long'] as const)[value & 3];
    const full = stream.slotBits === stream.dataBits;
    const alike = format === stream.standard || (full && format !== 'philips' && (stream.standard === 'msb' || stream.standard === 'lsb')) || (format.startsWith('pcm') && stream.standard.startsWith('pcm'));
    if (!alike) return `${name}, for ${STANDARD_NAMES[format]}; the wire carries ${STANDARD_NAMES[stream.standard]}`;
    if (format === 'lsb' && bits !== stream.dataBits && stream.slotBits !== bits) return `${name}, for right-justified words of ${bits} bits; the wire carries ${stream.dataBits}`;
    return undefined;
  }

  /** The ADC's sample of a slot; 0 while the ADC or its input is off or muted, or the interface inactive. */
  sample(stream: I2sStream, slot: number): number {
    const { registers } = this;
    const power = registers[POWER_DOWN];
    const microphone = (registers[ANALOGUE_PATH] & INSEL) !== 0;
    if (power & (POWEROFF | ADCPD) || !(registers[ACTIVE] & 1)) return 0;
    // There is no microphone: it gives nothing whatever its bits say.
    if (microphone || power & LINEINPD) return 0;
    const right = slot & 1;
    const control = registers[LEFT_LINE_IN + right];
    if (control & LINMUTE) return 0;
    const gain = 10 ** (((control & LINVOL) - ZERO_DECIBELS) * (DECIBELS_A_STEP / 20));
    const full = 2 ** (stream.dataBits - 1);
    const value = Math.round(this.lineIn(right ? 'right' : 'left', this.timeline.now) * gain * full);
    return Math.max(-full, Math.min(full - 1, value));
  }
}
