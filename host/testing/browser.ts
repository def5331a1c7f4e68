// SPDX-License-Identifier: MIT
// Pages in a real browser, for specs of what people see: Chromium without a window.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0);
/** Where there is no browser a page cannot be tried; continuous integration must have one. */
export const withoutBrowser = chromium === undefined && !process.env.CI ? 'no Chromium found' : false;

export interface Opened {
  /** The page as it is after a while, or the one that it is framed in. */
  readonly dom: string;
  /** What the console said. */
  readonly console: readonly string[];
}

/** A window without a head is no narrower. */
const NARROWEST_WINDOW = 500;

/** A page that has another one in a frame of a phone's width, and takes over what the visit of that one finds. */
const inFrame = (width: number, height: number): string => `<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0">
<iframe src="page.html" style="border:0" width="${width}" height="${height}"></iframe>
<script>addEventListener('message', ({ data }) => (document.body.dataset.found = data));</script>`;

/**
 * Opens a page from disk.
 * @param windowSize "width,height"; of one that is narrower than a window can be, only what the visit finds is told, not the DOM
 * @param visit statements that use the page as a reader does, run when it is loaded; what they put into `found` is what `foundIn` gives
 */
export function openPage(page: string, windowSize: string, { visit = '', dark = false }: { visit?: string; dark?: boolean } = {}): Opened {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-page-'));
  try {
    const file = join(directory, 'page.html');
    const visitor = `<script>addEventListener('load', async () => {
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const painted = (id) => {
  const canvas = document.querySelector('#' + id + ' canvas');
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((value, i) => i % 4 === 3 && value > 0).length;
};
const point = (selector, x, y) => {
  const over = document.querySelector(selector);
  const box = over.getBoundingClientRect();
  over.dispatchEvent(new MouseEvent('mousemove', { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true }));
};
const found = {};
await wait(300);
${visit}
document.body.dataset.found = JSON.stringify(found);
if (parent !== window) parent.postMessage(JSON.stringify(found), '*');
});</script></body>`;
    writeFileSync(file, visit === '' ? page : page.replace(/<\/body>(?![\s\S]*<\/body>)/, () => visitor));
    const [width, height] = windowSize.split(',').map(Number);
    const narrow = width < NARROWEST_WINDOW;
    const opened = join(directory, 'frame.html');
    if (narrow) writeFileSync(opened, inFrame(width, height));
    const { stdout, stderr, status } = spawnSync(chromium!, [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--enable-logging=stderr', '--virtual-time-budget=6000', ...(dark ? ['--blink-settings=preferredColorScheme=0'] : []),
      `--user-data-dir=${join(directory, 'profile')}`, `--window-size=${windowSize}`, '--dump-dom', pathToFileURL(narrow ? opened : file).href,
    ], { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 120_000 });
    assert.equal(status, 0, stderr);
    return { dom: stdout, console: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the visit found. */
export function foundIn<T>({ dom, console }: Opened): T {
  const found = /data-found="([^"]*)"/.exec(dom);
  assert.ok(found, `the visit came to no end: ${console.join('\n')}`);
  return JSON.parse(found[1].replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')) as T;
}
