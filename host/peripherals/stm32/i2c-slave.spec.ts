// SPDX-License-Identifier: MIT
// The block as a slave of a master on the board: RM0090 rev 18, 27.3.2 (figures of transfer sequences) and 27.6.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { I2cMaster, type I2cResult, type I2cTransfer } from '../../devices/i2c-master.js';
import { ModelBench } from '../../testing/model-bench.js';
import { I2c } from './i2c.js';

const [CR1, CR2, OAR1, OAR2, DR, SR1, SR2] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18];
const [PE, ENGC, ACK] = [1, 0x40, 0x400];
const [ADDR, BTF, STOPF, RXNE, TXE, AF] = [2, 4, 0x10, 0x40, 0x80, 0x400];
const [BUSY, TRA, GENCALL, DUALF] = [2, 4, 0x10, 0x80];

function setUp() {
  const b = new ModelBench(168e6);
  b.setClock('PCLK1', 42e6);
  const i2c = new I2c('I2C1', 0x4000_5400, b, { clock: 'PCLK1', eventVector: 'I2C1_EV', errorVector: 'I2C1_ER' });
  const read = (offset: number) => i2c.read(offset, 4);
  const write = (offset: number, value: number) => i2c.write(offset, value, 4);
  write(CR2, 42 | 0x700);
  write(0x1c, 210);
  write(0x20, 43);
  write(OAR1, 0x4000 | (0x31 << 1));
  write(CR1, PE);
  write(CR1, PE | ACK);
  const master = new I2cMaster(b.timeline, b.i2cBus('I2C1'), 1680);
  const results: I2cResult[] = [];
  const start = (transfer: I2cTransfer) => master.start(transfer, (result) => results.push(result));
  return { b, read, write, start, results };
}

test('a master writes: ADDR holds SCL until it is cleared, RXNE for each byte, STOPF at the end', () => {
  const { b, read, write, start, results } = setUp();
  start({ address: 0x31, write: [0xaa, 0xbb] });
  b.run(1680 * 10 - 1);
  assert.equal(read(SR1), 0);
  b.run(1);
  assert.ok(b.interrupts.has('I2C1_EV'));
  b.run(100_000);
  assert.deepEqual([read(SR1), read(SR2)], [ADDR, BUSY]);
  assert.equal(read(SR1), 0, 'SR1 and SR2 have been read');
  b.run(9 * 1680 + 2);
  assert.equal(read(SR1), RXNE);
  assert.equal(read(DR), 0xaa);
  b.run(9 * 1680);
  assert.equal(read(DR), 0xbb);
  b.run(2 * 1680);
  assert.deepEqual(results, [{ written: 2, read: [], refused: false }]);
  assert.deepEqual([read(SR1), read(SR2)], [STOPF, 0]);
  write(CR1, PE | ACK);
  assert.equal(read(SR1), 0);
});

test('bytes that are not read hold SCL: BTF, and none is lost', () => {
  const { b, read, start, results } = setUp();
  start({ address: 0x31, write: [1, 2, 3] });
  b.run(20_000);
  read(SR1);
  read(SR2);
  b.run(1e6);
  assert.equal(read(SR1) & (RXNE | BTF), RXNE | BTF);
  assert.equal(results.length, 0);
  const got: number[] = [];
  for (let i = 0; i < 5; i++) {
    while (read(SR1) & RXNE) got.push(read(DR));
    b.run(1e5);
  }
  assert.deepEqual(got, [1, 2, 3]);
  assert.deepEqual(results, [{ written: 3, read: [], refused: false }]);
});

test('a master reads: TXE asks, an empty DR holds SCL, the last byte is refused with AF', () => {
  const { b, read, write, start, results } = setUp();
  start({ address: 0x31, readCount: 3 });
  b.run(20_000);
  assert.equal(read(SR1), ADDR);
  assert.equal(read(SR2), BUSY | TRA);
  b.run(1e6);
  assert.equal(read(SR1), TXE);
  assert.deepEqual(results, [], 'it waits');
  for (const byte of [0x11, 0x22, 0x33]) {
    while (!(read(SR1) & TXE)) b.run(100);
    write(DR, byte);
  }
  b.run(1e6);
  assert.deepEqual(results, [{ written: 0, read: [0x11, 0x22, 0x33], refused: false }]);
  assert.equal(read(SR1) & AF, AF);
  assert.ok(b.interrupts.has('I2C1_ER'));
  write(SR1, ~AF >>> 0);
  assert.equal(read(SR1) & AF, 0);
});

test('write, repeated start, read: ADDR comes again', () => {
  const { b, read, write, start, results } = setUp();
  start({ address: 0x31, write: [7], readCount: 1 });
  b.run(20_000);
  read(SR1);
  read(SR2);
  b.run(20_000);
  assert.equal(read(DR), 7);
  b.run(20_000);
  assert.deepEqual([read(SR1) & ADDR, read(SR2) & TRA], [ADDR, TRA]);
  write(DR, 0x5a);
  b.run(50_000);
  assert.deepEqual(results, [{ written: 1, read: [0x5a], refused: false }]);
});

test('who is addressed: OAR1, OAR2 with ENDUAL, the general call with ENGC, and nobody without ACK', () => {
  for (const [address, oar2, cr1, sr2] of [
    [0x31, 0, PE | ACK, BUSY], [0x32, 0, PE | ACK, undefined], [0x32, (0x32 << 1) | 1, PE | ACK, BUSY | DUALF], [0x32, 0x32 << 1, PE | ACK, undefined],
    [0, 0, PE | ACK | ENGC, BUSY | GENCALL], [0, 0, PE | ACK, undefined], [0x31, 0, PE, undefined],
  ] as const) {
    const { b, read, write, start, results } = setUp();
    write(OAR2, oar2);
    write(CR1, cr1);
    start({ address, write: [0] });
    b.run(10 * 1680 + 1);
    assert.equal(read(SR1) & ADDR ? read(SR2) : undefined, sr2, `address ${address}`);
    b.run(1e5);
    if (sr2 === undefined) assert.deepEqual(results, [{ written: 0, read: [], refused: true }]);
  }
});
