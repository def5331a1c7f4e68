// SPDX-License-Identifier: MIT
// What gcc's -fcallgraph-info=su says of C code: the stack of each function, and whom it calls. One file for each object, in the form of the tool VCG.

export interface CFunction {
  readonly name: string;
  /** Bytes that it takes itself, and whether that is all (alloca and the like are not known). */
  readonly bytes: number;
  readonly isKnown: boolean;
  readonly calls: ReadonlySet<string>;
}

/** Whom an indirect call leads to is not in there: a call of this name stands for it. */
export const INDIRECT = '__indirect_call';

/**
 * All functions of some objects, by a name that is their own: a static function's has its file in front, "shim.c:store_all".
 * @param texts of the files
 */
export function readCallGraphs(texts: readonly string[]): Map<string, CFunction> {
  // A path would differ from build to build, as generated sources lie in directories of their own.
  const plain = (title: string): string => title.replace(/^.*\//, '');
  const functions = new Map<string, { name: string; bytes: number; isKnown: boolean; calls: Set<string> }>();
  for (const text of texts) {
    for (const [, title, label] of text.matchAll(/^node: \{ title: "([^"]*)" label: "([^"]*)"(?! shape)/gm)) {
      const [name, , usage = ''] = label.split('\\n');
      const [, bytes, kind] = /^(\d+) bytes \(([^)]*)\)/.exec(usage) ?? [];
      if (bytes !== undefined) functions.set(plain(title), { name, bytes: Number(bytes), isKnown: kind === 'static' || kind === 'dynamic,bounded', calls: new Set() });
    }
    for (const [, from, to] of text.matchAll(/^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"/gm)) functions.get(plain(from))?.calls.add(plain(to));
  }
  return functions;
}
