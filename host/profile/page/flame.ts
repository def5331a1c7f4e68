// SPDX-License-Identifier: MIT
// The flame graph: d3-flame-graph with the page's colours, its own search and a keyboard. In the browser.

import { select } from 'd3-selection';
import flamegraph, { type FlameNode } from 'd3-flame-graph';
import type { FlameGraph } from '../profile-result.js';
import { colour, element, whole } from './browser.js';

interface Datum {
  name: string;
  value: number;
  kind: FlameGraph['frames'][number]['kind'] | 'all';
  file: string | null;
  line: number | null;
  children: Datum[];
  fade?: boolean;
}
type Node = FlameNode<Datum>;

/** The tree that the library takes, under one root. */
function treeOf({ frames, nodes }: FlameGraph): Datum {
  const root: Datum = { name: 'all code', value: 0, kind: 'all', file: null, line: null, children: [] };
  const data = nodes.map(({ frame, total }): Datum => ({ ...frames[frame], value: total, children: [] }));
  nodes.forEach(({ parent }, i) => (parent < 0 ? root : data[parent]).children.push(data[i]));
  for (const { children } of [root, ...data]) children.sort((a, b) => b.value - a.value);
  root.value = root.children.reduce((sum, { value }) => sum + value, 0);
  return root;
}

const depthOf = ({ children }: Datum): number => 1 + children.reduce((deepest, child) => Math.max(deepest, depthOf(child)), 0);

/** Frames of a kind differ a little in lightness by their names, so that neighbours can be told apart. */
function shade(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return (hash >>> 0) % 5;
}

/** Draws into `flame-graph`. */
export function addFlameGraph(graph: FlameGraph): { resize(): void; recolour(): void } {
  const host = element('flame-graph');
  const readout = element('flame-readout');
  const search = element('flame-search') as HTMLInputElement;
  const rest = readout.textContent!;
  const tree = treeOf(graph);
  const percent = (value: number): string => `${((100 * value) / tree.value).toFixed(value / tree.value < 0.01 ? 2 : 1)} %`;
  const words = ({ name, value, kind, file, line }: Datum): string =>
    `${name}: ${whole(value)} cycles, ${percent(value)}${kind === 'inlined' ? ', inlined' : ''}${file === null ? '' : ` – ${file}:${line}`}`;
  let paints: Record<string, string> = {};
  const readColours = (): void => {
    paints = Object.fromEntries(['context', 'function', 'inlined', 'overhead', 'all', 'found'].flatMap((kind) => [0, 1, 2, 3, 4].map((i) => {
      const base = colour(`flame-${kind}`);
      return [`${kind}${i}`, i === 0 || kind === 'found' ? base : `color-mix(in srgb, ${base} ${100 - 7 * i}%, ${colour('card')})`];
    })));
  };
  readColours();
  let selected: Node | undefined;
  const chart = flamegraph<Datum>()
    .width(host.clientWidth).height(20 * depthOf(tree)).cellHeight(20).minFrameSize(1).transitionDuration(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200).inverted(true).sort(false)
    .label((node) => words(node.data))
    .color((node) => paints[`${node.highlight ? 'found' : node.data.kind}${shade(node.data.name)}`])
    .onHover((node) => (readout.textContent = words(node.data)))
    .onClick((node) => { selected = node; mark(); })
    .setSearchMatch((node, term) => term !== '' && node.data.name.toLowerCase().includes(term.toLowerCase()))
    .setSearchHandler((found, sum) => {
      readout.textContent = search.value === '' ? rest : `“${search.value}”: ${found.length} found, ${whole(sum)} cycles, ${percent(sum)}`;
    });
  select(host).datum(tree).call(chart);
  const frames = (): SVGGElement[] => Array.from(host.querySelectorAll<SVGGElement>('g.frame'));
  const nodeOf = (frame: Element): Node => (frame as unknown as { __data__: Node }).__data__;
  const mark = (): void => {
    for (const frame of frames()) frame.classList.toggle('selected', nodeOf(frame) === selected);
    if (selected) readout.textContent = words(selected.data);
  };
  const click = (node: Node): void => { frames().find((frame) => nodeOf(frame) === node)?.dispatchEvent(new MouseEvent('click', { bubbles: true })); };
  const showAll = (): void => { chart.resetZoom(); selected = undefined; mark(); readout.textContent = rest; };

  host.addEventListener('mouseleave', () => { readout.textContent = selected ? words(selected.data) : rest; });
  search.addEventListener('input', () => { if (search.value === '') { chart.clear(); readout.textContent = rest; } else chart.search(search.value); });
  element('flame-reset').addEventListener('click', showAll);
  host.addEventListener('keydown', (event) => {
    const all = frames().map(nodeOf);
    const shown = (nodes: readonly Node[] = []): Node[] => nodes.filter((node) => all.includes(node));
    const here = selected && all.includes(selected) ? selected : all[0];
    const siblings = shown(here.parent?.children);
    const moves: Record<string, () => Node | undefined> = {
      ArrowDown: () => shown(here.children)[0], ArrowUp: () => here.parent ?? undefined,
      ArrowRight: () => siblings[siblings.indexOf(here) + 1], ArrowLeft: () => siblings[siblings.indexOf(here) - 1],
    };
    if (event.key in moves) { selected = moves[event.key]() ?? here; mark(); }
    else if (event.key === 'Enter') click(here);
    else if (event.key === 'Escape') showAll();
    else return;
    event.preventDefault();
  });
  return {
    resize: () => { chart.width(host.clientWidth); chart.update(); },
    recolour: () => { readColours(); chart.update(); },
  };
}
