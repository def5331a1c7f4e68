// SPDX-License-Identifier: MIT
// Cirrus Logic CS43L22 stereo DAC (DS792F2): its control port, and whether what arrives at its serial port would sound.

import { hex } from '../machine/errors.js';
import { toNumber } from '../machine/fraction.js';
import type { I2cDevice, I2sListener } from '../machine/links.js';
import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import type { Level, Wire } from '../machine/wire.js';
import { AudioGate, type AudioDac } from './audio-gate.js';

// Registers, section 6 (quick reference) and 7.
const ID = 0x01; // chip 11100, revision B1
const POWER_CTL_1 = 0x02;
const POWER_CTL_2 = 0x04;
const CLOCKING_CTL = 0x05;
const INTERFACE_CTL_1 = 0x06;
const INTERFACE_CTL_2 = 0x07;
const PLAYBACK_CTL_1 = 0x0d;
const MISC_CTL = 0x0e;
const PLAYBACK_CTL_2 = 0x0f;
const PCMA_VOL = 0x1a;
const PCMB_VOL = 0x1b;
const STATUS = 0x2e;
const VP_BATTERY_LEVEL = 0x30;
const SPEAKER_STATUS = 0x31;

const POWERED_UP = 0x9e; // POWER_CTL_1; 0x01 and 0x9F are powered down, all else is reserved
const AUTO = 1 << 7; // CLOCKING_CTL: speed from the MCLK/LRCK ratio
const GROUP_32K = 1 << 4; // CLOCKING_CTL: 8, 16 or 32 kHz
const VIDEOCLK = 1 << 3; // CLOCKING_CTL: MCLK is 27 MHz
const MCLKDIV2 = 1 << 0; // CLOCKING_CTL
const MASTER = 1 << 7; // INTERFACE_CTL_1
const INV_SCLK = 1 << 6; // INTERFACE_CTL_1
const DSP = 1 << 4; // INTERFACE_CTL_1
const INV_SWCH = 1 << 3; // INTERFACE_CTL_2: inverts the SPKR/HP pin
const MSTBMUTE = 1 << 1; // PLAYBACK_CTL_1
const MSTAMUTE = 1 << 0; // PLAYBACK_CTL_1
const FREEZE = 1 << 3; // MISC_CTL: changes wait until it is cleared
const SPCLKERR = 1 << 6; // STATUS: MCLK/LRCK ratio not valid
const PCM_MUTE = 1 << 7; // PCMx_VOL

const DEFAULTS: Readonly<Record<number, number>> = {
  [ID]: 0xe3, [POWER_CTL_1]: 0x01, [POWER_CTL_2]: 0x05, [CLOCKING_CTL]: 0xa0, 0x08: 0x81, 0x09: 0x81, 0x0a: 0xa5, [PLAYBACK_CTL_1]: 0x60,
  [MISC_CTL]: 0x02, 0x1f: 0x88, 0x28: 0x7f, 0x29: 0xc0, 0x32: 0x3b, 0x34: 0x5f,
};
const READ_ONLY: ReadonlySet<number> = new Set([ID, STATUS, VP_BATTERY_LEVEL, SPEAKER_STATUS]);
const FREEZABLE = [PLAYBACK_CTL_1, PLAYBACK_CTL_2, PCMA_VOL, PCMB_VOL];

/** Section 4.11, in this order: register, the bits that matter, their value. */
const INITIALISATION: readonly (readonly [register: number, mask: number, value: number])[] = [
  [0x00, 0xff, 0x99], [0x47, 0xff, 0x80], [0x32, 0x80, 0x80], [0x32, 0x80, 0x00], [0x00, 0xff, 0x00],
];

const STANDARD_NAMES = { philips: 'I2S (Philips)', msb: 'left-justified', lsb: 'right-justified', 'pcm-short': 'PCM with short sync', 'pcm-long': 'PCM with long sync' };

const reg = (register: number): string => `register ${hex(register, 2)}`;

/**
 * The samples go on to `sink` while the codec plays, and as zeros of the same number while it does not, so that the sink's time is the wire's.
 * Volumes, tone, limiter, beep and the analog passthrough are registers that can be read back and no more: what the sink gets is the wire's data.
 */
export class Cs43l22 implements AudioDac {
  /** The control port (section 5): register pointer first, then data, with auto-increment if its bit 7 is set. */
  readonly control: I2cDevice = {
    address: 0x4a, // 1001010, section 5.0.1
    start: (direction) => {
      this.addressed = true;
      this.expectsMap = direction === 'write';
      return this.reset.level === 1;
    },
    write: (byte) => {
      if (this.reset.level === 0) return false;
      if (this.expectsMap) {
        this.map = byte & 0x7f;
        this.increment = (byte & 0x80) !== 0;
        this.expectsMap = false;
      } else {
        this.writeRegister(this.map, byte);
        this.advance();
      }
      return true;
    },
    read: () => {
      const value = this.register(this.map);
      this.advance();
      return value;
    },
    stop: () => {},
  };

  /** The serial port (sections 4.6 and 4.7). */
  readonly audio: AudioGate;

  /** Whether the firmware has ever spoken to it: one that makes no sound need not. */
  addressed = false;
  private readonly registers = new Uint8Array(128);
  /** What `FREEZE` holds: the registers that count, as they were. */
  private frozen: Uint8Array | undefined;
  /** Memory address pointer and its auto-increment. */
  private map = 0;
  private increment = false;
  private expectsMap = false;
  /** Steps of the required initialisation that have been seen. */
  private initialised = 0;
  private poweredUpWithoutClocks = false;

  /**
   * @param reset the RESET pin: low holds the chip in reset
   * @param sink gets the samples
   * @param speakerSwitch level of the SPKR/HP pin
   */
  constructor(
    timeline: Timeline,
    private readonly time: RealTime,
    private readonly reset: Wire,
    sink: I2sListener,
    private readonly speakerSwitch: Level = 0,
  ) {
    this.audio = new AudioGate(timeline, sink, () => this.playing);
    this.clear();
    reset.onEdge(() => {
      this.clear();
      this.audio.reconsider();
    });
  }

  private clear(): void {
    this.registers.fill(0);
    for (const [register, value] of Object.entries(DEFAULTS)) this.registers[Number(register)] = value;
    this.frozen = undefined;
    this.map = 0;
    this.initialised = 0;
    this.poweredUpWithoutClocks = false;
  }

  /** What a read of a register would give. */
  register(address: number): number {
    if (address !== STATUS) return this.registers[address];
    return this.clockProblem() === undefined ? 0 : SPCLKERR;
  }

  private advance(): void {
    if (this.increment) this.map = (this.map + 1) & 0x7f;
  }

  private writeRegister(address: number, value: number): void {
    if (READ_ONLY.has(address)) return;
    this.registers[address] = value;
    const [register, mask, wanted] = INITIALISATION[this.initialised] ?? [];
    if (address === register && (value & mask!) === wanted) this.initialised++;
    else if (this.initialised < INITIALISATION.length && INITIALISATION.some(([r]) => r === address)) this.initialised = address === 0x00 && value === 0x99 ? 1 : 0;
    if (address === MISC_CTL) this.frozen = value & FREEZE ? (this.frozen ?? this.registers.slice()) : undefined;
    if (address === POWER_CTL_1 && value === POWERED_UP && this.audio.stream === undefined) this.poweredUpWithoutClocks = true;
    this.audio.reconsider();
  }

  /** Whether what arrives now is heard. */
  get playing(): boolean {
    return this.problems().length === 0;
  }

  /** Why nothing is heard, in words for whoever writes the firmware; empty while it plays. */
  problems(): string[] {
    if (this.reset.level === 0) return ['the RESET pin is low: drive it high before the first I2C transfer'];
    return [this.powerProblem(), this.clockProblem(), this.formatProblem(), ...this.outputProblems()].filter((p) => p !== undefined);
  }

  /** What the data sheet forbids although the chip plays. */
  warnings(): string[] {
    const early = this.poweredUpWithoutClocks
      ? [`${reg(POWER_CTL_1)} was set to 0x9E before MCLK and LRCK ran: start the I2S first, while the codec is powered down (section 4.9, step 5)`] : [];
    return [...early, ...this.initialisationWarning()];
  }

  /** The data sheet requires it, but ST's own driver for the Discovery leaves it out, and is heard. */
  private initialisationWarning(): string[] {
    if (this.initialised === INITIALISATION.length || this.registers[POWER_CTL_1] !== POWERED_UP) return [];
    return [`the required initialisation (section 4.11) stopped after ${this.initialised} of 5 writes: `
      + '0x99 to 0x00, 0x80 to 0x47, bit 7 of 0x32 set, bit 7 of 0x32 cleared, 0x00 to 0x00'];
  }

  private powerProblem(): string | undefined {
    const value = this.registers[POWER_CTL_1];
    return value === POWERED_UP ? undefined : `${reg(POWER_CTL_1)} (Power Ctl 1) is ${hex(value, 2)}, powered down: write 0x9E, last of all`;
  }

  /** Table 1: which MCLK/LRCK ratios the clocking register takes, against the one on the wire. */
  private clockProblem(): string | undefined {
    const { stream } = this.audio;
    if (stream === undefined) return 'no clocks on the serial port: the I2S transmitter is not running';
    const rate = toNumber(this.time.coreHertz) / (2 * toNumber(stream.slotCycles));
    if (rate < 4000 * 0.99 || rate > 96_000 * 1.05) return `${Math.round(rate)} frames a second on the wire: the codec takes 4 to 96 kHz`;
    const onWire = stream.masterClockPerFrame;
    if (onWire === 0) return 'no MCLK: enable the master clock output (MCKOE in SPI_I2SPR), the codec needs it for everything';
    const value = this.registers[CLOCKING_CTL];
    const taken = ratios(value);
    if (taken.includes(onWire)) return undefined;
    return `${reg(CLOCKING_CTL)} (Clocking Ctl) is ${hex(value, 2)}, for ${taken.join(', ')} MCLK cycles a frame; the wire carries ${onWire}: 0xA0 (auto-detect) takes 256`;
  }

  private formatProblem(): string | undefined {
    const { stream } = this.audio;
    if (stream === undefined) return undefined;
    const value = this.registers[INTERFACE_CTL_1];
    const name = `${reg(INTERFACE_CTL_1)} (Interface Ctl 1)`;
    if (value & MASTER) return `${name} makes the codec clock master (bit 7), and so is the wire: clear it`;
    if (value & INV_SCLK) return `${name} inverts SCLK (bit 6): clear it, data is stable at the rising edge`;
    const carried = STANDARD_NAMES[stream.standard];
    if (value & DSP) return `${name} selects DSP mode (bit 4), the wire carries ${carried}`;
    const format = (value >> 2) & 3;
    const length = [24, 20, 18, 16][value & 3];
    if (format === 3) return `${name} selects a reserved format (bits 3 and 2 both set), the wire carries ${carried}`;
    const wanted = (['msb', 'philips', 'lsb'] as const)[format];
    // A slot without padding looks the same justified left and right.
    const full = stream.slotBits === stream.dataBits;
    const alike = wanted === stream.standard || (full && wanted !== 'philips' && (stream.standard === 'msb' || stream.standard === 'lsb'));
    if (!alike) return `${name} selects ${STANDARD_NAMES[wanted]}, the wire carries ${carried}`;
    if (wanted === 'lsb' && length !== stream.dataBits) return `${name} selects right-justified words of ${length} bits, the wire carries ${stream.dataBits}`;
    return undefined;
  }

  private outputProblems(): string[] {
    const power = this.registers[POWER_CTL_2];
    const high = (this.speakerSwitch === 1) !== ((this.registers[INTERFACE_CTL_2] & INV_SWCH) !== 0);
    // 00: on while the switch is low, 01: while it is high, 10: always, 11: never.
    const on = (shift: number): boolean => [!high, high, true, false][(power >> shift) & 3];
    const headphone = [on(4), on(6)];
    const speaker = [on(0), on(2)];
    const held = this.frozen ?? this.registers;
    const live = (register: number) => (FREEZABLE.includes(register) ? held : this.registers)[register];
    return ['A (left)', 'B (right)'].flatMap((channel, i) => {
      if (!headphone[i] && !speaker[i]) return [`${reg(POWER_CTL_2)} (Power Ctl 2) is ${hex(power, 2)}: channel ${channel} is off; 0xAF turns the headphone on`];
      const muted: string[] = [];
      const outputs = live(PLAYBACK_CTL_2);
      if ((!headphone[i] || outputs & (1 << (6 + i))) && (!speaker[i] || outputs & (1 << (4 + i)))) muted.push(`${reg(PLAYBACK_CTL_2)} (Playback Ctl 2) mutes channel ${channel}`);
      if (live(PLAYBACK_CTL_1) & [MSTAMUTE, MSTBMUTE][i]) muted.push(`${reg(PLAYBACK_CTL_1)} (Playback Ctl 1) mutes channel ${channel}`);
      const volume = [PCMA_VOL, PCMB_VOL][i];
      if (live(volume) & PCM_MUTE) muted.push(`${reg(volume)} (PCM volume) mutes channel ${channel}`);
      return muted;
    });
  }
}

/** The MCLK cycles a frame that a setting of the clocking register takes (Table 1), smallest first. */
function ratios(clocking: number): number[] {
  const ratio = (clocking >> 1) & 3;
  if (ratio === 2) return [2112]; // 132 is listed for 8.0182 kHz from 16.9344 MHz alone
  let base = [128, 125, 0, 136][ratio]; // at double speed
  if (clocking & GROUP_32K) base *= 1.5;
  if (clocking & VIDEOCLK) base *= 2.25; // 27 MHz instead of 12
  if (clocking & MCLKDIV2) base *= 2;
  const speeds = clocking & AUTO ? [1, 2, 4, 8] : [[1], [2], [4], [8]][(clocking >> 5) & 3];
  // As a slave with ratio 00 it takes 18.432 and 16.9344 MHz as well, one and a half times the usual.
  return speeds.flatMap((speed) => (ratio === 0 ? [base * speed, base * speed * 1.5] : [base * speed])).sort((a, b) => a - b);
}
