// SPDX-License-Identifier: MIT
// Valid random modules: binaryen's fuzzer turns random bytes into them. A seed gives the same modules everywhere.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../host/paths.js';
import { signatures, type Case } from './differential.js';

const run = promisify(execFile);
const requireHere = createRequire(join(packageRoot, 'package.json'));
const wasmOpt = join(dirname(requireHere.resolve('binaryen')), 'bin', 'wasm-opt');

/** xorshift32: as many bytes as wanted. */
export function randomBytes(seed: number, count: number): Uint8Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Uint8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 24;
  });
}

/** The memory's maximum becomes its initial size: the firmware's memory is static, and V8's would grow. */
function fixMemory(wasm: Uint8Array): Uint8Array {
  const out = [...wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length;) {
    const start = at;
    const id = wasm[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      size += (wasm[at] & 0x7f) * 2 ** shift;
      if (wasm[at++] < 0x80) break;
    }
    const initial = wasm[at + 2];
    if (id === 5) out.push(5, 4, 1, 1, initial, initial);
    else out.push(...wasm.subarray(start, at + size));
    at += size;
  }
  return Uint8Array.from(out);
}

/** Arguments that meet the edges of a type as often as its middle. */
function argument(seed: number): bigint {
  const edges = [0n, 1n, 0xffffffffffffffffn, 0x80000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0x3f8000003f800000n, 0x3ff0000000000000n];
  const bytes = randomBytes(seed, 9);
  return bytes[8] & 1 ? edges[bytes[0] & 7] : new DataView(bytes.buffer).getBigUint64(0, true);
}

/** Kept from run to run: making one takes longer than trying it. The directory's name has all that shapes a module but its seed. */
const cache = join(packageRoot, 'build', 'cache', `random-modules-1-binaryen-${requireHere('binaryen/package.json').version}`);

/** The module of a seed. Even seeds are optimised, which shapes the code as compilers do. */
async function randomModule(seed: number): Promise<Uint8Array> {
  const cached = join(cache, `${seed}.wasm`);
  const known = await readFile(cached).catch(() => undefined);
  if (known) return new Uint8Array(known);
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-fuzz-'));
  try {
    await writeFile(join(dir, 'in'), randomBytes(seed, 2000 + (seed % 7) * 1500));
    await run('node', [wasmOpt, join(dir, 'in'), '-ttf', '--denan', '--mvp-features', '--enable-sign-ext', '--enable-nontrapping-float-to-int',
      '--enable-mutable-globals', ...(seed % 2 === 0 ? ['-O2'] : []), '-o', join(dir, 'out.wasm')]);
    const wasm = fixMemory(new Uint8Array(await readFile(join(dir, 'out.wasm'))));
    await mkdir(cache, { recursive: true });
    await writeFile(`${cached}.${process.pid}`, wasm);
    await rename(`${cached}.${process.pid}`, cached);
    return wasm;
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The random module of a seed, with two rounds of calls of all it exports. */
export async function randomCase(seed: number): Promise<Case> {
  const wasm = await randomModule(seed);
  const names = [...signatures(wasm)].filter(([, { exported }]) => exported);
  const calls = [0, 1].flatMap((round) => names.map(([name, { params }], i) =>
    ({ name, args: params.map((type, j) => ({ type, bits: argument(seed * 1000 + round * 500 + i * 10 + j) })) })));
  return { wasm, calls };
}
