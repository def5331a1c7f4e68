// SPDX-License-Identifier: MIT
// SPI mode as master and slave, and I2S that receives or follows: RM0090 rev 18, chapter 28.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fraction } from '../../machine/fraction.js';
import type { I2sStream } from '../../machine/links.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Dma } from './dma.js';
import { Spi } from './spi.js';

const [CR1, CR2, SR, DR, CRCPR, RXCRCR, TXCRCR, I2SCFGR, I2SPR] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20];
const [CPHA, CPOL, MSTR, SPE, LSBFIRST, SSI, SSM, RXONLY, DFF, CRCNEXT, CRCEN, BIDIOE, BIDIMODE] = [1, 2, 4, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000];
const [RXNE, TXE, CHSIDE, UDR, CRCERR, MODF, OVR, BSY] = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80];
const SOFT_MASTER = MSTR | SSM | SSI;

/** SPI1 at PCLK2 of half the core clock: a bit at BR = 0 is 4 core cycles. */
function master() {
  const bench = new ModelBench(168e6);
  bench.setClock('PCLK2', 84e6);
  bench.setClock('PCLK1', 42e6);
  const spi = new Spi('SPI1', 0x4001_3000, bench, { vector: 'SPI1', clock: 'PCLK2' });
  bench.bus.map(0x4001_3000, 0x400, spi);
  return { bench, spi, read: (offset: number) => spi.read(offset, 4), write: (offset: number, value: number) => spi.write(offset, value, 4) };
}

/** SPI1 as a master and SPI2 as a slave, wired together; NSS of the slave in hardware, active. */
function pair() {
  const one = master();
  const { bench } = one;
  const other = new Spi('SPI2', 0x4000_3800, bench, { vector: 'SPI2', clock: 'PCLK1' });
  bench.bus.map(0x4000_3800, 0x400, other);
  for (const [from, to] of [['SPI1_SCK', 'SPI2_SCK'], ['SPI1_MOSI', 'SPI2_MOSI'], ['SPI2_MISO', 'SPI1_MISO']]) bench.signal(from).onEdge((level) => bench.signal(to).set(level));
  bench.signal('SPI2_NSS').set(0);
  return { ...one, slave: { read: (offset: number) => other.read(offset, 4), write: (offset: number, value: number) => other.write(offset, value, 4) } };
}

test('a byte at every baud rate: PCLK / 2 to PCLK / 256; TXE at once, RXNE after 7.5 bits, BSY for 8', () => {
  for (let br = 0; br < 8; br++) {
    const { bench, read, write } = master();
    const bit = 2 * 2 ** (br + 1);
    write(CR1, SOFT_MASTER | SPE | (br << 3));
    assert.equal(read(SR), TXE);
    write(DR, 0xa5);
    assert.equal(read(SR), TXE | BSY);
    bench.run(7.5 * bit - 1);
    assert.equal(read(SR), TXE | BSY);
    bench.run(1);
    assert.equal(read(SR), TXE | BSY | RXNE);
    bench.run(bit / 2 - 1);
    assert.equal(read(SR) & BSY, BSY);
    bench.run(1);
    assert.equal(read(SR), TXE | RXNE);
  }
});

test('the wire in all four modes: SCK rests at CPOL, data change where CPHA says, first bit as LSBFIRST says', () => {
  for (const [phase, polarity, lsb] of [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]] as const) {
    const { bench, write } = master();
    const bits: number[] = [];
    bench.signal('SPI1_SCK').onEdge((level) => {
      // The edge on which a receiver samples: the first one of a bit with CPHA = 0, the second with CPHA = 1.
      if ((level !== polarity) === (phase === 0)) bits.push(bench.signal('SPI1_MOSI').level);
    });
    write(CR1, SOFT_MASTER | (phase ? CPHA : 0) | (polarity ? CPOL : 0) | (lsb ? LSBFIRST : 0));
    write(CR1, SOFT_MASTER | SPE | (phase ? CPHA : 0) | (polarity ? CPOL : 0) | (lsb ? LSBFIRST : 0));
    assert.equal(bench.signal('SPI1_SCK').level, polarity);
    bits.length = 0;
    write(DR, 0xb4);
    bench.run(100);
    assert.equal(bits.join(''), lsb ? '00101101' : '10110100', `CPHA ${phase} CPOL ${polarity}`);
    assert.equal(bench.signal('SPI1_SCK').level, polarity);
  }
});

test('master and slave exchange frames in every mode, 8 and 16 bits, back to back', () => {
  fc.assert(fc.property(
    fc.nat(3), fc.boolean(), fc.boolean(), fc.array(fc.tuple(fc.nat(0xffff), fc.nat(0xffff)), { minLength: 1, maxLength: 4 }),
    (mode, wide, lsb, frames) => {
      const { bench, read, write, slave } = pair();
      const mask = wide ? 0xffff : 0xff;
      const common = mode | (wide ? DFF : 0) | (lsb ? LSBFIRST : 0);
      // The master first: a slave would take SCK's way to its rest for a clock.
      write(CR1, SOFT_MASTER | common | (2 << 3) | SPE);
      slave.write(CR1, common | SPE);
      const got: [number, number][] = [];
      slave.write(DR, frames[0][1]);
      write(DR, frames[0][0]);
      for (let i = 0; i < frames.length; i++) {
        if (i + 1 < frames.length) {
          bench.run(8);
          assert.ok(read(SR) & TXE && slave.read(SR) & TXE);
          write(DR, frames[i + 1][0]);
          slave.write(DR, frames[i + 1][1]);
          bench.run((wide ? 16 : 8) * 16 - 8);
        } else bench.run((wide ? 16 : 8) * 16);
        assert.ok(read(SR) & RXNE && slave.read(SR) & RXNE, 'both have received');
        got.push([slave.read(DR), read(DR)]);
      }
      assert.deepEqual(got, frames.map(([a, b]) => [a & mask, b & mask]));
      assert.deepEqual([read(SR), slave.read(SR)], [TXE, TXE]);
    },
  ), { numRuns: 60 });
});

test('a slave with NSS high hears nothing; software NSS is SSI', () => {
  const { bench, write, slave } = pair();
  bench.signal('SPI2_NSS').set(1);
  slave.write(CR1, SPE);
  write(CR1, SOFT_MASTER | SPE);
  write(DR, 0x5a);
  bench.run(100);
  assert.equal(slave.read(SR), TXE);
  slave.write(CR1, SSM | SPE);
  write(DR, 0x5a);
  bench.run(100);
  assert.equal(slave.read(DR), 0x5a);
});

test('SSOE drives NSS low while the master is on; NSS low as an input is a mode fault, which clears SPE and MSTR', () => {
  const { bench, read, write } = master();
  write(CR2, 4 | 0x20);
  write(CR1, MSTR | SPE);
  assert.equal(bench.signal('SPI1_NSS').level, 0);
  write(CR1, 0);
  write(CR2, 0x20);
  bench.signal('SPI1_NSS').set(1);
  write(CR1, MSTR | SPE);
  bench.signal('SPI1_NSS').set(0);
  assert.equal(read(CR1) & (MSTR | SPE), 0);
  assert.ok(bench.interrupts.has('SPI1'));
  bench.signal('SPI1_NSS').set(1);
  const soft = master();
  soft.write(CR1, MSTR | SSM | SPE);
  soft.write(CR1, MSTR | SSM | SSI | SPE);
  assert.equal(soft.read(CR1) & (MSTR | SPE), 0, 'not before MODF is cleared');
  assert.equal(soft.read(SR) & MODF, MODF);
  soft.write(CR1, SSM | SSI);
  assert.equal(soft.read(SR) & MODF, 0);
  soft.write(CR1, MSTR | SSM | SSI | SPE);
  assert.equal(soft.read(CR1) & SPE, SPE);
});

test('overrun keeps the first frame; DR, then SR clears it', () => {
  const { bench, read, write } = master();
  bench.signal('SPI1_MISO').set(1);
  write(CR2, 0x20);
  write(CR1, SOFT_MASTER | SPE);
  write(DR, 1);
  bench.run(32);
  bench.signal('SPI1_MISO').set(0);
  write(DR, 2);
  bench.run(32);
  assert.equal(read(SR) & (OVR | RXNE), OVR | RXNE);
  assert.ok(bench.interrupts.has('SPI1'));
  assert.equal(read(SR) & OVR, OVR);
  assert.equal(read(DR), 0xff);
  assert.equal(read(SR) & OVR, OVR);
  assert.equal(read(SR), TXE);
});

test('RXONLY: the clock runs from SPE on, and stops after the frame in which SPE is cleared', () => {
  const { bench, read, write } = master();
  bench.signal('SPI1_MISO').set(1);
  write(CR1, SOFT_MASTER | RXONLY | SPE);
  bench.run(32);
  assert.equal(read(SR), RXNE | TXE | BSY);
  assert.equal(read(DR), 0xff);
  bench.run(10);
  write(CR1, SOFT_MASTER | RXONLY);
  assert.equal(read(SR) & BSY, BSY);
  bench.run(22);
  assert.equal(read(SR), RXNE | TXE);
  bench.run(1000);
  assert.equal(read(DR), 0xff);
  assert.equal(read(SR), TXE);
});

test('one line both ways: BIDIOE sends on MOSI and receives nothing, without it MOSI is the input', () => {
  const { bench, read, write } = master();
  write(CR1, SOFT_MASTER | BIDIMODE | BIDIOE | SPE);
  write(DR, 0);
  bench.run(32);
  assert.equal(read(SR), TXE);
  write(CR1, SOFT_MASTER | BIDIMODE);
  bench.signal('SPI1_MOSI').set(1);
  bench.signal('SPI1_MISO').set(0);
  write(CR1, SOFT_MASTER | BIDIMODE | SPE);
  bench.run(32);
  assert.equal(read(DR), 0xff);
});

test('CRC-8 of 0x07 over "123456789" is 0xF4; it goes out after the last frame and is checked', () => {
  for (const spoil of [false, true]) {
    const { bench, read, write, slave } = pair();
    slave.write(CR1, CRCEN | SPE);
    write(CR1, SOFT_MASTER | CRCEN | (2 << 3) | SPE);
    assert.equal(read(CRCPR), 7);
    const text = [...'123456789'].map((c) => c.charCodeAt(0));
    const seen: number[] = [];
    text.forEach((byte, i) => {
      slave.write(DR, 0);
      write(DR, byte);
      if (i === 8) {
        write(CR1, read(CR1) | CRCNEXT);
        slave.write(CR1, slave.read(CR1) | CRCNEXT);
        // Until it is sent, the polynomial decides.
        if (spoil) slave.write(CRCPR, 0x1d);
      }
      bench.run(8 * 16);
      seen.push(slave.read(DR));
      read(DR);
    });
    assert.deepEqual(seen, text);
    assert.equal(read(TXCRCR), 0xf4);
    bench.run(8 * 16);
    assert.equal(slave.read(DR), 0xf4, 'the CRC is received as well');
    if (!spoil) assert.equal(slave.read(RXCRCR), 0xf4);
    assert.equal(slave.read(SR) & CRCERR, spoil ? CRCERR : 0);
    slave.write(SR, 0);
    assert.equal(slave.read(SR) & CRCERR, 0);
  }
});

test('CRC-16 with the polynomial 0x1021 over 16-bit frames', () => {
  const { bench, read, write } = master();
  write(CRCPR, 0x1021);
  write(CR1, SOFT_MASTER | DFF | CRCEN | SPE);
  for (const frame of [0x3132, 0x3334, 0x3536, 0x3738]) {
    write(DR, frame);
    bench.run(64);
  }
  // CRC-16/XMODEM of "12345678".
  assert.equal(read(TXCRCR), 0x9015);
});

test('a device on the bus takes whole frames while it is selected, and nobody needs the wire', () => {
  const { bench, read, write } = master();
  const got: number[] = [];
  let selected = true;
  bench.spiBus('SPI1').attach({ get selected() { return selected; }, begin: () => 0x9f, end: (value) => void got.push(value) });
  write(CR1, SOFT_MASTER | SPE);
  write(DR, 0x12);
  let events = 0;
  for (const end = bench.timeline.now + 32; bench.timeline.nextDue <= end; events++) bench.timeline.advanceTo(bench.timeline.nextDue);
  assert.equal(events, 2);
  assert.deepEqual([got, read(DR)], [[0x12], 0x9f]);
  selected = false;
  bench.signal('SPI1_MISO').set(0);
  write(DR, 0x34);
  bench.run(32);
  assert.deepEqual([got, read(DR)], [[0x12], 0]);
});

test('full duplex by DMA: both streams, and the CRC by itself', () => {
  const { bench, read, write } = master();
  const ram = new Uint8Array(256).map((_, i) => i * 7 + 1);
  bench.bus.addMemory({ name: 'SRAM1', origin: 0x2000_0000, bytes: ram, dma: true });
  const dma = new Dma('DMA2', 0x4002_6400, bench, { requests: { SPI1_RX: [[0, 3]], SPI1_TX: [[3, 3]] } });
  let last = 0;
  bench.spiBus('SPI1').attach({ selected: true, begin: () => (last = (last + 3) & 0xff), end: () => {} });
  const stream = (n: number, address: number, cr: number) => {
    const at = 0x10 + 0x18 * n;
    dma.write(at + 4, 16, 4);
    dma.write(at + 8, 0x4001_3000 + DR, 4);
    dma.write(at + 12, address, 4);
    dma.write(at, (3 << 25) | 0x400 | cr | 1, 4);
  };
  stream(0, 0x2000_0080, 0);
  stream(3, 0x2000_0000, 0x40);
  write(CR2, 1);
  write(CR1, SOFT_MASTER | CRCEN | (1 << 3) | SPE);
  write(CR2, 3);
  bench.run(16 * 64 + 200);
  assert.deepEqual([...ram.subarray(0x80, 0x90)], Array.from({ length: 16 }, (_, i) => 3 * (i + 1)));
  assert.equal(last, 3 * 17, 'a seventeenth frame: the CRC');
  assert.equal(read(SR) & RXNE, RXNE);
});

// I2S

const [I2SE, I2SMOD, SLAVE_RX, MASTER_TX, MASTER_RX] = [0x400, 0x800, 0x100, 0x200, 0x300];

/** I2S3 with its extension, at 86 MHz; both data lines and clocks on pads. */
function i2s() {
  const bench = new ModelBench(168e6);
  bench.setClock('I2SCLK', 86e6);
  bench.setClock('PCLK1', 42e6);
  const main = new Spi('SPI3', 0x4000_3c00, bench, { vector: 'SPI3', clock: 'PCLK1', i2s: { name: 'I2S3', clock: 'I2SCLK' } });
  const ext = new Spi('I2S3ext', 0x4000_4000, bench, {
    vector: 'SPI3', clock: 'PCLK1', i2s: { name: 'I2S3ext', clock: 'I2SCLK', follows: 'I2S3' }, requests: { rx: 'I2S3_EXT_RX', tx: 'I2S3_EXT_TX' },
  });
  return { bench, main, ext };
}

test('master receive: the clock runs from I2SE on, left and right in DR, CHSIDE with them, OVR when nobody reads', () => {
  const { bench, main } = i2s();
  bench.i2sBus('I2S3').source = { sample: (_, slot) => 1000 * slot - 1 };
  main.write(I2SPR, 3 | 0x100 | 0x200, 4);
  main.write(CR2, 0x40, 4);
  main.write(I2SCFGR, I2SMOD | MASTER_RX, 4);
  main.write(I2SCFGR, I2SMOD | MASTER_RX | I2SE, 4);
  const slot = (n: number) => Math.floor((n * 128 * 7 * 168) / 86);
  bench.run(slot(1) - 1);
  assert.equal(main.read(SR, 4), BSY);
  bench.run(1);
  assert.equal(main.read(SR, 4), BSY | RXNE);
  assert.ok(bench.interrupts.has('SPI3'));
  assert.equal(main.read(DR, 4), 0xffff);
  bench.run(slot(2) - slot(1));
  assert.equal(main.read(SR, 4), BSY | RXNE | CHSIDE);
  assert.equal(main.read(DR, 4), 999);
  bench.run(slot(4) - slot(2));
  assert.equal(main.read(SR, 4) & OVR, OVR);
  main.write(I2SCFGR, I2SMOD | MASTER_RX, 4);
  assert.equal(main.read(SR, 4) & BSY, 0);
});

test('24 and 32-bit samples come in two words (28.4.3)', () => {
  for (const [datlen, standard, value, words] of [
    [1, 0, 0x8eaa33 - 0x1000000, [0x8eaa, 0x3300]], [1, 2, 0x3478ae, [0x0034, 0x78ae]], [2, 0, 0x12345678, [0x1234, 0x5678]], [0, 0, -2, [0xfffe]],
  ] as const) {
    const { bench, main } = i2s();
    bench.i2sBus('I2S3').source = { sample: () => value };
    main.write(I2SPR, 4, 4);
    main.write(I2SCFGR, I2SMOD | MASTER_RX | I2SE | (datlen << 1) | (standard << 4), 4);
    const got: number[] = [];
    for (let i = 0; i < 2000 && got.length < words.length; i++) {
      bench.run(1);
      if (main.read(SR, 4) & RXNE) got.push(main.read(DR, 4));
    }
    assert.deepEqual(got, words);
  }
});

test('full duplex: I2S3 sends as master, I2S3ext receives in step with it, from the first frame on', () => {
  const { bench, main, ext } = i2s();
  bench.i2sBus('I2S3ext').source = { sample: (stream: I2sStream, slot) => (stream.dataBits === 16 ? 100 + slot : 0) };
  main.write(I2SPR, 3 | 0x100 | 0x200, 4);
  main.write(I2SCFGR, I2SMOD | MASTER_TX, 4);
  ext.write(I2SCFGR, I2SMOD | SLAVE_RX, 4);
  ext.write(CR2, 1, 4);
  ext.write(I2SCFGR, I2SMOD | SLAVE_RX | I2SE, 4);
  main.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  assert.equal(ext.read(SR, 4) & BSY, 0);
  const got: number[] = [];
  for (let i = 0; i < 20; i++) {
    for (let wait = 0; !(main.read(SR, 4) & TXE) && wait < 4000; wait++) bench.run(1);
    main.write(DR, i, 4);
    if (bench.dmaRequest('I2S3_EXT_RX').active) got.push(ext.read(DR, 4));
  }
  assert.ok(got.length > 16);
  assert.deepEqual(got, got.map((_, i) => 100 + i));
});

test('an extension block never is a master, and has no SPI', () => {
  const { bench, ext } = i2s();
  ext.write(I2SCFGR, I2SMOD | MASTER_TX | I2SE, 4);
  assert.match(bench.diagnostics[0].message, /never a master/);
});

test('slave transmit with the clocks of a codec: from its next frame on, UDR when nothing was written, and silence of the master ends it', () => {
  const { bench, main } = i2s();
  const heard: number[] = [];
  bench.i2sBus('I2S3').listen({ start: () => {}, slots: (_, __, values, count) => heard.push(...values.subarray(0, count)), stop: () => {} });
  const stream: I2sStream = { originCycle: 0, slotCycles: fraction(1750), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 0 };
  bench.i2sBus('I2S3').startClock(stream);
  bench.run(1000);
  main.write(CR2, 0x20, 4);
  main.write(I2SCFGR, I2SMOD | I2SE, 4);
  assert.equal(main.read(SR, 4), TXE | BSY);
  main.write(DR, 11, 4);
  assert.equal(main.read(SR, 4), BSY);
  bench.run(3500 - 1000);
  assert.equal(main.read(SR, 4), TXE | BSY | CHSIDE);
  main.write(DR, 22, 4);
  bench.run(1750);
  bench.run(1750);
  assert.ok(bench.interrupts.has('SPI3'));
  assert.equal(main.read(SR, 4) & UDR, UDR);
  assert.equal(main.read(SR, 4) & UDR, 0, 'cleared by reading SR');
  assert.deepEqual(heard, [11, 22, 22]);
  bench.i2sBus('I2S3').stopClock();
  assert.equal(main.read(SR, 4) & BSY, 0);
});

test('a whole audio path costs no CPU: I2S3ext by DMA into a ring', () => {
  const { bench, main, ext } = i2s();
  bench.bus.map(0x4000_4000, 0x400, ext);
  const ram = new Uint8Array(64);
  bench.bus.addMemory({ name: 'SRAM1', origin: 0x2000_0000, bytes: ram, dma: true });
  const dma = new Dma('DMA1', 0x4002_6000, bench, { requests: { I2S3_EXT_RX: [[0, 3]] } });
  bench.i2sBus('I2S3ext').source = { sample: (_, slot) => slot };
  dma.write(0x10 + 4, 8, 4);
  dma.write(0x10 + 8, 0x4000_400c, 4);
  dma.write(0x10 + 12, 0x2000_0000, 4);
  dma.write(0x10, (3 << 25) | (1 << 13) | (1 << 11) | 0x400 | 0x100 | 1, 4);
  ext.write(CR2, 1, 4);
  main.write(I2SPR, 3 | 0x100 | 0x200, 4);
  ext.write(I2SCFGR, I2SMOD | SLAVE_RX | I2SE, 4);
  main.write(I2SCFGR, I2SMOD | MASTER_RX | I2SE, 4);
  bench.run(Math.ceil((10 * 128 * 7 * 168) / 86) + 20);
  assert.deepEqual([...new Uint16Array(ram.buffer, 0, 8)], [8, 9, 2, 3, 4, 5, 6, 7]);
});

test('SPI1 has no I2S: its registers read as 0, take a 0 as HAL writes it, and say so of anything else', () => {
  const bench = new ModelBench();
  bench.setClock('PCLK2', 84_000_000);
  const spi = new Spi('SPI1', 0x4001_3000, bench, { vector: 'SPI1', clock: 'PCLK2' });
  spi.write(0x1c, 0, 4);
  assert.equal(bench.diagnostics.length, 0);
  spi.write(0x1c, 0x800, 4);
  assert.equal(spi.read(0x1c, 4) | spi.read(0x20, 4), 0);
  assert.match(bench.diagnostics[0].message, /no I2S/);
});
