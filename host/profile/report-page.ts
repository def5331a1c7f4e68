// SPDX-License-Identifier: MIT
// The report's words and tables as HTML. What the plots draw is added by the script inside the page; all else can be read without it.

import { type CounterName, counters } from '../abi.js';
import { decibels, microseconds, number, percent, plural, ratio } from './format.js';
import type { BlockRecord } from './recorder.js';
import type { IsrResult, RunResult } from './run-result.js';
import { actualLosses, verdicts } from './verdict.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => ENTITIES[c]);

interface TileOptions {
  /** What follows the value, small. */
  readonly unit?: string;
  readonly grade?: 'good' | 'warning' | 'bad';
  /** HTML between the value and the detail. */
  readonly extra?: string;
}

function tile(label: string, value: string, detail: string, { unit = '', grade, extra = '' }: TileOptions = {}): string {
  const classes = ['tile', ...(extra ? ['wide'] : []), ...(grade ? [grade] : [])].join(' ');
  const small = unit && ` <span class="unit">${unit}</span>`;
  return `<div class="${classes}"><h3>${label}</h3><p class="value">${value}${small}</p>${extra}<p class="detail">${detail}</p></div>`;
}

/** A bar from 0 to the budget: mean filled, 99th percentile and maximum marked. */
function meter({ mean, p99, max, budget }: RunResult['cyclesPerFrame']): string {
  const part = (name: string, value: number) => `<i class="${name}" style="width:${Math.min(100, ratio(value, budget) * 100).toFixed(2)}%"></i>`;
  const words = `mean ${percent(ratio(mean, budget))}, maximum ${percent(ratio(max, budget))} of the budget`;
  return `<div class="meter" role="img" aria-label="${words}">${part('max', max)}${part('p99', p99)}${part('mean', mean)}</div>`;
}

function loadTiles({ cyclesPerFrame: cpf, lateBlocks, blockFrames }: RunResult, blocks: BlockRecord): string[] {
  const share = (value: number) => percent(ratio(value, cpf.budget));
  return [
    tile('Cycles per frame', number(cpf.mean),
      `mean ${share(cpf.mean)} · 99th percentile ${number(cpf.p99)} · max ${number(cpf.max)} (${share(cpf.max)})`,
      { unit: `of ${number(cpf.budget)}`, extra: meter(cpf) }),
    tile('Late blocks', number(lateBlocks), `of ${number(blocks.count)}, ${blockFrames} frames each`, { grade: lateBlocks > 0 ? 'bad' : 'good' }),
  ];
}

function lossTile(result: RunResult): string {
  const happened = actualLosses(result);
  const detail = happened.length === 0 ? `${Object.keys(result.losses).length} kinds counted, none happened` : happened.map(([name]) => name).join(', ');
  return tile('Losses', number(happened.reduce((sum, [, count]) => sum + count, 0)), detail, { grade: happened.length > 0 ? 'warning' : 'good' });
}

function latencyTile({ midiToAudio: { notes, minMs, meanMs, maxMs } }: RunResult): string {
  if (meanMs === null) return tile('MIDI to audio', '–', 'no note came in silence');
  const detail = notes === 1 ? 'one note came in silence' : `${number(minMs!, 2)} to ${number(maxMs!, 2)} ms over ${plural(notes, 'note')} in silence`;
  return tile('MIDI to audio', number(meanMs, 2), detail, { unit: 'ms' });
}

function tiles(result: RunResult, blocks: BlockRecord): string {
  const { gauges, losses, midi, frames, peak } = result;
  const list = [
    ...(blocks.count > 0 ? loadTiles(result, blocks) : []),
    lossTile(result),
    tile('Played', number(result.seconds, 1), `${number(frames)} frames at ${number(result.sampleRate, 2)} Hz`, { unit: 's' }),
    latencyTile(result),
    tile('Voices', number(gauges.maxVoices), `${plural(losses.stolenVoices, 'voice')} stolen, ${plural(losses.droppedNotes, 'note')} dropped`,
      { unit: 'at most' }),
    tile('MIDI', number(midi.notesOn), `${number(midi.bytesIn)} bytes in, ${number(midi.bytesOut)} out`, { unit: midi.notesOn === 1 ? 'note' : 'notes' }),
    tile('Level', decibels(peak), `peak; RMS ${decibels(result.rms)} dBFS`, { unit: 'dBFS', grade: peak >= 1 ? 'warning' : undefined }),
  ];
  return `<section class="tiles">${list.join('')}</section>`;
}

function lane(id: string, title: string, rest: string, titleClass = ''): string {
  return `<div class="lane"><h3 class="${titleClass}">${title}<output id="${id}-readout">${rest}</output></h3><div id="${id}"></div></div>`;
}

function timeline(result: RunResult, blocks: BlockRecord, blocksPerPoint: number): string {
  const spans = ([[0, 'Whole run'], [10, '10 s'], [1, '1 s'], [0.1, '0.1 s']] as const).filter(([seconds]) => seconds < result.seconds)
    .map(([seconds, text]) => `<button type="button" data-span="${seconds}" aria-pressed="false">${text}</button>`);
  const lanes = [
    ...(blocks.count === 0 ? [] : [
      lane('plot-load', 'Cycles per frame', 'mean and maximum'),
      lane('plot-voices', 'Voices', `at most ${result.gauges.maxVoices}`),
    ]),
    lane('plot-notes', 'MIDI notes received', plural(result.midi.notesOn, 'note')),
    ...(result.frames === 0 ? [] : [lane('plot-audio', 'Audio, left and right', `peak ${decibels(result.peak)} dBFS`)]),
  ];
  const detail = blocksPerPoint > 1 ? ` The finest detail kept is ${blocksPerPoint} blocks, of which the highest is shown.` : '';
  return `<section class="card">
<div class="head"><h2>Over time</h2><div class="buttons">${spans.join('\n')}
<button type="button" data-move="-0.5" aria-label="Earlier">←</button>
<button type="button" data-move="0.5" aria-label="Later">→</button></div></div>
${lanes.join('\n')}
<p class="note">Drag across a plot to zoom, double-click to see the whole run.
${number(blocks.count)} blocks of ${result.blockFrames} frames.${detail}</p>
</section>`;
}

function histogramSection({ cyclesPerFrame: { mean, p99, max, budget } }: RunResult): string {
  const facts = [
    ['mean', number(mean, 1)], ['99th percentile', number(p99, 1)], ['max', number(max, 1)], ['budget', number(budget, 2)],
    ['left in the busiest block', percent(1 - ratio(max, budget))],
  ];
  return `<section class="card">
${lane('plot-histogram', 'Blocks by cycles per frame', 'logarithmic count', 'as-h2')}
<dl class="stats">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
</section>`;
}

type Handlers = readonly (readonly [vector: string, handler: IsrResult])[];

/** Where the core's time went while audio ran, as a bar and its key: each handler, the main program, sleep. */
function shareBar(handlers: Handlers, { count, boundaryCycles, busyCycles }: BlockRecord): string {
  if (count === 0) return '';
  const span = boundaryCycles[count] - boundaryCycles[0];
  const busy = busyCycles.reduce((sum, cycles) => sum + cycles, 0);
  const ran = handlers.filter(([, { totalCycles }]) => totalCycles > 0);
  const inHandlers = ran.reduce((sum, [, { totalCycles }]) => sum + totalCycles, 0);
  const parts = [
    ...ran.map(([vector, { totalCycles }], i) => ({ name: escapeHtml(vector), share: totalCycles / span, kind: `part-${(i % 6) + 1}` })),
    { name: 'main program', share: Math.max(0, busy - inHandlers) / span, kind: 'part-main' },
    { name: 'asleep', share: Math.max(0, span - busy) / span, kind: 'part-sleep' },
  ];
  return `<div class="share">${parts.map(({ kind, share }) => `<i class="${kind}" style="flex-grow:${share.toFixed(6)}"></i>`).join('')}</div>
<ul class="key">${parts.map(({ kind, name, share }) => `<li><i class="${kind}"></i>${name} <b>${percent(share)}</b></li>`).join('')}</ul>`;
}

function handlerRow(vector: string, h: IsrResult, { coreHertz, cycles }: RunResult): string {
  const us = (value: number) => microseconds(value, coreHertz);
  const cell = (html: string) => `<td class="num">${html}</td>`;
  const sub = (text: string) => `<span class="sub">${text}</span>`;
  const used = (budget: number) =>
    `<span class="used${h.overBudget > 0 ? ' bad' : ''}"><i style="width:${Math.min(100, (h.maxCycles / budget) * 100).toFixed(1)}%"></i></span>`;
  const budget = cell(h.budget === null ? '–' : number(h.budget) + used(h.budget));
  const head = `<th scope="row"><code>${escapeHtml(vector)}</code></th>${cell(String(h.priority ?? '–'))}`;
  if (h.count === 0) return `<tr>${head}${cell(sub('never ran'))}<td></td><td></td>${budget}<td></td><td></td><td></td></tr>`;
  return `<tr>${head}${cell(number(h.count))}${cell(number(h.meanCycles))}${cell(`<b>${number(h.maxCycles)}</b> ${sub(`${us(h.maxCycles)} µs`)}`)}${budget}`
    + `${cell(`${us(h.meanLatencyCycles)} ${sub(`max ${us(h.maxLatencyCycles)}`)}`)}${cell(us(h.maxElapsedCycles))}`
    + `${cell(percent(ratio(h.totalCycles, cycles)))}</tr>`;
}

const HANDLER_COLUMNS = ['Priority', 'Runs', 'Mean cycles', 'Longest', 'Budget', 'Latency µs', 'Elapsed µs', 'Share'];

function timeSection(result: RunResult, blocks: BlockRecord): string {
  const handlers = Object.entries(result.isr).sort((a, b) => b[1].totalCycles - a[1].totalCycles);
  return `<section class="card"><h2>Where the time goes</h2>
${shareBar(handlers, blocks)}
<div class="scroll"><table>
<thead><tr><th scope="col">Handler</th>${HANDLER_COLUMNS.map((name) => `<th scope="col" class="num">${name}</th>`).join('')}</tr></thead>
<tbody>${handlers.map(([vector, handler]) => handlerRow(vector, handler, result)).join('\n')}</tbody>
</table></div>
<p class="note">Cycles are a handler's own, without the handlers that pre-empted it. <em>Latency</em> runs from pending to taken;
<em>elapsed</em> is the longest from entry to exit with everything above it. Priority 0 is the most urgent.</p>
</section>`;
}

function counterTable(entries: readonly (readonly [name: string, count: number])[], rowClass = ''): string {
  const rows = entries.map(([name, count]) => `<tr class="${rowClass}"><th scope="row"><code>${name}</code></th><td class="num">${number(count)}</td>`
    + `<td class="wrap">${escapeHtml(counters[name as CounterName][1])}</td></tr>`);
  return `<div class="scroll"><table class="counters"><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function lossesSection({ losses }: RunResult): string {
  const happened = Object.entries(losses).filter(([, count]) => count > 0);
  const others = Object.entries(losses).filter(([, count]) => count === 0);
  const first = happened.length > 0
    ? counterTable(happened, 'hit')
    : `<p class="calm">Nothing was lost: all ${others.length} counters are at zero.</p>`;
  const title = happened.length > 0 ? `${plural(others.length, 'more kind')}: none happened` : 'What is counted';
  return `<section class="card"><h2>Losses</h2>${first}<details><summary>${title}</summary>${counterTable(others)}</details></section>`;
}

function findings({ diagnostics }: RunResult): string {
  if (diagnostics.length === 0) return '';
  const rows = diagnostics.map(({ where, message }) =>
    `<tr><th scope="row"><code>${escapeHtml(where)}</code></th><td class="wrap">${escapeHtml(message)}</td></tr>`);
  return `<section class="card"><h2>Noticed by the models</h2>
<div class="scroll"><table class="counters"><tbody>${rows.join('\n')}</tbody></table></div>
<p class="note">The chip would have let these pass in silence.</p></section>`;
}

function again(result: RunResult, command: string): string {
  return `<section class="card"><div class="head"><h2>The same run again</h2><button type="button" id="copy">Copy</button></div>
<pre id="command">${escapeHtml(command)}</pre>
<dl class="facts"><dt>Audio SHA-256</dt><dd><code>${result.audioSha256}</code></dd>
<dt>MIDI file</dt><dd>${escapeHtml(result.midi.file ?? 'none')}</dd>
<dt>Core cycles</dt><dd>${number(result.cycles)}</dd></dl>
<p class="note">The same inputs and seed give the same counts and the same bytes of audio on any computer, however fast.</p></section>`;
}

function limits({ costs }: RunResult): string {
  return `<section class="card"><h2>What these numbers are</h2>
<p><b>Cycle costs.</b> ${escapeHtml(costs)}</p>
<ul>
<li>The core is emulated. Cycles follow from a cost for each instruction and each bus access; they are not a measurement of silicon.</li>
<li><b>Cycles per frame</b> are those in which the core was awake, for each frame of a block: handlers, main program, exception entry and exit.
At the budget it never sleeps.</li>
<li><b>MIDI to audio</b> ends when the frame's first bit leaves I2S. The delay of the codec's own filters comes on top. Only notes that arrive
in digital silence are measured, since only there is the first frame of a note beyond doubt.</li>
<li><b>The budget of a handler</b> is what its author allows it; a maximum seen in a run is no bound for all runs.</li>
</ul></section>`;
}

const LOGO = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M3 12c3-9 6-9 9 0s6 9 9 0"/></svg>';

function header(result: RunResult): string {
  const chips = [
    result.board, `cpu ${result.cpu}`, result.engine, `${number(result.coreHertz / 1e6)} MHz`,
    ...(result.frames === 0 ? [] : [`${number(result.sampleRate, 2)} Hz`, `${result.blockFrames} frames a block`]),
    `seed ${result.seed}`,
    ...(result.overclock === 1 ? [] : [`overclocked ${result.overclock} ×`]),
    ...(result.midiAlign ? ['MIDI aligned to frames'] : []),
  ];
  return `<header><p class="brand">${LOGO}Tonewheel run report</p>
<h1>${escapeHtml(result.firmware)}</h1>
<ul class="chips">${chips.map((chip) => `<li>${escapeHtml(chip)}</li>`).join('')}</ul>
<ul class="verdicts">${verdicts(result).map(({ grade, text }) => `<li class="${grade}">${escapeHtml(text)}</li>`).join('')}</ul></header>`;
}

/** The page's body. @param blocksPerPoint how many blocks one point of the plots stands for */
export function reportBody(result: RunResult, blocks: BlockRecord, command: string, blocksPerPoint: number): string {
  return `<main>
${header(result)}
${tiles(result, blocks)}
${timeline(result, blocks, blocksPerPoint)}
${blocks.count > 0 ? histogramSection(result) : ''}
${timeSection(result, blocks)}
<div class="pair">${lossesSection(result)}
<section class="card"><h2>Gauges</h2>${counterTable(Object.entries(result.gauges))}</section></div>
${findings(result)}
${again(result, command)}
${limits(result)}
</main>`;
}
