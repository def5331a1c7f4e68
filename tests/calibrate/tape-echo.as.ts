// SPDX-License-Identifier: MIT
// A tape echo in stereo: plucked pulses through a line that is read at a wavering place, with two biquads an ear. For the validation of costs.

import { interleave } from "../../assembly/audio/output";
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { uartByte, uartInterrupt, uartReceive, uartStart } from "../../assembly/drivers/uart";
import { createParser, parseByte } from "../../assembly/midi/parser";
import { waitForInterrupt } from "../../assembly/shim/abi";

const FRAMES: i32 = 32;
const LINE: u32 = 4096;

/** Coefficients and state of a biquad in transposed direct form II. */
@unmanaged
class Biquad {
  b0: f32 = 0;
  b1: f32 = 0;
  b2: f32 = 0;
  a1: f32 = 0;
  a2: f32 = 0;
  z1: f32 = 0;
  z2: f32 = 0;
}

const dry = memory.data(4 * 32, 8);
const left = memory.data(4 * 32, 8);
const right = memory.data(4 * 32, 8);
const frames = memory.data(4 * 32, 8);
const tapeLeft = memory.data(4 * 4096, 4);
const tapeRight = memory.data(4 * 4096, 4);
const parser = createParser(16);
const bassLeft = new Biquad();
const bassRight = new Biquad();
const airLeft = new Biquad();
const airRight = new Biquad();
let head: u32 = 0;
let wow: f32 = 0;
let wowStep: f32 = 0.0007;
let feedback: f32 = 0.45;
let pulse: f32 = 0;
let period: i32 = 100;
let countdown: i32 = 0;

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  peak(bassLeft, 0.02, 1.4);
  peak(bassRight, 0.02, 1.4);
  peak(airLeft, 0.3, 0.7);
  peak(airRight, 0.3, 0.7);
  uartStart();
  assert(boardStart() == 0);
}

/** A peak or a dip: frequency in turns a sample, gain. R. Bristow-Johnson's cookbook. */
function peak(filter: Biquad, frequency: f64, gain: f64): void {
  const w = 2 * NativeMath.PI * frequency;
  const alpha = NativeMath.sin(w) / 1.4;
  const a = NativeMath.sqrt(gain);
  const a0 = 1 + alpha / a;
  filter.b0 = <f32>((1 + alpha * a) / a0);
  filter.b1 = <f32>((-2 * NativeMath.cos(w)) / a0);
  filter.b2 = <f32>((1 - alpha * a) / a0);
  filter.a1 = filter.b1;
  filter.a2 = <f32>((1 - alpha / a) / a0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 1)
function moved(): void {
  uartInterrupt();
}

@isr("AUDIO_DMA", 2)
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15)
function render(): void {
  while (audioOutBlockDue()) {
    for (let bytes = 0; bytes < 4 && uartReceive(); bytes++) follow(parseByte(parser, uartByte()));
    pluck(FRAMES);
    wow += wowStep * <f32>FRAMES;
    if (wow > 40 || wow < 0) wowStep = -wowStep;
    echo(tapeLeft, dry, left, head, 1500 + wow, feedback, FRAMES);
    echo(tapeRight, dry, right, head, 1901 - wow, feedback * 0.9, FRAMES);
    head += FRAMES;
    equalise(bassLeft, left, FRAMES);
    equalise(airLeft, left, FRAMES);
    equalise(bassRight, right, FRAMES);
    equalise(airRight, right, FRAMES);
    interleave(left, right, frames, FRAMES);
    audioOutWrite(frames);
  }
}

function follow(message: u32): void {
  const kind = message & 0xf0;
  if (kind == 0x90 && message >> 16 != 0) {
    pulse = 0.5;
    period = 400 - 3 * <i32>((message >> 8) & 0x7f);
  } else if (kind == 0xb0 && ((message >> 8) & 0x7f) == 7) feedback = <f32>((message >> 16) & 0x7f) * 0.006;
}

function pluck(count: i32): void {
  for (let i = 0; i < count; i++) {
    let y: f32 = 0;
    if (--countdown <= 0) {
      countdown = period;
      y = pulse;
    }
    store<f32>(dry + (i << 2), y);
    pulse *= 0.9999;
  }
}

// @ts-ignore: decorator
@native
function echo(tape: usize, input: usize, out: usize, at: u32, delay: f32, gain: f32, count: i32): void {
  const whole = <u32>delay;
  const part = delay - <f32>whole;
  for (let i = 0; i < count; i++) {
    const from = at - whole;
    const a = load<f32>(tape + ((from & (LINE - 1)) << 2));
    const b = load<f32>(tape + (((from - 1) & (LINE - 1)) << 2));
    const y = a + (b - a) * part;
    const x = load<f32>(input);
    const written = x + y * gain;
    store<f32>(tape + ((at & (LINE - 1)) << 2), written - written * written * written * 0.15);
    store<f32>(out, x + y);
    at++;
    input += 4;
    out += 4;
  }
}

// @ts-ignore: decorator
@native
function equalise(filter: Biquad, buffer: usize, count: i32): void {
  const b0 = filter.b0;
  const b1 = filter.b1;
  const b2 = filter.b2;
  const a1 = filter.a1;
  const a2 = filter.a2;
  let z1 = filter.z1;
  let z2 = filter.z2;
  const end = buffer + (<usize>count << 2);
  while (buffer < end) {
    const x = load<f32>(buffer);
    const y = x * b0 + z1;
    z1 = x * b1 - y * a1 + z2;
    z2 = x * b2 - y * a2;
    store<f32>(buffer, y);
    buffer += 4;
  }
  filter.z1 = z1;
  filter.z2 = z2;
}
