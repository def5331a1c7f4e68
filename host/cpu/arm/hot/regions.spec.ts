// SPDX-License-Identifier: MIT
// Blocks and their structure, on small programs given as halfwords (encodings: ARM DDI 0403E, A5.2).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from '../isa/decode.js';
import { blocksFrom, instructionOf, structureOf, type Code } from './regions.js';

const NOP = 0xbf00, BX_LR = 0x4770, SVC = 0xdf00, IT_EQ = 0xbf08, MOVS_R0_1 = 0x2001;
/** B<c>: from the address of the branch, in bytes. */
const branchIf = (condition: number, from: number, to: number): number => 0xd000 | (condition << 8) | (((to - from - 4) >> 1) & 0xff);
const branch = (from: number, to: number): number => 0xe000 | (((to - from - 4) >> 1) & 0x7ff);

const codeOf = (halfwords: readonly number[], joins: (pc: number) => boolean = () => true): Code => ({
  instruction: (pc, it) => (pc / 2 < halfwords.length ? instructionOf(decode(halfwords[pc / 2], halfwords[pc / 2 + 1] ?? 0, pc, it !== 0), it) : undefined),
  joins, begins: () => false,
});
const shape = (code: Code, head = 0) => [...blocksFrom(code, head).values()].sort((a, b) => a.start - b.start)
  .map(({ start, instructions, next, stop }) => ({ start, count: instructions.length, next, stop }));

describe('regions', () => {
  it('cuts at branches and at their targets', () => {
    // 0: nop; 2: nop; 4: bne 2; 6: nop; 8: bx lr
    const code = codeOf([NOP, NOP, branchIf(1, 4, 2), NOP, BX_LR]);
    assert.deepEqual(shape(code), [
      { start: 0, count: 1, next: 2, stop: undefined }, { start: 2, count: 2, next: 6, stop: undefined }, { start: 6, count: 2, next: undefined, stop: undefined },
    ]);
    const structure = structureOf(blocksFrom(code, 0), 0);
    assert.ok(structure.isLoop(2) && !structure.isLoop(0) && !structure.isMerge(6));
  });

  it('ends in front of what is the interpreter\'s', () => {
    assert.deepEqual(shape(codeOf([NOP, SVC, NOP])), [{ start: 0, count: 1, next: undefined, stop: 2 }]);
    assert.deepEqual(shape(codeOf([SVC])), []);
  });

  it('does not cut an IT block, and goes on behind it', () => {
    assert.deepEqual(shape(codeOf([IT_EQ, MOVS_R0_1, BX_LR])), [{ start: 0, count: 3, next: undefined, stop: undefined }]);
    assert.deepEqual(shape(codeOf([IT_EQ, BX_LR, NOP, BX_LR])), [{ start: 0, count: 2, next: 4, stop: undefined }, { start: 4, count: 2, next: undefined, stop: undefined }]);
  });

  it('leaves out what has not been executed, or is a region already', () => {
    const code = codeOf([NOP, branchIf(0, 2, 8), NOP, BX_LR, NOP, BX_LR], (pc) => pc !== 8);
    assert.deepEqual(shape(code).map((b) => b.start), [0, 4]);
  });

  it('knows where two ways meet', () => {
    // 0: beq 6; 2: nop; 4: b 8; 6: nop; 8: bx lr
    const blocks = blocksFrom(codeOf([branchIf(0, 0, 6), NOP, branch(4, 8), NOP, BX_LR]), 0);
    const structure = structureOf(blocks, 0);
    assert.deepEqual([0, 2, 6, 8].map((start) => structure.isMerge(start)), [false, false, false, true]);
    assert.deepEqual(structure.mergesUnder.get(0), [8]);
  });

  it('does not follow a second way into a loop, which structured code has no words for', () => {
    // 0: beq 6; 2: nop; 4: nop (falls into 6); 6: nop; 8: bne 2; 10: bx lr. The loop 2..8 is entered at 2 and at 6.
    const blocks = blocksFrom(codeOf([branchIf(0, 0, 6), NOP, NOP, NOP, branchIf(1, 8, 2), BX_LR]), 0);
    const structure = structureOf(blocks, 0);
    const edges = [[0, 2], [0, 6], [2, 6], [6, 2], [6, 10]].filter(([from, to]) => structure.hasEdge(from, to));
    assert.equal(edges.length, 4, 'all but one of the two that would close the loop');
  });
});
