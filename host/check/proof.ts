// SPDX-License-Identifier: MIT
// What follows from a firmware's module: worst cases, responses, stack, voices, budgets.

import { setImmediate as turn } from 'node:timers/promises';
import type { Board } from '../boards/index.js';
import { sampleRateOf } from '../build/board-module.js';
import type { Firmware } from '../build/compile.js';
import { engineNames, type EngineName } from '../build/image/engine-names.js';
import { worstCostsOf, type InstructionCosts } from '../cpu/wasm/costs.js';
import { budgetsOf, nodeOf } from './budgets.js';
import { charactersOf } from './characters.js';
import type { CheckResult, Finding, HandlerCheck } from './check-result.js';
import { headOf, type CheckOptions } from './check.js';
import { criticalSections } from './critical-sections.js';
import { budgetFindings, clockFindings, handlerFindings, scheduleFindings, sectionFindings, stackFindings, trapFinding, unboundedFindings, wideFindings } from './findings.js';
import type { Project } from './project.js';
import { ratesOf, type Rates } from './rates/rates.js';
import { waitsInSetUp, type WaitInSetUp, type Waits } from './rates/received-in-set-up.js';
import { renderVector, scheduleOf, type Schedule } from './schedule.js';
import { stackOf } from './stack/stack.js';
import { voiceCountOf, voicesOf, type Comparison } from './voices.js';
import { NeverReturns, Unbounded, WorstCaseAnalysis, type WorstCase } from './worst-case/worst-case.js';

/** What the proof rests on, besides the costs: said in each result, so that nobody takes it for more than it is. */
function assumptionsOf(board: Board, changesPriorities: boolean): string[] {
  return [
    'Interrupts fall as often as the table says: rates are those of the chip\'s registers when set-up is over. A timer that is set later, or an interrupt that others cause, is stated with rate in @isr or in tonewheel.json.',
    'MIDI comes at 31,250 baud and 1 % at most, back to back (MIDI 1.0). Sending is begun anew only with something to send.',
    'One run of a handler serves all that its interrupt stood for when it began, as the drivers\' handlers do.',
    'Bounds that the source states (@bound and its kin) hold; scenarios on the emulated board check them as they run.',
    ...(changesPriorities ? ['The firmware changes priorities while it runs: the table has those of its @isr, and the stack has room for all handlers at once.'] : []),
    ...(board.core.dataCache ? ['The costs know nothing of this core\'s caches.'] : []),
    'The block is in time in every block: a handler that catches up after a late one may take longer.',
  ];
}

/** Of a board whose set-up is not run. */
const NO_WAITS: Waits = { first: 0, listening: 0, between: 0 };

/** What a call that never returns adds to a critical section: the firmware stops there, and nobody waits any more. */
const STOPS_THERE = 0;

/** Worst cases of all handlers with one engine, and findings about those that have none. */
function worstOfHandlers(firmware: Firmware, costs: InstructionCosts, analysis: WorstCaseAnalysis): { worst: Map<string, WorstCase>; findings: Finding[] } {
  const worst = new Map<string, WorstCase>();
  const findings: Finding[] = [];
  for (const vector of firmware.vectors) {
    const { name, exportName } = vector;
    try {
      const found = analysis.of(exportName, costs);
      findings.push(...wideFindings(name, found, findings));
      if (found.wide.length === 0) worst.set(name, found);
    } catch (error) {
      if (error instanceof NeverReturns) findings.push(trapFinding(vector, error));
      else if (error instanceof Unbounded) findings.push(...unboundedFindings(name, error.places, findings, firmware.constants));
      else throw error;
    }
  }
  return { worst, findings };
}

/** All that follows from a firmware's module with one engine's costs. */
function analyse(firmware: Firmware, analysis: WorstCaseAnalysis, { board, engine, rates }: { board: Board; engine: EngineName; rates: Rates }) {
  const { module } = analysis;
  const costs = worstCostsOf(board.lineage[board.lineage.length - 1], engine);
  const { worst, findings } = worstOfHandlers(firmware, costs, analysis);
  const natives = new Set(firmware.natives.map(({ index }) => index));
  const isNative = (index: number): boolean => costs.native !== undefined && natives.has(index);
  /** @param never for a function that never returns */
  const worstOf = (index: number, never?: number): number | undefined => {
    try {
      const { cycles, wide } = analysis.of(module.functionNames.get(index)!, costs);
      return wide.length > 0 ? undefined : cycles;
    } catch (error) {
      if (error instanceof NeverReturns) return never;
      if (error instanceof Unbounded) return undefined;
      throw error;
    }
  };
  const contexts = [{ name: 'main', exports: ['init', 'main'] }, ...firmware.vectors.map(({ name, exportName }) => ({ name, exports: [exportName] }))];
  const sections = criticalSections(module, analysis.sourceMap, { costsOf: (index) => (isNative(index) ? costs.native! : costs), isNative, worstOf: (index) => worstOf(index, STOPS_THERE) }, contexts);
  const schedule = scheduleOf({ board, vectors: firmware.vectors, rates, worst, dispatch: costs.dispatch, sections, sampleRate: sampleRateOf(board) });
  return { findings, sections, schedule, worst, worstOf };
}

interface Reckoning {
  readonly firmware: Firmware;
  readonly analysis: WorstCaseAnalysis;
  /** Asked for the worst blocks with another number of voices, as soon as it is known who renders. */
  readonly comparison: Comparison | undefined;
}

/** Rates, and what follows from them with the engine that is asked for, and, for a firmware with voices, with all. */
async function reckon({ board, engine, onPhase }: CheckOptions, project: Project, { firmware, analysis, comparison }: Reckoning) {
  onPhase?.('set-up');
  await turn();
  const blockFrames = firmware.constants.find(({ name }) => name === project.blockFrames)?.value;
  const rates = ratesOf({ board, firmware, module: analysis.module, blockFrames, projectPeriods: project.periods, alwaysPends: (exportName, irq) => analysis.alwaysPends(exportName, irq) });
  const render = renderVector({ rates, vectors: firmware.vectors });
  const others = render === undefined ? undefined : comparison?.worstBlocks(render);
  onPhase?.('analysis');
  await turn();
  const own = analyse(firmware, analysis, { board, engine, rates });
  const schedules = new Map<EngineName, Schedule>([[engine, own.schedule]]);
  for (const other of others && own.schedule.block ? engineNames.filter((name) => name !== engine) : []) {
    await turn();
    schedules.set(other, analyse(firmware, analysis, { board, engine: other, rates }).schedule);
  }
  onPhase?.('stack');
  return { ...own, rates, others, schedules };
}

/** @throws FirmwareTrap when the set-up traps */
export async function proven(options: CheckOptions, project: Project, firmware: Firmware, comparison: Comparison): Promise<CheckResult> {
  const { board, engine, onPhase } = options;
  const analysis = new WorstCaseAnalysis(firmware);
  const { module } = analysis;
  const changesPriorities = module.imports.some(({ name }) => name === 'irqPriority');
  const stackFound = stackOf({ ...options, firmware, module, map: analysis.sourceMap!, changesPriorities });
  const voiceCount = voiceCountOf(firmware.constants, project.voices);
  // The stack's part is the disk's and the C compiler's: it goes on at each turn, while this thread reckons. It comes to its end in any case, or files would be left behind.
  const reckoned = reckon(options, project, { firmware, analysis, comparison: voiceCount && comparison });
  const { rates, others, schedules, findings: unbounded, sections, schedule, worst, worstOf } = await reckoned.finally(() => stackFound.catch(() => undefined));
  const stack = await stackFound;
  const { block } = schedule;
  const { coreHertz } = rates;
  // Where the line is in memory, nothing comes before the audio runs.
  const inSetUp = (wait: WaitInSetUp): Waits | undefined => (board.family === 'stm32f4' ? waitsInSetUp(board, firmware, engine, wait) : NO_WAITS);
  const handlers = schedule.handlers.map((handler): HandlerCheck => {
    const { vector, functionName, file, line } = handler;
    const found = worst.get(vector);
    const characters = found?.received ? charactersOf(firmware.vectors.find(({ name }) => name === vector)!, found.received, { vectors: firmware.vectors, rates, handlers: schedule.handlers, inSetUp }) : null;
    return { ...handler, characters, path: found ? { ...found.tree, functionName, file, line } : null };
  });
  onPhase?.('voices');
  const other = block ? await others : undefined;
  const voices = voiceCount && other ? voicesOf(voiceCount, schedules, other, project.mostVoices) : null;

  const worstOfFunction = (name: string): { cycles: number | null; file?: string; line?: number } => {
    const index = [...module.functionNames].find(([i, full]) => i >= module.imports.length && (full === name || full.endsWith(`/${name}`)))?.[0];
    const node = handlers.map(({ path }) => nodeOf(path, name)).find((found) => found !== undefined);
    return { cycles: index === undefined ? null : worstOf(index) ?? null, ...(node ? { file: node.file, line: node.line } : {}) };
  };
  const budgets = budgetsOf(firmware.vectors, project, { handlers, stack, block, voices, worstOfFunction });
  const findings = [
    ...handlerFindings(options.firmware, firmware.vectors), ...clockFindings(board, coreHertz), ...unbounded, ...sectionFindings(sections), ...scheduleFindings(handlers, coreHertz, engine, block?.vector, voices), ...budgetFindings(budgets, handlers, coreHertz), ...stackFindings(stack),
  ];
  return {
    ...headOf(options.firmware, board, engine), coreHertz, passed: !findings.some(({ severity }) => severity === 'error'),
    handlers, utilisation: schedule.utilisation, interruptLatencyCycles: schedule.interruptLatencyCycles, criticalSections: sections, block, voices, stack, budgets, findings,
    assumptions: assumptionsOf(board, changesPriorities),
  };
}
