// SPDX-License-Identifier: MIT
// A module that is damaged in flash ends in the record of a trap that says so, before the interpreter reads a byte of it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { moduleChecksum } from '../../host/build/image/image-source.js';
import { RECORD_BYTES, readTrapRecord } from '../../host/build/image/trap-record.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { readElf } from '../../host/image/elf.js';
import { Qemu } from '../../host/testing/qemu.js';
import { addressOf, withImage } from './demo.js';

const BAD_MODULE = 19; // boards/shim/trap.h
const CODE_SECTION = 10;

interface Place {
  /** Bytes of the module within the ELF file, and the words of the shim that say how long it is and what its checksum is. */
  readonly module: Uint8Array;
  readonly length: DataView;
  readonly sum: DataView;
}

const flip = (at: (wasm: Uint8Array) => number, bits = 0x01) => ({ module }: Place): void => void (module[at(module)] ^= bits);
const codeOf = (wasm: Uint8Array) => parseModule(wasm).sections.find((s) => s.id === CODE_SECTION)!;

const cases: readonly (readonly [name: string, damage: (place: Place) => void])[] = [
  ['the magic number is broken', flip(() => 0)],
  ['the version is another', flip(() => 4, 0x02)],
  ['the size of the first section is broken', flip(() => 9, 0x20)],
  ['a bit of the code is flipped', flip((wasm) => (codeOf(wasm).contents + codeOf(wasm).end) >> 1, 0x10)],
  ['a bit of the last byte is flipped', flip((wasm) => wasm.length - 1, 0x80)],
  ['the second half is erased flash', ({ module }) => void module.fill(0xff, module.length >> 1)],
  ['all of it is erased flash', ({ module }) => void module.fill(0xff)],
  ['it is cut off', ({ length }) => length.setUint32(0, length.getUint32(0, true) >> 1, true)],
  ['the length is 0', ({ length }) => length.setUint32(0, 0, true)],
  ['the checksum is broken', ({ sum }) => sum.setUint32(0, sum.getUint32(0, true) ^ 1, true)],
  // With a checksum that fits: the interpreter itself refuses these.
  ['another magic number, sealed', (place) => seal(place, flip(() => 0))],
  ['a type of section that there is not, sealed', (place) => seal(place, flip(() => 8, 0x70))],
];

/** Damages it, and makes the checksum fit. */
function seal(place: Place, damage: (place: Place) => void): void {
  damage(place);
  place.sum.setUint32(0, moduleChecksum(place.module), true);
}

test('a damaged module is a trap with its record, whatever the damage', async (t) => {
  await withImage({ firmware: 'assembly/firmware/tone.ts', board: loadBoard('mps2-an386'), engine: 'wasm3', onTrap: 'halt' }, async ({ files }, elf) => {
    const whole = await readFile(files.elf);
    const record = addressOf(elf, 'tw_last_trap');
    const placeIn = (file: Uint8Array): Place => {
      // The reader's segments are views of the file.
      const { segments } = readElf(file, files.elf);
      const at = (name: string, byteCount: number): Uint8Array => {
        const address = addressOf(elf, name);
        const segment = segments.find((s) => address >= s.address && address < s.address + s.bytes.length)!;
        return segment.bytes.subarray(address - segment.address).subarray(0, byteCount);
      };
      const word = (name: string): DataView => {
        const bytes = at(name, 4);
        return new DataView(bytes.buffer, bytes.byteOffset, 4);
      };
      const length = word('tw_module_bytes');
      return { length, sum: word('tw_module_checksum'), module: at('tw_module', length.getUint32(0, true)) };
    };
    assert.equal(placeIn(whole).sum.getUint32(0, true), moduleChecksum(placeIn(whole).module));
    for (const [name, damage] of cases) {
      await t.test(name, async () => {
        const file = Uint8Array.from(whole);
        damage(placeIn(file));
        const damaged = `${files.elf}.damaged`;
        await writeFile(damaged, file);
        const qemu = await Qemu.start({ machine: 'mps2-an386', elf: damaged });
        try {
          // It is being written at first.
          const find = async () => readTrapRecord(await qemu.memory(record, RECORD_BYTES)).cause;
          await qemu.until('the record', () => find().then(() => true, () => false));
          assert.equal(await find(), BAD_MODULE);
        } finally {
          await qemu.stop();
        }
      });
    }
  });
});
