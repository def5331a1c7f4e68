// SPDX-License-Identifier: MIT
// Which code is translated together: the blocks reached from a hot instruction, their control flow, and the order in which they are written.

import { dataflowOf } from '../isa/dataflow.js';
import type { Decoded } from '../isa/row.js';
import { refillOf } from '../timing.js';

/** An instruction, with what holds where it stands. */
export interface Instruction {
  readonly decoded: Decoded;
  /** ITSTATE before it. */
  readonly it: number;
  /** Its condition, from IT or from its own field; 14: always. */
  readonly condition: number;
  /** Fixed address that it may go on at. */
  readonly target?: number;
  /** Whether it may end the block by going elsewhere, and the cycles that refilling the pipeline takes then. */
  readonly refill: number;
  /** Whether what comes after it may follow. */
  readonly falls: boolean;
}

export interface Block {
  readonly start: number;
  readonly instructions: Instruction[];
  /** Where it goes on when it does not branch; undefined when it always does, or when the interpreter has the next instruction. */
  readonly next?: number;
  /** The address of an instruction that is the interpreter's, when the block ends in front of it. */
  readonly stop?: number;
}

export const ALWAYS = 14;
/** A region is no larger: V8 optimises functions whole. */
const MOST_INSTRUCTIONS = 200;
/** IT's own work is done when its block is translated. */
const IS_IT = /^IT\b/;

export interface Code {
  /** @returns undefined for addresses that are not translated, and for instructions that are the interpreter's */
  instruction(pc: number, it: number): Instruction | undefined;
  /** Whether a region is to go on at an address: code that has been executed, and has no region of its own yet. */
  joins(pc: number): boolean;
  /** Whether a block is to begin at an address, wherever control comes from. */
  begins(pc: number): boolean;
}

/** ITSTATE after an instruction (DDI 0403E, A7.3.3). */
export const advanceIT = (it: number): number => ((it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f));

/** @returns undefined for an instruction that is the interpreter's. @param it ITSTATE before it */
export function instructionOf(decoded: Decoded, it: number): Instruction | undefined {
  const { row, fields } = decoded;
  const condition = it !== 0 ? it >> 4 : row.condition?.(fields) ?? ALWAYS;
  if (IS_IT.test(row.name)) return it === 0 ? { decoded, it, condition: ALWAYS, refill: 0, falls: true } : undefined;
  if (!('run' in row)) return undefined;
  const { branches, target, maybe } = dataflowOf(decoded);
  // In the middle of an IT block a branch is UNPREDICTABLE.
  if (branches && it !== 0 && (it & 7) !== 0 && (it & 0xf) !== 8) return undefined;
  const refill = branches ? refillOf(decoded) : 0;
  return { decoded, it, condition, target, refill, falls: !branches || maybe || condition < ALWAYS };
}

/** ITSTATE that an instruction leaves: what IT sets, or one step on. */
const itAfter = ({ decoded: { row, fields }, it }: Instruction): number => (IS_IT.test(row.name) ? (fields.firstcond << 4) | fields.mask : advanceIT(it));

/** @returns the blocks reached from `head`, by their starts, head first; empty when its first instruction is the interpreter's */
export function blocksFrom(code: Code, head: number): Map<number, Block> {
  const instructions = new Map<number, Instruction>();
  const leaders = new Set([head]);
  const work = [head];
  for (let from = work.shift(); from !== undefined; from = work.shift()) {
    let it = 0;
    for (let pc = from; instructions.size < MOST_INSTRUCTIONS;) {
      const known = instructions.get(pc);
      if (known) {
        if (known.it === 0) leaders.add(pc);
        break;
      }
      const instruction = code.instruction(pc, it);
      if (instruction === undefined) break;
      instructions.set(pc, instruction);
      if (it === 0 && code.begins(pc)) leaders.add(pc);
      const { target, falls, decoded, refill } = instruction;
      const next = pc + decoded.length;
      const follow = (address: number): void => {
        if (leaders.has(address) || !code.joins(address)) return;
        if (instructions.has(address) && instructions.get(address)!.it !== 0) return;
        leaders.add(address);
        work.push(address);
      };
      if (target !== undefined) follow(target);
      if (refill > 0) {
        if (falls) follow(next);
        break;
      }
      it = itAfter(instruction);
      pc = next;
    }
  }
  const blocks = new Map<number, Block>();
  for (const start of leaders) {
    if (!instructions.has(start)) continue;
    const list: Instruction[] = [];
    let pc = start;
    for (;;) {
      const instruction = instructions.get(pc);
      if (instruction === undefined) {
        // IT may take no time: a block that ended with it would go one instruction further than the interpreter.
        if (list.length > 0 && IS_IT.test(list[list.length - 1].decoded.row.name)) pc = list.pop()!.decoded.pc;
        if (list.length > 0) blocks.set(start, { start, instructions: list, stop: pc });
        break;
      }
      if (pc !== start && leaders.has(pc)) {
        blocks.set(start, { start, instructions: list, next: pc });
        break;
      }
      list.push(instruction);
      pc += instruction.decoded.length;
      if (instruction.refill > 0) {
        blocks.set(start, { start, instructions: list, next: instruction.falls ? pc : undefined });
        break;
      }
    }
  }
  return blocks;
}

/** The order and nesting in which structured code can be written. */
export interface Structure {
  /** Position of a block in reverse postorder. */
  readonly order: ReadonlyMap<number, number>;
  /** Blocks that a block immediately dominates and that more than one edge leads to, in reverse postorder. */
  readonly mergesUnder: ReadonlyMap<number, number[]>;
  isMerge(start: number): boolean;
  isLoop(start: number): boolean;
  /** Whether an edge can be written as a branch; others leave the region. */
  hasEdge(from: number, to: number): boolean;
}

/** Fixed addresses that a block may go on at, inside of the region. */
function successorsOf(block: Block, blocks: ReadonlyMap<number, Block>): number[] {
  const last = block.instructions[block.instructions.length - 1];
  return [last?.target, block.next].filter((a): a is number => a !== undefined && blocks.has(a));
}

/** Dominators (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm) and what follows from them for writing structured code. */
export function structureOf(blocks: ReadonlyMap<number, Block>, head: number): Structure {
  const postorder: number[] = [];
  const seen = new Set<number>();
  const stack: [number, number[]][] = [[head, successorsOf(blocks.get(head)!, blocks)]];
  seen.add(head);
  while (stack.length > 0) {
    const [start, rest] = stack[stack.length - 1];
    const next = rest.pop();
    if (next === undefined) {
      postorder.push(start);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push([next, successorsOf(blocks.get(next)!, blocks)]);
    }
  }
  const starts = postorder.reverse();
  const order = new Map(starts.map((start, i) => [start, i]));
  const successors = starts.map((start) => successorsOf(blocks.get(start)!, blocks).map((s) => order.get(s)!));
  const predecessors: number[][] = starts.map(() => []);
  successors.forEach((list, from) => list.forEach((to) => predecessors[to].push(from)));

  const dominator = starts.map(() => -1);
  dominator[0] = 0;
  const common = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = dominator[a];
      while (b > a) b = dominator[b];
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < starts.length; i++) {
      const best = predecessors[i].filter((p) => dominator[p] >= 0).reduce((a, b) => (a < 0 ? b : common(a, b)), -1);
      if (dominator[i] !== best) {
        dominator[i] = best;
        changed = true;
      }
    }
  }
  const dominates = (a: number, b: number): boolean => {
    while (b > a) b = dominator[b];
    return a === b;
  };
  const loops = new Set<number>();
  const merges = new Set<number>();
  const forward = starts.map(() => 0);
  // Back to a block that does not dominate: a second way into a loop, which structured code has no words for.
  const hasEdgeAt = (from: number, to: number): boolean => to > from || dominates(to, from);
  successors.forEach((list, from) => list.forEach((to) => {
    if (to > from) forward[to]++;
    else if (dominates(to, from)) loops.add(to);
  }));
  forward.forEach((count, i) => { if (count > 1) merges.add(i); });
  const mergesUnder = new Map<number, number[]>();
  for (let i = 1; i < starts.length; i++) {
    if (!merges.has(i)) continue;
    const under = starts[dominator[i]];
    mergesUnder.set(under, [...(mergesUnder.get(under) ?? []), starts[i]]);
  }
  return {
    order, mergesUnder,
    isMerge: (start) => merges.has(order.get(start)!),
    isLoop: (start) => loops.has(order.get(start)!),
    hasEdge: (from, to) => order.has(to) && hasEdgeAt(order.get(from)!, order.get(to)!),
  };
}
