// SPDX-License-Identifier: MIT
// What follows the strips: chorus, echo and reverb, each asleep when nothing has come in for as long as it rings; then DC blocker, limiter
// and the i16 frames.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";
import { addChorus, Chorus, CHORUS_BYTES, setChorus } from "../../audio/chorus";
import { addDelay, Delay, DELAY_BYTES, setDelay } from "../../audio/delay";
import { blockDc, DcBlocker, interleave, limit } from "../../audio/output";
import { addReverb, Reverb, REVERB_BYTES, setReverb } from "../../audio/reverb";
import { MixBuffers } from "./mix-buffers";

const CHORUS_HERTZ: f64 = 0.7;
const CHORUS_CENTRE_SECONDS: f64 = 0.011;
const CHORUS_DEPTH_SECONDS: f64 = 0.0035;
const CHORUS_LEVEL: f32 = 0.9;
const ECHO_LEFT_SECONDS: f64 = 0.113;
const ECHO_RIGHT_SECONDS: f64 = 0.17;
const ECHO_FEEDBACK: f32 = 0.45;
const ECHO_TONE: f32 = 0.5;
const REVERB_SECONDS: f64 = 1.6;
const REVERB_DAMPING: f32 = 0.55;
/** Corner of the DC blockers in hertz. */
const DC_CORNER: f64 = 5;

// How long each unit rings at most after its input has ended.
const CHORUS_TAIL_SECONDS: f64 = 0.05;
const ECHO_TAIL_SECONDS: f64 = 2.5;
const REVERB_TAIL_SECONDS: f64 = 2.5;
/** A DC blocker is below half a step of the output after this, even from full scale. */
const DC_TAIL_SECONDS: f64 = 0.5;

/** Whether a unit has anything to do: it sleeps when its input has been silent for longer than it rings. */
@final
class Sleep {
  /** Control periods until it sleeps, unless something comes in. */
  private left: i32 = 0;
  private awakePeriods: i32;

  constructor(tailSeconds: f64, sampleRate: f64) {
    this.awakePeriods = <i32>((tailSeconds * sampleRate) / CONTROL_FRAMES) + 2;
  }

  /** Whether to render a stretch, for which `input` says whether something comes in. */
  // @ts-ignore: decorator
  @inline
  isAwake(input: bool): bool {
    if (input) this.left = this.awakePeriods;
    return this.left > 0;
  }

  /** Once a control period. */
  control(): void {
    if (this.left > 0) this.left--;
  }
}

@final
export class MasterSection {
  private chorus: Chorus = new Chorus(memory.data(CHORUS_BYTES, 4));
  private delay: Delay = new Delay(memory.data(DELAY_BYTES, 4));
  private reverb: Reverb = new Reverb(memory.data(REVERB_BYTES, 4));
  private leftDc: DcBlocker;
  private rightDc: DcBlocker;
  private chorusSleep: Sleep;
  private delaySleep: Sleep;
  private reverbSleep: Sleep;
  private outputSleep: Sleep;

  constructor(sampleRate: f64) {
    const pole = <f32>(1 - (2 * Math.PI * DC_CORNER) / sampleRate);
    this.leftDc = new DcBlocker(pole);
    this.rightDc = new DcBlocker(pole);
    this.chorusSleep = new Sleep(CHORUS_TAIL_SECONDS, sampleRate);
    this.delaySleep = new Sleep(ECHO_TAIL_SECONDS, sampleRate);
    this.reverbSleep = new Sleep(REVERB_TAIL_SECONDS, sampleRate);
    this.outputSleep = new Sleep(DC_TAIL_SECONDS, sampleRate);
    setChorus(
      this.chorus, <u32>((CHORUS_HERTZ / sampleRate) * 4294967296.0), <f32>(CHORUS_CENTRE_SECONDS * sampleRate), <f32>(CHORUS_DEPTH_SECONDS * sampleRate),
    );
    setDelay(this.delay, <i32>(ECHO_LEFT_SECONDS * sampleRate), <i32>(ECHO_RIGHT_SECONDS * sampleRate), ECHO_FEEDBACK, ECHO_TONE);
    setReverb(this.reverb, <f32>(REVERB_SECONDS * sampleRate), REVERB_DAMPING);
  }

  /** Once a control period. */
  control(): void {
    this.chorusSleep.control();
    this.delaySleep.control();
    this.reverbSleep.control();
    this.outputSleep.control();
  }

  /** Finishes a stretch: i16 frames to `out`. */
  render(mix: MixBuffers, out: usize, frameCount: i32): void {
    const left = mix.left;
    const right = mix.right;
    const chorus = this.chorusSleep.isAwake(mix.toChorus);
    const delay = this.delaySleep.isAwake(mix.toDelay);
    const reverb = this.reverbSleep.isAwake(mix.toReverb);
    if (chorus) addChorus(this.chorus, mix.chorus, left, right, frameCount, CHORUS_LEVEL);
    if (delay) addDelay(this.delay, mix.delay, left, right, frameCount);
    if (reverb) addReverb(this.reverb, mix.reverb, left, right, frameCount);
    mix.toMain = mix.toMain || chorus || delay || reverb;
    if (!this.outputSleep.isAwake(mix.toMain)) {
      clearBlock(out, frameCount); // a frame of i16 is as long as a sample of f32
      return;
    }
    mix.toMain = true; // the DC blockers leave their tails there
    blockDc(this.leftDc, left, frameCount);
    blockDc(this.rightDc, right, frameCount);
    limit(left, frameCount);
    limit(right, frameCount);
    interleave(left, right, out, frameCount);
  }
}
