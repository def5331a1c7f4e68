// SPDX-License-Identifier: MIT
// Texas Instruments PCM5100A, PCM5101A and PCM5102A stereo DACs (SLAS859C): whether what arrives at their serial port would sound. They have no
// control port: format and filters are strapped by pins.

import { toNumber } from '../machine/fraction.js';
import type { I2sListener, I2sStream } from '../machine/links.js';
import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import type { Level, Wire } from '../machine/wire.js';
import { AudioGate, type AudioDac } from './audio-gate.js';

/** Table 2: bit clocks in a frame. */
const BCK_PER_FRAME = [32, 48, 64];
/** 9.3.5: with SCK low, the PLL starts after this many LRCK periods. */
const PLL_FRAMES = 16;
/** Table 2: SCK in ticks of a frame, and its highest frequency. */
const SCK_MIN = 128, SCK_MAX = 3072, SCK_MAX_HERTZ = 50e6;
/** Frames a second: 8 kHz to 384 kHz (table 2), give or take what crystals and dividers do. */
const RATE_MIN = 8_000 * 0.99, RATE_MAX = 384_000 * 1.01;
/** Table 5, with SCK low: 8 kHz is below what the PLL takes, and up to 16 kHz it takes 64 bit clocks a frame alone. */
const PLL_RATE_MIN = 16_000 * 0.99, PLL_RATE_MIN_32 = 32_000 * 0.99;

const STANDARD_NAMES = { philips: 'I2S (Philips)', msb: 'left-justified', lsb: 'right-justified', 'pcm-short': 'PCM with short sync', 'pcm-long': 'PCM with long sync' };

/**
 * The samples go on to `sink` while the DAC plays, and as zeros while it does not. The ramp of the soft mute (104 frames, 9.3.3) is not modelled:
 * the sink gets the wire's data from its first frame on.
 */
export class Pcm510x implements AudioDac {
  /** The serial port (9.3.2). */
  readonly audio: I2sListener;
  /** It has nothing that firmware could turn to but its clocks. */
  addressed = false;
  private readonly gate: AudioGate;
  private locked = false;

  /**
   * @param sink gets the samples
   * @param mute the XSMT pin; undefined: tied high
   * @param leftJustified level of the FMT pin
   */
  constructor(timeline: Timeline, private readonly time: RealTime, sink: I2sListener, private readonly mute?: Wire, private readonly leftJustified: Level = 0) {
    this.gate = new AudioGate(timeline, sink, () => this.playing);
    mute?.onEdge(() => this.gate.reconsider());
    this.audio = {
      start: (stream) => {
        this.addressed = true;
        // A master clock is there at once; without one the PLL has to start first.
        this.locked = stream.masterClockPerFrame !== 0;
        this.gate.start(stream);
        if (this.locked) return;
        timeline.at(stream.originCycle + Math.ceil(2 * PLL_FRAMES * toNumber(stream.slotCycles)), () => {
          if (this.gate.stream !== stream) return;
          this.locked = true;
          this.gate.reconsider();
        });
      },
      slots: (stream, firstSlot, values, count) => this.gate.slots(stream, firstSlot, values, count),
      stop: (stream, endSlot) => this.gate.stop(stream, endSlot),
    };
  }

  get playing(): boolean {
    return this.problems().length === 0;
  }

  problems(): string[] {
    const { stream } = this.gate;
    if (stream === undefined) return ['no clocks on the serial port: the I2S transmitter is not running'];
    const problems = [this.clockProblem(stream), this.formatProblem(stream)].filter((p) => p !== undefined);
    if (this.mute?.level === 0) problems.push('the XSMT pin is low: drive it high to let the DAC sound');
    if (problems.length === 0 && !this.locked) problems.push(`SCK is low and the PLL starts only after ${PLL_FRAMES} frames`);
    return problems;
  }

  warnings(): string[] {
    return [];
  }

  private clockProblem({ slotCycles, slotBits, masterClockPerFrame: sck }: I2sStream): string | undefined {
    const rate = toNumber(this.time.coreHertz) / (2 * toNumber(slotCycles));
    if (rate < RATE_MIN || rate > RATE_MAX) return `${Math.round(rate)} frames a second on the wire: the DAC takes 8 to 384 kHz`;
    const bck = 2 * slotBits;
    if (!BCK_PER_FRAME.includes(bck)) return `${bck} bit clocks a frame on the wire: the DAC takes ${BCK_PER_FRAME.join(', ')}`;
    if (sck === 0) {
      if (rate < PLL_RATE_MIN || (bck === 32 && rate < PLL_RATE_MIN_32)) {
        return `${Math.round(rate)} frames a second with ${bck} bit clocks each: with SCK low the PLL takes 64 from 16 kHz on, and 32 from 32 kHz on (table 5)`;
      }
      return undefined;
    }
    if (sck < SCK_MIN || sck > SCK_MAX || sck * rate > SCK_MAX_HERTZ) {
      return `SCK of ${Math.round(sck * rate)} Hz, ${sck} times the frame rate: the DAC takes ${SCK_MIN} to ${SCK_MAX} times, up to 50 MHz (table 2)`;
    }
    return undefined;
  }

  private formatProblem({ standard, slotBits, dataBits }: I2sStream): string | undefined {
    const wanted = this.leftJustified ? 'msb' : 'philips';
    // A slot without padding looks the same justified left and right.
    if (standard === wanted || (wanted === 'msb' && standard === 'lsb' && slotBits === dataBits)) return undefined;
    return `FMT is ${this.leftJustified ? 'high' : 'low'}, for ${STANDARD_NAMES[wanted]}; the wire carries ${STANDARD_NAMES[standard]}`;
  }
}
