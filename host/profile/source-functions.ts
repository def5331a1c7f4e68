// SPDX-License-Identifier: MIT
// Which function of the source a place belongs to, whatever the compiler made of it: inlined code keeps the places where it was written.

export interface SourceFunction {
  /** `render`, `Voice#attack`, `Namespace.helper`; code outside of functions: `top level`. */
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

// The compiler's syntax tree has no published types; what is used of it is written down here.
interface Source { lineAt(position: number): number; readonly statements: Node[] }
interface Node {
  readonly kind: number;
  readonly range: { readonly start: number; readonly end: number };
  readonly name?: { readonly text: string; readonly range: { readonly start: number } };
  readonly members?: Node[];
  readonly declaration?: Node;
  readonly flags?: number;
}
interface CompilerParts {
  readonly Parser: new () => { readonly sources: Source[]; parseFile(text: string, path: string, isEntry: boolean): void };
  readonly NodeKind: Record<string, number>;
  readonly CommonFlags: Record<string, number>;
}

interface Extent {
  readonly start: number;
  readonly end: number;
  readonly of: SourceFunction;
}

interface File {
  readonly text: string;
  readonly lineStarts: readonly number[];
  /** Ascending; they do not overlap. */
  readonly functions: readonly Extent[];
  readonly topLevel: SourceFunction;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function functionsOf({ Parser, NodeKind, CommonFlags }: CompilerParts, file: string, text: string): Extent[] {
  const parser = new Parser();
  parser.parseFile(text, file, true);
  const [source] = parser.sources;
  const found: Extent[] = [];
  const walk = (node: Node, prefix: string, separator: string): void => {
    const { kind, name, flags = 0 } = node;
    if (kind === NodeKind.FunctionDeclaration || kind === NodeKind.MethodDeclaration) {
      const isStatic = (flags & CommonFlags.Static) !== 0;
      const accessor = (flags & CommonFlags.Get) !== 0 ? 'get:' : (flags & CommonFlags.Set) !== 0 ? 'set:' : '';
      const own = `${prefix}${prefix && (isStatic ? '.' : separator)}${accessor}${name!.text}`;
      found.push({ start: node.range.start, end: node.range.end, of: { name: own, file, line: source.lineAt(name!.range.start) } });
    } else if (kind === NodeKind.ClassDeclaration) {
      for (const member of node.members ?? []) walk(member, `${prefix}${prefix && '.'}${name!.text}`, '#');
    } else if (kind === NodeKind.NamespaceDeclaration) {
      for (const member of node.members ?? []) walk(member, `${prefix}${prefix && '.'}${name!.text}`, '.');
    } else if (kind === NodeKind.ExportDefault) walk(node.declaration!, prefix, separator);
  };
  for (const statement of source.statements) walk(statement, '', '.');
  return found.sort((a, b) => a.start - b.start);
}

export class SourceFunctions {
  private readonly files = new Map<string, File>();
  private readonly byName = new Map<string, SourceFunction>();

  /** @param compiler the parts of a compiler @param sources the text of each file, as the compiler read it */
  constructor(compiler: object, sources: ReadonlyMap<string, string>) {
    for (const [file, text] of sources) {
      const functions = functionsOf(compiler as CompilerParts, file, text);
      const topLevel = { name: 'top level', file, line: 1 };
      const path = file.replace(/\.ts$/, '');
      for (const { of } of functions) this.byName.set(`${path}/${of.name}`, of);
      this.byName.set(`start:${path}`, topLevel);
      this.files.set(file, { text, lineStarts: lineStartsOf(text), functions, topLevel });
    }
  }

  /**
   * The function that a place is in.
   * @param line from 1
   * @param column from 0
   * @returns undefined for a file that is not among the sources
   */
  at(file: string, line: number, column: number): SourceFunction | undefined {
    const known = this.files.get(file);
    if (!known) return undefined;
    const position = known.lineStarts[line - 1] + column;
    let low = 0;
    let high = known.functions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (known.functions[middle].start <= position) low = middle + 1;
      else high = middle;
    }
    const before = known.functions[low - 1];
    return before && position < before.end ? before.of : known.topLevel;
  }

  /** What a line says from a column on; empty for a place that is not in the sources. @param line from 1 @param column from 0 */
  textAt(file: string, line: number, column: number): string {
    const { text = '', lineStarts = [] } = this.files.get(file) ?? {};
    return text.slice(lineStarts[line - 1] + column, lineStarts[line]);
  }

  /**
   * The function that a line is in, by its first character that is no space.
   * @param line from 1
   * @returns undefined for a file that is not among the sources, and for a line that it has not
   */
  atLine(file: string, line: number): SourceFunction | undefined {
    const known = this.files.get(file);
    const start = known?.lineStarts[line - 1];
    return start === undefined ? undefined : this.at(file, line, known!.text.slice(start).search(/\S/));
  }

  /** The function that a function of the module was compiled from, by the compiler's name for it: type arguments do not count. */
  named(internalName: string): SourceFunction | undefined {
    let plain = internalName;
    for (let next = plain.replace(/<[^<>]*>/g, ''); next !== plain; next = plain.replace(/<[^<>]*>/g, '')) plain = next;
    return this.byName.get(plain) ?? this.byName.get(internalName);
  }
}
