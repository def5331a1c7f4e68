// SPDX-License-Identifier: MIT
// All programs to which costs are fitted, and what kind of code each has.

import type { Kind } from '../tables.js';
import { dispatchProgram, nativeProgram } from './crossings.js';
import { kernelPrograms } from './kernels.js';
import { libraryPrograms } from './library.js';
import { loopPrograms } from './loops.js';
import { mixtureProgram } from './mixtures.js';
import type { Program } from './program.js';
import { randomPrograms } from './random.js';

/** Of `mixtureProgram`; those of other seeds are for what tries the costs out. */
export const MIXTURES = 16;

/** In the order in which they are fitted; the same ones every time. */
export const programs = (): { program: Program; kind: Kind }[] => [
  ...loopPrograms().map((program) => ({ program, kind: (program.name.startsWith('imports') ? 'import' : 'loop') as Kind })),
  ...libraryPrograms().map((program) => ({ program, kind: 'library' as const })),
  ...kernelPrograms().map((program) => ({ program, kind: 'library' as const })),
  ...randomPrograms().map((program) => ({ program, kind: 'random' as const })),
  ...Array.from({ length: MIXTURES }, (_, seed) => ({ program: mixtureProgram(seed), kind: 'mixture' as const })),
];

/** One of `programs`, or mixtures of any seed. @throws Error when there is none */
export function programNamed(name: string): Program {
  const mixture = /^mixtures-(\d+)$/.exec(name);
  if (mixture) return mixtureProgram(Number(mixture[1]));
  const found = [dispatchProgram, nativeProgram, ...programs().map(({ program }) => program)].find((program) => program.name === name);
  if (!found) throw new Error(`there is no calibration program ${name}`);
  return found;
}
