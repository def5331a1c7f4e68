// SPDX-License-Identifier: MIT
// Floating-point instructions in translated code against the interpreter: results, FPSCR after each, and cycles, with the plain arithmetic of
// WebAssembly allowed and forbidden by FPSCR. What the interpreter computes is held against other computers by the specs beside this one.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { Fpu } from '../../host/cpu/arm/fpu/arithmetic.js';
import { bareArm } from '../../host/testing/bare-arm.js';
import { elfFile } from '../../host/testing/elf-file.js';
import { Assembler, CONDITION } from '../cpu/arm/lockstep/assembler.js';
import { randomOperands, randomWords, SPECIAL } from './operands.js';

/** Sd = S0, Sn = S1, Sm = S2, as GNU as encodes them. The method is the unit's that the interpreter computes it with. */
const INSTRUCTIONS: readonly [name: string, bits: number, method: keyof Fpu][] = [
  ['vmla', 0xee000a81, 'mul'], ['vmls', 0xee000ac1, 'add'], ['vnmls', 0xee100a81, 'add'], ['vnmla', 0xee100ac1, 'mul'],
  ['vmul', 0xee200a81, 'mul'], ['vnmul', 0xee200ac1, 'mul'], ['vadd', 0xee300a81, 'add'], ['vsub', 0xee300ac1, 'sub'], ['vdiv', 0xee800a81, 'div'],
  ['vfnms', 0xee900a81, 'fma'], ['vfnma', 0xee900ac1, 'fma'], ['vfma', 0xeea00a81, 'fma'], ['vfms', 0xeea00ac1, 'fma'], ['vsqrt', 0xeeb10ac1, 'sqrt'],
  ['vcmp', 0xeeb40a41, 'compare'], ['vcmpe', 0xeeb40ac1, 'compare'], ['vcmp #0.0', 0xeeb50a40, 'compare'],
  ['vcvt.f32.u32', 0xeeb80a41, 'fromFixed'], ['vcvt.f32.s32', 0xeeb80ac1, 'fromFixed'], ['vcvt.u32.f32', 0xeebc0ac1, 'toFixed'],
  ['vcvt.s32.f32', 0xeebd0ac1, 'toFixed'], ['vcvtr.u32.f32', 0xeebc0a41, 'toFixed'], ['vcvtr.s32.f32', 0xeebd0a41, 'toFixed'],
  ['vcvt.f32.s16 #5', 0xeeba0a65, 'fromFixed'], ['vcvt.f32.u16 #16', 0xeebb0a40, 'fromFixed'], ['vcvt.s16.f32 #5', 0xeebe0a65, 'toFixed'],
  ['vcvt.u16.f32 #2', 0xeebf0a47, 'toFixed'], ['vcvt.f32.s32 #32', 0xeeba0ac0, 'fromFixed'], ['vcvt.s32.f32 #9', 0xeebe0aeb, 'toFixed'],
  ['vcvt.u32.f32 #32', 0xeebf0ac0, 'toFixed'],
];
const IXC = 0x10, FZ = 1 << 24, UP = 1 << 22;
const CASES = 5000;
const RAM = 0x20000000, OPERANDS = RAM + 0x100, RESULTS = RAM + 0x40000, RAM_BYTES = 0x80000;

/** For each three operands: FPSCR, the instruction, S0 and FPSCR to memory. */
function program(bits: number, fpscr: number): Uint8Array {
  const bytes = new Uint8Array(0x200);
  const asm = new Assembler(bytes);
  asm.word(RAM + RAM_BYTES, 0x101, ...Array<number>(14).fill(0x81));
  asm.here = 0x80;
  asm.half(0xbeab); // bkpt: also what a fault comes to
  asm.here = 0x100;
  asm.set(0, 0xe000ed88); // CPACR
  asm.set(1, 0xf << 20);
  asm.str(1, 0);
  asm.dsb();
  asm.isb();
  asm.set(0, OPERANDS);
  asm.set(1, RESULTS);
  asm.set(2, CASES);
  asm.set(4, fpscr);
  const loop = asm.here;
  asm.half(0xecb0, 0x0a03); // vldmia r0!, {s0-s2}
  asm.half(0xeee1, 0x4a10); // vmsr fpscr, r4
  asm.instruction(bits, 4);
  asm.half(0xeca1, 0x0a01); // vstmia r1!, {s0}
  asm.half(0xeef1, 0x3a10); // vmrs r3, fpscr
  asm.half(0xc108); // stmia r1!, {r3}
  asm.half(0xeef1, 0xfa10); // vmrs APSR_nzcv, fpscr
  asm.half(0xf3ef, 0x8300); // mrs r3, apsr
  asm.half(0xc108); // stmia r1!, {r3}
  asm.subs(2, 1);
  asm.bc(CONDITION.ne, loop);
  asm.half(0xbeab);
  return bytes;
}

function run(bits: number, fpscr: number, operands: Int32Array, hot: number | false) {
  const bench = bareArm(elfFile({ loads: [{ physical: 0, bytes: program(bits, fpscr) }] }), { hot, codeBytes: 0x10000, ramBytes: RAM_BYTES });
  bench.ram.bytes.set(new Uint8Array(operands.buffer), OPERANDS - RAM);
  bench.run();
  return { results: bench.ram.bytes.slice(RESULTS - RAM, RESULTS - RAM + 12 * CASES), cycles: bench.cpu.now, translated: bench.engine?.translated };
}

describe('floating point in translated code', () => {
  INSTRUCTIONS.forEach(([name, bits, method], index) => test(name, () => {
    const word = randomWords(index + 1);
    const operands = new Int32Array(3 * CASES);
    const special = () => SPECIAL[word() % SPECIAL.length];
    for (let i = 0; i < CASES; i++) operands.set(i < SPECIAL.length ? [special(), SPECIAL[i], special()] : randomOperands(word), 3 * i);
    for (const fpscr of [IXC, 0, IXC | FZ, IXC | UP]) {
      const interpreted = run(bits, fpscr, operands, false);
      const unit = mock.method(Fpu.prototype, method);
      const translated = run(bits, fpscr, operands, 20);
      const calls = unit.mock.callCount();
      unit.mock.restore();
      const words = (bytes: Uint8Array) => new Uint32Array(bytes.buffer, 0, 3 * CASES);
      const [ours, theirs] = [words(translated.results), words(interpreted.results)];
      for (let i = 0; i < 3 * CASES; i++) {
        if (ours[i] === theirs[i]) continue;
        const [a, b, c] = operands.subarray(i - (i % 3));
        assert.fail(`word ${i % 3} of ${[a, b, c, ours[i], theirs[i]].map((bits) => (bits >>> 0).toString(16)).join(' ')}`);
      }
      assert.ok(theirs.some((result) => result !== 0), 'it ran');
      assert.equal(translated.cycles, interpreted.cycles, 'cycles');
      assert.ok(translated.translated!.regions > 0);
      if (fpscr === IXC) assert.ok(calls < 0.95 * CASES, `the unit was asked ${calls} times for ${CASES} instructions`);
    }
  }));
});
