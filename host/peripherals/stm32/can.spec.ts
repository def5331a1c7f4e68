// SPDX-License-Identifier: MIT
// RM0090 chapter 32, and ISO 11898-1 for frames and error counters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { CanFilters } from './can-filters.js';
import { frameBits, stuffedBits, type CanFrame } from './can-frame.js';
import { Can } from './can.js';

const MCR = 0x00, MSR = 0x04, TSR = 0x08, RF0R = 0x0c, IER = 0x14, ESR = 0x18, BTR = 0x1c, TI0R = 0x180, RI0R = 0x1b0, RDT0R = 0x1b4, RDL0R = 0x1b8, RDH0R = 0x1bc;
const FMR = 0x200, FM1R = 0x204, FS1R = 0x20c, FFA1R = 0x214, FA1R = 0x21c, F0R1 = 0x240;
const INAK = 1, SLAK = 2;
/** 42 MHz / 6 / (1 + 11 + 2) = 500 kbit/s; the core runs at 168 MHz. */
const TIMING = 5 | (10 << 16) | (1 << 20);
const BIT = 336;
const LOOPBACK = 1 << 30;

function setUp() {
  const bench = new ModelBench(168e6);
  bench.setClock('PCLK1', 42e6);
  const filters = new CanFilters();
  const [can1, can2] = [1, 2].map((n) => new Can(`CAN${n}`, 0x40006000 + 0x400 * n, bench, { vectors: ['TX', 'RX0', 'RX1', 'SCE'].map((v) => `CAN${n}_${v}`), filters, first: n === 1 }));
  const read = (offset: number, can = can1): number => can.read(offset, 4);
  const write = (offset: number, value: number, can = can1): void => can.write(offset, value, 4);
  /** As drivers do: initialization mode, bit timing, all frames into FIFO 0, normal mode. */
  const start = (mode = 0, control = 0): void => {
    write(MCR, 1);
    write(BTR, (TIMING | mode) >>> 0);
    write(FS1R, 1);
    write(FA1R, 1);
    write(FMR, 0x2a1c0e00);
    write(MCR, control);
    bench.run(11 * BIT);
  };
  const send = (box: number, id: number, dlc = 0, low = 0, high = 0): void => {
    write(TI0R + 16 * box + 4, dlc);
    write(TI0R + 16 * box + 8, low);
    write(TI0R + 16 * box + 12, high);
    write(TI0R + 16 * box, (id | 1) >>> 0);
  };
  return { bench, filters, can1, can2, read, write, start, send };
}

test('reset values', () => {
  const { read } = setUp();
  assert.deepEqual([MCR, MSR, TSR, RF0R, IER, ESR, BTR, FMR, FM1R, FA1R].map((offset) => read(offset)), [0x10002, 0xc02, 0x1c000000, 0, 0, 0, 0x01230000, 0x2a1c0e01, 0, 0]);
});

test('sleep, initialization and normal mode acknowledge each other; BTR wants initialization mode', () => {
  const { bench, read, write } = setUp();
  write(BTR, TIMING);
  assert.match(bench.diagnostics[0].message, /outside of initialization mode/);
  write(MCR, 0x10001);
  assert.equal(read(MSR) & 3, INAK);
  write(BTR, TIMING);
  assert.equal(read(BTR), TIMING);
  write(MCR, 0x10000);
  bench.run(11 * BIT - 1);
  assert.equal(read(MSR) & 3, INAK);
  bench.run(1);
  assert.equal(read(MSR) & 3, 0);
  write(MCR, 2);
  assert.equal(read(MSR) & 3, SLAK);
});

test('a dominant line keeps it from normal mode', () => {
  const { bench, read, write } = setUp();
  bench.signal('CAN1_RX').set(0);
  write(MCR, 1);
  write(MCR, 0);
  bench.run(1_000_000);
  assert.equal(read(MSR) & INAK, INAK);
  bench.signal('CAN1_RX').set(1);
  bench.run(1_000);
  assert.equal(read(MSR) & INAK, 0);
});

test('RESET in MCR brings it to sleep', () => {
  const { read, write, start } = setUp();
  start();
  write(MCR, 0x8000);
  assert.deepEqual([read(MCR), read(MSR) & 3], [0x10002, SLAK]);
});

/** The bits of a frame by another way: text, division of a polynomial by hand, and stuffing by a pattern. */
function bitsOf({ extended, remote, id, dlc, low, high }: CanFrame): number {
  const binary = (value: number, width: number): string => value.toString(2).padStart(width, '0');
  const head = extended ? `0${binary(id, 29).slice(0, 11)}11${binary(id, 29).slice(11)}${remote ? 1 : 0}00` : `0${binary(id, 11)}${remote ? 1 : 0}00`;
  const bytes = [...new Uint8Array(new Uint32Array([low, high]).buffer)].slice(0, remote ? 0 : dlc);
  const text = head + binary(dlc, 4) + bytes.map((byte) => binary(byte, 8)).join('');
  const generator = 0b1100010110011001n;
  let rest = BigInt(`0b${text}`) << 15n;
  for (let bit = BigInt(text.length + 14); bit >= 15n; bit--) if ((rest >> bit) & 1n) rest ^= generator << (bit - 15n);
  const all = text + rest.toString(2).padStart(15, '0');
  let stuffed = '';
  for (const bit of all) {
    stuffed += bit;
    if (/(00000|11111)$/.test(stuffed) && !/(000000|111111)$/.test(stuffed)) stuffed += bit === '0' ? '1' : '0';
  }
  return stuffed.length;
}

test('frames have as many bits as they should', () => {
  let x = 1;
  const random = (): number => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0);
  for (let i = 0; i < 200; i++) {
    const extended = (i & 1) === 1;
    const zeros = i < 20;
    const frame = { extended, remote: (i & 2) === 2, id: zeros ? 0 : random() >>> (extended ? 3 : 21), dlc: i % 9, low: zeros ? 0 : random(), high: zeros ? 0 : random() };
    assert.equal(stuffedBits(frame), bitsOf(frame), JSON.stringify(frame));
    assert.equal(frameBits(frame), bitsOf(frame) + 13);
  }
});

test('loop-back: a frame is received as it was sent, when its bits have gone', () => {
  const { bench, read, write, start, send } = setUp();
  start(LOOPBACK);
  write(IER, 3);
  send(0, 0x123 << 21, 5, 0x44332211, 0x55);
  const bits = frameBits({ extended: false, remote: false, id: 0x123, dlc: 5, low: 0x44332211, high: 0x55 });
  bench.run(bits * BIT - 1);
  assert.equal(read(TSR) & 0x1c0000ff, 0x18000000);
  assert.equal(bench.interrupts.size, 0);
  bench.run(1);
  assert.equal(read(TSR) & 0x1c0000ff, 0x1c000003, 'RQCP, TXOK');
  assert.deepEqual([...bench.interrupts].sort(), ['CAN1_RX0', 'CAN1_TX']);
  assert.equal(read(RF0R), 1);
  assert.deepEqual([RI0R, RDT0R, RDL0R, RDH0R].map((offset) => read(offset)), [(0x123 << 21) >>> 0, 5, 0x44332211, 0x55]);
  write(RF0R, 1 << 5);
  write(TSR, 1);
  assert.deepEqual([read(RF0R), read(TSR), bench.interrupts.size], [0, 0x1c000000, 0]);
});

test('of several mailboxes the lowest identifier goes first, or with TXFP the oldest request', () => {
  for (const [txfp, order] of [[0, [0x100, 0x200, 0x300]], [4, [0x300, 0x100, 0x200]]] as const) {
    const { bench, read, write, start, send } = setUp();
    start(LOOPBACK);
    write(MCR, 1);
    send(0, 0x300 << 21);
    send(1, 0x100 << 21);
    send(2, 0x200 << 21);
    assert.equal(read(TSR) >>> 24, 0x20, 'none is empty, LOW marks the last');
    write(MCR, txfp);
    bench.run(300 * BIT);
    const got = [0, 1, 2].map(() => {
      const id = read(RI0R) >>> 21;
      write(RF0R, 1 << 5);
      return id;
    });
    assert.deepEqual(got, order);
  }
});

test('a FIFO holds three; the fourth replaces the third, or with RFLM is lost', () => {
  for (const [rflm, last] of [[0, 4], [8, 3]]) {
    const { bench, read, write, start, send } = setUp();
    start(LOOPBACK, rflm);
    for (const id of [1, 2, 3, 4]) {
      send(0, id << 21);
      bench.run(100 * BIT);
    }
    assert.equal(read(RF0R), 3 | (1 << 3) | (1 << 4));
    write(RF0R, (1 << 5) | (1 << 4));
    write(RF0R, 1 << 5);
    assert.equal(read(RF0R), 1);
    assert.equal(read(RI0R) >>> 21, last);
  }
});

test('filters: mask and list, 32 and 16 bits, each FIFO counts its own; the wider and the list go first', () => {
  const { write, filters } = setUp();
  const frame = (id: number, extended = false, remote = false): CanFrame => ({ extended, remote, id, dlc: 0, low: 0, high: 0 });
  write(FM1R, 0b1010); // banks 1 and 3: lists
  write(FS1R, 0b0011); // banks 0 and 1: 32 bits
  write(FFA1R, 0b1000); // bank 3: FIFO 1
  const bank = (n: number, one: number, two: number): void => {
    write(F0R1 + 8 * n, one >>> 0);
    write(F0R1 + 8 * n + 4, two >>> 0);
  };
  bank(0, 0x100 << 21, 0x700 << 21); // 0x100 to 0x1FF
  bank(1, 0x123 << 21, (0x1abcdef << 3) | 4);
  bank(2, (0x200 << 5) | ((0x7f0 << 5) << 16), (0x300 << 5) | (((0x7ff << 5) | 0x18) << 16));
  bank(3, (0x11 << 5) | ((0x22 << 5) << 16), ((0x33 << 5) | 0x10) | ((0x123 << 5) << 16));
  write(FA1R, 0xf);
  assert.equal(filters.match(frame(0x100), false), undefined, 'FINIT is set');
  write(FMR, 0x2a1c0e00);
  assert.deepEqual(filters.match(frame(0x145), false), { fifo: 0, index: 0 });
  assert.deepEqual(filters.match(frame(0x123), false), { fifo: 0, index: 1 }, 'list before mask, and 32 bits before 16');
  assert.deepEqual(filters.match(frame(0x1abcdef, true), false), { fifo: 0, index: 2 });
  assert.deepEqual(filters.match(frame(0x20f), false), { fifo: 0, index: 3 });
  assert.deepEqual(filters.match(frame(0x300), false), { fifo: 0, index: 4 });
  assert.equal(filters.match(frame(0x300, false, true), false), undefined);
  assert.deepEqual(filters.match(frame(0x22), false), { fifo: 1, index: 1 });
  assert.deepEqual(filters.match(frame(0x33, false, true), false), { fifo: 1, index: 2 });
  assert.equal(filters.match(frame(0x33), false), undefined);
  assert.equal(filters.match(frame(0x145), true), undefined, 'CAN2 has the banks from 14 on');
  write(FMR, 0x2a1c0001);
  write(FMR, 0x2a1c0000);
  assert.deepEqual(filters.match(frame(0x145), true), { fifo: 0, index: 0 }, 'CAN2SB = 0 gives it all');
});

test('alone on its bus it retries for ever; the error counter stops at 128, error passive, and never goes off the bus', () => {
  const { bench, read, write, start, send } = setUp();
  start();
  write(IER, (1 << 8) | (1 << 9) | (1 << 15));
  send(0, 0x123 << 21, 1, 0x55);
  const attempt = frameBits({ extended: false, remote: false, id: 0x123, dlc: 1, low: 0x55, high: 0 }) - 8 + 14;
  bench.run(attempt * BIT);
  assert.equal(read(ESR), (8 << 16) | (3 << 4), 'LEC: acknowledgement');
  bench.run(10 * attempt * BIT);
  assert.equal(read(ESR) & 3, 0);
  assert.equal(bench.interrupts.has('CAN1_SCE'), false);
  bench.run(attempt * BIT);
  assert.equal(read(ESR) & 0xff0003, (96 << 16) | 1);
  assert.ok(bench.interrupts.has('CAN1_SCE'));
  write(MSR, 4);
  assert.equal(bench.interrupts.size, 0);
  bench.run(4 * attempt * BIT);
  assert.equal(read(ESR) & 0xff0007, (128 << 16) | 3);
  bench.run(1000 * attempt * BIT);
  assert.equal(read(ESR) & 0xff0007, (128 << 16) | 3);
  assert.equal(read(TSR) & 0xff, 0);
  write(TSR, 1 << 7);
  bench.run(2 * attempt * BIT);
  assert.equal(read(TSR) & 0x1c0000ff, 0x1c000001, 'aborted: RQCP alone');
  assert.equal(bench.timeline.nextDue, Infinity);
});

test('with NART one attempt is all', () => {
  const { bench, read, start, send } = setUp();
  start(0, 1 << 4);
  send(1, 0x7 << 21);
  bench.run(200 * BIT);
  assert.equal(read(TSR) & 0xff00, 0x900, 'RQCP, TERR');
  assert.equal(bench.timeline.nextDue, Infinity);
});

test('silent mode sends nothing but to itself', () => {
  const { bench, read, start, send } = setUp();
  start(2 ** 31);
  send(0, 5 << 21);
  bench.run(1000 * BIT);
  assert.equal(read(TSR) & 0x040000ff, 0);
  const both = setUp();
  both.start(2 ** 31 + LOOPBACK);
  both.send(0, 5 << 21);
  both.bench.run(100 * BIT);
  assert.equal(both.read(RF0R), 1);
});

test('CAN2 has no filter registers', () => {
  const { can2 } = setUp();
  assert.throws(() => can2.read(FMR, 4), /CAN2_FMR/);
});
