// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../boards/index.js';
import { Machine } from '../../machine/machine.js';
import { plugStm32 } from './chip.js';

for (const [name, id] of [['stm32f4-discovery', 0x413], ['weact-blackpill-f411', 0x431]] as const) {
  test(`${name}: IDCODE has the device of its manual, CR and the freeze registers outlive a system reset`, () => {
    const board = emulatable(loadBoard(name));
    const vectors = Array.from({ length: board.nvic.lines }, () => '');
    for (const [vector, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = vector;
    const machine = new Machine({ vectors, priorityBits: 4 });
    const chip = plugStm32(machine, board);
    for (const region of chip.memories) machine.bus.addMemory(region);
    const { bus } = machine;
    assert.equal(bus.read(0xe0042000, 4) & 0xfff, id);
    bus.write(0xe0042000, 0, 4);
    assert.equal(bus.read(0xe0042000, 4) & 0xfff, id);
    bus.write(0xe0042004, 0xffffffff, 4);
    assert.equal(bus.read(0xe0042004, 4), 0xe7);
    bus.write(0xe0042008, 1 << 12, 4); // the independent watchdog stops with the core
    chip.reset('software');
    assert.equal(bus.read(0xe0042008, 4), 1 << 12);
    chip.reset('power-on');
    assert.deepEqual([bus.read(0xe0042004, 4), bus.read(0xe0042008, 4)], [0, 0]);
    assert.equal(bus.read(0x1fff7a22, 2), board.flash.byteCount / 1024, 'flash size');
    assert.equal(bus.read(0x1fff0000, 4), 0xffffffff, 'the boot loader is not there');
    assert.equal(bus.read(0x08000000 + board.flash.byteCount - 4, 4), 0xffffffff);
    assert.throws(() => bus.read(0x08000000 + board.flash.byteCount, 4), /nothing is mapped/);
  });
}
