// SPDX-License-Identifier: MIT
// The compiler transform: `@isr(vector, priority, { budget })` becomes an entry of the vector table, `@native` keeps a function apart so that it
// can run as native code, and what a handler or a native function may not do is an error at its line.

import { parseModule, type WasmModule } from '../cpu/wasm/decode.js';
import { CORE_VECTORS, type Vector } from '../vectors.js';
import { callPlace } from './call-place.js';
import { findViolations, isFreeing, type Finding, type Step } from './call-graph.js';
import { readFlowFacts, type FlowFacts } from './flow-facts.js';
import { periodCycles, RATE_WANTED, TIME_WANTED, timeCycles } from './limits.js';
import { exportMark, mark, MARK_FILE, MARK_SOURCE, type MarkedModule, type MarkMaking } from './marks.js';
import { findNativeViolations, type NativeFinding } from './native-rules.js';
import type { Syntax } from './passed-values.js';
import { SourceMap } from './source-map.js';
import type { Node as PlainNode } from './syntax-tree.js';

// The compiler's syntax tree has no published types; what is used of it is written down here.
interface Range { readonly start: number; readonly end: number; source: Source }
interface Source { readonly normalizedPath: string; readonly internalPath: string; readonly text: string; readonly isLibrary: boolean; readonly sourceKind: number; readonly statements: Node[]; lineAt(position: number): number }
interface Node { readonly kind: number; readonly range: Range }
interface Decorator extends Node { readonly name: Node & { text?: string }; readonly args: Literal[] | null }
interface Literal extends Node { readonly literalKind: number; readonly value?: unknown; readonly names?: { text: string; range: Range }[]; readonly values?: Literal[] }
interface FunctionDeclaration extends Node {
  readonly name: { text: string; range: Range };
  readonly decorators: Decorator[] | null;
  readonly typeParameters: unknown[] | null;
  readonly signature: { readonly parameters: unknown[]; readonly returnType: { name?: { identifier?: { text: string } } } };
  flags: number;
}
interface VariableStatement extends Node { readonly declarations: { readonly name: { text: string; range: Range }; readonly initializer: Literal | null; readonly flags: number }[] }
interface Program { readonly sources: Source[]; error(code: number, range: Range, text: string): void }
interface Parser { readonly sources: Source[]; parseFile(text: string, path: string, isEntry: boolean): void }
interface BinaryenModule extends MarkedModule { emitBinary(sourceMapUrl: string): { binary: Uint8Array; sourceMap: string }; runPasses(passes: string[]): void }
interface Binaryen { addPassToSkip(pass: string): void; setDebugInfo(on: boolean): void; getDebugInfo(): boolean; setPassArgument(key: string, value: string | null): void }

interface CompilerParts {
  readonly NodeKind: Record<string, number>;
  readonly LiteralKind: Record<string, number>;
  readonly CommonFlags: Record<string, number>;
  readonly DiagnosticCode: Record<string, number>;
  readonly Range: new (start: number, end: number) => Range;
}

export interface TransformOptions {
  /** Interrupt numbers of the chip by the manual's names. */
  readonly vectors: Readonly<Record<string, number>>;
  /** The manual's names by names that are the same on every board (MIDI_UART). */
  readonly aliases: Readonly<Record<string, string>>;
  readonly priorityBits: number;
  /** Whether equal pieces of code stay apart of which the sources say different things. */
  readonly keepsApart: boolean;
  /** Core clock, for limits given as times. */
  readonly coreHertz: number;
  /** Receives the vector table when the module has compiled. */
  readonly onVectors: (vectors: Vector[]) => void;
  /** Receives the whole numbers that sources declare as constants at their top level. */
  readonly onConstants: (constants: Constant[]) => void;
  /** Receives the native functions when the module has compiled; the optimiser may still drop some. */
  readonly onNatives: (natives: NativeDeclaration[]) => void;
  /** Receives what the sources say of how often their code runs. */
  readonly onFlowFacts: (facts: FlowFacts) => void;
}

/** A constant of the source: `const VOICE_COUNT: i32 = 16`. */
export interface Constant {
  readonly name: string;
  readonly value: number;
  readonly file: string;
  readonly line: number;
}

/** A `@native` function: its name in the module, and where it stands in the source. */
export interface NativeDeclaration {
  readonly internalName: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** The function of a module that a native declaration became, if there is one. */
export const nativeIndex = (names: ReadonlyMap<number, string>, { internalName }: NativeDeclaration): number | undefined =>
  [...names].find(([, name]) => name === internalName)?.[0];

/** Functions besides handlers that run against a deadline: an exported function of this name. */
const RENDER = 'render';

const WHAT = {
  heap: 'takes memory from the heap; allocate it at start and keep it',
  recursion: 'calls itself; its stack has no bound',
  'indirect call': 'makes an indirect call; its target, and so its time, is unknown. Use a switch over direct calls',
} as const;

/** The other way to use the heap. */
const FREES = 'gives memory back to the heap, which main may be in the midst of using; keep what was allocated at start';

const NATIVE_RULE = {
  global: (what: string) => `touches the global ${what}, which changes; pass its value as an argument, or keep it in memory`,
  import: (what: string) => `calls the import ${what}; native functions touch only their arguments and memory`,
  heap: () => WHAT.heap,
  'indirect call': () => 'makes an indirect call, whose target is unknown; use a switch over direct calls',
  call: (what: string) => `calls ${what}, which is not native; mark that @native, or @inline`,
} as const;

/** The transform as a class, which is what the compiler wants; made for one board. @param compiler the parts of the very compiler that it is for */
export function createTransform(compiler: object, options: TransformOptions) {
  const { NodeKind, LiteralKind, CommonFlags, DiagnosticCode, Range } = compiler as CompilerParts;
  const constantsOf = (source: Source, { declarations }: VariableStatement): Constant[] => declarations.flatMap(({ name, initializer, flags }) => (
    flags & CommonFlags.Const && initializer?.kind === NodeKind.Literal && initializer.literalKind === LiteralKind.Integer
      ? [{ name: name.text, value: Number(String(initializer.value)), file: source.normalizedPath, line: source.lineAt(name.range.start) }] : []));

  return class FirmwareTransform {
    declare readonly program: Program;
    declare readonly binaryen: Binaryen;
    readonly handlers: { vector: Vector; range: Range }[] = [];
    readonly natives: { native: NativeDeclaration; range: Range }[] = [];

    afterParse(parser: Parser): void {
      const known = { ...CORE_VECTORS, ...options.vectors };
      const exportsText: string[] = [];
      const constants: Constant[] = [];
      for (const source of parser.sources) {
        for (const statement of source.statements) {
          this.refuseNested(statement);
          if (statement.kind === NodeKind.Variable && !source.isLibrary) constants.push(...constantsOf(source, statement as VariableStatement));
          if (statement.kind !== NodeKind.FunctionDeclaration) continue;
          const declaration = statement as FunctionDeclaration;
          this.noteNative(source, declaration);
          const decorator = declaration.decorators?.find((d) => d.name.text === 'isr');
          if (!decorator) continue;
          const vector = this.vectorOf(source, declaration, decorator, known);
          if (!vector) continue;
          declaration.flags |= CommonFlags.Export;
          this.handlers.push({ vector, range: declaration.name.range });
          const alias = `isr${this.handlers.length}`;
          exportsText.push(`import { ${declaration.name.text} as ${alias} } from "${modulePath(source)}";\nexport { ${alias} as ${vector.exportName} };`);
        }
      }
      options.onConstants(constants);
      this.readComments(parser);
      // PendSV is always enabled, so a driver that pends it asks with `isDefined` whether there is anyone to take it.
      if (!this.handlers.some(({ vector: { irq } }) => irq === CORE_VECTORS.PendSV)) exportsText.push('@global const NO_PENDSV_HANDLER = true;');
      if (this.handlers.length > 0) parser.parseFile(exportsText.join('\n'), 'vectors.ts', true);
    }

    afterCompile(module: BinaryenModule): void {
      if (options.keepsApart) {
        exportMark(module);
        // Some passes run others on what they have changed.
        this.binaryen.addPassToSkip('code-folding');
      }
      const keepsNames = this.binaryen.getDebugInfo();
      this.binaryen.setDebugInfo(true);
      const { binary, sourceMap } = module.emitBinary('vectors.map');
      this.binaryen.setDebugInfo(keepsNames);
      const parsed = parseModule(binary);
      const map = sourceMap ? new SourceMap(sourceMap) : undefined;
      const vectors = this.handlers.map((h) => h.vector);
      const roots = parsed.exports.filter((e) => e.kind === 'func' && (e.name === RENDER || vectors.some((v) => v.exportName === e.name))).map((e) => e.index);
      const reported = new Set<string>();
      for (const finding of findViolations(parsed, roots)) this.reportViolation(finding, parsed, map, reported);
      options.onVectors(vectors);
      this.keepNatives(module, parsed, map);
    }

    private readComments(parser: Parser): void {
      const rangeOf = (source: object, start: number, end: number): Range => Object.assign(new Range(start, end), { source });
      const pieces = new Map<PlainNode, Range>();
      options.onFlowFacts(readFlowFacts(parser.sources, compiler as Syntax, options.coreHertz,
        (source, start, end, text) => this.fail(rangeOf(source, start, end), text), (node, ...place) => pieces.set(node, rangeOf(...place))));
      if (pieces.size === 0 || !options.keepsApart) return;
      const sources = new Set([...pieces.values()].map(({ source }) => source));
      for (const piece of mark([...sources], new Set(pieces.keys()), compiler as MarkMaking)) {
        this.fail(pieces.get(piece)!, 'a comment like this goes on the line of a statement, or above it; this is a part of one');
      }
      parser.parseFile(MARK_SOURCE, MARK_FILE, false);
    }

    /** A handler or native function inside of a class or a namespace would go unnoticed. */
    private refuseNested(statement: Node): void {
      for (const member of (statement as { members?: FunctionDeclaration[] }).members ?? []) {
        for (const { name, range } of member.decorators ?? []) {
          if (name.text === 'isr' || name.text === 'native') this.fail(range, `@${name.text} goes on a function at the top level of a file`);
        }
        this.refuseNested(member as unknown as Node);
      }
    }

    private noteNative(source: Source, declaration: FunctionDeclaration): void {
      const decorator = declaration.decorators?.find((d) => d.name.text === 'native');
      if (!decorator) return;
      const { text: name, range } = declaration.name;
      if (decorator.args?.length) return this.fail(decorator.range, '@native takes no arguments');
      if (declaration.typeParameters?.length) return this.fail(decorator.range, '@native goes on a function without type parameters');
      if (declaration.decorators!.some((d) => d.name.text === 'inline')) return this.fail(decorator.range, '@native and @inline exclude each other: an inlined function is none');
      this.natives.push({ range, native: { internalName: `${source.internalPath}/${name}`, name, file: source.normalizedPath, line: source.lineAt(range.start) } });
    }

    /** Checks the native functions, and keeps the optimiser from dissolving them in their callers. */
    private keepNatives(module: BinaryenModule, parsed: WasmModule, map: SourceMap | undefined): void {
      const used = this.natives.map(({ native }) => nativeIndex(parsed.functionNames, native)).filter((index) => index !== undefined);
      for (const finding of findNativeViolations(parsed, new Set(used))) this.reportNative(finding, parsed, map);
      for (const { native } of this.natives) {
        this.binaryen.setPassArgument('no-inline', native.internalName);
        module.runPasses(['no-inline']);
      }
      this.binaryen.setPassArgument('no-inline', null);
      options.onNatives(this.natives.map(({ native }) => native));
    }

    private fail(range: Range, text: string): undefined {
      this.program.error(DiagnosticCode.User_defined_0, range, text);
      return undefined;
    }

    private vectorOf(source: Source, declaration: FunctionDeclaration, decorator: Decorator, known: Readonly<Record<string, number>>): Vector | undefined {
      const [name, priority, extra] = decorator.args ?? [];
      const levels = 1 << options.priorityBits;
      if (name?.literalKind !== LiteralKind.String || priority === undefined) {
        return this.fail(decorator.range, '@isr wants a vector and a priority: @isr("USART2", 1) or @isr("USART2", 1, { budget: 400 })');
      }
      if (priority.literalKind !== LiteralKind.Integer) return this.fail(priority.range, `the priority is a whole number that stands there itself, 0 (most urgent) to ${levels - 1}`);
      const given = String(name.value);
      const vectorName = options.aliases[given] ?? given;
      const irq = known[vectorName];
      if (irq === undefined) return this.fail(name.range, `unknown vector "${given}"${suggestion(given, [...Object.keys(options.aliases), ...Object.keys(known)])}`);
      const bound = this.handlers.find((h) => h.vector.irq === irq);
      if (bound) return this.fail(name.range, `vector "${given}" is bound already, to ${bound.vector.functionName} in ${bound.vector.file}:${bound.vector.line}`);
      const level = Number(String(priority.value));
      if (level >= levels) return this.fail(priority.range, `priority ${level}: this chip has 0 (most urgent) to ${levels - 1}`);
      if (declaration.signature.parameters.length > 0) return this.fail(declaration.name.range, 'an interrupt handler takes no parameters');
      if (declaration.typeParameters?.length) return this.fail(declaration.name.range, 'an interrupt handler takes no type parameters');
      if ((declaration.signature.returnType.name?.identifier?.text || 'void') !== 'void') return this.fail(declaration.name.range, 'an interrupt handler returns nothing: declare it as void');
      const limits = extra && this.limitsOf(extra);
      if (extra && !limits) return undefined;
      return {
        name: vectorName, irq, priority: level, exportName: `${vectorName}_IRQHandler`, budget: undefined, ...limits,
        functionName: declaration.name.text, file: source.normalizedPath, line: source.lineAt(declaration.name.range.start),
      };
    }

    /** What `{ budget: 400, rate: "1kHz", deadline: "0.5ms" }` says, in cycles. */
    private limitsOf(extra: Literal): Pick<Vector, 'budget' | 'period' | 'deadline'> | undefined {
      const limits: { budget?: number; period?: number; deadline?: number } = {};
      const names = extra.literalKind === LiteralKind.Object ? extra.names! : [];
      for (const [i, { text: name, range }] of names.entries()) {
        const value = extra.values![i];
        if (!(name === 'rate' || name === 'budget' || name === 'deadline')) return this.fail(range, `@isr knows no ${name}; it has budget, rate and deadline`);
        const field = name === 'rate' ? 'period' : name;
        if (limits[field] !== undefined) return this.fail(range, `${name} is given twice`);
        const given = value.literalKind === LiteralKind.Integer ? Number(String(value.value)) : value.literalKind === LiteralKind.String ? String(value.value) : '';
        limits[field] = name === 'rate' ? periodCycles(given, options.coreHertz) : timeCycles(given, options.coreHertz);
        if (limits[field] === undefined) return this.fail(value.range, `${name} wants ${name === 'rate' ? RATE_WANTED : TIME_WANTED}; it stands there itself`);
      }
      if (names.length > 0) return limits;
      return this.fail(extra.range, 'the third argument of @isr is { budget: cycles } or { budget: "10us" }; besides it there may be rate: "1kHz", how often the interrupt '
        + 'falls at most, and deadline: "0.5ms", by when it must be done');
    }

    /** @param reported what has been said: a statement that breaks one rule in several ways is refused once */
    private reportViolation({ violation, root, path }: Finding, module: WasmModule, map: SourceMap | undefined, reported: Set<string>): void {
      const { vector, range } = this.handlers.find((h) => module.functionNames.get(root)?.endsWith(`/${h.vector.functionName}`)) ?? {};
      const { where, text } = this.describe(path, module, map, range);
      const id = `${root} ${violation} ${where.source.normalizedPath} ${where.source.lineAt(where.start)}`;
      if (reported.has(id)) return;
      reported.add(id);
      const last = path[path.length - 1].callee;
      const who = vector ? `the handler of ${vector.name}` : RENDER;
      const culprit = shortName(module, violation === 'recursion' && last !== undefined ? last : path[path.length - 1].caller);
      const what = violation === 'heap' && last !== undefined && isFreeing(module.functionNames.get(last)!) ? FREES : WHAT[violation];
      this.fail(where, `${who} reaches ${violation === 'heap' ? 'heap use' : violation === 'recursion' ? 'recursion' : 'an indirect call'}: ${culprit} ${what}. Path: ${text}`);
    }

    private reportNative({ violation, root, path, what }: NativeFinding, module: WasmModule, map: SourceMap | undefined): void {
      const declared = this.natives.find(({ native }) => native.internalName === module.functionNames.get(root))!;
      const { where, text } = this.describe(path, module, map, declared.range);
      const culprit = shortName(module, path[path.length - 1].caller);
      this.fail(where, `${declared.native.name} is @native, but ${culprit} ${NATIVE_RULE[violation](what.replace(/^.*\//, ''))}. Path: ${text}`);
    }

    /** A path in words, and the place in the firmware's own source that it leads to, or `otherwise`. */
    private describe(path: readonly Step[], module: WasmModule, map: SourceMap | undefined, otherwise?: Range): { where: Range; text: string } {
      const located = path.map((step) => ({ step, at: map && callPlace(step, module, map) }));
      const innermost = [...located].reverse().find(({ at }) => at && !at.file.startsWith('~lib/'));
      const where = (innermost?.at && this.rangeAt(innermost.at)) ?? otherwise ?? this.handlers[0]?.range ?? this.program.sources[0].statements[0].range;
      const steps = located.map(({ step, at }) => `${shortName(module, step.caller)}${at ? ` (${at.file}:${at.line})` : ''}`);
      const last = path[path.length - 1].callee;
      if (last !== undefined) steps.push(shortName(module, last));
      return { where, text: steps.join(' -> ') };
    }

    /** The rest of a source line from a position on, for the compiler to underline. */
    private rangeAt({ file, line, column }: { file: string; line: number; column: number }): Range | undefined {
      const source = this.program.sources.find((s) => s.normalizedPath === file);
      if (!source) return undefined;
      let start = 0;
      for (let n = 1; n < line; n++) start = source.text.indexOf('\n', start) + 1;
      const endOfLine = source.text.indexOf('\n', start);
      const end = endOfLine < 0 ? source.text.length : endOfLine;
      const range = new Range(Math.min(start + column, end), end);
      range.source = source;
      return range;
    }
  };
}

/** A function's name without its file, and those of its type arguments without theirs. */
const shortName = (module: WasmModule, index: number): string =>
  (module.functionNames.get(index) ?? module.imports[index]?.name ?? `function ${index}`).replace(/[^<>,|]*\//g, '');

/** How the generated entry file, at the root, imports a source. */
function modulePath(source: Source): string {
  const path = source.internalPath;
  return path.startsWith('~lib/') ? path.slice(5) : path.startsWith('.') ? path : `./${path}`;
}

/** The known name that is nearest in spelling, if one is near. */
function suggestion(wanted: string, known: readonly string[]): string {
  const scored = known.map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.distance - b.distance);
  return scored.length > 0 && scored[0].distance <= Math.max(2, wanted.length / 3) ? `; did you mean "${scored[0].name}"?` : '; the names are those of the reference manual\'s vector table';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
