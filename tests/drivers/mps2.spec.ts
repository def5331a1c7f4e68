// SPDX-License-Identifier: MIT
// The MPS2's drivers against ARM DDI 0479 (CMSDK timers, dual timer, UARTs) and ARM DAI 0386 (FPGA I/O): 25 MHz, all times 16 times as long.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Fixture } from '../../host/testing/assembly.js';
import { instantiateDriver, type RegisterFile } from './register-file.js';

const TIMER0 = 0x40000000, TIMER1 = 0x40001000, DUAL1 = 0x40002000, DUAL2 = 0x40002020, UART0 = 0x40004000, UART1 = 0x40005000, LED0 = 0x40028000;
const CTRL = 0x00, VALUE = 0x04, RELOAD = 0x08, INT = 0x0c; // APB timer
const EVENTS = 0x21000000;
const AIRCR = 0xe000ed0c;
const B = 8;
/** A block of 8 frames at 47,991 Hz in ticks of 25 MHz, stretched by 16. */
const PERIOD = Math.round((B * 25e6 * 16) / (86e6 / 1792));

describe('MPS2 drivers', () => {
  let registers: RegisterFile;
  let driver: Fixture;
  const sent = (uart: number): number[] => registers.writes.filter(([address]) => address === uart).map(([, value]) => value);
  const frame = (n: number): number[] => [...new Uint8Array(Int16Array.of(n, -n).buffer)];
  const events = (...words: number[]): void => words.forEach((word, i) => registers.values.set(EVENTS + 4 * i, word >>> 0));
  /** A block ends: the timer stands at 0 and its flag is set until it is cleared. */
  const boundary = (): void => {
    registers.values.set(TIMER0 + VALUE, 0);
    registers.values.set(TIMER0 + INT, 1);
    driver.audioOutInterrupt();
  };

  beforeEach(async () => {
    ({ registers, driver } = await instantiateDriver('tests/drivers/mps2.as.ts', 'mps2-an386'));
    for (const timer of [TIMER0, TIMER1]) registers.onStore.set(timer + INT, () => registers.values.set(timer + INT, 0));
    assert.equal(driver.audioOutInit(B), 0);
  });

  it('refuses block sizes as the other families do', () => {
    for (const size of [0, 6, 9, 258]) assert.equal(driver.audioOutInit(size), -1);
  });

  it('starts the timer with the period of a block, the UART with its transmitter on, and sends block 0', () => {
    driver.audioOutStart();
    const { writes } = registers;
    for (const [address, value] of [[UART1 + 0x10, 16], [UART1 + 0x08, 1], [TIMER0 + RELOAD, PERIOD - 1], [TIMER0 + CTRL, 0b1001]]) {
      assert.ok(writes.some(([a, v]) => a === address && v === value), `0x${address.toString(16)}`);
    }
    assert.deepEqual(sent(UART1), new Array(4 * B).fill(0));
    assert.ok(registers.log.some(([event, irq]) => event === 'irqEnable' && irq === 8));
  });

  it('sends each block when it begins to play: frame n in its place, left before right, little endian', () => {
    driver.audioOutStart();
    for (let block = 1; block < 6; block++) {
      boundary();
      assert.equal(driver.render(B), 1);
    }
    const silence = new Array(2 * 4 * B).fill(0);
    assert.deepEqual(sent(UART1), [...silence, ...Array.from({ length: 4 * B }, (_, i) => frame(2 * B + i)).flat()]);
    assert.equal(driver.late(), 0);
  });

  it('pends the MIDI line, then the renderer, at each boundary', () => {
    driver.audioOutStart();
    boundary();
    assert.deepEqual(registers.log.filter(([event]) => event === 'irqPend').map(([, irq]) => irq), [9, -2]);
  });

  it('sends silence for a block that is not there, counts it, and leaves it out when rendering goes on', () => {
    driver.audioOutStart();
    boundary();
    driver.render(B);
    boundary(); // block 2 plays; 3 is not rendered
    boundary();
    assert.equal(driver.late(), 1);
    assert.equal(driver.render(B), 1);
    boundary();
    const bytes = sent(UART1);
    assert.deepEqual(bytes.slice(3 * 4 * B, 4 * 4 * B), new Array(4 * B).fill(0));
    assert.deepEqual(bytes.slice(4 * 4 * B), Array.from({ length: B }, (_, i) => frame(4 * B + i)).flat());
  });

  it('tells the frame that plays from the count: 0 has begun a block, and a flag that is not handled yet is a block more', () => {
    assert.equal(driver.framePosition(), 0);
    driver.audioOutStart();
    const at = (left: number, flag: number): number => {
      registers.values.set(TIMER0 + VALUE, left);
      registers.values.set(TIMER0 + INT, flag);
      return driver.framePosition();
    };
    for (let n = 0; n < B; n++) {
      const passed = Math.ceil((n * PERIOD) / B);
      assert.equal(at(passed === 0 ? 0 : PERIOD - passed, 0), n);
      assert.equal(at(PERIOD - Math.ceil(((n + 1) * PERIOD) / B) + 1, 0), n);
    }
    assert.equal(at(0, 1), B);
    assert.equal(at(3, 1), B); // the flag rose between the two reads
    assert.equal(at(PERIOD - Math.ceil(PERIOD / B), 1), B + 1);
    boundary();
    assert.equal(at(0, 0), B);
  });

  it('brings characters in at their frames, with exactly those for stamps, and stops at the end of the list', () => {
    events(0, 0x90, 9, 0x3c, 10, 0x64, 0xffffffff, 0xffffffff);
    driver.uartInit();
    driver.uartInterrupt();
    assert.deepEqual([driver.uartReceive(), driver.uartFrame(), driver.uartByte(), driver.uartReceive()], [1, 0, 0x90, 0]);
    driver.audioOutStart();
    boundary(); // frame 8
    driver.uartInterrupt();
    assert.equal(driver.uartReceive(), 0);
    boundary(); // frame 16
    driver.uartInterrupt();
    const seen = [];
    while (driver.uartReceive()) seen.push([driver.uartFrame(), driver.uartByte(), driver.uartAfterGap()]);
    assert.deepEqual(seen, [[9, 0x3c, 0], [10, 0x64, 0]]);
    boundary();
    driver.uartInterrupt();
    assert.equal(driver.uartReceive(), 0);
  });

  it('brings nothing in where there is no list', () => {
    driver.uartInit();
    driver.uartInterrupt();
    assert.equal(driver.uartReceive(), 0);
  });

  it('ends the run at the first boundary from the frame on: no block more, timer off, reset asked for', () => {
    events(9, 0x100, 0xffffffff, 0xffffffff);
    driver.uartInit();
    driver.audioOutStart();
    boundary(); // frame 8
    driver.uartInterrupt();
    assert.equal(registers.values.get(AIRCR), undefined);
    const before = sent(UART1).length;
    // The line's handler is more urgent, so it runs inside of the pend.
    const { log } = registers;
    const push = log.push.bind(log);
    log.push = (...accesses) => {
      const result = push(...accesses);
      if (accesses[0][0] === 'irqPend' && accesses[0][1] === 9) driver.uartInterrupt();
      return result;
    };
    boundary();
    assert.equal(registers.values.get(AIRCR), 0x05fa0004);
    assert.equal(registers.values.get(TIMER0 + CTRL), 0);
    assert.equal(sent(UART1).length, before);
  });

  it('sends a byte at each fall of the line\'s timer, every 16 times 320 µs, and none when it was pended only', () => {
    driver.uartInit();
    driver.uartStart();
    assert.equal(registers.values.get(TIMER1 + RELOAD), 16 * 8000 - 1);
    assert.equal(driver.uartSend(0x643c90), 3);
    driver.uartInterrupt();
    assert.deepEqual(sent(UART0), []);
    for (const wanted of [[0x90], [0x90, 0x3c], [0x90, 0x3c, 0x64], [0x90, 0x3c, 0x64]]) {
      registers.values.set(TIMER1 + INT, 1);
      driver.uartInterrupt();
      assert.deepEqual(sent(UART0), wanted);
    }
  });

  it('stamps in stretched microseconds, over the counter\'s wrap', () => {
    registers.values.set(DUAL1 + VALUE, 0xffffffff);
    driver.timestampInit();
    registers.values.set(DUAL1 + VALUE, 0xffffffff - 400 * 1000);
    assert.equal(driver.timestamp(), 1000);
    registers.values.set(DUAL1 + VALUE, 399);
    const late = driver.timestamp();
    registers.values.set(DUAL1 + VALUE, 0xffffffff);
    assert.equal(driver.timestamp() - late, 1);
  });

  it('makes a periodic interrupt of the dual timer\'s second half', () => {
    driver.periodicStart(DUAL2, 1000);
    assert.equal(registers.values.get(DUAL2), 400_000 - 1);
    assert.equal(registers.values.get(DUAL2 + 0x08), 0b1110_0010); // enable, periodic, interrupt, 32 bits
    driver.periodicSet(DUAL2, 2000);
    assert.equal(registers.values.get(DUAL2 + 0x18), 800_000 - 1);
    driver.periodicInterrupt(DUAL2);
    assert.ok(registers.writes.some(([address]) => address === DUAL2 + 0x0c));
  });

  it('lights a lamp without touching the other', () => {
    registers.values.set(LED0, 0b10);
    driver.gpioSet(LED0, 0);
    assert.equal(registers.values.get(LED0), 0b11);
    driver.gpioToggle(LED0, 1);
    assert.equal(registers.values.get(LED0), 0b01);
    assert.equal(driver.gpioRead(LED0, 0), 1);
    driver.gpioReset(LED0, 0);
    assert.equal(registers.values.get(LED0), 0);
  });
});
