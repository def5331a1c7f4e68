// SPDX-License-Identifier: MIT
// What the build says of the interpreter's need of RAM: never less than a board takes, little more; and a firmware that cannot be loaded is refused.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import type { EngineName } from '../../host/build/image/engine-names.js';
import { checkFit } from '../../host/build/image/fit.js';
import { fits, needed } from '../../host/build/image/heap-need.js';
import { sizeTable } from '../../host/build/image/size-table.js';
import { withoutCompiler as skip } from '../../host/testing/c-compiler.js';
import { addressOf, logOf, onQemu, SYNTH, withImage } from './demo.js';

const example = (name: string): string => `assembly/firmware/${name}.ts`;

// First of all: once it has been built, wasm3 for this computer is there without a compiler.
test('without a C compiler the build goes on and says what it left out', async () => {
  const { PATH, CC } = process.env;
  const facts = { firmware: 'x.ts', module: new Uint8Array(), memoryBytes: 0, vectors: [], handlerStackBytes: [], mainStackBytes: 4096, natives: [] };
  try {
    delete process.env.CC;
    process.env.PATH = '';
    const { heapUsed, warnings } = await checkFit(facts, 'the board', 'wasm3', { heapPieces: [8, 0] });
    assert.equal(heapUsed, undefined);
    assert.match(warnings.join(), /^whether x\.ts fits the RAM of the board was not checked: C compiler is not installed/);
  } finally {
    process.env.PATH = PATH;
    if (CC !== undefined) process.env.CC = CC;
  }
});

describe('the heap\'s need', { skip }, () => {
  for (const firmware of [SYNTH, ...['tone', 'arpeggiator', 'monitor'].map(example), 'tests/image/traps.as.ts']) {
    for (const engine of ['wasm3', 'kernels'] as const) {
      test(`${firmware}, ${engine}: no less than QEMU's board takes, and within 8 %`, async (t) => {
        await withImage({ firmware, board: loadBoard('mps2-an386'), engine }, (image, elf) => onQemu(image, undefined, async (qemu) => {
          await qemu.until('the end of booting', async () => (await qemu.memory(addressOf(elf, 'sealed'), 1))[0] === 1);
          // heap.c: for each piece of RAM what is next, what was last, the end.
          const pieces = addressOf(elf, 'pieces');
          const real = (await qemu.word(pieces)) - addressOf(elf, 'tw_heap_start') + (await qemu.word(pieces + 12)) - addressOf(elf, 'tw_spare_start');
          t.diagnostic(`${real} bytes, said to be up to ${image.heapUsed} (+${((100 * image.heapUsed!) / real - 100).toFixed(1)} %)`);
          assert.ok(real > 16384, `${real}`);
          assert.ok(image.heapUsed! >= real, `${image.heapUsed} < ${real}`);
          assert.ok(image.heapUsed! <= 1.08 * real, `${image.heapUsed} against ${real}`);
          assert.deepEqual(image.warnings, []);
          assert.doesNotMatch(await logOf(qemu, elf), /tonewheel record/);
        }));
      });
    }
  }

  test('stacks count in full', async () => {
    const used = (mainStackBytes: number) =>
      withImage({ firmware: example('tone'), board: loadBoard('mps2-an386'), engine: 'wasm3', mainStackBytes }, async ({ heapUsed }) => heapUsed!);
    assert.equal(await used(12288) - await used(4096), 8192);
  });

  test('the table says how much of the heap is used', async () => {
    await withImage({ firmware: example('tone'), board: loadBoard('weact-blackpill-f411'), engine: 'wasm3' }, async (image) => {
      const figures = [image.heapUsed!, image.sizes.ram.heap!].map((n) => n.toLocaleString('en'));
      assert.ok(sizeTable(image).includes(`heap: used up to ${figures[0]} of ${figures[1]} bytes`));
    });
  });
});

describe('a firmware that wasm3 cannot load', { skip }, () => {
  const refusal = (engine: EngineName) => withImage({ firmware: SYNTH, board: loadBoard('weact-blackpill-f411'), engine }, async () => '')
    .catch((error: Error) => `${error.name}: ${error.message}`);
  const asNumber = (text: string): number => Number(text.replaceAll(',', ''));

  test('is refused with what it needs, what there is, and which engine needs less', async () => {
    const [, need, left, kernels] = /^CompileError: assembly\/firmware\/synth\.ts does not fit weact-blackpill-f411 with engine wasm3: wasm3 needs up to ([\d,]+) bytes of RAM for it, ([\d,]+) are left\. With --engine kernels it needs up to ([\d,]+); with --engine aot none\.$/
      .exec(await refusal('wasm3'))!.map(asNumber);
    assert.ok(need > kernels && kernels > left, `${need} ${kernels} ${left}`);
    assert.match(await refusal('kernels'), /with engine kernels: .* are left\. With --engine aot none\.$/);
  });

  test('is built ahead of time', async () => {
    await withImage({ firmware: SYNTH, board: loadBoard('weact-blackpill-f411'), engine: 'aot' }, async (image) => {
      assert.equal(image.heapUsed, 0);
      assert.ok(!sizeTable(image).includes('used up to'));
    });
  });
});

describe('pieces', () => {
  test('each goes to the first of the heap\'s two that has room', () => {
    assert.ok(fits([4096, 4096, 4096], [8192, 4096]));
    assert.ok(fits([4096, 8, 4096, 4088], [8192, 4096]), 'what is left over at the end of the first takes what is smaller');
    assert.ok(!fits([4096, 8, 4096, 4096], [8192, 8184]), 'a code page does not lie in two pieces');
    assert.equal(needed([4096, 8, 4096, 4096]), 12296);
    assert.ok(!fits([8200], [8192, 8192]));
  });
});
