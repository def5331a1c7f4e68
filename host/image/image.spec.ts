// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { loadBoard } from '../boards/index.js';
import { discoveryFlash, elfFile } from '../testing/elf-file.js';
import { findOnPath } from '../tools/path.js';
import { flatten } from './bin.js';
import { checkImage } from './check.js';
import { readElf } from './elf.js';
import { readHex, writeHex } from './hex.js';
import { parseImage, readImage } from './image.js';
import { ImageError } from './segment.js';

const discovery = loadBoard('stm32f4-discovery');
const FLASH = 0x08000000;
const dir = mkdtempSync(join(tmpdir(), 'tonewheel-image-'));
after(() => rmSync(dir, { recursive: true }));

const flash = discoveryFlash();
const elf = elfFile({
  loads: [{ physical: FLASH, bytes: flash }, { physical: FLASH + 64, virtual: 0x20000000, bytes: Buffer.from([1, 2, 3, 4]), memoryBytes: 0x100 }],
  symbols: [{ name: 'reset', value: 0x08000009, byteCount: 6, info: 0x12 }, { name: 'counters', value: 0x20000000, byteCount: 64, info: 0x11 }],
  sections: [{ name: '.isr_vector', address: FLASH, byteCount: 8 }],
});
const problemsOf = (bytes: Uint8Array, file = 'x.bin') => checkImage(parseImage(bytes, file, FLASH), discovery);
const failure = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ImageError, String(error));
    return error.message;
  }
  return assert.fail('nothing was thrown');
};

describe('ELF', () => {
  it('gives what is loaded, by its address in flash', () => {
    assert.deepEqual(readElf(elf, 'x.elf').segments.map((s) => [s.address, s.bytes.length]), [[FLASH, 64], [FLASH + 64, 4]]);
    assert.deepEqual(readElf(elf, 'x.elf').memory, [{ address: FLASH, byteCount: 64 }, { address: 0x20000000, byteCount: 0x100 }]);
  });

  it('gives symbols, sections and the entry', () => {
    const { symbols, sections, entry, machine } = readElf(elf, 'x.elf');
    assert.deepEqual(symbols, [
      { name: 'reset', value: 0x08000009, byteCount: 6, type: 'function', isWeak: false }, { name: 'counters', value: 0x20000000, byteCount: 64, type: 'object', isWeak: false },
    ]);
    const { contents, ...vectors } = sections[0];
    assert.equal(contents().length, 8);
    assert.deepEqual(vectors, { name: '.isr_vector', address: FLASH, byteCount: 8, isAllocated: true, isExecutable: false });
    assert.equal(entry, FLASH | 1);
    assert.equal(machine, 40);
  });

  it('truncated anywhere, it is an error that says so', () => {
    for (let length = 4; length < elf.length; length++) {
      assert.match(failure(() => readElf(elf.subarray(0, length), 'cut.elf')), /^cut\.elf: .* lies at bytes \d+ to \d+, but the file has only \d+\..* build it again\.$/);
    }
  });

  it('mutated anyhow, it is read or an ImageError', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(elf.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(elf);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        checkImage(parseImage(bytes, 'x.elf', FLASH), discovery);
      } catch (error) {
        assert.ok(error instanceof ImageError, String(error));
      }
    }), { numRuns: 5000 });
  });

  it('of 64 bits or big-endian is told apart', () => {
    const wide = Buffer.from(elf);
    wide[4] = 2;
    assert.match(failure(() => readElf(wide, 'x.elf')), /not a 32-bit ELF file/);
    const big = Buffer.from(elf);
    big[5] = 2;
    assert.match(failure(() => readElf(big, 'x.elf')), /not little-endian/);
  });

  const gcc = findOnPath('arm-none-eabi-gcc');
  it('of the real toolchain reads as its own tools read it', { skip: gcc === undefined && 'arm-none-eabi-gcc is not installed' }, () => {
    const at = (name: string) => join(dir, name);
    writeFileSync(at('x.c'), `
      extern void reset(void);
      __attribute__((section(".isr_vector"), used)) void *const table[] = { (void *)0x2001c000, reset };
      int initialised = 0x12345678, zero;
      void reset(void) { for (;;) initialised += zero; }
    `);
    writeFileSync(at('x.ld'), `
      MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 112K }
      ENTRY(reset)
      SECTIONS {
        .isr_vector : { KEEP(*(.isr_vector)) } > FLASH
        .text : { *(.text*) } > FLASH
        .data : { *(.data*) } > RAM AT > FLASH
        .bss : { *(.bss*) } > RAM
      }
    `);
    execFileSync(gcc!, ['-mcpu=cortex-m4', '-mthumb', '-nostdlib', '-T', at('x.ld'), at('x.c'), '-o', at('x.elf')]);
    for (const [format, name] of [['binary', 'x.bin'], ['ihex', 'x.hex']]) execFileSync(findOnPath('arm-none-eabi-objcopy')!, ['-O', format, at('x.elf'), at(name)]);
    const images = ['x.elf', 'x.bin', 'x.hex'].map((name) => readImage(at(name), discovery));
    assert.deepEqual(images.map((i) => i.format), ['elf', 'bin', 'hex']);
    const bytes = [...readFileSync(at('x.bin'))];
    for (const image of images) {
      assert.deepEqual(checkImage(image, discovery), []);
      assert.deepEqual([...flatten(image.segments, FLASH, discovery.flash.byteCount)], bytes);
    }
    const symbol = images[0].elf!.symbols.find((s) => s.name === 'initialised');
    assert.deepEqual([symbol?.value, symbol?.byteCount, symbol?.type], [0x20000000, 4, 'object']);
  });
});

describe('Intel HEX', () => {
  it('is written with 16 bytes a record, the upper half of the address, and an end record', () => {
    assert.equal(writeHex([{ address: FLASH, bytes: Uint8Array.from({ length: 18 }, (_, i) => i) }]),
      ':020000040800F2\n:10000000000102030405060708090A0B0C0D0E0F78\n:020010001011CD\n:00000001FF\n');
  });

  it('comes back as it was, across 64 KiB boundaries', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(0x20000), fc.uint8Array({ minLength: 1, maxLength: 300 })), { minLength: 1, maxLength: 5 }), (pieces) => {
      let end = FLASH + 0xff00;
      const segments = pieces.map(([gap, bytes]) => {
        const address = end + 1 + gap;
        end = address + bytes.length;
        return { address, bytes };
      });
      assert.deepEqual(readHex(writeHex(segments), 'x.hex').map((s) => [s.address, [...s.bytes]]), segments.map((s) => [s.address, [...s.bytes]]));
    }));
  });

  it('reads CR LF and blank lines at its end', () => {
    const text = writeHex([{ address: FLASH, bytes: flash }]);
    assert.deepEqual([...readHex(`${text.replaceAll('\n', '\r\n')}\r\n`, 'x.hex')[0].bytes], [...flash]);
  });

  it('truncated or mutated, it is read or an ImageError', () => {
    const text = writeHex([{ address: FLASH, bytes: flash }]);
    for (let length = 2; length < text.trim().length; length++) {
      assert.match(failure(() => parseImage(Buffer.from(text.slice(0, length)), 'cut.hex', FLASH)), /cut\.hex is (a broken|no) Intel HEX file/);
    }
    fc.assert(fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), (at, character) => {
      try {
        parseImage(Buffer.from(text.slice(0, at) + character + text.slice(at + 1)), 'x.hex', FLASH);
      } catch (error) {
        assert.ok(error instanceof ImageError, String(error));
      }
    }), { numRuns: 2000 });
  });

  it('with a wrong checksum names the record', () => {
    assert.match(failure(() => readHex(':0100000001FF\n:00000001FF\n', 'x.hex')), /x\.hex is a broken Intel HEX file: Checksum failed at record 1/);
  });
});

describe('an image', () => {
  it('that a Discovery can start has no problem, in any format', () => {
    assert.deepEqual(problemsOf(elf), []);
    assert.deepEqual(problemsOf(flash), []);
    assert.deepEqual(problemsOf(Buffer.from(writeHex([{ address: FLASH, bytes: flash }])), 'x.hex'), []);
  });

  const cases: [string, Uint8Array, RegExp][] = [
    ['for another machine', elfFile({ machine: 62, loads: [{ physical: FLASH, bytes: flash }] }), /ELF machine 62 \(x86-64\), wanted 40/],
    ['outside of flash', elfFile({ loads: [{ physical: 0x60000000, bytes: flash }] }), /64 bytes at 0x60000000 to 0x6000003f, which is not within flash \(0x08000000 to 0x080fffff\)/],
    ['larger than flash', discoveryFlash(1048577), /1048577 bytes at 0x08000000 to 0x08100000, but flash has only 1048576/],
    ['whose data do not fit into RAM', elfFile({ loads: [{ physical: FLASH, bytes: flash }, { physical: FLASH + 64, virtual: 0x20000000, bytes: Buffer.alloc(4), memoryBytes: 0x20001 }] }),
      /at run time it needs 0x20000000 to 0x20020000/],
    ['with its stack elsewhere', discoveryFlash(64, 0x30000000), /initial stack pointer \(the word at 0x08000000\) is 0x30000000/],
    ['with its stack one past RAM', discoveryFlash(64, 0x20020004), /initial stack pointer/],
    ['of erased flash', new Uint8Array(64).fill(0xff), /initial stack pointer .* is 0xffffffff/],
    ['without the Thumb bit', discoveryFlash(64, 0x20020000, 0x08000008), /is 0x08000008, which lacks the Thumb bit/],
    ['that starts elsewhere', discoveryFlash(64, 0x20020000, 0x20000001), /is 0x20000001, which is not in flash/],
    ['of too few bytes', flash.subarray(0, 7), /there is no vector table at 0x08000000/],
  ];
  for (const [what, bytes, problem] of cases) {
    it(`${what} is found`, () => {
      const problems = problemsOf(bytes);
      assert.match(problems[0] ?? '', problem);
      assert.equal(problems.length, what === 'of erased flash' ? 2 : 1, problems.join('\n'));
    });
  }

  it('whose vector table lies elsewhere, as on a chip with a boot header, is looked at there', () => {
    const shifted = elfFile({ loads: [{ physical: FLASH, bytes: Buffer.concat([Buffer.alloc(32, 0xff), flash]) }], sections: [{ name: '.isr_vector', address: FLASH + 32, byteCount: 8 }] });
    assert.deepEqual(problemsOf(shifted), []);
  });

  it('that is empty, not there, a directory, or falsely named is an error', () => {
    writeFileSync(join(dir, 'empty.bin'), '');
    assert.match(failure(() => readImage(join(dir, 'empty.bin'), discovery)), /empty\.bin is empty/);
    assert.match(failure(() => readImage(join(dir, 'none.bin'), discovery)), /none\.bin cannot be read/);
    assert.match(failure(() => readImage(dir, discovery)), /cannot be read/);
    assert.match(failure(() => parseImage(flash, 'x.elf', FLASH)), /x\.elf is no ELF file, whatever its name says/);
    assert.match(failure(() => parseImage(flash, 'x.hex', FLASH)), /x\.hex is no Intel HEX file, whatever its name says/);
    assert.match(failure(() => parseImage(Buffer.from(':00000001FF\n'), 'x.hex', FLASH)), /holds nothing/);
  });

  it('with two pieces at one place is an error', () => {
    const overlapping = elfFile({ loads: [{ physical: FLASH, bytes: flash }, { physical: FLASH + 8, bytes: flash }] });
    assert.match(failure(() => parseImage(overlapping, 'x.elf', FLASH)), /two of its pieces overlap at 0x08000008/);
  });

  it('as plain bytes has erased flash in its gaps', () => {
    assert.deepEqual([...flatten([{ address: 2, bytes: Uint8Array.of(1) }, { address: 5, bytes: Uint8Array.of(2) }], 1, 5)], [0xff, 1, 0xff, 0xff, 2]);
    assert.match(failure(() => flatten([{ address: 5, bytes: Uint8Array.of(1, 2) }], 1, 5)), /bytes at 0x00000005 to 0x00000006; flash is 0x00000001 to 0x00000005/);
  });
});
