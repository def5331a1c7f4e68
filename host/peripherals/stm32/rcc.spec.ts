// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toNumber } from '../../machine/fraction.js';
import { ModelBench } from '../../testing/model-bench.js';
import { lockMicroseconds, Rcc, type RccConfig } from './rcc.js';

const CR = 0x00, PLLCFGR = 0x04, CFGR = 0x08, CIR = 0x0c, APB1RSTR = 0x20, AHB1ENR = 0x30, APB1ENR = 0x40, AHB1LPENR = 0x50, BDCR = 0x70, CSR = 0x74, SSCGR = 0x80, PLLI2SCFGR = 0x84;

const limits = {
  hseMin: 4e6, hseMax: 26e6, sysclkMax: 168e6, hclkMax: 168e6, hclkScale2Max: 144e6, pclk1Max: 42e6, pclk2Max: 84e6, pllInputMin: 950e3, pllInputMax: 2.1e6, vcoMin: 100e6, vcoMax: 432e6,
  pllOutputMax: 168e6, plli2sOutputMax: 216e6,
};
const startUp = { hsiMicroseconds: 2.2, hseMicroseconds: 2000, lsiMicroseconds: 15, lseMicroseconds: 2e6, pllLock: [{ vco: 192e6, microseconds: 200 }, { vco: 432e6, microseconds: 300 }] };

/** Reset values and existing bits of the gate registers: RM0090 7.3.5 to 7.3.19, STM32F40x. */
const gateRegisters: RccConfig['gateRegisters'] = {
  AHB1RSTR: [0, 0x226011ff], AHB2RSTR: [0, 0xf1], AHB3RSTR: [0, 1], APB1RSTR: [0, 0x36fec9ff], APB2RSTR: [0, 0x00075933],
  AHB1ENR: [0x00100000, 0x7e7411ff], AHB2ENR: [0, 0xf1], AHB3ENR: [0, 1], APB1ENR: [0, 0x36fec9ff], APB2ENR: [0, 0x00075f33],
  AHB1LPENR: [0x7e6791ff, 0x7e6791ff], AHB2LPENR: [0xf1, 0xf1], AHB3LPENR: [1, 1], APB1LPENR: [0x36fec9ff, 0x36fec9ff], APB2LPENR: [0x00075f33, 0x00075f33],
};

function setUp(options: { LSE?: number; HSE?: number | null; backupWritable?: () => boolean } = {}) {
  const bench = new ModelBench();
  const rcc = new Rcc('RCC', 0x40023800, bench, {
    oscillators: { HSI: 16e6, LSI: 32e3, HSE: options.HSE === null ? undefined : 8e6, LSE: options.LSE }, startUp, limits, backupWritable: options.backupWritable,
    gateRegisters, plli2sReset: 0x20003000,
    gates: [{ name: 'GPIOA', enable: 'AHB1ENR.0', reset: 'AHB1RSTR.0' }, { name: 'USART2', enable: 'APB1ENR.17', reset: 'APB1RSTR.17' }, { name: 'RCC' }],
  });
  const read = (offset: number) => rcc.read(offset, 4);
  const write = (offset: number, value: number) => rcc.write(offset, value, 4);
  const hz = (clock: string) => toNumber(rcc.hertz(clock));
  /** 8 MHz crystal to 168 MHz, as RM0090 would have it done. */
  const to168 = () => {
    write(CR, read(CR) | (1 << 16));
    bench.run(32000);
    write(PLLCFGR, 8 | (336 << 6) | (0 << 16) | (1 << 22) | (7 << 24));
    write(PLLI2SCFGR, (258 << 6) | (3 << 28));
    write(CR, read(CR) | (1 << 24));
    bench.run(4160);
    write(CFGR, (5 << 10) | (4 << 13) | 2);
  };
  return { bench, rcc, read, write, hz, to168 };
}

test('reset values are those of RM0090 7.3', () => {
  const { read } = setUp();
  assert.equal(read(CR) & 0xffff00ff, 0x83);
  for (const [offset, value] of [
    [PLLCFGR, 0x24003010], [CFGR, 0], [CIR, 0], [0x10, 0], [APB1RSTR, 0], [AHB1ENR, 0x00100000], [0x34, 0], [0x38, 0], [APB1ENR, 0], [0x44, 0], [AHB1LPENR, 0x7e6791ff],
    [0x54, 0xf1], [0x58, 1], [0x60, 0x36fec9ff], [0x64, 0x00075f33], [BDCR, 0], [CSR, 0x0e000000], [SSCGR, 0], [PLLI2SCFGR, 0x20003000],
  ]) assert.equal(read(offset), value, `0x${offset.toString(16)}`);
});

test('out of reset all clocks come from the 16 MHz HSI', () => {
  const { rcc, hz } = setUp();
  for (const clock of ['HSI', 'SYSCLK', 'HCLK', 'PCLK1', 'PCLK2', 'TIMCLK1', 'TIMCLK2']) assert.equal(hz(clock), 16e6, clock);
  for (const clock of ['HSE', 'LSI', 'LSE', 'PLLCLK', 'PLLI2SCLK']) assert.equal(rcc.running(clock), false, clock);
  assert.throws(() => rcc.hertz('HSE'), /clock HSE is not running/);
});

test('HSE is ready 2 ms after it was switched on, to the cycle', () => {
  const { bench, read, write } = setUp();
  write(CR, read(CR) | (1 << 16));
  bench.run(31999);
  assert.equal(read(CR) & (1 << 17), 0);
  bench.run(1);
  assert.equal(read(CR) & (1 << 17), 1 << 17);
});

test('the PLL takes its lock time, at 336 MHz 260 µs on the line between the data sheet\'s two points', () => {
  assert.equal(lockMicroseconds(startUp.pllLock, 336e6), 260);
  assert.equal(lockMicroseconds(startUp.pllLock, 100e6), 200);
  assert.equal(lockMicroseconds(startUp.pllLock, 500e6), 300);
  const { bench, read, write } = setUp();
  write(CR, read(CR) | (1 << 16));
  bench.run(32000);
  write(PLLCFGR, 8 | (336 << 6) | (1 << 22) | (7 << 24));
  write(CR, read(CR) | (1 << 24));
  bench.run(4159);
  assert.equal(read(CR) & (1 << 25), 0);
  bench.run(1);
  assert.equal(read(CR) & (1 << 25), 1 << 25);
});

test('the Discovery\'s start-up gives 168, 42, 84 MHz, doubled timer clocks, 48 MHz and PLLI2S of exactly 86 MHz', () => {
  const { bench, rcc, read, write, hz, to168 } = setUp();
  to168();
  assert.equal((read(CFGR) >>> 2) & 3, 2);
  for (const [clock, hertz] of Object.entries({ SYSCLK: 168e6, HCLK: 168e6, PCLK1: 42e6, PCLK2: 84e6, TIMCLK1: 84e6, TIMCLK2: 168e6, PLL48CLK: 48e6 })) assert.equal(hz(clock), hertz, clock);
  assert.equal(rcc.running('PLLI2SCLK'), false);
  write(CR, read(CR) | (1 << 26));
  bench.run(168 * 300);
  assert.deepEqual(rcc.hertz('PLLI2SCLK'), { n: 86000000, d: 1 });
  assert.deepEqual(rcc.cyclesPerTick('PLLI2SCLK'), { n: 84, d: 43 });
  assert.deepEqual(bench.diagnostics, []);
});

test('a PLLI2S that is no whole number of hertz stays exact', () => {
  const { bench, rcc, read, write } = setUp();
  write(PLLCFGR, 16 | (192 << 6) | (4 << 24));
  write(PLLI2SCFGR, (271 << 6) | (6 << 28));
  write(CR, read(CR) | (1 << 26));
  bench.run(16 * 300);
  assert.deepEqual(rcc.hertz('PLLI2SCLK'), { n: 135500000, d: 3 });
});

test('SWS follows SW only when the clock is ready', () => {
  const { bench, read, write, hz } = setUp();
  write(CR, read(CR) | (1 << 16));
  write(CFGR, 1);
  assert.equal(read(CFGR), 1);
  assert.equal(hz('SYSCLK'), 16e6);
  bench.run(32000);
  assert.equal(read(CFGR), 0b0101);
  assert.equal(hz('SYSCLK'), 8e6);
  assert.deepEqual(bench.diagnostics, []);
});

test('a switch to a clock that is off is diagnosed, and SWS stays', () => {
  const { bench, read, write } = setUp();
  write(CFGR, 2);
  bench.run(1_000_000);
  assert.equal(read(CFGR), 2);
  assert.match(bench.diagnostics[0].message, /switched to PLL, which is off/);
});

test('PLLCFGR and PLLI2SCFGR are locked while their PLL is on', () => {
  const { bench, read, write, to168 } = setUp();
  to168();
  const [pll, i2s] = [read(PLLCFGR), read(PLLI2SCFGR)];
  write(PLLCFGR, 0x24003010);
  assert.equal(read(PLLCFGR), pll);
  assert.match(bench.diagnostics[0].message, /RCC_PLLCFGR was written while PLL is on/);
  write(PLLI2SCFGR, 0x20003000);
  assert.equal(read(PLLI2SCFGR), 0x20003000);
  write(CR, read(CR) | (1 << 26));
  write(PLLI2SCFGR, i2s);
  assert.equal(read(PLLI2SCFGR), 0x20003000);
  assert.match(bench.diagnostics[1].message, /RCC_PLLI2SCFGR was written while PLLI2S is on/);
});

test('PLLM and PLLSRC are locked by PLLI2S too, the rest of PLLCFGR is not', () => {
  const { bench, read, write } = setUp();
  write(CR, read(CR) | (1 << 26));
  write(PLLCFGR, 16 | (200 << 6) | (4 << 24));
  assert.equal((read(PLLCFGR) >>> 6) & 0x1ff, 200);
  assert.deepEqual(bench.diagnostics, []);
  write(PLLCFGR, 8 | (200 << 6) | (4 << 24));
  assert.equal(read(PLLCFGR) & 0x3f, 16);
  assert.equal(bench.diagnostics.length, 1);
});

for (const [what, value, message] of [
  ['a VCO above 432 MHz', 8 | (440 << 6) | (1 << 16) | (4 << 24), /a VCO of 880000000 Hz/],
  ['a VCO below 100 MHz', 16 | (50 << 6) | (4 << 24), /a VCO of 50000000 Hz is outside of 100000000 to 432000000 Hz/],
  ['an input above 2.1 MHz', 4 | (100 << 6) | (2 << 16) | (9 << 24), /an input of 4000000 Hz/],
  ['an output above 168 MHz', 16 | (432 << 6) | (9 << 24), /an output of 216000000 Hz/],
  ['PLLQ of 1', 16 | (192 << 6) | (1 << 24), /PLLQ = 1 is not allowed/],
] as const) {
  test(`a PLL with ${what} is diagnosed and never locks`, () => {
    const { bench, read, write } = setUp();
    write(PLLCFGR, value);
    write(CR, read(CR) | (1 << 24));
    bench.run(16 * 1000);
    assert.equal(read(CR) & (1 << 25), 0);
    assert.match(bench.diagnostics[0].message, message);
  });
}

test('what SYSCLK comes from cannot be switched off', () => {
  const { bench, read, write, to168 } = setUp();
  write(CR, read(CR) & ~1);
  assert.equal(read(CR) & 1, 1);
  to168();
  write(CR, read(CR) & ~((1 << 24) | (1 << 16)));
  assert.equal(read(CR) & ((1 << 24) | (1 << 16)), (1 << 24) | (1 << 16));
  assert.equal(bench.diagnostics.length, 3);
});

test('HSI stops six of its ticks after HSION was cleared, once SYSCLK comes from elsewhere', () => {
  const { bench, rcc, read, write, to168 } = setUp();
  to168();
  write(CR, read(CR) & ~1);
  bench.run(62);
  assert.equal(rcc.running('HSI'), true);
  bench.run(1);
  assert.equal(rcc.running('HSI'), false);
  assert.equal(read(CR) & 3, 0);
});

test('a start-up time is in seconds: it is moved when HCLK changes on the way', () => {
  const { bench, read, write, to168 } = setUp();
  to168();
  write(CR, read(CR) | (1 << 26));
  bench.run(168 * 100);
  write(CFGR, read(CFGR) | (8 << 4));
  // 258 MHz VCO: 227.5 µs to lock, 100 µs at 168 MHz have gone, 127.5 µs at 84 MHz are to come.
  bench.run(84 * 127.5 - 1);
  assert.equal(read(CR) & (1 << 27), 0);
  bench.run(1);
  assert.equal(read(CR) & (1 << 27), 1 << 27);
});

test('ready interrupts: flag, enable, and clear bit as in RM0090 7.3.4', () => {
  const { bench, read, write } = setUp();
  write(CIR, 1 << 11);
  write(CR, read(CR) | (1 << 16));
  bench.run(32000);
  assert.equal(read(CIR), (1 << 11) | (1 << 3));
  assert.ok(bench.interrupts.has('RCC'));
  write(CIR, (1 << 11) | (1 << 19));
  assert.equal(read(CIR), 1 << 11);
  assert.equal(bench.interrupts.has('RCC'), false);
});

test('without its enable bit, a ready flag asks for no interrupt', () => {
  const { bench, read, write } = setUp();
  write(CSR, 1);
  bench.run(16 * 15);
  assert.equal(read(CSR) & 3, 3);
  assert.equal(read(CIR), 1);
  assert.equal(bench.interrupts.size, 0);
});

test('LSI, LSE and their frequencies; no crystal, no LSE', () => {
  const { bench, read, write, hz } = setUp({ LSE: 32768 });
  write(BDCR, 1);
  bench.run(32e6);
  assert.equal(read(BDCR) & 3, 3);
  assert.equal(hz('LSE'), 32768);
  const none = setUp();
  none.write(BDCR, 1);
  none.bench.run(32e6);
  assert.equal(none.read(BDCR) & 3, 1);
  assert.match(none.bench.diagnostics[0].message, /no LSE crystal/);
});

test('BDCR is lost while PWR_CR.DBP is clear, survives a system reset, and BDRST clears it', () => {
  let dbp = false;
  const { bench, rcc, read, write } = setUp({ LSE: 32768, backupWritable: () => dbp });
  write(BDCR, 0x100);
  assert.equal(read(BDCR), 0);
  assert.match(bench.diagnostics[0].message, /DBP/);
  dbp = true;
  write(BDCR, 0x100);
  rcc.reset('pin');
  assert.equal(read(BDCR), 0x100);
  write(BDCR, 1 << 16);
  assert.equal(read(BDCR), 1 << 16);
});

test('RMVF removes the reset flags', () => {
  const { read, write } = setUp();
  write(CSR, 1 << 24);
  assert.equal(read(CSR), 0);
});

test('prescalers: HPRE, PPRE1 and PPRE2, and the doubled timer clock', () => {
  const { write, hz } = setUp();
  for (const [field, divider] of [[0, 1], [7, 1], [8, 2], [9, 4], [11, 16], [12, 64], [15, 512]]) {
    write(CFGR, field << 4);
    assert.equal(hz('HCLK'), 16e6 / divider);
  }
  for (const [field, divider, timer] of [[0, 1, 1], [3, 1, 1], [4, 2, 1], [5, 4, 2], [7, 16, 8]]) {
    write(CFGR, (field << 10) | (field << 13));
    for (const bus of [1, 2]) {
      assert.equal(hz(`PCLK${bus}`), 16e6 / divider);
      assert.equal(hz(`TIMCLK${bus}`), 16e6 / timer);
    }
  }
});

test('clocks above the chip\'s limits are diagnosed', () => {
  const { bench, read, write, to168 } = setUp();
  to168();
  write(CFGR, (read(CFGR) & ~(7 << 10)) | (4 << 10));
  assert.match(bench.diagnostics[0].message, /PCLK1 is 84000000 Hz; the chip allows 42000000 Hz/);
});

test('a peripheral has its clock with its ENR bit and while its RSTR bit is clear; setting that resets it', () => {
  const { rcc, write } = setUp();
  let resets = 0;
  rcc.onReset('USART2', () => resets++);
  assert.equal(rcc.enabled('USART2'), false);
  write(APB1ENR, 1 << 17);
  assert.equal(rcc.enabled('USART2'), true);
  write(APB1RSTR, 1 << 17);
  write(APB1RSTR, (1 << 17) | 1);
  assert.equal(rcc.enabled('USART2'), false);
  assert.equal(resets, 1);
  write(APB1RSTR, 0);
  assert.equal(rcc.enabled('USART2'), true);
  assert.equal(rcc.enabled('RCC'), true);
  assert.throws(() => rcc.enabled('USART9'), /no peripheral USART9/);
});

test('bits that do not exist cannot be set', () => {
  const { read, write } = setUp();
  write(APB1ENR, 0xffffffff);
  assert.equal(read(APB1ENR), 0x36fec9ff);
  write(0x44, 0xffffffff);
  assert.equal(read(0x44), 0x00075f33);
});

test('listeners are told of a change, and not of a write that changes nothing', () => {
  const { rcc, read, write } = setUp();
  let changes = 0;
  rcc.onChange(() => changes++);
  write(CFGR, 4 << 10);
  assert.equal(changes, 1);
  write(CFGR, read(CFGR));
  write(APB1ENR, 1);
  assert.equal(changes, 1);
});

test('the clock security system: HSE fails, SYSCLK is HSI again, CSSF and the break line; CSSC clears it (7.2.7)', () => {
  const { bench, rcc, read, write, hz, to168 } = setUp();
  let breaks = 0;
  bench.trigger('CSS').listen((level) => void (breaks += level));
  to168();
  assert.throws(() => rcc.failHse(), /CSSON is clear/);
  write(CR, read(CR) | (1 << 19));
  rcc.failHse();
  assert.equal(hz('SYSCLK'), 16e6);
  assert.equal(read(CR) & 0x03030000, 0, 'HSE and PLL are off');
  assert.equal(read(CFGR) & 0xf, 0);
  assert.equal(read(CIR) & 0x80, 0x80);
  assert.equal(breaks, 1);
  write(CIR, 1 << 23);
  assert.equal(read(CIR) & 0x80, 0);
});

test('MCO1 and MCO2 put a divided clock on a watched pad', () => {
  for (const [signal, cfgr, period] of [['MCO1', 0b110 << 24, 4], ['MCO1', (2 << 21) | (0b111 << 24), 10], ['MCO2', 0b100 << 27, 2]] as const) {
    const { bench, read, write } = setUp();
    write(CR, read(CR) | (1 << 16));
    bench.run(32000);
    const rises: number[] = [];
    bench.signal(signal).onEdge((level, cycle) => level && rises.push(cycle));
    write(CFGR, cfgr);
    bench.run(200);
    const gaps = new Set(rises.slice(1).map((cycle, i) => cycle - rises[i]));
    assert.deepEqual([...gaps], [period], signal);
  }
});

test('stop mode: HSE and the PLLs off, what the peripherals run by rests, HSI after it (5.3.5)', () => {
  const { rcc, read, hz, to168 } = setUp();
  to168();
  rcc.enterStop();
  assert.deepEqual(['HCLK', 'PCLK1', 'TIMCLK1', 'HSE', 'PLLCLK'].map((c) => rcc.running(c)), [true, false, false, false, false]);
  rcc.leaveStop();
  assert.deepEqual([hz('SYSCLK'), hz('PCLK1')], [16e6, 4e6]);
  assert.equal(read(CR) & 0x0f0f0003, 3);
});

test('I2SSRC without a clock on I2S_CKIN is diagnosed, and then there is no I2S clock', () => {
  const { bench, rcc, write } = setUp();
  write(CFGR, 1 << 23);
  assert.match(bench.diagnostics[0].message, /I2S_CKIN/);
  assert.equal(rcc.running('I2SCLK'), false);
});

test('what is not modelled is an error by name', () => {
  const { rcc, write } = setUp();
  assert.throws(() => write(SSCGR, 0x80000000), /RCC_SSCGR\.SSCGEN.*0x40023880/);
  assert.throws(() => rcc.read(0x28, 4), /RCC\+0x28 at 0x[0-9a-f]+: this chip.s manual has no register there/);
});

/** The STM32F411 of RM0383, chapter 6, with the Black Pill's 25 MHz crystal. */
function f411() {
  const bench = new ModelBench();
  const rcc = new Rcc('RCC', 0x40023800, bench, {
    oscillators: { HSI: 16e6, LSI: 32e3, HSE: 25e6 }, startUp, limits: { ...limits, sysclkMax: 100e6, hclkMax: 100e6, pclk1Max: 50e6, pclk2Max: 100e6, pllOutputMax: 100e6 },
    gates: [{ name: 'GPIOA', enable: 'AHB1ENR.0', reset: 'AHB1RSTR.0' }], plli2sM: true, timpre: true, plli2sReset: 0x24003000,
    gateRegisters: {
      AHB1RSTR: [0, 0x0060109f], AHB1ENR: [0, 0x0060109f], APB1ENR: [0, 0x10e2c80f], APB2ENR: [0, 0x00177931], AHB1LPENR: [0x0061900f, 0x0061909f],
    },
  });
  const write = (offset: number, value: number) => rcc.write(offset, value, 4);
  const read = (offset: number) => rcc.read(offset, 4);
  write(CR, read(CR) | (1 << 16));
  bench.run(32000);
  return { bench, rcc, read, write };
}

test('on the STM32F411, TIMPRE lets timers run at HCLK up to a divider of 4, and at four times PCLK beyond (RM0383 6.3.24)', () => {
  const { rcc, read, write } = f411();
  const factor = (ppre: number, timpre: number) => {
    write(CFGR, ppre << 10);
    write(0x8c, timpre << 24);
    return toNumber(rcc.hertz('HCLK')) / toNumber(rcc.hertz('TIMCLK1'));
  };
  assert.deepEqual([0, 4, 5, 6, 7].map((ppre) => factor(ppre, 0)), [1, 1, 2, 4, 8]);
  assert.deepEqual([0, 4, 5, 6, 7].map((ppre) => factor(ppre, 1)), [1, 1, 1, 2, 4]);
  assert.equal(read(0x8c), 1 << 24);
});

test('on the STM32F411, PLLI2S divides its input by PLLI2SM: 25 MHz / 25 x 192 / 5 is 38.4 MHz beside a main PLL of another input', () => {
  const { bench, rcc, read, write } = f411();
  write(PLLCFGR, 20 | (160 << 6) | (1 << 22) | (5 << 24));
  write(PLLI2SCFGR, 25 | (192 << 6) | (5 << 28));
  assert.equal(read(PLLI2SCFGR), 25 | (192 << 6) | (5 << 28));
  write(CR, read(CR) | (1 << 24) | (1 << 26));
  bench.run(16 * 300);
  assert.deepEqual(rcc.hertz('PLLCLK'), { n: 100e6, d: 1 });
  assert.deepEqual(rcc.hertz('PLLI2SCLK'), { n: 38.4e6, d: 1 });
  assert.deepEqual(bench.diagnostics, []);
});

test('on the STM32F411, PLLI2S does not lock PLLM, and needs a PLLI2SM of its own', () => {
  const { bench, read, write } = f411();
  write(PLLCFGR, 25 | (200 << 6) | (1 << 22) | (5 << 24));
  write(PLLI2SCFGR, (192 << 6) | (5 << 28));
  write(CR, read(CR) | (1 << 26));
  bench.run(16 * 300);
  assert.equal(read(CR) & (1 << 27), 0);
  assert.match(bench.diagnostics[0].message, /PLLI2SM = 0 is not allowed/);
  write(PLLCFGR, 20 | (200 << 6) | (1 << 22) | (5 << 24));
  assert.equal(read(PLLCFGR) & 0x3f, 20);
});

test('on the STM32F411, the gate registers are those of RM0383 6.3, and AHB3\'s are not there', () => {
  const { rcc, read, write } = f411();
  assert.deepEqual([AHB1ENR, AHB1LPENR, PLLI2SCFGR].map(read), [0, 0x0061900f, 0x24003000]);
  write(0x44, 0xffffffff);
  assert.equal(read(0x44), 0x00177931);
  assert.throws(() => rcc.read(0x38, 4), /AHB3ENR/);
});
