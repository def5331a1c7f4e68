// SPDX-License-Identifier: MIT
// Peripheral resets through the RCC (RM0090 7.3.5 to 7.3.9): each block is back at the reset values of its register map, and what it did has stopped.
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
  plugStm32(machine, board);
  return { machine, read: (a: number) => machine.bus.read(a, 4), write: (a: number, v: number) => machine.bus.write(a, v, 4) };
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
