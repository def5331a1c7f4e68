// SPDX-License-Identifier: MIT
// The examples as they are flashed, on the emulated core, which counts its own cycles: whatever comes over the cable, no handler takes longer than
// `tonewheel check` says that it can.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadBoard } from '../../host/index.js';
import type { EngineName } from '../../host/build/image/engine-names.js';
import { buildImage, type Image } from '../../host/build/image/image.js';
import { overheadOf } from '../../host/check/schedule.js';
import { WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { worstCostsOf } from '../../host/cpu/wasm/costs.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { without } from '../../host/testing/needs.js';
import { traffic, type Traffic } from './traffic.js';

const board = loadBoard('stm32f4-discovery');
const START_SECONDS = 0.12;
/** One run each. */
const RUNS: readonly Traffic[] = [
  { seed: 1, milliseconds: 150, fill: 1 },
  { seed: 2, milliseconds: 150, fill: 0.3, faults: true },
  { seed: 3, milliseconds: 80, fill: 0.6, unplugged: true },
  { seed: 4, milliseconds: 250, fill: 1, sysex: 700 },
  { seed: 5, milliseconds: 100, fill: 1, faults: true, sysex: 3 },
  { seed: 6, milliseconds: 100, fill: 0.02 },
];

/** Worst time of each handler, as check's column C has it, in core cycles. */
function boundsOf({ firmware, engine }: Image): Map<string, number> {
  const costs = worstCostsOf('cortex-m4f', engine);
  const analysis = new WorstCaseAnalysis(firmware);
  return new Map(firmware.vectors.map(({ name, exportName }) => [name, analysis.of(exportName, costs).cycles + overheadOf(board, costs.dispatch)]));
}

/** Longest time of each handler in a run, entry and return included. */
function longestOf(image: Image, what: Traffic): Map<string, number> {
  const emulated = new ImageBoard(image, {});
  const pauses = traffic(emulated.midi, what);
  emulated.at(START_SECONDS, () => {
    const { done, value } = pauses.next();
    return done ? undefined : emulated.now + value / 1000;
  });
  emulated.run(START_SECONDS + (what.milliseconds + (what.unplugged ? 350 : 0)) / 1000);
  return new Map(Object.entries(emulated.recorder.isr()).map(([name, { maxCycles }]) => [name, maxCycles]));
}

describe('bounds on CPU arm', { skip: without('arm-none-eabi-gcc') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-bounds-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  const compared = async (name: string, engine: EngineName, runs: readonly Traffic[]): Promise<Map<string, { longest: number; bound: number }>> => {
    const image = await buildImage({ board, firmware: `assembly/firmware/${name}.ts`, engine, out: join(directory, `${name}-${engine}`), onTrap: 'halt' });
    const bounds = boundsOf(image);
    const found = new Map<string, { longest: number; bound: number }>();
    for (const run of runs) {
      for (const [vector, cycles] of longestOf(image, run)) {
        const bound = bounds.get(vector)!;
        assert.ok(cycles <= bound, `${name} with engine ${engine}: ${vector} took ${cycles} cycles, bound ${bound}, in ${JSON.stringify(run)}`);
        found.set(vector, { longest: Math.max(cycles, found.get(vector)?.longest ?? 0), bound });
      }
    }
    return found;
  };

  const cases: readonly (readonly [name: string, engine: EngineName, runs: readonly Traffic[]])[] = [
    ['tone', 'aot', RUNS.slice(0, 2)], ['monitor', 'aot', RUNS], ['arpeggiator', 'aot', RUNS], ['arpeggiator', 'kernels', RUNS.slice(2, 4)],
    // A cable so full makes the synth's blocks late, and the bound is one of a block that is in time.
    ['synth', 'aot', [{ seed: 7, milliseconds: 120, fill: 0.3 }]],
  ];
  for (const [name, engine, runs] of cases) {
    it(`${name}, engine ${engine}`, async (t) => {
      const found = await compared(name, engine, runs);
      assert.ok(found.size > 0);
      for (const [vector, { longest, bound }] of found) t.diagnostic(`${vector}: ${longest} cycles at most in ${runs.length} runs, bound ${bound}: ${(bound / longest).toFixed(2)} times`);
    });
  }
});
