// SPDX-License-Identifier: MIT
// A profile's figures against what the wires and the sound of the same run tell: pulses in the VCD, bits of MIDI and I2S, samples in the WAV.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { without } from '../../host/testing/needs.js';
import { BOARD, firmware, Workplace } from '../cli/cli.js';

const place = new Workplace();
/** A note at once, after a controller and before some: a Standard MIDI File of format 0. */
const EVENTS = [[0, 0xb0, 7, 100], [0, 0x90, 60, 100], ...[90, 91, 92, 93].map((value) => [0, 0xb0, 7, value]), [0, 0xff, 0x2f, 0]].flat();
place.write('note.mid', Uint8Array.from([...Buffer.from('MThd'), 0, 0, 0, 6, 0, 0, 0, 1, 0, 96, ...Buffer.from('MTrk'), 0, 0, 0, EVENTS.length, ...EVENTS]));

/** RM0090: the core at 168 MHz. A tick of the VCD is 10 ns, so a time that is read from it is off by as much. */
const CYCLES_A_TICK = 1.68;
const TICK = 1e-8;
/** Cycles by which a duration between two ticks may be off. */
const ROUNDING = 2 * CYCLES_A_TICK;

interface Edge { readonly tick: number; readonly level: number }

/** Every wire of a value change dump (IEEE 1364, 18.2) whose name passes. */
function wiresOf(path: string, wanted: RegExp): { edges: Map<string, Edge[]>; order: { name: string; tick: number; level: number }[] } {
  const text = readFileSync(path, 'utf8');
  assert.match(text, /\$timescale 10 ns \$end/);
  const names = new Map([...text.matchAll(/\$var wire 1 (\S+) (\S+) \$end/g)].filter(([, , name]) => wanted.test(name)).map(([, id, name]) => [id, name]));
  const edges = new Map<string, Edge[]>([...names.values()].map((name) => [name, []]));
  const order: { name: string; tick: number; level: number }[] = [];
  let tick = 0;
  for (const [, time, level, id] of text.matchAll(/^(?:#(\d+)|([01])(\S+))$/gm)) {
    if (time !== undefined) { tick = Number(time); continue; }
    const name = names.get(id);
    if (name === undefined) continue;
    edges.get(name)!.push({ tick, level: Number(level) });
    order.push({ name, tick, level: Number(level) });
  }
  return { edges, order };
}

/** Durations of the pulses of each marker in cycles, others' pulses within them taken off, and with them. */
function runsOf(order: ReturnType<typeof wiresOf>['order']): Map<string, { own: number[]; elapsed: number[]; rises: number[] }> {
  const runs = new Map<string, { own: number[]; elapsed: number[]; rises: number[] }>();
  const open: { name: string; tick: number; inside: number }[] = [];
  for (const { name, tick, level } of order) {
    if (level === 1) {
      open.push({ name, tick, inside: 0 });
      continue;
    }
    const at = open.findIndex((o) => o.name === name);
    if (at < 0) continue; // the level that it begins with
    assert.equal(at, open.length - 1, `${name} at ${tick}: pulses nest`);
    const { tick: rise, inside } = open.pop()!;
    const elapsed = tick - rise;
    if (open.length > 0) open[open.length - 1].inside += elapsed;
    const of = runs.get(name) ?? { own: [], elapsed: [], rises: [] };
    runs.set(name, of);
    of.own.push((elapsed - inside) * CYCLES_A_TICK);
    of.elapsed.push(elapsed * CYCLES_A_TICK);
    of.rises.push(rise);
  }
  return runs;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** The smallest value that so many of all are not above. */
const rank = (values: readonly number[], part: number): number => [...values].sort((a, b) => a - b)[Math.ceil(part * values.length) - 1];

/** Ticks at which 8N1 characters at 31,250 baud end, with their values: a bit is 32 µs. */
function charactersOf(edges: readonly Edge[]): { value: number; end: number }[] {
  const BIT = 3200;
  const levelAt = (tick: number): number => [...edges].reverse().find((e) => e.tick <= tick)!.level;
  const found: { value: number; end: number }[] = [];
  let free = 0;
  for (const { tick, level } of edges.slice(1)) {
    if (level !== 0 || tick < free) continue;
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value |= levelAt(tick + (1.5 + bit) * BIT) << bit;
    assert.equal(levelAt(tick + 9.5 * BIT), 1, 'the stop bit');
    found.push({ value, end: tick + 10 * BIT });
    free = tick + 9.5 * BIT;
  }
  return found;
}

for (const { cpu, skip } of [{ cpu: 'wasm', skip: false }, { cpu: 'arm', skip: without('arm-none-eabi-gcc') }] as const) {
  describe(`a profile on CPU ${cpu}, by its wires and sound`, { skip }, () => {
    let result: ProfileResult;
    let runs: ReturnType<typeof runsOf>;
    const common = [firmware('synth'), ...BOARD, '--cpu', cpu, '--engine', 'aot', '--midi', 'note.mid', '--seconds', '0.3'];
    before(async () => {
      const { code, stdout, stderr } = await place.run('profile', ...common, '--report', cpu, '--json');
      assert.equal(code, 0, stderr);
      result = JSON.parse(stdout) as ProfileResult;
      runs = runsOf(wiresOf(place.path(`${cpu}/profile.vcd`), /^ISR_/).order);
    });

    it('has handlers as often and as long as their pulses, pre-emption taken off', () => {
      assert.ok(result.handlers.filter(({ count }) => count > 5).length >= 3);
      for (const { name, count, duration, elapsed } of result.handlers) {
        const pulses = runs.get(`ISR_${name}`) ?? { own: [], elapsed: [] };
        assert.equal(pulses.own.length, count, name);
        if (count === 0) continue;
        for (const [told, seen] of [[duration, pulses.own], [elapsed, pulses.elapsed]] as const) {
          // A handler that others pre-empt has their ticks' rounding besides; those chained to it are pulses of a tick.
          const off = told === duration ? 3 * ROUNDING : ROUNDING;
          for (const [what, is, was] of [['mean', told.mean, mean(seen)], ['least', told.min, rank(seen, 1e-9)], ['p99', told.p99, rank(seen, 0.99)], ['most', told.max, rank(seen, 1)]] as const) {
            assert.ok(Math.abs(is - was) <= off, `${name}, ${what}: ${is} told, ${was} seen`);
          }
        }
      }
    });

    it('has the audio interrupt\'s jitter: how far its pulses are from an even beat', () => {
      const { jitter } = result.handlers.find(({ name }) => name === 'DMA1_Stream5')!;
      const rises = runs.get('ISR_DMA1_Stream5')!.rises;
      const beat = (rises.at(-1)! - rises[0]) / (rises.length - 1);
      const away = rises.map((tick, i) => tick - rises[0] - i * beat);
      const seen = (rank(away, 1) - rank(away, 1e-9)) * CYCLES_A_TICK;
      // The beat is fitted through its ends, each of which may be one jitter off.
      assert.ok(Math.abs(seen - jitter) <= jitter + ROUNDING && seen + ROUNDING >= jitter / 2, `${jitter} told, ${seen} seen`);
    });

    it('has percentiles of its blocks as the table of all of them gives', () => {
      const values = readFileSync(place.path(`${cpu}/blocks.csv`), 'utf8').trimEnd().split('\r\n').slice(1).map((row) => Number(row.split(',')[4]) / Number(row.split(',')[3]) * result.load.budget);
      const { load } = result;
      for (const [told, seen] of [[load.mean, mean(values)], [load.p99, rank(values, 0.99)], [load.p999, rank(values, 0.999)], [load.max, rank(values, 1)]] as const) assert.ok(Math.abs(told - seen) < 1e-6 * seen, `${told}, ${seen}`);
      assert.equal(values.length, load.blocks);
    });

    it('has the first note\'s way from MIDI to audio as the bits on both wires tell it', async () => {
      const { code, stderr } = await place.run('run', ...common, '--wav', 'sound.wav', '--vcd', 'wires.vcd');
      assert.ok(code === 0, stderr);
      const { edges } = wiresOf(place.path('wires.vcd'), /^(MIDI_RX|\w+_WS)$/);
      const received = charactersOf(edges.get('MIDI_RX')!);
      const on = received.findIndex(({ value }, i) => value >> 4 === 9 && received[i + 2]?.value > 0);
      const wav = readFileSync(place.path('sound.wav'));
      const data = wav.indexOf('data') + 8;
      let frame = 0;
      while (wav.readUInt32LE(data + 4 * frame) === 0) frame++;
      // A frame begins when the word select falls (Philips I2S: low is left); from the first on they come without a gap.
      const falls = [...edges].find(([name]) => name.endsWith('_WS'))![1].filter(({ level }, i) => level === 0 && i > 0).map(({ tick }) => tick);
      const seen = (falls[frame] - received[on + 2].end) * TICK * 1000;
      const { values: [first] } = result.midiToAudio;
      // To a frame and a bit of it: 1/47,991 s.
      assert.ok(Math.abs(first.ms - seen) < 1.1 * 1000 / 47_991, `${first.ms} ms told, ${seen} ms seen`);
    });
  });
}
