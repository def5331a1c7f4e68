// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { LogicAnalyser, type I2sWindow } from './logic-analyser.js';
import type { VcdTimescale } from './vcd.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-la-'));
after(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'out.vcd');

/** 168 MHz over 2 · 47,991.07 Hz. */
const SLOT = 301_056 / 172;
const stream = (over: Partial<I2sStream> = {}): I2sStream =>
  ({ originCycle: 5000, slotCycles: fraction(301_056, 172), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 256, ...over });

function setUp(timescale: VcdTimescale = 1, coreHertz = 168_000_000) {
  const bench = new ModelBench(coreHertz);
  const analyser = new LogicAnalyser(bench.timeline, new RealTime(bench.timeline, bench.clocks), path, timescale);
  /** Sends slots over a bus in batches of ten, each when its last slot begins, as the transmitter's model may. */
  const send = (bus: ReturnType<typeof bench.i2sBus>, to: I2sStream, values: number[], stop = true): void => {
    bus.start(to);
    const at = (slot: number) => to.originCycle + Math.floor((slot * to.slotCycles.n) / to.slotCycles.d);
    for (let first = 0; first < values.length; first += 10) {
      const batch = Int32Array.from(values.slice(first, first + 10));
      bench.timeline.advanceTo(Math.max(bench.timeline.now, at(first + batch.length - 1)));
      bus.slots(to, first, batch, batch.length);
    }
    bench.timeline.advanceTo(Math.max(bench.timeline.now, at(values.length)));
    if (stop) bus.stop(to, values.length);
  };
  return { bench, analyser, send };
}

/** Edges of the file by wire: [tick, level]. Fails when times do not rise. */
function readVcd(): Map<string, [number, number][]> {
  const names = new Map<string, string>();
  const edges = new Map<string, [number, number][]>();
  let tick = -1;
  for (const line of readFileSync(path, 'ascii').split('\n')) {
    const declared = /^\$var wire 1 (\S+) (\S+) \$end$/.exec(line);
    if (declared) {
      names.set(declared[1], declared[2]);
      edges.set(declared[2], []);
    }
    if (line[0] === '#') {
      const next = Number(line.slice(1));
      assert.ok(next > tick, `time ${next} after ${tick}`);
      tick = next;
    }
    if (line[0] !== '0' && line[0] !== '1') continue;
    edges.get(names.get(line.slice(1))!)!.push([tick, Number(line[0])]);
  }
  return edges;
}

const levelAt = (edges: [number, number][], tick: number): number => edges.reduce((level, [t, l]) => (t <= tick ? l : level), edges[0][1]);

/** WS and SD at each rising edge of CK. */
function clocked(edges: Map<string, [number, number][]>): { ws: number; sd: number; tick: number }[] {
  const [ck, ws, sd] = ['CK', 'WS', 'SD'].map((line) => edges.get(`I2S3_${line}`)!);
  const at = { ws: 0, sd: 0 };
  return ck.filter(([, level], i) => level === 1 && i > 0).map(([tick]) => {
    while (at.ws + 1 < ws.length && ws[at.ws + 1][0] <= tick) at.ws++;
    while (at.sd + 1 < sd.length && sd[at.sd + 1][0] <= tick) at.sd++;
    return { ws: ws[at.ws][1], sd: sd[at.sd][1], tick };
  });
}

/** Reads the words back by the rules of each standard, knowing only the length of a slot and of its data. */
function words(bits: { ws: number; sd: number }[], { standard, slotBits, dataBits }: I2sStream): number[] {
  const starts: number[] = [];
  bits.forEach(({ ws }, i) => {
    const before = i === 0 ? undefined : bits[i - 1].ws;
    if (standard === 'philips' ? ws !== before : standard === 'pcm-short' ? ws === 1 : false) starts.push(i + 1);
    if (standard === 'msb' || standard === 'lsb' ? ws !== before : standard === 'pcm-long' ? ws === 1 && before !== 1 : false) starts.push(i);
  });
  return starts.filter((start) => start + slotBits <= bits.length).map((start) => {
    const slot = bits.slice(start, start + slotBits).map(({ sd }) => sd);
    const data = standard === 'lsb' ? slot.slice(slotBits - dataBits) : slot.slice(0, dataBits);
    return Number(BigInt.asIntN(dataBits, BigInt(`0b${data.join('')}`)));
  });
}

test('wires and markers: levels at the start, then every edge at its time in ticks', () => {
  const { bench, analyser } = setUp(10);
  const rx = bench.signal('MIDI_RX');
  const led = bench.signal('PD12');
  led.set(0);
  analyser.probe(rx);
  analyser.probe(led, 'LED');
  analyser.addMarker('ISR_USART2');
  bench.run(168);
  rx.set(0);
  bench.run(16);
  analyser.marker('ISR_USART2', 1);
  bench.run(68);
  led.set(1);
  // A handler's end may be told a little later than it was.
  analyser.marker('ISR_USART2', 0, 236);
  analyser.close();
  assert.deepEqual([...readVcd()], [
    ['MIDI_RX', [[0, 1], [100, 0]]], // 1 us
    ['LED', [[0, 0], [150, 1]]],
    ['ISR_USART2', [[0, 0], [110, 1], [140, 0]]], // cycles 184 and 236: 109.5 and 140.5 ticks
  ]);
  assert.throws(() => analyser.marker('ISR_USART3', 1), /not declared/);
});

test('times go on over a change of the core clock', () => {
  const { bench, analyser } = setUp(1, 16_000_000);
  const wire = bench.signal('W');
  analyser.probe(wire);
  bench.run(16);
  wire.set(0);
  bench.setClock('HCLK', 168_000_000);
  bench.run(168);
  wire.set(1);
  analyser.close();
  assert.deepEqual(readVcd().get('W'), [[0, 1], [1000, 0], [2000, 1]]);
});

test('Philips: WS falls one CK before the left MSB, CK falls when SD changes and rises in the middle of the bit', () => {
  const { bench, analyser, send } = setUp();
  analyser.probeI2s(bench.i2sBus('I2S3'));
  send(bench.i2sBus('I2S3'), stream(), [0x8001 - 0x10000, 0x4000]);
  analyser.close();
  const edges = readVcd();
  const ns = (cycle: number) => Math.round((cycle / 168e6) * 1e9);
  const bit = SLOT / 16;
  const ck = edges.get('I2S3_CK')!;
  // One clock before the first slot, which has the edge of WS in it, then 32.
  assert.equal(ck.filter(([, level]) => level === 1).length, 33);
  assert.deepEqual(ck.slice(1, 4), [[ns(5000 - bit / 2), 1], [ns(5000), 0], [ns(5000 + bit / 2), 1]]);
  assert.deepEqual(edges.get('I2S3_WS')!.slice(1), [[ns(5000 + 15 * bit), 1], [ns(5000 + 31 * bit), 0]]);
  assert.deepEqual(edges.get('I2S3_SD')!.slice(1), [
    [ns(5000), 1], [ns(5000 + bit), 0], [ns(5000 + 15 * bit), 1], [ns(5000 + 16 * bit), 0], [ns(5000 + 17 * bit), 1], [ns(5000 + 18 * bit), 0],
  ]);
  assert.deepEqual(ck[ck.length - 1], [ns(5000 + 32 * bit), 0]);
});

test('long PCM synchronisation is 13 bits, short is one before the slot; justified WS is high for left', () => {
  const wsOf = (standard: I2sStream['standard']) => {
    const { bench, analyser, send } = setUp();
    analyser.probeI2s(bench.i2sBus('I2S3'));
    send(bench.i2sBus('I2S3'), stream({ standard }), [0, 0]);
    analyser.close();
    return clocked(readVcd()).map(({ ws }) => ws).join('');
  };
  assert.equal(wsOf('pcm-long'), '11111111111110001111111111111000');
  assert.equal(wsOf('pcm-short'), '100000000000000010000000000000001');
  assert.equal(wsOf('msb'), '11111111111111110000000000000000');
  assert.equal(wsOf('lsb'), '11111111111111110000000000000000');
  assert.equal(wsOf('philips'), '000000000000000011111111111111110');
});

test('any samples in any standard and width come back from the bits', () => {
  const widths = fc.constantFrom<[16 | 24 | 32, 16 | 32]>([16, 16], [16, 32], [24, 32], [32, 32]);
  const standards = fc.constantFrom<I2sStream['standard']>('philips', 'msb', 'lsb', 'pcm-short', 'pcm-long');
  fc.assert(fc.property(widths, standards, fc.array(fc.integer({ min: -0x80000000, max: 0x7fffffff }), { minLength: 2, maxLength: 40 }), ([dataBits, slotBits], standard, raw) => {
    const { bench, analyser, send } = setUp();
    analyser.probeI2s(bench.i2sBus('I2S3'));
    const values = raw.slice(0, raw.length & ~1).map((value) => value >> (32 - dataBits));
    const to = stream({ dataBits, slotBits, standard });
    send(bench.i2sBus('I2S3'), to, values);
    analyser.close();
    assert.deepEqual(words(clocked(readVcd()), to).slice(0, values.length), values);
  }), { numRuns: 60 });
});

test('late batches of I2S and prompt wires end up in one order, over many buffers, nothing lost', () => {
  const { bench, analyser, send } = setUp(10);
  const bus = bench.i2sBus('I2S3');
  const wire = bench.signal('W');
  analyser.probe(wire);
  analyser.probeI2s(bus);
  let toggles = 0;
  const toggle = (): void => {
    wire.set((1 - wire.level) as 0 | 1);
    toggles++;
    bench.timeline.after(1201, toggle);
  };
  bench.timeline.after(1201, toggle);
  const values = Array.from({ length: 6000 }, (_, i) => ((i * 40_503) << 16) >> 16);
  send(bus, stream(), values);
  analyser.close();
  const edges = readVcd();
  assert.equal(edges.get('W')!.length, toggles + 1);
  edges.get('W')!.slice(1).forEach(([tick], i) => assert.ok(Math.abs(tick - ((i + 1) * 1201) / 1.68) < 0.501));
  assert.deepEqual(words(clocked(edges), stream()), values);
});

test('a window shows the whole frames inside it, and the wires throughout', () => {
  const { bench, analyser, send } = setUp();
  const bus = bench.i2sBus('I2S3');
  const wire = bench.signal('W');
  analyser.probe(wire);
  const window: I2sWindow = { fromSeconds: 0.001, toSeconds: 0.002 };
  analyser.probeI2s(bus, window);
  bench.timeline.at(1000, () => wire.set(0));
  bench.timeline.at(500_000, () => wire.set(1));
  const values = Array.from({ length: 400 }, (_, i) => i + 1);
  send(bus, stream(), values);
  analyser.close();
  const edges = readVcd();
  assert.equal(edges.get('W')!.length, 3);
  const shown = words(clocked(edges), stream());
  // Frame f takes from cycle 5000 + 3500.65 f on; the window is from cycle 168,000 to 336,000.
  assert.deepEqual(shown, values.slice(2 * 47, 2 * 94));
  const ck = edges.get('I2S3_CK')!.slice(1);
  assert.ok(ck[0][0] >= 1e6 - 1000 && ck[ck.length - 1][0] <= 2e6);
});

test('a stream that stops and starts again goes on in the same file', () => {
  const { bench, analyser, send } = setUp();
  const bus = bench.i2sBus('I2S3');
  analyser.probeI2s(bus);
  send(bus, stream(), [1, 2, 3, 4]);
  bench.run(100_000);
  const again = stream({ originCycle: bench.timeline.now + 200 });
  send(bus, again, [5, 6, 7, 8]);
  analyser.close();
  const bits = clocked(readVcd());
  assert.deepEqual(words(bits.slice(0, 65), stream()), [1, 2, 3, 4]);
  assert.deepEqual(words(bits.slice(64), stream()), [5, 6, 7, 8]);
});

test('aborted, no file is left', () => {
  const { bench, analyser } = setUp();
  const wire = bench.signal('W');
  analyser.probe(wire);
  rmSync(path, { force: true });
  wire.set(0);
  analyser.abort();
  wire.set(1);
  analyser.close();
  assert.deepEqual(readdirSync(dir), []);
});

test('the level between edges is the wire\'s', () => {
  const { bench, analyser } = setUp(1000);
  const wire = bench.signal('W');
  analyser.probe(wire);
  for (const level of [0, 1, 0] as const) {
    bench.run(1_680_000);
    wire.set(level);
  }
  bench.run(1_680_000);
  analyser.close();
  const edges = readVcd().get('W')!;
  assert.deepEqual([9_999, 10_001, 20_001, 30_001].map((us) => levelAt(edges, us)), [1, 0, 1, 0]);
});

test('shows a marker that falls and rises at one time as two pulses, one tick apart', () => {
  const { bench, analyser } = setUp(10);
  analyser.addMarker('ISR_A');
  analyser.addMarker('ISR_B');
  const at = (cycle: number, name: string, level: 0 | 1): void => { bench.timeline.advanceTo(cycle); analyser.marker(name, level); };
  at(1680, 'ISR_A', 1);
  at(3360, 'ISR_A', 0);
  at(3360, 'ISR_A', 1);
  at(3360, 'ISR_B', 1);
  at(5040, 'ISR_A', 0);
  bench.timeline.advanceTo(6720);
  analyser.close();
  // 1680 cycles are 10 us at 168 MHz: 1000 ticks of 10 ns.
  assert.deepEqual(readVcd().get('ISR_A'), [[0, 0], [1000, 1], [2000, 0], [2001, 1], [3000, 0]]);
  assert.deepEqual(readVcd().get('ISR_B'), [[0, 0], [2001, 1]]);
});
