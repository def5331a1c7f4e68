// SPDX-License-Identifier: MIT
// Loops that look as if they had a short bound, and have none, or a longer one, because something wraps round, is wider than it seems, or is not certain.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { assemble, boundOf, measure, metered } from './bound-and-runs.js';

const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const HIGH = 2 ** 31 - 1;

/** `f` of two parameters, with a loop. Locals: 2 counter, 3 limit, of 32 bits; 4 counter of 64. */
const around = (first: string, loop: string): string => `(module (memory (export "memory") 1 1)
  (func (export "f") (param i32 i32) (result i32) (local i32 i32 i64) ${first} (loop $again ${loop}) (local.get 2)))`;
const repeat = (first: string, body: string, ask: string): string => around(first, `${body} (br_if $again ${ask})`);
const whilst = (first: string, ask: string, body: string): string => around(first, `(if ${ask} (then ${body} (br $again)))`);
const I = '(local.get 2)';
const LIMIT = '(local.get 3)';
const N = '(local.get 4)';
const c = (n: number): string => `(i32.const ${n})`;
const add = (a: string, b: string): string => `(i32.add ${a} ${b})`;

/** What, its code, arguments, and how often it turns: the bound is of so many turns, or of one more. */
const cases: readonly (readonly [what: string, code: string, args: readonly [number, number], turns: number | 'refused'])[] = [
  ['counting up from near the highest number goes on from the lowest', repeat(`(local.set 2 ${c(HIGH - 7)})`, `(local.set 2 ${add(I, c(10))})`, `(i32.lt_s ${I} ${c(5)})`), [0, 0], 214_748_365],
  ['counting down from near the lowest number goes on from the highest', repeat(`(local.set 2 ${c(-HIGH)})`, `(local.set 2 ${add(I, c(-10))})`, `(i32.gt_s ${I} ${c(5)})`), [0, 0], 214_748_364],
  ['a step passes a limit that the counter is told from', whilst(
    `(local.set 3 (i32.and (local.get 0) ${c(HIGH)})) (local.set 2 ${add(LIMIT, c(-10))})`, `(i32.lt_s ${I} ${LIMIT})`, `(local.set 2 ${add(I, c(20))})`), [HIGH, 0], 'refused'],
  ['the limit passes the lowest number, the counter stays there', repeat(
    `(local.set 2 ${c(-HIGH + 3)}) (local.set 3 ${c(-HIGH + 19)})`,
    `(local.set 2 (i32.sub ${I} (i32.ne ${I} ${c(-HIGH - 1)}))) (local.set 3 ${add(LIMIT, c(-3))})`, `(i32.lt_s ${I} ${LIMIT})`), [0, 0], 'refused'],
  ['a pointer that is seldom used passes the end of addresses', repeat(
    `(local.set 2 ${add('(local.get 0)', c(-16))}) (local.set 3 (local.get 0))`, `(if (local.get 1) (then (i32.store8 ${I} ${c(1)}))) (local.set 2 ${add(I, c(12))})`, `(i32.lt_u ${I} ${LIMIT})`),
    [-2, 0], 'refused'],
  ['a pointer that is always used traps first', repeat(
    `(local.set 2 (local.get 0)) (local.set 3 ${add('(local.get 0)', c(100))})`, `(i32.store8 ${I} ${c(1)}) (local.set 2 ${add(I, c(10))})`, `(i32.lt_u ${I} ${LIMIT})`), [64, 0], 10],
  ['64 bits that are not 0 are more than 31 of them', repeat(
    `(local.set 4 (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 8)) (i64.const 0)))
     (if (i64.eqz ${N}) (then (return ${c(0)})))`, `(local.set 4 (i64.shr_u ${N} (i64.const 1)))`, `(i64.ne ${N} (i64.const 0))`), [-1, 0], 40],
  ['a counter of 64 bits', repeat(`(local.set 4 (i64.extend_i32_u (i32.and (local.get 0) ${c(31)})))`, `(local.set 4 (i64.add ${N} (i64.const 3)))`, `(i64.lt_u ${N} (i64.const 40))`), [0, 0], 14],
  ['a shift by as many bits as there are', repeat(`(local.set 2 (i32.or (local.get 0) ${c(1)}))`, `(local.set 2 (i32.shr_u ${I} ${c(32)}))`, I), [1, 0], 'refused'],
  ['a shift by more bits than there are', repeat(`(local.set 2 (local.get 0))`, `(local.set 2 (i32.shr_u ${I} ${c(33)}))`, I), [-1, 0], 32],
  ['signed shifts of a negative number', repeat(`(local.set 2 (local.get 0))`, `(local.set 2 (i32.shr_s ${I} ${c(1)}))`, I), [-8, 0], 'refused'],
  ['negative steps against an unsigned limit', repeat(`(local.set 2 ${c(10)})`, `(local.set 2 ${add(I, c(-3))})`, `(i32.gt_u ${I} ${c(0)})`), [0, 0], 'refused'],
  ['a counter in memory', repeat(`(i32.store ${c(0)} ${c(0)})`, `(i32.store ${c(0)} ${add(`(i32.load ${c(0)})`, c(1))})`, `(i32.lt_s (i32.load ${c(0)}) ${c(10)})`), [0, 0], 'refused'],
  ['an odd number is never 0', whilst(`(local.set 2 (i32.and (local.get 0) ${c(15)}))`, `(i32.or ${I} ${c(1)})`, `(local.set 2 ${add(I, c(-1))})`), [0, 0], 'refused'],
  ['a byte that changes need not be met', whilst('', `(i32.ne ${I} (i32.load8_u ${c(0)}))`, `(i32.store8 ${c(0)} ${I}) (local.set 2 ${add(I, c(1))})`), [0, 0], 'refused'],
  ['a number that stays is met', whilst(`(local.set 3 (i32.and (local.get 0) ${c(63)}))`, `(i32.ne ${I} ${LIMIT})`, `(local.set 2 ${add(I, c(1))})`), [63, 0], 63],
  ['a counter of 8 bits stops a step before its end', repeat(`(local.set 2 ${c(247)})`, `(local.set 2 ${add(I, c(9))})`, `(i32.lt_u (i32.and ${I} ${c(255)}) ${c(64)})`), [0, 0], 8],
  ['a counter of 8 bits passes its end', repeat(`(local.set 2 ${c(1)})`, `(local.set 2 ${add(I, c(9))})`, `(i32.lt_u (i32.and ${I} ${c(255)}) ${c(250)})`), [0, 0], 'refused'],
  ['a counter of 16 bits goes down', repeat(`(local.set 2 ${c(65535 + 900)})`, `(local.set 2 ${add(I, c(-900))})`, `(i32.gt_s (i32.and ${I} ${c(65535)}) ${c(1000)})`), [0, 0], 72],
  ['a counter of 8 bits goes below 0', repeat(`(local.set 2 ${c(100)})`, `(local.set 2 ${add(I, c(-9))})`, `(i32.gt_u (i32.and ${I} ${c(255)}) ${c(3)})`), [0, 0], 'refused'],
  ['a limit that goes along', repeat(`(local.set 3 ${c(5)})`, `(local.set 2 ${add(I, c(1))}) (local.set 3 ${add(LIMIT, c(1))})`, `(i32.lt_s ${I} ${LIMIT})`), [0, 0], 'refused'],
  ['a limit that comes towards the counter', repeat(`(local.set 3 ${c(21)})`, `(local.set 2 ${add(I, c(1))}) (local.set 3 ${add(LIMIT, c(-1))})`, `(i32.lt_s ${I} ${LIMIT})`), [0, 0], 11],
];

for (const [what, code, args, turns] of cases) {
  test(`${what}: ${turns}`, () => {
    const wasm = assemble(code, false);
    const bound = boundOf(wasm, unit);
    if (turns === 'refused') return assert.equal(bound, undefined);
    const taken = measure(metered(wasm, unit)(), args, 2 ** 31 - 1)!;
    assert.ok(taken > 5 * turns && taken <= bound!, `took ${taken}, bound ${bound}`);
    assert.ok(bound! <= taken * (1 + 1.2 / turns) + 2, `took ${taken}, bound ${bound}`);
  });
}
