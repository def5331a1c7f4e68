// SPDX-License-Identifier: MIT
// Sends a long SysEx, and a clock every millisecond from a timer's handler.

import { clockInit } from "../../assembly/drivers/clock";
import { periodicInterrupt, periodicStart, timestampInit } from "../../assembly/drivers/timer";
import { uartInit, uartInterrupt, uartSend, uartSendSysex, uartStart } from "../../assembly/drivers/uart";
import { TIM2_BASE } from "../../assembly/regs/stm32/tim";
import { irqEnable, waitForInterrupt } from "../../assembly/shim/abi";
import { IRQ_TIM2 } from "../../assembly/shim/board";

const SYSEX_BYTES: i32 = 200;
const sysex = memory.data(200);

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
  store<u8>(sysex, 0xf0);
  for (let i = 1; i < SYSEX_BYTES - 1; i++) store<u8>(sysex + i, <u8>(i & 0x7f));
  store<u8>(sysex + SYSEX_BYTES - 1, 0xf7);
  periodicStart(TIM2_BASE, 1000);
  irqEnable(IRQ_TIM2);
  uartSendSysex(sysex, SYSEX_BYTES);
  uartSend(0x90 | (60 << 8) | (100 << 16));
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("USART2", 1)
function characterMoved(): void {
  uartInterrupt();
}

@isr("TIM2", 3)
function tick(): void {
  periodicInterrupt(TIM2_BASE);
  uartSend(0xf8);
}
