// SPDX-License-Identifier: MIT
// The whole board in two calls: everything set up, then everything running.

import { irqEnable } from "../shim/abi";
import { AUDIO_DMA_IRQ, MIDI_UART_IRQ } from "../shim/board";
import { audioOutInit, audioOutStart } from "./audio-out";
import { clockInit } from "./clock";
import { codecInit, codecPowerUp } from "./cs43l22";
import { timestampInit } from "./timer";
import { uartInit } from "./uart";

/*
 Interrupt priorities that go with these drivers, 0 is the most urgent:

   1   USART2         A byte is lost 320 µs after it came, but its frame must be read at once: each handler that delays it makes jitter.
   2   DMA1_Stream5   May wait some 40 µs, while the FIFO feeds the I2S. It counts blocks, clears what was played, and pends the renderer.
   3   timers         Clocks, lamps: a few microseconds late is unheard.
   15  PendSV         Renders for most of a block, so whatever is short goes first; main only sleeps and logs.
*/

/**
 * Brings up clocks, time stamp, MIDI UART, codec and audio, all silent and no interrupt enabled.
 * @param blockFrameCount frames of a block: even, 8 to 256
 * @returns 0, or the negative code of the step that failed, less 100 for each step before it: -1xx audio, -2xx codec
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
 * Enables the UART's and the audio DMA's interrupts and starts the sound. The codec wants its clocks before power, hence this order.
 * @returns 0 or a negative I2C_ code, less 200
 */
export function boardStart(): i32 {
  irqEnable(MIDI_UART_IRQ);
  irqEnable(AUDIO_DMA_IRQ);
  audioOutStart();
  const error = codecPowerUp();
  return error ? error - 200 : 0;
}
