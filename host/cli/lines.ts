// SPDX-License-Identifier: MIT
// Lines in, lines out, in constant memory: for the commands that are filters.

import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** The lines of a text stream, without their ends (LF or CR LF). What follows the last LF is a line unless it is empty. */
export async function* readLines(input: Readable): AsyncGenerator<string> {
  input.setEncoding('utf8');
  let parts: string[] = [];
  const line = () => {
    const text = parts.length === 1 ? parts[0] : parts.join('');
    parts = [];
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  };
  for await (const chunk of input as AsyncIterable<string>) {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      parts.push(chunk.slice(from, end));
      from = end + 1;
      yield line();
    }
    if (from < chunk.length) parts.push(chunk.slice(from));
  }
  if (parts.length > 0) yield line();
}

const flushLength = 1 << 16;

/** Collects lines and writes them in large pieces, waiting whenever the reader is slower. */
export class LineWriter {
  private text: string[] = [];
  private length = 0;

  constructor(private readonly output: Writable) {}

  /** Resolves at once unless a flush is due: await it only when it returns a promise. */
  line(text: string): Promise<void> | undefined {
    this.text.push(text, '\n');
    this.length += text.length + 1;
    return this.length >= flushLength ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    if (this.length === 0) return;
    const text = this.text.join('');
    this.text = [];
    this.length = 0;
    if (!this.output.write(text)) await once(this.output, 'drain');
  }
}
