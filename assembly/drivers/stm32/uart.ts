// SPDX-License-Identifier: MIT
// MIDI UART, 31250 baud 8N1, interrupt-driven both ways: RM0090 sections 30.3.2, 30.3.3, 30.3.4 and 30.6.

import { irqEnable } from "../../shim/abi";
import {
  MIDI_RX_FUNCTION, MIDI_RX_PIN, MIDI_RX_PORT, MIDI_TX_FUNCTION, MIDI_TX_PIN, MIDI_TX_PORT, MIDI_UART_BASE, MIDI_UART_CLOCK_BIT,
  MIDI_UART_CLOCK_HZ, MIDI_UART_CLOCK_REGISTER, MIDI_UART_IRQ,
} from "../../shim/board";
import { count, Counter } from "../../shim/counters";
import { read, setBits, write } from "../../shim/registers";
import {
  CR1_RE, CR1_RXNEIE, CR1_TE, CR1_TXEIE, CR1_UE, SR_FE, SR_NF, SR_ORE, SR_RXNE, SR_TXE, USART_BRR, USART_CR1, USART_CR2, USART_CR3,
  USART_DR, USART_SR,
} from "../../regs/stm32/usart";
import { createTransmitter } from "../../midi/transmit";
import { queueReceived } from "../common/received";
import { framePosition } from "./audio-out";
import { gpioAlternate, PULL_NONE, PULL_UP, PUSH_PULL, SPEED_LOW } from "./gpio";

export { uartAfterGap, uartByte, uartFrame, uartReceive, uartTimestamp } from "../common/received";

const BAUD: u32 = 31250;

const TRANSMIT_CAPACITY: u32 = 1024;
const REAL_TIME_CAPACITY: u32 = 16;

// CR1 has these two values and no other, so it is written whole: no handler can undo another context's change.
const CR1_LISTENING: u32 = CR1_UE | CR1_RE | CR1_TE | CR1_RXNEIE;
const CR1_SENDING: u32 = CR1_LISTENING | CR1_TXEIE;

const RECEIVE_FLAGS: u32 = SR_RXNE | SR_ORE | SR_NF | SR_FE;

/** What goes out. Every status is sent, so that a receiver plugged in later understands at once. After queueing here, call `uartKick`. */
export const uartTransmitter = createTransmitter(TRANSMIT_CAPACITY, REAL_TIME_CAPACITY, false);

/** The handler's own: something was lost since the last byte that was queued. */
let gap: bool = false;

/** Sets the UART up. The clock tree must stand. */
export function uartInit(): void {
  setBits(MIDI_UART_CLOCK_REGISTER, MIDI_UART_CLOCK_BIT);
  gpioAlternate(MIDI_TX_PORT, MIDI_TX_PIN, MIDI_TX_FUNCTION, PUSH_PULL, PULL_NONE, SPEED_LOW);
  gpioAlternate(MIDI_RX_PORT, MIDI_RX_PIN, MIDI_RX_FUNCTION, PUSH_PULL, PULL_UP, SPEED_LOW); // an open input idles
  write(MIDI_UART_BASE + USART_CR1, 0); // parity off, 8 bits, 16 samples a bit
  write(MIDI_UART_BASE + USART_CR2, 0); // one stop bit
  write(MIDI_UART_BASE + USART_CR3, 0);
  write(MIDI_UART_BASE + USART_BRR, (MIDI_UART_CLOCK_HZ + BAUD / 2) / BAUD); // with 16 samples, mantissa and fraction are one number
  write(MIDI_UART_BASE + USART_CR1, CR1_LISTENING);
}

/** Enables the UART's interrupt, whose handler calls `uartInterrupt`. The time stamp must run. */
export function uartStart(): void {
  irqEnable(MIDI_UART_IRQ);
}

/** The UART's interrupt: a byte in, a byte out, or both. */
export function uartInterrupt(): void {
  const status = read(MIDI_UART_BASE + USART_SR);
  // Reading SR, then DR, clears RXNE and all errors alike.
  if (status & RECEIVE_FLAGS) receive(status, read(MIDI_UART_BASE + USART_DR) & 0xff);
  if (status & SR_TXE) transmit();
}

function receive(status: u32, byte: u32): void {
  if (status & SR_NF) count(Counter.uartNoise); // the byte is what most samples said, so it stands
  if (status & SR_FE) {
    count(byte == 0 ? Counter.uartBreak : Counter.uartFraming);
    gap = true;
  } else if (status & SR_RXNE) {
    gap = !queueReceived(framePosition(), byte, gap);
  }
  // What an overrun lost came after the byte that DR still held.
  if (status & SR_ORE) {
    count(Counter.uartOverrun);
    gap = true;
  }
}

function transmit(): void {
  const byte = uartTransmitter.nextByte();
  if (byte < 0) write(MIDI_UART_BASE + USART_CR1, CR1_LISTENING);
  else write(MIDI_UART_BASE + USART_DR, byte);
}

/** Lets the UART send what is queued. Never blocks. */
export function uartKick(): void {
  uartTransmitter.publish();
  write(MIDI_UART_BASE + USART_CR1, CR1_SENDING);
}

/**
 * Sends a short message, whole or not at all; real time overtakes what waits, even a SysEx. Never blocks. From one context only, or several that
 * cannot pre-empt each other.
 * @param message status | data1 << 8 | data2 << 16
 * @returns bytes queued, or a negative code of assembly/midi/encoder.ts; E_FULL is counted
 */
export function uartSend(message: u32): i32 {
  const result = (message & 0xff) >= 0xf8 ? uartTransmitter.sendRealTime(message & 0xff) : uartTransmitter.send(message);
  uartKick();
  return result;
}

/** Sends a SysEx, F0 to F7 or a piece of one, whole or not at all; else like `uartSend`. */
export function uartSendSysex(bytes: usize, byteCount: i32): i32 {
  const result = uartTransmitter.sendSysex(bytes, byteCount);
  uartKick();
  return result;
}
