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

/** Whether a source is none of the compiler's own library, to which this package counts in a project that it is installed in. */
export const isFirmwares = (file: string): boolean => !file.startsWith('~lib/') || file.startsWith('~lib/tonewheel/');

/** The one that was read last: of a firmware many ask for the same. */
let latest: { readonly json: string; readonly map: TraceMap } | undefined;

function read(json: string): TraceMap {
  // Sources are the compiler's normalized paths; the root that the compiler adds is a browser's notion.
  const { sourceRoot: _, ...map } = JSON.parse(json);
  return new TraceMap(map);
}

export class SourceMap {
  private readonly map: TraceMap;
  private readonly lines = new Map<string, readonly string[]>();

  constructor(json: string) {
    if (latest?.json !== json) latest = { json, map: read(json) };
    this.map = latest.map;
  }

  /** The line of the source that an instruction is of, or, where the compiler has noted no place for it, what lies so many bytes before it; undefined when there is none. */
  lineOf(offset: number, back = 0): { readonly file: string; readonly text: string } | undefined {
    const [segments = []] = decodedMappings(this.map);
    for (let i = this.before(segments, offset) - 1; i >= 0 && (segments[i][0] >= offset - back || segments[i + 1]?.[0] > offset - back); i--) {
      const found = this.lineOfSegment(segments[i]);
      if (found) return found;
    }
    return undefined;
  }

  /** The line of the first place that is noted behind an offset, so many bytes behind it at most. */
  lineAfter(offset: number, within: number): { readonly file: string; readonly text: string } | undefined {
    const [segments = []] = decodedMappings(this.map);
    const next = segments[this.before(segments, offset)];
    return next && next[0] <= offset + within ? this.lineOfSegment(next) : undefined;
  }

  private lineOfSegment([, source, line]: readonly number[]): { readonly file: string; readonly text: string } | undefined {
    const file = source === undefined ? null : this.map.sources[source];
    const text = source === undefined ? null : this.map.sourcesContent?.[source];
    return file != null && text != null ? { file, text: this.linesOf(text)[line] ?? '' } : undefined;
  }

  private linesOf(text: string): readonly string[] {
    let lines = this.lines.get(text);
    if (!lines) this.lines.set(text, lines = text.split('\n'));
    return lines;
  }

  /** How many of the segments begin at an offset or before it. */
  private before(segments: readonly (readonly number[])[], offset: number): number {
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segments[middle][0] <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Where an instruction comes from: its own mapping, or, since optimised code has gaps, that of the nearest one before it.
   * @param from offset to which it may look back: the start of the instruction's function
   * @param accept files whose mappings count
   */
  locate(offset: number, from = 0, accept: (file: string) => boolean = () => true): Location | undefined {
    const [segments = []] = decodedMappings(this.map);
    for (let i = this.before(segments, offset) - 1; i >= 0 && segments[i][0] >= from; i--) {
      const [, source, line, column] = segments[i];
      const file = source === undefined ? null : this.map.sources[source];
      if (file != null && accept(file)) return { file, line: line! + 1, column: column! };
    }
    return undefined;
  }

  /** The first place that is noted behind an offset, and before another. */
  locateNext(offset: number, end: number, accept: (file: string) => boolean): Location | undefined {
    const [segments = []] = decodedMappings(this.map);
    const found = segments.find(([at, source]) => at > offset && at < end && source !== undefined && accept(this.map.sources[source] ?? '~lib/'));
    return found && { file: this.map.sources[found[1]!]!, line: found[2]! + 1, column: found[3]! };
  }
}
