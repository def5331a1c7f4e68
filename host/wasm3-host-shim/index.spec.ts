// SPDX-License-Identifier: MIT
// The shim in process, with a core that does nothing: what it boots, how it ends, and that many of it live side by side.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import binaryen from 'assemblyscript/binaryen';
import { withoutCompiler as skip } from '../testing/c-compiler.js';
import { HostShim, prepareHostShim, type HostCore, type HostEnd, type HostImage } from './index.js';

const CAUSE = { unreachable: 1, memoryBounds: 2, stackOverflow: 9, badArgument: 17, heapExhausted: 18, badModule: 19 };
const MEMORY_AT = 0x2000_0000;

class Slept extends Error {}
class Ended extends Error {
  constructor(readonly reason: HostEnd, readonly log: string) { super(`cause ${reason.cause}: ${log}`); }
}

function moduleOf(body: string, memory = '(memory (export "memory") 1 1)'): Uint8Array {
  const parsed = binaryen.parseText(`(module ${body.includes('(import') ? '' : memory} ${body} ${body.includes('"init"') ? '' : '(func (export "init"))'}
    ${body.includes('"main"') ? '' : '(func (export "main"))'})`);
  try {
    return parsed.emitBinary();
  } finally {
    parsed.dispose();
  }
}

const WITH_IMPORTS = (imports: string, body: string) => `${imports} (memory (export "memory") 1 1) ${body}`;

interface Bench { shim: HostShim; calls: string[]; run: () => Error }

/** A shim whose core notes its calls, and ends the run when the firmware sleeps. */
function bench(module: Uint8Array, changes: Partial<HostImage> = {}, core: Partial<HostCore> = {}): Bench {
  const shim = new HostShim({
    module, vectors: [], ranges: [{ start: 0x1000_0000, end: 0x1000_ffff }], irqLines: 82, priorityBits: 4, mainStackBytes: 4096, memoryAddress: MEMORY_AT,
    memoryBytes: 65536, heapBytes: 1 << 20, ...changes,
  }, 'reference');
  const calls: string[] = [];
  let log = '';
  const noted = (name: string, result = 0) => (...args: number[]): number => {
    calls.push(`${name} ${args.map((a) => a >>> 0).join(' ')}`.trim());
    return result;
  };
  const run = (): Error => {
    try {
      shim.run({
        load8: noted('load8', 0x11), load16: noted('load16', 0x2222), load32: noted('load32', 0x33333333), store8: noted('store8'), store16: noted('store16'),
        store32: noted('store32'), irqEnable: noted('irqEnable'), irqDisable: noted('irqDisable'), irqPend: noted('irqPend'), irqPriority: noted('irqPriority'),
        irqMask: () => 1, irqRestore: () => {}, cycleCounter: () => -1, waitForInterrupt: () => { throw new Slept(); },
        tick: () => { shim.opsLeft[0] = 1000; }, log: (bytes) => { log += new TextDecoder().decode(bytes); },
        end: (reason) => { throw new Ended(reason, log); }, ...core,
      });
    } catch (error) {
      return error as Error;
    }
    return assert.fail('run returned');
  };
  return { shim, calls, run };
}

function causeOf({ run }: Bench): number {
  const error = run();
  assert.ok(error instanceof Ended, String(error));
  return error.reason.cause;
}

describe('the shim in process', { skip }, () => {
  before(() => prepareHostShim('reference'));

  test('init runs, then main, then the core sleeps; arguments and results arrive as they are', () => {
    const { calls, run, shim } = bench(moduleOf(WITH_IMPORTS(`
      (import "env" "load8" (func $load8 (param i32) (result i32)))
      (import "env" "load32" (func $load32 (param i32) (result i32)))
      (import "env" "store32" (func $store32 (param i32 i32)))
      (import "env" "cycleCounter" (func $cycles (result i32)))
      (import "env" "memoryAddress" (func $address (result i32)))`, `
      (func (export "init") (call $store32 (i32.const 0x40000004) (call $load32 (i32.const 0xe000ed00))))
      (func (export "main")
        (i32.store (i32.const 8) (call $cycles))
        (i32.store (i32.const 12) (call $address))
        (i32.store8 (i32.const 16) (call $load8 (i32.const 0x1000ffff))))`)));
    assert.ok(run() instanceof Slept);
    assert.deepEqual(calls, [`load32 ${0xe000ed00}`, `store32 ${0x40000004} ${0x33333333}`, `load8 ${0x1000ffff}`]);
    const words = new Uint32Array(shim.memory.buffer);
    assert.deepEqual([...words.subarray(2, 5)], [0xffffffff, MEMORY_AT, 0x11]);
  });

  test('handlers are bound by export, on the priorities of the table', () => {
    const module = moduleOf(`(func (export "h") (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))))
      (func (export "main") (local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 10000)))))`);
    let ticks = 0;
    const one: Bench = bench(module, { vectors: [{ irq: -2, priority: 15, exportName: 'h', stackBytes: 1024 }] }, {
      tick: () => {
        one.shim.opsLeft[0] = 1000;
        // Not before the handlers are bound, which is when their priorities are set.
        if (one.calls.length === 0) return;
        ticks++;
        one.shim.dispatch(0);
      },
    });
    assert.ok(one.run() instanceof Slept);
    assert.deepEqual(one.calls, [`irqPriority ${-2 >>> 0} 15`]);
    assert.ok(ticks > 10);
    assert.equal(new Uint32Array(one.shim.memory.buffer)[2], ticks);
  });

  test('an exception of the core comes out of run, through a handler and what it pre-empted', () => {
    const thrown = new Error('the end');
    const module = moduleOf(`(func (export "h") (loop $l (br $l))) (func (export "main") (loop $l (br $l)))`);
    let depth = 0;
    const one: Bench = bench(module, { vectors: [{ irq: 3, priority: 1, exportName: 'h', stackBytes: 1024 }] }, {
      tick: () => {
        one.shim.opsLeft[0] = 1000;
        if (one.calls.length === 0) return;
        if (++depth === 3) throw thrown;
        one.shim.dispatch(0);
      },
    });
    assert.equal(one.run(), thrown);
    assert.ok(one.shim.stoppedAt > 0);
  });

  test('a firmware runs once, and its handlers only meanwhile', () => {
    const { shim, run } = bench(moduleOf('(func (export "h"))'), { vectors: [{ irq: 0, priority: 1, exportName: 'h', stackBytes: 64 }] }, {
      waitForInterrupt: () => {
        shim.dispatch(0);
        shim.dispatch(1);
      },
    });
    assert.throws(() => shim.dispatch(0), /no firmware runs/);
    assert.match(run().message, /it has no such vector/);
    assert.match(run().message, /runs once/);
    assert.throws(() => shim.dispatch(0), /no firmware runs/);
  });

  test('each firmware has an interpreter of its own', () => {
    const store = (n: number) => moduleOf(`(func (export "main") (i32.store (i32.const 8) (i32.const ${n})))`);
    const benches = [1, 2, 3].map((n) => bench(store(n)));
    for (const { run } of benches) assert.ok(run() instanceof Slept);
    assert.deepEqual(benches.map(({ shim }) => shim.memory[8]), [1, 2, 3]);
  });

  test('traps end the run, with their cause', () => {
    assert.equal(causeOf(bench(moduleOf('(func (export "main") unreachable)'))), CAUSE.unreachable);
    assert.equal(causeOf(bench(moduleOf('(func (export "main") (drop (i32.load (i32.const 65533))))'))), CAUSE.memoryBounds);
    assert.equal(causeOf(bench(moduleOf('(func $f (export "main") (call $f))'))), CAUSE.stackOverflow);
  });

  test('an argument that nothing can be done with ends the run before it is used', () => {
    const uses = (signature: string, name: string, args: string) =>
      bench(moduleOf(WITH_IMPORTS(`(import "env" "${name}" (func $f ${signature}))`, `(func (export "main") ${signature.includes('result') ? '(drop' : '('} ${
        signature.includes('result') ? '(' : ''}call $f ${args})${signature.includes('result') ? ')' : ''})`)));
    const bad: readonly (readonly [string, string, string])[] = [
      ['(param i32) (result i32)', 'load32', '(i32.const 0x40000002)'], // not aligned
      ['(param i32) (result i32)', 'load8', '(i32.const 0)'], // nothing is there
      ['(param i32) (result i32)', 'load32', `(i32.const ${MEMORY_AT + 65536})`], // behind linear memory
      ['(param i32) (result i32)', 'load8', '(i32.const 0x10010000)'], // behind a range of the board
      ['(param i32 i32)', 'store16', '(i32.const 0x60000000) (i32.const 1)'],
      ['(param i32)', 'irqEnable', '(i32.const 82)'],
      ['(param i32)', 'irqPend', '(i32.const -15)'],
      ['(param i32 i32)', 'irqPriority', '(i32.const 3) (i32.const 16)'],
      ['(param i32 i32)', 'log', '(i32.const 65530) (i32.const 7)'],
      ['(param i32 i32)', 'dcacheClean', '(i32.const 65537) (i32.const 0)'],
      ['(param i32 i32)', 'dcacheInvalidate', '(i32.const 1) (i32.const -1)'],
    ];
    for (const [signature, name, args] of bad) {
      const one = uses(signature, name, args);
      assert.equal(causeOf(one), CAUSE.badArgument, `${name} ${args}`);
      assert.deepEqual(one.calls, []);
    }
  });

  test('what cannot boot says why', () => {
    const ends = (...args: Parameters<typeof bench>): Ended => {
      const error = bench(...args).run();
      assert.ok(error instanceof Ended, String(error));
      return error;
    };
    const good = moduleOf('');
    const truncated = ends(good.subarray(0, good.length - 3));
    assert.equal(truncated.reason.cause, CAUSE.badModule);
    assert.match(truncated.log, /malformed Wasm binary/);
    assert.equal(ends(new TextEncoder().encode('not a module')).reason.cause, CAUSE.badModule);
    assert.equal(ends(moduleOf('', '(memory (export "memory") 2 2)')).reason.cause, CAUSE.badModule);

    const unknown = ends(moduleOf(WITH_IMPORTS('(import "env" "print" (func $f))', '(func (export "main") (call $f))')));
    assert.equal(unknown.reason.cause, CAUSE.badModule);
    assert.match(unknown.log, /missing imported function/);
    const other = ends(moduleOf(WITH_IMPORTS('(import "env" "load32" (func $f (param i64) (result i32)))', '(func (export "main") (drop (call $f (i64.const 0))))')));
    assert.match(other.log, /function signature mismatch.*load32/);

    assert.equal(ends(good, { heapBytes: 8192 }).reason.cause, CAUSE.heapExhausted);
    const missing = ends(good, { vectors: [{ irq: 1, priority: 1, exportName: 'nothing', stackBytes: 64 }] });
    assert.match(missing.log, /function lookup failed/);
  });

  test('the log reaches the host whole and in order, and what is longer than its ring is dropped', () => {
    let text = '';
    const module = moduleOf(WITH_IMPORTS('(import "env" "log" (func $log (param i32 i32)))', `
      (data (i32.const 256) "0123456789") (func (export "main") (local $i i32)
        (call $log (i32.const 256) (i32.const 1024))
        (loop $l (call $log (i32.const 256) (i32.const 10)) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300)))))`));
    assert.ok(bench(module, {}, { log: (bytes) => { text += new TextDecoder().decode(bytes); } }).run() instanceof Slept);
    assert.equal(text, '0123456789'.repeat(300));
  });
});
