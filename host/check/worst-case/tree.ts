// SPDX-License-Identifier: MIT
// The worst path as a tree of calls, with the lines that take its time.

import type { InstructionCosts } from '../../cpu/wasm/costs.js';
import { forEachInstruction, type WasmModule } from '../../cpu/wasm/decode.js';
import type { FunctionCode } from './code.js';
import type { Context } from './interpret.js';
import type { LongestPath, Path } from './longest-path.js';
import type { Places } from './places.js';
import { functionName } from './problems.js';
import type { Relaxed } from './relaxation.js';
import type { CallNode, LineCost } from './result.js';

/** Ways through one function, each with how often it is gone. */
type Ways = Map<Path, number>;

const addTo = <K>(counts: Map<K, number>, key: K, count: number): void => void counts.set(key, (counts.get(key) ?? 0) + count);

/** Stands for what the bound has more than the ways that it was found with. */
const REST = '(not traced to a way)';

type BlockLines = ReadonlyMap<number, readonly { readonly file: string; readonly line: number; readonly share: number }[]>;

export function callTree(module: WasmModule, places: Places, paths: LongestPath, root: Context, relaxed: Relaxed<Path>): CallNode {
  const { charges } = paths;
  const lineShares = new Map<FunctionCode, BlockLines>();
  const sharesOf = (code: FunctionCode): BlockLines => {
    let shares = lineShares.get(code);
    if (!shares) lineShares.set(code, shares = blockLines(module, places, code, charges.blocksOf(code), charges.costsOf(code.index)));
    return shares;
  };

  const node = (code: FunctionCode, ways: Ways, file: string, line: number): CallNode => {
    const visits = new Map<number, number>();
    const calls = new Map<string, { code: FunctionCode; ways: Ways; file: string; line: number }>();
    for (const [way, times] of ways) {
      countItems(way, times, (item, count) => {
        if (item.kind === 'block') return addTo(visits, item.at, count);
        const callee = item.context.code;
        const here = places.locate(code, item.at);
        const key = `${callee.index} ${here?.file}:${here?.line}`;
        const known = calls.get(key) ?? { code: callee, ways: new Map(), file: here?.file ?? '', line: here?.line ?? 0 };
        addTo(known.ways, item.path, count);
        calls.set(key, known);
      });
    }
    const lines = new Map<string, { file: string; line: number; cycles: number; times: number }>();
    const shares = sharesOf(code);
    const charged = charges.blocksOf(code);
    for (const [at, count] of visits) {
      for (const { file: f, line: l, share } of shares.get(at)!) {
        const known = lines.get(`${f}:${l}`) ?? { file: f, line: l, cycles: 0, times: 0 };
        lines.set(`${f}:${l}`, { ...known, cycles: known.cycles + share * charged.get(at)! * count, times: Math.max(known.times, count) });
      }
    }
    const children = [...calls.values()].map((call) => node(call.code, call.ways, call.file, call.line)).sort((a, b) => b.cycles - a.cycles);
    const own: LineCost[] = [...lines.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
    const cycles = own.reduce((sum, l) => sum + l.cycles, 0) + children.reduce((sum, c) => sum + c.cycles, 0);
    const times = [...ways.values()].reduce((sum, n) => sum + n, 0);
    return { functionName: functionName(module, code.index), file, line, cycles, times, lines: own, children };
  };

  const start = [...sharesOf(root.code).values()].flat().find(({ file }) => file !== '');
  const ways: Ways = new Map(paths.trace(relaxed.mix.map(({ prices }) => prices)).map((path, i) => [path, relaxed.mix[i].weight]));
  const tree = node(root.code, ways, start?.file ?? '', start?.line ?? 0);
  // What the search for prices has left, if it was given up.
  const rest = relaxed.bound - tree.cycles;
  if (Math.abs(rest) < 0.5) return tree;
  const remainder: CallNode = { functionName: REST, file: tree.file, line: tree.line, cycles: rest, times: 1, lines: [], children: [] };
  return { ...tree, cycles: relaxed.bound, children: [...tree.children, remainder] };
}

/** Visits all that a way passes, each with how often. */
function countItems(path: Path, times: number, visit: (item: Extract<NonNullable<Path['item']>, { kind: 'block' | 'call' }>, count: number) => void): void {
  for (let p: Path | undefined = path; p; p = p.before) {
    const { item } = p;
    if (!item) continue;
    if (item.kind === 'block' || item.kind === 'call') visit(item, times);
    else if (item.kind === 'turns') countItems(item.path, times * item.times, visit);
    else if (item.kind === 'inner') countItems(item.path, times, visit);
    else for (const { weight, path: part } of item.parts) countItems(part, times * weight, visit);
  }
}

/** How the cycles of each block are shared by the lines that its instructions come from. */
function blockLines(module: WasmModule, places: Places, code: FunctionCode, blocks: ReadonlyMap<number, number>, costs: InstructionCosts): BlockLines {
  const weights = new Map<number, Map<string, { file: string; line: number; weight: number }>>();
  let block: number | undefined;
  forEachInstruction(module.bytes, code.body.code, code.body.end, ({ operator: { name }, offset, index }) => {
    if (blocks.has(offset)) block = offset;
    if (block === undefined) return;
    const weight = name === 'call' ? costs.call(index, module) : costs.instruction(name);
    if (weight === 0) return;
    const { file, line } = places.locate(code, offset) ?? { file: '', line: 0 };
    const own = weights.get(block) ?? new Map<string, { file: string; line: number; weight: number }>();
    const known = own.get(`${file}:${line}`);
    own.set(`${file}:${line}`, { file, line, weight: (known?.weight ?? 0) + weight });
    weights.set(block, own);
  });
  // One that costs only where it lies, as a branch's target does, is its first instruction's.
  for (const at of blocks.keys()) {
    const { file, line } = places.locate(code, at) ?? { file: '', line: 0 };
    if (!weights.has(at)) weights.set(at, new Map([['', { file, line, weight: 1 }]]));
  }
  return new Map([...weights].map(([at, own]) => {
    const whole = [...own.values()].reduce((sum, { weight }) => sum + weight, 0);
    return [at, [...own.values()].map(({ file, line, weight }) => ({ file, line, share: weight / whole }))];
  }));
}
