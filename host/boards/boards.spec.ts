// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { boardClocks, trueSampleRate } from './checks.js';
import { merge } from './merge.js';
import { BoardError, emulatable, listBoards, loadBoard } from './index.js';
import { toNumber } from '../machine/fraction.js';
import { registerNames } from '../peripherals/stm32/register-names.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-boards-'));
after(() => rmSync(dir, { recursive: true }));
let files = 0;
/** A board file of one's own, on top of the Discovery. */
function variant(own: object): string {
  const file = join(dir, `board-${files++}.json`);
  writeFileSync(file, JSON.stringify({ name: 'mine', inherits: 'stm32f4-discovery', ...own }));
  return file;
}
const discovery = emulatable(loadBoard('stm32f4-discovery'));

test('scalars override, objects merge, lists append', () => {
  assert.deepEqual(
    merge({ a: 1, b: { x: 1, y: 2 }, c: [1, 2], d: 'kept' }, { a: 2, b: { y: 3, z: 4 }, c: [3], e: true }),
    { a: 2, b: { x: 1, y: 3, z: 4 }, c: [1, 2, 3], d: 'kept', e: true },
  );
});

test('an entry that would stand twice in a list is an error, by value or by name', () => {
  assert.throws(() => merge({ c: [[1, 2]] }, { c: [[1, 2]] }), /^Error: c: \[1,2\] is in the inherited list already$/);
  assert.throws(() => merge({ m: { c: [{ name: 'CCM', n: 1 }] } }, { m: { c: [{ name: 'CCM', n: 2 }] } }), /m\.c: "CCM" is in the inherited list already/);
});

test('a value of another kind than the inherited one is an error', () => {
  assert.throws(() => merge({ a: [1] }, { a: 1 }), /a: found a single value, wanted a list as inherited/);
});

test('merging leaves both documents as they were', () => {
  const below = { a: { b: [1] } };
  merge(below, { a: { b: [2] } });
  assert.deepEqual(below, { a: { b: [1] } });
});

test('the Discovery inherits variant, die and core', () => {
  assert.deepEqual(discovery.lineage, ['stm32f407vg', 'stm32f407', 'cortex-m4f']);
  assert.equal(discovery.core.architecture, 'armv7e-m');
  assert.ok(listBoards().includes('stm32f4-discovery'));
});

test('memory is that of RM0090 table 1 and table 5: SRAM1, SRAM2, CCM, and flash of 4 x 16, 64, 7 x 128 KiB', () => {
  assert.deepEqual(discovery.memory.map((m) => [m.name, m.origin, m.byteCount, m.dma]), [
    ['SRAM1', 0x20000000, 114688, true], ['SRAM2', 0x2001c000, 16384, true], ['CCM', 0x10000000, 65536, false],
  ]);
  assert.equal(discovery.flash.byteCount, 1048576);
  assert.equal(discovery.flash.sectors.length, 12);
  assert.deepEqual(discovery.flash.sectors[4], { origin: 0x08010000, byteCount: 65536 });
  assert.deepEqual(discovery.flash.sectors[11], { origin: 0x080e0000, byteCount: 131072 });
});

test('interrupt numbers are those of RM0090 table 61, without a hole from 0 to 81', () => {
  const { vectors } = discovery;
  for (const [name, number] of Object.entries({
    WWDG: 0, EXTI0: 6, DMA1_Stream5: 16, EXTI9_5: 23, TIM2: 28, I2C1_EV: 31, I2C1_ER: 32, USART2: 38, EXTI15_10: 40, DMA1_Stream7: 47, TIM5: 50, SPI3: 51,
    TIM6_DAC: 54, DMA2_Stream0: 56, DMA2_Stream7: 70, USART6: 71, HASH_RNG: 80, FPU: 81,
  })) assert.equal(vectors[name], number, name);
  assert.deepEqual(Object.values(vectors).sort((a, b) => a - b), Array.from({ length: 82 }, (_, i) => i));
});

test('peripherals stand where RM0090 table 1 says, and do not overlap', () => {
  const base = Object.fromEntries(discovery.peripherals.map((p) => [p.name, p.base]));
  for (const [name, address] of Object.entries({
    TIM2: 0x40000000, TIM5: 0x40000c00, SPI3: 0x40003c00, I2S3ext: 0x40004000, USART2: 0x40004400, I2C1: 0x40005400, PWR: 0x40007000, SPI1: 0x40013000,
    SYSCFG: 0x40013800, EXTI: 0x40013c00, GPIOA: 0x40020000, GPIOI: 0x40022000, RCC: 0x40023800, FLASH: 0x40023c00, DMA1: 0x40026000, DMA2: 0x40026400,
    OTG_FS: 0x50000000, RNG: 0x50060800, FSMC: 0xa0000000,
  })) assert.equal(base[name], address, name);
  const sorted = [...discovery.peripherals].sort((a, b) => a.base - b.base);
  sorted.slice(1).forEach((p, i) => assert.ok(sorted[i].base + sorted[i].size <= p.base, `${sorted[i].name} runs into ${p.name}`));
});

test('every peripheral has a register table, every name and clock enable bit is given out once (but for blocks that share one)', () => {
  for (const p of discovery.peripherals) assert.ok(p.registers in registerNames, `${p.name}: ${p.registers}`);
  assert.equal(new Set(discovery.peripherals.map((p) => p.name)).size, discovery.peripherals.length);
  const byBit = new Map<string, string[]>();
  for (const p of discovery.peripherals) if (p.enable) byBit.set(p.enable, [...(byBit.get(p.enable) ?? []), p.name]);
  const shared = [...byBit].filter(([, names]) => names.length > 1).map(([, names]) => names.sort().join(' '));
  assert.deepEqual(shared.sort(), ['ADC ADC1', 'I2S2ext SPI2', 'I2S3ext SPI3']);
});

test('clock enable bits are those of RM0090 7.3.10 to 7.3.14, reset bits stand at the same place', () => {
  const enable = Object.fromEntries(discovery.peripherals.map((p) => [p.name, p.enable]));
  for (const [name, bit] of Object.entries({
    GPIOA: 'AHB1ENR.0', GPIOD: 'AHB1ENR.3', DMA1: 'AHB1ENR.21', DMA2: 'AHB1ENR.22', TIM2: 'APB1ENR.0', TIM5: 'APB1ENR.3', SPI3: 'APB1ENR.15', USART2: 'APB1ENR.17',
    I2C1: 'APB1ENR.21', PWR: 'APB1ENR.28', USART1: 'APB2ENR.4', USART6: 'APB2ENR.5', SPI1: 'APB2ENR.12', SYSCFG: 'APB2ENR.14', TIM9: 'APB2ENR.16', RNG: 'AHB2ENR.6',
  })) assert.equal(enable[name], bit, name);
  assert.equal(discovery.peripherals.find((p) => p.name === 'USART2')!.reset, 'APB1RSTR.17');
});

test('alternate functions are those of DS8626 table 9', () => {
  const { alternateFunctions } = discovery;
  for (const [pad, n, signals] of [
    ['PA2', 7, ['USART2_TX']], ['PA3', 7, ['USART2_RX']], ['PA4', 6, ['SPI3_NSS', 'I2S3_WS']], ['PB6', 4, ['I2C1_SCL']], ['PB9', 4, ['I2C1_SDA']],
    ['PC7', 6, ['I2S3_MCK']], ['PC10', 6, ['SPI3_SCK', 'I2S3_CK']], ['PC12', 6, ['SPI3_MOSI', 'I2S3_SD']], ['PB4', 7, ['I2S3ext_SD']], ['PC11', 5, ['I2S3ext_SD']],
    ['PD12', 2, ['TIM4_CH1']], ['PC6', 8, ['USART6_TX']], ['PA0', 1, ['TIM2_CH1', 'TIM2_ETR']], ['PB2', 15, ['EVENTOUT']], ['PB2', 7, []],
  ] as const) assert.deepEqual(alternateFunctions[pad][n], signals, `${pad} AF${n}`);
  const pads = new Set(discovery.package.pads);
  assert.equal(pads.size, 82);
  for (const pad of pads) assert.ok(pad in alternateFunctions, pad);
});

test('DMA requests are those of RM0090 tables 42 and 43', () => {
  const { dmaRequests } = discovery;
  const routes = (name: string) => dmaRequests[name].map((r) => `${r.controller}.${r.stream}.${r.channel}`);
  assert.deepEqual(routes('SPI3_TX'), ['DMA1.5.0', 'DMA1.7.0']);
  assert.deepEqual(routes('USART2_RX'), ['DMA1.5.4']);
  assert.deepEqual(routes('USART3_TX'), ['DMA1.3.4', 'DMA1.4.7']);
  assert.deepEqual(routes('I2C1_TX'), ['DMA1.6.1', 'DMA1.7.1']);
  assert.deepEqual(routes('I2S3_EXT_RX'), ['DMA1.2.2', 'DMA1.0.3']);
  assert.deepEqual(routes('USART1_RX'), ['DMA2.2.4', 'DMA2.5.4']);
});

test('the clock tree comes to 168, 42 and 84 MHz, and the true sample rate to 671875/14 Hz', () => {
  const clocks = boardClocks(discovery);
  assert.deepEqual([clocks.sysclk, clocks.hclk, clocks.pclk1, clocks.pclk2, clocks.i2sClock].map(toNumber), [168e6, 168e6, 42e6, 84e6, 86e6]);
  assert.deepEqual(trueSampleRate(discovery), { n: 671875, d: 14 });
  assert.equal(toNumber(trueSampleRate(discovery)).toFixed(2), '47991.07');
});

test('a board of one JSON file outside of the package inherits a shipped one', () => {
  const board = loadBoard(variant({ leds: { green: 'PD13', orange: 'PD12' }, memory: [{ name: 'PSRAM', origin: '0x60000000', byteCount: 1048576, kind: 'ram', dma: true }] }));
  assert.equal(board.name, 'mine');
  assert.deepEqual(board.leds, { green: 'PD13', orange: 'PD12', red: 'PD14', blue: 'PD15' });
  assert.deepEqual(board.memory.map((m) => m.name), ['SRAM1', 'SRAM2', 'CCM', 'PSRAM']);
  assert.equal(board.memory[3].origin, 0x60000000);
});

const wrong: [string, object, RegExp][] = [
  ['an unknown key', { speakers: 2 }, /board-\d+\.json, at the top: "speakers" is not known here/],
  ['an unknown key further in', { midi: { baud: 31250 } }, /at midi: "baud" is not known here/],
  ['a pad that cannot be', { leds: { green: 'PZ3' } }, /at leds\.green: found "PZ3", wanted a pad such as PA3/],
  ['a pad that the package lacks', { leds: { green: 'PF1' } }, /at leds\.green: found PF1, wanted a pad that the LQFP100 package has/],
  ['a pad that is taken', { leds: { green: 'PA3' } }, /found PA3, wanted a pad that is free; midi\.pins\.RX has it/],
  ['a pad without the signal', { midi: { pins: { RX: 'PA8' } } }, /at midi\.pins\.RX: found PA8, wanted a pad that carries USART2_RX \(PA3, PD6\)/],
  ['a DMA stream that the request does not reach', { audio: { dma: { stream: 6 } } }, /found DMA1 stream 6 channel 0 for SPI3_TX, wanted DMA1 stream 5 channel 0 or DMA1 stream 7 channel 0/],
  ['a peripheral that is not there', { midi: { uart: 'USART9' } }, /at midi\.uart: found "USART9", wanted a peripheral of the chip/],
  ['a VCO out of range', { clock: { pllM: 4, pllN: 432 } }, /at clock\.pllN: found a PLL VCO of 864000000 Hz, wanted 100000000 to 432000000 Hz/],
  ['a PLL input out of range', { clock: { pllM: 2 } }, /at clock\.pllM: found a PLL input of 4000000 Hz/],
  ['PCLK1 above 42 MHz', { clock: { apb1: 2 } }, /at clock\.apb1: found PCLK1 of 84000000 Hz, wanted 0 to 42000000 Hz/],
  ['too few wait states', { clock: { flashWaitStates: 4 } }, /at clock\.flashWaitStates: found 4, wanted 5 or more at 168000000 Hz/],
  ['a SYSCLK that the PLL does not give', { clock: { sysclk: 160000000 } }, /at clock\.sysclk: found 160000000, wanted 168000000/],
  ['a sample rate that the dividers do not give', { audio: { nominalSampleRate: 44100 } }, /at audio\.nominalSampleRate: found 44100, but the dividers give 47991\.07 Hz/],
  ['a PLLP that the chip lacks', { clock: { pllP: 3 } }, /at clock\.pllP: found 3, wanted one of 2, 4, 6, 8/],
  ['a memory that is there already', { memory: [{ name: 'CCM', origin: '0x10000000', byteCount: 1, kind: 'ram', dma: true }] }, /memory: "CCM" is in the inherited list already/],
  ['an address that is no hex string', { memory: [{ name: 'X', origin: 1610612736, byteCount: 1, kind: 'ram', dma: true }] }, /at memory\.0\.origin: found 1610612736, wanted string/],
  ['a programmer that we do not know', { flashTools: [{ tool: 'avrdude' }] }, /at flashTools\.\d+\.tool: found "avrdude", wanted one of "openocd", "st-flash", "dfu-util", "teensy_loader_cli", "qemu"/],
  ['a programmer without what it needs', { flashTools: [{ tool: 'teensy_loader_cli', mcu: 'TEENSY41' }] }, /at flashTools\.\d+: "enter" is missing/],
  ['a codec that is not known', { audio: { codec: { model: 'ak4619' } } }, /at audio\.codec\.model: found "ak4619", wanted one of "cs43l22", "wm8731", "pcm510x", "none"/],
  ['a PLLI2SM on a chip without', { clock: { pllI2sM: 8 } }, /at clock\.pllI2sM: found 8, but PLLI2S of this chip has the main PLL's input/],
  ['no master clock, but a pad for it', { audio: { masterClock: false, nominalSampleRate: 384000 } }, /at audio\.pins: found MCK, wanted none, since masterClock is false/],
  ['a timer that is not there', { tick: { timer: 'TIM99' } }, /at tick\.timer: found "TIM99", wanted a peripheral of the chip/],
  ['an alias of a vector that is not there', { aliases: { PEDAL: 'EXTI99' } }, /at aliases\.PEDAL: found "EXTI99", wanted one of "vectors"/],
  ['an alias that hides a vector', { aliases: { TIM3: 'TIM4' } }, /at aliases\.TIM3: found the name of a vector of the chip/],
  ['a marker of a vector that is not there', { markers: { USART9: 'PD0' } }, /at markers: found "USART9", wanted a vector/],
  ['a marker on a pad that is taken', { markers: { MIDI_UART: 'PD12' } }, /at markers\.USART2: found PD12, wanted a pad that is free; leds\.green has it/],
  ['a flash tool without what it needs', { flashTools: [{ tool: 'dfu-util', device: '0483:df11' }] }, /at flashTools\.\d+: "alt" is missing/],
  ['a parent that is not there', { inherits: 'chips/z80' }, /at inherits: found "chips\/z80", wanted a file; looked for /],
];
for (const [what, own, message] of wrong) {
  test(`the error of ${what} says where, what was found and what is wanted`, () => {
    assert.throws(() => loadBoard(variant(own)), (error) => error instanceof BoardError && message.test(error.message) || assert.fail(String(error)));
  });
}

test('something missing after all is merged is an error', () => {
  assert.throws(() => loadBoard(variant({ inherits: 'chips/stm32f407vg' })), /at the top: "clock" is missing/);
});

test('a board that inherits itself, one that is not JSON, and one that is not there are errors', () => {
  const loop = join(dir, 'loop.json');
  writeFileSync(loop, JSON.stringify({ name: 'loop', inherits: 'loop' }));
  assert.throws(() => loadBoard(loop), /loop\.json inherits itself/);
  const text = join(dir, 'text.json');
  writeFileSync(text, 'hello');
  assert.throws(() => loadBoard(text), /text\.json is not JSON: /);
  assert.throws(() => loadBoard(join(dir, 'none.json')), /none\.json cannot be read/);
});

test('an unknown board lists the known ones', () => {
  assert.throws(() => loadBoard('nucleo'), /^BoardError: no board "nucleo"; there are mps2-an386, /);
});

test('every shipped board loads, with a core that gcc knows, memory, code, and the vectors that every firmware may bind', () => {
  for (const name of listBoards()) {
    const board = loadBoard(name);
    assert.match(board.core.cpu, /^cortex-m[47]$/);
    assert.match(board.core.fpu, /^fpv[45]-(sp-)?d16$/);
    assert.ok(board.flash.byteCount >= 524288 && board.memory.some((m) => m.dma && m.byteCount >= 65536), name);
    for (const alias of ['MIDI_UART', 'AUDIO_DMA', 'TICK_TIMER']) assert.ok(board.aliases[alias] in board.vectors, `${name} ${alias}`);
    assert.ok(board.flashTools!.length > 0);
  }
});

test('names for vectors follow from what the board has, and a board may add its own', () => {
  assert.deepEqual(discovery.aliases, { AUDIO_DMA: 'DMA1_Stream5', MIDI_UART: 'USART2', TICK_TIMER: 'TIM2' });
  assert.deepEqual(loadBoard('weact-blackpill-f411').aliases, { AUDIO_DMA: 'DMA1_Stream4', MIDI_UART: 'USART1', TICK_TIMER: 'TIM2' });
  assert.deepEqual(loadBoard('mps2-an386').aliases, { AUDIO_DMA: 'TIMER0', MIDI_UART: 'TIMER1', TICK_TIMER: 'DUALTIMER' });
  const own = loadBoard(variant({ aliases: { PEDAL: 'EXTI0' }, midi: { uart: 'USART3', pins: { RX: 'PD9', TX: 'PD8' } } }));
  assert.deepEqual(own.aliases, { AUDIO_DMA: 'DMA1_Stream5', MIDI_UART: 'USART3', TICK_TIMER: 'TIM2', PEDAL: 'EXTI0' });
});

test('markers are pads by the manual\'s vector name, whichever name the board gave', () => {
  assert.deepEqual(loadBoard(variant({ markers: { MIDI_UART: 'PD0', PendSV: 'PD1' } })).markers, { USART2: 'PD0', PendSV: 'PD1' });
  assert.deepEqual(discovery.markers, {});
});

test('the Black Pill is an STM32F411CE: RM0383 tables 1, 4, 5 and 37, and exactly 48 kHz from 25 MHz / 25 x 192 / 5 / 800', () => {
  const board = emulatable(loadBoard('weact-blackpill-f411'));
  assert.deepEqual(board.lineage, ['stm32f411ce', 'stm32f411', 'cortex-m4f']);
  assert.deepEqual(board.memory.map((m) => [m.name, m.origin, m.byteCount, m.dma]), [['SRAM1', 0x20000000, 131072, true]]);
  assert.equal(board.flash.byteCount, 524288);
  assert.deepEqual(board.flash.sectors.map((s) => s.byteCount / 1024), [16, 16, 16, 16, 64, 128, 128, 128]);
  assert.deepEqual(board.flashWaitStates, [30e6, 64e6, 90e6, 100e6]);
  const clocks = boardClocks(board);
  assert.deepEqual([clocks.sysclk, clocks.pclk1, clocks.pclk2, clocks.i2sClock].map(toNumber), [100e6, 50e6, 100e6, 38.4e6]);
  assert.deepEqual(trueSampleRate(board), { n: 48000, d: 1 });
  for (const [name, number] of Object.entries({ DMA1_Stream4: 15, TIM2: 28, SPI2: 36, USART1: 37, TIM5: 50, USART6: 71, FPU: 81, SPI4: 84, SPI5: 85 })) assert.equal(board.vectors[name], number, name);
  for (const absent of ['USART3', 'UART4', 'TIM7', 'CAN1_TX', 'ETH']) assert.equal(board.vectors[absent], undefined);
  assert.ok(!board.package.pads.includes('PB11') && board.package.pads.includes('PB10'));
  assert.deepEqual(board.alternateFunctions.PB12[5], ['SPI2_NSS', 'I2S2_WS']);
  assert.deepEqual(board.alternateFunctions.PB13[5], ['SPI2_SCK', 'I2S2_CK']);
  assert.deepEqual(board.alternateFunctions.PB15[5], ['SPI2_MOSI', 'I2S2_SD']);
  assert.deepEqual(board.alternateFunctions.PB12[7], ['SPI3_SCK', 'I2S3_CK']); // nowhere on the STM32F407
  const base = Object.fromEntries(board.peripherals.map((p) => [p.name, p.base]));
  for (const [name, address] of Object.entries({ SPI2: 0x40003800, USART1: 0x40011000, SPI4: 0x40013400, SPI5: 0x40015000, GPIOH: 0x40021c00 })) assert.equal(base[name], address, name);
});

test('the pyboard is an STM32F405RG: DS8626 tables 2 and 7, 168 MHz from 12 MHz, and exactly 48 kHz from 12 MHz / 12 x 192 / 5 / 800', () => {
  const board = emulatable(loadBoard('pyboard-v11'));
  assert.deepEqual(board.lineage, ['stm32f405rg', 'stm32f407', 'cortex-m4f']);
  assert.deepEqual(board.memory.map((m) => [m.name, m.byteCount]), [['SRAM1', 114688], ['SRAM2', 16384], ['CCM', 65536]]);
  assert.deepEqual(board.flash.sectors.map((s) => s.byteCount / 1024), [16, 16, 16, 16, 64, 128, 128, 128, 128, 128, 128, 128]);
  const clocks = boardClocks(board);
  assert.deepEqual([clocks.sysclk, clocks.pclk1, clocks.pclk2, clocks.i2sClock].map(toNumber), [168e6, 42e6, 84e6, 38.4e6]);
  assert.deepEqual(trueSampleRate(board), { n: 48000, d: 1 });
  const pads = Object.fromEntries(['PA', 'PB', 'PC', 'PD', 'PE', 'PH'].map((port) => [port, board.package.pads.filter((pad) => pad.startsWith(port)).length]));
  assert.deepEqual(pads, { PA: 16, PB: 16, PC: 16, PD: 1, PE: 0, PH: 2 });
  const names = board.peripherals.map((p) => p.name);
  for (const name of ['ETH', 'DCMI']) assert.ok(!names.includes(name) && discovery.peripherals.some((p) => p.name === name), name);
  for (const name of ['CAN2', 'ADC3', 'DAC', 'OTG_HS', 'FSMC', 'TIM8', 'GPIOI']) assert.ok(names.includes(name), name);
});

test('what a chip has not must be there on its die', () => {
  const without = (name: string): string => {
    const chip = `chip-${files++}`;
    mkdirSync(join(dir, 'chips'), { recursive: true });
    writeFileSync(join(dir, 'chips', `${chip}.json`), JSON.stringify({ name: chip, inherits: 'chips/stm32f407vg', absent: [name] }));
    const file = join(dir, `on-${chip}.json`);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(discovery.file, 'utf8')), name: 'mine', inherits: `chips/${chip}` }));
    return file;
  };
  assert.throws(() => loadBoard(without('LTDC')), /at absent: found "LTDC", wanted a peripheral of the die/);
  assert.ok(!loadBoard(without('RNG')).peripherals.some((p) => p.name === 'RNG'));
});

test('the MPS2 images are laid out as QEMU 7.2 has them: code at 0, data at 0x20000000, PSRAM apart by image', () => {
  for (const [name, core, fpu, psram] of [['mps2-an386', 'cortex-m4', 'fpv4-sp-d16', 0x21000000], ['mps2-an500', 'cortex-m7', 'fpv5-d16', 0x60000000]] as const) {
    const board = loadBoard(name);
    assert.ok(board.family === 'mps2');
    assert.deepEqual([board.core.cpu, board.core.fpu, board.core.floatAbi, board.coreHertz], [core, fpu, 'hard', 25e6]);
    assert.deepEqual([board.flash.origin, board.flash.byteCount], [0, 4194304]);
    assert.deepEqual(board.memory.map((m) => [m.name, m.origin, m.byteCount]), [['SSRAM23', 0x20000000, 4194304], ['PSRAM', psram, 16777216]]);
    assert.equal(board.midi.events, psram);
    assert.deepEqual([board.vectors.TIMER0, board.vectors.TIMER1, board.vectors.DUALTIMER, board.nvic.lines], [8, 9, 10, 32]);
    // The very double that the Discovery's clock tree gives.
    assert.equal(board.audio.sampleRate, toNumber(trueSampleRate(discovery)));
    assert.throws(() => emulatable(board), new RegExp(`board ${name} runs in QEMU, not in the emulator`));
  }
});

test('a lamp or a marker of an MPS2 is one of its two lamps, each given out once', () => {
  const own = (board: object) => loadBoard(variant({ inherits: 'mps2-an386', ...board }));
  assert.throws(() => own({ leds: { green: 'PA3' } }), /at leds\.green: found PA3, wanted a lamp: USERLED0 or USERLED1/);
  assert.throws(() => own({ markers: { PendSV: 'USERLED1' } }), /at markers\.PendSV: found USERLED1, wanted one that is free; leds\.red has it/);
});

test('every group of numbers says where it comes from', () => {
  for (const name of ['weact-blackpill-f411', 'pyboard-v11', 'mps2-an386', 'mps2-an500']) {
    const board = loadBoard(name);
    for (const group of ['core', 'nvic', 'memory', 'flash', 'vectors', 'peripherals', 'clock', 'audio', 'midi', 'tick', 'leds', 'buttons', 'flashTools']) assert.ok(board.sources[group], `${name} ${group}`);
  }
  for (const group of ['core', 'nvic', 'memory', 'flash', 'package', 'internalOscillators', 'limits', 'flashWaitStates', 'startUp', 'vectors', 'peripherals',
    'alternateFunctions', 'dmaRequests', 'supplyMillivolts', 'oscillators', 'clock', 'audio', 'midi', 'tick', 'leds', 'buttons', 'flashTools']) assert.ok(discovery.sources[group], group);
});
