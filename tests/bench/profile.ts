// SPDX-License-Identifier: MIT
// What a profile costs against a plain run of the same piece, on CPU wasm and on CPU arm: of a firmware that was compiled before.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBoard } from '../../host/boards/index.js';
import { runSession } from '../../host/emulator/session.js';
import { profile } from '../../host/profile/profile.js';
import { canonInD } from '../../music/canon-in-d.js';
import type { BenchRow } from './row.js';

const RUNS = 3;
/** Emulated: the whole of the shipped piece, and for the slower CPU its beginning. */
const SECONDS = { wasm: 97, arm: 20 } as const;

/** CPU seconds of `action`, the least of several runs: what else the machine does only ever adds. */
async function leastSeconds(action: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    await action();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

export async function benchProfile(): Promise<BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-bench-'));
  try {
    const midi = join(directory, 'canon.mid');
    writeFileSync(midi, canonInD());
    const rows: BenchRow[] = [];
    for (const cpu of ['wasm', 'arm'] as const) {
      const options = { firmware: 'assembly/firmware/synth.ts', board: loadBoard('stm32f4-discovery'), midi, seconds: SECONDS[cpu], cpu, engine: 'aot', command: 'bench' };
      const [plain, profiled] = [await leastSeconds(() => runSession(options)), await leastSeconds(() => profile(options))];
      rows.push({ name: `profile of ${SECONDS[cpu]} s of the demo, CPU ${cpu}`, value: profiled, unit: 's of CPU', peer: 'plain run, aim below 2', peerValue: plain, ratio: profiled / plain });
    }
    return rows;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
