// SPDX-License-Identifier: MIT
// A keyboard split with a clock and a lamp: low keys go to another channel, a timer sends clocks and a slow wave of a controller. The drivers of UART and timers,
// and messages on their way. For the fit of costs.

import { clockInit } from "../../../assembly/drivers/clock";
import { gpioOutput, gpioToggle } from "../../../assembly/drivers/gpio";
import { periodicInterrupt, periodicStart, timestampInit } from "../../../assembly/drivers/timer";
import { uartAfterGap, uartByte, uartInit, uartInterrupt, uartReceive, uartSend, uartStart, uartTimestamp } from "../../../assembly/drivers/uart";
import { createParser, parseByte, parseGap, publishLosses } from "../../../assembly/midi/parser";
import { irqEnable, irqPend, waitForInterrupt } from "../../../assembly/shim/abi";
import { LAMP_PIN, LAMP_PORT, TICK_TIMER, TICK_TIMER_IRQ } from "../../../assembly/shim/board";

const SPLIT: u32 = 60;
const parser = createParser(16);
const lastHeard = memory.data(4 * 16, 4);
let ticks: u32 = 0;
let wheel: i32 = 0;
let step: i32 = 3;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  gpioOutput(LAMP_PORT, LAMP_PIN);
  uartInit();
  uartStart();
  periodicStart(TICK_TIMER, 4000);
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 2)
function characterMoved(): void {
  uartInterrupt();
  irqPend(-2);
}

@isr("PendSV", 15)
function split(): void {
  while (uartReceive()) {
    if (uartAfterGap()) parseGap(parser);
    const message = parseByte(parser, uartByte());
    const status = message & 0xff;
    if (status < 0x80 || status >= 0xf0) continue;
    store<u32>(lastHeard + ((status & 15) << 2), uartTimestamp());
    const isNote = status < 0xa0;
    if (isNote && ((message >> 8) & 0x7f) < SPLIT) uartSend((message & 0xfffff0) | 1);
    else uartSend(message);
    if (isNote && status >= 0x90) gpioToggle(LAMP_PORT, LAMP_PIN);
  }
  publishLosses(parser);
}

@isr("TICK_TIMER", 15)
function tick(): void {
  periodicInterrupt(TICK_TIMER);
  if (++ticks % 5 == 0) uartSend(0xf8);
  if (ticks % 16 == 0) {
    wheel += step;
    if (wheel <= 0 || wheel >= 127) step = -step;
    uartSend(0xb0 | (1 << 8) | (<u32>min<i32>(max<i32>(wheel, 0), 127) << 16));
  }
}
