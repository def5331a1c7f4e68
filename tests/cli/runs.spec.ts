// SPDX-License-Identifier: MIT
// Runs that succeed, fail, or are interrupted: exit codes, what is said, and what lies there afterwards.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { packageRoot } from '../../host/paths.js';
import { withoutCompiler } from '../../host/testing/c-compiler.js';
import { BOARD, firmware, SILENT, Workplace } from './cli.js';

const HEADER = 'MThd\0\0\0\x06\0\0\0\x01\x01\xe0';
const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Files that no MIDI file should be. */
const BROKEN: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  'empty.mid': [latin1(''), /empty\.mid: at byte 0: the file is empty\. Give a \.mid file/],
  'text.mid': [latin1('hello there'), /text\.mid: at byte 0: it begins with "hello th" where "MThd" belongs.*Export it/],
  'wave.mid': [latin1('RIFF\x24\0\0\0WAVEfmt '), /wave\.mid: .*RIFF file.*no Standard MIDI File/],
  'header.mid': [latin1(HEADER.slice(0, 10)), /header\.mid: at byte 10: the file ends inside its header: 10 of 14 bytes/],
  'track.mid': [latin1(`${HEADER}MTrk\0\0\0\xff\0\x90\x3c`), /track\.mid: at byte 14: chunk "MTrk" announces 255 bytes, but the file has only 3 more/],
  'event.mid': [latin1(`${HEADER}MTrk\0\0\0\x03\0\x90\x3c`), /event\.mid: at byte 2\d: track 1 ends inside a channel message/],
};

/** Firmware that fails, and what is said of it. */
const FAILING: Readonly<Record<string, readonly [string, readonly RegExp[]]>> = {
  'types.ts': ['export function init(): void { let x: i32 = "a"; }\nexport function main(): void {}\n',
    [/types\.ts does not compile/, /not assignable to type 'i32'/, /~~~/, /in types\.ts\(1,45\)/]],
  'import.ts': ['import { x } from "./nothing";\nexport function init(): void { x(); }\nexport function main(): void {}\n',
    [/'nothing\.ts' not found/, /in import\.ts\(1,19\)/]],
  'no-main.ts': ['export function init(): void {}\n', [/no-main\.ts exports no function main\(\)/]],
  'foreign.ts': ['@external("env", "print")\ndeclare function print(): void;\nexport function init(): void { print(); }\nexport function main(): void {}\n',
    [/foreign\.ts imports env\.print, which no board offers/, /assembly\/shim\/abi\.ts/]],
};

/** Half way through, in the handler of a timer. */
const TRAPPING = `
import { irqEnable, load32 } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM2 } from "tonewheel/assembly/shim/board";
import { periodicInterrupt, periodicStart } from "tonewheel/assembly/drivers/timer";
let ticks = 0;
@isr("TIM2", 1)
function onTimer(): void {
  periodicInterrupt(0x40000000);
  if (++ticks == 20) load32(0x58000000);
}
export function init(): void { periodicStart(0x40000000, 1000); }
export function main(): void { irqEnable(IRQ_TIM2); }
`;

const SLOW_HANDLER = `
import { irqEnable } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM2 } from "tonewheel/assembly/shim/board";
import { periodicInterrupt, periodicStart } from "tonewheel/assembly/drivers/timer";
export let sum: u32 = 0;
@isr("TIM2", 1, { budget: 300 })
function onTimer(): void {
  periodicInterrupt(0x40000000);
  for (let i = 0; i < 1000; i++) sum = sum * 5 + i;
}
export function init(): void { periodicStart(0x40000000, 1000); }
export function main(): void { irqEnable(IRQ_TIM2); }
`;

const place = new Workplace();
place.write('silent.ts', SILENT);
place.write('trap.ts', TRAPPING);
place.write('slow.ts', SLOW_HANDLER);
for (const [name, [bytes]] of Object.entries(BROKEN)) place.write(name, bytes);
for (const [name, [text]] of Object.entries(FAILING)) place.write(name, text);
place.write('broken.json', '{ "name": "mine",');
place.write('odd.json', JSON.stringify({ name: 'odd', title: 'Odd', inherits: 'chips/stm32f407vg', lamps: 3 }));
const before = place.list();

const noStack = (stderr: string) => assert.doesNotMatch(stderr, /file:\/\/|node:internal|\.js:\d/);

describe('a run that fails', () => {
  for (const [name, [, want]] of Object.entries(BROKEN)) {
    it(`says what is wrong with ${name}`, async () => {
      const { code, stdout, stderr } = await place.run('run', 'silent.ts', ...BOARD, '--midi', name, '--wav', 'out/x.wav');
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, want);
      noStack(stderr);
    });
  }

  for (const [name, [, wants]] of Object.entries(FAILING)) {
    it(`says what is wrong with ${name}`, async () => {
      const { code, stdout, stderr } = await place.run('run', name, ...BOARD);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      for (const want of wants) assert.match(stderr, want);
      noStack(stderr);
    });
  }

  it('says what is wrong with a board file, and where', async () => {
    const broken = await place.run('run', 'silent.ts', '--board', 'broken.json');
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /broken\.json is not JSON: .*position/);
    const odd = await place.run('run', 'silent.ts', '--board', './odd.json');
    assert.equal(odd.code, 2);
    assert.match(odd.stderr, /odd\.json, at the top: "lamps" is not known here/);
  });

  it('leaves nothing when the firmware traps half way, and says where it did', async () => {
    const { code, stderr } = await place.run('run', 'trap.ts', ...BOARD, '--wav', 'x.wav', '--vcd', 'x.vcd', '--report', '.', '--midi-out', 'x.mid');
    assert.equal(code, 1);
    assert.match(stderr, /The firmware stopped: .*0x58000000/);
    assert.match(stderr, /at {4}trap\.ts:9:\d+\n/);
    assert.match(stderr, /in {4}the handler of TIM2/);
    noStack(stderr);
  });

  it('names the handler that exceeded its budget, where it is, and what to do; the result is printed all the same', async () => {
    const { code, stdout, stderr } = await place.run('run', 'slow.ts', ...BOARD, '--seconds', '0.05', '--json');
    assert.equal(code, 1);
    assert.match(stderr, /a handler exceeded its budget/);
    assert.match(stderr, /TIM2: \d+ cycles at worst, budget 300; exceeded \d+ times in \d+ \(onTimer in slow\.ts:7\)/);
    assert.match(stderr, /Make the handler cheaper/);
    noStack(stderr);
    const { isr } = JSON.parse(stdout) as { isr: Record<string, { budget: number; maxCycles: number; overBudget: number; count: number }> };
    assert.equal(isr.TIM2.budget, 300);
    assert.ok(isr.TIM2.maxCycles > 1000);
    assert.ok(isr.TIM2.overBudget > 0 && isr.TIM2.overBudget === isr.TIM2.count);
  });

  it('leaves nothing behind', () => assert.deepEqual(place.list().filter((name) => name !== 'out'), before));
});

describe('an interrupted run', () => {
  /** Interrupts a long run when `when` has come. */
  const interrupted = (cpu: string, when: (place: Workplace) => Promise<boolean>) => async (): Promise<void> => {
    const elsewhere = new Workplace();
    const child = elsewhere.start('run', firmware('tone'), ...BOARD, '--cpu', cpu, '--seconds', '100000', '--vcd', 'a/x.vcd', '--vcd-window', '0:0.001');
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk));
    const closed = once(child, 'close');
    while (!await when(elsewhere) && child.exitCode === null) await wait(5);
    child.kill('SIGINT');
    const [code] = await closed;
    assert.equal(code, 130);
    assert.equal(stderr, 'interrupted; nothing was written\n');
    assert.deepEqual(elsewhere.list(), ['a']);
  };
  /** The directory of the output is made before the firmware is compiled. */
  const preparing = async (place: Workplace): Promise<boolean> => place.list().length > 0;
  /** The trace is opened when the run begins; until then its name is only tried. */
  const running = async (place: Workplace): Promise<boolean> => {
    const there = (): boolean => place.list().some((name) => /^a.x\.vcd\.\d+\.part$/.test(name));
    if (!there()) return false;
    await wait(300);
    return there();
  };

  it('ends while it prepares, says so, and leaves no temporary file', interrupted('wasm', preparing));
  it('ends while the firmware runs', interrupted('wasm', running));
  it('ends as well while the interpreter runs', { skip: withoutCompiler }, interrupted('wasm3', running));
});

describe('a run that succeeds', () => {
  const elsewhere = new Workplace();

  it('prints one JSON object and nothing else, and makes the directories of its files', async () => {
    const { code, stdout, stderr } = await elsewhere.run('run', firmware('tone'), ...BOARD, '--seconds', '0.2', '--json', '--wav', 'a/b/x.wav',
      '--vcd', 'c/x.vcd', '--vcd-window', '0.1:0.101', '--report', 'd/e', '--midi-out', 'f/x.mid');
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    const result = JSON.parse(stdout) as { seconds: number; frames: number; board: string };
    const schema = JSON.parse(readFileSync(join(packageRoot, 'host', 'profile', 'run-result.schema.json'), 'utf8')) as object;
    const ajv = new Ajv({ allErrors: true, strict: false });
    assert.ok(ajv.validate(schema, result), ajv.errorsText());
    assert.equal(result.board, 'stm32f4-discovery');
    assert.ok(Math.abs(result.seconds - 0.2) < 1e-6);
    const files = ['a/b/x.wav', 'c/x.vcd', 'd/e/report.html', 'd/e/report.json', 'f/x.mid'];
    assert.deepEqual(elsewhere.list().filter((name) => statSync(elsewhere.path(name)).isFile()), files);
    assert.equal(statSync(elsewhere.path('a/b/x.wav')).size, 44 + 4 * result.frames);
    assert.deepEqual(JSON.parse(readFileSync(elsewhere.path('d/e/report.json'), 'utf8')), result);
  });

  it('names the files that it wrote, and prints nothing on a standard error that is no terminal', async () => {
    const { code, stdout, stderr } = await elsewhere.run('run', firmware('tone'), ...BOARD, '--seconds', '0.2', '--wav', 'y.wav');
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^Played {12}0\.20 s on stm32f4-discovery/);
    assert.match(stdout, /sound {2}y\.wav\n$/);
    assert.ok(existsSync(elsewhere.path('y.wav')));
  });

  it('takes a board by the path of its file', async () => {
    const { code, stdout } = await elsewhere.run('run', firmware('tone'), '--board', join(packageRoot, 'boards', 'stm32f4-discovery.json'), '--seconds', '0.01', '--json');
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { board: string }).board, 'stm32f4-discovery');
  });
});

describe('boards', () => {
  it('prints one array with --json, and every board without', async () => {
    const { code, stdout, stderr } = await place.run('boards', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const boards = JSON.parse(stdout) as { name: string; coreHertz: number; sampleRate: number; midi: object }[];
    const discovery = boards.find(({ name }) => name === 'stm32f4-discovery')!;
    assert.equal(discovery.coreHertz, 168_000_000);
    assert.ok(Math.abs(discovery.sampleRate - 47_991.07) < 0.01);
    assert.deepEqual(discovery.midi, { uart: 'USART2', RX: 'PA3', TX: 'PA2' });
    const text = await place.run('boards');
    for (const { name } of boards) assert.match(text.stdout, new RegExp(`^${name}: `, 'm'));
  });
});

describe('help', () => {
  const commands = [[], ['boards'], ['run'], ['demo'], ['test'], ['midi'], ['midi', 'decode'], ['midi', 'encode']];
  for (const command of commands) {
    it(`of "tonewheel ${command.join(' ')}" fits 80 columns`, async () => {
      const { code, stdout, stderr } = await place.run(...command, '--help');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, new RegExp(`^Usage: tonewheel ${command.join(' ')}`));
      assert.deepEqual(stdout.split('\n').filter((line) => line.length > 80), []);
    });
  }
});
