// SPDX-License-Identifier: MIT
// Numbers restated from RM0090 section 10.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessSize, Peripheral } from '../../machine/peripheral.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Dma } from './dma.js';

const [LISR, HISR, LIFCR, HIFCR] = [0x00, 0x04, 0x08, 0x0c];
const reg = (stream: number) => ({
  CR: 0x10 + 0x18 * stream, NDTR: 0x14 + 0x18 * stream, PAR: 0x18 + 0x18 * stream, M0AR: 0x1c + 0x18 * stream, M1AR: 0x20 + 0x18 * stream, FCR: 0x24 + 0x18 * stream,
});
// SxCR
const [EN, DMEIE, TEIE, HTIE, TCIE] = [1, 2, 4, 8, 0x10];
const [P2M, M2P, M2M] = [0, 0x40, 0x80];
const [CIRC, PINC, MINC, DBM, CT] = [0x100, 0x200, 0x400, 0x40000, 0x80000];
const psize = (bytes: number) => Math.log2(bytes) << 11;
const msize = (bytes: number) => Math.log2(bytes) << 13;
const mburst = (beats: number) => [1, 4, 8, 16].indexOf(beats) << 23;
const pburst = (beats: number) => [1, 4, 8, 16].indexOf(beats) << 21;
const channel = (n: number) => n << 25;
const priority = (n: number) => n << 16;
// SxFCR
const [DMDIS, FEIE] = [4, 0x80];
// Flags of streams 0…3 (LISR) and 4…7 (HISR): shifts 0, 6, 16, 22.
const [FEIF, DMEIF, TEIF, HTIF, TCIF] = [1, 4, 8, 0x10, 0x20];
const flagsOf = (dma: Dma, stream: number) => (dma.read(stream < 4 ? LISR : HISR, 4) >>> [0, 6, 16, 22][stream % 4]) & 0x3d;

const RAM = 0x2000_0000;
const DEVICE = 0x4000_5000;

/** A peripheral with one data register, and a request line that falls with each access. */
class Device implements Peripheral {
  readonly name = 'DEVICE';
  readonly written: [cycle: number, value: number, size: number][] = [];
  next = 1;
  constructor(private readonly b: ModelBench, private readonly request: string) {}
  read(_offset: number, _size: AccessSize): number {
    this.b.dmaRequest(this.request).set(false);
    return this.next++;
  }
  write(_offset: number, value: number, size: AccessSize): void {
    this.b.dmaRequest(this.request).set(false);
    this.written.push([this.b.timeline.now, value, size]);
  }
}

function bench() {
  const b = new ModelBench();
  const ram = new Uint8Array(4096);
  b.bus.addMemory({ name: 'SRAM1', origin: RAM, bytes: ram, dma: true });
  b.bus.addMemory({ name: 'CCM', origin: 0x1000_0000, bytes: new Uint8Array(256), dma: false });
  const device = new Device(b, 'DEVICE_TX');
  b.bus.map(DEVICE, 0x400, device);
  const dma = new Dma('DMA1', 0x4002_6000, b, { requests: { DEVICE_TX: [[5, 3], [2, 1]], OTHER: [[6, 4]] } });
  b.bus.map(0x4002_6000, 0x400, dma);
  const setup = (stream: number, cr: number, ndtr: number, fcr = 0, par = DEVICE, m0ar = RAM) => {
    const r = reg(stream);
    dma.write(r.PAR, par, 4);
    dma.write(r.M0AR, m0ar, 4);
    dma.write(r.NDTR, ndtr, 4);
    dma.write(r.FCR, fcr, 4);
    dma.write(r.CR, cr, 4);
    dma.write(r.CR, cr | EN, 4);
    b.run(100); // the FIFO fills
  };
  /** The device asks once, and its request has been served. */
  const ask = (name = 'DEVICE_TX') => {
    b.dmaRequest(name).set(true);
    b.run(100);
    b.dmaRequest(name).set(false);
  };
  return { b, ram, device, dma, setup, ask };
}

test('reset values; registers that do not exist are errors', () => {
  const { dma } = bench();
  const r = reg(7);
  assert.deepEqual([LISR, HISR, r.CR, r.NDTR, r.PAR, r.M0AR, r.M1AR, r.FCR].map((o) => dma.read(o, 4)), [0, 0, 0, 0, 0, 0, 0, 0x21]);
  assert.throws(() => dma.read(0xd0, 4), /DMA1\+0xd0/);
});

test('memory to peripheral, direct: one item a request, half and complete at half and end of NDTR, then EN falls', () => {
  const { b, ram, device, dma, setup, ask } = bench();
  ram.set([0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a, 0xf0, 0xde]);
  setup(5, channel(3) | M2P | MINC | psize(2) | msize(2) | HTIE | TCIE, 4);
  const seen: number[][] = [];
  for (let i = 0; i < 4; i++) {
    ask();
    seen.push([dma.read(reg(5).NDTR, 4), flagsOf(dma, 5)]);
  }
  assert.deepEqual(device.written.map(([, value, size]) => [value, size]), [[0x1234, 2], [0x5678, 2], [0x9abc, 2], [0xdef0, 2]]);
  assert.deepEqual(seen, [[3, 0], [2, HTIF], [1, HTIF], [0, HTIF | TCIF]]);
  assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
  assert.ok(b.interrupts.has('DMA1_Stream5'));
  dma.write(HIFCR, (HTIF | TCIF) << 6, 4);
  assert.equal(flagsOf(dma, 5), 0);
  assert.ok(!b.interrupts.has('DMA1_Stream5'));
});

test('a stream hears only the request of its channel', () => {
  const { device, setup, ask } = bench();
  setup(5, channel(4) | M2P | MINC | psize(2), 4);
  ask();
  assert.equal(device.written.length, 0);
});

test('flags of each stream sit where LISR and HISR have them', () => {
  const shifts = [0, 6, 16, 22];
  for (let stream = 0; stream < 8; stream++) {
    const b = new ModelBench();
    b.bus.addMemory({ name: 'SRAM1', origin: RAM, bytes: new Uint8Array(64), dma: true });
    const dma = new Dma('DMA2', 0x4002_6400, b, { requests: {} });
    dma.write(reg(stream).M0AR, RAM, 4);
    dma.write(reg(stream).NDTR, 4, 4);
    dma.write(reg(stream).CR, M2P | EN, 4);
    dma.injectFault(stream, 'transfer');
    assert.equal(dma.read(stream < 4 ? LISR : HISR, 4), (TEIF << shifts[stream % 4]) >>> 0);
    dma.write(stream < 4 ? LIFCR : HIFCR, TEIF << shifts[stream % 4], 4);
    assert.equal(dma.read(stream < 4 ? LISR : HISR, 4), 0);
  }
});

test('circular: NDTR is reloaded, the memory pointer wraps, EN stays', () => {
  const { ram, device, dma, setup, ask } = bench();
  ram.set([1, 2, 3]);
  setup(5, channel(3) | M2P | MINC | CIRC | psize(1), 3);
  for (let i = 0; i < 7; i++) ask();
  assert.deepEqual(device.written.map(([, value]) => value), [1, 2, 3, 1, 2, 3, 1]);
  assert.equal(dma.read(reg(5).NDTR, 4), 2);
  assert.equal(dma.read(reg(5).CR, 4) & EN, EN);
});

test('double buffer: targets alternate, CT says which; the idle address may be changed, the one in use is a transfer error', () => {
  const { ram, device, dma, setup, ask } = bench();
  ram.set([1, 2, 0, 0, 11, 12, 0, 0, 21, 22]);
  dma.write(reg(5).M1AR, RAM + 4, 4);
  setup(5, channel(3) | M2P | MINC | DBM | psize(1), 2);
  ask();
  assert.equal(dma.read(reg(5).CR, 4) & CT, 0);
  ask();
  assert.equal(dma.read(reg(5).CR, 4) & CT, CT);
  dma.write(reg(5).M0AR, RAM + 8, 4); // not in use: taken at its next turn
  for (let i = 0; i < 4; i++) ask();
  assert.deepEqual(device.written.map(([, value]) => value), [1, 2, 11, 12, 21, 22]);
  assert.equal(flagsOf(dma, 5) & TEIF, 0);
  assert.equal(dma.read(reg(5).CR, 4) & CT, CT);
  dma.write(reg(5).M1AR, RAM, 4);
  assert.equal(flagsOf(dma, 5) & TEIF, TEIF);
  assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
});

test('peripheral to memory with any sizes: the bytes arrive in order, packed little-endian (table 46)', () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 4), fc.constantFrom(1, 2, 4), fc.integer({ min: 0, max: 3 }), fc.boolean(), (p, m, threshold, burst) => {
    const { ram, device, dma, setup, ask } = bench();
    device.next = 0x01020304;
    const fits = burst && (threshold + 1) * 4 % (4 * m) === 0;
    setup(5, channel(3) | P2M | MINC | psize(p) | msize(m) | (fits ? mburst(4) : 0), 16, DMDIS | threshold);
    const wanted = new Uint8Array(16 * p);
    for (let i = 0; i < 16; i++) {
      const value = 0x01020304 + i;
      for (let k = 0; k < p; k++) wanted[i * p + k] = value >>> (8 * k);
      assert.equal(flagsOf(dma, 5) & TCIF, 0);
      ask();
    }
    assert.deepEqual(ram.slice(0, 16 * p), wanted);
    assert.equal(flagsOf(dma, 5), HTIF | TCIF);
    assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
  }), { numRuns: 60 });
});

test('memory to peripheral with any sizes: each item is unpacked from the bytes in order', () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 4), fc.constantFrom(1, 2, 4), fc.integer({ min: 0, max: 3 }), (p, m, threshold) => {
    const { ram, device, setup, ask } = bench();
    ram.forEach((_, i) => (ram[i] = i * 7 + 1));
    setup(5, channel(3) | M2P | MINC | CIRC | psize(p) | msize(m), 8, DMDIS | threshold);
    for (let i = 0; i < 20; i++) ask();
    const items = Array.from({ length: 20 }, (_, i) => {
      let value = 0;
      for (let k = 0; k < p; k++) value += ram[(i % 8) * p + k] * 2 ** (8 * k);
      return value;
    });
    assert.deepEqual(device.written.map(([, value]) => value), items);
  }), { numRuns: 40 });
});

test('the FIFO: filled on enabling, refilled when its level reaches the threshold; FS shows it', () => {
  const { dma, setup, ask } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2) | msize(2) | mburst(4), 64, DMDIS | 1); // threshold half, bursts of 8 bytes
  const levels: number[] = [];
  for (let i = 0; i < 5; i++) {
    levels.push((dma.read(reg(5).FCR, 4) >>> 3) & 7);
    ask();
  }
  // full, 14, 12, 10 bytes (3/4 and more, or 1/2 and more), then 8 <= threshold: refilled to full.
  assert.deepEqual(levels, [5, 3, 3, 2, 5]);
});

test('memory is read at the cycle of the refill, not before: what software writes in time is heard', () => {
  const { ram, device, setup, ask } = bench();
  setup(5, channel(3) | M2P | MINC | CIRC | psize(1) | msize(4) | mburst(4), 32, DMDIS | 3);
  ram.fill(9, 16, 32); // the second burst is not yet read
  ram.fill(5, 0, 16); // the first one was
  for (let i = 0; i < 20; i++) ask();
  assert.deepEqual(device.written.map(([, value]) => value), [...new Array(16).fill(0), ...new Array(4).fill(9)]);
});

test('table 48: forbidden thresholds give FEIF and no start, the others start', () => {
  const allowed: Record<number, Record<number, number[]>> = {
    1: { 4: [0, 1, 2, 3], 8: [1, 3], 16: [3] }, 2: { 4: [1, 3], 8: [3], 16: [] }, 4: { 4: [3], 8: [], 16: [] },
  };
  for (const m of [1, 2, 4]) for (const beats of [4, 8, 16]) for (const threshold of [0, 1, 2, 3]) {
    const { b, dma, setup } = bench();
    setup(5, channel(3) | M2P | MINC | psize(1) | msize(m) | mburst(beats), 64, DMDIS | FEIE | threshold);
    const good = allowed[m][beats].includes(threshold);
    assert.equal(flagsOf(dma, 5) & FEIF, good ? 0 : FEIF, `${m} ${beats} ${threshold}`);
    assert.equal(dma.read(reg(5).CR, 4) & EN, good ? EN : 0);
    assert.equal(b.interrupts.has('DMA1_Stream5'), !good);
  }
});

test('a peripheral burst of 16 bytes with threshold 3/4 never moves (10.3.12)', () => {
  const { b, device, dma, setup, ask } = bench();
  setup(5, channel(3) | M2P | MINC | psize(4) | msize(4) | pburst(4), 16, DMDIS | 2);
  ask();
  assert.equal(flagsOf(dma, 5), FEIF);
  assert.equal(device.written.length, 0);
  assert.equal(b.diagnostics.length, 1);
});

test('a peripheral burst moves its beats at one request, and single items at the end', () => {
  const { device, dma, setup, ask } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2) | msize(2) | pburst(4), 6, DMDIS | 3);
  ask();
  assert.equal(dma.read(reg(5).NDTR, 4), 2);
  ask();
  assert.equal(dma.read(reg(5).NDTR, 4), 1);
  assert.equal(device.written.length, 5);
});

test('memory to memory runs without a request, at the bus\'s pace, on a controller whose peripheral port reaches memory', () => {
  const { b, ram, dma, setup } = bench();
  ram.forEach((_, i) => (ram[i] = i < 256 ? i : 0));
  setup(0, M2M | PINC | MINC | psize(4) | msize(1) | TCIE, 64, DMDIS | 3, RAM, RAM + 1024);
  assert.equal(flagsOf(dma, 0) & TCIF, 0); // 64 reads of 4 cycles and more have not fitted into 100
  b.run(2000);
  assert.deepEqual(ram.slice(1024, 1280), ram.slice(0, 256));
  assert.equal(flagsOf(dma, 0), HTIF | TCIF);
  const dma1 = new Dma('DMA1', 0x4002_6000, b, { requests: {}, peripheralPort: [0x4000_0000, 0x4000_7fff] });
  dma1.write(reg(0).PAR, RAM, 4);
  dma1.write(reg(0).M0AR, RAM + 64, 4);
  dma1.write(reg(0).NDTR, 4, 4);
  dma1.write(reg(0).CR, M2M | EN, 4);
  b.run(20);
  assert.equal(flagsOf(dma1, 0), TEIF);
});

test('a bus error, or memory that DMA does not reach, is TEIF and disables the stream', () => {
  for (const m0ar of [0x1000_0000, 0x3000_0000]) {
    const { b, dma, setup } = bench();
    setup(5, channel(3) | M2P | MINC | psize(2) | TEIE, 4, 0, DEVICE, m0ar);
    assert.equal(flagsOf(dma, 5), TEIF);
    assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
    assert.ok(b.interrupts.has('DMA1_Stream5'));
  }
});

test('while EN is 1 the settings are protected, the interrupt enables are not', () => {
  const { dma, setup } = bench();
  const cr = channel(3) | M2P | MINC | psize(2) | msize(2) | priority(2);
  setup(5, cr, 4);
  dma.write(reg(5).CR, EN | TCIE, 4);
  assert.equal(dma.read(reg(5).CR, 4), (cr | EN | TCIE) >>> 0);
  for (const register of [reg(5).NDTR, reg(5).PAR, reg(5).M0AR]) {
    const before = dma.read(register, 4);
    dma.write(register, 0x100, 4);
    assert.equal(dma.read(register, 4), before);
  }
});

test('clearing EN: the access under way ends first, EN reads 1 until then, TCIF tells the end and NDTR what is left', () => {
  const { b, device, dma, setup } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2) | msize(2), 8, DMDIS);
  b.dmaRequest('DEVICE_TX').set(true);
  b.run(1);
  dma.write(reg(5).CR, dma.read(reg(5).CR, 4) & ~EN, 4);
  assert.equal(dma.read(reg(5).CR, 4) & EN, EN);
  assert.equal(flagsOf(dma, 5), 0);
  b.run(10);
  assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
  assert.equal(flagsOf(dma, 5), TCIF);
  assert.equal(dma.read(reg(5).NDTR, 4), 7);
  assert.equal(device.written.length, 1);
});

test('a stopped stream to memory flushes its FIFO first', () => {
  const { b, ram, dma, setup, ask } = bench();
  setup(5, channel(3) | P2M | MINC | psize(1) | msize(1), 64, DMDIS | 3);
  for (let i = 0; i < 3; i++) ask();
  assert.deepEqual([...ram.slice(0, 4)], [0, 0, 0, 0]);
  dma.write(reg(5).CR, 0, 4);
  assert.equal(dma.read(reg(5).CR, 4) & EN, EN);
  b.run(50);
  assert.deepEqual([...ram.slice(0, 4)], [1, 2, 3, 0]);
  assert.equal(flagsOf(dma, 5), TCIF);
  assert.equal(dma.read(reg(5).NDTR, 4), 61);
});

test('enabling with flags still set does not start, and is diagnosed', () => {
  const { b, dma, setup } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2), 4);
  dma.injectFault(5, 'transfer');
  dma.write(reg(5).CR, channel(3) | M2P | EN, 4);
  assert.equal(dma.read(reg(5).CR, 4) & EN, 0);
  assert.match(b.diagnostics[0].message, /flags/);
});

test('NDTR at 0 is loaded again on enabling (10.5.6)', () => {
  const { device, dma, setup, ask } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2), 2);
  ask();
  ask();
  dma.write(HIFCR, 0x3d << 6, 4);
  dma.write(reg(5).CR, channel(3) | M2P | MINC | psize(2) | EN, 4);
  assert.equal(dma.read(reg(5).NDTR, 4), 2);
  ask();
  assert.equal(device.written.length, 3);
});

test('of two streams the higher priority is served first, then the lower number', () => {
  for (const [p2, p5, first] of [[0, 1, 5], [1, 1, 2], [3, 2, 2]]) {
    const { b, device, dma, setup } = bench();
    setup(2, channel(1) | M2P | MINC | psize(1) | priority(p2), 4, 0, DEVICE + 2);
    setup(5, channel(3) | M2P | MINC | psize(2) | msize(2) | priority(p5), 4);
    b.dmaRequest('DEVICE_TX').set(true);
    b.run(4);
    assert.equal(device.written.length, 1);
    assert.equal(device.written[0][2], first === 2 ? 1 : 2);
    assert.equal(dma.read(reg(first).NDTR, 4), 3);
  }
});

test('injected faults: FIFO and direct-mode errors leave the stream running, and need the right mode', () => {
  const { b, dma, setup, ask, device } = bench();
  setup(5, channel(3) | M2P | MINC | psize(2) | DMEIE, 8);
  dma.injectFault(5, 'direct-mode');
  assert.equal(flagsOf(dma, 5), DMEIF);
  assert.ok(b.interrupts.has('DMA1_Stream5'));
  dma.injectFault(5, 'fifo');
  assert.equal(flagsOf(dma, 5), DMEIF | FEIF);
  ask();
  assert.equal(device.written.length, 1);
  assert.throws(() => dma.injectFault(4, 'transfer'), /not enabled/);
});

test('peripheral flow controller: NDTR starts at 0xFFFF, circular mode is off, and the peripheral\'s end flushes the FIFO (10.3.16)', () => {
  const { b, dma, setup, ram } = bench();
  setup(5, channel(3) | P2M | MINC | CIRC | 0x20 | TCIE, 4, DMDIS | 3);
  dma.write(reg(5).CR, dma.read(reg(5).CR, 4) | EN, 4);
  assert.equal(dma.read(reg(5).NDTR, 4), 0xffff);
  assert.equal(dma.read(reg(5).CR, 4) & CIRC, 0);
  for (let i = 0; i < 6; i++) {
    b.dmaRequest('DEVICE_TX').set(true);
    b.run(20);
  }
  assert.equal(dma.read(reg(5).NDTR, 4), 0xffff - 6);
  assert.deepEqual([...ram.subarray(0, 7)], [0, 0, 0, 0, 0, 0, 0]);
  b.dmaRequest('DEVICE_TX').finish();
  b.run(40);
  assert.deepEqual([...ram.subarray(0, 7)], [1, 2, 3, 4, 5, 6, 0]);
  assert.deepEqual([flagsOf(dma, 5), dma.read(reg(5).CR, 4) & EN], [TCIF, 0]);
  assert.ok(b.interrupts.has('DMA1_Stream5'));
});
