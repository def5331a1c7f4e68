// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { collect, endOf, evenly, instantiateUnits, largestStep, process, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const [IDLE, , , SUSTAIN] = [0, 1, 2, 3];
const level = (env: number, frameCount: number) => collect(units, evenly(frameCount), (out, frames) => units.renderEnvelope(env, out, frames));

function envelope(attack: number, decay: number, sustain: number, release: number, exponential = true): number {
  const env = units.newEnvelope();
  units.setEnvelope(env, attack, decay, sustain, release, exponential);
  return env;
}

test('each segment ends on its very frame', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 0.9, noNaN: true }), fc.boolean(),
    (attack, decay, release, sustain, exponential) => {
      units.forgetAll();
      const env = envelope(attack, decay, sustain, release, exponential);
      units.gateOn(env);
      const held = level(env, attack + decay + 100);
      assert.equal(held[0], 0);
      assert.equal(held[attack], 1);
      if (attack > 1) assert.ok(held[attack - 1] < 1);
      assert.ok(Math.abs(held[attack + decay] - sustain) < 1e-6);
      assert.ok(held[attack + decay - 1] > sustain);
      assert.ok(held.subarray(attack + decay).every((x) => x === held[attack + decay]), 'sustain is constant');
      units.gateOff(env);
      const released = level(env, release + 10);
      assert.equal(endOf(released), sustain > 1e-5 ? release : endOf(released));
    }), { numRuns: 60 });
});

test('attack is a straight line, and so are the others unless exponential', () => {
  const env = envelope(1000, 2000, 0.5, 500, false);
  units.gateOn(env);
  const held = level(env, 3100);
  for (let i = 0; i <= 1000; i++) assert.ok(Math.abs(held[i] - i / 1000) < 1e-6, `frame ${i}`);
  for (let i = 0; i <= 2000; i++) assert.ok(Math.abs(held[1000 + i] - (1 - i / 4000)) < 1e-6, `frame ${i}`);
  units.gateOff(env);
  level(env, 500).forEach((x, i) => assert.ok(Math.abs(x - 0.5 * (1 - i / 500)) < 1e-6, `frame ${i}`));
});

test('an exponential release falls by 60 dB along a discharge curve, and then is 0', () => {
  for (const frames of [100, 1000, 48000]) {
    const env = envelope(1, 1, 1, frames);
    units.gateOn(env);
    level(env, 10);
    units.gateOff(env);
    const fall = level(env, frames + 1);
    const depth = 1 / 1023;
    for (let i = 0; i <= frames; i++) {
      const ideal = -depth + (1 + depth) * 2 ** ((-10 * i) / frames);
      // Straight lines of a sixteenth of a short segment cut the curve's corners by 2.5 %; of a long one, by next to nothing.
      assert.ok(Math.abs(fall[i] - ideal) < (frames < 512 ? 0.026 : 0.026 * (512 / frames) ** 2 + 1e-5), `${frames}: frame ${i}: ${fall[i]}, ideal ${ideal}`);
    }
    assert.equal(fall[frames], 0);
  }
});

test('striking again goes on from the present level and takes what is left of the attack', () => {
  const env = envelope(1000, 1000, 0.5, 1000);
  units.gateOn(env);
  const first = level(env, 700);
  units.gateOff(env);
  const second = level(env, 200);
  units.gateOn(env);
  const third = level(env, 1500);
  const all = Float32Array.from([...first, ...second, ...third]);
  assert.ok(largestStep(all) < 0.006, `${largestStep(all)}`); // release begins at 10 ln 2 / 1000 of its 0.7 a frame
  assert.ok(third[0] > 0.1 && third[0] < 0.25, `${third[0]}`);
  const top = third.indexOf(1);
  assert.ok(Math.abs(top - 1000 * (1 - third[0])) <= 1, `${top} frames from ${third[0]}`);
});

test('a stolen voice is silent after the frames given, in a straight line, and can be struck at once', () => {
  const env = envelope(100, 100, 0.8, 48000);
  units.gateOn(env);
  level(env, 300);
  units.cutEnvelope(env, 64);
  const cut = level(env, 65);
  cut.forEach((x, i) => assert.ok(Math.abs(x - 0.8 * (1 - i / 64)) < 1e-6, `frame ${i}: ${x}`));
  assert.equal(cut[64], 0);
  assert.equal(units.stageOf(env), IDLE);
  units.gateOn(env);
  assert.equal(level(env, 101)[100], 1);
});

test('releasing or cutting an idle envelope leaves it idle', () => {
  const env = envelope(10, 10, 0.5, 10);
  units.gateOff(env);
  units.cutEnvelope(env, 10);
  assert.ok(units.isIdle(env));
  assert.equal(endOf(level(env, 100)), 0);
});

test('advancing without rendering arrives at the same level', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 }), (steps) => {
    units.forgetAll();
    const rendered = envelope(333, 444, 0.3, 555);
    const advanced = envelope(333, 444, 0.3, 555);
    units.gateOn(rendered);
    units.gateOn(advanced);
    steps.forEach((step, i) => {
      if (i === 6) [rendered, advanced].forEach((env) => units.gateOff(env));
      level(rendered, step);
      units.advanceEnvelope(advanced, step);
      assert.equal(units.envelopeLevel(advanced), units.envelopeLevel(rendered));
    });
  }), { numRuns: 50 });
});

test('a long decay does not lose its way: 20 s end in their frame', () => {
  const frames = 960000;
  const env = envelope(1, frames, 0.25, 1);
  units.gateOn(env);
  units.advanceEnvelope(env, frames);
  assert.ok(units.envelopeLevel(env) > 0.25);
  units.advanceEnvelope(env, 2);
  assert.equal(units.stageOf(env), SUSTAIN);
  assert.equal(units.envelopeLevel(env), 0.25);
});

test('panorama is of equal power, and the ends are silent on the other side', () => {
  for (const [pan, left, right] of [[0, 1, 0], [0.5, Math.SQRT1_2, Math.SQRT1_2], [1, 0, 1], [0.25, Math.cos(Math.PI / 8), Math.sin(Math.PI / 8)]]) {
    const env = envelope(1, 1, 1, 1);
    const gain = units.newVoiceGain();
    units.setVoiceGain(gain, 0.5, pan);
    units.gateOn(env);
    const out = process(units, new Float32Array(200).fill(1), evenly(200), (frames) => units.mixVoice(gain, env, units.block(0), units.block(1), units.block(2), frames));
    assert.ok(Math.abs(out[1][199] - left / 2) < 2e-6 && Math.abs(out[2][199] - right / 2) < 2e-6, `pan ${pan}: ${out[1][199]} ${out[2][199]}`);
  }
});

test('a voice follows its envelope to the frame, and after the release is exactly 0', () => {
  const env = envelope(100, 200, 0.5, 300);
  const shadow = envelope(100, 200, 0.5, 300);
  const gain = units.newVoiceGain();
  units.setVoiceGain(gain, 1, 0);
  const run = (frameCount: number) => process(units, new Float32Array(frameCount).fill(1), evenly(frameCount, 100), (frames) => units.mixVoice(gain, env, units.block(0), units.block(1), units.block(2), frames))[1];
  for (const gate of ['gateOn', 'gateOff']) {
    units[gate](env);
    units[gate](shadow);
    const ideal = level(shadow, 500);
    run(500).forEach((x, i) => assert.ok(Math.abs(x - ideal[i]) < 2e-6, `${gate} frame ${i}: ${x}, envelope ${ideal[i]}`));
  }
  assert.equal(endOf(run(100)), 0);
});

test('a jump of gain, panorama or bus level becomes a line of 32 frames', () => {
  const env = envelope(1, 1, 1, 1);
  const gain = units.newVoiceGain();
  const bus = units.newGain();
  units.gateOn(env);
  units.setVoiceGain(gain, 1, 0);
  units.setGain(bus, 1);
  const voice = process(units, new Float32Array(1000).fill(1), evenly(1000, 100), (frames, frame) => {
    if (frame === 500) units.setVoiceGain(gain, 1, 1);
    units.mixVoice(gain, env, units.block(0), units.block(1), units.block(2), frames);
  });
  for (const side of [1, 2]) assert.ok(largestStep(voice[side].subarray(400)) < 1 / 31, `${largestStep(voice[side].subarray(400))}`);
  assert.ok(Math.abs(voice[2][600] - 1) < 2e-6);
  const [, out] = process(units, new Float32Array(1000).fill(1), evenly(1000, 100), (frames, frame) => {
    if (frame === 500) units.setGain(bus, 0);
    units.mixInto(bus, units.block(0), units.block(1), frames);
  });
  assert.ok(largestStep(out) < 1 / 31);
  assert.ok(Math.abs(out[400] - 1) < 1e-6);
  assert.ok(endOf(out) > 520 && endOf(out) < 600, `${endOf(out)}`);
});
