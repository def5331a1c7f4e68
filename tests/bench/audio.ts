// SPDX-License-Identifier: MIT
// How fast the audio units are in V8, each beside the time that one frame lasts.

import { instantiateUnits, SAMPLE_RATE, samplesOf, testNoise } from '../audio/units.js';
import type { BenchRow } from './row.js';

const FRAMES = 32;
const BLOCKS = 20_000;
const RUNS = 5;
const FRAME_NANOSECONDS = 1e9 / SAMPLE_RATE;

/** Nanoseconds a frame of each unit in blocks of 32 frames, best of five runs. */
export async function benchAudio(): Promise<BenchRow[]> {
  const units = await instantiateUnits();
  const [first, left, right] = [0, 1, 2].map((i) => units.block(i) as number);
  const increment = units.noteIncrement(69) as number;
  const osc = () => units.newOscillator() as number;
  const struck = () => {
    const env = units.newEnvelope() as number;
    units.setEnvelope(env, 500, 4000, 0.5, 4000, true);
    units.gateOn(env);
    return env;
  };
  // In place again and again a filter would soon hear nothing but its own silence.
  const through = (filter: number, set: (filter: number) => void, render: (filter: number, block: number, frameCount: number) => void) => {
    const noise = units.newNoise(1);
    return () => {
      units.renderNoise(noise, first, FRAMES, 0.5);
      set(filter);
      render(filter, first, FRAMES);
    };
  };
  const voice = () => {
    const [osc1, osc2, svf, gain, amplitude, modulation] = [osc(), osc(), units.newSvf(), units.newVoiceGain(), struck(), struck()];
    units.setVoiceGain(gain, 0.5, 0.3);
    return () => {
      units.setSvf(svf, 0, 60 + 30 * units.envelopeLevel(modulation), 0.5);
      units.advanceEnvelope(modulation, FRAMES);
      units.renderSaw(osc1, first, FRAMES, increment, 0.5);
      units.addSaw(osc2, first, FRAMES, increment + 100_000, 0.5);
      units.renderSvf(svf, first, FRAMES);
      units.mixVoice(gain, amplitude, first, left, right, FRAMES);
    };
  };
  const makers: Record<string, () => () => void> = {
    saw: () => { const o = osc(); return () => units.renderSaw(o, first, FRAMES, increment, 0.5); },
    pulse: () => { const o = osc(); return () => units.renderPulse(o, first, FRAMES, increment, 0x50000000, 0.5); },
    triangle: () => { const o = osc(); return () => units.renderTriangle(o, first, FRAMES, increment, 0.5); },
    sine: () => { const o = osc(); return () => units.renderSine(o, first, FRAMES, increment, 0.5); },
    wavetable: () => { const o = units.newWavetableOscillator(); return () => units.renderWavetable(o, first, FRAMES, increment, 0.5); },
    noise: () => { const n = units.newNoise(1); return () => units.renderNoise(n, first, FRAMES, 0.5); },
    'noise through a state-variable filter': () => through(units.newSvf(), (f) => units.setSvf(f, 0, 70, 0.5), units.renderSvf),
    'noise through a ladder': () => through(units.newLadder(), (f) => units.setLadder(f, 70, 0.5), units.renderLadder),
    envelope: () => { const e = struck(); return () => units.renderEnvelope(e, first, FRAMES); },
    delay: () => { const d = units.newDelay(); units.setDelay(d, 6000, 12000, 0.5, 0.5); return () => units.addDelay(d, first, left, right, FRAMES); },
    chorus: () => { const c = units.newChorus(); units.setChorus(c, 60000, 500, 200); return () => units.addChorus(c, first, left, right, FRAMES, 0.7); },
    reverb: () => { const r = units.newReverb(); units.setReverb(r, SAMPLE_RATE, 0.6); return () => units.addReverb(r, first, left, right, FRAMES); },
    limiter: () => () => units.limit(first, FRAMES),
    'conversion to i16': () => () => units.interleave(first, left, right, FRAMES),
    'voice: two saws, filter, two envelopes, panorama': voice,
  };

  const rows: BenchRow[] = [];
  for (const [name, make] of Object.entries(makers)) {
    units.forgetAll();
    const run = make();
    let best = Infinity;
    for (let i = 0; i < RUNS; i++) {
      for (const block of [0, 1, 2]) samplesOf(units, block).set(testNoise(256, block + 1));
      const start = process.hrtime.bigint();
      for (let block = 0; block < BLOCKS; block++) run();
      best = Math.min(best, Number(process.hrtime.bigint() - start));
    }
    const value = best / (BLOCKS * FRAMES);
    rows.push({ name: `audio: ${name}`, value, unit: 'ns/frame', peer: 'a frame in real time', peerValue: FRAME_NANOSECONDS, ratio: value / FRAME_NANOSECONDS });
  }
  return rows;
}
