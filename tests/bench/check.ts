// SPDX-License-Identifier: MIT
// How long `check` takes, with nothing kept and with what the time before has kept, and where the time goes.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../host/paths.js';
import { columns, type BenchRow, type BenchTable } from './row.js';

const LIMIT_SECONDS = 5;
/** The least of several is taken: what else the machine does only ever adds. */
const RUNS = 3;
const PHASES: readonly (readonly [phase: string, title: string])[] = [
  ['start', 'start'], ['compile', 'compile'], ['set-up', 'set-up run'], ['analysis', 'analysis'], ['stack', 'stack'], ['voices', '2nd firmware'],
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

const least = (run: () => number): number => Math.min(...Array.from({ length: RUNS }, run));
const fastest = (checks: readonly Check[]): Check => checks.reduce((a, b) => (b.seconds < a.seconds ? b : a));

/** Seconds of the command as a user types it, npx's own among them. */
function command(firmware: string, cache: string): number {
  const began = performance.now();
  // Its exit code says what was proven, not whether it ran: nothing is checked but that it printed a result.
  const { stdout } = spawnSync('npx', ['tonewheel', 'check', firmware, '--board', 'stm32f4-discovery', '--engine', 'aot', '--json'], {
    cwd: packageRoot, encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, TONEWHEEL_CACHE: cache },
  });
  const seconds = (performance.now() - began) / 1000;
  const { handlers } = JSON.parse(stdout) as { handlers: unknown[] };
  if (handlers.length === 0) throw new Error(`${firmware} was not checked`);
  return seconds;
}

export async function benchCheck(): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  const lines = [['check --engine aot, in seconds', 'npx', 'limit', 'check', ...PHASES.map(([, title]) => title), 'CPU']];
  const cache = mkdtempSync(join(tmpdir(), 'tonewheel-bench-'));
  const add = (name: string, whole: number, { seconds, cpuSeconds, phases }: Check): void => {
    rows.push({ name, value: whole, unit: 's', peer: 'limit', peerValue: LIMIT_SECONDS, ratio: whole / LIMIT_SECONDS });
    lines.push([name, whole.toFixed(2), `${LIMIT_SECONDS}`, seconds.toFixed(2), ...PHASES.map(([phase]) => (phases.get(phase) ?? 0).toFixed(2)), cpuSeconds.toFixed(2)]);
  };
  try {
    for (const [name, firmware] of [['the demo', 'assembly/firmware/synth.ts'], ['tone.ts', 'assembly/firmware/tone.ts']]) {
      const cold = Array.from({ length: RUNS }, () => check(firmware, ''));
      add(`check of ${name}, nothing kept`, least(() => command(firmware, '')), fastest(cold));
      check(firmware, cache);
      const warm = Array.from({ length: RUNS }, () => check(firmware, cache));
      add(`check of ${name}, compiled before`, least(() => command(firmware, cache)), fastest(warm));
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  return { rows, table: `${columns(lines)}\nThe 2nd firmware has half the voices. Compiled and read in a thread of its own, it takes what is waited for it at the end, as the stack does.` };
}
