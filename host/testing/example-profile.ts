// SPDX-License-Identifier: MIT
// A made-up profile of the demo, on top of the made-up run: for specs of what people see. The sources are the demo's own, the cycles are not.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../paths.js';
import type { FlameGraph, FunctionProfile, Histogram, LineProfile, ProfileResult, Spread, WorstBlock } from '../profile/profile-result.js';
import { cyclesPerFrameOfBlocks } from '../profile/recorder.js';
import { exampleRun } from './example-run.js';

/** Calls with the part of all code's cycles that each takes itself; those in brackets are inlined. */
type Call = readonly [name: string, file: string, self: number, calls?: readonly Call[]];
const VOICE: readonly Call[] = [
  ['renderSaw', 'audio/oscillators', 0.11], ['addSaw', 'audio/oscillators', 0.09], ['renderSvf', 'audio/svf', 0.14], ['renderLadder', 'audio/ladder', 0.12],
  ['[amplify]', 'firmware/synth/amplifier', 0.08], ['[advanceEnvelope]', 'audio/envelope', 0.02],
];
const CONTEXTS: readonly (readonly [context: string, calls: readonly Call[]])[] = [
  ['PendSV', [['render', 'firmware/synth', 0.01, [
    ['schedulerRender', 'firmware/synth/player', 0.01, [['engineRender', 'firmware/synth/engine', 0.02, [
      ['update', 'firmware/synth/voice', 0.03], ...VOICE, ['addReverb', 'audio/reverb', 0.17], ['[limit]', 'audio/output', 0.03], ['[interleave]', 'audio/output', 0.02],
    ]]]],
    ['receive', 'firmware/synth', 0.005, [['parseByte', 'midi/parser', 0.01]]], ['audioOutWrite', 'drivers/stm32/audio-out', 0.03],
  ]]]],
  ['DMA1_Stream5', [['halfPlayed', 'firmware/synth', 0.002, [['[audioOutInterrupt]', 'drivers/stm32/audio-out', 0.02]]]]],
  ['USART2', [['characterMoved', 'firmware/synth', 0.001, [['uartInterrupt', 'drivers/stm32/uart', 0.012]]]]],
  ['main', [['main', 'firmware/synth', 0.004]]],
];
const CODE_CYCLES = 4e8;

interface Code { functions: FunctionProfile[]; lines: LineProfile[]; flame: FlameGraph; sources: Record<string, string[]> }

function exampleCode(): Code {
  const code: Code = { functions: [], lines: [], flame: { frames: [], nodes: [] }, sources: {} };
  const { functions, lines, flame: { frames, nodes }, sources } = code;
  const add = ([bracketed, module, self, calls = []]: Call, parent: number): number => {
    const inlined = bracketed.startsWith('[');
    const name = bracketed.replace(/[[\]]/g, '');
    const file = `assembly/${module}.ts`;
    const text = (sources[file] ??= readFileSync(join(packageRoot, file), 'utf8').split('\n'));
    const first = text.findIndex((line) => new RegExp(`^\\s*(export )?(function )?${name}\\(.*\\{$`).test(line));
    const end = text.findIndex((line, i) => i > first && /^ {0,2}\}$/.test(line));
    const selfCycles = Math.round(self * CODE_CYCLES);
    frames.push({ name, kind: inlined ? 'inlined' : 'function', file, line: first + 1 });
    const node = nodes.push({ frame: frames.length - 1, parent, self: selfCycles, total: 0 }) - 1;
    const body = Array.from({ length: end - first }, (_, i) => first + i).filter((i) => i === first || /[;(=]/.test(text[i]) && !/^\s*\/\//.test(text[i]));
    const weights = body.map((_, i) => 1 + ((i * 7) % 5) ** 2);
    const sum = weights.reduce((a, b) => a + b);
    body.forEach((i, k) => lines.push({ file, line: i + 1, cycles: Math.round((selfCycles * weights[k]) / sum), share: (self * weights[k]) / sum, function: functions.length }));
    const profile: FunctionProfile = { name, file, line: first + 1, selfCycles, totalCycles: 0, share: self, calls: inlined ? null : 4000 };
    functions.push(profile);
    const below = calls.reduce((total, call) => total + add(call, node), 0);
    return profile.totalCycles = nodes[node].total = selfCycles + below;
  };
  for (const [name, calls] of CONTEXTS) {
    frames.push({ name, kind: 'context', file: null, line: null });
    const root = nodes.push({ frame: frames.length - 1, parent: -1, self: 0, total: 0 }) - 1;
    if (name !== 'main') {
      frames.push({ name: 'exception entry and exit', kind: 'overhead', file: null, line: null });
      nodes.push({ frame: frames.length - 1, parent: root, self: 2e6, total: 2e6 });
      nodes[root].total = 2e6;
    }
    for (const call of calls) nodes[root].total += add(call, root);
  }
  const order = functions.map((_, i) => i).sort((a, b) => functions[b].selfCycles - functions[a].selfCycles);
  return { ...code, functions: order.map((i) => functions[i]), lines: lines.map((l) => ({ ...l, function: order.indexOf(l.function) })).sort((a, b) => b.cycles - a.cycles) };
}

/** The block with most to do: MIDI comes while it is rendered. */
function exampleWorst(startCycle: number, coreHertz: number, budget: number): WorstBlock {
  const lengthCycles = Math.round(32 * budget);
  const timeline: WorstBlock['timeline'] = [];
  let at = 0;
  const stretch = (context: string, depth: number, cycles: number): void => { timeline.push({ context, depth, from: at, to: at += cycles }); };
  stretch('DMA1_Stream5', 1, 640);
  for (const part of [21_000, 30_000, 17_000]) { stretch('PendSV', 1, part); stretch('USART2', 2, 820); }
  stretch('PendSV', 1, 4100);
  stretch('main', 0, 300);
  stretch('sleep', 0, 9000);
  stretch('USART2', 1, 800);
  stretch('main', 0, 240);
  stretch('sleep', 0, lengthCycles - at);
  const runs = timeline.filter(({ context }) => context === 'USART2');
  return {
    index: 417, startSeconds: startCycle / coreHertz, startCycle, lengthCycles, busyCycles: 76_000, cyclesPerFrame: 2375, voices: 16, timeline,
    entries: [
      { vector: 'DMA1_Stream5', pendedAt: 0, enteredAt: 0, exitedAt: 640, preempted: 'sleep' },
      { vector: 'PendSV', pendedAt: 600, enteredAt: 640, exitedAt: 75_200, preempted: 'main' },
      ...runs.map(({ from, to }, i) => ({ vector: 'USART2', pendedAt: from - 14, enteredAt: from, exitedAt: to, preempted: i < 3 ? 'PendSV' : 'sleep' })),
    ],
    midi: runs.map(({ from }, i) => ({ at: from - 14, byte: [0x91, 60, 100, 64][i] })),
    functions: null, lines: null,
  };
}

/** Of values, in so many classes. */
function histogramOf(values: readonly number[], from: number, to: number, classes: number): Histogram {
  const width = (to - from) / classes;
  const counts = new Array<number>(classes).fill(0);
  for (const value of values) counts[Math.min(classes - 1, Math.floor((value - from) / width))]++;
  return { from, width, counts };
}

/** So many runs of times around a middle. */
const bell = (from: number, to: number, count: number): Histogram => (
  { from, width: Math.max(1, (to - from) / 32), counts: Array.from({ length: 32 }, (_, i) => Math.round((count / 8) * Math.exp(-(((i - 9) / 5) ** 2)))) });

/** The profile of the first `seconds` of the piece. */
export function exampleProfile(seconds = 6): ProfileResult {
  const { result: run, blocks, notes } = exampleRun(seconds);
  const { coreHertz, cyclesPerFrame: { budget, mean, p99, max } } = run;
  const values = [...cyclesPerFrameOfBlocks(blocks, budget)];
  const sorted = [...values].sort((a, b) => a - b);
  const spread = (low: number, middle: number, high: number): Spread => ({ min: low, mean: middle, p99: (middle + 3 * high) / 4, max: high });
  const ran = Object.entries(run.isr).filter(([, { count }]) => count > 0).sort((a, b) => b[1].totalCycles - a[1].totalCycles);
  const bound: Record<string, [string, number]> = { USART2: ['characterMoved', 50], DMA1_Stream5: ['halfPlayed', 56], PendSV: ['render', 62] };
  const inHandlers = ran.reduce((sum, [, { totalCycles }]) => sum + totalCycles, 0);
  const shares: [ProfileResult['time'][number]['kind'], string, number][] = [
    ...ran.map(([name, { totalCycles }]) => ['handler', name, totalCycles] as ['handler', string, number]),
    ['main', 'main', 4e6], ['reset', 'reset', 1.2e7], ['sleep', 'sleep', run.cycles - inHandlers - 1.6e7],
  ];
  const latencies = notes.slice(0, 40).map(({ onCycle }, i) => ({ seconds: onCycle / coreHertz, ms: 1.335 + ((i * 7) % 21) / 1000 }));
  const ms = latencies.map((l) => l.ms);
  const code = exampleCode();
  return {
    format: 2, kind: 'tonewheel-profile', command: 'npx tonewheel profile assembly/firmware/synth.ts --board stm32f4-discovery --report build/profile',
    entry: run.firmware, sha256: { module: '0'.repeat(64), midi: '1'.repeat(64), costs: '2'.repeat(64) }, run,
    costError: { handlerPercent: 4.2, blockPercent: 2.6, validatedOn: ['assembly/firmware/synth.ts'], command: 'npm run calibrate' },
    load: {
      mean, p99, p999: sorted[Math.ceil(0.999 * sorted.length) - 1], max, budget, blocks: blocks.count, histogram: histogramOf(values, 0, budget, 100),
      series: { blocksPerPoint: 1, seconds: [...blocks.boundaryCycles.subarray(0, blocks.count)].map((c) => c / coreHertz), mean: values, max: values, voices: [...blocks.voices] },
    },
    rendering: {
      vector: 'PendSV', deadlineFrames: 27, deadlineCycles: 27 * budget, late: 0,
      response: { min: 0.3 * 27 * budget, mean: 0.5 * 27 * budget, p99: 0.7 * 27 * budget, max: 75_200 },
    },
    notes: notes.map(({ onCycle, offCycle, channel, note, velocity }) => ({ start: onCycle / coreHertz, end: Math.min(seconds, offCycle / coreHertz), channel, note, velocity })),
    handlers: ran.map(([name, h]) => ({
      name, functionName: bound[name]?.[0] ?? null, file: bound[name] ? run.firmware : null, line: bound[name]?.[1] ?? null,
      priority: h.priority, budget: h.budget, count: h.count, unfinishedCycles: null, overBudget: h.overBudget, duration: spread(0.8 * h.meanCycles, h.meanCycles, h.maxCycles),
      totalCycles: h.totalCycles, elapsed: spread(0.8 * h.meanCycles, h.meanCycles, h.maxElapsedCycles),
      latency: spread(12, Math.max(12, h.meanLatencyCycles), Math.max(12, h.maxLatencyCycles)), jitter: Math.max(0, h.maxLatencyCycles - 12),
      durations: bell(0.8 * h.meanCycles, h.maxCycles, h.count), latencies: bell(12, Math.max(12, h.maxLatencyCycles), h.count),
    })),
    time: shares.map(([kind, name, cycles]) => ({ kind, name, cycles, share: cycles / run.cycles })),
    preemptions: [{ by: 'USART2', of: 'PendSV', count: 212 }, { by: 'USART2', of: 'sleep', count: 160 }, { by: 'PendSV', of: 'main', count: 4100 }, { by: 'DMA1_Stream5', of: 'sleep', count: 4090 }],
    voices: {
      base: 430, perVoice: 108, explained: 0.97,
      table: Array.from({ length: 12 }, (_, v) => ({ voices: v, blocks: 300 - 20 * v, mean: 430 + 108 * v, max: 460 + 120 * v })),
    },
    voiceCycles: { share: 0.56, functions: ['Voice#update'], inlined: ['Voice#renderTo'], untold: 0, each: Array.from({ length: 16 }, (_, i) => ({ name: `Voice ${i + 1}`, calls: 9000 - 500 * i, cycles: 0.56 * CODE_CYCLES * (16 - i) / 136, share: 0.56 * (16 - i) / 136 })) },
    codeCycles: CODE_CYCLES, counted: 'blocks', ...code,
    worst: exampleWorst(Math.round(blocks.boundaryCycles[417]), coreHertz, budget),
    midiToAudio: {
      notes: latencies.length, minMs: Math.min(...ms), meanMs: ms.reduce((a, b) => a + b) / ms.length, medianMs: 1.345, p99Ms: Math.max(...ms), maxMs: Math.max(...ms),
      histogram: histogramOf(ms, 1.33, 1.36, 15), values: latencies,
    },
    queues: [
      { name: 'rxQueue', of: 'MIDI bytes received', capacity: 256, highWater: 3, lost: 0 }, { name: 'txQueue', of: 'MIDI bytes to send', capacity: 64, highWater: 0, lost: 0 },
      { name: 'eventQueue', of: 'MIDI messages', capacity: null, highWater: 9, lost: 0 }, { name: 'echoes', of: 'messages', capacity: 16, highWater: 16, lost: null },
    ],
    stacks: [{ name: 'C stack', byteCount: 8192, highWater: 1104 }],
    memory: [
      { region: 'RAM', origin: 0x20000000, byteCount: 131_072, parts: [
        { name: 'linear memory', address: 0x20000000, byteCount: 65_536 }, { name: 'stack', address: 0x20018000, byteCount: 8192 }] },
      { region: 'FLASH', origin: 0x08000000, byteCount: 1_048_576, parts: [
        { name: 'vectors', address: 0x08000000, byteCount: 392 }, { name: 'code', address: 0x08000188, byteCount: 61_000 }, { name: 'constants', address: 0x08010000, byteCount: 9_800 }] },
    ],
    diff: null,
    missing: [{ what: 'the stack of interpreted code', why: 'an example: these numbers were made up to try the page' }],
  };
}
