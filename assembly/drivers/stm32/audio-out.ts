// SPDX-License-Identifier: MIT
// Stereo output through a DMA ring of two blocks: block boundaries to render requests, and the frame that sounds now.

/*
 The ring lies in linear memory and the DMA reads it there:

   │←─ block 2n, half 0 ─→│←─ block 2n+1, half 1 ─→│     frame = left i16, right i16
   ▲                      ▲ HT                     ▲ TC, and round again

 Three contexts meet here. The DMA handler counts blocks (PLAYING) and is their only writer. The render handler, of the lowest priority, fills the
 half that plays next but one call after it became free. Whoever asks for `framePosition` reads only, at any priority.

 A block that is not there in time must go out as silence. So the DMA handler clears each half as soon as it has been played, and the renderer
 writes a block in one go at the end, left to right, only if the DMA is still far enough away: sound is there whole or not at all. Clearing costs
 one 8-byte store for two frames at every boundary; clearing late ones only would not do, since by the time a block is known to be late its first
 frames have gone out. Each half bears the number of the block in it (FILLED), by which the handler tells at a boundary whether it is late.

 After an error stream and I2S are restarted where they stopped. A circular transfer can only start at the ring's start, so the rest of the half is
 sent by a transfer of its own ("tail"), perhaps the other half by another, until the ring's start is reached. No frame is lost; one that was cut
 after its left sample is sent again, whole.
*/

import { cycleCounter, irqEnable, irqMask, irqPend, irqRestore, memoryAddress } from "../../shim/abi";
import {
  AUDIO_DMA_BASE, AUDIO_DMA_CHANNEL, AUDIO_DMA_CLOCK_BIT, AUDIO_DMA_CLOCK_REGISTER, AUDIO_DMA_IRQ, AUDIO_DMA_STREAM,
} from "../../shim/board";
import { count, Counter } from "../../shim/counters";
import { setBits } from "../../shim/registers";
import { loadShared, storeShared } from "../../shim/shared";
import {
  CR_CHSEL, CR_CIRC, CR_DIR_MEMORY_TO_PERIPHERAL, CR_DMEIE, CR_HTIE, CR_MBURST_INCR4, CR_MINC, CR_MSIZE_WORD, CR_PL_VERY_HIGH, CR_PSIZE_HALF_WORD, CR_TCIE,
  CR_TEIE, FCR_DMDIS, FCR_FEIE, FCR_FTH_FULL, FLAG_DMEIF, FLAG_FEIF, FLAG_HTIF, FLAG_TCIF, FLAG_TEIF,
} from "../../regs/stm32/dma";
import { dmaClearFlags, dmaFlags, dmaRemaining, dmaStart, dmaStop } from "./dma";
import { I2S_DATA_ADDRESS, i2sInit, i2sStart, i2sStop, i2sUnderrun } from "./i2s";

/** The block size is odd or not within 8 to MAX_BLOCK_FRAME_COUNT. */
export const AUDIO_BAD_BLOCK_SIZE: i32 = -1;
/** The DMA stream was running and did not stop. */
export const AUDIO_DMA_STUCK: i32 = -2;

export const MAX_BLOCK_FRAME_COUNT: i32 = 256;
const FRAME_BYTE_COUNT: u32 = 4;

/** PendSV: the interrupt that renders. */
const RENDER_IRQ: i32 = -2;

// The FIFO reads up to four frames ahead. A fifth lets the writer start while the DMA stands still for it; it is faster from then on.
const WRITE_MARGIN: i32 = 5;

// Words between the peripheral's half-words halve the reads; the FIFO kept full rides out 40 µs of a busy bus.
const STREAM: u32 = (AUDIO_DMA_CHANNEL << CR_CHSEL) | CR_PL_VERY_HIGH | CR_MSIZE_WORD | CR_PSIZE_HALF_WORD | CR_MINC
  | CR_DIR_MEMORY_TO_PERIPHERAL | CR_TCIE | CR_TEIE | CR_DMEIE;
const FIFO: u32 = FCR_FEIE | FCR_DMDIS | FCR_FTH_FULL;
const ERROR_FLAGS: u32 = FLAG_FEIF | FLAG_DMEIF | FLAG_TEIF;

const ring: usize = memory.data(2 * 256 * 4, 16); // 2 x MAX_BLOCK_FRAME_COUNT x FRAME_BYTE_COUNT

// Words shared between contexts, at fixed offsets of `shared`.
const shared: usize = memory.data(24, 8);
/** Number of the block that plays, as far as its boundary has been handled. */
const PLAYING: usize = shared;
/** Frame of the ring at which the present transfer ends. */
const TRANSFER_END: usize = shared + 4;
/** Number of the block that lies in half 0; that of half 1 follows. */
const FILLED: usize = shared + 8;
/** Cycle counter at the last DMA interrupt. */
const INTERRUPT_CYCLE: usize = shared + 16;

// Set in audioOutInit and constant from then on.
let blockFrames: u32 = 0;
// Written before the first interrupt only.
let running: bool = false;
// The DMA handler's own: the present transfer is a tail, not the ring.
let tail: bool = false;
// The renderer's own: number of the block to render next.
let nextBlock: u32 = 0;

/**
 * Sets I2S and DMA up, stopped, with two blocks of silence in the ring.
 * @param blockFrameCount frames of a block: even, 8 to 256
 * @returns 0 or a negative AUDIO_ code
 */
export function audioOutInit(blockFrameCount: i32): i32 {
  if (blockFrameCount < 8 || blockFrameCount > MAX_BLOCK_FRAME_COUNT || blockFrameCount & 1) return AUDIO_BAD_BLOCK_SIZE;
  blockFrames = blockFrameCount;
  running = false;
  setBits(AUDIO_DMA_CLOCK_REGISTER, AUDIO_DMA_CLOCK_BIT);
  i2sInit();
  return dmaStop(AUDIO_DMA_BASE, AUDIO_DMA_STREAM) < 0 ? AUDIO_DMA_STUCK : 0;
}

/** Starts playing at frame 0, and enables the DMA stream's interrupt, whose handler calls `audioOutInterrupt`. */
export function audioOutStart(): void {
  clearHalves(0, 2);
  nextBlock = 2;
  storeShared(PLAYING, 0);
  storeShared(FILLED, 0);
  storeShared(FILLED + 4, 1);
  startTransfer(0);
  i2sStart();
  running = true;
  irqEnable(AUDIO_DMA_IRQ);
}

/** The DMA stream's interrupt. Takes microseconds, but for a restart after an error, which waits for the I2S to run empty: one frame. */
export function audioOutInterrupt(): void {
  const flags = dmaFlags(AUDIO_DMA_BASE, AUDIO_DMA_STREAM);
  dmaClearFlags(AUDIO_DMA_BASE, AUDIO_DMA_STREAM, flags);
  storeShared(INTERRUPT_CYCLE, cycleCounter());

  // Both set means that this handler was kept out for a whole half. A tail has no middle that matters.
  let passed = u32((flags & FLAG_HTIF) != 0 && !tail) + u32((flags & FLAG_TCIF) != 0);
  const underrun = i2sUnderrun();
  const failed = (flags & ERROR_FLAGS) != 0 || underrun;
  const over = tail && (flags & FLAG_TCIF) != 0;
  if (failed) {
    if (underrun) count(Counter.i2sUnderrun);
    if (flags & FLAG_FEIF) count(Counter.dmaFifoError);
    if (flags & FLAG_DMEIF) count(Counter.dmaDirectModeError);
    if (flags & FLAG_TEIF) count(Counter.dmaTransferError);
    count(Counter.audioRestarts);
    dmaStop(AUDIO_DMA_BASE, AUDIO_DMA_STREAM);
  }
  // Kept out for longer still: a flag that was set already hid a boundary. The position is read before the flags, so a boundary that passes just now
  // shows in them and waits for its own interrupt. Stopping sets TCIF, so after an error the position alone tells.
  if ((failed || !over) && ringHalf() != ((loadShared(PLAYING) + passed) & 1)) {
    if (failed || (dmaFlags(AUDIO_DMA_BASE, AUDIO_DMA_STREAM) & (FLAG_HTIF | FLAG_TCIF)) == 0) passed++;
  }
  passBoundaries(passed);
  if (failed || over) resume();
  // @ts-ignore: made by host/build/transform.ts for a firmware that renders here or in main
  if (!isDefined(NO_PENDSV_HANDLER)) irqPend(RENDER_IRQ);
}

/** Cycle counter when the DMA's last interrupt was handled. */
export function audioOutInterruptCycle(): u32 {
  return loadShared(INTERRUPT_CYCLE);
}

/**
 * Whether there is a block to render. Call from the render handler, in a loop: it catches up after a delay, and leaves out blocks whose turn has
 * come already (they went out as silence, and the DMA handler has counted them). As long as each block is ready in time, there is one each time.
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
  if (<i32>(block * blockFrames - framePosition()) < WRITE_MARGIN) return;
  const half = block & 1;
  copyFrames(frames, ring + half * blockFrames * FRAME_BYTE_COUNT);
  storeShared(FILLED + (half << 2), block);
  // Kept away in the middle of writing until the block had been played and cleared: what was written after that is stale.
  if (<i32>(loadShared(PLAYING) - block) > 0) clearHalves(half, 1);
  count(Counter.renderedBlocks);
}

/**
 * Absolute frame that is being transferred now; 0 before `audioOutStart`, wraps at 2^32. For any context.
 *
 * When the DMA has passed a boundary whose interrupt has not been handled, PLAYING is one behind: then the half in which the DMA stands is not
 * the one that PLAYING stands for. PLAYING is read first, so that a boundary between the two reads looks the same. Read the other way round, a
 * handled boundary would meet an old position and give a frame two blocks ahead. The mask keeps the handler out meanwhile: otherwise it might
 * run twice between the reads, or begin another transfer.
 */
export function framePosition(): u32 {
  if (!running) return 0;
  const state = irqMask();
  const playing = loadShared(PLAYING);
  const position = ringPosition();
  irqRestore(state);
  const half = u32(position >= blockFrames);
  const unhandled = (playing & 1) ^ half;
  return (playing + unhandled) * blockFrames + position - (half ? blockFrames : 0);
}

/** Frame of the ring that is being transferred: the one whose left sample, or only its right one, has yet to go. */
// @ts-ignore: decorator
@inline
function ringPosition(): u32 {
  const position = loadShared(TRANSFER_END) - ((dmaRemaining(AUDIO_DMA_BASE, AUDIO_DMA_STREAM) + 1) >> 1);
  return position == blockFrames << 1 ? 0 : position;
}

// @ts-ignore: decorator
@inline
function ringHalf(): u32 {
  return u32(ringPosition() >= blockFrames);
}

/** Halves have been played, one as a rule and three at most: after each the next block plays, and it had better be there. */
// @ts-ignore: decorator
@inline
function passBoundaries(halves: u32): void {
  if (halves == 0) return;
  const played = loadShared(PLAYING);
  const several = halves > 1;
  countLate(played + 1);
  if (several) countLate(played + 2);
  if (halves > 2) countLate(played + 3);
  clearHalves(several ? 0 : played & 1, several ? 2 : 1);
  storeShared(PLAYING, played + halves);
}

function countLate(block: u32): void {
  if (loadShared(FILLED + ((block & 1) << 2)) != block) count(Counter.lateBlocks);
}

function clearHalves(first: u32, count: u32): void {
  const byteCount = blockFrames * FRAME_BYTE_COUNT;
  let address = ring + first * byteCount;
  const end = address + count * byteCount;
  for (; address < end; address += 8) store<u64>(address, 0);
}

/** Copies a block from its first frame to its last: the DMA may follow close behind. */
// @ts-ignore: decorator
@inline
function copyFrames(from: usize, to: usize): void {
  const end = to + blockFrames * FRAME_BYTE_COUNT;
  for (; to + 16 <= end; to += 16, from += 16) {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
  }
  if (to < end) store<u64>(to, load<u64>(from));
}

/** Starts a transfer at a frame of the ring: the whole ring for ever from 0, else the rest of the half once. */
function startTransfer(position: u32): void {
  tail = position != 0;
  const end = tail && position < blockFrames ? blockFrames : blockFrames << 1;
  // Bursts of four words fill the FIFO in one go. A tail may begin off a 16-byte boundary, where a burst could cross 1 KiB (RM0090 10.3.11).
  const mode = tail ? STREAM : STREAM | CR_CIRC | CR_HTIE | CR_MBURST_INCR4;
  // `framePosition` must not meet the new end with the old count.
  const state = irqMask();
  storeShared(TRANSFER_END, end);
  dmaStart(AUDIO_DMA_BASE, AUDIO_DMA_STREAM, mode, FIFO, I2S_DATA_ADDRESS, memoryAddress() + <u32>ring + position * FRAME_BYTE_COUNT,
    (end - position) << 1);
  irqRestore(state);
}

/**
 * Goes on at the frame where the stopped stream stands. The I2S is stopped meanwhile: it then begins with the left channel, and does not ask an
 * empty FIFO for samples, which would be the next error.
 */
function resume(): void {
  i2sStop();
  startTransfer(ringPosition());
  i2sStart();
}
