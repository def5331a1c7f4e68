// SPDX-License-Identifier: MIT
// One note with a filter, and MIDI thru, in blocks of 16 frames: the drivers of audio and UART at work together. For the fit of costs.

import { renderPulse, Oscillator } from "../../../assembly/audio/oscillators";
import { interleave, limit } from "../../../assembly/audio/output";
import { renderSvf, setSvf, Svf, SvfMode } from "../../../assembly/audio/svf";
import { initTuning, noteIncrement } from "../../../assembly/audio/tuning";
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../../assembly/drivers/board";
import { uartByte, uartFrame, uartInterrupt, uartKick, uartReceive, uartStart, uartTransmitter } from "../../../assembly/drivers/uart";
import { createParser, parseByte, publishLosses } from "../../../assembly/midi/parser";
import { addClient, ALL_CHANNELS, createRouter, KIND_ALL, KIND_ALL_CHANNEL, route } from "../../../assembly/midi/router";
import { createThru, forward } from "../../../assembly/midi/thru";
import { waitForInterrupt } from "../../../assembly/shim/abi";
import { SAMPLE_RATE } from "../../../assembly/shim/board";

const FRAMES: i32 = 16;
const buffer = memory.data(4 * 16, 8);
const frames = memory.data(4 * 16, 8);
const parser = createParser(32);
const router = createRouter();
const player = addClient(router, KIND_ALL_CHANNEL, ALL_CHANNELS, 32, 0);
const thru = createThru(addClient(router, KIND_ALL, ALL_CHANNELS, 64, 128), uartTransmitter);
const oscillator = new Oscillator();
const filter = new Svf();
let increment: u32 = 0;
let note: u32 = 0;
let gain: f32 = 0;
let cutoff: f32 = 70;

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  initTuning(SAMPLE_RATE);
  uartStart();
  assert(boardStart() == 0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 1)
function characterMoved(): void {
  uartInterrupt();
}

@isr("AUDIO_DMA", 2)
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15)
function render(): void {
  while (audioOutBlockDue()) {
    while (uartReceive()) route(router, parseByte(parser, uartByte()), uartFrame(), parser.buffer);
    while (player.events.pop()) play(player.events.value);
    if (forward(thru, 3) != 0) uartKick();
    publishLosses(parser);
    renderPulse(oscillator, buffer, FRAMES, increment, 0x60000000, gain);
    setSvf(filter, SvfMode.LOWPASS, cutoff, 0.5);
    renderSvf(filter, buffer, FRAMES);
    limit(buffer, FRAMES);
    interleave(buffer, buffer, frames, FRAMES);
    audioOutWrite(frames);
  }
}

function play(message: u32): void {
  const data1 = (message >> 8) & 0x7f;
  const data2 = message >> 16;
  switch ((message >> 4) & 0xf) {
    case 0x9:
      if (data2 != 0) {
        note = data1;
        increment = noteIncrement(<f32>note);
        gain = <f32>data2 * <f32>0.004;
        return;
      }
    case 0x8:
      if (note == data1) gain = 0;
      return;
    case 0xb:
      if (data1 == 74) cutoff = 30 + <f32>data2 * <f32>0.6;
  }
}
