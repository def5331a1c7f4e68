// SPDX-License-Identifier: MIT
// What ahead-of-time compilation costs over C by hand, in executed instructions, which repeat exactly; and that all sound the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countInstructions, missingTools } from './aot.js';

const missing = process.env.CI ? [] : missingTools();
const skip = missing.length > 0 && `${missing.join(', ')} not installed`;

/** Most that saw, filter, mix and all three may take of native C's instructions. Better code? Lower them. */
const MOST: Readonly<Record<string, number>> = { saw: 1.23, filter: 1.13, mix: 1.12, voice: 1.13 };

test('translated code is close to C by hand, nearer than wasm2c\'s, and gives the same bits', { skip }, async () => {
  const { native, translated, wasm2c } = await countInstructions();
  assert.equal(translated.digest, native.digest);
  assert.equal(wasm2c.digest, native.digest);
  for (const [name, most] of Object.entries(MOST)) {
    assert.ok(translated[name] / native[name] <= most, `${name}: ${(translated[name] / native[name]).toFixed(3)} times native C, ${most} allowed`);
    assert.ok(translated[name] < wasm2c[name], `${name}: ${translated[name]} instructions, wasm2c ${wasm2c[name]}`);
  }
});
