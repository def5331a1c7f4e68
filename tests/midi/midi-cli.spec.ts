// SPDX-License-Identifier: MIT
// `tonewheel midi decode` and `midi encode` as programs: bytes in, text out, exit codes.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { readLines } from '../../host/cli/lines.js';
import { decodeLine } from '../../host/midi/decode.js';
import { encodeLine } from '../../host/midi/encode.js';
import { loadMidiTool, type MidiTool } from '../../host/midi/tool.js';
import { packageRoot } from '../../host/paths.js';
import { midiByte, midiEvent, midiStream } from './arbitraries.js';
import { hexOf, referenceParse } from './reference-parser.js';

interface Run { code: number | null; out: string; err: string }

const main = join(packageRoot, 'build', 'js', 'tests', 'midi', 'midi-main.js');

function midi(args: readonly string[], input: string | Iterable<string>): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, 'midi', ...args], { stdio: 'pipe' });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.stdin.on('error', () => {}); // a command that has met an error reads no further
    child.on('error', reject).on('close', (code) => resolve({ code, out, err }));
    Readable.from(typeof input === 'string' ? [input] : input).pipe(child.stdin);
  });
}

const diag = (losses: Record<string, number>) =>
  ({ t: 'diag', orphan_data: 0, truncated: 0, sysex_aborted: 0, stray_eox: 0, undefined: 0, sysex_overflow: 0, ...losses });

let tool: MidiTool;
const decode = (line: string, withDiag = false) => JSON.parse(decodeLine(tool, line, withDiag));
const encode = (events: unknown, running = false) => encodeLine(tool, JSON.stringify(events), running);

before(async () => {
  tool = await loadMidiTool();
});

describe('midi decode', () => {
  it('prints one array a line, each line from a fresh state', async () => {
    const { code, out, err } = await midi(['decode'], '903C64\n3d 65\n\nF8 fA\tfb');
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.equal(out, '[{"t":"note_on","ch":0,"n":60,"v":100,"at":2}]\n[]\n[]\n[{"t":"clock","at":0},{"t":"start","at":1},{"t":"continue","at":2}]\n');
  });
  it('takes CR LF and nothing at all', async () => {
    assert.equal((await midi(['decode'], 'F8\r\nFE\r\n')).out, '[{"t":"clock","at":0}]\n[{"t":"active_sensing","at":0}]\n');
    assert.deepEqual(await midi(['decode'], ''), { code: 0, out: '', err: '' });
  });
  it('names the line and the column of bad hex, after the lines before it, and exits with 2', async () => {
    const { code, out, err } = await midi(['decode'], 'F8\n90 3G\nF8\n');
    assert.equal(code, 2);
    assert.equal(out, '[{"t":"clock","at":0}]\n');
    assert.match(err, /^tonewheel midi decode: line 2: "G" at column 5 is not a hex digit[^\n]*\n$/);
    assert.match((await midi(['decode'], '903')).err, /line 1: the hex digit "3" at column 3 stands alone/);
    assert.match((await midi(['decode'], '9 03C')).err, /line 1: the hex digit "9" at column 1 stands alone/);
    assert.match((await midi(['decode'], '\u{1F600}')).err, /line 1: "\u{1F600}" at column 1 is not/u);
  });
  it('gives every kind of event its keys', () => {
    assert.deepEqual(decode('81 3c 40 92 3d 41 a3 3e 42 b4 07 43 c5 06 d6 07 e7 01 40'), [
      { t: 'note_off', ch: 1, n: 60, v: 64, at: 2 }, { t: 'note_on', ch: 2, n: 61, v: 65, at: 5 }, { t: 'poly_pressure', ch: 3, n: 62, v: 66, at: 8 },
      { t: 'cc', ch: 4, n: 7, v: 67, at: 11 }, { t: 'program', ch: 5, v: 6, at: 13 }, { t: 'chan_pressure', ch: 6, v: 7, at: 15 },
      { t: 'pitch_bend', ch: 7, v: 8193, at: 18 },
    ]);
    assert.deepEqual(decode('f1 05 f2 01 40 f3 06 f6 f8 fa fb fc fe ff f0 01 f7'), [
      { t: 'mtc_qf', v: 5, at: 1 }, { t: 'song_pos', v: 8193, at: 4 }, { t: 'song_select', v: 6, at: 6 }, { t: 'tune_request', at: 7 }, { t: 'clock', at: 8 },
      { t: 'start', at: 9 }, { t: 'continue', at: 10 }, { t: 'stop', at: 11 }, { t: 'active_sensing', at: 12 }, { t: 'reset', at: 13 },
      { t: 'sysex', data: 'f001f7', at: 16 },
    ]);
  });
  it('does as the vectors that other parsers fail', () => {
    const on = (at: number) => ({ t: 'note_on', ch: 0, n: 60, v: 100, at });
    assert.deepEqual(decode('F1 05 90 3C 64', true), [{ t: 'mtc_qf', v: 5, at: 1 }, on(4), diag({})]);
    assert.deepEqual(decode('F1 05 F1 15 F1 25').map((e: any) => [e.t, e.v]), [['mtc_qf', 5], ['mtc_qf', 21], ['mtc_qf', 37]]);
    assert.deepEqual(decode('F0 7E 01 90 3C 64', true), [{ t: 'sysex_abort', at: 3 }, on(5), diag({ sysex_aborted: 1 })]);
    assert.deepEqual(decode('91 3C 64 F6 3E 64', true), [{ ...on(2), ch: 1 }, { t: 'tune_request', at: 3 }, diag({ orphan_data: 2 })]);
    assert.deepEqual(decode('90 3C F8 64', true), [{ t: 'clock', at: 2 }, on(3), diag({})]);
    assert.deepEqual(decode('F0 01 F8 02 F7', true), [{ t: 'clock', at: 2 }, { t: 'sysex', data: 'f00102f7', at: 4 }, diag({})]);
  });
  it('delivers a SysEx longer than its 4096 bytes in chunks that make it up', () => {
    const fits = `f0${'11'.repeat(4094)}f7`;
    assert.deepEqual(decode(fits, true), [{ t: 'sysex', data: fits, at: 4095 }, diag({})]);
    const long = `f0${'22'.repeat(9000)}f7`;
    const events = decode(long, true);
    assert.deepEqual(events.map((e: any) => [e.t, e.at]), [['sysex_chunk', 4095], ['sysex_chunk', 8191], ['sysex_chunk', 9001], ['diag', undefined]]);
    assert.equal(events.map((e: any) => e.data ?? '').join(''), long);
    assert.deepEqual(events.at(-1), diag({ sysex_overflow: 1 }));
    assert.deepEqual(decode(`${long.slice(0, -2)}f6`).slice(-2), [{ t: 'sysex_abort', at: 9001 }, { t: 'tune_request', at: 9001 }]);
  });
  it('agrees with the plain model on any stream', () => {
    fc.assert(fc.property(fc.oneof(midiStream, fc.array(midiByte, { maxLength: 80, size: 'max' })), (bytes) => {
      const { events, losses } = referenceParse(bytes, 4096);
      assert.deepEqual(decode(hexOf(bytes), true), [...events, diag({ ...losses })]);
    }), { numRuns: 500 });
  });
  it('streams: a large input passes in little memory', async () => {
    const lineCount = 200_000;
    function* input() {
      const piece = '90 3C 64 3C 00 F8\n'.repeat(1000);
      for (let i = 0; i < lineCount; i += 1000) yield piece;
    }
    const args = ['--max-old-space-size=32', main, 'midi', 'decode'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    Readable.from(input()).pipe(child.stdin);
    let newlines = 0;
    for await (const chunk of child.stdout) for (const byte of chunk as Buffer) if (byte === 10) newlines++;
    assert.equal(newlines, lineCount);
    assert.equal(child.exitCode ?? await new Promise((resolve) => child.on('close', resolve)), 0);
  });
});

describe('midi encode', () => {
  it('prints one line of hex for each array', async () => {
    const { code, out, err } = await midi(['encode'],
      '[{"t":"note_on","ch":0,"n":60,"v":100,"at":2},{"t":"note_off","ch":0,"n":60,"v":0}]\n[]\n\n[{"t":"sysex","data":"F0 7E F7"},{"t":"clock"}]');
    assert.deepEqual({ code, err }, { code: 0, err: '' });
    assert.equal(out, '903c64803c00\n\n\nf07ef7f8\n');
  });
  it('leaves repeated statuses out when asked', async () => {
    const line = '[{"t":"cc","ch":1,"n":7,"v":1},{"t":"clock"},{"t":"cc","ch":1,"n":7,"v":2},{"t":"tune_request"},{"t":"cc","ch":1,"n":7,"v":3}]\n';
    assert.equal((await midi(['encode', '--running-status'], line)).out, 'b10701f80702f6b10703\n');
    assert.equal((await midi(['encode'], line)).out, 'b10701f8b10702f6b10703\n');
  });
  it('names the line and the event that is wrong, and exits with 2', async () => {
    const { code, out, err } = await midi(['encode'], '[{"t":"clock"}]\n[{"t":"clock"},{"t":"cc","ch":16,"n":1,"v":1}]\n');
    assert.equal(code, 2);
    assert.equal(out, 'f8\n');
    assert.equal(err, 'tonewheel midi encode: line 2: event 1 (cc): "ch" must be 0 to 15\n');
  });
  it('refuses what it cannot send', () => {
    const bad: [unknown, RegExp][] = [
      [{}, /not a JSON array/], [[1], /event 0: not an object/], [[{}], /"t" is missing/], [[{ t: 'no' }], /"no" is no kind of event/],
      [[{ t: 'toString' }], /no kind of event/], [[{ t: 'note_on', ch: 0, n: 1 }], /"v" is missing/], [[{ t: 'note_on', ch: 0, n: 1, v: '2' }], /"v" is "2"/],
      [[{ t: 'note_on', ch: 0, n: 1.5, v: 2 }], /"n" is 1.5/], [[{ t: 'note_on', ch: 0, n: 1, v: 128 }], /out of range/],
      [[{ t: 'note_on', ch: 0, n: 1, v: 4294967296 }], /not a whole number in range/], [[{ t: 'pitch_bend', ch: 0, v: 16384 }], /out of range/],
      [[{ t: 'song_pos', v: -1 }], /out of range/], [[{ t: 'sysex' }], /"data" is missing/], [[{ t: 'sysex', data: 'f0 0' }], /not hex/],
      [[{ t: 'sysex', data: '' }], /not hex/], [[{ t: 'sysex', data: 'f001' }], /must be f0/], [[{ t: 'sysex', data: 'f08001f7' }], /must be f0/],
      [[{ t: 'sysex', data: '01f7' }], /must be f0/], [[{ t: 'sysex_chunk', data: 'f001' }, { t: 'tune_request' }], /event 1 \(tune_request\): it stands inside/],
      [[{ t: 'sysex_chunk', data: 'f001' }, { t: 'sysex', data: 'f0f7' }], /it stands inside/],
      [[{ t: 'sysex', data: `f0${'00'.repeat(4094)}f7f0f7` }], /must be f0/],
    ];
    for (const [events, message] of bad) assert.throws(() => encode(events), message, JSON.stringify(events));
    assert.throws(() => encodeLine(tool, '[', false), /not JSON/);
  });
  it('sends a chunked SysEx as it came, and nothing for an abort', () => {
    const long = `f0${'33'.repeat(9000)}f7`;
    assert.equal(encode([{ t: 'sysex', data: long }]), long);
    assert.equal(encode(decode(long)), long);
    assert.equal(encode(decode('f0 7e 01 90 3c 64', true)), '903c64');
  });
  it('is undone by decode', () => {
    fc.assert(fc.property(fc.array(midiEvent, { maxLength: 30, size: 'max' }), fc.boolean(), (events, running) => {
      const hex = encode(events, running);
      assert.deepEqual(decode(hex).map(({ at: _, ...event }: any) => event), events);
    }), { numRuns: 500 });
  });
});

describe('readLines', () => {
  it('gives the same lines however the text is cut', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom('a', 'bc', '\n', '\r\n', ' '), { maxLength: 30, size: 'max' }), async (pieces) => {
      const text = pieces.join('');
      const expected = text.split('\n').map((l) => l.replace(/\r$/, ''));
      if (text.endsWith('\n') || text === '') expected.pop();
      const lines: string[] = [];
      for await (const line of readLines(Readable.from(pieces.map((p) => Buffer.from(p)), { objectMode: false }))) lines.push(line);
      assert.deepEqual(lines, expected);
    }), { numRuns: 100 });
  });
});

describe('compileLibrary', () => {
  it('serves several processes that find no cache at once, and the next from the cache', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'tonewheel-'));
    try {
      const library = pathToFileURL(join(packageRoot, 'build', 'js', 'host', 'build', 'library.js')).href;
      const script = `import { compileLibrary } from ${JSON.stringify(library)};
        console.log((await compileLibrary('assembly/firmware/midi-tool.ts', ${JSON.stringify(cache)})).length);`;
      const length = () => new Promise<number>((resolve, reject) =>
        execFile(process.execPath, ['--input-type=module', '-e', script], (error, out) => error ? reject(error) : resolve(Number(out))));
      const lengths = await Promise.all([length(), length()]);
      const files = await readdir(cache);
      assert.equal(files.length, 1);
      assert.match(files[0], /^[0-9a-f]{32}\.wasm$/);
      const { size, mtimeMs } = await stat(join(cache, files[0]));
      assert.deepEqual(lengths, [size, size]);
      assert.equal(await length(), size);
      assert.equal((await stat(join(cache, files[0]))).mtimeMs, mtimeMs);
    } finally {
      await rm(cache, { recursive: true });
    }
  });
});
