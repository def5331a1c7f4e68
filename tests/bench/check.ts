// SPDX-License-Identifier: MIT
// How long `check` takes, with nothing kept and with what the time before has kept, and where the time goes.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { columns, type BenchRow, type BenchTable } from './row.js';

const LIMIT_SECONDS = 5;
const WARM_RUNS = 3;
const PHASES: readonly (readonly [phase: string, title: string])[] = [
  ['start', 'start'], ['compile', 'compile'], ['set-up', 'set-up run'], ['stack', 'stack'], ['analysis', 'analysis'], ['voices', '2nd firmware'],
];

interface Check { readonly seconds: number; readonly cpuSeconds: number; readonly phases: ReadonlyMap<string, number> }

function check(firmware: string, cache: string): Check {
  const script = fileURLToPath(new URL('./check-once.js', import.meta.url));
  const text = execFileSync(process.execPath, [script, firmware], { encoding: 'utf8', env: { ...process.env, TONEWHEEL_CACHE: cache } });
  const { began, cpuSeconds } = JSON.parse(text) as { began: [string, number][]; cpuSeconds: number };
  const starts: [string, number][] = [['start', 0], ...began];
  const phases = new Map(starts.slice(0, -1).map(([phase, at], i) => [phase, starts[i + 1][1] - at]));
  return { seconds: starts[starts.length - 1][1], cpuSeconds, phases };
}

export async function benchCheck(): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  const lines = [['check --engine aot, in seconds', 'all', 'limit', ...PHASES.map(([, title]) => title), 'CPU']];
  const cache = mkdtempSync(join(tmpdir(), 'tonewheel-bench-'));
  const add = (name: string, { seconds, cpuSeconds, phases }: Check): void => {
    rows.push({ name, value: seconds, unit: 's', peer: 'limit', peerValue: LIMIT_SECONDS, ratio: seconds / LIMIT_SECONDS });
    lines.push([name, seconds.toFixed(2), `${LIMIT_SECONDS}`, ...PHASES.map(([phase]) => (phases.get(phase) ?? 0).toFixed(2)), cpuSeconds.toFixed(2)]);
  };
  try {
    for (const [name, firmware] of [['the demo', 'assembly/firmware/synth.ts'], ['tone.ts', 'assembly/firmware/tone.ts']]) {
      add(`check of ${name}, nothing kept`, check(firmware, cache));
      // The least of several: what else the machine does only ever adds.
      const warm = Array.from({ length: WARM_RUNS }, () => check(firmware, cache));
      add(`check of ${name}, compiled before`, warm.reduce((a, b) => (b.seconds < a.seconds ? b : a)));
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  return { rows, table: `${columns(lines)}\nThe 2nd firmware has half the voices. Compiled and read in a thread of its own, it takes what is waited for it at the end.` };
}
