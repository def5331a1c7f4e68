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
