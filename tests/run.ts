// SPDX-License-Identifier: MIT
// Everything there is to test: host specs and scenarios under node's runner, then the as-pect specs on the emulated board.
// Ends with one line of counts. An argument limits it to files whose path contains it.

import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { stripVTControlCharacters } from 'node:util';
import { packageRoot } from '../host/paths.js';

const filter = process.argv[2];
const counts = { passed: 0, failed: 0 };

async function specFiles(): Promise<string[]> {
  const entries = await readdir(join(packageRoot, 'build', 'js'), { withFileTypes: true, recursive: true });
  return entries.filter((e) => e.isFile() && e.name.endsWith('.spec.js')).map((e) => join(e.parentPath ?? e.path, e.name)).sort();
}

async function runSpecs(): Promise<void> {
  const files = (await specFiles()).filter((f) => !filter || f.includes(filter));
  const stream = run({ files, concurrency: 2 });
  // A file counts as a test of its own when it fails to load; files and suites that contain tests are not counted again.
  const leaf = (event: { details: { type?: string }; file?: string; name: string; nesting: number }) => event.details.type !== 'suite';
  stream.on('test:pass', (event) => { if (leaf(event) && !event.skip) counts.passed++; });
  stream.on('test:fail', (event) => { if (leaf(event)) counts.failed++; });
  const report = stream.compose(new spec());
  report.pipe(process.stdout);
  await new Promise((resolve) => report.on('end', resolve));
}

/** as-pect prints "[Tests]: 3 / 4" in its summary and exits with 1 when one fails. */
async function runAsPect(): Promise<void> {
  const child = spawn(process.execPath, ['--enable-source-maps', join(packageRoot, 'build', 'js', 'host', 'as-pect', 'run.js')], { cwd: packageRoot });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
      process.stdout.write(chunk);
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const tests = /\[Tests\]: (\d+) \/ (\d+)/.exec(stripVTControlCharacters(output));
  const [passed, total] = tests ? [Number(tests[1]), Number(tests[2])] : [0, 0];
  counts.passed += passed;
  counts.failed += Math.max(total - passed, code === 0 && total > 0 ? 0 : 1);
}

await runSpecs();
if (!filter || 'as-pect'.includes(filter)) await runAsPect();
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
