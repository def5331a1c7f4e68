// SPDX-License-Identifier: MIT
// The chip as a whole: what it does where a model is missing, and how its watchdogs restart it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../boards/index.js';
import { Machine } from '../../machine/machine.js';
import type { ResetCause } from '../../machine/peripheral.js';
import { plugStm32 } from './chip.js';

function setUp(name = 'stm32f4-discovery') {
  const board = emulatable(loadBoard(name));
  const vectors = Array.from({ length: board.nvic.lines }, () => '');
  for (const [vector, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = vector;
  const machine = new Machine({ vectors, priorityBits: 4 });
  const chip = plugStm32(machine, board);
  const resets: ResetCause[] = [];
  machine.onReset = (cause) => {
    resets.push(cause);
    chip.reset(cause);
  };
  const read = (address: number): number => machine.bus.read(address, 4);
  const write = (address: number, value: number): void => machine.bus.write(address, value, 4);
  return { machine, chip, resets, read, write, seconds: (n: number) => machine.timeline.advanceTo(machine.timeline.now + n * 16_000_000) };
}
const RCC = 0x40023800, SDIO_CLKCR = 0x40012c04, ETH_DMABMR = 0x40029000, SYSCFG_PMC = 0x40013804;

test('a strict machine stops at a block without a model, at a register and at a field, by their names', () => {
  const { read, write } = setUp();
  assert.throws(() => write(SDIO_CLKCR, 1), /SDIO_CLKCR/);
  assert.throws(() => read(ETH_DMABMR), /ETH_DMABMR/);
  write(RCC + 0x44, 1 << 14);
  assert.throws(() => write(SYSCFG_PMC, 1 << 23), /SYSCFG_PMC \(RMII\)/);
});

test('a lenient machine reports them once each and goes on', () => {
  const { machine, chip, read, write } = setUp();
  machine.unmodelled.strict = false;
  for (let i = 0; i < 2; i++) {
    write(SDIO_CLKCR, 0x1234);
    assert.equal(read(SDIO_CLKCR), 0x1234);
    assert.equal(read(ETH_DMABMR), 0);
  }
  write(RCC + 0x44, 1 << 14);
  write(SYSCFG_PMC, 1 << 23);
  write(RCC + 0x44, (1 << 14) | (1 << 8));
  write(0x40012304, (1 << 16) | 9); // ADC_CCR: an alternate trigger mode
  assert.equal(read(0x40012304), (1 << 16) | 9, 'the rest of the register works');
  const found = machine.diagnostics.map(({ where }) => where);
  assert.deepEqual(found, ['SDIO', 'SDIO', 'ETH', 'SYSCFG', 'ADC']);
  chip.reset('software');
  assert.equal(read(SDIO_CLKCR), 0, 'a reset forgets');
});

test('the independent watchdog restarts the chip, and RCC_CSR says so; after that it is off', () => {
  const { machine, resets, read, write, seconds } = setUp();
  write(0x40003000, 0xcccc);
  assert.equal(machine.clocks.running('LSI'), false);
  seconds(0.6);
  assert.deepEqual(resets, ['independent watchdog']);
  assert.equal(read(RCC + 0x74) >>> 24, 0x2e);
  assert.equal(machine.clocks.running('LSI'), false);
  assert.equal(machine.timeline.nextDue, Infinity);
});

test('LSI cannot be switched off under a running watchdog', () => {
  const { machine, write, seconds } = setUp();
  write(0x40003000, 0xcccc);
  seconds(0.1);
  write(RCC + 0x74, 1);
  write(RCC + 0x74, 0);
  seconds(0.1);
  assert.equal(machine.clocks.running('LSI'), true);
});

test('the window watchdog restarts the chip amid the write that it bites at', () => {
  const { resets, read, write } = setUp();
  write(RCC + 0x40, 1 << 11);
  write(0x40002c00, 0x80);
  assert.deepEqual(resets, ['window watchdog']);
  assert.equal(read(RCC + 0x74) >>> 24, 0x4e);
  assert.equal(read(RCC + 0x40), 0);
});

test('with WDG_SW programmed to 0 the independent watchdog runs from the next reset on', () => {
  const { machine, chip, resets, write, seconds } = setUp();
  const FLASH = 0x40023c00;
  write(FLASH + 0x08, 0x08192a3b);
  write(FLASH + 0x08, 0x4c5d6e7f);
  write(FLASH + 0x14, 0x0fffaacc | 2);
  seconds(1);
  chip.reset('pin');
  assert.ok(machine.timeline.nextDue < Infinity);
  seconds(0.6);
  assert.deepEqual(resets, ['independent watchdog']);
  seconds(0.6);
  assert.equal(resets.length, 2, 'and again');
});

test('two models that share a vector are ORed', () => {
  const { machine, write, read, seconds } = setUp();
  const pending = (): boolean => machine.exceptions.isPending(16 + 54);
  // TIM6_DAC: TIM6's update, and the DAC's underrun.
  write(RCC + 0x40, (1 << 4) | (1 << 29));
  write(0x4000102c, 100);
  write(0x4000100c, 1);
  write(0x40001000, 1);
  seconds(0.001);
  assert.equal(pending(), true);
  machine.exceptions.clearPending(16 + 54);
  write(0x40007400, 1 | (1 << 13)); // the DAC has nothing to say, and must not take TIM6's level away
  machine.exceptions.enable(16 + 54);
  assert.equal(read(0x40001010) & 1, 1);
  machine.exceptions.setPending(16 + 54);
  machine.exceptions.activate(16 + 54);
  machine.exceptions.deactivate(16 + 54);
  assert.equal(pending(), true, 'still high at the end of the handler');
});
