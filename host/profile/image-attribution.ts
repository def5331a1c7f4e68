// SPDX-License-Identifier: MIT
// From the counters of CPU arm to cycles of source lines: an image's functions by its symbols, and lines by its debug information, which for translated code
// names the TypeScript. A piece of code that was counted whole is shared out among its instructions by what each takes by the timing tables.

import type { CallContext } from '../cpu/wasm/contexts.js';
import { parseModule } from '../cpu/wasm/decode.js';
import type { ObjectCycles } from '../cpu/wasm/object-cycles.js';
import { ELSEWHERE, type CountedCycles, type CycleCounters, type Piece } from '../cpu/arm/cycle-counters.js';
import { advanceIT } from '../cpu/arm/hot/regions.js';
import { decode } from '../cpu/arm/isa/decode.js';
import { delay, issueCycles, needsOf, PIPE, pipeAfter, refillOf } from '../cpu/arm/timing.js';
import { FIRST_IRQ } from '../machine/exceptions.js';
import type { SourceLine } from '../image/debug-lines.js';
import type { ImageBoard } from '../emulator/image-board.js';
import { PlaceNumbers, wholeLeaves, type CodePlaces, type Leaf, type Place } from './attribution.js';
import type { SourceFunction, SourceFunctions } from './source-functions.js';

/** C that is written by the translation: what of it has no TypeScript line stands for the TypeScript before it. */
const GENERATED = /(^|\/)(aot\.h|translated\.c|abi-wasm3\.c)$/;
const TYPESCRIPT = /\.ts$/;
/** Names of translated functions: the module's index, and what the compiler adds to copies (host/build/aot/translate.ts). */
const TRANSLATED = /^f(\d+)_/;
const COPY = /\.(constprop|isra|part|cold|lto_priv)\b.*$/;
/** What a file of a toolchain's own libraries is called by: where it was compiled does not matter. */
const libraryPath = (file: string): string => file.replace(/^.*\.\.\//, '').replace(/^(\.\/)?(tonewheel\/)?/, '');
const NO_FILE = 'the image';

interface CodeFunction {
  readonly index: number;
  readonly start: number;
  readonly owner: SourceFunction;
  /** Place of each address, as far as it was asked for. */
  readonly places: Map<number, number>;
}

interface Share {
  readonly address: number;
  readonly part: number;
}

function memoized(of: (key: number) => number): (key: number) => number {
  const known = new Map<number, number>();
  return (key) => {
    if (!known.has(key)) known.set(key, of(key));
    return known.get(key)!;
  };
}

export class ImageAttribution implements CodePlaces {
  private readonly numbers = new PlaceNumbers();
  readonly places = this.numbers.places;
  /** What was counted, as paths of calls: a function at a time, where a counted context may have had several by jumps between them. */
  readonly contexts: CallContext[] = [];
  private readonly functions: CodeFunction[] = [];
  private readonly byStart = new Map<number, CodeFunction>();
  private readonly byAddress = new Map<number, CodeFunction>();
  /** Of functions that are no TypeScript: copies of one that the compiler made are that one. */
  private readonly others = new Map<string, SourceFunction>();
  private readonly contextIds = new Map<string, number>();
  /** The counted context of each of `contexts`. */
  private readonly countedOf: number[] = [];
  private readonly names: ReadonlyMap<number, string>;
  /** Of the whole run; to look for them in all rows takes a good part of a second. */
  private readonly counted: readonly CountedCycles[];

  /** @param stacks by address, the lines that it stands for (source-stacks.ts) */
  constructor(
    private readonly board: ImageBoard, private readonly counters: CycleCounters, private readonly sources: SourceFunctions,
    private readonly stacks: ReadonlyMap<number, readonly SourceLine[]>,
  ) {
    this.names = parseModule(board.firmware.wasm).functionNames;
    this.counted = counters.cycles();
  }

  /** Cycles by context and line; whole numbers that add up to all that was counted. */
  leaves(): Leaf[] {
    const sums = new Map<number, number>();
    for (const { context, piece, cycles } of this.counted) {
      for (const { address, part } of this.sharesOf(this.counters.pieces[piece], piece)) {
        const key = this.contextOf(context, address) * 2 ** 20 + this.placeAt(address);
        sums.set(key, (sums.get(key) ?? 0) + cycles * part);
      }
    }
    return wholeLeaves(sums, (context) => this.contexts[context].root);
  }

  /** Cycles of calls about an object, by function and object; those within such a call are part of it. */
  objects(): ObjectCycles[] {
    const { counters } = this;
    const topOf = memoized((context: number): number => {
      const { parent, object } = counters.contexts[context];
      const above = parent < 0 ? -1 : topOf(parent);
      return above >= 0 ? above : object === undefined ? -1 : context;
    });
    const sums = new Map<number, number>();
    for (const { context, cycles } of this.counted) if (topOf(context) >= 0) sums.set(topOf(context), (sums.get(topOf(context)) ?? 0) + cycles);
    return [...sums].map(([context, cycles]): ObjectCycles => {
      const { callee, object } = counters.contexts[context];
      return { of: 'function', index: this.moduleFunctionAt(callee), object: object! >>> 0, calls: counters.callsOf(context), cycles };
    });
  }

  /** Index in the module of a translated function. */
  private moduleFunctionAt(address: number): number {
    return Number(TRANSLATED.exec(this.board.symbols.at(address).function ?? '')?.[1] ?? -1);
  }

  /** Cycles by line of what the counters have kept: the worst block. */
  keptLeaves(): Omit<Leaf, 'context'>[] {
    const sums = new Map<number, number>();
    for (const [id, piece] of this.counters.pieces.entries()) {
      const cycles = this.counters.kept[id];
      if (cycles === 0) continue;
      for (const { address, part } of this.sharesOf(piece, id)) {
        const place = this.placeAt(address);
        sums.set(place, (sums.get(place) ?? 0) + cycles * part);
      }
    }
    return wholeLeaves(sums, () => undefined);
  }

  /** How often each context was entered; NaN where jumps and calls of computed addresses leave it open. */
  entries(): number[] {
    return this.contexts.map(({ functionIndex, parent }, i) => {
      const counted = this.countedOf[i];
      const { callee, root } = this.counters.contexts[counted];
      if (parent < 0) return root !== undefined && this.functions[functionIndex].start === this.handlerOf(root) ? this.counters.callsOf(counted) : NaN;
      return this.isDirect(this.counters.contexts[counted].site) && this.functionAt(callee).index === functionIndex ? this.counters.callsOf(counted) : NaN;
    });
  }

  ownerOf(functionIndex: number): SourceFunction {
    return this.functions[functionIndex].owner;
  }

  placeOf(_functionIndex: number, address: number): number {
    return this.placeAt(address);
  }

  private readonly shares = new Map<Piece, readonly Share[]>();

  /** A piece's instructions with their parts of its cycles, by what they take one behind the other. */
  private sharesOf(piece: Piece, id: number): readonly Share[] {
    const known = this.shares.get(piece);
    if (known) return known;
    const costs: { address: number; cost: number }[] = [];
    let [it, pipe]: [number, number] = [0, PIPE.none];
    for (let pc = piece.start; pc < piece.end && id !== ELSEWHERE;) {
      const word = this.halfwordsAt(pc);
      const decoded = decode(word >>> 16, word & 0xffff, pc, it !== 0);
      const needs = needsOf(decoded);
      const refill = pc + decoded.length >= piece.end ? refillOf(decoded) : 0;
      costs.push({ address: pc, cost: issueCycles(decoded) + (needs ? delay(pipe, needs) : 0) + refill });
      pipe = pipeAfter(decoded);
      it = /^IT\b/.test(decoded.row.name) ? (decoded.fields.firstcond << 4) | decoded.fields.mask : advanceIT(it);
      pc += decoded.length;
    }
    const sum = costs.reduce((a, { cost }) => a + cost, 0);
    const shares = sum > 0 ? costs.map(({ address, cost }): Share => ({ address, part: cost / sum })) : [{ address: piece.start, part: 1 }];
    this.shares.set(piece, shares);
    return shares;
  }

  /** Two halfwords as instructions are written: the first one high. */
  private halfwordsAt(address: number): number {
    const half = (at: number): number => ((this.board.wordAt(at & ~3) ?? 0) >>> (at & 2 ? 16 : 0)) & 0xffff;
    return ((half(address) << 16) | half(address + 2)) >>> 0;
  }

  /** Whether a call has its target in itself: BL. */
  private isDirect(site: number): boolean {
    return decode(this.halfwordsAt(site) >>> 16, this.halfwordsAt(site) & 0xffff, site, false).row.name.startsWith('BL ');
  }

  /** Where an exception's handler begins. */
  private handlerOf(vector: string): number {
    const { board } = this;
    for (let n = 1; n < board.machine.exceptions.count; n++) if (board.machine.vectorName(n - FIRST_IRQ) === vector) return board.wordAt(board.image.start.vectorTable + 4 * n)! & ~1;
    return -1;
  }

  /** The context of a function within a counted one. */
  private contextOf(counted: number, address: number): number {
    const { index: functionIndex } = this.functionAt(address);
    const key = `${counted} ${functionIndex}`;
    const known = this.contextIds.get(key);
    if (known !== undefined) return known;
    const { parent: above, site, root } = this.counters.contexts[counted];
    const parent = above < 0 ? -1 : this.contextOf(above, site);
    const id = this.contexts.length;
    this.contextIds.set(key, id);
    this.contexts.push({ functionIndex, parent, site, root: parent < 0 ? root : this.contexts[parent].root });
    this.countedOf.push(counted);
    return id;
  }

  private functionAt(address: number): CodeFunction {
    const known = this.byAddress.get(address);
    if (known) return known;
    const { function: name, offset } = this.board.symbols.at(address);
    const start = name === undefined ? 0 : address - offset;
    let found = this.byStart.get(start);
    if (!found) {
      found = { index: this.functions.length, start, owner: this.ownerAt(start, name), places: new Map() };
      this.byStart.set(start, found);
      this.functions.push(found);
    }
    this.byAddress.set(address, found);
    return found;
  }

  private ownerAt(start: number, symbol: string | undefined): SourceFunction {
    const name = symbol?.replace(COPY, '') ?? 'other code';
    const compiled = this.names.get(Number(TRANSLATED.exec(name)?.[1] ?? -1));
    const written = compiled === undefined ? undefined : this.sources.named(compiled);
    if (written) return written;
    const at = symbol === undefined ? undefined : this.lineAt(start);
    const known = at && TYPESCRIPT.test(at.file) ? this.sources.atLine(at.file, at.line) : undefined;
    if (compiled !== undefined && known) return known;
    const other = { name: compiled?.replace(/^.*\//, '') ?? name, file: at?.file ?? NO_FILE, line: at?.line ?? 1 };
    const key = `${other.name} ${other.file}`;
    if (!this.others.has(key)) this.others.set(key, other);
    return this.others.get(key)!;
  }

  private lineAt(address: number): SourceLine | undefined {
    const stack = this.stacks.get(address);
    const at = stack?.find(({ file }) => !GENERATED.test(file)) ?? stack?.[0] ?? this.board.symbols.at(address).source;
    return at && { file: libraryPath(at.file), line: at.line };
  }

  /** Where an instruction comes from. What has no line, or only one of generated C, counts for what stands before it in its function. */
  private placeAt(address: number): number {
    const of = this.functionAt(address);
    const known = of.places.get(address);
    if (known !== undefined) return known;
    const line = this.lineAt(address);
    const isOwn = line !== undefined && !GENERATED.test(line.file);
    const index = !isOwn && address > of.start && of.start > 0 ? this.placeAt(address - 2) : this.numbers.of(this.placeOfLine(of.owner, isOwn ? line : of.owner));
    of.places.set(address, index);
    return index;
  }

  private placeOfLine(owner: SourceFunction, { file, line }: SourceLine): Place {
    return { of: (TYPESCRIPT.test(file) ? this.sources.atLine(file, line) : undefined) ?? owner, file, line };
  }
}
