// SPDX-License-Identifier: MIT
// Interrupts on the whole board, the synth playing: the UART pre-empts the renderer and is never kept waiting, and each handler ends before what
// it interrupted goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, resultOf } from '../../host/index.js';
import { pseudoRandom, started, SYNTH } from './rig.js';

/** By the vector table of the synth: 0 is the most urgent. */
const PRIORITY: Readonly<Record<string, number>> = { USART2: 1, DMA1_Stream5: 2, PendSV: 15 };
/** Critical sections hold interrupts for some register accesses: 100 cycles are 0.6 µs. */
const CRITICAL_CYCLES = 100;
/** The 10 us that the synth allows its MIDI handler; with the flash's waits it takes up to 1,228 cycles on the emulated core. */
const BUDGET_CYCLES = 1680;

test('the UART pre-empts rendering, at once, by the rules', async () => {
  const stack: string[] = [];
  const nestings = new Map<string, number>();
  let last = 0;
  const latency = new Map<string, number>();
  const board = await play(SYNTH, function* (board) {
    board.machine.observers.add({
      exceptionEnter(vector, cycle, pendedAt) {
        assert.ok(cycle >= last && pendedAt <= cycle);
        last = cycle;
        const interrupted = stack[stack.length - 1];
        if (interrupted !== undefined) assert.ok(PRIORITY[vector] < PRIORITY[interrupted], `${vector} interrupted ${interrupted}`);
        stack.push(vector);
        const nesting = stack.join(' < ');
        nestings.set(nesting, (nestings.get(nesting) ?? 0) + 1);
        latency.set(vector, Math.max(latency.get(vector) ?? 0, cycle - pendedAt));
      },
      exceptionExit(vector, cycle) {
        assert.ok(cycle >= last);
        last = cycle;
        assert.equal(stack.pop(), vector);
      },
      sleep() { assert.deepEqual(stack, [], 'the core sleeps in main only'); },
      blockBoundary() {}, midiByte() {},
    });
    yield* started(board);
    const random = pseudoRandom(3);
    for (let i = 0; i < 60; i++) board.midi.noteOn(i % 8, 36 + Math.floor(random.next().value * 48), 100);
    yield ms(150);
  });
  assert.ok((nestings.get('PendSV < USART2') ?? 0) > 60, JSON.stringify([...nestings]));
  const { isr } = resultOf(board, null);
  // A byte may come in while the handler is sending one: it waits for itself then, and for nobody else.
  const { maxLatencyCycles, maxElapsedCycles } = isr.USART2;
  assert.ok(maxLatencyCycles <= maxElapsedCycles + CRITICAL_CYCLES && maxElapsedCycles < BUDGET_CYCLES, `USART2 waited ${maxLatencyCycles} cycles`);
  // Rendering, which lasts most of a block, delays neither of the others.
  assert.ok(isr.PendSV.maxElapsedCycles > 30_000);
  assert.ok(isr.DMA1_Stream5.maxLatencyCycles <= maxElapsedCycles + CRITICAL_CYCLES);
  // The recorder, written apart from this, saw the same.
  for (const [vector, cycles] of latency) assert.equal(isr[vector].maxLatencyCycles, cycles);
});
