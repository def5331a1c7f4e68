// SPDX-License-Identifier: MIT
// What a firmware has in which memory of its board, and how much of the stack was ever used.

import { EmulatedBoard } from '../emulator/emulated-board.js';
import type { FirmwareBoard } from '../emulator/firmware-board.js';
import { ImageBoard } from '../emulator/image-board.js';
import type { MemoryUse, ProfileResult, StackUse } from './profile-result.js';

/** The stack is filled with it before the run: whatever differs afterwards was written. */
const PAINT = 0xa5;
const PAINT_WORD = 0xa5a5a5a5;
/** Below the stack: linker/cortex-m.ld. */
const GUARD_BYTES = 32;

/** The C stack of an image, as linker/cortex-m.ld reserves it. */
function stackOf({ symbols }: ImageBoard): { start: number; byteCount: number } | undefined {
  const [guard, top] = [symbols.addressOf('tw_stack_guard'), symbols.addressOf('tw_stack_top')];
  return guard === undefined || top === undefined ? undefined : { start: guard + GUARD_BYTES, byteCount: top - guard - GUARD_BYTES };
}

/** Before the run: fills the stack, of which no start-up code clears anything. */
export function paintStack(board: ImageBoard): void {
  const stack = stackOf(board);
  if (stack) board.load(stack.start, new Uint8Array(stack.byteCount).fill(PAINT));
}

/** After the run, with a stack that was painted. */
export function stacksOf(board: FirmwareBoard, missing: ProfileResult['missing']): StackUse[] {
  const stack = board instanceof ImageBoard ? stackOf(board) : undefined;
  if (!stack) {
    missing.push({ what: 'stack high-water', why: `CPU ${board.cpuName} does not run on the board's stack; use --cpu arm` });
    return [];
  }
  let untouched = 0;
  while (untouched < stack.byteCount && (board as ImageBoard).wordAt(stack.start + untouched)! >>> 0 === PAINT_WORD) untouched += 4;
  return [{ name: 'C stack, of main and all handlers', byteCount: stack.byteCount, highWater: stack.byteCount - untouched }];
}

/** Of an image, what the linker put where; of a module, linear memory and how far it is in use. */
export function memoryOf(emulated: FirmwareBoard): MemoryUse[] {
  const { board } = emulated;
  if (emulated instanceof ImageBoard) {
    const { sizes } = emulated.built;
    const parts = (of: Readonly<Record<string, number>>): MemoryUse['parts'] => Object.entries(of).map(([name, byteCount]) => ({ name, address: null, byteCount }));
    return [
      { region: 'flash', origin: board.flash.origin, byteCount: sizes.flashTotal, parts: parts(sizes.flash) },
      { region: 'RAM', origin: Math.min(...board.memory.map(({ origin }) => origin)), byteCount: sizes.ramTotal, parts: parts(sizes.ram) },
    ];
  }
  const { memoryAddress, module, linearMemory } = emulated as EmulatedBoard;
  const byteCount = (module.memory?.initial ?? 0) * 65536;
  let used = linearMemory.length;
  while (used > 0 && linearMemory[used - 1] === 0) used--;
  return board.memory.map(({ name, origin, byteCount: size }): MemoryUse => {
    const [from, to] = [Math.max(origin, memoryAddress), Math.min(origin + size, memoryAddress + byteCount)];
    const split = Math.max(from, Math.min(to, memoryAddress + used));
    const parts = from >= to ? [] : [
      { name: 'linear memory, up to its last byte that is not 0', address: from, byteCount: split - from },
      { name: 'linear memory, the rest', address: split, byteCount: to - split },
    ];
    return { region: name, origin, byteCount: size, parts: parts.filter((p) => p.byteCount > 0) };
  });
}
