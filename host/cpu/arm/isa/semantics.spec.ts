// SPDX-License-Identifier: MIT
// What data processing, DSP and multiply instructions compute: the manual's pseudocode restated with unbounded integers (ARM DDI 0403E, A7.7), for
// operands at the edges and at random.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fpu } from '../fpu/arithmetic.js';
import { Evaluator } from '../interpreter/evaluator.js';
import { STATE } from '../state.js';
import { decode } from './decode.js';

/** R0 to R3 as unsigned numbers, R5:R4 as one, C, and GE. */
interface Operands {
  readonly d: bigint;
  readonly n: bigint;
  readonly m: bigint;
  readonly a: bigint;
  readonly long: bigint;
  readonly c: bigint;
  readonly ge: number;
}

/** What is new after it: results of any length, of which the low bits count. */
interface Result {
  readonly d?: bigint;
  readonly long?: bigint;
  readonly n?: bigint;
  readonly z?: boolean;
  readonly c?: bigint;
  readonly v?: boolean;
  readonly q?: boolean;
  readonly ge?: number;
}

const WORD = 0xffffffffn;
const ROUND = 0x80000000n;
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
const half = (x: bigint, i: number): bigint => BigInt.asIntN(16, x >> BigInt(16 * i));
const byte = (x: bigint, i: number): bigint => (x >> BigInt(8 * i)) & 0xffn;
const rotated = (x: bigint, by: bigint): bigint => ((x >> by % 32n) | (x << (32n - (by % 32n)))) & WORD;

/** A word of lanes, lowest first. */
function lanes(width: number, value: (i: number) => bigint): bigint {
  let word = 0n;
  for (let i = 0; i < 32 / width; i++) word |= BigInt.asUintN(width, value(i)) << BigInt(i * width);
  return word;
}

const sticky = (sum: bigint): Result => ({ d: sum, q: sum !== s32(sum) });
const between = (x: bigint, least: bigint, most: bigint): Result => {
  const d = x < least ? least : x > most ? most : x;
  return { d, q: d !== x };
};
const signedSat = (x: bigint, bits: bigint): Result => between(x, -(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n);
const unsignedSat = (x: bigint, bits: bigint): Result => between(x, 0n, (1n << bits) - 1n);
const saturated = (x: bigint): Result => signedSat(x, 32n);

function afterDoubling(x: bigint, use: (twice: bigint) => bigint): Result {
  const doubled = saturated(2n * s32(x));
  const result = saturated(use(doubled.d!));
  return { d: result.d, q: doubled.q || result.q };
}

function bothHalves(n: bigint, saturate: (half: bigint) => Result): Result {
  const results = [0, 1].map((i) => saturate(half(n, i)));
  return { d: lanes(16, (i) => results[i].d!), q: results.some(({ q }) => q) };
}

function differences(n: bigint, m: bigint): bigint {
  let sum = 0n;
  for (let i = 0; i < 4; i++) {
    const difference = byte(n, i) - byte(m, i);
    sum += difference < 0n ? -difference : difference;
  }
  return sum;
}

/** A2.2.1 */
function addWithCarry(x: bigint, y: bigint, carry: bigint): Result {
  const sum = x + y + carry;
  const signedSum = s32(x) + s32(y) + carry;
  return { ...shifted(sum, sum >> 32n), v: s32(sum) !== signedSum };
}

/** A result with N, Z, and the low bit of `carry` as C. */
const shifted = (d: bigint, carry: bigint): Result => ({ d, n: (d >> 31n) & 1n, z: (d & WORD) === 0n, c: carry & 1n });

/** A7.4.4 and the instructions' own pages: prefix and operation of the parallel additions and subtractions. */
function parallel(prefix: string, operation: string): (x: Operands) => Result {
  const width = operation.endsWith('8') ? 8 : 16;
  const isSigned = !prefix.startsWith('u');
  return ({ n, m }) => {
    const at = (x: bigint, i: number) => (isSigned ? BigInt.asIntN : BigInt.asUintN)(width, x >> BigInt(i * width));
    let ge = 0;
    const d = lanes(width, (i) => {
      const crossed = operation === 'asx' || operation === 'sax';
      const subtracts = operation.startsWith('sub') || (operation === 'asx' && i === 0) || (operation === 'sax' && i === 1);
      const other = at(m, crossed ? 1 - i : i);
      const exact = subtracts ? at(n, i) - other : at(n, i) + other;
      const isGe = !isSigned && !subtracts ? exact >= 1n << BigInt(width) : exact >= 0n;
      if (isGe) ge |= width === 8 ? 1 << i : 3 << (2 * i);
      if (prefix.endsWith('h')) return exact >> 1n;
      if (prefix === 'q') return signedSat(exact, BigInt(width)).d!;
      return prefix === 'uq' ? unsignedSat(exact, BigInt(width)).d! : exact;
    });
    return prefix === 's' || prefix === 'u' ? { d, ge } : { d };
  };
}

/** Text as it is decoded, encoding (assembled by GNU as), and what the manual says. */
const CASES: readonly (readonly [string, number, (x: Operands) => Result])[] = [
  ['sadd16 r0, r1, r2', 0xfa91f002, parallel('s', 'add16')],
  ['sasx r0, r1, r2', 0xfaa1f002, parallel('s', 'asx')],
  ['ssax r0, r1, r2', 0xfae1f002, parallel('s', 'sax')],
  ['ssub16 r0, r1, r2', 0xfad1f002, parallel('s', 'sub16')],
  ['sadd8 r0, r1, r2', 0xfa81f002, parallel('s', 'add8')],
  ['ssub8 r0, r1, r2', 0xfac1f002, parallel('s', 'sub8')],
  ['qadd16 r0, r1, r2', 0xfa91f012, parallel('q', 'add16')],
  ['qasx r0, r1, r2', 0xfaa1f012, parallel('q', 'asx')],
  ['qsax r0, r1, r2', 0xfae1f012, parallel('q', 'sax')],
  ['qsub16 r0, r1, r2', 0xfad1f012, parallel('q', 'sub16')],
  ['qadd8 r0, r1, r2', 0xfa81f012, parallel('q', 'add8')],
  ['qsub8 r0, r1, r2', 0xfac1f012, parallel('q', 'sub8')],
  ['shadd16 r0, r1, r2', 0xfa91f022, parallel('sh', 'add16')],
  ['shasx r0, r1, r2', 0xfaa1f022, parallel('sh', 'asx')],
  ['shsax r0, r1, r2', 0xfae1f022, parallel('sh', 'sax')],
  ['shsub16 r0, r1, r2', 0xfad1f022, parallel('sh', 'sub16')],
  ['shadd8 r0, r1, r2', 0xfa81f022, parallel('sh', 'add8')],
  ['shsub8 r0, r1, r2', 0xfac1f022, parallel('sh', 'sub8')],
  ['uadd16 r0, r1, r2', 0xfa91f042, parallel('u', 'add16')],
  ['uasx r0, r1, r2', 0xfaa1f042, parallel('u', 'asx')],
  ['usax r0, r1, r2', 0xfae1f042, parallel('u', 'sax')],
  ['usub16 r0, r1, r2', 0xfad1f042, parallel('u', 'sub16')],
  ['uadd8 r0, r1, r2', 0xfa81f042, parallel('u', 'add8')],
  ['usub8 r0, r1, r2', 0xfac1f042, parallel('u', 'sub8')],
  ['uqadd16 r0, r1, r2', 0xfa91f052, parallel('uq', 'add16')],
  ['uqasx r0, r1, r2', 0xfaa1f052, parallel('uq', 'asx')],
  ['uqsax r0, r1, r2', 0xfae1f052, parallel('uq', 'sax')],
  ['uqsub16 r0, r1, r2', 0xfad1f052, parallel('uq', 'sub16')],
  ['uqadd8 r0, r1, r2', 0xfa81f052, parallel('uq', 'add8')],
  ['uqsub8 r0, r1, r2', 0xfac1f052, parallel('uq', 'sub8')],
  ['uhadd16 r0, r1, r2', 0xfa91f062, parallel('uh', 'add16')],
  ['uhasx r0, r1, r2', 0xfaa1f062, parallel('uh', 'asx')],
  ['uhsax r0, r1, r2', 0xfae1f062, parallel('uh', 'sax')],
  ['uhsub16 r0, r1, r2', 0xfad1f062, parallel('uh', 'sub16')],
  ['uhadd8 r0, r1, r2', 0xfa81f062, parallel('uh', 'add8')],
  ['uhsub8 r0, r1, r2', 0xfac1f062, parallel('uh', 'sub8')],
  ['sel r0, r1, r2', 0xfaa1f082, ({ n, m, ge }) => ({ d: lanes(8, (i) => ((ge >> i) & 1 ? byte(n, i) : byte(m, i))) })],
  ['usad8 r0, r1, r2', 0xfb71f002, ({ n, m }) => ({ d: differences(n, m) })],
  ['usada8 r0, r1, r2, r3', 0xfb713002, ({ n, m, a }) => ({ d: a + differences(n, m) })],
  ['qadd r0, r1, r2', 0xfa82f081, ({ n, m }) => saturated(s32(n) + s32(m))],
  ['qsub r0, r1, r2', 0xfa82f0a1, ({ n, m }) => saturated(s32(n) - s32(m))],
  ['qdadd r0, r1, r2', 0xfa82f091, ({ n, m }) => afterDoubling(m, (twice) => s32(n) + twice)],
  ['qdsub r0, r1, r2', 0xfa82f0b1, ({ n, m }) => afterDoubling(m, (twice) => s32(n) - twice)],
  ['ssat r0, #5, r1', 0xf3010004, ({ n }) => signedSat(s32(n), 5n)],
  ['ssat r0, #13, r1, lsl #7', 0xf30110cc, ({ n }) => signedSat(s32(n << 7n), 13n)],
  ['ssat r0, #32, r1, asr #3', 0xf32100df, ({ n }) => signedSat(s32(n) >> 3n, 32n)],
  ['ssat r0, #1, r1', 0xf3010000, ({ n }) => signedSat(s32(n), 1n)],
  ['usat r0, #0, r1', 0xf3810000, ({ n }) => unsignedSat(s32(n), 0n)],
  ['usat r0, #31, r1, lsl #1', 0xf381005f, ({ n }) => unsignedSat(s32(n << 1n), 31n)],
  ['usat r0, #9, r1, asr #31', 0xf3a170c9, ({ n }) => unsignedSat(s32(n) >> 31n, 9n)],
  ['ssat16 r0, #16, r1', 0xf321000f, ({ n }) => bothHalves(n, (h) => signedSat(h, 16n))],
  ['ssat16 r0, #9, r1', 0xf3210008, ({ n }) => bothHalves(n, (h) => signedSat(h, 9n))],
  ['usat16 r0, #0, r1', 0xf3a10000, ({ n }) => bothHalves(n, (h) => unsignedSat(h, 0n))],
  ['usat16 r0, #11, r1', 0xf3a1000b, ({ n }) => bothHalves(n, (h) => unsignedSat(h, 11n))],
  ['pkhbt r0, r1, r2, lsl #5', 0xeac11042, ({ n, m }) => ({ d: ((m << 5n) & 0xffff0000n) | (n & 0xffffn) })],
  ['pkhtb r0, r1, r2, asr #32', 0xeac10022, ({ n, m }) => ({ d: (n & 0xffff0000n) | (m >> 31n ? 0xffffn : 0n) })],
  ['smlabb r0, r1, r2, r3', 0xfb113002, ({ n, m, a }) => sticky(half(n, 0) * half(m, 0) + s32(a))],
  ['smlatt r0, r1, r2, r3', 0xfb113032, ({ n, m, a }) => sticky(half(n, 1) * half(m, 1) + s32(a))],
  ['smulbt r0, r1, r2', 0xfb11f012, ({ n, m }) => ({ d: half(n, 0) * half(m, 1) })],
  ['smultb r0, r1, r2', 0xfb11f022, ({ n, m }) => ({ d: half(n, 1) * half(m, 0) })],
  ['smlawb r0, r1, r2, r3', 0xfb313002, ({ n, m, a }) => sticky(((s32(n) * half(m, 0)) >> 16n) + s32(a))],
  ['smlawt r0, r1, r2, r3', 0xfb313012, ({ n, m, a }) => sticky(((s32(n) * half(m, 1)) >> 16n) + s32(a))],
  ['smulwb r0, r1, r2', 0xfb31f002, ({ n, m }) => ({ d: (s32(n) * half(m, 0)) >> 16n })],
  ['smulwt r0, r1, r2', 0xfb31f012, ({ n, m }) => ({ d: (s32(n) * half(m, 1)) >> 16n })],
  ['smuad r0, r1, r2', 0xfb21f002, ({ n, m }) => sticky(half(n, 0) * half(m, 0) + half(n, 1) * half(m, 1))],
  ['smuadx r0, r1, r2', 0xfb21f012, ({ n, m }) => sticky(half(n, 0) * half(m, 1) + half(n, 1) * half(m, 0))],
  ['smusd r0, r1, r2', 0xfb41f002, ({ n, m }) => ({ d: half(n, 0) * half(m, 0) - half(n, 1) * half(m, 1) })],
  ['smusdx r0, r1, r2', 0xfb41f012, ({ n, m }) => ({ d: half(n, 0) * half(m, 1) - half(n, 1) * half(m, 0) })],
  ['smlad r0, r1, r2, r3', 0xfb213002, ({ n, m, a }) => sticky(half(n, 0) * half(m, 0) + half(n, 1) * half(m, 1) + s32(a))],
  ['smladx r0, r1, r2, r3', 0xfb213012, ({ n, m, a }) => sticky(half(n, 0) * half(m, 1) + half(n, 1) * half(m, 0) + s32(a))],
  ['smlsd r0, r1, r2, r3', 0xfb413002, ({ n, m, a }) => sticky(half(n, 0) * half(m, 0) - half(n, 1) * half(m, 1) + s32(a))],
  ['smlsdx r0, r1, r2, r3', 0xfb413012, ({ n, m, a }) => sticky(half(n, 0) * half(m, 1) - half(n, 1) * half(m, 0) + s32(a))],
  ['smlald r4, r5, r1, r2', 0xfbc145c2, ({ n, m, long }) => ({ long: long + half(n, 0) * half(m, 0) + half(n, 1) * half(m, 1) })],
  ['smlaldx r4, r5, r1, r2', 0xfbc145d2, ({ n, m, long }) => ({ long: long + half(n, 0) * half(m, 1) + half(n, 1) * half(m, 0) })],
  ['smlsld r4, r5, r1, r2', 0xfbd145c2, ({ n, m, long }) => ({ long: long + half(n, 0) * half(m, 0) - half(n, 1) * half(m, 1) })],
  ['smlsldx r4, r5, r1, r2', 0xfbd145d2, ({ n, m, long }) => ({ long: long + half(n, 0) * half(m, 1) - half(n, 1) * half(m, 0) })],
  ['smlalbt r4, r5, r1, r2', 0xfbc14592, ({ n, m, long }) => ({ long: long + half(n, 0) * half(m, 1) })],
  ['smlaltb r4, r5, r1, r2', 0xfbc145a2, ({ n, m, long }) => ({ long: long + half(n, 1) * half(m, 0) })],
  ['smull r4, r5, r1, r2', 0xfb814502, ({ n, m }) => ({ long: s32(n) * s32(m) })],
  ['umull r4, r5, r1, r2', 0xfba14502, ({ n, m }) => ({ long: n * m })],
  ['smlal r4, r5, r1, r2', 0xfbc14502, ({ n, m, long }) => ({ long: long + s32(n) * s32(m) })],
  ['umlal r4, r5, r1, r2', 0xfbe14502, ({ n, m, long }) => ({ long: long + n * m })],
  ['umaal r4, r5, r1, r2', 0xfbe14562, ({ n, m, long }) => ({ long: n * m + (long & WORD) + (long >> 32n) })],
  ['smmul r0, r1, r2', 0xfb51f002, ({ n, m }) => ({ d: (s32(n) * s32(m)) >> 32n })],
  ['smmulr r0, r1, r2', 0xfb51f012, ({ n, m }) => ({ d: (s32(n) * s32(m) + ROUND) >> 32n })],
  ['smmla r0, r1, r2, r3', 0xfb513002, ({ n, m, a }) => ({ d: ((s32(a) << 32n) + s32(n) * s32(m)) >> 32n })],
  ['smmlar r0, r1, r2, r3', 0xfb513012, ({ n, m, a }) => ({ d: ((s32(a) << 32n) + s32(n) * s32(m) + ROUND) >> 32n })],
  ['smmls r0, r1, r2, r3', 0xfb613002, ({ n, m, a }) => ({ d: ((s32(a) << 32n) - s32(n) * s32(m)) >> 32n })],
  ['smmlsr r0, r1, r2, r3', 0xfb613012, ({ n, m, a }) => ({ d: ((s32(a) << 32n) - s32(n) * s32(m) + ROUND) >> 32n })],
  ['mls r0, r1, r2, r3', 0xfb013012, ({ n, m, a }) => ({ d: a - n * m })],
  ['sdiv r0, r1, r2', 0xfb91f0f2, ({ n, m }) => ({ d: m === 0n ? 0n : s32(n) / s32(m) })],
  ['udiv r0, r1, r2', 0xfbb1f0f2, ({ n, m }) => ({ d: m === 0n ? 0n : n / m })],
  ['rbit r0, r1', 0xfa91f0a1, ({ n }) => ({ d: lanes(1, (i) => n >> BigInt(31 - i)) })],
  ['rev16.w r0, r1', 0xfa91f091, ({ n }) => ({ d: lanes(8, (i) => byte(n, i ^ 1)) })],
  ['revsh.w r0, r1', 0xfa91f0b1, ({ n }) => ({ d: BigInt.asIntN(16, (byte(n, 0) << 8n) | byte(n, 1)) })],
  ['clz r0, r1', 0xfab1f081, ({ n }) => ({ d: BigInt(32 - (n === 0n ? 0 : n.toString(2).length)) })],
  ['sxtab16 r0, r3, r1, ror #8', 0xfa23f091, ({ n, a }) => ({ d: lanes(16, (i) => half(a, i) + BigInt.asIntN(8, byte(n, 2 * i + 1))) })],
  ['uxtab16 r0, r3, r1', 0xfa33f081, ({ n, a }) => ({ d: lanes(16, (i) => half(a, i) + byte(n, 2 * i)) })],
  ['sxtb16 r0, r1, ror #16', 0xfa2ff0a1, ({ n }) => ({ d: lanes(16, (i) => BigInt.asIntN(8, byte(n, 2 * i ^ 2))) })],
  ['uxtb16 r0, r1, ror #24', 0xfa3ff0b1, ({ n }) => ({ d: lanes(16, (i) => byte(n, (2 * i + 3) % 4)) })],
  ['sxtah r0, r3, r1, ror #8', 0xfa03f091, ({ n, a }) => ({ d: a + half(n >> 8n, 0) })],
  ['bfi r0, r1, #7, #9', 0xf36110cf, ({ n, d }) => ({ d: (d & ~0xff80n) | ((n & 0x1ffn) << 7n) })],
  ['bfc r0, #3, #29', 0xf36f00df, ({ d }) => ({ d: d & 7n })],
  ['sbfx r0, r1, #31, #1', 0xf34170c0, ({ n }) => ({ d: -(n >> 31n) })],
  ['ubfx r0, r1, #5, #27', 0xf3c1105a, ({ n }) => ({ d: n >> 5n })],
  ['adcs.w r0, r1, r2', 0xeb510002, ({ n, m, c }) => addWithCarry(n, m, c)],
  ['sbcs.w r0, r1, r2', 0xeb710002, ({ n, m, c }) => addWithCarry(n, ~m & WORD, c)],
  ['adds.w r0, r1, r2', 0xeb110002, ({ n, m }) => addWithCarry(n, m, 0n)],
  ['subs.w r0, r1, r2', 0xebb10002, ({ n, m }) => addWithCarry(n, ~m & WORD, 1n)],
  ['rsbs r0, r1, r2', 0xebd10002, ({ n, m }) => addWithCarry(~n & WORD, m, 1n)],
  ['cmn.w r1, r2', 0xeb110f02, ({ n, m, d }) => ({ ...addWithCarry(n, m, 0n), d })],
  ['lsls.w r0, r1, r2', 0xfa11f002, ({ n, m, c }) => shifted(n << (m & 0xffn), (m & 0xffn) === 0n ? c : (n << (m & 0xffn)) >> 32n)],
  ['lsrs.w r0, r1, r2', 0xfa31f002, ({ n, m, c }) => shifted(n >> (m & 0xffn), (m & 0xffn) === 0n ? c : (n << 1n) >> (m & 0xffn))],
  ['asrs.w r0, r1, r2', 0xfa51f002, ({ n, m, c }) => shifted(s32(n) >> (m & 0xffn), (m & 0xffn) === 0n ? c : (s32(n) << 1n) >> (m & 0xffn))],
  ['rors.w r0, r1, r2', 0xfa71f002, ({ n, m, c }) => shifted(rotated(n, m & 0xffn), (m & 0xffn) === 0n ? c : rotated(n, m & 0xffn) >> 31n)],
  ['movs.w r0, r1, lsr #32', 0xea5f0011, ({ n }) => shifted(0n, n >> 31n)],
  ['movs.w r0, r1, asr #32', 0xea5f0021, ({ n }) => shifted(s32(n) >> 32n, n >> 31n)],
  ['movs.w r0, r1, rrx', 0xea5f0031, ({ n, c }) => shifted((c << 31n) | (n >> 1n), n & 1n)],
  ['ands.w r0, r1, r2, ror #5', 0xea111072, ({ n, m }) => shifted(n & rotated(m, 5n), m >> 4n)],
  ['orns r0, r1, #4278190080', 0xf071407f, ({ n }) => shifted(n | 0x00ffffffn, 1n)],
  ['teq r1, #2147516416', 0xf0912f80, ({ n, d, c }) => ({ ...shifted(n ^ 0x80008000n, c), d })],];

const state = new Int32Array(128);
const unexpected = () => assert.fail('not expected here');
const evaluator = new Evaluator(state, { load: unexpected, store: unexpected }, new Fpu(state), { unusualBranch: unexpected, divideByZero: () => {} });

/** The state's words that an instruction may change here, as the manual's values. */
const flags = () => ({
  n: BigInt(state[STATE.N] >>> 31), z: state[STATE.Z] === 0, c: BigInt(state[STATE.C]), v: state[STATE.V] < 0, q: state[STATE.Q] === 1, ge: state[STATE.GE],
});
const register = (n: number): bigint => BigInt(state[STATE.R + n] >>> 0);

/** Operands at the edges of words, halfwords and bytes, then random ones. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0x80008000, 0x7fff7fff, 0x80007fff, 0xfffffffe, 0xffffffff, 0x80008000,
  0x80808080, 0x7f7f7f7f, 0x00200020, 31, 32, 33];

function operands(): () => number {
  let x = 0x12345678;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 1 ? EDGES[(x >>> 8) % EDGES.length] : x >>> 0;
  };
}

describe('data processing, multiplication and DSP', () => {
  for (const [text, bits, reference] of CASES) {
    it(text, () => {
      const instruction = decode(bits >>> 16, bits & 0xffff, 0, false);
      assert.equal(instruction.row.text!(instruction.fields, instruction), text);
      const numbers = operands();
      for (let round = 0; round < 1500; round++) {
        for (let r = 0; r < 13; r++) state[STATE.R + r] = numbers();
        if (round % 4 === 0) state[STATE.R + 2] = state[STATE.R + 1];
        const random = state[STATE.R + 12];
        state[STATE.N] = random << 1;
        state[STATE.Z] = random & 2;
        state[STATE.C] = random & 1;
        state[STATE.V] = random << 3;
        state[STATE.Q] = Number(random % 16 === 0);
        state[STATE.GE] = (random >>> 8) & 15;
        state[STATE.PC] = 0;
        const before = { ...flags(), d: register(0), n: register(1), m: register(2), a: register(3), long: register(4) | (register(5) << 32n) };
        const result = reference(before);
        const old = flags();
        evaluator.execute(instruction);
        const found = { d: register(0), long: register(4) | (register(5) << 32n), ...flags() };
        const expected = {
          d: BigInt.asUintN(32, result.d ?? before.d), long: BigInt.asUintN(64, result.long ?? before.long),
          n: result.n ?? old.n, z: result.z ?? old.z, c: result.c ?? old.c, v: result.v ?? old.v, q: old.q || (result.q ?? false), ge: result.ge ?? old.ge,
        };
        const key = (values: object) => Object.values(values).join();
        if (key(found) !== key(expected)) assert.deepEqual(found, expected, `with ${key(before)}`);
      }
    });
  }
});
