// SPDX-License-Identifier: MIT
// Runs as-pect in this process, with what it needs around it. Usage: node run.js, from the directory of as-pect.config.js.

import { writeAbiDeclarations } from '../build/abi.js';
import { writeBoardModule } from '../build/board-module.js';
import { board } from './transform.js';

// Without these, an error that nobody catches prints the whole of the compiler's minified source in front of its message.
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => {
    console.error(error instanceof Error ? error.stack : error);
    process.exit(1);
  });
}

// as-pect reads sources from disk only.
await writeAbiDeclarations();
await writeBoardModule(board);
const { asp } = (await import('@as-pect/cli/lib/index.js' as string)) as { asp: (argv: readonly string[]) => Promise<void> };
await asp([process.argv[0], 'asp', '--no-logo', '--summary']);
