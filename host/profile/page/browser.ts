// SPDX-License-Identifier: MIT
// What the scripts inside of the pages share: the data, the style sheet's colours, numbers as text.

import type uPlot from 'uplot';
import type { Packed } from './packed.js';

function bytesOf(packed: Packed): ArrayBuffer {
  return Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer;
}
export const f32 = (packed: Packed): Float32Array => new Float32Array(bytesOf(packed));
export const u8 = (packed: Packed): Uint8Array => new Uint8Array(bytesOf(packed));

/** The object that the page brings along. */
export const pageData = <T>(): T => JSON.parse(element('data').textContent!) as T;

export const element = (id: string): HTMLElement => document.getElementById(id)!;
export const buttonsIn = (root: ParentNode, selector: string): HTMLButtonElement[] => Array.from(root.querySelectorAll<HTMLButtonElement>(selector));

/** A colour of the style sheet, as it is now: light and dark differ. */
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const many = (count: number, one: string): string => `${whole(count)} ${one}${count === 1 ? '' : 's'}`;

const FONT = '12px system-ui, sans-serif';
export const LEFT_WIDTH = 56;
export const LABELS_HEIGHT = 28;
export const grid: uPlot.Axis.Grid = { stroke: () => colour('grid'), width: 1 };
/** What all axes have in common. */
export const axis: uPlot.Axis = { stroke: () => colour('muted'), grid, font: FONT, ticks: { show: false }, gap: 6 };

const plots: { resize(): void; redraw(): void }[] = [];

/** A plot follows the page's width and its colours from now on. */
export function follow(plot: uPlot, resized: () => void = () => {}): void {
  plots.push({
    resize: () => { plot.setSize({ width: plot.root.parentElement!.clientWidth, height: plot.height }); resized(); },
    redraw: () => plot.redraw(),
  });
}

/** Calls `resized` when the page has another width, and `recoloured` when it changes between light and dark. */
export function followPage(resized: () => void = () => {}, recoloured: () => void = () => {}): void {
  new ResizeObserver(() => { for (const plot of plots) plot.resize(); resized(); }).observe(document.querySelector('main')!);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { for (const plot of plots) plot.redraw(); recoloured(); });
}

/** A dashed line across the plot at a value of either axis, with a word at its end. */
export function drawLimit(u: uPlot, axisName: 'x' | 'y', value: number, text: string, paint = 'limit', line = 0): void {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  const at = Math.round(u.valToPos(value, axisName, true)) + 0.5;
  const bottom = bbox.top + bbox.height;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.beginPath();
  if (axisName === 'y') { ctx.moveTo(bbox.left, at); ctx.lineTo(right, at); } else { ctx.moveTo(at, bbox.top); ctx.lineTo(at, bottom); }
  // A light edge first, so that it shows on bars too.
  ctx.strokeStyle = colour('card');
  ctx.lineWidth = px * 3.5;
  ctx.stroke();
  ctx.strokeStyle = ctx.fillStyle = colour(paint);
  ctx.lineWidth = px * 1.5;
  ctx.setLineDash([6 * px, 4 * px]);
  ctx.stroke();
  ctx.font = `600 ${12 * px}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'right';
  if (axisName === 'y') ctx.fillText(text, right - 4 * px, at + 5 * px);
  else {
    // To the left if there is room, on the page's ground, since other lines may stand there.
    const width = ctx.measureText(text).width;
    const end = at - width - 6 * px > bbox.left ? at - 6 * px : at + 6 * px + width;
    const top = bbox.top + (4 + 16 * line) * px;
    ctx.fillStyle = colour('card');
    ctx.fillRect(end - width - 2 * px, top - px, width + 4 * px, 15 * px);
    ctx.fillStyle = colour(paint);
    ctx.fillText(text, end, top);
  }
  ctx.restore();
}

/** A button that copies the text of an element. */
export function copyButton(button: string, text: string): void {
  element(button).addEventListener('click', (event) => {
    const pressed = event.currentTarget as HTMLButtonElement;
    getSelection()!.selectAllChildren(element(text));
    // A page opened from disk may not use the clipboard API everywhere; then the selected text is at hand.
    navigator.clipboard?.writeText(element(text).textContent!).then(() => (pressed.textContent = 'Copied'), () => {});
  });
}
