// SPDX-License-Identifier: MIT
// MIDI UART, 31250 baud 8N1, interrupt-driven both ways: RM0090 sections 30.3.2, 30.3.3, 30.3.4 and 30.6.

import {
  MIDI_RX_FUNCTION, MIDI_RX_PIN, MIDI_RX_PORT, MIDI_TX_FUNCTION, MIDI_TX_PIN, MIDI_TX_PORT, MIDI_UART_BASE, MIDI_UART_CLOCK_BIT,
  MIDI_UART_CLOCK_HZ, MIDI_UART_CLOCK_REGISTER,
} from "../shim/board";
import { count, Counter, setGauge } from "../shim/counters";
import { read, setBits, write } from "../shim/registers";
import {
  CR1_RE, CR1_RXNEIE, CR1_TE, CR1_TXEIE, CR1_UE, SR_FE, SR_NF, SR_ORE, SR_RXNE, SR_TXE, USART_BRR, USART_CR1, USART_CR2, USART_CR3,
  USART_DR, USART_SR,
} from "../regs/stm32/usart";
import { createByteQueue, createStampedQueue } from "../midi/queue";
import { framePosition } from "./audio-out";
import { gpioAlternate, PULL_NONE, PULL_UP, PUSH_PULL, SPEED_LOW } from "./gpio";
import { timestamp } from "./timer";

const BAUD: u32 = 31250;

const RECEIVE_CAPACITY: u32 = 256; // 82 ms of a full line, twenty times the longest block
const TRANSMIT_CAPACITY: u32 = 1024;
const URGENT_CAPACITY: u32 = 16;

// CR1 has these two values and no other, so it is written whole: no handler can undo another context's change.
const CR1_LISTENING: u32 = CR1_UE | CR1_RE | CR1_TE | CR1_RXNEIE;
const CR1_SENDING: u32 = CR1_LISTENING | CR1_TXEIE;

const RECEIVE_FLAGS: u32 = SR_RXNE | SR_ORE | SR_NF | SR_FE;

/*
 A received byte in the queue: its frame is the stamp, and the value is

   31            9      8      7      0
   ┌──────────────┬───────────┬────────┐     The low 23 bits of the time stamp are enough to find the others again when the byte is taken out
   │ microseconds │ AFTER_GAP │  byte  │     within 8 seconds.
   └──────────────┴───────────┴────────┘
*/
const AFTER_GAP: u32 = 1 << 8;
const TIME_SHIFT: u32 = 9;
const TIME_MASK: u32 = 0xffffffff >> TIME_SHIFT;

const received = createStampedQueue(RECEIVE_CAPACITY);
const outgoing = createByteQueue(TRANSMIT_CAPACITY);
const urgent = createByteQueue(URGENT_CAPACITY);

/** The handler's own: something was lost since the last byte that was queued. */
let gap: bool = false;

/** Sets the UART up and lets it interrupt; the firmware enables its line. The clock tree and the time stamp must stand. */
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
    const value = byte | (gap ? AFTER_GAP : 0) | (timestamp() << TIME_SHIFT);
    gap = !received.push(framePosition(), value);
    if (gap) count(Counter.rxQueueFull);
    setGauge(Counter.rxQueueHigh, received.highWater);
  }
  // What an overrun lost came after the byte that DR still held.
  if (status & SR_ORE) {
    count(Counter.uartOverrun);
    gap = true;
  }
}

function transmit(): void {
  let byte = urgent.pop();
  if (byte < 0) byte = outgoing.pop();
  if (byte < 0) write(MIDI_UART_BASE + USART_CR1, CR1_LISTENING);
  else write(MIDI_UART_BASE + USART_DR, byte);
}

/** Takes the oldest received byte; false when there is none. The functions below then tell of it. For one context only. */
export function uartReceive(): bool {
  return received.pop();
}

/** The byte that `uartReceive` took. */
// @ts-ignore: decorator
@inline
export function uartByte(): u32 {
  return received.value & 0xff;
}

/** Whether bytes were lost just before it, so that it may not belong to what came before. */
// @ts-ignore: decorator
@inline
export function uartAfterGap(): bool {
  return (received.value & AFTER_GAP) != 0;
}

/** Absolute audio frame in which it arrived; 0 while audio does not run. */
// @ts-ignore: decorator
@inline
export function uartFrame(): u32 {
  return received.stamp;
}

/** Time stamp of its arrival, in microseconds. */
export function uartTimestamp(): u32 {
  const now = timestamp();
  return now - ((now - (received.value >> TIME_SHIFT)) & TIME_MASK);
}

/**
 * Queues a message for sending, whole or not at all. Never blocks. From one context only, or several that cannot pre-empt each other.
 * @returns false when there was no room, which is counted
 */
export function uartSend(bytes: usize, byteCount: u32): bool {
  const fits = outgoing.pushAll(bytes, byteCount);
  if (!fits) count(Counter.txQueueFull);
  setGauge(Counter.txQueueHigh, outgoing.highWater);
  write(MIDI_UART_BASE + USART_CR1, CR1_SENDING);
  return fits;
}

/** Like `uartSend` for one byte that goes out before all that waits, even inside a message: MIDI's real-time bytes. */
export function uartSendUrgent(byte: u8): bool {
  const fits = urgent.push(byte);
  if (!fits) count(Counter.txQueueFull);
  write(MIDI_UART_BASE + USART_CR1, CR1_SENDING);
  return fits;
}
