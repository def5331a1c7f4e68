// SPDX-License-Identifier: MIT
// Runs tests and counts them: specs under node's runner, as-pect specs on the emulated board.

import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import pc from 'picocolors';
import { runAsPectSpec } from '../as-pect/spec.js';
import type { Board } from '../boards/index.js';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Left out for want of a tool; each says which. */
  readonly skipped: number;
}

/** The closing line: "12 passed, 0 failed", and what was skipped if anything was. */
export const countsLine = ({ passed, failed, skipped }: Counts): string => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

export const sum = (...counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((n, c) => n + c.passed, 0),
  failed: counts.reduce((n, c) => n + c.failed, 0),
  skipped: counts.reduce((n, c) => n + c.skipped, 0),
});

/** Runs spec files, each in a process of its own, and prints their report. */
export async function runSpecFiles(files: readonly string[]): Promise<Counts> {
  let [passed, failed, skipped] = [0, 0, 0];
  const stream = run({ files: [...files], concurrency: 2 });
  // A file counts as a test of its own when it fails to load; files and suites that contain tests are not counted again.
  const leaf = (event: { details: { type?: string } }) => event.details.type !== 'suite';
  // `skip` is false, true, or the reason, which may be empty.
  stream.on('test:pass', (event) => {
    if (!leaf(event)) return;
    if (event.skip === undefined || event.skip === false) passed++;
    else skipped++;
  });
  stream.on('test:fail', (event) => { if (leaf(event)) failed++; });
  const report = stream.compose(new spec());
  report.pipe(process.stdout);
  await new Promise((resolve) => report.on('end', resolve));
  return { passed, failed, skipped };
}

const indented = (text: string, by: number): string => text.split('\n').map((line) => ' '.repeat(by) + line).join('\n');

/** Runs as-pect specs on a board, one emulated board a file, and prints a line for each and what failed. */
export async function runAsPectSpecs(files: readonly string[], board: Board): Promise<Counts> {
  let [passed, failed] = [0, 0];
  for (const file of files) {
    const result = await runAsPectSpec(file, board);
    passed += result.passed;
    failed += result.failures.length;
    const mark = result.failures.length === 0 ? pc.green('✔') : pc.red('✖');
    console.log(`${mark} ${file} ${pc.dim(`on ${board.name}: ${result.passed} passed${result.failures.length > 0 ? `, ${result.failures.length} failed` : ''}`)}`);
    for (const log of result.logs) console.log(indented(log, 4));
    for (const { name, message } of result.failures) console.log(`${indented(pc.red(`✖ ${name}`), 2)}\n${indented(message, 6)}`);
  }
  return { passed, failed, skipped: 0 };
}
