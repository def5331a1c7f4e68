// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { counters } from '../abi.js';
import { packageRoot } from '../paths.js';
import { exampleRunResult } from '../testing/example-run.js';
import { countersByKind } from './run-result.js';

const schema = JSON.parse(await readFile(join(packageRoot, 'host', 'profile', 'run-result.schema.json'), 'utf8'));
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
const validate = ajv.compile(schema);

test('a complete result satisfies the schema, after JSON and back', () => {
  const result = JSON.parse(JSON.stringify(exampleRunResult()));
  assert.ok(validate(result), ajv.errorsText(validate.errors));
});

/** Every object in a result, with its path. */
function* objectsOf(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield path;
  for (const [key, child] of Object.entries(value)) yield* objectsOf(child, [...path, key]);
}

const follow = (root: unknown, path: (string | number)[]) =>
  path.reduce((value, key) => (value as Record<string, unknown>)[key], root) as Record<string, unknown>;

test('the schema misses no field and knows no other, at any depth', () => {
  let tried = 0;
  for (const path of objectsOf(exampleRunResult())) {
    if (path.length === 1 && path[0] === 'isr') continue; // its keys are the vectors that the firmware has
    for (const key of Object.keys(follow(exampleRunResult(), path))) {
      const copy: unknown = structuredClone(exampleRunResult());
      delete follow(copy, path)[key];
      assert.ok(!validate(copy), `${[...path, key].join('.')} may be missing`);
      tried++;
    }
    const copy: unknown = structuredClone(exampleRunResult());
    follow(copy, path).surplus = 1;
    assert.ok(!validate(copy), `${path.join('.')} may have a surplus field`);
  }
  assert.ok(tried > 80);
});

test('values out of range are refused', () => {
  for (const change of [{ seconds: -1 }, { frames: 1.5 }, { audioSha256: 'x' }, { cpu: 'z80' }, { peak: 1.1 }, { lateBlocks: null }]) {
    assert.ok(!validate({ ...exampleRunResult(), ...change }), JSON.stringify(change));
  }
});

test('counter words are sorted by the ABI table, each under its own name', () => {
  const names = Object.keys(counters);
  const { losses, gauges } = countersByKind(Int32Array.from(names, (_, i) => i));
  assert.equal(losses.uartOverrun, 0);
  assert.equal(losses.lateBlocks, names.indexOf('lateBlocks'));
  assert.equal(gauges.maxVoices, names.indexOf('maxVoices'));
  assert.equal(Object.keys(losses).length + Object.keys(gauges).length, names.length);
  assert.equal(countersByKind(Int32Array.from(names, () => -1)).losses.uartFraming, 0xffff_ffff);
  assert.throws(() => countersByKind([1, 2]), RangeError);
});
