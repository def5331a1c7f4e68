// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foundIn, openPage, withoutBrowser } from '../../testing/browser.js';
import { exampleProfile } from '../../testing/example-profile.js';
import { compareProfiles } from '../profile-diff.js';
import type { ProfileResult } from '../profile-result.js';
import { clientScript } from './document.js';
import { profileHtml } from './profile-html.js';

const result = exampleProfile(6);

/** The same profile, and an older one in which one function's lines took less. */
function slowerSince(name: string): ProfileResult {
  const old = structuredClone(result);
  const index = old.functions.findIndex((f) => f.name === name);
  for (const line of old.lines) if (line.function === index) line.cycles = Math.round(line.cycles * 0.8);
  old.functions[index].selfCycles *= 0.8;
  return { ...result, diff: compareProfiles(old, result, 5) };
}

/** A page without its style and its script. */
const wordsOf = (page: string): string => page.slice(0, page.indexOf('<script type="application/json"')).replace(/<style>.*?<\/style>/s, '');

test('the script is small enough to come along with every page', async () => {
  const { length } = await clientScript('page/profile-client.ts');
  assert.ok(length > 60_000 && length < 300_000, `${length} bytes`);
});

test('without its script the page says what matters: verdict, costs, handlers, functions, lines, queues', async () => {
  const page = await profileHtml(result);
  const words = wordsOf(page);
  assert.match(words, /Every block was ready in time/);
  assert.match(words, /The slowest block left \d+\u00a0% of its time as headroom/);
  assert.ok(words.includes(result.run.costs));
  for (const { name, functionName } of result.handlers) if (functionName) assert.ok(words.includes(`<code>${name}</code>`) && words.includes(`>${functionName}</button>`), name);
  const [hottest] = result.lines;
  assert.ok(words.includes(`data-file="${hottest.file}" data-line="${hottest.line}"`));
  for (const { name } of result.functions) assert.ok(words.includes(`>${name}</button>`), name);
  for (const { of } of result.queues) assert.ok(words.includes(of), of);
  assert.ok(words.includes(result.missing[0].what) && words.includes(result.missing[0].why));
  assert.doesNotMatch(words, /NaN|Infinity|undefined/);
});

test('what got slower stands first, with its lines before and after; without an older profile nothing of it is there', async () => {
  const page = await profileHtml(slowerSince('renderSvf'));
  const changes = /<section class="card" id="changes">.*?<\/section>/s.exec(page)![0];
  assert.match(changes, /What got slower.*>renderSvf<\/button> <b class="worse">\+25\.0\u00a0%<\/b>/s);
  assert.ok((changes.match(/class="culprits".*?<\/ol>/s)![0].match(/audio\/svf\.ts:\d+/g) ?? []).length >= 2);
  assert.ok(page.indexOf('id="changes"') < page.indexOf('id="over-time"'));
  assert.match(page, /class="bad">\d measures? got worse/);
  assert.ok(!(await profileHtml(result)).includes('id="changes"'));
});

test('a firmware without audio has nothing of frames and notes in silence; a library that a project imports is called as here', async () => {
  const [f] = result.functions;
  const quiet: ProfileResult = {
    ...result, run: { ...result.run, frames: 0, blockFrames: 0 }, load: { ...result.load, blocks: 0 }, worst: null, voices: null, voiceCycles: null,
    midiToAudio: { ...result.midiToAudio, notes: 0, minMs: null, meanMs: null, medianMs: null, p99Ms: null, maxMs: null, values: [] },
    functions: [{ ...f, file: '~lib/tonewheel/assembly/audio/svf.ts' }, ...result.functions.slice(1)],
  };
  const page = await profileHtml(quiet);
  const words = wordsOf(page);
  assert.doesNotMatch(words, /MIDI to audio|in silence|Cycles a frame|0 blocks of 0|NaN|Infinity|undefined/);
  assert.match(words, /<span class="where">audio\/svf\.ts:/);
  const voices = (await profileHtml(result)).match(/<section class="card" id="each-voice">.*?<\/section>/s)![0];
  for (const { name } of result.voiceCycles!.each) assert.ok(voices.includes(`<span>${name}</span>`), name);
  assert.match((await profileHtml({ ...result, voiceCycles: null })).match(/<section class="card" id="voices">.*?<\/section>/s)![0], /were not counted/);
});

test('text from outside cannot become markup', async () => {
  const hostile = '</script><img src=x onerror=alert(1)>"';
  const bad: ProfileResult = {
    ...result, entry: hostile, command: hostile, run: { ...result.run, costs: hostile },
    functions: result.functions.map((f) => ({ ...f, name: hostile })), handlers: result.handlers.map((h) => ({ ...h, name: hostile, functionName: hostile })),
    sources: Object.fromEntries(Object.keys(result.sources).map((file) => [file, result.sources[file].map(() => hostile)])),
    missing: [{ what: hostile, why: hostile }], queues: [{ name: hostile, of: hostile, capacity: 2, highWater: 1, lost: 1 }], stacks: [{ name: hostile, byteCount: 1, highWater: 1 }],
    memory: [{ region: hostile, origin: 0, byteCount: 10, parts: [{ name: hostile, address: 0, byteCount: 5 }] }], preemptions: [{ by: hostile, of: hostile, count: 1 }],
  };
  const page = await profileHtml({ ...bad, diff: { threshold: 5, faster: [], added: [{ name: hostile, file: hostile, line: 1, cycles: 1 }], slower: [
    { kind: 'function', name: hostile, unit: hostile, file: hostile, line: 1, before: 1, after: 2, percent: 100, lines: [{ file: hostile, line: 1, before: 1, after: 2, changed: true, text: hostile }] }] } });
  assert.ok(!page.includes('<img'));
  assert.equal(page.split('</script>').length - 1, 2);
});

const IDS = ['plot-load', 'plot-voices', 'plot-notes', 'plot-histogram', 'plot-worst', 'plot-by-voice', 'plot-latency'];
/** Uses the page as a reader does: zooms, points, searches, opens sources, goes by keyboard. */
const VISIT = `
const text = (id) => document.getElementById(id).textContent;
found.painted = ${JSON.stringify(IDS)}.map(painted);
found.overflow = document.documentElement.scrollWidth - innerWidth;
found.innerWidth = innerWidth;
document.querySelector('#over-time [data-span="1"]').click();
document.querySelector('#worst [data-span="100"]').click();
await wait(100);
point('#plot-load .u-over', 0.5, 0.5);
point('#plot-worst .u-over', 0.5, 0.9);
await wait(100);
found.load = text('plot-load-readout');
found.notes = text('plot-notes-readout');
found.worst = text('plot-worst-readout');
found.pressed = [...document.querySelectorAll('[aria-pressed="true"]')].map((b) => b.textContent);
point('#plot-worst .u-over', 0.5, 0.02);
await wait(100);
found.midi = text('plot-worst-readout');
const frames = () => [...document.querySelectorAll('#flame-graph g.frame')].map((g) => g.__data__.data.name);
found.frames = frames();
const search = document.getElementById('flame-search');
search.value = 'SVF';
search.dispatchEvent(new Event('input'));
await wait(300);
found.search = text('flame-readout');
const key = (name) => document.getElementById('flame-graph').dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
for (const name of ['ArrowDown', 'ArrowDown', 'ArrowDown']) key(name);
found.walked = text('flame-readout');
key('Enter');
await wait(500);
found.zoomed = [...document.querySelectorAll('#flame-graph g.frame')].filter((g) => g.__data__.data.name === 'schedulerRender').map((g) => Math.round(g.getAttribute('width')));
found.width = document.getElementById('flame-graph').clientWidth;
key('Escape');
await wait(500);
found.all = frames().length;
found.first = document.getElementById('source-file').value;
document.querySelector('#functions [data-file="assembly/audio/ladder.ts"]').click();
found.opened = document.getElementById('source-file').value;
found.here = document.querySelector('#source-code .here').textContent;
const here = document.querySelector('#source-code .here').getBoundingClientRect();
const box = document.getElementById('source-code').getBoundingClientRect();
found.inView = here.top >= box.top && here.bottom <= box.bottom;
found.background = getComputedStyle(document.body).backgroundColor;`;

interface Found {
  painted: number[]; overflow: number; innerWidth: number; load: string; notes: string; worst: string; midi: string; pressed: string[]; frames: string[]; search: string; walked: string;
  zoomed: number[]; width: number; all: number; first: string; opened: string; here: string; inView: boolean; background: string;
}

for (const [size, dark] of [['1440,2400', false], ['390,3000', false], ['1440,2400', true]] as const) {
  test(`in a browser of ${size.replace(',', ' × ')}${dark ? ', in the dark' : ''}: it draws, zooms, searches and opens sources; the console is quiet`, { skip: withoutBrowser }, async () => {
    const opened = openPage(await profileHtml(slowerSince('renderSvf')), size, { visit: VISIT, dark });
    assert.deepEqual(opened.console, []);
    const found = foundIn<Found>(opened);
    found.painted.forEach((count, i) => assert.ok(count > 1500, `${IDS[i]}: ${count} pixels painted`));
    assert.equal(found.innerWidth, parseInt(size, 10));
    assert.ok(found.overflow <= 0, `the page is ${found.overflow} px too wide`);
    assert.deepEqual(found.pressed, ['1 s', '100 µs']);
    assert.match(found.load, /^(2\.9|3\.0)\d\d s: mean [\d,]+, max [\d,]+ cycles per frame, \d+ %$/);
    assert.match(found.notes, /^(2\.9|3\.0)\d\d s: /);
    // The block's middle: 333 µs. There PendSV goes on for 17,000 cycles after the second MIDI byte; it had waited 40 cycles.
    assert.match(found.worst, /^333\.\d\d µs: PendSV runs for 101\.19 µs, taken 0\.24 µs after it became pending$/);
    assert.match(found.midi, /^MIDI byte 3C ended at 3\d\d\.\d\d µs$/);
    for (const name of ['all code', 'PendSV', 'render', 'renderSvf', 'addReverb']) assert.ok(found.frames.includes(name), name);
    assert.match(found.search, /^“SVF”: 1 found, 56,000,000 cycles, 14\.\d %$/);
    assert.match(found.walked, /^schedulerRender: [\d,]+ cycles, \d+\.\d % – assembly\/firmware\/synth\/player\.ts:29$/);
    assert.deepEqual(found.zoomed, [found.width]);
    assert.equal(found.all, found.frames.length);
    assert.notEqual(found.first, found.opened);
    assert.equal(found.opened, 'assembly/audio/ladder.ts');
    assert.match(found.here, /% ?61export function renderLadder\(/);
    assert.ok(found.inView);
    const [red] = /\d+/.exec(found.background)!;
    assert.equal(Number(red) < 64, dark, found.background);
  });
}

test('a run without sound, code or notes has a page of what there was, and a quiet console', { skip: withoutBrowser }, async () => {
  const none = { from: 0, width: 0, counts: [] };
  const nothing: ProfileResult = {
    ...result, run: { ...result.run, frames: 0, blockFrames: 0, sampleRate: 0, cyclesPerFrame: { mean: 0, p99: 0, max: 0, budget: 0 } },
    load: { mean: 0, p99: 0, p999: 0, max: 0, budget: 0, blocks: 0, histogram: none, series: { blocksPerPoint: 1, seconds: [], mean: [], max: [], voices: [] } },
    notes: [], voices: null, codeCycles: 0, functions: [], lines: [], flame: { frames: [], nodes: [] }, sources: {}, worst: null,
    midiToAudio: { notes: 0, minMs: null, meanMs: null, medianMs: null, p99Ms: null, maxMs: null, histogram: none, values: [] },
  };
  const { dom, console } = openPage(await profileHtml(nothing), '1280,1600');
  assert.deepEqual(console, []);
  assert.equal(dom.split('<canvas').length - 1, 0);
  assert.doesNotMatch(dom.replace(/<script.*?<\/script>/gs, ''), /NaN|Infinity/);
});

test('the slowest block and the headroom are one number; a share of almost nothing is not nothing', async () => {
  const { response, deadlineCycles } = result.rendering!;
  const rendering = { ...result.rendering!, response: { ...response, max: deadlineCycles * 0.79 } };
  const words = wordsOf(await profileHtml({ ...result, rendering }));
  assert.match(words, /The slowest block left 21\u00a0% of its time as headroom: ready after 444\.\d\u00a0µs, due after 562\.6\u00a0µs\./);
  assert.match(words, /<h3>Headroom<\/h3><p class="value">21\u00a0%<\/p><p class="detail">the slowest block was ready after 444\.\d\u00a0µs, and due after 562\.6\u00a0µs/);
  assert.doesNotMatch(words, /busiest block left/);
  assert.match(words, /USART2 <b>≈\u00a00\u00a0%<\/b>/);
  // Times of thousands of microseconds are in milliseconds.
  const late = wordsOf(await profileHtml({ ...result, run: { ...result.run, lateBlocks: 3 }, rendering: { ...rendering, late: 3, response: { ...response, max: result.run.coreHertz * 0.1923 } } }));
  assert.match(late, /the slowest block was ready after 192\.3\u00a0ms, and due after 562\.6\u00a0µs/);
});

test('a firmware that plays no audio is no failure; one whose run ended in start-up says so, and not that its codec does not play', async () => {
  const quiet = { ...result.run, frames: 0, blockFrames: 0, seconds: 0.005, losses: Object.fromEntries(Object.keys(result.run.losses).map((name) => [name, 0])) as typeof result.run.losses, codecProblems: ['register 0x02 is 0x01'] };
  const page = async (run: ProfileResult['run']): Promise<string> => wordsOf(await profileHtml({ ...result, run, rendering: null, load: { ...result.load, blocks: 0 }, worst: null, voices: null }));
  assert.match(await page({ ...quiet, playsAudio: false, codecProblems: [] }), /<li class="good">Nothing was lost\. The firmware plays no audio/);
  const early = await page({ ...quiet, playsAudio: true });
  assert.match(early, /<li class="warning">No frame left I2S: the run ended after 0\.0050\u00a0s, before audio started\./);
  assert.doesNotMatch(early, /codec does not play/);
  assert.match(await page({ ...quiet, seconds: 5, playsAudio: true }), /The codec does not play: register 0x02 is 0x01.*this run made no sound/s);
});

test('what the set-up lacks is among the verdicts, and a voice has no price where blocks do not differ by voices', async () => {
  const page = async (changes: Partial<ProfileResult>): Promise<string> => wordsOf(await profileHtml({ ...result, ...changes }));
  const midiProblem = '12 bytes came over the MIDI cable, and no one takes them out.';
  assert.match(await page({ run: { ...result.run, midiProblem } }), /<li class="warning">No MIDI was heard: 12 bytes came over the MIDI cable/);
  assert.match(await page({}), /A voice costs/);
  assert.doesNotMatch(await page({ voices: { ...result.voices!, explained: 0.001 } }), /A voice costs/);
});

test('a firmware of other directories is called by its own', async () => {
  const entry = '../../../../elsewhere/deep/synths/tone.ts';
  const words = wordsOf(await profileHtml({ ...result, entry, functions: [{ ...result.functions[0], file: entry, line: 7 }, ...result.functions.slice(1)] }));
  assert.match(words, /<h1>…\/synths\/tone\.ts<\/h1>/);
  assert.match(words, /<span class="where">…\/synths\/tone\.ts:7/);
});

test('a handler that never ran has a row across the whole table; without voices and notes nothing is said of them', async () => {
  const never = { ...result.handlers[0], name: 'EXTI0', count: 0, unfinishedCycles: null };
  const words = wordsOf(await profileHtml({ ...result, handlers: [...result.handlers, never], notes: [], voices: null, voiceCycles: null, run: { ...result.run, gauges: { ...result.run.gauges, maxVoices: 0 } } }));
  const rows = words.slice(words.indexOf('<table class="handlers">')).split('<tr').slice(1, 6);
  const cells = rows.map((row) => (row.match(/<t[hd]\b/g) ?? []).length);
  assert.deepEqual(cells, cells.map(() => 10));
  assert.match(rows.find((row) => row.includes('EXTI0'))!, /data-label="Runs"><span class="sub">never<\/span>/);
  assert.doesNotMatch(words, /id="plot-(voices|notes)"|<dt>voices<|MIDI to audio|0 voices/);
});

/** Names of the last label of an axis are cut where the canvas ends. */
const EDGE = `
const canvas = document.querySelector('#plot-load canvas');
const column = canvas.getContext('2d').getImageData(canvas.width - 1, 0, 1, canvas.height).data;
found.edge = [...column].filter((value, i) => i % 4 === 3 && value > 0).length;
found.overflow = document.documentElement.scrollWidth - innerWidth;
found.width = innerWidth;`;

test('on a phone the axis of a very short run ends with a whole label, and the chooser of a long file name fits', { skip: withoutBrowser }, async () => {
  const [first, ...rest] = result.lines;
  const file = `~lib/tonewheel/assembly/${'somewhere/'.repeat(8)}registers.ts`;
  const short: ProfileResult = {
    ...result, run: { ...result.run, seconds: 0.01, gauges: { ...result.run.gauges, maxVoices: 0 } }, notes: [], lines: [{ ...first, file }, ...rest], sources: { ...result.sources, [file]: ['one'] },
    load: { ...result.load, series: { blocksPerPoint: 1, seconds: [0.0077, 0.0084, 0.009], mean: [1, 1, 1], max: [1, 1, 1], voices: [0, 0, 0] } },
  };
  const opened = openPage(await profileHtml(short), '390,3000', { visit: EDGE });
  assert.deepEqual(opened.console, []);
  const { edge, overflow, width } = foundIn<{ edge: number; overflow: number; width: number }>(opened);
  assert.equal(width, 390);
  assert.equal(edge, 0);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});
