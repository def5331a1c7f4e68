// SPDX-License-Identifier: MIT
// Finds the tests of a project: its as-pect specs and its scenarios.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import micromatch from 'micromatch';

export interface ProjectTests {
  /** as-pect specs, from the present directory. */
  readonly asPect: readonly string[];
  /** Specs for node's runner. */
  readonly scenarios: readonly string[];
}

/** Keys of as-pect.config.js that are read. The rest of as-pect's has no meaning here: specs run on the emulated board. */
interface AsPectConfig {
  readonly entries?: readonly string[];
  readonly disclude?: readonly RegExp[];
}

const DEFAULT_ENTRIES = ['tests/as-pect/**/*.as.ts', 'assembly/__tests__/**/*.spec.ts'];
const SCENARIO = /\.(spec|test)\.ts$/;
/** Directories that hold no tests of the project's own. */
const SKIPPED = new Set(['node_modules', 'build', 'dist']);

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const found = await Promise.all(entries.map((entry) => {
    if (entry.isFile()) return [join(directory, entry.name)];
    return entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name) ? filesUnder(join(directory, entry.name)) : [];
  }));
  return found.flat().sort();
}

/**
 * @param project directory of the project; its as-pect.config.js says what as-pect specs there are, else those in the usual places
 * @param paths files and directories to look at, from the present directory; all of the project when there are none
 */
export async function projectTests(project: string, paths: readonly string[] = []): Promise<ProjectTests> {
  const configFile = resolve(project, 'as-pect.config.js');
  const config: AsPectConfig = existsSync(configFile) ? ((await import(pathToFileURL(configFile).href)) as { default: AsPectConfig }).default : {};
  const chosen = paths.map((path) => resolve(path));
  const isChosen = (file: string) => chosen.length === 0 || chosen.some((path) => file === path || file.startsWith(path + sep));
  const files = (await filesUnder(resolve(project))).filter(isChosen).map((file) => relative(resolve(project), file).split(sep).join('/'));
  const asPect = new Set(micromatch(files, config.entries ?? DEFAULT_ENTRIES).filter((file) => !config.disclude?.some((pattern) => pattern.test(file))));
  const fromHere = (file: string) => relative(process.cwd(), resolve(project, file));
  return {
    asPect: [...asPect].map(fromHere),
    scenarios: files.filter((file) => SCENARIO.test(file) && !asPect.has(file)).map(fromHere),
  };
}
