// SPDX-License-Identifier: MIT
// Stop and standby of the whole chip: RM0090 rev 18, 5.3.5, 5.3.6 and 12.2.3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResetCause } from '../../machine/peripheral.js';
import { wholeChip } from '../../testing/whole-chip.js';

const RCC = 0x40023800, PWR = 0x40007000, EXTI = 0x40013c00, TIM2 = 0x40000000, GPIOD = 0x40020c00;

function setUp() {
  const whole = wholeChip();
  const { machine, chip, write } = whole;
  const resets: ResetCause[] = [];
  machine.onReset = (cause) => {
    resets.push(cause);
    chip.reset(cause);
  };
  write(RCC + 0x40, (1 << 28) | 1); // PWR, TIM2
  write(RCC + 0x30, 0b1001); // GPIOA, GPIOD
  write(RCC + 0x44, 1 << 14); // SYSCFG
  chip.pad('PA0').set(0);
  return { ...whole, resets };
}

test('in stop mode a timer rests and an EXTI line still wakes; afterwards the chip runs by HSI', () => {
  const { machine, chip, read, write, run } = setUp();
  write(TIM2 + 0x2c, 1e9);
  write(TIM2, 1);
  write(EXTI, 1);
  write(EXTI + 0x08, 1);
  machine.exceptions.enable(16 + 6);
  run(101);
  chip.enterStop();
  run(1e6);
  assert.equal(machine.exceptions.wakesFromWfi(), false);
  chip.pad('PA0').set(1);
  assert.equal(machine.exceptions.wakesFromWfi(), true);
  assert.equal(chip.leaveStop(), 208, '13 microseconds of 16 MHz');
  assert.equal(read(TIM2 + 0x24), 100);
  run(10);
  assert.equal(read(TIM2 + 0x24), 110);
  assert.equal(read(RCC + 0x08) & 0xf, 0);
});

test('EMR instead of IMR gives WFE its event and pends nothing', () => {
  const { machine, chip, write } = setUp();
  write(EXTI + 0x04, 1);
  write(EXTI + 0x08, 1);
  let events = 0;
  machine.trigger('EVENT').listen((level) => void (events += level));
  chip.enterStop();
  chip.pad('PA0').set(1);
  assert.equal(events, 1);
  assert.equal(machine.exceptions.wakesFromWfi(), false);
});

test('standby: pads float, WKUP resets the chip, SBF and WUF say so, and the reset flags say nothing', () => {
  const { machine, chip, read, write, run, resets } = setUp();
  write(RCC + 0x74, 1 << 24);
  write(GPIOD, 1 << 24);
  write(GPIOD + 0x14, 1 << 12);
  assert.equal(chip.pad('PD12').level, 1);
  write(PWR, 0x4006);
  write(PWR + 4, 0x100);
  assert.equal(chip.deepSleep, 'standby');
  chip.enterStandby();
  chip.pad('PD12').set(0);
  assert.equal(machine.diagnostics.some((d) => d.where === 'PD12'), false, 'nothing drives the pad');
  run(1e6);
  assert.deepEqual(resets, []);
  chip.pad('PA0').set(1);
  assert.deepEqual(resets, ['standby']);
  write(RCC + 0x40, 1 << 28);
  assert.equal(read(PWR + 4) & 3, 3);
  assert.equal(read(RCC + 0x74) >>> 25, 0);
  write(PWR, 0x400c);
  assert.equal(read(PWR + 4) & 3, 0);
});

test('a WUF that was left set wakes from standby at once', () => {
  const { chip, write, resets } = setUp();
  write(PWR + 4, 0x100);
  chip.pad('PA0').set(1);
  write(PWR, 0x4002);
  chip.enterStandby();
  assert.deepEqual(resets, ['standby']);
});

test('the voltage detector is EXTI line 16', () => {
  const { chip, read, write } = setUp();
  write(EXTI, 1 << 16);
  write(EXTI + 0x08, 1 << 16);
  write(PWR, 0x4000 | (6 << 5) | 0x10); // 2.8 V
  chip.setSupply(2700);
  assert.equal(read(EXTI + 0x14), 1 << 16);
  assert.equal(read(PWR + 4) & 4, 4);
});
