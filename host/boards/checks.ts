// SPDX-License-Identifier: MIT
// What a schema cannot say of a board: clocks within the chip's limits, pins that carry the signal, names that exist. And what follows from them.

import type { Board, Mps2Board, Stm32Board } from './index.js';
import { CORE_VECTORS } from '../vectors.js';
import { divide, fraction, times, toNumber, type Fraction } from '../machine/fraction.js';

/** Clocks of a board once its start-up has run, exact, in hertz. */
export interface BoardClocks {
  readonly pllInput: Fraction;
  readonly i2sInput: Fraction;
  readonly vco: Fraction;
  readonly sysclk: Fraction;
  readonly hclk: Fraction;
  readonly pclk1: Fraction;
  readonly pclk2: Fraction;
  readonly i2sVco: Fraction;
  /** PLLI2SCLK, what the I2S blocks divide. */
  readonly i2sClock: Fraction;
}

/** The clock tree as `clock` sets it up: RM0090 7.2, 7.3.2, 7.3.23. */
export function boardClocks(board: Pick<Stm32Board, 'oscillators' | 'clock'>): BoardClocks {
  const { clock } = board;
  const over = (f: Fraction, n: number): Fraction => divide(f, fraction(n));
  const pllInput = fraction(board.oscillators.HSE, clock.pllM);
  const vco = times(pllInput, fraction(clock.pllN));
  const sysclk = over(vco, clock.pllP);
  const hclk = over(sysclk, clock.ahb);
  const i2sInput = fraction(board.oscillators.HSE, clock.pllI2sM ?? clock.pllM);
  const i2sVco = times(i2sInput, fraction(clock.pllI2sN));
  return { pllInput, i2sInput, vco, sysclk, hclk, pclk1: over(hclk, clock.apb1), pclk2: over(hclk, clock.apb2), i2sVco, i2sClock: over(i2sVco, clock.pllI2sR) };
}

/** Ticks of the divided I2S clock in one frame: RM0090 28.4.4. With MCK out that is MCK; else it is CK, of which a 16-bit frame has 32. */
const MASTER_CLOCKS_PER_FRAME = 256;
const BIT_CLOCKS_PER_FRAME = 32;

/** The true frame rate in hertz, exact: PLLI2SCLK / (ticks of a frame · (2 · I2SDIV + ODD)). */
export function trueSampleRate(board: Pick<Stm32Board, 'oscillators' | 'clock' | 'audio'>): Fraction {
  const { i2sDivider, i2sOdd, masterClock } = board.audio;
  return divide(boardClocks(board).i2sClock, fraction((masterClock ? MASTER_CLOCKS_PER_FRAME : BIT_CLOCKS_PER_FRAME) * (2 * i2sDivider + i2sOdd)));
}

/** How far the true rate may be from the nominal one: beyond it, the dividers were meant for another rate. */
const SAMPLE_RATE_TOLERANCE = 0.01;

/** All that is wrong with a board, one sentence each: "at <where>: found <what>, wanted <what>". Empty when all is well. */
export function checkBoard(board: Board): string[] {
  const own = board.family === 'stm32f4' ? [...checkClocks(board), ...checkAudioRoute(board), ...checkPads(board)] : checkLamps(board);
  return [...checkNames(board), ...own];
}

/** Peripherals and vectors that the board names. */
function checkNames(board: Board): string[] {
  const problems: string[] = [];
  const { audio, midi } = board;
  const peripheralNames = new Set(board.peripherals.map((p) => p.name));
  const peripheral = (where: string, name: string): void => {
    if (!peripheralNames.has(name)) problems.push(`at ${where}: found "${name}", wanted a peripheral of the chip`);
  };
  peripheral('midi.uart', midi.uart);
  if (midi.kind === 'memory') peripheral('midi.timer', midi.timer);
  peripheral('tick.timer', board.tick.timer);
  if (audio.kind === 'timer') {
    peripheral('audio.timer', audio.timer);
    peripheral('audio.uart', audio.uart);
  } else {
    peripheral('audio.spi', audio.spi);
    if (audio.codec.model === 'cs43l22' || audio.codec.model === 'wm8731') peripheral('audio.codec.i2c', audio.codec.i2c);
  }
  for (const p of board.peripherals) {
    for (const vector of p.vectors) if (!(vector in board.vectors)) problems.push(`at peripherals ${p.name}: found vector "${vector}", wanted one of "vectors"`);
  }
  for (const [alias, vector] of Object.entries(board.aliases)) {
    if (!(vector in board.vectors)) problems.push(`at aliases.${alias}: found "${vector}", wanted one of "vectors"`);
    if (alias in board.vectors) problems.push(`at aliases.${alias}: found the name of a vector of the chip, wanted one that is free`);
  }
  for (const vector of Object.keys(board.markers)) {
    if (!(vector in board.vectors) && !(vector in CORE_VECTORS)) problems.push(`at markers: found "${vector}", wanted a vector of the chip or of the core, or an alias`);
  }
  return problems;
}

function checkClocks(board: Stm32Board): string[] {
  const problems: string[] = [];
  const { limits, clock, audio } = board;
  const clocks = boardClocks(board);

  const within = (where: string, what: string, value: Fraction, min: number, max: number): void => {
    const hz = toNumber(value);
    if (hz < min || hz > max) problems.push(`at ${where}: found ${what} of ${hz} Hz, wanted ${min} to ${max} Hz`);
  };
  within('oscillators.HSE', 'a crystal', fraction(board.oscillators.HSE), limits.hseMin, limits.hseMax);
  within('clock.pllM', 'a PLL input', clocks.pllInput, limits.pllInputMin, limits.pllInputMax);
  if (clock.pllI2sM !== undefined) within('clock.pllI2sM', 'a PLLI2S input', clocks.i2sInput, limits.pllInputMin, limits.pllInputMax);
  within('clock.pllN', 'a PLL VCO', clocks.vco, limits.vcoMin, limits.vcoMax);
  within('clock.pllP', 'a PLL output', clocks.sysclk, 0, limits.pllOutputMax);
  within('clock.ahb', 'HCLK', clocks.hclk, 0, limits.hclkMax);
  within('clock.apb1', 'PCLK1', clocks.pclk1, 0, limits.pclk1Max);
  within('clock.apb2', 'PCLK2', clocks.pclk2, 0, limits.pclk2Max);
  within('clock.pllI2sN', 'a PLLI2S VCO', clocks.i2sVco, limits.vcoMin, limits.vcoMax);
  within('clock.pllI2sR', 'a PLLI2S output', clocks.i2sClock, 0, limits.plli2sOutputMax);
  const ownDivider = board.peripherals.find((p) => p.model === 'rcc')?.config.plli2sM === true;
  if (ownDivider !== (clock.pllI2sM !== undefined)) {
    problems.push(`at clock.pllI2sM: found ${clock.pllI2sM ?? 'none'}, but PLLI2S of this chip has ${ownDivider ? 'an input divider of its own' : 'the main PLL\'s input'}`);
  }
  if (toNumber(clocks.sysclk) !== clock.sysclk) problems.push(`at clock.sysclk: found ${clock.sysclk}, wanted ${toNumber(clocks.sysclk)}, as oscillator and PLL give it`);
  const waitStates = board.flashWaitStates.findIndex((max) => toNumber(clocks.hclk) <= max);
  if (clock.flashWaitStates < waitStates) problems.push(`at clock.flashWaitStates: found ${clock.flashWaitStates}, wanted ${waitStates} or more at ${toNumber(clocks.hclk)} Hz`);
  const rate = toNumber(trueSampleRate(board));
  if (Math.abs(rate / audio.nominalSampleRate - 1) > SAMPLE_RATE_TOLERANCE) {
    problems.push(`at audio.nominalSampleRate: found ${audio.nominalSampleRate}, but the dividers give ${rate.toFixed(2)} Hz; wanted the two within 1 %`);
  }
  return problems;
}

function checkAudioRoute({ audio, dmaRequests }: Stm32Board): string[] {
  const problems: string[] = [];
  const { request, controller, stream, channel } = audio.dma;
  const routes = dmaRequests[request];
  if (routes === undefined) problems.push(`at audio.dma.request: found "${request}", wanted a request of the chip`);
  else if (!routes.some((r) => r.controller === controller && r.stream === stream && r.channel === channel)) {
    const wanted = routes.map((r) => `${r.controller} stream ${r.stream} channel ${r.channel}`).join(' or ');
    problems.push(`at audio.dma: found ${controller} stream ${stream} channel ${channel} for ${request}, wanted ${wanted}`);
  }
  if (audio.masterClock !== ('MCK' in audio.pins)) {
    problems.push(`at audio.pins: found ${audio.masterClock ? 'no MCK, wanted one, since masterClock is true' : 'MCK, wanted none, since masterClock is false'}`);
  }
  return problems;
}

/** Pads of an MPS2: two lamps, which a marker may be as well, and two buttons. */
function checkLamps({ leds, buttons, markers }: Mps2Board): string[] {
  const problems: string[] = [];
  const users = new Map<string, string>();
  const pin = (where: string, pad: string, kind: string, what: string): void => {
    if (!pad.startsWith(kind)) problems.push(`at ${where}: found ${pad}, wanted ${what}: ${kind}0 or ${kind}1`);
    const other = users.get(pad);
    if (other !== undefined) problems.push(`at ${where}: found ${pad}, wanted one that is free; ${other} has it`);
    users.set(pad, where);
  };
  for (const [name, pad] of Object.entries(leds)) pin(`leds.${name}`, pad, 'USERLED', 'a lamp');
  for (const [name, pad] of Object.entries(buttons)) pin(`buttons.${name}`, pad, 'USERPB', 'a button');
  for (const [vector, pad] of Object.entries(markers)) pin(`markers.${vector}`, pad, 'USERLED', 'a lamp');
  return problems;
}

function checkPads(board: Stm32Board): string[] {
  const problems: string[] = [];
  const { audio, midi } = board;
  const pads = new Set(board.package.pads);
  const users = new Map<string, string>();
  const pin = (where: string, pad: string, signal?: string): void => {
    if (!pads.has(pad)) problems.push(`at ${where}: found ${pad}, wanted a pad that the ${board.package.name} package has`);
    const other = users.get(pad);
    if (other !== undefined) problems.push(`at ${where}: found ${pad}, wanted a pad that is free; ${other} has it`);
    users.set(pad, where);
    if (signal === undefined || board.alternateFunctions[pad]?.some((names) => names.includes(signal))) return;
    const able = Object.keys(board.alternateFunctions).filter((p) => pads.has(p) && board.alternateFunctions[p].some((names) => names.includes(signal)));
    problems.push(`at ${where}: found ${pad}, wanted a pad that carries ${signal} (${able.join(', ') || 'the chip has no such signal'})`);
  };
  const { codec } = audio;
  for (const [name, pad] of Object.entries(audio.pins)) pin(`audio.pins.${name}`, pad, `${audio.i2s}_${name}`);
  if (codec.model === 'cs43l22' || codec.model === 'wm8731') for (const [name, pad] of Object.entries(codec.pins)) pin(`audio.codec.pins.${name}`, pad, `${codec.i2c}_${name}`);
  if (codec.model === 'cs43l22') pin('audio.codec.reset', codec.reset);
  if (codec.model === 'pcm510x' && codec.mute !== undefined) pin('audio.codec.mute', codec.mute);
  for (const [name, pad] of Object.entries(midi.pins)) pin(`midi.pins.${name}`, pad, `${midi.uart}_${name}`);
  for (const [name, pad] of Object.entries(board.leds)) pin(`leds.${name}`, pad);
  for (const [name, pad] of Object.entries(board.buttons)) pin(`buttons.${name}`, pad);
  for (const [vector, pad] of Object.entries(board.markers)) pin(`markers.${vector}`, pad);
  return problems;
}
