// SPDX-License-Identifier: MIT
// Loops over whole arrays and strings: bounded where what is iterated is the same for ever, and not by what was there first where something may take its place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFirmware } from '../../host/build/compile.js';
import { Unbounded, WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { loadBoard } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';

const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const place = new Workplace();
const board = loadBoard('stm32f4-discovery');

/** Elements of what is there at start, and of what takes its place. */
const SHORT = 8;
const LONG = 5000;
/** Instructions of one turn of a loop that adds up, at least and at most. */
const [LEAST, MOST] = [5, 40];

/** Bound of a handler that runs a loop; `main` and a second handler may do what they like. */
async function boundOf(name: string, parts: { head?: string; main?: string; other?: string; list?: string; loop?: string; files?: Record<string, string> }): Promise<number | undefined> {
  const { head = '', main = '', other = '', list = 'steps', loop, files = {} } = parts;
  for (const [file, text] of Object.entries(files)) place.write(file, text);
  place.write(`${name}.ts`, `${head}
export let sum: u32 = 0;
export function init(): void {}
export function main(): void { ${main} }
@isr("TIM3", 1)
function onOther(): void { ${other} }
@isr("TIM2", 2)
function onTimer(): void { ${loop ?? `for (let i = 0; i < ${list}.length; i++) sum = sum * 5 + ${list}[i];`} }
`);
  const firmware = await compileFirmware(place.path(`${name}.ts`), board);
  try {
    return new WorstCaseAnalysis(firmware).of('TIM2_IRQHandler', unit).cycles;
  } catch (error) {
    if (error instanceof Unbounded) return undefined;
    throw error;
  }
}

const CLASS = `export class Pattern { steps: StaticArray<u8> = new StaticArray<u8>(${SHORT}); rate: u32 = 3; }
export const LONGER = new StaticArray<u8>(${LONG});
`;
const ONE = `${CLASS} const pattern = new Pattern();`;

describe('what stays is as long as it was made', () => {
  const cases: Readonly<Record<string, Parameters<typeof boundOf>[1]>> = {
    literal: { head: 'const steps: StaticArray<u8> = [1, 2, 3, 4, 5, 6, 7, 8];' },
    made: { head: `const steps = new StaticArray<u8>(${SHORT});` },
    neverSet: { head: `let steps = new StaticArray<u8>(${SHORT});` },
    text: { head: 'const text = "eight ch";', loop: 'for (let i = 0; i < text.length; i++) sum = sum * 5 + text.charCodeAt(i);' },
    field: { head: ONE, list: 'pattern.steps', main: 'pattern.rate = sum;' },
    setByConstructor: { head: `class Pattern { steps: StaticArray<u8>; constructor(n: i32) { this.steps = new StaticArray<u8>(n); } }
      const other = new Pattern(${LONG}); const pattern = new Pattern(${SHORT});`, list: 'pattern.steps', other: 'sum += other.steps[9];' },
    ofParameter: { head: `class Pattern { constructor(readonly steps: StaticArray<u8>) {} } const pattern = new Pattern(new StaticArray<u8>(${SHORT}));`, list: 'pattern.steps' },
  };
  for (const [name, parts] of Object.entries(cases)) {
    it(name, async () => {
      const bound = await boundOf(name, parts);
      assert.ok(bound !== undefined && bound > LEAST * SHORT && bound < MOST * SHORT, `${bound}`);
    });
  }
});

describe('what may be replaced is not taken to be as long as at first', () => {
  const cases: Readonly<Record<string, Parameters<typeof boundOf>[1]>> = {
    global: { head: `${CLASS} let steps = new StaticArray<u8>(${SHORT});`, other: 'if (sum == 3) steps = LONGER;' },
    textOfGlobal: { head: 'let text = "eight ch";', main: `if (sum == 3) text = "${'long'.repeat(LONG / 4)}";`, loop: 'for (let i = 0; i < text.length; i++) sum = sum * 5 + text.charCodeAt(i);' },
    fieldInHandler: { head: ONE, list: 'pattern.steps', other: 'if (sum == 3) pattern.steps = LONGER;' },
    fieldInMain: { head: ONE, list: 'pattern.steps', main: 'pattern.steps = LONGER;' },
    inBrackets: { head: ONE, list: 'pattern.steps', main: '(pattern.steps) = LONGER;' },
    bySetter: { head: `${CLASS} class Other { own: StaticArray<u8> = new StaticArray<u8>(${SHORT}); set steps(s: StaticArray<u8>) { this.own = s; } get steps(): StaticArray<u8> { return this.own; } }
      const pattern = new Other();`, list: 'pattern.steps', main: 'pattern.steps = LONGER;' },
    byOthersConstructor: { head: `${ONE} class Changer { constructor(p: Pattern) { p.steps = LONGER; } }`, list: 'pattern.steps', main: 'sum += changetype<usize>(new Changer(pattern));' },
    byGeneric: { files: { 'generic.ts': 'export function put<T, U>(to: T, what: U): void { to.steps = what; }' }, head: `import { put } from "./generic"; ${ONE}`, list: 'pattern.steps',
      main: 'put<Pattern, StaticArray<u8>>(pattern, LONGER);' },
    elsewhere: { files: { 'pattern.ts': `${CLASS} export const pattern = new Pattern();`, 'changer.ts': 'import { pattern, LONGER } from "./pattern"; export function change(): void { pattern.steps = LONGER; }' },
      head: 'import { pattern } from "./pattern"; import { change } from "./changer";', list: 'pattern.steps', main: 'change();' },
    nameOfClass: { files: { 'steps.ts': 'export class Steps { n: u32 = 0; }' }, head: `import "./steps"; type Steps = StaticArray<u8>; ${CLASS} class Own { steps: Steps = new StaticArray<u8>(${SHORT}); } const own = new Own();`,
      list: 'own.steps', main: 'own.steps = LONGER;' },
    nameOfParameter: { files: { 'steps.ts': 'export class T { n: u32 = 0; }' }, head: `import "./steps"; ${CLASS} class Own<T> { constructor(public steps: T) {} } const own = new Own<StaticArray<u8>>(new StaticArray<u8>(${SHORT}));`,
      list: 'own.steps', main: 'own.steps = LONGER;' },
    object: { head: `class Pattern { steps: StaticArray<u8>; constructor(n: i32) { this.steps = new StaticArray<u8>(n); } }
      const longer = new Pattern(${LONG}); let pattern = new Pattern(${SHORT});`, list: 'pattern.steps', other: 'if (sum == 3) pattern = longer;' },
    objectInField: { head: `class Pattern { steps: StaticArray<u8>; constructor(n: i32) { this.steps = new StaticArray<u8>(n); } } class Track { pattern: Pattern = new Pattern(${SHORT}); }
      const longer = new Pattern(${LONG}); const track = new Track();`, list: 'track.pattern.steps', other: 'if (sum == 3) track.pattern = longer;' },
    element: { head: `${CLASS} const lists: StaticArray<StaticArray<u8>> = [new StaticArray<u8>(${SHORT}), new StaticArray<u8>(${SHORT})];`, list: 'lists[1]', other: 'if (sum == 3) lists[1] = LONGER;' },
    elementUnchecked: { head: `${CLASS} const lists: StaticArray<StaticArray<u8>> = [new StaticArray<u8>(${SHORT}), new StaticArray<u8>(${SHORT})];`, other: 'if (sum == 3) lists[1] = LONGER;',
      loop: 'for (let i = 0; i < unchecked(lists[1]).length; i++) sum = sum * 5 + unchecked(unchecked(lists[1])[i]);' },
    objectInElement: { head: `class Pattern { steps: StaticArray<u8>; constructor(n: i32) { this.steps = new StaticArray<u8>(n); } }
      const longer = new Pattern(${LONG}); const patterns: StaticArray<Pattern> = [new Pattern(${SHORT}), new Pattern(${SHORT})];`, list: 'patterns[1].steps', other: 'if (sum == 3) patterns[1] = longer;' },
    stored: { head: ONE, list: 'pattern.steps', main: 'store<usize>(changetype<usize>(pattern), changetype<usize>(LONGER), offsetof<Pattern>("steps"));' },
    grown: { head: `const steps: Array<u8> = [1, 2, 3, 4, 5, 6, 7, 8];`, main: 'if (sum > 3) steps.push(<u8>sum);' },
    grownInPlace: { head: `const steps = new StaticArray<u8>(${SHORT});`, main: `if (sum == 3) __renew(changetype<usize>(steps), ${LONG});` },
    loaded: { head: `${ONE} export let at: usize = 0;`, main: 'at = changetype<usize>(pattern);', loop: 'const list = load<usize>(at); for (let i: u32 = 0; i < load<u32>(list - 4); i++) sum = sum * 5 + load<u8>(list + i);' },
  };
  for (const [name, parts] of Object.entries(cases)) {
    it(name, async () => {
      const bound = await boundOf(name, parts);
      assert.ok(bound === undefined || bound > LEAST * LONG, `${bound}`);
    });
  }
});
