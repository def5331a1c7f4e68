// SPDX-License-Identifier: MIT
// Every audio function and the whole demo engine, translated to C and compiled for this computer: the same bytes of memory as in V8.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLibrary } from '../../host/build/library.js';
import { parseModule, type WasmModule } from '../../host/cpu/wasm/decode.js';
import { bitsOf, missingCompiler, runInC, runInV8, signatureOfExport, type Step } from './native.js';

const skip = process.env.CI ? undefined : missingCompiler();

/** Calls recorded while they run in V8, so that addresses that they return can be arguments of later ones. */
class Recorder {
  readonly steps: Step[] = [];
  private readonly instance: WebAssembly.Instance;
  constructor(readonly module: WasmModule) {
    this.instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes as BufferSource), { env: { abort: () => {}, memoryAddress: () => 0 } });
  }
  call(name: string, ...args: number[]): number {
    const { parameters } = signatureOfExport(this.module, name);
    this.steps.push({ call: name, args: parameters.map((type, i) => bitsOf(type, args[i])) });
    return (this.instance.exports[name] as (...a: number[]) => number)(...args);
  }
  write(at: number, bytes: Uint8Array): void {
    this.steps.push({ write: bytes, at });
    new Uint8Array((this.instance.exports.memory as WebAssembly.Memory).buffer).set(bytes, at);
  }
}

function assertSame(module: WasmModule, steps: readonly Step[]): void {
  const [v8, c] = [runInV8(module, steps), runInC(module, steps)];
  assert.deepEqual(c.results, v8.results);
  const at = c.memory.findIndex((byte, i) => byte !== v8.memory[i]);
  assert.equal(at, -1, `memory differs at ${at}`);
}

test('the audio library gives the same bits in C', { skip }, async () => {
  const module = parseModule(await compileLibrary('tests/audio/units.as.ts'));
  const r = new Recorder(module);
  r.call('initTuning', 47991.0714);
  const [a, b, c] = [0, 1, 2].map((i) => r.call('block', i));
  const harmonics = new Float32Array(128).map((_, i) => (i % 2 ? -1 : 1) / (i + 1));
  r.write(r.call('harmonics'), new Uint8Array(harmonics.buffer));
  r.call('buildWavetable', r.call('wavetable'), r.call('harmonics'), 128);
  const osc = r.call('newOscillator');
  const wave = r.call('newWavetableOscillator');
  const noise = r.call('newNoise', 1);
  const filters = [0, 1, 2, 3].map((mode) => [mode, r.call('newSvf')]);
  const ladder = r.call('newLadder');
  const env = r.call('newEnvelope');
  const voiceGain = r.call('newVoiceGain');
  const gain = r.call('newGain');
  const lfos = [0, 1, 2, 3, 4].map((shape) => r.call('newLfo', 7, shape, 3000000 + shape));
  const delay = r.call('newDelay');
  const chorus = r.call('newChorus');
  const reverb = r.call('newReverb');
  const dc = r.call('newDcBlocker', 0.999);
  r.call('setEnvelope', env, 300, 900, 0.6, 1500, 1);
  r.call('setDelay', delay, 500, 1000, 0.7, 0.5);
  r.call('setChorus', chorus, 200000, 500, 300);
  r.call('setReverb', reverb, 47991, 0.6);
  const covered = new Set<string>();
  const run = (name: string, ...args: number[]) => { covered.add(name); r.call(name, ...args); };
  for (let block = 0; block < 150; block++) {
    const frames = [32, 1, 7, 32, 256, 31, 0, 2][block % 8];
    const increment = r.call('noteIncrement', 20 + block * 0.77);
    if (block % 40 === 1) r.call('gateOn', env);
    if (block % 40 === 30) r.call('gateOff', env);
    for (const kind of ['Saw', 'Triangle', 'Sine']) for (const verb of ['render', 'add']) run(verb + kind, osc, a, frames, increment, 0.3);
    for (const verb of ['render', 'add']) run(`${verb}Pulse`, osc, a, frames, increment, 0x30000000 + block * 1000, 0.4);
    for (const verb of ['render', 'add']) run(`${verb}Wavetable`, wave, b, frames, increment, 0.4);
    run('renderNoise', noise, c, frames, 0.5);
    run('addNoise', noise, a, frames, 0.1);
    for (const [mode, filter] of filters) {
      r.call('setSvf', filter, mode, 30 + block * 0.6, 0.7);
      run('renderSvf', filter, a, frames);
    }
    r.call('setLadder', ladder, 50 + block / 3, 0.6);
    run('renderLadder', ladder, b, frames);
    r.call('setVoiceGain', voiceGain, 0.5, (block % 9) / 9);
    run('mixVoice', voiceGain, env, a, b, c, frames);
    r.call('setGain', gain, (block % 7) / 7);
    run('mixInto', gain, a, b, frames);
    for (const lfo of lfos) r.call('advanceLfo', lfo, frames);
    run('addDelay', delay, a, b, c, frames);
    run('addChorus', chorus, a, b, c, frames, 0.7);
    run('addReverb', reverb, a, b, c, frames);
    run('blockDc', dc, b, frames);
    run('limit', b, frames);
    run('limit', c, frames);
    if (block % 10 === 5) run('interleave', r.call('wavetable'), b, c, frames);
    if (block % 4 === 3) run('clearBlock', a, frames);
    run('renderEnvelope', env, a, frames);
  }
  const all = module.exports.map((e) => e.name).filter((name) => /^(render|add|mix)[A-Z]|^(limit|interleave|blockDc|clearBlock)$/.test(name));
  assert.deepEqual(all.filter((name) => !covered.has(name)), [], 'functions that this test leaves out');
  assertSame(module, r.steps);
});

test('the demo\'s engine gives the same bits in C', { skip }, async () => {
  const module = parseModule(await compileLibrary('tests/bench/engine.as.ts'));
  const blocks = (count: number): Step => ({ call: 'renderBlocks', args: [BigInt(count)] });
  assertSame(module, [blocks(3), { call: 'playChord', args: [] }, blocks(1000)]);
});
