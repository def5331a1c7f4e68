// SPDX-License-Identifier: MIT
// A profile's words and tables as HTML. What is drawn is added by the script inside the page; all else can be read without it.

import { microseconds, number, percent, plural, ratio, timeText, unbroken } from '../format.js';
import type { HandlerProfile, Histogram, MemoryUse, ProfileResult, RenderTimes, Spread, TimeShare } from '../profile-result.js';
import { isStuck, isTelling, renderingHeadroom, stuckText, verdicts, whyLate, type Verdict } from '../verdict.js';
import { diffSection } from './diff-section.js';
import { again, countersSections, escapeHtml, handlerColour, header, lane, lateTile, meter, SECONDS_SPANS, shareBar, stats, tile, timeHead } from './parts.js';
import { shortFile, sourceLink } from './source-link.js';

/** What an interrupt handler is to stay below, in microseconds, unless rendering is its work. */
const ISR_LIMIT_US = 10;
const TOP_FUNCTIONS = 12;
const TOP_LINES = 12;

const section = (id: string, content: string): string => `<section class="card" id="${id}">${content}</section>`;

/** The class of a context's colour. */
export function contextColour({ handlers }: ProfileResult, context: string): string {
  const index = handlers.findIndex(({ name }) => name === context);
  return index >= 0 ? handlerColour(index) : context === 'sleep' ? 'part-sleep' : context === 'main' ? 'part-main' : 'part-reset';
}

function profileVerdicts(result: ProfileResult): Verdict[] {
  const { run, rendering, diff, handlers } = result;
  const found = verdicts(run);
  const why = whyLate(result);
  if (why !== undefined) found.push({ grade: 'bad', text: why });
  for (const handler of handlers.filter(isStuck)) found.push({ grade: 'bad', text: stuckText(handler, run.coreHertz) });
  if (rendering && found.every(({ grade }) => grade !== 'bad')) {
    const { response: { max }, deadlineCycles } = rendering;
    found.push({ grade: 'good', text: `The slowest block left ${percent(Math.max(0, renderingHeadroom(rendering)))} of its time as headroom: ready after ${timeText(max, run.coreHertz)}, due after ${timeText(deadlineCycles, run.coreHertz)}.` });
  }
  if (diff && diff.slower.length > 0) found.push({ grade: 'bad', text: `${plural(diff.slower.length, 'measure')} got worse than in the older profile by more than ${percent(diff.threshold / 100)}.` });
  return found;
}

/** Against the time at which a block has to be ready: a core may be idle for a tenth of the time and every block late. */
function headroomTile(rendering: RenderTimes, run: ProfileResult['run']): string {
  const left = renderingHeadroom(rendering);
  const time = (cycles: number): string => timeText(cycles, run.coreHertz);
  const detail = `the slowest block was ready after ${time(rendering.response.max)}, and due after ${time(rendering.deadlineCycles)}: ${rendering.deadlineFrames} of ${run.blockFrames} frames`;
  return tile('Headroom', run.lateBlocks > 0 ? 'none' : percent(Math.max(0, left)), detail, { grade: run.lateBlocks > 0 ? 'bad' : left < 0.05 ? 'warning' : 'good' });
}

function tiles(result: ProfileResult): string {
  const { run, load, rendering, handlers, notes: played, midiToAudio: { notes, minMs, meanMs, maxMs }, voices, queues } = result;
  const share = (value: number): string => percent(ratio(value, load.budget));
  const short = handlers.filter(({ name, count }) => name !== rendering?.vector && count > 0).sort((a, b) => b.duration.max - a.duration.max)[0] as HandlerProfile | undefined;
  const shortUs = short && (short.duration.max / run.coreHertz) * 1e6;
  const lost = queues.reduce((sum, queue) => sum + (queue.lost ?? 0), 0);
  return `<section class="tiles">${[
    ...(load.blocks === 0 ? [] : [
      tile('Cycles per frame', number(load.mean), `mean ${share(load.mean)} · 99.9th percentile ${number(load.p999)} · max ${number(load.max)} (${share(load.max)})`,
        { unit: `of ${number(load.budget)}`, extra: meter(load) }),
      lateTile(run, load.blocks),
    ]),
    ...(rendering ? [headroomTile(rendering, run)] : []),
    ...(short ? [tile('Longest interrupt', number(shortUs!, 1), `${escapeHtml(short.name)}; the rule is ${ISR_LIMIT_US}\u00a0µs, rendering apart`, { unit: 'µs', grade: shortUs! > ISR_LIMIT_US ? 'warning' : 'good' })] : []),
    ...(run.frames === 0 || played.length === 0 ? [] : [meanMs === null ? tile('MIDI to audio', '–', 'no note came in silence')
      : tile('MIDI to audio', number(meanMs, 2), notes === 1 ? 'the one note that came in silence' : `${number(minMs!, 2)} to ${number(maxMs!, 2)} ms over ${plural(notes, 'note')} in silence`, { unit: 'ms' })]),
    ...(voices && isTelling(voices) ? [tile('A voice costs', number(voices.perVoice), `cycles per frame; ${number(voices.base)} without any voice`)] : []),
    tile('Lost in queues', number(lost), plural(queues.length, 'queue') + ' watched', { grade: lost === 0 ? 'good' : 'bad' }),
  ].join('')}</section>`;
}

function overTime({ run, load, notes }: ProfileResult): string {
  const { blocksPerPoint } = load.series;
  const detail = blocksPerPoint > 1 ? ` A point is ${blocksPerPoint} blocks, of which the highest is shown.` : '';
  const lanes = [
    ...(load.blocks === 0 ? [] : [lane('plot-load', 'Cycles per frame', notes.length === 0 ? 'mean and maximum' : 'mean and maximum; ticks are Notes On')]),
    ...(load.blocks === 0 || run.gauges.maxVoices === 0 ? [] : [lane('plot-voices', 'Voices', `at most ${run.gauges.maxVoices}`)]),
    ...(notes.length === 0 ? [] : [lane('plot-notes', 'MIDI notes received', plural(notes.length, 'note'))]),
  ];
  if (lanes.length === 0) return '';
  return section('over-time', `${timeHead('Over time', run.seconds, SECONDS_SPANS, 'Whole run')}
${lanes.join('\n')}
<p class="note">Drag across a plot to zoom, double-click to see the whole run.
${load.blocks === 0 ? '' : `${number(load.blocks)} blocks of ${run.blockFrames} frames.`}${detail}</p>`);
}

function distribution({ load: { mean, p99, p999, max, budget } }: ProfileResult): string {
  return section('distribution', `${lane('plot-histogram', 'Blocks by cycles per frame', 'logarithmic count', 'as-h2')}
${stats([
    ['mean', number(mean, 1)], ['99th percentile', number(p99, 1)], ['99.9th percentile', number(p999, 1)], ['max', number(max, 1)], ['budget', number(budget, 2)],
  ])}`);
}

function worstBlock(result: ProfileResult): string {
  const { worst, run: { coreHertz, gauges }, functions } = result;
  if (!worst) return '';
  const us = (cycles: number): string => microseconds(cycles, coreHertz);
  const micros = (worst.lengthCycles / coreHertz) * 1e6;
  const contexts = [...new Set(worst.timeline.map(({ context }) => context))];
  const time = (context: string): number => worst.timeline.filter((i) => i.context === context).reduce((sum, i) => sum + i.to - i.from, 0);
  const rows = worst.entries.map((e) => `<tr><th scope="row"><code>${escapeHtml(e.vector)}</code></th><td class="num">${us(e.pendedAt)}</td><td class="num">${us(e.enteredAt)}</td>`
    + `<td class="num">${us(e.enteredAt - e.pendedAt)}</td><td class="num">${e.exitedAt === null ? 'later' : us(e.exitedAt)}</td><td>${escapeHtml(e.preempted)}</td></tr>`);
  const hot = worst.functions?.slice(0, 6).map(({ function: f, cycles }) => {
    const { name, file, line } = functions[f];
    return `<li>${sourceLink(file, line, name)} <b>${number(cycles)}</b></li>`;
  });
  return section('worst', `${timeHead('The worst block, opened', micros, [[100, '100 µs'], [20, '20 µs'], [5, '5 µs']], 'Whole block')}
${stats([
    ['at', `${number(worst.startSeconds, 4)} s`], ['block', number(worst.index)], ...(gauges.maxVoices === 0 ? [] : [['voices', number(worst.voices)] as const]),
    ['awake', `${us(worst.busyCycles)} of ${us(worst.lengthCycles)} µs`], ['cycles per frame', number(worst.cyclesPerFrame)], ['MIDI bytes', number(worst.midi.length)],
  ])}
${lane('plot-worst', 'Who ran, from the most urgent down', 'point at a stretch for its details')}
<ul class="key">${contexts.map((c) => `<li><i class="${contextColour(result, c)}"></i>${escapeHtml(c)} <b>${us(time(c))} µs</b></li>`).join('')}</ul>
${hot ? `<h3 class="small">Where its cycles went</h3><ul class="key">${hot.join('')}</ul>` : ''}
<details><summary>${plural(rows.length, 'handler run')} in it, as a table</summary><div class="scroll"><table>
<thead><tr><th scope="col">Handler</th>${['Pending µs', 'Taken µs', 'Latency µs', 'Done µs'].map((t) => `<th scope="col" class="num">${t}</th>`).join('')}<th scope="col">Pre-empted</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`);
}

function timeShares(result: ProfileResult): string {
  const name = ({ kind, name }: TimeShare): string => (kind === 'sleep' ? 'asleep' : kind === 'main' ? 'main program' : kind === 'reset' ? 'start-up' : name);
  return shareBar(result.time.filter(({ cycles }) => cycles > 0).map((part) => ({ name: name(part), share: part.share, kind: contextColour(result, part.kind === 'handler' ? part.name : part.kind) })));
}

/** How many runs took how long, from the shortest to the longest: bars by the logarithm of their number, so that a single one shows. */
function spark({ counts }: Histogram, { min, mean, p99, max }: Spread, coreHertz: number, colour: string): string {
  const us = (cycles: number): string => microseconds(cycles, coreHertz);
  const words = `${us(min)} to ${us(max)} µs, mean ${us(mean)}, 99th percentile ${us(p99)}`;
  const top = Math.log1p(counts.reduce((most, count) => Math.max(most, count), 1));
  // Runs that all took as long are one bar.
  const bars = max === min ? [counts[0]] : counts;
  return `<span class="spark" role="img" aria-label="${words}" title="${words}"><span>${bars.map((count) => `<i class="${colour}" style="height:${((100 * Math.log1p(count)) / top).toFixed(1)}%"></i>`).join('')}</span>`
    + `<small><span>${us(min)}</span><span>${max === min ? '' : us(max)}</span></small></span>`;
}

/** Of the table of handlers; on a narrow page each stands before its value. */
const HANDLER_COLUMNS = [
  ['Handler', ''], ['Priority', 'num'], ['Runs', 'num'], ['Duration µs', 'num'], ['Distribution', ''], ['Of its budget', 'num'], ['Latency µs', 'num'], ['Distribution', ''],
  ['Jitter µs', 'num'], ['Share', 'num'],
] as const;

/** Where a handler has not run. On a narrow page it is left out. */
const NOTHING = '<span class="sub">–</span>';

function handlerRow(handler: HandlerProfile, result: ProfileResult): string {
  const { coreHertz } = result.run;
  const us = (cycles: number): string => microseconds(cycles, coreHertz);
  const most = (cycles: number, kind = 'sub'): string => `<span class="${kind}">max ${us(cycles)}</span>`;
  const { name, functionName, file, line, priority, budget, count, unfinishedCycles, overBudget, duration, durations, latency, latencies, jitter, totalCycles } = handler;
  const tooLong = name !== result.rendering?.vector && (duration.max / coreHertz) * 1e6 > ISR_LIMIT_US;
  const colour = contextColour(result, name);
  const where = functionName === null || file === null || line === null ? '' : `<br>${sourceLink(file, line, functionName)}`;
  const used = budget === null ? '–'
    : `${percent(duration.max / budget)}<span class="used${overBudget > 0 ? ' bad' : ''}"><i style="width:${Math.min(100, (duration.max / budget) * 100).toFixed(1)}%"></i></span>`;
  const cells = [String(priority ?? '–'), ...(count === 0 ? [`<span class="sub">${unfinishedCycles === null ? 'never' : 'one, not ended'}</span>`, ...HANDLER_COLUMNS.slice(3).map(() => NOTHING)] : [
    number(count), `${us(duration.mean)} ${most(duration.max, tooLong ? 'sub long' : 'sub')}`, spark(durations, duration, coreHertz, colour), used,
    `${us(latency.mean)} ${most(latency.max)}`, spark(latencies, latency, coreHertz, colour), us(jitter), percent(ratio(totalCycles, result.run.cycles)),
  ])];
  const tds = cells.map((html, i) => `<td class="${HANDLER_COLUMNS[i + 1][1]}${html === NOTHING ? ' nothing' : ''}" data-label="${HANDLER_COLUMNS[i + 1][0]}">${html}</td>`);
  return `<tr><th scope="row"><i class="dot ${colour}"></i><code>${escapeHtml(name)}</code>${where}</th>${tds.join('')}</tr>`;
}

function interrupts(result: ProfileResult): string {
  const pairs = result.preemptions.map(({ by, of, count }) => `<li><code>${escapeHtml(by)}</code> ${of === 'sleep' ? 'woke the core' : `pre-empted ${of === 'main' ? 'the main program' : `<code>${escapeHtml(of)}</code>`}`} <b>${number(count)}</b></li>`);
  return section('interrupts', `<h2>Where the time goes, by context</h2>
${timeShares(result)}
<div class="scroll"><table class="handlers">
<thead><tr>${HANDLER_COLUMNS.map(([text, kind]) => `<th scope="col" class="${kind}">${text}</th>`).join('')}</tr></thead>
<tbody>${result.handlers.map((handler) => handlerRow(handler, result)).join('\n')}</tbody>
</table></div>
${pairs.length > 0 ? `<h3 class="small">Who interrupted whom</h3><ul class="key">${pairs.join('')}</ul>` : ''}
<p class="note">Durations are a handler's own, without those that pre-empted it; latency runs from pending to taken, jitter is its longest less its shortest.
In the distributions the height goes by the logarithm of the number of runs, so that a single one shows. Priority 0 is the most urgent.</p>`);
}

function voiceSection({ voices, voiceCycles }: ProfileResult): string {
  if (!voices) return '';
  return section('voices', `${lane('plot-by-voice', 'By voices that sound', 'mean and maximum of the blocks', 'as-h2')}
${stats([['without a voice', number(voices.base)], ['each voice', number(voices.perVoice, 1)], ['explained by the line', percent(voices.explained)]])}
<p class="note">Cycles per frame. The line is fitted through all blocks: an estimate, since blocks differ in more than their voices.</p>
${voiceCycles ? '' : NOT_COUNTED}`);
}

const NOT_COUNTED = '<p class="note">Cycles of single voices were not counted: no method of a class <code>Voice</code>, or <code>…Voice</code>, was met. On CPU arm methods that the compiler has put into their callers are not seen: use --cpu wasm.</p>';

/** What each voice took itself, to the cycle. */
function countedVoices({ voiceCycles, codeCycles, run: { frames } }: ProfileResult): string {
  if (!voiceCycles) return '';
  const { share, each } = voiceCycles;
  const widest = each.reduce((most, { cycles }) => Math.max(most, cycles), 1);
  const rows = each.map((v) => `<li><span>${escapeHtml(v.name)}</span><span class="bar"><i style="width:${((v.cycles / widest) * 100).toFixed(2)}%"></i></span><b class="num">${percent(v.share)}</b><span class="num sub">${number(ratio(v.cycles, frames), 1)}</span></li>`);
  return section('each-voice', `<h2>By voice</h2>
<p>${percent(share)} of all code, in ${plural(each.length, 'voice')}.</p>
<ol class="bars voices columns"><li><span>Voice</span><span></span><span class="num">Share</span><span class="num">Cycles a frame</span></li></ol>
<ol class="bars voices">${rows.join('\n')}</ol>
<p class="note">${howAbout(voiceCycles)}, with all that they call, by the voice that they are about; over the whole run. What mixes the voices is not in them.${voiceCycles.untold > 0 ? ` ${percent(ratio(voiceCycles.untold, codeCycles))} of all code is of methods of voices, but does not tell of which one.` : ''}</p>`);
}

/** The methods of voices that were met. */
function howAbout({ functions, inlined }: NonNullable<ProfileResult['voiceCycles']>): string {
  const names = (of: readonly string[]): string => of.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ');
  return [functions.length > 0 ? `Calls of ${names(functions)}` : '', inlined.length > 0 ? `${functions.length > 0 ? 'code' : 'Code'} of ${names(inlined)} that the compiler put into its callers` : '']
    .filter((part) => part !== '').join(', and ');
}

/** How the cycles of code were found, as the end of a sentence about them. */
const HOW_COUNTED = { blocks: ', by how often each basic block ran and what its instructions cost', cycles: ", the core's own, counted as they passed" } as const;

function functionBars({ functions, flame, run, codeCycles, counted }: ProfileResult): string {
  if (functions.length === 0) return '';
  const key = (f: { name: string; file: string | null; line: number | null }): string => `${f.file}:${f.line} ${f.name}`;
  const inlined = new Set(flame.frames.filter(({ kind }) => kind === 'inlined').map(key));
  const callsOf = (f: ProfileResult['functions'][number]): string => (f.calls !== null ? ` · ${plural(f.calls, 'call')}` : inlined.has(key(f)) ? ' · inlined' : '');
  const widest = functions.reduce((most, f) => Math.max(most, f.selfCycles), 1);
  const row = (f: ProfileResult['functions'][number]): string => `<li>${sourceLink(f.file, f.line, f.name)}<span class="where">${escapeHtml(shortFile(f.file))}:${f.line}${callsOf(f)}</span>
<span class="bar"><i style="width:${((f.selfCycles / widest) * 100).toFixed(2)}%"></i></span><b class="num">${percent(f.share)}</b><span class="num">${percent(ratio(f.totalCycles, codeCycles))}</span><span class="num sub">${run.frames === 0 ? number(f.selfCycles) : number(ratio(f.selfCycles, run.frames), 1)}</span></li>`;
  const rest = functions.slice(TOP_FUNCTIONS);
  return section('functions', `<h2>By function</h2>
<ol class="bars columns"><li><span>Function</span><span></span><span></span><span class="num">Itself</span><span class="num">With calls</span><span class="num">${run.frames === 0 ? 'Cycles' : 'Cycles a frame'}</span></li></ol>
<ol class="bars">${functions.slice(0, TOP_FUNCTIONS).map(row).join('\n')}</ol>
${rest.length > 0 ? `<details><summary>${plural(rest.length, 'more function')}</summary><ol class="bars">${rest.map(row).join('\n')}</ol></details>` : ''}
<p class="note">Of ${number(codeCycles)} cycles of code${counted ? HOW_COUNTED[counted] : ''}. Code that the compiler inlined counts for the function that it was written in.${run.frames === 0 ? '' : ' Cycles a frame are over the whole run, start-up included.'} A function's name opens its source.</p>`);
}

function flameSection({ flame }: ProfileResult): string {
  if (flame.nodes.length === 0) return '';
  return section('flame', `<div class="head"><h2>Flame graph</h2><div class="buttons"><input type="search" id="flame-search" placeholder="Search functions" aria-label="Search functions in the flame graph"><button type="button" id="flame-reset">Whole run</button></div></div>
<output id="flame-readout">Click a function to zoom in on it. Widths are cycles; what is called stands below its caller.</output>
<div id="flame-graph" tabindex="0" role="application" aria-label="Flame graph: arrow keys move, Enter zooms, Escape shows all"></div>
<ul class="key"><li><i class="flame-context"></i>context</li><li><i class="flame-function"></i>function</li><li><i class="flame-inlined"></i>inlined function</li><li><i class="flame-overhead"></i>exception entry and exit, the shim</li></ul>`);
}

function sourceSection({ lines, sources, functions }: ProfileResult): string {
  if (lines.length === 0) return '';
  const hottest = lines.slice(0, TOP_LINES).map(({ file, line, share, function: f }) => `<li><button type="button" class="hot" data-file="${escapeHtml(file)}" data-line="${line}">
<b class="num">${percent(share)}</b><code>${escapeHtml((sources[file]?.[line - 1] ?? '').trim())}</code><span class="where">${escapeHtml(functions[f]?.name ?? '')} · ${escapeHtml(shortFile(file))}:${line}</span></button></li>`);
  return section('source', `<div class="head"><h2>Heat on the source</h2><div class="buttons"><label class="chooser">File <select id="source-file"></select></label></div></div>
<div class="heat"><div><h3 class="small">Hottest lines</h3><ol class="hottest">${hottest.join('\n')}</ol></div>
<div><h3 class="small" id="source-title"></h3><div id="source-code" tabindex="0" role="region" aria-labelledby="source-title"></div></div></div>`);
}

function latencySection({ midiToAudio, notes: played, run }: ProfileResult): string {
  if (run.frames === 0 || played.length === 0) return '';
  const { notes, minMs, meanMs, medianMs, p99Ms, maxMs } = midiToAudio;
  if (notes === 0) return section('latency', '<h2>MIDI to audio</h2><p>No note came in silence, so none could be measured beyond doubt.</p>');
  // Of times that are all the same there is nothing to draw.
  const head = maxMs! > minMs! ? lane('plot-latency', 'MIDI to audio', plural(notes, 'note'), 'as-h2') : `<h2>MIDI to audio</h2><p>${plural(notes, 'note')} came in silence.</p>`;
  return section('latency', `${head}
${stats((notes === 1 ? [['it took', meanMs]] : [['least', minMs], ['median', medianMs], ['mean', meanMs], ['99th percentile', p99Ms], ['most', maxMs]]).map(([name, value]) => [name as string, `${number(value as number, 3)} ms`] as const))}
<p class="note">From the end of a note's last byte to its first frame on I2S, over notes that came in digital silence. The codec's own filters come on top.</p>`);
}

function bytes(count: number): string {
  return count >= 4096 ? `${number(count / 1024, count % 1024 === 0 ? 0 : 1)} KiB` : `${number(count)} B`;
}

function region({ region: name, origin, byteCount, parts }: MemoryUse): string {
  const used = parts.reduce((sum, part) => sum + part.byteCount, 0);
  const shares = parts.map((part, i) => ({ name: `${part.name}, ${bytes(part.byteCount)}`, share: part.byteCount / byteCount, kind: handlerColour(i) }));
  return `<div class="region"><h3 class="small">${escapeHtml(name)} <span class="sub">${bytes(used)} of ${bytes(byteCount)} at 0x${origin.toString(16).padStart(8, '0')}</span></h3>
${shareBar([...shares, { name: `free, ${bytes(byteCount - used)}`, share: (byteCount - used) / byteCount, kind: 'part-sleep' }])}</div>`;
}

function resources({ queues, stacks, memory }: ProfileResult): string {
  const gauge = (name: string, detail: string, value: string, part: number): string =>
    `<li><span>${name} <span class="sub">${detail}</span></span><b class="num">${value}</b>${part < 0 ? '' : `<span class="used"><i style="width:${(Math.min(1, part) * 100).toFixed(1)}%"></i></span>`}</li>`;
  const stackRows = stacks.map((s) => gauge(escapeHtml(s.name), `of ${bytes(s.byteCount)}`, bytes(s.highWater), s.highWater / s.byteCount));
  const queueRows = queues.map((q) => gauge(escapeHtml(q.name), escapeHtml(q.of), `${number(q.highWater)}${q.capacity === null ? '' : ` of ${number(q.capacity)}`}${q.lost ? ` <span class="lost">${number(q.lost)} lost</span>` : ''}`, q.capacity === null ? -1 : q.highWater / q.capacity));
  return section('memory', `<h2>Memory, stacks, queues</h2>
${memory.map(region).join('\n')}
<div class="pair">${stackRows.length > 0 ? `<div><h3 class="small">Stacks: most bytes ever written</h3><ul class="gauges">${stackRows.join('')}</ul></div>` : ''}
${queueRows.length > 0 ? `<div><h3 class="small">Queues: most that ever waited</h3><ul class="gauges">${queueRows.join('')}</ul></div>` : ''}</div>`);
}

function limits({ run, missing }: ProfileResult): string {
  return section('limits', `<h2>What these numbers are</h2>
<p><b>Cycle costs:</b> ${escapeHtml(unbroken(run.costs))}.</p>
<ul>
<li>The core is emulated: cycles are counted, not measured on silicon.</li>
<li><b>Cycles per frame</b> are those in which the core was awake, for each frame of a block. At the budget it never sleeps.</li>
<li>A maximum that a run has seen is no bound for all runs; <code>tonewheel check</code> computes one.</li>
${missing.map(({ what, why }) => `<li><b>Not here: ${escapeHtml(what)}.</b> ${escapeHtml(why)}</li>`).join('\n')}
</ul>`);
}

/** Sections that the bar at the top leads to. */
const CHAPTERS = [['changes', 'Changes'], ['over-time', 'Over time'], ['worst', 'Worst block'], ['interrupts', 'Interrupts'], ['functions', 'Functions'], ['flame', 'Flame graph'], ['source', 'Source'], ['latency', 'Latency'], ['memory', 'Memory']] as const;

/** Sections side by side, as far as there are any. */
const pair = (...of: readonly string[]): string => (of.every((html) => html === '') ? '' : `<div class="pair even">${of.join('')}</div>`);

/** The page's body. */
export function profileBody(result: ProfileResult): string {
  const { run, command, sha256, diff } = result;
  const sections = [
    tiles(result), diff ? diffSection(diff) : '', overTime(result), result.load.blocks > 0 ? distribution(result) : '', worstBlock(result), interrupts(result),
    pair(voiceSection(result), latencySection(result)), countedVoices(result), functionBars(result), flameSection(result), sourceSection(result), resources(result),
    countersSections(run),
  ].join('\n');
  const links = CHAPTERS.filter(([id]) => sections.includes(`id="${id}"`)).map(([id, text]) => `<a href="#${id}">${text}</a>`);
  return `<nav class="chapters" aria-label="Sections"><div>${links.join('')}</div></nav>
<main>
${header('Tonewheel profile', result.entry, run, profileVerdicts(result))}
<p class="costs"><b>Cycle costs:</b> ${escapeHtml(unbroken(run.costs))}.</p>
${sections}
${again('The same profile again', command, [
    ['Firmware SHA-256', `<code>${sha256.module}</code>`], ['Costs SHA-256', `<code>${sha256.costs}</code>`], ['MIDI file', escapeHtml(run.midi.file ?? 'none')], ['Audio SHA-256', `<code>${run.audioSha256}</code>`],
  ], 'The same inputs and seed give the same cycles on any computer, however fast.')}
${limits(result)}
</main>`;
}
