// SPDX-License-Identifier: MIT
// Lines of the package's own TypeScript in a stack trace. Node maps them too, but then it reads the source map of each module that is loaded, in each thread, for a trace that hardly ever comes.

import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The source map beside a file that was made of TypeScript; undefined without one. */
function sourceMapOf(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}

/** A text with stack traces, whose places in JavaScript become those in the TypeScript that it was made of. */
export function withSourceLines(text: string): string {
  return text.replace(/(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g, (place, url: string, line: string, column: string) => {
    const found = sourceMapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!found || !('originalSource' in found)) return place;
    return `${fileURLToPath(new URL(found.originalSource, url))}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}
