// SPDX-License-Identifier: MIT
// The MIDI UART driver against RM0090 section 30; addresses and bits restated from there.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Fixture } from '../../host/testing/assembly.js';
import { instantiateDriver, type RegisterFile } from './register-file.js';

const SR = 0x40004400;
const DR = 0x40004404;
const BRR = 0x40004408;
const CR1 = 0x4000440c;
const CR2 = 0x40004410;
const TIM5_CNT = 0x40000c24;
const GPIOA_MODER = 0x40020000;
const GPIOA_AFRL = 0x40020020;

const FE = 1 << 1;
const NF = 1 << 2;
const ORE = 1 << 3;
const RXNE = 1 << 5;
const TXE = 1 << 7;

describe('MIDI UART', () => {
  let registers: RegisterFile;
  let driver: Fixture;

  /** One interrupt with this status and data register. */
  const interrupt = (status: number, data = 0, microseconds = 0) => {
    registers.script(SR, [status]);
    registers.script(DR, [data]);
    registers.script(TIM5_CNT, [microseconds]);
    registers.log.length = 0;
    driver.uartInterrupt();
  };
  const drain = () => {
    const bytes: [byte: number, afterGap: boolean][] = [];
    while (driver.uartReceive()) bytes.push([driver.uartByte(), driver.uartAfterGap() !== 0]);
    return bytes;
  };
  const sent = () => registers.writes.filter(([a]) => a === DR).map(([, v]) => v);

  beforeEach(async () => {
    ({ registers, driver } = await instantiateDriver('tests/drivers/uart.as.ts'));
    driver.uartInit();
  });

  it('is set up for 31250 baud 8N1 on PA2 and PA3', () => {
    assert.equal(registers.values.get(BRR), 0x540); // 42 MHz / 31250 = 1344 = 84 x 16
    assert.equal(registers.values.get(CR1), (1 << 13) | (1 << 5) | (1 << 3) | (1 << 2)); // UE RXNEIE TE RE; M, PCE, OVER8 clear
    assert.equal(registers.values.get(CR2), 0); // one stop bit
    assert.equal(registers.values.get(0x40023840)! & (1 << 17), 1 << 17); // USART2EN
    assert.equal(registers.values.get(GPIOA_MODER)! & 0xf0, 0xa0);
    assert.equal(registers.values.get(GPIOA_AFRL)! & 0xff00, 0x7700);
  });

  it('reads SR, then DR, before anything else', () => {
    interrupt(RXNE, 0x90);
    assert.deepEqual(registers.log.slice(0, 2), [['r', SR], ['r', DR]]);
    assert.deepEqual(drain(), [[0x90, false]]);
    assert.equal(driver.receiveHigh(), 1);
  });

  it('stamps bytes, also across the wrap of the stamp that is kept and that of the timer', () => {
    for (const arrived of [5, 0x7fffff, 0x12345678, 0xfffffff0]) {
      interrupt(RXNE, 0xf8, arrived);
      assert.ok(driver.uartReceive());
      registers.script(TIM5_CNT, [(arrived + 100) >>> 0]);
      assert.equal(driver.uartTimestamp() >>> 0, arrived);
      registers.script(TIM5_CNT, [(arrived + 0x7ffffe) >>> 0]);
      assert.equal(driver.uartTimestamp() >>> 0, arrived);
    }
  });

  it('keeps the byte that an overrun spared and marks the next one', () => {
    interrupt(RXNE | ORE, 0x3c);
    interrupt(RXNE, 0x64);
    interrupt(RXNE, 0x65);
    assert.deepEqual(drain(), [[0x3c, false], [0x64, true], [0x65, false]]);
    assert.equal(driver.overruns(), 1);
  });

  it('takes no byte from an overrun that finds DR already read', () => {
    interrupt(ORE, 0x3c);
    assert.deepEqual(registers.log.slice(0, 2), [['r', SR], ['r', DR]]);
    assert.deepEqual(drain(), []);
    interrupt(RXNE, 0x64);
    assert.deepEqual(drain(), [[0x64, true]]);
  });

  it('tells framing error, break and noise apart', () => {
    interrupt(RXNE | FE, 0x55);
    interrupt(RXNE | FE, 0x00);
    interrupt(RXNE | NF, 0x40);
    assert.deepEqual(drain(), [[0x40, true]]);
    assert.deepEqual([driver.framings(), driver.breaks(), driver.noises(), driver.overruns()], [1, 1, 1, 0]);
  });

  it('counts what does not fit and marks what comes after', () => {
    for (let i = 0; i < 258; i++) interrupt(RXNE, i & 0x7f);
    assert.equal(driver.receiveFull(), 2);
    assert.equal(driver.receiveHigh(), 256);
    assert.equal(drain().length, 256);
    interrupt(RXNE, 1);
    interrupt(RXNE, 2);
    assert.deepEqual(drain(), [[1, true], [2, false]]);
  });

  it('sends without blocking, real-time bytes first, and falls silent', () => {
    new Uint8Array(driver.memory.buffer).set([0xf0, 0x7d, 0x01, 0xf7], driver.scratchOffset());
    registers.log.length = 0;
    assert.equal(driver.uartSendSysex(driver.scratchOffset(), 4), 4);
    assert.deepEqual(registers.writes, [[CR1, 0x20ac]]); // TXEIE set, nothing waited for
    const out: number[] = [];
    const next = () => {
      interrupt(TXE);
      out.push(...sent());
    };
    next();
    next();
    assert.equal(driver.uartSend(0xf8), 1);
    for (let i = 0; i < 3; i++) next();
    assert.deepEqual(out, [0xf0, 0x7d, 0xf8, 0x01, 0xf7]);
    interrupt(TXE);
    assert.deepEqual(registers.writes, [[CR1, 0x202c]]); // TXEIE off
  });

  it('refuses a message that does not fit as a whole, and counts its bytes', () => {
    for (let i = 0; i < 341; i++) assert.equal(driver.uartSend(0x643c90), 3);
    assert.ok(driver.uartSend(0x643c90) < 0);
    assert.equal(driver.uartSend(0xf6), 1);
    assert.equal(driver.transmitFull(), 3);
  });

  it('sends while it receives', () => {
    driver.uartSend(0xfe);
    interrupt(RXNE | TXE, 0x90);
    assert.deepEqual(sent(), [0xfe]);
    assert.deepEqual(drain(), [[0x90, false]]);
  });

  it('enables its own line', () => {
    registers.log.length = 0;
    driver.uartStart();
    assert.deepEqual(registers.log, [['irqEnable', 38]]);
  });
});
