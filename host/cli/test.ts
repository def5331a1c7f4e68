// SPDX-License-Identifier: MIT
// `tonewheel test`: the project's as-pect specs and scenarios, on the emulated board.

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { boardNamed } from './board.js';
import { CommandFailed, UsageError } from './failures.js';

/** For the processes that node's runner starts: they import TypeScript, and show its lines. */
const NODE_OPTIONS = `--enable-source-maps --import ${new URL('../testing/typescript.js', import.meta.url).href}`;

export function testCommand(): Command {
  return new Command('test')
    .description("run the project's as-pect specs and scenarios on the emulated board")
    .argument('[paths...]', 'files or directories to look for tests in (default: the whole project)')
    .option('--board <board>', 'board that as-pect specs run on: a name from "tonewheel boards", or a board\'s JSON file', 'stm32f4-discovery')
    .addHelpText('after', `
The project is the present directory. Its tests are
  scenarios      *.spec.ts and *.test.ts, anywhere: TypeScript for node's test
                 runner, which imports "tonewheel"
  as-pect specs  what as-pect.config.js has under "entries"; without one
                 tests/as-pect/**/*.as.ts and assembly/__tests__/**/*.spec.ts
`)
    .action(async (paths: string[], options: { board: string }) => {
      const board = boardNamed(options.board);
      const missing = paths.find((path) => !existsSync(path));
      if (missing !== undefined) throw new UsageError(`${missing}: there is no such file or directory. Name a test file, or a directory with some.`);
      // as-pect and the compiler are large: the other commands start without them.
      const [{ projectTests }, { countsLine, runAsPectSpecs, runSpecFiles, sum }] = await Promise.all([import('../testing/project-tests.js'), import('../testing/run-tests.js')]);
      const { asPect, scenarios } = await projectTests('.', paths);
      if (asPect.length + scenarios.length === 0) {
        throw new UsageError(`there is no test in ${paths.length > 0 ? paths.join(', ') : 'this directory'}. "tonewheel test --help" says what is taken for one.`);
      }
      process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, NODE_OPTIONS].filter(Boolean).join(' ');
      const none = { passed: 0, failed: 0, skipped: 0 };
      const counts = sum(scenarios.length > 0 ? await runSpecFiles(scenarios) : none, await runAsPectSpecs(asPect, board));
      console.log(`\n${countsLine(counts)}`);
      if (counts.failed > 0) throw new CommandFailed(counts.failed === 1 ? 'a test failed.' : `${counts.failed} tests failed.`);
    });
}
