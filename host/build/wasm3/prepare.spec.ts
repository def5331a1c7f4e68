// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../paths.js';
import { Edits } from './edits.js';
import { prepareWasm3 } from './prepare.js';
import { findWasm3 } from './source.js';

let dir: string;
let copy: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewheel-wasm3-'));
  copy = join(dir, 'copy');
  await cp(join(packageRoot, 'node_modules', 'react-native-webassembly', 'cpp'), copy, { recursive: true });
});
after(() => rm(dir, { recursive: true }));

describe("wasm3's sources", () => {
  it('are 0.5.0 from the package, without the system interfaces', async () => {
    const { version, files } = await findWasm3('');
    assert.equal(version, '0.5.0');
    assert.ok(files.has('m3_compile.c') && files.has('wasm3.h'));
    assert.deepEqual([...files.keys()].filter((f) => /api|wasi|libc/.test(f)), []);
  });
  it('may be a changed copy that WASM3_DIR names, of the same version', async () => {
    await writeFile(join(copy, 'm3_exec.c'), '// mine\n');
    assert.equal((await findWasm3(copy)).files.get('m3_exec.c'), '// mine\n');
    await writeFile(join(copy, 'wasm3.h'), '#define M3_VERSION       "0.9.0"\n');
    await assert.rejects(findWasm3(copy), /WASM3_DIR: .*copy is wasm3 0\.9\.0; the firmware is built on 0\.5\.0/);
    await writeFile(join(copy, 'wasm3.h'), '\n');
    await assert.rejects(findWasm3(copy), /does not define M3_VERSION/);
  });
  it('are missed by name', async () => {
    await assert.rejects(findWasm3(join(dir, 'nowhere')), /WASM3_DIR: .*nowhere cannot be read/);
    await assert.rejects(findWasm3(dir), /WASM3_DIR: .* lacks m3_bind\.c/);
  });
});

describe('prepareWasm3', () => {
  it('writes both variants, the files to compile, and nothing that is not theirs', async () => {
    for (const variant of ['reference', 'tuned'] as const) {
      const outDir = join(dir, variant);
      await cp(copy, outDir, { recursive: true });
      const { sources, execSource, includeDir, defines } = await prepareWasm3({ variant, outDir, config: { d_m3CodePageAlignSize: 65536 } });
      assert.ok(sources.includes(execSource));
      assert.equal(includeDir, outDir);
      assert.deepEqual(defines, [`TW_WASM3_TUNED=${variant === 'tuned' ? 1 : 0}`]);
      const present = await readdir(outDir);
      assert.deepEqual(present.filter((f) => f.endsWith('.c')).sort(), sources.map((s) => s.slice(outDir.length + 1)).sort());
      assert.equal(present.includes('m3_api_libc.c'), false);
      assert.match(await readFile(join(outDir, 'tw-wasm3-config.h'), 'utf8'), /#define d_m3CodePageAlignSize 65536/);
      assert.match(await readFile(join(outDir, 'm3_core.c'), 'utf8'), /tw_heap_alloc/);
      assert.doesNotMatch(await readFile(join(outDir, 'm3_core.c'), 'utf8'), /\bcalloc\b/);
    }
  });
  it('leaves no operation in the tuned variant that compiles or rewrites code while it runs', async () => {
    const outDir = join(dir, 'tuned');
    const [compiler, handlers] = await Promise.all(['m3_compile.c', 'm3_exec.c'].map((f) => readFile(join(outDir, f), 'utf8')));
    assert.doesNotMatch(compiler, /op_Compile|op_Loop|op_ContinueLoop/);
    assert.doesNotMatch(handlers, /rewrite_op|CompileFunction/);
  });
});

describe('edits', () => {
  const edits = () => new Edits(new Map([['a.c', 'one two two']]));
  it('find what they were written for as often as they say', () => {
    const e = edits();
    e.replace('a.c', 'two', '2', 2);
    assert.equal(e.text('a.c'), 'one 2 2');
    e.replaceRange('a.c', 'one', ' 2', '1');
    assert.equal(e.text('a.c'), '1 2 2');
  });
  it('refuse other sources, naming what they looked for', () => {
    assert.throws(() => edits().replace('a.c', 'two', '2'), /a\.c: expected 1 of "two", found 2/);
    assert.throws(() => edits().replace('a.c', 'three', '3'), /a\.c: expected 1 of "three", found 0/);
    assert.throws(() => edits().replaceRange('a.c', 'two', 'one', ''), /a\.c: expected one range from "two" to "one"/);
    assert.throws(() => edits().text('b.c'), /no b\.c/);
  });
});
