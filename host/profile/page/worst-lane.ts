// SPDX-License-Identifier: MIT
// The worst block as a timeline: a row for each context, the most urgent on top, and the MIDI bytes above them. In the browser.

import type uPlot from 'uplot';
import { colour } from './browser.js';
import type { ProfilePageData } from './profile-html.js';
import type { Lane } from './time-plots.js';

const ROW_HEIGHT = 34;
const TOP = 6;

/** @param micros microseconds of a cycle */
export function contextsLane({ contexts, timeline, entries, midi }: NonNullable<ProfilePageData['worst']>, micros: number): Lane {
  // Names are long, and stand in their rows.
  const rows = [...(midi.length > 0 ? ['MIDI bytes'] : []), ...contexts.map(({ name }) => name)];
  const rowOf = new Map(rows.map((name, i) => [name, i]));
  const paints = new Map(contexts.map(({ name, colour: of }) => [name, of]));
  const time = (us: number): string => us.toFixed(2);
  const draw = (u: uPlot): void => {
    const { ctx, bbox } = u;
    const px = devicePixelRatio;
    const height = bbox.height / rows.length;
    const x = (cycles: number): number => u.valToPos(cycles * micros, 'x', true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = colour('stripe');
    for (let row = 0; row < rows.length; row += 2) ctx.fillRect(bbox.left, bbox.top + row * height, bbox.width, height);
    const bar = (row: number): [y: number, height: number] => [bbox.top + row * height + 15 * px, height - 18 * px];
    // While a handler is kept waiting by a more urgent one it is active all the same: a thin line says so.
    for (const { vector, enteredAt, exitedAt } of entries) {
      const row = rowOf.get(vector);
      if (row === undefined) continue;
      const [y, h] = bar(row);
      ctx.fillStyle = colour(paints.get(vector)!);
      ctx.globalAlpha = 0.35;
      ctx.fillRect(x(enteredAt), y + h / 2 - px, Math.max(px, x(exitedAt ?? timeline[timeline.length - 1].to) - x(enteredAt)), 2 * px);
    }
    ctx.globalAlpha = 1;
    for (const { context, from, to } of timeline) {
      const row = rowOf.get(context)!;
      const [y, h] = bar(row);
      ctx.fillStyle = colour(paints.get(context)!);
      ctx.fillRect(x(from), y, Math.max(1.5 * px, x(to) - x(from)), h);
    }
    ctx.fillStyle = colour('limit');
    for (const { at } of midi) ctx.fillRect(x(at) - px, bbox.top + 14 * px, 2 * px, height - 16 * px);
    ctx.font = `${11 * px}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.fillStyle = colour('muted');
    rows.forEach((name, row) => ctx.fillText(name, bbox.left + 4 * px, bbox.top + row * height + 2 * px));
    ctx.restore();
  };
  const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');
  return {
    id: 'plot-worst',
    height: rows.length * ROW_HEIGHT + TOP,
    data: (from, to) => [[from, to], [null, null]],
    series: [{ points: { show: false } }],
    y: { range: [0, rows.length] },
    yAxis: { show: false },
    hooks: { draw: [draw] },
    readout: (us, _, __, top) => {
      const at = us / micros;
      if (midi.length > 0 && top < ROW_HEIGHT) {
        const nearest = midi.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a));
        return `MIDI byte ${hex(nearest.byte)} ended at ${time(nearest.at * micros)} µs`;
      }
      const now = timeline.find(({ from, to }) => from <= at && at < to);
      if (!now) return `${time(us)} µs`;
      const waiting = entries.filter((e) => e.enteredAt <= at && at < (e.exitedAt ?? Infinity) && e.vector !== now.context).map((e) => e.vector);
      const entry = entries.filter((e) => e.vector === now.context && e.enteredAt <= at).at(-1);
      const latency = entry ? `, taken ${time((entry.enteredAt - entry.pendedAt) * micros)} µs after it became pending` : '';
      return `${time(us)} µs: ${now.context} runs for ${time((now.to - now.from) * micros)} µs${latency}${waiting.length > 0 ? `; ${waiting.join(', ')} waits` : ''}`;
    },
  };
}
