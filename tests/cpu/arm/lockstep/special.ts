// SPDX-License-Identifier: MIT
// Units for instructions that need a scene of their own: table branches, exclusives, special registers, IT, hints and barriers.

import type { Row } from '../../../../host/cpu/arm/isa/row.js';
import { SP, SYSM } from './assembler.js';
import type { Generator } from './generate.js';
import { probe } from './probe.js';
import { SCRATCH } from './scene.js';

export function isSpecial(row: Row): boolean {
  return ['tableBranch', 'exclusive', 'system', 'barrier'].includes(row.timing) || /^(MSR|MRS|CPS|IT|SVC|VMSR)\b/.test(row.name);
}

/** TBB and TBH: the table is in the pool, or behind the instruction when the PC is its base. */
function tableBranch(g: Generator, row: Row): void {
  const { asm, random } = g;
  const halfwords = /^TBH/.test(row.name);
  const draft = g.choose(row, asm.here, false, random.chance(0.5) ? { Rn: 15 } : {});
  const { Rn, Rm } = draft.fields;
  if (Rn === Rm) return g.unsuitable(row);
  const index = random.below(8);
  const width = halfwords ? 2 : 1;
  const entries = 8;
  asm.set(Rm, index);
  let table = 0;
  if (Rn !== 15) {
    table = g.constants(Array.from({ length: (entries * width) / 4 }, () => random.word()));
    asm.set(Rn, table);
  }
  // Behind a table branch that is not taken there must be code.
  if (Rn === 15) asm.instruction(draft.bits, 4);
  else g.place(draft, new Set([Rn, Rm]));
  const pc = asm.here - 4;
  if (Rn === 15) {
    table = asm.here;
    for (let i = 0; i < (entries * width) / 2; i++) asm.half(random.word() & 0xffff);
  }
  for (let i = random.below(8); i > 0; i--) g.filler(new Set(), false);
  const entry = (asm.here - (pc + 4)) / 2;
  if (halfwords) asm.bytes.set([entry & 255, entry >> 8], table + 2 * index);
  else asm.bytes[table + index] = entry;
}

/** Fills the block that IT opens. */
function itBlock(g: Generator, row: Row): void {
  const { asm, random } = g;
  if (random.chance(0.5)) g.setFlags();
  const { bits, fields } = g.choose(row, asm.here, false);
  asm.half(bits);
  const length = 4 - Math.log2(fields.mask & -fields.mask);
  for (let i = 0; i < length; i++) g.filler(new Set(), true);
}

/** Loads and stores that are exclusive, in pairs and alone. No store between: what it does to the monitor is the implementation's choice. */
function exclusive(g: Generator, row: Row): void {
  const { asm, random } = g;
  const draft = g.choose(row, asm.here, false);
  const zeros = Array<number>(15).fill(0);
  const { accesses, reads } = probe(draft, zeros);
  const clear = () => asm.half(0xf3bf, 0x8f2f);
  if (accesses.length === 0) return g.place(draft);
  const [{ store, byteCount, address }] = accesses;
  const place = SCRATCH + 0x100 + 4 * random.below(0x100) + (byteCount === 4 ? 0 : byteCount * random.below(4 / byteCount));
  const { Rn } = draft.fields;
  for (const r of reads) if (r !== Rn && r !== SP) asm.set(r, random.operand());
  asm.set(Rn, place - address);
  if (store) {
    if (random.chance(0.7)) {
      // LDREX, LDREXB or LDREXH of the same place, to a register that the store does not use.
      const free = [0, 1, 2, 3].find((r) => !reads.has(r))!;
      if (byteCount === 4) asm.half(0xe850 | Rn, free << 12 | 0xf00 | address >> 2);
      else asm.half(0xe8d0 | Rn, free << 12 | (byteCount === 1 ? 0xf4f : 0xf5f));
      if (random.chance(0.2)) clear();
    } else clear();
  }
  g.place(draft, reads);
}

/** What MSR may write without losing the program: the register's number and values. */
const WRITABLE: readonly (readonly [sysm: number, values: readonly number[]])[] = [
  ...[0, 1, 2, 3].map((sysm) => [sysm, []] as const),
  ...[5, 6, 7].map((sysm) => [sysm, []] as const),
  [SYSM.MSP, []], [SYSM.PSP, []],
  [SYSM.PRIMASK, [0, 1, 0xffffffff]], [SYSM.FAULTMASK, [0, 1]],
  [SYSM.BASEPRI, [0, 0x20, 0x80, 0xff]], [SYSM.BASEPRI_MAX, [0, 0x20, 0x40, 0xe0]],
  [SYSM.CONTROL, [0, 2, 4, 6]],
];

function writeSpecial(g: Generator, row: Row): void {
  const { asm, random } = g;
  const [sysm, values] = random.pick(WRITABLE);
  const draft = g.choose(row, asm.here, false, { SYSm: sysm, ...(sysm > 3 ? { mask: 2 } : {}) });
  const { Rn } = draft.fields;
  asm.set(Rn, values.length > 0 ? random.pick(values) : random.operand());
  g.place(draft, new Set([Rn]));
  asm.isb();
  // Read back as a whole, then undone.
  asm.mrs(random.below(13), sysm === SYSM.BASEPRI_MAX ? SYSM.BASEPRI : sysm);
  g.cleanUp();
}

/** MRS of the registers that there are. */
function readSpecial(g: Generator, row: Row): void {
  const { asm, random } = g;
  const draft = g.choose(row, asm.here, false, { SYSm: random.pick([0, 1, 2, 3, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20]) });
  if (random.chance(0.5)) g.setFlags();
  g.place(draft);
}

/** CPS, read back and undone. */
function changeState(g: Generator, row: Row): void {
  const { asm, random } = g;
  const { bits, length } = g.choose(row, asm.here, false);
  asm.instruction(bits, length);
  asm.mrs(random.below(13), SYSM.PRIMASK);
  asm.mrs(random.below(13), SYSM.FAULTMASK);
  g.cleanUp();
}

function supervisorCall(g: Generator, row: Row): void {
  g.setStack();
  g.place(g.choose(row, g.asm.here, false));
}

/** VMSR with a value whose reserved bits are zero. */
function writeFpscr(g: Generator, row: Row): void {
  const { asm, random } = g;
  const draft = g.choose(row, asm.here, false);
  const { Rt } = draft.fields;
  asm.set(Rt, random.word() & 0xf7c0009f);
  g.place(draft, new Set([Rt]));
}

export function specialUnit(g: Generator, row: Row): void {
  if (row.timing === 'tableBranch') return tableBranch(g, row);
  if (row.timing === 'exclusive') return exclusive(g, row);
  if (/^IT\b/.test(row.name)) return itBlock(g, row);
  if (/^MSR/.test(row.name)) return writeSpecial(g, row);
  if (/^MRS/.test(row.name)) return readSpecial(g, row);
  if (/^CPS/.test(row.name)) return changeState(g, row);
  if (/^SVC/.test(row.name)) return supervisorCall(g, row);
  if (/^VMSR/.test(row.name)) return writeFpscr(g, row);
  g.place(g.choose(row, g.asm.here, false));
}
