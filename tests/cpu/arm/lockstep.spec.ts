// SPDX-License-Identifier: MIT
// The instruction table and the core against QEMU's Cortex-M4F, instruction by instruction. LOCKSTEP_PROGRAMS=n runs n programs of all encodings
// instead of a few, LOCKSTEP_SEED=n begins with another one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TABLE } from '../../../host/cpu/arm/isa/table.js';
import { without } from '../../../host/testing/needs.js';
import { campaign } from './lockstep/campaign.js';
import { describe as describeDifference } from './lockstep/compare.js';
import { NOT_COMPARED } from './lockstep/coverage.js';

const programs = Number(process.env.LOCKSTEP_PROGRAMS ?? 3);
const seed = Number(process.env.LOCKSTEP_SEED ?? 1);
const SHOWN = 10;

describe('in lockstep with QEMU', { skip: without('qemu-system-arm') }, () => {
  test('every encoding computes what QEMU computes: registers, flags, FPSCR, memory', async (t) => {
    const { coverage, instructions, differences, lost, ...rest } = await campaign(seed, programs, 6, (text) => t.diagnostic(text));
    assert.equal(differences.length, 0, `${differences.length} differences:\n${differences.slice(0, SHOWN).map(describeDifference).join('\n')}`);
    assert.deepEqual(lost, [], 'programs that did not come to their end');
    const left = TABLE.filter(({ name }) => NOT_COMPARED.some(({ rows }) => rows.test(name))).map(({ name }) => name);
    assert.deepEqual(coverage.uncovered, left, 'encodings that were executed too seldom are those that are not compared');
    assert.deepEqual(coverage.unskipped, [], 'conditional ones that were not skipped');
    assert.deepEqual(coverage.unseen, [], 'outcomes of flags that did not come about');
    const compared = TABLE.length - left.length;
    console.log(`encodings covered: ${compared} of ${compared} in ${instructions} instructions of ${rest.programs} programs; ${left.length} are not compared`);
  });
});
