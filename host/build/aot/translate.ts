// SPDX-License-Identifier: MIT
// Translates a WebAssembly module, or some of its functions, to one C file (docs/adr/0002-own-translator-to-c.md).

import { abi, ABI_MODULE } from '../../abi.js';
import { forEachInstruction, WasmFormatError, type FunctionBody, type WasmModule } from '../../cpu/wasm/decode.js';
import { callsOf, equalTypes, typeOf } from '../calls.js';
import type { SourceMap } from '../source-map.js';
import { C_TYPES, literal, prototype, translateFunction, type FunctionContext } from './function.js';
import { rawAdaptor } from './kernels.js';
import { recursiveFunctions } from './recursion.js';
import { readSections, type Signature } from './sections.js';

/** What the C must be compiled with, besides an optimisation level and TW_MEMORY_BYTES. Without sibling calls a return address tells who called an import. Also -I of boards/shim and of the generated abi.h. */
export const AOT_C_FLAGS: readonly string[] = ['-std=gnu11', '-ffp-contract=off', '-fno-math-errno', '-fno-strict-aliasing', '-fno-optimize-sibling-calls'];

export interface TranslateOptions {
  /** Only these functions, with those that they call, for native code beside an interpreter: kernels. Default: the whole module. */
  readonly functions?: ReadonlySet<number>;
  /** Of the module; gives the C `#line` directives, so that a debugger shows the TypeScript. */
  readonly sourceMap?: SourceMap;
  /** Export names of the handlers in the order of the vector table, for tw_aot_handlers. */
  readonly handlers?: readonly string[];
  /** Whether every exported function is also there as `tw_export_<name>`, for programs in C that call them. */
  readonly exports?: boolean;
  /** Modules that functions may be imported from; their names share one space. Default: the ABI's. */
  readonly importModules?: readonly string[];
}

const identifier = (name: string): string => name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+/, '').slice(-60);

/**
 * One C file that includes aot.h, and abi.h when the module imports anything; for kernels wasm3.h.
 * @throws WasmFormatError with the offset at what is not supported: passive segments, multi-value blocks, table instructions; for kernels also
 *   globals that change, imports and indirect calls
 */
export function translateModule(module: WasmModule, options: TranslateOptions = {}): string {
  const sections = readSections(module);
  const { signatures, globals, table } = sections;
  const bodies = options.functions ? closure(module, options.functions, (i) => globals[i].mutable) : module.functions;
  const same = equalTypes(sections);
  const signatureNumber = (type: number): number => same[type] + 1;
  const firstOwn = module.imports.length;
  const signatureOf = (index: number): Signature => signatures[typeOf(module, index)];
  const functionName = (index: number): string => {
    if (index < firstOwn) return `tw_abi_${identifier(module.imports[index].name)}`;
    return `f${index}_${identifier((module.functionNames.get(index) ?? '').replace(/^.*\//, ''))}`;
  };
  const globalName = (index: number): string => `g${index}`;
  const lines = new LineDirectives(options.sourceMap);
  const context: FunctionContext = {
    module, sections, functionName, globalName, signatureNumber, signatureOf,
    recursive: recursiveFunctions(module),
    lineAt: (offset, body) => lines.at(offset, body),
  };
  const kernels = options.functions !== undefined;
  const { importModules = [ABI_MODULE] } = options;
  const unused = ['variable', 'but-set-variable', 'function', 'label'].map((what) => `#pragma GCC diagnostic ignored "-Wunused-${what}"`);
  const out = ['// Translated from WebAssembly; do not edit.', ...unused, '#include "aot.h"'];
  if (!kernels) out.push('uint32_t tw_abort_offset = TW_NO_OFFSET;');
  if (!kernels && module.imports.length > 0) out.push('#include "abi.h"');
  if (kernels) out.push('#include "wasm3.h"', '#include "kernels.h"');
  if (!kernels) {
    module.imports.forEach(({ module: from, name }, i) => {
      if (!importModules.includes(from)) throw new WasmFormatError(0, `import ${from}.${name} is not of module "${importModules.join('", "')}"`);
      if (!(name in abi)) out.push(`${prototype(signatureOf(i), functionName(i))};`);
    });
    globals.forEach(({ type, mutable, bits }, i) => mutable && out.push(`static ${C_TYPES[type]} ${globalName(i)}${bits === 0n ? '' : ` = ${staticLiteral(type, bits)}`};`));
  }
  for (const body of bodies) out.push(`static ${prototype(signatures[body.type], functionName(body.index))};`);
  const usesTable = bodies.some(({ index }) => callsOf(module).get(index)!.some(({ isIndirect }) => isIndirect));
  if (usesTable) {
    const entries = table.map((f) => (f === undefined ? '{ 0, 0 }' : `{ (void (*)(void))${functionName(f)}, ${signatureNumber(typeOf(module, f))}u }`));
    out.push(`static const tw_table_entry tw_table[${Math.max(table.length, 1)}] = {`, ...(entries.length > 0 ? entries.map((e) => `${e},`) : ['{ 0, 0 }']), '};');
  }
  for (const body of bodies) {
    lines.startFunction();
    out.push(`static ${translateFunction(body, context)}`);
  }
  if (options.sourceMap) out.push(`#line ${countLines(out) + 2} "translated.c"`);
  out.push(...(kernels ? kernelTable(options.functions!, context) : entryPoints(module, options, context)));
  return `${out.join('\n')}\n`;
}

const countLines = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + part.split('\n').length, 0);

/** Initial values at file scope must be constants of C, which a bit pattern that is no number is not. */
function staticLiteral(type: Parameters<typeof literal>[0], bits: bigint): string {
  const text = literal(type, bits);
  return text.startsWith('tw_') ? (/7f800000|7ff0/.test(bits.toString(16)) ? '__builtin_inff()' : '__builtin_nanf("")') : text;
}

/** `#line` directives: the nearest mapping within the function, said again only when it changes. */
class LineDirectives {
  private last = '';
  constructor(private readonly map: SourceMap | undefined) {}

  startFunction(): void {
    this.last = '';
  }
  at(offset: number, body: FunctionBody): string {
    const found = this.map?.locate(offset, body.start);
    if (!found) return '';
    const line = `#line ${found.line} ${JSON.stringify(found.file)}\n`;
    if (line === this.last) return '';
    this.last = line;
    return `\n${line}`;
  }
}

/** The functions and all that they call, by index. */
function closure(module: WasmModule, roots: ReadonlySet<number>, isMutable: (global: number) => boolean): FunctionBody[] {
  const firstOwn = module.imports.length;
  const reached = new Set<number>();
  const refuse = (offset: number, index: number, what: string): never => {
    throw new WasmFormatError(offset, `native function ${module.functionNames.get(index) ?? index} ${what}`);
  };
  const visit = (index: number): void => {
    if (reached.has(index)) return;
    reached.add(index);
    const { code, end } = module.functions[index - firstOwn];
    forEachInstruction(module.bytes, code, end, ({ operator: { name }, index: operand, offset }) => {
      if (name === 'call' && operand < firstOwn) refuse(offset, index, `calls the import ${module.imports[operand].name}`);
      if (name === 'call') visit(operand);
      if (name === 'call_indirect') refuse(offset, index, 'makes an indirect call');
      if (name.startsWith('global.') && isMutable(operand)) refuse(offset, index, 'touches a global that changes');
      if (name === 'memory.grow') refuse(offset, index, 'grows memory');
    });
  };
  for (const root of roots) visit(root);
  return module.functions.filter(({ index }) => reached.has(index));
}

function entryPoints(module: WasmModule, { handlers = [], exports = false }: TranslateOptions, { sections, functionName, signatureOf }: FunctionContext): string[] {
  const out: string[] = [];
  const copies: string[] = [];
  sections.data.forEach(({ offset, bytes }, i) => {
    if (bytes.length === 0) return;
    out.push(`static const uint8_t tw_data${i}[${bytes.length}] = {${byteRows(bytes)}};`);
    out.push(`_Static_assert(${offset + bytes.length}u <= TW_MEMORY_BYTES, "the module's data does not fit linear memory");`);
    copies.push(`  memcpy(tw_memory + ${offset}u, tw_data${i}, ${bytes.length}u);`);
  });
  out.push('void tw_aot_memory_init(void) {', ...copies, '}');
  const exported = (name: string): number | undefined => module.exports.find((e) => e.kind === 'func' && e.name === name)?.index;
  const entry = (name: string, index: number | undefined) => out.push(`void ${name}(void) {${index === undefined ? '' : ` ${functionName(index)}(); `}}`);
  entry('tw_aot_start', module.start);
  entry('tw_aot_init', exported('init'));
  entry('tw_aot_main', exported('main'));
  const names = handlers.map((name) => {
    const index = exported(name);
    if (index === undefined) throw new WasmFormatError(0, `the module exports no handler ${name}`);
    return functionName(index);
  });
  out.push(`void (*const tw_aot_handlers[])(void) = { ${[...names, '0'].join(', ')} };`, `const uint32_t tw_aot_handler_count = ${names.length};`);
  if (exports) {
    for (const { kind, name, index } of module.exports) {
      if (kind !== 'func') continue;
      const signature = signatureOf(index);
      const call = `${functionName(index)}(${signature.parameters.map((_, i) => `l${i}`).join(', ')});`;
      out.push(`${prototype(signature, `tw_export_${identifier(name)}`)} { ${signature.results.length > 0 ? 'return ' : ''}${call} }`);
    }
  }
  return out;
}

function byteRows(bytes: Uint8Array): string {
  let text = '';
  bytes.forEach((byte, i) => (text += `${i % 32 === 0 ? '\n' : ''}${byte},`));
  return text;
}

function kernelTable(functions: ReadonlySet<number>, { signatureOf, functionName }: FunctionContext): string[] {
  const sorted = [...functions].sort((a, b) => a - b);
  const made = sorted.map((index) => rawAdaptor(index, functionName(index), signatureOf(index)));
  return [
    ...made.map(({ code }) => code),
    'const tw_kernel tw_kernels[] = {', ...made.map(({ row }) => `${row},`), ...(made.length > 0 ? [] : ['{ 0, 0, 0 },']), '};',
    `const uint32_t tw_kernel_count = ${made.length};`,
  ];
}
