// SPDX-License-Identifier: MIT
// The examples compile for every board, bind the handlers of what they start, and no handler takes heap or calls itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { compileFirmware } from '../../host/build/compile.js';

type Handlers = readonly (readonly [vector: string, irq: number, priority: number])[];
/** What each example binds, by board: RM0090 table 61, and ARM DDI 0479 (CMSDK) for the MPS2 images. */
const examples: Readonly<Record<string, Readonly<Record<string, Handlers>>>> = {
  'stm32f4-discovery': {
    tone: [['DMA1_Stream5', 16, 2], ['PendSV', -2, 15]],
    monitor: [['USART2', 38, 1], ['PendSV', -2, 15]],
    arpeggiator: [['USART2', 38, 1], ['PendSV', -2, 15], ['TIM2', 28, 15]],
  },
  'mps2-an386': {
    tone: [['TIMER0', 8, 2], ['PendSV', -2, 15]],
    monitor: [['TIMER1', 9, 1], ['PendSV', -2, 15]],
    arpeggiator: [['TIMER1', 9, 1], ['PendSV', -2, 15], ['DUALTIMER', 10, 15]],
    synth: [['TIMER1', 9, 1], ['TIMER0', 8, 2], ['PendSV', -2, 15]],
  },
  'mps2-an500': { synth: [['TIMER1', 9, 1], ['TIMER0', 8, 2], ['PendSV', -2, 15]] },
};

for (const [board, firmwares] of Object.entries(examples)) {
  for (const [name, handlers] of Object.entries(firmwares)) {
    test(`${name} compiles for ${board}`, async () => {
      const { vectors } = await compileFirmware(`assembly/firmware/${name}.ts`, loadBoard(board));
      assert.deepEqual(vectors.map((v) => [v.name, v.irq, v.priority]), handlers);
    });
  }
}
