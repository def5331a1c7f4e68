// SPDX-License-Identifier: MIT
// The report of a run: one HTML file that opens from disk with no network, and the result as JSON beside it.

import { join } from 'node:path';
import { prepareOutput, writeWhole } from '../output.js';
import type { HeardNote } from './midi-to-audio.js';
import { htmlDocument } from './page/document.js';
import type { BlockRecord } from './recorder.js';
import { reportData } from './report-data.js';
import { reportBody } from './report-page.js';
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

/** The report as one HTML page. */
export async function reportHtml(input: ReportInput): Promise<string> {
  const { result, blocks, notes, audio, command } = input;
  const data = reportData(result, blocks, notes, audio);
  return htmlDocument({
    title: `${result.firmware} on ${result.board} – Tonewheel`, body: reportBody(result, blocks, command, data.load.blocksPerPoint), data,
    script: 'report-client.ts', styles: ['report.css'],
  });
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
