// SPDX-License-Identifier: MIT
// A project of somebody else's, which depends on this package by path: its firmware imports the library, its scenarios import the test API,
// and `tonewheel test` runs them with its as-pect specs.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { packageRoot } from '../../host/paths.js';
import { Workplace } from './cli.js';

const FIRMWARE = `
import { clockInit } from "tonewheel/assembly/drivers/clock";
import { gpioOutput, gpioToggle } from "tonewheel/assembly/drivers/gpio";
import { periodicInterrupt, periodicStart } from "tonewheel/assembly/drivers/timer";
import { irqEnable } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM2, LED_GREEN_PIN, LED_GREEN_PORT } from "tonewheel/assembly/shim/board";
import { TIMER } from "./timer-in-use";

@isr("TIM2", 3, { budget: "5us" })
function onTimer(): void {
  periodicInterrupt(TIMER);
  gpioToggle(LED_GREEN_PORT, LED_GREEN_PIN);
}

export function init(): void {
  clockInit();
  gpioOutput(LED_GREEN_PORT, LED_GREEN_PIN);
  periodicStart(TIMER, 500);
}

export function main(): void {
  irqEnable(IRQ_TIM2);
}
`;

const SCENARIO = `
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, until, type Scenario } from 'tonewheel';
import { LAMP } from './pads.js';

const blink: Scenario = function* (board) {
  const lit: number[] = [];
  board.pin(LAMP).onEdge((level, cycle) => { if (level === 1) lit.push(cycle); });
  yield until(() => lit.length > 0, 'the lamp');
  yield ms(4.5);
  assert.equal(lit.length, 5);
  // Twice 500 µs at 168 MHz.
  for (let i = 1; i < lit.length; i++) assert.equal(lit[i] - lit[i - 1], 168_000);
};

test('the lamp changes twice a millisecond', async () => {
  const board = await play('src/blink.ts', blink);
  assert.ok(board.recorder.isr().TIM2.maxCycles < 5 * 168);
});
`;

const AS_PECT = `
import { createParser, parseByte } from "tonewheel/assembly/midi/parser";
import { cyclesOf } from "tonewheel/assembly/testing/board";
const parser = createParser(16);
describe("the parser", () => {
  it("is quick", () => expect(cyclesOf(() => { parseByte(parser, 0xf8); })).toBeLessThan(100));
});
`;

const project = new Workplace();
for (const directory of ['src', 'tests', 'tests/as-pect', 'node_modules']) mkdirSync(project.path(directory));
symlinkSync(packageRoot, project.path('node_modules/tonewheel'));
project.write('package.json', '{ "name": "somebodys", "private": true, "type": "module", "dependencies": { "tonewheel": "*" } }');
project.write('src/blink.ts', FIRMWARE);
project.write('src/timer-in-use.ts', 'export const TIMER: u32 = 0x40000000;\n');
project.write('tests/pads.ts', "export const LAMP: string = 'PD12';\n");
project.write('tests/blink.spec.ts', SCENARIO);
project.write('tests/as-pect/parser.as.ts', AS_PECT);

/** The counts and the exit code of `tonewheel test`. */
const test = async (...paths: string[]) => {
  const outcome = await project.run('test', ...paths);
  return { ...outcome, last: outcome.stdout.trimEnd().split('\n').at(-1) };
};

describe("somebody's project", () => {
  it('runs its scenarios and its as-pect specs', async () => {
    const { code, last, stdout } = await test();
    assert.equal(last, '2 passed, 0 failed', stdout);
    assert.equal(code, 0);
    assert.match(stdout, /the lamp changes twice a millisecond/);
    assert.match(stdout, /tests\/as-pect\/parser\.as\.ts on stm32f4-discovery: 1 passed/);
  });

  it('runs those in the paths that are given', async () => {
    const { code, last } = await test('tests/as-pect');
    assert.deepEqual([code, last], [0, '1 passed, 0 failed']);
  });

  it('plays on the command line', async () => {
    const { code, stdout, stderr } = await project.run('run', 'src/blink.ts', '--board', 'stm32f4-discovery', '--seconds', '0.02', '--json');
    assert.equal(code, 0, stderr);
    assert.ok((JSON.parse(stdout) as { isr: { TIM2: { count: number } } }).isr.TIM2.count > 30);
  });
});

describe('a test that fails', () => {
  const attempt = async (file: string, text: string) => {
    writeFileSync(project.path(file), text);
    const outcome = await test(file);
    rmSync(project.path(file));
    assert.equal(outcome.code, 1);
    assert.equal(outcome.last, '0 passed, 1 failed', outcome.stdout);
    return outcome.stdout;
  };

  it('is shown with the values and the line, as-pect', async () => {
    const stdout = await attempt('tests/as-pect/wrong.as.ts', 'export let n: i32 = 2; describe("two", () => {\n  it("is odd", () => {\n    expect(n % 2).toBe(1);\n  });\n});\n');
    assert.match(stdout, /✖ two › is odd\n\s+tests\/as-pect\/wrong\.as\.ts:3:\d+: expectation failed\n\s+found {2}0\n\s+wanted 1/);
  });

  it('is shown with the line, when an as-pect spec touches what is not there', async () => {
    const stdout = await attempt('tests/as-pect/wrong.as.ts',
      'import { load32 } from "tonewheel/assembly/shim/abi";\ndescribe("nothing", () => {\n  it("is there", () => {\n    expect(load32(0x70000000)).toBe(0);\n  });\n});\n');
    assert.match(stdout, /✖ nothing › is there\n\s+The firmware stopped: .*0x70000000/);
    assert.match(stdout, /wrong\.as\.ts:4:/);
  });

  it('is one that does not compile', async () => {
    const stdout = await attempt('tests/as-pect/wrong.as.ts', 'const one: i32 = "one";\n');
    assert.match(stdout, /wrong\.as\.ts does not compile/);
    assert.match(stdout, /in tests\/as-pect\/wrong\.as\.ts\(1,18\)/);
  });

  it('is one with no test in it', async () => {
    assert.match(await attempt('tests/as-pect/wrong.as.ts', 'export const nothing: i32 = 1;\n'), /it has no test/);
  });

  it('is shown with the line of its TypeScript, scenario', async () => {
    const stdout = await attempt('tests/wrong.test.ts',
      "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\ninterface Pair { a: number }\ntest('sum', () => {\n  const pair: Pair = { a: 1 };\n  assert.equal(pair.a, 2);\n});\n");
    assert.match(stdout, /1 !== 2/);
    assert.match(stdout, /wrong\.test\.ts:6:/);
  });

  it('is a scenario that waits in vain', async () => {
    const stdout = await attempt('tests/wrong.test.ts',
      "import { test } from 'node:test';\nimport { play, until } from 'tonewheel';\ntest('vain', () => play('src/blink.ts', function* () {\n  yield until(() => false, 'the impossible', 0.01);\n}));\n");
    assert.match(stdout, /waited 0\.01 s for the impossible/);
  });
});
