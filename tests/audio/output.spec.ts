// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { endOf, evenly, instantiateUnits, partial, process, samplesOf, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

/** The frames that `interleave` makes of two lists. */
function interleaved(left: number[], right: number[]): Int16Array {
  samplesOf(units, 0).set(left);
  samplesOf(units, 1).set(right);
  units.interleave(units.block(0), units.block(1), units.block(2), left.length);
  return new Int16Array(units.memory.buffer, units.block(2), 2 * left.length).slice();
}

test('conversion rounds to the nearest, ties to even, saturates, and puts left first', () => {
  const lsb = 1 / 32768;
  assert.deepEqual([...interleaved([0, lsb, 1.4 * lsb, 1.6 * lsb, 0.5 * lsb, 1.5 * lsb, 2.5 * lsb], [0, -lsb, -1.4 * lsb, -1.6 * lsb, -0.5 * lsb, -1.5 * lsb, -2.5 * lsb])],
    [0, 0, 1, -1, 1, -1, 2, -2, 0, 0, 2, -2, 2, -2]);
  assert.deepEqual([...interleaved([1, 32767 * lsb, 1.5, 1e30, Infinity], [-1, -32769 * lsb, -1.5, -1e30, -Infinity])],
    [32767, -32768, 32767, -32768, 32767, -32768, 32767, -32768, 32767, -32768]);
  assert.deepEqual([...interleaved([NaN, 0.25], [-0, NaN])], [0, 0, 8192, 0]);
});

test('any sample converts as exact arithmetic says', () => {
  fc.assert(fc.property(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 100 }), (values) => {
    const out = interleaved(values, values.map((x) => -x));
    values.forEach((x, i) => {
      const scaled = x * 32768;
      const floor = Math.floor(scaled);
      const nearest = scaled - floor === 0.5 ? floor + (floor & 1) : Math.round(scaled);
      assert.equal(out[2 * i], Math.max(-32768, Math.min(32767, nearest)) + 0);
    });
  }));
});

test('the limiter leaves ±0.6 alone, never leaves ±1, never falls, is odd and has no corner', () => {
  const inputs = Float32Array.from({ length: 8001 }, (_, i) => (i - 4000) / 2000);
  const [out] = process(units, inputs, evenly(inputs.length), (frames) => units.limit(units.block(0), frames));
  inputs.forEach((x, i) => {
    if (Math.abs(x) <= 0.6) assert.equal(out[i], x);
    assert.ok(Math.abs(out[i]) <= 1);
    assert.ok(Math.abs(out[i]) <= Math.abs(x));
    assert.equal(out[i], -out[8000 - i] + 0);
    if (i >= 2) {
      assert.ok(out[i] >= out[i - 1]);
      assert.ok(Math.abs(out[i] - 2 * out[i - 1] + out[i - 2]) < 1e-6, `bend at ${x}`);
    }
  });
  const extremes = Float32Array.from([1e30, -1e30, Infinity, -Infinity, 1.4, -1.4]);
  const [bounded] = process(units, extremes, [6], (frames) => units.limit(units.block(0), frames));
  bounded.forEach((x, i) => assert.ok(Math.abs(Math.abs(x) - 1) < 1e-7 && Math.sign(x) === Math.sign(extremes[i]) && Math.abs(x) <= 1, `${x}`));
});

test('finishing in one go is DC blocker, limiter and conversion, for full scale at 32767', () => {
  const pole = 1 - (2 * Math.PI * 5) / 48000;
  const frames = 200;
  const input = [0, 1].map((side) => Float32Array.from({ length: frames }, (_, i) => 1.3 * Math.sin((i + 40 * side) / 7) * (i / frames)));
  const states = [units.newDcBlocker(pole), units.newDcBlocker(pole)];
  const shadows = [units.newDcBlocker(pole), units.newDcBlocker(pole)];
  const [, , out] = [0, 1, 2].map((i) => samplesOf(units, i));
  input.forEach((signal, side) => samplesOf(units, side).set(signal));
  units.finish(states[0], states[1], units.block(0), units.block(1), units.block(2), frames);
  const got = new Int16Array(out.buffer, out.byteOffset, 2 * frames).slice();
  input.forEach((signal, side) => {
    samplesOf(units, side).set(signal);
    units.blockDc(shadows[side], units.block(side), frames);
    units.limit(units.block(side), frames);
    samplesOf(units, side, frames).forEach((x, i) => assert.ok(Math.abs(got[2 * i + side] - 32767 * x) <= 0.51, `side ${side}, frame ${i}: ${got[2 * i + side]} for ${x}`));
  });
});

test('a tail that goes through `finish` ends where it is settled', () => {
  const blocker = units.newDcBlocker(0.9993);
  const other = units.newDcBlocker(0.9993);
  const render = (value: number): Int16Array => {
    for (const side of [0, 1]) samplesOf(units, side, 32).fill(value);
    units.finish(blocker, other, units.block(0), units.block(1), units.block(2), 32);
    units.settleDc(blocker);
    return new Int16Array(units.memory.buffer, units.block(2), 64).slice();
  };
  assert.ok(render(0.5)[0] > 16000);
  for (let i = 0; i < 1100; i++) render(0);
  const state = new Float32Array(units.memory.buffer, blocker, 2);
  assert.equal(state[1], 0);
});

test('the DC blocker removes an offset, lets 100 Hz through, and ends in exact zeros', () => {
  const blocker = units.newDcBlocker(0.9993);
  const input = Float32Array.from({ length: 96000 }, (_, i) => (i < 48000 ? 0.3 + 0.2 * Math.sin((2 * Math.PI * 100 * i) / 47991.07) : 0));
  const [out] = process(units, input, evenly(96000), (frames) => units.blockDc(blocker, units.block(0), frames));
  let mean = 0;
  for (let i = 40000; i < 47680; i++) mean += out[i] / 7680;
  assert.ok(Math.abs(mean) < 0.001, `${mean}`);
  assert.ok(Math.abs(partial(out, 100, 24000, 23995)[0] - 0.2) < 0.002);
  assert.ok(endOf(out) < 90000, `${endOf(out)}`);
});
