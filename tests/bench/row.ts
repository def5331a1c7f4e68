// SPDX-License-Identifier: MIT
// One line of the benchmarks.

export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  /** What it is compared with, and that one's value in the same unit. */
  peer: string;
  peerValue: number;
  /** value / peerValue */
  ratio: number;
}

/** Lines that belong together, and how a terminal shows them. */
export interface BenchTable {
  rows: BenchRow[];
  table: string;
}

/** Text in columns, the first to the left, the others to the right. */
export function columns(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')).join('\n');
}
