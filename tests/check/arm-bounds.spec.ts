// SPDX-License-Identifier: MIT
// The examples as they are flashed, on the emulated core, which counts its own cycles: whatever comes over the cable, no handler takes longer than
// `tonewheel check` says that it can, nor is that far more than what it takes when all goes wrong at once.
//
// What goes wrong: characters with errors, DMA errors, and a core so slow that characters come in and go out while handlers are at work, queues are full and
// interrupts wait. That a core is slow changes no handler's cycles, but which ways it goes.

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
import { pseudoRandom } from '../scenarios/rig.js';
import { traffic, type Traffic } from './traffic.js';

const board = loadBoard('stm32f4-discovery');
const START_SECONDS = 0.12;
const SLOW_START_SECONDS = 0.3;
/** RM0090 10.5.5. */
const DMA_S5CR = 0x88;
const EN = 1;

interface Run extends Traffic {
  /** So many times the core is slower than the chip's. */
  readonly slow?: number;
  /** DMA errors at random, every two milliseconds on average. */
  readonly dmaErrors?: boolean;
}

const RUNS: readonly Run[] = [
  { seed: 1, milliseconds: 150, fill: 1 },
  { seed: 2, milliseconds: 150, fill: 0.3, faults: true },
  { seed: 3, milliseconds: 80, fill: 0.6, unplugged: true },
  { seed: 4, milliseconds: 250, fill: 1, sysex: 700 },
  { seed: 5, milliseconds: 100, fill: 1, faults: true, sysex: 3 },
  { seed: 6, milliseconds: 100, fill: 0.02 },
];
const SLOW: readonly Run[] = [
  { seed: 7, milliseconds: 500, fill: 1, faults: true, slow: 30 },
  { seed: 8, milliseconds: 500, fill: 1, faults: true, sysex: 3, slow: 45 },
  { seed: 9, milliseconds: 500, fill: 0.7, slow: 20 },
];
const DMA_ERRORS: readonly Run[] = [{ seed: 10, milliseconds: 250, fill: 0.01, dmaErrors: true }, { seed: 11, milliseconds: 150, fill: 0.01, dmaErrors: true }];

/** Worst time of each handler, as check's column C has it, in core cycles. */
function boundsOf({ firmware, engine }: Image): Map<string, number> {
  const costs = worstCostsOf('cortex-m4f', engine);
  const analysis = new WorstCaseAnalysis(firmware);
  return new Map(firmware.vectors.map(({ name, exportName }) => [name, analysis.of(exportName, costs).cycles + overheadOf(board, costs.dispatch)]));
}

/** Longest time of each handler in a run, entry and return included, in its core's cycles. */
function longestOf(image: Image, what: Run): Map<string, number> {
  const { slow = 1 } = what;
  const emulated = new ImageBoard(image, { overclock: 1 / slow });
  const start = slow === 1 ? START_SECONDS : SLOW_START_SECONDS;
  const pauses = traffic(emulated.midi, what);
  emulated.at(start, () => {
    const { done, value } = pauses.next();
    return done ? undefined : emulated.now + value / 1000;
  });
  const random = pseudoRandom(what.seed);
  if (what.dmaErrors) {
    emulated.at(start, () => {
      const dma = emulated.chip.dma('DMA1');
      // Between two transfers, for a frame or so, there is none that could fail.
      if (dma.read(DMA_S5CR, 4) & EN) dma.injectFault(5, random.next().value < 0.5 ? 'fifo' : 'transfer');
      return emulated.now + 0.001 + 0.002 * random.next().value;
    });
  }
  emulated.run(start + (what.milliseconds + (what.unplugged ? 350 : 0)) / 1000);
  // Cycles of the machine are those of the chip's own core.
  return new Map(Object.entries(emulated.recorder.isr()).map(([name, { maxCycles }]) => [name, Math.floor(maxCycles / slow)]));
}

describe('bounds on CPU arm', { skip: without('arm-none-eabi-gcc') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-bounds-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  const compared = async (name: string, engine: EngineName, runs: readonly Run[]): Promise<Map<string, { longest: number; bound: number }>> => {
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

  // With each handler, what its bound is of the longest run at most. A run has typical costs; the worst ones alone are a third above them.
  const cases: readonly (readonly [name: string, engine: EngineName, runs: readonly Run[], ratios: Readonly<Record<string, number>>])[] = [
    ['tone', 'aot', [...RUNS.slice(0, 2), ...DMA_ERRORS], { DMA1_Stream5: 1.4, PendSV: 2 }],
    ['monitor', 'aot', [...RUNS, ...SLOW], { USART2: 1.55, PendSV: 3.2 }],
    ['arpeggiator', 'aot', [...RUNS, ...SLOW], { USART2: 1.55, PendSV: 2, TIM2: 2.1 }],
    ['arpeggiator', 'kernels', RUNS.slice(2, 4), { USART2: 1.65, PendSV: 2.7, TIM2: 1.75 }],
    // A cable so full makes the synth's blocks late, and the bound is one of a block that is in time.
    ['synth', 'aot', [{ seed: 7, milliseconds: 120, fill: 0.3 }], { USART2: 1.6 }],
  ];
  for (const [name, engine, runs, ratios] of cases) {
    it(`${name}, engine ${engine}`, async (t) => {
      const found = await compared(name, engine, runs);
      assert.ok(found.size > 0);
      for (const [vector, { longest, bound }] of found) t.diagnostic(`${vector}: ${longest} cycles at most in ${runs.length} runs, bound ${bound}: ${(bound / longest).toFixed(2)} times`);
      for (const [vector, most] of Object.entries(ratios)) {
        const { longest, bound } = found.get(vector)!;
        assert.ok(bound < most * longest, `${vector}: bound ${bound}, longest run ${longest}: more than ${most} times`);
      }
    });
  }
});
