// SPDX-License-Identifier: MIT
// Names of places in an image: function by the symbol table, file and line by the debug information.

import { DebugLines, type SourceLine } from '../image/debug-lines.js';
import type { Elf, ElfSymbol } from '../image/elf.js';
import { hex32 } from '../image/segment.js';

export interface Place {
  readonly function?: string;
  /** Bytes from the function's beginning. */
  readonly offset: number;
  readonly source?: SourceLine;
}

/** Marks of Arm's ELF for where code and data begin ($t, $d, $a), and what compilers name by themselves. */
const NO_NAME = /^\$[atdx]|^\.L/;

export class Symbols {
  private readonly functions: readonly ElfSymbol[];
  private readonly lines: DebugLines | undefined;

  /** @param elf undefined for images that say nothing of themselves: hex and plain binaries */
  constructor(private readonly elf?: Elf) {
    this.functions = [...(elf?.symbols ?? [])].filter((s) => (s.type === 'function' || s.type === 'none') && !NO_NAME.test(s.name) && s.name !== '' && this.isCode(s))
      .sort((a, b) => (a.value & ~1) - (b.value & ~1) || rank(a) - rank(b));
    this.lines = elf && new DebugLines(elf);
  }

  /** Whether no function has a name. */
  get isEmpty(): boolean {
    return this.functions.length === 0;
  }

  /** Where functions begin. @param wanted by their names in the file; all of them if not given */
  starts(wanted: (name: string) => boolean = () => true): Set<number> {
    return new Set(this.functions.filter(({ name }) => wanted(name)).map(({ value }) => value & ~1));
  }

  /** What lies at an address of code. */
  at(address: number): Place {
    const source = this.lines?.at(address);
    let found: ElfSymbol | undefined;
    for (const symbol of this.functions) {
      const start = symbol.value & ~1;
      if (start > address) break;
      if (address < this.endOf(symbol)) found = symbol;
    }
    return found ? { function: readable(found.name), offset: address - (found.value & ~1), source } : { offset: 0, source };
  }

  /** "main+0x12 (main.c:5)"; as much of it as is known. */
  describe(address: number): string {
    const { function: name, offset, source } = this.at(address);
    const where = name === undefined ? hex32(address) : `${name}${offset === 0 ? '' : `+0x${offset.toString(16)}`}`;
    return source ? `${where} (${source.file}:${source.line})` : where;
  }

  /** Address of a symbol, or undefined. */
  addressOf(name: string): number | undefined {
    return this.elf?.symbols.find((s) => s.name === name)?.value;
  }

  /** Where what a symbol names ends. One of an assembler source may have no size: it reaches to the next, but not out of its section. */
  private endOf({ value, byteCount }: ElfSymbol): number {
    const start = value & ~1;
    if (byteCount > 0) return start + byteCount;
    const section = this.elf!.sections.find((s) => s.isAllocated && start >= s.address && start < s.address + s.byteCount);
    return section ? section.address + section.byteCount : start + 2;
  }

  /** Labels of assembler sources have no type: they count when they lie in code that is loaded. */
  private isCode(symbol: ElfSymbol): boolean {
    if (symbol.type === 'function') return true;
    return this.elf!.sections.some((s) => s.isExecutable && symbol.value >= s.address && symbol.value < s.address + s.byteCount);
  }
}

/** Of symbols at one address a typed one names it, and of those one that is not weak: the last in order wins. */
const rank = ({ type, isWeak }: ElfSymbol): number => (type === 'function' ? 2 : 0) + (isWeak ? 0 : 1);

/** Names of C++ and Rust in their Itanium form, as far as they are plain paths: _ZN4core9panicking5panic17h0123456789abcdefE. */
function readable(name: string): string {
  const parts: string[] = [];
  let at = name.startsWith('_ZN') ? 3 : -1;
  while (at > 0 && at < name.length && name[at] !== 'E') {
    const digits = /^\d+/.exec(name.slice(at))?.[0];
    if (digits === undefined) return name;
    at += digits.length;
    parts.push(name.slice(at, at + Number(digits)));
    at += Number(digits);
  }
  if (parts.length === 0) return name;
  if (/^h[0-9a-f]{16}$/.test(parts[parts.length - 1])) parts.pop();
  return parts.join('::').replaceAll('$LT$', '<').replaceAll('$GT$', '>').replaceAll('$u20$', ' ').replaceAll('..', '::');
}
