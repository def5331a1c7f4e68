// SPDX-License-Identifier: MIT
// How good the costs of instructions are, in words that follow their source.

import { number } from './format.js';
import type { CostError } from './profile-result.js';

/** Begins with a semicolon; empty where nothing was measured. */
export function costErrorText(error: CostError | null): string {
  if (error === null || error.handlerPercent === null || error.blockPercent === null) return '';
  return `; error ${number(error.handlerPercent, 1)} % for a handler, ${number(error.blockPercent, 1)} % for a block, on ${error.validatedOn.join(', ')}`;
}
