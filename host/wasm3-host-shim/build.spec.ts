// SPDX-License-Identifier: MIT
// The addon is built once, whoever asks, and whoever lacks a compiler is told.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildInto, NoCompiler } from './build.js';

let cache: string;
const { CC } = process.env;
before(async () => { cache = await mkdtemp(join(tmpdir(), 'tonewheel-')); });
after(() => rm(cache, { recursive: true }));

const withCompiler = async <T>(command: string, use: () => Promise<T>): Promise<T> => {
  process.env.CC = command;
  try {
    return await use();
  } finally {
    if (CC === undefined) delete process.env.CC;
    else process.env.CC = CC;
  }
};

test('two that build at the same time get one addon, nothing half made is left, and the next one takes it as it is', async () => {
  const [first, second] = await Promise.all([buildInto(cache, 'reference'), buildInto(cache, 'reference')]);
  assert.equal(first, second);
  assert.equal((await readdir(cache)).length, 1);
  const { mtimeMs } = await stat(first);
  assert.equal(await buildInto(cache, 'reference'), first);
  assert.equal((await stat(first)).mtimeMs, mtimeMs);
});

test('without a compiler the message says what for, and how to get one', async () => {
  await assert.rejects(withCompiler('/nowhere/cc', () => buildInto(cache, 'reference')), (error) => {
    assert.ok(error instanceof NoCompiler);
    assert.match(error.message, /^--cpu wasm3 needs a C compiler, and \/nowhere\/cc cannot be run\. Install one: (apt-get install gcc libc6-dev|xcode-select --install)$/);
    return true;
  });
});

test('a compiler that fails is quoted, and leaves nothing behind', async () => {
  const before = await readdir(cache);
  // It has a version, and compiles nothing.
  await assert.rejects(withCompiler(process.execPath, () => buildInto(cache, 'reference')), /cannot build wasm3 for this computer:\n.*bad option/s);
  assert.deepEqual(await readdir(cache), before);
});
