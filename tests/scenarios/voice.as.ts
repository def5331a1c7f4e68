// SPDX-License-Identifier: MIT
// One voice behind the real drivers: a sine that follows notes, left at half scale and right at a quarter, with MIDI thru. The sample of a frame
// depends on its absolute number and the note's alone, so that a scenario can tell a lost, repeated or stale frame from the audio.
//
// Straps choose the block: 0 to 3 are 8, 32, 64 and 256 frames. Two controllers make trouble when they sound: 20 keeps the renderer busy, 21 keeps
// all interrupts out, for as many tenths of a millisecond as their value says.

import { createParser, parseByte, parseGap, publishLosses } from "../../assembly/midi/parser";
import { sine } from "../../assembly/audio/oscillators";
import { interleave } from "../../assembly/audio/output";
import { initTuning, noteIncrement } from "../../assembly/audio/tuning";
import { audioOutBlockDue, audioOutBlockFrame, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { delay } from "../../assembly/drivers/timer";
import { uartAfterGap, uartByte, uartFrame, uartInterrupt, uartReceive, uartSend, uartStart } from "../../assembly/drivers/uart";
import { irqMask, irqRestore, waitForInterrupt } from "../../assembly/shim/abi";
import { SAMPLE_RATE } from "../../assembly/shim/board";
import { Scheduler } from "../../assembly/voice/scheduler";
import { readStraps } from "./straps.as";

const BLOCK_SIZES: StaticArray<i32> = [8, 32, 64, 256];
const MAX_FRAMES: i32 = 256;
const QUARTER_CYCLE: u32 = 1 << 30;
const BUSY: u32 = 20;
const DEAF: u32 = 21;

const parser = createParser(64);
const scheduler = new Scheduler(64);
const left = memory.data(256 * 4, 8);
const right = memory.data(256 * 4, 8);
const frames = memory.data(256 * 4, 8);

let blockFrames: i32 = 0; // set in init and constant from then on
let note: i32 = -1;
let increment: u32 = 0;
let onset: u32 = 0;

export function init(): void {
  blockFrames = BLOCK_SIZES[readStraps()];
  assert(blockFrames <= MAX_FRAMES);
  assert(boardInit(blockFrames) == 0);
  initTuning(SAMPLE_RATE); // f64 is slow: at full speed, then
  uartStart();
  assert(boardStart() == 0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("USART2", 1)
function characterMoved(): void {
  uartInterrupt();
}

@isr("DMA1_Stream5", 2)
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15)
function renderBlocks(): void {
  while (audioOutBlockDue()) {
    receive();
    const start = audioOutBlockFrame();
    for (let i = 0; i < blockFrames; i++) {
      while (scheduler.isDue(start + i)) act(scheduler.take(start + i), start + i);
      const x: f32 = note < 0 ? 0 : 0.5 * sine(QUARTER_CYCLE + (start + i - onset) * increment);
      store<f32>(left + (i << 2), x);
      store<f32>(right + (i << 2), 0.5 * x);
    }
    interleave(left, right, frames, blockFrames);
    audioOutWrite(frames);
  }
}

function receive(): void {
  while (uartReceive()) {
    if (uartAfterGap()) parseGap(parser);
    const message = parseByte(parser, uartByte());
    if (message == 0 || (message & 0xff) == 0xf0) continue;
    uartSend(message);
    scheduler.push(uartFrame() + 2 * blockFrames, message);
  }
  publishLosses(parser);
}

function act(message: u32, frame: u32): void {
  const status = message & 0xf0;
  const data1 = (message >> 8) & 0x7f;
  const data2 = (message >> 16) & 0x7f;
  if (status == 0x90) {
    note = <i32>data1;
    increment = noteIncrement(<f32>note);
    onset = frame;
  } else if (status == 0x80) {
    if (note == <i32>data1) note = -1;
  } else if (status == 0xb0 && data1 == BUSY) {
    delay(100 * data2);
  } else if (status == 0xb0 && data1 == DEAF) {
    const state = irqMask();
    delay(100 * data2);
    irqRestore(state);
  }
}
