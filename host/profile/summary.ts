// SPDX-License-Identifier: MIT
// The end of a run in a terminal: what was played, what it cost, what was lost, which files were written. Fits 80 columns.

import pc from 'picocolors';
import { decibels, duration, microseconds, number, percent, plural, ratio, unbroken } from './format.js';
import type { RunResult } from './run-result.js';
import { verdicts } from './verdict.js';

/** A file that the run wrote, with a word for what it is. */
export interface WrittenFile {
  readonly kind: string;
  readonly path: string;
  /** What is to be known of it. */
  readonly note?: string;
}

type Colours = ReturnType<typeof pc.createColors>;

export const WIDTH = 80;
const LABEL = 18;

const PAINT = { good: 'green', warning: 'yellow', bad: 'red' } as const;
const MARK = { good: '✓', warning: '!', bad: '✗' } as const;

/** Breaks text at spaces so that no line is longer than `width`, unless a word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Mean, maximum and budget as a bar of characters. */
function bar({ mean, max, budget }: RunResult['cyclesPerFrame'], c: Colours): string {
  const cells = 40;
  const at = (value: number) => Math.max(0, Math.min(cells, Math.round(ratio(value, budget) * cells)));
  return `${c.cyan('█'.repeat(at(mean)))}${c.cyan('▒'.repeat(at(max) - at(mean)))}${c.dim('·'.repeat(cells - at(max)))}`;
}

function handlerTable(result: RunResult, c: Colours): string[] {
  const ran = Object.entries(result.isr).filter(([, h]) => h.count > 0).sort((a, b) => b[1].totalCycles - a[1].totalCycles);
  if (ran.length === 0) return [];
  const columns = ['Handler', 'runs', 'mean', 'longest', 'µs', 'budget', 'latency µs'];
  const rows = ran.map(([vector, h]) => [
    vector, number(h.count), number(h.meanCycles), number(h.maxCycles), microseconds(h.maxCycles, result.coreHertz),
    h.budget === null ? '–' : number(h.budget), microseconds(h.maxLatencyCycles, result.coreHertz),
  ]);
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  const line = (cells: string[]) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return ['', c.dim(line(columns)), ...rows.map((row, i) => (ran[i][1].overBudget > 0 ? c.red(line(row)) : line(row)))];
}

function latencyText({ midiToAudio: { notes, minMs, meanMs, maxMs } }: RunResult): string {
  if (meanMs === null) return 'not measured: no note came in silence';
  const spread = notes === 1 ? 'the one note that came in silence' : `${number(minMs!, 2)} to ${number(maxMs!, 2)} over ${number(notes)} notes in silence`;
  return `${number(meanMs, 2)} ms (${spread})`;
}

/**
 * The summary as lines, without a line break at the end.
 * @param colours whether to use the terminal's colours; by default when there is a terminal that has them
 */
export function summary(result: RunResult, files: readonly WrittenFile[], colours: boolean = pc.isColorSupported): string {
  const c = pc.createColors(colours);
  const { cyclesPerFrame: cpf, midi } = result;
  const share = (value: number) => percent(ratio(value, cpf.budget));
  const row = (label: string, value: string) => `${c.dim(label.padEnd(LABEL))}${value}`;
  const lines = [
    row('Played', `${c.bold(`${duration(result.seconds)} s`)} on ${result.board} (cpu ${result.cpu}, ${result.engine})`),
    row('Audio', `${number(result.frames)} frames at ${number(result.sampleRate, 2)} Hz, peak ${decibels(result.peak)} dBFS`),
    row('MIDI', `${plural(midi.notesOn, 'note')}, ${number(midi.bytesIn)} bytes in, ${number(midi.bytesOut)} out`),
    row('Voices', `${number(result.gauges.maxVoices)} at most, ${number(result.losses.stolenVoices)} stolen`),
    row('MIDI to audio', latencyText(result)),
    ...(result.frames === 0 ? [] : [
      row('Cycles per sample', `${bar(cpf, c)} ${c.bold(number(cpf.mean))} of ${number(cpf.budget)}`),
      row('', `mean ${share(cpf.mean)}, 99th percentile ${number(cpf.p99)}, max ${number(cpf.max)} (${share(cpf.max)})`),
      row('Late blocks', result.lateBlocks === 0 ? c.green('0') : c.red(number(result.lateBlocks))),
    ]),
    ...handlerTable(result, c),
    '', ...wrap(unbroken(`Cycles: ${result.costs}.`), WIDTH).map((line) => c.dim(line)),
    '',
    ...verdicts(result).flatMap(({ grade, text }) => {
      const paint = c[PAINT[grade]];
      return wrap(text, WIDTH - 2).map((line, i) => paint(`${i === 0 ? MARK[grade] : ' '} ${line}`));
    }),
  ];
  if (files.length > 0) {
    const kindWidth = Math.max(...files.map(({ kind }) => kind.length)) + 2;
    lines.push('', ...files.map(({ kind, path }) => `${c.dim(kind.padEnd(kindWidth))}${path}`));
  }
  return lines.join('\n');
}
