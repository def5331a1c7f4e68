// SPDX-License-Identifier: MIT
// A function's body as a tree of its structured control flow, each instruction with its offset in the module.

import { ByteReader, forEachInstruction, localTypes, type FunctionBody, type ValueType, type WasmModule } from '../../cpu/wasm/decode.js';

export interface Op {
  readonly kind: 'op';
  readonly at: number;
  readonly name: string;
  /** Function, local, global, label depth or type, as the instruction has it. */
  readonly index: number;
  /** Of constants; an i64 that a double cannot hold is undefined. Of `i32.load`, what is added to the address. */
  readonly value?: number;
  /** Of `br_table`: all depths, the default one last. */
  readonly depths?: readonly number[];
}

export interface Construct {
  readonly kind: 'block' | 'loop' | 'if';
  readonly at: number;
  readonly parameters: number;
  readonly results: number;
  readonly body: CodeNode[];
  /** The other arm of an `if`. */
  readonly otherwise: CodeNode[];
  /** Offset of `else`; undefined without one. */
  elseAt?: number;
  endAt: number;
  /** Of a loop: locals that are set in it. */
  readonly sets: Set<number>;
}

export type CodeNode = Op | Construct;

export interface FunctionCode {
  readonly index: number;
  readonly body: FunctionBody;
  readonly parameters: number;
  readonly parameterTypes: readonly ValueType[];
  readonly results: number;
  readonly locals: number;
  readonly nodes: readonly CodeNode[];
  readonly endAt: number;
  /** Loops by their offset. */
  readonly loops: ReadonlyMap<number, Construct>;
}

/** All instructions of some code, in its order. */
export const opsOf = (nodes: readonly CodeNode[]): Op[] => nodes.flatMap((node) => (node.kind === 'op' ? [node] : [...opsOf(node.body), ...opsOf(node.otherwise)]));

export function signed(r: ByteReader): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = r.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return byte & 0x40 ? value - (1n << (shift + 7n)) : value;
  }
}

function constant(bytes: Uint8Array, at: number, name: string): number | undefined {
  if (name === 'i32.const' || name === 'i64.const') {
    const value = Number(signed(new ByteReader(bytes, at + 1)));
    return Number.isSafeInteger(value) ? value : undefined;
  }
  if (name === 'i32.load') {
    const r = new ByteReader(bytes, at + 1);
    r.u32(); // alignment
    return r.u32();
  }
  return undefined;
}

/** Parameters and results of a block's type (Core Specification 2.0, 5.4.1). */
function blockType(module: WasmModule, at: number): { parameters: number; results: number } {
  const type = new ByteReader(module.bytes, at + 1).s33();
  return type >= 0 ? module.types[type] : { parameters: 0, results: type === -64 ? 0 : 1 };
}

export function readCode(module: WasmModule, body: FunctionBody): FunctionCode {
  const { bytes } = module;
  const type = module.types[body.type];
  const nodes: CodeNode[] = [];
  const loops = new Map<number, Construct>();
  const open: { construct: Construct; into: CodeNode[] }[] = [];
  let into = nodes;
  let endAt = body.end - 1;
  forEachInstruction(bytes, body.code, body.end, ({ operator: { name, immediate }, offset: at, end, index }) => {
    if (immediate === 'block') {
      const construct: Construct = { kind: name as 'block', at, ...blockType(module, at), body: [], otherwise: [], endAt: at, sets: new Set() };
      into.push(construct);
      open.push({ construct, into });
      if (name === 'loop') loops.set(at, construct);
      into = construct.body;
    } else if (name === 'else') {
      const { construct } = open[open.length - 1];
      construct.elseAt = at;
      into = construct.otherwise;
    } else if (name === 'end') {
      const last = open.pop();
      if (!last) { endAt = at; return; }
      last.construct.endAt = at;
      into = last.into;
    } else {
      if (name === 'local.set' || name === 'local.tee') for (const { construct } of open) if (construct.kind === 'loop') construct.sets.add(index);
      const depths = immediate === 'labels' ? labels(bytes, at, end) : undefined;
      into.push({ kind: 'op', at, name, index, value: constant(bytes, at, name), depths });
    }
  });
  return { index: body.index, body, parameters: type.parameters, parameterTypes: type.parameterTypes, results: type.results, locals: localTypes(module, body).length, nodes, endAt, loops };
}

function labels(bytes: Uint8Array, at: number, end: number): number[] {
  const r = new ByteReader(bytes, at + 1, end);
  return Array.from({ length: r.u32() + 1 }, () => r.u32());
}
