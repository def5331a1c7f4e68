// SPDX-License-Identifier: MIT
// Who asks for JSON gets JSON, also when there is no result: one object on standard output, by the published schema, and the same words on standard error.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import type { JsonError } from '../../host/cli/json-error.js';
import { packageRoot } from '../../host/paths.js';
import { BOARD, SILENT, Workplace } from './cli.js';

const place = new Workplace();
place.write('ok.ts', SILENT);
place.write('notes.txt', 'some notes\n');
place.write('broken.ts', 'export function init(): void { return 3 + ; }\n');
place.write('broken.json', '{ "inherits": ');
mkdirSync(place.path('songs'));
mkdirSync(place.path('other'));
place.write('other/ok.ts', SILENT);
place.write('other/tonewheel.json', '{ "budgets": { "handlers": { "TIM2": "10 parsecs" } } }');

const schema = JSON.parse(readFileSync(join(packageRoot, 'host', 'cli', 'json-error.schema.json'), 'utf8'));
const validate = new Ajv({ allErrors: true }).compile<unknown>(schema);

const cases: readonly (readonly [name: string, args: readonly string[], code: number, kind: string, wants: RegExp])[] = [
  ['a missing file', ['check', 'nope.ts', ...BOARD], 2, 'misuse', /firmware nope\.ts: there is no such file/],
  ['a directory', ['check', 'songs', ...BOARD], 2, 'misuse', /it is a directory/],
  ['another file', ['check', 'notes.txt', ...BOARD], 2, 'misuse', /it is no TypeScript file/],
  ['an unknown board', ['check', 'ok.ts', '--board', 'toaster'], 2, 'misuse', /there is no board "toaster"/],
  ['no board', ['check', 'ok.ts'], 2, 'misuse', /^required option '--board <board>' not specified/],
  ['an unknown engine', ['check', 'ok.ts', ...BOARD, '--engine', 'v8'], 2, 'misuse', /'v8' is invalid\. Allowed choices are/],
  ['a broken board file', ['check', 'ok.ts', '--board', './broken.json'], 2, 'misuse', /broken\.json/],
  ['a broken budget file', ['check', 'other/ok.ts', ...BOARD], 2, 'misuse', /tonewheel\.json, at budgets\.handlers\.TIM2: found "10 parsecs", wanted whole cycles.*"250ns"/],
  ['a firmware that build is to find', ['build', 'nope.ts', ...BOARD], 2, 'misuse', /there is no such file/],
  ['a firmware that does not compile, by build', ['build', 'broken.ts', ...BOARD], 1, 'failed', /broken\.ts does not compile/],
  ['a firmware that does not compile, by run', ['run', 'broken.ts', ...BOARD], 1, 'failed', /broken\.ts does not compile/],
  ['a firmware that does not compile, by profile', ['profile', 'broken.ts', ...BOARD], 1, 'failed', /broken\.ts does not compile/],
  ['a MIDI file that is none', ['run', 'ok.ts', ...BOARD, '--midi', 'notes.txt'], 1, 'failed', /./],
  ['an ELF that is not there', ['emulate', ...BOARD, '--elf', 'nope.elf'], 2, 'misuse', /there is no such file/],
  ['a firmware that flash is to find', ['flash', 'nope.ts', ...BOARD], 2, 'misuse', /there is no such file/],
  ['an unknown option', ['boards', '--jsn'], 2, 'misuse', /unknown option '--jsn'/],
];

describe('an error with --json', { concurrency: 2 }, () => {
  for (const [name, args, code, kind, wants] of cases) {
    it(`is an object for ${name}`, async () => {
      const outcome = await place.run(...args, '--json');
      assert.equal(outcome.code, code, outcome.stderr);
      const answer = JSON.parse(outcome.stdout) as JsonError;
      assert.ok(validate(answer), JSON.stringify(validate.errors));
      assert.equal(answer.error.kind, kind);
      assert.equal(answer.error.exitCode, code);
      assert.match(answer.error.message, wants);
      assert.match(outcome.stderr, /./);
      assert.doesNotMatch(outcome.stdout + outcome.stderr, /file:\/\/|node:internal|\n\s+at /);
    });
  }

  it('is not printed behind a result', async () => {
    const outcome = await place.run('check', 'broken.ts', ...BOARD, '--json');
    assert.equal(outcome.code, 1);
    assert.equal(JSON.parse(outcome.stdout).findings[0].kind, 'does not compile');
  });

  it('is no object for whoever asks for the help, or for words', async () => {
    assert.match((await place.run('check', '--help', '--json')).stdout, /^Usage: /);
    const { stdout, code } = await place.run('check', 'nope.ts', ...BOARD);
    assert.deepEqual([code, stdout], [2, '']);
  });
});
