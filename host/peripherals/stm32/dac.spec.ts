// SPDX-License-Identifier: MIT
// RM0090 chapter 14.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Dac } from './dac.js';

const CR = 0x00, SWTRIGR = 0x04, DHR12R1 = 0x08, DHR12L1 = 0x0c, DHR8R1 = 0x10, DHR12R2 = 0x14, DHR12RD = 0x20, DHR12LD = 0x24, DHR8RD = 0x28, DOR1 = 0x2c, DOR2 = 0x30, SR = 0x34;
const EN = 1, BOFF = 2, TEN = 4;

/** Four core cycles in a period of PCLK1; VREF+ is 4.095 V, so that a step is a millivolt. */
function setUp() {
  const bench = new ModelBench(168e6);
  bench.setClock('PCLK1', 42e6);
  const dac = new Dac('DAC', 0x40007400, bench, { vector: 'TIM6_DAC', vrefVolts: 4.095, outputs: ['PA4', 'PA5'] });
  const millivolts = (pad: string): number | undefined => {
    const { volts } = bench.analog(pad);
    return volts === undefined ? undefined : Math.round(volts * 1000);
  };
  return { bench, dac, millivolts, read: (offset: number) => dac.read(offset, 4), write: (offset: number, value: number) => dac.write(offset, value, 4) };
}

test('all registers are 0 after reset, and the pads are free', () => {
  const { read, millivolts } = setUp();
  for (let offset = 0; offset <= SR; offset += 4) assert.equal(read(offset), 0);
  assert.equal(millivolts('PA4'), undefined);
});

test('without a trigger DHR goes to DOR after one APB1 clock', () => {
  const { bench, read, write, millivolts } = setUp();
  write(CR, EN | BOFF);
  write(DHR12R1, 1000);
  bench.run(3);
  assert.equal(read(DOR1), 0);
  bench.run(1);
  assert.deepEqual([read(DOR1), millivolts('PA4'), millivolts('PA5')], [1000, 1000, undefined]);
  write(CR, 0);
  assert.equal(millivolts('PA4'), undefined);
});

test('the holding registers take and show their formats, of one channel and of both', () => {
  for (const [offset, value, one, two] of [
    [DHR12R1, 0xabc, 0xabc, 0], [DHR12L1, 0xabc0, 0xabc, 0], [DHR8R1, 0xab, 0xab0, 0], [DHR12R2, 0xabc, 0, 0xabc], [0x18, 0xabc0, 0, 0xabc], [0x1c, 0xab, 0, 0xab0],
    [DHR12RD, 0x0def0abc, 0xabc, 0xdef], [DHR12LD, 0xdef0abc0, 0xabc, 0xdef], [DHR8RD, 0xdeab, 0xab0, 0xde0],
  ]) {
    const { bench, read, write } = setUp();
    write(CR, EN | (EN << 16));
    write(offset, value);
    bench.run(4);
    assert.deepEqual([read(DOR1), read(DOR2), read(offset)], [one, two, value], `0x${offset.toString(16)}`);
  }
});

test('with its buffer an output keeps 0.2 V from the rails', () => {
  const { bench, write, millivolts } = setUp();
  write(CR, EN);
  bench.run(4);
  assert.equal(millivolts('PA4'), 200);
  write(DHR12R1, 4095);
  bench.run(4);
  assert.equal(millivolts('PA4'), 3895);
});

test('a trigger moves DHR three APB1 clocks later; each selection has its line', () => {
  ['TIM6_TRGO', 'TIM8_TRGO', 'TIM7_TRGO', 'TIM5_TRGO', 'TIM2_TRGO', 'TIM4_TRGO', 'EXTI9'].forEach((name, select) => {
    const { bench, read, write } = setUp();
    write(CR, EN | TEN | (select << 3));
    write(DHR12R1, 77);
    bench.run(100);
    assert.equal(read(DOR1), 0);
    bench.trigger(name).fire();
    bench.run(11);
    assert.equal(read(DOR1), 0);
    bench.run(1);
    assert.equal(read(DOR1), 77, name);
  });
});

test('the software trigger takes one clock, and both channels at once', () => {
  const { bench, read, write } = setUp();
  write(CR, (EN | TEN | (7 << 3)) * 0x10001);
  write(DHR12RD, (200 << 16) | 100);
  write(SWTRIGR, 3);
  bench.run(3);
  assert.equal(read(DOR1), 0);
  bench.run(1);
  assert.deepEqual([read(DOR1), read(DOR2), read(SWTRIGR)], [100, 200, 0]);
});

test('a trigger asks the DMA for the next value; a second one before that has come is an underrun, and stops the requests', () => {
  const { bench, read, write } = setUp();
  write(CR, EN | TEN | (4 << 3) | (1 << 12) | (1 << 13));
  const line = bench.dmaRequest('DAC1');
  const fire = (): void => {
    bench.trigger('TIM2_TRGO').fire();
    bench.run(50);
  };
  fire();
  assert.equal(line.active, true);
  write(DHR12R1, 5);
  assert.equal(line.active, false);
  fire();
  assert.equal(read(DOR1), 5);
  fire();
  assert.deepEqual([read(SR), line.active, bench.interrupts.has('TIM6_DAC')], [1 << 13, false, true]);
  fire();
  assert.equal(line.active, false);
  write(SR, 1 << 13);
  assert.deepEqual([read(SR), bench.interrupts.size], [0, 0]);
  fire();
  assert.equal(line.active, true);
});

test('a software trigger asks for no DMA', () => {
  const { bench, write } = setUp();
  write(CR, EN | TEN | (7 << 3) | (1 << 12));
  write(SWTRIGR, 1);
  bench.run(50);
  assert.equal(bench.dmaRequest('DAC1').active, false);
});

test('a triangle counts from 0 up to its amplitude and down again, on top of DHR', () => {
  const { bench, read, write } = setUp();
  write(CR, EN | TEN | (7 << 3) | (2 << 6) | (1 << 8)); // amplitude 3
  write(DHR12R1, 100);
  const got = Array.from({ length: 9 }, () => {
    write(SWTRIGR, 1);
    bench.run(4);
    return read(DOR1);
  });
  assert.deepEqual(got, [101, 102, 103, 102, 101, 100, 101, 102, 103]);
});

test('noise is a shift register that begins with 0xAAA and has the longest period that twelve bits have', () => {
  const { bench, read, write } = setUp();
  write(CR, EN | TEN | (7 << 3) | (1 << 6) | (11 << 8));
  const next = (): number => {
    write(SWTRIGR, 1);
    bench.run(4);
    return read(DOR1);
  };
  const first = next();
  assert.equal(first, 0xd55);
  let period = 1;
  while (next() !== first) period++;
  assert.equal(period, 4095);
  write(CR, EN | TEN | (7 << 3) | (1 << 6) | (3 << 8)); // four bits of it
  for (let i = 0; i < 50; i++) assert.ok(next() < 16);
});

test('the sum does not overflow', () => {
  const { bench, read, write } = setUp();
  write(CR, EN | TEN | (7 << 3) | (2 << 6) | (11 << 8));
  write(DHR12R1, 4095);
  write(SWTRIGR, 1);
  bench.run(4);
  assert.equal(read(DOR1), 4095);
});

test('a listener on the net hears each step with its cycle; a reset lets go', () => {
  const { bench, dac, write, millivolts } = setUp();
  const heard: [number, number][] = [];
  bench.analog('PA5').onChange((volts, cycle) => heard.push([Math.round(volts * 1000), cycle]));
  write(CR, (EN | BOFF) << 16);
  for (const value of [1000, 2000]) {
    write(DHR12R2, value);
    bench.run(40);
  }
  assert.deepEqual(heard, [[0, 0], [1000, 4], [2000, 44]]);
  write(DHR12R2, 1);
  dac.reset();
  assert.deepEqual([millivolts('PA5'), bench.timeline.nextDue], [undefined, Infinity]);
});

test('a channel that is off leaves the voltage on its pad alone', () => {
  const { bench, write, dac, millivolts } = setUp();
  bench.analog('PA5').set(2.7);
  write(CR, EN);
  write(CR, 0);
  dac.reset();
  assert.equal(millivolts('PA5'), 2700);
  assert.equal(millivolts('PA4'), undefined);
});
