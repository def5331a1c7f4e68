// SPDX-License-Identifier: MIT
// From a record of a trap to the line of TypeScript, with the files that the build left.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isLibrary } from '../../cpu/wasm/trap.js';
import { forEachInstruction, parseModule, type WasmModule } from '../../cpu/wasm/decode.js';
import { withoutCustomSections } from '../../cpu/wasm/writer.js';
import { VECTOR_SECTION, type Vector } from '../../vectors.js';
import { readSections } from '../aot/sections.js';
import { SourceMap, type Location } from '../source-map.js';
import { ToolMissing } from '../../tools/tools.js';
import { HostShim, prepareHostShim, type HostCore } from '../../wasm3-host-shim/index.js';
import { moduleHash } from './image-source.js';
import { RecordError, trapCauses, type TrapRecord } from './trap-record.js';

const run = promisify(execFile);

export interface TrapFiles {
  readonly wasm: string;
  /** Source map of the module. */
  readonly map: string;
  /** The image, for addresses of compiled code. */
  readonly elf: string;
}

const CAUSE = { abort: 16, badArgument: 17, unexpectedInterrupt: 20, firstFault: 33 } as const;

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** Names of the handlers, from the module's own table. */
function vectorsOf(module: WasmModule): Vector[] {
  const section = module.sections.find((s) => s.name === VECTOR_SECTION);
  if (!section) return [];
  const text = new TextDecoder().decode(module.bytes.subarray(section.contents, section.end));
  return JSON.parse(text.slice(text.indexOf('['))) as Vector[];
}

/** An AssemblyScript string among the module's initial data: UTF-16, its byte length in the four bytes in front of it. */
function stringAt(module: WasmModule, pointer: number): string {
  for (const { offset, bytes } of readSections(module).data) {
    const at = pointer - offset;
    if (at < 4 || at > bytes.length) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // A segment leaves out the zeros at its end, be it half of the last character.
    const text = new Uint8Array(view.getUint32(at - 4, true));
    text.set(bytes.subarray(at, at + text.length));
    return new TextDecoder('utf-16le').decode(text);
  }
  return '';
}

/** Source position of an address of compiled code; the debug information of translated firmware speaks of the TypeScript. */
async function lineOfAddress(elf: string, address: number): Promise<Location | undefined> {
  // A return address stands behind the call.
  const result = await run('arm-none-eabi-addr2line', ['-e', elf, hex((address & ~1) - 2)]).catch(() => undefined);
  const found = /^(.*\.ts):(\d+)/m.exec(result?.stdout ?? '');
  return found ? { file: found[1].replace(/^\.\//, ''), line: Number(found[2]), column: 0 } : undefined;
}

/**
 * Byte offset of a word of interpreted code: the same interpreter compiles the same module on this computer and knows. Undefined where that cannot be
 * built.
 */
async function offsetOfWord(shipped: Uint8Array, memoryBytes: number, record: TrapRecord): Promise<number | undefined> {
  const booted = new Error('booted');
  const stop = (): never => { throw booted; };
  try {
    await prepareHostShim('tuned');
    const shim = new HostShim({
      module: shipped, vectors: [], ranges: [], irqLines: 0, priorityBits: 8, mainStackBytes: 65536, memoryAddress: 0x20000000, memoryBytes, heapBytes: 1 << 24,
    }, 'tuned');
    const core = new Proxy({} as HostCore, { get: () => stop });
    try {
      shim.run(core);
    } catch (error) {
      if (error !== booted) throw error;
    }
    return shim.offsetOfWord(record.functionIndex!, record.codeWord!);
  } catch (error) {
    if (error instanceof ToolMissing) return undefined;
    throw error;
  }
}

/** Without an offset the first line of the function that has one stands for it. */
function locate(module: WasmModule, map: SourceMap, record: TrapRecord): { functionName?: string; at?: Location } {
  const body = module.functions.find((f) => (record.offset !== undefined ? record.offset >= f.start && record.offset < f.end : f.index === record.functionIndex));
  if (!body) return {};
  const functionName = module.functionNames.get(body.index)?.replace(/^.*\//, '');
  if (record.offset !== undefined) {
    return { functionName, at: map.locate(record.offset, body.start, (file) => !isLibrary(file)) ?? map.locate(record.offset, body.start) };
  }
  let at: Location | undefined;
  forEachInstruction(module.bytes, body.code, body.end, ({ offset }) => {
    at = map.locate(offset, offset, (file) => !isLibrary(file));
    return at ? false : undefined;
  });
  return { functionName, at };
}

/**
 * Says what happened, as the emulator says it of a trap there.
 * @throws RecordError when the record is of another firmware than the files
 */
export async function explainTrap(record: TrapRecord, files: TrapFiles): Promise<string> {
  const module = parseModule(new Uint8Array(await readFile(files.wasm)));
  const map = new SourceMap(await readFile(files.map, 'utf8'));
  const shipped = withoutCustomSections(module, ['name', 'sourceMappingURL']);
  if (moduleHash(shipped) !== record.moduleHash) throw new RecordError(`the record is of another firmware than ${files.wasm}; name the directory of the build that ran`);
  const [first, second, third, fourth] = record.detail;
  const known = record.codeWord === undefined ? record : { ...record, offset: await offsetOfWord(shipped, (module.memory?.initial ?? 0) * 65536, record) };
  let { functionName, at } = locate(module, map, known);
  const lines: string[] = [];
  let reason = trapCauses[record.cause] ?? `cause ${record.cause}`;
  if (record.cause === CAUSE.abort) {
    reason = stringAt(module, first) || reason;
    const file = stringAt(module, second);
    // The compiler has written the place into the call; for a check of its library the author's line is the one that matters.
    if (file !== '' && !(isLibrary(file) && at)) at = { file, line: third, column: fourth - 1 };
  } else if (record.cause === CAUSE.badArgument) {
    reason += `: ${hex(first)}`;
    at ??= await lineOfAddress(files.elf, third);
  } else if (record.cause >= CAUSE.firstFault) {
    reason += ` at ${hex(first)} (CFSR ${hex(third)}${fourth ? `, address ${hex(fourth)}` : ''})`;
    at ??= await lineOfAddress(files.elf, first + 2);
  } else if (record.cause === CAUSE.unexpectedInterrupt) reason += `: number ${first | 0}`;
  const vectors = vectorsOf(module);
  const running = record.running.map((index) => vectors[index]?.name ?? `vector ${index}`).reverse();
  const midi = record.lastMidiBytes.map((b) => b.toString(16).toUpperCase().padStart(2, '0')).join(' ');
  lines.push(
    `The firmware stopped: ${reason}`,
    `  at    ${at ? `${at.file}:${at.line}${known.offset !== undefined || record.cause === CAUSE.abort ? `:${at.column + 1}` : ''}` : 'a place without source information'}`
      + `${functionName ? ` in ${functionName}` : ''}`,
    `  in    ${running.length > 0 ? `the handler of ${running[0]}${running.length > 1 ? ` (which had pre-empted ${running.slice(1).join(', then ')})` : ''}` : 'main, no handler running'}`,
    `  cycle ${record.cycle} (modulo 2^32), ${record.restarts} restart${record.restarts === 1 ? '' : 's'} after a trap since power-up`,
    `  MIDI  ${midi ? `last bytes ${midi}` : 'no byte had come in'}`,
  );
  return lines.join('\n');
}
