// SPDX-License-Identifier: MIT
// The compiler turns an unsigned 64-bit widening of a load<i32> into a signed one when it optimises. 64-bit arithmetic in assembly/ therefore loads
// halves with load<u32>.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { assemblyDir } from '../../host/paths.js';
import { instantiateAssembly } from '../../host/testing/assembly.js';

test('halves loaded with load<u32> make the right word, whatever their signs', async () => {
  const fixture = await instantiateAssembly('tests/build/wide-loads.as.ts');
  for (const [low, high] of [[0, 0], [1, 2], [0x80000000, 5], [0xffffffff, 0x7fffffff], [0xfffffffe, 0xffffffff]]) {
    fixture.put(low, high);
    assert.equal(fixture.unsignedLoad(), high | 0);
  }
});

test('the compiler still gets the other spelling wrong', async () => {
  // When this fails the compiler has been mended: remove this test, the next one, and the remark above.
  const fixture = await instantiateAssembly('tests/build/wide-loads.as.ts');
  fixture.put(0x80000000, 5);
  assert.equal(fixture.signedLoad(), -1, 'wanted 5');
});

test('nobody in assembly/ widens a load<i32> as unsigned', async () => {
  const files = (await readdir(assemblyDir, { recursive: true })).filter((f) => f.endsWith('.ts'));
  for (const file of files) {
    const text = await readFile(join(assemblyDir, file), 'utf8');
    assert.doesNotMatch(text, /<[iu]64>\s*\(*\s*(?:<u64>)?\s*\(*\s*<u32>\s*\(*\s*load<i32>/, file);
  }
});
