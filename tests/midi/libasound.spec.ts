// SPDX-License-Identifier: MIT
// A witness: libasound's MIDI parser (snd_midi_event_encode_byte) on the same streams, event for event, byte index for byte index.
//
// The two mean the same and say it differently in these respects, and in no other on the streams below:
//  - Note On with velocity 0: libasound reports it as it came, the firmware as Note Off with velocity 0.
//  - A SysEx that is aborted: libasound says nothing, the firmware reports the abort. Neither delivers the rest.
//  - Chunks of a long SysEx: libasound gives them the type of a whole one; where they are cut is the same.
//  - Losses: libasound has no counters.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { missingForC, withProgram } from '../../host/testing/c-compiler.js';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';
import { midiByte, midiStream } from './arbitraries.js';
import { hexOf } from './reference-parser.js';

const missing = process.env.CI ? undefined : await missingForC('alsa/asoundlib.h');
const skip = missing && `${missing}: the comparison with libasound is left out (Debian: gcc and libasound2-dev)`;

const channelNames = ['note_off', 'note_on', 'poly_pressure', 'cc', 'program', 'chan_pressure', 'pitch_bend'];
const systemNames: Record<number, string> = {
  0xf1: 'mtc_qf', 0xf2: 'song_pos', 0xf3: 'song_select', 0xf6: 'tune_request', 0xf8: 'clock', 0xfa: 'start', 0xfb: 'continue', 0xfc: 'stop',
  0xfe: 'active_sensing', 0xff: 'reset',
};

let f: Fixture;
let parser: number;

/** Our events of a stream as the C program prints libasound's. */
function ours(bytes: readonly number[]): string {
  f.resetParser(parser);
  let out = '';
  bytes.forEach((byte, at) => {
    const word = f.parseByte(parser, byte) >>> 0;
    const status = word & 0xff;
    const [a, b] = [(word >> 8) & 0x7f, (word >> 16) & 0x7f];
    if (status === 0) return; // nothing, or an abort alone
    if (status === 0xf0) out += `${at}:sysex,${hexOf([...new Uint8Array(f.memory.buffer, f.sysexBuffer(parser), (word >> 8) & 0xffff)])} `;
    else if (status >= 0xf0) out += `${at}:${systemNames[status]}${status === 0xf2 ? `,${a | b << 7}` : status < 0xf4 ? `,${a}` : ''} `;
    else if (status >= 0xe0) out += `${at}:pitch_bend,${status & 15},${a | b << 7} `;
    else out += `${at}:${channelNames[(status >> 4) & 7]},${status & 15},${a}${status < 0xc0 ? `,${b}` : ''} `;
  });
  return out;
}

/** libasound's text with Note On of velocity 0 as the firmware has it. */
const velocityZeroAsNoteOff = (text: string) => text.replace(/note_on,(\d+,\d+,0) /g, 'note_off,$1 ');

function filter(program: string, args: readonly string[], input: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('latin1').on('data', (text) => (out += text));
    child.on('error', reject).on('close', (code) => code === 0 ? resolve(out.split('\n').slice(0, -1)) : reject(new Error(`exit code ${code}`)));
    child.stdin.end(input);
  });
}

describe('libasound', { skip }, () => {
  before(async () => {
    f = await instantiateAssembly('tests/midi/parser.as.ts');
  });
  for (const bufferByteCount of [8, 256]) {
    it(`hears the same in 4000 streams, with a SysEx buffer of ${bufferByteCount} bytes`, async () => {
      parser = f.createParser(bufferByteCount);
      const any = fc.array(fc.oneof(midiByte, fc.integer({ min: 0, max: 255 })), { maxLength: 100, size: 'max' });
      const streams = fc.sample(fc.oneof(midiStream, any), { numRuns: 4000, seed: bufferByteCount });
      const input = streams.map((bytes) => `${hexOf(bytes)}\n`).join('');
      const theirs = await withProgram('tests/midi/libasound.c', ['asound'], (program) => filter(program, [String(bufferByteCount)], input));
      assert.equal(theirs.length, streams.length);
      let eventCount = 0;
      streams.forEach((bytes, i) => {
        assert.equal(ours(bytes), velocityZeroAsNoteOff(theirs[i]), hexOf(bytes));
        eventCount += theirs[i].split(' ').length - 1;
      });
      assert.ok(eventCount > 50_000, `only ${eventCount} events`);
    });
  }
});
