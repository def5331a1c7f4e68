// SPDX-License-Identifier: MIT
// The models and the chip's data together: what boards/ says must be what the models take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard, type Stm32Board } from '../../boards/index.js';
import { toNumber } from '../../machine/fraction.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Flash, type FlashTimes } from './flash.js';
import { Gpio, type GpioConfig } from './gpio.js';
import { isDriven, PadRouter } from './pad-router.js';
import { Pwr, type PwrConfig } from './pwr.js';
import { Rcc, type RccConfig } from './rcc.js';
import { Tim, type TimConfig } from './tim.js';

const discovery = emulatable(loadBoard('stm32f4-discovery'));
const blackPill = emulatable(loadBoard('weact-blackpill-f411'));
const pyboard = emulatable(loadBoard('pyboard-v11'));

const configOf = (board: Stm32Board, name: string): Readonly<Record<string, unknown>> => board.peripherals.find((p) => p.name === name)!.config;

/** The bench with RCC as its clock tree, as the machine has it. */
function setUp(board = discovery) {
  const bench = new ModelBench();
  const rcc = new Rcc('RCC', 0x40023800, bench, {
    oscillators: { ...board.internalOscillators, ...board.oscillators }, startUp: board.startUp, limits: board.limits, gates: board.peripherals,
    ...(configOf(board, 'RCC') as unknown as Pick<RccConfig, 'gateRegisters' | 'plli2sM' | 'plli2sReset'>),
  });
  const ctx = Object.assign(Object.create(bench) as ModelBench, { clocks: rcc });
  const router = new PadRouter(bench.timeline, (finding) => bench.diagnose(finding));
  const ports = new Map(board.peripherals.filter((p) => p.model === 'gpio').map((p) => {
    const config = { ...p.config, router, alternateFunctions: board.alternateFunctions } as unknown as GpioConfig;
    return [p.name, new Gpio(p.name, p.base, ctx, config)];
  }));
  return { bench, ctx, rcc, router, ports };
}

for (const board of [discovery, blackPill, pyboard]) test(`every peripheral of ${board.lineage[1]} has gates that RCC knows, and all but the always-clocked come up without a clock`, () => {
  const { rcc } = setUp(board);
  const clocked = board.peripherals.filter((p) => rcc.enabled(p.name)).map((p) => p.name);
  assert.deepEqual(clocked.sort(), ['DBGMCU', 'EXTI', 'FLASH', 'IWDG', 'RCC', 'RTC']);
});

test('ports A and B come up with the debug port on their pads', () => {
  const { router, ports } = setUp();
  assert.deepEqual([0x00, 0x08, 0x0c].map((offset) => ports.get('GPIOA')!.read(offset, 4)), [0xa8000000, 0x0c000000, 0x64000000]);
  assert.deepEqual([0x00, 0x08, 0x0c].map((offset) => ports.get('GPIOB')!.read(offset, 4)), [0x00000280, 0x000000c0, 0x00000100]);
  assert.deepEqual(router.padsOf('SWDIO'), ['PA13']);
  assert.deepEqual(router.padsOf('JTDO'), ['PB3']);
});

for (const [board, prescalers, clocks] of [
  [discovery, (5 << 10) | (4 << 13), [168e6, 42e6, 84e6, 84e6, 86e6]], [blackPill, 4 << 10, [100e6, 50e6, 100e6, 100e6, 38.4e6]],
  [pyboard, (5 << 10) | (4 << 13), [168e6, 42e6, 84e6, 84e6, 38.4e6]],
] as const) test(`the clock numbers of ${board.name}, put into RCC, FLASH and PWR as a start-up does, give its clocks with nothing to complain of`, () => {
  const { bench, ctx, rcc } = setUp(board);
  const flash = new Flash('FLASH', 0x40023c00, ctx, {
    waitStates: board.flashWaitStates, origin: board.flash.origin, sectors: board.flash.sectors, vddMillivolts: board.supplyMillivolts, ...(configOf(board, 'FLASH') as unknown as FlashTimes),
  });
  const pwr = new Pwr('PWR', 0x40007000, ctx, { vddMillivolts: board.supplyMillivolts, ...(configOf(board, 'PWR') as unknown as Omit<PwrConfig, 'vddMillivolts'>) });
  const { clock } = board;
  const set = (offset: number, bits: number) => rcc.write(offset, rcc.read(offset, 4) | bits, 4);
  const until = (bit: number) => {
    for (let i = 0; i < 100_000 && !(rcc.read(0, 4) & (1 << bit)); i++) bench.run(10);
  };
  pwr.write(0x00, Number(configOf(board, 'PWR').vos), 4);
  set(0x00, 1 << 16);
  until(17);
  flash.write(0x00, 0x700 | clock.flashWaitStates, 4);
  rcc.write(0x04, clock.pllM | (clock.pllN << 6) | ((clock.pllP / 2 - 1) << 16) | (1 << 22) | (clock.pllQ << 24), 4);
  rcc.write(0x84, (clock.pllI2sM ?? 0) | (clock.pllI2sN << 6) | (clock.pllI2sR << 28), 4);
  set(0x00, (1 << 24) | (1 << 26));
  until(25);
  until(27);
  rcc.write(0x08, prescalers, 4);
  set(0x08, 2);
  assert.deepEqual(['SYSCLK', 'PCLK1', 'PCLK2', 'TIMCLK1', 'PLLI2SCLK'].map((name) => toNumber(rcc.hertz(name))), clocks);
  assert.deepEqual(bench.diagnostics, []);
});

for (const board of [discovery, blackPill, pyboard]) test(`every pin that ${board.name} gives to audio, codec and MIDI can be routed through its port`, () => {
  const { router, ports } = setUp(board);
  const { codec, i2s, pins } = board.audio;
  const wanted: [string, string][] = [
    ...Object.entries(pins).map(([name, pad]): [string, string] => [`${i2s}_${name}`, pad]),
    ...Object.entries(codec.model === 'cs43l22' ? codec.pins : {}).map(([name, pad]): [string, string] => [`I2C1_${name}`, pad]),
    ...Object.entries(board.midi.pins).map(([name, pad]): [string, string] => [`${board.midi.uart}_${name}`, pad]),
  ];
  for (const [signal, pad] of wanted) {
    const gpio = ports.get(`GPIO${pad[1]}`)!;
    const pin = Number(pad.slice(2));
    const af = board.alternateFunctions[pad].findIndex((names) => names.includes(signal));
    const afr = pin < 8 ? 0x20 : 0x24;
    gpio.write(afr, gpio.read(afr, 4) | (af << (4 * (pin % 8))), 4);
    gpio.write(0x00, gpio.read(0x00, 4) | (2 << (2 * pin)), 4);
    assert.deepEqual(router.padsOf(signal), [pad], signal);
  }
});

for (const board of [discovery, blackPill, pyboard]) test(`every signal of a modelled block of ${board.lineage[1]} that the chip never drives is an input of the data sheet`, () => {
  const signals = new Set(Object.values(board.alternateFunctions).flat(2));
  const inputs = [...signals].filter((s) => /^(USART|UART|SPI|I2S|I2C|TIM)/.test(s) && !isDriven(s));
  for (const signal of inputs) assert.match(signal, /_(RX|CTS|ETR|BKIN)$|^I2S_CKIN$/);
});

for (const board of [discovery, blackPill, pyboard]) test(`every timer that ${board.lineage[1]} calls modelled can be made from its data, and counts`, () => {
  for (const p of board.peripherals.filter((each) => each.model === 'tim')) {
    const { bench, ctx } = setUp(board);
    const tim = new Tim(p.name, p.base, ctx, { ...p.config, registers: p.registers, clock: p.clock, vectors: p.vectors } as unknown as TimConfig);
    tim.write(0x2c, 0xffffffff, 4);
    tim.write(0x00, 1, 4);
    bench.run(101);
    assert.equal(tim.read(0x24, 4), 100, p.name);
    assert.equal(tim.read(0x2c, 4), p.config.bits === 32 ? 0xffffffff : 0xffff, p.name);
  }
});
