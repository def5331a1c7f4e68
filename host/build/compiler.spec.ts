// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binaryenModule, bundledCompiler, packagedCompiler, type Compiler } from './compiler.js';
import { useOwnPasses } from './passes.js';

/** Computed ahead of time, a division by zero is an exception within Binaryen. */
const SOURCE = `
export function mix(a: f32, b: f32, frames: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < frames; i++) sum += load<f32>(i << 2) * a + Mathf.sin(b * <f32>i) * <f32>0.125;
  return sum;
}
export function stop(): i32 {
  const zero = 0;
  return 1 / zero;
}`;

async function compiled({ asc }: Compiler): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(['mix.ts', '-O3', '--outFile', 'mix.wasm'], {
    readFile: (name: string) => (name === 'mix.ts' ? SOURCE : null), listFiles: () => null,
    writeFile: (_: string, contents: Uint8Array | string) => { binary = contents as Uint8Array; },
  });
  assert.equal(error, null, stderr.toString());
  return binary!;
}

test('the compiler in one file compiles to the same bytes as its package with the same passes', async () => {
  const own = await compiled(await bundledCompiler());
  assert.ok(WebAssembly.validate(new Uint8Array(own)));
  const packaged = await packagedCompiler();
  useOwnPasses(packaged.assemblyscript as Parameters<typeof useOwnPasses>[0]);
  assert.deepEqual(own, await compiled(packaged));
});

test('Binaryen in one file catches in WebAssembly: it has the table and the stack pointer of the module that catches', async () => {
  const imported = WebAssembly.Module.imports(await binaryenModule()).filter(({ kind }) => kind !== 'function').map(({ name, kind }) => `${kind} ${name}`);
  assert.deepEqual(imported, ['table table', 'global stack']);
});

/** What comes out of Binaryen that gives up; and whether it goes on afterwards. */
async function givingUp({ asc }: Compiler): Promise<unknown[]> {
  const said: unknown[] = [];
  class GivesUp {
    afterCompile(module: { runPasses(passes: string[]): void }): void {
      assert.throws(() => module.runPasses(['no-such-pass']), (thrown: { message: string }) => said.push(thrown.message) > 0);
      // Binaryen has set it.
      process.exitCode = 0;
      module.runPasses(['precompute']);
    }
  }
  const { error } = await asc.main(['mix.ts', '--outFile', 'mix.wasm'], {
    readFile: (name: string) => (name === 'mix.ts' ? SOURCE : null), listFiles: () => null, writeFile: () => undefined, transforms: [new GivesUp()] as never,
  });
  return [...said, error];
}

test('what Binaryen throws that is no exception of C++ comes out of it as from its package', async () => {
  const own = await givingUp(await bundledCompiler());
  assert.deepEqual(own, ['Program terminated with exit(1)', null]);
  assert.deepEqual(own, await givingUp(await packagedCompiler()));
});
