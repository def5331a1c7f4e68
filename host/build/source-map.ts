// SPDX-License-Identifier: MIT
// From a byte offset of a module to file, line and column. A generated column of these maps is a byte offset; there is one line.

import { GREATEST_LOWER_BOUND, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

export interface Location {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
}

export class SourceMap {
  private readonly map: TraceMap;

  constructor(json: string) {
    // Sources are the compiler's normalized paths; the root that the compiler adds is a browser's notion.
    const { sourceRoot: _, ...map } = JSON.parse(json);
    this.map = new TraceMap(map);
  }

  /** Where an instruction comes from: its own mapping, or that of the nearest one before it. */
  locate(offset: number): Location | undefined {
    const { source, line, column } = originalPositionFor(this.map, { line: 1, column: offset, bias: GREATEST_LOWER_BOUND });
    return source === null ? undefined : { file: source, line, column };
  }
}
