// SPDX-License-Identifier: MIT
// The emulated Cortex-M4F against qemu-system-arm: the same ELF on both, one after the other, in instructions a second. QEMU counts no cycles; we do.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileLibrary } from '../../host/build/library.js';
import { Semihosting } from '../../host/cpu/arm/core/semihosting.js';
import { RunEnded } from '../../host/machine/machine.js';
import { packageRoot } from '../../host/paths.js';
import { bareArm } from '../../host/testing/bare-arm.js';
import { encode, type Case } from '../wasm3/differential.js';
import { buildProgram, missingForQemu } from '../wasm3/programs.js';
import type { Measurement } from './emulator/measure.js';
import type { BenchRow } from './row.js';

const run = promisify(execFile);
const sources = join(packageRoot, 'tests/bench/emulator');
/** Behind mix.c's RAM: how many rounds, and the cycles between SysTick's interrupts. */
const ROUNDS = 0x20020000;
const TICK_CYCLES = 0x20020004;

const SPEED_AIM = 1.5;
const REAL_TIME_AIM = 6;
const CORE_HERTZ = 168e6;
const MEGABYTES_LIMIT = 500;
const START_LIMIT = 1;
/** Timings are the best of so many: what else the machine does only ever adds. */
const RUNS = 3;
/** QEMU's clock with icount: instructions that it takes for a cycle of the board's 25 MHz. */
const INSTRUCTIONS_A_TICK = 40;

interface Workload {
  readonly name: string;
  readonly elf: string;
  /** Cycles between interrupts; 0 for none. */
  readonly tickCycles: number;
  /** What is in memory or in the program's directory, so that it takes `amount` of work. */
  prepare(amount: number, directory: string): Promise<Record<number, number>>;
  /** Work for a measurement, and for counting instructions. */
  readonly amount: number;
  readonly sample: number;
}

const FLAGS = ['-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-O2', '-nostartfiles', '-fno-tree-loop-distribute-patterns'];

/** Builds mix.c. */
export async function buildMix(directory: string, flags: readonly string[] = FLAGS): Promise<string> {
  const elf = join(directory, 'mix.elf');
  await run('arm-none-eabi-gcc', [...flags, '-T', join(sources, 'bare.ld'), join(sources, 'mix.c'), '-o', elf]);
  return elf;
}

/** Least seconds of several runs. */
async function least(action: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) best = Math.min(best, await action());
  return best;
}

/** Wall-clock seconds of QEMU, its own start included. */
async function qemuSeconds(workload: Workload, words: Readonly<Record<number, number>>, cwd: string): Promise<number> {
  const loads = Object.entries(words).flatMap(([address, value]) => ['-device', `loader,addr=${address},data=${value},data-len=4`]);
  // Only with icount does its time follow the instructions, so that interrupts come where they are due; without it is quicker.
  const clock = workload.tickCycles > 0 ? ['-icount', 'shift=0,sleep=off,align=off'] : [];
  const before = performance.now();
  await run('qemu-system-arm', ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none', ...clock, '-semihosting-config',
    'enable=on,target=native', ...loads, '-kernel', workload.elf], { cwd });
  return (performance.now() - before) / 1000;
}

async function ours({ elf }: Workload, words: Readonly<Record<number, number>>, cwd: string): Promise<Measurement> {
  const script = join(packageRoot, 'build/js/tests/bench/emulator/measure.js');
  const { stdout } = await run(process.execPath, [script, elf, cwd, ...Object.entries(words).map(([address, value]) => `${address}=${value}`)]);
  return JSON.parse(stdout) as Measurement;
}

/** Instructions and cycles of some work, every instruction counted by the interpreter. */
async function count({ elf }: Workload, words: Readonly<Record<number, number>>, directory: string): Promise<{ instructions: number; cycles: number }> {
  const semihosting = new Semihosting({ directory, output: () => {}, hertz: () => 25e6 });
  const core = bareArm(await readFile(elf), { hot: false, semihosting: semihosting.serve }, words);
  let instructions = 0;
  try {
    for (;; instructions++) core.cpu.step();
  } catch (error) {
    if (!(error instanceof RunEnded)) throw error;
  }
  return { instructions, cycles: core.cpu.now };
}

async function measure(workload: Workload, directory: string): Promise<{ row: BenchRow; cycleRow: BenchRow; ran: Measurement }> {
  const { name, amount, sample, tickCycles } = workload;
  const ticks = (cycles: number): Record<number, number> => (tickCycles > 0 ? { [TICK_CYCLES]: cycles } : {});
  // The work is the same in each round, but for the start: two counts give a round's.
  const first = await count(workload, { ...await workload.prepare(sample, directory), ...ticks(tickCycles) }, directory);
  const second = await count(workload, { ...await workload.prepare(2 * sample, directory), ...ticks(tickCycles) }, directory);
  const instructions = first.instructions + (second.instructions - first.instructions) * (amount / sample - 1);
  const qemuTicks = ticks(tickCycles / INSTRUCTIONS_A_TICK);
  const nothing = await workload.prepare(0, directory);
  const idle = await least(() => qemuSeconds(workload, { ...nothing, ...qemuTicks }, directory));
  const words = await workload.prepare(amount, directory);
  let ran: Measurement | undefined;
  let qemu = Infinity;
  // In turns, so that both meet the same machine.
  for (let i = 0; i < RUNS; i++) {
    qemu = Math.min(qemu, await qemuSeconds(workload, { ...words, ...qemuTicks }, directory) - idle);
    const mine = await ours(workload, { ...words, ...ticks(tickCycles) }, directory);
    if (ran === undefined || mine.seconds < ran.seconds) ran = mine;
  }
  const value = instructions / ran!.seconds / 1e6;
  const peerValue = instructions / qemu / 1e6;
  const speed = ran!.cycles / ran!.seconds / CORE_HERTZ;
  return {
    row: { name: `emulated M4F, ${name}`, value, unit: 'M instr./s', peer: `qemu-system-arm (aim: ${SPEED_AIM} of it)`, peerValue, ratio: value / peerValue },
    cycleRow: { name: `emulated M4F, ${name}`, value: speed, unit: 'x 168 MHz', peer: 'aim', peerValue: REAL_TIME_AIM, ratio: speed / REAL_TIME_AIM },
    ran: ran!,
  };
}

/** No rows where the tools are missing. */
export async function benchEmulator(): Promise<BenchRow[]> {
  const missing = await missingForQemu();
  if (missing) {
    console.error(`emulator: skipped, ${missing}`);
    return [];
  }
  const directory = await mkdtemp(join(tmpdir(), 'tonewheel-bench-'));
  try {
    const mix = await buildMix(directory);
    const interpreter = (await buildProgram('tuned', 'arm')).file;
    const wasm = await compileLibrary('tests/bench/engine.as.ts');
    const rounds = async (amount: number): Promise<Record<number, number>> => ({ [ROUNDS]: amount });
    const blocks = async (amount: number, cwd: string): Promise<Record<number, number>> => {
      const call = { name: 'renderBlocks', args: [{ type: 'i32' as const, bits: BigInt(amount) }] };
      const cases: Case[] = [{ wasm, calls: [{ name: 'playChord', args: [] }, call] }];
      await writeFile(join(cwd, 'input.bin'), encode(cases));
      return {};
    };
    const workloads: Workload[] = [
      { name: 'compute mix', elf: mix, tickCycles: 0, prepare: rounds, amount: 300_000, sample: 100 },
      { name: 'wasm3 running the demo', elf: interpreter, tickCycles: 0, prepare: blocks, amount: 16_000, sample: 10 },
      { name: 'an interrupt every 1,000 cycles', elf: mix, tickCycles: 1000, prepare: rounds, amount: 50_000, sample: 100 },
    ];
    const rows: BenchRow[] = [];
    let worst: Measurement | undefined;
    for (const workload of workloads) {
      const { row, cycleRow, ran } = await measure(workload, directory);
      rows.push(row, cycleRow);
      if (worst === undefined || ran.megabytes > worst.megabytes) worst = ran;
    }
    rows.push(
      { name: 'emulated M4F, most memory of these', value: worst!.megabytes, unit: 'MB', peer: 'limit', peerValue: MEGABYTES_LIMIT, ratio: worst!.megabytes / MEGABYTES_LIMIT },
      { name: 'emulated M4F, start of the process to the first instruction', value: worst!.startSeconds, unit: 's', peer: 'limit', peerValue: START_LIMIT, ratio: worst!.startSeconds / START_LIMIT },
    );
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
