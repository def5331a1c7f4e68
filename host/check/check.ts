// SPDX-License-Identifier: MIT
// Proves what can be proven of a firmware on a board before it runs: compiles it, and has it proven by all that there is of it.

import type { Board } from '../boards/index.js';
import { CompileError, compileFirmware } from '../build/compile.js';
import { binaryenModule } from '../build/compiler.js';
import type { EngineName } from '../build/image/engine-names.js';
import { loadCoreCosts } from '../cpu/wasm/costs.js';
import { FirmwareTrap } from '../cpu/wasm/trap.js';
import type { CheckResult, Finding } from './check-result.js';
import { compilerFindings, setUpFinding } from './findings.js';
import { loadProject } from './project.js';
import { compareVoices } from './voices.js';

export interface CheckOptions {
  readonly firmware: string;
  readonly board: Board;
  readonly engine: EngineName;
  /** Sizes of the stacks that the image is built with; the build's own unless given. */
  readonly stackBytes?: number;
  readonly mainStackBytes?: number;
  /** Told what begins, since it takes seconds. */
  readonly onPhase?: (phase: CheckPhase) => void;
}

/** What a check does one after the other; `stack` and `voices` are what is left then of what goes on beside it. */
export type CheckPhase = 'compile' | 'set-up' | 'analysis' | 'stack' | 'voices';

/** A result for a firmware that does not compile, or whose set-up does not come to its end: nothing is known but why. */
function refused({ firmware, board, engine }: CheckOptions, findings: Finding[]): CheckResult {
  return {
    ...headOf(firmware, board, engine), passed: false, handlers: [], utilisation: null, interruptLatencyCycles: null, criticalSections: [], block: null, voices: null,
    stack: null, budgets: [], findings, assumptions: [],
  };
}

/** What is known without the firmware. */
export function headOf(firmware: string, board: Board, engine: EngineName) {
  const core = board.lineage[board.lineage.length - 1];
  const { source, error } = loadCoreCosts(core).engines[engine];
  return {
    format: 1 as const, firmware, board: board.name, core, engine, coreHertz: board.coreHertz,
    costs: { source, handlerPercent: error.handlerPercent, blockPercent: error.blockPercent, validatedOn: [...error.validatedOn], command: error.command },
  };
}

/** @throws ProjectError for a broken tonewheel.json */
export async function checkFirmware(options: CheckOptions): Promise<CheckResult> {
  const { board, onPhase } = options;
  const project = await loadProject(options.firmware, board);
  onPhase?.('compile');
  // What the firmware would be with another number of voices is compiled beside it.
  const comparison = compareVoices(options.firmware, board, project);
  // All that the proof takes is read while the compiler waits for files.
  const proof = import('./proof.js');
  try {
    const firmware = await compileFirmware(options.firmware, board, [], { onMiss: () => void binaryenModule().then((binaryen) => comparison.share(binaryen)) });
    return await (await proof).proven(options, project, firmware, comparison);
  } catch (error) {
    if (error instanceof CompileError) return refused(options, compilerFindings(error));
    if (error instanceof FirmwareTrap) return refused(options, [setUpFinding(error)]);
    throw error;
  } finally {
    void comparison.end();
  }
}
