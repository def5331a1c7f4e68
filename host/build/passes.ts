// SPDX-License-Identifier: MIT
// How Binaryen optimizes a firmware.

/**
 * Binaryen's passes in the order in which they run: those of asc at -O3 without the 39 of its 97 that find nothing left to do, most of them because they have run before, which saves
 * a fifth of the time; and without the two, duplicate-function-elimination and code-folding, that make one of two pieces of code that are the same. What the source says of
 * one piece, `@bound(3)`, would then count for the other one, `@bound(300)`.
 */
const PASSES = `
  remove-unused-module-elements inlining simplify-globals-optimizing rse ssa-nomerge local-cse remove-unused-brs
  remove-unused-names merge-blocks precompute-propagate gufa-optimizing dae-optimizing simplify-locals-nostructure flatten simplify-locals-notee-nostructure
  vacuum licm merge-locals reorder-locals optimize-instructions remove-unused-brs inlining precompute-propagate simplify-locals-notee-nostructure vacuum local-cse
  reorder-locals coalesce-locals simplify-locals coalesce-locals reorder-locals vacuum remove-unused-brs merge-blocks optimize-instructions inlining-optimizing
  ssa-nomerge rse code-pushing local-cse coalesce-locals simplify-locals rse vacuum ssa-nomerge simplify-locals coalesce-locals optimize-instructions
  remove-unused-brs merge-blocks simplify-globals-optimizing reorder-globals remove-unused-brs optimize-instructions memory-packing remove-unused-module-elements
`.trim().split(/\s+/);

/** What is used of asc's class of modules. */
interface Module {
  /** Sets Binaryen's options, and runs passes. */
  optimize(optimizeLevel: number, shrinkLevel: number, ...rest: boolean[]): void;
  runPasses(passes: readonly string[]): void;
}

/** Has a compiler run these passes where it would run those of -O3; the options are as it sets them. */
export function useOwnPasses(compiler: { readonly Module: { readonly prototype: Module } }): void {
  const { prototype } = compiler.Module;
  const { optimize, runPasses } = prototype;
  prototype.optimize = function (optimizeLevel, shrinkLevel, ...rest): void {
    if (optimizeLevel === 3 && shrinkLevel === 0) this.runPasses = () => runPasses.call(this, PASSES);
    optimize.call(this, optimizeLevel, shrinkLevel, ...rest);
    this.runPasses = runPasses;
  };
}
