// SPDX-License-Identifier: MIT
// What the author of a firmware says of how often its code runs: comments `// @bound(32)`, `// @max(4)`, `// @sum(512)`, read from the source.
// docs/worst-case.md has what they mean; what uses them is host/check/worst-case.

/** A place in a source: line from 1, column from 0. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** A loop of a file in which something is said. */
export interface SourceLoop {
  readonly file: string;
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  /** do … while: its body runs before its condition is asked. */
  readonly isDo: boolean;
  /** Most times that its body runs each time it is entered. */
  readonly bound?: number;
  /** Most times that its body runs in one call of the handler, all entries together. */
  readonly total?: number;
}

/** A statement of which something is said. */
export interface LineFact {
  /** `max`: it runs so often in one call of the handler. `sum`: the counting arguments of the calls in it add up to so much. */
  readonly kind: 'max' | 'sum';
  readonly file: string;
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  readonly limit: number;
}

export interface FlowFacts {
  readonly loops: readonly SourceLoop[];
  readonly lines: readonly LineFact[];
}

/** The compiler's source, as far as it is used here. */
interface Source { readonly normalizedPath: string; readonly text: string; readonly isLibrary: boolean; readonly statements: readonly object[] }
interface Node { readonly kind: number; readonly range: { readonly start: number; readonly end: number } }

interface LoopKinds { readonly loops: ReadonlySet<number>; readonly doLoop: number }

const COMMENT = /@(bound|max|sum|limit)\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g;

/** A comment that cannot be understood: where, and why. */
export type Complain = (source: Source, start: number, end: number, text: string) => void;

/** Reads what the comments of all sources say. */
export function readFlowFacts(sources: readonly Source[], { loops: loopKinds, doLoop }: LoopKinds, complain: Complain): FlowFacts {
  const loops: SourceLoop[] = [];
  const lines: LineFact[] = [];
  const said = sources.filter(({ isLibrary, text }) => !isLibrary && new RegExp(COMMENT.source).test(text));
  const limits = new Map<string, number>();
  for (const source of said) {
    forEachComment(source, ({ kind, text, start, end }) => {
      if (kind !== 'limit') return;
      const named = /^\s*([\w-]+)\s*:\s*(.+)$/.exec(text);
      const value = named ? evaluate(named[2], sources, source) : undefined;
      if (value === undefined) complain(source, start, end, '@limit wants a name and a number, as in @limit(voices: 16)');
      else limits.set(named![1], value);
    });
  }
  for (const source of said) {
    const nodes = nodesOf(source.statements);
    const file = source.normalizedPath;
    const position = positions(source.text);
    const place = ({ range }: Node) => ({ file, from: position(range.start), to: position(range.end) });
    const bounds = new Map<Node, { bound?: number; total?: number }>();
    forEachComment(source, ({ kind, text, start, end, target }) => {
      if (kind === 'limit') return;
      const numbers = text.split(',').map((part) => {
        const named = /^\s*([a-z][\w-]*)\s*:\s*(.+)$/.exec(part);
        const value = evaluate((named ? named[2] : part).replace(/\bin all\s*$/, ''), sources, source);
        return named && limits.has(named[1]) ? Math.min(limits.get(named[1])!, value ?? Infinity) : value;
      });
      if (numbers.some((n) => n === undefined) || numbers.length > (kind === 'bound' ? 2 : 1)) {
        return complain(source, start, end, `@${kind} wants a number, as in @${kind}(32)${kind === 'bound' ? ' or @bound(16, 64 in all)' : ''}; constants of the source and + - * / will do`);
      }
      // The outermost of what begins on the line.
      const begins = nodes.filter((n) => position(n.range.start).line === target).sort((a, b) => b.range.end - b.range.start - (a.range.end - a.range.start));
      if (kind === 'bound') {
        const loop = begins.find((n) => loopKinds.has(n.kind));
        if (!loop) return complain(source, start, end, '@bound goes on the line of a loop, or above it');
        const inAll = /\bin all\s*$/.test(text);
        bounds.set(loop, numbers.length === 2 ? { bound: numbers[0], total: numbers[1] } : inAll ? { bound: numbers[0], total: numbers[0] } : { bound: numbers[0] });
        return;
      }
      const first = begins.length > 0 ? begins.reduce((a, b) => (b.range.start < a.range.start ? b : a)) : undefined;
      const statement = first && begins.find((n) => n.range.start === first.range.start);
      if (!statement) return complain(source, start, end, `@${kind} goes on the line of a statement, or above it`);
      lines.push({ kind, ...place(statement), limit: numbers[0]! });
    });
    for (const node of nodes) if (loopKinds.has(node.kind)) loops.push({ ...place(node), isDo: node.kind === doLoop, ...bounds.get(node) });
  }
  return { loops, lines };
}

interface Comment {
  readonly kind: 'bound' | 'max' | 'sum' | 'limit';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Line of the code that it is about. */
  readonly target: number;
}

function forEachComment({ text }: Source, visit: (comment: Comment) => void): void {
  const lines = text.split('\n');
  let offset = 0;
  for (const [i, line] of lines.entries()) {
    const slashes = line.indexOf('//');
    if (slashes >= 0) {
      let target = i;
      if (line.slice(0, slashes).trim() === '') while (target < lines.length - 1 && /^\s*(?:\/\/.*)?$/.test(lines[target])) target++;
      for (const match of line.slice(slashes).matchAll(COMMENT)) {
        const start = offset + slashes + match.index;
        visit({ kind: match[1] as Comment['kind'], text: match[2], start, end: start + match[0].length, target: target + 1 });
      }
    }
    offset += line.length + 1;
  }
}

/** All nodes of a syntax tree. */
function nodesOf(roots: readonly object[]): Node[] {
  const nodes: Node[] = [];
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) return value.forEach(walk);
    if (!('kind' in value && 'range' in value)) return;
    nodes.push(value as Node);
    for (const [key, child] of Object.entries(value)) if (key !== 'range' && key !== 'parent') walk(child);
  };
  walk(roots);
  return nodes;
}

function positions(text: string): (offset: number) => SourcePosition {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - starts[low] };
  };
}

/** A whole number from numbers, the sources' constants, + - * / and parentheses; undefined when it is none. */
function evaluate(text: string, sources: readonly Source[], source: Source, depth = 0): number | undefined {
  const tokens = text.match(/\d[\d_]*|[A-Za-z_]\w*|[-+*/()]|\S/g) ?? [];
  let at = 0;
  const atom = (): number | undefined => {
    const token = tokens[at++];
    if (token === '(') {
      const value = addition();
      return tokens[at++] === ')' ? value : undefined;
    }
    if (token !== undefined && /^\d/.test(token)) return Number(token.replaceAll('_', ''));
    return token !== undefined && /^[A-Za-z_]/.test(token) && depth < 8 ? constantOf(token) : undefined;
  };
  const product = (): number | undefined => {
    let value = atom();
    while (tokens[at] === '*' || tokens[at] === '/') {
      const times = tokens[at++] === '*';
      const right = atom();
      value = value === undefined || right === undefined ? undefined : times ? value * right : Math.trunc(value / right);
    }
    return value;
  };
  const addition = (): number | undefined => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at++] === '+' ? 1 : -1;
      const right = product();
      value = value === undefined || right === undefined ? undefined : value + sign * right;
    }
    return value;
  };
  const constantOf = (name: string): number | undefined => {
    const declaration = new RegExp(`\\bconst\\s+${name}\\b\\s*(?::\\s*\\w+)?\\s*=\\s*([^;]+);`);
    const own = declaration.exec(source.text);
    if (own) return evaluate(own[1], sources, source, depth + 1);
    // Imported: from whichever source exports it.
    const elsewhere = sources.find((s) => !s.isLibrary && new RegExp(`\\bexport\\s+${declaration.source}`).test(s.text));
    const found = elsewhere && declaration.exec(elsewhere.text);
    return found ? evaluate(found[1], sources, elsewhere!, depth + 1) : undefined;
  };
  const value = addition();
  return value !== undefined && at === tokens.length && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
