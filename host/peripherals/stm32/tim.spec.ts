// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBench } from '../../testing/model-bench.js';
import { Tim, type TimConfig } from './tim.js';

const CR1 = 0x00, CR2 = 0x04, SMCR = 0x08, DIER = 0x0c, SR = 0x10, EGR = 0x14, CCMR1 = 0x18, CCER = 0x20, CNT = 0x24, PSC = 0x28, ARR = 0x2c, CCR1 = 0x34, CCR2 = 0x38;
const CEN = 1, UDIS = 2, URS = 4, OPM = 8, DIR = 16, ARPE = 128;
const TIM2: TimConfig = { bits: 32, channels: 4, registers: 'TIM2', clock: 'TIMCLK1', vectors: ['TIM2'] };
const TIM3: TimConfig = { bits: 16, channels: 4, registers: 'TIM3', clock: 'TIMCLK1', vectors: ['TIM3'] };
const TIM6: TimConfig = { bits: 16, channels: 0, registers: 'TIM6', clock: 'TIMCLK1', vectors: ['TIM6_DAC'] };

/** A timer at half the core clock, so that one tick is 2 cycles, with its longest period. */
function setUp(config: TimConfig = TIM3, hertz = 84e6) {
  const bench = new ModelBench(168e6);
  bench.setClock('TIMCLK1', hertz);
  const tim = new Tim(config.registers, 0x40000000, bench, config);
  const read = (offset: number) => tim.read(offset, 4);
  const write = (offset: number, value: number) => tim.write(offset, value, 4);
  write(ARR, 0xffffffff);
  /** Starts the counter and lets the one tick pass after which it counts. */
  const start = (bits = 0) => {
    write(CR1, CEN | bits);
    bench.run(2);
  };
  return { bench, tim, read, write, start };
}

test('all registers are 0 after reset, and ARR, CNT and CCR have the timer\'s width', () => {
  for (const [config, ones] of [[TIM2, 0xffffffff], [TIM3, 0xffff]] as const) {
    const { tim, read, write } = setUp(config);
    tim.reset();
    for (const offset of [CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, 0x1c, CCER, CNT, PSC, ARR, CCR1, 0x40]) assert.equal(read(offset), 0);
    for (const offset of [CNT, ARR, CCR1]) {
      write(offset, 0xffffffff);
      assert.equal(read(offset), ones);
    }
  }
});

test('CNT counts every (PSC + 1) ticks, the first tick after CEN excepted', () => {
  const { bench, read, write } = setUp();
  write(PSC, 4);
  write(EGR, 1);
  write(CR1, CEN);
  bench.run(2 + 10 - 1);
  assert.equal(read(CNT), 0);
  bench.run(1);
  assert.equal(read(CNT), 1);
  bench.run(10 * 998);
  assert.equal(read(CNT), 999);
});

test('a 32-bit timer of 1 µs steps tells the time, with no appointment of its own', () => {
  const { bench, read, write, start } = setUp(TIM2);
  write(PSC, 83);
  write(EGR, 1);
  write(SR, 0);
  start();
  assert.equal(bench.timeline.nextDue, Infinity);
  bench.run(168e6 * 10);
  assert.equal(read(CNT), 10e6);
  bench.run(168 * (2 ** 32 - 10e6));
  assert.equal(read(CNT), 0);
  assert.equal(read(SR) & 1, 1);
});

test('PSC takes effect at the next update event', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  start();
  bench.run(2 * 5);
  write(PSC, 1);
  bench.run(2 * 4);
  assert.equal(read(CNT), 9);
  bench.run(2);
  assert.equal(read(CNT), 0);
  bench.run(2 * 2 * 3);
  assert.equal(read(CNT), 3);
});

test('the update interrupt comes every (ARR + 1)(PSC + 1) ticks, to the cycle, and UIF is cleared by writing 0', () => {
  const { bench, read, write, start } = setUp();
  write(PSC, 2);
  write(ARR, 6);
  write(EGR, 1);
  write(SR, 0);
  write(DIER, 1);
  start();
  const period = 2 * 3 * 7;
  for (let i = 1; i <= 3; i++) {
    bench.run(period - 1);
    assert.equal(bench.interrupts.has('TIM3'), false, `period ${i}`);
    bench.run(1);
    assert.equal(bench.interrupts.has('TIM3'), true, `period ${i}`);
    assert.equal(read(CNT), 0);
    write(SR, 0xfffe);
    assert.equal(bench.interrupts.has('TIM3'), false);
  }
});

test('without UIE, UIF still rises and nothing is scheduled', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  start();
  assert.equal(bench.timeline.nextDue, Infinity);
  bench.run(2 * 10);
  assert.equal(read(SR) & 1, 1);
});

test('ARR works at once without ARPE, at the update with it', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 99);
  start();
  bench.run(2 * 10);
  write(ARR, 19);
  bench.run(2 * 10);
  assert.equal(read(CNT), 0);
  write(CR1, CEN | ARPE);
  write(ARR, 4);
  bench.run(2 * 19);
  assert.equal(read(CNT), 19);
  bench.run(2 * 6);
  assert.equal(read(CNT), 0);
});

test('a counter beyond ARR runs on to its end and wraps without an update', () => {
  const { bench, read, write, start } = setUp();
  write(CNT, 0xfff0);
  write(ARR, 9);
  start();
  bench.run(2 * 15);
  assert.equal(read(CNT), 0xffff);
  bench.run(2);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR) & 1, 0);
});

test('ARR of 0 blocks the counter', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 0);
  write(DIER, 1);
  start();
  bench.run(1000);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR), 0);
});

test('DIR counts down from ARR and updates at the underflow', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  write(CR1, DIR);
  write(EGR, 1);
  write(SR, 0);
  assert.equal(read(CNT), 9);
  start(DIR);
  bench.run(2 * 9);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR) & 1, 0);
  bench.run(2);
  assert.equal(read(CNT), 9);
  assert.equal(read(SR) & 1, 1);
});

test('one-pulse mode stops at the update', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  start(OPM);
  bench.run(2 * 10);
  assert.equal(read(CR1), OPM);
  bench.run(1000);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR) & 1, 1);
});

test('UG restarts counter and prescaler, loads the buffers and sets UIF, but not with URS, and does none of it but restart with UDIS', () => {
  const { bench, read, write, start } = setUp();
  write(PSC, 9);
  start();
  bench.run(2 * 7);
  write(EGR, 1);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR), 1);
  bench.run(2 * 10);
  assert.equal(read(CNT), 1);
  write(SR, 0);
  write(CR1, CEN | URS);
  write(EGR, 1);
  assert.equal(read(SR), 0);
  write(CR1, CEN | UDIS);
  write(PSC, 0);
  write(EGR, 1);
  bench.run(2 * 10);
  assert.equal(read(CNT), 1);
  assert.equal(read(SR), 0);
});

test('UDIS lets the counter wrap with no update event', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  start(UDIS);
  bench.run(2 * 10);
  assert.equal(read(CNT), 0);
  assert.equal(read(SR) & 1, 0);
  bench.run(2 * 10_000);
  assert.equal(read(SR) & 1, 0);
});

test('a compare match raises CCxIF and its interrupt at the very cycle', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 99);
  write(CCR2, 40);
  write(DIER, 1 << 2);
  start();
  bench.run(2 * 40 - 1);
  assert.equal(bench.interrupts.has('TIM3'), false);
  bench.run(1);
  assert.equal(bench.interrupts.has('TIM3'), true);
  assert.equal(read(SR) & (1 << 2), 1 << 2);
  write(SR, ~(1 << 2) >>> 0);
  bench.run(2 * 100 - 1);
  assert.equal(bench.interrupts.has('TIM3'), false);
  bench.run(1);
  assert.equal(bench.interrupts.has('TIM3'), true);
});

test('a compare value above ARR raises its flag at the overflow', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  write(CCR1, 50);
  start();
  bench.run(2 * 9);
  assert.equal(read(SR) & 2, 0);
  bench.run(2);
  assert.equal(read(SR) & 2, 2);
});

test('EGR.CC1G raises CC1IF', () => {
  const { bench, read, write } = setUp();
  write(DIER, 2);
  write(EGR, 2);
  assert.equal(read(SR), 2);
  assert.ok(bench.interrupts.has('TIM3'));
});

/** Edges of TIM3_CH1 by cycle, `cycles` long. */
function edgesOf(setup: (write: (offset: number, value: number) => void) => void, cycles: number, bits = 0) {
  const { bench, write, start } = setUp();
  setup(write);
  write(EGR, 1);
  const edges: [number, number][] = [];
  start(bits);
  const from = bench.timeline.now;
  edges.push([bench.signal('TIM3_CH1').level, 0]);
  bench.signal('TIM3_CH1').onEdge((level, cycle) => edges.push([level, cycle - from]));
  bench.run(cycles);
  return edges;
}

test('PWM mode 1 is high for CCR of ARR + 1 counts; mode 2 and CC1P turn it round', () => {
  const at = (mode: number, ccer: number) => edgesOf((write) => {
    write(ARR, 9);
    write(CCR1, 3);
    write(CCMR1, (mode << 4) | 8);
    write(CCER, ccer);
  }, 2 * 20);
  assert.deepEqual(at(6, 1), [[1, 0], [0, 6], [1, 20], [0, 26], [1, 40]]);
  assert.deepEqual(at(7, 1), [[0, 0], [1, 6], [0, 20], [1, 26], [0, 40]]);
  assert.deepEqual(at(6, 3), [[0, 0], [1, 6], [0, 20], [1, 26], [0, 40]]);
  assert.deepEqual(at(6, 0), [[0, 0]]);
});

test('PWM of 0 is always low, of more than ARR always high', () => {
  for (const [ccr, level] of [[0, 0], [10, 1]]) {
    assert.deepEqual(edgesOf((write) => {
      write(ARR, 9);
      write(CCR1, ccr);
      write(CCMR1, 6 << 4);
      write(CCER, 1);
    }, 200), [[level, 0]]);
  }
});

test('PWM mode 1 counting down is high from CCR to 0', () => {
  const edges = edgesOf((write) => {
    write(ARR, 9);
    write(CCR1, 3);
    write(CCMR1, 6 << 4);
    write(CCER, 1);
    write(CR1, DIR);
  }, 2 * 20, DIR);
  assert.deepEqual(edges, [[0, 0], [1, 12], [0, 20], [1, 32], [0, 40]]);
});

test('toggle, active and inactive on match; forced levels at once', () => {
  const at = (mode: number) => edgesOf((write) => {
    write(ARR, 9);
    write(CCR1, 4);
    write(CCMR1, mode << 4);
    write(CCER, 1);
  }, 2 * 30);
  assert.deepEqual(at(3), [[0, 0], [1, 8], [0, 28], [1, 48]]);
  assert.deepEqual(at(1), [[0, 0], [1, 8]]);
  assert.deepEqual(at(2), [[0, 0]]);
  assert.deepEqual(at(5), [[1, 0]]);
  assert.deepEqual(at(4), [[0, 0]]);
});

test('a buffered CCR takes effect at the update', () => {
  const { bench, read, write, start } = setUp();
  write(ARR, 9);
  write(CCMR1, 8 | (6 << 4));
  write(CCR1, 2);
  write(CCER, 1);
  assert.equal(read(CCR1), 2);
  start();
  assert.equal(bench.signal('TIM3_CH1').level, 0);
  bench.run(2 * 10);
  assert.equal(bench.signal('TIM3_CH1').level, 1);
});

test('counter and flags do not depend on when one looks', () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 40 }), fc.nat(5), fc.nat(45), fc.boolean(), fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 }),
    (arr, psc, ccr, down, looks) => {
      const total = looks.reduce((a, b) => a + b, 0) + 1;
      const run = (stops: number[]) => {
        const { bench, read, write, start } = setUp();
        write(ARR, arr);
        write(PSC, psc);
        write(CCR1, ccr);
        write(CCMR1, 3 << 4);
        if (down) write(CR1, DIR);
        write(EGR, 1);
        write(SR, 0);
        start(down ? DIR : 0);
        for (const cycles of stops) {
          bench.run(cycles);
          read(CNT);
        }
        write(CCER, 1); // shows how often it has toggled
        return [read(CNT), read(SR), bench.signal('TIM3_CH1').level];
      };
      assert.deepEqual(run([...looks, 1]), run([total]));
      assert.deepEqual(run(Array.from({ length: total }, () => 1)), run([total]));
    },
  ), { numRuns: 60 });
});

test('counter and prescaler go on from where they were when the clock changes', () => {
  const { bench, read, write, start } = setUp();
  write(PSC, 9);
  write(EGR, 1);
  start();
  bench.run(2 * (10 * 100 + 7));
  bench.setClock('TIMCLK1', 42e6);
  bench.run(4 * 3 - 1);
  assert.equal(read(CNT), 100);
  bench.run(1);
  assert.equal(read(CNT), 101);
});

test('a basic timer has no more than its registers', () => {
  const { bench, read, write, start } = setUp(TIM6);
  write(ARR, 9);
  write(DIER, 1);
  start();
  bench.run(20);
  assert.deepEqual([...bench.interrupts], ['TIM6_DAC']);
  assert.equal(read(SR), 1);
  assert.equal(bench.diagnostics.length, 0);
  write(SMCR, 0);
  write(CR2, 2 << 4);
  assert.equal(read(CR2), 2 << 4);
  write(CCMR1, 0x68);
  assert.equal(read(CCMR1), 0);
  assert.match(bench.diagnostics[0].message, /no register at offset 0x18/);
});

test('a byte write of SR clears that byte\'s flags alone', () => {
  const { tim, read, write } = setUp();
  write(EGR, 0b11110);
  tim.write(SR, 0, 1);
  assert.equal(read(SR), 0);
  write(EGR, 0b11110);
  tim.write(SR + 1, 0, 1);
  assert.equal(read(SR), 0b11110);
});
