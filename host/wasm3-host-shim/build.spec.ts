// SPDX-License-Identifier: MIT
// The addon is built once, whoever asks, and whoever lacks a compiler is told.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withoutCompiler as skip } from '../testing/c-compiler.js';
import { ToolMissing } from '../tools/tools.js';
import { buildInto } from './build.js';

let cache: string;
before(async () => { cache = await mkdtemp(join(tmpdir(), 'tonewheel-')); });
after(() => rm(cache, { recursive: true }));

/** Changes variables of the environment while `use` runs. */
async function withEnvironment<T>(variables: Record<string, string>, use: () => Promise<T>): Promise<T> {
  const kept = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await use();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}

test('two that build at the same time get one addon, nothing half made is left, and the next one takes it as it is', { skip }, async () => {
  // What a build that was killed two hours ago has left.
  const abandoned = join(cache, 'building-abc');
  await mkdir(abandoned);
  const then = new Date(Date.now() - 7_200_000);
  await utimes(abandoned, then, then);
  const [first, second] = await Promise.all([buildInto(cache, 'reference'), buildInto(cache, 'reference')]);
  assert.equal(first, second);
  assert.equal((await readdir(cache)).length, 1);
  const { mtimeMs } = await stat(first);
  assert.equal(await buildInto(cache, 'reference'), first);
  assert.equal((await stat(first)).mtimeMs, mtimeMs);
});

test('without a compiler the message is one line that says how to get one', async () => {
  await assert.rejects(withEnvironment({ CC: '', PATH: '' }, () => buildInto(cache, 'reference')), (error) => {
    assert.ok(error instanceof ToolMissing);
    assert.match(error.message, /^C compiler is not installed: [^\n]+$/);
    return true;
  });
});

test('a compiler that is not there, or that fails, is named and quoted, and leaves nothing behind', async () => {
  const before = await readdir(cache);
  const buildWith = (CC: string) => withEnvironment({ CC }, () => buildInto(cache, 'reference'));
  await assert.rejects(buildWith('/nowhere/cc'), /^Error: the C compiler "\/nowhere\/cc" cannot be run: .*ENOENT/);
  // It has a version, and compiles nothing.
  await assert.rejects(buildWith(process.execPath), /cannot build wasm3 for this computer:\n.*bad option/s);
  assert.deepEqual(await readdir(cache), before);
});
