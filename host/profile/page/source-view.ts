// SPDX-License-Identifier: MIT
// The TypeScript with each line's cycles beside it: a file at a time. In the browser.

import { element } from './browser.js';
import type { ProfilePageData } from './profile-html.js';

const shortName = (file: string): string => file.replace(/^assembly\//, '').replace(/^~lib\//, 'library: ');

/** Fills the file chooser, and shows the hottest line's file. */
export function addSource({ lines, sources }: Pick<ProfilePageData, 'lines' | 'sources'>): { open(file: string, line: number): void } {
  const chooser = element('source-file') as HTMLSelectElement;
  const code = element('source-code');
  const title = element('source-title');
  const shares = new Map<string, number>();
  for (const { file, share } of lines) shares.set(file, (shares.get(file) ?? 0) + share);
  const files = [...shares.keys()].filter((file) => file in sources).sort((a, b) => shares.get(b)! - shares.get(a)!);
  for (const file of files) chooser.add(new Option(`${(100 * shares.get(file)!).toFixed(1)} %  ${shortName(file)}`, file));
  const hottest = lines.reduce((most, { share }) => Math.max(most, share), 0);
  let shown = '';

  const show = (file: string): void => {
    if (file === shown) return;
    shown = file;
    chooser.value = file;
    title.textContent = `${shortName(file)} – ${(100 * (shares.get(file) ?? 0)).toFixed(1)} % of all code`;
    const heat = new Map(lines.filter((l) => l.file === file).map((l) => [l.line, l]));
    code.replaceChildren(...sources[file].map((text, i) => {
      const line = document.createElement('div');
      const found = heat.get(i + 1);
      line.className = /^\s*(\/\/|\/?\*)/.test(text) ? 'line comment' : 'line';
      // By the square root, so that more than the single hottest line has a colour.
      if (found) line.style.setProperty('--heat', Math.sqrt(found.share / hottest).toFixed(3));
      const part = (name: string, content: string): HTMLElement => {
        const span = document.createElement('span');
        span.className = name;
        span.textContent = content;
        return span;
      };
      const percent = found ? 100 * found.share : 0;
      const cycles = part('cycles', found ? (percent >= 0.005 ? `${percent.toFixed(2)} %` : '<0.01 %') : '');
      if (found) cycles.title = `${found.cycles.toLocaleString('en-US')} cycles`;
      line.append(cycles, part('number', String(i + 1)), part('text', text));
      return line;
    }));
  };
  const scrollTo = (line: number): void => {
    const row = code.children[line - 1] as HTMLElement | undefined;
    code.querySelector('.here')?.classList.remove('here');
    if (!row) return;
    row.classList.add('here');
    code.scrollTop = row.offsetTop - code.clientHeight / 3;
  };
  const hottestOf = (file: string): number => lines.find((l) => l.file === file)!.line;
  chooser.addEventListener('change', () => { show(chooser.value); scrollTo(hottestOf(chooser.value)); });
  if (files.length > 0) { show(lines[0].file in sources ? lines[0].file : files[0]); scrollTo(hottestOf(shown)); }
  return {
    open: (file, line) => {
      if (!(file in sources)) return;
      show(file);
      scrollTo(line);
      element('source').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    },
  };
}
