// SPDX-License-Identifier: MIT
// The whole board in two calls: everything set up, then sounding. Priorities and what follows from them are as in ../stm32/board.ts; MIDI_UART must
// be more urgent than AUDIO_DMA here, since the block's handler has it bring the block's characters in.

import { audioOutInit, audioOutStart } from "./audio-out";
import { timestampInit } from "./timer";
import { uartInit } from "./uart";

/**
 * Brings up time stamp, MIDI and audio: silent, no interrupt enabled.
 * @param blockFrameCount frames of a block: even, 8 to 256
 * @returns 0, or a negative AUDIO_ code less 100
 */
export function boardInit(blockFrameCount: i32): i32 {
  timestampInit();
  uartInit();
  const error = audioOutInit(blockFrameCount);
  return error ? error - 100 : 0;
}

/** Starts the sound. Firmware that listens to MIDI calls `uartStart` besides. @returns 0 */
export function boardStart(): i32 {
  audioOutStart();
  return 0;
}
