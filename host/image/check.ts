// SPDX-License-Identifier: MIT
// Whether an image can be right for a board, before it is written over what is there.

import type { Board } from '../boards/index.js';
import { EM_ARM, machineName } from './elf.js';
import type { Image } from './image.js';
import { hex32 } from './segment.js';

type Memory = Pick<Board, 'flash' | 'memory'>;

/** Sections that toolchains put the vector table into. */
const VECTOR_SECTIONS = ['.isr_vector', '.vectors', '.vector_table'];

const otherMachine = (machine: number): string => `it is built for ELF machine ${machine} (${machineName(machine)}), wanted ${EM_ARM} (Arm)`;
const range = (origin: number, byteCount: number): string => `${hex32(origin)} to ${hex32(origin + byteCount - 1)}`;

/**
 * What is wrong with an image for a board, one sentence each; empty when all is well.
 * The vector table is looked for where an ELF file says, else at the beginning of flash (ARMv7-M, B1.5.3: first the initial stack pointer,
 * then the reset handler's address with the Thumb bit).
 */
export function checkImage(image: Image, board: Memory): string[] {
  const { flash, memory } = board;
  const problems: string[] = [];
  const inFlash = (address: number, byteCount = 1) => address >= flash.origin && address + byteCount <= flash.origin + flash.byteCount;
  if (image.elf !== undefined && image.elf.machine !== EM_ARM) {
    return [otherMachine(image.elf.machine)];
  }
  for (const { address, bytes } of image.segments) {
    if (inFlash(address, bytes.length)) continue;
    const what = `${bytes.length} bytes at ${range(address, bytes.length)}`;
    problems.push(address === flash.origin ? `it has ${what}, but flash has only ${flash.byteCount}: ${range(flash.origin, flash.byteCount)}`
      : `it has ${what}, which is not within flash (${range(flash.origin, flash.byteCount)})`);
  }
  if (problems.length > 0) return problems;
  for (const { address, byteCount } of image.elf?.memory ?? []) {
    const fits = byteCount === 0 || inFlash(address, byteCount) || runs(memory).some((m) => address >= m.origin && address + byteCount <= m.origin + m.byteCount);
    if (!fits) problems.push(`at run time it needs ${range(address, byteCount)}, which is within neither flash nor one RAM of the board`);
  }
  if (problems.length > 0) return problems;

  const table = image.elf?.sections.find((s) => VECTOR_SECTIONS.includes(s.name))?.address ?? flash.origin;
  const stackPointer = wordAt(image, table);
  const reset = wordAt(image, table + 4);
  if (stackPointer === undefined || reset === undefined) return [`there is no vector table at ${hex32(table)}`];
  const isStack = memory.some((m) => stackPointer > m.origin && stackPointer <= m.origin + m.byteCount);
  if (!isStack || stackPointer % 4 !== 0) {
    problems.push(`its initial stack pointer (the word at ${hex32(table)}) is ${hex32(stackPointer)}, which is not within the board's RAM`);
  }
  if (reset % 2 === 0) problems.push(`its reset vector (the word at ${hex32(table + 4)}) is ${hex32(reset)}, which lacks the Thumb bit`);
  else if (!inFlash(reset - 1)) problems.push(`its reset vector (the word at ${hex32(table + 4)}) is ${hex32(reset)}, which is not in flash`);
  return problems;
}

/** Where an emulated board's core finds its vectors when it starts. */
export interface Start {
  readonly vectorTable: number;
  readonly stackPointer: number;
  readonly reset: number;
}

/**
 * The place of an image's vector table: where an ELF file says, else at the beginning of flash, else where the image begins, which then is one for
 * RAM.
 * @param segments within the board's memories
 */
export function startOf(image: Image, board: Memory): Start | undefined {
  const { flash } = board;
  const named = image.elf?.sections.find((s) => VECTOR_SECTIONS.includes(s.name) && s.byteCount > 0);
  const places = [...(named ? [named.address] : []), flash.origin, image.segments[0].address];
  for (const vectorTable of places) {
    const [stackPointer, reset] = [wordAt(image, vectorTable), wordAt(image, vectorTable + 4)];
    if (stackPointer !== undefined && reset !== undefined) return { vectorTable, stackPointer, reset };
  }
  return undefined;
}

/**
 * What keeps an image from being started on an emulated board, one sentence each; empty when it can be. Unlike what is to be flashed, it may lie in
 * RAM, as a debugger loads it, and at the alias of flash at address 0 (RM0090, 2.4).
 */
export function checkRunnable(image: Image, board: Memory): string[] {
  const { flash, memory } = board;
  if (image.elf !== undefined && image.elf.machine !== EM_ARM) return [otherMachine(image.elf.machine)];
  const rams = runs(memory);
  const within = (address: number, byteCount: number, m: { origin: number; byteCount: number }) => address >= m.origin && address + byteCount <= m.origin + m.byteCount;
  const fits = (address: number, byteCount: number) => [flash, ...rams].some((m) => within(address, byteCount, m));
  const has = [`flash at ${range(flash.origin, flash.byteCount)}`, ...memory.map((m) => `${m.name} at ${range(m.origin, m.byteCount)}`)].join(', ');
  const problems = image.segments.filter((s) => !fits(s.address, s.bytes.length))
    .map(({ address, bytes }) => `it has ${bytes.length} bytes at ${range(address, bytes.length)}, where the board has no memory; it has ${has}`);
  for (const { address, byteCount } of image.elf?.memory ?? []) {
    if (byteCount > 0 && !fits(address, byteCount) && !within(address, byteCount, { origin: 0, byteCount: flash.byteCount })) {
      problems.push(`at run time it needs ${range(address, byteCount)}, where the board has no memory; it has ${has}`);
    }
  }
  if (problems.length > 0) return [...new Set(problems)];
  const start = startOf(image, board);
  if (start === undefined) return [`there is no vector table at ${hex32(flash.origin)}, and no section of the name ${VECTOR_SECTIONS.join(' or ')}`];
  const { vectorTable, stackPointer, reset } = start;
  if (stackPointer % 4 !== 0 || !rams.some((m) => stackPointer > m.origin && stackPointer <= m.origin + m.byteCount)) {
    problems.push(`its initial stack pointer (the word at ${hex32(vectorTable)}) is ${hex32(stackPointer)}, which is not within the board's RAM`);
  }
  const code = reset - 1;
  const isCode = fits(code, 2) || within(code, 2, { origin: 0, byteCount: flash.byteCount });
  if (reset % 2 === 0) problems.push(`its reset vector (the word at ${hex32(vectorTable + 4)}) is ${hex32(reset)}, which lacks the Thumb bit`);
  else if (!isCode) problems.push(`its reset vector (the word at ${hex32(vectorTable + 4)}) is ${hex32(reset)}, where the board has no memory`);
  return problems;
}

/** RAMs that touch count as one, as a linker script may well use them. */
function runs(memory: Memory['memory']): { origin: number; byteCount: number }[] {
  const joined: { origin: number; byteCount: number }[] = [];
  for (const { origin, byteCount } of [...memory].sort((a, b) => a.origin - b.origin)) {
    const last = joined[joined.length - 1];
    if (last !== undefined && last.origin + last.byteCount === origin) last.byteCount += byteCount;
    else joined.push({ origin, byteCount });
  }
  return joined;
}

function wordAt(image: Image, address: number): number | undefined {
  const segment = image.segments.find((s) => address >= s.address && address + 4 <= s.address + s.bytes.length);
  return segment && new DataView(segment.bytes.buffer, segment.bytes.byteOffset).getUint32(address - segment.address, true);
}
