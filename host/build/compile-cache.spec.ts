// SPDX-License-Identifier: MIT
// What is compiled anew and what is not: each kind of input is changed by itself, and a changed one never finds what was made of the old one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadBoard, type Board } from '../boards/index.js';
import { packageRoot } from '../paths.js';
import { CompileCache, hashOfCode } from './compile-cache.js';
import { CompileError, compileFirmware, compileSource, type CompilerSettings, type Firmware } from './compile.js';

const board = loadBoard('stm32f4-discovery');
const MAIN = `import { LEVEL } from "./level";
import { SAMPLE_RATE } from "tonewheel/assembly/shim/board";
const VOICE_COUNT: i32 = 4;
export function init(): void {}
export function main(): void { store<u32>(1024, LEVEL * VOICE_COUNT); store<f64>(1032, SAMPLE_RATE); }
`;
let project = '';
const places: string[] = [];
const at = (...path: string[]): string => join(project, ...path);
const write = (path: string, text: string): void => { mkdirSync(dirname(at(path)), { recursive: true }); writeFileSync(at(path), text); };
const kept = (): string[] => readdirSync(at('build/cache/firmware')).filter((name) => name.endsWith('.result'));
const compile = (settings: Pick<CompilerSettings, 'constants'> = {}, on: Board = board): Promise<Firmware> => compileFirmware(at('main.ts'), on, [], settings);

beforeEach(() => {
  places.push(project = mkdtempSync(join(tmpdir(), 'tonewheel-cache-')));
  write('package.json', '{}');
  write('main.ts', MAIN);
  write('level/index.ts', 'export const LEVEL: i32 = 7;');
});
after(() => { for (const place of places) rmSync(place, { recursive: true, force: true }); });

/** Whether a compile was a hit: a result that is found is one that was there, and it is touched. */
async function isHit(compileOnce: () => Promise<unknown>): Promise<boolean> {
  for (const name of kept()) utimesSync(at('build/cache/firmware', name), 1000, 1000);
  const before = kept().length;
  await compileOnce();
  const touched = kept().filter((name) => statSync(at('build/cache/firmware', name)).mtimeMs > 1_000_000);
  assert.equal(touched.length, 1);
  return kept().length === before;
}

test('the same again is found, to the last byte', async () => {
  const first = await compile();
  const constants: unknown[] = [];
  let again: Firmware | undefined;
  assert.ok(await isHit(async () => (again = await compileFirmware(at('main.ts'), board, [], { onConstants: (c) => constants.push(...c) }))));
  assert.deepEqual(again, first);
  assert.deepEqual(constants, first.constants);
  assert.deepEqual(first.constants.map(({ name, value }) => [name, value]), [['VOICE_COUNT', 4], ['LEVEL', 7]]);
});

test('a changed source, or an imported one, is compiled anew, and the old one is found again', async () => {
  const first = await compile();
  write('level/index.ts', 'export const LEVEL: i32 = 8;');
  assert.ok(!await isHit(compile));
  write('main.ts', `${MAIN}// a comment\n`);
  assert.ok(!await isHit(compile));
  write('main.ts', MAIN);
  write('level/index.ts', 'export const LEVEL: i32 = 7;');
  let again: Firmware | undefined;
  assert.ok(await isHit(async () => (again = await compile())));
  assert.deepEqual(again!.wasm, first.wasm);
});

test('a file that was missing, and shadows one that was there, counts', async () => {
  const first = await compile();
  write('level.ts', 'export const LEVEL: i32 = 9;');
  let shadowed: Firmware | undefined;
  assert.ok(!await isHit(async () => (shadowed = await compile())));
  assert.notDeepEqual(shadowed!.wasm, first.wasm);
});

test('a constant, the board, what is compiled besides and the options count', async () => {
  await compile();
  assert.ok(!await isHit(() => compile({ constants: { VOICE_COUNT: () => 5 } })));
  assert.ok(!await isHit(() => compile({ constants: { VOICE_COUNT: () => 6 } })));
  assert.ok(await isHit(() => compile({ constants: { VOICE_COUNT: () => 5 } })));
  // What a source that is generated for it says alone.
  assert.ok(!await isHit(() => compile({}, { ...board, tick: { ...board.tick, timer: 'TIM3' } } as Board)));
  // What the transform alone asks of a board.
  assert.ok(!await isHit(() => compile({}, { ...board, nvic: { ...board.nvic, priorityBits: 3 } } as Board)));
  write('more.ts', 'export function more(): i32 { return 1; }');
  assert.ok(!await isHit(() => compileFirmware(at('main.ts'), board, [at('more.ts')])));
  const options = JSON.parse(readFileSync(join(packageRoot, 'asconfig.json'), 'utf8')) as { options: Record<string, unknown> };
  write('own.json', JSON.stringify(options));
  assert.ok(!await isHit(() => compileSource(at('main.ts'), board, { config: at('own.json') })));
  write('own.json', JSON.stringify({ options: { ...options.options, noAssert: true } }));
  assert.ok(!await isHit(() => compileSource(at('main.ts'), board, { config: at('own.json') })));
  assert.ok(!await isHit(() => compileSource(at('main.ts'), board, { config: at('own.json'), transforms: ['@as-pect/transform'] })));
});

test('the compiling code counts, with all that it imports, and the versions of packages', async () => {
  write('code/a.js', 'import { b } from "./b.js"; import "some-package"; const text = `export * from "./nothing"`;');
  write('code/b.js', 'export const b = 1;');
  const hash = () => hashOfCode(pathToFileURL(at('code/a.js')));
  const first = await hash();
  assert.equal(await hash(), first);
  write('code/b.js', 'export const b = 2;');
  const second = await hash();
  assert.notEqual(second, first);
  assert.notEqual(await hashOfCode(pathToFileURL(at('code/a.js')), ['assemblyscript']), second);
  const read = async (): Promise<string> => 'text';
  const reads = new Map([['a.ts', 'text']]);
  await new CompileCache(at('kept'), first, read).keep(reads, 1);
  assert.equal(await new CompileCache(at('kept'), first, read).find(), 1);
  assert.equal(await new CompileCache(at('kept'), second, read).find(), undefined);
});

test('an error is found by compiling, each time', async () => {
  write('main.ts', MAIN.replace('VOICE_COUNT);', 'VOICES);'));
  for (let i = 0; i < 2; i++) await assert.rejects(compile(), CompileError);
  assert.throws(kept, { code: 'ENOENT' });
});

test('a damaged or truncated result is not believed, and replaced', async () => {
  const first = await compile();
  const [file] = kept().map((name) => at('build/cache/firmware', name));
  const whole = readFileSync(file);
  for (const damage of [() => truncateSync(file, 1000), () => truncateSync(file, 0), () => writeFileSync(file, Buffer.from(whole).fill(1, 40, 41))]) {
    damage();
    assert.deepEqual((await compile()).wasm, first.wasm);
    assert.deepEqual(readFileSync(file), whole);
  }
  const [paths] = readdirSync(at('build/cache/firmware')).filter((name) => name.endsWith('.paths'));
  for (const text of ['', '[]', '["main.ts"]', 'null']) {
    write(`build/cache/firmware/${paths}`, text);
    assert.deepEqual((await compile()).wasm, first.wasm);
  }
});

test('where nothing can be kept, all is compiled', async () => {
  write('build', 'a file in the way');
  assert.equal((await compile()).vectors.length, 0);
  assert.equal(readFileSync(at('build'), 'utf8'), 'a file in the way');
});

test('several at once leave whole files alone', async () => {
  const all = await Promise.all([compile(), compile(), compile()]);
  for (const one of all) assert.deepEqual(one.wasm, all[0].wasm);
  assert.deepEqual(readdirSync(at('build/cache/firmware')).filter((name) => name.endsWith('.part')), []);
  assert.ok(await isHit(compile));
});

test('what was not asked for the longest goes when there is too much', async () => {
  const read = async (path: string): Promise<string> => path;
  const cacheOf = (asked: string) => new CompileCache<Uint8Array>(at('small'), asked, read, 5000);
  // Which compression makes no smaller.
  const noise = (seed: number): Uint8Array => Buffer.concat(Array.from({ length: 64 }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest()));
  const old = (asked: string): Promise<void> => cacheOf(asked).keep(new Map([['a.ts', 'a.ts']]), noise(asked.length)).then(() => {
    for (const name of readdirSync(at('small'))) {
      const { mtimeMs } = statSync(at('small', name));
      utimesSync(at('small', name), mtimeMs / 1000 - 60, mtimeMs / 1000 - 60);
    }
  });
  await old('1');
  await old('22');
  assert.ok(await cacheOf('1').find(), 'asked for, it is the younger one now');
  await old('333');
  assert.ok(await cacheOf('1').find());
  assert.equal(await cacheOf('22').find(), undefined);
  assert.ok(await cacheOf('333').find());
});

test('the environment says where, or nowhere', async () => {
  try {
    process.env.TONEWHEEL_CACHE = '';
    await compile();
    assert.deepEqual(readdirSync(project).sort(), ['level', 'main.ts', 'package.json']);
    process.env.TONEWHEEL_CACHE = at('elsewhere');
    await compile();
    assert.equal(readdirSync(at('elsewhere')).length, 2);
  } finally {
    delete process.env.TONEWHEEL_CACHE;
  }
});
