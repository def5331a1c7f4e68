// SPDX-License-Identifier: MIT
// The whole board in two calls: everything set up, then sounding.

import { audioOutInit, audioOutStart } from "./audio-out";
import { clockInit } from "./clock";
import { codecInit, codecPowerUp } from "../codec";
import { timestampInit } from "./timer";
import { uartInit } from "./uart";

/*
 Interrupt priorities that go with these drivers, 0 is the most urgent:

   1   USART2         A byte is lost 320 µs after it came, but its frame must be read at once: each handler that delays it makes jitter.
   2   DMA1_Stream5   May wait some 40 µs, while the FIFO feeds the I2S. It counts blocks, clears what was played, and pends the renderer.
   3   timers         Lamps, tempo: a few microseconds late is unheard.
   15  PendSV         Parses what came in, then renders, for most of a block: whatever is short goes first. main only sleeps.

 A message that came in frame f sounds at f + 2 blocks. Frame f's block has ended before the block of f + 2 blocks is rendered, and the handler of its
 last byte is more urgent than the renderer: so if the renderer parses before it renders, the message is always known in time, however busy main is.
*/

/**
 * Brings up clocks, time stamp, MIDI UART, audio and codec: silent, no interrupt enabled.
 * @param blockFrameCount frames of a block: even, 8 to 256
 * @returns 0, or a negative code: CLOCK_ -1 to -5, AUDIO_ less 100, CODEC_ and I2C_ less 200
 */
export function boardInit(blockFrameCount: i32): i32 {
  let error = clockInit();
  if (error) return error;
  timestampInit();
  uartInit();
  error = audioOutInit(blockFrameCount);
  if (error) return error - 100;
  error = codecInit();
  return error ? error - 200 : 0;
}

/**
 * Starts the sound, then powers the codec up, which wants its clocks before. Firmware that listens to MIDI calls `uartStart` besides.
 * @returns 0, or a negative I2C_ code less 200
 */
export function boardStart(): i32 {
  audioOutStart();
  const error = codecPowerUp();
  return error ? error - 200 : 0;
}
