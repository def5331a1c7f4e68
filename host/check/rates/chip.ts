// SPDX-License-Identifier: MIT
// An emulated chip, as far as it is asked what can interrupt.

import type { BoardPeripheral, Stm32Board } from '../../boards/index.js';
import type { EmulatedBoard } from '../../emulator/emulated-board.js';
import { FIRST_IRQ } from '../../machine/exceptions.js';
import { toNumber } from '../../machine/fraction.js';
import type { RegisterBlock } from '../../machine/peripheral.js';
import type { Source } from '../check-result.js';

export interface Chip {
  readonly board: Stm32Board;
  /** A register with no side effect. */
  read(peripheral: BoardPeripheral, offset: number): number;
  /** Core cycles in a tick. */
  ticks(clock: string): number;
  /** Whether the core takes an interrupt when it falls; its own exceptions it always does. */
  isEnabled(vector: string): boolean;
}

export function chipOf({ machine }: EmulatedBoard, board: Stm32Board): Chip {
  return {
    board,
    read: ({ base }, offset) => (machine.bus.peripheralAt(base)!.peripheral as RegisterBlock).inspect(offset),
    ticks: (clock) => toNumber(machine.clocks.cyclesPerTick(clock)),
    isEnabled: (vector) => !(board.vectors[vector] >= 0) || machine.exceptions.isEnabled(FIRST_IRQ + board.vectors[vector]),
  };
}

/** What can interrupt, by vector. */
export type Found = Map<string, Source[]>;

/** Adds what a vector's own interrupt is for. */
export function add(found: Found, vector: string, source: Pick<Source, 'what' | 'kind' | 'peripheral' | 'always'> & { readonly periodCycles: number; readonly jitterCycles?: number }): void {
  found.set(vector, [...found.get(vector) ?? [], { jitterCycles: 0, ...source, pendedBy: [], from: 'set-up' }]);
}
