// SPDX-License-Identifier: MIT
// The benchmarks print what scripts read. Their figures are wall-clock, so none is asserted.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../host/paths.js';

const runner = join(packageRoot, 'build', 'js', 'tests', 'bench', 'run.js');

test('--json prints an array of rows, each with a peer or a limit', () => {
  const { stdout, status, stderr } = spawnSync(process.execPath, [runner, 'metering', '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const rows = JSON.parse(stdout);
  assert.ok(rows.length > 0);
  for (const row of rows) {
    assert.deepEqual(Object.keys(row).sort(), ['name', 'peer', 'peerValue', 'ratio', 'unit', 'value']);
    assert.ok(Math.abs(row.ratio - row.value / row.peerValue) < 1e-9 * row.ratio);
  }
});

test('a benchmark that there is not is refused by name', () => {
  const { status, stderr } = spawnSync(process.execPath, [runner, 'nonsense'], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /no benchmark "nonsense"; there are demo, metering, midi-parser, audio, aot, wasm3, engines/);
});
