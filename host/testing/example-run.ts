// SPDX-License-Identifier: MIT
// A made-up run of the demo: a plausible load, fed through the real recorder, for specs of what people see. No machine is involved.

import { createHash } from 'node:crypto';
import { type MidiEvent, parseMidi } from 'midi-file';
import { canonInD } from '../../music/canon-in-d.js';
import { counters } from '../abi.js';
import { midiToAudio, notesOf } from '../profile/midi-to-audio.js';
import { cyclesPerFrame, Recorder } from '../profile/recorder.js';
import type { ReportInput } from '../profile/report.js';
import { countersByKind, type RunResult } from '../profile/run-result.js';
import { frameCount, levels, type SentAudio } from '../profile/sent-audio.js';

const CORE_HERTZ = 168e6;
const FRAME_CYCLES = (168 / 86) * 256 * 7; // PLLI2S at 86 MHz, I2SDIV 3, ODD 1, master clock on
const BLOCK_FRAMES = 32;
const CHARACTER_CYCLES = 53_760; // 10 bits at 31250 baud
/** Cycle of the first frame: clocks and codec have been set up. */
const ORIGIN = 12_400_000;

/** Bytes of the demo's piece as a sender with running status puts them on the wire: [byte, end of its stop bit]. */
function wireBytes(): [byte: number, endCycle: number][] {
  const { tracks } = parseMidi(canonInD());
  const merged = tracks.flatMap((track) => {
    let tick = 0;
    return track.map((event) => ({ tick: (tick += event.deltaTime), event }));
  }).sort((a, b) => a.tick - b.tick);
  const bytes: [number, number][] = [];
  let cycle = ORIGIN;
  let lastTick = 0;
  let cyclesPerTick = 0;
  let free = 0;
  let running = 0;
  for (const { tick, event } of merged) {
    cycle += (tick - lastTick) * cyclesPerTick;
    lastTick = tick;
    if (event.type === 'setTempo') cyclesPerTick = ((event.microsecondsPerBeat / 1e6) * CORE_HERTZ) / 480;
    const message = channelMessage(event);
    if (!message) continue;
    for (const byte of message[0] === running ? message.slice(1) : message) {
      free = Math.max(free, Math.round(cycle)) + CHARACTER_CYCLES;
      bytes.push([byte, free]);
    }
    running = message[0];
  }
  return bytes;
}

function channelMessage(event: MidiEvent): number[] | undefined {
  switch (event.type) {
    case 'noteOn': return [0x90 | event.channel, event.noteNumber, event.velocity];
    case 'noteOff': return [0x80 | event.channel, event.noteNumber, event.velocity];
    case 'controller': return [0xb0 | event.channel, event.controllerType, event.value];
    case 'programChange': return [0xc0 | event.channel, event.programNumber];
    case 'pitchBend': return [0xe0 | event.channel, (event.value + 8192) & 0x7f, (event.value + 8192) >> 7];
    default: return undefined;
  }
}

/** Notes as decaying sines, panned by channel, two blocks and a bit after their last byte. */
function render(notes: ReturnType<typeof notesOf>, seconds: number): SentAudio {
  const frames = Math.floor((seconds * CORE_HERTZ - ORIGIN) / FRAME_CYCLES);
  const mix = new Float32Array(2 * frames);
  for (const { channel, note, velocity, onCycle, offCycle } of notes) {
    const first = Math.ceil((onCycle - ORIGIN) / FRAME_CYCLES) + 2 * BLOCK_FRAMES;
    const released = Math.min(frames, Math.ceil((offCycle - ORIGIN) / FRAME_CYCLES) + 2 * BLOCK_FRAMES);
    const step = channel === 9 ? 2.9 : (2 * Math.PI * 440 * 2 ** ((note - 69) / 12)) / (CORE_HERTZ / FRAME_CYCLES);
    const right = ((channel * 5) % 8) / 8;
    let level = (velocity / 127) ** 2 * 0.16;
    for (let frame = first; frame < Math.min(frames, released + 6000); frame++) {
      level *= frame < released ? 0.99997 : 0.9993;
      const value = level * Math.sin((frame - first + 1) * step);
      mix[2 * frame] += value * (1 - right);
      mix[2 * frame + 1] += value * right;
    }
  }
  const samples = Int16Array.from(mix, (value) => Math.max(-32768, Math.min(32767, Math.round(value * 32767))));
  return { samples, fullScale: 32768, frameCycle: (frame) => Math.floor(ORIGIN + frame * FRAME_CYCLES) };
}

/** Numbers that look random and are the same in every run: an LCG with Numerical Recipes' constants, 0 to 1. */
function noise(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Plays the bytes into a recorder: DMA handler, rendering in PendSV, MIDI handler pre-empting it, main loop, sleep. */
function record(bytes: readonly [number, number][], seconds: number): Recorder {
  const random = noise();
  let voices = 0;
  const recorder = new Recorder({
    USART2: { priority: 2, budget: 400 },
    DMA1_Stream5: { priority: 1, budget: 200 },
    DMA1_Stream4: { priority: 3, budget: 200 },
    PendSV: { priority: 15, budget: 100_000 },
    TIM5: { priority: 4, budget: 150 },
  }, () => voices);
  const held: number[] = [];
  const released: number[] = [];
  let next = 0;
  let awakeUntil = ORIGIN;
  const interrupt = (vector: string, at: number, pendedAt: number, cycles: number) => {
    recorder.exceptionEnter(vector, at, pendedAt);
    recorder.exceptionExit(vector, at + cycles);
    return at + cycles;
  };
  const receive = (at: number) => {
    const [byte, end] = bytes[next++];
    recorder.midiByte(byte, end - CHARACTER_CYCLES, end);
    return interrupt('USART2', Math.max(at, end), end, 168 + Math.floor(random() * 90));
  };
  const notes = notesOf({ bytes: Uint8Array.from(bytes, ([byte]) => byte), endCycles: Float64Array.from(bytes, ([, end]) => end) });
  let struck = 0;
  for (let block = 1; ; block++) {
    const boundary = Math.floor(ORIGIN + block * BLOCK_FRAMES * FRAME_CYCLES);
    const following = Math.floor(ORIGIN + (block + 1) * BLOCK_FRAMES * FRAME_CYCLES);
    if (following > seconds * CORE_HERTZ) return recorder;
    if (awakeUntil < boundary) recorder.sleep(awakeUntil, boundary);
    while (struck < notes.length && notes[struck].onCycle < boundary) held.push(notes[struck++].offCycle);
    for (let i = held.length - 1; i >= 0; i--) if (held[i] < boundary) released.push(held.splice(i, 1)[0] + 0.15 * CORE_HERTZ);
    for (let i = released.length - 1; i >= 0; i--) if (released[i] < boundary) released.splice(i, 1);
    voices = Math.min(16, held.length + released.length);
    recorder.blockBoundary(boundary);
    const start = interrupt('DMA1_Stream5', Math.max(boundary, awakeUntil - 40), boundary, 96 + Math.floor(random() * 14)) + 6;
    recorder.exceptionEnter('PendSV', start, boundary + 40);
    let end = start + Math.round(BLOCK_FRAMES * (420 + voices * (104 + 8 * random())) * (1 + 0.06 * random() ** 6));
    while (next < bytes.length && bytes[next][1] < end) end += receive(start) - Math.max(start, bytes[next - 1][1]);
    recorder.exceptionExit('PendSV', end);
    awakeUntil = end + 160;
    while (next < bytes.length && bytes[next][1] < following) {
      if (bytes[next][1] > awakeUntil) recorder.sleep(awakeUntil, bytes[next][1]);
      awakeUntil = receive(awakeUntil) + 520;
    }
  }
}

/** Everything that a report is made from, for the first `seconds` of the piece. */
export function exampleRun(seconds = 6): ReportInput {
  const bytes = wireBytes().filter(([, end]) => end < seconds * CORE_HERTZ);
  const recorder = record(bytes, seconds);
  const notes = notesOf(recorder.midi());
  const audio = render(notes, seconds);
  const blocks = recorder.blocks();
  const gauges: Record<string, number> = {
    activeVoices: blocks.voices[blocks.count - 1], maxVoices: blocks.voices.reduce((a, b) => Math.max(a, b), 0),
    rxQueueHigh: 3, txQueueHigh: 0, eventQueueHigh: 9, renderedBlocks: blocks.count, stolenVoices: 2,
  };
  const words = Object.keys(counters).map((name) => gauges[name] ?? 0);
  const result: RunResult = {
    format: 1, firmware: 'assembly/firmware/synth.ts', board: 'stm32f4-discovery', cpu: 'wasm', engine: 'metered',
    seed: 1, overclock: 1, midiAlign: false,
    seconds, cycles: Math.round(seconds * CORE_HERTZ), coreHertz: CORE_HERTZ, sampleRate: CORE_HERTZ / FRAME_CYCLES,
    frames: frameCount(audio), blockFrames: BLOCK_FRAMES, ...levels(audio),
    audioSha256: createHash('sha256').update(audio.samples).digest('hex'),
    lateBlocks: 0, ...countersByKind(words), isr: recorder.isr(), cyclesPerFrame: cyclesPerFrame(blocks, FRAME_CYCLES),
    midiToAudio: midiToAudio(notes, audio, BLOCK_FRAMES * FRAME_CYCLES, CORE_HERTZ),
    midi: { file: 'build/demo/canon-in-d.mid', bytesIn: bytes.length, bytesOut: 0, notesOn: notes.length },
    midiProblem: null, audioProblem: null, codecProblems: [], playsAudio: true, log: [{ seconds: 1.5, text: 'an example of a log line\n' }], diagnostics: [{ where: 'GPIOC', message: 'an example of a finding: PC13 was written while it was an input' }],
    costs: 'An example: these numbers were made up to try the report.',
  };
  const command = `npx tonewheel run ${result.firmware} --board ${result.board} --midi ${result.midi.file} --report build/demo`;
  return { result, blocks, notes, audio, command };
}

export const exampleRunResult = (): RunResult => example.result;
const example = exampleRun(3);
