// SPDX-License-Identifier: MIT
// What got slower since an older profile, as HTML: before and after as bars, and the lines that did it.

import { number, percent, plural } from '../format.js';
import type { ProfileChange, ProfileDiff } from '../profile-result.js';
import { escapeHtml } from './parts.js';
import { sourceLink } from './source-link.js';

const TITLES = { block: 'Blocks', handler: 'Interrupt handlers', function: 'Functions' } as const;

const sign = (value: number): string => `${value > 0 ? '+' : '−'}${number(Math.abs(value), 1)}\u00a0%`;

function beforeAfter({ before, after }: Pick<ProfileChange, 'before' | 'after'>): string {
  const width = (value: number): string => ((value / Math.max(before, after, 1)) * 100).toFixed(2);
  const bar = (name: string, word: string, value: number): string =>
    `<span class="word">${word}</span><span class="bar"><i class="${name}" style="width:${width(value)}%"></i></span><span class="num">${number(value)}</span>`;
  return `<div class="beside">${bar('before', 'before', before)}${bar(after > before ? 'worse' : 'better', 'now', after)}</div>`;
}

function changeItem(change: ProfileChange): string {
  const { name, unit, file, line, percent: by, lines } = change;
  const where = file === null || line === null ? `<b>${escapeHtml(name)}</b>` : sourceLink(file, line, name);
  const detail = lines.map((l) => `<li>${sourceLink(l.file, l.line)}<code>${escapeHtml(l.text)}</code><span class="num">${number(l.before)} → <b>${number(l.after)}</b></span>${l.changed ? '<span class="tag">changed</span>' : ''}</li>`);
  return `<li><div class="what">${where} <b class="${by > 0 ? 'worse' : 'better'}">${sign(by)}</b>${name.includes(unit) ? '' : `<span class="where">${escapeHtml(unit)}</span>`}</div>${beforeAfter(change)}
${detail.length > 0 ? `<ol class="culprits">${detail.join('\n')}</ol>` : ''}</li>`;
}

function group(changes: readonly ProfileChange[]): string {
  return (['block', 'handler', 'function'] as const).map((kind) => {
    const items = changes.filter((change) => change.kind === kind);
    return items.length === 0 ? '' : `<h3 class="small">${TITLES[kind]}</h3><ul class="changes">${items.map(changeItem).join('\n')}</ul>`;
  }).join('\n');
}

/** The section, wherever there is an older profile to compare with. */
export function diffSection({ threshold, slower, faster, added }: ProfileDiff): string {
  const new_ = added.map(({ name, file, line, cycles }) => `<li>${sourceLink(file, line, name)} <b>${number(cycles)}</b> cycles</li>`);
  return `<section class="card" id="changes"><h2>${slower.length > 0 ? 'What got slower' : 'Since the older profile'}</h2>
${slower.length > 0 ? group(slower) : `<p class="calm">Nothing got slower by more than ${percent(threshold / 100)}.</p>`}
${faster.length > 0 ? `<details><summary>${plural(faster.length, 'thing')} got faster</summary>${group(faster)}</details>` : ''}
${new_.length > 0 ? `<h3 class="small">New functions</h3><ul class="key">${new_.join('')}</ul>` : ''}
<p class="note">Against an older profile of the same run, cycle by cycle. Changes up to ${percent(threshold / 100)} are left out.</p></section>`;
}
