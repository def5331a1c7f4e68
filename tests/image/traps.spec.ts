// SPDX-License-Identifier: MIT
// A trap on the board: the output falls silent first, the record outlives the restart, and says the line of the source.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { loadBoard } from '../../host/boards/index.js';
import { explainTrap } from '../../host/build/image/explain-trap.js';
import { RECORD_BYTES, readTrapRecord } from '../../host/build/image/trap-record.js';
import { packageRoot } from '../../host/paths.js';
import { Qemu } from '../../host/testing/qemu.js';
import { eventsFile } from '../../host/testing/qemu-events.js';
import { addressOf, logOf, withImage } from './demo.js';

const FIXTURE = 'tests/image/traps.as.ts';
const lines = readFileSync(join(packageRoot, FIXTURE), 'utf8').split('\n');
const lineOf = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1;

const EVENTS = 0x21000000; // PSRAM of the AN386
const HOW = EVENTS + 0x2000;
const IN_HANDLER = 16;
const TIMER0_CTRL = 0x40000000; // CMSDK_TIMER, Arm DDI 0479, 4.4
const ENABLE = 1;

// Lines of interpreted code come from the same interpreter on this computer.
const skip = without('arm-none-eabi-gcc', 'qemu-system-arm', 'C compiler');

type Outcome = 'restart' | 'halt';

/** Runs the fixture until it has broken and what follows has happened. */
async function breakdown(engine: 'wasm3' | 'aot' | 'kernels', how: number, onTrap: Outcome) {
  return withImage({ firmware: FIXTURE, board: loadBoard('mps2-an386'), engine, onTrap }, async ({ files }, elf) => {
    const list = `${files.elf}.events`;
    const request = `${files.elf}.how`;
    await writeFile(list, eventsFile([{ frame: 100, byte: 0x91 }, { frame: 200, byte: 0x3c }, { frame: 300, byte: 0x7f }]));
    await writeFile(request, new Uint8Array(new Uint32Array([how]).buffer));
    const qemu = await Qemu.start({ machine: 'mps2-an386', elf: files.elf, loads: [{ file: list, address: EVENTS }, { file: request, address: HOW }] });
    try {
      const record = addressOf(elf, 'tw_last_trap');
      if (onTrap === 'restart') await qemu.until('the restart', async () => (await logOf(qemu, elf)).includes('well'));
      else await qemu.until('the record', async () => (await qemu.word(record)) !== 0);
      const dump = await qemu.memory(record, RECORD_BYTES);
      return {
        text: await explainTrap(readTrapRecord(dump), { wasm: files.wasm, map: files.map, elf: files.elf }),
        record: readTrapRecord(dump), log: await logOf(qemu, elf), timer: await qemu.word(TIMER0_CTRL),
      };
    } finally {
      await qemu.stop();
    }
  });
}

const cases: readonly (readonly [how: number, reason: RegExp, line: string])[] = [
  [0, /unreachable code/, 'case 0:'],
  [1, /beyond linear memory/, 'case 1:'],
  [2, /Index out of range/, 'case 2:'],
  [3, /division by zero/, 'case 3:'],
  [4, /an assertion of the firmware's own/, 'case 4:'],
  [5, /an import was given what the chip does not have: 0x12345678/, 'case 5:'],
];

for (const engine of ['aot', 'wasm3'] as const) {
  describe(`engine ${engine}`, { skip }, () => {
    for (const [how, reason, line] of cases) {
      test(`main breaks at "${line}"`, async () => {
        const { text, record, log } = await breakdown(engine, how, 'restart');
        assert.match(text, reason);
        assert.match(text, new RegExp(`^  at    ${FIXTURE.replaceAll('.', '\\.')}:${lineOf(line)}\\b`, 'm'), text);
        assert.match(text, /^  in    main, no handler running$/m);
        assert.match(text, /^  MIDI  last bytes 91 3C 7F$/m);
        assert.equal(record.restarts, 1);
        // The log of the second life begins with the record of the first.
        const hex = /^tonewheel record ([0-9a-f]+)\n/.exec(log)![1];
        assert.deepEqual(readTrapRecord(Buffer.from(hex, 'hex')), record);
      });
    }

    test('a handler breaks: the record names it', async () => {
      const { text } = await breakdown(engine, IN_HANDLER + 1, 'restart');
      assert.match(text, new RegExp(`:${lineOf('case 1:')}\\b`), text);
      assert.match(text, /^  in    the handler of PendSV$/m);
    });

    test('with "halt" the audio clock stands still and the record is there', async () => {
      const { text, timer } = await breakdown(engine, IN_HANDLER, 'halt');
      assert.match(text, /unreachable code/);
      assert.equal(timer & ENABLE, 0);
    });
  });
}

test('endless recursion is a stack overflow on both engines', { skip }, async () => {
  for (const engine of ['aot', 'wasm3'] as const) {
    const { text } = await breakdown(engine, 6, 'restart');
    assert.match(text, /the stack overflowed/);
    assert.match(text, new RegExp(`traps\\.as\\.ts:(${lineOf('function deep')}|${lineOf('function deep') + 1})\\b`), text);
  }
});

test('an access that the bus refuses is a BusFault with its address', { skip }, async () => {
  const { text } = await breakdown('aot', 7, 'restart');
  assert.match(text, /BusFault/);
  assert.match(text, /5ffffff0/);
});
