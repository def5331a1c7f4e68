// SPDX-License-Identifier: MIT
// Loads the firmware's MIDI parser and encoder into this process.

import { compileLibrary } from '../build/library.js';

/** Exports of assembly/firmware/midi-tool.ts, which documents them. Messages and counts below 0 are the codes of assembly/midi/encoder.ts. */
export interface MidiTool {
  readonly memory: WebAssembly.Memory;
  readonly SYSEX_BYTE_COUNT: WebAssembly.Global;
  beginDecoding(): void;
  decodeByte(byte: number): number;
  decodedSysex(): number;
  orphanData(): number;
  truncated(): number;
  sysexAborted(): number;
  strayEox(): number;
  undefinedStatus(): number;
  sysexOverflow(): number;
  noteOff(channel: number, note: number, velocity: number): number;
  noteOn(channel: number, note: number, velocity: number): number;
  polyPressure(channel: number, note: number, pressure: number): number;
  controlChange(channel: number, controller: number, value: number): number;
  programChange(channel: number, program: number): number;
  channelPressure(channel: number, pressure: number): number;
  pitchBend(channel: number, value: number): number;
  quarterFrame(value: number): number;
  songPosition(sixteenths: number): number;
  songSelect(song: number): number;
  systemMessage(status: number): number;
  beginEncoding(useRunningStatus: number): void;
  sysexToEncode(): number;
  encodedBytes(): number;
  encodeShort(message: number): number;
  encodeSysexPiece(byteCount: number): number;
  isSysexOpen(): number;
  abandonOpenSysex(): void;
}

/** A fresh instance; compiles the firmware's code on first use. */
export async function loadMidiTool(): Promise<MidiTool> {
  const module = await WebAssembly.compile(await compileLibrary('assembly/firmware/midi-tool.ts'));
  const abort = (_message: number, _file: number, line: number, column: number) => {
    throw new Error(`assembly/firmware/midi-tool.ts aborted at ${line}:${column}`);
  };
  return (await WebAssembly.instantiate(module, { env: { abort } })).exports as unknown as MidiTool;
}
