// SPDX-License-Identifier: MIT
// A profile in a terminal: what a block costs, what takes it, and what got slower. Fits 80 columns, but for long names.

import pc from 'picocolors';
import { duration, microseconds, number, percent, ratio, timeText, unbroken } from './format.js';
import type { ProfileChange, ProfileDiff, ProfileResult } from './profile-result.js';
import { WIDTH, wrap, type WrittenFile } from './summary.js';
import { gaps, isStuck, isTelling, rendererName, stuckText, whyLate } from './verdict.js';

type Colours = ReturnType<typeof pc.createColors>;

const LABEL = 18;
const FUNCTIONS = 10;
const LINES = 10;
/** Of a line of source, characters. */
const LINE_TEXT = 60;

/** Columns side by side; the first is left-aligned, or all of those that `left` says. */
function table(columns: readonly string[], rows: readonly (readonly string[])[], c: Colours, left: readonly number[] = [0]): string[] {
  if (rows.length === 0) return [];
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string => cells.map((text, i) => (left.includes(i) ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  ').trimEnd();
  return ['', c.dim(line(columns)), ...rows.map(line)];
}

/** Text to its first characters, `most` with the mark that there were more. */
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Room for a function's name and its place beside share and cycles. */
const BESIDE_NAMES = 26;

/** A name to its first letters, a place to its last: as a terminal of so many columns has room. */
function fitted(name: string, place: string, columns: number): [string, string] {
  const room = Math.max(24, columns - BESIDE_NAMES);
  const most = Math.max(Math.ceil(room / 2), room - place.length);
  const short = cut(name, most);
  const rest = room - Math.min(most, Math.max(short.length, Math.floor(room / 2)));
  return [short, place.length > rest ? `…${place.slice(1 - rest)}` : place];
}

const change = (value: number): string => `${value < 0 ? '−' : '+'}${number(Math.abs(value), 1)} %`;
const values = ({ before, after }: { before: number; after: number }): string => `${number(before)} → ${number(after)}`;

function changeLines(changes: readonly ProfileChange[]): string[] {
  return changes.flatMap(({ kind, name, unit, file, line, before, after, percent: by, lines }) => [
    `  ${kind} ${name}: ${change(by)} (${values({ before, after })} ${unit})${file === null ? '' : `  ${file}:${line}`}`,
    ...lines.map((l) => `    ${l.file}:${l.line}: ${values(l)}${l.changed ? ', changed' : ''}: ${l.text}`),
  ]);
}

/** What is slower, what is faster, what is new. */
export function diffSummary({ slower, faster, added, threshold }: ProfileDiff, oldPath: string, colours: boolean = pc.isColorSupported): string {
  const c = pc.createColors(colours);
  const lines = slower.length === 0 ? [c.green(`✓ Nothing is more than ${threshold} % slower than in ${oldPath}.`)] : [c.red(`✗ Slower than in ${oldPath}, by more than ${threshold} %:`), ...changeLines(slower)];
  if (faster.length > 0) lines.push(c.green('Faster:'), ...changeLines(faster));
  if (added.length > 0) lines.push('New:', ...added.map(({ name, file, line, cycles }) => `  function ${name}: ${number(cycles)} cycles  ${file}:${line}`));
  return lines.join('\n');
}

/**
 * @param colours whether to use the terminal's colours; by default when there is a terminal that has them
 * @param columns of the terminal; without one, names of functions stand whole
 */
export function profileSummary(result: ProfileResult, files: readonly WrittenFile[], colours: boolean = pc.isColorSupported, columns: number = process.stdout.columns ?? Infinity): string {
  const c = pc.createColors(colours);
  const { run, load, rendering, time, handlers, functions, lines, worst, voices, voiceCycles, midiToAudio, stacks, queues, missing, sources, counted } = result;
  const row = (label: string, text: string): string => `${c.dim(label.padEnd(LABEL))}${text}`;
  const share = (value: number): string => percent(ratio(value, load.budget));
  const out = [
    row('Profiled', `${c.bold(`${duration(run.seconds)} s`)} of ${run.firmware} on ${run.board} (cpu ${run.cpu}, ${run.engine})`),
    row('Time', time.filter((t) => t.share >= 0.0005).map((t) => `${t.name} ${percent(t.share)}`).join(', ')),
  ];
  if (load.blocks > 0) {
    out.push(
      row('Cycles per frame', `mean ${number(load.mean)}, p99 ${number(load.p99)}, p99.9 ${number(load.p999)}, max ${c.bold(number(load.max))} (${share(load.max)} of ${number(load.budget)})`),
      row('Late blocks', run.lateBlocks === 0 ? c.green('0') : c.red(number(run.lateBlocks))),
    );
  }
  if (rendering) {
    const time = (cycles: number): string => timeText(cycles, run.coreHertz).replace('\u00a0', ' ');
    out.push(row('Block ready after', `mean ${time(rendering.response.mean)}, max ${(run.lateBlocks > 0 ? c.red : c.bold)(time(rendering.response.max))} of ${time(rendering.deadlineCycles)}, by ${rendererName(rendering)}`));
  }
  const why = whyLate(result);
  if (why !== undefined) out.push(...wrap(why, WIDTH - LABEL).map((line) => row('', c.red(line))));
  if (worst) out.push(row('Worst block', `no. ${number(worst.index)}, ${number(worst.startSeconds, 4)} s after reset: ${number(worst.busyCycles)} of ${number(worst.lengthCycles)} cycles, ${number(worst.voices)} voices`));
  if (voices && isTelling(voices)) out.push(row('A voice', `${number(voices.perVoice)} cycles per frame, above ${number(voices.base)} with none (explains ${percent(voices.explained)})`));
  if (voiceCycles) out.push(row('By voice', `${percent(voiceCycles.share)} of all code in ${voiceCycles.each.length} voices: ${voiceCycles.each.map(({ share: s }) => percent(s)).join(' ')}`));
  if (midiToAudio.meanMs !== null) out.push(row('MIDI to audio', `${number(midiToAudio.minMs!, 2)} to ${number(midiToAudio.maxMs!, 2)} ms, mean ${number(midiToAudio.meanMs, 2)}, over ${midiToAudio.notes === 1 ? 'one note' : `${number(midiToAudio.notes)} notes`}`));
  if (queues.length > 0) out.push(row('Queues', queues.map(({ name, capacity, highWater, lost }) => `${name}: ${number(highWater)}${capacity === null ? '' : ` of ${number(capacity)}`}${lost ? ` (${number(lost)} lost)` : ''}`).join(', ')));
  for (const { highWater, byteCount } of stacks) out.push(row('Stack', `${number(highWater)} of ${number(byteCount)} bytes`));
  out.push(
    ...table(['Handler', 'runs', 'mean', 'p99', 'longest', 'µs', 'latency', 'jitter'], handlers.filter(({ count, unfinishedCycles }) => count > 0 || unfinishedCycles !== null).map((h) => h.count === 0 ? [
      h.name, '0', '–', '–', '–', '–', '–', '–',
    ] : [
      h.name, number(h.count), number(h.duration.mean), number(h.duration.p99), number(h.duration.max), microseconds(h.duration.max, run.coreHertz), number(h.latency.max), number(h.jitter),
    ]), c),
    ...gaps(run).flatMap((text) => ['', ...wrap(text, WIDTH).map((line) => c.yellow(line))]),
    ...handlers.filter(isStuck).flatMap((h) => wrap(stuckText(h, run.coreHertz), WIDTH).map((line) => c.red(line))),
    ...table(['Function', 'share', 'cycles', 'where'], functions.slice(0, FUNCTIONS).map((f) => {
      const [name, place] = fitted(f.name, `${f.file}:${f.line}`, columns);
      return [name, percent(f.share), number(f.selfCycles), place];
    }), c, [0, 3]),
    ...table(['Line', 'share', ''], lines.slice(0, LINES).map((l) => [`${l.file}:${l.line}`, percent(l.share), cut((sources[l.file]?.[l.line - 1] ?? '').trim(), LINE_TEXT)]), c, [0, 2]),
  );
  out.push('', ...wrap(unbroken(`Cycles: ${run.costs}${counted === 'cycles' ? '; each counted for its function and line as it passed' : ''}.`), WIDTH).map((line) => c.dim(line)));
  if (missing.length > 0) out.push(...missing.map(({ what, why }) => c.dim(`Not measured: ${what} (${why}).`)));
  if (files.length > 0) out.push('', ...files.map(({ kind, path, note }) => `${c.dim(kind.padEnd(LABEL))}${path}${note === undefined ? '' : `  (${note})`}`));
  return out.join('\n');
}
