// SPDX-License-Identifier: MIT
// A build that cannot be done says what is wrong, where, and what to do, in one message without a stack trace, and leaves nothing half-written.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { BOARD, SILENT, Workplace, firmware } from './cli.js';

const place = new Workplace();
const without = new Workplace({ PATH: '/nonexistent' });

for (const where of [place, without]) where.write('ok.ts', SILENT);
place.write('greedy.ts', `const space = memory.data(300000);\nexport function init(): void { store<u8>(space, 1); }\nexport function main(): void {}\n`);
place.write('alien.ts', `@external("env", "teleport") declare function teleport(): void;\nexport function init(): void { teleport(); }\nexport function main(): void {}\n`);
place.write('broken.ts', 'export function init(): void { nothing(); }\nexport function main(): void {}\n');
place.write('notes.txt', 'some notes\n');

const build = (...args: string[]) => ['build', ...args, '--out', 'out'];
type Case = readonly [name: string, args: readonly string[], code: number, wants: readonly RegExp[]];

const cases: readonly Case[] = [
  ['a missing board', build('ok.ts'), 2, [/'--board <board>' not specified/]],
  ['an unknown board', build('ok.ts', '--board', 'stm32f5'), 2, [/there is no board "stm32f5"/, /boards are .*stm32f4-discovery/]],
  ['an unknown engine', build('ok.ts', ...BOARD, '--engine', 'v8'), 2, [/'v8' is invalid. Allowed choices are wasm3, kernels, aot/]],
  ['a firmware that is not there', build('nope.ts', ...BOARD), 2, [/firmware nope\.ts: there is no such file/]],
  ['a stack that is no number of bytes', build('ok.ts', ...BOARD, '--stack', '1001'), 2, [/Wanted bytes: a multiple of 8, 256 or more/]],
  ['a stack that is too small', build('ok.ts', ...BOARD, '--stack', '1024'), 1, [/a stack of 1024 bytes is too small for ok\.ts: booting the interpreter takes more/, /Give --stack 3840 or more/]],
  ['a stack that is too small for compiled code', build('ok.ts', ...BOARD, '--engine', 'aot', '--stack', '1024'), 1, [/a stack of 1024 bytes is too small for ok\.ts: the shim, an interrupt and its handler/, /Give --stack 2048 or more/]],
  ['a stack that is larger than the RAM', build('ok.ts', ...BOARD, '--stack', '1000000'), 1, [/ok\.ts does not fit: the image needs [\d,]+ bytes more than the RAM of stm32f4-discovery/, /Lower .*--stack/]],
  ['data that do not fit into linear memory', build('greedy.ts', ...BOARD), 1, [/greedy\.ts does not compile/, /requires at least '5' pages/]],
  ['an import that the ABI does not have', build('alien.ts', ...BOARD), 1, [/alien\.ts/, /teleport/]],
  ['a firmware that does not compile', build('broken.ts', ...BOARD), 1, [/broken\.ts does not compile/, /Cannot find name 'nothing'/]],
  ['a watchdog that is too slow', build('ok.ts', ...BOARD, '--watchdog', '60'), 2, [/Wanted seconds, 0\.001 to 32/]],
  ['a file in place of the output directory', ['build', 'ok.ts', ...BOARD, '--out', 'notes.txt'], 2, [/cannot make the directory .*notes\.txt/]],
  ['an output directory where nobody may write', ['build', 'ok.ts', ...BOARD, '--out', '/proc/tonewheel'], 2, [/cannot make the directory \/proc\/tonewheel/, /Name another place/]],
];

/** Files that no build should have left, in all directories. */
const rest = (where: Workplace): string[] => where.list().filter((name) => name !== 'out' && name !== 'notes.txt' && !name.endsWith('.ts'));

describe('wrong builds', { concurrency: 2 }, () => {
  for (const [name, args, wanted, wants] of cases) {
    it(`${name} is answered`, async () => {
      const { code, stdout, stderr } = await place.run(...args);
      assert.equal(code, wanted, stderr);
      assert.equal(stdout, '');
      for (const want of wants) assert.match(stderr, want);
      assert.doesNotMatch(stderr, /file:\/\/|node:internal|\.js:\d|fault of tonewheel/);
    });
  }

  it('no cross compiler on the PATH: one line with the command that installs it', async () => {
    const { code, stdout, stderr } = await without.run(...build('ok.ts', ...BOARD));
    assert.equal(code, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: arm-none-eabi-gcc is not installed: .+\n$/);
    assert.deepEqual(rest(without), []);
  });
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  it(`${signal} ends a build and removes what it had begun`, async () => {
    const where = new Workplace();
    const child = where.start('build', firmware('synth'), ...BOARD, '--out', 'out');
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    // Its directory is there: it is at work.
    while (child.exitCode === null && !where.list().some((name) => name.endsWith('image.c'))) await sleep(5);
    child.kill(signal);
    assert.equal(await ended, signal === 'SIGINT' ? 130 : 143);
    assert.deepEqual(readdirSync(where.path('out')), []);
  });
}

it('leaves nothing behind', () => assert.deepEqual(rest(place), []));
