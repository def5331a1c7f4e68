// SPDX-License-Identifier: MIT
// The instruction table and the core against QEMU's Cortex-M4F, instruction by instruction. LOCKSTEP_PROGRAMS=n runs n programs of all encodings
// instead of a few, LOCKSTEP_SEED=n begins with another one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TABLE } from '../../../host/cpu/arm/isa/table.js';
import { without } from '../../../host/testing/needs.js';
import { campaign, COMPARED } from './lockstep/campaign.js';
import { describe as describeDifference, lockstep } from './lockstep/compare.js';
import { NOT_COMPARED } from './lockstep/coverage.js';
import { faults, interrupts, memoryProtection } from './lockstep/exceptions.js';
import { decodeBits, isUnpredictable } from './lockstep/patterns.js';
import { Random } from './lockstep/random.js';
import { isWide, OUTCOME, tryOnCore, tryOnQemu, UNDEFINED_IN_DISPUTE } from './lockstep/undefined.js';

const programs = Number(process.env.LOCKSTEP_PROGRAMS ?? 3);
const seed = Number(process.env.LOCKSTEP_SEED ?? 1);
const SHOWN = 10;
/** Programs of exceptions take some thousands. */
const MOST_INSTRUCTIONS = 100_000;
/** 32-bit encodings of which it is tried whether they are undefined; there are 2^28 or so. */
const wideTrials = 10_000 * programs;

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

  describe('exceptions', { skip: without('arm-none-eabi-gcc') }, () => {
    const cases = { faults, interrupts, memoryProtection };
    for (const [name, make] of Object.entries(cases)) {
      test(`${name}: order, frames, EXC_RETURN, status registers`, async () => {
        for (let n = 0; n < Math.ceil(programs / 2); n++) {
          const { image, end } = make(seed + n);
          const { differences, ended } = await lockstep(image, end, MOST_INSTRUCTIONS);
          assert.deepEqual(differences.map(describeDifference), [], `seed ${seed + n}`);
          assert.ok(ended, `seed ${seed + n}: the program did not come to its end`);
        }
      });
    }
  });

  describe('undefined encodings', { skip: without('arm-none-eabi-gcc') }, () => {
    const byName = new Map(COMPARED.map((row) => [row.name, row]));
    // UNPREDICTABLE ones may be anything. Long branches are always defined, and go to where nothing is, which QEMU takes a second each for.
    const isOpen = (bits: number): boolean => {
      const decoded = decodeBits(bits, bits < 0x10000 ? 2 : 4, 0, false);
      return isUnpredictable(decoded) || decoded.row === byName.get('B T4') || decoded.row === byName.get('BL T1');
    };
    const trial = async (encodings: readonly number[]) => {
      const theirs = await tryOnQemu(encodings);
      const ours = tryOnCore(encodings);
      const differing = encodings.filter((_, i) => ours[i] !== theirs[i]);
      const unexplained = differing.filter((bits) => !UNDEFINED_IN_DISPUTE.some(({ mask, value }) => ((bits & mask) >>> 0) === value));
      assert.deepEqual(unexplained.map((bits) => bits.toString(16)), []);
      return encodings.filter((_, i) => ours[i] !== OUTCOME.executed).length;
    };

    test('all of 16 bits', async () => {
      const encodings = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => !isWide(bits) && !isOpen(bits));
      // BX and BLX with bits that should be zero are not among them: what is left is UDF, 0xb6xx and 0xb8xx but CPS, hints of 0xbaxx.
      assert.ok((await trial(encodings)) > 1000);
    });

    test('32 bits by chance', async () => {
      const random = new Random(seed);
      const encodings: number[] = [];
      while (encodings.length < wideTrials) {
        const bits = (random.word() | 0xe0000000) >>> 0;
        if (isWide(bits >>> 16) && !isOpen(bits)) encodings.push(bits);
      }
      assert.ok((await trial(encodings)) > wideTrials / 10);
    });
  });
});
