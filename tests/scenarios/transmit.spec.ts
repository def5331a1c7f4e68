// SPDX-License-Identifier: MIT
// What leaves MIDI OUT: real-time bytes jump the queue, even inside a SysEx, and nothing else is disturbed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play } from '../../host/index.js';
import { CHARACTER_CYCLES, losses } from './rig.js';

const CLOCK = 0xf8;

test('a clock overtakes a SysEx within two characters', async () => {
  const ticks: number[] = [];
  const board = await play('tests/scenarios/transmit.as.ts', function* (board) {
    board.machine.observers.add({
      exceptionEnter(vector, cycle) { if (vector === 'TIM2') ticks.push(cycle); },
      exceptionExit() {}, sleep() {}, blockBoundary() {}, midiByte() {},
    });
    yield ms(120);
  });
  assert.deepEqual(losses(board), {});
  const { characters } = board.midiOut;
  const messages = characters.filter(({ byte }) => byte !== CLOCK).map(({ byte }) => byte);
  assert.deepEqual(messages, [0xf0, ...Array.from({ length: 198 }, (_, i) => (i + 1) & 0x7f), 0xf7, 0x90, 60, 100]);

  const clocks = characters.filter(({ byte }) => byte === CLOCK);
  assert.ok(clocks.length >= 110 && ticks.length - clocks.length <= 1, `${clocks.length} clocks of ${ticks.length}`);
  const end = characters.findIndex(({ byte }) => byte === 0xf7);
  const inside = characters.slice(0, end).filter(({ byte }) => byte === CLOCK).length;
  assert.ok(inside > 60, `${inside} clocks inside the SysEx`);
  clocks.forEach(({ startCycle }, i) => {
    const wait = startCycle - ticks[i];
    // One character is in the shift register, one more in the data register.
    assert.ok(wait > 0 && wait < 2 * CHARACTER_CYCLES + 1000, `clock ${i} waited ${wait} cycles`);
  });
  // The line is never idle while the SysEx goes out.
  for (let i = 1; i <= end; i++) assert.ok(Math.abs(characters[i].startCycle - characters[i - 1].startCycle - CHARACTER_CYCLES) <= 1, `gap before byte ${i}`);
});

test('the arpeggiator plays what is held, upwards and round again, an eighth of a second apart', async () => {
  const board = await play('assembly/firmware/arpeggiator.ts', function* ({ midi }) {
    yield ms(10);
    for (const note of [67, 60, 64]) midi.noteOn(0, note, 100);
    yield ms(995);
    midi.noteOff(0, 64);
    yield ms(250);
  });
  assert.deepEqual(losses(board), {});
  const { characters } = board.midiOut;
  const ons = characters.flatMap(({ byte, seconds }, i) => (byte === 0x90 ? [{ note: characters[i + 1].byte, seconds }] : []));
  assert.deepEqual(ons.map(({ note }) => note), [60, 64, 67, 60, 64, 67, 60, 64, 67, 60].slice(0, ons.length));
  assert.ok(ons.length >= 9, `${ons.length} notes`);
  // Steps of 125 ms; from the second on, the three bytes that end the last note come first.
  assert.ok(Math.abs(ons[1].seconds - ons[0].seconds - 0.125 - 0.00096) < 0.00001);
  for (let i = 2; i < ons.length; i++) assert.ok(Math.abs(ons[i].seconds - ons[i - 1].seconds - 0.125) < 0.00001, `step ${i}`);
  const offs = characters.flatMap(({ byte }, i) => (byte === 0x80 ? [characters[i + 1].byte] : []));
  assert.deepEqual(offs, ons.map(({ note }) => note).slice(0, offs.length));
});
