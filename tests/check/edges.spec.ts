// SPDX-License-Identifier: MIT
// `tonewheel check` on firmware as a stranger writes it, odd in every way: each is answered with what is wrong, at its own line, and none breaks the check.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { loadBoard } from '../../host/boards/index.js';
import { checkFirmware } from '../../host/check/check.js';
import type { CheckResult, FindingKind } from '../../host/check/check-result.js';
import { checkText } from '../../host/check/text.js';
import { packageRoot } from '../../host/paths.js';

const HEAD = `import { irqEnable, irqMask, irqRestore } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM2 } from "tonewheel/assembly/shim/board";
import { clockInit } from "tonewheel/assembly/drivers/clock";
import { periodicInterrupt, periodicStart, timestamp } from "tonewheel/assembly/drivers/timer";
export let sum: u32 = 0;
export let turns: u32 = 8;
export function main(): void { turns += sum; irqEnable(IRQ_TIM2); }
export function init(): void { clockInit(); periodicStart(0x40000000, 1000); }
`;
/** A handler of a timer, with so much in it, and before it. */
const handler = (body: string, before = '', options = ''): string => `${HEAD}${before}
@isr("TIM2", 1${options})
function onTimer(): void {
  periodicInterrupt(0x40000000);
  ${body}
}
`;
const budget = (given: string): string => handler('sum++;', '', `, { budget: ${given} }`);
const times = (count: number, of: (i: number) => string, by = '\n'): string => Array.from({ length: count }, (_, i) => of(i)).join(by);

/** What a firmware is to be answered with: nothing that is wrong, or a finding of a kind at the first line that contains a text, with words, and by functions. */
interface Want { readonly kind?: FindingKind; readonly at?: string; readonly text?: RegExp; readonly by?: readonly string[] }
const FINE: Want = {};
const noBound = (at: string, text = /shows, so its worst case is unknown/): Want => ({ kind: 'unbounded loop', at, text });
const wide = (at: string): Want => noBound(at, /no bound that the code shows but the width of its counter/);
const heap = (at: string, by: readonly string[], text = /takes memory from the heap; allocate it at start/): Want => ({ kind: 'heap', at, by, text });
const refused = (at: string | undefined, text: RegExp): Want => ({ kind: 'does not compile', at, text });
const recursion = (at: string, by: readonly string[]): Want => ({ kind: 'recursion', at, by });
const trap = (at: string, by?: readonly string[]): Want => ({ kind: 'trap', at, by, text: /every way through its handler ends in a trap/ });

const CASES: Readonly<Record<string, readonly [source: string, want: Want]>> = {
  // Handlers that do nothing but trap.
  'abort': [handler('abort("no");'), trap('abort("no")')],
  'unreachable': [handler('unreachable();'), trap('unreachable()')],
  'throw': [handler('throw new Error("x");'), trap('throw new')],
  'throw in a callee': [handler('sum += 3; if (sum > turns) fail(sum); else fail(turns);', times(9, (i) => `// ${i}`) + '\nfunction fail(n: u32): void { sum = n; throw new Error("y"); }'), trap('throw new')],
  'a trap in one of two ways': [handler('if (sum > 3) unreachable(); sum++;'), FINE],
  'a trap in init': [handler('sum++;').replace('clockInit();', 'clockInit(); unreachable();'), { kind: 'trap', at: 'unreachable()', text: /stops while it sets itself up.*in init or main/, by: ['init'] }],

  // Set-ups that are odd.
  'an init that never returns': [handler('sum++;').replace('clockInit();', 'clockInit();\nwhile (load<u32>(64) == 0) sum++;\n'), { kind: 'unbounded loop', at: 'while (load', text: /^init does not return: .* still here after 2 s, and main is not reached/, by: ['init'] }],
  'an init that never returns, in a callee': [handler('sum++;', 'function ready(): bool { return load<u32>(64) != 0; }\nfunction until(n: u32): void {\n  while (!ready()) sum += n;\n}')
    .replace('clockInit();', 'clockInit(); if (sum == 0) until(3); else until(4); until(5);'), { kind: 'unbounded loop', at: 'function ready', text: /^init does not return/ }],
  'an init that sleeps for ever': [handler('sum++;', 'import { waitForInterrupt } from "tonewheel/assembly/shim/abi";').replace('clockInit();', 'clockInit();\nfor (;;) waitForInterrupt();\n'), { kind: 'unbounded loop', at: 'for (;;) wait', text: /^init does not return/ }],
  'an init that never returns while handlers run': [handler('sum++;').replace('periodicStart(0x40000000, 1000);', 'periodicStart(0x40000000, 1000); irqEnable(IRQ_TIM2);\nfor (;;) turns++;\n'), { kind: 'unbounded loop', at: 'for (;;) turns', text: /^init does not return/, by: ['init'] }],
  'a top level that never ends': [`${handler('sum++;')}\nwhile (load<u32>(64) == 0) sum++;\n`, { kind: 'unbounded loop', at: 'while (load', text: /^What stands at the top level does not return/ }],
  'an init that sleeps before all is set up': [handler('sum++;', `import { waitForInterrupt } from "tonewheel/assembly/shim/abi";
import { loadShared, storeShared } from "tonewheel/assembly/shim/shared";
@isr("TIM3", 2)
function tick(): void {
  periodicInterrupt(0x40000400);
  storeShared(64, loadShared(64) + 1);
}`).replace('clockInit(); periodicStart(0x40000000, 1000);', 'clockInit(); periodicStart(0x40000400, 500); irqEnable(29); while (loadShared(64) < 3) waitForInterrupt(); periodicStart(0x40000000, 1000);'), FINE],
  'an init that takes a second': [handler('sum++;').replace('clockInit();', 'clockInit(); for (let n = 0; n < 30000000; n++) store<u32>(64, n);'), FINE],
  'a main that never sleeps': [handler('sum++;').replace('irqEnable(IRQ_TIM2); }', 'irqEnable(IRQ_TIM2); for (;;) turns++; }'), FINE],

  // Budgets.
  'nanoseconds': [budget('"250000ns"'), FINE],
  'micro sign': [budget('"10\u00b5s"'), FINE],
  'cycles in words': [budget('"4000 cycles"'), FINE],
  ...Object.fromEntries(['"10 parsecs"', '"-1us"', '"0us"', '""', '"1e-3ms"', '"1ns"', '"10"', '0', '-1', '1.5', 'LIMIT'].map((given) => [
    `budget ${given}`, [budget(given), refused('@isr', /budget wants whole cycles above 0, as 400 or "400 cycles", or a time of a cycle or more, as "250ns", "10us"/)] as const,
  ])),
  'an unknown limit': [handler('sum++;', '', ', { bugdet: 400 }'), refused('@isr', /@isr knows no bugdet; it has budget, rate and deadline/)],
  'a rate that is none': [handler('sum++;', '', ', { rate: "10us" }'), refused('@isr', /rate wants a rate above 0: hertz/)],

  // Handlers.
  'no handlers': ['export function init(): void {}\nexport function main(): void {}\n', FINE],
  'an unknown vector': [handler('sum++;').replace('"TIM2"', '"TIM22"'), refused('@isr', /unknown vector "TIM22"/)],
  'two handlers of one vector': [`${handler('sum++;')}@isr("TIM2", 2)\nfunction other(): void { sum--; }\n`, refused('@isr("TIM2", 2)', /bound already, to onTimer/)],
  'priority 16': [handler('sum++;').replace('"TIM2", 1', '"TIM2", 16'), refused('@isr', /0 \(most urgent\) to 15/)],
  'priority -1': [handler('sum++;').replace('"TIM2", 1', '"TIM2", -1'), refused('@isr', /a whole number that stands there itself, 0 \(most urgent\) to 15/)],
  'a generic handler': [handler('sum++;').replace('onTimer()', 'onTimer<T>()'), refused('function onTimer', /takes no type parameters/)],
  'a handler that returns': [handler('return 3;').replace('onTimer(): void', 'onTimer(): i32'), refused('function onTimer', /returns nothing/)],
  'init with a parameter': ['export function init(a: i32): void {}\nexport function main(): void {}\n', refused(undefined, /init\(\) is called with nothing and gives nothing back/)],
  'main with a result': ['export function init(): void {}\nexport function main(): i32 { return 1; }\n', refused(undefined, /main\(\) is called with nothing/)],
  'a handler that main calls': [handler('sum++;').replace('turns += sum;', 'onTimer();'), FINE],
  'empty': ['', refused(undefined, /exports no function init/)],
  'comments only': ['// nothing\n/* here */\n', refused(undefined, /exports no function init/)],
  'a syntax error': [`${HEAD}function (\n`, refused('function (', /Identifier expected/)],

  // Recursion.
  'recursion over three': [handler('sum = a(turns);', `function a(n: u32): u32 { return n < 2 ? n : b(n - 1); }
function b(n: u32): u32 { return n < 3 ? n : c(n - 1) * 2; }
function c(n: u32): u32 { return n < 4 ? n : a(n - 1) + 1; }`), recursion('function c', ['onTimer', 'a', 'b', 'c', 'a'])],
  'recursion by an interface': [handler('sum = node.count(turns);', `interface Counts { count(n: u32): u32; }
class A implements Counts { next: Counts | null = null;
  count(n: u32): u32 { const next = this.next; return n < 2 || !next ? n : next.count(n - 1); } }
class B implements Counts { next: Counts | null = null;
  count(n: u32): u32 { const next = this.next; return n < 2 || !next ? n : next.count(n - 1) * 3; } }
const first = new A(); const second = new B(); first.next = second; second.next = first;
const node: Counts = turns > 3 ? first as Counts : second as Counts;`), recursion('next.count(n - 1); }', ['onTimer', 'Counts#count@override', 'A#count', 'Counts#count@override'])],
  'recursion of a handler that main calls': [handler('if (sum++ < 4) onTimer();').replace('turns += sum;', 'onTimer();'), recursion('if (sum++', ['onTimer', 'onTimer'])],
  'recursion in main': [handler('sum++;', 'function fib(n: u32): u32 { return n < 2 ? n : fib(n - 1) + fib(n - 2); }').replace('turns += sum;', 'turns += fib(turns);'),
    { kind: 'stack', at: 'function fib', text: /interpreter's main stack has no bound: fib may come to call itself, in main/, by: ['main', 'fib'] }],
  'recursion by a table': [handler('sum = steps()[turns & 1](turns);', `const table = new StaticArray<(n: u32) => u32>(2);
table[0] = down;
table[1] = (n: u32): u32 => n + 1;
function steps(): StaticArray<(n: u32) => u32> { return table; }
function down(n: u32): u32 { return n < 2 ? n : steps()[n & 1](n - 1); }`), { kind: 'indirect call', at: 'sum = steps', by: ['onTimer'], text: /its target, and so its time, is unknown/ }],
  'recursion by a reference in a global': [handler('sum = step(turns);', `let step: (n: u32) => u32 = (n: u32): u32 => n;
function down(n: u32): u32 { return n < 2 ? n : step(n - 1); }
step = down;`), { kind: 'indirect call', at: 'sum = step', by: ['onTimer'] }],

  // Heap.
  'string concatenation': [handler('name = name + "x";', 'let name: string = "a";'), heap('name = name', ['onTimer', 'String.__concat', 'String#concat', '__new'])],
  'a template string': [handler('name = `x${turns}y`;', 'let name: string = "a";'), heap('name = `x', ['onTimer', 'U32#toString', 'utoa32', '__new'])],
  'an array literal': [handler('list = [turns, sum];', 'let list: u32[] = [];'), heap('list = [turns', ['onTimer', '__newArray', '__newBuffer', '__new'])],
  'a constant array': [handler('const list = [1, 2, 3]; sum += list[turns % 3];'), heap('const list = [1', ['onTimer', '__newArray', '__newBuffer', '__new'])],
  'a static array': [handler('list = [turns, sum];', 'let list: StaticArray<u32> = [1, 2];'), heap('list = [turns', ['onTimer', '__newBuffer', '__new'])],
  'new in a callee': [handler('sum += make().x;', 'class P { x: u32 = turns; }\nfunction make(): P { return new P(); }'), heap('function make', ['onTimer', 'make', 'P#constructor', '__new'])],
  'push': [handler('list.push(sum);', 'const list: u32[] = [];'), heap('list.push', ['onTimer', 'Array<u32>#push', 'ensureCapacity', '__renew'])],
  'a Map': [handler('map.set(turns, sum);', 'const map = new Map<u32, u32>();'), heap('map.set', ['onTimer', 'Map<u32,u32>#set', 'Map<u32,u32>#rehash', 'ArrayBuffer#constructor', '__new'])],
  'an object literal': [handler('p = { x: turns };', 'class P { x: u32 = 0; }\nlet p: P = new P();'), heap('p = {', ['onTimer', 'P#constructor', '__new'])],
  'a typed array': [handler('t = new Uint8Array(8);', 'let t: Uint8Array = new Uint8Array(4);'), heap('t = new Uint8Array(8)', ['onTimer', 'Uint8Array#constructor', '__new'])],
  'heap.alloc': [handler('sum = <u32>heap.alloc(16);'), heap('heap.alloc', ['onTimer', 'heap.alloc', '__alloc'])],
  'heap.free': [handler('heap.free(sum);'), heap('heap.free', ['onTimer', 'heap.free', '__free'], /gives memory back to the heap/)],
  'memory.grow': [handler('memory.grow(1);'), heap('memory.grow', ['onTimer'])],
  'a message that is put together': [handler('if (turns == 3) throw new Error("bad " + turns.toString());'), heap('throw new', ['onTimer', 'U32#toString', 'utoa32', '__new'])],
  'a function that is made': [handler('f = () => { sum++; }; f();', 'let f: () => void = () => {};'), { kind: 'indirect call', at: 'f = () => { sum' }],
  'forEach': [handler('list.forEach((x) => { sum += x; });', 'const list: u32[] = [1, 2];'), { kind: 'indirect call', at: 'list.forEach', by: ['onTimer', 'Array<u32>#forEach'] }],
  'heap in main and at start': [handler('sum++;', 'const list: u32[] = []; let name: string = "a";').replace('turns += sum;', 'list.push(turns); name = name + "x"; turns += name.length;'), FINE],

  // Loops.
  'a byte counter': [handler('for (let i: u8 = 0; i < <u8>turns; i++) sum += i;'), FINE],
  'a counter of 16 bits': [handler('for (let i: u16 = 0; i < <u16>turns; i++) sum += i * sum;'), wide('for (let i')],
  'a counter of 32 bits': [handler('for (let i: u32 = 0; i < turns; i++) sum += i * sum;'), wide('for (let i')],
  'a signed counter': [handler('for (let i: i32 = 0; i < <i32>turns; i++) sum += i * sum;'), wide('for (let i')],
  'a counter that goes down': [handler('let n = load<u32>(64) >> 4;\n  while (n > 0) {\n    sum = sum * 5 + n;\n    n--;\n  }'), wide('while (n')],
  'a counter in a callee': [handler('fill(turns); fill(sum);', `function fill(n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(1024 + (i & 255), sum / (n | 1));
  ${times(9, (i) => `sum = sum / (n | ${i}) + sum % (n | ${i + 1});`, ' ')}
}`), { ...wide('for (let i'), by: ['onTimer', 'fill'] }],
  'a long way to a constant': [handler('for (let i: u32 = 0; i < 65536; i++) sum += i * sum;'), { kind: 'overload', at: 'function onTimer' }],
  ...Object.fromEntries([32767, 32768, 65535, 65536, 1_000_000, 0xff_ffff, 20_000_000].flatMap((limit) => ['i32', 'u32'].map((type) => [
    `a way to ${limit} that is written, ${type}`, [handler(`for (let i: ${type} = 0; i < ${limit}; i++) sum += i * sum;`), { kind: 'overload', at: 'function onTimer' }] as const,
  ]))),
  'a way to 65535 by a counter of 16 bits': [handler('for (let i: u16 = 0; i < 65535; i++) sum += i * sum;'), { kind: 'overload', at: 'function onTimer' }],
  'a way to 65535 that is passed': [handler('fill(65535); fill(<u32>load<u8>(64));', `function fill(n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u32>(1024 + (i & 255), sum / (n | 1));
  ${times(9, (i) => `sum = sum / (n | ${i}) + sum % (n | ${i + 1});`, ' ')}
}`), { kind: 'overload', at: 'function onTimer' }],
  'a limit of 16 bits in memory': [handler('const n = load<u16>(64);\n  for (let i: u32 = 0; i < n; i++) sum += i * sum;'), wide('for (let i')],
  'a limit that shows': [handler('for (let i: u32 = 0; i < min<u32>(turns, 64); i++) sum += i * sum;'), FINE],
  'a limit that is said': [handler('// @bound(64)\n  for (let i: u32 = 0; i < turns; i++) sum += i * sum;'), FINE],
  'a wait for a timer': [handler('const t0 = timestamp();\n  while (timestamp() - t0 < 50) {}'), noBound('while (')],
  'a wait for a timer with a body': [handler('const t0 = timestamp();\n  while (timestamp() - t0 < 50) {\n    sum++;\n  }'), noBound('while (')],
  'endless': [handler('while (true) sum++;'), noBound('while (')],
  'endless for an unsigned that is never below 0': [handler('while (true) {\n    sum++;\n    if (sum < 0) break;\n  }'), noBound('while (')],
  'endless, empty': [handler('for (;;) {}'), noBound('for (')],
  'do while': [handler('let i = 0;\n  do { sum += i * sum; } while (++i < 10);'), FINE],
  'do while without end': [handler('do {\n    sum++;\n  } while (load<u32>(64));'), noBound('do {')],
  'a continue that does not count': [handler('for (let i = 0; i < 10;) {\n    if (load<u32>(64) == sum) continue;\n    i++;\n  }'), noBound('for (let i')],
  'a counter of 64 bits': [handler('for (let i: i64 = 0; i < 100; i++) sum += <u32>i * sum;'), FINE],
  'a counter that is a number': [handler('for (let x: f64 = 0; x < 100; x++) sum += <u32>x * sum;'), noBound('for (let x')],
  'nested': [handler(`${times(8, (i) => `for (let i${i}: u32 = 0; i${i} < 2; i${i}++)`)} sum = sum * 5 + i3;`), FINE],
  'masked for as long as main likes': [handler('sum++;').replace('turns += sum;', 'const m = irqMask(); while (sum < turns) { sum++; store<u32>(64, sum); } irqRestore(m);'),
    { kind: 'unbounded loop', at: 'irqMask();', text: /masked for a time without a known bound, in main/ }],

  // Bounds.
  'a bound by no name': [handler('// @bound(conut)\n  while (load<u32>(64) != sum) sum++;', 'const count: i32 = 4;\nconst OTHERS: i32 = 7;'), noBound('while (', /@bound\(conut\) says nothing: "conut" has no value that is known at compile time/)],
  'a bound by a variable': [handler('// @bound(2 * turns)\n  while (load<u32>(64) != sum) sum++;'), noBound('while (', /@bound\(2 \* turns\) says nothing: "turns" has no value/)],
  'a bound by nothing': [handler('// @bound()\n  while (load<u32>(64) != sum) sum++;'), refused('// @bound', /@bound wants a number/)],
  'a bound of no loop': [handler('// @bound(4)\n  sum++;'), refused('// @bound', /on the line of a loop/)],

  // Files.
  'CR LF and a byte order mark': [`\ufeff${handler('// @bound(4)\n  // never more\n  while (load<u32>(64) != sum) sum++;\n  for (;;) {}')}`.replaceAll('\n', '\r\n'), noBound('for (;;)')],
  'a name with spaces, ünïcode': [handler('sum = nothing;'), refused('sum = nothing', /Cannot find name 'nothing'/)],

  // Much of it.
  '5,000 lines': [HEAD + times(1000, (i) => `function g${i}(n: u32): u32 {\n  let s = n;\n  for (let i: u32 = 0; i < ${i % 40 + 2}; i++) s = s * ${i + 3} + i;\n  return s;\n}`)
    + `\n@isr("TIM2", 1)\nfunction onTimer(): void {\n  periodicInterrupt(0x40000000);\n${times(1000, (i) => `  sum += g${i}(sum);`)}\n}\n`, { kind: 'overload', at: 'function onTimer' }],
  '2,000 branches': [handler(times(2000, (i) => `if (load<u32>(${1024 + 4 * (i % 64)}) > sum) sum = sum * ${i + 3} + 1;`)), { kind: 'overload', at: 'function onTimer' }],
  'a wide switch': [handler(`switch (turns) {\n${times(600, (i) => `case ${i}: sum = sum * ${i + 3}; break;`)}\n}`), FINE],
  'a switch that falls through': [handler(`switch (turns) {\n${times(600, (i) => `case ${i}: sum = sum * ${i + 3};`)}\n}`), FINE],
};

const directory = mkdtempSync(join(tmpdir(), 'tonewheel-edges-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<unknown>(JSON.parse(readFileSync(join(packageRoot, 'host', 'check', 'check-result.schema.json'), 'utf8')));
const board = loadBoard('stm32f4-discovery');
// Without the cross compiler a check is fast, and says what it does not know.
process.env.PATH = '';

/** Core seconds that a check may take: on a computer that does nothing else it is not far from those that pass. */
const MOST_SECONDS = 20;

async function checked(name: string, source: string): Promise<CheckResult> {
  const firmware = join(directory, `${name.replaceAll(/["/]/g, '')}.ts`);
  writeFileSync(firmware, source);
  const before = process.cpuUsage();
  const result = await checkFirmware({ firmware, board, engine: 'kernels' });
  const { user } = process.cpuUsage(before);
  assert.ok(user < MOST_SECONDS * 1e6, `${user / 1e6} s`);
  return result;
}

describe('a check at its edges', () => {
  for (const [name, [source, { kind, at, text, by }]] of Object.entries(CASES)) {
    it(`answers ${name}`, async () => {
      const result = await checked(name, source);
      assert.ok(validate(result), JSON.stringify(validate.errors));
      const words = checkText(result, false);
      const errors = result.findings.filter(({ severity }) => severity === 'error');
      if (kind === undefined) return assert.deepEqual([result.passed, errors], [true, []]);
      const [finding] = errors.filter((f) => f.kind === kind);
      assert.ok(finding && !result.passed, JSON.stringify(errors));
      assert.equal(errors.length, 1, words);
      if (at !== undefined) assert.equal(source.split('\n')[finding.line! - 1]?.includes(at), true, `${finding.file}:${finding.line}`);
      if (at !== undefined) assert.match(finding.file!, /^[^~/]*\.ts$/);
      if (text) assert.match(finding.text, text);
      if (by) assert.deepEqual(finding.path.map(({ functionName }) => functionName), by);
      assert.ok(finding.advice.length > 0);
    });
  }

  it('says which names a bound may have', async () => {
    const { findings } = await checked('names', CASES['a bound by no name'][0]);
    assert.match(findings[0].advice, /Write a number, or a constant: there are count \(4\), OTHERS \(7\)/);
  });

  it('says that without handlers there is nothing to prove', async () => {
    const result = await checked('silence', CASES['no handlers'][0]);
    assert.deepEqual(result.findings.filter(({ kind }) => kind === 'no handlers').map(({ severity }) => severity), ['warning']);
    assert.match(checkText(result, false), /✓ Nothing is wrong; there was no deadline to prove\./);
    assert.doesNotMatch(checkText(result, false), /Every deadline|Load/);
  });

  it('has no line for a handler of which it knows neither rate nor deadline', async () => {
    const result = await checked('rateless', '@isr("TIM3", 2)\nfunction fell(): void {}\nexport function init(): void {}\nexport function main(): void {}\n');
    assert.equal(result.handlers[0].verdict, 'unknown rate');
    const words = checkText(result, false);
    assert.match(words, /TIM3 fell .* RATE\?/);
    assert.doesNotMatch(words, /^ *TIM3:$/m);
  });
});
