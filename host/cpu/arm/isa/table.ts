// SPDX-License-Identifier: MIT
// The whole instruction table of the ARMv7E-M.

import { branches } from './branches.js';
import { dataProcessing } from './data-processing.js';
import { dsp } from './dsp.js';
import { floatingPointRows } from './floating-point.js';
import { loadStore } from './load-store.js';
import { multiply } from './multiply.js';
import type { Row } from './row.js';
import { shifts } from './shifts.js';
import { system } from './system.js';

/** All rows. Where two match, the one that stands first is asked first; at least one of them has a `when`. */
export const TABLE: readonly Row[] = [
  ...dataProcessing, ...shifts, ...multiply, ...dsp, ...loadStore, ...branches, ...system, ...floatingPointRows,
];
