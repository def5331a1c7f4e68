// SPDX-License-Identifier: MIT
// From counters of basic blocks to cycles of source lines: what a block is charged is shared out among its instructions by their costs, and each
// instruction counts for the line that the source map gives it.

import type { SourceMap } from '../build/source-map.js';
import type { InstructionCosts } from '../cpu/wasm/costs.js';
import type { WasmModule } from '../cpu/wasm/decode.js';
import { basicBlocks, type MeteredModule } from '../cpu/wasm/meter.js';
import type { SourceFunction, SourceFunctions } from './source-functions.js';

/** A line of the source, in the function that it was written in. */
export interface Place {
  readonly of: SourceFunction;
  readonly file: string;
  readonly line: number;
}

/** Numbers places in the order in which they are met, the same one once. */
export class PlaceNumbers {
  readonly places: Place[] = [];
  private readonly byKey = new Map<string, number>();

  /** Index of a place in `places`. */
  of(place: Place): number {
    const key = `${place.file}:${place.line} ${place.of.file}:${place.of.line} ${place.of.name}`;
    let index = this.byKey.get(key);
    if (index === undefined) {
      this.byKey.set(key, (index = this.places.length));
      this.places.push(place);
    }
    return index;
  }
}

/** Cycles of a line in a calling context. Whole numbers. */
export interface Leaf {
  /** Index in the contexts of the metered module. */
  readonly context: number;
  /** Index in `places`. */
  readonly place: number;
  readonly cycles: number;
}

/** What a profile of code is put together from: functions by an index, and places of their instructions. */
export interface CodePlaces {
  readonly places: readonly Place[];
  /** The function of the source that a function of the code is. */
  ownerOf(functionIndex: number): SourceFunction;
  /** Index in `places` of an instruction. */
  placeOf(functionIndex: number, offset: number): number;
}

interface Share {
  readonly place: number;
  /** Of the block's cycles; those of a block add up to 1. */
  readonly part: number;
}

/** Of one function of the module. */
interface Blocks {
  /** By the offset of a basic block. */
  readonly shares: ReadonlyMap<number, readonly Share[]>;
  /** The block of an instruction that costs something, by its offset. */
  readonly blockOf: ReadonlyMap<number, number>;
}

export interface AttributionInput {
  readonly module: WasmModule;
  readonly metered: MeteredModule;
  readonly costsOf: (functionIndex: number) => InstructionCosts;
  /** Functions that run as compiled code while others are interpreted; undefined when all are of one kind. */
  readonly natives: ReadonlySet<number> | undefined;
  readonly sourceMap: SourceMap;
  readonly functions: SourceFunctions;
  /** What stands for code that the source map does not know. */
  readonly entryFile: string;
}

export class Attribution implements CodePlaces {
  private readonly numbers = new PlaceNumbers();
  readonly places = this.numbers.places;
  private readonly owners = new Map<number, SourceFunction>();
  private readonly blocks = new Map<number, Blocks>();
  private readonly counted: NonNullable<MeteredModule['counted']>;

  /** @throws Error when the module was metered without counting */
  constructor(private readonly input: AttributionInput) {
    if (!input.metered.counted) throw new Error('the meter did not count');
    this.counted = input.metered.counted;
  }

  /** Cycles by context and line; they add up to every charge of the meter. */
  leaves(counts: ArrayLike<bigint>): Leaf[] {
    const { blocks, contexts } = this.counted;
    const sums = new Map<number, number>(); // by context · 2^20 + place
    for (const [i, { context, offset, cost }] of blocks.entries()) {
      if (counts[i] === 0n) continue;
      const cycles = Number(counts[i]) * cost;
      for (const { place, part } of this.blocksOf(contexts.all[context].functionIndex).shares.get(offset)!) {
        const key = context * 2 ** 20 + place;
        sums.set(key, (sums.get(key) ?? 0) + cycles * part);
      }
    }
    return wholeLeaves(sums, (context) => contexts.all[context].root);
  }

  /** The function of the source that a function of the module is. */
  ownerOf(functionIndex: number): SourceFunction {
    let owner = this.owners.get(functionIndex);
    if (!owner) {
      const { module, functions, sourceMap, entryFile } = this.input;
      const name = module.functionNames.get(functionIndex) ?? `function ${functionIndex}`;
      const body = module.functions[functionIndex - module.imports.length];
      const file = sourceMap.locate(body.end - 1, body.start)?.file ?? entryFile;
      owner = functions.named(name) ?? { name: name.replace(/^.*\//, ''), file, line: 1 };
      this.owners.set(functionIndex, owner);
    }
    return owner;
  }

  /** How often each context was entered: by the counter of the block that its call ends. @param entered times that each root was */
  entries(counts: ArrayLike<bigint>, entered: (root: string) => number): number[] {
    const { blocks, contexts: { all } } = this.counted;
    const counters = new Map(blocks.map(({ context, offset }, i) => [`${context} ${offset}`, i]));
    return all.map(({ parent, site, root }) => {
      if (parent < 0) return root === undefined ? 0 : entered(root);
      const counter = counters.get(`${parent} ${this.blocksOf(all[parent].functionIndex).blockOf.get(site)!}`);
      return counter === undefined ? 0 : Number(counts[counter]);
    });
  }

  /** Where an instruction comes from; what has no place of its own counts for what stands before it in its function. */
  placeOf(functionIndex: number, offset: number): number {
    const { module, sourceMap, functions } = this.input;
    const body = module.functions[functionIndex - module.imports.length];
    const at = sourceMap.locate(offset, body.start);
    const owner = this.ownerOf(functionIndex);
    const of = at && functions.at(at.file, at.line, at.column);
    const place: Place = at && of ? { of, file: at.file, line: at.line } : { of: owner, file: owner.file, line: owner.line };
    return this.numbers.of(place);
  }

  private blocksOf(functionIndex: number): Blocks {
    const known = this.blocks.get(functionIndex);
    if (known) return known;
    const { module, costsOf, natives } = this.input;
    const body = module.functions[functionIndex - module.imports.length];
    const byBlock = new Map<number, Map<number, number>>();
    const blockOf = new Map<number, number>();
    basicBlocks(module, body, costsOf(functionIndex), natives, (block, offset, cost) => {
      if (cost === 0) return;
      blockOf.set(offset, block);
      const place = this.placeOf(functionIndex, offset);
      const costs = byBlock.get(block) ?? new Map<number, number>();
      byBlock.set(block, costs.set(place, (costs.get(place) ?? 0) + cost));
    });
    const shares = new Map([...byBlock].map(([block, costs]) => {
      const sum = [...costs.values()].reduce((a, b) => a + b, 0);
      return [block, [...costs].map(([place, cost]): Share => ({ place, part: cost / sum }))] as const;
    }));
    const blocks = { shares, blockOf };
    this.blocks.set(functionIndex, blocks);
    return blocks;
  }
}

/** Rounds so that the whole numbers of each root add up to what they did before: down, and up again for those that lost most. */
export function wholeLeaves(sums: ReadonlyMap<number, number>, rootOf: (context: number) => string | undefined): Leaf[] {
  const byRoot = new Map<string | undefined, { context: number; place: number; exact: number }[]>();
  for (const [key, exact] of sums) {
    const context = Math.floor(key / 2 ** 20);
    const root = rootOf(context);
    const parts = byRoot.get(root) ?? [];
    byRoot.set(root, parts);
    parts.push({ context, place: key % 2 ** 20, exact });
  }
  return [...byRoot.values()].flatMap((parts) => {
    const leaves = parts.map(({ context, place, exact }) => ({ context, place, cycles: Math.floor(exact), lost: exact - Math.floor(exact) }));
    const missing = Math.round(parts.reduce((sum, { exact }) => sum + exact, 0)) - leaves.reduce((sum, { cycles }) => sum + cycles, 0);
    for (const leaf of [...leaves].sort((x, y) => y.lost - x.lost).slice(0, missing)) leaf.cycles++;
    return leaves.filter(({ cycles }) => cycles > 0).map(({ context, place, cycles }) => ({ context, place, cycles }));
  });
}
