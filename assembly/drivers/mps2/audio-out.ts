// SPDX-License-Identifier: MIT
// Stereo output where there is no DAC: a timer that falls once a block is the audio clock, and a block goes out of a UART when it begins to play.

/*
 The ring of two blocks, the numbers of blocks and the three contexts are those of the STM32's driver (../stm32/audio-out.ts); the timer's handler is
 in the DMA handler's place. A block goes out whole at the boundary at which it begins: left i16, right i16, little endian, byte by byte, block 0
 (silence) at the start. So what the UART has sent is the sound from frame 0 on, and a block that was late is silence in it.

 The timer's period is the board's SLOWDOWN times a block, rounded: nothing depends on it but how much time there is to render.
*/

import { cycleCounter, irqEnable, irqMask, irqPend, irqRestore } from "../../shim/abi";
import {
  AUDIO_DMA_IRQ, AUDIO_TIMER_BASE, AUDIO_UART_BASE, HCLK_HZ, MIDI_UART_IRQ, SAMPLE_RATE, SLOWDOWN,
} from "../../shim/board";
import { count, Counter } from "../../shim/counters";
import { read, write } from "../../shim/registers";
import { loadShared, storeShared } from "../../shim/shared";
import { CTRL_ENABLE, CTRL_INTERRUPT, TIMER_CTRL, TIMER_INTCLEAR, TIMER_RELOAD, TIMER_VALUE } from "../../regs/mps2/timer";
import { serialInit, serialWrite } from "./serial";

/** The block size is odd or not within 8 to MAX_BLOCK_FRAME_COUNT. */
export const AUDIO_BAD_BLOCK_SIZE: i32 = -1;

export const MAX_BLOCK_FRAME_COUNT: i32 = 256;
const FRAME_BYTE_COUNT: u32 = 4;

/** PendSV: the interrupt that renders. */
const RENDER_IRQ: i32 = -2;

const AIRCR: u32 = 0xe000ed0c; // ARMv7-M ARM B3.2.6
const AIRCR_SYSRESETREQ: u32 = 0x05fa0004;

const ring: usize = memory.data(2 * 256 * 4, 16); // 2 x MAX_BLOCK_FRAME_COUNT x FRAME_BYTE_COUNT

// Words shared between contexts, at fixed offsets of `shared`.
const shared: usize = memory.data(20, 8);
/** Number of the block that plays, as far as its boundary has been handled. */
const PLAYING: usize = shared;
/** Number of the block that lies in half 0; that of half 1 follows. */
const FILLED: usize = shared + 4;
/** Cycle counter at the last block interrupt. */
const INTERRUPT_CYCLE: usize = shared + 12;
/** 1 once `audioOutEnd` was called. */
const ENDED: usize = shared + 16;

// Set in audioOutInit and constant from then on.
let blockFrames: u32 = 0;
let period: u32 = 0; // in timer ticks
// Written before the first interrupt only.
let running: bool = false;
// The renderer's own: number of the block to render next.
let nextBlock: u32 = 0;

/**
 * Sets timer and UART up, stopped.
 * @param blockFrameCount frames of a block: even, 8 to 256
 * @returns 0 or a negative AUDIO_ code
 */
export function audioOutInit(blockFrameCount: i32): i32 {
  if (blockFrameCount < 8 || blockFrameCount > MAX_BLOCK_FRAME_COUNT || blockFrameCount & 1) return AUDIO_BAD_BLOCK_SIZE;
  blockFrames = blockFrameCount;
  period = <u32>nearest<f64>(<f64>blockFrames * <f64>HCLK_HZ * <f64>SLOWDOWN / SAMPLE_RATE);
  running = false;
  write(AUDIO_TIMER_BASE + TIMER_CTRL, 0);
  serialInit(AUDIO_UART_BASE);
  return 0;
}

/** Starts playing at frame 0, and enables the timer's interrupt, whose handler calls `audioOutInterrupt`. */
export function audioOutStart(): void {
  clearHalf(0);
  clearHalf(1);
  nextBlock = 2;
  storeShared(PLAYING, 0);
  storeShared(FILLED, 0);
  storeShared(FILLED + 4, 1);
  storeShared(ENDED, 0);
  sendHalf(0);
  write(AUDIO_TIMER_BASE + TIMER_RELOAD, period - 1);
  write(AUDIO_TIMER_BASE + TIMER_INTCLEAR, 1);
  write(AUDIO_TIMER_BASE + TIMER_CTRL, CTRL_ENABLE | CTRL_INTERRUPT);
  running = true;
  irqEnable(AUDIO_DMA_IRQ);
}

/** The timer's interrupt: a block has been played. */
export function audioOutInterrupt(): void {
  storeShared(INTERRUPT_CYCLE, cycleCounter());
  passBoundary();
  // Characters of the block that has ended come in before the next one is rendered: that handler is more urgent, so it runs here and now.
  irqPend(MIDI_UART_IRQ);
  if (loadShared(ENDED)) return;
  sendHalf(loadShared(PLAYING) & 1);
  // @ts-ignore: made by host/build/transform.ts for a firmware that renders here or in main
  if (!isDefined(NO_PENDSV_HANDLER)) irqPend(RENDER_IRQ);
}

/** Cycle counter when the last block interrupt was handled. */
export function audioOutInterruptCycle(): u32 {
  return loadShared(INTERRUPT_CYCLE);
}

/**
 * Whether there is a block to render. Call from the render handler, in a loop: it leaves out blocks whose turn has come already. As long as each block is
 * ready in time, there is one each time.
 */
// @turns(blocks: 1)
export function audioOutBlockDue(): bool {
  const upcoming = loadShared(PLAYING) + 1;
  if (<i32>(upcoming - nextBlock) > 0) nextBlock = upcoming;
  return nextBlock == upcoming;
}

/** Absolute frame at which the block that is due begins; wraps at 2^32. */
export function audioOutBlockFrame(): u32 {
  return nextBlock * blockFrames;
}

/**
 * Puts the block that is due into the ring, unless it is too late.
 * @param frames address of its frames: left i16, right i16; 4-aligned
 */
export function audioOutWrite(frames: usize): void {
  const block = nextBlock++;
  const half = block & 1;
  const to = ring + half * blockFrames * FRAME_BYTE_COUNT;
  const end = to + blockFrames * FRAME_BYTE_COUNT;
  for (let at = to, from = frames; at < end; at += 8, from += 8) store<u64>(at, load<u64>(from));
  // Handlers are kept out, so that a boundary finds the block there or not.
  const state = irqMask();
  const inTime = <i32>(block - loadShared(PLAYING)) > 0;
  if (inTime) storeShared(FILLED + (half << 2), block);
  irqRestore(state);
  if (inTime) count(Counter.renderedBlocks);
}

/** Absolute frame that plays now; 0 before `audioOutStart`, wraps at 2^32. For any context. */
export function framePosition(): u32 {
  if (!running) return 0;
  const state = irqMask();
  const playing = loadShared(PLAYING);
  const left = read(AUDIO_TIMER_BASE + TIMER_VALUE);
  const unhandled = read(AUDIO_TIMER_BASE + TIMER_INTCLEAR) & 1;
  // The interrupt comes when the count reaches 0, where it stays for a tick. The flag may have risen between the two reads; then the count is of the
  // old block's last ticks, and the frame is the new one's first.
  const passed = left == 0 || (unhandled && left < period >> 1) ? 0 : period - left;
  irqRestore(state);
  return (playing + unhandled) * blockFrames + <u32>((<u64>passed * blockFrames) / period);
}

/** First frame of the block that plays, as far as its boundary has been handled. */
export function audioOutPlayedFrames(): u32 {
  return loadShared(PLAYING) * blockFrames;
}

/** Ends the run: no block goes out any more, and a reset is requested, at which QEMU exits when it was started with -no-reboot. */
export function audioOutEnd(): void {
  storeShared(ENDED, 1);
  write(AUDIO_TIMER_BASE + TIMER_CTRL, 0);
  write(AIRCR, AIRCR_SYSRESETREQ);
}

/** A half has been played: the next block plays, and it had better be there; else it is silence. */
function passBoundary(): void {
  const playing = loadShared(PLAYING) + 1;
  // `framePosition` must not meet the one without the other.
  const state = irqMask();
  write(AUDIO_TIMER_BASE + TIMER_INTCLEAR, 1);
  storeShared(PLAYING, playing);
  irqRestore(state);
  if (loadShared(FILLED + ((playing & 1) << 2)) == playing) return;
  clearHalf(playing & 1);
  count(Counter.lateBlocks);
}

function clearHalf(half: u32): void {
  const byteCount = blockFrames * FRAME_BYTE_COUNT;
  const start = ring + half * byteCount;
  for (let address = start; address < start + byteCount; address += 8) store<u64>(address, 0);
}

function sendHalf(half: u32): void {
  const start = ring + half * blockFrames * FRAME_BYTE_COUNT;
  const end = start + blockFrames * FRAME_BYTE_COUNT;
  for (let address = start; address < end; address++) serialWrite(AUDIO_UART_BASE, load<u8>(address));
}
