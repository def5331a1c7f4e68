// SPDX-License-Identifier: MIT
// Numbers restated from RM0090 section 30 and, for cycles, from 31250 baud at PCLK1 = 42 MHz and a core clock of 168 MHz.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBench } from '../../testing/model-bench.js';
import type { Level } from '../../machine/wire.js';
import { Usart } from './usart.js';

const [SR, DR, BRR, CR1, CR2, CR3] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14];
const [PE, FE, NF, ORE, IDLE, RXNE, TC, TXE] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
const [SBK, RE, TE, IDLEIE, RXNEIE, TCIE, TXEIE, PEIE] = [0x01, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x100];
const [PS, PCE, M, UE, OVER8] = [0x200, 0x400, 0x1000, 0x2000, 0x8000];
const [EIE, DMAR, DMAT, ONEBIT] = [0x01, 0x40, 0x80, 0x800];
const BIT = 5376;
const CHARACTER = 53_760;

function bench(cr1 = UE | RE | TE, cr2 = 0, cr3 = 0) {
  const b = new ModelBench(168_000_000);
  b.setClock('PCLK1', 42_000_000);
  const usart = new Usart('USART2', 0x4000_4400, b, { clock: 'PCLK1', vector: 'USART2' });
  usart.write(BRR, cr1 & OVER8 ? (168 << 4) | 0 : 1344, 4); // 42 MHz / 31250
  usart.write(CR2, cr2, 4);
  usart.write(CR3, cr3, 4);
  usart.write(CR1, cr1, 4);
  b.run(CHARACTER); // the idle frame after TE
  usart.read(SR, 4);
  usart.read(DR, 4);
  return { b, usart, rx: b.signal('USART2_RX'), tx: b.signal('USART2_TX') };
}

/** Puts a character on a line from `start` on, at `bitCycles` a bit. */
function send(b: ModelBench, levels: Level[], start: number, bitCycles = BIT, line = 'USART2_RX'): void {
  levels.forEach((level, i) => b.timeline.at(start + Math.round(i * bitCycles), () => b.signal(line).set(level)));
}
const frame8n1 = (byte: number): Level[] => [0, ...Array.from({ length: 8 }, (_, i) => ((byte >> i) & 1) as Level), 1];

function edgesOf(b: ModelBench, line: string): [number, Level][] {
  const seen: [number, Level][] = [];
  b.signal(line).onEdge((level, cycle) => seen.push([cycle, level]));
  return seen;
}

test('reset values, and registers that the block does not have', () => {
  const b = new ModelBench();
  b.setClock('PCLK1', 42_000_000);
  const usart = new Usart('USART2', 0x4000_4400, b, { clock: 'PCLK1', vector: 'USART2' });
  assert.deepEqual([SR, BRR, CR1, CR2, CR3, 0x18].map((r) => usart.read(r, 4)), [0xc0, 0, 0, 0, 0, 0]);
  assert.throws(() => usart.read(0x1c, 4), /USART2\+0x1c/);
});

test('a character is complete 10 bit times after its falling edge, to the cycle', () => {
  const { b, usart } = bench(UE | RE | RXNEIE);
  send(b, frame8n1(0x90), b.timeline.now);
  b.run(CHARACTER - 1);
  assert.equal(usart.read(SR, 4) & RXNE, 0);
  assert.ok(!b.interrupts.has('USART2'));
  b.run(1);
  assert.equal(usart.read(SR, 4) & (RXNE | FE | NF | ORE | PE), RXNE);
  assert.ok(b.interrupts.has('USART2'));
  assert.equal(usart.read(DR, 4), 0x90);
  assert.equal(usart.read(SR, 4) & RXNE, 0);
  assert.ok(!b.interrupts.has('USART2'));
});

test('any bytes back to back arrive in order, sender up to 3 % fast or slow, at 16 and at 8 samples a bit', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: -30, max: 30 }), fc.boolean(), (bytes, permille, over8) => {
    const { b, usart } = bench(UE | RE | (over8 ? OVER8 : 0));
    const bit = BIT * (1 + permille / 1000);
    const got: number[] = [];
    const start = b.timeline.now;
    bytes.forEach((byte, i) => send(b, frame8n1(byte), start + Math.round(i * 10 * bit), bit));
    for (let t = 0; t < (bytes.length + 2) * 10 * bit; t += BIT) {
      b.run(BIT);
      const sr = usart.read(SR, 4);
      assert.equal(sr & (FE | NF | ORE), 0);
      if (sr & RXNE) got.push(usart.read(DR, 4));
    }
    assert.deepEqual(got, [...bytes]);
  }), { numRuns: 60 });
});

test('overrun: the old character stays, the new one is lost with its own errors, SR then DR clears ORE', () => {
  const { b, usart } = bench(UE | RE);
  send(b, frame8n1(0x11), b.timeline.now);
  b.run(CHARACTER);
  send(b, [...frame8n1(0x22).slice(0, 9), 0, 1], b.timeline.now);
  b.run(CHARACTER + BIT);
  assert.equal(usart.read(SR, 4) & (RXNE | ORE | FE), RXNE | ORE);
  assert.equal(usart.read(DR, 4), 0x11);
  assert.equal(usart.read(SR, 4) & (RXNE | ORE), 0);
});

test('a flag that rises between the read of SR and the read of DR survives', () => {
  const { b, usart } = bench(UE | RE);
  send(b, frame8n1(0x11), b.timeline.now);
  b.run(CHARACTER);
  usart.read(SR, 4);
  send(b, frame8n1(0x22), b.timeline.now);
  b.run(CHARACTER);
  assert.equal(usart.read(DR, 4), 0x11);
  assert.equal(usart.read(SR, 4) & (RXNE | ORE), ORE);
  usart.read(DR, 4);
  assert.equal(usart.read(SR, 4) & ORE, 0);
});

test('a low stop bit is a framing error, a break a framing error with zeros, once for a long break', () => {
  const { b, usart, rx } = bench(UE | RE);
  send(b, [...frame8n1(0x55).slice(0, 9), 0, 1], b.timeline.now);
  b.run(CHARACTER);
  assert.equal(usart.read(SR, 4) & (RXNE | FE), RXNE | FE);
  assert.equal(usart.read(DR, 4), 0x55);
  b.run(2 * CHARACTER);
  rx.set(0);
  b.run(CHARACTER);
  assert.equal(usart.read(SR, 4) & (RXNE | FE), RXNE | FE);
  assert.equal(usart.read(DR, 4), 0);
  b.run(5 * CHARACTER);
  assert.equal(usart.read(SR, 4) & (RXNE | FE), 0);
  rx.set(1);
  b.run(BIT);
  send(b, frame8n1(0xf8), b.timeline.now);
  b.run(CHARACTER);
  assert.equal(usart.read(DR, 4), 0xf8);
});

test('noise on one sample of a data, stop or start bit sets NF and does not change the bit; ONEBIT does not look', () => {
  for (const position of [0.53, 3.53, 9.53]) {
    for (const cr3 of [0, ONEBIT]) {
      const { b, usart, rx } = bench(UE | RE, 0, cr3);
      send(b, frame8n1(0x0c), b.timeline.now);
      const middle = b.timeline.now + Math.round((position + 0.06) * BIT); // sample 10 of the bit
      b.timeline.at(middle - 100, () => rx.set((1 - rx.level) as Level));
      b.timeline.at(middle + 100, () => rx.set((1 - rx.level) as Level));
      b.run(CHARACTER);
      assert.equal(usart.read(SR, 4) & (RXNE | NF | FE), RXNE | (cr3 === 0 ? NF : 0), `at bit ${position}`);
      assert.equal(usart.read(DR, 4), 0x0c);
    }
  }
});

test('a short low pulse is no start bit, and a true start edge within its bit time is still found', () => {
  const { b, usart, rx } = bench(UE | RE);
  rx.set(0);
  b.run(1075);
  rx.set(1);
  b.run(BIT / 4); // the true start edge comes before the false one is rejected
  send(b, frame8n1(0xa5), b.timeline.now);
  b.run(CHARACTER - 1);
  assert.equal(usart.read(SR, 4) & RXNE, 0);
  b.run(1);
  assert.equal(usart.read(SR, 4) & (RXNE | FE | NF), RXNE);
  assert.equal(usart.read(DR, 4), 0xa5);
});

test('IDLE rises one character time after the last one, once', () => {
  const { b, usart } = bench(UE | RE | IDLEIE);
  send(b, frame8n1(0x42), b.timeline.now);
  b.run(CHARACTER);
  usart.read(DR, 4);
  b.run(CHARACTER - 1);
  assert.equal(usart.read(SR, 4) & IDLE, 0);
  b.run(1);
  assert.ok(b.interrupts.has('USART2'));
  assert.equal(usart.read(SR, 4) & IDLE, IDLE);
  usart.read(DR, 4);
  b.run(3 * CHARACTER);
  assert.equal(usart.read(SR, 4) & IDLE, 0);
});

test('the transmitter: idle frame after TE, then edges at bit times, TXE when the shift register takes the character, TC after the stop bit', () => {
  const b = new ModelBench(168_000_000);
  b.setClock('PCLK1', 42_000_000);
  const usart = new Usart('USART2', 0x4000_4400, b, { clock: 'PCLK1', vector: 'USART2' });
  const edges = edgesOf(b, 'USART2_TX');
  usart.write(BRR, 1344, 4);
  usart.write(CR1, UE | TE, 4);
  usart.read(SR, 4);
  usart.write(DR, 0x0f, 4);
  assert.equal(usart.read(SR, 4) & (TXE | TC), 0);
  b.run(CHARACTER);
  assert.equal(usart.read(SR, 4) & (TXE | TC), TXE);
  usart.write(DR, 0x80, 4);
  assert.equal(usart.read(SR, 4) & TXE, 0);
  b.run(CHARACTER);
  assert.equal(usart.read(SR, 4) & (TXE | TC), TXE);
  b.run(CHARACTER - 1);
  assert.equal(usart.read(SR, 4) & TC, 0);
  b.run(1);
  assert.equal(usart.read(SR, 4) & TC, TC);
  const [one, two] = [CHARACTER, 2 * CHARACTER];
  assert.deepEqual(edges, [
    [one, 0], [one + BIT, 1], [one + 5 * BIT, 0], [one + 9 * BIT, 1], [two, 0], [two + 8 * BIT, 1],
  ]);
});

test('TC is cleared by reading SR and writing DR, or by writing 0, and not by a write to DR alone', () => {
  const { b, usart } = bench(UE | TE);
  usart.write(SR, ~TC, 4);
  assert.equal(usart.read(SR, 4) & TC, 0);
  usart.write(DR, 1, 4);
  b.run(CHARACTER);
  assert.equal(usart.peek(SR) & TC, TC);
  usart.write(DR, 1, 4);
  assert.equal(usart.peek(SR) & TC, TC);
  b.run(CHARACTER);
  usart.read(SR, 4);
  usart.write(DR, 1, 4);
  assert.equal(usart.peek(SR) & TC, 0);
});

test('a break is ten low bits and a stop bit, before what waits in DR', () => {
  const { b, usart } = bench(UE | TE);
  const edges = edgesOf(b, 'USART2_TX');
  const start = b.timeline.now;
  usart.write(CR1, UE | TE | SBK, 4);
  usart.write(DR, 0xff, 4);
  b.run(11 * BIT);
  assert.equal(usart.read(CR1, 4) & SBK, 0);
  assert.deepEqual(edges, [[start, 0], [start + 10 * BIT, 1], [start + 11 * BIT, 0]]);
});

test('one USART hears another: every format, two stop bits included', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 511 }), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), (word, nine, parity, odd, two) => {
    const { b, usart } = bench(UE | RE | TE | (nine ? M : 0) | (parity ? PCE : 0) | (odd ? PS : 0), two ? 2 << 12 : 0);
    b.signal('USART2_TX').onEdge((level) => b.signal('USART2_RX').set(level));
    b.run(CHARACTER);
    usart.write(DR, word, 4);
    b.run(13 * BIT);
    const dataBits = (nine ? 9 : 8) - (parity ? 1 : 0);
    assert.equal(usart.read(SR, 4) & (RXNE | PE | FE | NF), RXNE);
    assert.equal(usart.read(DR, 4) & ((1 << dataBits) - 1), word & ((1 << dataBits) - 1));
  }), { numRuns: 60 });
});

test('wrong parity sets PE, and PEIE lets it interrupt', () => {
  const { b, usart } = bench(UE | RE | PCE | PEIE);
  send(b, frame8n1(0x01), b.timeline.now);
  b.run(CHARACTER);
  assert.ok(b.interrupts.has('USART2'));
  assert.equal(usart.read(SR, 4) & PE, PE);
});

test('the interrupt line is the OR of enabled flags', () => {
  const { b, usart } = bench(UE | TE);
  usart.write(CR1, UE | TE | TXEIE, 4);
  assert.ok(b.interrupts.has('USART2'));
  usart.write(CR1, UE | TE, 4);
  assert.ok(!b.interrupts.has('USART2'));
  usart.write(CR1, UE | TE | TCIE, 4);
  assert.ok(b.interrupts.has('USART2'));
});

test('EIE interrupts on a framing error only with DMAR (30.4); DMA requests follow RXNE and TXE', () => {
  for (const cr3 of [EIE, EIE | DMAR]) {
    const { b, usart } = bench(UE | RE, 0, cr3);
    send(b, [...frame8n1(0x55).slice(0, 9), 0, 1], b.timeline.now);
    b.run(CHARACTER);
    assert.equal(b.interrupts.has('USART2'), cr3 === (EIE | DMAR));
    assert.equal(b.dmaRequest('USART2_RX').active, cr3 === (EIE | DMAR));
    usart.read(DR, 4);
    assert.ok(!b.dmaRequest('USART2_RX').active);
  }
  const { b, usart } = bench(UE | TE, 0, DMAT);
  assert.ok(b.dmaRequest('USART2_TX').active);
  usart.write(DR, 1, 4);
  usart.write(DR, 2, 4);
  assert.ok(!b.dmaRequest('USART2_TX').active);
});

test('bad settings are diagnosed', () => {
  const { b, usart } = bench();
  assert.equal(b.diagnostics.length, 0);
  usart.write(BRR, 15, 4);
  assert.deepEqual(b.diagnostics.map((d) => d.message), ['BRR is 0xf: USARTDIV is below 1, there is no baud rate']);
});
