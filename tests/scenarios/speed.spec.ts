// SPDX-License-Identifier: MIT
// The same MIDI gives the same sound at any speed of the core and with any engine, and the same run gives the same numbers on any computer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { test } from 'node:test';
import { EmulatedBoard, loadBoard, resultOf, type EmulationOptions, type RunResult } from '../../host/index.js';
import { parseMidiFile, type MidiFile } from '../../host/devices/midi-file.js';
import { prepareCpu } from '../../host/emulator/create-cpu.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { perform } from '../../host/emulator/session.js';
import { withoutCompiler } from '../../host/testing/c-compiler.js';
import { canonInD } from '../../music/canon-in-d.js';
import { SYNTH } from './rig.js';

const BOARD = 'stm32f4-discovery';
const SECONDS = 3;
/** The set-up of the shipped piece, then some bars of its middle. */
const FROM_SECONDS = 20;
const SET_UP_SECONDS = 0.7;
const whole = parseMidiFile(canonInD(), 'canon-in-d.mid');
const piece: MidiFile = {
  ...whole,
  events: whole.events
    .filter(({ seconds }) => seconds < SET_UP_SECONDS || seconds > FROM_SECONDS)
    .map((event) => (event.seconds < SET_UP_SECONDS ? event : { ...event, seconds: event.seconds - FROM_SECONDS + SET_UP_SECONDS })),
};

async function play(options: EmulationOptions): Promise<RunResult> {
  await prepareCpu(options);
  const board = new EmulatedBoard(loadBoard(BOARD), await firmwareFor(SYNTH, BOARD), options);
  perform(board, SECONDS, piece);
  const result = resultOf(board, 'canon');
  assert.ok(result.midi.notesOn > 20 && result.peak > 0.05, 'there is something to compare');
  assert.equal(result.lateBlocks, 0);
  assert.equal(result.losses.lateEvents, 0);
  return result;
}

const others: readonly (readonly [what: string, options: EmulationOptions])[] = [
  ['a core twice as fast', { overclock: 2 }], ['a core of four times the speed', { overclock: 4 }], ['a core of an odd speed', { overclock: 1.37 }],
  ['the interpreter\'s costs', { engine: 'wasm3', overclock: 40 }],
  ['CPU wasm3', { cpu: 'wasm3', wasm3: 'tuned', overclock: 40 }], ['CPU wasm3 as it comes', { cpu: 'wasm3', wasm3: 'reference', overclock: 40 }],
];
let reference: Promise<RunResult> | undefined;

for (const [what, options] of others) {
  test(`aligned MIDI sounds the same, bit for bit, with ${what}`, { skip: options.cpu === 'wasm3' && withoutCompiler }, async () => {
    const usual = await (reference ??= play({ midiAlign: true }));
    assert.equal(usual.frames, Math.floor(SECONDS * 86_000_000 / 1792));
    const { audioSha256, frames, cyclesPerFrame } = await play({ midiAlign: true, ...options });
    assert.equal(audioSha256, usual.audioSha256);
    assert.equal(frames, usual.frames);
    // It was another speed.
    assert.notEqual(cyclesPerFrame.mean, usual.cyclesPerFrame.mean);
  });
}

test('a run with the same seed gives the same numbers, on a busy computer too; another seed moves the bytes', async () => {
  const first = await play({ seed: 5 });
  assert.deepEqual(await play({ seed: 5 }), first);

  const busy = cpus().map(() => spawn(process.execPath, ['-e', 'for (;;) {}']));
  try {
    assert.deepEqual(await play({ seed: 5 }), first);
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }

  const other = await play({ seed: 6 });
  assert.equal(other.midi.bytesIn, first.midi.bytesIn);
  assert.notDeepEqual(other.midiToAudio, first.midiToAudio);
});
