// SPDX-License-Identifier: MIT
// The witness for the VCD file: sigrok-cli, which knows nothing of this project, decodes MIDI and I2S from it.
//
//   sigrok-cli -i run.vcd -I vcd:downsample=100 -P uart:rx=MIDI_RX:baudrate=31250,midi -A midi
//   sigrok-cli -i run.vcd -I vcd:downsample=100 -P uart:rx=MIDI_RX:baudrate=31250 -B uart=rx
//   sigrok-cli -i run.vcd -I vcd:downsample=2 -P i2s:sck=I2S3_CK:ws=I2S3_WS:sd=I2S3_SD -A i2s
//
// It expands every tick of the file into a sample, so `downsample` decides how long it takes: 1 MHz is plenty for MIDI (0.1 s for 2 s of
// file), 50 MHz shows the bits of I2S (some 3 s for each second of audio; at a timescale of 1 ns, 17 s).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { LogicAnalyser } from './logic-analyser.js';
import { MidiSource } from './midi-source.js';
import { SerialSender } from './serial-sender.js';

const missing = spawnSync('sigrok-cli', ['--version']).error !== undefined;
// Where the tool is meant to be there, its absence is a failure, not a gap.
const skip = missing && process.env.CI === undefined ? 'sigrok-cli is not installed: the VCD is not checked against it' : false;

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-sigrok-'));
after(() => rmSync(dir, { recursive: true }));

function sigrok(file: string, downsample: number, ...args: string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync('sigrok-cli', ['-i', file, '-I', `vcd:downsample=${downsample}`, ...args], { maxBuffer: 1 << 26 });
  assert.ifError(error);
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

function record(file: string, i2sSeconds: number, values: readonly number[], over: Partial<I2sStream> = {}) {
  const bench = new ModelBench();
  const time = new RealTime(bench.timeline, bench.clocks);
  const path = join(dir, file);
  const analyser = new LogicAnalyser(bench.timeline, time, path);
  const wire = bench.signal('MIDI_RX');
  const bus = bench.i2sBus('I2S3');
  const midi = new MidiSource(new SerialSender(bench.timeline, time, wire, 31250));
  const bytes: number[] = [];
  midi.sender.onCharacter((byte) => bytes.push(byte));
  analyser.probe(wire);
  analyser.addMarker('ISR_USART2');
  analyser.probeI2s(bus, { fromSeconds: 0, toSeconds: i2sSeconds });
  const stream: I2sStream = {
    originCycle: 5000, slotCycles: fraction(301_056, 172), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 256, ...over,
  };
  const play = (seconds: number): void => {
    const end = time.cycleAt(seconds);
    bus.start(stream);
    let slot = 0;
    for (;; slot += 2) {
      const cycle = stream.originCycle + Math.ceil(((slot + 2) * stream.slotCycles.n) / stream.slotCycles.d);
      if (cycle > end) break;
      bench.timeline.advanceTo(cycle);
      bus.slots(stream, slot, Int32Array.of(values[slot % values.length], values[(slot + 1) % values.length]), 2);
    }
    bus.stop(stream, slot);
    bench.timeline.advanceTo(end);
    analyser.close();
  };
  return { path, midi, bytes, play };
}

const noise = Array.from({ length: 4096 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >> 16));

test('two seconds of MIDI come back: every byte, and the notes by name', { skip }, () => {
  const { path, midi, bytes, play } = record('midi.vcd', 0, noise);
  for (let i = 0; i < 100; i++) midi.noteOn(i % 16, 20 + i, 1 + i, { seconds: 0.001 + i * 0.019 });
  midi.controlChange(0, 7, 99, { seconds: 0.5 });
  midi.pitchBend(3, 12_345, { seconds: 0.7 });
  midi.sysex([0x7e, 0x7f, 9, 1], { seconds: 0.9 });
  midi.realTime(0xf8, { seconds: 0.9011 });
  play(2);
  assert.equal(bytes.length, 300 + 3 + 3 + 6 + 1);
  assert.deepEqual([...sigrok(path, 100, '-P', 'uart:rx=MIDI_RX:baudrate=31250', '-B', 'uart=rx')], bytes);
  const text = sigrok(path, 100, '-P', 'uart:rx=MIDI_RX:baudrate=31250,midi', '-A', 'midi').toString();
  const notes = [...text.matchAll(/Channel (\d+): note on \(note = (\d+) '[^']*', velocity = (\d+)\)/g)].map(([, channel, note, velocity]) => [channel, note, velocity].map(Number));
  // The decoder counts channels from 1.
  assert.deepEqual(notes, Array.from({ length: 100 }, (_, i) => [(i % 16) + 1, 20 + i, 1 + i]));
  assert.match(text, /Channel 1: control change 'channel volume MSB[^']*' \(param = 0x63\)/);
  assert.match(text, /Channel 4: pitch bend change .*\(12345\)/);
  assert.match(text, /system exclusive: .* payload 0x7f 0x09 0x01/);
  assert.match(text, /Timing clock/i);
});

for (const [name, over] of [['16-bit slots', {}], ['32-bit slots', { slotBits: 32 }], ['24 bits in 32', { slotBits: 32, dataBits: 24 }]] as [string, Partial<I2sStream>][]) {
  test(`I2S comes back, the very samples: ${name}`, { skip }, () => {
    const { path, play } = record(`i2s-${name.replaceAll(' ', '-')}.vcd`, 0.1, noise, over);
    const { slotBits = 16, dataBits = 16 } = over;
    play(0.03);
    const text = sigrok(path, 2, '-P', 'i2s:sck=I2S3_CK:ws=I2S3_WS:sd=I2S3_SD', '-A', 'i2s').toString();
    const decoded = [...text.matchAll(/(Left|Right) channel: ([0-9a-f]{8})/g)];
    assert.ok(decoded.length > 2870, `${decoded.length} samples`);
    decoded.forEach(([, side, hex], slot) => {
      assert.equal(side, slot % 2 === 0 ? 'Left' : 'Right');
      const word = (noise[slot % noise.length] << (slotBits - dataBits)) & (slotBits === 32 ? -1 : 0xffff);
      assert.equal(parseInt(hex, 16), word >>> 0, `slot ${slot}`);
    });
    assert.doesNotMatch(text, /expected/);
  });
}
