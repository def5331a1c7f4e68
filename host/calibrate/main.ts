// SPDX-License-Identifier: MIT
// `npm run calibrate`: measures what instructions cost with each engine on the emulated Cortex-M4F, fits the tables, compares them with firmware that
// they were not fitted to, and writes boards/costs/cortex-m4f.json (docs/costs.md). With `-- --validate` it compares the tables that are there, and
// writes their errors anew.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadBoard } from '../boards/index.js';
import { kernelsOf, loadCoreCosts, type CostError, type EngineCosts } from '../cpu/wasm/costs.js';
import { boardsDir, packageRoot } from '../paths.js';
import { BOARD, CORE } from './board.js';
import { NATIVE, type FeatureCounts } from './counting.js';
import { predict, type Observation } from './fitting.js';
import { DRIVERS, handlerObservation } from './handlers.js';
import { Jobs, type Engine } from './jobs.js';
import { samplesOf, type Run } from './measuring.js';
import { programs } from './programs/all.js';
import { dispatchProgram, nativeProgram } from './programs/crossings.js';
import { fitEngine, observationsOf, residuals, tableOf, type Fit } from './tables.js';
import { compare, errorOf, FRESH, HOLD_OUTS, rowOf } from './validation.js';

const COMMAND = 'npm run calibrate';
/** An operation of CPU wasm3 takes so many cycles: it counts operations alone. */
const OPERATION = 9;
const FILE = join(boardsDir, 'costs', `${CORE}.json`);
const { core } = loadBoard(BOARD);

const say = (text: string): void => console.error(text);

/** What the handler of the dispatch program does besides being dispatched. */
const HANDLER_BODY: FeatureCounts = new Map([
  ['enter', 1], ['i32.load/static', 1], ['i32.store/static', 1], ['i32.add', 1], ['i32.const/address', 2], ['cold', 5], ['cold/enter', 1], ['cold/branch', 1], ['cold/constant', 2],
]);

interface Calibrated {
  readonly fit: Fit;
  readonly observations: readonly Observation[];
  readonly programCount: number;
}

async function calibrate(engine: 'aot' | 'wasm3', jobs: Jobs): Promise<Calibrated> {
  const all = programs();
  const measured = (program: string): Promise<Run> => jobs.run('program', { program, engine });
  const dispatched = measured(dispatchProgram.name);
  const drivers = driverObservations(engine, jobs);
  const runs = await Promise.all(all.map(async ({ program }) => {
    const run = await measured(program.name);
    say(`${engine}: ${program.name}, ${run.cycles.length} samples`);
    return run;
  }));
  const { handler } = await dispatched;
  const observations = [
    ...runs.flatMap((run, i) => observationsOf(samplesOf(all[i].program, run), all[i].kind)),
    handlerObservation(dispatchProgram.name, { counts: HANDLER_BODY, exceptionCycles: core.exceptionEntryCycles + core.exceptionExitCycles }, handler!.meanCycles, handler!.maxCycles), ...(await drivers),
  ];
  return { fit: fitEngine(engine, observations), observations, programCount: all.length + 1 + DRIVERS.length };
}

/** The handlers of the firmwares of drivers, as samples. */
async function driverObservations(engine: 'aot' | 'wasm3', jobs: Jobs): Promise<Observation[]> {
  const found = await Promise.all(DRIVERS.map(async (firmware) => {
    const [measured, counted] = await Promise.all([jobs.run('handlers', { firmware, engine }), jobs.run('features', { firmware })]);
    say(`${engine}: ${firmware}, ${measured.size} handlers`);
    return [...measured].map(([vector, cycles]) => handlerObservation(`${firmware} ${vector}`, counted.get(vector)!, cycles));
  }));
  return found.flat();
}

/** What the way from interpreted into native code takes, besides what the interpreter and the native function take: mean and longest for a call. */
function nativeCalls(run: Run, interpreted: Fit, native: Fit): { typical: number; worst: number } {
  const rests = samplesOf(nativeProgram, run).map(({ counts, cycles }) => {
    const inside = new Map([...counts].filter(([name]) => name.startsWith(NATIVE)).map(([name, times]) => [name.slice(NATIVE.length), times]));
    const outside = new Map([...counts].filter(([name]) => !name.startsWith(NATIVE) && name !== 'call/native'));
    return (cycles - predict(native.typical, inside) - predict(interpreted.typical, outside)) / counts.get('call/native')!;
  });
  const typical = Math.max(0, rests.reduce((sum, rest) => sum + rest, 0) / rests.length);
  return { typical, worst: Math.max(typical, ...rests) };
}

const version = (tool: string): string => execFileSync(tool, ['-dumpversion'], { encoding: 'utf8' }).trim();

type Tables = Readonly<Record<'aot' | 'wasm3', EngineCosts>>;

/** Measures and fits both tables. Their errors are not known yet. */
async function tables(jobs: Jobs): Promise<Tables> {
  const [aot, wasm3, natives] = await Promise.all([calibrate('aot', jobs), calibrate('wasm3', jobs), jobs.run('program', { program: nativeProgram.name, engine: 'kernels' })]);
  const calls = nativeCalls(natives, wasm3.fit, aot.fit);
  const tools = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const compiler = `gcc ${version('arm-none-eabi-gcc')}`;
  const interpreter = `wasm3 of react-native-webassembly ${tools.dependencies['react-native-webassembly']}, tuned`;
  const describe = (engine: Calibrated, what: string): string => {
    const { median, p90 } = residuals(engine.fit.typical, engine.observations);
    return `calibrated against the emulated Cortex-M4F with ${engine.programCount} programs of ${engine.observations.length} runs (${what}; half of them within ${median} %, nine of ten within ${p90} %)`;
  };
  const error: CostError = { handlerPercent: null, blockPercent: null, validatedOn: [], command: COMMAND };
  const costsFrom = (engine: Calibrated, what: string, extra: Partial<EngineCosts> = {}): EngineCosts => ({
    source: describe(engine, what), error, ...extra, ...tableOf(engine.fit.typical), worst: tableOf(engine.fit.worst),
  });
  const interpreted = costsFrom(wasm3, `${interpreter}, ${compiler}`, { operation: OPERATION });
  const withCall = (instructions: Readonly<Record<string, number>>, cycles: number) => ({ ...instructions, 'call/native': Math.round(cycles * 100) / 100 });
  return {
    aot: costsFrom(aot, compiler),
    wasm3: {
      ...interpreted, instructions: withCall(interpreted.instructions, calls.typical),
      worst: { ...interpreted.worst, instructions: withCall(interpreted.worst.instructions, calls.worst) },
    },
  };
}

/** Compares tables with what hold-outs take, prints the rows of docs/costs.md, and gives the errors. @throws Error when a worst cost is exceeded */
async function validate({ aot, wasm3 }: Tables, jobs: Jobs): Promise<Record<Engine, CostError>> {
  const costs: Record<Engine, EngineCosts> = { aot, wasm3, kernels: kernelsOf(wasm3, aot) };
  const [known, fresh] = await Promise.all([compare(costs, HOLD_OUTS, jobs), compare(costs, FRESH, jobs)]);
  const errors = {} as Record<Engine, CostError>;
  for (const engine of ['aot', 'wasm3', 'kernels'] as const) {
    errors[engine] = errorOf(known[engine], COMMAND);
    for (const comparison of [...known[engine], ...fresh[engine]]) say(rowOf(engine, comparison));
    const { handlerPercent, blockPercent } = errorOf(fresh[engine], COMMAND);
    say(`${engine}: ${errors[engine].handlerPercent} % of a handler, ${errors[engine].blockPercent} % of a block; on the fresh ones ${handlerPercent} % and ${blockPercent} %`);
  }
  for (const engine of ['aot', 'wasm3', 'kernels'] as const) {
    const least = Math.min(...[...known[engine], ...fresh[engine]].map(({ worstRatio }) => worstRatio));
    if (least < 1) throw new Error(`the worst costs of ${engine} are exceeded by a factor of ${(1 / least).toFixed(3)} by a firmware that they were not fitted to: they bound nothing`);
  }
  return errors;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { validate: { type: 'boolean', default: false } } });
  const jobs = new Jobs();
  try {
    const { aot, wasm3 } = values.validate ? loadCoreCosts(CORE).engines : await tables(jobs);
    const errors = await validate({ aot, wasm3 }, jobs);
    const written = { core: CORE, engines: { aot: { ...aot, error: errors.aot }, wasm3: { ...wasm3, error: errors.wasm3 } }, errors: { kernels: errors.kernels } };
    writeFileSync(FILE, `${JSON.stringify(written, null, 1)}\n`);
  } finally {
    jobs.end();
  }
}

await main();
