// SPDX-License-Identifier: MIT
// The demo synth with as many voices as check says that fit, as its user would set them: these pass, one more is late.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import type { CheckResult } from '../../host/check/check-result.js';
import { packageRoot } from '../../host/paths.js';
import { BOARD, Workplace } from '../cli/cli.js';

const place = new Workplace({ PATH: '' });
const sources = join(packageRoot, 'assembly', 'firmware');

/** The demo as a project of its own: what it takes from the library comes from the package. */
function copyDemo(): void {
  mkdirSync(place.path('synth'));
  cpSync(join(sources, 'synth.ts'), place.path('synth.ts'));
  for (const name of readdirSync(join(sources, 'synth'))) cpSync(join(sources, 'synth', name), place.path(join('synth', name)));
  for (const name of ['synth.ts', ...readdirSync(place.path('synth')).map((file) => join('synth', file))]) {
    const source = readFileSync(place.path(name), 'utf8');
    writeFileSync(place.path(name), source.replaceAll(/from "(?:\.\.\/)+(?=audio|drivers|midi|shim|voice\/)/g, 'from "tonewheel/assembly/'));
  }
}

async function checked(voices: number): Promise<{ code: number; result: CheckResult }> {
  const config = readFileSync(place.path('synth/config.ts'), 'utf8');
  const line = /^export const VOICE_COUNT: i32 = \d+;$/m;
  assert.match(config, line);
  place.write('synth/config.ts', config.replace(line, `export const VOICE_COUNT: i32 = ${voices};`));
  const { code, stdout, stderr } = await place.run('check', 'synth.ts', ...BOARD, '--engine', 'aot', '--json');
  assert.ok(stdout.startsWith('{'), stdout + stderr);
  return { code, result: JSON.parse(stdout) };
}

const renderer = ({ handlers }: CheckResult) => handlers.find(({ vector }) => vector === 'PendSV')!;

it('fits as many voices as check says of the demo as it ships, and no more', async () => {
  copyDemo();
  const shipped = await checked(16);
  assert.equal(shipped.code, 1);
  const fits = shipped.result.voices!.engines.find(({ engine }) => engine === 'aot')!.fits!;
  const { advice } = shipped.result.findings.find(({ kind, subject }) => kind === 'overload' && subject === 'PendSV')!;
  assert.match(advice, new RegExp(`VOICE_COUNT = ${fits} in synth/config\\.ts:\\d+ fits`));
  assert.ok(fits >= 1, `${fits} voices fit`);
  const [most, tooMany] = [await checked(fits), await checked(fits + 1)];
  assert.equal(renderer(most.result).verdict, 'meets', `${fits} voices`);
  assert.deepEqual([most.code, most.result.passed, most.result.findings.filter(({ severity }) => severity === 'error')], [0, true, []]);
  assert.equal(renderer(tooMany.result).verdict, 'late', `${fits + 1} voices`);
  assert.deepEqual([tooMany.code, tooMany.result.passed], [1, false]);
});
