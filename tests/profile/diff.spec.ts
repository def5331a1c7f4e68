// SPDX-License-Identifier: MIT
// That a slower oscillator is caught by `profile --diff`, and pointed at by line; and that what cannot be compared is refused.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { before, describe, it } from 'node:test';
import { packageRoot } from '../../host/paths.js';
import { incomparable } from '../../host/profile/profile-diff.js';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { canonInD } from '../../music/canon-in-d.js';
import { BOARD, SILENT, Workplace } from '../cli/cli.js';

const assembly = join(packageRoot, 'assembly');
const OSCILLATORS = 'audio/oscillators.ts';
const COPIED = ['firmware/synth.ts', ...readdirSync(join(assembly, 'firmware', 'synth')).map((name) => `firmware/synth/${name}`), OSCILLATORS];

const place = new Workplace();
place.write('package.json', '{}');
place.write('canon.mid', canonInD());
place.write('silent.ts', SILENT);

/** The synth in a project of its own, with its oscillators; all else is the library's. */
function writeFirmware(change: (file: string, text: string) => string): void {
  for (const file of COPIED) {
    const text = readFileSync(join(assembly, file), 'utf8').replace(/from "(\.[^"]*)"/g, (whole, relative: string) => {
      const target = posix.join(posix.dirname(file), relative);
      return COPIED.includes(`${target}.ts`) ? whole : `from "tonewheel/assembly/${target}"`;
    });
    mkdirSync(dirname(place.path(file)), { recursive: true });
    writeFileSync(place.path(file), change(file, text));
  }
}

const run = (...args: string[]) => place.run('profile', 'firmware/synth.ts', ...BOARD, '--midi', 'canon.mid', '--seconds', '2', ...args);
const lineOf = (file: string, text: string): number => readFileSync(place.path(file), 'utf8').split('\n').findIndex((line) => line.includes(text)) + 1;
const FIRST = 'out, <f32>(<i32>phase) * scale';

describe('profile --diff', () => {
  before(async () => {
    writeFirmware((_, text) => text);
    const { code, stderr } = await run('--report', 'old');
    assert.equal(code, 0, stderr);
  });

  it('finds nothing where nothing changed but comments', async () => {
    writeFirmware((file, text) => (file === OSCILLATORS ? `// A line more.\n${text}` : text));
    const { code, stdout, stderr } = await run('--diff', 'old/profile.json', '--threshold', '0.001');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /✓ Nothing is more than 0\.001 % slower than in old\/profile\.json\./);
  });

  it('catches an oscillator that became a fifth slower, though a block did not, and names the line', async () => {
    // The same samples, to the bit: halving and doubling change no mantissa. The first sample of four costs seven operations more.
    writeFirmware((file, text) => (file === OSCILLATORS ? `// A line more.\n${text.replace(FIRST, '$& * 0.5 * 0.5 * 0.5 * 0.5 * 0.5 * 0.5 * 64.0')}` : text));
    const { code, stdout, stderr } = await run('--diff', 'old/profile.json');
    assert.equal(code, 1, stdout + stderr);
    const line = lineOf(OSCILLATORS, FIRST);
    assert.match(stdout, new RegExp(`function saw: \\+\\d+\\.\\d % .*audio/oscillators\\.ts:\\d+\\n {4}audio/oscillators\\.ts:${line}: [\\d,]+ → [\\d,]+, changed: out, `));
    const growth = Number(/function saw: \+(\d+\.\d) %/.exec(stdout)![1]);
    assert.ok(growth > 17 && growth < 25, `${growth} %`);
    assert.match(stderr, /slower than old\/profile\.json by more than 5 %/);
    const old = JSON.parse(readFileSync(place.path('old/profile.json'), 'utf8')) as ProfileResult;
    const json = await run('--diff', 'old/profile.json', '--json');
    assert.equal(json.code, 1);
    const { diff, run: { audioSha256 } } = JSON.parse(json.stdout) as ProfileResult;
    assert.equal(audioSha256, old.run.audioSha256);
    const [first] = diff!.slower.filter(({ kind }) => kind === 'function');
    assert.deepEqual([first.name, first.file, first.lines[0].file, first.lines[0].line, first.lines[0].changed], ['saw', OSCILLATORS, OSCILLATORS, line, true]);
    assert.match(json.stderr, new RegExp(`audio/oscillators\\.ts:${line}: `));
  });

  it('lets a threshold pass that is higher', async () => {
    const { code, stdout } = await run('--diff', 'old/profile.json', '--threshold', '40');
    assert.equal(code, 0, stdout);
  });

  it('refuses what is of another run, and says in what', async () => {
    const old = JSON.parse(readFileSync(place.path('old/profile.json'), 'utf8')) as ProfileResult;
    const changed = (change: (copy: ProfileResult) => void): ProfileResult => {
      const copy = structuredClone(old);
      change(copy);
      return copy;
    };
    const board = changed((p) => { p.run.board = 'weact-blackpill-f411'; });
    const cases: [ProfileResult, RegExp][] = [
      [board, /the board was weact-blackpill-f411 there, and is stm32f4-discovery here/],
      [changed((p) => { p.run.engine = 'wasm3'; }), /the engine was wasm3 there, and is aot here/],
      [changed((p) => { p.entry = 'tone.ts'; }), /the firmware was tone\.ts there, and is firmware\/synth\.ts here/],
      [changed((p) => { p.sha256.costs = '0'.repeat(64); }), /the costs of instructions have changed since/],
      [changed((p) => { p.sha256.midi = null; }), /another MIDI file was played there/],
      [changed((p) => { p.run.seconds = 5; }), /that run lasted 5\.000 s, this one 2\.000 s/],
    ];
    for (const [other, want] of cases) assert.match(incomparable(other, old)!, want);
    assert.equal(incomparable(old, old), undefined);
    place.write('board.json', JSON.stringify(board));
    place.write('length.json', JSON.stringify(changed((p) => { p.run.seconds = 5; })));
    place.write('block.json', JSON.stringify(changed((p) => { p.run.blockFrames = 16; })));
    for (const [file, why, length] of [
      // An hour of emulated time: refused before it runs, or not at all while this test lasts.
      ['board.json', /the board was weact-blackpill-f411 there/, '3600'], ['length.json', /that run lasted 5\.000 s, this one 3600\.000 s/, '3600'],
      ['block.json', /the number of frames in a block was 16 there/, '2'],
    ] as const) {
      const { code, stdout, stderr } = await run('--diff', file, '--seconds', length, '--report', `refused-${file}`);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, new RegExp(`${file.replace('.', '\\.')} cannot be compared with: ${why.source}`));
      assert.deepEqual(readdirSync(place.path(`refused-${file}`)), []);
    }
  });

  it('refuses what is no profile, before anything runs', async () => {
    const old = JSON.parse(readFileSync(place.path('old/profile.json'), 'utf8')) as Record<string, unknown>;
    place.write('cut.json', JSON.stringify(old).slice(0, 1000));
    place.write('run.json', JSON.stringify(old.run));
    place.write('version.json', JSON.stringify({ ...old, format: 1 }));
    place.write('damaged.json', JSON.stringify({ ...old, lines: [{ file: 1 }] }));
    const cases: [string, RegExp][] = [
      ['nothing.json', /old profile nothing\.json: there is no such file\. Give the profile\.json/],
      ['old', /old profile old: it is a directory/],
      ['cut.json', /old profile cut\.json is not JSON: /],
      ['run.json', /old profile run\.json: it is no profile/],
      ['version.json', /old profile version\.json: it has format 1, and this version of tonewheel reads format 2\. Make it again/],
      ['damaged.json', /old profile damaged\.json is damaged: profile\/lines\/0/],
    ];
    for (const [file, want] of cases) {
      const { code, stdout, stderr } = await place.run('profile', 'silent.ts', ...BOARD, '--diff', file);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, want);
    }
  });
});
