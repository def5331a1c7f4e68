// SPDX-License-Identifier: MIT
// A profile's handlers and latencies against the wires and the sound of the same run, read here from the files alone: pulses of the markers, when each
// MIDI character came, I2S bit by bit. The firmware clicks at each Note On, in one frame; a timer pre-empts its renderer, and MIDI waits for that.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { packageRoot } from '../../host/paths.js';
import type { HandlerProfile, Histogram, ProfileResult, Spread } from '../../host/profile/profile-result.js';
import { profile } from '../../host/profile/profile.js';
import { without } from '../../host/testing/needs.js';

const directory = mkdtempSync(join(tmpdir(), 'tonewheel-witness-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const library = (module: string): string => JSON.stringify(relative(directory, join(packageRoot, 'assembly', module)));

const TIMER_MICROSECONDS = 137;
/** Of the renderer, in cycles: some runs take less, some more. */
const BUDGET = 8_000;
const CLICK = 12_345;
const firmware = join(directory, 'click.ts');
writeFileSync(firmware, `
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from ${library('drivers/audio-out')};
import { boardInit, boardStart } from ${library('drivers/board')};
import { periodicInterrupt, periodicStart } from ${library('drivers/timer')};
import { uartByte, uartInterrupt, uartReceive, uartStart } from ${library('drivers/uart')};
import { createParser, parseByte } from ${library('midi/parser')};
import { irqEnable, waitForInterrupt } from ${library('shim/abi')};
import { TICK_TIMER, TICK_TIMER_IRQ } from ${library('shim/board')};

const FRAMES: i32 = 32;
const frames = memory.data(32 * 4);
const state = memory.data(8);
const parser = createParser(64);

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  uartStart();
  assert(boardStart() == 0);
  periodicStart(TICK_TIMER, ${TIMER_MICROSECONDS});
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

function spin(turns: u32): void {
  for (let i: u32 = 0; i < turns; i++) store<u32>(state, load<u32>(state) * 1664525 + 1013904223);
}

@isr("TICK_TIMER", 1)
function tick(): void {
  periodicInterrupt(TICK_TIMER);
  spin((load<u32>(state) >> 9) % 150);
}

@isr("AUDIO_DMA", 2)
function halfPlayed(): void {
  audioOutInterrupt();
}

// Bytes wait for the renderer, which has the same priority.
@isr("MIDI_UART", 15)
function byteReceived(): void {
  uartInterrupt();
}

@isr("PendSV", 15, { budget: ${BUDGET} })
function render(): void {
  while (audioOutBlockDue()) {
    memory.fill(frames, 0, FRAMES * 4);
    for (let i = 0; i < 6 && uartReceive(); i++) {
      const message = parseByte(parser, uartByte());
      if ((message & 0xf0) == 0x90) store<i16>(frames + (((message >> 8) & 31) << 2), ${CLICK});
    }
    spin(500 + (load<u32>(state) >> 9) % 4500);
    audioOutWrite(frames);
  }
}
`);

/** Notes as [0.1 ms from the file's start, note]; each goes off 4.5 ms later. They fall anywhere in a block, and with silence between. */
const NOTES = Array.from({ length: 12 }, (_, i) => [5 + 79 * i + (i * i) % 7, 60 + ((11 * i) % 32)] as const);
const FIRST_SECONDS = 0.25; // the file's start, after reset
const END_SECONDS = 0.36;
/** MIDI 1.0: 31,250 baud, ten bits a byte. */
const BYTE_SECONDS = 10 / 31_250;
const CORE_HERTZ = 168e6;
/** RM0090, 28.4.4: 86 MHz of the PLLI2S, 256 master clocks a frame, divided by seven; 32 frames a block. */
const BLOCK_SECONDS = (32 * 7 * 256) / 86e6;
/** Of the VCD, in core cycles. Either end of a pulse may be half of one off, and a pulse that follows at once is put off by one. */
const TICK = CORE_HERTZ * 10e-9;
const SLACK = 3 * TICK;

/** A Standard MIDI File of one track, 10,000 ticks to a beat of one second. */
function midiFile(): Uint8Array {
  const messages = NOTES.flatMap(([at, note]) => [{ at, bytes: [0x90, note, 100] }, { at: at + 45, bytes: [0x80, note, 64] }]).sort((a, b) => a.at - b.at);
  const track = [0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40];
  messages.forEach(({ at, bytes }, i) => {
    const delta = at - (messages[i - 1]?.at ?? 0);
    track.push(...(delta < 128 ? [delta] : [0x80 | (delta >> 7), delta & 127]), ...bytes);
  });
  track.push(0, 0xff, 0x2f, 0);
  const header = Buffer.from('4d546864000000060000000127104d54726b00000000', 'hex');
  header.writeUInt32BE(track.length, 18);
  return Buffer.concat([header, Buffer.from(track)]);
}

interface Edge { readonly seconds: number; readonly wire: string; readonly level: 0 | 1 }

/** Every change of a wire in a VCD (IEEE 1364, 18.2), in the order of the file. */
function edgesOf(vcd: string): Edge[] {
  const [, size, unit] = /\$timescale\s+(1|10|100)\s*(s|ms|us|ns|ps)\s+\$end/.exec(vcd)!;
  const tick = Number(size) * { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9, ps: 1e-12 }[unit as 's'];
  const names = new Map([...vcd.matchAll(/\$var\s+wire\s+1\s+(\S+)\s+(\S+)\s+\$end/g)].map(([, id, name]) => [id, name]));
  const edges: Edge[] = [];
  let seconds = 0;
  for (const line of vcd.slice(vcd.indexOf('$dumpvars')).split('\n')) {
    if (line.startsWith('#')) {
      assert.ok(Number(line.slice(1)) * tick >= seconds, 'time goes on');
      seconds = Number(line.slice(1)) * tick;
    } else if (line[0] === '0' || line[0] === '1') edges.push({ seconds, wire: names.get(line.slice(1).trim())!, level: line[0] === '1' ? 1 : 0 });
  }
  return edges;
}

interface Run { readonly start: number; readonly end: number; readonly elapsed: number; readonly own: number }

/** Runs of each handler, times in core cycles since reset, and how often each was entered on top of which: a marker that rises while another is high. */
function runsOf(edges: readonly Edge[]): { runs: Map<string, Run[]>; entries: Map<string, number> } {
  const runs = new Map<string, Run[]>();
  const entries = new Map<string, number>();
  const open: { name: string; start: number; above: number }[] = [];
  for (const { wire, level, seconds } of edges) {
    if (!wire.startsWith('ISR_')) continue;
    const [name, at] = [wire.slice(4), seconds * CORE_HERTZ];
    if (!runs.has(name)) runs.set(name, []); // its level at the beginning
    else if (level) {
      const key = `${name} on ${open.at(-1)?.name ?? 'none'}`;
      entries.set(key, (entries.get(key) ?? 0) + 1);
      open.push({ name, start: at, above: 0 });
    } else {
      const { name: top, start, above } = open.pop()!;
      assert.equal(top, name);
      const elapsed = at - start;
      if (open.length > 0) open.at(-1)!.above += elapsed;
      runs.get(name)!.push({ start, end: at, elapsed, own: elapsed - above });
    }
  }
  return { runs, entries };
}

/** When the start bit of each character of an 8N1 wire began, in seconds: an edge within a character is a data bit. */
function charactersOf(edges: readonly Edge[], wire: string): number[] {
  const starts: number[] = [];
  for (const { seconds } of edges.filter((e) => e.wire === wire && e.level === 0)) {
    if (seconds > (starts.at(-1) ?? -1) + 0.95 * BYTE_SECONDS) starts.push(seconds);
  }
  return starts;
}

interface Word { readonly seconds: number; readonly left: boolean; readonly value: number }

/** Words of 16 bits of an I2S bus in the Philips format: the first bit is out one clock after WS changes, from one fall of CK to the next. */
function wordsOf(edges: readonly Edge[], bus: string): Word[] {
  const words: Word[] = [];
  let [ck, ws, sd, fell] = [0, 0, 0, 0];
  let [wsBefore, wsLast] = [-1, -1]; // at the two rises before
  let word: { seconds: number; left: boolean; bits: number[] } | undefined;
  for (const { wire, level, seconds } of edges) {
    if (wire === `${bus}_WS`) ws = level;
    else if (wire === `${bus}_SD`) sd = level;
    else if (wire === `${bus}_CK` && level !== ck) {
      ck = level;
      if (!level) fell = seconds;
      else {
        if (wsBefore >= 0 && wsLast !== wsBefore) word = { seconds: fell, left: wsLast === 0, bits: [] };
        word?.bits.push(sd);
        if (word?.bits.length === 16) words.push({ ...word, value: (parseInt(word.bits.join(''), 2) << 16) >> 16 });
        [wsBefore, wsLast] = [wsLast, ws];
      }
    }
  }
  return words;
}

/** Samples of the left channel of a WAV of 16 bits, stereo, by its chunks (RIFF). */
function leftOf(wav: Buffer): number[] {
  let at = 12;
  while (wav.toString('latin1', at, at + 4) !== 'data') at += 8 + wav.readUInt32LE(at + 4);
  return Array.from({ length: wav.readUInt32LE(at + 4) / 4 }, (_, frame) => wav.readInt16LE(at + 8 + 4 * frame));
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
/** Nearest rank. */
const rank = (values: readonly number[], part: number): number => [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(part * values.length) - 1)];
function near(found: number, wanted: number, slack: number, what: string): void {
  assert.ok(Math.abs(found - wanted) <= slack, `${what}: ${found} in the profile, ${wanted} on the wires`);
}

/** @param base what the wires do not tell: a constant that all values lack */
function checkSpread(found: Spread, values: readonly number[], what: string, base = 0): void {
  near(found.mean, mean(values) + base, TICK, `${what}, mean`);
  for (const [key, part] of [['min', 0], ['p99', 0.99], ['max', 1]] as const) near(found[key], rank(values, part) + base, SLACK, `${what}, ${key}`);
}

/** By how many lie below the end of each class. */
function checkHistogram({ from, width, counts }: Histogram, values: readonly number[], slack: number, what: string): void {
  assert.equal(sum(counts), values.length, what);
  let below = 0;
  counts.slice(0, -1).forEach((count, i) => {
    below += count;
    const limit = from + (i + 1) * width;
    const least = values.filter((v) => v < limit - slack).length;
    const most = values.filter((v) => v < limit + slack).length;
    assert.ok(below >= least && below <= most, `${what}: ${below} below ${limit} in the profile, ${least} to ${most} on the wires`);
  });
}

for (const cpu of ['wasm', 'arm'] as const) {
  describe(`a profile of CPU ${cpu}, against its wires`, { skip: cpu === 'arm' && without('arm-none-eabi-gcc') }, () => {
    let result: ProfileResult;
    let edges: Edge[];
    let runs: Map<string, Run[]>;
    let entries: Map<string, number>;
    let left: number[];
    const handler = (name: string): HandlerProfile => result.handlers.find((h) => h.name === name)!;
    before(async () => {
      const [midi, vcd, wav] = ['click.mid', `${cpu}.vcd`, `${cpu}.wav`].map((name) => join(directory, name));
      writeFileSync(midi, midiFile());
      ({ result } = await profile({
        firmware, board: loadBoard('stm32f4-discovery'), cpu, engine: 'aot', midi, seconds: END_SECONDS, vcd, vcdWindow: [FIRST_SECONDS, END_SECONDS], wav, command: 'a test',
      }));
      edges = edgesOf(readFileSync(vcd, 'latin1'));
      ({ runs, entries } = runsOf(edges));
      left = leftOf(readFileSync(wav));
    });

    it('has each handler\'s runs, and their own and elapsed cycles', () => {
      assert.deepEqual(result.handlers.map(({ name }) => name).sort(), ['DMA1_Stream5', 'PendSV', 'TIM2', 'USART2']);
      for (const { name, count, duration, elapsed, durations, totalCycles } of result.handlers) {
        const seen = runs.get(name)!;
        assert.equal(count, seen.length, name);
        const own = seen.map((run) => run.own);
        checkSpread(duration, own, `${name}, own`);
        checkSpread(elapsed, seen.map((run) => run.elapsed), `${name}, elapsed`);
        checkHistogram(durations, own, SLACK, name);
        near(totalCycles, sum(own), count * TICK, `${name}, total`);
      }
      const { overBudget } = handler('PendSV');
      const over = (limit: number): number => runs.get('PendSV')!.filter(({ own }) => own > limit).length;
      assert.ok(overBudget >= over(BUDGET + SLACK) && overBudget <= over(BUDGET - SLACK) && overBudget > 50 && overBudget < runs.get('PendSV')!.length - 50);
    });

    it('has who pre-empted whom', () => {
      const found = new Map<string, number>();
      for (const { by, of, count } of result.preemptions) {
        const key = `${by} on ${runs.has(of) ? of : 'none'}`;
        found.set(key, (found.get(key) ?? 0) + count);
      }
      assert.deepEqual([...found].sort(), [...entries].sort());
      assert.ok(found.get('TIM2 on PendSV')! > 100 && found.get('TIM2 on DMA1_Stream5')! > 5);
    });

    it('has the latencies and the jitter of handlers whose causes are on a wire or strictly periodic', () => {
      // A byte is there when its stop bit has ended.
      const ends = charactersOf(edges, 'MIDI_RX').map((seconds) => (seconds + BYTE_SECONDS) * CORE_HERTZ);
      assert.equal(ends.length, 6 * NOTES.length);
      const waited = runs.get('USART2')!.map(({ start }, i) => start - ends[i]);
      checkSpread(handler('USART2').latency, waited, 'USART2, latency');
      checkHistogram(handler('USART2').latencies, waited, SLACK, 'USART2, latency');
      assert.ok(handler('USART2').jitter > 5000);
      for (const [name, period] of [['TIM2', TIMER_MICROSECONDS * 1e-6 * CORE_HERTZ], ['DMA1_Stream5', BLOCK_SECONDS * CORE_HERTZ]] as const) {
        const starts = runs.get(name)!.map(({ start }) => start);
        const late = starts.map((start, i) => start - i * period);
        const first = Math.min(...late);
        const { latency, jitter, latencies } = handler(name);
        // When the first came due no wire tells; all the others by it.
        checkSpread(latency, late.map((cycles) => cycles - first), `${name}, latency`, latency.min);
        checkHistogram(latencies, late.map((cycles) => cycles - first + latency.min), SLACK, `${name}, latency`);
        near(jitter, Math.max(...late) - first, SLACK, `${name}, jitter`);
        assert.ok(jitter > 50, name);
      }
      // The renderer is asked for somewhere in the handler of the DMA; the end of the run may cut off the last one.
      const [asked, rendered] = [runs.get('DMA1_Stream5')!, runs.get('PendSV')!];
      assert.ok(asked.length - rendered.length === 0 || asked.length - rendered.length === 1, `${asked.length} blocks asked for, ${rendered.length} rendered`);
      const { latency } = handler('PendSV');
      for (const [of, value] of [[mean, latency.mean], [(v: number[]) => rank(v, 1), latency.max]] as const) {
        assert.ok(value >= of(rendered.map(({ start }, i) => start - asked[i].end)) - SLACK && value <= of(rendered.map(({ start }, i) => start - asked[i].start)) + SLACK, `PendSV, latency: ${value}`);
      }
    });

    it('has the time from each Note On to its click on I2S', () => {
      const characters = charactersOf(edges, 'MIDI_RX');
      const ons = NOTES.map(([at], i) => {
        const start = characters[6 * i];
        near(FIRST_SECONDS + at * 1e-4, start, 1e-6, `note ${i} begins`);
        return start + 3 * BYTE_SECONDS;
      });
      const sounding = wordsOf(edges, 'I2S3').filter(({ value }) => value !== 0);
      assert.deepEqual(sounding.map(({ left: isLeft, value }) => [isLeft, value]), NOTES.map(() => [true, CLICK]));
      const ms = sounding.map(({ seconds }, i) => (seconds - ons[i]) * 1000);
      const { notes, minMs, meanMs, medianMs, p99Ms, maxMs, histogram, values } = result.midiToAudio;
      assert.equal(notes, NOTES.length);
      // Five ticks of the VCD.
      const slack = 50e-6;
      values.forEach((value, i) => {
        near(value.ms, ms[i], slack, `note ${i}`);
        near(value.seconds, ons[i], 1e-6, `note ${i} ends`);
      });
      for (const [found, wanted] of [[minMs, rank(ms, 0)], [meanMs, mean(ms)], [medianMs, rank(ms, 0.5)], [p99Ms, rank(ms, 0.99)], [maxMs, rank(ms, 1)]]) near(found!, wanted!, slack, 'MIDI to audio');
      checkHistogram(histogram, ms, slack, 'MIDI to audio');
      assert.ok(maxMs! - minMs! > 0.3);
    });

    it('has clicks as far from each other as they are in the sound', () => {
      const onsets = left.flatMap((value, frame) => (value !== 0 ? [frame] : []));
      assert.equal(onsets.length, NOTES.length);
      const { values } = result.midiToAudio;
      const heard = values.map(({ seconds, ms }) => seconds + ms / 1000);
      for (const [i, frame] of onsets.entries()) near(heard[i] - heard[0], ((frame - onsets[0]) * BLOCK_SECONDS) / 32, 50e-9, `click ${i}`);
      // Where in its block each stands, the note says.
      for (const [i, frame] of onsets.entries()) assert.equal((frame - onsets[0] + 32_000 - (NOTES[i][1] & 31) + (NOTES[0][1] & 31)) % 32, 0, `click ${i}`);
    });
  });
}
