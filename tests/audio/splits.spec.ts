// SPDX-License-Identifier: MIT
// Sound must not depend on how frames are cut into blocks, and not change unnoticed.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { instantiateUnits, process, SAMPLE_RATE, testNoise, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
  const strengths = new Float32Array(units.memory.buffer, units.harmonics(), 128);
  strengths.forEach((_, i) => (strengths[i] = (i % 2 ? -1 : 1) / (i + 1)));
  units.buildWavetable(units.wavetable(), units.harmonics(), 128);
});

const CONTROL = 32;
const FRAMES = 4096;

/** A unit under test: `start` makes its state, `control` runs at each 32nd frame, `run` renders into or through blocks 0, 1, 2. */
interface Case {
  start: () => number[];
  control?: (state: number[], frame: number) => void;
  run: (state: number[], frameCount: number) => void;
}

const oscillator = (name: string, ...more: number[]): Case => ({
  start: () => [units.newOscillator(), 0x1234567],
  control: (state, frame) => (state[1] = 0x1234567 + frame * 5001),
  run: ([osc, increment], frames) => units[name](osc, units.block(0), frames, increment, ...more),
});

/** An envelope struck, released, struck again in its release, cut: at frames off the control grid, too. */
function struckEnvelope(): number {
  const env = units.newEnvelope();
  units.setEnvelope(env, 300, 900, 0.6, 1500, true);
  return env;
}
const gates: Record<number, (env: number) => void> = {
  32: (env) => units.gateOn(env), 1600: (env) => units.gateOff(env), 1920: (env) => units.gateOn(env), 3200: (env) => units.cutEnvelope(env, 64), 3520: (env) => units.gateOn(env),
};

const cases: Record<string, Case> = {
  saw: oscillator('renderSaw', 0.7),
  addedSaw: oscillator('addSaw', 0.7),
  pulse: oscillator('renderPulse', 0x40000000, 0.7),
  narrowPulse: oscillator('renderPulse', 0x02000000, 0.7),
  triangle: oscillator('renderTriangle', 0.7),
  sine: oscillator('renderSine', 0.7),
  wavetable: {
    start: () => [units.newWavetableOscillator(), 0x1234567],
    control: (state, frame) => (state[1] = 0x1234567 + frame * 5001),
    run: ([osc, increment], frames) => units.renderWavetable(osc, units.block(0), frames, increment, 0.7),
  },
  noise: { start: () => [units.newNoise(1)], run: ([source], frames) => units.renderNoise(source, units.block(0), frames, 0.7) },
  lowpass: {
    start: () => [units.newSvf()],
    control: ([filter], frame) => units.setSvf(filter, 0, 40 + frame / 60, 0.8),
    run: ([filter], frames) => units.renderSvf(filter, units.block(0), frames),
  },
  notch: {
    start: () => [units.newSvf()],
    control: ([filter], frame) => units.setSvf(filter, 3, 40 + frame / 60, 0.5),
    run: ([filter], frames) => units.renderSvf(filter, units.block(0), frames),
  },
  ladder: {
    start: () => [units.newLadder()],
    control: ([filter], frame) => units.setLadder(filter, 40 + frame / 60, 0.8),
    run: ([filter], frames) => units.renderLadder(filter, units.block(0), frames),
  },
  envelope: {
    start: () => [struckEnvelope()],
    control: ([env], frame) => gates[frame]?.(env),
    run: ([env], frames) => units.renderEnvelope(env, units.block(0), frames),
  },
  voice: {
    start: () => [struckEnvelope(), units.newVoiceGain()],
    control: ([env, gain], frame) => (units.setVoiceGain(gain, 0.5, (frame % 1024) / 1024), gates[frame]?.(env)),
    run: ([env, gain], frames) => units.mixVoice(gain, env, units.block(0), units.block(1), units.block(2), frames),
  },
  bus: {
    start: () => [units.newGain()],
    control: ([gain], frame) => units.setGain(gain, (frame % 800) / 800),
    run: ([gain], frames) => units.mixInto(gain, units.block(0), units.block(1), frames),
  },
  delay: {
    start: () => {
      const delay = units.newDelay();
      units.setDelay(delay, 500, 1000, 0.7, 0.5);
      return [delay];
    },
    run: ([delay], frames) => units.addDelay(delay, units.block(0), units.block(1), units.block(2), frames),
  },
  chorus: {
    start: () => {
      const chorus = units.newChorus();
      units.setChorus(chorus, 200000, 500, 300);
      return [chorus];
    },
    run: ([chorus], frames) => units.addChorus(chorus, units.block(0), units.block(1), units.block(2), frames, 0.7),
  },
  reverb: {
    start: () => {
      const reverb = units.newReverb();
      units.setReverb(reverb, SAMPLE_RATE, 0.6);
      return [reverb];
    },
    run: ([reverb], frames) => units.addReverb(reverb, units.block(0), units.block(1), units.block(2), frames),
  },
  dcBlocker: { start: () => [units.newDcBlocker(0.999)], run: ([blocker], frames) => units.blockDc(blocker, units.block(0), frames) },
  limiter: { start: () => [], run: (_state, frames) => units.limit(units.block(0), frames) },
};

/** Noise for half of the stretch, then silence, through the unit in blocks of these sizes, cut further at the control grid. */
function through(unit: Case, sizes: number[]): Float32Array[] {
  units.forgetAll();
  const state = unit.start();
  const input = testNoise(FRAMES, 5).fill(0, FRAMES / 2);
  const cut: number[] = [];
  let frame = 0;
  for (const size of sizes) {
    for (let left = size; left > 0; ) {
      const count = Math.min(left, unit.control ? units.framesToControl(frame) : left);
      cut.push(count);
      frame += count;
      left -= count;
    }
  }
  return process(units, input, cut, (frameCount, at) => {
    if (at % CONTROL === 0) unit.control?.(state, at);
    unit.run(state, frameCount);
  });
}

/** Sizes 1..256 that add up to FRAMES. */
const sizesOf = (raw: number[]): number[] => {
  const sizes: number[] = [];
  for (let left = FRAMES, i = 0; left > 0; i++) {
    sizes.push(Math.min(left, raw[i % raw.length]));
    left -= sizes.at(-1)!;
  }
  return sizes;
};

/**
 * SHA-256 of the three blocks, first 12 digits. When one changes and you did not mean to change sound, you have found a bug. When you did: listen
 * to it, and copy the new value from the failure here; say in the commit what changed in the sound.
 */
const golden: Record<string, string> = {
  saw: '1d1228f17e5c', addedSaw: '95675b22c29b', pulse: 'e88b26bd793f', narrowPulse: '506e875f8d34', triangle: '95d691774ed3',
  sine: '9b3d7f46c148', wavetable: 'fb3e3c823e3d', noise: '019fc6c0515b', lowpass: '3860322b23cb', notch: 'edfeda52abe8',
  ladder: '69aa1f164292', envelope: 'd00539c05eb9', voice: 'e1b2e3c5a7c9', bus: '943c00454620', delay: '59115ed5678f',
  chorus: '67871e28aa6d', reverb: 'bb461165846b', dcBlocker: 'ac962186d4e8', limiter: 'c71965946133',
};

for (const [name, unit] of Object.entries(cases)) {
  test(`${name}: any cut of the frames into blocks gives the same bits`, () => {
    const whole = through(unit, sizesOf([32])).map((x) => new Uint32Array(x.buffer));
    const property = (raw: number[]) => through(unit, sizesOf(raw)).forEach((signal, side) => {
      const bits = new Uint32Array(signal.buffer);
      const at = bits.findIndex((x, i) => x !== whole[side][i]);
      assert.equal(at, -1, `block ${side} differs at frame ${at}`);
    });
    for (const raw of [[1], [256], [3, 5, 7]]) property(raw);
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 30 }), property), { numRuns: 15 });
  });

  test(`${name}: sounds as it did`, () => {
    const hash = createHash('sha256');
    for (const signal of through(unit, sizesOf([32]))) hash.update(new Uint8Array(signal.buffer));
    assert.equal(hash.digest('hex').slice(0, 12), golden[name], name);
  });
}
