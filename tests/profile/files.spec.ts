// SPDX-License-Identifier: MIT
// The files of `profile --report`, by rules that are not ours: speedscope's and the Trace Event Format's, restated here, and sigrok's reading of the wires.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { without } from '../../host/testing/needs.js';
import { canonInD } from '../../music/canon-in-d.js';
import { BOARD, firmware, SILENT, Workplace } from '../cli/cli.js';
import { SPEEDSCOPE } from './speedscope-schema.js';

const place = new Workplace();
place.write('canon.mid', canonInD());
place.write('silent.ts', SILENT);
const text = (name: string): string => readFileSync(place.path(name), 'utf8');

interface Speedscope {
  shared: { frames: { name: string }[] };
  profiles: { type: string; name: string; endValue: number; samples?: number[][]; weights?: number[]; events?: { type: 'O' | 'C'; at: number; frame: number }[] }[];
}

/** Rows of a table after RFC 4180, by the names of its columns. */
function rows(csv: string): Record<string, string>[] {
  const records: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/g)) {
    records.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') records.push([]);
  }
  const [columns, ...body] = records.slice(0, -1);
  return body.map((cells) => {
    assert.equal(cells.length, columns.length);
    return Object.fromEntries(columns.map((name, i) => [name, cells[i]]));
  });
}

/** The same as Python's csv module reads it, which refuses what RFC 4180 does not allow. */
const PYTHON = `
import csv, json, sys
csv.field_size_limit(1 << 26)
print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8'), restkey='more', strict=True))))
`;

const withoutPython = spawnSync('python3', ['--version']).error !== undefined && process.env.CI === undefined && 'python3 is not installed';

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

describe('profile --report', () => {
  let result: ProfileResult;
  before(async () => {
    const { code, stdout, stderr } = await place.run('profile', firmware('synth'), ...BOARD, '--midi', 'canon.mid', '--seconds', '1.5', '--report', 'a/b', '--json');
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    result = JSON.parse(stdout) as ProfileResult;
  });

  it('leaves whole files, of which the JSON is what --json prints', () => {
    const files = place.list().filter((name) => name.startsWith('a/b/') && statSync(place.path(name)).isFile()).map((name) => name.slice(4));
    for (const name of ['blocks.csv', 'functions.csv', 'handlers.csv', 'lines.csv', 'profile.json', 'profile.speedscope.json', 'profile.trace.json', 'profile.vcd']) assert.ok(files.includes(name), name);
    assert.ok(!files.some((name) => name.endsWith('.part')));
    assert.deepEqual(JSON.parse(text('a/b/profile.json')), result);
  });

  it('has tables with the profile\'s sums', () => {
    const lines = rows(text('a/b/lines.csv'));
    assert.equal(sum(lines.map(({ cycles }) => Number(cycles))), result.codeCycles);
    assert.ok(lines.some((row) => row.text.includes(',')));
    for (const { file, line, text: shown } of lines.slice(0, 50)) assert.equal(shown, result.sources[file][Number(line) - 1].trim());
    assert.equal(sum(rows(text('a/b/functions.csv')).map((row) => Number(row.self_cycles))), result.codeCycles);
    const handlers = rows(text('a/b/handlers.csv'));
    for (const { vector, count, total_cycles: total } of handlers) assert.deepEqual([Number(count), Number(total)], [result.run.isr[vector].count, result.run.isr[vector].totalCycles]);
    const blocks = rows(text('a/b/blocks.csv'));
    assert.equal(blocks.length, result.load.blocks);
    assert.equal(Math.max(...blocks.map((row) => Number(row.cycles_per_frame))), result.load.max);
    // The core starts slower than it runs, so seconds are no multiple of cycles.
    assert.equal(result.load.series.blocksPerPoint, 1);
    for (const [i, seconds] of result.load.series.seconds.entries()) assert.ok(Math.abs(Number(blocks[i].start_seconds) - seconds) < 1e-6, `block ${i}`);
    for (const [i, row] of blocks.entries()) if (i > 0) assert.equal(Number(row.start_cycle), Number(blocks[i - 1].start_cycle) + Number(blocks[i - 1].length_cycles));
  });

  it('has tables that Python\'s csv module reads as they are meant', { skip: withoutPython }, () => {
    for (const name of ['blocks', 'functions', 'handlers', 'lines']) {
      const { status, stdout, stderr } = spawnSync('python3', ['-c', PYTHON, place.path(`a/b/${name}.csv`)], { maxBuffer: 1 << 28 });
      assert.equal(status, 0, stderr.toString());
      assert.deepEqual(JSON.parse(stdout.toString()), rows(text(`a/b/${name}.csv`)), name);
    }
    assert.ok(rows(text('a/b/lines.csv')).some((row) => row.text.includes('"')));
  });

  it('has a file for speedscope that its schema allows, with balanced events and all cycles', () => {
    const file = JSON.parse(text('a/b/profile.speedscope.json')) as Speedscope;
    const ajv = new Ajv({ strict: false });
    assert.ok(ajv.validate(SPEEDSCOPE, file), ajv.errorsText());
    const { frames } = file.shared;
    const whole = file.profiles[0];
    const roots = result.flame.nodes.filter(({ parent }) => parent < 0);
    assert.equal(whole.endValue, sum(roots.map(({ total }) => total)));
    for (const { samples, weights, events, endValue } of file.profiles) {
      if (samples && weights) {
        assert.equal(samples.length, weights.length);
        assert.ok(samples.flat().every((frame) => Number.isInteger(frame) && frame >= 0 && frame < frames.length));
        assert.equal(sum(weights), endValue);
      }
      const open: number[] = [];
      let last = 0;
      for (const { type, at, frame } of events ?? []) {
        assert.ok(at >= last && at <= endValue);
        last = at;
        if (type === 'O') open.push(frame);
        else assert.equal(open.pop(), frame);
      }
      assert.deepEqual(open, []);
    }
    assert.ok(file.profiles.some(({ type, name }) => type === 'evented' && name.startsWith('worst block')));
    assert.ok(frames.some(({ name }) => name.endsWith(' (inlined)')));
  });

  it('has a file for Perfetto of the whole run, with a named track for each handler that ran, on which no two runs overlap', () => {
    const { traceEvents } = JSON.parse(text('a/b/profile.trace.json')) as { traceEvents: { name: string; ph: string; pid: number; tid: number; ts?: number; dur?: number; args?: { name?: string } }[] };
    const threads = new Map(traceEvents.filter(({ name, ph }) => ph === 'M' && name === 'thread_name').map(({ tid, args }) => [tid, args!.name!]));
    const tracks = new Map<number, { ts: number; dur: number }[]>();
    for (const { ph, tid, ts, dur, name } of traceEvents) {
      assert.ok(['M', 'X', 'C', 'i'].includes(ph));
      if (ph !== 'M') assert.ok(typeof ts === 'number' && ts >= 0 && ts <= result.run.seconds * 1e6 + 1);
      if (ph !== 'X') continue;
      assert.ok(dur! > 0);
      if (threads.get(tid) !== 'core') assert.ok(threads.get(tid)!.startsWith(name));
      tracks.set(tid, [...(tracks.get(tid) ?? []), { ts: ts!, dur: dur! }]);
    }
    for (const { name, count } of result.handlers) {
      const [tid] = [...threads].find(([, track]) => track.startsWith(name)) ?? [];
      assert.equal(tracks.get(tid ?? -1)?.length ?? 0, count, name);
    }
    for (const slices of tracks.values()) for (const [i, { ts }] of slices.entries()) if (i > 0) assert.ok(ts >= slices[i - 1].ts + slices[i - 1].dur - 1e-6);
    // Handlers lie within those that they pre-empted: of two at a time one has all of the other.
    const open: number[] = [];
    const handlers = [...tracks].flatMap(([tid, slices]) => (threads.get(tid) === 'core' ? [] : slices)).sort((a, b) => a.ts - b.ts || b.dur - a.dur);
    for (const { ts, dur } of handlers) {
      while (open.length > 0 && open.at(-1)! <= ts + 1e-6) open.pop();
      assert.ok(open.length === 0 || ts + dur <= open.at(-1)! + 1e-6, `at ${ts} us`);
      open.push(ts + dur);
    }
    // Counters have numbers to draw, and times of each track go on.
    const last = new Map<string, number>();
    for (const { ph, tid, name, ts, args } of traceEvents) {
      if (ph === 'C') assert.ok(Object.values(args!).length > 0 && Object.values(args!).every((value) => Number.isFinite(value)));
      if (ph === 'M') continue;
      const track = `${ph} ${tid} ${ph === 'C' ? name : ''}`;
      assert.ok(ts! >= (last.get(track) ?? 0), track);
      last.set(track, ts!);
    }
  });

  it('has wires that sigrok reads: MIDI as it was sent', { skip: without('sigrok-cli') }, () => {
    const vcd = place.path('a/b/profile.vcd');
    const sigrok = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync('sigrok-cli', ['-i', vcd, '-I', 'vcd:downsample=100', ...args], { maxBuffer: 1 << 28 });
      assert.equal(status, 0, stderr.toString());
      return stdout.toString('latin1');
    };
    assert.match(sigrok('-P', 'uart:rx=MIDI_RX:baudrate=31250,midi', '-A', 'midi'), /note on \(note = 50/);
  });

  it('has a pulse of its marker for each run of a handler, chained ones too, as sigrok counts them', { skip: without('sigrok-cli') }, async () => {
    // Every tick of a VCD is a sample to sigrok, so the run is a short one; each message of the file is begun while the last byte is served.
    const { code, stdout, stderr } = await place.run('profile', firmware('synth'), ...BOARD, '--midi', 'canon.mid', '--seconds', '0.32', '--report', 'short', '--json');
    assert.equal(code, 0, stderr);
    const { handlers } = JSON.parse(stdout) as ProfileResult;
    assert.ok(handlers.filter(({ count }) => count > 10).length >= 3);
    for (const { name, count } of handlers) {
      const { stdout: bits } = spawnSync('sigrok-cli', ['-i', place.path('short/profile.vcd'), '-I', 'vcd', '-C', `ISR_${name}`, '-O', 'bits:width=0'], { maxBuffer: 1 << 28 });
      let [pulses, last] = [0, 0x30];
      // After the last colon; digits in groups.
      for (const level of bits.subarray(bits.lastIndexOf(0x3a) + 1)) {
        if (level !== 0x30 && level !== 0x31) continue;
        if (level > last) pulses++;
        last = level;
      }
      // One that the run ends in has begun, and is not counted.
      assert.equal(pulses - (last === 0x31 ? 1 : 0), count, name);
    }
  });
});

describe('profile, used otherwise', () => {
  it('profiles a firmware that makes no sound', async () => {
    const { code, stdout, stderr } = await place.run('profile', 'silent.ts', ...BOARD, '--seconds', '0.01', '--json');
    assert.equal(code, 0, stderr);
    const silent = JSON.parse(stdout) as ProfileResult;
    assert.deepEqual([silent.worst, silent.load.blocks, silent.voices, silent.midiToAudio.notes], [null, 0, null, 0]);
    assert.ok(silent.codeCycles >= 0);
  });

  it('says what CPU wasm3 cannot tell, and tells the rest', { skip: without('C compiler') }, async () => {
    const { code, stdout, stderr } = await place.run('profile', firmware('tone'), ...BOARD, '--cpu', 'wasm3', '--seconds', '0.2', '--json', '--overclock', '20');
    assert.equal(code, 0, stderr);
    const { missing, lines, load, handlers } = JSON.parse(stdout) as ProfileResult;
    assert.deepEqual(lines, []);
    assert.deepEqual(missing.map(({ what }) => what), ['functions, lines and flame graph', 'stack high-water']);
    assert.ok(load.blocks > 100 && handlers.every(({ count }) => count > 100));
  });

  it('measures the stack of an image on CPU arm', { skip: without('arm-none-eabi-gcc') }, async () => {
    const { code, stdout, stderr } = await place.run('profile', firmware('tone'), ...BOARD, '--cpu', 'arm', '--engine', 'aot', '--seconds', '0.2', '--json');
    assert.equal(code, 0, stderr);
    const { missing, stacks: [stack], load, memory } = JSON.parse(stdout) as ProfileResult;
    assert.deepEqual(missing, []);
    // What one exception stacks, with floating point (26 words), is the least; the reserve is the build's 8 KiB.
    assert.ok(stack.highWater > 104 && stack.highWater < stack.byteCount && stack.byteCount === 8192, JSON.stringify(stack));
    assert.ok(load.blocks > 100);
    assert.ok(memory.some(({ region, parts }) => region === 'flash' && parts.length > 0));
  });

  const wrong: [string[], RegExp][] = [
    [['nothing.ts', ...BOARD], /firmware nothing\.ts: there is no such file/],
    [['silent.ts'], /required option '--board <board>'/],
    [['silent.ts', ...BOARD, '--threshold', 'much'], /--threshold/],
    [['silent.ts', ...BOARD, '--report', 'silent.ts'], /cannot make the directory|a part of the path is a file|there is a file of that name/],
    [['silent.ts', ...BOARD, '--midi', 'nothing.mid'], /nothing\.mid: there is no such file/],
  ];
  for (const [args, want] of wrong) {
    it(`refuses "${args.join(' ')}" with exit code 2`, async () => {
      const { code, stdout, stderr } = await place.run('profile', ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, want);
    });
  }
});
