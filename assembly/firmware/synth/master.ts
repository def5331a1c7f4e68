// SPDX-License-Identifier: MIT
// What follows the strips: chorus, echo and reverb, each asleep when nothing has come in for as long as it rings; then DC blocker, limiter
// and the i16 frames.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";
import { addChorus, Chorus, CHORUS_BYTES, setChorus } from "../../audio/chorus";
import { addDelay, Delay, setDelay } from "../../audio/delay";
import { DcBlocker, finish, settleDc } from "../../audio/output";
import { addReverb, Reverb, REVERB_BYTES, setReverb } from "../../audio/reverb";
import { MixBuffers, NOTHING } from "./mix-buffers";
import { CHORUS_PRICE, ECHO_PRICE } from "./prices";

const CHORUS_HERTZ: f64 = 0.7;
const CHORUS_CENTRE_SECONDS: f64 = 0.011;
const CHORUS_DEPTH_SECONDS: f64 = 0.0035;
const CHORUS_LEVEL: f32 = 0.9;
/** One frame a byte: 171 ms, which is what one page of memory has room for. */
const ECHO_BYTES: i32 = 8192;
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

  /** Frame from which to render a stretch into which something comes at frame `input`; NOTHING for not at all. */
  // @ts-ignore: decorator
  @inline
  start(input: u8): u8 {
    const asleep = this.left == 0;
    if (input != NOTHING) this.left = this.awakePeriods;
    return asleep ? input : 0;
  }

  get isAwake(): bool {
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
  private delay: Delay = new Delay(memory.data(ECHO_BYTES, 4), ECHO_BYTES);
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
    settleDc(this.leftDc);
    settleDc(this.rightDc);
  }

  /** Effects cost something when strips send to them, and as long as they ring. */
  get chorusRings(): bool {
    return this.chorusSleep.isAwake;
  }

  get echoRings(): bool {
    return this.delaySleep.isAwake;
  }

  /** Finishes a stretch: i16 frames to `out`. */
  // @ts-ignore: decorator
  @inline
  render(mix: MixBuffers, out: usize, frameCount: i32): void {
    const chorus = this.chorusSleep.start(mix.chorusFrom);
    const delay = this.delaySleep.start(mix.delayFrom);
    const reverb = this.reverbSleep.start(mix.reverbFrom);
    const first = this.outputSleep.start(min<u8>(min<u8>(mix.mainFrom, chorus), min<u8>(delay, reverb)));
    if (first != 0) clearBlock(out, min<i32>(<i32>first, frameCount)); // a frame of i16 is as long as a sample of f32
    if (first == NOTHING) return;
    const left = mix.left;
    const right = mix.right;
    let skipped = <usize>chorus << 2;
    if (chorus != NOTHING) {
      addChorus(this.chorus, mix.chorus + skipped, left + skipped, right + skipped, frameCount - <i32>chorus, CHORUS_LEVEL); // @uses(CHORUS_PRICE of room)
    }
    skipped = <usize>delay << 2;
    if (delay != NOTHING) {
      addDelay(this.delay, mix.delay + skipped, left + skipped, right + skipped, frameCount - <i32>delay); // @uses(ECHO_PRICE of room)
    }
    skipped = <usize>reverb << 2;
    if (reverb != NOTHING) addReverb(this.reverb, mix.reverb + skipped, left + skipped, right + skipped, frameCount - <i32>reverb);
    mix.mainFrom = 0; // the DC blockers leave their tails there
    skipped = <usize>first << 2;
    finish(this.leftDc, this.rightDc, left + skipped, right + skipped, out + skipped, frameCount - <i32>first);
  }
}
