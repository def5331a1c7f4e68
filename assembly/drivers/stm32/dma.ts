// SPDX-License-Identifier: MIT
// DMA streams: RM0090 section 10.3.17 (stream configuration procedure) and 10.5. A stream is its controller's base and its number, 0 to 7.

import { clearBits, read, setBits, waitUntil, write } from "../../shim/registers";
import {
  CR_EN, DMA_LIFCR, DMA_LISR, DMA_STREAM0, DMA_STREAM_STEP, DMA_SxCR, DMA_SxFCR, DMA_SxM0AR, DMA_SxNDTR, DMA_SxPAR, FLAGS_ALL,
} from "../../regs/stm32/dma";

/** The stream did not stop. */
export const DMA_BUSY: i32 = -1;

// EN stays set until the transfer in progress has ended: a word or two on the bus.
const STOP_ATTEMPTS: i32 = 1000;

/** Address of a stream's registers. */
// @ts-ignore: decorator
@inline
function registersOf(controller: u32, stream: u32): u32 {
  return controller + DMA_STREAM0 + stream * DMA_STREAM_STEP;
}

/** Flags of a stream lie at bit 0, 6, 16 or 22 of the low or high flag register. */
// @ts-ignore: decorator
@inline
function flagShift(stream: u32): u32 {
  return (stream & 1) * 6 + ((stream & 2) << 3);
}

/** A stream's flags, as FLAG_ bits. */
// @ts-ignore: decorator
@inline
export function dmaFlags(controller: u32, stream: u32): u32 {
  return (read(controller + DMA_LISR + (stream & 4)) >> flagShift(stream)) & FLAGS_ALL;
}

/** Clears FLAG_ bits of a stream; those of others are not touched. */
// @ts-ignore: decorator
@inline
export function dmaClearFlags(controller: u32, stream: u32, flags: u32): void {
  write(controller + DMA_LIFCR + (stream & 4), flags << flagShift(stream));
}

/** Items that a stream has yet to transfer, counted at the peripheral's side. */
// @ts-ignore: decorator
@inline
export function dmaRemaining(controller: u32, stream: u32): u32 {
  return read(registersOf(controller, stream) + DMA_SxNDTR) & 0xffff;
}

/**
 * Stops a stream and waits until it has. This sets TCIF, so flags that matter must be read before.
 * @returns 0 or DMA_BUSY
 */
export function dmaStop(controller: u32, stream: u32): i32 {
  const control = registersOf(controller, stream) + DMA_SxCR;
  clearBits(control, CR_EN);
  // @waits(1 us)
  return waitUntil(control, CR_EN, 0, STOP_ATTEMPTS) ? 0 : DMA_BUSY;
}

/**
 * Sets a stopped stream up and starts it. Old flags are cleared first: a stream does not start with one set.
 * @param control CR_ bits but EN
 * @param fifo FCR_ bits
 * @param itemCount transfers at the peripheral's side, 1 to 65,535
 */
export function dmaStart(controller: u32, stream: u32, control: u32, fifo: u32, peripheral: u32, memory: u32, itemCount: u32): void {
  const registers = registersOf(controller, stream);
  dmaClearFlags(controller, stream, FLAGS_ALL);
  write(registers + DMA_SxPAR, peripheral);
  write(registers + DMA_SxM0AR, memory);
  write(registers + DMA_SxNDTR, itemCount);
  write(registers + DMA_SxFCR, fifo);
  write(registers + DMA_SxCR, control);
  setBits(registers + DMA_SxCR, CR_EN);
}
