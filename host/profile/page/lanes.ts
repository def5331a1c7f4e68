// SPDX-License-Identifier: MIT
// The lanes and the histogram that the pages have in common: load against its budget, voices, MIDI notes. In the browser.

import uPlot from 'uplot';
import { axis, colour, drawLimit, element, f32, follow, LABELS_HEIGHT, LEFT_WIDTH, many, u8, whole } from './browser.js';
import type { PackedLoad, PackedNotes } from './packed.js';
import { type Lane, resample } from './time-plots.js';

const channelColour = (channel: number): string => colour(`channel-${(channel % 8) + 1}`);

const NAMES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const noteName = (note: number): string => `${NAMES[note % 12]}${Math.floor(note / 12) - 1}`;

/** @param budget core cycles from one frame to the next */
export function loadLane(load: PackedLoad, budget: number, draw: (u: uPlot) => void = () => {}): Lane {
  const time = f32(load.time);
  const [max, mean] = [f32(load.max), f32(load.mean)];
  return {
    id: 'plot-load',
    height: 240,
    data: (from, to, pixels) => resample(time, [[max, 'max'], [mean, 'mean']], from, to, pixels),
    series: [
      { stroke: () => colour('load-max'), fill: () => colour('load-fill'), width: 1, points: { show: false } },
      { stroke: () => colour('load'), width: 1.5, points: { show: false } },
    ],
    y: { range: [0, budget * 1.08] },
    yAxis: { values: (_, splits) => splits.map(whole) },
    hooks: { draw: [(u) => { draw(u); drawLimit(u, 'y', budget, `budget ${whole(budget)}`); }] },
    readout: (seconds, i, [, shownMax, shownMean]) => {
      const share = Math.round((shownMax[i]! / budget) * 100);
      return `${seconds.toFixed(3)} s: mean ${whole(shownMean[i]!)}, max ${whole(shownMax[i]!)} cycles per frame, ${share} %`;
    },
  };
}

export function voicesLane(load: PackedLoad): Lane {
  const time = f32(load.time);
  const voices = u8(load.voices);
  const top = voices.reduce((a, b) => Math.max(a, b), 1);
  return {
    id: 'plot-voices',
    height: 96,
    data: (from, to, pixels) => resample(time, [[voices, 'max']], from, to, pixels),
    series: [{
      stroke: () => colour('voices'), fill: () => colour('voices-fill'), width: 1.5, points: { show: false },
      paths: uPlot.paths.stepped!({ align: 1 }),
    }],
    y: { range: [0, top * 1.15] },
    yAxis: { splits: () => [0, Math.round(top / 2), top] },
    readout: (seconds, i, [, shown]) => `${seconds.toFixed(3)} s: ${many(shown[i]!, 'voice')}`,
  };
}

const BAND_HEIGHT = 30;

export function notesLane(notes: PackedNotes): Lane {
  const [start, end] = [f32(notes.start), f32(notes.end)];
  const [channel, note, velocity] = [u8(notes.channel), u8(notes.note), u8(notes.velocity)];
  const channels = [...new Set(channel)].sort((a, b) => a - b);
  const bandOf = new Map(channels.map((c, i) => [c, i]));
  const lowest = new Map<number, number>();
  const highest = new Map<number, number>();
  for (let i = 0; i < note.length; i++) {
    lowest.set(channel[i], Math.min(lowest.get(channel[i]) ?? 127, note[i]));
    highest.set(channel[i], Math.max(highest.get(channel[i]) ?? 0, note[i]));
  }
  const bands = Math.max(1, channels.length);
  /** Notes whose time overlaps a range; starts are sorted, so the search may end early. */
  const draw = (u: uPlot): void => {
    const { ctx, bbox } = u;
    const [from, to] = [u.scales.x.min!, u.scales.x.max!];
    const px = uPlot.pxRatio;
    const bandHeight = bbox.height / bands;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const colours = channels.map(channelColour);
    ctx.fillStyle = colour('stripe');
    for (let band = 0; band < bands; band += 2) ctx.fillRect(bbox.left, bbox.top + band * bandHeight, bbox.width, bandHeight);
    for (let i = 0; i < start.length && start[i] <= to; i++) {
      if (end[i] < from) continue;
      const c = channel[i];
      const band = bandOf.get(c)!;
      const span = Math.max(1, highest.get(c)! - lowest.get(c)!);
      const height = Math.max(2.5 * px, Math.min(6 * px, (bandHeight - 6 * px) / span));
      const up = highest.get(c) === lowest.get(c) ? 0.5 : (note[i] - lowest.get(c)!) / span;
      const y = bbox.top + band * bandHeight + 3 * px + (bandHeight - 6 * px - height) * (1 - up);
      const x0 = u.valToPos(start[i], 'x', true);
      const x1 = u.valToPos(end[i], 'x', true);
      ctx.fillStyle = colours[band];
      ctx.globalAlpha = 0.45 + (0.55 * velocity[i]) / 127;
      ctx.fillRect(x0, y, Math.max(1.5 * px, x1 - x0), height);
    }
    ctx.restore();
  };
  return {
    id: 'plot-notes',
    height: Math.max(64, bands * BAND_HEIGHT + 10),
    data: (from, to) => [[from, to], [null, null]],
    series: [{ points: { show: false } }],
    y: { range: [0, bands] },
    yAxis: {
      splits: () => channels.map((_, i) => bands - i - 0.5),
      values: () => channels.map((c) => `ch ${c + 1}`),
      grid: { show: false },
    },
    hooks: { draw: [draw] },
    readout: (seconds) => {
      const names: string[] = [];
      for (let i = 0; i < start.length && start[i] <= seconds; i++) if (end[i] > seconds && channel[i] !== 9) names.push(noteName(note[i]));
      return `${seconds.toFixed(3)} s: ${names.length > 0 ? names.join(' ') : 'no note'}`;
    },
  };
}

export interface HistogramPlot {
  readonly id: string;
  readonly height: number;
  /** counts[i] values lie in [from + i * width, from + (i + 1) * width). */
  readonly from: number;
  readonly width: number;
  readonly counts: readonly number[];
  /** End of the axis. */
  readonly to: number;
  readonly logarithmic: boolean;
  /** Lines across it, with their names. */
  readonly marks: readonly { readonly at: number; readonly text: string; readonly colour?: string }[];
  label(value: number): string;
  readout(from: number, to: number, count: number): string;
}

/** Bars of counts. */
export function addHistogram({ id, height, from, width, counts, to, logarithmic, marks, label, readout: text }: HistogramPlot): void {
  const host = element(id);
  const readout = element(`${id}-readout`);
  const rest = readout.textContent!;
  const most = counts.reduce((a, b) => Math.max(a, b), logarithmic ? 10 : 1);
  const decades = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);
  // The names of the lines stand above the bars.
  const headroom = marks.length > 1 ? 2 + 10 * marks.length : 2;
  follow(new uPlot({
    width: host.clientWidth,
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
    scales: { x: { time: false, range: [from, to] }, y: logarithmic ? { distr: 3, range: [0.5, most * headroom] } : { range: [0, most * 1.15] } },
    series: [{}, {
      stroke: () => colour('load'), fill: () => colour('load'), width: 0, points: { show: false },
      paths: uPlot.paths.bars!({ size: [0.86, 60], align: 1 }),
    }],
    axes: [
      { ...axis, grid: { show: false }, size: LABELS_HEIGHT, space: 70, values: (_, splits) => splits.map(label) },
      {
        ...axis, size: LEFT_WIDTH, values: (_, splits) => splits.map((s) => (Number.isInteger(s) ? whole(s) : '')),
        ...(logarithmic && { splits: () => decades }),
      },
    ],
    hooks: {
      draw: [(u) => marks.forEach((mark, i) => drawLimit(u, 'x', mark.at, mark.text, mark.colour, i))],
      setCursor: [(u) => {
        const { left, idx } = u.cursor;
        if (left === undefined || left < 0 || idx === null || idx === undefined) readout.textContent = rest;
        else readout.textContent = text(from + idx * width, from + (idx + 1) * width, counts[idx]);
      }],
    },
  }, [counts.map((_, i) => from + i * width), counts.map((c) => (c === 0 ? null : c))], host));
}
