// SPDX-License-Identifier: MIT
// What `npm pack` puts into the package: all that a project's commands, firmware and tests need, and nothing of our own tests.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../host/paths.js';

test('a packed package is whole, and leaves out what only its authors need', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as [{ files: { path: string }[] }];
  const paths = new Set(files.map(({ path }) => path));
  const { bin, exports } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { bin: { tonewheel: string }; exports: { '.': { types: string; default: string } } };
  const wanted = [
    bin.tonewheel, exports['.'].types, exports['.'].default, 'build/js/host/cli/main.js', 'build/js/music/canon-in-d.js', 'build/schemas/boards.js', 'build/compiler/assemblyscript.js', 'build/compiler/binaryen.wasm',
    'host/transpile.mjs', 'assembly/drivers/stm32/uart.ts', 'assembly/shim/counters.ts', 'boards/stm32f4-discovery.json', 'boards/shim/shim.c', 'linker/cortex-m.ld', 'asconfig.json', 'README.md',
    'host/check/check-result.schema.json', 'host/profile/profile-result.schema.json', 'host/cli/json-error.schema.json',
  ];
  for (const path of wanted) assert.ok(paths.has(path.replace(/^\.\//, '')), `${path} is not in the package`);
  for (const path of paths) assert.doesNotMatch(path, /^tests\/|\.spec\.|^build\/js\/tests\/|^build\/cache\/|\.code$/);
});
