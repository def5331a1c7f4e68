// SPDX-License-Identifier: MIT
// Lockstep runs one after the other: first of all rows alike, then of those that have not been seen in every way.

import { TABLE } from '../../../../host/cpu/arm/isa/table.js';
import type { Row } from '../../../../host/cpu/arm/isa/row.js';
import { lockstep, type Difference } from './compare.js';
import { Coverage, NOT_COMPARED } from './coverage.js';
import { Generator, type Program } from './generate.js';

export const COMPARED: readonly Row[] = TABLE.filter(({ name }) => !NOT_COMPARED.some(({ rows }) => rows.test(name)));

/** Instructions that a program may take; generated ones take far fewer. */
const MOST_INSTRUCTIONS = 1_000_000;

/** How often a program executes each of its rows at most: enough for what is seen seldom. */
const MOST_ROUNDS = 150;

/**
 * A program that executes the given rows again and again, with loops and exceptions between.
 * @param wanted the rows; those of the rest of the table may come between them
 */
export function generate(seed: number, wanted: readonly Row[] = COMPARED): Program {
  const generator = new Generator(seed, COMPARED);
  const { random } = generator;
  for (let round = 0; round < MOST_ROUNDS && !generator.full; round++) {
    for (const row of wanted) {
      if (generator.full) break;
      if (!generator.unit(row)) throw new Error(`nothing could be generated for ${row.name}`);
      if (random.chance(0.05)) generator.loop();
      if (random.chance(0.05)) generator.exception();
    }
  }
  return generator.finish();
}

export interface CampaignResult {
  readonly coverage: Coverage;
  readonly instructions: number;
  readonly programs: number;
  readonly differences: readonly Difference[];
  /** Programs that did not come to their end, by seed. */
  readonly lost: readonly number[];
}

/** @param rounds programs of all rows @param more at most so many further ones, for what is not covered */
export async function campaign(seed: number, rounds: number, more: number, progress: (text: string) => void = () => {}): Promise<CampaignResult> {
  const coverage = new Coverage();
  const differences: Difference[] = [];
  const lost: number[] = [];
  let instructions = 0;
  let programs = 0;
  for (let wanted: readonly Row[] = COMPARED; programs < rounds + more && wanted.length > 0; wanted = programs < rounds ? COMPARED : coverage.lacking) {
    const program = generate(seed + programs, wanted);
    const result = await lockstep(program.image, program.end, MOST_INSTRUCTIONS, (instruction, _, after, passed) => coverage.note(instruction, after, passed));
    if (!result.ended) lost.push(seed + programs);
    instructions += result.instructions;
    differences.push(...result.differences);
    programs++;
    progress(`program ${seed + programs - 1}: ${wanted.length} rows, ${result.instructions} instructions, ${result.differences.length} differences`);
  }
  return { coverage, instructions, programs, differences, lost };
}
