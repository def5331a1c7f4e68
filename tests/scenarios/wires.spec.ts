// SPDX-License-Identifier: MIT
// The witness for a whole run: sigrok-cli decodes the logic trace of the demo synth, and finds the MIDI that was sent and the samples of the WAV.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import wavefile from 'wavefile';
import { loadBoard } from '../../host/index.js';
import { parseMidiFile } from '../../host/devices/midi-file.js';
import { runSession } from '../../host/emulator/session.js';
import { canonInD } from '../../music/canon-in-d.js';
import { SYNTH } from './rig.js';

const missing = spawnSync('sigrok-cli', ['--version']).error !== undefined;
// Where the tool is meant to be there, its absence is a failure, not a gap.
const skip = missing && process.env.CI === undefined ? 'sigrok-cli is not installed: the VCD is not checked against it' : false;

const SECONDS = 1.5;

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-wires-'));
after(() => rmSync(dir, { recursive: true }));

function sigrok(file: string, downsample: number, ...args: string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync('sigrok-cli', ['-i', file, '-I', `vcd:downsample=${downsample}`, ...args], { maxBuffer: 1 << 28 });
  assert.ifError(error);
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

test('a second and a half of the demo, on the wires and in the WAV', { skip }, async () => {
  const [midi, wav, vcd] = ['piece.mid', 'sound.wav', 'wires.vcd'].map((name) => join(dir, name));
  writeFileSync(midi, canonInD());
  const { result } = await runSession({ firmware: SYNTH, board: loadBoard('stm32f4-discovery'), midi, wav, vcd, seconds: SECONDS, command: '' });
  assert.ok(result.midi.notesOn > 0 && result.peak > 0.01);

  const sent = parseMidiFile(canonInD(), midi).events.flatMap(({ bytes }) => [...bytes]).slice(0, result.midi.bytesIn);
  const uart = (line: string) => ['-P', `uart:rx=${line}:baudrate=31250`];
  assert.deepEqual([...sigrok(vcd, 100, ...uart('MIDI_RX'), '-B', 'uart=rx')], sent);
  const notes = sigrok(vcd, 100, '-P', 'uart:rx=MIDI_RX:baudrate=31250,midi', '-A', 'midi').toString().match(/note on \(note = \d+/g) ?? [];
  assert.equal(notes.length, result.midi.notesOn);
  // Thru repeats them.
  assert.deepEqual([...sigrok(vcd, 100, ...uart('MIDI_TX'), '-B', 'uart=rx')], sent.slice(0, result.midi.bytesOut));

  const frames = new wavefile.WaveFile(readFileSync(wav)).getSamples(true, Int16Array) as unknown as Int16Array;
  assert.equal(frames.length, 2 * result.frames);
  const text = sigrok(vcd, 2, '-P', 'i2s:sck=I2S3_CK:ws=I2S3_WS:sd=I2S3_SD', '-A', 'i2s').toString();
  const decoded = [...text.matchAll(/(Left|Right) channel: ([0-9a-f]{8})/g)];
  // The run may end within a frame, whose left sample is then on the wire alone.
  assert.ok(decoded.length - frames.length === 0 || decoded.length - frames.length === 1, `${decoded.length} samples on the wire, ${frames.length} in the WAV`);
  frames.forEach((sample, i) => {
    const [, side, hex] = decoded[i];
    if ((side === 'Left') !== (i % 2 === 0) || (parseInt(hex, 16) << 16) >> 16 !== sample) assert.fail(`sample ${i}: ${sample} in the WAV, ${side} ${hex} on the wire`);
  });
  assert.ok(frames.some((sample) => Math.abs(sample) > 300));
});
