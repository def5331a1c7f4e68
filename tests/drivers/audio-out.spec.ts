// SPDX-License-Identifier: MIT
// Audio output against RM0090 sections 10 and 28: set-up, block boundaries, late blocks, errors and the frame position.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fixture } from '../../host/testing/assembly.js';
import { instantiateDriver, MEMORY_ADDRESS, type RegisterFile } from './register-file.js';
import { DMEIF, FEIF, HIFCR, HISR, I2SCFGR, S5CR, S5FCR, S5M0AR, S5NDTR, S5PAR, StreamFake, TEIF } from './stream-fake.js';

const B = 8;
const PENDSV = -2;

describe('audio output', () => {
  let registers: RegisterFile;
  let driver: Fixture;
  let stream: StreamFake;
  /** True count of frames that left, by the stand-in's own bookkeeping. */
  const played = () => stream.frames.length;

  /** Lets `frames` frames go, each interrupt and rendering on the spot. */
  const play = (frames: number, { handle = true, render = true } = {}) => {
    const until = played() + frames;
    while (played() < until) {
      stream.step();
      if (handle && stream.interrupting) driver.audioOutInterrupt();
      if (render) driver.render(B);
    }
  };
  const expectContent = (from: number, to: number, silent: (frame: number) => boolean = () => false) => {
    for (let f = from; f < to; f++) {
      const n = f < 2 * B || silent(f) ? 0 : f & 0x7fff;
      assert.deepEqual(stream.frames[f], [n, n === 0 ? 0 : -n], `frame ${f}`);
    }
  };

  beforeEach(async () => {
    ({ registers, driver } = await instantiateDriver('tests/drivers/audio-out.as.ts'));
    stream = new StreamFake(registers);
    assert.equal(driver.audioOutInit(B), 0);
    driver.audioOutStart();
  });

  it('refuses block sizes that it cannot serve', () => {
    for (const size of [-1, 0, 6, 7, 9, 257, 258]) assert.equal(driver.audioOutInit(size), -1, `${size}`);
    for (const size of [8, 32, 256]) assert.equal(driver.audioOutInit(size), 0, `${size}`);
  });

  it('sets I2S3 up as master transmitter, Philips, 16 bits, master clock at 256 times the frame rate', () => {
    assert.equal(registers.values.get(0x40003c20), (1 << 9) | (1 << 8) | 3); // I2SPR: MCKOE, ODD, DIV = 3: 86 MHz / (256 x 7)
    assert.equal(registers.values.get(I2SCFGR), (1 << 11) | (1 << 10) | (0b10 << 8)); // I2SMOD, I2SE, master transmit, all else 0
    assert.equal(registers.values.get(0x40003c04), 1 << 1); // CR2: TXDMAEN
    assert.equal(registers.values.get(0x40023840)! & (1 << 15), 1 << 15); // SPI3EN
    assert.equal(registers.values.get(0x40023830)! & (1 << 21), 1 << 21); // DMA1EN
    for (const [moder, pin] of [[0x40020800, 7], [0x40020800, 10], [0x40020000, 4], [0x40020800, 12]]) {
      assert.equal((registers.values.get(moder)! >> (2 * pin)) & 3, 2);
      assert.equal((registers.values.get(moder + 0x20 + (pin >> 3) * 4)! >> (4 * (pin & 7))) & 0xf, 6);
    }
  });

  it('sets the stream up circular over the ring, with all its interrupts', () => {
    const cr = registers.values.get(S5CR)!;
    assert.equal(cr & 0x1f, 0x1f); // EN, DMEIE, TEIE, HTIE, TCIE
    assert.equal((cr >> 6) & 3, 1); // memory to peripheral
    assert.equal((cr >> 8) & 1, 1); // circular
    assert.equal((cr >> 9) & 3, 0b10); // MINC, not PINC
    assert.equal((cr >> 11) & 3, 0b01); // peripheral half-words
    assert.equal((cr >> 13) & 3, 0b10); // memory words
    assert.equal((cr >> 23) & 3, 0b01); // memory bursts of four
    assert.equal((cr >> 25) & 7, 0); // channel 0
    assert.equal(registers.values.get(S5FCR), (1 << 7) | (1 << 2) | 0b11); // FEIE, FIFO, threshold full
    assert.equal(registers.values.get(S5NDTR), 2 * B * 2);
    assert.equal(registers.values.get(S5PAR), 0x40003c0c);
    assert.equal(registers.values.get(S5M0AR)! % 16, 0);
    assert.ok(registers.values.get(S5M0AR)! >= MEMORY_ADDRESS);
  });

  it('polls EN low before it reconfigures, and starts the I2S after the stream', () => {
    const { log } = registers;
    const stop = log.findIndex((a) => a[0] === 'w' && a[1] === S5CR);
    const poll = log.findIndex((a, i) => i > stop && a[0] === 'r' && a[1] === S5CR);
    const setup = log.findIndex((a) => a[0] === 'w' && [S5PAR, S5M0AR, S5NDTR, S5FCR].includes(a[1] as number));
    const clear = log.findIndex((a) => a[0] === 'w' && a[1] === HIFCR);
    const enable = log.findIndex((a) => a[0] === 'w' && a[1] === S5CR && (a[2] & 1) === 1);
    const i2s = log.findIndex((a) => a[0] === 'w' && a[1] === I2SCFGR && (a[2] & (1 << 10)) !== 0);
    assert.ok(stop < poll && poll < setup && clear < enable && setup < enable && enable < i2s);
  });

  it('clears its flags before anything else and pends the renderer last', () => {
    while (!stream.interrupting) stream.step();
    registers.log.length = 0;
    registers.cycles = 123456;
    driver.audioOutInterrupt();
    assert.deepEqual(registers.log.slice(0, 2), [['r', HISR], ['w', HIFCR, 1 << 10]]);
    assert.deepEqual(registers.log.at(-1), ['irqPend', PENDSV]);
    assert.equal(driver.audioOutInterruptCycle(), 123456);
  });

  it('plays two blocks of silence and then every frame once, in order', () => {
    play(10 * B);
    expectContent(0, 10 * B);
    assert.equal(driver.late(), 0);
  });

  it('plays a late block as silence and counts it once', () => {
    play(4 * B);
    play(2 * B, { render: false }); // block 5 is there already, block 6 is not rendered
    play(4 * B);
    expectContent(0, 10 * B, (f) => f >= 6 * B && f < 7 * B);
    assert.equal(driver.late(), 1);
  });

  it('refuses a block that comes while the DMA is upon it, and goes on with the next', () => {
    play(4 * B - 1);
    play(B - 3, { render: false });
    assert.equal(driver.framePosition(), 5 * B - 4);
    // Block 5 begins in four frames, all of which the FIFO may have read.
    assert.ok(driver.audioOutBlockDue());
    driver.renderOne(B);
    assert.ok(!driver.audioOutBlockDue());
    play(4 * B);
    expectContent(0, 8 * B, (f) => f >= 5 * B && f < 6 * B);
    assert.equal(driver.late(), 1);
  });

  it('counts a late block when half-transfer and transfer-complete are both pending', () => {
    play(4 * B);
    play(2 * B, { handle: false, render: false });
    assert.equal(stream.flags & 0xc00, 0xc00);
    driver.audioOutInterrupt();
    driver.render(B);
    assert.equal(driver.late(), 1);
    const from = played();
    play(4 * B);
    // Block 6 could not be rendered and was cleared before it was played, block 7 on.
    expectContent(from, from + 4 * B, (f) => f < 7 * B);
    assert.equal(driver.framePosition(), played());
  });

  it('finds its place again after being kept out for more than a turn', () => {
    play(4 * B);
    play(3 * B, { handle: false, render: false });
    driver.audioOutInterrupt();
    driver.render(B);
    assert.equal(driver.framePosition(), played());
    assert.ok(driver.late() >= 2);
    const from = played();
    play(4 * B);
    expectContent(8 * B, from + 4 * B);
  });

  const errors = [['FIFO', FEIF, 'fifoErrors'], ['direct mode', DMEIF, 'directErrors'], ['transfer', TEIF, 'transferErrors']] as const;
  for (const [name, flag, counter] of errors) {
    it(`restarts in phase after a ${name} error, wherever it comes, and loses no frame`, () => {
      let count = 0;
      for (let items = 1; items <= 4 * 2 * B + 3; items += 3) {
        for (let i = 0; i < items; i++) {
          stream.step();
          if (stream.interrupting) driver.audioOutInterrupt();
          driver.render(B);
        }
        stream.fail(flag);
        count++;
        assert.ok(stream.interrupting);
        driver.audioOutInterrupt();
        driver.render(B);
        assert.ok(stream.enabled);
        assert.equal(driver.framePosition(), played());
      }
      play(6 * B);
      expectContent(0, played());
      assert.equal(driver.late(), 0);
      assert.equal(driver[counter](), count);
      assert.equal(driver.restarts(), count);
    });
  }

  it('misses no boundary that passes while the handler stops the stream', () => {
    for (let items = 1; items <= 4 * B; items++) {
      for (let i = 0; i < items; i++) {
        stream.step();
        if (stream.interrupting) driver.audioOutInterrupt();
        driver.render(B);
      }
      stream.fail(FEIF);
      let running = true;
      registers.onLoad.set(S5CR, () => {
        for (; running && stream.enabled && items % 5 > 0; running = false) for (let i = 0; i < items % 5; i++) stream.step();
      });
      driver.audioOutInterrupt();
      registers.onLoad.delete(S5CR);
      driver.render(B);
      assert.equal(driver.framePosition(), played());
    }
    play(4 * B);
    expectContent(0, played());
    assert.equal(driver.late(), 0);
  });

  it('restarts after an underrun', () => {
    play(3 * B + 2);
    stream.failI2s();
    play(5 * B);
    assert.equal(driver.underruns(), 1);
    assert.equal(driver.restarts(), 1);
    expectContent(0, played());
  });

  it('keeps the frame position right at every item, with the interrupt handled or pending, or coming between the reads', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 200 }), (moves) => {
      for (const move of moves) {
        stream.step();
        // A boundary may wait for its handler, but no longer than the next one.
        const pendingFor = played() % B;
        if (stream.interrupting && (move === 0 || pendingFor >= B - 2)) driver.audioOutInterrupt();
        // A boundary passes exactly between the two reads of framePosition.
        let between = false;
        if (move === 2 && !stream.interrupting) {
          registers.onLoad.set(S5NDTR, () => {
            if (!between) {
              between = true;
              stream.step();
            }
          });
        }
        const position = driver.framePosition();
        registers.onLoad.delete(S5NDTR);
        assert.equal(position, played());
        driver.render(B);
      }
    }), { numRuns: 100 });
  });

  it('keeps it right for a handler that comes in at any point of the DMA handler, restarts included', () => {
    let looks = 0;
    let inside = false;
    registers.onUnmasked = () => {
      if (inside) return;
      inside = true;
      assert.equal(driver.framePosition(), played());
      looks++;
      inside = false;
    };
    const wait = registers.onUnmasked;
    for (let i = 0; i < 200; i++) {
      registers.onUnmasked = () => {};
      stream.step();
      if (i % 23 === 0) stream.fail([FEIF, DMEIF, TEIF][i % 3]);
      registers.onUnmasked = wait;
      if (stream.interrupting) driver.audioOutInterrupt();
      registers.onUnmasked = () => {};
      driver.render(B);
    }
    expectContent(0, played());
    assert.ok(looks > 200, `${looks} looks`);
  });

  it('masks interrupts while it looks at the position', () => {
    registers.log.length = 0;
    driver.framePosition();
    assert.deepEqual(registers.log.map((a) => a[0]), ['irqMask', 'r', 'irqRestore']);
  });
});
