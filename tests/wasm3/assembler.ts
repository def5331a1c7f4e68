// SPDX-License-Identifier: MIT
// Modules byte by byte (WebAssembly Core Specification 1.0, section 5), so that a test decides which operand comes from where; a compiler's
// assembler would rearrange.

import type { ValueType } from './differential.js';

export const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))]);

/** Signed LEB128. */
export function sleb(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  return (rest === 0n && !(low & 0x40)) || (rest === -1n && low & 0x40) ? [low] : [low | 0x80, ...sleb(rest)];
}

const typeCodes: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

const vector = (items: readonly number[][]): number[] => [...leb(items.length), ...items.flat()];
const text = (name: string): number[] => [...leb(name.length), ...Buffer.from(name)];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];

export interface Func {
  /** Exported under this name. */
  name?: string;
  params: ValueType[];
  results: ValueType[];
  locals?: ValueType[];
  /** Instructions without the end. */
  code: number[];
}

export interface Module {
  functions: Func[];
  imports?: { name: string; params: ValueType[]; results: ValueType[] }[];
  /** Function indices, imports first; null leaves a hole by making two segments. */
  table?: (number | null)[];
  /** Mutable globals with their initial instructions. */
  globals?: [ValueType, number[]][];
  start?: number;
  data?: number[];
}

/** A module with one page of exported memory that cannot grow. */
export function assemble({ functions, imports = [], table, globals = [], start, data }: Module): Uint8Array {
  const shapes = [...imports, ...functions].map(({ params, results }) =>
    [0x60, ...vector(params.map((t) => [typeCodes[t]])), ...vector(results.map((t) => [typeCodes[t]]))]);
  const keys = [...new Set(shapes.map((s) => s.join()))];
  const typeOf = (i: number) => leb(keys.indexOf(shapes[i].join()));
  const exported = functions.flatMap(({ name }, i) => (name ? [[...text(name), 0, ...leb(imports.length + i)]] : []));
  const code = functions.map(({ locals = [], code: body }) => {
    const content = [...vector(locals.map((t) => [1, typeCodes[t]])), ...body, 0x0b];
    return [...leb(content.length), ...content];
  });
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, vector(keys.map((k) => k.split(',').map(Number)))),
    ...(imports.length ? section(2, vector(imports.map(({ name }, i) => [...text('env'), ...text(name), 0, ...typeOf(i)]))) : []),
    ...section(3, vector(functions.map((_, i) => typeOf(imports.length + i)))),
    ...(table ? section(4, [1, 0x70, 1, ...leb(table.length), ...leb(table.length)]) : []),
    ...section(5, [1, 1, 1, 1]),
    ...(globals.length ? section(6, vector(globals.map(([type, init]) => [typeCodes[type], 1, ...init, 0x0b]))) : []),
    ...section(7, vector([...exported, [...text('memory'), 2, 0]])),
    ...(start === undefined ? [] : section(8, leb(start))),
    ...(table ? section(9, vector(table.flatMap((f, i) => (f === null ? [] : [[0, 0x41, ...sleb(BigInt(i)), 0x0b, 1, ...leb(f)]])))) : []),
    ...section(10, vector(code)),
    ...(data ? section(11, [1, 0, 0x41, 0, 0x0b, ...leb(data.length), ...data]) : []),
  ]);
}

/** The index of a function type among those that `assemble` writes. */
export function typeIndex(module: Module, params: ValueType[], results: ValueType[]): number {
  const key = (f: { params: ValueType[]; results: ValueType[] }) => `${f.params}|${f.results}`;
  return [...new Set([...(module.imports ?? []), ...module.functions].map(key))].indexOf(key({ params, results }));
}
