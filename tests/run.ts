// SPDX-License-Identifier: MIT
// Everything there is to test: host specs and scenarios under node's runner, then the as-pect specs on the emulated board.
// Ends with one line of counts. An argument limits it to files whose path contains it.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { projectTests } from '../host/testing/project-tests.js';
import { loadBoard } from '../host/boards/index.js';
import { installWhatIsMissing } from '../host/testing/needs.js';
import { packageRoot } from '../host/paths.js';
import { countsLine, runAsPectSpecs, runSpecFiles, sum } from '../host/testing/run-tests.js';

async function specFiles(): Promise<string[]> {
  const entries = await readdir(join(packageRoot, 'build', 'js'), { withFileTypes: true, recursive: true });
  return entries.filter((e) => e.isFile() && e.name.endsWith('.spec.js')).map((e) => join(e.parentPath ?? e.path, e.name)).sort();
}

const installed = installWhatIsMissing();
if (installed) console.log(`${installed}\n`);
const filter = process.argv[2] ?? '';
const wanted = (file: string) => file.includes(filter);
process.chdir(packageRoot);
const specs = (await specFiles()).filter(wanted);
const asPect = (await projectTests('.')).asPect.filter(wanted);
const counts = sum(
  specs.length > 0 ? await runSpecFiles(specs) : { passed: 0, failed: 0, skipped: 0 },
  await runAsPectSpecs(asPect, loadBoard('stm32f4-discovery')),
);
console.log(`\n${countsLine(counts)}`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
