// SPDX-License-Identifier: MIT
// The meter against an independent witness: another instrumentation, which counts each single instruction.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { compileLibrary } from '../../host/build/library.js';
import { forEachInstruction, parseModule, WasmFormatError, type WasmModule } from '../../host/cpu/wasm/decode.js';
import { InstructionCosts, loadCoreCosts } from '../../host/cpu/wasm/costs.js';
import { meter, METER } from '../../host/cpu/wasm/meter.js';
import { COUNT_EXPORT, countInstructions } from '../../host/testing/instruction-count.js';

type Exports = Record<string, any>;
const MARKERS = ['block', 'loop', 'else', 'end'];
const FAR = 2 ** 30;

/** One cycle an instruction, structure free: then cycles are instructions. */
const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1, block: 0, loop: 0, else: 0, end: 0 } });

let module: WasmModule;
let plain: Exports;
let counted: Exports;
let metered: Exports;
let ticks = 0;
let onTick = () => {};

const env = { abort: () => { throw new Error('abort'); }, memoryAddress: () => 0 };
const instantiate = (bytes: Uint8Array, imports: WebAssembly.Imports): Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports).exports;

before(async () => {
  module = parseModule(await compileLibrary('tests/cpu/meter.as.ts'));
  plain = instantiate(module.bytes, { env });
  counted = instantiate(countInstructions(module.bytes), { env });
  metered = instantiate(meter(module, unit).bytes, { env, [METER.module]: { [METER.tick]: () => { ticks++; onTick(); } } });
  metered[METER.setLeft](FAR);
  metered[METER.start]?.();
});

for (const name of ['loops', 'switches', 'recursion', 'indirect', 'wide']) {
  test(`${name}: same result as unmetered, and every instruction counted`, () => {
    fc.assert(fc.property(fc.nat(200), (n) => {
      const expected = plain[name](n);
      const before = counted[COUNT_EXPORT].value;
      assert.equal(counted[name](n), expected);
      const instructions = counted[COUNT_EXPORT].value - before;
      metered[METER.setLeft](FAR);
      assert.equal(metered[name](n), expected);
      assert.equal(FAR - metered[METER.getLeft](), instructions);
    }), { numRuns: 60 });
  });

  test(`${name}: with a deadline every few cycles, the same result, and a tick no later than a block after each`, () => {
    fc.assert(fc.property(fc.nat(100), fc.integer({ min: 1, max: 400 }), (n, period) => {
      const expected = plain[name](n);
      let worst = 0;
      onTick = () => {
        worst = Math.max(worst, -metered[METER.getLeft]());
        metered[METER.setLeft](period);
      };
      ticks = 0;
      metered[METER.setLeft](period);
      assert.equal(metered[name](n), expected);
      assert.ok(worst <= longestBlock(module), `a deadline was ${worst} cycles late`);
      onTick = () => {};
    }), { numRuns: 40 });
  });
}

/** Most instructions between two places where control may come together or part. */
function longestBlock({ bytes, functions }: WasmModule): number {
  let longest = 0;
  for (const body of functions) {
    let length = 0;
    forEachInstruction(bytes, body.code, body.end, ({ operator: { name } }) => {
      if (!MARKERS.includes(name)) longest = Math.max(longest, ++length);
      if (/^(loop|if|else|br|br_if|br_table|call|call_indirect|return)$/.test(name)) length = 0;
    });
  }
  return longest;
}

test('branches to the outermost label, which other compilers make, are counted like returns', () => {
  const I32 = 0x7f;
  // (func (param i32) (result i32)  i32.const 5  local.get 0  br_if 0  drop  i32.const 6)
  const conditional = [0x00, 0x41, 5, 0x20, 0, 0x0d, 0, 0x1a, 0x41, 6, 0x0b];
  // (func (param i32) (result i32)  i32.const 7  local.get 0  br_table 0 0)
  const table = [0x00, 0x41, 7, 0x20, 0, 0x0e, 1, 0, 0, 0x0b];
  // (func (param i32) (result i32)  (block  local.get 0  i32.eqz  br_if 0  i32.const 8  br 1)  i32.const 9)
  const plainBranch = [0x00, 0x02, 0x40, 0x20, 0, 0x45, 0x0d, 0, 0x41, 8, 0x0c, 1, 0x0b, 0x41, 9, 0x0b];
  const bodies = [conditional, table, plainBranch];
  const section = (id: number, contents: number[]) => [id, contents.length, ...contents];
  const bytes = new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 1, I32, 1, I32]),
    ...section(3, [3, 0, 0, 0]),
    ...section(7, [3, 1, 0x61, 0, 0, 1, 0x62, 0, 1, 1, 0x63, 0, 2]),
    ...section(10, [3, ...bodies.flatMap((body) => [body.length, ...body])]),
  ]);
  const run = instantiate(meter(parseModule(bytes), unit).bytes, { [METER.module]: { [METER.tick]: () => {} } });
  const cycles = (name: string, argument: number): [result: number, cycles: number] => {
    run[METER.setLeft](FAR);
    return [run[name](argument), FAR - run[METER.getLeft]()];
  };
  assert.deepEqual(cycles('a', 1), [5, 3]);
  assert.deepEqual(cycles('a', 0), [6, 5]);
  assert.deepEqual(cycles('b', 0), [7, 3]);
  assert.deepEqual(cycles('c', 1), [8, 5]);
  assert.deepEqual(cycles('c', 0), [9, 4]);
});

test('each metered instruction knows where it was: the opcodes are the same', () => {
  const { bytes, originalOffset } = meter(module, unit);
  const again = parseModule(bytes);
  const inserted = new Set<number>();
  again.functions.slice(0, module.functions.length).forEach((body, i) => {
    const seen: number[] = [];
    forEachInstruction(bytes, body.code, body.end, ({ offset }) => {
      const original = originalOffset(offset);
      if (bytes[offset] === module.bytes[original] && seen[seen.length - 1] !== original) seen.push(original);
      else inserted.add(offset);
    });
    const wanted: number[] = [];
    forEachInstruction(module.bytes, module.functions[i].code, module.functions[i].end, ({ offset }) => void wanted.push(offset));
    assert.ok(wanted.every((offset) => seen.includes(offset)), `function ${i}`);
  });
  assert.ok(inserted.size > 0);
});

test('cost tables have an entry for every instruction, on every engine', () => {
  const { engines } = loadCoreCosts('cortex-m4f');
  for (const [name, engine] of Object.entries(engines)) {
    assert.doesNotThrow(() => new InstructionCosts(engine), name);
    assert.ok(engine.source.length > 40, `${name} does not say where its numbers come from`);
  }
  assert.throws(() => new InstructionCosts({ dispatch: 0, imports: {}, instructions: { 'i32.*': 1 } }), /no entry for unreachable/);
});

test('what is no module is refused with the offset and the reason', () => {
  assert.throws(() => parseModule(new Uint8Array([1, 2, 3])), (e: unknown) => e instanceof WasmFormatError && /not a WebAssembly module/.test(e.message));
  assert.throws(() => parseModule(new Uint8Array([0, 0x61, 0x73, 0x6d, 13, 0, 1, 0])), /component/);
  fc.assert(fc.property(fc.nat(module.bytes.length - 1), fc.nat(255), (at, value) => {
    const broken = module.bytes.slice();
    broken[at] = value;
    try {
      parseModule(broken);
    } catch (error) {
      assert.ok(error instanceof WasmFormatError, String(error));
    }
  }), { numRuns: 300 });
  fc.assert(fc.property(fc.nat(module.bytes.length - 1), (length) => {
    try {
      parseModule(module.bytes.slice(0, length));
    } catch (error) {
      assert.ok(error instanceof WasmFormatError, String(error));
    }
  }), { numRuns: 300 });
});
