// SPDX-License-Identifier: MIT
// Changes to C source text that either find exactly what they were written for or refuse.

/** The files of a source tree by name, and changes to them. */
export class Edits {
  readonly files: Map<string, string>;
  constructor(files: ReadonlyMap<string, string>) {
    this.files = new Map(files);
  }

  /** The text of a file. @throws Error when there is none of that name */
  text(file: string): string {
    const text = this.files.get(file);
    if (text === undefined) throw new Error(`wasm3's sources have no ${file}: they are not the version that the build was written for`);
    return text;
  }

  /**
   * Replaces every occurrence of `find`.
   * @param times how many there must be
   * @throws Error naming the file and the text that was looked for when there are more or fewer
   */
  replace(file: string, find: string, replacement: string, times = 1): void {
    const parts = this.text(file).split(find);
    if (parts.length - 1 !== times) throw new Error(`${file}: expected ${times} of "${find}", found ${parts.length - 1}: `
      + `wasm3's sources are not those that the build was written for`);
    this.files.set(file, parts.join(replacement));
  }

  /** Replaces all from `from` up to and without `to`; each must be there once. @throws Error as `replace` */
  replaceRange(file: string, from: string, to: string, replacement: string): void {
    const text = this.text(file);
    const start = text.indexOf(from);
    const end = text.indexOf(to, start + from.length);
    if (start < 0 || end < 0 || text.indexOf(from, start + 1) >= 0) throw new Error(`${file}: expected one range from "${from}" to "${to}": `
      + `wasm3's sources are not those that the build was written for`);
    this.files.set(file, text.slice(0, start) + replacement + text.slice(end));
  }

  /** Adds a file. */
  add(file: string, text: string): void {
    this.files.set(file, text);
  }
}
