// SPDX-License-Identifier: MIT
// A drum sampler in whole numbers: six pads of 16-bit samples at any pitch, between neighbours in a straight line. For the validation of costs.

import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { uartByte, uartInterrupt, uartReceive, uartStart } from "../../assembly/drivers/uart";
import { createParser, parseByte } from "../../assembly/midi/parser";
import { waitForInterrupt } from "../../assembly/shim/abi";

const FRAMES: i32 = 32;
const PADS: i32 = 6;
const SAMPLES: i32 = 1500;

@unmanaged
class Pad {
  start: usize = 0;
  /** Place in its sample, 16.16. */
  position: u32 = 0;
  step: u32 = 0;
  gain: i32 = 0;
  pan: i32 = 0;
  playing: bool = false;
}

const waves = memory.data(2 * 1500 * 6, 4);
const sums = memory.data(8 * 32, 8);
const frames = memory.data(4 * 32, 8);
const pads = memory.data(4 * 6, 4);
const parser = createParser(16);

function padAt(index: i32): Pad {
  return changetype<Pad>(load<usize>(pads + (index << 2)));
}

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  let seed: u32 = 1;
  for (let p = 0; p < PADS; p++) {
    const pad = new Pad();
    pad.start = waves + <usize>(2 * SAMPLES * p);
    pad.pan = 8 + 3 * p;
    store<usize>(pads + (p << 2), changetype<usize>(pad));
    for (let i = 0; i < SAMPLES; i++) {
      seed = seed * 1664525 + 1013904223;
      const fade = ((SAMPLES - i) * 20000) / SAMPLES;
      const tone = (i * (p + 2) * 300) & 0xffff;
      store<i16>(pad.start + (i << 1), <i16>(((p < 3 ? tone - 32768 : <i32>(seed >>> 16) - 32768) * fade) >> 15));
    }
  }
  uartStart();
  assert(boardStart() == 0);
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
    while (uartReceive()) {
      const message = parseByte(parser, uartByte());
      if ((message & 0xf0) == 0x90 && message >> 16 != 0) strike((message >> 8) & 0x7f, message >> 16);
    }
    for (let i = 0; i < FRAMES; i++) store<u64>(sums + (i << 3), 0);
    for (let p = 0; p < PADS; p++) {
      const pad = padAt(p);
      if (pad.playing) mix(pad, sums, FRAMES);
    }
    for (let i = 0; i < FRAMES; i++) {
      store<i16>(frames + (i << 2), saturated(load<i32>(sums + (i << 3))));
      store<i16>(frames + (i << 2), saturated(load<i32>(sums + (i << 3), 4)), 2);
    }
    audioOutWrite(frames);
  }
}

function strike(note: u32, velocity: u32): void {
  const pad = padAt(<i32>(note % PADS));
  pad.position = 0;
  pad.step = 40000 + note * 700;
  pad.gain = <i32>(velocity & 0x7f) << 1;
  pad.playing = true;
}

// @ts-ignore: decorator
@inline
function saturated(x: i32): i16 {
  return <i16>min<i32>(max<i32>(x, -32768), 32767);
}

// @ts-ignore: decorator
@native
function mix(pad: Pad, out: usize, count: i32): void {
  let position = pad.position;
  const leftGain = (pad.gain * (32 - pad.pan)) >> 1;
  const rightGain = (pad.gain * pad.pan) >> 1;
  for (let i = 0; i < count; i++) {
    const place = position >> 16;
    if (place >= <u32>SAMPLES - 1) {
      pad.playing = false;
      break;
    }
    const at = pad.start + (place << 1);
    const a = <i32>load<i16>(at);
    const b = <i32>load<i16>(at, 2);
    const y = a + (((b - a) * <i32>((position & 0xffff) >> 1)) >> 15);
    store<i32>(out, load<i32>(out) + ((y * leftGain) >> 12));
    store<i32>(out, load<i32>(out, 4) + ((y * rightGain) >> 12), 4);
    position += pad.step;
    out += 8;
  }
  pad.position = position;
}
