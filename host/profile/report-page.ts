// SPDX-License-Identifier: MIT
// The report's words and tables as HTML. What the plots draw is added by the script inside the page; all else can be read without it.

import { counters } from '../abi.js';
import { decibels, microseconds, number, percent, plural, ratio } from './format.js';
import type { BlockRecord } from './recorder.js';
import type { RunResult } from './run-result.js';
import { actualLosses, verdicts } from './verdict.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]);

function tile(label: string, value: string, detail: string, options: { grade?: string; extra?: string; wide?: boolean } = {}): string {
  const classes = ['tile', options.wide ? 'wide' : '', options.grade ?? ''].filter(Boolean).join(' ');
  return `<div class="${classes}"><h3>${label}</h3><p class="value">${value}</p>${options.extra ?? ''}<p class="detail">${detail}</p></div>`;
}

const unit = (text: string) => `<span class="unit">${text}</span>`;

/** A bar from 0 to the budget: mean filled, 99th percentile and maximum marked. */
function meter({ mean, p99, max, budget }: RunResult['cyclesPerFrame']): string {
  const at = (value: number) => `${Math.min(100, ratio(value, budget) * 100).toFixed(2)}%`;
  return `<div class="meter" role="img" aria-label="mean ${percent(ratio(mean, budget))}, maximum ${percent(ratio(max, budget))} of the budget">`
    + `<i class="max" style="width:${at(max)}"></i><i class="p99" style="width:${at(p99)}"></i><i class="mean" style="width:${at(mean)}"></i></div>`;
}

function tiles(result: RunResult, blocks: BlockRecord): string {
  const { cyclesPerFrame: cpf, midiToAudio: latency, gauges, losses, lateBlocks } = result;
  const lossKinds = actualLosses(result);
  const lossCount = lossKinds.reduce((sum, [, count]) => sum + count, 0);
  const sounding = blocks.count > 0;
  const list = [
    ...(sounding ? [tile('Cycles per frame', `${number(cpf.mean)} ${unit(`of ${number(cpf.budget)}`)}`,
      `mean ${percent(ratio(cpf.mean, cpf.budget))} · 99th percentile ${number(cpf.p99)} · max ${number(cpf.max)} (${percent(ratio(cpf.max, cpf.budget))})`,
      { extra: meter(cpf), wide: true })] : []),
    tile('Played', `${number(result.seconds, 1)} ${unit('s')}`, `${number(result.frames)} frames at ${number(result.sampleRate, 2)} Hz`),
    ...(sounding ? [tile('Late blocks', number(lateBlocks), `of ${number(blocks.count)}, ${result.blockFrames} frames each`, { grade: lateBlocks > 0 ? 'bad' : 'good' })] : []),
    tile('Losses', number(lossCount), lossKinds.length === 0 ? `${Object.keys(losses).length} kinds counted, none happened` : lossKinds.map(([n]) => n).join(', '),
      { grade: lossCount > 0 ? 'warning' : 'good' }),
    latency.meanMs === null
      ? tile('MIDI to audio', '–', 'no note came in silence')
      : tile('MIDI to audio', `${number(latency.meanMs, 2)} ${unit('ms')}`,
        latency.notes === 1 ? 'one note came in silence' : `${number(latency.minMs!, 2)} to ${number(latency.maxMs!, 2)} ms over ${plural(latency.notes, 'note')} in silence`),
    tile('Voices', `${number(gauges.maxVoices)} ${unit('at most')}`, `${plural(losses.stolenVoices, 'voice')} stolen, ${plural(losses.droppedNotes, 'note')} dropped`),
    tile('MIDI', `${number(result.midi.notesOn)} ${unit(result.midi.notesOn === 1 ? 'note' : 'notes')}`, `${number(result.midi.bytesIn)} bytes in, ${number(result.midi.bytesOut)} out`),
    tile('Level', `${decibels(result.peak)} ${unit('dBFS')}`, `peak; RMS ${decibels(result.rms)} dBFS`, { grade: result.peak >= 1 ? 'warning' : '' }),
  ];
  return `<section class="tiles">${list.join('')}</section>`;
}

/** Where the time of the core went while audio ran: each handler, the main program, sleep. */
function shares(result: RunResult, blocks: BlockRecord): { name: string; share: number; kind: string }[] {
  const span = blocks.count === 0 ? 0 : blocks.boundaryCycles[blocks.count] - blocks.boundaryCycles[0];
  if (span === 0) return [];
  const busy = blocks.busyCycles.reduce((sum, cycles) => sum + cycles, 0);
  const handlers = Object.entries(result.isr).filter(([, h]) => h.totalCycles > 0).sort((a, b) => b[1].totalCycles - a[1].totalCycles);
  const inHandlers = handlers.reduce((sum, [, h]) => sum + h.totalCycles, 0);
  return [
    ...handlers.map(([name, h], i) => ({ name, share: h.totalCycles / span, kind: `part-${(i % 6) + 1}` })),
    { name: 'main program', share: Math.max(0, busy - inHandlers) / span, kind: 'part-main' },
    { name: 'asleep', share: Math.max(0, span - busy) / span, kind: 'part-sleep' },
  ];
}

function timeSection(result: RunResult, blocks: BlockRecord): string {
  const parts = shares(result, blocks);
  const bar = parts.map((p) => `<i class="${p.kind}" style="flex-grow:${p.share.toFixed(6)}" title="${escapeHtml(p.name)} ${percent(p.share)}"></i>`).join('');
  const key = parts.map((p) => `<li><i class="${p.kind}"></i>${escapeHtml(p.name)} <b>${percent(p.share)}</b></li>`).join('');
  const span = Object.values(result.isr).sort((a, b) => b.totalCycles - a.totalCycles);
  const rows = Object.entries(result.isr).sort((a, b) => span.indexOf(a[1]) - span.indexOf(b[1])).map(([vector, h]) => {
    const us = (cycles: number) => `${microseconds(cycles, result.coreHertz)}`;
    const used = h.budget === null ? '' : `<span class="used ${h.overBudget > 0 ? 'bad' : ''}"><i style="width:${Math.min(100, (h.maxCycles / h.budget) * 100).toFixed(1)}%"></i></span>`;
    const cells = h.count === 0
      ? '<td class="num muted">never ran</td><td></td><td></td>'
      : `<td class="num">${number(h.count)}</td><td class="num">${number(h.meanCycles)}</td><td class="num"><b>${number(h.maxCycles)}</b> <span class="sub">${us(h.maxCycles)} µs</span></td>`;
    const times = h.count === 0
      ? '<td></td><td></td><td></td>'
      : `<td class="num">${us(h.meanLatencyCycles)} <span class="sub">max ${us(h.maxLatencyCycles)}</span></td><td class="num">${us(h.maxElapsedCycles)}</td>`
        + `<td class="num">${percent(ratio(h.totalCycles, result.cycles))}</td>`;
    return `<tr><th scope="row"><code>${escapeHtml(vector)}</code></th><td class="num">${h.priority ?? '–'}</td>${cells}`
      + `<td class="num budget">${h.budget === null ? '–' : number(h.budget)}${used}</td>${times}</tr>`;
  }).join('');
  return `<section class="card"><h2>Where the time goes</h2>
${parts.length === 0 ? '' : `<div class="share">${bar}</div><ul class="key">${key}</ul>`}
<div class="scroll"><table><thead><tr><th scope="col">Handler</th><th scope="col" class="num">Priority</th><th scope="col" class="num">Runs</th>
<th scope="col" class="num">Mean cycles</th><th scope="col" class="num">Longest</th><th scope="col" class="num">Budget</th>
<th scope="col" class="num">Latency µs</th><th scope="col" class="num">Elapsed µs</th><th scope="col" class="num">Share</th></tr></thead><tbody>${rows}</tbody></table></div>
<p class="note">Cycles are a handler's own, without the handlers that pre-empted it. <em>Latency</em> runs from pending to taken; <em>elapsed</em> is the longest
from entry to exit with everything above it. Priority 0 is the most urgent.</p></section>`;
}

function counterRows(entries: [string, number][], highlight: boolean): string {
  return entries.map(([name, count]) =>
    `<tr${highlight && count > 0 ? ' class="hit"' : ''}><th scope="row"><code>${name}</code></th><td class="num">${number(count)}</td>`
    + `<td class="wrap">${escapeHtml(counters[name as keyof typeof counters][1])}</td></tr>`).join('');
}

function countersSection(result: RunResult): string {
  const happened = Object.entries(result.losses).filter(([, count]) => count > 0);
  const none = Object.entries(result.losses).filter(([, count]) => count === 0);
  const table = (rows: string) => `<div class="scroll"><table class="counters"><tbody>${rows}</tbody></table></div>`;
  return `<div class="pair"><section class="card"><h2>Losses</h2>
${happened.length === 0 ? `<p class="calm">Nothing was lost: all ${none.length} counters are at zero.</p>` : table(counterRows(happened, true))}
${none.length === 0 ? '' : `<details><summary>${happened.length === 0 ? 'What is counted' : `${none.length} more kinds, none of which happened`}</summary>${table(counterRows(none, false))}</details>`}
</section><section class="card"><h2>Gauges</h2>${table(counterRows(Object.entries(result.gauges), false))}</section></div>`;
}

function findings(result: RunResult): string {
  if (result.diagnostics.length === 0) return '';
  const rows = result.diagnostics.map((d) => `<tr><th scope="row"><code>${escapeHtml(d.where)}</code></th><td class="wrap">${escapeHtml(d.message)}</td></tr>`).join('');
  return `<section class="card"><h2>Noticed by the models</h2><div class="scroll"><table class="counters"><tbody>${rows}</tbody></table></div>
<p class="note">The chip would have let these pass in silence.</p></section>`;
}

function lane(id: string, title: string, rest: string): string {
  return `<div class="lane"><h3>${title}<output id="${id}-readout">${rest}</output></h3><div id="${id}"></div></div>`;
}

function timeline(result: RunResult, blocks: BlockRecord, blocksPerPoint: number): string {
  const spans = [[0, 'Whole run'], [10, '10 s'], [1, '1 s'], [0.1, '0.1 s']].filter(([s]) => Number(s) < result.seconds)
    .map(([s, text]) => `<button type="button" data-span="${s}" aria-pressed="false">${text}</button>`).join('');
  const sounding = blocks.count > 0;
  const lanes = [
    ...(sounding ? [lane('plot-load', 'Cycles per frame', 'mean and maximum'), lane('plot-voices', 'Voices', `at most ${result.gauges.maxVoices}`)] : []),
    lane('plot-notes', 'MIDI notes received', plural(result.midi.notesOn, 'note')),
    ...(result.frames > 0 ? [lane('plot-audio', 'Audio, left and right', `peak ${decibels(result.peak)} dBFS`)] : []),
  ];
  return `<section class="card"><div class="head"><h2>Over time</h2><div class="buttons">${spans}
<button type="button" data-move="-0.5" aria-label="Earlier">←</button><button type="button" data-move="0.5" aria-label="Later">→</button></div></div>
${lanes.join('\n')}
<p class="note">Drag across a plot to zoom, double-click to see the whole run. ${number(blocks.count)} blocks of ${result.blockFrames} frames${blocksPerPoint > 1 ? `; the finest detail kept is ${blocksPerPoint} blocks, of which the highest is shown` : ''}.</p></section>`;
}

function histogramSection({ cyclesPerFrame: cpf }: RunResult): string {
  return `<section class="card"><div class="lane"><h3 class="as-h2">Blocks by cycles per frame<output id="plot-histogram-readout">logarithmic count</output></h3><div id="plot-histogram"></div></div>
<dl class="stats"><div><dt>mean</dt><dd>${number(cpf.mean, 1)}</dd></div><div><dt>99th percentile</dt><dd>${number(cpf.p99, 1)}</dd></div>
<div><dt>max</dt><dd>${number(cpf.max, 1)}</dd></div><div><dt>budget</dt><dd>${number(cpf.budget, 2)}</dd></div>
<div><dt>left in the busiest block</dt><dd>${percent(1 - ratio(cpf.max, cpf.budget))}</dd></div></dl></section>`;
}

/** The page's body. @param blocksPerPoint how many blocks one point of the plots stands for */
export function reportBody(result: RunResult, blocks: BlockRecord, command: string, blocksPerPoint: number): string {
  const chips = [
    result.board, `cpu ${result.cpu}`, result.engine, `${number(result.coreHertz / 1e6)} MHz`, `${number(result.sampleRate, 2)} Hz`,
    `${result.blockFrames} frames a block`, `seed ${result.seed}`,
    ...(result.overclock === 1 ? [] : [`overclocked ${result.overclock} ×`]), ...(result.midiAlign ? ['MIDI aligned to frames'] : []),
  ];
  return `<main><header><p class="brand"><svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M3 12c3-9 6-9 9 0s6 9 9 0"/></svg>Tonewheel run report</p>
<h1>${escapeHtml(result.firmware)}</h1><ul class="chips">${chips.map((c) => `<li>${escapeHtml(c)}</li>`).join('')}</ul>
<ul class="verdicts">${verdicts(result).map((v) => `<li class="${v.grade}">${escapeHtml(v.text)}</li>`).join('')}</ul></header>
${tiles(result, blocks)}
${timeline(result, blocks, blocksPerPoint)}
${blocks.count > 0 ? histogramSection(result) : ''}
${timeSection(result, blocks)}
${countersSection(result)}
${findings(result)}
<section class="card"><div class="head"><h2>The same run again</h2><button type="button" id="copy">Copy</button></div>
<pre id="command">${escapeHtml(command)}</pre>
<dl class="facts"><dt>Audio SHA-256</dt><dd><code>${result.audioSha256}</code></dd><dt>MIDI file</dt><dd>${escapeHtml(result.midi.file ?? 'none')}</dd>
<dt>Core cycles</dt><dd>${number(result.cycles)}</dd></dl>
<p class="note">The same inputs and seed give the same counts and the same bytes of audio on any computer, however fast.</p></section>
<section class="card"><h2>What these numbers are</h2>
<p><b>Cycle costs.</b> ${escapeHtml(result.costs)}</p>
<ul><li>The core is emulated. Cycles follow from a cost for each instruction and each bus access; they are not a measurement of silicon.</li>
<li><b>Cycles per frame</b> are those in which the core was awake, divided by the frames of the block: handlers, main program, exception entry and exit. At the budget it never sleeps.</li>
<li><b>MIDI to audio</b> ends when the frame's first bit leaves I2S. The delay of the codec's own filters comes on top. Only notes that arrive in digital silence are measured, since only there is the first frame of a note beyond doubt.</li>
<li><b>The budget of a handler</b> is what its author allows it; a maximum seen in a run is no bound for all runs.</li></ul></section></main>`;
}
