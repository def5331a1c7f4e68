// SPDX-License-Identifier: MIT
// CS43L22 set-up against Cirrus Logic DS792F2, and the I2C master under it against RM0090 section 27; numbers restated from there.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Fixture } from '../../host/testing/assembly.js';
import { counters } from '../../host/abi.js';
import { I2cFake } from './i2c-fake.js';
import { counterOf, instantiateDriver, type RegisterFile } from './register-file.js';

const TIM5_CNT = 0x40000c24;
const GPIOD_BSRR = 0x40020c18;
const I2C_ERRORS = Object.keys(counters).indexOf('i2cError');

describe('CS43L22', () => {
  let registers: RegisterFile;
  let driver: Fixture;
  let bus: I2cFake;

  beforeEach(async () => {
    ({ registers, driver } = await instantiateDriver('tests/drivers/codec.as.ts'));
    bus = new I2cFake(registers, 0x4a);
    bus.deviceRegisters.set(0x01, 0b11100_011);
    bus.deviceRegisters.set(0x32, 0x3b);
    let microseconds = 0;
    registers.script(TIM5_CNT, () => microseconds++);
  });

  it('is set up in the order of the data sheet, powered down', () => {
    assert.equal(driver.codecInit(), 0);
    assert.deepEqual(bus.transfers, [
      'S 94 01 P', 'S 95 P', // chip ID
      'S 94 02 01 P', // stay powered down
      'S 94 04 af P', // headphone on, speaker off
      'S 94 05 80 P', // clocks detected
      'S 94 06 07 P', // slave, I2S, 16 bits
      'S 94 00 99 P', 'S 94 47 80 P', // section 4.11
      'S 94 32 P', 'S 95 P', 'S 94 32 bb P', 'S 94 32 3b P',
      'S 94 00 00 P',
    ]);
    assert.equal(driver.codecPowerUp(), 0);
    assert.equal(bus.transfers.at(-1), 'S 94 02 9e P');
  });

  it('holds RESET for a millisecond and waits before it speaks', () => {
    driver.codecInit();
    const { log } = registers;
    const low = log.findIndex((a) => a[0] === 'w' && a[1] === GPIOD_BSRR && a[2] === 1 << 20);
    const high = log.findIndex((a) => a[0] === 'w' && a[1] === GPIOD_BSRR && a[2] === 1 << 4);
    const start = log.findIndex((a) => a[0] === 'w' && a[1] === 0x40005400 && (a[2] & (1 << 8)) !== 0);
    const microseconds = (from: number, to: number) => log.slice(from, to).filter((a) => a[0] === 'r' && a[1] === TIM5_CNT).length;
    assert.ok(low !== -1 && microseconds(low, high) > 1000);
    assert.ok(microseconds(high, start) > 1);
  });

  it('runs the bus at 100 kHz from 42 MHz on open-drain pins', () => {
    driver.codecInit();
    assert.equal(registers.values.get(0x40005404)! & 0x3f, 42); // FREQ
    assert.equal(registers.values.get(0x4000541c), 210); // CCR: 42 MHz / (2 x 210) = 100 kHz
    assert.equal(registers.values.get(0x40005420), 43); // TRISE: 1000 ns x 42 MHz + 1
    assert.equal(registers.values.get(0x40023840)! & (1 << 21), 1 << 21); // I2C1EN
    assert.equal(registers.values.get(0x40020404)! & ((1 << 6) | (1 << 9)), (1 << 6) | (1 << 9)); // GPIOB_OTYPER
    assert.equal((registers.values.get(0x40020420)! >> 24) & 0xf, 4); // AFRL of PB6
    assert.equal((registers.values.get(0x40020424)! >> 4) & 0xf, 4); // AFRH of PB9
  });

  it('asks for the stop in one breath with clearing ADDR', () => {
    registers.log.length = 0;
    driver.i2cReadRegister(0x40005400, 0x4a, 1);
    const mask = registers.log.findIndex((a) => a[0] === 'irqMask');
    const restore = registers.log.findIndex((a) => a[0] === 'irqRestore');
    const within = registers.log.slice(mask, restore);
    assert.deepEqual(within.slice(1, 3), [['r', 0x40005414], ['r', 0x40005418]]);
    assert.ok(within.some((a) => a[0] === 'w' && a[1] === 0x40005400 && (a[2] & (1 << 9)) !== 0));
  });

  it('refuses another chip', () => {
    bus.deviceRegisters.set(0x01, 0b11011_011);
    assert.equal(driver.codecInit(), -10);
    assert.equal(bus.transfers.length, 2);
  });

  it('reports a codec that is not there, a bus that is held and one that is dead', () => {
    bus.present = false;
    assert.equal(driver.codecInit(), -2);
    assert.equal(counterOf(driver, I2C_ERRORS), 1);
    bus.present = true;
    bus.busy = true;
    assert.equal(driver.codecInit(), -1);
    bus.busy = false;
    bus.dead = true;
    assert.equal(driver.codecInit(), -4);
    bus.dead = false;
    assert.equal(driver.codecInit(), 0);
  });

  it('sets volume in half decibels and mutes the headphone', () => {
    driver.codecInit();
    for (const [halfDecibels, code] of [[0, '00'], [24, '18'], [-1, 'ff'], [-204, '34'], [-1000, '34'], [1000, '18']] as const) {
      driver.codecVolume(halfDecibels);
      assert.deepEqual(bus.transfers.slice(-2), [`S 94 20 ${code} P`, `S 94 21 ${code} P`]);
    }
    driver.codecMute(1);
    driver.codecMute(0);
    assert.deepEqual(bus.transfers.slice(-2), ['S 94 0f c0 P', 'S 94 0f 00 P']);
  });
});
