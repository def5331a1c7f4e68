// SPDX-License-Identifier: MIT
// From an address to file and line: .debug_line of DWARF 2 to 5 (DWARF 5, 6.2; DWARF 4, 6.2 for the older header).

import { ByteReader } from './byte-reader.js';
import type { Elf } from './elf.js';

export interface SourceLine {
  /** As the compiler was told it: relative to the directory that it ran in where it can be. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

interface Row {
  readonly address: number;
  readonly file: number;
  readonly line: number;
}

/** Rows for one stretch of code without a gap; `rows` ascend. */
interface Sequence {
  readonly low: number;
  /** Behind the last byte. */
  readonly high: number;
  readonly rows: readonly Row[];
  readonly files: readonly string[];
}

const DW_LNS = { copy: 1, advancePc: 2, advanceLine: 3, setFile: 4, constAddPc: 8, fixedAdvancePc: 9 } as const;
const DW_LNE = { endSequence: 1, setAddress: 2 } as const;
const DW_LNCT = { path: 1, directoryIndex: 2 } as const;
const DW_FORM = { data2: 0x05, data4: 0x06, data8: 0x07, string: 0x08, block: 0x09, data1: 0x0b, strp: 0x0e, udata: 0x0f, data16: 0x1e, lineStrp: 0x1f } as const;
/** A unit's length that announces the 64-bit format, which no 32-bit toolchain writes. */
const LONG_FORMAT = 0xffffffff;

export class DebugLines {
  private readonly sequences: Sequence[] = [];
  private readonly strings: Readonly<Record<'.debug_str' | '.debug_line_str', Uint8Array>>;

  /** Reads what there is; a file without line numbers gives none. A unit that cannot be read is left out. */
  constructor(private readonly elf: Elf) {
    const section = (name: string): Uint8Array => elf.sections.find((s) => s.name === name)?.contents() ?? new Uint8Array(0);
    this.strings = { '.debug_str': section('.debug_str'), '.debug_line_str': section('.debug_line_str') };
    const bytes = section('.debug_line');
    for (let at = 0; at + 4 <= bytes.length;) {
      const length = new ByteReader(bytes, at).u32();
      const end = at + 4 + length;
      if (length === LONG_FORMAT || end > bytes.length) break;
      try {
        this.readUnit(new ByteReader(bytes, at + 4, end));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
      at = end;
    }
    this.sequences.sort((a, b) => a.low - b.low);
  }

  get isEmpty(): boolean {
    return this.sequences.length === 0;
  }

  /** The line of the instruction at an address. */
  at(address: number): SourceLine | undefined {
    const sequence = last(this.sequences, (s) => s.low <= address);
    if (sequence === undefined || address >= sequence.high) return undefined;
    const row = last(sequence.rows, (r) => r.address <= address);
    return row === undefined || row.line === 0 ? undefined : { file: sequence.files[row.file] ?? '?', line: row.line };
  }

  private readUnit(r: ByteReader): void {
    const version = r.u16();
    if (version < 2 || version > 5) return;
    if (version === 5) r.skip(2); // address size, segment selector size
    const headerLength = r.u32();
    const program = r.at + headerLength;
    const leastLength = r.u8();
    if (version >= 4) r.skip(1); // operations in an instruction, 1 but for VLIW
    r.skip(1); // default_is_stmt: every row is good enough here
    const [lineBase, lineRange, opcodeBase] = [r.i8(), r.u8(), r.u8()];
    const operands = Array.from({ length: opcodeBase - 1 }, () => r.u8());
    const files = version === 5 ? this.filesOf5(r) : filesOf4(r);

    r.at = program;
    let rows: Row[] = [];
    let [address, file, line] = [0, 1, 1];
    const reset = (): void => {
      rows = [];
      [address, file, line] = [0, 1, 1];
    };
    while (!r.done) {
      const opcode = r.u8();
      if (opcode >= opcodeBase) {
        const adjusted = opcode - opcodeBase;
        address += Math.floor(adjusted / lineRange) * leastLength;
        line += lineBase + (adjusted % lineRange);
        rows.push({ address, file, line });
      } else if (opcode === 0) {
        const next = r.uleb() + r.at;
        const extended = r.u8();
        if (extended === DW_LNE.setAddress) address = r.u32();
        else if (extended === DW_LNE.endSequence) {
          this.add({ low: rows[0]?.address ?? address, high: address, rows, files });
          reset();
        }
        r.at = next;
      } else if (opcode === DW_LNS.copy) rows.push({ address, file, line });
      else if (opcode === DW_LNS.advancePc) address += r.uleb() * leastLength;
      else if (opcode === DW_LNS.advanceLine) line += r.sleb();
      else if (opcode === DW_LNS.setFile) file = r.uleb();
      else if (opcode === DW_LNS.constAddPc) address += Math.floor((255 - opcodeBase) / lineRange) * leastLength;
      else if (opcode === DW_LNS.fixedAdvancePc) address += r.u16();
      else for (let i = 0; i < operands[opcode - 1]; i++) r.uleb();
    }
  }

  /** Code that the linker threw away keeps its rows, at address 0: only what is in the image counts. */
  private add(sequence: Sequence): void {
    const inImage = this.elf.memory.some((m) => sequence.low >= m.address && sequence.low < m.address + m.byteCount);
    if (inImage && sequence.high > sequence.low) this.sequences.push(sequence);
  }

  private filesOf5(r: ByteReader): string[] {
    const entries = (): { path: string; directory: number }[] => {
      const formats = Array.from({ length: r.u8() }, () => [r.uleb(), r.uleb()]);
      return Array.from({ length: r.uleb() }, () => {
        const entry = { path: '', directory: 0 };
        for (const [content, form] of formats) {
          const value = this.formValue(r, form);
          if (content === DW_LNCT.path) entry.path = String(value);
          else if (content === DW_LNCT.directoryIndex) entry.directory = Number(value);
        }
        return entry;
      });
    };
    const directories = entries().map((d) => d.path);
    return entries().map(({ path, directory }) => joined(directories, directory, path));
  }

  private formValue(r: ByteReader, form: number): string | number {
    const stringAt = (section: keyof DebugLines['strings']): string => new ByteReader(this.strings[section], r.u32()).text();
    switch (form) {
      case DW_FORM.string: return r.text();
      case DW_FORM.lineStrp: return stringAt('.debug_line_str');
      case DW_FORM.strp: return stringAt('.debug_str');
      case DW_FORM.udata: return r.uleb();
      case DW_FORM.data1: return r.u8();
      case DW_FORM.data2: return r.u16();
      case DW_FORM.data4: return r.u32();
      case DW_FORM.data8: return r.skip(8);
      case DW_FORM.data16: return r.skip(16);
      case DW_FORM.block: return r.skip(r.uleb());
      default: throw new RangeError(`form ${form} of a file's entry`);
    }
  }
}

/** Files of the header of DWARF 2 to 4, from index 1 on; directory 0 is where the compiler ran. */
function filesOf4(r: ByteReader): string[] {
  const directories = [''];
  for (let name = r.text(); name !== ''; name = r.text()) directories.push(name);
  const files = [''];
  for (let name = r.text(); name !== ''; name = r.text()) {
    files.push(joined(directories, r.uleb(), name));
    r.uleb(); // time
    r.uleb(); // length
  }
  return files;
}

/** A file's path, without the directory that the compiler ran in (entry 0). */
function joined(directories: readonly string[], index: number, name: string): string {
  const directory = index === 0 ? '' : directories[index] ?? '';
  const path = name.startsWith('/') || directory === '' ? name : `${directory}/${name}`;
  const home = `${directories[0]}/`;
  return (home !== '/' && path.startsWith(home) ? path.slice(home.length) : path).replace(/^(\.\/)+/, '');
}

/** The last element that `holds` is true of, of an array whose elements that it is true of come first. */
function last<T>(array: readonly T[], holds: (element: T) => boolean): T | undefined {
  let [low, high] = [0, array.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(array[middle])) low = middle + 1;
    else high = middle;
  }
  return array[low - 1];
}
