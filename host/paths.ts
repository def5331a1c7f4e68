// SPDX-License-Identifier: MIT
// Where the package's own files are, whichever directory the user stands in.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the package. This file runs from build/js/host. */
export const packageRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const assemblyDir = join(packageRoot, 'assembly');
export const boardsDir = join(packageRoot, 'boards');
