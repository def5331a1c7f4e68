// SPDX-License-Identifier: MIT
// MIDI for a board in QEMU: records which frame an emulated board's firmware stamps each character with, and writes the list that
// assembly/drivers/mps2/uart.ts reads. The same characters at the same frames give the same sound on any CPU.

import { join } from 'node:path';
import type { Board } from '../boards/index.js';
import { compileFirmware, type Firmware } from '../build/compile.js';
import { WasmCpu } from '../cpu/wasm/cpu.js';
import type { EmulatedBoard } from '../emulator/emulated-board.js';
import { assemblyDir } from '../paths.js';

/** A character and the audio frame that the firmware's handler has stamped it with. */
export interface StampedCharacter {
  readonly frame: number;
  readonly byte: number;
}

// A StampedQueue in linear memory: assembly/midi/queue.ts. Slots hold the frame and the value, whose low 8 bits are the byte.
const HEAD = 0, CAPACITY = 8, SLOTS = 12, SLOT_BYTE_COUNT = 8;

/** The firmware as `recordStamps` needs it: as ever, but that it shows where its queue of received bytes is. */
export function compileForRecording(file: string, board: Board): Promise<Firmware> {
  return compileFirmware(file, board, [join(assemblyDir, 'testing', 'received.ts')]);
}

/**
 * Begins to record, before the board runs; the list grows while it does. Characters that came before the audio started have frame 0.
 * @param emulated a board with a firmware of `compileForRecording`
 */
export function recordStamps(emulated: EmulatedBoard): StampedCharacter[] {
  const { machine, cpu, board, memoryAddress } = emulated;
  if (!(cpu instanceof WasmCpu)) throw new Error('stamps are recorded on CPU wasm, whose globals can be read');
  const recorded: StampedCharacter[] = [];
  const word = (offset: number): number => machine.bus.read(memoryAddress + offset, 4) >>> 0;
  let seen = 0;
  machine.observers.add({
    exceptionExit(vector) {
      if (vector !== board.aliases.MIDI_UART) return;
      const queue = cpu.global('receivedQueue');
      const slots = word(queue + SLOTS);
      for (const head = word(queue + HEAD); seen !== head; seen = (seen + 1) >>> 0) {
        const slot = slots + (seen % word(queue + CAPACITY)) * SLOT_BYTE_COUNT;
        recorded.push({ frame: word(slot), byte: word(slot + 4) & 0xff });
      }
    },
    exceptionEnter() {}, sleep() {}, blockBoundary() {}, midiByte() {},
  });
  return recorded;
}

const END_OF_RUN = 0x100;
const END_OF_LIST = 0xffff_ffff;

/**
 * The list as QEMU's loader puts it at the board's `midi.events` (`-device loader,file=F,addr=A,force-raw=on`): pairs of little-endian words.
 * @param characters in the order of their frames
 * @param endFrame the run ends at the first block boundary from this frame on: QEMU exits, when it was started with -no-reboot
 * @throws RangeError for a list that the driver would take for its end, or out of order
 */
export function eventsFile(characters: readonly StampedCharacter[], endFrame?: number): Uint8Array {
  const words: number[] = [];
  let last = 0;
  for (const { frame, byte } of characters) {
    if (frame < last) throw new RangeError(`a character of frame ${frame} comes after one of frame ${last}; they must be in order`);
    if (frame === 0 && byte === 0) throw new RangeError('a byte 0 in frame 0 is what memory without a list holds, so it ends the list; let it come after the audio has started');
    if (endFrame !== undefined && frame > endFrame) break;
    words.push(frame, byte);
    last = frame;
  }
  if (endFrame !== undefined) words.push(endFrame, END_OF_RUN);
  words.push(END_OF_LIST, END_OF_LIST);
  const bytes = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((value, i) => bytes.setUint32(4 * i, value, true));
  return new Uint8Array(bytes.buffer);
}
