// SPDX-License-Identifier: MIT
// Timers beyond counting up and comparing: RM0090 rev 18, chapters 17 to 19.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBench } from '../../testing/model-bench.js';
import { Tim, type TimConfig } from './tim.js';

const CR1 = 0x00, CR2 = 0x04, SMCR = 0x08, DIER = 0x0c, SR = 0x10, EGR = 0x14, CCMR1 = 0x18, CCMR2 = 0x1c, CCER = 0x20, CNT = 0x24, PSC = 0x28, ARR = 0x2c, RCR = 0x30;
const CCR1 = 0x34, CCR2 = 0x38, CCR4 = 0x40, BDTR = 0x44, DCR = 0x48, DMAR = 0x4c, OR = 0x50;
const CEN = 1, OPM = 8, DIR = 16;
const VECTORS = ['TIM1_BRK_TIM9', 'TIM1_UP_TIM10', 'TIM1_TRG_COM_TIM11', 'TIM1_CC'];

const configs: Record<string, TimConfig> = {
  TIM1: { bits: 16, channels: 4, registers: 'TIM1', clock: 'TIMCLK', vectors: VECTORS, triggers: ['TIM5_TRGO', 'TIM2_TRGO', 'TIM3_TRGO', 'TIM4_TRGO'] },
  TIM2: {
    bits: 32, channels: 4, registers: 'TIM2', clock: 'TIMCLK', vectors: ['TIM2'], triggers: ['TIM1_TRGO', 'TIM8_TRGO', 'TIM3_TRGO', 'TIM4_TRGO'],
    option: { shift: 10, replaces: 'ITR1', choices: ['TIM8_TRGO', 'ETH_PTP', 'OTG_FS_SOF', 'OTG_HS_SOF'] },
  },
  TIM3: { bits: 16, channels: 4, registers: 'TIM3', clock: 'TIMCLK', vectors: ['TIM3'], triggers: ['TIM1_TRGO', 'TIM2_TRGO', 'TIM5_TRGO', 'TIM4_TRGO'] },
  TIM5: {
    bits: 32, channels: 4, registers: 'TIM2', clock: 'TIMCLK', vectors: ['TIM5'], triggers: [],
    option: { shift: 6, replaces: 'TI4', choices: ['', 'LSI', 'LSE', 'RTC_WKUP'] },
  },
  TIM9: { bits: 16, channels: 2, registers: 'TIM9', clock: 'TIMCLK', vectors: ['TIM1_BRK_TIM9'], triggers: ['TIM2_TRGO', 'TIM3_TRGO', 'TIM10_CC1', 'TIM11_CC1'] },
  TIM10: { bits: 16, channels: 1, registers: 'TIM10', clock: 'TIMCLK', vectors: ['TIM1_UP_TIM10'] },
};

/** Timers on one bench whose clock is the core's, so that a tick is a cycle. */
function setUp(...names: string[]) {
  const bench = new ModelBench(168e6);
  bench.setClock('TIMCLK', 168e6);
  const make = (name: string) => {
    const tim = new Tim(name, 0x40000000, bench, configs[name]);
    const handle = {
      tim, read: (offset: number) => tim.read(offset, 4), write: (offset: number, value: number) => tim.write(offset, value, 4),
      /** Starts the counter and lets the tick pass after which it counts. */
      start: (bits = 0) => {
        handle.write(CR1, CEN | bits);
        bench.run(1);
      },
    };
    handle.write(ARR, 0xffffffff);
    return handle;
  };
  const timers = names.map(make);
  return { bench, ...timers[0], timers };
}

/** Edges of a line while `cycles` pass: [level, cycles from now]. */
function edges(bench: ModelBench, name: string, cycles: number): [number, number][] {
  const list: [number, number][] = [];
  const from = bench.timeline.now;
  bench.signal(name).onEdge((level, cycle) => list.push([level, cycle - from]));
  bench.run(cycles);
  return list;
}

const counts = (bench: ModelBench, read: (offset: number) => number, n: number) => Array.from({ length: n }, () => {
  const count = read(CNT);
  bench.run(1);
  return count;
});

// Centre-aligned counting, 17.3.2

test('centre-aligned: 0 to ARR and back to 0, with DIR by hardware and an update at both ends', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(ARR, 6);
  write(DIER, 1);
  start(3 << 5);
  assert.deepEqual(counts(bench, read, 4), [0, 1, 2, 3]);
  write(CR1, CEN | (3 << 5) | DIR);
  assert.equal(read(CR1) & DIR, 0, 'DIR is read only');
  bench.run(1);
  assert.equal(bench.interrupts.has('TIM3'), false);
  bench.run(1);
  assert.deepEqual([read(CNT), read(CR1) & DIR, read(SR) & 1], [6, DIR, 1]);
  write(SR, 0);
  assert.deepEqual(counts(bench, read, 6), [6, 5, 4, 3, 2, 1]);
  assert.deepEqual([read(CNT), read(CR1) & DIR, read(SR) & 1], [0, 0, 1]);
});

test('centre-aligned: mode 1 raises compare flags counting down, mode 2 counting up, mode 3 both', () => {
  for (const [cms, when] of [[1, [9]], [2, [3]], [3, [3, 9]]] as const) {
    const { bench, read, write, start } = setUp('TIM3');
    write(ARR, 6);
    write(CCR1, 3);
    start(cms << 5);
    write(SR, 0);
    const seen: number[] = [];
    for (let i = 1; i <= 12; i++) {
      bench.run(1);
      if (read(SR) & 2) seen.push(i);
      write(SR, 0);
    }
    assert.deepEqual(seen, when, `mode ${cms}`);
  }
});

test('centre-aligned PWM of ARR = 8: CCR = 4 is high for 8 of 16 counts around 0, 8 always, 0 never', () => {
  for (const [ccr, expected] of [[4, [[0, 4], [1, 12], [0, 20], [1, 28]]], [8, []], [0, []]] as const) {
    const { bench, write, start } = setUp('TIM3');
    write(ARR, 8);
    write(CCR1, ccr);
    write(CCMR1, 6 << 4);
    write(CCER, 1);
    start(1 << 5);
    assert.equal(bench.signal('TIM3_CH1').level, ccr > 0 ? 1 : 0);
    assert.deepEqual(edges(bench, 'TIM3_CH1', 32), expected);
  }
});

test('repetition counter: an update each RCR + 1 overflows; centre-aligned ends count each', () => {
  for (const [mode, period] of [[0, 10 * 4], [3 << 5, 9 * 4]] as const) {
    const { bench, read, write, start } = setUp('TIM1');
    write(ARR, 9);
    write(RCR, 3);
    write(EGR, 1);
    write(SR, 0);
    write(DIER, 1);
    start(mode);
    for (let i = 0; i < 3; i++) {
      bench.run(period - 1);
      assert.equal(bench.interrupts.has('TIM1_UP_TIM10'), false, `${mode}: ${i}`);
      bench.run(1);
      assert.equal(bench.interrupts.has('TIM1_UP_TIM10'), true, `${mode}: ${i}`);
      write(SR, 0);
    }
    assert.equal(read(RCR), 3);
  }
});

test('counter, direction and flags do not depend on when one looks, centre-aligned and with repetitions too', () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 12 }), fc.nat(3), fc.nat(14), fc.constantFrom(0, 16, 32, 64, 96), fc.nat(3), fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 6 }),
    (arr, psc, ccr, mode, rcr, looks) => {
      const total = looks.reduce((a, b) => a + b, 0) + 1;
      const run = (stops: number[]) => {
        const { bench, read, write, start } = setUp('TIM1');
        write(CR1, mode);
        write(ARR, arr);
        write(PSC, psc);
        write(RCR, rcr);
        write(CCR1, ccr);
        write(CCMR1, 3 << 4);
        write(EGR, 1);
        write(SR, 0);
        start(mode);
        for (const cycles of stops) {
          bench.run(cycles);
          read(CNT);
        }
        write(BDTR, 1 << 15);
        write(CCER, 1);
        const now = [read(CNT), read(CR1), read(SR), bench.signal('TIM1_CH1').level];
        write(SR, 0);
        write(DIER, 1);
        bench.run(1000);
        return [...now, bench.interruptRises.get('TIM1_UP_TIM10'), read(CNT)];
      };
      assert.deepEqual(run([...looks, 1]), run([total]));
      assert.deepEqual(run(Array.from({ length: total }, () => 1)), run([total]));
    },
  ), { numRuns: 80 });
});

// Input capture, 17.3.5, 17.3.6

test('input capture: CNT at the edge that CC1P and CC1NP choose; reading CCR1 clears CC1IF; a second one first sets CC1OF', () => {
  for (const [bits, at] of [[0b0001, 100], [0b0011, 150], [0b1011, 100]] as const) {
    const { bench, read, write, start } = setUp('TIM3');
    write(CCMR1, 1);
    write(CCER, bits);
    write(DIER, 2);
    start();
    bench.run(100);
    bench.signal('TIM3_CH1').set(1);
    bench.run(50);
    bench.signal('TIM3_CH1').set(0);
    assert.ok(bench.interrupts.has('TIM3'));
    const both = bits === 0b1011;
    assert.equal(read(SR) & 0x202, both ? 0x202 : 2);
    assert.equal(read(CCR1), both ? 150 : at);
    assert.equal(read(SR) & 2, 0);
    assert.equal(bench.interrupts.has('TIM3'), false);
    write(CCR1, 7);
    assert.equal(read(CCR1), both ? 150 : at, 'read only');
  }
});

test('PWM input: TI1 on both channels, reset by TI1FP1, gives period and high time', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(CCMR1, 0x0201); // IC1 on TI1, IC2 on TI1
  write(CCER, 0x0031); // channel 1 rising, channel 2 falling
  write(SMCR, (5 << 4) | 4);
  start();
  for (let i = 0; i < 3; i++) {
    bench.signal('TIM3_CH1').set(1);
    bench.run(70);
    bench.signal('TIM3_CH1').set(0);
    bench.run(130);
  }
  bench.signal('TIM3_CH1').set(1);
  assert.deepEqual([read(CCR1), read(CCR2), read(CNT)], [200, 70, 0]);
  assert.equal(read(SR) & 0x41, 0x41, 'TIF and UIF');
});

test('the prescaler captures one edge in 1, 2, 4, 8, and starts afresh with CC1E', () => {
  for (const [psc, n] of [[0, 1], [1, 2], [2, 4], [3, 8]] as const) {
    const { bench, read, write, start } = setUp('TIM3');
    write(CCMR1, 1 | (psc << 2));
    write(CCER, 1);
    start();
    const edge = () => {
      bench.signal('TIM3_CH1').set(1);
      bench.signal('TIM3_CH1').set(0);
    };
    for (let i = 1; i < n; i++) edge();
    assert.equal(read(SR) & 2, 0);
    write(CCER, 0);
    write(CCER, 1);
    for (let i = 1; i < n; i++) edge();
    assert.equal(read(SR) & 2, 0);
    edge();
    assert.equal(read(SR) & 2, 2);
  }
});

test('filter 3 wants 8 equal samples at CK_INT, filter 4 six at fDTS / 2; shorter pulses vanish', () => {
  for (const [code, ckd, low, high] of [[3, 0, 7, 8], [4, 0, 10, 12], [15, 2, 32 * 4 * 7, 32 * 4 * 8]] as const) {
    const { bench, read, write, start } = setUp('TIM3');
    write(CCMR1, 1 | (code << 4));
    write(CCER, 1);
    start(ckd << 8);
    bench.signal('TIM3_CH1').set(1);
    bench.run(low - (code === 4 ? 1 : 0));
    bench.signal('TIM3_CH1').set(0);
    bench.run(5000);
    assert.equal(read(SR) & 2, 0, `filter ${code}`);
    const from = bench.timeline.now;
    bench.signal('TIM3_CH1').set(1);
    bench.run(high + 128);
    assert.equal(read(SR) & 2, 2);
    assert.ok(read(CCR1) - (from - 1) <= high && read(CCR1) - (from - 1) > low - 128, `filter ${code}`);
  }
});

test('TI1S takes the exclusive or of three channels (Hall sensors), TI1F_ED captures each of its edges by TRC', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(CR2, 1 << 7);
  write(CCMR1, 3);
  write(CCER, 1);
  write(SMCR, (4 << 4) | 4); // reset by TI1F_ED
  start();
  for (const [channel, level] of [[1, 1], [2, 1], [1, 0], [3, 1]] as const) {
    bench.run(500);
    bench.signal(`TIM3_CH${channel}`).set(level);
    assert.equal(read(CCR1), 500);
    assert.equal(read(CNT), 0);
  }
});

test('CC1G captures by software', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(CCMR1, 1);
  start();
  bench.run(42);
  write(EGR, 2);
  assert.equal(read(CCR1), 42);
});

test('CC1S can be changed only while CC1E is 0', () => {
  const { read, write } = setUp('TIM3');
  write(CCER, 1);
  write(CCMR1, 1);
  assert.equal(read(CCMR1) & 3, 0);
  write(CCER, 0);
  write(CCMR1, 1);
  assert.equal(read(CCMR1) & 3, 1);
});

// Encoder, 18.3.12

test('encoder modes: mode 3 counts four edges a step, modes 1 and 2 two; the order of edges is the direction', () => {
  for (const [sms, edgesCounted] of [[1, 2], [2, 2], [3, 4]] as const) {
    const { bench, read, write, start } = setUp('TIM3');
    write(ARR, 999);
    write(CCMR1, 0x0101);
    write(SMCR, sms);
    start();
    const step = (first: number, second: number) => {
      for (const [line, level] of [[first, 1], [second, 1], [first, 0], [second, 0]] as const) {
        bench.run(10);
        bench.signal(`TIM3_CH${line}`).set(level);
      }
    };
    for (let i = 0; i < 5; i++) step(1, 2); // TI1 leads: up (18.3.12, figure of counter operation)
    assert.deepEqual([read(CNT), read(CR1) & DIR], [5 * edgesCounted, 0], `mode ${sms}`);
    for (let i = 0; i < 6; i++) step(2, 1);
    assert.deepEqual([read(CNT), read(CR1) & DIR], [1000 - edgesCounted, DIR], `mode ${sms}`);
  }
});

test('an encoder\'s inverted TI1 turns the direction', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(ARR, 999);
  write(CCMR1, 0x0101);
  write(CCER, 2);
  write(SMCR, 3);
  start();
  for (const [line, level] of [[1, 1], [2, 1], [1, 0], [2, 0]] as const) bench.signal(`TIM3_CH${line}`).set(level);
  assert.equal(read(CNT), 996);
});

// Slave and master, 18.3.14, 18.3.15

test('external clock mode 1 counts rising edges of TI2FP2, mode 2 those of ETR after polarity and prescaler', () => {
  const one = setUp('TIM3');
  one.write(CCMR1, 0x0100);
  one.write(SMCR, (6 << 4) | 7);
  one.start();
  one.bench.run(1000);
  for (let i = 0; i < 7; i++) {
    one.bench.signal('TIM3_CH2').set(1);
    one.bench.signal('TIM3_CH2').set(0);
  }
  assert.deepEqual([one.read(CNT), one.read(SR) & 0x40], [7, 0x40]);
  for (const [smcr, counted] of [[1 << 14, 8], [(1 << 14) | (1 << 15), 8], [(1 << 14) | (1 << 12), 4], [(1 << 14) | (2 << 12), 2], [(1 << 14) | (3 << 12), 1]] as const) {
    const two = setUp('TIM2');
    two.bench.signal('TIM2_ETR').set(0);
    two.write(SMCR, smcr);
    two.start();
    for (let i = 0; i < 8; i++) {
      two.bench.run(5);
      two.bench.signal('TIM2_ETR').set(1);
      two.bench.run(5);
      two.bench.signal('TIM2_ETR').set(0);
    }
    assert.equal(two.read(CNT), counted, `SMCR ${smcr.toString(16)}`);
  }
});

test('gated mode counts while TI1 is high, and TIF marks start and stop; trigger mode starts and does not stop', () => {
  const { bench, read, write, start } = setUp('TIM3');
  write(CCMR1, 1);
  write(SMCR, (5 << 4) | 5);
  start();
  bench.run(100);
  assert.equal(read(CNT), 0);
  bench.signal('TIM3_CH1').set(1);
  assert.equal(read(SR) & 0x40, 0x40);
  write(SR, 0);
  bench.run(60);
  bench.signal('TIM3_CH1').set(0);
  assert.equal(read(SR) & 0x40, 0x40);
  assert.equal(read(CNT), 60);
  bench.run(100);
  assert.equal(read(CNT), 60);

  const other = setUp('TIM3');
  other.write(CCMR1, 1);
  other.write(SMCR, (5 << 4) | 6);
  other.bench.run(50);
  other.bench.signal('TIM3_CH1').set(1);
  assert.equal(other.read(CR1), CEN);
  other.bench.run(1 + 20);
  other.bench.signal('TIM3_CH1').set(0);
  other.bench.run(20);
  assert.equal(other.read(CNT), 40);
});

test('one pulse on a trigger: delay CCR, width ARR + 1 - CCR (17.3.15)', () => {
  const { bench, read, write } = setUp('TIM3');
  write(ARR, 29);
  write(CCR1, 10);
  write(CCMR1, (1 << 8) | (7 << 4)); // channel 1 PWM 2, IC2 on TI2
  write(CCER, 1);
  write(SMCR, (6 << 4) | 6);
  write(CR1, OPM);
  bench.run(100);
  const from = bench.timeline.now;
  const list: [number, number][] = [];
  bench.signal('TIM3_CH1').onEdge((level, cycle) => list.push([level, cycle - from]));
  bench.signal('TIM3_CH2').set(1);
  bench.run(500);
  assert.deepEqual(list, [[1, 11], [0, 31]]);
  assert.equal(read(CR1), OPM);
});

test('a timer as another one\'s prescaler: TRGO on update, external clock 1 on ITR2', () => {
  const { bench, timers: [master, slave] } = setUp('TIM3', 'TIM2');
  master.write(ARR, 99);
  master.write(CR2, 2 << 4);
  slave.write(SMCR, (2 << 4) | 7);
  slave.write(CR1, CEN);
  master.start();
  bench.run(100 * 1234 + 50);
  assert.equal(slave.read(CNT), 1234);
});

test('TRGO as enable starts a slave with its master; as OC1REF it gates one; on compare pulse it comes with CC1IF', () => {
  const { bench, timers: [master, slave] } = setUp('TIM3', 'TIM2');
  master.write(CR2, 1 << 4);
  slave.write(SMCR, (2 << 4) | 6);
  bench.run(100);
  assert.equal(slave.read(CR1), 0);
  master.write(CR1, CEN);
  assert.equal(slave.read(CR1), CEN);

  const gate = setUp('TIM3', 'TIM2');
  const [m, s] = gate.timers;
  m.write(ARR, 99);
  m.write(CCR1, 30);
  m.write(CCMR1, 6 << 4);
  m.write(CR2, 4 << 4);
  m.start();
  s.write(SMCR, (2 << 4) | 5);
  s.write(CR1, CEN);
  gate.bench.run(1000);
  assert.equal(s.read(CNT), 300 - 1, 'the first tick after CEN does not count');

  const pulse = setUp('TIM3');
  pulse.write(ARR, 99);
  pulse.write(CCR1, 40);
  pulse.write(CR2, 3 << 4);
  const at: number[] = [];
  pulse.bench.trigger('TIM3_TRGO').listen((level) => level && at.push(pulse.bench.timeline.now));
  pulse.start();
  pulse.bench.run(250);
  assert.deepEqual(at, [41, 141, 241]);
});

test('TIM2\'s option register gives ITR1 to another source', () => {
  const { bench, read, write, start } = setUp('TIM2');
  write(SMCR, (1 << 4) | 7);
  start();
  bench.trigger('TIM8_TRGO').fire();
  write(OR, 2 << 10);
  assert.equal(read(OR), 2 << 10);
  bench.trigger('TIM8_TRGO').fire();
  bench.trigger('OTG_FS_SOF').fire();
  bench.trigger('OTG_FS_SOF').fire();
  assert.equal(read(CNT), 3);
});

test('TIM5 measures LSI on channel 4: 8 edges of 32 kHz are 42,000 cycles of 168 MHz', () => {
  const { bench, read, write, start } = setUp('TIM5');
  bench.setClock('LSI', 32e3);
  write(OR, 1 << 6);
  write(CCMR2, (1 << 8) | (3 << 10));
  write(CCER, 1 << 12);
  start();
  bench.run(50_000);
  const first = read(CCR4);
  bench.run(42_000);
  assert.equal(read(CCR4) - first, 42_000);
});

test('a trigger that nobody listens to costs no appointment', () => {
  const { bench, write, start } = setUp('TIM3');
  write(ARR, 9);
  write(CR2, 2 << 4);
  start();
  assert.equal(bench.timeline.nextDue, Infinity);
});

// Complementary outputs, dead time, break: 17.3.11, 17.3.12

const PWM1 = (6 << 4) | 8;

test('MOE gates the outputs of an advanced timer', () => {
  const { bench, write, start } = setUp('TIM1');
  write(ARR, 99);
  write(CCR1, 40);
  write(CCMR1, PWM1);
  write(CCER, 1);
  write(EGR, 1);
  start();
  assert.deepEqual(edges(bench, 'TIM1_CH1', 300), []);
  write(BDTR, 1 << 15);
  assert.deepEqual(edges(bench, 'TIM1_CH1', 200).length, 4);
});

test('dead time: both edges that turn an output on come late by DTG', () => {
  // 17.4.18: 0x14 is 20 tDTS; 0x80 + 8 is (64 + 8) · 2; 0xC0 + 1 is (32 + 1) · 8; 0xE0 + 2 is (32 + 2) · 16.
  for (const [dtg, ckd, dead] of [[0x14, 0, 20], [0x14, 1, 40], [0x88, 0, 144], [0xc1, 0, 264], [0xe2, 0, 544]] as const) {
    const { bench, write, start } = setUp('TIM1');
    write(ARR, 1999);
    write(CCR1, 1000);
    write(CCMR1, PWM1);
    write(CCER, 0b0101);
    write(CR1, ckd << 8);
    write(BDTR, (1 << 15) | dtg);
    write(EGR, 1);
    start(ckd << 8);
    bench.run(999);
    const from = bench.timeline.now;
    const list: string[] = [];
    for (const line of ['TIM1_CH1', 'TIM1_CH1N']) bench.signal(line).onEdge((level, cycle) => list.push(`${line} ${level} ${cycle - from}`));
    bench.run(2000);
    assert.deepEqual(list, [`TIM1_CH1 0 1`, `TIM1_CH1N 1 ${1 + dead}`, `TIM1_CH1N 0 1001`, `TIM1_CH1 1 ${1001 + dead}`]);
  }
});

test('a complementary output alone follows the reference, beside the main one it is its inverse, and polarity is separate', () => {
  for (const [ccer, main, complement] of [[0b0001, 1, 0], [0b0100, 0, 1], [0b0101, 1, 0], [0b0111, 0, 0], [0b1101, 1, 1]] as const) {
    const { bench, write, start } = setUp('TIM1');
    write(CCR1, 500);
    write(CCMR1, 6 << 4);
    write(CCER, ccer);
    write(BDTR, 1 << 15);
    start();
    assert.deepEqual([bench.signal('TIM1_CH1').level, bench.signal('TIM1_CH1N').level], [main, complement], `CCER ${ccer.toString(2)}`);
  }
});

test('a break clears MOE at once and shows the idle states with OSSI; MOE comes back by software, or with AOE at the next update', () => {
  for (const automatic of [false, true]) {
    const { bench, read, write, start } = setUp('TIM1');
    bench.signal('TIM1_BKIN').set(0);
    write(ARR, 99);
    write(CCR1, 100);
    write(CCMR1, 6 << 4);
    write(CCER, 1);
    write(CR2, 0);
    write(DIER, 1 << 7);
    write(BDTR, (1 << 15) | (automatic ? 1 << 14 : 0) | (1 << 13) | (1 << 12) | (1 << 10));
    start();
    assert.equal(bench.signal('TIM1_CH1').level, 1);
    bench.run(10);
    bench.signal('TIM1_BKIN').set(1);
    assert.equal(bench.signal('TIM1_CH1').level, 0);
    assert.equal(read(BDTR) & (1 << 15), 0);
    assert.ok(bench.interrupts.has('TIM1_BRK_TIM9'));
    write(SR, 0);
    assert.equal(read(SR) & 0x80, 0x80, 'BIF stays while the break is there');
    bench.signal('TIM1_BKIN').set(0);
    write(SR, 0);
    assert.equal(read(SR) & 0x80, 0);
    bench.run(200);
    assert.equal((read(BDTR) >>> 15) & 1, automatic ? 1 : 0);
    write(BDTR, read(BDTR) | (1 << 15));
    assert.equal(bench.signal('TIM1_CH1').level, 1);
  }
});

test('BG and the clock security system break; without BKE the latter does not', () => {
  const { bench, read, write } = setUp('TIM1');
  write(BDTR, 1 << 15);
  bench.trigger('CSS').fire();
  assert.equal(read(BDTR) >>> 15, 1);
  write(EGR, 0x80);
  assert.deepEqual([read(BDTR) >>> 15, read(SR) & 0x80], [0, 0x80]);
});

test('LOCK is written once, and its level freezes dead time and idle states, then polarities, then modes', () => {
  const { read, write } = setUp('TIM1');
  write(BDTR, (3 << 8) | 0x20);
  write(BDTR, 0xffff);
  assert.equal(read(BDTR), (1 << 15) | (3 << 8) | 0x20);
  write(CR2, 0x100);
  write(CCER, 0x3);
  write(CCMR1, 0x68);
  assert.deepEqual([read(CR2), read(CCER), read(CCMR1)], [0, 1, 0]);
});

test('CCPC holds CCxE and OCxM back until COMG or, with CCUS, a trigger', () => {
  const { bench, read, write, start } = setUp('TIM1');
  write(CCR1, 0xffff);
  write(BDTR, 1 << 15);
  write(CR2, 1);
  write(DIER, 1 << 5);
  start();
  write(CCMR1, 6 << 4);
  write(CCER, 1);
  assert.equal(bench.signal('TIM1_CH1').level, 0);
  write(EGR, 1 << 5);
  assert.equal(bench.signal('TIM1_CH1').level, 1);
  assert.equal(read(SR) & 0x20, 0x20);
  assert.ok(bench.interrupts.has('TIM1_TRG_COM_TIM11'));
  write(SMCR, 1 << 4);
  write(CR2, 5);
  write(CCER, 0);
  assert.equal(bench.signal('TIM1_CH1').level, 1);
  bench.trigger('TIM2_TRGO').fire();
  assert.equal(bench.signal('TIM1_CH1').level, 0);
});

test('OC1CE: a high ETR clears the reference until the next update (17.3.12)', () => {
  const { bench, write, start } = setUp('TIM3');
  bench.signal('TIM3_ETR').set(0);
  write(ARR, 99);
  write(CCR1, 80);
  write(CCMR1, (6 << 4) | 0x80);
  write(CCER, 1);
  start();
  bench.run(10);
  bench.signal('TIM3_ETR').set(1);
  assert.equal(bench.signal('TIM3_CH1').level, 0);
  bench.signal('TIM3_ETR').set(0);
  bench.run(60);
  assert.equal(bench.signal('TIM3_CH1').level, 0);
  bench.run(40);
  assert.equal(bench.signal('TIM3_CH1').level, 1);
});

// DMA, 17.3.21 and 17.4.20

test('DMA requests: on update, on compare or with the update (CCDS), on a trigger; each until it is served', () => {
  const { bench, write, start } = setUp('TIM3');
  write(ARR, 99);
  write(CCR1, 40);
  write(DIER, (1 << 8) | (1 << 9) | (1 << 14));
  start();
  bench.run(40);
  assert.deepEqual(['UP', 'CH1', 'TRIG'].map((r) => bench.dmaRequest(`TIM3_${r}`).active), [false, true, false]);
  bench.dmaRequest('TIM3_CH1').served!(1);
  assert.equal(bench.dmaRequest('TIM3_CH1').active, false);
  bench.run(60);
  assert.equal(bench.dmaRequest('TIM3_UP').active, true);
  write(EGR, 1 << 6);
  assert.equal(bench.dmaRequest('TIM3_TRIG').active, true);
  write(CR2, 1 << 3);
  bench.run(40);
  assert.equal(bench.dmaRequest('TIM3_CH1').active, false);
  bench.run(60);
  assert.equal(bench.dmaRequest('TIM3_CH1').active, true);
});

test('a DMA burst: one update asks for DBL + 1 transfers, which DMAR lays from DBA on', () => {
  const { bench, read, write, start } = setUp('TIM1');
  write(ARR, 99);
  write(DCR, (4 << 8) | (CCR1 / 4 - 1)); // RCR, CCR1 to CCR4
  write(DIER, 1 << 8);
  start();
  bench.run(100);
  const request = bench.dmaRequest('TIM1_UP');
  for (const value of [2, 10, 20, 30, 40]) {
    assert.equal(request.active, true);
    write(DMAR, value);
    request.served!(1);
  }
  assert.equal(request.active, false);
  assert.deepEqual([RCR, CCR1, CCR2, CCR4 - 4, CCR4].map(read), [2, 10, 20, 30, 40]);
});

test('TIM9 and TIM10 have the registers of chapter 19', () => {
  const { bench, read, write, start } = setUp('TIM9');
  write(SMCR, 0xffff);
  assert.equal(read(SMCR), 0xf7);
  write(SMCR, 0);
  write(DIER, 0xffff);
  assert.equal(read(DIER), 0x47);
  write(CCMR1, 1);
  write(CCER, 1);
  start();
  bench.run(77);
  bench.signal('TIM9_CH1').set(1);
  assert.equal(read(CCR1), 77);
  const ten = setUp('TIM10');
  ten.write(CR2, 0x70);
  ten.write(DIER, 0xffff);
  assert.deepEqual([ten.read(CR2), ten.read(DIER)], [0, 3]);
});
