// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cyclesPerFrame, cyclesPerFrameOfBlocks, Recorder } from './recorder.js';

test('a handler that was pre-empted is charged its own cycles; elapsed time includes those above it', () => {
  const recorder = new Recorder({ PendSV: { priority: 15, budget: 500 }, USART2: { priority: 2, budget: 50 } });
  recorder.exceptionEnter('PendSV', 1000, 990);
  recorder.exceptionEnter('USART2', 1100, 1100);
  recorder.exceptionEnter('DMA1_Stream5', 1120, 1119);
  recorder.exceptionExit('DMA1_Stream5', 1150);
  recorder.exceptionExit('USART2', 1180);
  recorder.exceptionEnter('USART2', 1300, 1294);
  recorder.exceptionExit('USART2', 1360);
  recorder.exceptionExit('PendSV', 1600);
  assert.deepEqual(recorder.isr(), {
    PendSV: {
      priority: 15, budget: 500, count: 1, meanCycles: 460, maxCycles: 460, totalCycles: 460, overBudget: 0,
      maxElapsedCycles: 600, meanLatencyCycles: 10, maxLatencyCycles: 10,
    },
    USART2: {
      priority: 2, budget: 50, count: 2, meanCycles: 55, maxCycles: 60, totalCycles: 110, overBudget: 1,
      maxElapsedCycles: 80, meanLatencyCycles: 3, maxLatencyCycles: 6,
    },
    DMA1_Stream5: {
      priority: null, budget: null, count: 1, meanCycles: 30, maxCycles: 30, totalCycles: 30, overBudget: 0,
      maxElapsedCycles: 30, meanLatencyCycles: 1, maxLatencyCycles: 1,
    },
  });
});

test('a vector that never fired is listed with zeros; one still active is not counted', () => {
  const recorder = new Recorder({ I2C1_EV: { priority: 9, budget: null } });
  recorder.exceptionEnter('SysTick', 10, 5);
  const isr = recorder.isr();
  assert.equal(isr.I2C1_EV.count, 0);
  assert.equal(isr.I2C1_EV.meanCycles, 0);
  assert.equal(isr.SysTick.count, 0);
});

test('one still active counts once it has taken longer than all that ended, and against its budget', () => {
  const recorder = new Recorder({ PendSV: { priority: 15, budget: 500 } });
  recorder.exceptionEnter('PendSV', 1000, 990);
  recorder.exceptionExit('PendSV', 1100);
  recorder.exceptionEnter('PendSV', 2000, 1980);
  recorder.exceptionEnter('USART2', 2050, 2050);
  assert.equal(recorder.isr(2100).PendSV.count, 1, 'fifty cycles of its own so far');
  recorder.exceptionExit('USART2', 2150);
  recorder.exceptionEnter('USART2', 2700, 2700);
  const isr = recorder.isr(2760);
  assert.deepEqual(isr.PendSV, {
    priority: 15, budget: 500, count: 2, meanCycles: 350, maxCycles: 600, totalCycles: 700, overBudget: 1, maxElapsedCycles: 760, meanLatencyCycles: 15, maxLatencyCycles: 20,
  });
  assert.equal(isr.USART2.count, 1, 'the second has taken 60 cycles, the first took 100');
  assert.deepEqual(recorder.isr(2760), isr, 'to ask changes nothing');
  assert.equal(recorder.isr().PendSV.count, 1);
});

test('an exit that does not match its entry is refused', () => {
  const recorder = new Recorder();
  assert.throws(() => recorder.exceptionExit('USART2', 5), /exit of USART2, but no handler was active/);
  const other = new Recorder();
  other.exceptionEnter('TIM5', 1, 1);
  assert.throws(() => other.exceptionExit('USART2', 5), /exit of USART2, but TIM5 was active/);
});

test('busy cycles are those not slept, and sleep is split at the boundaries that fell into it', () => {
  const recorder = new Recorder();
  recorder.sleep(0, 90); // before the first boundary: in no block
  recorder.blockBoundary(100);
  recorder.sleep(150, 180);
  recorder.blockBoundary(200);
  recorder.blockBoundary(300);
  recorder.sleep(190, 340); // reported after the two boundaries that it spans
  recorder.sleep(350, 360);
  recorder.blockBoundary(400);
  assert.deepEqual([...recorder.blocks().boundaryCycles], [100, 200, 300, 400]);
  assert.deepEqual([...recorder.blocks().busyCycles], [100 - 30 - 10, 0, 100 - 40 - 10]);
});

test('however a machine cuts and orders its reports of sleep, each block gets exactly the sleep inside it', () => {
  const sleeps = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 300 })), { maxLength: 40 });
  fc.assert(fc.property(sleeps, fc.integer({ min: 1, max: 200 }), fc.boolean(), (steps, blockLength, late) => {
    const recorder = new Recorder();
    const asleep = new Uint8Array(40 * 701);
    let now = 0;
    let boundary = 0;
    const boundariesUntil = (cycle: number) => {
      for (; boundary <= cycle; boundary += blockLength) recorder.blockBoundary(boundary);
    };
    for (const [awakeCycles, sleepCycles] of steps) {
      boundariesUntil(now + awakeCycles);
      now += awakeCycles;
      asleep.fill(1, now, now + sleepCycles);
      if (late) boundariesUntil(now + sleepCycles);
      recorder.sleep(now, now + sleepCycles);
      now += sleepCycles;
    }
    boundariesUntil(now + blockLength);
    const { count, busyCycles } = recorder.blocks();
    assert.equal(count, Math.max(0, Math.floor((now + blockLength) / blockLength)));
    for (let i = 0; i < count; i++) {
      const slept = asleep.subarray(i * blockLength, (i + 1) * blockLength).reduce((sum, value) => sum + value, 0);
      assert.equal(busyCycles[i], blockLength - slept);
    }
  }));
});

test('cycles per frame: mean, nearest-rank 99th percentile and maximum over blocks, against the budget', () => {
  const recorder = new Recorder();
  const blockLength = 112_000; // 32 frames of 3,500 cycles
  // Block i is awake for 32 · i cycles: i cycles a frame, for i from 1 to 200.
  for (let i = 1; i <= 201; i++) {
    recorder.blockBoundary(i * blockLength);
    recorder.sleep(i * blockLength + 32 * i, (i + 1) * blockLength);
  }
  const result = cyclesPerFrame(recorder.blocks(), 3500);
  assert.ok(Math.abs(result.mean - 100.5) < 1e-9);
  assert.ok(Math.abs(result.p99 - 198) < 1e-9);
  assert.ok(Math.abs(result.max - 200) < 1e-9);
  assert.equal(result.budget, 3500);
  assert.deepEqual(cyclesPerFrame(new Recorder().blocks(), 3500), { mean: 0, p99: 0, max: 0, budget: 3500 });
});

test('a block that a restart cut short is judged by its share of time', () => {
  const recorder = new Recorder();
  for (const cycle of [0, 1000, 1100]) recorder.blockBoundary(cycle);
  recorder.sleep(1050, 1100);
  assert.deepEqual([...cyclesPerFrameOfBlocks(recorder.blocks(), 100)], [100, 50]);
});

test('voices are read at each boundary, MIDI characters kept with the end of their stop bit, over many doublings', () => {
  let voices = 0;
  const recorder = new Recorder({}, () => voices);
  for (let i = 0; i < 5000; i++) {
    voices = i % 17;
    recorder.blockBoundary(i * 10);
    recorder.midiByte(i & 0xff, i * 53_760, (i + 1) * 53_760);
  }
  assert.equal(recorder.blocks().count, 4999);
  assert.equal(recorder.blocks().voices[4000], 4001 % 17);
  assert.equal(recorder.midi().bytes.length, 5000);
  assert.equal(recorder.midi().bytes[4999], 4999 & 0xff);
  assert.equal(recorder.midi().endCycles[4999], 5000 * 53_760);
});
