// SPDX-License-Identifier: MIT
// A profile as tables for spreadsheets and scripts: comma-separated values after RFC 4180.

import type { ProfileResult } from '../profile-result.js';
import { cyclesPerFrameOfBlocks, type BlockRecord } from '../recorder.js';
import { secondsAt } from '../run-result.js';

type Cell = string | number | null;

const cell = (value: Cell): string => {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function csv(columns: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [columns.join(',')];
  for (const row of rows) lines.push(row.map(cell).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** Every block of the run. */
export function blocksCsv({ run }: ProfileResult, blocks: BlockRecord): string {
  const values = cyclesPerFrameOfBlocks(blocks, run.cyclesPerFrame.budget);
  return csv(['block', 'start_seconds', 'start_cycle', 'length_cycles', 'busy_cycles', 'cycles_per_frame', 'voices'], Array.from(values, (value, i) => {
    const [from, to] = [blocks.boundaryCycles[i], blocks.boundaryCycles[i + 1]];
    return [i, secondsAt(run, from), from, to - from, blocks.busyCycles[i], value, blocks.voices[i]];
  }));
}

export function handlersCsv({ handlers }: ProfileResult): string {
  const spread = (name: string): string[] => ['mean', 'min', 'p99', 'max'].map((of) => `${name}_${of}`);
  return csv(['vector', 'function', 'file', 'line', 'priority', 'budget', 'count', 'unfinished_cycles', 'over_budget', 'total_cycles', ...spread('duration'), ...spread('elapsed'), ...spread('latency'), 'jitter'],
    handlers.map((h) => [h.name, h.functionName, h.file, h.line, h.priority, h.budget, h.count, h.unfinishedCycles, h.overBudget, h.totalCycles,
      ...[h.duration, h.elapsed, h.latency].flatMap(({ mean, min, p99, max }) => [mean, min, p99, max]), h.jitter]));
}

export function functionsCsv({ functions }: ProfileResult): string {
  return csv(['function', 'file', 'line', 'self_cycles', 'total_cycles', 'share', 'calls'],
    functions.map((f) => [f.name, f.file, f.line, f.selfCycles, f.totalCycles, f.share, f.calls]));
}

export function linesCsv({ lines, functions, sources }: ProfileResult): string {
  return csv(['file', 'line', 'cycles', 'share', 'function', 'text'],
    lines.map((l) => [l.file, l.line, l.cycles, l.share, functions[l.function].name, sources[l.file]?.[l.line - 1]?.trim() ?? '']));
}
