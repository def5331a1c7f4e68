// SPDX-License-Identifier: MIT
// Counted cycles against a core that counts nothing and is asked for the time before and behind each single instruction.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ElfSymbol } from '../../image/elf.js';
import { RunEnded } from '../../machine/machine.js';
import { bareArm } from '../../testing/bare-arm.js';
import { compileMix, ROUNDS, TICK_CYCLES } from '../../testing/mix-program.js';
import { without } from '../../testing/needs.js';
import type { CycleCounters } from './cycle-counters.js';
import { STATE } from './state.js';

const skip = without('arm-none-eabi-gcc');

/** Names of functions by address, from the symbol table alone. */
function namesOf(symbols: readonly ElfSymbol[]): (address: number) => string {
  const functions = symbols.filter((s) => s.type === 'function');
  return (address) => functions.find(({ value, byteCount }) => address >= (value & ~1) && address < (value & ~1) + byteCount)?.name ?? 'no function';
}

const add = (sums: Map<string, number>, key: string, cycles: number): void => void sums.set(key, (sums.get(key) ?? 0) + cycles);

/** By exception and function: the time that each instruction takes, without what the core takes to leave an exception. */
function stepped(file: Uint8Array, words: Readonly<Record<number, number>>): { sums: Map<string, number>; end: number } {
  const { cpu, machine, elf } = bareArm(file, { hot: false }, words);
  const nameOf = namesOf(elf.symbols);
  const sums = new Map<string, number>();
  const active = ['thread'];
  let [entered, exited] = [false, false];
  machine.observers.add({
    exceptionEnter: (vector) => { entered = true; active.push(vector); },
    exceptionExit: () => { exited = true; active.pop(); },
    sleep() {}, blockBoundary() {}, midiByte() {},
  });
  try {
    for (;;) {
      const [pc, from, context] = [cpu.state[STATE.PC] >>> 0, cpu.now, active[active.length - 1]];
      [entered, exited] = [false, false];
      cpu.step();
      // Ten cycles to leave an exception, six to go on to the next one (ARM DDI 0439, 3.9). Frames with floating-point state: 17 more, unless lazily never saved.
      if (exited) add(sums, `${context} ${nameOf(pc)}`, cpu.now - from - (entered ? 6 : 10));
      else if (!entered) add(sums, `${context} ${nameOf(pc)}`, cpu.now - from);
    }
  } catch (error) {
    if (!(error instanceof RunEnded)) throw error;
  }
  return { sums, end: cpu.now };
}

function rootOf(counters: CycleCounters, context: number): string {
  const { parent, root } = counters.contexts[context];
  return root ?? rootOf(counters, parent);
}

function counted(file: Uint8Array, words: Readonly<Record<number, number>>, hot: 0 | false) {
  const bench = bareArm(file, { hot, counting: true }, words);
  const nameOf = namesOf(bench.elf.symbols);
  bench.run();
  const counters = bench.counters!;
  const path = (context: number): string => {
    const { parent, site, root } = counters.contexts[context];
    return root ?? `${path(parent)}/${nameOf(site)}+${site.toString(16)}`;
  };
  const [sums, paths, calls] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  for (const { context, piece, cycles } of counters.cycles()) {
    const name = nameOf(counters.pieces[piece].start);
    add(sums, `${rootOf(counters, context)} ${name}`, cycles);
    add(paths, `${path(context)}/${name}`, cycles);
  }
  for (let i = 0; i < counters.contexts.length; i++) calls.set(path(i), counters.callsOf(i));
  return { ...bench, counters, sums, paths, calls };
}

const sorted = (map: ReadonlyMap<string, number>): [string, number][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
const total = (map: ReadonlyMap<string, number>): number => [...map.values()].reduce((a, b) => a + b, 0);

describe('cycles that are counted', { skip }, () => {
  for (const level of ['-O0', '-O2', '-Os']) for (const ticks of [0, 977]) {
    test(`are those of each function, to the cycle: ${level}${ticks ? `, an interrupt every ${ticks} cycles` : ''}`, () => {
      const file = compileMix(level);
      const words = { [ROUNDS]: 4, [TICK_CYCLES]: ticks };
      const [translated, interpreted, witness, plain] = [counted(file, words, 0), counted(file, words, false), stepped(file, words), bareArm(file, { hot: 0 }, words)];
      plain.run();
      assert.equal(translated.cpu.now, plain.cpu.now, 'counting costs no cycle');
      assert.equal(translated.cpu.now, witness.end);
      assert.deepEqual(sorted(translated.sums), sorted(witness.sums));
      assert.ok(witness.sums.size >= (level === '-O0' ? 9 : 3), `${witness.sums.size} functions`);
      assert.ok(translated.engine!.translated.regions > 10);
      assert.equal(total(translated.sums) + translated.counters.ownCycles, translated.cpu.now);
      // Who called whom does not depend on the engine either.
      assert.deepEqual(sorted(translated.paths), sorted(interpreted.paths));
      assert.deepEqual(sorted(translated.calls), sorted(interpreted.calls));
      assert.deepEqual([...translated.counters.sums].reduce((a, b) => a + b, 0), total(translated.sums));
    });
  }
});
