// SPDX-License-Identifier: MIT
// Cycles of each voice where the compiler has put the voices' methods into a handler: by a firmware whose voices do a known number of turns.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { packageRoot } from '../../host/paths.js';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { profile } from '../../host/profile/profile.js';

const directory = mkdtempSync(join(tmpdir(), 'tonewheel-voices-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const library = (module: string): string => JSON.stringify(relative(directory, join(packageRoot, 'assembly', module)));
const firmware = join(directory, 'voices.ts');
writeFileSync(firmware, `
import { irqPend, waitForInterrupt } from ${library('shim/abi')};

const sum = memory.data(4, 4);

/** Called, not put into the callers. */
// @ts-ignore: decorator
@noinline
function stir(seed: u32, turns: u32): u32 {
  for (let i: u32 = 0; i < turns; i++) seed = seed * 1664525 + 1013904223;
  return seed;
}

class PluckVoice {
  seed: u32 = 1;
  constructor(public turns: u32, public calls: u32) {}
  // @ts-ignore: decorator
  @inline
  render(): u32 {
    let seed = this.seed;
    for (let i: u32 = 0; i < this.turns; i++) seed = (seed ^ (seed << 13)) + (seed >> 7);
    for (let i: u32 = 0; i < this.calls; i++) seed = stir(seed, 100);
    this.seed = seed;
    return seed;
  }
}

class Filter {
  seed: u32 = 9;
}
/** Reads itself once, and what belongs to it often. */
class BowVoice {
  filter: Filter = new Filter();
  // @ts-ignore: decorator
  @inline
  render(): u32 {
    const filter = this.filter;
    for (let i = 0; i < 50; i++) filter.seed = filter.seed * 5 + 1;
    return filter.seed;
  }
}

const voices: StaticArray<PluckVoice> = [new PluckVoice(100, 0), new PluckVoice(300, 0), new PluckVoice(500, 0), new PluckVoice(100, 1)];
const bowed = new BowVoice();

export function init(): void {}
export function main(): void {
  for (let i = 0; i < 3; i++) irqPend(PENDED);
  while (true) waitForInterrupt();
}
const PENDED: i32 = -2;

@isr("PendSV", 15)
function rendered(): void {
  // What is between them is no voice's.
  let all: u32 = 0;
  for (let i = 0; i < 4; i++) {
    all += unchecked(voices[i]).render();
    for (let j = 0; j < 20; j++) all = rotl(all * 3, 1);
  }
  all += bowed.render();
  all = stir(all, 1000);
  store<u32>(sum, all);
}
`);

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

describe('cycles of voices that the compiler has put into a handler', () => {
  const RUNS = 3;
  let result: ProfileResult;
  let voices: NonNullable<ProfileResult['voiceCycles']>;
  before(async () => {
    ({ result } = await profile({ firmware, board: loadBoard('stm32f4-discovery'), seconds: 0.005, command: 'a test' }));
    voices = result.voiceCycles!;
  });

  it('are of each object by itself, with what it does and what it calls', () => {
    assert.deepEqual(voices.each.map(({ name, calls }) => [name, calls]), [1, 2, 3, 4].map((i) => [`PluckVoice ${i}`, RUNS]));
    const [short, middle, long, calling] = voices.each.map(({ cycles }) => cycles);
    assert.ok(middle - short > RUNS * 200 && Math.abs((long - middle) - (middle - short)) < 1e-6, `${short}, ${middle}, ${long}`);
    assert.ok(calling > short + RUNS * 100, `${calling} instead of ${short}`);
  });

  it('are all cycles of the lines of their methods, and of no others', () => {
    // stir takes 100 turns for a voice, 1000 for none, and as much for each.
    const of = (name: string): number => result.functions.find((f) => f.name === name)!.selfCycles;
    const told = sum(voices.each.map(({ cycles }) => cycles));
    const called = told - of('PluckVoice#render');
    const turn = (of('stir') - called) / (1000 * RUNS);
    assert.ok(Math.abs(called - 100 * RUNS * turn) < 0.01 * called && called > 0, `${called} cycles called, ${turn} a turn`);
    // What is read but once is no sign of who reads it.
    assert.ok(Math.abs(voices.untold - of('BowVoice#render')) < RUNS, `${voices.untold} cycles`);
    assert.ok(Math.abs(voices.share * result.codeCycles - told - voices.untold) < 1e-3);
    assert.deepEqual([voices.functions, voices.inlined], [[], ['BowVoice#render', 'PluckVoice#render']]);
  });
});
