// SPDX-License-Identifier: MIT
// A firmware that forgets a step of the codec's set-up is silent, and the codec says which step it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play } from '../../host/index.js';
import { strap } from './rig.js';

const FIXTURE = 'tests/scenarios/codec.as.ts';

/** By the fixture's straps: what is wrong, and what the codec, the chip, and the codec's warnings say of it. */
const mistakes: readonly (readonly [what: string, problem: RegExp | undefined, diagnostic?: RegExp, warning?: RegExp])[] = [
  ['nothing', undefined],
  ['the reset pin stays low', /RESET pin is low: drive it high/],
  ['it is never powered up', /0x02 \(Power Ctl 1\) is 0x01, powered down: write 0x9E/],
  ['MCKOE is not set, which makes the bit clock eight times as fast', /383929 frames a second on the wire/],
  ['the MCK pin is an input', /no MCLK/],
  ['the I2S sends left-justified', /selects I2S \(Philips\), the wire carries left-justified/],
  ['the data pin has another alternate function', /no clocks on the serial port/, /no pad is routed to I2S3_SD/],
  ['the required initialisation is left out, as ST\'s own driver does', undefined, undefined, /required initialisation \(section 4\.11\) stopped after 0 of 5 writes/],
  ['it is powered up before its clocks run, which the data sheet forbids but does not hear', undefined, undefined, /0x9E before MCLK and LRCK ran/],
  ['channel B is off', /Power Ctl 2\) is 0xef: channel B \(right\) is off/],
  ['the I2C clock is off', /powered down/, /I2C1.*clock is off/],
  ['another ratio of master clocks is selected', /Clocking Ctl\) is 0x26, for 272 MCLK cycles a frame; the wire carries 256/],
];

for (const [straps, [what, problem, diagnostic, warning]] of mistakes.entries()) {
  test(what, async () => {
    const board = await play(FIXTURE, function* (board) {
      strap(board, straps);
      yield ms(25);
    });
    const [left, right] = board.audio.levels();
    const sounds = problem === undefined;
    assert.deepEqual([left.peak, right.peak], sounds ? [0.25, 0.25] : [0, 0]);
    const problems = board.codec.problems().join('\n');
    if (sounds) assert.equal(problems, '');
    else assert.match(problems, problem);
    const diagnostics = board.machine.diagnostics.map(({ where, message }) => `${where}: ${message}`).join('\n');
    if (diagnostic) assert.match(diagnostics, diagnostic);
    else assert.equal(diagnostics, '');
    if (warning) assert.match(board.codec.warnings().join('\n'), warning);
  });
}
