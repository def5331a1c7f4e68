// SPDX-License-Identifier: MIT
// A MIDI tool between a keyboard and the rest: doubles notes a fifth up, delays and repeats them with a clock of its own, thins controllers out, and turns
// the wheel into a tempo. For the validation of costs.

import { clockInit } from "../../assembly/drivers/clock";
import { periodicInterrupt, periodicSet, periodicStart, timestamp, timestampInit } from "../../assembly/drivers/timer";
import { uartByte, uartInit, uartInterrupt, uartReceive, uartSend, uartStart } from "../../assembly/drivers/uart";
import { createParser, parseByte, publishLosses } from "../../assembly/midi/parser";
import { irqEnable, irqMask, irqPend, irqRestore, waitForInterrupt } from "../../assembly/shim/abi";
import { TICK_TIMER, TICK_TIMER_IRQ } from "../../assembly/shim/board";

const WAITING: i32 = 32;
const REPEATS: i32 = 2;

const parser = createParser(64);
/** Messages that are to be sent again: message, tick. */
const waiting = memory.data(8 * 32, 4);
const lastValues = memory.data(128);
let waitingCount: i32 = 0;
let tick: u32 = 0;
let beat: u32 = 0;
let tempo: u32 = 3000;
let lost: u32 = 0;
let lastMoved: u32 = 0;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
  periodicStart(TICK_TIMER, tempo);
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 1)
function byteMoved(): void {
  uartInterrupt();
  irqPend(-2);
}

@isr("PendSV", 14)
function follow(): void {
  for (let bytes = 0; bytes < 3 && uartReceive(); bytes++) {
    const message = parseByte(parser, uartByte());
    if (message == 0) continue;
    switch (message & 0xf0) {
      case 0x80: case 0x90: note(message); break;
      case 0xb0: controller(message); break;
      case 0xe0: {
        const wheel = ((message >> 16) << 7) | ((message >> 8) & 0x7f);
        tempo = 1500 + (wheel * 3000) / 16384;
        periodicSet(TICK_TIMER, tempo);
        break;
      }
      case 0xf0: break;
      default: send(message);
    }
  }
  publishLosses(parser);
}

function note(message: u32): void {
  const value = (message >> 8) & 0x7f;
  send(message);
  if (value <= 120) send((message & 0xff00ff) | ((value + 7) << 8));
  let velocity = message >> 16;
  for (let r = 1; r <= REPEATS; r++) {
    velocity = (velocity * 3) >> 2;
    keep((message & 0xffff) | (velocity << 16), tick + 12 * r);
  }
}

/** Sends a controller on when its value has moved by two or more. */
function controller(message: u32): void {
  const at = lastValues + ((message >> 8) & 0x7f);
  const value = <i32>((message >> 16) & 0x7f);
  const last = <i32>load<u8>(at);
  if (abs<i32>(value - last) < 2) return;
  store<u8>(at, <u8>value);
  lastMoved = timestamp();
  send(message);
}

function send(message: u32): void {
  if (uartSend(message) < 0) lost++;
}

function keep(message: u32, when: u32): void {
  const state = irqMask();
  if (waitingCount < WAITING) {
    store<u32>(waiting + (waitingCount << 3), message);
    store<u32>(waiting + (waitingCount << 3), when, 4);
    waitingCount++;
  }
  irqRestore(state);
}

@isr("TICK_TIMER", 14)
function step(): void {
  periodicInterrupt(TICK_TIMER);
  tick++;
  if (tick % 4 == 0) send(0xf8);
  if (++beat == 96) {
    beat = 0;
    send(0x99 | (37 << 8) | (100 << 16));
  }
  for (let i = 0; i < waitingCount;) {
    const at = waiting + (i << 3);
    if (<i32>(load<u32>(at, 4) - tick) > 0) {
      i++;
      continue;
    }
    send(load<u32>(at));
    waitingCount--;
    store<u64>(at, load<u64>(waiting + (waitingCount << 3)));
  }
}
