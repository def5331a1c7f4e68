// SPDX-License-Identifier: MIT
// Translated code against the interpreter, stopped at random deadlines: each time all of the core's state, and at the end RAM and the cycle count.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RunEnded } from '../../../machine/machine.js';
import { bareArm } from '../../../testing/bare-arm.js';
import { compileMix, ROUNDS, TICK_CYCLES } from '../../../testing/mix-program.js';
import { without } from '../../../testing/needs.js';
import { STATE } from '../state.js';

const skip = without('arm-none-eabi-gcc');
const STATE_WORDS = STATE.CACHES + 1;

/** A core that is run from one deadline to the next. */
function engine(file: Uint8Array, hot: 0 | false, words: Readonly<Record<number, number>>) {
  const bench = bareArm(file, { hot }, words);
  const { cpu, machine, ram } = bench;
  return {
    ...bench,
    /** @returns whether the program goes on */
    runTo(cycle: number): boolean {
      machine.timeline.at(cycle, () => {});
      cpu.attendSoon();
      try {
        while (cpu.now < cycle) cpu.slice();
        return true;
      } catch (error) {
        if (error instanceof RunEnded) return false;
        throw error;
      }
    },
    /** All words; of N and V only the sign counts, of Z whether it is zero (STATE). */
    words(): number[] {
      const { state } = cpu;
      return Array.from({ length: STATE_WORDS }, (_, i) => (i === STATE.N || i === STATE.V ? state[i] >>> 31 : i === STATE.Z ? Number(state[i] === 0) : state[i]));
    },
    ram,
  };
}

/** Numbers from 0 to 1 that are the same in each run (Park and Miller). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
}

describe('translated code stops where the interpreter stops', { skip }, () => {
  for (const level of ['-O0', '-O1', '-O2', '-Os']) for (const ticks of [undefined, 977]) {
    test(`${level}${ticks === undefined ? '' : `, an interrupt every ${ticks} cycles`}`, () => {
      const file = compileMix(level);
      const words = { [ROUNDS]: 16, [TICK_CYCLES]: ticks ?? 0 };
      const [translated, interpreted] = [engine(file, 0, words), engine(file, false, words)];
      const random = randomFrom(ticks ?? 1);
      let stops = 0;
      for (;;) {
        // Mostly a few instructions, now and then some loops.
        const cycle = translated.cpu.now + 1 + Math.floor(random() ** 8 * 2000);
        const goesOn = translated.runTo(cycle);
        assert.equal(interpreted.runTo(cycle), goesOn);
        const [ours, theirs] = [translated.words(), interpreted.words()];
        const different = ours.findIndex((word, i) => word !== theirs[i]);
        if (different >= 0) {
          assert.fail(`STATE[${different}] at cycle ${cycle}, pc ${ours[STATE.PC].toString(16)}/${theirs[STATE.PC].toString(16)}: ${ours[different]}/${theirs[different]}`);
        }
        assert.equal(translated.cpu.now, interpreted.cpu.now, 'the cycle');
        if (!goesOn) break;
        stops++;
      }
      assert.ok(stops > 1000, `${stops} deadlines`);
      assert.deepEqual(translated.ram.bytes, interpreted.ram.bytes);
      assert.notEqual(translated.word(translated.symbol('digest')), 0);
      assert.equal(translated.word(translated.symbol('ticks')) > 100, ticks !== undefined);
      assert.ok(translated.engine!.translated.regions > 10);
    });
  }
});
