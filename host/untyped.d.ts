// SPDX-License-Identifier: MIT
// What is used of packages that come without types.

declare module 'micromatch' {
  /** Those of `list` that match any of the globs. */
  const micromatch: (list: readonly string[], globs: readonly string[]) => string[];
  export default micromatch;
}

declare module 'd3-selection' {
  interface Selection { datum(value: unknown): Selection; call(draw: (selection: Selection) => unknown): Selection }
  export function select(element: Element): Selection;
}

declare module 'd3-flame-graph' {
  /** A node of the tree as it is laid out. */
  export interface FlameNode<D> {
    readonly data: D;
    readonly parent: FlameNode<D> | null;
    readonly children?: readonly FlameNode<D>[];
    /** Whether the search found it. */
    readonly highlight?: boolean;
  }
  interface FlameChart<D> {
    (selection: unknown): void;
    width(pixels: number): this;
    height(pixels: number): this;
    cellHeight(pixels: number): this;
    minFrameSize(pixels: number): this;
    transitionDuration(milliseconds: number): this;
    inverted(topDown: boolean): this;
    sort(byName: boolean): this;
    label(text: (node: FlameNode<D>) => string): this;
    color(paint: (node: FlameNode<D>) => string): this;
    onHover(act: (node: FlameNode<D>) => void): this;
    onClick(act: (node: FlameNode<D>) => void): this;
    setSearchMatch(matches: (node: FlameNode<D>, term: string) => boolean): this;
    setSearchHandler(act: (found: readonly FlameNode<D>[], sum: number, total: number) => void): this;
    search(term: string): void;
    clear(): void;
    resetZoom(): void;
    update(): this;
  }
  export default function flamegraph<D>(): FlameChart<D>;
}
