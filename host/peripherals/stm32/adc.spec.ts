// SPDX-License-Identifier: MIT
// RM0090 chapter 13; times in ADCCLK cycles: sampling 3 to 480, then 12, 10, 8 or 6.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../boards/index.js';
import { Machine } from '../../machine/machine.js';
import { ModelBench } from '../../testing/model-bench.js';
import { AdcCommon } from './adc-common.js';
import { Adc } from './adc.js';
import { plugStm32 } from './chip.js';
import { Dma } from './dma.js';

const SR = 0x00, CR1 = 0x04, CR2 = 0x08, SMPR1 = 0x0c, SMPR2 = 0x10, JOFR1 = 0x14, HTR = 0x24, LTR = 0x28, SQR1 = 0x2c, SQR3 = 0x34, JSQR = 0x38, JDR1 = 0x3c, DR = 0x4c;
const CSR = 0x00, CCR = 0x04, CDR = 0x08;
const ADON = 1, CONT = 2, DMA = 1 << 8, DDS = 1 << 9, EOCS = 1 << 10, ALIGN = 1 << 11, JSWSTART = 1 << 22, SWSTART = 1 << 30;
const EOC = 2, JEOC = 4, JSTRT = 8, STRT = 16, OVR = 32;
const SCAN = 1 << 8;

/** HCLK = PCLK2 = 16 MHz, ADCCLK = 8 MHz: two core cycles an ADCCLK cycle. Input n has (n + 1) / 16 of 3.2 V. */
function setUp() {
  const bench = new ModelBench(16e6);
  bench.setClock('PCLK2', 16e6);
  const common = new AdcCommon('ADC', 0x40012300, bench, { vector: 'ADC', vrefVolts: 3.2, vbatVolts: 3, temperatureInput: 16, vbatDivider: 2 });
  const inputs = Array.from({ length: 16 }, (_, n) => (n + 1) * 0.2);
  const adcs = [1, 2, 3].map((n) => new Adc(`ADC${n}`, 0x40012000 + 0x100 * (n - 1), bench, { common, volts: (input) => inputs[input] }));
  const on = (adc: number, cr2 = 0): void => {
    adcs[adc].write(CR2, ADON | cr2, 4);
    bench.run(48); // 3 us
  };
  const read = (offset: number, adc = 0): number => adcs[adc].read(offset, 4);
  const write = (offset: number, value: number, adc = 0): void => adcs[adc].write(offset, value, 4);
  return { bench, common, adcs, inputs, on, read, write, set: (offset: number, bits: number, adc = 0) => write(offset, read(offset, adc) | bits, adc) };
}
const code = (input: number, bits = 12): number => ((input + 1) / 16) * 2 ** bits;

test('reset values: all 0 but HTR', () => {
  const { read, common } = setUp();
  for (let offset = 0; offset <= DR; offset += 4) assert.equal(read(offset), offset === HTR ? 0xfff : 0);
  assert.deepEqual([CSR, CCR, CDR].map((offset) => common.read(offset, 4)), [0, 0, 0]);
});

test('a single conversion takes the sampling time and 12 cycles, from 3 us after ADON on', () => {
  [3, 15, 28, 56, 84, 112, 144, 480].forEach((sampling, smp) => {
    const { bench, read, write } = setUp();
    write(SQR3, 5);
    write(SMPR2, smp << 15);
    write(CR2, ADON);
    write(CR2, ADON | SWSTART);
    assert.equal(read(CR2), ADON, 'SWSTART falls as the conversion starts');
    bench.run(48 + 2 * (sampling + 12) - 1);
    assert.equal(read(SR), STRT);
    bench.run(1);
    assert.equal(read(SR), STRT | EOC);
    assert.equal(read(DR), code(5));
    assert.equal(read(SR), STRT, 'a read of DR clears EOC');
  });
});

test('resolution: fewer bits, fewer cycles; alignment to the left by half-words, of 6 bits by bytes', () => {
  for (const [res, bits, left] of [[0, 12, 4], [1, 10, 6], [2, 8, 8], [3, 6, 2]] as const) {
    const { bench, on, read, write, set } = setUp();
    write(CR1, res << 24);
    write(SQR3, 3);
    on(0);
    set(CR2, SWSTART);
    bench.run(2 * (3 + bits) - 1);
    assert.equal(read(SR) & EOC, 0);
    bench.run(1);
    assert.equal(read(DR), code(3, bits));
    set(CR2, ALIGN | SWSTART);
    bench.run(100);
    assert.equal(read(DR), code(3, bits) << left);
  }
});

test('voltages outside of the range give the first and the last code', () => {
  const { bench, inputs, on, read, set } = setUp();
  on(0);
  for (const [volts, wanted] of [[-1, 0], [0, 0], [3.2, 4095], [5, 4095], [1.6, 2048], [1.6004, 2049], [1.6003, 2048]]) {
    inputs[0] = volts;
    set(CR2, SWSTART);
    bench.run(100);
    assert.equal(read(DR), wanted, String(volts));
  }
});

test('a scan converts L + 1 channels in the order of SQR; EOC comes after the last, with EOCS after each', () => {
  for (const eocs of [0, EOCS]) {
    const { bench, on, read, write, set } = setUp();
    write(CR1, SCAN);
    write(SQR1, 2 << 20);
    write(SQR3, 7 | (1 << 5) | (9 << 10));
    on(0, eocs);
    set(CR2, SWSTART);
    const got: number[] = [];
    for (let i = 0; i < 3; i++) {
      bench.run(30);
      if (read(SR) & EOC) got.push(read(DR));
    }
    assert.deepEqual(got, eocs ? [code(7), code(1), code(9)] : [code(9)]);
    bench.run(1000);
    assert.equal(read(SR) & EOC, 0, 'single mode stops');
  }
});

test('ranks 7 to 12 are in SQR2, 13 to 16 in SQR1', () => {
  const { bench, on, read, write, set } = setUp();
  write(CR1, SCAN);
  write(SQR1, (15 << 20) | (15 << 15) | (14 << 10) | (13 << 5) | 12);
  write(0x30, 6 | (7 << 5) | (8 << 10) | (9 << 15) | (10 << 20) | (11 << 25));
  write(SQR3, 0 | (1 << 5) | (2 << 10) | (3 << 15) | (4 << 20) | (5 << 25));
  on(0, EOCS);
  set(CR2, SWSTART);
  for (let i = 0; i < 16; i++) {
    bench.run(30);
    assert.equal(read(DR), Math.min(4095, code(i)));
  }
});

test('continuous mode goes on until CONT is cleared', () => {
  const { bench, inputs, on, read, write, set } = setUp();
  on(0, CONT);
  set(CR2, SWSTART);
  bench.run(30);
  assert.equal(read(DR), code(0));
  inputs[0] = 0.8;
  bench.run(30);
  assert.equal(read(DR), 1024);
  write(CR2, ADON);
  bench.run(30);
  read(DR);
  bench.run(1000);
  assert.equal(read(SR) & EOC, 0);
});

test('discontinuous mode: DISCNUM + 1 channels a trigger, then the sequence from its start', () => {
  const { bench, on, read, write, set } = setUp();
  write(CR1, SCAN | (1 << 11) | (1 << 13));
  write(SQR1, 2 << 20);
  write(SQR3, 0 | (1 << 5) | (2 << 10));
  on(0, EOCS);
  const trigger = (): number[] => {
    set(CR2, SWSTART);
    const got: number[] = [];
    for (let i = 0; i < 3; i++) {
      bench.run(30);
      if (read(SR) & EOC) got.push(read(DR));
    }
    return got;
  };
  assert.deepEqual([trigger(), trigger(), trigger()], [[code(0), code(1)], [code(2)], [code(0), code(1)]]);
});

test('external triggers by source and edge', () => {
  const cases: [number, string][] = [[0, 'TIM1_CC1'], [3, 'TIM2_CC2'], [6, 'TIM2_TRGO'], [8, 'TIM3_TRGO'], [14, 'TIM8_TRGO'], [15, 'EXTI11']];
  for (const [select, name] of cases) {
    for (const [edges, rise, fall] of [[0, 0, 0], [1, 1, 0], [2, 0, 1], [3, 1, 1]]) {
      const { bench, on, read } = setUp();
      on(0, (select << 24) | (edges << 28));
      for (const [level, wanted] of [[1, rise], [0, fall]] as const) {
        bench.trigger(name).set(level);
        bench.run(30);
        assert.equal((read(SR) & EOC) >> 1, wanted, `${name} ${edges} ${level}`);
        read(DR);
      }
    }
  }
  const { bench, on, read } = setUp();
  on(0, (6 << 24) | (3 << 28));
  bench.trigger('TIM2_TRGO').fire();
  bench.trigger('TIM3_TRGO').fire();
  bench.run(29);
  assert.equal(read(SR) & EOC, 0);
  bench.run(31);
  read(DR);
  bench.run(100);
  assert.equal(read(SR) & EOC, 0, 'an edge during a conversion is lost');
});

test('an injected sequence ends with JSQ4, subtracts JOFR, and interrupts a regular conversion, which is done again', () => {
  const { bench, on, read, write, set } = setUp();
  write(CR1, SCAN);
  write(SQR3, 2);
  write(JSQR, (1 << 20) | (4 << 10) | (5 << 15)); // two: JSQ3, JSQ4
  write(JOFR1, 0x800);
  on(0);
  set(CR2, SWSTART);
  bench.run(20);
  set(CR2, JSWSTART);
  bench.run(60 - 1);
  assert.equal(read(SR), STRT | JSTRT);
  bench.run(1);
  assert.equal(read(SR), STRT | JSTRT | JEOC);
  assert.deepEqual([read(JDR1), read(JDR1 + 4)], [(code(4) - 0x800) & 0xffff, code(5)]);
  bench.run(30);
  assert.equal(read(SR) & EOC, EOC);
  assert.equal(read(DR), code(2));
});

test('JAUTO converts the injected sequence after the regular one; an injected result is left-aligned behind its sign', () => {
  const { bench, on, read, write, set } = setUp();
  write(CR1, SCAN | (1 << 10));
  write(SQR1, 1 << 20);
  write(JSQR, 6 << 15);
  on(0, ALIGN);
  set(CR2, SWSTART);
  bench.run(60);
  assert.equal(read(SR), STRT | EOC | JSTRT);
  bench.run(30);
  assert.equal(read(SR) & JEOC, JEOC);
  assert.equal(read(JDR1), code(6) << 3);
});

test('an injected trigger starts by its own selection', () => {
  const { bench, on, read } = setUp();
  on(0, (15 << 16) | (1 << 20));
  bench.trigger('EXTI15').fire();
  bench.run(30);
  assert.equal(read(SR), JSTRT | JEOC);
});

test('overrun: with EOCS a result that was not read stops the conversions until OVR is cleared', () => {
  const { bench, inputs, on, read, write, set } = setUp();
  on(0, CONT | EOCS);
  write(CR1, 1 << 26);
  set(CR2, SWSTART);
  bench.run(30);
  inputs[0] = 1.6;
  bench.run(30);
  assert.equal(read(SR) & OVR, OVR);
  assert.ok(bench.interrupts.has('ADC'));
  assert.equal(read(DR), code(0), 'the first result stays');
  bench.run(1000);
  assert.equal(read(SR) & EOC, 0);
  write(SR, ~OVR);
  set(CR2, SWSTART);
  bench.run(30);
  assert.equal(read(DR), 2048);
});

test('the analog watchdog: above HTR or below LTR, on all or on one channel', () => {
  const awd = (cr1: number, high: number, low: number): number => {
    const { bench, on, read, write, set } = setUp();
    write(CR1, cr1 | (1 << 6));
    write(HTR, high);
    write(LTR, low);
    write(SQR3, 7); // 2048
    on(0);
    set(CR2, SWSTART);
    bench.run(30);
    assert.equal(bench.interrupts.has('ADC'), (read(SR) & 1) === 1);
    return read(SR) & 1;
  };
  assert.deepEqual([awd(1 << 23, 2047, 0), awd(1 << 23, 2048, 0), awd(1 << 23, 4095, 2049), awd(1 << 23, 4095, 2048)], [1, 0, 1, 0]);
  assert.deepEqual([awd((1 << 23) | (1 << 9) | 7, 0, 0), awd((1 << 23) | (1 << 9) | 6, 0, 0), awd(1 << 22, 0, 0)], [1, 0, 0]);
});

test('the inner channels: temperature, VREFINT and half of VBAT, when they are switched on', () => {
  const { bench, common, on, read, write, set } = setUp();
  on(0);
  const convert = (channel: number): number => {
    write(SQR3, channel);
    write(SMPR1, 7 << 24 | 7 << 21 | 7 << 18);
    set(CR2, SWSTART);
    bench.run(1000);
    return read(DR);
  };
  assert.deepEqual([convert(16), convert(17), convert(18)], [0, 0, 0]);
  common.write(CCR, 1 << 23, 4);
  assert.deepEqual([convert(16), convert(17)], [973, 1549]); // 0.76 V, 1.21 V of 3.2 V
  common.write(CCR, 1 << 22, 4);
  assert.equal(convert(18), 1920); // 1.5 V
});

test('ADCPRE divides PCLK2 by 2, 4, 6 or 8; a clock above 36 MHz is diagnosed', () => {
  [2, 4, 6, 8].forEach((divider, pre) => {
    const { bench, common, on, read, set } = setUp();
    common.write(CCR, pre << 16, 4);
    on(0);
    set(CR2, SWSTART);
    bench.run(15 * divider - 1);
    assert.equal(read(SR) & EOC, 0);
    bench.run(1);
    assert.equal(read(SR) & EOC, EOC);
  });
  const { bench, on } = setUp();
  bench.setClock('PCLK2', 84e6);
  on(0);
  assert.match(bench.diagnostics[0].message, /ADCCLK is 42000000 Hz/);
});

/** DMA2 stream 0 channel 0 from ADC1's DR or the common one, into memory. */
function withDma(items: number, { circular = false, words = false } = {}) {
  const all = setUp();
  const { bench, common, adcs } = all;
  const memory = new Uint8Array(256);
  bench.bus.addMemory({ name: 'SRAM', origin: 0x20000000, bytes: memory, dma: true });
  for (const adc of adcs) bench.bus.map(adc.base, 0x100, adc);
  bench.bus.map(common.base, 0x100, common);
  const dma = new Dma('DMA2', 0x40026400, bench, { requests: { ADC1: [[0, 0]] } });
  const start = (peripheral: number): void => {
    dma.write(0x14, items, 4);
    dma.write(0x18, peripheral, 4);
    dma.write(0x1c, 0x20000000, 4);
    const size = words ? 2 : 1;
    dma.write(0x10, (size << 13) | (size << 11) | (1 << 10) | (circular ? 1 << 8 : 0) | 1, 4);
  };
  return { ...all, dma, start, halfWords: () => [...new Uint16Array(memory.buffer, 0, 2 * items)], wordsOf: () => [...new Uint32Array(memory.buffer, 0, items)] };
}

test('DMA fetches each result; without DDS the last transfer is the last request, and nothing overruns', () => {
  const { bench, dma, start, halfWords, inputs, read, write, on, set } = withDma(6, { circular: true });
  write(CR1, SCAN);
  write(SQR1, 2 << 20);
  write(SQR3, 0 | (1 << 5) | (2 << 10));
  on(0, CONT | DMA);
  start(0x40012000 + DR);
  set(CR2, SWSTART);
  bench.run(30 * 6 + 10);
  assert.deepEqual(halfWords().slice(0, 6), [0, 1, 2, 0, 1, 2].map((n) => code(n)));
  inputs[0] = 3;
  bench.run(1000);
  assert.deepEqual(halfWords().slice(0, 6), [0, 1, 2, 0, 1, 2].map((n) => code(n)));
  assert.equal(read(SR) & OVR, 0);
  assert.equal(dma.read(0x14, 4), 6);
});

test('with DDS a circular stream goes on', () => {
  const { bench, start, halfWords, inputs, on, set } = withDma(2, { circular: true });
  on(0, CONT | DMA | DDS);
  start(0x40012000 + DR);
  set(CR2, SWSTART);
  bench.run(300);
  inputs[0] = 1.6;
  bench.run(100);
  assert.deepEqual(halfWords().slice(0, 2), [2048, 2048]);
});

test('DMA that is not there to fetch is an overrun, and stops the requests', () => {
  const { bench, read, on, set } = setUp();
  on(0, CONT | DMA | DDS);
  set(CR2, SWSTART);
  bench.run(30);
  assert.equal(bench.dmaRequest('ADC1').active, true);
  bench.run(30);
  assert.equal(read(SR) & OVR, OVR);
  assert.equal(bench.dmaRequest('ADC1').active, false);
});

test('dual regular simultaneous mode: both convert at once, CDR has ADC2 above ADC1, and DMA mode 2 fetches words', () => {
  const { bench, common, start, wordsOf, write, on, set, read } = withDma(2, { words: true });
  common.write(CCR, (2 << 14) | (1 << 13) | 6, 4);
  write(SQR3, 4, 0);
  write(SQR3, 9, 1);
  on(0, CONT);
  on(1, CONT);
  start(0x40012308);
  set(CR2, SWSTART);
  bench.run(30);
  assert.equal(common.read(CSR, 4), ((STRT | EOC) << 8) | STRT | EOC);
  bench.run(60);
  assert.deepEqual(wordsOf(), Array(2).fill((code(9) << 16) | code(4)));
  assert.equal(read(SR) & OVR, 0);
});

test('triple simultaneous mode with DMA mode 1: one half-word a request, ADC1, ADC2, ADC3 in turn', () => {
  const { bench, common, start, halfWords, write, on, set } = withDma(6);
  common.write(CCR, (1 << 14) | (1 << 13) | 0b10110, 4);
  for (const n of [0, 1, 2]) {
    write(SQR3, 4 + n, n);
    on(n, CONT);
  }
  start(0x40012308);
  set(CR2, SWSTART);
  bench.run(100);
  assert.deepEqual(halfWords().slice(0, 6), [4, 5, 6, 4, 5, 6].map((n) => code(n)));
});

test('dual interleaved mode: ADC2 starts DELAY + 5 cycles after ADC1, and a pair is a word', () => {
  const { bench, common, start, wordsOf, inputs, on, set, read } = withDma(2, { words: true });
  common.write(CCR, (2 << 14) | (1 << 13) | (3 << 8) | 7, 4); // 8 cycles
  on(0, CONT);
  on(1, CONT);
  start(0x40012308);
  set(CR2, SWSTART);
  bench.run(2 * 15);
  assert.deepEqual([read(SR) & EOC, read(SR, 1) & EOC], [EOC, 0]);
  inputs[0] = 1.6; // after both have sampled: ADC2 did so at 8 + 3 cycles
  bench.run(2 * 8);
  assert.equal(read(SR, 1) & EOC, EOC);
  bench.run(2 * 16 + 16);
  assert.deepEqual(wordsOf(), [(code(0) << 16) | code(0), (2048 << 16) | 2048].map((x) => x >>> 0));
});

test('interleaved converters do not sample at once: with DELAY 5 and 15 cycles of sampling, 17 lie between them', () => {
  const { bench, common, on, read, write, set } = setUp();
  common.write(CCR, 7, 4);
  for (const n of [0, 1]) {
    write(SMPR2, 1, n);
    on(n);
  }
  set(CR2, SWSTART);
  bench.run(2 * (17 + 15 + 12) - 1);
  assert.deepEqual([read(SR) & EOC, read(SR, 1) & EOC], [EOC, 0]);
  bench.run(1);
  assert.equal(read(SR, 1) & EOC, EOC);
});

test('a follower is not triggered by itself, and an alternate mode is an error by name', () => {
  const { bench, common, on, read, set } = setUp();
  common.write(CCR, 6, 4);
  on(0);
  on(1);
  set(CR2, SWSTART, 1);
  bench.run(100);
  assert.equal(read(SR, 1), 0);
  assert.match(bench.diagnostics[0].message, /follow ADC1/);
  assert.throws(() => common.write(CCR, 9, 4), /ADC_CCR\.MULTI = 9 \(alternate trigger mode\)/);
});

test('ADON cleared and a reset stop it', () => {
  const { bench, adcs, on, read, write, set } = setUp();
  on(0, CONT);
  set(CR2, SWSTART);
  bench.run(10);
  write(CR2, 0);
  assert.equal(bench.timeline.nextDue, Infinity);
  set(CR2, SWSTART);
  assert.match(bench.diagnostics[0].message, /ADON is clear/);
  on(0);
  set(CR2, SWSTART);
  adcs[0].reset();
  assert.equal(bench.timeline.nextDue, Infinity);
  assert.equal(read(CR2), 0);
});

for (const [name, adc, pad, input] of [['stm32f4-discovery', 1, 'PC5', 15], ['stm32f4-discovery', 3, 'PF10', 8], ['weact-blackpill-f411', 1, 'PB1', 9]] as const) {
  test(`${name}: ADC${adc} has input ${input} at ${pad}, whose voltage may come from a drive as well`, () => {
    const board = emulatable(loadBoard(name));
    const vectors = Array.from({ length: board.nvic.lines }, () => '');
    for (const [vector, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = vector;
    const machine = new Machine({ vectors, priorityBits: 4 });
    plugStm32(machine, board);
    const { bus } = machine;
    const base = 0x40012000 + 0x100 * (adc - 1);
    bus.write(0x40023844, 1 << (7 + adc), 4);
    bus.write(base + SQR3, input, 4);
    bus.write(base + CR2, ADON, 4);
    const convert = (): number => {
      bus.write(base + CR2, ADON | SWSTART, 4);
      machine.timeline.advanceTo(machine.timeline.now + 100);
      return bus.read(base + DR, 4);
    };
    assert.equal(convert(), 0, 'nothing on the pad');
    machine.analog(pad).set((board.supplyMillivolts / 1000) * 0.75);
    assert.equal(convert(), 3072);
    machine.analog(pad).release();
    bus.write(0x40012304, 1 << 23, 4);
    assert.equal(bus.read(0x40012304, 4), 1 << 23, 'the common registers have a clock with any converter');
  });
}
