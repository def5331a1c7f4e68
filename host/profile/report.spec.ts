// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { foundIn, openPage, withoutBrowser } from '../testing/browser.js';
import { exampleRun } from '../testing/example-run.js';
import { cyclesPerFrameOfBlocks } from './recorder.js';
import { reportHtml, writeReport } from './report.js';
import { reportData } from './report-data.js';

const directory = mkdtempSync(join(tmpdir(), 'tonewheel-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const input = exampleRun(6);
const { result, blocks, notes, audio } = input;
const floats = (packed: string) => new Float32Array(Uint8Array.from(Buffer.from(packed, 'base64')).buffer);
const bytes = (packed: string) => Uint8Array.from(Buffer.from(packed, 'base64'));

test('data for the plots: no maximum is lost, every note and every block is in it', () => {
  const data = reportData(result, blocks, notes, audio);
  const values = cyclesPerFrameOfBlocks(blocks, data.budget);
  const max = floats(data.load.max);
  assert.equal(max.length, Math.ceil(blocks.count / data.load.blocksPerPoint));
  assert.equal(max.reduce((a, b) => Math.max(a, b)), Math.fround(result.cyclesPerFrame.max));
  assert.equal(floats(data.load.time)[0], Math.fround(blocks.boundaryCycles[0] / result.coreHertz));
  assert.equal(bytes(data.load.voices).reduce((a, b) => Math.max(a, b)), result.gauges.maxVoices);
  assert.equal(bytes(data.notes.note).length, notes.length);
  assert.equal(data.histogram.counts.reduce((a, b) => a + b), blocks.count);
  const bin = Math.floor(values[100] / data.histogram.width);
  assert.ok(data.histogram.counts[bin] > 0);
  assert.equal(bytes(data.audio.left).length, bytes(data.audio.right).length);
  const loudest = Math.max(...bytes(data.audio.left), ...bytes(data.audio.right));
  assert.equal(loudest, Math.ceil(result.peak * 255));
});

test('many blocks become few points: the mean of means stays, the highest peak stays', () => {
  const count = 100_003;
  const boundaryCycles = Float64Array.from({ length: count + 1 }, (_, i) => i * 1000);
  const busyCycles = new Float64Array(count).fill(100);
  busyCycles[77_777] = 1000;
  const voices = new Uint8Array(count);
  voices[99_999] = 7;
  const data = reportData(result, { count, boundaryCycles, busyCycles, voices }, [], audio);
  const max = floats(data.load.max);
  assert.ok(max.length <= 16_384);
  assert.equal(max[Math.floor(77_777 / data.load.blocksPerPoint)], Math.fround(data.budget));
  assert.equal(bytes(data.load.voices)[Math.floor(99_999 / data.load.blocksPerPoint)], 7);
  assert.ok(Math.abs(floats(data.load.mean)[3] - data.budget / 10) < 1e-3);
});

test('the page and the JSON are written, and text from outside cannot become markup', async () => {
  const hostile = { ...result, firmware: '<img src=x onerror=alert(1)>.ts', board: '</title><script>' };
  const paths = await writeReport(join(directory, 'a', 'b'), { ...input, result: hostile, command: 'run "<b>" && x' });
  const page = readFileSync(paths.html, 'utf8');
  assert.ok(!page.includes('<img src=x'));
  assert.ok(!page.includes('<title></title><script>'));
  assert.ok(page.includes('run &quot;&lt;b&gt;&quot; &amp;&amp; x'));
  assert.deepEqual(JSON.parse(readFileSync(paths.json, 'utf8')), JSON.parse(JSON.stringify(hostile)));
});

test('losses that happened are explained above those that did not', async () => {
  const page = await reportHtml({ ...input, result: { ...result, losses: { ...result.losses, uartOverrun: 12 } } });
  assert.match(page, /<tr class="hit"><th scope="row"><code>uartOverrun<\/code><\/th><td class="num">12<\/td><td class="wrap">Characters lost/);
  assert.match(page, /<details>.*<code>i2cError<\/code>/s);
});

const IDS = ['plot-load', 'plot-voices', 'plot-notes', 'plot-audio', 'plot-histogram'];
/** Uses the page as a reader does. */
const VISIT = `
const ids = ${JSON.stringify(IDS)};
found.painted = ids.map(painted);
found.overflow = document.documentElement.scrollWidth - innerWidth;
document.querySelector('[data-span="1"]').click();
await wait(200);
point('#plot-notes .u-over', 0.5, 0.2);
await wait(200);
found.readouts = ids.slice(0, 4).map((id) => document.getElementById(id + '-readout').textContent);
found.pressed = [...document.querySelectorAll('[aria-pressed="true"]')].map((b) => b.textContent);`;

for (const size of ['1280,2000', '390,3000']) {
  test(`in a browser of ${size.replace(',', ' × ')} plots are drawn, zoom together and answer the cursor; the console is quiet`, { skip: withoutBrowser }, async () => {
    const opened = openPage(await reportHtml(input), size, { visit: VISIT });
    assert.deepEqual(opened.console, []);
    const found = foundIn<{ painted: number[]; overflow: number; readouts: string[]; pressed: string[] }>(opened);
    for (const count of found.painted) assert.ok(count > 2000, `${found.painted} pixels painted`);
    assert.ok(found.overflow <= 0, `the page is ${found.overflow} px too wide`);
    assert.deepEqual(found.pressed, ['1 s']);
    // The middle of six seconds: 3 s, whichever lane the cursor is in.
    assert.match(found.readouts[0], /^(2\.9|3\.0)\d\d s: mean [\d,]+, max [\d,]+ cycles per frame, \d+ %$/);
    assert.match(found.readouts[1], /^(2\.9|3\.0)\d\d s: \d+ voices?$/);
    assert.match(found.readouts[2], /^(2\.9|3\.0)\d\d s: ([A-G]♯?\d|no note)/);
    assert.match(found.readouts[3], /^(2\.9|3\.0)\d\d s: left −\d+\.\d, right −\d+\.\d dBFS$/);
  });
}

test('a run without sound has a report of what there was, with no empty plots and a quiet console', { skip: withoutBrowser }, async () => {
  const silent = {
    ...result, frames: 0, blockFrames: 0, sampleRate: 0, peak: 0, rms: 0, cyclesPerFrame: { mean: 0, p99: 0, max: 0, budget: 0 },
    midiToAudio: { notes: 0, minMs: null, meanMs: null, maxMs: null },
  };
  const noBlocks = { count: 0, boundaryCycles: new Float64Array(0), busyCycles: new Float64Array(0), voices: new Uint8Array(0) };
  const noAudio = { samples: new Int16Array(0), fullScale: 32768, frameCycle: () => 0 };
  const { dom, console } = openPage(await reportHtml({ ...input, result: silent, blocks: noBlocks, audio: noAudio }), '1280,1600');
  assert.deepEqual(console, []);
  assert.equal(dom.split('<canvas').length - 1, 1);
  assert.doesNotMatch(dom.replace(/<script.*?<\/script>/gs, ''), /NaN|Infinity/);
});

test('what a page says on the console is noticed, and its policy lets nothing be loaded', { skip: withoutBrowser }, async () => {
  const page = (await reportHtml(input)).replace('</body>', '<img src="https://example.invalid/x.png"></body>');
  const { console } = openPage(page, '800,600');
  assert.ok(console.some((line) => line.includes('Content Security Policy')), console.join('\n'));
});
