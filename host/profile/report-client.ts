// SPDX-License-Identifier: MIT
// The script inside the report: draws the plots and keeps their time axes together. Runs in a browser, with no network.

import { colour, copyButton, f32, followPage, many, pageData, u8, whole } from './page/browser.js';
import { addHistogram, loadLane, notesLane, voicesLane } from './page/lanes.js';
import type { Packed } from './page/packed.js';
import { clock, type Lane, resample, TimePlots } from './page/time-plots.js';
import type { ReportData } from './report-data.js';

const data = pageData<ReportData>();

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

// A run without sound has no lane for it.
const has = (id: string): boolean => document.getElementById(id) !== null;
const lanes = [() => loadLane(data.load, data.budget), () => voicesLane(data.load), () => notesLane(data.notes), audioLane].map((make) => make());
new TimePlots({ length: data.seconds, group: 'time', controls: document, label: clock }, lanes.filter(({ id }) => has(id)));
if (has('plot-histogram')) {
  const { width, counts } = data.histogram;
  addHistogram({
    id: 'plot-histogram', height: 220, from: 0, width, counts, to: Math.max(counts.length, Math.ceil(data.budget / width)) * width * 1.03, logarithmic: true,
    marks: [{ at: data.budget, text: 'budget' }], label: whole,
    readout: (from, to, count) => `${whole(from)} to ${whole(to)} cycles: ${many(count, 'block')}`,
  });
}
followPage();
copyButton('copy', 'command');
