// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from './bus.js';
import { BusError, UnmodelledRegisterError, UnmodelledUseError } from './errors.js';
import { RegisterBlock, type Diagnostic } from './peripheral.js';
import { Unmodelled } from './unmodelled.js';

/** Two registers: one plain, one that clears what is read; a third that the chip has and the model has not. */
class Block extends RegisterBlock {
  plain = 0x11223344;
  clearing = 0xff;
  constructor(base: number) {
    super('BLOCK', base, { 0: 'PLAIN', 4: 'CLEARING', 8: 'ABSENT' });
  }
  override peek(offset: number): number {
    return offset === 0 ? this.plain : this.clearing;
  }
  protected readRegister(offset: number): number | undefined {
    if (offset > 4) return undefined;
    const value = this.peek(offset);
    if (offset === 4) this.clearing = 0;
    return value;
  }
  protected writeRegister(offset: number, value: number): boolean {
    if (offset === 0 && value === 0xbad) throw new UnmodelledUseError(this.base, 'BLOCK_PLAIN = 0xbad');
    if (offset === 0) this.plain = value;
    else if (offset === 4) this.clearing = value;
    else return false;
    return true;
  }
}

const BASE = 0x40001000;

test('registers are read and written in words, half-words and bytes; a narrow write keeps the other bytes and has no side effect of a read', () => {
  const bus = new Bus();
  const block = new Block(BASE);
  bus.map(BASE, 0x400, block);
  assert.equal(bus.read(BASE, 4), 0x11223344);
  assert.equal(bus.read(BASE + 2, 2), 0x1122);
  assert.equal(bus.read(BASE + 1, 1), 0x33);
  bus.write(BASE + 2, 0xaa, 1);
  assert.equal(block.plain, 0x11aa3344);
  bus.write(BASE + 5, 0x12, 1);
  assert.equal(block.clearing, 0x12ff);
});

test('what the model lacks is named; what the manual lacks is named by its offset; what nobody has is named by its address', () => {
  const bus = new Bus();
  bus.map(BASE, 0x400, new Block(BASE));
  bus.addUnmodelled({ name: 'CAN1', base: 0x40006400, size: 0x400, registers: { 4: 'MSR' } });
  const named = (register: string) => (error: unknown) => error instanceof UnmodelledRegisterError && error.register === register && error.message.includes(register);
  assert.throws(() => bus.read(BASE + 8, 4), named('BLOCK_ABSENT'));
  assert.throws(() => bus.write(BASE + 12, 1, 4), named('BLOCK+0xc'));
  assert.throws(() => bus.write(BASE + 12, 1, 4), /BLOCK\+0xc at 0x[0-9a-f]{8}: this chip's manual has no register there/);
  assert.throws(() => bus.write(0x40006404, 1, 4), named('CAN1_MSR'));
  assert.throws(() => bus.read(0x60000000, 4), (e: unknown) => e instanceof BusError && /read at 0x60000000: nothing is mapped there/.test(e.message));
});

test('an unaligned access to a register is an error, one to memory is not', () => {
  const bus = new Bus();
  bus.map(BASE, 0x400, new Block(BASE));
  bus.addMemory({ name: 'SRAM', origin: 0x20000000, bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), dma: true });
  assert.throws(() => bus.read(BASE + 2, 4), /unaligned 4-byte read of BLOCK/);
  assert.equal(bus.read(0x20000001, 4), 0x05040302);
  bus.write(0x20000003, 0xbeef, 2);
  assert.equal(bus.read(0x20000000, 4), 0xef030201);
  assert.throws(() => bus.read(0x20000006, 4), /nothing is mapped/);
});

test('behind a closed clock gate reads give 0 and writes are lost', () => {
  const bus = new Bus();
  const block = new Block(BASE);
  let open = false;
  bus.map(BASE, 0x400, block, () => open);
  bus.write(BASE, 5, 4);
  assert.equal(bus.read(BASE, 4), 0);
  open = true;
  assert.equal(bus.read(BASE, 4), 0x11223344);
});

test('two blocks at one address are a mistake in the chip\'s data', () => {
  const bus = new Bus();
  bus.map(BASE, 0x400, new Block(BASE));
  assert.throws(() => bus.map(BASE + 0x3fc, 8, new Block(BASE + 0x3fc)), /overlaps BLOCK at 0x40001000/);
});

test('DMA reaches only the memory that is connected to it', () => {
  const bus = new Bus();
  bus.addMemory({ name: 'SRAM', origin: 0x20000000, bytes: new Uint8Array(16), dma: true });
  bus.addMemory({ name: 'CCM', origin: 0x10000000, bytes: new Uint8Array(16), dma: false });
  bus.dmaBytes(0x20000004, 4, 'write').set([1, 2, 3, 4]);
  const target = new Uint8Array(4);
  bus.dmaRead(0x20000004, 4, target, 0);
  assert.deepEqual([...target], [1, 2, 3, 4]);
  assert.throws(() => bus.dmaBytes(0x10000000, 4, 'read'), /CCM is not connected to the DMA controllers/);
  assert.throws(() => bus.dmaRead(0x2000000e, 4, target, 0), BusError);
});

/** A bus that goes on where something has no model, and what it has reported. */
function lenient() {
  const findings: Diagnostic[] = [];
  const unmodelled = new Unmodelled((finding) => findings.push(finding));
  unmodelled.strict = false;
  const bus = new Bus(unmodelled);
  const block = new Block(BASE);
  bus.map(BASE, 0x400, block);
  bus.addUnmodelled({ name: 'CAN1', base: 0x40006400, size: 0x400, registers: { 4: 'MSR' } });
  return { bus, block, findings, unmodelled };
}

test('a lenient machine keeps what is written to a register without a model, and reports it once by name', () => {
  const { bus, findings } = lenient();
  assert.equal(bus.read(BASE + 8, 4), 0);
  for (let i = 0; i < 3; i++) bus.write(BASE + 8, 0x11223344, 4);
  bus.write(BASE + 9, 0xaa, 1);
  assert.equal(bus.read(BASE + 8, 4), 0x1122aa44);
  assert.equal(bus.read(BASE + 10, 2), 0x1122);
  bus.write(0x40006404, 7, 4);
  assert.equal(bus.read(0x40006404, 4), 7);
  assert.deepEqual(findings.map(({ where, message }) => [where, message.slice(0, message.indexOf(' at '))]),
    [['BLOCK', 'read of BLOCK_ABSENT'], ['BLOCK', 'write of BLOCK_ABSENT'], ['CAN1', 'write of CAN1_MSR'], ['CAN1', 'read of CAN1_MSR']]);
  assert.ok(findings.every(({ message }) => message.endsWith('it is ignored')));
});

test('a lenient machine reads reserved words as 0, drops a write that a model refuses, and still has no answer where nothing is', () => {
  const { bus, block, findings, unmodelled } = lenient();
  bus.write(BASE + 0x20, 5, 4);
  assert.equal(bus.read(BASE + 0x20, 4), 0);
  bus.write(BASE, 0xbad, 4);
  assert.equal(block.plain, 0x11223344);
  assert.match(findings.at(-1)!.message, /BLOCK_PLAIN = 0xbad/);
  assert.throws(() => bus.read(0x60000000, 4), /nothing is mapped there/);
  bus.write(BASE + 8, 9, 4);
  unmodelled.reset();
  assert.equal(bus.read(BASE + 8, 4), 0);
});
