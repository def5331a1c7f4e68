// SPDX-License-Identifier: MIT
// Pieces of HTML that the pages have in common.

import { type CounterName, counters } from '../../abi.js';
import { number, percent, plural, ratio, shownPath } from '../format.js';
import type { CyclesPerFrame, RunResult } from '../run-result.js';
import type { Verdict } from '../verdict.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]);

export interface TileOptions {
  /** What follows the value, small. */
  readonly unit?: string;
  readonly grade?: Verdict['grade'];
  /** HTML between the value and the detail. */
  readonly extra?: string;
}

/** A number that matters, with what it is above and what it means below. Label, value and detail are HTML. */
export function tile(label: string, value: string, detail: string, { unit = '', grade, extra = '' }: TileOptions = {}): string {
  const classes = ['tile', ...(extra ? ['wide'] : []), ...(grade ? [grade] : [])].join(' ');
  const small = unit && ` <span class="unit">${unit}</span>`;
  return `<div class="${classes}"><h3>${label}</h3><p class="value">${value}${small}</p>${extra}<p class="detail">${detail}</p></div>`;
}

/** A bar from 0 to the budget: mean filled, 99th percentile and maximum marked. */
export function meter({ mean, p99, max, budget }: CyclesPerFrame): string {
  const part = (name: string, value: number): string => `<i class="${name}" style="width:${Math.min(100, ratio(value, budget) * 100).toFixed(2)}%"></i>`;
  const words = `mean ${percent(ratio(mean, budget))}, maximum ${percent(ratio(max, budget))} of the budget`;
  return `<div class="meter" role="img" aria-label="${words}">${part('max', max)}${part('p99', p99)}${part('mean', mean)}</div>`;
}

export function lateTile({ lateBlocks, blockFrames }: RunResult, blocks: number): string {
  return tile('Late blocks', number(lateBlocks), `of ${number(blocks)}, ${blockFrames} frames each`, { grade: lateBlocks > 0 ? 'bad' : 'good' });
}

/** A place for a plot: its head, in which `rest` is replaced while the cursor is in the plot. */
export function lane(id: string, title: string, rest: string, titleClass = ''): string {
  return `<div class="lane"><h3 class="${titleClass}">${title}<output id="${id}-readout">${rest}</output></h3><div id="${id}"></div></div>`;
}

/** The heading of plots over time, with the buttons that zoom and move them; spans as long as the axis or longer are left out. */
export function timeHead(title: string, length: number, spans: readonly (readonly [length: number, text: string])[], whole: string): string {
  const buttons = ([[0, whole], ...spans] as const).filter(([span]) => span < length)
    .map(([span, text]) => `<button type="button" data-span="${span}" aria-pressed="false">${text}</button>`);
  return `<div class="head"><h2>${title}</h2><div class="buttons">${buttons.join('\n')}
<button type="button" data-move="-0.5" aria-label="Earlier">←</button>
<button type="button" data-move="0.5" aria-label="Later">→</button></div></div>`;
}

export const SECONDS_SPANS = [[10, '10 s'], [1, '1 s'], [0.1, '0.1 s']] as const;

/** Pairs of a name and a value, side by side. Both are HTML. */
export function stats(facts: readonly (readonly [name: string, value: string])[]): string {
  return `<dl class="stats">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`;
}

export interface Share {
  readonly name: string;
  /** Of the bar; they need not add up to 1. */
  readonly share: number;
  /** Class of its colour. */
  readonly kind: string;
}

/** A bar in parts, and its key. */
export function shareBar(parts: readonly Share[]): string {
  return `<div class="share">${parts.map(({ kind, share }) => `<i class="${kind}" style="flex-grow:${share.toFixed(6)}"></i>`).join('')}</div>
<ul class="key">${parts.map(({ kind, name, share }) => `<li><i class="${kind}"></i>${escapeHtml(name)} <b>${percent(share)}</b></li>`).join('')}</ul>`;
}

/** Colours of handlers, by their place in a list. */
export const handlerColour = (index: number): string => `part-${(index % 6) + 1}`;

function counterTable(entries: readonly (readonly [name: string, count: number])[], rowClass = ''): string {
  const rows = entries.map(([name, count]) => `<tr class="${rowClass}"><th scope="row"><code>${name}</code></th><td class="num">${number(count)}</td>`
    + `<td class="wrap">${escapeHtml(counters[name as CounterName][1])}</td></tr>`);
  return `<div class="scroll"><table class="counters"><tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** What was lost, and the firmware's gauges. */
export function countersSections({ losses, gauges }: RunResult): string {
  const happened = Object.entries(losses).filter(([, count]) => count > 0);
  const others = Object.entries(losses).filter(([, count]) => count === 0);
  const first = happened.length > 0
    ? counterTable(happened, 'hit')
    : `<p class="calm">Nothing was lost: all ${others.length} counters are at zero.</p>`;
  const title = happened.length > 0 ? `${plural(others.length, 'more kind')}: none happened` : 'What is counted';
  return `<div class="pair"><section class="card"><h2>Losses</h2>${first}<details><summary>${title}</summary>${counterTable(others)}</details></section>
<section class="card"><h2>Gauges</h2>${counterTable(Object.entries(gauges))}</section></div>`;
}

const LOGO = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M3 12c3-9 6-9 9 0s6 9 9 0"/></svg>';

/** The page's top: what ran, on what, and how it went. */
export function header(brand: string, title: string, result: RunResult, verdicts: readonly Verdict[]): string {
  const chips = [
    result.board, `cpu ${result.cpu}`, result.engine, `${number(result.coreHertz / 1e6)} MHz`,
    ...(result.frames === 0 ? [] : [`${number(result.sampleRate, 2)} Hz`, `${result.blockFrames} frames a block`]),
    `seed ${result.seed}`,
    ...(result.overclock === 1 ? [] : [`overclocked ${result.overclock} ×`]),
    ...(result.midiAlign ? ['MIDI aligned to frames'] : []),
  ];
  return `<header><p class="brand">${LOGO}${brand}</p>
<h1>${escapeHtml(shownPath(title))}</h1>
<ul class="chips">${chips.map((chip) => `<li>${escapeHtml(chip)}</li>`).join('')}</ul>
<ul class="verdicts">${verdicts.map(({ grade, text }) => `<li class="${grade}">${escapeHtml(text)}</li>`).join('')}</ul></header>`;
}

/** How to make the same page again. Facts are pairs of names and HTML. */
export function again(title: string, command: string, facts: readonly (readonly [name: string, html: string])[], note: string): string {
  return `<section class="card"><div class="head"><h2>${title}</h2><button type="button" id="copy">Copy</button></div>
<pre id="command">${escapeHtml(command)}</pre>
<dl class="facts">${facts.map(([name, html]) => `<dt>${name}</dt><dd>${html}</dd>`).join('\n')}</dl>
<p class="note">${note}</p></section>`;
}
