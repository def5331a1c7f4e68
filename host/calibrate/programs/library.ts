// SPDX-License-Identifier: MIT
// The library's own functions: what firmware spends its time in.

import type { Piece, Program } from './program.js';

const piece = (name: string, body: string, helpers?: string): Piece => ({ name, body: `  ${body}`, helpers });

const BLOCKS = `
const blockA = memory.data(1024, 16);
const blockB = memory.data(1024, 16);
const blockC = memory.data(1024, 16);`;
const TUNING = '  initTuning(48000);';

/** Increments of a low, a middle and a high note: the higher, the more edges in a block. */
const NOTES = [5_000_000, 40_000_000, 300_000_000];

const oscillators: Program = {
  name: 'oscillators',
  prelude: `import { addNoise, addPulse, addSaw, addSine, addTriangle, NoiseSource, Oscillator, renderNoise, renderPulse, renderSaw, renderSine, renderTriangle } from "@/assembly/audio/oscillators";
import { addWavetable, buildWavetable, renderWavetable, WavetableOscillator, WAVETABLE_BYTES } from "@/assembly/audio/wavetable";
import { framesToControl, clearBlock } from "@/assembly/audio/block";
import { noteIncrement, cutoffGain, exp2, initTuning } from "@/assembly/audio/tuning";${BLOCKS}
const table = memory.data(WAVETABLE_BYTES, 4);
const oscillator = new Oscillator();
const wave = new WavetableOscillator(table);
const noise = new NoiseSource(1234);`,
  setUp: `${TUNING}\n  for (let i = 0; i < 16; i++) store<f32>(blockB + (i << 2), <f32>1 / <f32>(i + 1));\n  buildWavetable(table, blockB, 16);`,
  pieces: [
    ...NOTES.flatMap((increment) => [16, 32].flatMap((frames) => [
      piece(`renderSaw ${increment} ${frames}`, `renderSaw(oscillator, blockA, ${frames}, ${increment}, 0.5);`),
      piece(`addPulse ${increment} ${frames}`, `addPulse(oscillator, blockA, ${frames}, ${increment}, 0x60000000, 0.5);`),
      piece(`renderTriangle ${increment} ${frames}`, `renderTriangle(oscillator, blockA, ${frames}, ${increment}, 0.5);`),
      piece(`renderWavetable ${increment} ${frames}`, `renderWavetable(wave, blockA, ${frames}, ${increment}, 0.5);`),
    ])),
    piece('addSaw', 'addSaw(oscillator, blockA, 32, 20000000, 0.5);'),
    piece('renderPulse', 'renderPulse(oscillator, blockA, 32, 20000000, 0x80000000, 0.5);'),
    piece('addTriangle', 'addTriangle(oscillator, blockA, 32, 20000000, 0.5);'),
    piece('renderSine', 'renderSine(oscillator, blockA, 32, 20000000, 0.5);'),
    piece('addSine', 'addSine(oscillator, blockA, 16, 20000000, 0.5);'),
    piece('renderNoise', 'renderNoise(noise, blockA, 32, 0.5);'),
    piece('addNoise', 'addNoise(noise, blockA, 16, 0.5);'),
    piece('addWavetable', 'addWavetable(wave, blockA, 16, 30000000, 0.5);'),
    piece('framesToControl', 'store<i32>(data, framesToControl(load<u32>(data)), 512);'),
    piece('clearBlock', 'clearBlock(blockA, 32);'),
    piece('noteIncrement', 'store<u32>(data, noteIncrement(<f32>(load<u32>(data) & 127)), 512);'),
    piece('cutoffGain', 'store<f32>(data, cutoffGain(<f32>(load<u32>(data) & 127)), 512);'),
    piece('exp2', 'store<f32>(data, exp2(<f32>(load<u32>(data) & 7) * 0.37), 512);'),
  ],
};

const filters: Program = {
  name: 'filters',
  prelude: `import { resetSvf, renderSvf, setSvf, Svf, SvfMode } from "@/assembly/audio/svf";
import { Ladder, renderLadder, resetLadder, setLadder } from "@/assembly/audio/ladder";
import { advanceEnvelope, cutEnvelope, Envelope, envelopeLevel, gateOff, gateOn, isIdle, renderEnvelope, setEnvelope } from "@/assembly/audio/envelope";
import { advanceLfo, Lfo, lfoValue } from "@/assembly/audio/lfo";
import { initTuning } from "@/assembly/audio/tuning";${BLOCKS}
const svf = new Svf();
const ladder = new Ladder();
const envelope = new Envelope();
const other = new Envelope();
const lfo = new Lfo(77);`,
  setUp: `${TUNING}\n  setEnvelope(envelope, 20, 400, 0.5, 3000, true);\n  setEnvelope(other, 2000, 400, 0.5, 3000, false);\n  gateOn(other);\n  lfo.increment = 9000000;\n  setSvf(svf, SvfMode.LOWPASS, 60, 0.3);\n  setLadder(ladder, 60, 0.3);\n  for (let i = 0; i < 256; i++) store<f32>(blockA + (i << 2), <f32>((i * 77) & 63) * <f32>0.01);`,
  pieces: [
    ...['LOWPASS', 'BANDPASS', 'HIGHPASS', 'NOTCH'].map((mode, i) => piece(`setSvf and renderSvf ${mode}`, `setSvf(svf, SvfMode.${mode}, ${50 + 10 * i}, 0.4);\n  renderSvf(svf, blockA, ${i % 2 ? 16 : 32});`)),
    piece('setSvf', 'setSvf(svf, SvfMode.LOWPASS, <f32>(load<u32>(data) & 127), 0.4);'),
    piece('renderSvf of 16', 'renderSvf(svf, blockA, 16);'),
    piece('renderSvf of 32', 'renderSvf(svf, blockA, 32);'),
    piece('resetSvf', 'resetSvf(svf);'),
    piece('setLadder', 'setLadder(ladder, <f32>(load<u32>(data) & 127), 0.4);'),
    piece('renderLadder of 16', 'renderLadder(ladder, blockA, 16);'),
    piece('renderLadder of 32', 'renderLadder(ladder, blockA, 32);'),
    piece('resetLadder', 'resetLadder(ladder);'),
    piece('setEnvelope', 'setEnvelope(envelope, <i32>(load<u32>(data) & 1023), 400, 0.5, 3000, true);'),
    piece('gateOn and renderEnvelope', 'gateOn(envelope);\n  renderEnvelope(envelope, blockB, 32);'),
    piece('renderEnvelope', 'renderEnvelope(envelope, blockB, 32);'),
    piece('renderEnvelope, slow', 'renderEnvelope(other, blockB, 32);'),
    piece('advanceEnvelope', 'advanceEnvelope(other, 16);'),
    piece('gateOff', 'gateOff(other);'),
    piece('envelopeLevel', 'store<f32>(data, envelopeLevel(other), 512);\n  store<u32>(data, <u32>isIdle(envelope), 516);'),
    piece('cutEnvelope', 'cutEnvelope(envelope, 16);\n  renderEnvelope(envelope, blockB, 32);'),
    ...[0, 1, 2, 3, 4].map((shape) => piece(`advanceLfo ${shape}`, `lfo.shape = ${shape};\n  advanceLfo(lfo, 16);\n  store<f32>(data, lfoValue(lfo), 512);`)),
  ],
};

const effects: Program = {
  name: 'effects',
  prelude: `import { addChorus, Chorus, CHORUS_BYTES, setChorus } from "@/assembly/audio/chorus";
import { addDelay, Delay, DELAY_BYTES, setDelay } from "@/assembly/audio/delay";
import { addReverb, Reverb, REVERB_BYTES, setReverb } from "@/assembly/audio/reverb";
import { Gain, mixInto, mixVoice, setGain, setVoiceGain, VoiceGain } from "@/assembly/audio/mix";
import { Envelope, gateOn, setEnvelope } from "@/assembly/audio/envelope";
import { blockDc, DcBlocker, interleave, limit } from "@/assembly/audio/output";${BLOCKS}
const chorus = new Chorus(memory.data(CHORUS_BYTES, 16));
const delay = new Delay(memory.data(DELAY_BYTES, 16));
const reverb = new Reverb(memory.data(REVERB_BYTES, 16));
const gain = new Gain();
const voice = new VoiceGain();
const envelope = new Envelope();
const blocker = new DcBlocker(0.999);`,
  setUp: '  setChorus(chorus, 40000, 200, 60);\n  setDelay(delay, 5000, 7000, 0.4, 0.5);\n  setReverb(reverb, 48000, 0.3);\n  setVoiceGain(voice, 0.7, 0.3);\n  setEnvelope(envelope, 200, 400, 0.5, 3000, true);\n  gateOn(envelope);\n'
    + '  for (let i = 0; i < 256; i++) {\n    store<f32>(blockA + (i << 2), <f32>((i * 77) & 63) * <f32>0.03 - <f32>0.7);\n    store<f32>(blockB + (i << 2), <f32>((i * 37) & 63) * <f32>0.03 - <f32>0.7);\n  }',
  pieces: [
    piece('setChorus', 'setChorus(chorus, 40000, <f32>(load<u32>(data) & 127) + 100, 60);'),
    piece('addChorus', 'addChorus(chorus, blockA, blockB, blockC, 32, 0.5);'),
    piece('addChorus of 16', 'addChorus(chorus, blockA, blockB, blockC, 16, 0.5);'),
    piece('setDelay', 'setDelay(delay, <i32>(load<u32>(data) & 1023) + 1000, 7000, 0.4, 0.5);'),
    piece('addDelay', 'addDelay(delay, blockA, blockB, blockC, 32);'),
    piece('addDelay of 16', 'addDelay(delay, blockA, blockB, blockC, 16);'),
    piece('setReverb', 'setReverb(reverb, <f32>(load<u32>(data) & 65535) + 1000, 0.3);'),
    piece('addReverb', 'addReverb(reverb, blockA, blockB, blockC, 32);'),
    piece('addReverb of 16', 'addReverb(reverb, blockA, blockB, blockC, 16);'),
    piece('setGain', 'setGain(gain, <f32>(load<u32>(data) & 127) * 0.01);'),
    piece('mixInto, moving', 'setGain(gain, <f32>(load<u32>(data) & 127) * 0.01);\n  mixInto(gain, blockA, blockB, 32);'),
    piece('mixInto', 'mixInto(gain, blockA, blockB, 32);'),
    piece('setVoiceGain', 'setVoiceGain(voice, <f32>(load<u32>(data) & 127) * 0.01, 0.2);'),
    piece('mixVoice', 'mixVoice(voice, envelope, blockA, blockB, blockC, 32);'),
    piece('mixVoice of 16', 'mixVoice(voice, envelope, blockA, blockB, blockC, 16);'),
    piece('blockDc', 'blockDc(blocker, blockA, 32);'),
    piece('limit', 'limit(blockA, 32);'),
    piece('interleave', 'interleave(blockA, blockB, blockC, 32);'),
    piece('interleave of 16', 'interleave(blockA, blockB, blockC, 16);'),
  ],
};

/** Bytes of a stream, parsed one after the other. */
const stream = (name: string, bytes: readonly number[]): Piece => piece(`parse ${name}`,
  bytes.map((byte, i) => `word ^= parseByte(parser, ${byte})${i % 2 ? ' << 1' : ''};`).join('\n  ').replace(/^/, 'let word: u32 = 0;\n  ') + '\n  store<u32>(data, word, 512);');

const midi: Program = {
  name: 'midi',
  prelude: `import { createParser, parseByte, parseGap, publishLosses } from "@/assembly/midi/parser";
import { createByteQueue, createStampedQueue, createWordQueue } from "@/assembly/midi/queue";
import { controlChange, createEncoder, encodeMessage, encodeSysex, noteOff, noteOn, pitchBend } from "@/assembly/midi/encoder";
import { createClockIn, createClockOut, followClock, nextClockTick, setClockTempo, startClockOut, takeClock } from "@/assembly/midi/clock";
import { createTransmitter } from "@/assembly/midi/transmit";
import { addClient, createRouter, route } from "@/assembly/midi/router";
import { createActiveSensing, hasTimedOut, onByte } from "@/assembly/midi/active-sensing";
import { Counter, count } from "@/assembly/shim/counters";
const parser = createParser(64);
const bytes = createByteQueue(64);
const words = createWordQueue(64);
const stamped = createStampedQueue(64);
const encoder = createEncoder(true);
const clockIn = createClockIn();
const clockOut = createClockOut();
const transmitter = createTransmitter(64, 8, true);
const router = createRouter();
const client = addClient(router, 0xffffffff, 0xffff, 64, 64);
const sensing = createActiveSensing();`,
  setUp: '  setClockTempo(clockOut, 1000000, 120);\n  startClockOut(clockOut, 0);',
  pieces: [
    stream('a note', [0x90, 60, 100]),
    stream('running status', [0x91, 60, 100, 62, 90, 64, 0]),
    stream('controllers and bends', [0xb0, 7, 100, 0xe0, 0, 64, 0xc0, 5]),
    stream('clocks within a note', [0x90, 0xf8, 60, 0xf8, 100, 0xfe]),
    stream('SysEx', [0xf0, 0x7e, 1, 2, 3, 4, 5, 6, 7, 8, 0xf7]),
    stream('nonsense', [55, 0xf7, 0xf4, 0x90, 0xf6, 0xf1, 12]),
    piece('parse one byte', 'store<u32>(data, parseByte(parser, load<u8>(data)), 512);'),
    piece('parse a loop of bytes', 'let word: u32 = 0;\n  for (let i: usize = 0; i < 32; i++) word ^= parseByte(parser, load<u8>(data + i));\n  store<u32>(data, word, 512);'),
    piece('parseGap', 'store<u32>(data, parseGap(parser), 512);\n  publishLosses(parser);'),
    piece('byte queue', 'for (let i: u8 = 0; i < 10; i++) bytes.push(i);\n  let sum = 0;\n  for (let i = 0; i < 11; i++) sum += bytes.pop();\n  store<i32>(data, sum, 512);'),
    piece('one byte through a queue', 'bytes.push(load<u8>(data));\n  store<i32>(data, bytes.pop(), 512);'),
    piece('word queue', 'for (let i: u32 = 0; i < 10; i++) words.push(i);\n  let sum: u32 = 0;\n  for (let i = 0; i < 10; i++) sum += words.pop();\n  store<u32>(data, sum, 512);'),
    piece('stamped queue', 'for (let i: u32 = 0; i < 4; i++) stamped.push(i, i * 3);\n  while (stamped.pop()) store<u32>(data, 3, 512);'),
    piece('one word through a stamped queue', 'stamped.push(load<u32>(data), 77);\n  if (stamped.peek()) stamped.drop();'),
    piece('encode', 'store<i32>(data, encodeMessage(encoder, noteOn(1, 60, 100), data + 512, 16), 600);\n  store<i32>(data, encodeMessage(encoder, controlChange(1, 7, 100), data + 520, 16), 604);'),
    piece('encode others', 'store<i32>(data, encodeMessage(encoder, noteOff(2, 60, 100), data + 512, 16), 600);\n  store<i32>(data, encodeMessage(encoder, pitchBend(3, 9000), data + 520, 16), 604);'),
    piece('encodeSysex', 'store<u8>(data, 0xf0);\n  for (let i: usize = 1; i < 9; i++) store<u8>(data + i, <u8>i);\n  store<u8>(data, 0xf7, 9);\n  store<i32>(data, encodeSysex(encoder, data, 10, data + 512, 16), 600);'),
    piece('followClock', 'store<i32>(data, followClock(clockIn, 0xf8, load<u32>(data)), 512);'),
    piece('clock out', 'const tick = nextClockTick(clockOut);\n  store<i32>(data, <i32>takeClock(clockOut, tick), 512);'),
    piece('transmit', 'transmitter.send(noteOn(1, 60, 100));\n  let sum = 0;\n  for (let i = 0; i < 4; i++) sum += transmitter.nextByte();\n  store<i32>(data, sum, 512);'),
    piece('transmit in real time', 'transmitter.sendRealTime(0xf8);\n  store<i32>(data, transmitter.nextByte(), 512);\n  store<u32>(data, transmitter.room(), 516);'),
    piece('route', 'route(router, noteOn(1, 60, 100), load<u32>(data), data);\n  if (client.events.pop()) store<u32>(data, 1, 512);'),
    piece('active sensing', 'store<u32>(data, <u32>onByte(sensing, load<u8>(data), load<u32>(data, 4)) + <u32>hasTimedOut(sensing, load<u32>(data, 8)), 512);'),
    piece('counters', 'count(Counter.rxQueueFull);\n  count(Counter.lateEvents);'),
  ],
};

const voices: Program = {
  name: 'voices',
  prelude: `import { StealPolicy, VoiceAllocator } from "@/assembly/voice/allocator";
import { NotePriority, NoteStack } from "@/assembly/voice/note-stack";
import { Scheduler } from "@/assembly/voice/scheduler";
import { Channel } from "@/assembly/voice/channel";
import { NoteSet } from "@/assembly/voice/note-set";
const allocator = new VoiceAllocator(12, StealPolicy.Quietest);
const small = new VoiceAllocator(4, StealPolicy.Oldest);
const keys = new NoteStack(8);
const scheduler = new Scheduler(16);
const channel = new Channel();
const notes = new NoteSet();`,
  setUp: '  channel.powerUp();\n  notes.clear();\n  for (let i = 0; i < 7; i++) allocator.allocate(1, 50 + i);\n  for (let i = 0; i < 4; i++) small.allocate(1, 50 + i);',
  pieces: [
    piece('allocate and free', 'const voice = allocator.allocate(2, 70);\n  allocator.release(voice);\n  allocator.free(voice);'),
    piece('find', 'store<i32>(data, allocator.find(1, 53), 512);'),
    piece('find none', 'store<i32>(data, allocator.find(1, 99), 512);'),
    piece('steal the oldest', 'store<i32>(data, small.allocate(1, <i32>(load<u32>(data) & 63)), 512);'),
    piece('levels', 'for (let i = 0; i < 7; i++) allocator.setLevel(i, <f32>i);'),
    piece('states', 'let sum = 0;\n  for (let i = 0; i < 12; i++) sum += allocator.stateOf(i) + allocator.noteOf(i) + allocator.channelOf(i);\n  store<i32>(data, sum, 512);'),
    piece('note stack', 'keys.press(60, 100);\n  keys.press(64, 90);\n  keys.press(67, 80);\n  store<i32>(data, keys.winner(NotePriority.High), 512);\n  keys.release(64);\n  keys.release(60);\n  keys.clear();'),
    piece('one key', 'keys.press(60, 100);\n  store<i32>(data, keys.winner(NotePriority.Last) + keys.velocityOf(60), 512);\n  keys.release(60);'),
    piece('schedule', 'for (let i: u32 = 0; i < 8; i++) scheduler.push(i * 77 & 31, i);\n  while (scheduler.isDue(100)) store<u32>(data, scheduler.take(100), 512);'),
    piece('schedule one', 'scheduler.push(5, 99);\n  store<i32>(data, scheduler.framesUntilNext(0, 32), 512);\n  store<u32>(data, scheduler.take(9), 516);'),
    piece('notes of a channel', 'channel.noteOn(60);\n  channel.noteOn(64);\n  store<u32>(data, <u32>channel.noteOff(60) + <u32>channel.isHeld(64), 512);\n  channel.noteOff(64);'),
    piece('controllers of a channel', 'store<i32>(data, channel.control(64, 127) + channel.control(1, 70) + channel.control(64, 0) + channel.control(7, 99), 512);'),
    piece('one controller', 'store<i32>(data, channel.control(7, <i32>(load<u32>(data) & 127)), 512);'),
    piece('pitchOffset', 'store<f32>(data, channel.pitchOffset(), 512);'),
    piece('note set', 'notes.add(60);\n  notes.add(99);\n  let n = notes.next(0);\n  while (n >= 0 && n < 128) {\n    notes.remove(n);\n    n = notes.next(n + 1);\n  }'),
  ],
};

export function libraryPrograms(): Program[] {
  return [oscillators, filters, effects, midi, voices];
}
