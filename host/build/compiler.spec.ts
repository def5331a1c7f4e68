// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledCompiler, packagedCompiler, type Compiler } from './compiler.js';
import { useOwnPasses } from './passes.js';

const SOURCE = `
export function mix(a: f32, b: f32, frames: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < frames; i++) sum += load<f32>(i << 2) * a + Mathf.sin(b * <f32>i) * <f32>0.125;
  return sum;
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
