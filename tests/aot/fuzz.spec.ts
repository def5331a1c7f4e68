// SPDX-License-Identifier: MIT
// Random valid modules, translated to C, against V8: each call on memory and globals as they were at first. More: TONEWHEEL_FUZZ=1000.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { randomCase } from '../wasm3/random-modules.js';
import { bitsOf, missingCompiler, runInC, signatureOfExport, textOf, valueOf, type Step } from './native.js';

const skip = process.env.CI ? undefined : missingCompiler();
const count = Number(process.env.TONEWHEEL_FUZZ ?? 12);
const firstSeed = Number(process.env.TONEWHEEL_FUZZ_SEED ?? 1);

const IMPORTS = 'fuzzing-support';
const zero = () => 0;
const C_IMPORTS = `void tw_abi_log_i32(uint32_t x) { (void)x; }
void tw_abi_log_i64(uint64_t x) { (void)x; }
void tw_abi_log_f32(float x) { (void)x; }
void tw_abi_log_f64(double x) { (void)x; }
uint32_t tw_abi_sleep(uint32_t a, uint32_t b) { (void)a, (void)b; return 0; }
uint32_t tw_abi_call_export_catch(uint32_t a) { (void)a; return 0; }
void tw_abi_call_export(uint32_t a, uint32_t b) { (void)a, (void)b; }
`;

/** Causes of boards/shim/trap.h where V8 goes on: its stack is another, and it takes unaligned floats. */
const ONLY_IN_C = [9, 10];

test(`${count} random modules give the same results, and trap alike`, { skip }, async () => {
  let results = 0;
  let traps = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const { wasm, calls } = await randomCase(seed);
    const module = parseModule(wasm);
    const compiled = new WebAssembly.Module(wasm as BufferSource);
    const steps = calls.map(({ name, args }): Extract<Step, { call: string }> => ({ call: name, args: args.map(({ type, bits }) => (type.endsWith('32') ? bits & 0xffffffffn : bits)) }));
    const expected = steps.map(({ call, args }) => {
      const imports = { [IMPORTS]: { 'log-i32': zero, 'log-i64': zero, 'log-f32': zero, 'log-f64': zero, sleep: zero, 'call-export-catch': zero, 'call-export': zero } };
      const { exports } = new WebAssembly.Instance(compiled, imports);
      const { parameters, results: [type] } = signatureOfExport(module, call);
      try {
        const value = (exports[call] as Function)(...parameters.map((t, i) => valueOf(t, args[i])));
        return type ? textOf(type, bitsOf(type, value)) : 'void';
      } catch {
        return 'trap';
      }
    });
    const c = runInC(module, steps, ['-O1', '-w'], { fresh: true, more: C_IMPORTS, importModules: [IMPORTS] });
    const apart = new Set(c.traps.filter(({ cause }) => ONLY_IN_C.includes(cause)).map(({ step }) => step));
    expected.forEach((text, i) => {
      if (apart.has(i)) return;
      assert.equal(c.results[i], text, `seed ${seed}, call ${i} of ${steps[i].call}`);
      if (text === 'trap') traps++;
      else results++;
    });
  }
  assert.ok(results > count && traps > count / 4, `${results} results, ${traps} traps: too few to mean anything`);
});
