// SPDX-License-Identifier: MIT
// Loops that ask a function whether to go on have the turns that are said of the function, `@turns`; and what the drivers say of received characters is held against how often
// a handler looks for them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompileError, compileFirmware } from '../../host/build/compile.js';
import type { CheckResult } from '../../host/check/check-result.js';
import { Unbounded, WorstCaseAnalysis, type WorstCase } from '../../host/check/worst-case/worst-case.js';
import { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { FirmwareTrap } from '../../host/cpu/wasm/trap.js';
import { loadBoard, ms, play } from '../../host/index.js';
import { BOARD, Workplace } from '../cli/cli.js';
import { strap } from '../scenarios/rig.js';

const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const place = new Workplace({ PATH: '' });
const board = loadBoard('stm32f4-discovery');
const ASKING = 'tests/check/asking.as.ts';

/** A loop over a function of which a library says that it answers yes so often. */
async function worstCase(name: string, parts: { head?: string; loop: string; body?: string; library?: string }): Promise<WorstCase | undefined> {
  const { head = 'import { more } from "./library";', loop, body = 'sum = sum * 5 + 1;', library = '' } = parts;
  place.write('library.ts', `// @turns(answers: 7)\nexport function more(): bool { return load<u32>(64) != 0; }\n${library}`);
  place.write(`${name}.ts`, `${head}
export let sum: u32 = 0;
export function init(): void {}
export function main(): void {}
@isr("TIM2", 2)
function onTimer(): void { ${loop} { ${body} } }
`);
  try {
    const firmware = await compileFirmware(place.path(`${name}.ts`), board);
    return new WorstCaseAnalysis(firmware).of('TIM2_IRQHandler', unit);
  } catch (error) {
    if (error instanceof Unbounded || (error instanceof CompileError && /indirect call/.test(error.message))) return undefined;
    throw error;
  }
}

describe('what is said of a function that a loop asks', () => {
  const bounded: Readonly<Record<string, readonly [turns: number, parts: Parameters<typeof worstCase>[1]]>> = {
    alone: [7, { loop: 'while (more())' }],
    inFor: [7, { loop: 'for (; more(); )' }],
    inBrackets: [7, { loop: 'while ((more()))' }],
    besidesOther: [7, { loop: 'while (load<u32>(68) == 0 && more())' }],
    limited: [3, { head: 'import { more } from "./library"; // @limit(answers: 3)', loop: 'while (more())' }],
    lessByItself: [2, { loop: 'for (let n = 0; n < 2 && more(); n++)' }],
    ownBound: [5, { loop: '\n// @bound(5)\nwhile (more())' }],
    byPassed: [12, { loop: 'while (some())', head: 'import { some, beginWith } from "./library"; beginWith(4); beginWith(6);', library: `
      let size: u32 = 0;
      export function beginWith(count: i32): void { size += count; }
      // @turns(some: 2 * beginWith.count)
      export function some(): bool { return load<u32>(64) != size; }` }],
  };
  for (const [name, [turns, parts]] of Object.entries(bounded)) {
    it(`${name}: ${turns} turns`, async () => {
      // How much a turn takes, from a body that has 20 divisions more.
      const [less, more] = [await worstCase(name, parts), await worstCase(`${name}Longer`, { ...parts, body: `${'sum = sum / (sum | 3);'.repeat(20)} sum = sum * 5 + 1;` })];
      assert.ok(less && more, 'refused');
      const perTurn = (more.cycles - less.cycles) / turns;
      assert.ok(Number.isInteger(perTurn) && perTurn >= 20 * 2 && perTurn <= 20 * 8, `${less.cycles}, ${more.cycles}`);
    });
  }

  const refused: Readonly<Record<string, Parameters<typeof worstCase>[1]>> = {
    contrary: { loop: 'while (!more())' },
    eitherOfTwo: { loop: 'while (more() || load<u32>(68) == 0)' },
    lost: { loop: 'while (more() == false)' },
    asksAfterwards: { loop: 'do', body: 'sum = sum * 5 + 1; } while (more()); {' },
    ofThatName: { loop: 'while (more())', head: 'function more(): bool { return load<u32>(64) != 1; } import { other } from "./library"; other();', library: 'export function other(): void { while (more()) store<u32>(72, 1); }' },
    underThatName: { loop: 'while (more())', head: 'import { other as more } from "./library";', library: 'export function other(): bool { return load<u32>(64) != 1; } export function third(): bool { return more(); }' },
    hidden: { loop: 'const more = second; while (more())', head: 'import { more as first } from "./library"; function second(): bool { return load<u32>(64) != 1 || first(); }' },
    ofObject: { loop: 'while (object.more())', head: 'import { more } from "./library"; class Source { more(): bool { return load<u32>(64) != 1 || more(); } } const object = new Source();' },
    byUnknown: { loop: 'while (some())', head: 'import { some, beginWith } from "./library"; beginWith(load<i32>(80));', library: `
      let size: u32 = 0;
      export function beginWith(count: i32): void { size += count; }
      // @turns(some: beginWith.count)
      export function some(): bool { return load<u32>(64) != size; }` },
  };
  for (const [name, parts] of Object.entries(refused)) {
    it(`counts for no other loop: ${name}`, async () => {
      assert.equal(await worstCase(name, parts), undefined);
    });
  }

  it('counts for its own loop where another one is the same but for that', async () => {
    const worst = await worstCase('equal', { head: 'import { more, others } from "./library";', loop: 'if (load<u32>(84) == 3) { while (more()) sum = sum * 5 + 1; } else { while (others()) sum = sum * 5 + 1; }', body: '',
      library: '// @turns(others: 700)\nexport function others(): bool { return load<u32>(64) != 0; }' });
    // Four instructions a turn at the very least.
    assert.ok(worst && worst.cycles > 700 * 4, `${worst?.cycles}`);
  });

  it('goes above a function, with a name and a number', async () => {
    for (const [i, library] of ['// @turns(7)\nexport function f(): void {}', '// @turns(some: 7)\nexport let n = 3;', '// @turns(some: )\nexport function f(): void {}', '// @turns(some: 7, many at most)\nexport function f(): void {}'].entries()) {
      await assert.rejects(worstCase(`misplaced${i}`, { loop: 'while (more())', library }), (error) => error instanceof CompileError && /@turns goes above a function/.test(error.message));
    }
  });
});

describe('received characters', () => {
  /** A handler that takes all that have come, each so many microseconds. */
  async function checked(name: string, microseconds: number, extra = ''): Promise<CheckResult> {
    place.write(`${name}.ts`, `
import { clockInit } from "tonewheel/assembly/drivers/clock";
import { periodicInterrupt, periodicStart, timestampInit } from "tonewheel/assembly/drivers/timer";
import { uartByte, uartInit, uartInterrupt, uartReceive, uartStart } from "tonewheel/assembly/drivers/uart";
import { irqEnable, waitForInterrupt } from "tonewheel/assembly/shim/abi";
import { TICK_TIMER, TICK_TIMER_IRQ } from "tonewheel/assembly/shim/board";
export let sum: u32 = 0;
export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
  periodicStart(TICK_TIMER, ${microseconds});
  irqEnable(TICK_TIMER_IRQ);
}
export function main(): void { while (true) waitForInterrupt(); }
@isr("MIDI_UART", 2)
function characterMoved(): void { uartInterrupt(); }
@isr("TICK_TIMER", 3)
function tick(): void {
  periodicInterrupt(TICK_TIMER);
  while (uartReceive()) sum = sum * 5 + uartByte(); ${extra}
}
`);
    const { stdout } = await place.run('check', `${name}.ts`, ...BOARD, '--engine', 'aot', '--json');
    return JSON.parse(stdout) as CheckResult;
  }

  /** 10 bits at 31250 baud, of a sender that is 1 % faster, at 168 MHz; they have come since the last run began, at the earliest, until this one ends. */
  const mayCome = (microseconds: number, { responseCycles }: { responseCycles: number | null }): number => Math.floor((microseconds * 168 + responseCycles!) / (53_760 / 1.01)) + 1;

  it('are as many as come in the time between two looks', async () => {
    const { handlers, passed, findings } = await checked('often', 200);
    const [timer, ...others] = handlers.filter(({ characters }) => characters);
    // Without audio the drivers say two.
    assert.deepEqual([timer.characters!.taken, timer.characters!.mayCome, others], [2, 1, []], JSON.stringify(findings));
    assert.equal(mayCome(200, timer), 1);
    assert.equal(passed, true);
  });

  it('that may be more than a bound has refuse the firmware, with what to write', async () => {
    const { passed, findings, handlers } = await checked('seldom', 10_000);
    assert.equal(passed, false);
    const timer = handlers.find(({ characters }) => characters)!;
    assert.deepEqual([timer.characters!.taken, timer.characters!.mayCome], [2, 32]);
    assert.equal(mayCome(10_000, timer), 32);
    const [finding] = findings.filter(({ severity }) => severity === 'error');
    assert.match(finding.text, /may find 32 received characters in one run; its worst case has 2/);
    assert.match(finding.advice, /@limit\(received: 33\)/);
    assert.match(finding.file!, /seldom\.ts$/);
  });

  it('are let through with as many as there may be', async () => {
    const { passed, handlers } = await checked('seldomButSaid', 10_000, '// @limit(received: 33)');
    const timer = handlers.find(({ characters }) => characters)!;
    assert.deepEqual([timer.characters!.taken, timer.characters!.mayCome], [33, mayCome(10_000, timer)]);
    assert.equal(passed, true);
  });
});

describe('when it runs', () => {
  /** Characters back to back for 20 ms. */
  const flood = (choice: number) => play(ASKING, function* (b) {
    strap(b, choice);
    yield ms(2);
    b.midi.send(Array.from({ length: 60 }, () => 0xf8));
    yield ms(25);
  });

  it('what is said of the drivers and of its own function holds', async () => {
    const played = await flood(0);
    assert.ok(Object.values(played.recorder.isr()).some(({ count }) => count > 40));
  });

  it('more characters than the drivers say stop the firmware, at the loop', async () => {
    await assert.rejects(flood(1), (error) => error instanceof FirmwareTrap && /@turns\(received: .*\) does not hold/.test(error.message) && /asking\.as\.ts:49/.test(error.message));
  });

  it('more answers than its own function gives stop it too', async () => {
    await assert.rejects(flood(2), (error) => error instanceof FirmwareTrap && /@turns\(jobs: 3\) does not hold/.test(error.message) && /asking\.as\.ts:47/.test(error.message));
  });
});
