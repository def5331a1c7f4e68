// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBench } from '../../testing/model-bench.js';
import { Gpio } from './gpio.js';
import { isDriven, PadRouter } from './pad-router.js';

const MODER = 0x00, OTYPER = 0x04, OSPEEDR = 0x08, PUPDR = 0x0c, IDR = 0x10, ODR = 0x14, BSRR = 0x18, LCKR = 0x1c, AFRL = 0x20, AFRH = 0x24;
const functions = (af: Record<number, string[]>) => Array.from({ length: 16 }, (_, n) => af[n] ?? []);
const alternateFunctions = {
  PA2: functions({ 7: ['USART2_TX'] }), PA3: functions({ 7: ['USART2_RX'], 1: ['TIM2_CH4'] }), PA10: functions({ 7: ['USART1_RX'] }),
  PA5: functions({ 1: ['TIM2_CH1', 'TIM2_ETR'] }), PD6: functions({ 7: ['USART2_RX'] }),
};

function setUp(port = 'A', reset = {}) {
  const bench = new ModelBench();
  const router = new PadRouter(bench.timeline, (finding) => bench.diagnose(finding));
  const make = (letter: string) => new Gpio(`GPIO${letter}`, 0x40020000 + 0x400 * (letter.charCodeAt(0) - 65), bench, { port: letter, reset, router, alternateFunctions });
  const gpio = make(port);
  return { bench, router, gpio, make, read: (offset: number) => gpio.read(offset, 4), write: (offset: number, value: number) => gpio.write(offset, value, 4) };
}

test('reset values are the instance\'s, all else 0, and IDR shows the pads', () => {
  const { read } = setUp('A', { MODER: 0xa8000000, OSPEEDR: 0x0c000000, PUPDR: 0x64000000 });
  assert.deepEqual([MODER, OTYPER, OSPEEDR, PUPDR, ODR, BSRR, LCKR, AFRL, AFRH].map(read), [0xa8000000, 0, 0x0c000000, 0x64000000, 0, 0, 0, 0, 0]);
  // PA14 (SWCLK) is pulled down, PA13 and PA15 are pulled up.
  assert.equal((read(IDR) >>> 13) & 7, 0b101);
});

test('an output pad follows ODR; BSRR sets and resets, and set wins', () => {
  const { gpio, read, write } = setUp();
  write(MODER, 0x55555555);
  write(ODR, 0x00f0);
  assert.equal(read(IDR), 0x00f0);
  write(BSRR, 0x00f0_000f);
  assert.equal(read(ODR), 0x000f);
  write(BSRR, 0x0001_0001);
  assert.equal(gpio.pad(0).level, 1);
  assert.equal(read(BSRR), 0);
});

test('ODR after any BSRR write is (ODR without the upper half) with the lower half', () => {
  const { read, write } = setUp();
  fc.assert(fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffff), (before, set, reset) => {
    write(ODR, before);
    write(BSRR, ((reset << 16) | set) >>> 0);
    assert.equal(read(ODR), (before & ~reset) | set);
  }));
});

test('BSRR takes half-words: the upper one at 0x1A resets', () => {
  const { gpio, read, write } = setUp();
  write(ODR, 0x0003);
  gpio.write(0x1a, 0x0001, 2);
  gpio.write(0x18, 0x0004, 2);
  assert.equal(read(ODR), 0x0006);
});

test('an open-drain output pulls low and lets go: then a pull, or the outside, decides', () => {
  const { gpio, bench, write } = setUp();
  write(OTYPER, 1);
  write(PUPDR, 0b01);
  write(MODER, 0b01);
  const pad = gpio.pad(0);
  assert.equal(pad.level, 0);
  write(ODR, 1);
  assert.equal(pad.level, 1);
  pad.set(0);
  assert.equal(pad.level, 0);
  pad.release();
  assert.equal(pad.level, 1);
  write(ODR, 0);
  pad.set(1);
  assert.equal(pad.level, 0);
  assert.deepEqual(bench.diagnostics, []);
});

test('an input follows the outside, then the pull; a floating one keeps its level', () => {
  const { gpio, write } = setUp();
  const pad = gpio.pad(4);
  pad.set(0);
  assert.equal(pad.level, 0);
  pad.release();
  assert.equal(pad.level, 0);
  write(PUPDR, 0b01 << 8);
  assert.equal(pad.level, 1);
  write(PUPDR, 0b10 << 8);
  assert.equal(pad.level, 0);
  pad.set(1);
  assert.equal(pad.level, 1);
});

test('a push-pull output against the outside is a short: low shows, and it is diagnosed once', () => {
  const { gpio, bench, write } = setUp();
  gpio.pad(0).set(1);
  write(MODER, 0b01);
  assert.equal(gpio.pad(0).level, 0);
  write(ODR, 1);
  write(ODR, 0);
  assert.deepEqual(bench.diagnostics.map((d) => d.message), ['the chip drives PA0 to 0 and the board drives it to 1']);
});

test('a resistor on the board decides over the pull in the chip, and gives way to any drive without being a short', () => {
  const { gpio, bench, read, write } = setUp();
  const pad = gpio.pad(0);
  write(PUPDR, 0b01);
  pad.hold(0);
  assert.equal(read(IDR) & 1, 0);
  assert.equal(pad.volts, 0);
  write(ODR, 1);
  write(MODER, 0b01);
  assert.equal(read(IDR) & 1, 1);
  assert.equal(pad.volts, 3.3);
  write(MODER, 0b00);
  assert.equal(read(IDR) & 1, 0);
  pad.set(1);
  assert.equal(read(IDR) & 1, 1);
  pad.release();
  assert.equal(read(IDR) & 1, 0);
  assert.deepEqual(bench.diagnostics, []);
});

test('IDR reads 0 for a pad in analog mode', () => {
  const { gpio, read, write } = setUp();
  gpio.pad(1).set(1);
  write(MODER, 0b11 << 2);
  assert.equal(read(IDR) & 2, 0);
});

test('an output signal reaches its pad with MODER = 10 and the right AFR, with the time of the edge', () => {
  const { bench, router, gpio, write } = setUp();
  const edges: [number, number][] = [];
  gpio.pad(2).onEdge((level, cycle) => edges.push([level, cycle]));
  const tx = router.signal('USART2_TX');
  tx.set(0);
  tx.set(1);
  write(AFRL, 7 << 8);
  write(MODER, 0b10 << 4);
  assert.deepEqual(router.padsOf('USART2_TX'), ['PA2']);
  bench.run(100);
  tx.set(0);
  bench.run(50);
  tx.set(1);
  assert.deepEqual(edges, [[0, 100], [1, 150]]);
});

test('a pad drives its input signal; taken away, the signal rests at 1', () => {
  const { bench, router, gpio, write } = setUp();
  const rx = router.signal('USART2_RX');
  const edges: [number, number][] = [];
  rx.onEdge((level, cycle) => edges.push([level, cycle]));
  gpio.pad(3).set(0);
  assert.equal(rx.level, 1);
  write(AFRL, 7 << 12);
  write(MODER, 0b10 << 6);
  assert.deepEqual(router.padsOf('USART2_RX'), ['PA3']);
  assert.equal(rx.level, 0);
  bench.run(10);
  gpio.pad(3).set(1);
  gpio.pad(3).set(0);
  bench.run(10);
  write(MODER, 0);
  assert.deepEqual(edges, [[0, 0], [1, 10], [0, 10], [1, 20]]);
  assert.deepEqual(router.padsOf('USART2_RX'), []);
});

test('a signal made after its pad was routed has the pad\'s level from the start', () => {
  const { router, gpio, write } = setUp();
  gpio.pad(3).set(0);
  write(AFRL, 7 << 12);
  write(MODER, 0b10 << 6);
  assert.equal(router.signal('USART2_RX').level, 0);
});

test('changing AFR alone moves the pad from one signal to the other', () => {
  const { router, write } = setUp();
  write(AFRL, 7 << 12);
  write(MODER, 0b10 << 6);
  write(AFRL, 1 << 12);
  assert.deepEqual([router.padsOf('USART2_RX'), router.padsOf('TIM2_CH4')], [[], ['PA3']]);
});

test('AFRH holds the pins from 8 on', () => {
  const { router, write } = setUp();
  write(AFRH, 7 << 8);
  write(MODER, 0b10 << 20);
  assert.deepEqual(router.padsOf('USART1_RX'), ['PA10']);
});

test('one function of two signals drives the pad with the one and feeds the other', () => {
  const { router, gpio, write } = setUp();
  write(AFRL, 1 << 20);
  write(MODER, 0b10 << 10);
  router.signal('TIM2_CH1').set(0);
  assert.equal(gpio.pad(5).level, 0);
  assert.equal(router.signal('TIM2_ETR').level, 0);
});

test('one input signal on two pads is diagnosed', () => {
  const { bench, make, write } = setUp();
  const d = make('D');
  write(AFRL, 7 << 12);
  write(MODER, 0b10 << 6);
  d.write(AFRL, 7 << 24, 4);
  d.write(MODER, 0b10 << 12, 4);
  assert.match(bench.diagnostics[0].message, /USART2_RX is an input and routed to PA3 and PD6 at once/);
});

test('a timer channel is an output while its timer drives it, and hears its pad all the while', () => {
  const { router, gpio, write } = setUp();
  write(AFRL, 1 << 12);
  write(MODER, 0b10 << 6);
  const channel = router.signal('TIM2_CH4');
  gpio.pad(3).set(0);
  assert.equal(channel.incoming.level, 0);
  gpio.pad(3).set(1);
  assert.equal(channel.incoming.level, 1);
  gpio.pad(3).release();
  channel.drive(0);
  assert.deepEqual([gpio.pad(3).level, channel.incoming.level], [0, 0]);
  channel.drive(1, false);
  gpio.pad(3).set(1);
  assert.equal(channel.incoming.level, 1);
});

test('a timer\'s input that no pad is routed to is low, a receiver\'s is high', () => {
  const { router } = setUp();
  assert.deepEqual(['TIM1_BKIN', 'TIM2_ETR', 'TIM3_CH1', 'USART1_RX', 'SPI1_NSS'].map((s) => router.signal(s).incoming.level), [0, 0, 0, 1, 1]);
});

test('which signals the chip drives', () => {
  for (const signal of ['USART2_TX', 'UART4_TX', 'I2S3_MCK', 'I2S3_SD', 'SPI1_SCK', 'SPI1_MOSI', 'TIM4_CH1', 'TIM1_CH2N', 'I2C1_SCL', 'USART3_RTS', 'SPI1_MISO', 'SPI1_NSS', 'I2S3ext_SD']) assert.ok(isDriven(signal), signal);
  for (const signal of ['USART2_RX', 'USART2_CTS', 'TIM2_ETR', 'TIM1_BKIN', 'I2S_CKIN', 'SWDIO', 'JTMS', 'EVENTOUT']) assert.ok(!isDriven(signal), signal);
});

test('the lock sequence of 8.4.8 freezes mode, type, speed, pull and function of its pins until reset, and not the data', () => {
  const { gpio, read, write } = setUp();
  write(MODER, 0b01);
  write(LCKR, 0x10101);
  write(LCKR, 0x00101);
  write(LCKR, 0x10101);
  assert.equal(read(LCKR), 0x10101);
  for (const register of [MODER, OTYPER, OSPEEDR, PUPDR, AFRL, AFRH]) write(register, 0xffffffff);
  assert.deepEqual([MODER, OTYPER, OSPEEDR, PUPDR, AFRL, AFRH].map(read), [0xfffcfffd, 0xfefe, 0xfffcfffc, 0xfffcfffc, 0xfffffff0, 0xfffffff0]);
  write(ODR, 1);
  assert.equal(gpio.pad(0).level, 1);
  write(LCKR, 0);
  assert.equal(read(LCKR), 0x10101);
  gpio.reset();
  assert.equal(read(LCKR), 0);
  write(MODER, 0);
  assert.equal(read(MODER), 0);
});

for (const [what, writes] of [
  ['other pins in the middle', [0x10001, 0x00002, 0x10001]], ['no zero in the middle', [0x10001, 0x10001, 0x10001]], ['the last write missing', [0x10001, 0x00001]],
] as const) {
  test(`a lock sequence with ${what} locks nothing`, () => {
    const { read, write } = setUp();
    for (const value of writes) write(LCKR, value);
    assert.equal(read(LCKR) & 0x10000, 0);
    write(MODER, 0b01);
    assert.equal(read(MODER), 0b01);
  });
}

test('a write to IDR is lost and diagnosed; an offset beyond AFRH is reserved', () => {
  const { bench, gpio, write } = setUp();
  write(IDR, 0xffff);
  assert.match(bench.diagnostics[0].message, /IDR is read only/);
  assert.throws(() => gpio.read(0x28, 4), /GPIOA\+0x28 at 0x[0-9a-f]+: this chip.s manual has no register there/);
});
