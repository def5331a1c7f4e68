// SPDX-License-Identifier: MIT
// The latency table's figures: what is measured is what block size and clocks give, and the rule for handlers holds where it is said to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../host/boards/index.js';
import { without } from '../../host/testing/needs.js';
import { calculated, measureLatency } from './latency.js';

const skip = without('arm-none-eabi-gcc');

test('calculated: two blocks of 32 frames at 48 kHz are a millisecond and a third, and a frame is 21 us', () => {
  const { block, buffer, midiToAudio } = calculated(32, 48_000);
  const near = (value: number, wanted: number) => assert.ok(Math.abs(value - wanted) < 5e-4, `${value}, not ${wanted}`);
  near(block, 0.6667);
  near(buffer[0], 0.6667);
  near(buffer[1], 0.7708);
  near(midiToAudio[0], 1.3333);
  near(midiToAudio[1], 1.3542);
});

test('on the emulated core, compiled ahead of time: as calculated, no block late, no handler above 10 us', { skip }, async () => {
  const measured = await measureLatency(emulatable(loadBoard('stm32f4-discovery')), 'aot', 32);
  if (typeof measured === 'string') return assert.fail(measured);
  const sums = calculated(32, 86e6 / 1792); // RM0090 rev 18, 28.4.4
  // The handler reads the frame some microseconds after the byte's end, and an attack rises from a first sample of nothing: two frames at most.
  const later = (2 * 1000) / (86e6 / 1792);
  const { notes, minMs, maxMs } = measured.midiToAudio!;
  assert.ok(notes >= 4, 'there were notes in silence');
  assert.ok(minMs >= sums.midiToAudio[0] && maxMs <= sums.midiToAudio[1] + later, JSON.stringify([measured, sums]));
  assert.ok(measured.bufferMs > sums.buffer[0] && measured.bufferMs <= sums.buffer[1], JSON.stringify([measured, sums]));
  assert.ok(measured.isr.us > 1 && measured.isr.us <= 10, `${measured.isr.vector}: ${measured.isr.us} us`);
  assert.equal(measured.lateBlocks, 0);
  assert.ok(measured.busiest > 0.3, `sixteen voices are work: ${measured.busiest}`);
});

test('an engine whose demo does not fit says so', { skip }, async () => {
  assert.equal(await measureLatency(emulatable(loadBoard('stm32f4-discovery')), 'wasm3', 32), 'does not fit the board\'s RAM');
});
