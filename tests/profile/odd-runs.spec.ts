// SPDX-License-Identifier: MIT
// The files of `profile --report` for runs of which there is little to say: one that ended in start-up, one of a few blocks, a firmware without audio, a
// handler that never returned, a trap.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { packageRoot } from '../../host/paths.js';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { openPage, withoutBrowser } from '../../host/testing/browser.js';
import { BOARD, firmware, Workplace } from '../cli/cli.js';
import { SPEEDSCOPE } from './speedscope-schema.js';

const place = new Workplace();
place.write('package.json', '{}');
const tone = readFileSync(firmware('tone'), 'utf8').replaceAll('"../', '"tonewheel/assembly/').replace(', { budget: 50000 }', '');
place.write('stuck.ts', tone.replace('    audioOutWrite(frames);\n', '    audioOutWrite(frames);\n    while (load<u32>(samples) != 0xffffffff) audioOutBlockDue();\n'));
place.write('trap.ts', tone.replace('phase += STEP;', 'phase += STEP;\n      if (phase > 0x40000000) unreachable();'));

const schema = (name: string): object => JSON.parse(readFileSync(join(packageRoot, 'host', 'profile', name), 'utf8')) as object;
const text = (name: string): string => readFileSync(place.path(`out/${name}`), 'utf8');

const RUNS = [
  { name: 'a run that ends in start-up', file: firmware('tone'), seconds: 0.005, blocks: 0, runs: 0 },
  { name: 'a run of three blocks', file: firmware('tone'), seconds: 0.01, blocks: 3, runs: 4 },
  { name: 'a firmware without audio', file: firmware('monitor'), seconds: 0.05, blocks: 0, runs: 0 },
  { name: 'a handler that never returned', file: 'stuck.ts', seconds: 0.02, blocks: 18, runs: 1 },
] as const;

describe('files of odd runs', () => {
  for (const { name, file, seconds, blocks, runs } of RUNS) {
    it(`${name}: its JSON is what the schemas say, its tables, traces and wires are whole, its page opens`, { skip: withoutBrowser }, async () => {
      const { code, stderr } = await place.run('profile', file, ...BOARD, '--seconds', String(seconds), '--report', 'out');
      assert.equal(code, 0, stderr);
      const result = JSON.parse(text('profile.json')) as ProfileResult;
      const ajv = new Ajv({ strict: false });
      assert.ok(ajv.validate(schema('profile-result.schema.json'), result), ajv.errorsText());
      assert.ok(ajv.validate(schema('run-result.schema.json'), result.run), ajv.errorsText());
      assert.equal(result.load.blocks, blocks);

      for (const table of ['blocks', 'handlers', 'functions', 'lines']) {
        const rows = text(`${table}.csv`).trimEnd().split('\r\n');
        assert.equal(rows.length, 1 + (table === 'blocks' ? blocks : result[table as 'handlers' | 'functions' | 'lines'].length), table);
      }
      const speedscope = JSON.parse(text('profile.speedscope.json')) as { profiles: { endValue: number; events?: { type: string }[] }[] };
      assert.ok(ajv.validate(SPEEDSCOPE, speedscope), ajv.errorsText());
      assert.ok(speedscope.profiles[0].endValue > 0);

      const { traceEvents } = JSON.parse(text('profile.trace.json')) as { traceEvents: { name: string; ph: string; tid: number; ts?: number; dur?: number }[] };
      const ends = traceEvents.filter(({ ph }) => ph === 'X').map(({ ts, dur }) => ts! + dur!);
      assert.ok(ends.length > 0 && ends.every((end) => end <= seconds * 1e6 + 1));
      assert.equal(traceEvents.filter(({ ph, tid, name: of }) => ph === 'X' && tid >= 10 && of === 'PendSV').length, runs);

      assert.match(text('profile.vcd'), /\$enddefinitions \$end\n#0\n\$dumpvars[\s\S]*\$end\n[\s\S]*#\d+\n$/);
      const { console, dom } = openPage(text('profile.html'), '1280,2000');
      assert.deepEqual(console, []);
      assert.doesNotMatch(dom.replace(/<script.*?<\/script>/gs, ''), /NaN|Infinity|undefined|codec does not play/);
    });
  }

  it('a trap in the middle: the place, and no file that could be taken for a profile', async () => {
    const { code, stderr } = await place.run('profile', 'trap.ts', ...BOARD, '--seconds', '0.05', '--report', 'trapped');
    assert.equal(code, 1);
    assert.match(stderr, /unreachable code was reached.*at +trap\.ts:\d+/s);
    assert.deepEqual(readdirSync(place.path('trapped')), []);
  });
});
