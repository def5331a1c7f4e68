// SPDX-License-Identifier: MIT
// What a user does wrong is answered by what, where and what to do: exit code 2, one message, no stack trace, nothing written.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { BOARD, SILENT, Workplace } from './cli.js';

const place = new Workplace();
place.write('ok.ts', SILENT);
place.write('notes.txt', 'some notes\n');
place.write('long-file-name', '');
mkdirSync(place.path('songs'));
const before = place.list();

const run = (...args: string[]) => ['run', 'ok.ts', ...BOARD, '--seconds', '0.01', ...args];

const cases: readonly (readonly [name: string, args: readonly string[], wants: readonly RegExp[]])[] = [
  ['an unknown command', ['rum'], [/unknown command 'rum'/, /Did you mean run\?/, /tonewheel --help/]],
  ['an unknown subcommand', ['midi', 'play'], [/unknown command 'play'/, /tonewheel midi --help/]],
  ['an unknown option', run('--wave', 'x.wav'), [/unknown option '--wave'/, /Did you mean --wav\?/, /tonewheel run --help/]],
  ['a missing argument', ['run', ...BOARD], [/missing required argument 'firmware'/, /tonewheel run --help/]],
  ['a missing board', ['run', 'ok.ts'], [/'--board <board>' not specified/]],
  ['one argument too many', ['boards', 'extra'], [/too many arguments/, /tonewheel boards --help/]],
  ['an option without its value', run('--wav'), [/'--wav <file>' argument missing/]],
  ['a number that is none', run('--seconds', 'long'), [/'--seconds <s>' argument 'long' is invalid. Wanted a number from 0\.000001 to 100000/]],
  ['a negative time', run('--seconds', '-1'), [/Wanted a number from 0\.000001 to 100000/]],
  ['a broken seed', run('--seed', '1.5'), [/Wanted a whole number, 0 or above/]],
  ['a window that ends before it begins', run('--vcd-window', '2:1'), [/Wanted FROM:TO in seconds/]],
  ['an unknown cpu', run('--cpu', 'z80'), [/'z80' is invalid. Allowed choices are wasm, wasm3/]],
  ['an interpreter with the costs of compiled code', run('--cpu', 'wasm3', '--engine', 'aot'), [/--cpu wasm3 executes with the interpreter: leave --engine aot out/]],
  ['a build of a CPU that is not asked for', run('--wasm3', 'reference'), [/add --cpu wasm3/]],
  ['an unknown engine', run('--engine', 'x'), [/Allowed choices are aot, kernels, wasm3/]],
  ['a board that is not emulated', ['run', 'ok.ts', '--board', 'mps2-an386'], [/board mps2-an386 runs in QEMU, not in the emulator/, /stm32f4-discovery/]],
  ['an unknown board', ['run', 'ok.ts', '--board', 'stm32f5'], [/there is no board "stm32f5"/, /boards are .*stm32f4-discovery/, /tonewheel boards/]],
  ['a board file that is not there', ['run', 'ok.ts', '--board', './my.json'], [/board \.\/my\.json: there is no such file/, /stm32f4-discovery/]],
  ['a firmware that is not there', ['run', 'nope.ts', ...BOARD], [/firmware nope\.ts: there is no such file. Name the firmware's TypeScript file/]],
  ['a directory as firmware', ['run', 'songs', ...BOARD], [/firmware songs: it is a directory/]],
  ['another file as firmware', ['run', 'notes.txt', ...BOARD], [/notes\.txt: it is no TypeScript file/]],
  ['a MIDI file that is not there', run('--midi', 'nope.mid'), [/MIDI file nope\.mid: there is no such file. Check the path/]],
  ['a directory as MIDI file', run('--midi', 'songs'), [/MIDI file songs: it is a directory/]],
  ['a directory as output', run('--wav', 'songs'), [/cannot write songs: it is a directory/]],
  ['a file where a directory is wanted', run('--vcd', 'notes.txt/x.vcd'), [/cannot make the directory .*notes\.txt for notes\.txt\/x\.vcd: there is a file of that name/]],
  ['a report into a file', run('--report', 'notes.txt'), [/cannot make the directory/]],
  ['a place where nobody may write', run('--wav', '/proc/tonewheel/x.wav'), [/cannot make the directory \/proc\/tonewheel for .*: .*Name another place/]],
  ['a demo into a file', ['demo', '--out', 'notes.txt'], [/cannot make the directory/]],
  ['no tests', ['test'], [/there is no test in this directory/, /tonewheel test --help/]],
  ['tests that are not there', ['test', 'spec'], [/spec: there is no such file or directory/]],
];

describe('misuse', { concurrency: 2 }, () => {
  for (const [name, args, wants] of cases) {
    it(`${name} is answered`, async () => {
      const { code, stdout, stderr } = await place.run(...args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      for (const want of wants) assert.match(stderr, want);
      assert.doesNotMatch(stderr, /file:\/\/|node:internal|\.js:\d/);
    });
  }

  it('leaves nothing behind', () => assert.deepEqual(place.list(), before));
});
