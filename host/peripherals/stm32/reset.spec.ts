// SPDX-License-Identifier: MIT
// Peripheral resets through the RCC (RM0090 7.3.5 to 7.3.9) and resets of the system (7.1.1, 7.3.21): each block is back at the reset values of its
// register map, and what it did has stopped.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../boards/index.js';
import { Machine } from '../../machine/machine.js';
import { plugStm32 } from './chip.js';

const RCC = 0x40023800;
const APB1RSTR = RCC + 0x20;
const APB1ENR = RCC + 0x40;
const AHB1RSTR = RCC + 0x10;
const AHB1ENR = RCC + 0x30;

function chip() {
  const board = emulatable(loadBoard('stm32f4-discovery'));
  const vectors = Array.from({ length: board.nvic.lines }, () => '');
  for (const [name, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = name;
  const machine = new Machine({ vectors, priorityBits: 4 });
  const stm32 = plugStm32(machine, board);
  return { machine, stm32, read: (a: number) => machine.bus.read(a, 4), write: (a: number, v: number) => machine.bus.write(a, v, 4) };
}

/** Registers to disturb, with the value to write and the reset value of the manual's register map. */
const blocks = [
  { name: 'USART2', enable: [APB1ENR, 17], reset: [APB1RSTR, 17], base: 0x40004400, registers: [[0x08, 0x540, 0], [0x0c, 0x202c, 0], [0x10, 0x2000, 0], [0x14, 1, 0]] },
  { name: 'SPI3', enable: [APB1ENR, 15], reset: [APB1RSTR, 15], base: 0x40003c00, registers: [[0x04, 0x02, 0], [0x10, 0x1021, 7], [0x1c, 0x0a00, 0], [0x20, 0x303, 2]] },
  { name: 'I2C1', enable: [APB1ENR, 21], reset: [APB1RSTR, 21], base: 0x40005400, registers: [[0x04, 42, 0], [0x08, 0x4022, 0], [0x1c, 210, 0], [0x20, 43, 2]] },
  { name: 'TIM5', enable: [APB1ENR, 3], reset: [APB1RSTR, 3], base: 0x40000c00, registers: [[0x28, 83, 0], [0x2c, 5000, 0]] },
  { name: 'DMA1', enable: [AHB1ENR, 21], reset: [AHB1RSTR, 21], base: 0x40026000, registers: [[0x88, 0x0400, 0], [0x8c, 100, 0], [0x90, 0x40003c0c, 0], [0x94, 0x20000000, 0], [0x9c, 0x27, 0x21]] },
  { name: 'GPIOD', enable: [AHB1ENR, 3], reset: [AHB1RSTR, 3], base: 0x40020c00, registers: [[0x00, 0x55000000, 0], [0x14, 0xf000, 0]] },
] as const;

for (const { name, enable, reset, base, registers } of blocks) {
  test(`${name} is back at its reset values`, () => {
    const { read, write } = chip();
    write(enable[0], 1 << enable[1]);
    for (const [offset, value] of registers) {
      write(base + offset, value);
      assert.notEqual(read(base + offset), registers.find((r) => r[0] === offset)![2], `0x${offset.toString(16)} did not take ${value}`);
    }
    write(reset[0], 1 << reset[1]);
    assert.equal(read(base + registers[0][0]), 0, 'a block held in reset reads as 0');
    write(reset[0], 0);
    for (const [offset, , wanted] of registers) assert.equal(read(base + offset), wanted, `0x${offset.toString(16)}`);
  });
}

test('a running DMA stream and a sending USART stop at their reset', () => {
  const { machine, read, write } = chip();
  write(AHB1ENR, 1 << 21);
  write(APB1ENR, 1 << 17);
  machine.bus.addMemory({ name: 'SRAM', origin: 0x20000000, bytes: new Uint8Array(256), dma: true });
  write(0x40004408, 16_000_000 / 31250);
  write(0x40004414, 1 << 7); // CR3.DMAT
  write(0x4000440c, (1 << 13) | (1 << 3)); // CR1: UE, TE
  const S6 = 0x40026000 + 0x10 + 0x18 * 6; // USART2_TX is DMA1 stream 6, channel 4
  write(S6 + 0x04, 100);
  write(S6 + 0x08, 0x40004404);
  write(S6 + 0x0c, 0x20000000);
  write(S6, (4 << 25) | (1 << 10) | (1 << 6) | 1); // MINC, memory to peripheral, EN
  machine.timeline.advanceTo(5_120 * 5);
  assert.ok(read(S6 + 0x04) < 100);
  write(RCC + 0x10, 1 << 21);
  write(RCC + 0x10, 0);
  assert.equal(read(S6 + 0x04), 0);
  write(APB1RSTR, 1 << 17);
  write(APB1RSTR, 0);
  assert.equal(read(0x40004400), 0xc0, 'SR: TXE and TC');
  machine.timeline.advanceTo(5_120 * 50);
  assert.equal(read(0x40004400), 0xc0);
});

const CSR = RCC + 0x74;

test('a system reset brings every block and the clocks back, and leaves nothing to happen', () => {
  const { machine, stm32, read, write } = chip();
  machine.bus.addMemory({ name: 'SRAM', origin: 0x20000000, bytes: new Uint8Array(256), dma: true });
  for (const { enable, base, registers } of blocks) {
    write(enable[0], read(enable[0]) | (1 << enable[1]));
    for (const [offset, value] of registers) write(base + offset, value);
  }
  write(0x40000c00, 1); // TIM5 counts, with its update interrupt
  write(0x40000c0c, 1);
  write(0x40004404, 0x55); // USART2 sends
  write(RCC, read(RCC) | (1 << 16)); // HSEON
  machine.timeline.advanceTo(50_000);
  write(RCC + 0x08, 1);
  assert.equal(machine.clocks.hertz('HCLK').n, 8_000_000);
  write(RCC, read(RCC) | (1 << 24)); // PLLON: it is on its way
  assert.ok(machine.timeline.nextDue < Infinity);
  stm32.reset('software');
  assert.equal(machine.timeline.nextDue, Infinity);
  assert.equal(machine.clocks.hertz('HCLK').n, 16_000_000);
  assert.equal(read(RCC) & 0x0301_0003, 3, 'HSI alone');
  assert.equal(read(APB1ENR), 0);
  assert.equal(read(AHB1ENR), 0x00100000);
  for (const { enable, base, registers } of blocks) {
    write(enable[0], read(enable[0]) | (1 << enable[1]));
    for (const [offset, , wanted] of registers) assert.equal(read(base + offset), wanted, `0x${(base + offset).toString(16)}`);
  }
});

test('RCC_CSR names each cause, always with PINRSTF, adds them up, and forgets them by RMVF', () => {
  const { stm32, read, write } = chip();
  assert.equal(read(CSR), 0x0e000000, 'power-on');
  write(CSR, 1 << 24);
  assert.equal(read(CSR), 0);
  for (const [cause, flag] of [['software', 28], ['independent watchdog', 29], ['window watchdog', 30], ['low-power', 31]] as const) {
    write(CSR, 1 << 24);
    stm32.reset(cause);
    assert.equal(read(CSR), ((1 << flag) | (1 << 26)) >>> 0, cause);
  }
  stm32.reset('software');
  assert.equal(read(CSR) >>> 25, 0b1001010 >>> 0, 'flags add up');
  write(CSR, 1 << 24);
  stm32.reset('pin');
  assert.equal(read(CSR), 1 << 26);
  stm32.reset('power-on');
  assert.equal(read(CSR), 0x0e000000);
});

test('the backup domain outlives a system reset and not a power-on', () => {
  const { stm32, read, write } = chip();
  const PWR = 0x40007000, BDCR = RCC + 0x70;
  const unlock = (): void => {
    write(APB1ENR, 1 << 28);
    write(PWR, read(PWR) | (1 << 8));
  };
  unlock();
  write(BDCR, (1 << 15) | (2 << 8)); // RTCEN, RTCSEL = LSI
  stm32.reset('pin');
  assert.equal(read(BDCR), 0x8200);
  stm32.reset('power-on');
  assert.equal(read(BDCR), 0);
});

test('a reset that nobody has arranged for ends the run with what asked for it', () => {
  const { machine } = chip();
  assert.throws(() => machine.requestReset('software'), /the firmware asked for a system reset \(SCB_AIRCR\.SYSRESETREQ\), which ends a run here/);
  assert.throws(() => machine.requestReset('independent watchdog'), /there was a system reset \(independent watchdog\), which ends a run here/);
});
