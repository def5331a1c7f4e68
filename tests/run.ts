// SPDX-License-Identifier: MIT
// Everything there is to test: host specs and scenarios under node's runner, then the as-pect specs. Ends with one line of counts.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { packageRoot } from '../host/paths.js';

async function specFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries.filter((e) => e.isFile() && e.name.endsWith('.spec.js')).map((e) => join(e.parentPath ?? e.path, e.name)).sort();
}

const filter = process.argv[2];
const files = (await specFiles(join(packageRoot, 'build', 'js'))).filter((f) => !filter || f.includes(filter));
const counts = { passed: 0, failed: 0 };
const stream = run({ files, concurrency: 2 });
stream.on('test:pass', (event) => event.details.type !== 'suite' && counts.passed++);
stream.on('test:fail', (event) => event.details.type !== 'suite' && counts.failed++);
const report = stream.compose(new spec());
report.pipe(process.stdout);
await new Promise((resolve) => report.on('end', resolve));
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
