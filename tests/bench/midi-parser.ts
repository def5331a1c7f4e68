// SPDX-License-Identifier: MIT
// How fast the firmware's MIDI parser is in V8, beside libasound's compiled by gcc, or beside the wire where that is not installed.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { missingForC, withProgram } from '../../host/testing/c-compiler.js';
import { instantiateAssembly } from '../../host/testing/assembly.js';
import type { BenchRow } from './row.js';

/** Bytes a second of a MIDI wire: 31250 baud, 10 bits a character. */
const WIRE_BYTES_PER_SECOND = 3125;
const ROUNDS = 2000;

/** A stream as a busy sequencer sends it: chords under running status, controllers, bends, clock, now and then a SysEx. Whole messages only. */
function performance16k(): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (let i = 0; bytes.length < 16_300; i++) {
    const channel = i % 16;
    const note = 36 + i * 7 % 48;
    bytes.push(0x90 | channel, note, 100, note + 4, 90, note + 7, 80, 0xf8);
    bytes.push(0xb0 | channel, 1, i % 128, 0xe0 | channel, i % 128, 64);
    bytes.push(0x90 | channel, note, 0, note + 4, 0, note + 7, 0);
    if (i % 64 === 0) bytes.push(0xf0, 0x7d, ...Array.from({ length: 20 }, (_, k) => k), 0xf7, 0xc0 | channel, i % 128);
  }
  return new Uint8Array(bytes);
}

async function libasound(stream: Uint8Array): Promise<{ eventCount: number; seconds: number }> {
  return withProgram('tests/bench/midi-parser.c', ['asound'], (program) => new Promise((resolve, reject) => {
    const child = execFile(program, [String(ROUNDS)], (error, out) => {
      if (error) return reject(error);
      const [eventCount, seconds] = out.split(' ').map(Number);
      resolve({ eventCount, seconds });
    });
    child.stdin!.end(stream);
  }));
}

/** Bytes a second, best of five runs. */
export async function benchMidiParser(): Promise<BenchRow[]> {
  const stream = performance16k();
  const firmware = await instantiateAssembly('tests/bench/midi-parser.as.ts');
  const parser = firmware.createParser(1024);
  new Uint8Array(firmware.memory.buffer).set(stream, firmware.stream.value);
  let eventCount = 0;
  let seconds = Infinity;
  for (let run = 0; run < 5; run++) {
    firmware.resetParser(parser);
    const start = process.hrtime.bigint();
    eventCount = firmware.parseStream(parser, stream.length, ROUNDS);
    seconds = Math.min(seconds, Number(process.hrtime.bigint() - start) / 1e9);
  }
  const value = stream.length * ROUNDS / seconds;
  const row = (peer: string, peerValue: number): BenchRow => ({ name: 'MIDI parser', value, unit: 'bytes/s', peer, peerValue, ratio: value / peerValue });
  const wire = row('MIDI wire at 31250 baud', WIRE_BYTES_PER_SECOND);
  if (await missingForC('alsa/asoundlib.h')) return [wire];
  const peer = await libasound(stream);
  assert.equal(eventCount, peer.eventCount, 'both parsers hear the same number of events');
  return [row('libasound snd_midi_event_encode_byte, gcc -O2', stream.length * ROUNDS / peer.seconds), wire];
}
