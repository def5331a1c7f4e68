// SPDX-License-Identifier: MIT
// A firmware that breaks is stopped, and the message says why, where, in which handler, and what had come in.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FirmwareTrap, ms, play, type PlayOptions } from '../../host/index.js';
import { packageRoot } from '../../host/paths.js';
import { withoutCompiler } from '../../host/testing/c-compiler.js';

const FIXTURE = 'tests/scenarios/traps.as.ts';
const lines = readFileSync(join(packageRoot, FIXTURE), 'utf8').split('\n');
/** Number of the line that holds a text. */
const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

const traps: readonly (readonly [what: string, reason: RegExp, line: string])[] = [
  ['unreachable', /unreachable code was reached/, 'case 0:'],
  ['an address out of bounds', /beyond linear memory/, 'case 1:'],
  ['an index out of bounds', /Index out of range/, 'case 2:'],
  ['null', /Unexpected 'null'/, 'case 3:'],
  ['a division by zero', /divide by zero|division by zero/, 'case 4:'],
  ['a register that is not modelled', /write of SDIO_POWER at 0x40012c00: the chip has this register, the emulator does not model it/, 'case 5:'],
  ['an address where nothing is', /0x40018000/, 'case 6:'],
  ['an assertion', /an assertion of the firmware's own/, 'case 7:'],
];

async function trapOf(program: number, options: PlayOptions): Promise<FirmwareTrap> {
  try {
    await play(FIXTURE, function* ({ midi }) {
      yield ms(10);
      midi.noteOn(2, 60, 100);
      midi.program(0, program);
      midi.noteOn(3, 61, 101);
      yield ms(10);
    }, options);
  } catch (error) {
    if (error instanceof FirmwareTrap) return error;
    throw error;
  }
  return assert.fail('the firmware did not stop');
}

const cpus: readonly PlayOptions[] = [{ cpu: 'wasm' }, { cpu: 'wasm3', wasm3: 'tuned', overclock: 10 }, { cpu: 'wasm3', wasm3: 'reference', overclock: 10 }];

for (const options of cpus) {
  const skip = options.cpu === 'wasm3' && withoutCompiler;
  const on = `CPU ${options.cpu}${options.wasm3 ? ` (${options.wasm3})` : ''}`;

  for (const [program, [what, reason, line]] of traps.entries()) {
    test(`${what} is reported with its place on ${on}`, { skip }, async () => {
      const trap = await trapOf(program, options);
      assert.match(trap.reason, reason);
      assert.match(trap.message, new RegExp(`^  at    tests/scenarios/traps\\.as\\.ts:${lineOf(line)}:\\d+$`, 'm'));
      assert.match(trap.message, /^  in    the handler of PendSV$/m);
      assert.match(trap.message, new RegExp(`^  MIDI  last bytes 92 3C 64 C0 0${program}$`, 'm'));
      assert.equal(trap.handler, 'PendSV');
    });
  }

  test(`a trap in a handler that had pre-empted another, on ${on}`, { skip }, async () => {
    const trap = await trapOf(8, options);
    assert.match(trap.message, new RegExp(`^  at    tests/scenarios/traps\\.as\\.ts:${lineOf('if (armed)')}:\\d+$`, 'm'));
    assert.match(trap.message, /^  in    the handler of USART2 \(which had pre-empted PendSV\)$/m);
    assert.match(trap.message, /^  MIDI  last bytes 92 3C 64 C0 08 93$/m);
  });
}
