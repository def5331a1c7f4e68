// SPDX-License-Identifier: MIT
// `tonewheel check` on firmware that it has to refuse, each for its own reason with file, line and path, and on firmware that is good.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import type { CheckResult, FindingKind } from '../../host/check/check-result.js';
import { packageRoot } from '../../host/paths.js';
import { BOARD, Workplace, type Outcome } from '../cli/cli.js';

const HEAD = `import { irqEnable } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM2 } from "tonewheel/assembly/shim/board";
import { clockInit } from "tonewheel/assembly/drivers/clock";
import { periodicInterrupt, periodicStart } from "tonewheel/assembly/drivers/timer";
export let sum: u32 = 0;
export let turns: u32 = 8;
export function main(): void { turns += sum; irqEnable(IRQ_TIM2); }
export function init(): void { clockInit(); periodicStart(0x40000000, 1000); }
`;
const line = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

/** A handler that adds up, so often as the loop's head says. */
const adding = (head: string, options = ''): string => `${HEAD}
@isr("TIM2", 1${options})
function onTimer(): void {
  periodicInterrupt(0x40000000);
  ${head} sum = sum * 5 + i;
}
`;
const GOOD = adding('for (let i: u32 = 0; i < 100; i++)', ', { budget: "0.5ms" }');
const UNBOUNDED = adding('for (let i: u32 = 0; i < turns; i++)');
const WAITING = adding('for (let i: u32 = 0; load<u32>(0) != turns; i++)');
const BROKEN = adding('for (let i: u32 = 0; i < 4000; i++)', ', { budget: "10us" }');
const STATED = adding('for (let i: u32 = 0; i < 100; i++)', ', { rate: "5kHz", deadline: "0.15ms" }');
const RECURSIVE = `${HEAD}
function count(n: u32): u32 { return n < 2 ? n : count(n - 1) + count(n - 2); }
@isr("TIM2", 1)
function onTimer(): void {
  periodicInterrupt(0x40000000);
  sum = count(turns);
}
`;
const HEAP = `${HEAD}
function numbers(): StaticArray<u32> { return new StaticArray<u32>(turns); }
@isr("TIM2", 1)
function onTimer(): void {
  periodicInterrupt(0x40000000);
  sum = numbers()[2];
}
`;
/** Four of sixteen turns at most take the dear way. */
const LIMITED = `${HEAD}
@isr("TIM2", 1, { budget: "1us" })
function onTimer(): void {
  periodicInterrupt(0x40000000);
  for (let i: u32 = 0; i < 16; i++) {
    if (load<u32>(1024 + 4 * i) & 1) {
      sum = sum / turns + sum % (turns + i); // @max(4)
    }
  }
}
`;
/** Long enough for the compiler to leave it in a function of its own. */
const LONG = Array.from({ length: 12 }, (_, i) => `n = n / ${2 * i + 3} + (n ^ ${i}) % (n | ${i + 1});`).join(' ');
/** A loop whose bound is an argument of the method that it is in. */
const METHODS = `${HEAD}
class Sums {
  sum: u32 = 0;
  add(from: u32, count: u32): void {
    // @bound(count)
    for (let at = from; at != load<u32>(at & 1020); at += 4) this.sum += load<u32>(at & 1020) / (at | 1);
    ${LONG.replaceAll('n', 'this.sum')}
    this.sum ^= count;
  }
  static mix(count: i32, n: u32): u32 {
    // @bound(count + 1)
    while (load<u32>(n & 1020) != 0) n = n * 5 + 4;
    ${LONG}
    return n + count;
  }
}
const sums = new Sums();
const others = new Sums();
@isr("TIM2", 1)
function onTimer(): void {
  periodicInterrupt(0x40000000);
  sums.add(turns, 5);
  others.add(sum, 9);
  sums.add(sum + 1, 2);
  sum = Sums.mix(7, turns) ^ Sums.mix(4, sum) ^ Sums.mix(3, sum + 1);
}
`;
/** A chain of calls from main, each of which is made twice, so that the compiler keeps them. */
const LEVELS = 80;
const DEEP = `${HEAD.replace('irqEnable(IRQ_TIM2);', 'sum = f0(turns, 2, 3, 4); irqEnable(IRQ_TIM2);')}
${Array.from({ length: LEVELS }, (_, i) => `function f${i}(a: u32, b: u32, c: u32, d: u32): u32 { return f${i + 1}(a + b, c, d, a) ^ f${i + 1}(b, a ^ c, d + b, c); }`).join('\n')}
function f${LEVELS}(a: u32, b: u32, c: u32, d: u32): u32 { return a + b * c - d; }
@isr("TIM2", 1)
function onTimer(): void { periodicInterrupt(0x40000000); }
`;

// Without the cross compiler a check is fast, and says what it does not know; stack.spec.ts has it.
const place = new Workplace({ PATH: '' });
const sources = { limited: LIMITED, methods: METHODS, good: GOOD, unbounded: UNBOUNDED, waiting: WAITING, broken: BROKEN, stated: STATED, recursive: RECURSIVE, heap: HEAP, deep: DEEP };
for (const [name, text] of Object.entries(sources)) place.write(`${name}.ts`, text);

const noTrace = ({ stdout, stderr }: Outcome): void => assert.doesNotMatch(stdout + stderr, /file:\/\/|node:internal|\.js:\d|\n\s+at /);
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(join(packageRoot, 'host', 'check', 'check-result.schema.json'), 'utf8')));

async function checked(name: string, ...options: string[]): Promise<{ outcome: Outcome; result: CheckResult }> {
  const outcome = await place.run('check', `${name}.ts`, ...BOARD, '--json', ...options);
  noTrace(outcome);
  const result = JSON.parse(outcome.stdout) as CheckResult;
  assert.ok(validate(result), JSON.stringify(validate.errors));
  return { outcome, result };
}

/** The finding for which a firmware is refused. */
function refusal({ outcome, result }: { outcome: Outcome; result: CheckResult }, kind: FindingKind) {
  assert.equal(outcome.code, 1, outcome.stdout + outcome.stderr);
  assert.equal(result.passed, false);
  const finding = result.findings.find((f) => f.severity === 'error' && f.kind === kind);
  assert.ok(finding, JSON.stringify(result.findings));
  return finding;
}

describe('tonewheel check', () => {
  it('passes a firmware that is good, and says so in a table', async () => {
    const { outcome, result } = await checked('good');
    assert.equal(outcome.code, 0, outcome.stdout);
    assert.equal(result.passed, true);
    const [timer] = result.handlers;
    assert.equal(timer.vector, 'TIM2');
    // 1000 us of a core at 168 MHz, from the timer's registers as set-up leaves them.
    assert.deepEqual(timer.sources, [{ what: 'update of TIM2', kind: 'timer', peripheral: 'TIM2', periodCycles: 168_000, jitterCycles: 0, always: true, pendedBy: [], from: 'set-up' }]);
    assert.equal(timer.verdict, 'meets');
    assert.ok(timer.responseCycles! >= timer.worstCycles! && timer.slackCycles === 168_000 - timer.responseCycles!);
    assert.deepEqual(result.budgets.map(({ name, limit, holds }) => [name, limit, holds]), [['TIM2', 84_000, true]]);
    assert.equal(result.stack!.interpreter!.main.reserveBytes, 4096);
    // What needs the cross compiler is left open, and said to be.
    assert.equal(result.stack!.c.worstBytes, null);
    assert.match(result.stack!.missing[0], /arm-none-eabi-gcc/);
    const text = await place.run('check', 'good.ts', ...BOARD);
    noTrace(text);
    assert.match(text.stdout, /handler\s+C µs\s+T µs\s+R µs\s+D µs\s+slack\s+load/);
    assert.match(text.stdout, /1\s+TIM2 onTimer\s+[\d.]+\s+1,000\s.*✓ in time/);
    assert.match(text.stdout, /✓ Every deadline is met at worst/);
    assert.ok(text.stdout.split('\n').every((l) => l.length <= 120), text.stdout);
  });

  it('shows on the worst path what is limited, so often as it may happen', async () => {
    const { result } = await checked('limited');
    const { path, worstCycles, overheadCycles } = result.handlers[0];
    const { children, lines, cycles } = path!;
    const times = (part: string): number => lines.find(({ line: at }) => at === line(LIMITED, part))!.times;
    assert.deepEqual([times('if (load').toFixed(6), times('sum = sum').toFixed(6)], ['16.000000', '4.000000']);
    const all = [...lines, ...children].reduce((sum, part) => sum + part.cycles, 0);
    assert.ok(Math.abs(all - cycles) < 1e-6 * cycles && Math.abs(cycles + overheadCycles - worstCycles!) < 1, `${all} of ${cycles}, bound ${worstCycles}`);
    const { stdout } = await place.run('check', 'limited.ts', ...BOARD);
    assert.ok(stdout.includes(`×4    ·  limited.ts:${line(LIMITED, 'sum = sum')}`), stdout);
  });

  it('takes a parameter of a method for the bound of its loop', async () => {
    const { result } = await checked('methods');
    const { path } = result.handlers[0];
    assert.ok(path, JSON.stringify(result.findings));
    const times = (part: string): number => [path, ...path.children].reduce((sum, { lines }) => sum + (lines.find(({ line: at }) => at === line(METHODS, part))?.times ?? 0), 0);
    // Heads: one more than turns, in each call.
    assert.deepEqual([times('for (let at'), times('while (load')], [5 + 9 + 2 + 3, 7 + 4 + 3 + 2 * 3]);
  });

  it('refuses an unbounded loop at its line', async () => {
    // One that waits for something, and one that counts to what it is told, which may be anything.
    for (const [name, text] of [['waiting', WAITING], ['unbounded', UNBOUNDED]]) {
      const { file, line: at, path } = refusal(await checked(name), 'unbounded loop');
      assert.deepEqual([file, at], [`${name}.ts`, line(text, 'for (let i')]);
      assert.equal(path[0].functionName, 'onTimer');
    }
  });

  it('refuses recursion in a handler, with the path to it', async () => {
    const { file, line: at, path } = refusal(await checked('recursive'), 'recursion');
    assert.deepEqual([file, at], ['recursive.ts', line(RECURSIVE, 'function count')]);
    assert.deepEqual(path.map(({ functionName }) => functionName), ['onTimer', 'count', 'count']);
  });

  it('refuses heap use in a handler, with the path to it', async () => {
    const { file, line: at, path } = refusal(await checked('heap'), 'heap');
    assert.deepEqual([file, at], ['heap.ts', line(HEAP, 'function numbers')]);
    assert.deepEqual(path.slice(0, 2).map(({ functionName, line: l }) => [functionName, l]), [['onTimer', line(HEAP, 'sum = numbers')], ['numbers', line(HEAP, 'function numbers')]]);
  });

  it('refuses a broken budget, and prints the worst path line by line', async () => {
    const { file, line: at } = refusal(await checked('broken', '--engine', 'aot'), 'budget');
    assert.deepEqual([file, at], ['broken.ts', line(BROKEN, 'function onTimer')]);
    const text = await place.run('check', 'broken.ts', ...BOARD, '--engine', 'aot');
    assert.equal(text.code, 1);
    noTrace(text);
    assert.match(text.stdout, /Worst path of TIM2:\n\s+cycles.*\n.*onTimer {2}broken\.ts:\d+/);
    assert.match(text.stdout, new RegExp(`·\\s+broken\\.ts:${line(BROKEN, 'for (let i')}`));
  });

  it('refuses too deep a stack, with the chain of calls', async () => {
    const { text, file, path } = refusal(await checked('deep'), 'stack');
    assert.match(text, /interpreter's main stack may need \d+ bytes; 4096 are reserved/);
    assert.equal(file, 'deep.ts');
    assert.ok(path.some(({ functionName, line: l }) => functionName === 'f7' && l === line(DEEP, 'function f7(')), JSON.stringify(path.slice(0, 12)));
    assert.equal((await checked('deep', '--main-stack', '65536')).outcome.code, 0);
  });

  it('takes rate and deadline from the source', async () => {
    const { result } = await checked('stated', '--engine', 'aot');
    const [timer] = result.handlers;
    assert.deepEqual(timer.sources, [{ what: 'as stated', kind: 'stated', peripheral: null, periodCycles: 33_600, jitterCycles: 0, always: false, pendedBy: [], from: 'source' }]);
    assert.equal(timer.deadlineCycles, 25_200);
  });

  it('holds the firmware to the project\'s file', async () => {
    place.write('tonewheel.json', JSON.stringify({ budgets: { handlers: { TICK_TIMER: '1us' }, functions: { onTimer: '20ms' }, headroom: '10%' }, rates: { TIM2: '2kHz' } }));
    const { result, outcome } = await checked('good', '--engine', 'aot');
    assert.equal(outcome.code, 1);
    assert.deepEqual(result.budgets.map(({ kind, name, limit, holds, from }) => [kind, name, limit, holds, from]), [
      ['handler', 'TIM2', 84_000, true, '@isr'], ['handler', 'TIM2', 168, false, 'tonewheel.json'], ['function', 'onTimer', 3_360_000, true, 'tonewheel.json'],
      ['headroom', 'block', 10, false, 'tonewheel.json'],
    ]);
    assert.deepEqual(result.handlers[0].sources.map(({ periodCycles, from }) => [periodCycles, from]), [[84_000, 'project']]);
    place.write('tonewheel.json', '{ "budgets": { "stack": "much" } }');
    const broken = await place.run('check', 'good.ts', ...BOARD);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /tonewheel\.json, at budgets\.stack: must be integer/);
    place.write('tonewheel.json', '{}');
  });

  it('answers misuse with exit code 2', async () => {
    for (const args of [['check'], ['check', 'good.ts'], ['check', 'nothing.ts', ...BOARD], ['check', 'good.ts', '--board', 'toaster'], ['check', 'good.ts', ...BOARD, '--engine', 'v8']]) {
      const outcome = await place.run(...args);
      assert.equal(outcome.code, 2, args.join(' '));
      noTrace(outcome);
    }
  });
});
