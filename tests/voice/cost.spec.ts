// SPDX-License-Identifier: MIT
// What the demo synth costs: WebAssembly instructions executed for each frame in blocks of 32, and the memory that it takes. When a ceiling
// breaks, either the change is worth it and the number here moves, or it is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLibrary } from '../../host/build/library.js';
import { COUNT_EXPORT, countInstructions } from '../../host/testing/instruction-count.js';

const BLOCK = 32;
/** One page, less what drivers, queues and the MIDI side of the firmware need. */
const MEMORY_CEILING = 57500;

async function counted() {
  const wasm = countInstructions(await compileLibrary('tests/voice/engine.as.ts'));
  const synth = (await WebAssembly.instantiate(wasm, { env: { abort: () => assert.fail(), memoryAddress: () => 0 } })).instance.exports as Record<string, any>;
  synth.engineInit(47991.07);
  let frame = 0;
  /** Applies messages, renders, and gives the instructions a frame. */
  const perFrame = (messages: readonly number[], blocks: number): number => {
    for (const message of messages) assert.equal(synth.schedulerPush(frame, message), 0);
    let sum = 0;
    for (let i = 0; i < blocks; i++, frame += BLOCK) {
      const before = synth[COUNT_EXPORT].value;
      synth.render(frame, BLOCK);
      sum += (synth[COUNT_EXPORT].value - before) >>> 0;
    }
    return sum / (blocks * BLOCK);
  };
  return { synth, perFrame };
}

const on = (channel: number, note: number): number => 0x90 | channel | note << 8 | 100 << 16;
const program = (channel: number, value: number): number => 0xc0 | channel | value << 8;
const chord = [36, 40, 43, 48, 52, 55, 60, 64, 67, 72, 76, 79, 84, 88, 91, 96];

test('as many voices on one channel as there are or the budget allows, by timbre', async () => {
  const ceilings: Record<string, [program: number, ceiling: number, voices?: number]> = {
    piano: [0, 1740], 'electric piano': [4, 2190], organ: [16, 1710], guitar: [24, 1740], bass: [32, 2890, 15], strings: [48, 1980], flute: [73, 1780], pad: [88, 2000],
  };
  const over: string[] = [];
  for (const [name, [number, ceiling, voices = 16]] of Object.entries(ceilings)) {
    const { synth, perFrame } = await counted();
    const cost = perFrame([program(0, number), ...chord.map((note) => on(0, note))], 150);
    assert.equal(synth.activeVoices(), voices, name);
    // Not far below, either: a ceiling that nothing comes near guards nothing.
    if (cost > ceiling || cost < 0.9 * ceiling) over.push(`${name}: ${cost.toFixed(0)}, ceiling ${ceiling}`);
  }
  assert.deepEqual(over, []);
});

test('silence costs nearly nothing, before the first note and after the last', async () => {
  const { synth, perFrame } = await counted();
  assert.ok(perFrame([], 100) < 20);
  perFrame([on(0, 60), on(9, 49), 0xb0 | 94 << 8 | 127 << 16], 300);
  perFrame([0x80 | 60 << 8], 9000);
  assert.equal(synth.activeVoices(), 0);
  assert.ok(perFrame([], 100) < 20);
});

test('the engine leaves room in its page', async () => {
  const { synth } = await counted();
  assert.ok(synth.memoryUsed() < MEMORY_CEILING, `${synth.memoryUsed()}`);
});
