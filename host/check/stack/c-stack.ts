// SPDX-License-Identifier: MIT
// How deep calls of C functions get, from the compiler's call graph.

import { INDIRECT, type CFunction } from './call-graph-info.js';

/** libgcc and newlib come compiled. The deepest chains in them, of gcc 12.2 and newlib 3.3, were read from their code: sqrt 100, floor and rint 56, 64-bit division 48. */
const LIBRARY = /^(?:__aeabi_\w+|__\w+[ds]i[234]|__ieee754_sqrtf?|mem(?:cpy|set|move|cmp)|str(?:len|cmp)|(?:floor|ceil|trunc|rint|nearbyint|sqrt|fabs|copysign|fmin|fmax)f?|__errno)$/;
const LIBRARY_BYTES = 128;

export interface Depth {
  /** Infinity for what may come to call itself. */
  readonly bytes: number;
  /** Names, outermost first. */
  readonly path: readonly string[];
}

export const NOTHING: Depth = { bytes: 0, path: [] };
export const deeper = (a: Depth, b: Depth): Depth => (b.bytes > a.bytes ? b : a);
export const under = (name: string, bytes: number, below: Depth): Depth => ({ bytes: bytes + below.bytes, path: [name, ...below.path] });

/** Depths that are known beforehand, by name: of functions that depend on what runs, and of those that are not to be looked into. */
export type Given = ReadonlyMap<string, Depth>;
const NONE: Given = new Map();

export class CStack {
  /** What is not known to the last byte, in words. */
  readonly unknown = new Set<string>();
  private readonly memos = new Map<Given, Map<string, Depth>>();

  /** @param byReference whom the indirect calls of a function may lead to; undefined when nothing is known of them */
  constructor(private readonly functions: ReadonlyMap<string, CFunction>, private readonly byReference: (caller: string) => readonly string[] | undefined) {}

  /** Bytes that a function takes itself; 0 for one that the compiler has made a part of its callers. */
  own(name: string): number {
    return this.functions.get(name)?.bytes ?? 0;
  }

  /** A function with all that it calls. */
  of(name: string, given: Given = NONE, open: ReadonlySet<string> = new Set()): Depth {
    let memo = this.memos.get(given);
    if (!memo) this.memos.set(given, memo = new Map(given));
    const known = memo.get(name);
    if (known) return known;
    const f = this.functions.get(name);
    if (!f) {
      if (!LIBRARY.test(name)) this.unknown.add(name);
      return { bytes: LIBRARY_BYTES, path: [name] };
    }
    if (open.has(name)) return { bytes: Infinity, path: [f.name] };
    if (!f.isKnown) this.unknown.add(name);
    const inside = new Set(open).add(name);
    let below = NOTHING;
    for (const callee of f.calls) for (const one of callee === INDIRECT ? this.calledByReference(name) : [callee]) below = deeper(below, this.of(one, given, inside));
    const depth = under(f.name, f.bytes, below);
    memo.set(name, depth);
    return depth;
  }

  /** The deepest of some functions. */
  deepestOf(names: Iterable<string>): Depth {
    let deepest = NOTHING;
    for (const name of names) deepest = deeper(deepest, this.of(name));
    return deepest;
  }

  private calledByReference(caller: string): readonly string[] {
    const callees = this.byReference(caller);
    if (!callees) this.unknown.add(`what ${caller} calls by reference`);
    return callees ?? [];
  }
}
