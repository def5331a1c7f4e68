// SPDX-License-Identifier: MIT
// The end of a build in a terminal: what the image takes of flash and RAM, by part, and the files. Fits 80 columns.

import pc from 'picocolors';
import { parts, type ImageSizes } from './sizes.js';
import type { Image } from './image.js';

const CELLS = 24;

const bytes = (n: number): string => n.toLocaleString('en').padStart(11);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`.padStart(8);
const bar = (part: number, whole: number): string => {
  const cells = Math.min(CELLS, Math.round((CELLS * part) / whole));
  return `${'█'.repeat(cells)}${pc.dim('·'.repeat(CELLS - cells))}`;
};

function section(title: string, sums: ImageSizes['flash'], used: number, total: number): string[] {
  const rows = parts.filter((part) => sums[part]).map((part) => `  ${part.padEnd(16)}${bytes(sums[part]!)}${percent(sums[part]!, total)}  ${bar(sums[part]!, total)}`);
  return [`${title.padEnd(18)}${bytes(used)}${percent(used, total)}  of ${total.toLocaleString('en')} bytes`, ...rows];
}

export function sizeTable({ firmware, board, engine, sizes, heapUsed, files }: Image): string {
  return [
    `${firmware.file} for ${board.name}, engine ${engine}`, '',
    ...section('Flash', sizes.flash, sizes.flashBytes, sizes.flashTotal), '',
    ...section('RAM', sizes.ram, sizes.ramBytes, sizes.ramTotal),
    ...(heapUsed ? [`  heap: used up to ${heapUsed.toLocaleString('en')} of ${(sizes.ram.heap ?? 0).toLocaleString('en')} bytes`] : []), '',
    ...Object.values(files).map((file) => `  ${file}`),
  ].join('\n');
}
