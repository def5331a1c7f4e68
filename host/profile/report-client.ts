// SPDX-License-Identifier: MIT
// The script inside the report: draws the plots and keeps their time axes together. Runs in a browser, with no network.

import uPlot from 'uplot';
import type { Packed, ReportData } from './report-data.js';

function bytesOf(packed: Packed): ArrayBuffer {
  return Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer;
}
const f32 = (packed: Packed) => new Float32Array(bytesOf(packed));
const u8 = (packed: Packed) => new Uint8Array(bytesOf(packed));

const data: ReportData = JSON.parse(document.getElementById('data')!.textContent!);
const element = (id: string) => document.getElementById(id)!;
const buttons = (selector: string) => Array.from(document.querySelectorAll<HTMLButtonElement>(selector));

/** A colour of the style sheet, as it is now: light and dark differ. */
const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const channelColour = (channel: number) => colour(`channel-${(channel % 8) + 1}`);

const NAMES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const noteName = (note: number) => `${NAMES[note % 12]}${Math.floor(note / 12) - 1}`;
const whole = (value: number) => Math.round(value).toLocaleString('en-US');

const many = (count: number, one: string) => `${whole(count)} ${one}${count === 1 ? '' : 's'}`;

/** A time on the axis: as many decimals as tell neighbouring labels apart. */
const clock = (seconds: number, step: number) => {
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : step >= 0.001 ? 3 : 4;
  if (step < 1) return `${seconds.toFixed(decimals)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
};

const LEFT_WIDTH = 56;
const LABELS_HEIGHT = 28;
const plots: uPlot[] = [];
const timePlots: (readonly [uPlot, Lane])[] = [];
let range: [from: number, to: number] = [0, data.seconds];

/** Sets the time range of all plots, within the run. */
function show(from: number, to: number): void {
  const length = Math.min(to - from, data.seconds);
  const start = Math.max(0, Math.min(from, data.seconds - length));
  range = [start, start + length];
  for (const [plot, lane] of timePlots) {
    plot.batch(() => {
      plot.setData(lane.data(...range, plot.over.clientWidth), false);
      plot.setScale('x', { min: range[0], max: range[1] });
    });
  }
  for (const button of buttons('[data-span]')) {
    button.setAttribute('aria-pressed', String(Math.abs((Number(button.dataset.span) || data.seconds) - length) < 1e-6));
  }
}

type Column = readonly [values: Float32Array | Uint8Array, combine: 'max' | 'min' | 'mean'];

/**
 * The part of a record from one time to another, with no more points than a plot has pixels, so that lines stay lines. Points are combined in
 * groups that start at the same points whatever the range, so that nothing flickers while it moves.
 */
function resample(time: Float32Array, columns: readonly Column[], from: number, to: number, points: number): uPlot.AlignedData {
  let first = 0;
  while (first + 1 < time.length && time[first + 1] <= from) first++;
  let end = first;
  while (end < time.length && time[end] <= to) end++;
  end = Math.min(time.length, end + 1);
  const group = Math.max(1, Math.ceil((end - first) / points));
  first -= first % group;
  const starts: number[] = [];
  for (let i = first; i < end; i += group) starts.push(i);
  const combined = columns.map(([values, combine]) => starts.map((start) => {
    const stop = Math.min(start + group, time.length);
    let result = values[start];
    for (let i = start + 1; i < stop; i++) {
      const value = values[i];
      result = combine === 'mean' ? result + value : combine === 'max' ? Math.max(result, value) : Math.min(result, value);
    }
    return combine === 'mean' ? result / (stop - start) : result;
  }));
  return [starts.map((i) => time[i]), ...combined];
}

interface Lane {
  readonly id: string;
  readonly height: number;
  readonly series: uPlot.Series[];
  /** What to draw for a range of time on so many pixels. */
  data(from: number, to: number, pixels: number): uPlot.AlignedData;
  readonly y: uPlot.Scale;
  readonly yAxis: uPlot.Axis;
  readonly bands?: uPlot.Band[];
  readonly hooks?: uPlot.Hooks.Arrays;
  /** Text for the lane's head while the cursor is at a time and a point of the data. */
  readout(seconds: number, index: number, shown: uPlot.AlignedData): string;
}

const FONT = '12px system-ui, sans-serif';
const grid = { stroke: () => colour('grid'), width: 1 };

/** Adds a lane. @param timeLabels whether the time axis has its labels here */
function addLane(lane: Lane, timeLabels: boolean): void {
  const host = element(lane.id);
  const readout = element(`${lane.id}-readout`);
  const rest = readout.textContent!;
  const plot = new uPlot({
    width: host.clientWidth,
    height: lane.height + (timeLabels ? LABELS_HEIGHT : 0),
    padding: [6, 10, timeLabels ? 0 : 4, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'time', scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: { show: false },
    },
    scales: { x: { time: false, min: 0, max: data.seconds }, y: lane.y },
    series: [{}, ...lane.series],
    bands: lane.bands,
    axes: [
      {
        stroke: () => colour('muted'), grid, font: FONT, ticks: { show: false }, size: timeLabels ? LABELS_HEIGHT : 0, gap: 6, space: 70,
        values: (_, splits) => (timeLabels ? splits.map((s) => clock(s, splits[1] - splits[0])) : splits.map(() => '')),
      },
      { stroke: () => colour('muted'), grid, font: FONT, ticks: { show: false }, size: LEFT_WIDTH, gap: 6, ...lane.yAxis },
    ],
    hooks: {
      ...lane.hooks,
      setCursor: [(u) => {
        const { left, idx } = u.cursor;
        if (left === undefined || left < 0 || idx === null || idx === undefined) readout.textContent = rest;
        else readout.textContent = lane.readout(u.posToVal(left, 'x'), idx, u.data);
      }],
      setSelect: [(u) => {
        const { left, width } = u.select;
        if (width < 4) return;
        const from = u.posToVal(left, 'x');
        const to = u.posToVal(left + width, 'x');
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        show(from, to);
      }],
    },
  }, lane.data(...range, host.clientWidth), host);
  plot.over.addEventListener('dblclick', () => show(0, data.seconds));
  plots.push(plot);
  timePlots.push([plot, lane]);
}

/** A horizontal line with a word at its right end. */
function drawLimit(u: uPlot, value: number, text: string): void {
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(value, 'y', true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour('limit');
  ctx.lineWidth = uPlot.pxRatio * 1.5;
  ctx.setLineDash([6 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `600 ${12 * uPlot.pxRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'top';
  ctx.fillText(text, bbox.left + bbox.width - 4 * uPlot.pxRatio, y + 5 * uPlot.pxRatio);
  ctx.restore();
}

function loadLane(): Lane {
  const time = f32(data.load.time);
  const columns: Column[] = [[f32(data.load.max), 'max'], [f32(data.load.mean), 'mean']];
  return {
    id: 'plot-load',
    height: 240,
    data: (from, to, pixels) => resample(time, columns, from, to, pixels),
    series: [
      { stroke: () => colour('load-max'), fill: () => colour('load-fill'), width: 1, points: { show: false } },
      { stroke: () => colour('load'), width: 1.5, points: { show: false } },
    ],
    y: { range: [0, data.budget * 1.08] },
    yAxis: { values: (_, splits) => splits.map(whole) },
    hooks: { draw: [(u) => drawLimit(u, data.budget, `budget ${whole(data.budget)}`)] },
    readout: (seconds, i, [, max, mean]) => {
      const share = Math.round((max[i]! / data.budget) * 100);
      return `${seconds.toFixed(3)} s: mean ${whole(mean[i]!)}, max ${whole(max[i]!)} cycles per frame, ${share} %`;
    },
  };
}

function voicesLane(): Lane {
  const time = f32(data.load.time);
  const voices = u8(data.load.voices);
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

function notesLane(): Lane {
  const start = f32(data.notes.start);
  const end = f32(data.notes.end);
  const channel = u8(data.notes.channel);
  const note = u8(data.notes.note);
  const velocity = u8(data.notes.velocity);
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
  const draw = (u: uPlot) => {
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

function audioLane(): Lane {
  const scaled = (packed: Packed, sign: number) => Float32Array.from(u8(packed), (v) => (sign * v) / 255);
  const time = f32(data.audio.time);
  const left = scaled(data.audio.left, 1);
  const right = scaled(data.audio.right, -1);
  const loudest = (levels: Float32Array) => levels.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const top = Math.max(0.02, loudest(left), loudest(right)) * 1.1;
  const decibels = (level: number) => (level === 0 ? '−∞' : (20 * Math.log10(Math.abs(level))).toFixed(1).replace('-', '−'));
  return {
    id: 'plot-audio',
    height: 120,
    data: (from, to, pixels) => resample(time, [[left, 'max'], [right, 'min']], from, to, pixels),
    series: [
      { stroke: () => colour('audio'), fill: () => colour('audio-fill'), width: 1, points: { show: false } },
      { stroke: () => colour('audio'), fill: () => colour('audio-fill'), width: 1, points: { show: false } },
    ],
    y: { range: [-top, top] },
    yAxis: { splits: () => [-top / 2, 0, top / 2], values: () => ['right', '', 'left'], grid: { show: false } },
    readout: (seconds, i, [, l, r]) => `${seconds.toFixed(3)} s: left ${decibels(l[i]!)}, right ${decibels(r[i]!)} dBFS`,
  };
}

function addHistogram(): void {
  const { width, counts } = data.histogram;
  const host = element('plot-histogram');
  const readout = element('plot-histogram-readout');
  const rest = readout.textContent!;
  const most = Math.max(10, ...counts);
  const decades = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);
  const last = Math.max(counts.length, Math.ceil(data.budget / width));
  const plot = new uPlot({
    width: host.clientWidth,
    height: 220,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
    scales: { x: { time: false, range: [0, last * width * 1.03] }, y: { distr: 3, range: [0.5, most * 2] } },
    series: [{}, {
      stroke: () => colour('load'), fill: () => colour('load'), width: 0, points: { show: false },
      paths: uPlot.paths.bars!({ size: [0.86, 60], align: 1 }),
    }],
    axes: [
      {
        stroke: () => colour('muted'), grid: { show: false }, font: FONT, ticks: { show: false }, size: LABELS_HEIGHT, gap: 6, space: 70,
        values: (_, splits) => splits.map(whole),
      },
      {
        stroke: () => colour('muted'), grid, font: FONT, ticks: { show: false }, size: LEFT_WIDTH, gap: 6,
        splits: () => decades, values: () => decades.map(whole),
      },
    ],
    hooks: {
      draw: [(u) => {
        const { ctx, bbox } = u;
        const x = Math.round(u.valToPos(data.budget, 'x', true));
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = colour('limit');
        ctx.lineWidth = 1.5 * uPlot.pxRatio;
        ctx.setLineDash([6 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.font = `600 ${12 * uPlot.pxRatio}px system-ui, sans-serif`;
        ctx.textAlign = 'right';
        ctx.textBaseline = 'top';
        ctx.fillText('budget', x - 6 * uPlot.pxRatio, bbox.top + 4 * uPlot.pxRatio);
        ctx.restore();
      }],
      setCursor: [(u) => {
        const { left, idx } = u.cursor;
        if (left === undefined || left < 0 || idx === null || idx === undefined) readout.textContent = rest;
        else readout.textContent = `${whole(idx * width)} to ${whole((idx + 1) * width)} cycles: ${many(counts[idx], 'block')}`;
      }],
    },
  }, [counts.map((_, i) => i * width), counts.map((c) => (c === 0 ? null : c))], host);
  plots.push(plot);
}

// A run without sound has no lane for it.
const lanes = [loadLane, voicesLane, notesLane, audioLane].map((make) => make()).filter(({ id }) => document.getElementById(id));
lanes.forEach((lane, i) => addLane(lane, i === lanes.length - 1));
if (document.getElementById('plot-histogram')) addHistogram();

for (const button of buttons('[data-span]')) {
  button.addEventListener('click', () => {
    const length = Number(button.dataset.span) || data.seconds;
    const middle = (range[0] + range[1]) / 2;
    show(middle - length / 2, middle + length / 2);
  });
}
for (const button of buttons('[data-move]')) {
  button.addEventListener('click', () => {
    const by = Number(button.dataset.move) * (range[1] - range[0]);
    show(range[0] + by, range[1] + by);
  });
}
show(0, data.seconds);

new ResizeObserver(() => {
  for (const plot of plots) plot.setSize({ width: plot.root.parentElement!.clientWidth, height: plot.height });
  show(...range);
}).observe(document.querySelector('main')!);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const plot of plots) plot.redraw();
});

element('copy').addEventListener('click', (event) => {
  const button = event.currentTarget as HTMLButtonElement;
  const selection = getSelection()!;
  selection.selectAllChildren(element('command'));
  // A page opened from disk may not use the clipboard API everywhere; then the selected text is at hand.
  navigator.clipboard?.writeText(element('command').textContent!).then(() => (button.textContent = 'Copied'), () => {});
});
