// SPDX-License-Identifier: MIT
// A long search for a random function that takes longer than its bound:
//
//     node host/transpile.mjs && node build/js/tests/check/search.js FIRST_SEED COUNT [loops]
//
// With `loops`, each function is a loop or two.

import { costsOf, InstructionCosts, worstCostsOf } from '../../host/cpu/wasm/costs.js';
import { boundAgainstRuns } from './bound-and-runs.js';

const [first, count] = process.argv.slice(2).map(Number);
const hasOneLoop = process.argv[4] === 'loops';
const tables = [new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } }), costsOf('cortex-m4f', 'aot'), worstCostsOf('cortex-m4f', 'aot'), worstCostsOf('cortex-m4f', 'wasm3')];

let [bounded, refused, runs, broken] = [0, 0, 0, 0];
const ratios: number[] = [];
for (let seed = first; seed < first + count; seed++) {
  const outcome = boundAgainstRuns(seed, seed % 2 === 1, tables[(seed >> 1) % tables.length], 24, hasOneLoop);
  if (outcome.bound === undefined) { refused++; continue; }
  bounded++;
  runs += outcome.runs;
  if (outcome.worst > 0 && outcome.worst !== Infinity) ratios.push(outcome.bound / outcome.worst);
  if (!outcome.broken) continue;
  broken++;
  console.log(`seed ${seed}: (${outcome.args.join(', ')}) took ${outcome.worst}, bound ${outcome.bound}`);
}
ratios.sort((a, b) => a - b);
const at = (part: number): string => ratios[Math.floor(part * ratios.length)]?.toFixed(2);
console.log(`${count} functions: ${bounded} bounded, ${refused} refused, ${runs} runs, ${broken} took longer than their bound`);
console.log(`bound / longest run: half of them within ${at(0.5)}, three quarters within ${at(0.75)}, nine of ten within ${at(0.9)}`);
if (broken > 0) process.exitCode = 1;
