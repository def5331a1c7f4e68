// SPDX-License-Identifier: MIT
// Reads 32-bit ELF files: what is loaded, sections' addresses, symbols. System V ABI, chapters 4 and 5.

import { inflateSync } from 'node:zlib';
import { hex32, ImageError, type Segment } from './segment.js';

/** e_machine of Arm: ELF for the Arm Architecture, 5.3. */
export const EM_ARM = 40;

export interface ElfSymbol {
  readonly name: string;
  readonly value: number;
  readonly byteCount: number;
  /** Whether another of the name would take its place (STB_WEAK). */
  readonly isWeak: boolean;
  readonly type: 'none' | 'object' | 'function' | 'section' | 'file' | 'other';
}

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly byteCount: number;
  /** Whether it takes part in memory at run time (SHF_ALLOC). */
  readonly isAllocated: boolean;
  /** Whether it holds code (SHF_EXECINSTR). */
  readonly isExecutable: boolean;
  /** Its bytes in the file, unpacked; none for .bss and the like. @throws ImageError when they are not in the file */
  contents(): Uint8Array;
}

export interface Elf {
  readonly machine: number;
  readonly entry: number;
  /** Whether it is an object file, which the linker has yet to make a program of. */
  readonly isObject: boolean;
  /** What PT_LOAD headers put into flash, by their physical (load) address, in the file's order. */
  readonly segments: readonly Segment[];
  /** What PT_LOAD headers occupy at run time: code where it runs, and RAM with .bss. */
  readonly memory: readonly { readonly address: number; readonly byteCount: number }[];
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const HEADER_BYTES = 52, PROGRAM_HEADER_BYTES = 32, SECTION_HEADER_BYTES = 40, SYMBOL_BYTES = 16;
const ET_REL = 1, PT_LOAD = 1, SHT_SYMTAB = 2, SHT_NOBITS = 8, SHF_ALLOC = 2, SHF_EXECINSTR = 4, SHF_COMPRESSED = 0x800, COMPRESSION_HEADER_BYTES = 12, SHN_UNDEF = 0, STB_WEAK = 2;
const TYPES = ['none', 'object', 'function', 'section', 'file'] as const;

/** e_machine of what people have on their disks besides (System V ABI, machine information). */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86', 8: 'MIPS', 20: 'PowerPC', 40: 'Arm', 62: 'x86-64', 83: 'AVR', 94: 'Xtensa', 183: 'AArch64', 243: 'RISC-V',
};
/** A machine by its number in an ELF file: "x86-64". */
export const machineName = (machine: number): string => MACHINES[machine] ?? `machine ${machine}`;

/** Whether it begins as an ELF file does. */
export const isElf = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/**
 * @param file what to call it in errors
 * @throws ImageError for a file that is truncated or contradicts itself
 */
export function readElf(bytes: Uint8Array, file: string): Elf {
  const fail = (why: string): never => {
    throw new ImageError(`${file}: ${why}. The file is damaged, or was not wholly written; build it again.`);
  };
  const piece = (what: string, offset: number, byteCount: number): Uint8Array =>
    offset + byteCount <= bytes.length ? bytes.subarray(offset, offset + byteCount)
      : fail(`${what} lies at bytes ${offset} to ${offset + byteCount}, but the file has only ${bytes.length}`);
  const view = (part: Uint8Array) => new DataView(part.buffer, part.byteOffset, part.byteLength);

  if (!isElf(bytes)) throw new ImageError(`${file} is no ELF file.`);
  const header = view(piece('the ELF header', 0, HEADER_BYTES));
  const advice = 'Name the image that was built for the board.';
  const littleEndian = header.getUint8(5) !== 2;
  const madeFor = machineName(header.getUint16(18, littleEndian));
  if (header.getUint8(4) !== 1) {
    throw new ImageError(`${file} is a program for ${madeFor}, not a 32-bit ELF file, so not one for a microcontroller. ${advice}`);
  }
  if (!littleEndian) throw new ImageError(`${file} is a program for big-endian ${madeFor}, not little-endian, as Cortex-M firmware is. ${advice}`);
  const u16 = (offset: number) => header.getUint16(offset, true);
  const u32 = (offset: number) => header.getUint32(offset, true);

  /** A table of equal entries, each as a view. */
  const table = (what: string, offset: number, count: number, entryBytes: number, wanted: number): DataView[] => {
    if (count > 0 && entryBytes < wanted) fail(`${what} have ${entryBytes} bytes each, wanted ${wanted}`);
    const all = piece(`the table of ${what}`, offset, count * entryBytes);
    return Array.from({ length: count }, (_, i) => view(all.subarray(i * entryBytes, i * entryBytes + wanted)));
  };
  const programHeaders = table('program headers', u32(28), u16(44), u16(42), PROGRAM_HEADER_BYTES);
  const sectionHeaders = table('section headers', u32(32), u16(48), u16(46), SECTION_HEADER_BYTES).map((h) => ({
    name: h.getUint32(0, true), type: h.getUint32(4, true), flags: h.getUint32(8, true), address: h.getUint32(12, true),
    offset: h.getUint32(16, true), byteCount: h.getUint32(20, true), link: h.getUint32(24, true),
  }));

  const contents = (index: number, what: string): Uint8Array => {
    const section = sectionHeaders[index];
    if (section === undefined) return fail(`${what} is section ${index}, but there are ${sectionHeaders.length}`);
    return section.type === SHT_NOBITS ? new Uint8Array(0) : piece(what, section.offset, section.byteCount);
  };
  const text = (strings: Uint8Array, offset: number): string => {
    const end = strings.indexOf(0, offset);
    return end < 0 ? fail(`a name at ${hex32(offset)} of a string table does not end`) : Buffer.from(strings.subarray(offset, end)).toString('latin1');
  };

  const loads = programHeaders.filter((h) => h.getUint32(0, true) === PT_LOAD).map((h) => ({
    offset: h.getUint32(4, true), virtual: h.getUint32(8, true), physical: h.getUint32(12, true),
    fileBytes: h.getUint32(16, true), memoryBytes: h.getUint32(20, true),
  }));
  const sectionNames = sectionHeaders.length > 0 ? contents(u16(50), 'the table of section names') : new Uint8Array(0);
  const symbolTable = sectionHeaders.findIndex((s) => s.type === SHT_SYMTAB);
  return {
    machine: u16(18),
    entry: u32(24),
    isObject: u16(16) === ET_REL,
    segments: loads.map((l) => ({ address: l.physical, bytes: piece(`what is loaded at ${hex32(l.physical)}`, l.offset, l.fileBytes) })),
    memory: loads.map((l) => ({ address: l.virtual, byteCount: l.memoryBytes })),
    // Section 0 is none.
    sections: sectionHeaders.slice(1).map((s, i) => {
      const name = text(sectionNames, s.name);
      return {
        name, address: s.address, byteCount: s.byteCount, isAllocated: (s.flags & SHF_ALLOC) !== 0, isExecutable: (s.flags & SHF_EXECINSTR) !== 0,
        contents: () => {
          const stored = contents(i + 1, `section ${name}`);
          if (!(s.flags & SHF_COMPRESSED)) return stored;
          try {
            return inflateSync(stored.subarray(COMPRESSION_HEADER_BYTES));
          } catch {
            return fail(`section ${name} cannot be unpacked`);
          }
        },
      };
    }),
    symbols: symbolTable < 0 ? [] : readSymbols(contents(symbolTable, 'the symbol table'), contents(sectionHeaders[symbolTable].link, "the symbols' names")),
  };

  function readSymbols(symbols: Uint8Array, names: Uint8Array): ElfSymbol[] {
    return Array.from({ length: Math.floor(symbols.length / SYMBOL_BYTES) }, (_, i) => view(symbols.subarray(i * SYMBOL_BYTES, (i + 1) * SYMBOL_BYTES)))
      .filter((s) => s.getUint32(0, true) !== 0 && s.getUint16(14, true) !== SHN_UNDEF)
      .map((s) => ({
        name: text(names, s.getUint32(0, true)), value: s.getUint32(4, true), byteCount: s.getUint32(8, true), type: TYPES[s.getUint8(12) & 15] ?? 'other',
        isWeak: s.getUint8(12) >> 4 === STB_WEAK,
      }));
  }
}
