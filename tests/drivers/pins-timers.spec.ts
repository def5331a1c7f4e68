// SPDX-License-Identifier: MIT
// Pins and timers against RM0090 sections 8.4 and 18.4; addresses and bits restated from there.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Fixture } from '../../host/testing/assembly.js';
import { instantiateDriver, type RegisterFile } from './register-file.js';

const GPIOA = 0x40020000;
const GPIOD = 0x40020c00;
const AHB1ENR = 0x40023830;
const APB1ENR = 0x40023840;
const TIM2 = 0x40000000;
const TIM5 = 0x40000c00;
const TIM7 = 0x40001400;

let registers: RegisterFile;
let driver: Fixture;
beforeEach(async () => {
  ({ registers, driver } = await instantiateDriver('tests/drivers/pins-timers.as.ts'));
});

describe('pins', () => {
  it('clocks the port, and sets the mode last', () => {
    registers.values.set(GPIOD, 0xffffffff);
    driver.gpioAlternate(GPIOD, 12, 2, 1, 1, 2);
    const { writes, values } = registers;
    assert.deepEqual(writes[0], [AHB1ENR, 1 << 3]);
    assert.deepEqual(writes.at(-1), [GPIOD, 0xfeffffff]); // MODER: 10 for pin 12, others as they were
    assert.equal(values.get(GPIOD + 0x24), 2 << 16); // AFRH
    assert.equal(values.get(GPIOD + 0x04), 1 << 12); // OTYPER
    assert.equal(values.get(GPIOD + 0x08), 2 << 24); // OSPEEDR
    assert.equal(values.get(GPIOD + 0x0c), 1 << 24); // PUPDR
    driver.gpioAlternate(GPIOA, 3, 7, 0, 0, 0);
    assert.equal(values.get(GPIOA + 0x20), 7 << 12); // AFRL
  });

  it('drives, inverts and reads', () => {
    driver.gpioOutput(GPIOD, 15);
    assert.equal(registers.values.get(GPIOD)! >>> 0, 1 << 30);
    assert.equal(registers.values.get(GPIOD + 0x18)! >>> 0, 0x80000000); // low before it is an output
    driver.gpioSet(GPIOD, 15);
    assert.equal(registers.values.get(GPIOD + 0x18), 1 << 15);
    registers.script(GPIOD + 0x14, [1 << 15]);
    driver.gpioToggle(GPIOD, 15);
    assert.equal(registers.values.get(GPIOD + 0x18)! >>> 0, 0x80000000);
    registers.script(GPIOD + 0x14, [0]);
    driver.gpioToggle(GPIOD, 15);
    assert.equal(registers.values.get(GPIOD + 0x18), 1 << 15);
    driver.gpioInput(GPIOA, 0, 2);
    assert.equal(registers.values.get(GPIOA + 0x0c), 2);
    registers.script(GPIOA + 0x10, [1]);
    assert.equal(driver.gpioRead(GPIOA, 0), 1);
    assert.equal(driver.gpioRead(GPIOA, 1), 0);
  });
});

describe('timers', () => {
  it('count microseconds from 84 MHz as the time stamp', () => {
    driver.timestampInit();
    assert.deepEqual(registers.writes, [
      [APB1ENR, 1 << 3], [TIM5 + 0x28, 83], [TIM5 + 0x2c, 0xffffffff], [TIM5 + 0x14, 1], [TIM5, 1],
    ]);
    registers.script(TIM5 + 0x24, [0xfffffff0]);
    assert.equal(driver.timestamp() >>> 0, 0xfffffff0);
  });

  it('interrupt periodically, but not at once', () => {
    driver.periodicStart(TIM7, 1000);
    assert.deepEqual(registers.writes, [
      [APB1ENR, 1 << 5], [TIM7 + 0x28, 83], [TIM7 + 0x2c, 999], [TIM7, 1 << 2], [TIM7 + 0x14, 1], [TIM7 + 0x0c, 1], [TIM7, 5],
    ]);
    registers.log.length = 0;
    driver.periodicInterrupt(TIM2);
    assert.deepEqual(registers.log, [['w', TIM2 + 0x10, 0xfffffffe]]);
  });

  it('wait at least as long as asked, also across the wrap', () => {
    let now = 0xfffffffa;
    registers.script(TIM5 + 0x24, () => now++);
    driver.delay(10);
    assert.ok(now - 0xfffffffa > 10);
    assert.ok(now - 0xfffffffa < 15);
  });
});
