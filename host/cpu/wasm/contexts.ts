// SPDX-License-Identifier: MIT
// The calling contexts of a firmware: every path of calls by which a function can be reached from where the firmware is entered. For a profile each gets
// a copy of its function with counters of its own, so that counts by context are exact and cost no more than counts without.

import { forEachInstruction, type WasmModule } from './decode.js';

/** Where the shim enters the module. */
export interface Entry {
  /** How reports call it: `reset`, `main`, a vector. */
  readonly root: string;
  readonly functionIndex: number;
}

export interface CallContext {
  /** Of the module's function index space. */
  readonly functionIndex: number;
  /** Index of the context that calls; -1: entered from outside, or through a table, or by recursion. */
  readonly parent: number;
  /** Byte offset of the call in the module; 0 without a parent. */
  readonly site: number;
  /** Name of the entry at the top; undefined for what is shared by all who do not know whom they call. */
  readonly root: string | undefined;
}

export interface Contexts {
  /** The first are the module's own functions in their order: they serve indirect calls, and whatever has no context of its own. */
  readonly all: readonly CallContext[];
  /** Index in `all` of an entry, by the name of its root and its function. */
  entry(root: string, functionIndex: number): number | undefined;
  /** What the call at an offset, in a context, calls. */
  callee(context: number, site: number, functionIndex: number): number;
}

/** Bodies are copied up to this much code in all: far above any firmware that fits a chip, and quick to compile. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Every context, callers first. A call that recurses, and calls beyond what may be copied, lead to the shared functions. */
export function contextsOf(module: WasmModule, entries: readonly Entry[]): Contexts {
  const first = module.imports.length;
  const bodies = new Map(module.functions.map((body) => [body.index, body]));
  const all: CallContext[] = module.functions.map(({ index }) => ({ functionIndex: index, parent: -1, site: 0, root: undefined }));
  const callees = new Map<string, number>();
  const byEntry = new Map<string, number>();
  const shared = all.length;
  let bytes = 0;
  for (const { root, functionIndex } of entries) {
    const key = `${root} ${functionIndex}`;
    if (byEntry.has(key)) continue;
    byEntry.set(key, all.length);
    all.push({ functionIndex, parent: -1, site: 0, root });
  }
  const recurses = (context: number, functionIndex: number): boolean => {
    for (let c = context; c >= 0; c = all[c].parent) if (all[c].functionIndex === functionIndex) return true;
    return false;
  };
  // Breadth first, so that what is left out when there is too much is what lies deepest.
  for (let context = shared; context < all.length; context++) {
    const body = bodies.get(all[context].functionIndex)!;
    forEachInstruction(module.bytes, body.code, body.end, ({ operator, offset, index }) => {
      if (operator.name !== 'call' || index < first || recurses(context, index)) return;
      const { start, end } = bodies.get(index)!;
      if (bytes + end - start > MOST_BYTES) return;
      bytes += end - start;
      callees.set(`${context} ${offset}`, all.length);
      all.push({ functionIndex: index, parent: context, site: offset, root: all[context].root });
    });
  }
  return {
    all,
    entry: (root, functionIndex) => byEntry.get(`${root} ${functionIndex}`),
    callee: (context, site, functionIndex) => callees.get(`${context} ${site}`) ?? functionIndex - first,
  };
}
