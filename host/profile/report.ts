// SPDX-License-Identifier: MIT
// The report of a run: one HTML file that opens from disk with no network, and the result as JSON beside it.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { prepareOutput, writeWhole } from '../output.js';
import { packageRoot } from '../paths.js';
import type { HeardNote } from './midi-to-audio.js';
import type { BlockRecord } from './recorder.js';
import { reportData } from './report-data.js';
import { escapeHtml, reportBody } from './report-page.js';
import type { RunResult } from './run-result.js';
import type { SentAudio } from './sent-audio.js';

export interface ReportInput {
  readonly result: RunResult;
  readonly blocks: BlockRecord;
  readonly notes: readonly HeardNote[];
  readonly audio: SentAudio;
  /** Command line that makes the same run again. */
  readonly command: string;
}

const profileDir = join(packageRoot, 'host', 'profile');

async function clientScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(profileDir, 'report-client.ts')], bundle: true, write: false, minify: true, format: 'iife', target: 'es2020',
    legalComments: 'inline', logLevel: 'silent',
  });
  return outputFiles[0].text;
}

async function styleSheet(): Promise<string> {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  return (await Promise.all([readFile(join(uplot, 'uPlot.min.css'), 'utf8'), readFile(join(profileDir, 'report.css'), 'utf8')])).join('\n');
}

/** The report as one HTML page. Its policy lets it load nothing: style, script and data are inside. */
export async function reportHtml(input: ReportInput): Promise<string> {
  const { result, blocks, notes, audio, command } = input;
  const data = reportData(result, blocks, notes, audio);
  const [script, style] = await Promise.all([clientScript(), styleSheet()]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeHtml(result.firmware)} on ${escapeHtml(result.board)} – Tonewheel</title>
<style>
${style}
</style>
</head>
<body>
${reportBody(result, blocks, command, data.load.blocksPerPoint)}
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script>
${script}</script>
</body>
</html>
`;
}

/**
 * Writes `report.html` and `report.json` (the result alone) into `directory`, which is made if need be.
 * @returns the paths written
 */
export async function writeReport(directory: string, input: ReportInput): Promise<{ html: string; json: string }> {
  const page = await reportHtml(input);
  const [html, json] = [join(directory, 'report.html'), join(directory, 'report.json')];
  for (const path of [html, json]) await prepareOutput(path);
  writeWhole(html, page);
  writeWhole(json, `${JSON.stringify(input.result, null, 2)}\n`);
  return { html, json };
}
