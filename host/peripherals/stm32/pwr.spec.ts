// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Pwr, type PwrConfig } from './pwr.js';

const CR = 0x00, CSR = 0x04;

/** RM0090 5.4.1 and DS8626 table 14; RM0383 5.4.1 and DS10314 table 14. */
const F407 = { reset: 0x4000, bits: 0x43f3, vos: 0x4000, maxHclk: [144e6, 168e6] };
const F411 = { reset: 0x8000, bits: 0x30eff3, vos: 0xc000, maxHclk: [0, 64e6, 84e6, 100e6], vosWithPll: true };

function setUp(vddMillivolts = 3000, chip: Omit<PwrConfig, 'vddMillivolts'> = F407) {
  const bench = new ModelBench(16e6);
  const pwr = new Pwr('PWR', 0x40007000, bench, { vddMillivolts, ...chip });
  return { bench, pwr, read: (offset: number) => pwr.read(offset, 4), write: (offset: number, value: number) => pwr.write(offset, value, 4) };
}

test('VOS comes up as scale 1, ready', () => {
  const { read } = setUp();
  assert.equal(read(CR), 0x4000);
  assert.equal(read(CSR), 0x4000);
});

test('DBP opens the backup domain', () => {
  const { pwr, write } = setUp();
  assert.equal(pwr.backupWritable, false);
  write(CR, 0x4100);
  assert.equal(pwr.backupWritable, true);
});

test('CWUF and CSBF read as 0, reserved bits stay 0', () => {
  const { read, write } = setUp();
  write(CR, 0xffffffff);
  assert.equal(read(CR), 0x43f3);
});

test('the voltage detector compares 2.75 V with its thresholds', () => {
  const { read, write } = setUp(2750);
  const seen = Array.from({ length: 8 }, (_, pls) => {
    write(CR, 0x4000 | (pls << 5) | (1 << 4));
    return (read(CSR) >>> 2) & 1;
  });
  assert.deepEqual(seen, [0, 0, 0, 0, 0, 0, 1, 1]);
  write(CR, 0x4000 | (7 << 5));
  assert.equal(read(CSR) & 4, 0);
});

test('HCLK above 144 MHz wants VOS = 1', () => {
  const { bench, write } = setUp();
  write(CR, 0);
  bench.setClock('HCLK', 144e6);
  assert.equal(bench.diagnostics.length, 0);
  bench.setClock('HCLK', 168e6);
  assert.match(bench.diagnostics[0].message, /HCLK is 168000000 Hz with PWR_CR\.VOS = 0; the chip allows 144000000 Hz/);
  write(CR, 0x4000);
  assert.equal(bench.diagnostics.length, 1);
});

test('the backup regulator is ready at once; EWUP lets a rising WKUP set WUF, which CWUF clears', () => {
  const bench = new ModelBench(16e6);
  const wakeUpPad = bench.signal('PA0');
  wakeUpPad.set(0);
  const pwr = new Pwr('PWR', 0x40007000, bench, { vddMillivolts: 3000, wakeUpPad, ...F407 });
  pwr.write(CSR, 0x200, 4);
  assert.equal(pwr.read(CSR, 4), 0x4208);
  wakeUpPad.set(1);
  assert.equal(pwr.read(CSR, 4) & 1, 0);
  wakeUpPad.set(0);
  pwr.write(CSR, 0x300, 4);
  wakeUpPad.set(1);
  assert.equal(pwr.read(CSR, 4) & 0x101, 0x101);
  pwr.write(CR, 0x4004, 4);
  assert.equal(pwr.read(CSR, 4) & 1, 0);
  assert.equal(pwr.read(CR, 4), 0x4000);
});

test('PDDS chooses standby; LPDS and FPDS make waking from stop slower', () => {
  const { pwr, write } = setUp();
  assert.deepEqual([pwr.deepSleep, pwr.stopWakeMicroseconds], ['stop', 13]);
  write(CR, 0x4001);
  assert.equal(pwr.stopWakeMicroseconds, 17);
  write(CR, 0x4201);
  assert.equal(pwr.stopWakeMicroseconds, 110);
  write(CR, 0x4002);
  assert.equal(pwr.deepSleep, 'standby');
});

test('the detector tells EXTI of a supply that sinks and recovers', () => {
  const bench = new ModelBench(16e6);
  const heard: boolean[] = [];
  const pwr = new Pwr('PWR', 0x40007000, bench, { vddMillivolts: 3000, onVoltage: (below) => void heard.push(below), ...F407 });
  pwr.write(CR, 0x4000 | (4 << 5) | 0x10, 4); // PLS = 4: 2.6 V
  pwr.setSupply(2550);
  pwr.setSupply(2650);
  assert.deepEqual(heard, [true, false]);
});

test('on the STM32F411, VOS of 1, 2 and 3 allow 64, 84 and 100 MHz, and it comes up as 2', () => {
  for (const [vos, max] of [[1, 64e6], [2, 84e6], [3, 100e6]]) {
    const { bench, read, write } = setUp(3300, F411);
    assert.equal(read(CR), 0x8000);
    write(CR, vos << 14);
    bench.setClock('PLLCLK', max);
    bench.setClock('HCLK', max);
    assert.equal(bench.diagnostics.length, 0);
    bench.setClock('HCLK', max + 1e6);
    assert.match(bench.diagnostics[0].message, new RegExp(`PWR_CR\\.VOS = ${vos}; the chip allows ${max} Hz`));
  }
});

test('on the STM32F411, VOS is locked while the PLL is on, 0 is reserved, and without the PLL the lowest scale holds', () => {
  const { bench, read, write } = setUp(3300, F411);
  write(CR, 0);
  assert.equal(read(CR), 0x8000);
  assert.match(bench.diagnostics[0].message, /reserved value/);
  write(CR, 0xc000);
  bench.setClock('HCLK', 65e6);
  assert.match(bench.diagnostics[1].message, /HCLK is 65000000 Hz with PWR_CR\.VOS = 3; the chip allows 64000000 Hz/);
  bench.setClock('PLLCLK', 65e6);
  write(CR, 0x4000);
  assert.equal(read(CR), 0xc000);
  assert.match(bench.diagnostics[2].message, /VOS was written while the PLL is on/);
});
