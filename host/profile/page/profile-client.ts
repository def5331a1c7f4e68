// SPDX-License-Identifier: MIT
// The script inside a profile's page: plots, flame graph, source. Runs in a browser, with no network.

import uPlot from 'uplot';
import { axis, buttonsIn, colour, copyButton, element, f32, follow, followPage, LABELS_HEIGHT, LEFT_WIDTH, many, pageData, u8, whole } from './browser.js';
import { addFlameGraph } from './flame.js';
import { addHistogram, loadLane, notesLane, voicesLane } from './lanes.js';
import type { ProfilePageData } from './profile-html.js';
import { addSource } from './source-view.js';
import { clock, TimePlots } from './time-plots.js';
import { contextsLane } from './worst-lane.js';

const data = pageData<ProfilePageData>();
const has = (id: string): boolean => document.getElementById(id) !== null;

/** A tick below the load for each Note On, in the colour of its channel. */
function noteTicks(u: uPlot): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  const [start, channel] = [f32(data.notes.start), u8(data.notes.channel)];
  ctx.save();
  ctx.globalAlpha = 0.8;
  for (let i = 0; i < start.length; i++) {
    if (start[i] < u.scales.x.min! || start[i] > u.scales.x.max!) continue;
    ctx.fillStyle = colour(`channel-${(channel[i] % 8) + 1}`);
    ctx.fillRect(Math.round(u.valToPos(start[i], 'x', true)), bbox.top, Math.max(1, px), 7 * px);
  }
  ctx.restore();
}

const { budget, mean, p99, p999, max, histogram } = data.cyclesPerFrame;
if (has('over-time')) {
  const lanes = [loadLane(data.load, budget, noteTicks), voicesLane(data.load), notesLane(data.notes)];
  new TimePlots({ length: data.seconds, group: 'run', controls: element('over-time'), label: clock }, lanes.filter(({ id }) => has(id)));
}
if (has('plot-histogram')) {
  addHistogram({
    ...histogram, id: 'plot-histogram', height: 240, to: Math.max(budget, max) * 1.03, logarithmic: true, label: whole,
    marks: [
      { at: mean, text: 'mean', colour: 'ink' }, { at: p99, text: '99 %', colour: 'ink' }, { at: p999, text: '99.9 %', colour: 'ink' }, { at: max, text: 'max', colour: 'ink' },
      { at: budget, text: 'budget' },
    ],
    readout: (from, to, count) => `${whole(from)} to ${whole(to)} cycles: ${many(count, 'block')}`,
  });
}
if (has('plot-latency')) {
  const { latency } = data;
  addHistogram({
    ...latency, id: 'plot-latency', height: 220, to: latency.from + latency.width * latency.counts.length, logarithmic: false, marks: [],
    label: (value) => `${value.toFixed(3)}`, readout: (from, to, count) => `${from.toFixed(4)} to ${to.toFixed(4)} ms: ${many(count, 'note')}`,
  });
}
if (data.worst && has('plot-worst')) {
  const micros = 1e6 / data.coreHertz;
  const label = (us: number, step: number): string => `${us.toFixed(step >= 1 ? 0 : step >= 0.1 ? 1 : 2)} µs`;
  new TimePlots({ length: data.worst.lengthCycles * micros, group: 'worst', controls: element('worst'), label }, [contextsLane(data.worst, micros)]);
}

/** Cycles per frame by how many voices sounded, and the line through them. */
function addVoices({ base, perVoice, table }: NonNullable<ProfilePageData['voices']>): void {
  const readout = element('plot-by-voice-readout');
  const rest = readout.textContent!;
  const host = element('plot-by-voice');
  const x = table.map(({ voices }) => voices);
  const top = table.reduce((a, b) => Math.max(a, b.max), 0);
  const points = (name: string): uPlot.Series => ({ stroke: () => colour(name), width: 0, paths: () => null, points: { show: true, size: 7, width: 1.5, stroke: () => colour(name), fill: () => colour(name) } });
  follow(new uPlot({
    width: host.clientWidth, height: 220, padding: [8, 10, 0, 0], legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
    scales: { x: { time: false, range: [-0.5, Math.max(1, ...x) + 0.5] }, y: { range: [0, top * 1.1] } },
    series: [{}, { stroke: () => colour('load'), width: 1.5, points: { show: false } }, points('load-max'), points('load')],
    axes: [
      { ...axis, grid: { show: false }, size: LABELS_HEIGHT, incrs: [1, 2, 5, 10] },
      { ...axis, size: LEFT_WIDTH, values: (_, splits) => splits.map(whole) },
    ],
    hooks: {
      setCursor: [(u) => {
        const { left, idx } = u.cursor;
        if (left === undefined || left < 0 || idx === null || idx === undefined) readout.textContent = rest;
        else readout.textContent = `${many(x[idx], 'voice')}: mean ${whole(table[idx].mean)}, max ${whole(table[idx].max)}, ${many(table[idx].blocks, 'block')}`;
      }],
    },
  }, [x, x.map((v) => base + perVoice * v), table.map((t) => t.max), table.map((t) => t.mean)], host));
}
if (data.voices && has('plot-by-voice')) addVoices(data.voices);

const flame = has('flame-graph') ? addFlameGraph(data.flame) : undefined;
const source = has('source-code') ? addSource(data) : undefined;
for (const button of buttonsIn(document, '[data-file]')) {
  button.addEventListener('click', () => source?.open(button.dataset.file!, Number(button.dataset.line)));
}
followPage(() => flame?.resize(), () => flame?.recolour());
copyButton('copy', 'command');
