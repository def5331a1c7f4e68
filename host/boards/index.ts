// SPDX-License-Identifier: MIT
// Boards: loads a board's JSON with all that it inherits, checks it, and derives what follows from it (addresses, clocks, sample rate).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorObject } from 'ajv';
import { checkBoard } from './checks.js';
import { merge, type Json, type JsonObject } from './merge.js';
import { boardsDir, packageRoot } from '../paths.js';
import { UserError } from '../user-error.js';

export interface BoardMemory {
  readonly name: string;
  readonly origin: number;
  readonly byteCount: number;
  readonly kind: 'ram';
  /** Whether the DMA controllers reach it; on a board without DMA, whether linear memory may lie there. */
  readonly dma: boolean;
  /** Whether the data cache covers it. */
  readonly cacheable?: boolean;
  /** Tightly coupled to the core, on which bus. */
  readonly tcm?: 'instruction' | 'data';
}

export interface BoardPeripheral {
  readonly name: string;
  /** File name of the model (usart, dma, …); undefined: the chip has it, the emulator has not. */
  readonly model?: string;
  /** Block type in the table of register names. */
  readonly registers: string;
  readonly base: number;
  readonly size: number;
  /** Clock enable bit, e.g. "APB1ENR.17"; undefined: always clocked. */
  readonly enable?: string;
  /** Reset bit, e.g. "APB1RSTR.17"; undefined: none. */
  readonly reset?: string;
  /** The clock it counts or transfers by, by the manual's name. */
  readonly clock?: string;
  readonly vectors: readonly string[];
  /** What differs by instance; hex strings in it are numbers. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface FlashSector {
  readonly origin: number;
  readonly byteCount: number;
}

/** A way from a request to a stream: RM0090 tables 42 and 43. */
export interface DmaRoute {
  readonly controller: string;
  readonly stream: number;
  readonly channel: number;
}

export interface Stm32Clock {
  readonly sysclk: number;
  readonly pllM: number;
  readonly pllN: number;
  readonly pllP: number;
  readonly pllQ: number;
  readonly ahb: number;
  readonly apb1: number;
  readonly apb2: number;
  readonly flashWaitStates: number;
  /** Input divider of PLLI2S, where it has one of its own; else it has PLLM's. */
  readonly pllI2sM?: number;
  readonly pllI2sN: number;
  readonly pllI2sR: number;
}

/** In hertz. */
export interface ClockLimits {
  readonly hseMin: number;
  readonly hseMax: number;
  readonly sysclkMax: number;
  readonly hclkMax: number;
  readonly pclk1Max: number;
  readonly pclk2Max: number;
  readonly pllInputMin: number;
  readonly pllInputMax: number;
  readonly vcoMin: number;
  readonly vcoMax: number;
  readonly pllOutputMax: number;
  readonly plli2sOutputMax: number;
}

export interface StartUpTimes {
  readonly hsiMicroseconds: number;
  readonly hseMicroseconds: number;
  readonly lsiMicroseconds: number;
  readonly lseMicroseconds: number;
  /** Lock time at VCO frequencies, ascending. */
  readonly pllLock: readonly { readonly vco: number; readonly microseconds: number }[];
}

/** What an audio DAC needs of the board. */
export type BoardCodec =
  | { readonly model: 'cs43l22'; readonly i2c: string; readonly address: number; readonly reset: string; readonly pins: Readonly<Record<string, string>> }
  /** `adc` is the I2S block on whose data line its ADC is. */
  | { readonly model: 'wm8731'; readonly i2c: string; readonly address: 0x1a | 0x1b; readonly adc?: string; readonly pins: Readonly<Record<string, string>> }
  /** `mute` is the pad that drives XSMT; without one, XSMT is tied high. */
  | { readonly model: 'pcm510x'; readonly mute?: string }
  | { readonly model: 'none' };

/** Stereo through an I2S block that a DMA stream feeds. */
export interface I2sAudio {
  readonly kind: 'i2s';
  readonly nominalSampleRate: number;
  readonly i2s: string;
  readonly spi: string;
  /** Whether MCK goes out, at 256 times the frame rate; without it a frame is 32 bits of CK. */
  readonly masterClock: boolean;
  readonly i2sDivider: number;
  readonly i2sOdd: 0 | 1;
  readonly dma: DmaRoute & { readonly request: string };
  readonly pins: Readonly<Record<string, string>>;
  readonly codec: BoardCodec;
}

/** No audio hardware: a timer falls once a block, and the frames go out of a UART. */
export interface TimerAudio {
  readonly kind: 'timer';
  /** Frames a second that the firmware reckons with. */
  readonly sampleRate: number;
  readonly timer: string;
  readonly uart: string;
  /** How many times longer than a second all timers take for one, so that a slow engine keeps up. */
  readonly slowdown: number;
}

export interface UartMidi {
  readonly kind: 'uart';
  readonly uart: string;
  readonly pins: { readonly RX: string; readonly TX: string };
}

/** MIDI IN is a list of characters in memory, each with the frame in which it arrives (assembly/drivers/mps2/uart.ts). */
export interface MemoryMidi {
  readonly kind: 'memory';
  /** Address of the list. */
  readonly events: number;
  /** Falls once a character. */
  readonly timer: string;
  /** MIDI OUT. */
  readonly uart: string;
}

/** A tool that writes a board's flash, with what is particular to the board. */
export type FlashTool =
  | { readonly tool: 'openocd'; /** Files for -f, in order. */ readonly config: readonly string[] }
  | { readonly tool: 'st-flash'; readonly address: number }
  | {
    readonly tool: 'dfu-util'; /** USB vendor and product, e.g. "0483:df11". */ readonly device: string; readonly alt: number; readonly address: number;
    /** How a person brings the board into its boot loader. */
    readonly enter: string;
  }
  | { readonly tool: 'teensy_loader_cli'; readonly mcu: string; readonly enter: string }
  /** The board is an emulated one: nothing to flash. */
  | { readonly tool: 'qemu'; readonly machine: string };

export interface BoardBase {
  readonly name: string;
  readonly title: string;
  /** The board's own file. */
  readonly file: string;
  /** Names of all that it inherits, nearest first: chip variant, chip, core. */
  readonly lineage: readonly string[];
  /** Where each group's numbers come from. */
  readonly sources: Readonly<Record<string, string>>;
  readonly core: {
    readonly architecture: string;
    /** gcc's -mcpu, -mfpu and -mfloat-abi. */
    readonly cpu: string;
    readonly fpu: string;
    readonly floatAbi: 'soft' | 'softfp' | 'hard';
    readonly dataCache: boolean;
    readonly exceptionEntryCycles: number;
    readonly exceptionExitCycles: number;
    readonly tailChainCycles: number;
    /** SCB_CPUID: implementer, variant, part and revision. */
    readonly cpuid: number;
  };
  /** Core clock in hertz once the start-up has run. */
  readonly coreHertz: number;
  readonly nvic: {
    readonly priorityBits: number;
    readonly lines: number;
    /** HCLK cycles in a tick of SysTick's external reference. */
    readonly systickReferenceDivider: number;
  };
  readonly memory: readonly BoardMemory[];
  /** Where code and constants lie. On an FPGA image it is RAM that a loader fills. */
  readonly flash: { readonly name: string; readonly origin: number; readonly byteCount: number; readonly sectors: readonly FlashSector[] };
  /** Interrupt number by the manual's vector name. */
  readonly vectors: Readonly<Record<string, number>>;
  /** The manual's vector name by a name that is the same on every board: MIDI_UART, AUDIO_DMA, TICK_TIMER, and the board's own. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Pad that is high while a vector's handler runs, by the manual's vector name. */
  readonly markers: Readonly<Record<string, string>>;
  readonly peripherals: readonly BoardPeripheral[];
  /** The timer that firmware has for tempo and the like. */
  readonly tick: { readonly timer: string };
  readonly leds: Readonly<Record<string, string>>;
  readonly buttons: Readonly<Record<string, string>>;
  /** Level of a pad while its button is pressed; default 1. */
  readonly buttonLevel?: 0 | 1;
  /** What can flash or start it, the one to try first first. */
  readonly flashTools?: readonly FlashTool[];
}

export interface Stm32Board extends BoardBase {
  readonly family: 'stm32f4';
  readonly package: { readonly name: string; readonly pads: readonly string[] };
  readonly internalOscillators: { readonly HSI: number; readonly LSI: number };
  readonly limits: ClockLimits;
  /** Entry n: highest HCLK in hertz at n wait states. */
  readonly flashWaitStates: readonly number[];
  readonly startUp: StartUpTimes;
  /** Pad to the sixteen alternate functions' signals: `["SPI3_SCK", "I2S3_CK"]`, or `[]` where there is none. */
  readonly alternateFunctions: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly dmaRequests: Readonly<Record<string, readonly DmaRoute[]>>;
  readonly supplyMillivolts: number;
  readonly oscillators: { readonly HSE: number; readonly LSE?: number; readonly I2S_CKIN?: number };
  readonly clock: Stm32Clock;
  readonly audio: I2sAudio;
  readonly midi: UartMidi;
}

/** One of ARM's MPS2 FPGA images, as QEMU models it. */
export interface Mps2Board extends BoardBase {
  readonly family: 'mps2';
  readonly clock: { readonly sysclk: number };
  readonly audio: TimerAudio;
  readonly midi: MemoryMidi;
}

export type Board = Stm32Board | Mps2Board;
export type Family = Board['family'];

/** A board file is missing or wrong; the message says which file, where in it, what was found and what is wanted. */
export class BoardError extends UserError {
  override readonly name = 'BoardError';
  override readonly isMisuse = true;
}

/** A board that runs in QEMU or on the desk, but not in the emulator. */
export class NotEmulated extends BoardError {}

const HEX = /^0x[0-9A-F]+$/;

type Kind = 'board' | 'chip' | 'core' | 'complete' | `complete_${Family}`;
type Validator = { (document: Json): boolean; readonly errors: readonly ErrorObject[] | null };

/** boards/schema.json as code, which host/compile-schema.mjs has made. */
const validators = await import(pathToFileURL(join(packageRoot, 'build', 'schemas', 'boards.js')).href) as Readonly<Record<Kind, Validator>>;

const kindOf = (file: string): Kind => (basename(dirname(file)) === 'cores' ? 'core' : basename(dirname(file)) === 'chips' ? 'chip' : 'board');

/** A path as a user wants to read it: from where they stand, when that is shorter. */
const shown = (file: string): string => {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
};

function describe(error: ErrorObject, document: Json): string {
  const at = error.instancePath === '' ? 'at the top' : `at ${error.instancePath.slice(1).replaceAll('/', '.')}`;
  let found: Json | undefined = document;
  for (const key of error.instancePath.split('/').slice(1)) found = (found as JsonObject | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  const { params } = error;
  if (error.keyword === 'additionalProperties') return `${at}: "${params.additionalProperty}" is not known here`;
  if (error.keyword === 'required') return `${at}: "${params.missingProperty}" is missing`;
  const wanted = error.keyword === 'const' ? JSON.stringify(params.allowedValue) : error.keyword === 'enum' ? `one of ${params.allowedValues.map((v: Json) => JSON.stringify(v)).join(', ')}`
    : error.keyword === 'pattern' ? (error.parentSchema?.description ?? `text that matches ${params.pattern}`) : error.message!.replace('must be ', '').replace('must ', 'to ');
  return `${at}: found ${JSON.stringify(found)}, wanted ${wanted}`;
}

function validate(kind: Kind, document: Json, file: string): void {
  const check = validators[kind];
  if (!check(document)) throw new BoardError(`${shown(file)}, ${describe(check.errors![0], document)}`);
}

function readDocument(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new BoardError(`${shown(file)} cannot be read`);
  }
  try {
    return JSON.parse(text) as JsonObject;
  } catch (error) {
    throw new BoardError(`${shown(file)} is not JSON: ${(error as Error).message}`);
  }
}

/** A document with all that it inherits merged in, root first, and the names on the way. */
function inherited(file: string, visited: readonly string[] = []): { document: JsonObject; lineage: string[] } {
  if (visited.includes(file)) throw new BoardError(`${shown(file)} inherits itself: ${[...visited, file].map(shown).join(' -> ')}`);
  const own = readDocument(file);
  validate(kindOf(file), own, file);
  const { inherits, ...rest } = own;
  if (inherits === undefined) return { document: rest, lineage: [String(own.name)] };
  // A board outside of the package names the package's chips as those inside do.
  const candidates = [resolve(dirname(file), `${inherits}.json`), resolve(boardsDir, `${inherits}.json`)];
  const parentFile = candidates.find(existsSync);
  if (parentFile === undefined) throw new BoardError(`${shown(file)}, at inherits: found "${inherits}", wanted a file; looked for ${[...new Set(candidates)].map(shown).join(' and ')}`);
  const parent = inherited(parentFile, [...visited, file]);
  try {
    return { document: merge(parent.document, rest) as JsonObject, lineage: [String(own.name), ...parent.lineage] };
  } catch (error) {
    throw new BoardError(`${shown(file)}, merged over ${shown(parentFile)}: ${(error as Error).message}`);
  }
}

/** Hex strings as numbers, but not in a command line, where an address is text. */
const parseHex = (value: Json): Json => {
  if (typeof value === 'string') return HEX.test(value) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(parseHex);
  if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, parseHex(v)]));
  return value;
};

function expandPads(ranges: readonly string[]): string[] {
  return ranges.flatMap((range) => {
    const [first, last] = range.split('-');
    const port = first.slice(0, 2);
    const from = Number(first.slice(2));
    return Array.from({ length: Number(last.slice(2)) - from + 1 }, (_, i) => `${port}${from + i}`);
  });
}

/* The schema has been checked, so the shapes below are what JSON holds. */
interface RawBase {
  sources?: Record<string, string>;
  flash: { name: string; origin: number; regions: { sectors: number; byteCount: number }[] };
  peripherals: (Omit<BoardPeripheral, 'vectors' | 'config'> & Partial<Pick<BoardPeripheral, 'vectors' | 'config'>>)[];
  aliases?: Record<string, string>;
  markers?: Record<string, string>;
  absent?: string[];
}
type Refined = 'file' | 'lineage' | 'coreHertz' | keyof RawBase;
type RawStm32 = RawBase & Omit<Stm32Board, Refined | 'package' | 'alternateFunctions' | 'dmaRequests'> & {
  package: { name: string; pads: string[] };
  alternateFunctions: Record<string, Record<string, string>>;
  dmaRequests: Record<string, [string, number, number][]>;
};
type Raw = RawStm32 | (RawBase & Omit<Mps2Board, Refined>);

/** The manual's names of the vectors that every board has in some form, and what the board's own file adds. */
function aliasesOf(raw: Raw, peripherals: readonly BoardPeripheral[]): Record<string, string> {
  const vectorOf = (name: string): string => peripherals.find((p) => p.name === name)?.vectors[0] ?? name;
  const audio = raw.audio.kind === 'i2s' ? `${raw.audio.dma.controller}_Stream${raw.audio.dma.stream}` : vectorOf(raw.audio.timer);
  const midi = vectorOf(raw.midi.kind === 'uart' ? raw.midi.uart : raw.midi.timer);
  return { AUDIO_DMA: audio, MIDI_UART: midi, TICK_TIMER: vectorOf(raw.tick.timer), ...raw.aliases };
}

function refine(raw: Raw, file: string, lineage: string[]): Board {
  const sectors: FlashSector[] = [];
  let origin = raw.flash.origin;
  for (const region of raw.flash.regions) {
    for (let i = 0; i < region.sectors; i++, origin += region.byteCount) sectors.push({ origin, byteCount: region.byteCount });
  }
  const absent = raw.absent ?? [];
  for (const name of absent) if (!raw.peripherals.some((p) => p.name === name)) throw new BoardError(`${shown(file)}, at absent: found "${name}", wanted a peripheral of the die`);
  const peripherals = raw.peripherals.filter(({ name }) => !absent.includes(name)).map((p) => ({ ...p, reset: p.reset ?? p.enable?.replace('ENR', 'RSTR'), vectors: p.vectors ?? [], config: p.config ?? {} }));
  const aliases = aliasesOf(raw, peripherals);
  const base = {
    file, lineage, sources: raw.sources ?? {}, peripherals, aliases,
    markers: Object.fromEntries(Object.entries(raw.markers ?? {}).map(([vector, pad]) => [aliases[vector] ?? vector, pad])),
    flash: { name: raw.flash.name, origin: raw.flash.origin, byteCount: origin - raw.flash.origin, sectors },
  };
  if (raw.family === 'mps2') return { ...raw, ...base, coreHertz: raw.clock.sysclk };
  return {
    ...raw, ...base, coreHertz: raw.clock.sysclk / raw.clock.ahb,
    package: { name: raw.package.name, pads: expandPads(raw.package.pads) },
    alternateFunctions: Object.fromEntries(Object.entries(raw.alternateFunctions)
      .map(([pad, functions]) => [pad, Array.from({ length: 16 }, (_, n) => functions[n]?.split('/') ?? [])])),
    dmaRequests: Object.fromEntries(Object.entries(raw.dmaRequests)
      .map(([name, routes]) => [name, routes.map(([controller, stream, channel]) => ({ controller, stream, channel }))])),
  };
}

/** Names of the boards that the package ships, sorted. */
export function listBoards(): string[] {
  return readdirSync(boardsDir).filter((f) => f.endsWith('.json') && f !== 'schema.json').map((f) => f.slice(0, -'.json'.length)).sort();
}

/**
 * Loads a board with everything it inherits. Inheritance: what the board says wins over what it inherits; scalars override, objects merge,
 * lists append, and an entry that would stand twice in a list is an error.
 * @param nameOrPath a name of `listBoards()`, or the path of a JSON file
 * @throws BoardError
 */
export function loadBoard(nameOrPath: string): Board {
  const isPath = nameOrPath.endsWith('.json') || nameOrPath.includes('/');
  if (!isPath && !listBoards().includes(nameOrPath)) {
    throw new BoardError(`no board "${nameOrPath}"; there are ${listBoards().join(', ')}, or give the path of a board's JSON file`);
  }
  const file = isPath ? resolve(nameOrPath) : join(boardsDir, `${nameOrPath}.json`);
  const { document, lineage } = inherited(file);
  validate('complete', document, file);
  validate(`complete_${document.family as Family}`, document, file);
  const board = refine(parseHex(document) as unknown as Raw, file, lineage.slice(1));
  const problems = checkBoard(board);
  if (problems.length > 0) throw new BoardError(problems.map((p) => `${shown(file)}, ${p}`).join('\n'));
  return board;
}

/** A board that the emulator can run. @throws NotEmulated for one of a family that it does not model */
export function emulatable(board: Board): Stm32Board {
  if (board.family === 'stm32f4') return board;
  throw new NotEmulated(`board ${board.name} runs in QEMU, not in the emulator. Choose another one for this, e.g. stm32f4-discovery.`);
}
