// SPDX-License-Identifier: MIT
// From a byte offset of a module to file, line and column. A generated column of these maps is a byte offset; there is one line.

import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';

export interface Location {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
}

/** A stretch of the module: byte offsets of its first instruction and of what follows it. */
interface Span {
  readonly code: number;
  readonly end: number;
}

export class SourceMap {
  private readonly map: TraceMap;

  constructor(json: string) {
    // Sources are the compiler's normalized paths; the root that the compiler adds is a browser's notion.
    const { sourceRoot: _, ...map } = JSON.parse(json);
    this.map = new TraceMap(map);
  }

  /**
   * Where an instruction comes from: its own mapping, or that of the nearest one before it.
   * @param body the function that it is in: some instructions, calls among them, lose their place when the compiler optimises, and the nearest
   *   in the function stands in, before them or else after
   * @param accepts which sources may be named; the nearest place in one of them is given
   */
  locate(offset: number, body: Span = { code: offset, end: offset }, accepts: (file: string) => boolean = () => true): Location | undefined {
    const segments = decodedMappings(this.map)[0] ?? [];
    let low = 0;
    for (let high = segments.length; low < high;) {
      const middle = (low + high) >> 1;
      if (segments[middle][0] <= offset) low = middle + 1;
      else high = middle;
    }
    const isUnmapped = (at: number) => {
      const source = segments[at][1];
      return source === undefined || !accepts(this.map.sources[source] ?? '');
    };
    let at = low - 1;
    while (at >= 0 && isUnmapped(at) && segments[at][0] >= body.code) at--;
    if (at < 0 || isUnmapped(at) || segments[at][0] < Math.min(body.code, offset)) {
      at = low;
      while (at < segments.length && isUnmapped(at) && segments[at][0] < body.end) at++;
      if (at >= segments.length || segments[at][0] >= body.end) return undefined;
    }
    const [, source, line, column] = segments[at] as [number, number, number, number];
    const file = this.map.sources[source];
    return file === null ? undefined : { file, line: line + 1, column };
  }
}
