// SPDX-License-Identifier: MIT
// How Binaryen optimizes a firmware.

import { MARK } from './marks.js';

/**
 * Binaryen's passes in the order in which they run: those of asc at -O3, each only where it still finds something to do, 39 of 97. Most of the others have run before;
 * simplify-globals-optimizing, which optimizes all functions anew, takes a quarter of all time for what the others find too. Without two kinds that make one of pieces of code that are
 * the same, whatever is said of them in the source: marks (marks.ts) keep apart what is commented, but code-folding makes one of the ends of two ways behind their marks, and
 * duplicate-function-elimination of two functions whose names count: in a profile, and for formulas. Locals are simplified before there is anything inlined, so that a load keeps its
 * place in the source, and not again before the code is flat: whole loops would go behind the writes of registers that stand after them.
 */
const PASSES = `
  remove-unused-module-elements simplify-locals-nostructure inlining rse ssa-nomerge remove-unused-brs remove-unused-names merge-blocks precompute-propagate
  gufa-optimizing flatten simplify-locals-notee-nostructure vacuum merge-locals reorder-locals optimize-instructions remove-unused-brs precompute-propagate
  simplify-locals-notee-nostructure local-cse coalesce-locals simplify-locals coalesce-locals remove-unused-brs optimize-instructions dae-optimizing
  inlining-optimizing ssa-nomerge code-pushing local-cse coalesce-locals simplify-locals vacuum ssa-nomerge coalesce-locals optimize-instructions
  remove-unused-brs optimize-instructions memory-packing
`.trim().split(/\s+/);

/** What takes out a variable that is only ever set. */
const UNMARKING = ['simplify-globals', 'vacuum'];

/** What has no use any more by then. */
const LAST = ['remove-unused-module-elements'];

/** What is used of asc's class of modules. */
interface Module {
  /** Sets Binaryen's options, and runs passes. */
  optimize(optimizeLevel: number, shrinkLevel: number, ...rest: boolean[]): void;
  runPasses(passes: readonly string[]): void;
  hasExport(name: string): boolean;
  removeExport(name: string): void;
}

/** Has a compiler run these passes where it would run those of -O3, and take out the marks after them; the options are as it sets them. */
export function useOwnPasses(compiler: { readonly Module: { readonly prototype: Module } }): void {
  const { prototype } = compiler.Module;
  const { optimize, runPasses } = prototype;
  prototype.optimize = function (optimizeLevel, shrinkLevel, ...rest): void {
    if (optimizeLevel === 3 && shrinkLevel === 0) this.runPasses = () => {
      runPasses.call(this, PASSES);
      if (this.hasExport(MARK)) {
        this.removeExport(MARK);
        runPasses.call(this, UNMARKING);
      }
      runPasses.call(this, LAST);
    };
    optimize.call(this, optimizeLevel, shrinkLevel, ...rest);
    this.runPasses = runPasses;
  };
}
