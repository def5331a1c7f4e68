// SPDX-License-Identifier: MIT
// Images of both demos: for every board and engine they build to the same bytes wherever they are built, and to the sizes in sizes.json.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, test } from 'node:test';
import { listBoards, loadBoard } from '../../host/boards/index.js';
import { engineNames, type EngineName } from '../../host/build/image/engine-names.js';
import { buildImage, type Image } from '../../host/build/image/image.js';
import { parseImage } from '../../host/image/image.js';
import { packageRoot } from '../../host/paths.js';

const run = promisify(execFile);
const SIZES = join(packageRoot, 'tests', 'image', 'sizes.json');
/** The compiler whose sizes are pinned: Debian 12's. */
const COMPILER = '12.2.1';
const PIN = process.env.TONEWHEEL_PIN === '1';

interface Build { readonly firmware: 'tone' | 'synth'; readonly board: string; readonly engine: EngineName }

/** The synth interpreted without native code is for boards whose cores are fast enough, or simulated; the engines of its own board are the other two. */
const builds: readonly Build[] = [
  ...listBoards().flatMap((board) => engineNames.map((engine) => ({ firmware: 'tone', board, engine }) as const)),
  ...(['kernels', 'aot'] as const).map((engine) => ({ firmware: 'synth', board: 'stm32f4-discovery', engine }) as const),
];
const nameOf = ({ firmware, board, engine }: Build): string => `${firmware} ${board} ${engine}`;

let root: string;
const images = new Map<string, Image>();
before(async () => void (root = await mkdtemp(join(tmpdir(), 'tonewheel-build-'))));
after(() => rm(root, { recursive: true, force: true }));

const build = ({ firmware, board, engine }: Build, directory: string): Promise<Image> =>
  buildImage({ firmware: `assembly/firmware/${firmware}.ts`, board: loadBoard(board), engine, out: join(root, directory) });

/** The bytes in flash of a file that has segments, from the first to the last. */
function flashOf(bytes: Uint8Array, file: string, origin: number): Buffer {
  const { segments } = parseImage(bytes, file, origin);
  const end = Math.max(...segments.map((s) => s.address + s.bytes.length));
  const flash = Buffer.alloc(end - origin);
  for (const { address, bytes: piece } of segments) flash.set(piece, address - origin);
  return flash;
}

for (const one of builds) {
  test(`${nameOf(one)} builds; hex and bin hold the bytes of the ELF`, async () => {
    const image = await build(one, nameOf(one));
    images.set(nameOf(one), image);
    const { files, board: { flash: { origin } } } = image;
    const [elf, hex, bin] = await Promise.all([files.elf, files.hex, files.bin].map(async (file) => flashOf(await readFile(file), file, origin)));
    assert.ok(elf.equals(hex), 'hex');
    assert.ok(elf.equals(bin), 'bin');
    // What the table says, and gaps between sections besides.
    assert.ok(elf.length >= image.sizes.flashBytes && elf.length < image.sizes.flashBytes + 64, `${elf.length}, ${image.sizes.flashBytes} in the table`);
  });
}

test('the sizes are those that are pinned', async (t) => {
  const { stdout } = await run('arm-none-eabi-gcc', ['-dumpfullversion']);
  if (stdout.trim() !== COMPILER) return t.skip(`the sizes are those of arm-none-eabi-gcc ${COMPILER}; this is ${stdout.trim()}`);
  const sizes = Object.fromEntries([...images].map(([name, image]) => [name, { ...image.sizes.flash, total: image.sizes.flashBytes }]));
  if (PIN) return writeFile(SIZES, `${JSON.stringify(sizes, null, 2)}\n`);
  assert.deepEqual(sizes, JSON.parse(await readFile(SIZES, 'utf8')),
    'images have changed their sizes: TONEWHEEL_PIN=1 npm test image/build writes sizes.json anew; look at its diff, and say why in the commit');
});

const twice: Build = { firmware: 'tone', board: 'stm32f4-discovery', engine: 'kernels' };

test('built again, in another directory: the same bytes', async () => {
  const first = images.get(nameOf(twice))!;
  const second = await build(twice, 'elsewhere/and deeper');
  for (const kind of ['elf', 'bin', 'hex'] as const) assert.ok((await readFile(first.files[kind])).equals(await readFile(second.files[kind])), kind);
});

test('built by a copy of the package in another directory, without kept objects: the same bytes', async () => {
  const copy = join(root, 'copy of the package');
  for (const part of ['assembly', 'boards', 'linker', 'host', 'music', 'package.json', 'asconfig.json', 'tsconfig.json', join('build', 'js', 'host'), join('build', 'js', 'music')]) {
    await cp(join(packageRoot, part), join(copy, part), { recursive: true }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') throw error; });
  }
  await symlink(join(packageRoot, 'node_modules'), join(copy, 'node_modules'), 'dir');
  const firmware = join('assembly', 'firmware', 'tone.ts');
  await run(process.execPath, [join(copy, 'host', 'cli', 'tonewheel.mjs'), 'build', firmware, '--board', twice.board, '--engine', twice.engine, '--out', 'out'], { cwd: copy });
  const { files } = images.get(nameOf(twice))!;
  for (const kind of ['elf', 'bin', 'hex'] as const) assert.ok((await readFile(files[kind])).equals(await readFile(join(copy, 'out', `tone.${kind}`))), kind);
});
