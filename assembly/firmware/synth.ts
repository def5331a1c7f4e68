// SPDX-License-Identifier: MIT
// The demo synth: MIDI in on the UART, sixteen voices and drums, stereo out through the codec; MIDI thru, and a lamp for each note.

import { createActiveSensing, hasTimedOut, onByte } from "../midi/active-sensing";
import { SYSEX_ABORTED } from "../midi/events";
import { createParser, parseByte, parseGap, publishWireLosses } from "../midi/parser";
import { addClient, ALL_CHANNELS, createRouter, KIND_ALL, KIND_ALL_CHANNEL, KIND_RESET, passes, route } from "../midi/router";
import { createThru, forward } from "../midi/thru";
import { audioOutBlockDue, audioOutBlockFrame, audioOutInterrupt, audioOutWrite } from "../drivers/audio-out";
import { boardInit, boardStart } from "../drivers/board";
import { gpioOutput, gpioToggle } from "../drivers/gpio";
import { timestamp } from "../drivers/timer";
import { uartAfterGap, uartByte, uartFrame, uartInterrupt, uartKick, uartReceive, uartStart, uartTimestamp, uartTransmitter } from "../drivers/uart";
import { waitForInterrupt } from "../shim/abi";
import { LAMP_PIN, LAMP_PORT, SAMPLE_RATE } from "../shim/board";
import { count, Counter } from "../shim/counters";
import { loadShared, storeShared } from "../shim/shared";
import { BLOCK_FRAMES, BYTES_A_BLOCK } from "./synth/config";
import { engineInit, engineSilence } from "./synth/engine";
import { schedulerClear, schedulerPush, schedulerRender } from "./synth/player";

/** From the frame in which a message's last byte completed to the frame in which it sounds. */
const EVENT_DELAY: u32 = 2 * BLOCK_FRAMES;
const NOTE_ON: u32 = 0x90;
/** Bytes of a piece in which a SysEx passes on. */
const SYSEX_BYTES: u32 = 8;
/** Room for pieces that wait to go out. */
const SYSEX_ROOM: u32 = 256;

// Into queues go a block's pieces, of SYSEX_BYTES + BYTES_A_BLOCK at most, and messages of three bytes; out of them, as many pieces as messages.
// @limit(voices: VOICE_COUNT)  @limit(held-keys: HELD_KEYS)  @limit(sysex: SYSEX_BYTES * BYTES_A_BLOCK)
// @limit(late-arrivals: 1)  @limit(clients: 1)
// @limit(edges: EDGES)  @limit(corners: CORNERS)

const parser = createParser(SYSEX_BYTES);
const sensing = createActiveSensing();
const router = createRouter();
const thru = createThru(addClient(router, KIND_ALL, ALL_CHANNELS, 64, SYSEX_ROOM), uartTransmitter);
/** Notes that have started, for the lamp. */
const started = memory.data(4, 4);
const frames = memory.data(4 * 256, 8); // BLOCK_FRAMES is at most 256

export function init(): void {
  assert(boardInit(BLOCK_FRAMES) == 0);
  engineInit(SAMPLE_RATE); // computes wavetables, so the clock had better be fast by now
  gpioOutput(LAMP_PORT, LAMP_PIN);
  uartStart();
  assert(boardStart() == 0);
}

/** The lamp is the main loop's only work; everything else happens in handlers. */
export function main(): void {
  let shown: u32 = 0;
  while (true) {
    waitForInterrupt();
    for (; shown != loadShared(started); shown++) gpioToggle(LAMP_PORT, LAMP_PIN);
  }
}

@isr("MIDI_UART", 1, { budget: "10us" })
function characterMoved(): void {
  uartInterrupt();
}

/** After an error this waits for the I2S to run empty before it starts it again: one frame, 3501 cycles. */
@isr("AUDIO_DMA", 2, { budget: 8000 })
function halfPlayed(): void {
  audioOutInterrupt();
}

/** A block at most: 32 frames of 3501 cycles. */
@isr("PendSV", 15, { budget: 112000 })
function render(): void {
  // As long as each block is ready in time, which is what is to be shown. @bound(1)
  while (audioOutBlockDue()) {
    receive();
    schedulerRender(frames, audioOutBlockFrame(), BLOCK_FRAMES);
    audioOutWrite(frames);
  }
}

/** Parses what has come and schedules it. Every byte of a block is here before the block that it sounds in is rendered. */
function receive(): void {
  let notes: u32 = 0;
  // What came while nothing was rendered waits for its turn.
  for (let bytes = 0; bytes < BYTES_A_BLOCK && uartReceive(); bytes++) {
    const aborted = uartAfterGap() ? parseGap(parser) : 0;
    const byte = uartByte();
    if (onByte(sensing, byte, uartTimestamp())) silence();
    const event = aborted | parseByte(parser, byte);
    if (passes(event, KIND_ALL_CHANNEL | KIND_RESET, ALL_CHANNELS)) schedulerPush(uartFrame() + EVENT_DELAY, event & ~SYSEX_ABORTED);
    if ((event & 0xf0) == NOTE_ON) notes++;
    route(router, event, uartFrame(), parser.buffer);
  }
  if (notes != 0) storeShared(started, load<u32>(started) + notes);
  if (hasTimedOut(sensing, timestamp())) silence();
  if (forward(thru, BYTES_A_BLOCK) != 0) uartKick(); // each event was one byte at least
  publishWireLosses(parser);
}

/** The cable was pulled: nothing that waits is to sound any more. */
function silence(): void {
  count(Counter.activeSensingTimeouts);
  schedulerClear();
  engineSilence();
}
