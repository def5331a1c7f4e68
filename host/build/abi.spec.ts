// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { abi, counters, COUNTERS_OFFSET, RECENT_MIDI_OFFSET } from '../abi.js';
import { packageRoot } from '../paths.js';
import { abiSource, memoryBase } from './abi.js';

test('counters and recent MIDI bytes end below the address at which modules begin their own data', () => {
  assert.equal(RECENT_MIDI_OFFSET, COUNTERS_OFFSET + 4 * Object.keys(counters).length);
  assert.equal(memoryBase, RECENT_MIDI_OFFSET + 4 + 16);
  for (const file of ['asconfig.json', 'as-pect.asconfig.json']) {
    assert.ok(JSON.parse(readFileSync(join(packageRoot, file), 'utf8')).options.memoryBase >= memoryBase, file);
  }
});

test('the declarations hold every function of the table once, with its types, but for abort, which the compiler declares', () => {
  const source = abiSource();
  for (const [name, { parameters, result }] of Object.entries(abi)) {
    const signature = `export declare function ${name}(${parameters.map(([p, type]) => `${p}: ${type}`).join(', ')}): ${result};`;
    assert.equal(source.split(signature).length - 1, name === 'abort' ? 0 : 1, name);
  }
  Object.keys(counters).forEach((name, i) => assert.ok(source.includes(`  ${name} = ${i},`), name));
});
