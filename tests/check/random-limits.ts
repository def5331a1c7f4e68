// SPDX-License-Identifier: MIT
// Random comments on random functions: each instruction of a module gets a line of its own, and loops, calls and other statements get @bound … in all, @max,
// @sum and @uses that runs may keep to or not. The watch says which do.

import type { FlowFacts, Formula, LineFact, SourceLoop } from '../../host/build/flow-facts.js';
import { Watch } from '../../host/check/worst-case/watch.js';
import { FirmwareAbort } from '../../host/cpu/pre-emptive-cpu.js';
import type { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { forEachInstruction, parseModule } from '../../host/cpu/wasm/decode.js';
import { meter, METER } from '../../host/cpu/wasm/meter.js';
import type { Exports } from './bound-and-runs.js';
import { randomNumbers } from './random-code.js';

const FILE = 'random.ts';

/**
 * A module whose `f` goes one of many ways, as bytes of memory say: loops of a few turns, choices, calls, and work of different lengths. Every way through it
 * can be taken.
 */
export function randomWays(seed: number): string {
  const below = randomNumbers(seed);
  let labels = 0;
  let counters = 0;
  let helpers: readonly string[] = [];
  const choice = '(global.set $at (i32.add (global.get $at) (i32.const 1))) (i32.and (i32.load8_u (i32.and (global.get $at) (i32.const 1023))) (i32.const 3))';
  const work = (): string => `(local.set 2 ${Array.from({ length: below(3) ? below(6) : below(60) }).reduce<string>((sum) => `(i32.add ${sum} (local.get 1))`, '(local.get 2)')})`;
  const statements = (depth: number): string => Array.from({ length: 1 + below(3) }, () => statement(depth)).join(' ');
  const statement = (depth: number): string => {
    const kind = depth === 0 ? below(3) : below(8);
    if (kind <= 1) return work();
    if (kind === 2) return helpers.length > 0 ? `(local.set 2 (call ${helpers[below(helpers.length)]} (i32.and (local.get 0) (i32.const 7)) (local.get 2)))` : work();
    if (kind <= 4) {
      const [a, b, c] = [++labels, ++labels, ++labels];
      return `(block $l${c} (block $l${b} (block $l${a} ${choice} (br_table $l${a} $l${b} $l${c})) ${statements(depth - 1)} (br $l${c})) ${statements(depth - 1)})`;
    }
    if (kind === 5) return `${choice} (if (then ${statements(depth - 1)}) (else ${statements(depth - 1)}))`;
    const [again, counter] = [++labels, 3 + (counters++ % 8)];
    return `(local.set ${counter} (i32.const ${1 + below(5)})) (loop $l${again} ${statements(depth - 1)} (br_if $l${again} (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1)))))`;
  };
  const functions = ['$h1', '$h0', '$f'].map((name) => {
    counters = 0;
    const text = `(func ${name}${name === '$f' ? ' (export "f")' : ''} (param i32 i32) (result i32) (local ${'i32 '.repeat(9)}) ${statements(name === '$f' ? 4 : 2)} (local.get 2))`;
    helpers = [...helpers, name];
    return text;
  });
  return `(module (memory (export "memory") 1 1) (global $at (mut i32) (i32.const 0)) ${functions.join(' ')})`;
}

/** What one call of a function has of something. */
const RESOURCES: readonly Formula[] = [[6], [20], ['a'], ['a', '+', 3]];

export interface Commented {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  readonly flowFacts: FlowFacts;
  readonly natives: readonly [];
  readonly vectors: readonly { readonly exportName: string }[];
}

/** A module with comments: the same ones for the same seed. */
export function commented(wasm: Uint8Array, seed: number): Commented {
  const below = randomNumbers(seed);
  const module = parseModule(wasm);
  const lines: LineFact[] = [];
  const loops: SourceLoop[] = [];
  const segments: [number, number, number, number][] = [];
  for (const body of module.functions) {
    const open: { loop: boolean; line: number }[] = [];
    forEachInstruction(wasm, body.code, body.end, ({ operator: { name, immediate }, offset }) => {
      const line = segments.length + 1;
      segments.push([offset, 0, line - 1, 0]);
      const use = (): { weight: number; of: Formula; text: string } => {
        const of = RESOURCES[below(RESOURCES.length)];
        return { weight: 1 + below(3), of, text: of.join(' ') };
      };
      const range = (from: number, to: number) => ({ file: FILE, from: { line: from, column: 0 }, to: { line: to, column: 0 } });
      if (immediate === 'block') open.push({ loop: name === 'loop', line });
      else if (name === 'end' && open.length > 0) {
        const { loop, line: from } = open.pop()!;
        if (loop) loops.push({ ...range(from, line), isDo: below(3) === 0, ...(below(2) ? { bound: [below(20)] } : {}), ...(below(2) ? { total: below(24) } : {}), ...(below(4) === 0 ? { use: use() } : {}) });
      } else if (name === 'call' || (name === 'local.set' && below(3) === 0)) {
        if (below(2)) lines.push({ kind: 'max', ...range(line, line + 1), limit: below(12) });
        else if (name === 'call' && below(2)) lines.push({ kind: 'sum', ...range(line, line + 1), limit: below(40) });
        else if (below(2)) lines.push({ kind: 'uses', ...range(line, line + 1), limit: 0, use: use() });
      }
    });
  }
  const parameters = Object.fromEntries([...module.functionNames.values()].map((name) => [name, [{ name: 'a', type: 'i32' as const }, { name: 'b', type: 'i32' as const }]]));
  const sourceMap = JSON.stringify({ version: 3, names: [], sources: [FILE], mappings: [segments] });
  return { wasm, sourceMap, flowFacts: { loops, lines, parameters }, natives: [], vectors: [{ exportName: 'f' }] };
}

/** A commented module that counts its cycles and checks its comments: each call gives an instance of its own, whose `f` throws where a comment does not hold. */
export function watched(firmware: Commented, costs: InstructionCosts, tick: () => void): () => Exports {
  const watch = Watch.ofHandlers(firmware as unknown as Parameters<typeof Watch.ofHandlers>[0]);
  const module = new WebAssembly.Module(meter(parseModule(firmware.wasm), costs, undefined, undefined, watch.probes).bytes as BufferSource);
  return () => {
    const { exports } = new WebAssembly.Instance(module, { [METER.module]: { [METER.tick]: tick } });
    const own = exports as Exports;
    const run = (...args: number[]): void => watch.wrap(own, () => void own.f(...args))();
    return { ...own, f: run };
  };
}

/** Whether an error says that a comment does not hold. */
export const isBroken = (error: unknown): boolean => error instanceof FirmwareAbort;
