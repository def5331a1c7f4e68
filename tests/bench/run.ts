// SPDX-License-Identifier: MIT
// `npm run bench`: every figure with its peer or its limit beside it. `-- --json` prints an array; words select benchmarks by name.

import { benchAot } from './aot.js';
import { benchAudio } from './audio.js';
import { benchCheck } from './check.js';
import { benchDemo, benchMetering } from './demo.js';
import { benchEmulator } from './emulator.js';
import { benchEngines } from './engines.js';
import { benchLatency } from './latency.js';
import { benchMidiParser } from './midi-parser.js';
import { benchProfile } from './profile.js';
import type { BenchRow, BenchTable } from './row.js';
import { benchWasm3 } from './wasm3.js';

const benchmarks: Readonly<Record<string, () => Promise<BenchRow[] | BenchTable>>> = {
  demo: benchDemo, metering: benchMetering, 'midi-parser': benchMidiParser, audio: benchAudio, aot: benchAot, wasm3: benchWasm3, engines: benchEngines,
  emulator: benchEmulator, latency: benchLatency, profile: benchProfile, check: benchCheck,
};

const words = process.argv.slice(2);
const json = words.includes('--json');
const wanted = words.filter((w) => !w.startsWith('-'));
const unknown = wanted.filter((w) => !(w in benchmarks));
if (unknown.length > 0) {
  console.error(`there is no benchmark "${unknown[0]}"; there are ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}

const number = (value: number): string => (value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const rows: BenchRow[] = [];
for (const [name, run] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const made = await run();
  rows.push(...('table' in made ? made.rows : made));
  if (json) continue;
  if ('table' in made) console.log(made.table);
  else for (const row of made) {
    console.log(`${row.name.padEnd(42)} ${number(row.value).padStart(9)} ${row.unit.padEnd(14)} ${row.peer}: ${number(row.peerValue)} (${row.ratio.toFixed(2)} of it)`);
  }
}
if (json) console.log(JSON.stringify(rows, null, 2));
