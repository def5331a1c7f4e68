// SPDX-License-Identifier: MIT
// Keeps what was compiled, by all that it was compiled from. In the manner of ccache's direct mode: for what is asked for, a list of the paths that the
// last compile read, found or not; for those paths' contents of now, the result. Nothing is believed by its time or its name, so nothing stale is found.

import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';

/** Text that a compiler read for each path; null where it found nothing. */
export type Reads = ReadonlyMap<string, string | null>;

/** Bytes that a directory of results may take; beyond, those that were not asked for the longest go. A firmware takes some 300 KB. */
const MOST_BYTES = 64 << 20;
const HASH_BYTES = 32;

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();

export class CompileCache<Result> {
  private readonly pathsFile: string;

  /**
   * @param directory where results are kept, made when the first one is; undefined keeps nothing
   * @param asked all that a result depends on, besides the sources: the compiler, its options, the board
   * @param read the source at a path, just as the compiler gets it
   */
  constructor(private readonly directory: string | undefined, private readonly asked: string, private readonly read: (path: string) => Promise<string | null>, private readonly mostBytes = MOST_BYTES) {
    this.pathsFile = join(directory ?? '', `${sha256(asked).toString('hex')}.paths`);
  }

  /** What was compiled of the very same, if it is kept; whatever is wrong with a file makes it a result that is not there. */
  async find(): Promise<Result | undefined> {
    if (this.directory === undefined) return undefined;
    try {
      const paths = JSON.parse(await readFile(this.pathsFile, 'utf8')) as string[];
      const file = this.resultFile(new Map(await Promise.all(paths.map(async (path) => [path, await this.read(path)] as const))));
      const bytes = await readFile(file);
      const contents = bytes.subarray(HASH_BYTES);
      if (!sha256(contents).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
      const now = new Date();
      await Promise.all([file, this.pathsFile].map((path) => utimes(path, now, now).catch(() => {})));
      return deserialize(gunzipSync(contents)) as Result;
    } catch {
      return undefined;
    }
  }

  /** Keeps a result, if the directory lets it: a compile is worth as much without. @param reads all that was read for it */
  async keep(reads: Reads, result: Result): Promise<void> {
    if (this.directory === undefined) return;
    try {
      await mkdir(this.directory, { recursive: true });
      const contents = gzipSync(serialize(result), { level: 1 });
      await this.write(this.resultFile(reads), Buffer.concat([sha256(contents), contents]));
      await this.write(this.pathsFile, JSON.stringify([...reads.keys()].sort()));
      await this.evict(this.directory);
    } catch {
      // Read-only, full, or taken away meanwhile.
    }
  }

  private resultFile(reads: Reads): string {
    const sorted = [...reads].sort(([a], [b]) => (a < b ? -1 : 1));
    return join(this.directory!, `${sha256(JSON.stringify([this.asked, sorted])).toString('hex')}.result`);
  }

  /** Under its name a file is whole, whoever else writes the same one. */
  private async write(file: string, contents: string | Uint8Array): Promise<void> {
    const partial = `${file}.${randomUUID()}.part`;
    await writeFile(partial, contents);
    await rename(partial, file);
  }

  private async evict(directory: string): Promise<void> {
    const files = await Promise.all((await readdir(directory)).map(async (name) => {
      const path = join(directory, name);
      return { path, ...await stat(path).then(({ size, mtimeMs }) => ({ size, mtimeMs }), () => ({ size: 0, mtimeMs: 0 })) };
    }));
    let bytes = 0;
    for (const { path, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size;
      if (bytes > this.mostBytes) await rm(path, { force: true });
    }
  }
}

/** Directory of a package that is installed with this one, which need not export anything there. */
export function installed(name: string): string {
  const places = createRequire(import.meta.url).resolve.paths(name)!.map((place) => join(place, name));
  return places.find(existsSync) ?? places[0];
}

/**
 * Hash of a module with all that it imports: files by their text, packages by their package.json, which has their version.
 * @param also packages that it takes by name at run time
 */
export async function hashOfCode(module: URL, also: readonly string[] = []): Promise<string> {
  const files = new Map<string, string>();
  const packages = new Set(also);
  // What is found is what looks like an import: in code that writes code it may name nothing that there is.
  const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const visit = async (url: URL): Promise<void> => {
    if (files.has(url.href)) return;
    files.set(url.href, '');
    const text = await textOf(fileURLToPath(url));
    files.set(url.href, text);
    await Promise.all([...text.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map(([, name]) => {
      if (name.startsWith('.')) return visit(new URL(name, url));
      if (!name.startsWith('node:')) packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
      return undefined;
    }));
  };
  await visit(module);
  const versions = await Promise.all([...packages].sort().map((name) => textOf(join(installed(name), 'package.json'))));
  const texts = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return sha256(JSON.stringify([texts, versions])).toString('hex');
}
