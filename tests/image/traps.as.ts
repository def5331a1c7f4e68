// SPDX-License-Identifier: MIT
// A firmware for the QEMU boards that sounds and then breaks, once, in the way that a word in memory asks for.

import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { uartReceive, uartInterrupt, uartStart } from "../../assembly/drivers/uart";
import { load32, log, store32, waitForInterrupt } from "../../assembly/shim/abi";
import { MIDI_EVENTS_ADDRESS } from "../../assembly/shim/board";

const FRAMES: i32 = 32;
/** Set before it breaks; no reset clears it. */
const BROKEN: u32 = MIDI_EVENTS_ADDRESS + 0x1000;
/** How to break, put there from outside. */
const HOW: u32 = MIDI_EVENTS_ADDRESS + 0x2000;
/** Blocks that sound before. */
const BLOCKS_BEFORE: u32 = 40;

const frames = memory.data(32 * 4, 4);
const well = memory.data<u8>([119, 101, 108, 108, 10]);
const table: StaticArray<u32> = [1, 2, 3];
let blocks: u32 = 0;
let last: u32 = 0;

export function init(): void {
  for (let i = 0; i < FRAMES; i++) store<u32>(frames + (<usize>i << 2), i < 16 ? 0x40004000 : 0xc000c000);
  assert(boardInit(FRAMES) == 0 && boardStart() == 0);
  uartStart();
}

export function main(): void {
  if (load32(BROKEN) != 0) log(<u32>well, 5);
  while (true) {
    waitForInterrupt();
    const how = load32(HOW);
    if (how < 16 && blocks >= BLOCKS_BEFORE && load32(BROKEN) == 0) {
      store32(BROKEN, 1);
      if (how == 6) last = <u32>deep(how);
      fail(how);
    }
  }
}

@isr("AUDIO_DMA", 2)
function played(): void {
  audioOutInterrupt();
}

@isr("MIDI_UART", 1)
function characterMoved(): void {
  uartInterrupt();
}

@isr("PendSV", 15)
function render(): void {
  while (uartReceive()) last++;
  while (audioOutBlockDue()) {
    audioOutWrite(frames);
    blocks++;
  }
  const how = load32(HOW);
  if (how >= 16 && how < 32 && blocks >= BLOCKS_BEFORE && load32(BROKEN) == 0) {
    store32(BROKEN, 1);
    fail(how - 16);
  }
}

function fail(how: u32): void {
  switch (how) {
    case 0: unreachable(); break;
    case 1: last = load<u32>(0x7fff_fff0 + how); break;
    case 2: last = table[how + 10]; break;
    case 3: last = 100 / (how - 3); break;
    case 4: assert(last == 0xffff, "an assertion of the firmware's own"); break;
    case 5: store32(0x1234_5678, 1); break; // no memory, no peripheral
    case 7: last = load32(0x5fff_fff0); break; // a peripheral's address, but nothing is there
  }
}

function deep(n: u32): u64 {
  return n == 0 ? 0 : <u64>n * deep(n + 1) + 1;
}
