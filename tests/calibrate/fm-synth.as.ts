// SPDX-License-Identifier: MIT
// Four voices of two-operator phase modulation, for the validation of costs: written as a user would, with nothing of the library's DSP but the output.

import { interleave } from "../../assembly/audio/output";
import { initTuning, noteIncrement } from "../../assembly/audio/tuning";
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { uartByte, uartInterrupt, uartReceive, uartStart } from "../../assembly/drivers/uart";
import { createParser, parseByte } from "../../assembly/midi/parser";
import { waitForInterrupt } from "../../assembly/shim/abi";
import { SAMPLE_RATE } from "../../assembly/shim/board";

const FRAMES: i32 = 32;
const VOICES: i32 = 4;
const TABLE_BITS: u32 = 10;

@unmanaged
class Voice {
  note: i32 = -1;
  age: u32 = 0;
  held: bool = false;
  increment: u32 = 0;
  carrier: u32 = 0;
  modulator: u32 = 0;
  last: f32 = 0;
  level: f32 = 0;
  depth: f32 = 0;
  velocity: f32 = 0;
}

const table = memory.data(4 * (1 << 10), 4);
const left = memory.data(4 * 32, 8);
const right = memory.data(4 * 32, 8);
const frames = memory.data(4 * 32, 8);
const parser = createParser(16);
const voices = new StaticArray<Voice>(VOICES);
let clock: u32 = 0;
let brightness: f32 = 0.4;

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  initTuning(SAMPLE_RATE);
  for (let i = 0; i < 1 << TABLE_BITS; i++) store<f32>(table + (i << 2), <f32>NativeMath.sin((<f64>i * 2 * NativeMath.PI) / 1024));
  for (let i = 0; i < VOICES; i++) voices[i] = new Voice();
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
      if (message != 0) follow(message);
    }
    memory.fill(left, 0, 4 * FRAMES);
    memory.fill(right, 0, 4 * FRAMES);
    for (let i = 0; i < VOICES; i++) {
      const voice = unchecked(voices[i]);
      if (voice.level > 0.0001 || voice.held) play(voice, left, right, FRAMES, 0.3 + <f32>i * 0.13);
    }
    interleave(left, right, frames, FRAMES);
    audioOutWrite(frames);
  }
}

function follow(message: u32): void {
  const kind = message & 0xf0;
  const note = <i32>((message >> 8) & 0x7f);
  const value = (message >> 16) & 0x7f;
  if (kind == 0x90 && value != 0) {
    let best = unchecked(voices[0]);
    for (let i = 1; i < VOICES; i++) {
      const other = unchecked(voices[i]);
      if ((best.held && !other.held) || (best.held == other.held && other.age < best.age)) best = other;
    }
    best.note = note;
    best.held = true;
    best.age = ++clock;
    best.increment = noteIncrement(<f32>note);
    best.velocity = <f32>value * (<f32>1 / 127);
    best.depth = 1;
  } else if (kind == 0x80 || kind == 0x90) {
    for (let i = 0; i < VOICES; i++) if (unchecked(voices[i]).note == note) unchecked(voices[i]).held = false;
  } else if (kind == 0xb0 && note == 1) brightness = <f32>value * 0.008;
}

// @ts-ignore: decorator
@native
function play(voice: Voice, left: usize, right: usize, count: i32, pan: f32): void {
  const target: f32 = voice.held ? voice.velocity * 0.25 : 0;
  const rate: f32 = voice.held ? 0.01 : 0.0008;
  const index = voice.depth * brightness4(voice.velocity);
  let level = voice.level;
  let carrier = voice.carrier;
  let modulator = voice.modulator;
  let last = voice.last;
  for (let i = 0; i < count; i++) {
    const modulated = carrier + <u32>(<i32>(last * index * 1000000) << 10);
    last = (load<f32>(table + ((modulator >> (32 - TABLE_BITS)) << 2)) + last * 0.2) * 0.8;
    const y = load<f32>(table + ((modulated >> (32 - TABLE_BITS)) << 2)) * level;
    level += (target - level) * rate;
    carrier += voice.increment;
    modulator += voice.increment * 2;
    store<f32>(left + (i << 2), load<f32>(left + (i << 2)) + y * (1 - pan));
    store<f32>(right + (i << 2), load<f32>(right + (i << 2)) + y * pan);
  }
  voice.level = level;
  voice.carrier = carrier;
  voice.modulator = modulator;
  voice.last = last;
  voice.depth *= 0.995;
}

// @ts-ignore: decorator
@inline
function brightness4(velocity: f32): f32 {
  return 0.2 + velocity * velocity * 0.8;
}
