// SPDX-License-Identifier: MIT
// What a module's memory and globals hold when its start function is over, by running that: what the top level of the sources sets up, before any
// interrupt. A start that asks the hardware for anything, or goes on for too long, says nothing.

import { ByteReader, forEachInstruction, SECTION, type WasmModule } from '../../cpu/wasm/decode.js';
import { ByteWriter } from '../../cpu/wasm/writer.js';

export interface AfterStart {
  /** Once for each place where linear memory might lie. */
  readonly memories: readonly DataView[];
  /** Values of the i32 globals that nothing but the start function sets. */
  readonly globals: ReadonlyMap<number, number>;
}

/** Turns of all loops of a start function together, at most: a second or so of a laptop. */
const MOST_TURNS = 20_000_000;
const I32 = 0x7f;
const OP = { unreachable: 0x00, if: 0x04, end: 0x0b, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i32Eqz: 0x45, i32Sub: 0x6b } as const;
const VOID_BLOCK = 0x40;
const GLOBAL_KIND = 3;

/** Where linear memory might lie: what depends on that differs from board to board, and is not known. */
const PLACES = [0, 0x2000_0000] as const;

/** Sets up a module's memory, and runs its start function, if it has one. @returns undefined when that says nothing */
export function afterStart(module: WasmModule): AfterStart | undefined {
  const set = module.start === undefined ? new Set<number>() : setByStartAlone(module, module.start);
  const compiled = new WebAssembly.Module(withFuel(module, set) as BufferSource);
  try {
    const instances = PLACES.map((place) => new WebAssembly.Instance(compiled, importsOf(module, place)).exports);
    const globals = new Map<number, number>();
    for (const index of set) {
      const [value, other] = instances.map((exports) => (exports[exportOf(index)] as WebAssembly.Global).value as number);
      if (value === other) globals.set(index, value);
    }
    return { memories: instances.map(({ memory }) => new DataView((memory as WebAssembly.Memory).buffer)), globals };
  } catch {
    return undefined;
  }
}

function importsOf(module: WasmModule, memoryPlace: number): Record<string, WebAssembly.ModuleImports> {
  const imports: Record<string, WebAssembly.ModuleImports> = {};
  for (const { module: from, name } of module.imports) {
    (imports[from] ??= {})[name] = name === 'memoryAddress' ? () => memoryPlace : () => { throw new Error(`the start function calls ${name}`); };
  }
  return imports;
}

/** A word of memory, if it is the same wherever memory lies. */
export function wordAt({ memories }: AfterStart, address: number): number | undefined {
  if (address < 0 || address + 4 > memories[0].byteLength) return undefined;
  const [word, other] = memories.map((memory) => memory.getInt32(address, true));
  return word === other ? word : undefined;
}

/**
 * Whether an object of the compiler's runtime lies at an address, and stays as long as it is: in front of it is its header, of five words (std/assembly/rt/common.ts): size of the
 * block that it is in, from the second word on; two words that the stub runtime has no use for; class; bytes of it. What an Array keeps its elements in grows where it lies.
 */
export function isObject({ memories: [memory] }: AfterStart, address: number): boolean {
  if (address % 4 !== 0 || address < 20 || address > memory.byteLength) return false;
  const [block, unused, unusedToo, id, byteCount] = [20, 16, 12, 8, 4].map((before) => memory.getUint32(address - before, true));
  return unused === 0 && unusedToo === 0 && id !== ARRAY_BUFFER && id < MOST_CLASSES && byteCount + 16 <= block && block < byteCount + 48 && address + byteCount <= memory.byteLength;
}

/** Classes of a firmware at most, and that of array buffers: the compiler numbers Object, ArrayBuffer, String first. */
const MOST_CLASSES = 10_000;
const ARRAY_BUFFER = 1;

const exportOf = (global: number): string => `global:${global}`;

/** Mutable i32 globals that are set in the start function, or what it alone calls, and nowhere else. */
function setByStartAlone(module: WasmModule, start: number): Set<number> {
  const types = globalTypes(module);
  const [sets, calls] = [new Map<number, number[]>(), new Map<number, number[]>()];
  for (const body of module.functions) {
    const [ownSets, ownCalls]: [number[], number[]] = [[], []];
    forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, index }) => {
      if (name === 'global.set') ownSets.push(index);
      else if (name === 'call' || name === 'ref.func') ownCalls.push(index);
    });
    sets.set(body.index, ownSets);
    calls.set(body.index, ownCalls);
  }
  const reached = (roots: readonly number[]): Set<number> => {
    const found = new Set(roots);
    for (const index of found) for (const callee of calls.get(index) ?? []) found.add(callee);
    return found;
  };
  const later = reached(module.exports.filter(({ kind }) => kind === 'func').map(({ index }) => index));
  const setLater = new Set([...later].flatMap((index) => sets.get(index) ?? []));
  // What a table holds may be called at any time.
  if (module.sections.some(({ id }) => id === SECTION.element)) return new Set();
  return new Set([...reached([start])].filter((index) => !later.has(index)).flatMap((index) => sets.get(index) ?? [])
    .filter((index) => !setLater.has(index) && types[index - module.importedGlobals] === I32));
}

function globalTypes({ bytes, sections }: WasmModule): number[] {
  const section = sections.find((s) => s.id === SECTION.global);
  if (!section) return [];
  const r = new ByteReader(bytes, section.contents, section.end);
  return Array.from({ length: r.u32() }, () => {
    const type = r.u8();
    r.skip(1);
    forEachInstruction(bytes, r.offset, r.end, ({ operator: { name }, end }) => {
      r.offset = end;
      return name === 'end' ? false : undefined;
    });
    return type;
  });
}

/** The module with its loops' turns counted down, so that the start function ends in any case, and with some globals exported. */
function withFuel(module: WasmModule, exported: ReadonlySet<number>): Uint8Array {
  const { bytes } = module;
  const fuel = module.globalCount;
  const out = new ByteWriter().bytes(bytes, 0, 8);
  const globals = module.sections.find(({ id }) => id === SECTION.global);
  const writeGlobals = (): void => {
    const r = globals && new ByteReader(bytes, globals.contents, globals.end);
    const section = new ByteWriter().u32((r?.u32() ?? 0) + 1);
    if (r) section.bytes(bytes, r.offset, r.end);
    out.section(SECTION.global, section.u8(I32).u8(1).u8(OP.i32Const).s32(MOST_TURNS).u8(OP.end));
  };
  for (const { id, start, contents, end } of module.sections) {
    const r = new ByteReader(bytes, contents, end);
    if (id === SECTION.global) writeGlobals();
    else if (id === SECTION.export) {
      // Every firmware exports something; globals go before that.
      if (!globals) writeGlobals();
      const section = new ByteWriter().u32(r.u32() + exported.size).bytes(bytes, r.offset, end);
      for (const index of exported) section.name(exportOf(index)).u8(GLOBAL_KIND).u32(index);
      out.section(id, section);
    } else if (id === SECTION.code) {
      const section = new ByteWriter().u32(module.functions.length);
      for (const body of module.functions) {
        const code = new ByteWriter();
        let copied = body.start;
        forEachInstruction(bytes, body.code, body.end, ({ operator, end: after }) => {
          if (operator.name !== 'loop') return;
          code.bytes(bytes, copied, after);
          copied = after;
          code.u8(OP.globalGet).u32(fuel).u8(OP.i32Const).s32(1).u8(OP.i32Sub).u8(OP.globalSet).u32(fuel);
          code.u8(OP.globalGet).u32(fuel).u8(OP.i32Eqz).u8(OP.if).u8(VOID_BLOCK).u8(OP.unreachable).u8(OP.end);
        });
        code.bytes(bytes, copied, body.end);
        section.u32(code.length).bytes(code.take());
      }
      out.section(id, section);
    } else if (id !== SECTION.custom) out.bytes(bytes, start, end);
  }
  return out.take();
}
