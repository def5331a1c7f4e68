// SPDX-License-Identifier: MIT
// A firmware that breaks in the way that a program change asks for.

import { clockInit } from "../../assembly/drivers/clock";
import { delay, timestampInit } from "../../assembly/drivers/timer";
import { uartByte, uartInit, uartInterrupt, uartReceive, uartStart } from "../../assembly/drivers/uart";
import { createParser, parseByte } from "../../assembly/midi/parser";
import { irqPend, waitForInterrupt } from "../../assembly/shim/abi";
import { read, write } from "../../assembly/shim/registers";

class Box {
  value: u32 = 7;
}

const parser = createParser(16);
const table: StaticArray<u32> = [1, 2, 3];
let box: Box | null = null;
let last: u32 = 0;
let armed: bool = false;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("USART2", 1)
function characterMoved(): void {
  uartInterrupt();
  if (armed) unreachable();
  irqPend(-2);
}

@isr("PendSV", 15)
function act(): void {
  while (uartReceive()) {
    const message = parseByte(parser, uartByte());
    if ((message & 0xf0) == 0xc0) fail((message >> 8) & 0x7f);
  }
}

function fail(how: u32): void {
  switch (how) {
    case 0: unreachable(); break;
    case 1: last = load<u32>(0x7fff_fff0); break;
    case 2: last = table[how + 10]; break;
    case 3: last = box!.value; break;
    case 4: last = 100 / (how - 4); break;
    case 5: write(0x4001_2c00, 1); break; // SDIO_POWER
    case 6: last = read(0x4001_8000); break; // nothing is there
    case 7: assert(last != 0, "an assertion of the firmware's own"); break;
    case 8:
      armed = true;
      delay(2000);
      break;
  }
}
