// SPDX-License-Identifier: MIT
// The USART's further modes: RM0090 rev 18, 30.3.6 (mute), 30.3.8 (LIN), 30.3.9 (synchronous), 30.3.10 (half-duplex), 30.3.12 (IrDA), 30.3.14
// (flow control). 31250 baud at PCLK1 = 42 MHz, the core at 168 MHz: a bit is 5376 cycles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../../machine/wire.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Usart } from './usart.js';

const [SR, DR, BRR, CR1, CR2, CR3, GTPR] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18];
const [FE, IDLE, RXNE, TC, TXE, LBD, CTS] = [2, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200];
const [SBK, RWU, RE, TE, WAKE, M, UE] = [1, 2, 4, 8, 0x800, 0x1000, 0x2000];
const BIT = 5376;

function setUp(cr1 = UE | RE | TE, cr2 = 0, cr3 = 0, name = 'USART2', bench = new ModelBench(168_000_000)) {
  bench.setClock('PCLK1', 42_000_000);
  const usart = new Usart(name, 0x4000_4400, bench, { clock: 'PCLK1', vector: name });
  const read = (offset: number) => usart.read(offset, 4);
  const write = (offset: number, value: number) => usart.write(offset, value, 4);
  write(BRR, 1344);
  write(CR2, cr2);
  write(CR3, cr3);
  write(CR1, cr1);
  bench.run(12 * BIT);
  read(SR);
  read(DR);
  return { bench, usart, read, write, rx: bench.signal(`${name}_RX`), tx: bench.signal(`${name}_TX`) };
}

function send(bench: ModelBench, levels: readonly number[], line = 'USART2_RX'): void {
  const start = bench.timeline.now;
  levels.forEach((level, i) => bench.timeline.at(start + i * BIT, () => bench.signal(line).set(level as Level)));
}
const frame = (word: number, bits = 8): number[] => [0, ...Array.from({ length: bits }, (_, i) => (word >> i) & 1), 1];

function edges(bench: ModelBench, line: string, cycles: number): [number, number][] {
  const list: [number, number][] = [];
  const from = bench.timeline.now;
  bench.signal(line).onEdge((level, cycle) => list.push([level, (cycle - from) / BIT]));
  bench.run(cycles);
  return list;
}

test('CTS holds the next character back, not the one under way; its changes set CTS, and CTSIE interrupts', () => {
  const { bench, read, write, tx } = setUp();
  bench.signal('USART2_CTS').set(0);
  write(CR3, (1 << 9) | (1 << 10));
  write(DR, 0x55);
  write(DR, 0x55);
  bench.run(3 * BIT);
  bench.signal('USART2_CTS').set(1);
  assert.equal(read(SR) & CTS, CTS);
  assert.ok(bench.interrupts.has('USART2'));
  write(SR, ~CTS >>> 0);
  assert.ok(!bench.interrupts.has('USART2'));
  bench.run(7 * BIT);
  assert.equal(tx.level, 1);
  assert.equal(read(SR) & (TXE | TC), 0);
  bench.run(20 * BIT);
  assert.equal(read(SR) & (TXE | TC), 0);
  bench.signal('USART2_CTS').set(0);
  assert.equal(tx.level, 0);
  bench.run(10 * BIT);
  assert.equal(read(SR) & TC, TC);
});

test('RTS is low while a character can be taken', () => {
  const { bench, read, write } = setUp();
  write(CR3, 1 << 8);
  const rts = bench.signal('USART2_RTS');
  assert.equal(rts.level, 0);
  send(bench, frame(0x31));
  bench.run(10 * BIT);
  assert.equal(rts.level, 1);
  assert.equal(read(DR), 0x31);
  assert.equal(rts.level, 0);
  write(CR1, 0);
  assert.equal(rts.level, 1);
});

test('half-duplex: one line, let go between characters, and what others send on it is received', () => {
  const { bench, read, write, tx } = setUp(UE | TE, 0, 1 << 3);
  write(DR, 0x41);
  bench.run(12 * BIT);
  write(CR1, UE | RE);
  tx.set(1);
  bench.run(12 * BIT);
  send(bench, frame(0x7e), 'USART2_TX');
  bench.run(10 * BIT);
  assert.equal(read(SR) & RXNE, RXNE);
  assert.equal(read(DR), 0x7e);
  send(bench, frame(0x11));
  bench.run(10 * BIT);
  assert.equal(read(SR) & RXNE, 0, 'the RX pin is not used');
});

test('LIN: SBK sends 13 low bits; a break of 10 or 11 is detected at its delimiter, and is a framing error too', () => {
  const { bench, read, write } = setUp(UE | RE | TE, 1 << 14);
  write(CR1, UE | RE | TE | SBK);
  assert.deepEqual(edges(bench, 'USART2_TX', 20 * BIT), [[1, 13]]);
  for (const [lbdl, bits, detected] of [[0, 10, true], [0, 9, false], [1, 10, false], [1, 11, true], [0, 20, true]] as const) {
    write(CR2, (1 << 14) | (lbdl << 5) | (1 << 6));
    write(SR, 0);
    read(SR);
    read(DR);
    bench.run(BIT);
    send(bench, [...new Array<number>(bits).fill(0), 1]);
    bench.run(bits * BIT - 1);
    assert.equal(read(SR) & LBD, 0);
    bench.run(1);
    assert.equal(read(SR) & LBD, detected ? LBD : 0, `${bits} bits, LBDL ${lbdl}`);
    assert.equal(bench.interrupts.has('USART2'), detected);
    bench.run(30 * BIT);
    if (bits >= 10) assert.equal(read(SR) & FE, FE);
    write(SR, 0);
    assert.equal(read(SR) & LBD, 0);
  }
});

test('mute mode: the idle line wakes without IDLE; characters before are not seen', () => {
  const { bench, read, write } = setUp();
  write(CR1, UE | RE | RWU);
  send(bench, [...frame(1), ...frame(2)]);
  bench.run(20 * BIT);
  assert.deepEqual([read(SR) & (RXNE | IDLE), read(CR1) & RWU], [0, RWU]);
  bench.run(11 * BIT);
  assert.deepEqual([read(SR) & IDLE, read(CR1) & RWU], [0, 0]);
  send(bench, frame(3));
  bench.run(10 * BIT);
  assert.equal(read(DR), 3);
});

test('mute mode by address: the own one wakes and is received, another one mutes', () => {
  const { bench, read, write } = setUp(UE | RE | TE | WAKE, 5);
  write(CR1, UE | RE | WAKE | RWU);
  const hear = (word: number) => {
    send(bench, frame(word));
    bench.run(11 * BIT);
    return read(SR) & RXNE ? read(DR) : undefined;
  };
  assert.deepEqual([hear(0x12), hear(0x86), hear(0x13), hear(0x85), hear(0x14), hear(0x15), hear(0x84), hear(0x16)], [undefined, undefined, undefined, 0x85, 0x14, 0x15, undefined, undefined]);
  assert.equal(read(CR1) & RWU, RWU);
});

test('synchronous: a pulse in each data bit but, without LBCL, the last; CPOL and CPHA; data in step', () => {
  for (const [cpol, cpha, lbcl] of [[0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 1]] as const) {
    const { bench, read, write, rx } = setUp(UE | TE | RE, (1 << 11) | (cpol << 10) | (cpha << 9) | (lbcl << 8));
    rx.set(1);
    bench.signal('USART2_RX').set(1);
    write(DR, 0xa6);
    const seen = edges(bench, 'USART2_CK', 12 * BIT);
    const first = cpha ? 1 : 1.5;
    assert.equal(seen.length, 2 * (lbcl ? 8 : 7));
    assert.deepEqual(seen.slice(0, 3), [[1 - cpol, first], [cpol, first + 0.5], [1 - cpol, first + 1]]);
    assert.equal(read(SR) & RXNE, RXNE);
    assert.equal(read(DR), 0xff);
  }
});

test('IrDA: a pulse of 3/16 in each zero, the line low else; and the way back', () => {
  const { bench, write, read, rx } = setUp(UE | TE | RE, 0, 1 << 1);
  assert.equal(bench.signal('USART2_TX').level, 0);
  write(DR, 0xfc);
  const seen = edges(bench, 'USART2_TX', 12 * BIT);
  assert.deepEqual(seen, [0, 1, 2].flatMap((bit) => [[1, bit + 7 / 16], [0, bit + 10 / 16]]));
  // The demodulator on the board gives low pulses.
  const start = bench.timeline.now;
  frame(0x35).forEach((level, i) => {
    if (level) return;
    bench.timeline.at(start + i * BIT, () => rx.set(0));
    bench.timeline.at(start + i * BIT + 1008, () => rx.set(1));
  });
  bench.run(11 * BIT);
  assert.equal(read(SR) & RXNE, RXNE);
  assert.equal(read(DR), 0x35);
});

test('two USARTs, one wire a direction, by RTS and CTS: nothing is lost though the receiver is slow', () => {
  const one = setUp(UE | TE, 0, 1 << 9, 'USART1');
  const { bench } = one;
  const other = setUp(UE | RE, 0, 1 << 8, 'USART3', bench);
  one.tx.onEdge((level) => other.rx.set(level));
  bench.signal('USART3_RTS').onEdge((level) => bench.signal('USART1_CTS').set(level));
  bench.signal('USART1_CTS').set(bench.signal('USART3_RTS').level);
  const got: number[] = [];
  let next = 1;
  for (let i = 0; i < 300; i++) {
    if (one.read(SR) & TXE && next <= 6) one.write(DR, next++);
    if (i % 30 === 29 && other.read(SR) & RXNE) got.push(other.read(DR));
    bench.run(BIT);
  }
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6]);
});

test('smartcard: TC waits for the guard time', () => {
  const { bench, read, write } = setUp(UE | TE | M, 3 << 12, 1 << 5);
  write(GTPR, 4 << 8);
  write(SR, ~TC >>> 0);
  write(DR, 0x3b);
  bench.run(11.5 * BIT + 4 * BIT - 1);
  assert.equal(read(SR) & TC, 0);
  bench.run(1);
  assert.equal(read(SR) & TC, TC);
});
