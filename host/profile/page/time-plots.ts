// SPDX-License-Identifier: MIT
// Plots over one time axis, one below the other: zoomed and moved together, with one cursor. In the browser.

import uPlot from 'uplot';
import { axis, buttonsIn, element, follow, LABELS_HEIGHT, LEFT_WIDTH } from './browser.js';

type Column = readonly [values: ArrayLike<number>, combine: 'max' | 'min' | 'mean'];

/**
 * The part of a record from one time to another, with no more points than a plot has pixels, so that lines stay lines. Points are combined in
 * groups that start at the same points whatever the range, so that nothing flickers while it moves.
 */
export function resample(time: ArrayLike<number>, columns: readonly Column[], from: number, to: number, points: number): uPlot.AlignedData {
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

export interface Lane {
  /** The element that it is drawn in; `<id>-readout` is its head's text. */
  readonly id: string;
  readonly height: number;
  readonly series: uPlot.Series[];
  /** What to draw for a range of time on so many pixels. */
  data(from: number, to: number, pixels: number): uPlot.AlignedData;
  readonly y: uPlot.Scale;
  readonly yAxis: uPlot.Axis;
  readonly hooks?: uPlot.Hooks.Arrays;
  /** Text for the lane's head while the cursor is at a time, at a height from the top in pixels, and at a point of the data. */
  readout(time: number, index: number, shown: uPlot.AlignedData, top: number): string;
}

export interface TimeAxis {
  /** Its end; it begins at 0. */
  readonly length: number;
  /** Keeps the cursors of a group together. */
  readonly group: string;
  /** Where the buttons are that zoom (`data-span`) and move (`data-move`). */
  readonly controls: ParentNode;
  label(time: number, step: number): string;
}

/** Seconds since reset, with as many decimals as tell neighbouring labels apart. */
export const clock = (seconds: number, step: number): string => {
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : step >= 0.001 ? 3 : 4;
  if (step < 1) return `${seconds.toFixed(decimals)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
};

/** For the half of the longest label that stands behind the axis's end: 119.95 s. */
const RIGHT_ROOM = 30;

/** Steps of an axis: 1, 2 and 5 of each power of ten, so that labels need no more decimals than their step has. */
const STEPS = Array.from({ length: 8 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** (i - 4))).flat();

export class TimePlots {
  private readonly plots: (readonly [uPlot, Lane])[] = [];
  private range: [from: number, to: number];

  /** @param lanes from the top; the last has the labels of the axis */
  constructor(private readonly time: TimeAxis, lanes: readonly Lane[]) {
    this.range = [0, time.length];
    lanes.forEach((lane, i) => this.add(lane, i === lanes.length - 1));
    for (const button of buttonsIn(time.controls, '[data-span]')) {
      button.addEventListener('click', () => {
        const length = Number(button.dataset.span) || time.length;
        const middle = (this.range[0] + this.range[1]) / 2;
        this.show(middle - length / 2, middle + length / 2);
      });
    }
    for (const button of buttonsIn(time.controls, '[data-move]')) {
      button.addEventListener('click', () => {
        const by = Number(button.dataset.move) * (this.range[1] - this.range[0]);
        this.show(this.range[0] + by, this.range[1] + by);
      });
    }
    this.show(0, time.length);
  }

  /** Sets the range of all plots, within the axis. */
  show(from: number, to: number): void {
    const { length, controls } = this.time;
    const span = Math.min(to - from, length);
    const start = Math.max(0, Math.min(from, length - span));
    this.range = [start, start + span];
    for (const [plot, lane] of this.plots) {
      plot.batch(() => {
        plot.setData(lane.data(...this.range, plot.over.clientWidth), false);
        plot.setScale('x', { min: this.range[0], max: this.range[1] });
      });
    }
    for (const button of buttonsIn(controls, '[data-span]')) {
      button.setAttribute('aria-pressed', String(Math.abs((Number(button.dataset.span) || length) - span) < 1e-6));
    }
  }

  private add(lane: Lane, timeLabels: boolean): void {
    const { length, group, label } = this.time;
    const host = element(lane.id);
    const readout = element(`${lane.id}-readout`);
    const rest = readout.textContent!;
    const plot = new uPlot({
      width: host.clientWidth,
      height: lane.height + (timeLabels ? LABELS_HEIGHT : 0),
      // The first and last label of an axis stand half outside of it.
      padding: [6, RIGHT_ROOM, timeLabels ? 0 : 4, lane.yAxis.show === false ? 18 : 0],
      legend: { show: false },
      cursor: {
        sync: { key: group, scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        y: false,
        points: { show: false },
      },
      scales: { x: { time: false, min: 0, max: length }, y: lane.y },
      series: [{}, ...lane.series],
      axes: [
        {
          ...axis, size: timeLabels ? LABELS_HEIGHT : 0, space: 70, incrs: STEPS,
          values: (_, splits) => (timeLabels ? splits.map((s) => label(s, splits[1] - splits[0])) : splits.map(() => '')),
        },
        { ...axis, size: LEFT_WIDTH, ...lane.yAxis },
      ],
      hooks: {
        ...lane.hooks,
        setCursor: [(u) => {
          const { left, top, idx } = u.cursor;
          if (left === undefined || left < 0 || idx === null || idx === undefined) readout.textContent = rest;
          else readout.textContent = lane.readout(u.posToVal(left, 'x'), idx, u.data, top ?? 0);
        }],
        setSelect: [(u) => {
          const { left, width } = u.select;
          if (width < 4) return;
          const [from, to] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.show(from, to);
        }],
      },
    }, lane.data(...this.range, host.clientWidth), host);
    plot.over.addEventListener('dblclick', () => this.show(0, length));
    this.plots.push([plot, lane]);
    follow(plot, () => this.show(...this.range));
  }
}
