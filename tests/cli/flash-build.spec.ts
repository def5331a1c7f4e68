// SPDX-License-Identifier: MIT
// `tonewheel flash FIRMWARE.ts`: that what is built is what is flashed. The build itself stands in.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { join } from 'node:path';
import { flashCommand, type BuildImage } from '../../host/cli/flash.js';
import { writeHex } from '../../host/image/hex.js';
import { ImageError } from '../../host/image/segment.js';
import { discoveryFlash, elfFile } from '../../host/testing/elf-file.js';
import { BOARD, SILENT, Workplace } from './cli.js';
import { Programmers, SUCCESS } from './programmers.js';

const programmers = new Programmers();
const place = new Workplace();
place.write('ok.ts', SILENT);
Object.assign(process.env, programmers.environment);
process.chdir(place.directory);
console.log = () => {};
process.stderr.write = () => true;

/** A build that leaves these bytes, and notes what it was asked for. */
function buildOf(bytes: Buffer): { build: BuildImage; asked: Parameters<BuildImage>[0][] } {
  const asked: Parameters<BuildImage>[0][] = [];
  const build: BuildImage = (options) => {
    asked.push(options);
    const file = (extension: string) => join(options.out, `ok.${extension}`);
    writeFileSync(file('elf'), elfFile({ loads: [{ physical: 0x08000000, bytes }] }));
    writeFileSync(file('bin'), bytes);
    writeFileSync(file('hex'), writeHex([{ address: 0x08000000, bytes }]));
    return Promise.resolve({ files: { elf: file('elf'), bin: file('bin'), hex: file('hex'), wasm: file('wasm'), map: file('map'), linkMap: file('link.map') }, warnings: [] });
  };
  return { build, asked };
}

const flash = (build: BuildImage, ...args: string[]) => flashCommand(build).exitOverride().parseAsync(['ok.ts', ...BOARD, ...args], { from: 'user' });

describe('tonewheel flash of a firmware', () => {
  it('builds for the board, with the engine, where build puts it, and flashes that very file', async () => {
    programmers.install({ openocd: SUCCESS.openocd });
    const { build, asked } = buildOf(discoveryFlash());
    await flash(build, '--engine', 'aot');
    assert.deepEqual(asked.map(({ firmware, board, engine, out }) => [firmware, board.name, engine, out]),
      [['ok.ts', 'stm32f4-discovery', 'aot', join('build', 'images', 'stm32f4-discovery-aot')]]);
    assert.deepEqual(programmers.calls(), [['openocd', '-f', 'board/stm32f4discovery.cfg', '-c', `program {${join(asked[0].out, 'ok.elf')}} verify reset exit`]]);
  });

  it('hands st-flash and dfu-util the binary of the build', async () => {
    const { build } = buildOf(discoveryFlash(100));
    for (const tool of ['st-flash', 'dfu-util']) {
      programmers.install({ [tool]: SUCCESS[tool] });
      await flash(build, '--out', 'made');
      assert.ok(programmers.calls()[0].includes(join('made', 'ok.bin')));
    }
    assert.ok(programmers.calls()[1].includes('0x08000000:100'));
  });

  it('builds on a dry run too, and starts no tool', async () => {
    programmers.install({ openocd: SUCCESS.openocd });
    const { build, asked } = buildOf(discoveryFlash());
    await flash(build, '--dry-run');
    assert.deepEqual([asked.length, programmers.calls().length], [1, 0]);
  });

  it('flashes nothing that cannot be right for the board', async () => {
    programmers.install({ openocd: SUCCESS.openocd });
    const { build } = buildOf(discoveryFlash(64, 0));
    await assert.rejects(flash(build), (error) => error instanceof ImageError && /initial stack pointer/.test(error.message));
    assert.deepEqual(programmers.calls(), []);
  });
});
