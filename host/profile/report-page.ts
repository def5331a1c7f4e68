// SPDX-License-Identifier: MIT
// The report's words and tables as HTML. What the plots draw is added by the script inside the page; all else can be read without it.

import { decibels, duration, microseconds, number, percent, plural, ratio, unbroken } from './format.js';
import { again, countersSections, escapeHtml, handlerColour, header, lane, lateTile, meter, SECONDS_SPANS, shareBar, stats, tile, timeHead } from './page/parts.js';
import type { BlockRecord } from './recorder.js';
import type { IsrResult, RunResult } from './run-result.js';
import { actualLosses, verdicts } from './verdict.js';

function loadTiles(result: RunResult, blocks: BlockRecord): string[] {
  const { cyclesPerFrame: cpf } = result;
  const share = (value: number) => percent(ratio(value, cpf.budget));
  return [
    tile('Cycles per frame', number(cpf.mean),
      `mean ${share(cpf.mean)} · 99th percentile ${number(cpf.p99)} · max ${number(cpf.max)} (${share(cpf.max)})`,
      { unit: `of ${number(cpf.budget)}`, extra: meter(cpf) }),
    lateTile(result, blocks.count),
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
    tile('Played', duration(result.seconds), `${number(frames)} frames at ${number(result.sampleRate, 2)} Hz`, { unit: 's' }),
    latencyTile(result),
    tile('Voices', number(gauges.maxVoices), `${plural(losses.stolenVoices, 'voice')} stolen, ${plural(losses.droppedNotes, 'note')} dropped`,
      { unit: 'at most' }),
    tile('MIDI', number(midi.notesOn), `${number(midi.bytesIn)} bytes in, ${number(midi.bytesOut)} out`, { unit: midi.notesOn === 1 ? 'note' : 'notes' }),
    tile('Level', decibels(peak), `peak; RMS ${decibels(result.rms)} dBFS`, { unit: 'dBFS', grade: peak >= 1 ? 'warning' : undefined }),
  ];
  return `<section class="tiles">${list.join('')}</section>`;
}

function timeline(result: RunResult, blocks: BlockRecord, blocksPerPoint: number): string {
  const lanes = [
    ...(blocks.count === 0 ? [] : [
      lane('plot-load', 'Cycles per frame', 'mean and maximum'),
      ...(result.gauges.maxVoices === 0 ? [] : [lane('plot-voices', 'Voices', `at most ${result.gauges.maxVoices}`)]),
    ]),
    ...(result.midi.notesOn === 0 ? [] : [lane('plot-notes', 'MIDI notes received', plural(result.midi.notesOn, 'note'))]),
    ...(result.frames === 0 ? [] : [lane('plot-audio', 'Audio, left and right', `peak ${decibels(result.peak)} dBFS`)]),
  ];
  const detail = blocksPerPoint > 1 ? ` The finest detail kept is ${blocksPerPoint} blocks, of which the highest is shown.` : '';
  if (lanes.length === 0) return '';
  return `<section class="card">
${timeHead('Over time', result.seconds, SECONDS_SPANS, 'Whole run')}
${lanes.join('\n')}
<p class="note">Drag across a plot to zoom, double-click to see the whole run.
${number(blocks.count)} blocks of ${result.blockFrames} frames.${detail}</p>
</section>`;
}

function histogramSection({ cyclesPerFrame: { mean, p99, max, budget } }: RunResult): string {
  const facts: [string, string][] = [
    ['mean', number(mean, 1)], ['99th percentile', number(p99, 1)], ['max', number(max, 1)], ['budget', number(budget, 2)],
    ['asleep in the busiest block', percent(1 - ratio(max, budget))],
  ];
  return `<section class="card">
${lane('plot-histogram', 'Blocks by cycles per frame', 'logarithmic count', 'as-h2')}
${stats(facts)}
</section>`;
}

type Handlers = readonly (readonly [vector: string, handler: IsrResult])[];

/** Where the core's time went while audio ran, as a bar and its key: each handler, the main program, sleep. */
function timeShares(handlers: Handlers, { count, boundaryCycles, busyCycles }: BlockRecord): string {
  if (count === 0) return '';
  const span = boundaryCycles[count] - boundaryCycles[0];
  const busy = busyCycles.reduce((sum, cycles) => sum + cycles, 0);
  const ran = handlers.filter(([, { totalCycles }]) => totalCycles > 0);
  const inHandlers = ran.reduce((sum, [, { totalCycles }]) => sum + totalCycles, 0);
  return shareBar([
    ...ran.map(([name, { totalCycles }], i) => ({ name, share: totalCycles / span, kind: handlerColour(i) })),
    { name: 'main program', share: Math.max(0, busy - inHandlers) / span, kind: 'part-main' },
    { name: 'asleep', share: Math.max(0, span - busy) / span, kind: 'part-sleep' },
  ]);
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
${timeShares(handlers, blocks)}
<div class="scroll"><table>
<thead><tr><th scope="col">Handler</th>${HANDLER_COLUMNS.map((name) => `<th scope="col" class="num">${name}</th>`).join('')}</tr></thead>
<tbody>${handlers.map(([vector, handler]) => handlerRow(vector, handler, result)).join('\n')}</tbody>
</table></div>
<p class="note">Cycles are a handler's own, without the handlers that pre-empted it. <em>Latency</em> runs from pending to taken;
<em>elapsed</em> is the longest from entry to exit with everything above it. Priority 0 is the most urgent.</p>
</section>`;
}

function findings({ diagnostics }: RunResult): string {
  if (diagnostics.length === 0) return '';
  const rows = diagnostics.map(({ where, message }) =>
    `<tr><th scope="row"><code>${escapeHtml(where)}</code></th><td class="wrap">${escapeHtml(message)}</td></tr>`);
  return `<section class="card"><h2>Noticed by the models</h2>
<div class="scroll"><table class="counters"><tbody>${rows.join('\n')}</tbody></table></div>
<p class="note">The chip would have let these pass in silence.</p></section>`;
}

function limits({ costs }: RunResult): string {
  return `<section class="card"><h2>What these numbers are</h2>
<p><b>Cycle costs:</b> ${escapeHtml(unbroken(costs))}.</p>
<ul>
<li>The core is emulated. Cycles follow from a cost for each instruction and each bus access; they are not a measurement of silicon.</li>
<li><b>Cycles per frame</b> are those in which the core was awake, for each frame of a block: handlers, main program, exception entry and exit.
At the budget it never sleeps.</li>
<li><b>MIDI to audio</b> ends when the frame's first bit leaves I2S. The delay of the codec's own filters comes on top. Only notes that arrive
in digital silence are measured, since only there is the first frame of a note beyond doubt.</li>
<li><b>The budget of a handler</b> is what its author allows it; a maximum seen in a run is no bound for all runs.</li>
</ul></section>`;
}

/** The page's body. @param blocksPerPoint how many blocks one point of the plots stands for */
export function reportBody(result: RunResult, blocks: BlockRecord, command: string, blocksPerPoint: number): string {
  return `<main>
${header('Tonewheel run report', result.firmware, result, verdicts(result))}
${tiles(result, blocks)}
${timeline(result, blocks, blocksPerPoint)}
${blocks.count > 0 ? histogramSection(result) : ''}
${timeSection(result, blocks)}
${countersSections(result)}
${findings(result)}
${again('The same run again', command, [
    ['Audio SHA-256', `<code>${result.audioSha256}</code>`], ['MIDI file', escapeHtml(result.midi.file ?? 'none')], ['Core cycles', number(result.cycles)],
  ], 'The same inputs and seed give the same counts and the same bytes of audio on any computer, however fast.')}
${limits(result)}
</main>`;
}
