// SPDX-License-Identifier: MIT
// The STM32F407 with all of its blocks and no core: registers are written as firmware writes them, and time passes when a spec says so.

import { emulatable, loadBoard } from '../boards/index.js';
import { Machine } from '../machine/machine.js';
import { plugStm32 } from '../peripherals/stm32/chip.js';

export function wholeChip() {
  const board = emulatable(loadBoard('stm32f4-discovery'));
  const vectors = Array.from({ length: board.nvic.lines }, () => '');
  for (const [name, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = name;
  const machine = new Machine({ vectors, priorityBits: 4 });
  return {
    machine,
    chip: plugStm32(machine, board),
    read: (address: number): number => machine.bus.read(address, 4),
    write: (address: number, value: number): void => machine.bus.write(address, value, 4),
    /** Lets time pass. */
    run: (cycles: number): void => machine.timeline.advanceTo(machine.timeline.now + cycles),
  };
}
