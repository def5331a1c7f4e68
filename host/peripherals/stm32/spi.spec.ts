// SPDX-License-Identifier: MIT
// Numbers restated from RM0090 sections 10 and 28. The clocks are those of a board with an 8 MHz crystal: core 168 MHz, PLLI2S 86 MHz.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { I2sStream } from '../../machine/links.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Dma } from './dma.js';
import { Spi } from './spi.js';

const SPI3 = 0x4000_3c00;
const [CR1, CR2, SR, DR, I2SCFGR, I2SPR] = [0x00, 0x04, 0x08, 0x0c, 0x1c, 0x20];
const [TXDMAEN, TXEIE] = [0x02, 0x80];
const [TXE, CHSIDE, UDR, BSY] = [0x02, 0x04, 0x08, 0x80];
const [CHLEN, I2SE, I2SMOD, MASTER_TX] = [0x01, 0x400, 0x800, 0x200];
const [ODD, MCKOE] = [0x100, 0x200];
/** Core cycles in a 16-bit slot with MCKOE and a divider of 7: 128 · 7 ticks of 86 MHz. Frame rate 86 MHz / (256 · 7) = 47,991.07 Hz. */
const slotStart = (slot: number) => Math.floor((slot * 128 * 7 * 168) / 86);

interface Heard {
  streams: I2sStream[];
  slots: [slot: number, value: number][];
  ends: number[];
}

function bench() {
  const b = new ModelBench();
  b.setClock('PLLI2SCLK', 86_000_000);
  const spi = new Spi('SPI3', SPI3, b, { vector: 'SPI3', clock: 'PCLK1', i2s: { name: 'I2S3', clock: 'PLLI2SCLK' } });
  b.bus.map(SPI3, 0x400, spi);
  const heard: Heard = { streams: [], slots: [], ends: [] };
  b.i2sBus('I2S3').listen({
    start: (stream) => heard.streams.push(stream),
    slots: (stream, first, values, count) => {
      for (let i = 0; i < count; i++) {
        assert.ok(b.timeline.now >= stream.originCycle + Math.floor((first + i) * stream.slotCycles.n / stream.slotCycles.d));
        heard.slots.push([first + i, values[i]]);
      }
    },
    stop: (_stream, end) => heard.ends.push(end),
  });
  return { b, spi, heard };
}

/** Writes every word as soon as TXE shows, from the main loop's point of view: every 10 cycles. */
function pump(b: ModelBench, spi: Spi, words: number[], cycles: number): void {
  const end = b.timeline.now + cycles;
  while (b.timeline.now < end) {
    if (words.length > 0 && spi.read(SR, 4) & TXE) spi.write(DR, words.shift()!, 4);
    b.run(10);
  }
}

test('reset values', () => {
  const { spi } = bench();
  assert.deepEqual([CR1, CR2, SR, DR, 0x10, I2SCFGR, I2SPR].map((r) => spi.read(r, 4)), [0, 0, 2, 0, 7, 0, 2]);
});

test('the frame rate follows 28.4.4 for every divider, slot length and master clock', () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 255 }), fc.boolean(), fc.boolean(), fc.boolean(), (div, odd, mclk, wide) => {
    const { b, spi, heard } = bench();
    spi.write(I2SPR, div | (odd ? ODD : 0) | (mclk ? MCKOE : 0), 4);
    spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE | (wide ? CHLEN : 0), 4);
    spi.write(DR, 1, 4);
    b.run(1);
    const divider = 2 * div + (odd ? 1 : 0);
    const fs = mclk ? (wide ? 86e6 / (64 * divider * 4) : 86e6 / (32 * divider * 8)) : 86e6 / ((wide ? 64 : 32) * divider);
    const { slotCycles, slotBits, masterClockPerFrame } = heard.streams[0];
    assert.ok(Math.abs(168e6 / (2 * slotCycles.n / slotCycles.d) / fs - 1) < 1e-12);
    assert.equal(slotBits, wide ? 32 : 16);
    assert.equal(masterClockPerFrame, mclk ? 256 : 0);
  }));
});

test('TXE, CHSIDE, BSY: word after word at the slots\' times, left first', () => {
  const { b, spi, heard } = bench();
  assert.equal(spi.read(SR, 4), TXE);
  spi.write(I2SPR, 3 | ODD | MCKOE, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX, 4);
  assert.equal(spi.read(SR, 4), 0);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  assert.equal(spi.read(SR, 4), TXE);
  spi.write(DR, 0x1111, 4); // moves on at once
  assert.equal(spi.read(SR, 4), TXE | BSY | CHSIDE);
  spi.write(DR, 0x8000, 4);
  assert.equal(spi.read(SR, 4), BSY | CHSIDE);
  b.run(slotStart(1) - 1);
  assert.equal(spi.read(SR, 4), BSY | CHSIDE);
  b.run(1);
  assert.equal(spi.read(SR, 4), TXE | BSY);
  b.run(slotStart(2) - slotStart(1));
  assert.equal(spi.read(SR, 4), TXE);
  assert.deepEqual(heard.slots, [[0, 0x1111], [1, -0x8000]]);
  assert.deepEqual(heard.ends, [2]);
  assert.equal(b.diagnostics.length, 1);
});

test('a frame is sent whole: a missing right word repeats the buffer, then the clock rests until the next write', () => {
  const { b, spi, heard } = bench();
  spi.write(I2SPR, 3 | ODD | MCKOE, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  spi.write(DR, 7, 4);
  b.run(slotStart(3));
  assert.deepEqual(heard.slots, [[0, 7], [1, 7]]);
  assert.equal(spi.read(SR, 4) & (BSY | UDR | CHSIDE), 0); // UDR is for slaves
  spi.write(DR, 9, 4);
  assert.equal(heard.streams.length, 2);
  assert.equal(heard.streams[1].originCycle, b.timeline.now);
});

test('24 and 32-bit data in two words, 16 bits in long slots, every standard (28.4.3)', () => {
  const cases: [datlen: number, standard: number, words: number[], value: number, name: string][] = [
    [1, 0, [0x8eaa, 0x3300], 0x8eaa33 - 0x1000000, 'philips'], [1, 1, [0x0eaa, 0x33ff], 0x0eaa33, 'msb'], [1, 2, [0x008e, 0xaa33], 0x8eaa33 - 0x1000000, 'lsb'],
    [2, 0, [0x8eaa, 0x33cc], 0x8eaa33cc | 0, 'philips'], [0, 2, [0x76a3], 0x76a3, 'lsb'], [0, 3, [0x8001], -0x7fff, 'pcm-short'],
  ];
  for (const [datlen, standard, words, value, name] of cases) {
    const { b, spi, heard } = bench();
    spi.write(I2SPR, 3 | ODD | MCKOE, 4);
    spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE | (datlen << 1) | (standard << 4) | CHLEN, 4);
    pump(b, spi, [...words, ...words, ...words], slotStart(4));
    assert.deepEqual(heard.slots.slice(0, 3), [[0, value], [1, value], [2, value]], name);
    assert.equal(heard.streams[0].standard, name);
    assert.equal(heard.streams[0].dataBits, [16, 24, 32][datlen]);
    assert.equal(heard.streams[0].slotBits, 32);
  }
});

test('TXEIE interrupts, TXDMAEN requests; both rest while the I2S is off', () => {
  const { b, spi } = bench();
  spi.write(I2SCFGR, I2SMOD | MASTER_TX, 4);
  spi.write(CR2, TXEIE | TXDMAEN, 4);
  assert.ok(!b.interrupts.has('SPI3') && !b.dmaRequest('SPI3_TX').active);
  spi.write(I2SPR, 3 | ODD, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  assert.ok(b.interrupts.has('SPI3') && b.dmaRequest('SPI3_TX').active);
  spi.write(DR, 1, 4);
  spi.write(DR, 2, 4);
  assert.ok(!b.interrupts.has('SPI3') && !b.dmaRequest('SPI3_TX').active);
});

test('what keeps an I2S silent is diagnosed: no pad, no clock, a forbidden divider, switching off too early', () => {
  const { b, spi, heard } = bench();
  b.route('I2S3_SD', []);
  spi.write(I2SPR, 1, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  assert.deepEqual(b.diagnostics.map((d) => /I2SDIV|I2S3_SD/.exec(d.message)?.[0]), ['I2SDIV', 'I2S3_SD']);
  spi.write(I2SCFGR, 0, 4);
  spi.write(I2SPR, 4, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  spi.write(DR, 1, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX, 4);
  assert.match(b.diagnostics.at(-1)!.message, /BSY/);
  assert.equal(heard.streams.length, 0);
});

// DMA1 stream 5 channel 0 carries SPI3_TX (table 42).
const STREAM5 = 0x10 + 5 * 0x18;
const RAM = 0x2000_0000;
const [EN, HTIE, TCIE, M2P, CIRC, MINC, DBM] = [1, 8, 0x10, 0x40, 0x100, 0x400, 0x40000];

interface Setting {
  memoryBytes: 1 | 2 | 4;
  burst: 0 | 1 | 2 | 3;
  threshold: 0 | 1 | 2 | 3;
  items: number;
  circular: boolean;
  double: boolean;
  wide: boolean;
  direct: boolean;
}
/** Cycles from now, or an offset to the start of one of the next words. */
type Wait = number | { words: number; offset: number };
type Action = { kind: 'read' | 'memory' | 'disable' | 'enable' | 'i2s-off' | 'i2s-on' | 'transfer' | 'fifo' | 'cr2' | 'other-stream' | 'dr' | 'clear'; wait: Wait };

/** A board whose I2S is fed by DMA, driven by a script; everything that software or a listener could see goes into the log. */
function play(setting: Setting, actions: Action[], ahead: boolean): unknown[] {
  const { b, spi, heard } = bench();
  const ram = new Uint8Array(2048);
  ram.forEach((_, i) => (ram[i] = i * 37 + (i >> 8)));
  b.bus.addMemory({ name: 'SRAM1', origin: RAM, bytes: ram, dma: true });
  const dma = new Dma('DMA1', 0x4002_6000, b, { requests: { SPI3_TX: [[5, 0], [7, 0]], OTHER: [[1, 1]] }, peripheralPort: [0x4000_0000, 0x4000_7fff] });
  if (!ahead) b.dmaRequest('SPI3_TX').pacer = undefined;
  const log: unknown[] = [];
  let interrupt = false;
  const logInterrupt = () => {
    const now = b.interrupts.has('DMA1_Stream5');
    if (now !== interrupt) log.push(['irq', now, b.timeline.now]);
    interrupt = now;
  };
  const cr = M2P | MINC | (1 << 11) | (Math.log2(setting.memoryBytes) << 13) | (setting.direct ? 0 : setting.burst << 23) | (setting.circular ? CIRC : 0)
    | (setting.double ? DBM : 0) | HTIE | TCIE;
  const startI2s = () => spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE | (setting.wide ? 2 << 1 : 0), 4);
  dma.write(STREAM5 + 0x08, SPI3 + DR, 4);
  dma.write(STREAM5 + 0x0c, RAM, 4);
  dma.write(STREAM5 + 0x10, RAM + 1024, 4);
  dma.write(STREAM5 + 0x04, setting.items, 4);
  dma.write(STREAM5 + 0x14, setting.direct ? 0 : 4 | setting.threshold, 4);
  dma.write(STREAM5, cr, 4);
  spi.write(I2SPR, 3 | ODD | MCKOE, 4);
  spi.write(CR2, TXDMAEN, 4);
  startI2s();
  dma.write(STREAM5, cr | EN, 4);
  const look = () => log.push([b.timeline.now, spi.read(SR, 4), dma.read(STREAM5, 4), dma.read(STREAM5 + 4, 4), dma.read(STREAM5 + 0x14, 4), dma.read(4, 4)]);
  const untilCycle = (wait: Wait): number => {
    const { now } = b.timeline;
    if (typeof wait === 'number') return now + wait;
    const { originCycle, slotCycles } = heard.streams.at(-1) ?? { originCycle: now, slotCycles: { n: 1750, d: 1 } };
    const { n, d } = { n: slotCycles.n, d: slotCycles.d * (setting.wide ? 2 : 1) };
    return Math.max(now, originCycle + Math.floor(((Math.floor(((now - originCycle) * d) / n) + wait.words) * n) / d) + wait.offset);
  };
  let turn = 0;
  for (const { kind, wait } of actions) {
    turn++;
    // Time moves event by event, as a CPU would be interrupted.
    const until = untilCycle(wait);
    while (b.timeline.nextDue <= until) {
      b.timeline.advanceTo(b.timeline.nextDue);
      logInterrupt();
    }
    b.timeline.advanceTo(until);
    if (kind === 'memory') ram.fill(turn);
    if (kind === 'disable') dma.write(STREAM5, cr, 4);
    if (kind === 'enable') {
      dma.write(0x0c, 0x3d << 6, 4);
      dma.write(STREAM5, cr | EN, 4);
    }
    if (kind === 'clear') dma.write(0x0c, 0x3d << 6, 4);
    if (kind === 'i2s-off') spi.write(I2SCFGR, I2SMOD | MASTER_TX | (setting.wide ? 2 << 1 : 0), 4);
    if (kind === 'i2s-on') startI2s();
    if ((kind === 'transfer' || kind === 'fifo') && dma.read(STREAM5, 4) & EN) dma.injectFault(5, kind);
    if (kind === 'cr2') spi.write(CR2, turn & 1 ? TXDMAEN : TXDMAEN | TXEIE, 4);
    if (kind === 'dr') spi.write(DR, turn, 4);
    if (kind === 'other-stream') {
      const other = 0x10 + 0x18;
      dma.write(other + 0x0c, RAM, 4);
      dma.write(other + 0x04, 4, 4);
      dma.write(8, 0x3d << 6, 4);
      dma.write(other, dma.read(other, 4) & EN ? 0 : M2P | EN, 4);
    }
    logInterrupt();
    look();
  }
  log.push(spi.read(SR, 4), b.diagnostics.map((d) => d.message));
  // What has been sent by now is known in full once the I2S is off.
  spi.write(I2SCFGR, 0, 4);
  log.push(heard.streams.map((s) => s.originCycle), heard.slots, heard.ends);
  return log;
}

const setting: fc.Arbitrary<Setting> = fc.record({
  memoryBytes: fc.constantFrom(1, 2, 4), burst: fc.constantFrom(0, 0, 1, 2, 3), threshold: fc.constantFrom(0, 1, 2, 3), items: fc.integer({ min: 1, max: 30 }).map((n) => 4 * n),
  circular: fc.boolean(), double: fc.boolean(), wide: fc.boolean(), direct: fc.constantFrom(false, false, false, true),
});
const wait = fc.oneof(
  fc.record({ words: fc.nat(12), offset: fc.integer({ min: -2, max: 20 }) }), fc.record({ words: fc.nat(100), offset: fc.integer({ min: -2, max: 20 }) }), fc.nat(12), fc.nat(30_000),
);
const actions = fc.array(fc.record({
  kind: fc.constantFrom<Action['kind'][]>('read', 'read', 'read', 'memory', 'memory', 'disable', 'enable', 'enable', 'i2s-off', 'i2s-on', 'transfer', 'fifo', 'cr2', 'other-stream', 'dr', 'clear'),
  wait,
}), { minLength: 1, maxLength: 30 });

test('feeding ahead of time shows the same registers, interrupts, slots and stops as one event a word', () => {
  fc.assert(fc.property(setting, actions, (s, script) => {
    assert.deepEqual(play(s, script, true), play(s, script, false));
  }), { numRuns: 300 });
});

test('in the steady state a bursting stream costs one event for eight words', () => {
  const { b, spi, heard } = bench();
  const ram = new Uint8Array(256);
  ram.forEach((_, i) => (ram[i] = i));
  b.bus.addMemory({ name: 'SRAM1', origin: RAM, bytes: ram, dma: true });
  const dma = new Dma('DMA1', 0x4002_6000, b, { requests: { SPI3_TX: [[5, 0]] } });
  dma.write(STREAM5 + 0x08, SPI3 + DR, 4);
  dma.write(STREAM5 + 0x0c, RAM, 4);
  dma.write(STREAM5 + 0x04, 128, 4);
  dma.write(STREAM5 + 0x14, 4 | 3, 4);
  dma.write(STREAM5, M2P | MINC | CIRC | (1 << 11) | (2 << 13) | (1 << 23) | EN, 4);
  spi.write(I2SPR, 3 | ODD | MCKOE, 4);
  spi.write(CR2, TXDMAEN, 4);
  spi.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  b.run(slotStart(64));
  let events = 0;
  const end = b.timeline.now + slotStart(1280);
  for (; b.timeline.nextDue <= end; events++) b.timeline.advanceTo(b.timeline.nextDue);
  b.timeline.advanceTo(end);
  assert.ok(events <= 1280 / 8 + 2 * 1280 / 128, `${events} events`);
  assert.ok(heard.slots.length > 1280);
  heard.slots.forEach(([slot, value], i) => {
    assert.equal(slot, i);
    assert.equal(value, ((ram[(2 * i) % 256] | (ram[(2 * i + 1) % 256] << 8)) << 16) >> 16);
  });
});
