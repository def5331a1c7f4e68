// SPDX-License-Identifier: MIT
// A profile for https://www.speedscope.app (its file-format-schema.json): the flame graph, as a whole and for each context, and the worst block in time.

import type { FlameGraph, ProfileResult, WorstBlock } from '../profile-result.js';

interface Frame { name: string; file?: string; line?: number }
interface SampledProfile { type: 'sampled'; name: string; unit: 'none'; startValue: number; endValue: number; samples: number[][]; weights: number[] }
interface EventedProfile { type: 'evented'; name: string; unit: 'none'; startValue: number; endValue: number; events: { type: 'O' | 'C'; at: number; frame: number }[] }

export interface SpeedscopeFile {
  $schema: 'https://www.speedscope.app/file-format-schema.json';
  shared: { frames: Frame[] };
  profiles: (SampledProfile | EventedProfile)[];
  name: string;
  activeProfileIndex: number;
  exporter: string;
}

/** One sample for each node of the graph that has cycles of its own, with its stack. */
function sampled(name: string, { nodes }: FlameGraph, wanted: (root: number) => boolean): SampledProfile {
  const samples: number[][] = [];
  const weights: number[] = [];
  for (let i = 0; i < nodes.length; i++) {
    const stack: number[] = [];
    let root = i;
    for (let n = i; n >= 0; n = nodes[n].parent) {
      stack.unshift(nodes[n].frame);
      root = n;
    }
    if (nodes[i].self === 0 || !wanted(root)) continue;
    samples.push(stack);
    weights.push(nodes[i].self);
  }
  return { type: 'sampled', name, unit: 'none', startValue: 0, endValue: weights.reduce((a, b) => a + b, 0), samples, weights };
}

/** The block in time: handlers lie on the handlers that they pre-empted. */
function evented({ index, lengthCycles, timeline }: WorstBlock, frameOf: (name: string) => number): EventedProfile {
  const events: EventedProfile['events'] = [];
  const open: string[] = [];
  const closeTo = (level: number, at: number): void => {
    while (open.length > level) events.push({ type: 'C', at, frame: frameOf(open.pop()!) });
  };
  for (const { context, depth, from } of timeline) {
    const level = Math.max(0, depth - 1);
    closeTo(open[level] === context ? level + 1 : level, from);
    // A block may begin in the middle of handlers that were entered before it.
    while (open.length < level) {
      open.push('entered before the block');
      events.push({ type: 'O', at: from, frame: frameOf('entered before the block') });
    }
    if (open.length > level) continue;
    open.push(context);
    events.push({ type: 'O', at: from, frame: frameOf(context) });
  }
  closeTo(0, lengthCycles);
  return { type: 'evented', name: `worst block (${index})`, unit: 'none', startValue: 0, endValue: lengthCycles, events };
}

export function speedscopeFile({ run, flame, worst }: ProfileResult): SpeedscopeFile {
  const frames: Frame[] = flame.frames.map(({ name, kind, file, line }) => ({
    name: kind === 'inlined' ? `${name} (inlined)` : name, ...(file !== null && { file }), ...(line !== null && { line }),
  }));
  const added = new Map<string, number>();
  const frameOf = (name: string): number => {
    if (!added.has(name)) added.set(name, frames.push({ name }) - 1);
    return added.get(name)!;
  };
  const roots = flame.nodes.flatMap(({ parent, frame }, node) => (parent < 0 ? [{ node, name: flame.frames[frame].name }] : []));
  const profiles: SpeedscopeFile['profiles'] = [
    sampled('all code, cycles', flame, () => true),
    ...roots.map(({ node, name }) => sampled(`${name}, cycles`, flame, (root) => root === node)),
  ];
  if (worst) profiles.push(evented(worst, frameOf));
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json', shared: { frames }, profiles,
    name: `${run.firmware} on ${run.board}`, activeProfileIndex: 0, exporter: 'tonewheel',
  };
}
