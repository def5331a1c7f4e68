// SPDX-License-Identifier: MIT
// What the units cost: WebAssembly instructions executed for each frame in blocks of 32, local.get and constants included, function call and state
// included. When a ceiling breaks, either the change is worth it and the number here moves, or it is not.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { compileLibrary } from '../../host/build/library.js';
import { COUNT_EXPORT, countInstructions } from '../../host/testing/instruction-count.js';
import { SAMPLE_RATE, samplesOf, testNoise, type Units } from './units.js';

const FRAMES = 32;
const BLOCKS = 300;

let units: Units;
before(async () => {
  const wasm = countInstructions(await compileLibrary('tests/audio/units.as.ts'));
  units = (await WebAssembly.instantiate(wasm, { env: { abort: () => assert.fail() } })).instance.exports as unknown as Units;
  units.initTuning(SAMPLE_RATE);
});

/** Instructions a frame of what `run` does in each of 300 blocks. */
function perFrame(run: (block: number) => void): number {
  const counter = units[COUNT_EXPORT] as WebAssembly.Global;
  let sum = 0;
  for (let block = 0; block < BLOCKS; block++) {
    samplesOf(units, 0, FRAMES).set(testNoise(FRAMES, block + 1));
    const before = counter.value as number;
    run(block);
    sum += ((counter.value as number) - before) >>> 0;
  }
  return sum / (BLOCKS * FRAMES);
}

function holds(ceilings: Record<string, [number, () => (block: number) => void]>): void {
  const over: string[] = [];
  for (const [name, [ceiling, make]] of Object.entries(ceilings)) {
    const cost = perFrame(make());
    // Not far below, either: a ceiling that nothing comes near guards nothing.
    if (cost > ceiling || cost < 0.8 * ceiling) over.push(`${name}: ${cost.toFixed(1)}, ceiling ${ceiling}`);
  }
  assert.deepEqual(over, []);
}

const A4 = 39378533; // increment of note 69
const block = (index: number) => units.block(index);

test('oscillators, at 440 Hz', () => {
  const with440 = (name: string, ...more: number[]) => () => {
    const osc = units.newOscillator();
    return () => units[name](osc, block(0), FRAMES, A4, ...more);
  };
  holds({
    saw: [17, with440('renderSaw', 0.5)],
    addedSaw: [21, with440('addSaw', 0.5)],
    pulse: [20, with440('renderPulse', 0x50000000, 0.5)],
    triangle: [23, with440('renderTriangle', 0.5)],
    sine: [47, with440('renderSine', 0.5)],
    wavetable: [46, () => {
      const osc = units.newWavetableOscillator();
      return () => units.renderWavetable(osc, block(0), FRAMES, A4, 0.5);
    }],
    noise: [18, () => {
      const source = units.newNoise(1);
      return () => units.renderNoise(source, block(0), FRAMES, 0.5);
    }],
  });
});

test('filters, their coefficients set in each block', () => {
  holds({
    lowpass: [39, () => {
      const svf = units.newSvf();
      return (i) => (units.setSvf(svf, 0, 60 + i / 10, 0.7), units.renderSvf(svf, block(0), FRAMES));
    }],
    highpass: [56, () => {
      const svf = units.newSvf();
      return (i) => (units.setSvf(svf, 2, 60 + i / 10, 0.7), units.renderSvf(svf, block(0), FRAMES));
    }],
    ladder: [102, () => {
      const ladder = units.newLadder();
      return (i) => (units.setLadder(ladder, 60 + i / 10, 0.7), units.renderLadder(ladder, block(0), FRAMES));
    }],
  });
});

test('envelope, amplifier and mixing', () => {
  const struck = () => {
    const env = units.newEnvelope();
    units.setEnvelope(env, 500, 4000, 0.5, 4000, true);
    units.gateOn(env);
    return env;
  };
  holds({
    envelope: [23, () => {
      const env = struck();
      return () => units.renderEnvelope(env, block(1), FRAMES);
    }],
    controlEnvelope: [4, () => {
      const env = struck();
      return () => units.advanceEnvelope(env, FRAMES);
    }],
    amplifierAndPanorama: [43, () => {
      const env = struck();
      const gain = units.newVoiceGain();
      units.setVoiceGain(gain, 0.5, 0.3);
      return () => units.mixVoice(gain, env, block(0), block(1), block(2), FRAMES);
    }],
    bus: [23, () => {
      const gain = units.newGain();
      units.setGain(gain, 0.5);
      return () => units.mixInto(gain, block(0), block(1), FRAMES);
    }],
  });
});

test('effects and output, for both sides', () => {
  holds({
    delay: [89, () => {
      const delay = units.newDelay();
      units.setDelay(delay, 6000, 12000, 0.5, 0.5);
      return () => units.addDelay(delay, block(0), block(1), block(2), FRAMES);
    }],
    chorus: [139, () => {
      const chorus = units.newChorus();
      units.setChorus(chorus, 60000, 500, 200);
      return () => units.addChorus(chorus, block(0), block(1), block(2), FRAMES, 0.7);
    }],
    reverb: [280, () => {
      const reverb = units.newReverb();
      units.setReverb(reverb, SAMPLE_RATE, 0.6);
      return () => units.addReverb(reverb, block(0), block(1), block(2), FRAMES);
    }],
    dcBlockers: [66, () => {
      const [left, right] = [units.newDcBlocker(0.999), units.newDcBlocker(0.999)];
      return () => (units.blockDc(left, block(0), FRAMES), units.blockDc(right, block(1), FRAMES));
    }],
    limiters: [71, () => () => (units.limit(block(0), FRAMES), units.limit(block(1), FRAMES))],
    finish: [85, () => {
      const [left, right] = [units.newDcBlocker(0.999), units.newDcBlocker(0.999)];
      return () => units.finish(left, right, block(0), block(1), block(2), FRAMES);
    }],
    interleave: [48, () => () => units.interleave(block(0), block(1), block(2), FRAMES)],
  });
});

test('a voice of two saws, a swept low-pass, two envelopes, amplifier and panorama', () => {
  const voice = () => {
    const [osc1, osc2, svf, gain] = [units.newOscillator(), units.newOscillator(), units.newSvf(), units.newVoiceGain()];
    const [amplitude, modulation] = [units.newEnvelope(), units.newEnvelope()];
    for (const env of [amplitude, modulation]) {
      units.setEnvelope(env, 500, 4000, 0.5, 4000, true);
      units.gateOn(env);
    }
    units.setVoiceGain(gain, 0.5, 0.3);
    return () => {
      units.setSvf(svf, 0, 60 + 30 * units.envelopeLevel(modulation), 0.5);
      units.advanceEnvelope(modulation, FRAMES);
      units.renderSaw(osc1, block(0), FRAMES, A4, 0.5);
      units.addSaw(osc2, block(0), FRAMES, A4 + 100000, 0.5);
      units.renderSvf(svf, block(0), FRAMES);
      units.mixVoice(gain, amplitude, block(0), block(1), block(2), FRAMES);
    };
  };
  holds({ voice: [122, voice] });
});
