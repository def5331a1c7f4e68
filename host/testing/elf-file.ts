// SPDX-License-Identifier: MIT
// Makes small ELF files for specs, and the contents of an image that a Discovery would start.

export interface ElfParts {
  readonly machine?: number;
  /** PT_LOAD headers: where it lies in flash, where it is at run time, and how much memory it takes there. */
  readonly loads: readonly { readonly physical: number; readonly virtual?: number; readonly bytes: Uint8Array; readonly memoryBytes?: number }[];
  readonly symbols?: readonly { readonly name: string; readonly value: number; readonly byteCount: number; readonly info: number }[];
  /** Allocated sections by name. */
  readonly sections?: readonly { readonly name: string; readonly address: number; readonly byteCount: number }[];
}

/** Strings with a zero after each, and where each begins. */
function strings(names: readonly string[]): { bytes: Buffer; at: number[] } {
  const at: number[] = [];
  let text = '\0';
  for (const name of names) {
    at.push(text.length);
    text += `${name}\0`;
  }
  return { bytes: Buffer.from(text), at };
}

/** A little-endian 32-bit executable with section headers, symbols and names. */
export function elfFile({ machine = 40, loads, symbols = [], sections = [] }: ElfParts): Buffer {
  const parts: Buffer[] = [];
  let length = 52 + 32 * loads.length;
  const place = (bytes: Uint8Array): number => {
    parts.push(Buffer.from(bytes));
    length += bytes.length;
    return length - bytes.length;
  };
  const programHeaders = Buffer.alloc(32 * loads.length);
  loads.forEach(({ physical, virtual = physical, bytes, memoryBytes = bytes.length }, i) =>
    [1, place(bytes), virtual, physical, bytes.length, memoryBytes, 5, 4].forEach((word, n) => programHeaders.writeUInt32LE(word, 32 * i + 4 * n)));

  const symbolNames = strings(symbols.map((s) => s.name));
  const symbolTable = Buffer.alloc(16 * (symbols.length + 1));
  symbols.forEach(({ value, byteCount, info }, i) => {
    [symbolNames.at[i], value, byteCount].forEach((word, n) => symbolTable.writeUInt32LE(word, 16 * (i + 1) + 4 * n));
    symbolTable.writeUInt8(info, 16 * (i + 1) + 12);
    symbolTable.writeUInt16LE(1, 16 * (i + 1) + 14);
  });
  const sectionNames = strings([...sections.map((s) => s.name), '.symtab', '.strtab', '.shstrtab']);
  const n = sections.length;
  const headers = [
    Array<number>(10).fill(0),
    ...sections.map((s, i) => [sectionNames.at[i], 1, 2, s.address, 52 + 32 * loads.length, s.byteCount, 0, 0, 4, 0]),
    [sectionNames.at[n], 2, 0, 0, place(symbolTable), symbolTable.length, n + 2, 1, 4, 16],
    [sectionNames.at[n + 1], 3, 0, 0, place(symbolNames.bytes), symbolNames.bytes.length, 0, 0, 1, 0],
    [sectionNames.at[n + 2], 3, 0, 0, place(sectionNames.bytes), sectionNames.bytes.length, 0, 0, 1, 0],
  ];
  const sectionHeaders = Buffer.alloc(40 * headers.length);
  headers.forEach((header, i) => header.forEach((word, w) => sectionHeaders.writeUInt32LE(word, 40 * i + 4 * w)));

  const header = Buffer.alloc(52);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  [[16, 2], [18, machine], [40, 52], [42, 32], [44, loads.length], [46, 40], [48, headers.length], [50, headers.length - 1]].forEach(([at, value]) => header.writeUInt16LE(value, at));
  [[20, 1], [24, loads[0].physical | 1], [28, 52], [32, length]].forEach(([at, value]) => header.writeUInt32LE(value, at));
  return Buffer.concat([header, programHeaders, ...parts, sectionHeaders]);
}

/** Flash of a firmware for the STM32F4-Discovery: a vector table with the stack at the end of SRAM1, and as many bytes as wanted. */
export function discoveryFlash(byteCount = 64, stackPointer = 0x2001c000, reset = 0x08000009): Buffer {
  const flash = Buffer.from(Array.from({ length: byteCount }, (_, i) => (i * 7) & 255));
  flash.writeUInt32LE(stackPointer, 0);
  flash.writeUInt32LE(reset, 4);
  return flash;
}
