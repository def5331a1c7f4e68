// SPDX-License-Identifier: MIT
// The demo's music as every CPU is to play it: what the emulated STM32F4-Discovery played, and which characters came in which frames.

import { tmpdir } from 'node:os';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadBoard } from '../../host/boards/index.js';
import { buildImage, type Image, type ImageOptions } from '../../host/build/image/image.js';
import { parseMidiFile, type MidiFile } from '../../host/devices/midi-file.js';
import { EmulatedBoard } from '../../host/emulator/emulated-board.js';
import { perform } from '../../host/emulator/session.js';
import { readElf, type Elf } from '../../host/image/elf.js';
import { compileForRecording, eventsFile, recordStamps } from '../../host/testing/qemu-events.js';
import { Qemu } from '../../host/testing/qemu.js';
import { canonInD } from '../../music/canon-in-d.js';

export const SYNTH = 'assembly/firmware/synth.ts';
export const FRAME_BYTES = 4;

const whole = parseMidiFile(canonInD(), 'canon-in-d.mid');
/** The set-up of the shipped piece and then bars of its middle: some seconds with many voices. */
export const piece: MidiFile = {
  ...whole,
  events: whole.events.filter(({ seconds }) => seconds < 0.7 || seconds > 20).map((event) => (event.seconds < 0.7 ? event : { ...event, seconds: event.seconds - 19.3 })),
};

export interface Reference {
  /** Frames of left and right i16, as the codec got them. */
  readonly audio: Uint8Array;
  /** For the boards in QEMU. */
  readonly events: Uint8Array;
}

/** Plays `seconds` of the piece on the emulated board, CPU wasm. */
export async function playReference(seconds: number): Promise<Reference> {
  const board = loadBoard('stm32f4-discovery');
  const emulated = new EmulatedBoard(board, await compileForRecording(SYNTH, board), { midiAlign: true });
  const characters = recordStamps(emulated);
  perform(emulated, seconds, piece);
  return { audio: new Uint8Array(emulated.audio.samples().buffer), events: eventsFile(characters) };
}

/** Builds an image in a directory of its own and hands it to `use`. */
export async function withImage<T>(options: Omit<ImageOptions, 'out'>, use: (image: Image, elf: Elf) => Promise<T>): Promise<T> {
  const out = await mkdtemp(join(tmpdir(), 'tonewheel-image-'));
  try {
    const image = await buildImage({ ...options, out });
    return await use(image, readElf(await readFile(image.files.elf), image.files.elf));
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

export const addressOf = (elf: Elf, name: string): number => {
  const symbol = elf.symbols.find((s) => s.name === name);
  if (!symbol) throw new Error(`the image has no symbol ${name}`);
  return symbol.value;
};

/** Runs an image on its machine, with MIDI in memory if its board has that. */
export async function onQemu<T>(image: Image, events: Uint8Array | undefined, use: (qemu: Qemu) => Promise<T>): Promise<T> {
  const { board, files } = image;
  const tool = board.flashTools?.find((t) => t.tool === 'qemu');
  if (tool?.tool !== 'qemu' || board.midi.kind !== 'memory') throw new Error(`${board.name} is no board of QEMU's`);
  const list = `${files.elf}.events`;
  if (events) await writeFile(list, events);
  const qemu = await Qemu.start({ machine: tool.machine, elf: files.elf, loads: events ? [{ file: list, address: board.midi.events }] : [] });
  try {
    return await use(qemu);
  } finally {
    await qemu.stop();
  }
}

/** What the firmware has logged since the start. */
export async function logOf(qemu: Qemu, elf: Elf): Promise<string> {
  const block = addressOf(elf, '_SEGGER_RTT'); // RTT's control block: id, two counts, then name, buffer, size, write, read
  const written = await qemu.word(block + 24 + 12);
  return new TextDecoder().decode(await qemu.memory(await qemu.word(block + 24 + 4), written));
}
