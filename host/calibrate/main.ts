// SPDX-License-Identifier: MIT
// `npm run calibrate`: measures what instructions cost with each engine on the emulated Cortex-M4F, fits the tables, compares them with firmware that
// they were not fitted to, and writes boards/costs/cortex-m4f.json (docs/costs.md).

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBoard } from '../boards/index.js';
import { kernelsOf, type EngineCosts } from '../cpu/wasm/costs.js';
import { boardsDir, packageRoot } from '../paths.js';
import { NATIVE, type FeatureCounts } from './counting.js';
import { predict, type Observation } from './fitting.js';
import { measure, type Measured } from './measuring.js';
import { dispatchProgram, nativeProgram } from './programs/crossings.js';
import { kernelPrograms } from './programs/kernels.js';
import { libraryPrograms } from './programs/library.js';
import { loopPrograms } from './programs/loops.js';
import type { Program } from './programs/program.js';
import { randomPrograms } from './programs/random.js';
import { fitEngine, observationsOf, residuals, tableOf, type Fit, type Kind } from './tables.js';
import { compare, errorOf, type Comparison } from './validation.js';

const BOARD = 'stm32f4-discovery';
const CORE = 'cortex-m4f';
const COMMAND = 'npm run calibrate';
/** An operation of CPU wasm3 takes so many cycles: it counts operations alone. */
const OPERATION = 9;
/** Steps for cycles of exception entry and return are the core's, not the shim's. */
const board = loadBoard(BOARD);
const EXCEPTION = board.core.exceptionEntryCycles + board.core.exceptionExitCycles;

const programs = (): { program: Program; kind: Kind }[] => [
  ...loopPrograms().map((program) => ({ program, kind: (program.name.startsWith('imports') ? 'import' : 'loop') as Kind })),
  ...libraryPrograms().map((program) => ({ program, kind: 'library' as const })),
  ...kernelPrograms().map((program) => ({ program, kind: 'library' as const })),
  ...randomPrograms().map((program) => ({ program, kind: 'random' as const })),
];

const say = (text: string): void => console.error(text);

/** What the handler of the dispatch program does besides being dispatched. */
const HANDLER_BODY: FeatureCounts = new Map([['enter', 1], ['i32.load/static', 1], ['i32.store/static', 1], ['i32.add', 1], ['i32.const/address', 2], ['cold', 5], ['cold/branch', 1], ['cold/constant', 2]]);

interface Calibrated {
  readonly fit: Fit;
  readonly observations: readonly Observation[];
  readonly dispatch: { readonly mean: number; readonly max: number };
  readonly programCount: number;
}

async function calibrate(engine: 'aot' | 'wasm3'): Promise<Calibrated> {
  const observations: Observation[] = [];
  let programCount = 0;
  for (const { program, kind } of programs()) {
    const { samples } = await measure(program, board, engine);
    say(`${engine}: ${program.name}, ${samples.length} samples`);
    observations.push(...observationsOf(samples, kind));
    programCount++;
  }
  const fit = fitEngine(engine, observations);
  const { handler } = await measure(dispatchProgram, board, engine);
  const mean = Math.max(0, handler!.meanCycles - EXCEPTION - predict(fit.typical, HANDLER_BODY));
  return { fit, observations, dispatch: { mean, max: handler!.maxCycles - EXCEPTION }, programCount: programCount + 1 };
}

/** What the way from interpreted into native code takes, besides what the interpreter and the native function take: mean and longest for a call. */
function nativeCalls({ samples }: Measured, interpreted: Fit, native: Fit): { typical: number; worst: number } {
  const rests = samples.map(({ counts, cycles }) => {
    const inside = new Map([...counts].filter(([name]) => name.startsWith(NATIVE)).map(([name, times]) => [name.slice(NATIVE.length), times]));
    const outside = new Map([...counts].filter(([name]) => !name.startsWith(NATIVE) && name !== 'call/native'));
    return (cycles - predict(native.typical, inside) - predict(interpreted.typical, outside)) / counts.get('call/native')!;
  });
  const typical = Math.max(0, rests.reduce((sum, rest) => sum + rest, 0) / rests.length);
  return { typical, worst: Math.max(typical, ...rests) };
}

const version = (tool: string): string => execFileSync(tool, ['-dumpversion'], { encoding: 'utf8' }).trim();

async function main(): Promise<void> {
  const aot = await calibrate('aot');
  const wasm3 = await calibrate('wasm3');
  const calls = nativeCalls(await measure(nativeProgram, board, 'kernels'), wasm3.fit, aot.fit);
  const tools = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const compiler = `gcc ${version('arm-none-eabi-gcc')}`;
  const interpreter = `wasm3 of react-native-webassembly ${tools.dependencies['react-native-webassembly']}, tuned`;
  const costsFrom = ({ fit, dispatch }: Calibrated, error: EngineCosts['error'], source: string, extra: Partial<EngineCosts> = {}): EngineCosts => ({
    source, error, ...extra, ...tableOf(fit.typical, dispatch.mean), worst: tableOf(fit.worst, Math.max(dispatch.mean, dispatch.max)),
  });
  const describe = (engine: Calibrated, what: string): string => {
    const { median, p90 } = residuals(engine.fit.typical, engine.observations);
    return `calibrated against the emulated Cortex-M4F with ${engine.programCount} programs of ${engine.observations.length} runs (${what}; half of them within ${median} %, nine of ten within ${p90} %)`;
  };
  const none = { handlerPercent: null, blockPercent: null, validatedOn: [], command: COMMAND };
  const compiled = costsFrom(aot, none, describe(aot, compiler));
  let interpreted = costsFrom(wasm3, none, describe(wasm3, `${interpreter}, ${compiler}`), { operation: OPERATION });
  const withCalls = (costs: EngineCosts): EngineCosts => ({
    ...costs,
    instructions: { ...costs.instructions, 'call/native': Math.round(calls.typical * 100) / 100 },
    worst: { ...costs.worst, instructions: { ...costs.worst.instructions, 'call/native': Math.round(calls.worst * 100) / 100 } },
  });
  interpreted = withCalls(interpreted);

  const all: Comparison[] = [];
  const validated = async (engine: 'aot' | 'kernels' | 'wasm3', costs: EngineCosts) => {
    const comparisons = await compare(board, engine, costs);
    for (const { firmware, what, mean, percent, worstRatio } of comparisons) say(`${engine} ${firmware} ${what}: ${mean.toFixed(0)} cycles, ${percent.toFixed(1)} %, worst ${worstRatio.toFixed(2)} of the worst measured`);
    all.push(...comparisons);
    return { error: errorOf(comparisons, COMMAND), excess: Math.max(1, ...comparisons.map(({ worstRatio }) => 1 / worstRatio)) };
  };
  const ofAot = await validated('aot', compiled);
  const ofWasm3 = await validated('wasm3', interpreted);
  const ofKernels = await validated('kernels', kernelsOf(interpreted, compiled));
  for (const [engine, { excess }] of Object.entries({ aot: ofAot, wasm3: ofWasm3, kernels: ofKernels })) {
    if (excess > 1) throw new Error(`the worst costs of ${engine} are exceeded by a factor of ${excess.toFixed(3)} by a firmware that they were not fitted to: they bound nothing`);
  }
  const written = {
    core: CORE,
    engines: { aot: { ...compiled, error: ofAot.error }, wasm3: { ...interpreted, error: ofWasm3.error } },
    errors: { kernels: ofKernels.error },
  };
  writeFileSync(join(boardsDir, 'costs', `${CORE}.json`), `${JSON.stringify(written, null, 1)}\n`);
}

await main();
