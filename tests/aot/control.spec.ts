// SPDX-License-Identifier: MIT
// Control flow, calls through the table and stack limits in C, against V8; and what the translator refuses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import binaryen from 'assemblyscript/binaryen';
import { translateModule } from '../../host/build/aot/translate.js';
import { parseModule, type WasmModule } from '../../host/cpu/wasm/decode.js';
import { bitsOf, missingCompiler, runInC, runInV8, type Step } from './native.js';

const skip = process.env.CI ? undefined : missingCompiler();

function moduleOf(text: string): WasmModule {
  const module = binaryen.parseText(text);
  // What a test is about is decided by it, not by what this version of binaryen has on by default.
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return parseModule(bytes);
}

const call = (name: string, ...args: number[]): Step => ({ call: name, args: args.map((a) => bitsOf('i32', a)) });

const FLOW = moduleOf(`(module
  (memory (export "memory") 1 1)
  (global $counter (mut i32) (i32.const 5))
  (type $unary (func (param i32) (result i32)))
  (type $binary (func (param i32 i32) (result i32)))
  (table 6 6 funcref)
  (elem (i32.const 1) $double $negate $add)
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $negate (type $unary) (i32.sub (i32.const 0) (local.get 0)))
  (func $add (type $binary) (i32.add (local.get 0) (local.get 1)))
  (func (export "switch") (param $x i32) (result i32)
    (block $out (result i32)
      (block $two (result i32)
        (block $one (result i32)
          (block $zero (result i32)
            (br_table $zero $one $two $one $out (i32.const 100) (local.get $x)))
          (br $out (i32.add (i32.const 1))))
        (br $out (i32.mul (i32.const 3))))
      (i32.sub (i32.const 7))))
  (func (export "nested") (param $x i32) (param $y i32) (result i32) (local $sum i32)
    (loop $outer
      (local.set $y (i32.const 0))
      (block $break
        (loop $inner
          (br_if $break (i32.gt_u (local.get $y) (local.get $x)))
          (local.set $sum (i32.add (local.get $sum) (if (result i32) (i32.and (local.get $y) (i32.const 1))
            (then (i32.mul (local.get $x) (i32.const 3))) (else (local.get $y)))))
          (local.set $y (i32.add (local.get $y) (i32.const 1)))
          (br $inner)))
      (br_if $outer (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
    (local.get $sum))
  (func (export "kept") (param $x i32) (result i32)
    (i32.sub (local.get $x)
      (block (result i32)
        (if (i32.gt_s (local.get $x) (i32.const 10)) (then (local.set $x (i32.const 1000))))
        (local.tee $x (i32.add (local.get $x) (i32.const 1))))))
  (func (export "early") (param $x i32) (result i32)
    (block $b (br_if $b (i32.lt_s (local.get $x) (i32.const 3))) (return (i32.const 42)))
    (if (result i32) (i32.eqz (local.get $x)) (then (unreachable)) (else (local.get $x))))
  (func (export "count") (result i32)
    (global.set $counter (i32.add (global.get $counter) (i32.const 3)))
    (global.get $counter))
  (func (export "indirect") (param $i i32) (param $x i32) (result i32) (call_indirect (type $unary) (local.get $x) (local.get $i)))
  (func (export "grow") (param $x i32) (result i32) (i32.add (i32.mul (memory.grow (local.get $x)) (i32.const 100)) (memory.size)))
  (func $even (export "even") (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 1)) (else (call $odd (i32.sub (local.get $n) (i32.const 1))))))
  (func $odd (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 0)) (else (i32.xor (i32.const 1) (i32.xor (i32.const 1) (call $even (i32.sub (local.get $n) (i32.const 1))))))))
  (func $deep (export "deep") (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 0)) (else (i32.add (call $deep (i32.sub (local.get $n) (i32.const 1))) (i32.mul (local.get $n) (call $deep (i32.const 0)))))))
)`);

test('branches, tables, recursion', { skip }, () => {
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const steps = [
    ...[...range(7), -1, 1000].map((x) => call('switch', x)), ...range(20).map((x) => call('nested', x + 1, x)), ...range(20).map((x) => call('kept', x)),
    ...[-5, 0, 1, 2, 3, 4].map((x) => call('early', x)), ...range(3).map(() => call('count')),
    ...[...range(8), -1].map((i) => call('indirect', i, 21)), call('grow', 0), call('grow', 1), call('grow', -1), ...range(9).map((n) => call('even', n)), call('deep', 50),
    call('deep', 100_000_000), call('deep', 3),
  ];
  const v8 = runInV8(FLOW, steps);
  const c = runInC(FLOW, steps);
  assert.deepEqual(c.results, v8.results);
  const causesOf = (name: string) => c.traps.filter(({ step }) => 'call' in steps[step] && (steps[step] as { call: string }).call === name).map(({ cause }) => cause);
  // boards/shim/trap.h: 1 unreachable, 6 beyond the table, 7 null, 8 another type, 9 stack.
  assert.deepEqual(causesOf('early'), [1]);
  assert.deepEqual(causesOf('indirect'), [7, 8, 7, 7, 6, 6, 6]);
  assert.deepEqual(causesOf('deep'), [9]);
});

test('only functions that can recurse look at the stack', () => {
  const text = translateModule(FLOW);
  const checked = text.split(/^static /m).filter((part) => part.includes('tw_check_stack')).length;
  // even, odd, deep; a call through the table reaches double and negate alone.
  assert.equal(checked, 3);
});

test('what is not supported is refused by name', () => {
  assert.throws(() => translateModule(moduleOf('(module (memory 1) (data "abc") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))')), /bulk-memory/);
  assert.throws(() => translateModule(moduleOf('(module (import "host" "f" (func)))')), /host\.f is not of module "env"/);
  assert.throws(() => translateModule(moduleOf('(module (import "env" "g" (global i32)))')), /imports global env\.g; only functions/);
  const natives = (body: string) => () => translateModule(moduleOf(`(module (import "env" "log" (func $log (param i32 i32))) (global $g (mut i32) (i32.const 0)) (func $k ${body}))`), { functions: new Set([1]) });
  assert.throws(natives('(call $log (i32.const 0) (i32.const 0))'), /calls the import log/);
  assert.throws(natives('(global.set $g (i32.const 1))'), /touches a global that changes/);
});
