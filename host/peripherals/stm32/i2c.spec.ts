// SPDX-License-Identifier: MIT
// Numbers restated from RM0090 section 27: standard mode at PCLK1 = 42 MHz is CCR = 210, TRISE = 43; an SCL period is then 1680 core cycles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { I2cDevice } from '../../machine/links.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Dma } from './dma.js';
import { I2c } from './i2c.js';

const [CR1, CR2, OAR1, OAR2, DR, SR1, SR2, CCR, TRISE] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20];
const [PE, START, STOP, ACK, POS, SWRST] = [0x01, 0x100, 0x200, 0x400, 0x800, 0x8000];
const [SB, ADDR, BTF, RXNE, TXE, BERR, ARLO, AF] = [0x01, 0x02, 0x04, 0x40, 0x80, 0x100, 0x200, 0x400];
const [MSL, BUSY, TRA] = [1, 2, 4];
const [ITERREN, ITEVTEN, ITBUFEN] = [0x100, 0x200, 0x400];
const PERIOD = 1680;

class Device implements I2cDevice {
  readonly address = 0x4a;
  readonly log: string[] = [];
  data = [0xa1, 0xb2, 0xc3, 0xd4, 0xe5];
  /** Bytes that it takes before it refuses. */
  patience = Infinity;
  start(direction: 'read' | 'write'): boolean {
    this.log.push(direction);
    return true;
  }
  write(byte: number): boolean {
    this.log.push(byte.toString(16));
    return this.patience-- > 0;
  }
  read(): number {
    this.log.push('r');
    return this.data.shift() ?? 0xff;
  }
  stop(): void {
    this.log.push('stop');
  }
}

function bench(cr2 = 42) {
  const b = new ModelBench();
  b.setClock('PCLK1', 42_000_000);
  const i2c = new I2c('I2C1', 0x4000_5400, b, { clock: 'PCLK1', eventVector: 'I2C1_EV', errorVector: 'I2C1_ER' });
  const device = new Device();
  b.i2cBus('I2C1').attach(device);
  i2c.write(CR2, cr2, 4);
  i2c.write(CCR, 210, 4);
  i2c.write(TRISE, 43, 4);
  i2c.write(CR1, PE, 4);
  const set = (bits: number) => i2c.write(CR1, i2c.read(CR1, 4) | bits, 4);
  const clear = (bits: number) => i2c.write(CR1, i2c.read(CR1, 4) & ~bits, 4);
  /** Polls SR1 for a flag, as firmware does. */
  const until = (flag: number) => {
    for (let i = 0; i < 4000; i++) {
      if (i2c.read(SR1, 4) & flag) return;
      b.run(10);
    }
    assert.fail(`flag 0x${flag.toString(16)} did not rise; SR1 is 0x${i2c.read(SR1, 4).toString(16)}`);
  };
  const address = (byte: number) => {
    set(START);
    until(SB);
    i2c.write(DR, byte, 4);
  };
  const idle = () => {
    b.run(3 * PERIOD);
    assert.equal(i2c.read(SR2, 4), 0);
    assert.equal(i2c.read(CR1, 4) & (START | STOP), 0);
  };
  return { b, i2c, device, set, clear, until, address, idle };
}

test('reset values; FLTR belongs to other chips of the manual', () => {
  const b = new ModelBench();
  const i2c = new I2c('I2C1', 0x4000_5400, b, { clock: 'PCLK1', eventVector: 'I2C1_EV', errorVector: 'I2C1_ER' });
  assert.deepEqual([CR1, CR2, OAR1, OAR2, DR, SR1, SR2, CCR, TRISE].map((r) => i2c.read(r, 4)), [0, 0, 0, 0, 0, 0, 0, 0, 2]);
  assert.throws(() => i2c.read(0x24, 4), /I2C1\+0x24/);
});

test('a write: SB, ADDR after nine periods, TXE, BTF with SCL held, STOP; each cleared by its sequence', () => {
  const { b, i2c, device, set, idle } = bench();
  set(START);
  assert.equal(i2c.read(SR2, 4), MSL | BUSY);
  b.run(PERIOD / 2);
  assert.equal(i2c.read(SR1, 4), SB);
  assert.equal(i2c.read(CR1, 4) & START, 0);
  i2c.write(DR, 0x94, 4);
  assert.equal(i2c.read(SR1, 4), 0);
  b.run(9 * PERIOD - 1);
  assert.equal(i2c.read(SR1, 4), 0);
  b.run(1);
  assert.equal(i2c.read(SR1, 4), ADDR);
  b.run(100 * PERIOD); // held
  assert.equal(i2c.read(SR2, 4), MSL | BUSY | TRA);
  assert.equal(i2c.read(SR1, 4), TXE);
  i2c.write(DR, 0x02, 4);
  assert.equal(i2c.read(SR1, 4), TXE); // in the shift register
  i2c.write(DR, 0x9e, 4);
  assert.equal(i2c.read(SR1, 4), 0);
  b.run(9 * PERIOD);
  assert.equal(i2c.read(SR1, 4), TXE);
  b.run(9 * PERIOD - 1);
  assert.equal(i2c.read(SR1, 4), TXE);
  b.run(1);
  assert.equal(i2c.read(SR1, 4), TXE | BTF);
  set(STOP);
  idle();
  assert.equal(i2c.read(SR1, 4), 0);
  assert.deepEqual(device.log, ['write', '2', '9e', 'stop']);
  assert.equal(b.diagnostics.length, 0);
});

test('nobody at the address, or no pad routed: AF, and the bus is held until STOP', () => {
  for (const routed of [true, false]) {
    const { b, i2c, device, set, until, address, idle } = bench(42 | ITERREN);
    if (!routed) b.route('I2C1_SDA', []);
    address(routed ? 0x20 : 0x94);
    until(AF);
    assert.ok(b.interrupts.has('I2C1_ER'));
    assert.equal(i2c.read(SR1, 4) & (ADDR | AF), AF);
    assert.equal(i2c.read(SR2, 4) & BUSY, BUSY);
    i2c.write(SR1, ~AF, 4);
    assert.ok(!b.interrupts.has('I2C1_ER'));
    set(STOP);
    idle();
    assert.deepEqual(device.log, []);
  }
});

test('a byte that is not acknowledged sets AF, not BTF', () => {
  const { i2c, device, until, address, set, idle } = bench();
  device.patience = 1;
  address(0x94);
  until(ADDR);
  i2c.read(SR2, 4);
  i2c.write(DR, 1, 4);
  until(BTF);
  i2c.write(DR, 2, 4);
  until(AF);
  assert.equal(i2c.read(SR1, 4) & BTF, 0);
  set(STOP);
  idle();
});

test('one byte: ACK off, ADDR cleared, STOP at once; the byte comes after nine periods', () => {
  const { b, i2c, device, set, clear, until, address, idle } = bench();
  set(ACK);
  address(0x95);
  until(ADDR);
  clear(ACK);
  i2c.read(SR2, 4);
  set(STOP);
  b.run(9 * PERIOD - 1);
  assert.equal(i2c.read(SR1, 4) & RXNE, 0);
  b.run(1);
  assert.equal(i2c.read(SR1, 4) & RXNE, RXNE);
  assert.equal(i2c.read(DR, 4), 0xa1);
  idle();
  assert.deepEqual(device.log, ['read', 'r', 'stop']);
});

test('two bytes with POS: the second one is refused, whether ACK falls before or after ADDR is cleared', () => {
  for (const before of [true, false]) {
    const { i2c, device, set, clear, until, address, idle } = bench();
    set(ACK | POS);
    address(0x95);
    until(ADDR);
    if (before) clear(ACK);
    i2c.read(SR2, 4);
    if (!before) clear(ACK);
    until(BTF);
    set(STOP);
    assert.equal(i2c.read(DR, 4), 0xa1);
    assert.equal(i2c.read(DR, 4), 0xb2);
    idle();
    assert.deepEqual(device.log, ['read', 'r', 'r', 'stop']);
  }
});

test('three bytes and more: ACK off at BTF with N-2 in DR, STOP at the next BTF (27.3.3)', () => {
  const { i2c, device, set, clear, until, address, idle } = bench();
  set(ACK);
  address(0x95);
  until(ADDR);
  i2c.read(SR2, 4);
  until(RXNE);
  assert.equal(i2c.read(DR, 4), 0xa1);
  until(BTF);
  clear(ACK);
  assert.equal(i2c.read(DR, 4), 0xb2);
  until(BTF);
  set(STOP);
  assert.equal(i2c.read(DR, 4), 0xc3);
  assert.equal(i2c.read(DR, 4), 0xd4);
  idle();
  assert.deepEqual(device.log, ['read', 'r', 'r', 'r', 'r', 'stop']);
});

test('an unread DR holds the bus: no byte is lost, however late software comes', () => {
  fc.assert(fc.property(fc.array(fc.nat(60_000), { minLength: 3, maxLength: 5 }), (delays) => {
    const { b, i2c, set, until, address } = bench();
    set(ACK);
    address(0x95);
    until(ADDR);
    i2c.read(SR2, 4);
    const got = delays.map((delay) => {
      b.run(delay);
      until(RXNE);
      return i2c.read(DR, 4);
    });
    assert.deepEqual(got, [0xa1, 0xb2, 0xc3, 0xd4, 0xe5].slice(0, delays.length));
  }), { numRuns: 30 });
});

test('a repeated start turns the direction without a stop', () => {
  const { i2c, device, set, until, address, clear, idle } = bench();
  address(0x94);
  until(ADDR);
  i2c.read(SR2, 4);
  i2c.write(DR, 1, 4);
  until(BTF);
  address(0x95);
  until(ADDR);
  clear(ACK);
  assert.equal(i2c.read(SR2, 4), MSL | BUSY);
  set(STOP);
  until(RXNE);
  idle();
  assert.deepEqual(device.log, ['write', '1', 'read', 'r', 'stop']);
});

test('interrupts: events with ITEVTEN, TXE and RXNE with ITBUFEN too, errors with ITERREN', () => {
  for (const [cr2, atSb, atTxe] of [[42, false, false], [42 | ITEVTEN, true, false], [42 | ITEVTEN | ITBUFEN, true, true]] as const) {
    const { b, i2c, set } = bench(cr2);
    set(START);
    b.run(PERIOD);
    assert.equal(b.interrupts.has('I2C1_EV'), atSb);
    i2c.read(SR1, 4);
    i2c.write(DR, 0x94, 4);
    b.run(9 * PERIOD);
    i2c.read(SR1, 4);
    i2c.read(SR2, 4);
    assert.equal(b.interrupts.has('I2C1_EV'), atTxe);
  }
});

test('injected faults: a bus error is a flag, lost arbitration ends mastership', () => {
  const { b, i2c, until, address } = bench(42 | ITERREN);
  address(0x94);
  i2c.injectFault('bus-error');
  until(ADDR);
  assert.equal(i2c.read(SR1, 4) & BERR, BERR);
  i2c.injectFault('arbitration-lost');
  assert.ok(b.interrupts.has('I2C1_ER'));
  assert.equal(i2c.read(SR1, 4), BERR | ARLO);
  assert.equal(i2c.read(SR2, 4), 0);
});

test('fast mode: duty 2 and 16/9, periods from CCR', () => {
  for (const [ccr, period] of [[0x8000 | 35, 3 * 35 * 4], [0xc000 | 5, 25 * 5 * 4]]) {
    const { b, i2c, set, until, clear } = bench();
    clear(PE);
    i2c.write(CCR, ccr, 4);
    i2c.write(TRISE, 13, 4);
    set(PE);
    assert.equal(b.diagnostics.length, 0);
    set(START);
    until(SB);
    i2c.write(DR, 0x94, 4);
    b.run(9 * period - 1);
    assert.equal(i2c.read(SR1, 4), 0);
    b.run(1);
    assert.equal(i2c.read(SR1, 4), ADDR);
  }
});

test('settings that do not fit the clock are diagnosed', () => {
  const cases: [freq: number, ccr: number, trise: number, about: RegExp][] = [
    [16, 210, 43, /FREQ is 16, but PCLK1 runs at 42 MHz/], [42, 80, 43, /SCL of 262500 Hz/], [42, 210, 17, /TRISE is 17.* 43/], [42, 0, 43, /CCR is 0/],
    [42, 0x8000 | 35, 43, /TRISE is 43.* 13/],
  ];
  for (const [freq, ccr, trise, about] of cases) {
    const b = new ModelBench();
    b.setClock('PCLK1', 42_000_000);
    const i2c = new I2c('I2C1', 0x4000_5400, b, { clock: 'PCLK1', eventVector: 'I2C1_EV', errorVector: 'I2C1_ER' });
    i2c.write(CR2, freq, 4);
    i2c.write(CCR, ccr, 4);
    i2c.write(TRISE, trise, 4);
    i2c.write(CR1, PE, 4);
    assert.equal(b.diagnostics.length, 1);
    assert.match(b.diagnostics[0].message, about);
  }
});

test('SWRST resets the registers and lets go of the bus; ACK cannot be set without PE', () => {
  const { i2c, set, clear, until } = bench();
  set(START);
  until(SB);
  i2c.write(CR1, SWRST, 4);
  assert.deepEqual([CR1, CR2, SR1, SR2, CCR, TRISE].map((r) => i2c.read(r, 4)), [SWRST, 0, 0, 0, 0, 2]);
  clear(SWRST);
  i2c.write(CR1, ACK, 4);
  assert.equal(i2c.read(CR1, 4), 0);

});

/** A DMA controller with the routes of I2C1 (table 42) and a memory. */
function withDma(own: ReturnType<typeof bench>) {
  const { b, i2c } = own;
  b.bus.map(0x4000_5400, 0x400, i2c);
  const ram = new Uint8Array(64).map((_, i) => 0x10 + i);
  b.bus.addMemory({ name: 'SRAM1', origin: 0x2000_0000, bytes: ram, dma: true });
  const dma = new Dma('DMA1', 0x4002_6000, b, { requests: { I2C1_RX: [[0, 1]], I2C1_TX: [[6, 1]] } });
  const stream = (n: number, direction: number, count: number) => {
    const at = 0x10 + 0x18 * n;
    dma.write(at + 4, count, 4);
    dma.write(at + 8, 0x4000_5410, 4);
    dma.write(at + 12, 0x2000_0000, 4);
    dma.write(at, (1 << 25) | 0x400 | direction | 1, 4);
  };
  return { ram, stream };
}

test('DMA sends: from ADDR on, and BTF after the last byte', () => {
  const own = bench();
  const { b, i2c, device, set, until, address, idle } = own;
  const { stream } = withDma(own);
  stream(6, 0x40, 3);
  i2c.write(CR2, 42 | 0x800, 4);
  address(0x94);
  until(ADDR);
  i2c.read(SR2, 4);
  b.run(20 * PERIOD);
  until(BTF);
  set(STOP);
  idle();
  assert.deepEqual(device.log, ['write', '10', '11', '12', 'stop']);
});

test('DMA receives, and LAST refuses the last byte by itself (27.3.7)', () => {
  const own = bench();
  const { b, i2c, device, set, until, address, idle } = own;
  const { ram, stream } = withDma(own);
  stream(0, 0, 3);
  i2c.write(CR2, 42 | 0x1800, 4);
  set(ACK);
  address(0x95);
  until(ADDR);
  i2c.read(SR2, 4);
  b.run(40 * PERIOD);
  assert.deepEqual([...ram.subarray(0, 3)], [0xa1, 0xb2, 0xc3]);
  assert.equal(device.data.length, 2, 'no fourth byte was asked for');
  set(STOP);
  idle();
});

test('PEC: CRC-8 over address and data goes out, and is compared on the way in', () => {
  const { i2c, device, set, until, address, idle } = bench();
  set(0x20);
  address(0x94);
  until(ADDR);
  i2c.read(SR2, 4);
  i2c.write(DR, 0x31, 4);
  until(TXE);
  i2c.write(DR, 0x32, 4);
  until(TXE);
  set(0x1000);
  until(BTF);
  // CRC-8 (0x07) of 94 31 32.
  const crc = [0x94, 0x31, 0x32].reduce((sum, byte) => {
    let value = sum ^ byte;
    for (let i = 0; i < 8; i++) value = value & 0x80 ? ((value << 1) ^ 7) & 0xff : value << 1;
    return value;
  }, 0);
  assert.deepEqual(device.log, ['write', '31', '32', crc.toString(16)]);
  set(STOP);
  idle();
});

test('a wrong PEC sets PECERR and interrupts', () => {
  const { b, i2c, set, until, address } = bench(42 | ITERREN);
  set(0x20 | ACK);
  address(0x95);
  until(ADDR);
  i2c.read(SR2, 4);
  until(RXNE);
  i2c.read(DR, 4);
  set(0x1000);
  until(RXNE);
  assert.equal(i2c.read(SR1, 4) & 0x1000, 0x1000);
  assert.ok(b.interrupts.has('I2C1_ER'));
});

test('a 10-bit address: header, ADD10, the rest, ADDR; reading repeats the header alone (27.3.3)', () => {
  const { b, i2c, set, clear, until, address, idle } = bench();
  const log: string[] = [];
  b.i2cBus('I2C1').attach({
    address: 0x2a5, tenBit: true, start: (direction) => log.push(direction) > 0, write: (byte) => log.push(byte.toString(16)) > 0, read: () => 0x77, stop: () => void log.push('stop'),
  });
  address(0xf0 | (2 << 1));
  until(0x08);
  i2c.write(DR, 0xa5, 4);
  until(ADDR);
  i2c.read(SR2, 4);
  i2c.write(DR, 0x42, 4);
  until(BTF);
  set(START);
  until(SB);
  i2c.write(DR, 0xf1 | (2 << 1), 4);
  until(ADDR);
  clear(ACK);
  i2c.read(SR2, 4);
  set(STOP);
  until(RXNE);
  assert.equal(i2c.read(DR, 4), 0x77);
  idle();
  assert.deepEqual(log, ['write', '42', 'read', 'stop']);
  address(0xf0 | (1 << 1));
  until(AF);
});

test('SMBA pulled low alerts a host; ALERT pulls it', () => {
  const { b, i2c, set } = bench();
  set(0x0a);
  b.signal('I2C1_SMBA').set(1);
  b.signal('I2C1_SMBA').set(0);
  assert.equal(i2c.read(SR1, 4) & 0x8000, 0x8000);
  b.signal('I2C1_SMBA').set(1);
  set(0x2000);
  assert.equal(b.signal('I2C1_SMBA').level, 0);
});
