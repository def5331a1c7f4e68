// SPDX-License-Identifier: MIT
// A page as one HTML file that opens from disk with no network: style, script and data are inside.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../../paths.js';
import { escapeHtml } from './parts.js';

const profileDir = join(packageRoot, 'host', 'profile');

/** A script with all that it imports, from a file of this directory's parent. */
export async function clientScript(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(profileDir, file)], bundle: true, write: false, minify: true, format: 'iife', target: 'es2020', legalComments: 'inline', logLevel: 'silent',
    loader: { '.css': 'empty' }, // style sheets that packages bring along: the pages have their own
  });
  return outputFiles[0].text;
}

async function styleSheet(files: readonly string[]): Promise<string> {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const paths = [join(uplot, 'uPlot.min.css'), ...files.map((file) => join(profileDir, file))];
  return (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).join('\n');
}

export interface PageParts {
  readonly title: string;
  /** HTML of all that can be read without the script. */
  readonly body: string;
  /** What the script draws, as JSON. */
  readonly data: unknown;
  /** TypeScript and CSS, as files of host/profile. */
  readonly script: string;
  readonly styles: readonly string[];
}

/** The page's text. Its policy lets it load nothing. */
export async function htmlDocument({ title, body, data, script, styles }: PageParts): Promise<string> {
  const [code, style] = await Promise.all([clientScript(script), styleSheet(styles)]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>
${style}
</style>
</head>
<body>
${body}
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>
${code}</script>
</body>
</html>
`;
}
