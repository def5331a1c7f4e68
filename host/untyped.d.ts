// SPDX-License-Identifier: MIT
// What is used of packages that come without types.

declare module '@as-pect/transform' {
  /** Adds to each class what as-pect compares it by. */
  const AspectTransform: new () => object;
  export default AspectTransform;
}

declare module 'micromatch' {
  /** Those of `list` that match any of the globs. */
  const micromatch: (list: readonly string[], globs: readonly string[]) => string[];
  export default micromatch;
}
