// SPDX-License-Identifier: MIT
// RM0090 chapters 34 and 35: what firmware meets that sets up USB with nothing in the socket. The order of its steps is that of common drivers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Otg } from './otg.js';

const GOTGCTL = 0x00, GAHBCFG = 0x08, GUSBCFG = 0x0c, GRSTCTL = 0x10, GINTSTS = 0x14, GINTMSK = 0x18, GRXSTSP = 0x20, GRXFSIZ = 0x24, HNPTXFSIZ = 0x28, HNPTXSTS = 0x2c, GCCFG = 0x38;
const DIEPTXF1 = 0x104, HPRT = 0x440, HCCHAR0 = 0x500, HCINT0 = 0x508, DCFG = 0x800, DCTL = 0x804, DSTS = 0x808, DIEPMSK = 0x810, DAINT = 0x818, DAINTMSK = 0x81c;
const DIEPCTL0 = 0x900, DIEPINT1 = 0x928, DIEPCTL1 = 0x920, DTXFSTS1 = 0x938, DOEPCTL1 = 0xb20, FIFO1 = 0x2000;

function setUp({ highSpeed = false, clock = true } = {}) {
  const bench = new ModelBench(168e6);
  if (clock) bench.setClock('PLL48CLK', 48e6);
  const otg = new Otg(highSpeed ? 'OTG_HS' : 'OTG_FS', 0x50000000, bench, highSpeed
    ? { vector: 'OTG_HS', registers: 'OTG_HS', endpoints: 6, channels: 12, highSpeed, coreId: 0x1200 }
    : { vector: 'OTG_FS', registers: 'OTG_FS', endpoints: 4, channels: 8, highSpeed, coreId: 0x1000 });
  return { bench, otg, read: (offset: number) => otg.read(offset, 4), write: (offset: number, value: number) => otg.write(offset, value >>> 0, 4) };
}

test('reset values', () => {
  const { read } = setUp();
  assert.deepEqual([GAHBCFG, GUSBCFG, GRSTCTL, GINTSTS, GINTMSK, GRXFSIZ, HNPTXFSIZ, HNPTXSTS, GCCFG].map(read), [0, 0xa00, 0x80000000, 0x04000020, 0, 0x200, 0x200, 0x80200, 0]);
  assert.deepEqual([DIEPTXF1, 0x404, 0x408, HPRT, DCFG, DCTL, DSTS, DAINT, DIEPCTL0, 0xb00].map(read), [0x02000400, 0xea60, 0x3fff, 0, 0x02200000, 0, 0x10, 0, 0x8000, 0x8000]);
  assert.equal(read(GOTGCTL), 0x10800, 'ID floats: a B-device; no session');
});

test('a core reset clears itself, and with it all but transceiver and speed', () => {
  const { bench, read, write } = setUp();
  write(GUSBCFG, 1 << 6);
  write(DCFG, 0x02200003);
  write(GINTMSK, 0x10);
  write(GRSTCTL, 1);
  assert.equal(read(GRSTCTL), 0x80000001);
  bench.run(100);
  assert.deepEqual([read(GRSTCTL), read(GINTMSK), read(GUSBCFG), read(DCFG)], [0x80000000, 0, 0xa40, 0x02200003]);
});

test('without the clock of its transceiver a core reset does not end', () => {
  for (const [highSpeed, clock, phy, ends] of [[false, false, 0, false], [true, true, 0, false], [true, true, 1 << 6, true]] as const) {
    const { bench, read, write } = setUp({ highSpeed, clock });
    write(GUSBCFG, phy);
    write(GRSTCTL, 1);
    bench.run(10_000_000);
    assert.equal((read(GRSTCTL) & 1) === 0, ends);
    assert.equal(bench.diagnostics.length, ends ? 0 : 1);
  }
});

test('a FIFO flush clears itself', () => {
  const { bench, read, write } = setUp();
  for (const bit of [1 << 4, (1 << 5) | (0x10 << 6)]) {
    write(GRSTCTL, bit);
    assert.ok(read(GRSTCTL) & 0x30);
    bench.run(100);
    assert.equal(read(GRSTCTL) & 0x30, 0);
  }
});

test('device mode by default and when forced; host mode 25 ms after it was forced', () => {
  const { bench, read, write } = setUp();
  write(GUSBCFG, 0x40000a00);
  bench.run(168e3 * 50);
  assert.equal(read(GINTSTS) & 1, 0);
  write(GUSBCFG, 0x20000a00);
  bench.run(168e3 * 25 - 1);
  assert.equal(read(GINTSTS) & 1, 0);
  bench.run(1);
  assert.equal(read(GINTSTS) & 1, 1);
  write(HPRT, 1 << 12);
  assert.equal(read(HPRT), 1 << 12, 'powered, nothing connected');
});

test('a device that is set up waits for a host that never comes: no frame, no reset, no interrupt', () => {
  const { bench, read, write } = setUp();
  write(GUSBCFG, 0x40001440);
  write(GRSTCTL, 1);
  bench.run(100);
  write(GCCFG, (1 << 16) | (1 << 19));
  write(DCFG, 0x02200003);
  write(DIEPMSK, 0x0b);
  write(DAINTMSK, 0x10001);
  write(GINTSTS, 0xbfffffff);
  write(GINTMSK, 0xc03c3c18); // all that a driver waits for
  write(GAHBCFG, 1);
  write(DCTL, 0);
  bench.run(168e6);
  assert.equal(read(GINTSTS), 0x04000020);
  assert.equal(read(GRXSTSP), 0);
  assert.equal(bench.interrupts.size, 0);
});

test('with NOVBUSSENS the session counts as valid, which is an event', () => {
  const { bench, read, write } = setUp();
  write(GAHBCFG, 1);
  write(GINTMSK, 1 << 30);
  write(GCCFG, (1 << 16) | (1 << 21));
  assert.ok(read(GOTGCTL) & (1 << 19));
  assert.ok(bench.interrupts.has('OTG_FS'));
  write(GINTSTS, 1 << 30);
  assert.equal(bench.interrupts.size, 0);
});

test('endpoints: NAK by SNAK and CNAK; one that is enabled stays so until it is disabled, which is an event', () => {
  const { bench, read, write } = setUp();
  for (const offset of [DIEPCTL1, DOEPCTL1]) {
    write(offset, (1 << 31) | (1 << 26) | (2 << 18) | (1 << 15) | 64);
    assert.equal(read(offset), 0x80088040);
    bench.run(10_000_000);
    write(offset, (1 << 27) | read(offset));
    assert.equal(read(offset), 0x800a8040);
    write(offset, (1 << 30) | read(offset));
    assert.equal(read(offset), 0x000a8040);
    assert.equal(read(offset + 8) & 2, 2);
  }
  write(DIEPMSK, 2);
  write(DAINTMSK, 2);
  assert.deepEqual([read(DAINT), read(GINTSTS) & (3 << 18)], [2, 1 << 18]);
  write(DIEPINT1, 2);
  assert.deepEqual([read(DAINT), read(DIEPINT1)], [0, 0x80]);
});

test('what is sent stays in its FIFO, until that is flushed', () => {
  const { bench, read, write } = setUp();
  write(DIEPTXF1, (0x10 << 16) | 0x100);
  assert.deepEqual([read(DTXFSTS1), read(DIEPINT1) & 0x80], [0x10, 0x80]);
  for (let i = 0; i < 16; i++) write(FIFO1 + 4 * i, i);
  bench.run(1_000_000);
  assert.deepEqual([read(DTXFSTS1), read(DIEPINT1) & 0x80], [0, 0]);
  write(FIFO1, 0);
  assert.match(bench.diagnostics[0].message, /FIFO 1 was written while it is full/);
  write(GRSTCTL, (1 << 5) | (1 << 6));
  bench.run(100);
  assert.equal(read(DTXFSTS1), 0x10);
});

test('global NAKs take effect, and are seen', () => {
  const { read, write } = setUp();
  write(DCTL, (1 << 7) | (1 << 9));
  assert.deepEqual([read(DCTL), read(GINTSTS) & 0xc0], [0xc, 0xc0]);
  write(DCTL, (1 << 8) | (1 << 10));
  assert.deepEqual([read(DCTL), read(GINTSTS) & 0xc0], [0, 0]);
});

test('a host channel is halted at once', () => {
  const { read, write } = setUp();
  write(HCCHAR0, (1 << 31) | 64);
  assert.equal(read(HCCHAR0), 0x80000040);
  write(HCCHAR0, (1 << 31) | (1 << 30) | 64);
  assert.deepEqual([read(HCCHAR0), read(HCINT0)], [64, 2]);
});

test('reserved words are errors by name, but for sizes of FIFOs that larger cores have', () => {
  const { read, write } = setUp();
  for (let n = 1; n <= 15; n++) write(DIEPTXF1 + 4 * (n - 1), 0);
  assert.equal(read(DIEPTXF1 + 4 * 14), 0);
  assert.throws(() => setUp().read(0x30), /OTG_FS\+0x30 at 0x[0-9a-f]+: this chip.s manual has no register there/);
});
