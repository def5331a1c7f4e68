// SPDX-License-Identifier: MIT
// System instructions: what each asks of the core (ARM DDI 0403E, A5.2.5, A5.3.4, A5.3.6, B5.2), and flags inside of IT blocks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CoreControl } from '../core/control.js';
import { Fpu } from '../fpu/arithmetic.js';
import { Evaluator } from '../interpreter/evaluator.js';
import { STATE } from '../state.js';
import { decode } from './decode.js';

const nowhere = () => assert.fail('no access here');

/** Executes a system instruction on a core that writes down what it is asked; what it answers is 0x55. */
function asked(bits: number, registers: Readonly<Record<number, number>> = {}) {
  const state = new Int32Array(128);
  for (const [n, value] of Object.entries(registers)) state[Number(n)] = value;
  const ops = new Evaluator(state, { load: nowhere, store: nowhere }, new Fpu(state), { unusualBranch: nowhere, divideByZero: () => {} });
  const calls: string[] = [];
  const core = new Proxy({ ops } as unknown as CoreControl, {
    get: (target, name) => (name === 'ops' ? target.ops : (...values: unknown[]) => {
      calls.push([name, ...values].join(' '));
      return 0x55;
    }),
  });
  const { row, fields, ...site } = bits > 0xffff ? decode(bits >>> 16, bits & 0xffff, 0, false) : decode(bits, 0, 0, false);
  if ('system' in row) row.system(core, fields, site);
  else row.run(ops, fields, site);
  const changed: Record<string, number> = {};
  for (let n = 0; n < 15; n++) if (state[n] !== (registers[n] ?? 0)) changed[`r${n}`] = state[n];
  return { text: row.text!(fields, { pc: 0, length: 2, inIT: false }), calls, changed };
}

describe('system instructions', () => {
  const cases: readonly (readonly [string, number, Record<number, number>, readonly string[], Record<string, number>])[] = [
    ['svc 171', 0xdfab, {}, ['supervisorCall 171'], {}],
    ['bkpt 0x00ab', 0xbeab, {}, ['breakpoint 171'], {}],
    ['udf #1', 0xde01, {}, ['undefined'], {}],
    ['udf.w #4660', 0xf7f1a234, {}, ['undefined'], {}],
    ['cpsid i', 0xb672, {}, ['changeInterrupts true true false'], {}],
    ['cpsie f', 0xb661, {}, ['changeInterrupts false false true'], {}],
    ['cpsid if', 0xb673, {}, ['changeInterrupts true true true'], {}],
    ['nop', 0xbf00, {}, [], {}],
    ['wfe', 0xbf20, {}, ['waitForEvent'], {}],
    ['wfi', 0xbf30, {}, ['waitForInterrupt'], {}],
    ['sev', 0xbf40, {}, ['sendEvent'], {}],
    ['wfi.w', 0xf3af8003, {}, ['waitForInterrupt'], {}],
    ['it eq', 0xbf08, {}, ['setIT 8'], {}],
    ['itete ne', 0xbf15, {}, ['setIT 21'], {}],
    ['dsb sy', 0xf3bf8f4f, {}, [], {}],
    ['dmb sy', 0xf3bf8f5f, {}, [], {}],
    ['isb sy', 0xf3bf8f6f, {}, [], {}],
    ['clrex', 0xf3bf8f2f, {}, ['clearExclusive'], {}],
    ['mrs r0, PRIMASK', 0xf3ef8010, {}, ['readSpecial 16'], { r0: 0x55 }],
    ['msr BASEPRI, r1', 0xf3818811, { 1: 64 }, ['writeSpecial 17 2 64'], {}],
    ['msr APSR_nzcvqg, r1', 0xf3818c00, { 1: -1 }, ['writeSpecial 0 3 -1'], {}],
    ['ldrex r0, [r1, #1020]', 0xe8510fff, { 1: 4 }, ['loadExclusive 1024 4'], { r0: 0x55 }],
    ['ldrexb r0, [r1]', 0xe8d10f4f, { 1: 4 }, ['loadExclusive 4 1'], { r0: 0x55 }],
    ['ldrexh r0, [r1]', 0xe8d10f5f, { 1: 4 }, ['loadExclusive 4 2'], { r0: 0x55 }],
    ['strex r2, r0, [r1, #4]', 0xe8410201, { 0: 9, 1: 4 }, ['storeExclusive 8 4 9'], { r2: 0x55 }],
    ['strexb r2, r0, [r1]', 0xe8c10f42, { 0: 9, 1: 4 }, ['storeExclusive 4 1 9'], { r2: 0x55 }],
    ['strexh r2, r0, [r1]', 0xe8c10f52, { 0: 9, 1: 4 }, ['storeExclusive 4 2 9'], { r2: 0x55 }],
  ];
  for (const [text, bits, registers, calls, changed] of cases) {
    it(text, () => assert.deepEqual(asked(bits, registers), { text, calls, changed }));
  }
});

describe('16-bit data processing', () => {
  /** Flags after R0 = R0 op R1 of operands that would change them all: 0x80000000 each. */
  const flagsAfter = (bits: number, inIT: boolean) => {
    const state = new Int32Array(128);
    const ops = new Evaluator(state, { load: nowhere, store: nowhere }, new Fpu(state), { unusualBranch: nowhere, divideByZero: () => {} });
    state[0] = state[1] = -0x80000000;
    state[STATE.Z] = 5;
    ops.execute(decode(bits, 0, 0, inIT));
    return [ops.n(), ops.z(), ops.c(), ops.v()].join('');
  };

  it('sets flags outside of IT blocks, and not inside, but for compares', () => {
    // ADDS, LSLS #1, ANDS, MULS, RSBS (NEG) of R0 and R1; MOVS R0, #0; then CMN, CMP, TST.
    const setting = [[0x1840, '0111'], [0x0048, '0110'], [0x4008, '1000'], [0x4348, '0100'], [0x4248, '1001'], [0x2000, '0100']] as const;
    for (const [bits, flags] of setting) {
      assert.equal(flagsAfter(bits, false), flags, bits.toString(16));
      assert.equal(flagsAfter(bits, true), '0000', bits.toString(16));
    }
    for (const [bits, flags] of [[0x42c8, '0111'], [0x4288, '0110'], [0x4208, '1000']] as const) assert.equal(flagsAfter(bits, true), flags, bits.toString(16));
  });
});
