// SPDX-License-Identifier: MIT
// That a profile's cycles are the run's: lines, functions and flame graph add up to what the meter charged, and measuring changes nothing.

import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { loadBoard } from '../../host/boards/index.js';
import { loadCoreCosts } from '../../host/cpu/wasm/costs.js';
import { EmulatedBoard } from '../../host/emulator/emulated-board.js';
import { runSession } from '../../host/emulator/session.js';
import { profileSchema } from '../../host/profile/old-profile.js';
import { profile, type Profiled } from '../../host/profile/profile.js';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { canonInD } from '../../music/canon-in-d.js';

const board = loadBoard('stm32f4-discovery');
const SYNTH = 'assembly/firmware/synth.ts';
const directory = mkdtempSync(join(tmpdir(), 'tonewheel-profile-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const midi = join(directory, 'canon.mid');
writeFileSync(midi, canonInD());

/** Cycles of the core around a handler (ARM DDI 0439, 3.9: twelve to enter, ten to leave, six from one to the next); the shim's dispatcher adds its own. */
const ENTRY = 12;
const EXIT = 10;
const TAIL = 6;
const dispatchOf = (engine: string): number => Math.round(loadCoreCosts('cortex-m4f').engines[engine].dispatch);

/** No call about one voice takes as long: a block of all sixteen takes some 40,000 cycles (docs/costs.md). */
const LONGEST_CALL = 40_000;

/** A voice's, as the demo has it. */
const METHOD = /^Voice#(?!constructor)/;

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const cyclesOf = ({ time }: ProfileResult, name: string): number => time.find((t) => t.name === name)?.cycles ?? 0;

for (const engine of ['aot', 'kernels'] as const) {
  describe(`a profile of the synth, engine ${engine}`, () => {
    const options = { firmware: SYNTH, board, midi, engine, seconds: 2.5, command: 'a test' };
    let profiled: Profiled;
    let result: ProfileResult;
    before(async () => {
      profiled = await profile(options);
      ({ result } = profiled);
    });

    it('is of the very run that comes without it', async () => {
      const plain = await runSession(options);
      assert.deepEqual(result.run, plain.result);
    });

    it('has lines that add up to all cycles awake that were not the core\'s own, to the cycle', () => {
      // By the observer's record alone: what was neither slept nor spent on entering and leaving handlers.
      let overhead = 0;
      const { entries } = profiled.log.stretch(0, result.run.cycles);
      const exits = new Set(entries.flatMap(({ exitedAt }) => (exitedAt === null ? [] : [exitedAt])));
      const pendedAt = new Map(entries.map((e) => [e.enteredAt, e.pendedAt]));
      for (const entry of entries) {
        overhead += dispatchOf(engine);
        if (!exits.has(entry.enteredAt)) overhead += ENTRY;
      }
      // What pends while a handler is being left is taken after that, and has not been chained to. When it pended in between, the record does not tell which.
      let doubtful = 0;
      for (const exit of exits) {
        const next = pendedAt.get(exit);
        if (next !== undefined && next > exit - EXIT && next < exit - TAIL) doubtful++;
        overhead += next === undefined || next > exit - TAIL ? EXIT : TAIL;
      }
      const emulated = profiled.session.emulated as EmulatedBoard;
      // The meter charges a basic block when it begins: the last one may reach beyond the run's end.
      const ahead = emulated.cpu.now - emulated.machine.timeline.now;
      const slept = cyclesOf(result, 'sleep');
      const unexplained = result.run.cycles - slept - overhead + Math.max(0, ahead) - result.codeCycles;
      assert.ok(doubtful <= 2 && [0, 1, 2].some((n) => n <= doubtful && unexplained === n * (EXIT - TAIL)), `${unexplained} cycles unexplained, ${doubtful} exits in doubt`);
      assert.equal(sum(result.lines.map(({ cycles }) => cycles)), result.codeCycles);
    });

    it('shares the cycles of calls about voices out among the voices that sounded, but for a call that the run ends in', () => {
      const { functions, inlined, untold, each, share } = result.voiceCycles!;
      assert.ok(each.length === result.run.gauges.maxVoices && each.length > 1, `${each.length} voices`);
      assert.deepEqual(each.map(({ name }) => name), Array.from(each, (_, i) => `Voice ${i + 1}`));
      assert.ok(functions.includes('Voice#update') && inlined.includes('Voice#renderTo'));
      assert.ok(untold < 0.001 * result.codeCycles, `${untold} cycles`);
      const { nodes, frames } = result.flame;
      const isVoice = (node: number): boolean => node >= 0 && (['function', 'inlined'].includes(frames[nodes[node].frame].kind) && METHOD.test(frames[nodes[node].frame].name) || isVoice(nodes[node].parent));
      const inFlame = sum(nodes.flatMap(({ parent, total }, i) => (isVoice(i) && !isVoice(parent) ? [total] : [])));
      const unfinished = inFlame - untold - sum(each.map(({ cycles }) => cycles));
      // What stands among a method's instructions counts for its voice, and has functions of its own in the flame graph where it was inlined too.
      assert.ok(unfinished > -0.005 * inFlame && unfinished < LONGEST_CALL, `${unfinished} of ${inFlame} cycles in no voice`);
      assert.ok(Math.abs(share - untold / result.codeCycles - sum(each.map((v) => v.share))) < 1e-9);
      assert.ok(each.every(({ calls, cycles }) => calls > 0 && cycles > 0));
      const calls = sum(result.functions.filter(({ name }) => functions.includes(name)).map((f) => f.calls ?? NaN));
      assert.ok(calls - sum(each.map((v) => v.calls)) <= 1, `${calls} calls`);
    });

    it('has the same sum in functions and, with the core\'s own, in the flame graph', () => {
      const { functions, flame: { nodes, frames }, codeCycles } = result;
      assert.equal(sum(functions.map(({ selfCycles }) => selfCycles)), codeCycles);
      const code = nodes.filter(({ frame }) => frames[frame].kind !== 'overhead');
      assert.equal(sum(code.map(({ self }) => self)), codeCycles);
      for (const [i, { parent, total, self }] of nodes.entries()) {
        assert.ok(parent < i);
        assert.equal(total, self + sum(nodes.filter((n) => n.parent === i).map((n) => n.total)));
      }
      // A handler's tree is all of its time.
      for (const { name, cycles } of result.time.filter(({ kind }) => kind === 'handler')) {
        const root = nodes.find(({ parent, frame }) => parent < 0 && frames[frame].name === name)!;
        assert.ok(Math.abs(root.total - cycles) <= 200, `${name}: ${root.total} and ${cycles}`);
      }
    });

    it('has shares of time that add up to the run', () => {
      assert.equal(sum(result.time.map(({ cycles }) => cycles)), result.run.cycles);
      for (const handler of result.handlers) {
        assert.equal(handler.count, result.run.isr[handler.name].count);
        assert.ok(Math.abs(handler.duration.mean - result.run.isr[handler.name].meanCycles) < 1e-6);
        assert.equal(handler.duration.max, result.run.isr[handler.name].maxCycles);
        assert.equal(handler.elapsed.max, result.run.isr[handler.name].maxElapsedCycles);
        assert.equal(handler.latency.max, result.run.isr[handler.name].maxLatencyCycles);
      }
    });

    it('opens the worst block: its timeline has no gap, its busy time is the record\'s, its lines are its code', () => {
      const { worst, load } = result;
      assert.ok(worst);
      assert.equal(worst.cyclesPerFrame, load.max);
      let at = 0;
      for (const { from, to } of worst.timeline) {
        assert.equal(from, at);
        at = to;
      }
      assert.equal(at, worst.lengthCycles);
      const awake = sum(worst.timeline.filter(({ context }) => context !== 'sleep').map(({ from, to }) => to - from));
      assert.equal(awake, worst.busyCycles);
      assert.ok(worst.lines && worst.functions);
      const code = sum(worst.lines.map(({ cycles }) => cycles));
      assert.equal(sum(worst.functions.map(({ cycles }) => cycles)), code);
      // All but entering and leaving handlers, and a basic block at either end.
      const overhead = worst.entries.length * (ENTRY + dispatchOf(engine) + EXIT);
      assert.ok(code <= awake + 100 && code >= awake - overhead - 100, `${code} of ${awake}`);
    });

    it('satisfies the published schema, after JSON and back', async () => {
      const ajv = new Ajv({ allErrors: true, strict: false });
      assert.ok(ajv.validate(await profileSchema(), JSON.parse(JSON.stringify(result))), ajv.errorsText());
    });
  });
}

describe('lines and functions', () => {
  it('are those of the source: calls by the handlers\' own counts, inlined functions for themselves, each line in its function', async () => {
    const { result } = await profile({ firmware: SYNTH, board, midi, seconds: 1.5, command: 'a test' });
    const of = (name: string) => result.functions.find((f) => f.name === name)!;
    for (const { functionName, count, name } of result.handlers) {
      const { calls } = of(functionName!);
      // The last one may not have come to its end yet.
      assert.ok(calls === count || calls === count + 1, `${name}: ${calls} calls, ${count} runs`);
    }
    // `put` of the reverb is @inline: no function of the module, and yet it has its cycles.
    const put = result.functions.find(({ name, file }) => name === 'put' && file === 'assembly/audio/reverb.ts');
    assert.ok(put && put.selfCycles > 0 && put.calls === null);
    assert.match(result.sources[put.file][put.line - 1], /function put\(/);
    for (const { file, line, function: index } of result.lines) {
      const f = result.functions[index];
      assert.equal(f.file, file);
      assert.ok(line >= 1 && line <= result.sources[file].length);
      if (f.name !== 'top level') assert.ok(line >= f.line, `${file}:${line} in ${f.name} at ${f.line}`);
    }
    // The handler's tree begins with the function that is marked as its handler.
    const { nodes, frames } = result.flame;
    const root = nodes.findIndex(({ parent, frame }) => parent < 0 && frames[frame].name === 'PendSV');
    assert.deepEqual(nodes.filter(({ parent }) => parent === root).map(({ frame }) => frames[frame].name).sort(), ['exception entry, dispatch and exit', 'render']);
  });
});
