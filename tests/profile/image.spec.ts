// SPDX-License-Identifier: MIT
// A profile of the image that ships: its cycles against single steps of a core that counts nothing, its lines against binutils, its paths of calls against
// the debug information's, and its shares against CPU wasm's.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { loadBoard } from '../../host/boards/index.js';
import type { Image } from '../../host/build/image/image.js';
import { readMidiFile } from '../../host/devices/midi-file.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { perform, runSession } from '../../host/emulator/session.js';
import { profileSchema } from '../../host/profile/old-profile.js';
import { profile, type Profiled } from '../../host/profile/profile.js';
import type { LineProfile, ProfileResult } from '../../host/profile/profile-result.js';
import { without } from '../../host/testing/needs.js';
import { canonInD } from '../../music/canon-in-d.js';

const skip = without('arm-none-eabi-gcc');
const board = loadBoard('stm32f4-discovery');
const SYNTH = 'assembly/firmware/synth.ts';
const SECONDS = 1.3;
const directory = mkdtempSync(join(tmpdir(), 'tonewheel-profile-image-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const midi = join(directory, 'canon.mid');
writeFileSync(midi, canonInD());
const PC = 15;
/** Bit 0 of FPCCR: floating-point state has room on the stack and was not saved (DDI 0403E, B3.2.21). */
const FPCCR = 0xe000ef34, LSPACT = 1;

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const add = <K>(sums: Map<K, number>, key: K, cycles: number): void => void sums.set(key, (sums.get(key) ?? 0) + cycles);

/** Functions of the image by address, as binutils list them. */
function namesOf(elf: string): (address: number) => string {
  const rows = execFileSync('arm-none-eabi-nm', ['-S', '--defined-only', elf], { encoding: 'utf8' }).split('\n')
    .flatMap((row) => /^([0-9a-f]{8}) ([0-9a-f]{8}) [tTwW] (\S+)$/.exec(row)?.slice(1) ?? []);
  const functions = Array.from({ length: rows.length / 3 }, (_, i) => ({ start: parseInt(rows[3 * i], 16) & ~1, size: parseInt(rows[3 * i + 1], 16), name: rows[3 * i + 2] }));
  const known = new Map<number, string>();
  return (address) => {
    if (!known.has(address)) {
      const found = functions.filter(({ start, size }) => address >= start && address < start + size).map(({ name }) => name).sort();
      known.set(address, found.join(' ') || 'no function');
    }
    return known.get(address)!;
  };
}

/** Cycles of each instruction, by its address: the time before and behind each step, without what the core takes to leave an exception. */
async function steppedCycles(image: Image): Promise<{ cycles: Map<number, number>; emulated: ImageBoard }> {
  const emulated = new ImageBoard(image, {});
  const { cpu, machine } = emulated;
  const cycles = new Map<number, number>();
  let [entered, exited, inside] = [false, false, 0];
  machine.observers.add({ exceptionEnter: () => { entered = true; inside++; }, exceptionExit: () => { exited = true; inside--; }, sleep() {}, blockBoundary() {}, midiByte() {} });
  emulated.drive = () => {
    for (;;) {
      const [pc, from, asleep] = [cpu.state[PC] >>> 0, cpu.now, cpu.asleep];
      const lazy = inside > 0 && (machine.bus.read(FPCCR, 4) & LSPACT) !== 0;
      [entered, exited] = [false, false];
      try {
        cpu.step();
      } finally {
        // ARM DDI 0439, 3.9: ten cycles to leave, 17 more with floating-point state that was saved; six to go on to the next one.
        const own = !exited ? 0 : entered ? 6 : cpu.special.fpca && !lazy ? 27 : 10;
        // The recorder counts sleep from within WFI on.
        if (!asleep && (exited || !entered)) add(cycles, pc, (cpu.asleepSince ?? cpu.now) - from - own);
      }
    }
  };
  perform(emulated, SECONDS, await readMidiFile(midi));
  return { cycles, emulated };
}

/** The TypeScript line of each address, by binutils' reading of what was inlined where; C's own lines aside. */
function linesOf(elf: string, addresses: readonly number[]): Map<number, string> {
  const text = execFileSync('arm-none-eabi-addr2line', ['-a', '-i', '-e', elf], {
    input: addresses.map((a) => `0x${a.toString(16)}`).join('\n'), encoding: 'utf8', maxBuffer: 1 << 26,
  });
  const found = new Map<number, string>();
  let address = 0;
  for (const row of text.split('\n')) {
    const at = /^0x([0-9a-f]+)$/.exec(row);
    const line = /^(.*\.ts):(\d+)/.exec(row);
    if (at) address = parseInt(at[1], 16);
    else if (line && !found.has(address)) found.set(address, `${line[1].replace(/^\.\//, '')}:${line[2]}`);
  }
  return found;
}

/** What two distributions have in common, 0 to 1. */
function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const [totalA, totalB] = [sum(a.values()), sum(b.values())];
  return sum([...a].map(([key, value]) => Math.min(value / totalA, (b.get(key) ?? 0) / totalB)));
}

const byLine = (lines: readonly LineProfile[]): Map<string, number> =>
  new Map(lines.filter(({ file }) => file.endsWith('.ts')).map(({ file, line, cycles }) => [`${file}:${line}`, cycles]));

/** Functions of the TypeScript, each with what it called of the shim and of C libraries, which on CPU wasm is part of the cost of the call. */
function byFunction({ flame: { nodes, frames } }: ProfileResult): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { self, frame, parent } of nodes) {
    let at = { frame, parent };
    while (at.parent >= 0 && !frames[at.frame].file?.endsWith('.ts')) at = nodes[at.parent];
    const { file, name } = frames[at.frame];
    if (file?.endsWith('.ts')) add(sums, `${file} ${name}`, self);
  }
  return sums;
}

describe('a profile of the synth\'s image', { skip }, () => {
  const options = { firmware: SYNTH, board, midi, seconds: SECONDS, engine: 'aot', command: 'a test' };
  let profiled: Profiled;
  let result: ProfileResult;
  let image: Image;
  let stepped: Awaited<ReturnType<typeof steppedCycles>>;
  before(async () => {
    profiled = await profile({ ...options, cpu: 'arm' });
    ({ result } = profiled);
    image = (profiled.session.emulated as ImageBoard).built;
    stepped = await steppedCycles(image);
  });

  it('is of the very run that comes without it', async () => {
    const plain = await runSession({ ...options, cpu: 'arm' });
    assert.deepEqual(result.run, plain.result);
    assert.equal(stepped.emulated.cycle, result.run.cycles);
  });

  it('has the cycles of each of its functions, to the cycle', () => {
    const nameOf = namesOf(image.files.elf);
    const [ours, theirs] = [new Map<string, number>(), new Map<string, number>()];
    const counters = (profiled.session.emulated as ImageBoard).counters!;
    for (const { piece, cycles } of counters.cycles()) add(ours, nameOf(counters.pieces[piece].start), cycles);
    for (const [pc, cycles] of stepped.cycles) if (cycles !== 0) add(theirs, nameOf(pc), cycles);
    const sorted = (map: Map<string, number>): [string, number][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(ours), sorted(theirs));
    assert.ok(theirs.size > 50, `${theirs.size} functions`);
    assert.equal(sum(theirs.values()), result.codeCycles);
  });

  it('adds up: lines, functions and flame graph to all of the run that was neither slept nor spent on exceptions', () => {
    const { functions, lines, flame: { nodes, frames }, codeCycles, time, run } = result;
    assert.equal(sum(lines.map(({ cycles }) => cycles)), codeCycles);
    assert.equal(sum(functions.map(({ selfCycles }) => selfCycles)), codeCycles);
    const overhead = sum(nodes.filter(({ frame }) => frames[frame].kind === 'overhead').map(({ self }) => self));
    assert.equal(sum(nodes.map(({ self }) => self)), codeCycles + overhead);
    const slept = time.find(({ name }) => name === 'sleep')!.cycles;
    assert.equal(codeCycles + overhead + slept, run.cycles);
    // A tree is all of its context's time.
    for (const { name, cycles, kind } of time) {
      if (kind === 'sleep') continue;
      assert.equal(nodes.find(({ parent, frame }) => parent < 0 && frames[frame].name === name)!.total, cycles, name);
    }
  });

  it('has lines as binutils and single steps tell them', () => {
    const lineOf = linesOf(image.files.elf, [...stepped.cycles.keys()]);
    const theirs = new Map<string, number>();
    for (const [pc, cycles] of stepped.cycles) {
      const line = lineOf.get(pc);
      if (line !== undefined) add(theirs, line, cycles);
    }
    const common = overlap(theirs, byLine(result.lines));
    assert.ok(common > 0.95, `${(100 * common).toFixed(1)} % in common`);
  });

  it('has paths of calls as the debug information tells them', async () => {
    const emulated = new ImageBoard(image, { counting: true });
    const { cpu, counters, symbols } = emulated;
    const nameOf = (address: number): string => symbols.at(address).function ?? '?';
    let [steps, looks, same] = [0, 0, 0];
    const wrong = new Map<string, number>();
    emulated.drive = () => {
      for (;;) {
        cpu.step();
        if (++steps % 1009 !== 0 || cpu.asleep || cpu.exceptionWaits) continue;
        const frames = emulated.backtrace();
        const end = frames.findIndex(({ by }) => by === 'exception');
        const unwound = (end < 0 ? frames : frames.slice(0, end)).map(({ pc }) => nameOf(pc));
        const path = [nameOf(cpu.state[PC] >>> 0)];
        for (let c = counters!.contexts[counters!.present]; c.parent >= 0; c = counters!.contexts[c.parent]) path.push(nameOf(c.site));
        looks++;
        if (path.join() === unwound.join()) same++;
        else add(wrong, `${path.join(' < ')} instead of ${unwound.join(' < ')}`, 1);
      }
    };
    perform(emulated, 0.5, await readMidiFile(midi));
    assert.ok(looks > 1000, `${looks} looks`);
    assert.ok(same > 0.98 * looks, `${same} of ${looks}: ${[...wrong].map(([what, n]) => `${n} × ${what}`).join('; ')}`);
  });

  it('opens the worst block', () => {
    const { worst } = result;
    assert.ok(worst?.functions && worst.lines);
    const code = sum(worst.lines.map(({ cycles }) => cycles));
    assert.equal(sum(worst.functions.map(({ cycles }) => cycles)), code);
    // All but entering and leaving handlers, and an instruction at either end.
    assert.ok(code <= worst.busyCycles + 20 && code >= worst.busyCycles - 40 * worst.entries.length - 20, `${code} of ${worst.busyCycles}`);
  });

  it('finds the cycles where CPU wasm finds them', async () => {
    const wasm = await profile({ ...options, cpu: 'wasm' });
    const [ours, theirs] = [byFunction(result), byFunction(wasm.result)];
    const common = overlap(ours, theirs);
    assert.ok(common > 0.8, `${(100 * common).toFixed(1)} % of the functions' shares in common`);
    const most = (of: Map<string, number>): string[] => [...of].sort(([, a], [, b]) => b - a).slice(0, 5).map(([name]) => name);
    const inBoth = most(ours).filter((name) => most(theirs).includes(name));
    assert.ok(inBoth.length >= 4, `${most(ours).join(', ')}; CPU wasm: ${most(theirs).join(', ')}`);
  });

  it('has the cycles of each voice: those of its functions, and nearly those that CPU wasm counts', async () => {
    const { flame: theirs, voiceCycles: all } = (await profile({ ...options, cpu: 'wasm' })).result;
    const { functions, inlined, each } = result.voiceCycles!;
    assert.ok(functions.includes('Voice#update') && each.length === result.run.gauges.maxVoices, `${each.length} voices`);
    assert.deepEqual([inlined, each.map(({ name }) => name)], [[], all!.each.map(({ name }) => name)]);
    const inFlame = ({ nodes, frames }: ProfileResult['flame']): number => {
      const isVoice = (node: number): boolean => node >= 0 && (frames[nodes[node].frame].kind === 'function' && functions.includes(frames[nodes[node].frame].name) || isVoice(nodes[node].parent));
      return sum(nodes.flatMap(({ parent, total }, i) => (isVoice(i) && !isVoice(parent) ? [total] : [])));
    };
    const [counted, ours, there] = [sum(each.map(({ cycles }) => cycles)), inFlame(result.flame), inFlame(theirs)];
    // Lines' parts of a cycle are rounded for each context of exceptions, not for each function.
    assert.ok(Math.abs(ours / counted - 1) < 1e-3 && Math.abs(counted / there - 1) < 0.15, `${counted} cycles; of functions ${ours}, CPU wasm: ${there}`);
  });

  it('satisfies the published schema, and says that its cycles are the core\'s own', async () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    assert.ok(ajv.validate(await profileSchema(), JSON.parse(JSON.stringify(result))), ajv.errorsText());
    assert.equal(result.counted, 'cycles');
    assert.deepEqual(result.missing, []);
  });
});
