// SPDX-License-Identifier: MIT
// Bounds by a parameter that the optimiser takes out, since all calls pass the same: by what the sources pass at most, and by nothing where a call may go unseen.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFirmware } from '../../host/build/compile.js';
import { WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { costsOf } from '../../host/cpu/wasm/costs.js';
import { FirmwareTrap } from '../../host/cpu/wasm/trap.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { loadBoard, ms, play } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';
import { strap } from '../scenarios/rig.js';

const BOARD = 'stm32f4-discovery';
const CONSTANT_FRAMES = 'tests/check/constant-frames.as.ts';
/** Cycles of exception entry and exit (ARM DDI 0439D, 3.9.1), which the recorder counts to the handler. */
const ENTRY_AND_EXIT = 12 + 10;

const place = new Workplace();

describe('blocks of one size', () => {
  it('have a bound, which no run exceeds', async (t) => {
    const firmware = await firmwareFor(CONSTANT_FRAMES, BOARD);
    const costs = costsOf('cortex-m4f', 'aot');
    const bound = new WorstCaseAnalysis(firmware).of('PendSV_IRQHandler', costs).cycles;
    const board = await play(CONSTANT_FRAMES, function* () { yield ms(500); }, { engine: 'aot' });
    const { count, maxCycles } = board.isr('PendSV');
    const taken = maxCycles - ENTRY_AND_EXIT - costs.dispatch;
    t.diagnostic(`bound ${bound}, longest of ${count} runs ${taken}`);
    assert.ok(count > 300 && taken <= bound, `took ${taken}, bound ${bound}`);
    // The saw has an edge in every other frame at most, which some block comes near to.
    assert.ok(bound < 3 * taken, `took ${taken}, bound ${bound}`);
  });

  it('are watched by the same number when the firmware runs', async () => {
    const run = play(CONSTANT_FRAMES, function* (board) {
      strap(board, 1);
      yield ms(50);
    });
    await assert.rejects(run, (error) => error instanceof FirmwareTrap && /@bound\(frameCount \/ 2\) does not hold/.test(error.message));
  });
});

/** Functions with a loop each, by what a call passes for `n`. */
const functions = (names: readonly string[], head = 'export function'): string => names.map((name) => `${head} ${name}(n: i32): void {
  // @bound(n)
  while (load<u32>(64) != 0) store<u32>(64, load<u32>(64) >> 1);
}`).join('\n');

const known: Readonly<Record<string, number>> = {
  literal: 7, constant: 64, ofLibrary: 96, twofold: 32, computed: 34, lesser: 16, passedOn: 9, local: 5, chosen: 11, cast: 64, defaulted: 12, besideDead: 4, sharedWithMethod: 1000, method: 21,
};
const unknown = [
  'variable', 'negative', 'narrow', 'wrapping', 'greater', 'aliased', 'handedOn', 'asValue', 'asDefault', 'assigned', 'stepped', 'recursive', 'inTurn', 'shadowed', 'hidden', 'ambiguous', 'renamedConstant',
  'mayBeNegative', 'unsignedOfNegative', 'ofField', 'uncalled',
];

const LIBRARY = `${functions([...Object.keys(known).filter((name) => !['method', 'defaulted'].includes(name)), ...unknown])}
export const LIBRARY_FRAMES: i32 = 3 * 32;
const TWOFOLD = 16;
let ambiguous_: i32 = 3;
export let turns: i32 = 1000;
export const OTHER_NAME: i32 = 1 << 20;
export const AMBIGUOUS: i32 = 5;
export function more(): i32 { let AMBIGUOUS = turns; return ++AMBIGUOUS + TWOFOLD + ambiguous_; }
export { handedOn as handed };
export default function asDefault_(n: i32): void { asDefault(n); }
`;
const MAIN = `import { waitForInterrupt } from "tonewheel/assembly/shim/abi";
import { ${[...Object.keys(known).filter((name) => !['method', 'defaulted'].includes(name)), ...unknown.filter((name) => name !== 'aliased' && name !== 'handedOn')].join(', ')}, turns, more, LIBRARY_FRAMES } from "./library";
import { aliased as other, handed, OTHER_NAME as LOCAL_NAME } from "./library";
import byDefault from "./library";
const FRAMES: i32 = 64;
const TWOFOLD: i32 = 32;
let AMBIGUOUS: i32 = 5;
class Box {
  LENGTH: i32 = 7;
  ${functions(['method'], '')}
  sharedWithMethod(n: i32): void { store<i32>(64, n); }
  @operator("+") added(n: i32): Box {
    // @bound(n)
    while (load<u32>(64) != 0) store<u32>(64, load<u32>(64) >> 1);
    return this;
  }
  ofField(): i32 { return this.LENGTH; }
}
const LENGTH: i32 = 3;
${functions(['handedOut'])}
function defaulted(a: i32, n: i32 = 12): void {
  // @bound(n)
  while (load<u32>(64) != a) store<u32>(64, load<u32>(64) >> 1);
}
function passOn(m: i32): void { passedOn(m); }
function passTo(m: i32): void { passOn(m); }
function dead(m: i32): void { besideDead(m); besideDead(m + 1); besideDead(min<i32>(m, 1000)); }
function assigns(m: i32): void { if (turns > 3) (m) = turns; assigned(m); }
function steps(m: i32): void { do { stepped(m++); } while (m < turns); }
function repeat(m: i32): void { if (turns > m) repeat(m + 1); recursive(m); }
function ping(m: i32): void { inTurn(m); if (turns > m) pong(m); }
function pong(m: i32): void { if (turns > m) ping(m); }
function shadows(m: i32): void { if (turns > 0) { const m = turns; shadowed(m); } }
function hides(FRAMES: i32): void { hidden(FRAMES); }
export function init(): void {
  literal(3); literal(7);
  constant(FRAMES);
  ofLibrary(LIBRARY_FRAMES);
  twofold(TWOFOLD);
  computed(FRAMES / 2 + 2); computed((FRAMES - 32) * 1); computed(1 << 4);
  lesser(min<i32>(turns, 16)); lesser(min(15, more()));
  passTo(5); passTo(9);
  const count = min<i32>(5, turns);
  local(count);
  chosen(turns > 2 ? 11 : FRAMES / 8);
  cast(<i32>(<u32>FRAMES));
  defaulted(1); defaulted(1, 4);
  besideDead(4);
  const box = new Box();
  box.method(21); box.sharedWithMethod(1000); sharedWithMethod(3);
  variable(5); variable(turns);
  negative(5); negative(-1);
  narrow(<i32>(<u8>FRAMES)); narrow(<i32>(<i8>200));
  wrapping(0x7fffffff + FRAMES);
  greater(max<i32>(turns, 5));
  aliased_();
  assigns(5); steps(5); repeat(5); ping(5); shadows(5); hides(turns);
  const call: (n: i32) => void = asValue;
  asValue(5); call(turns);
  byDefault(turns);
  ambiguous(AMBIGUOUS);
  renamedConstant(LOCAL_NAME);
  mayBeNegative(FRAMES - min<i32>(turns, 5));
  unsignedOfNegative(<i32>(<u32>min<i32>(turns, 5)));
  ofField(LENGTH);
  handedOut(5);
  box + 5;
}
function aliased_(): void { other(5); handed(5); }
export function main(): void { while (true) waitForInterrupt(); }
`;

describe('the largest value that the sources pass', () => {
  const facts = (async () => {
    place.write('library.ts', LIBRARY);
    place.write('main.ts', MAIN);
    return (await compileFirmware(place.path('main.ts'), loadBoard(BOARD))).flowFacts.parameters;
  })();
  const mostOf = async (name: string): Promise<number | undefined> => {
    const found = Object.entries(await facts).filter(([key, all]) => new RegExp(`(?:library|main)/(?:Box#)?${name}$`).test(key) && all.some((p) => p.name === 'n'));
    assert.equal(found.length >= 1, true, `${name} among ${Object.keys(await facts).join(', ')}`);
    const values = found.map(([, all]) => all.find((p) => p.name === 'n')!.most);
    return values.includes(undefined) || values.includes(null as never) ? undefined : Math.max(...values as number[]);
  };

  for (const [name, most] of Object.entries(known)) it(`is found: ${name}`, async () => assert.equal(await mostOf(name), most));
  for (const name of [...unknown, 'handedOut', 'added']) it(`is not known: ${name}`, async () => assert.equal(await mostOf(name), undefined));
});
