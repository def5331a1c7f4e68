// SPDX-License-Identifier: MIT
// The small examples compile for the board, bind the handlers of what they start, and no handler takes heap or calls itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { compileFirmware } from '../../host/build/compile.js';

const board = loadBoard('stm32f4-discovery');

const examples: readonly (readonly [name: string, handlers: readonly (readonly [vector: string, irq: number, priority: number])[]])[] = [
  ['tone', [['DMA1_Stream5', 16, 2], ['PendSV', -2, 15]]],
  ['monitor', [['USART2', 38, 1], ['PendSV', -2, 15]]],
  ['arpeggiator', [['USART2', 38, 1], ['PendSV', -2, 15], ['TIM2', 28, 15]]],
];

for (const [name, handlers] of examples) {
  test(`${name} compiles`, async () => {
    const { vectors } = await compileFirmware(`assembly/firmware/${name}.ts`, board);
    assert.deepEqual(vectors.map((v) => [v.name, v.irq, v.priority]), handlers);
  });
}
