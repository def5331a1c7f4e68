// SPDX-License-Identifier: MIT
// What the author of a firmware says of how often its code runs: comments `// @bound(32)`, `// @uses(4 of frameCount)`, `// @max(4)`, `// @sum(512)`,
// `// @turns(blocks: 1)`, read from the source.
// docs/worst-case.md has what they mean; what uses them is host/check/worst-case.

import { arraysStay, lengthsStay } from './array-fields.js';
import { askedIn, endsWithNo } from './asked-loops.js';
import { PassedValues, type CallingSource, type FunctionDeclaration, type Syntax } from './passed-values.js';
import { FileNodes, type Node } from './syntax-tree.js';

/** A place in a source: line from 1, column from 0. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** A formula of whole numbers: numbers, operators, parentheses, and names of parameters of the function that the code is compiled into. */
export type Formula = readonly (number | string)[];

/** Each run of something uses up so much of what there is in one call of the function that it is compiled into. */
export interface Use {
  readonly weight: number;
  readonly of: Formula;
  /** As it stands in the source. */
  readonly text: string;
}

/** A loop of a file in which something is said. */
export interface SourceLoop {
  readonly file: string;
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  /** do … while: its body runs before its condition is asked. */
  readonly isDo: boolean;
  /** Most times that its body runs each time it is entered. */
  readonly bound?: Formula;
  /** Most times that its body runs in one call of the handler, all entries together. */
  readonly total?: number;
  readonly use?: Use;
  /** What is said of the function that its condition asks, where its bound is from there (`@turns`). */
  readonly asks?: Asked;
}

/** A function that a loop asks whether to go on. */
export interface Asked {
  /** Name of the limit that the loop's bound is. */
  readonly limit: string;
  /** Times in a row for which it may say yes at most if it has not been asked for long; undefined where nothing says. */
  readonly most?: number;
  /** Whether the loop goes on until it says no: nothing else ends it but a trap. */
  readonly untilNo: boolean;
}

/** A statement of which something is said. */
export interface LineFact {
  /** `max`: it runs so often in one call of the handler. `sum`: the counting arguments of the calls in it add up to so much. `uses`: see `Use`.
   * `waits`: the loops in it, or in what it calls, wait for hardware, and take so many core cycles in all. */
  readonly kind: 'max' | 'sum' | 'uses' | 'waits';
  readonly file: string;
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  readonly limit: number;
  readonly use?: Use;
}

export interface Parameter {
  readonly name: string;
  /** The type that it has in a module. */
  readonly type: 'i32' | 'i64' | 'f32' | 'f64';
  /** The largest value that any call in the sources passes for it, where that is known and some formula has the name. */
  readonly most?: number;
}

export interface FlowFacts {
  readonly loops: readonly SourceLoop[];
  readonly lines: readonly LineFact[];
  /** Parameters of the functions in those files, by the function's name in the module. */
  readonly parameters: Readonly<Record<string, readonly Parameter[]>>;
  /** Whether arrays stay as long as they were made. */
  readonly lengthsStay?: boolean;
  /** Whether each field of the type StaticArray keeps the array that its constructor puts there. */
  readonly arraysStay?: boolean;
}

/** The compiler's source, as far as it is used here. */
interface Source extends CallingSource { readonly normalizedPath: string; readonly internalPath: string; readonly text: string; readonly isLibrary: boolean }
interface ClassDeclaration extends Node { readonly name: { readonly text: string }; readonly members: readonly FunctionDeclaration[] }

const COMMENT = /@(bound|uses|max|sum|waits|limit|turns)\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g;

/** A comment that cannot be understood: where, and why. */
export type Complain = (source: Source, start: number, end: number, text: string) => void;

/** Whether a source is the compiler's own library; this package is one too, for a project that it is installed in. */
const isCompilers = ({ isLibrary, normalizedPath }: Source): boolean => isLibrary && !normalizedPath.startsWith('~lib/tonewheel/');

/** A comment's piece of the syntax tree: whose node, and where the comment stands. */
export type Note = (node: Node, source: Source, start: number, end: number) => void;

/** Reads what the comments of all sources say. @param coreHertz for times @param note receives what something is said of */
export function readFlowFacts(sources: readonly Source[], syntax: Syntax, coreHertz: number, complain: Complain, note: Note): FlowFacts {
  const { NodeKind: K, CommonFlags } = syntax;
  const loopKinds = new Set([K.Do, K.For, K.ForOf, K.While]);
  const loops: SourceLoop[] = [];
  const lines: LineFact[] = [];
  // Loops that ask a function of which something is said may be in any file, and one of which nothing is said has a place too, for whoever has to say that it has no bound.
  const heard = sources.filter((source) => !isCompilers(source));
  const comments = new Map(heard.map((source) => [source, commentsOf(source)]));
  const forEachComment = (visit: (comment: Comment, source: Source) => void): void => comments.forEach((own, source) => own.forEach((comment) => visit(comment, source)));
  const functions: { readonly name: string; readonly declaration: FunctionDeclaration; readonly hasThis: boolean }[] = [];
  const libraries = sources.filter(isCompilers);
  const passed = new PassedValues(heard, syntax, (word) => {
    const asWord = new RegExp(`\\b${word}\\b`);
    return libraries.some(({ text }) => asWord.test(text) && asWord.test(text.replace(COMMENT_OR_STRING, (found) => (found.startsWith('/') ? ' ' : found))));
  });
  /** A formula with what is passed for the parameters of other functions that it names, as `createParser.bufferByteCount`. */
  const withPassed = (tokens: Formula | undefined): Formula | undefined => tokens?.map((token) => {
    const [callee, parameter] = typeof token === 'string' ? token.split('.') : [];
    return parameter === undefined ? token : passed.mostOf(callee!, parameter) ?? token;
  });
  const limits = new Map<string, number>();
  forEachComment(({ kind, text, start, end }, source) => {
    if (kind !== 'limit') return;
    const named = /^\s*([\w-]+)\s*:\s*(.+)$/.exec(text);
    const value = named ? evaluate(formula(named[2], sources, source)) : undefined;
    if (value === undefined) complain(source, start, end, '@limit wants a name and a number, as in @limit(voices: 16)');
    else limits.set(named![1], value);
  });
  const answering = new Map<string, { readonly bound: Formula; readonly limit: string; readonly most?: number }>();
  forEachComment(({ kind, text, start, end, target }, source) => {
    if (kind !== 'turns') return;
    const line = positions(source.text);
    const asked = (source.statements as Node[]).find((node) => node.kind === K.FunctionDeclaration && line(node.range.start).line === target) as FunctionDeclaration | undefined;
    const [, limit, each, mostText] = /^\s*([a-z][\w-]*)\s*:\s*([^,]+)(?:,(.*)\bat most\s*)?$/.exec(text) ?? [];
    const bound = each === undefined ? undefined : formula(each, sources, source);
    const most = mostText === undefined ? undefined : evaluate(formula(mostText, sources, source));
    if (!asked || !bound || (mostText !== undefined && most === undefined)) {
      complain(source, start, end, '@turns goes above a function that loops ask, and wants a name and a number, as in @turns(blocks: 1), or two, as in @turns(received: 8, 256 at most)');
    } else answering.set(asked.name.text, { limit, most, bound: limits.has(limit) ? [limits.get(limit)!] : withPassed(bound)! });
  });
  /** What a loop has from the function that it asks whether to go on; of functions of one name it is not known which. */
  const answers = (loop: Node): { bound?: Formula; asks?: Asked } => {
    const { condition } = loop as Node & { condition?: Node };
    const names = condition ? askedIn(condition, syntax) : [];
    const [asked] = names.flatMap((name) => (answering.has(name) && passed.isUnique(name) ? [answering.get(name)!] : []));
    if (loop.kind === K.Do || !asked) return {};
    const { bound, limit, most } = asked;
    return { bound, asks: { limit, most, untilNo: endsWithNo(loop, syntax) } };
  };
  const files: FileNodes[] = [];
  for (const source of heard) {
    const own = new FileNodes(source.internalPath, source.statements);
    files.push(own);
    const file = source.normalizedPath;
    const position = positions(source.text);
    const place = ({ range }: Node) => ({ file, from: position(range.start), to: position(range.end) });
    const beginning = new Map(comments.get(source)!.map(({ target }) => [target, [] as Node[]]));
    if (beginning.size > 0) for (const node of own.nodes) beginning.get(position(node.range.start).line)?.push(node);
    const ofLoops = new Map<Node, { bound?: Formula; total?: number; use?: Use }>();
    comments.get(source)!.forEach(({ kind, text, start, end, target }) => {
      if (kind === 'limit' || kind === 'turns') return;
      // The outermost of what begins on the line.
      const begins = beginning.get(target)!.sort((a, b) => b.range.end - b.range.start - (a.range.end - a.range.start));
      const loop = begins.find((n) => loopKinds.has(n.kind));
      if (kind === 'bound') {
        if (!loop) return complain(source, start, end, '@bound goes on the line of a loop, or above it');
        const [each, inAll] = text.split(',');
        const named = /^\s*([a-z][\w-]*)\s*:\s*(.+)$/.exec(each);
        const bound = named && limits.has(named[1]) ? [limits.get(named[1])!] : withPassed(formula(named ? named[2] : each, sources, source));
        const all = inAll === undefined ? undefined : /^(.*)\bin all\s*$/.exec(inAll)?.[1].trim();
        // The name of a limit alone: without that limit nothing is said.
        const isName = all !== undefined && /^[a-z][\w-]*$/.test(all);
        const total = all === undefined ? undefined : isName ? limits.get(all) : evaluate(formula(all, sources, source));
        if (!bound || (inAll !== undefined && !isName && total === undefined)) {
          return complain(source, start, end, '@bound wants a number, as in @bound(32) or @bound(16, 64 in all); constants of the source and + - * / will do');
        }
        note(loop, source, start, end);
        return void ofLoops.set(loop, { ...ofLoops.get(loop), bound, total });
      }
      const first = begins.length > 0 ? begins.reduce((a, b) => (b.range.start < a.range.start ? b : a)) : undefined;
      const statement = first && begins.find((n) => n.range.start === first.range.start);
      if (!statement) return complain(source, start, end, `@${kind} goes on the line of a statement, or above it`);
      note(statement, source, start, end);
      if (kind === 'uses') {
        const [, weightText, ofText] = /^(.*)\bof\b(.*)$/.exec(text) ?? [];
        const weight = weightText === undefined ? undefined : evaluate(formula(weightText, sources, source));
        const of = ofText === undefined ? undefined : formula(ofText, sources, source);
        if (!weight || !of) return complain(source, start, end, '@uses wants a number and of what, as in @uses(4 of frameCount)');
        const use = { weight, of, text: ofText.trim() };
        if (loop) ofLoops.set(loop, { ...ofLoops.get(loop), use });
        else lines.push({ kind, ...place(statement), limit: 0, use });
        return;
      }
      const time = kind === 'waits' ? /^\s*(\d+(?:\.\d+)?)\s*us\s*$/.exec(text) : undefined;
      if (time !== undefined) {
        if (!time) return complain(source, start, end, '@waits wants a time, as in @waits(21 us)');
        lines.push({ kind, ...place(statement), limit: Math.ceil((Number(time[1]) * coreHertz) / 1e6) });
        return;
      }
      const limit = evaluate(formula(text, sources, source));
      if (limit === undefined) return complain(source, start, end, `@${kind} wants a number, as in @${kind}(32); constants of the source and + - * / will do`);
      lines.push({ kind, ...place(statement), limit });
    });
    for (const node of own.nodes) {
      if (loopKinds.has(node.kind)) {
        const asked = ofLoops.has(node) ? undefined : answers(node);
        // Two functions that are the same may have different things said of them.
        if (asked?.bound) note(node, source, node.range.start, node.range.end);
        loops.push({ ...place(node), isDo: node.kind === K.Do, ...(asked ?? ofLoops.get(node)) });
      }
      if (node.kind === K.FunctionDeclaration) functions.push({ name: `${source.internalPath}/${(node as FunctionDeclaration).name.text}`, declaration: node as FunctionDeclaration, hasThis: false });
      if (node.kind !== K.ClassDeclaration) continue;
      const { name, members } = node as ClassDeclaration;
      for (const method of members) {
        if (method.kind !== K.MethodDeclaration) continue;
        const hasThis = (method.flags & CommonFlags.Static) === 0;
        functions.push({ name: `${source.internalPath}/${name.text}${hasThis ? '#' : '.'}${method.name.text}`, declaration: method, hasThis });
      }
    }
  }
  const asked = new Set([...loops.flatMap(({ bound, use }) => [bound, use?.of]), ...lines.map(({ use }) => use?.of)].flat());
  const parameters: Record<string, readonly Parameter[]> = {};
  const counts = new Map<string, number>();
  for (const { name } of functions) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { name, declaration, hasThis } of functions) {
    // Of two functions that would have one name, in namespaces or in other functions, it is not known which is meant.
    const isUnique = counts.get(name) === 1;
    const own = declaration.signature.parameters.map((p, i) => ({
      name: p.name.text, type: wasmType(p.type?.name?.identifier?.text), ...(isUnique && asked.has(p.name.text) ? { most: passed.most(declaration, i) } : {}),
    }));
    parameters[name] = [...(hasThis ? [THIS] : []), ...own];
  }
  return { loops, lines, parameters, lengthsStay: lengthsStay(files, syntax), arraysStay: arraysStay(files, syntax) };
}

const COMMENT_OR_STRING = /\/\*[^]*?\*\/|\/\/.*|(["'`])(?:\\[^]|(?!\1)[^\\])*\1/g;

/** What a method is called on: no formula names it. */
const THIS: Parameter = { name: '', type: 'i32' };

/** How a type of the source is passed. */
const wasmType = (name: string | undefined): Parameter['type'] => (name === 'f32' || name === 'f64' ? name : name === 'i64' || name === 'u64' ? 'i64' : 'i32');

interface Comment {
  readonly kind: 'bound' | 'uses' | 'max' | 'sum' | 'waits' | 'limit' | 'turns';
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Line of the code that it is about. */
  readonly target: number;
}

function commentsOf({ text }: Source): Comment[] {
  if (text.search(COMMENT) < 0) return [];
  const comments: Comment[] = [];
  const lines = text.split('\n');
  let offset = 0;
  /** A line end may be CR LF. */
  const isOfNothing = (line: string): boolean => /^(?:\/\/.*)?$/.test(line.trim());
  for (const [i, line] of lines.entries()) {
    const slashes = line.indexOf('//');
    if (slashes >= 0) {
      let target = i;
      if (line.slice(0, slashes).trim() === '') while (target < lines.length - 1 && isOfNothing(lines[target])) target++;
      for (const match of line.slice(slashes).matchAll(COMMENT)) {
        const start = offset + slashes + match.index;
        comments.push({ kind: match[1] as Comment['kind'], text: match[2], start, end: start + match[0].length, target: target + 1 });
      }
    }
    offset += line.length + 1;
  }
  return comments;
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

/** A formula with the sources' constants put in; undefined when it is none. */
function formula(text: string, sources: readonly Source[], source: Source, depth = 0): Formula | undefined {
  const tokens: (number | string)[] = [];
  for (const token of text.match(/\d[\d_]*|[A-Za-z_]\w*(?:\.\w+)?|\S/g) ?? []) {
    if (/^\d/.test(token)) tokens.push(Number(token.replaceAll('_', '')));
    else if (/^[A-Za-z_]/.test(token)) {
      const constant = depth < 8 ? constantOf(token, sources, source, depth) : undefined;
      if (constant === undefined && !/^[a-z]/.test(token)) return undefined;
      tokens.push(constant ?? token);
    } else if (/^[-+*/()]$/.test(token)) tokens.push(token);
    else return undefined;
  }
  // Whether it is well formed shows with any numbers for the names.
  return evaluate(tokens, () => 1 << 20) === undefined ? undefined : tokens;
}

function constantOf(name: string, sources: readonly Source[], source: Source, depth: number): number | undefined {
  const declaration = `\\bconst\\s+${name}\\b\\s*(?::\\s*\\w+)?\\s*=\\s*([^;]+);`;
  // Its own, or from whichever source exports it.
  for (const [pattern, where] of [[declaration, [source]], [`\\bexport\\s+${declaration}`, sources]] as const) {
    const declared = new RegExp(pattern);
    for (const place of where) {
      const found = isCompilers(place) ? null : declared.exec(place.text);
      if (found) return evaluate(formula(found[1].replace(/<\w+>/g, ''), sources, place, depth + 1));
    }
  }
  return undefined;
}

/**
 * Value of a formula, at most; undefined when it is malformed, negative, a name has no value, or it falls as what a name stands for rises.
 * @param valueOf most that a name stands for
 */
export function evaluate(tokens: Formula | undefined, valueOf: (name: string) => number | undefined = () => undefined): number | undefined {
  if (!tokens) return undefined;
  let at = 0;
  /** Subtracted, or divided by: there a name's largest value says nothing. */
  let falls = false;
  const atom = (): number | undefined => {
    const token = tokens[at++];
    if (token === '(') {
      const value = sum();
      return tokens[at++] === ')' ? value : undefined;
    }
    return typeof token === 'number' ? token : token !== undefined && /^\w/.test(token) && !falls ? valueOf(token) : undefined;
  };
  const falling = (part: () => number | undefined): number | undefined => {
    const before = falls;
    falls = true;
    const value = part();
    falls = before;
    return value;
  };
  const product = (): number | undefined => {
    let value = atom();
    while (tokens[at] === '*' || tokens[at] === '/') {
      const times = tokens[at++] === '*';
      const right = times ? atom() : falling(atom);
      value = value === undefined || right === undefined ? undefined : times ? value * right : Math.trunc(value / right);
    }
    return value;
  };
  const sum = (): number | undefined => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at++] === '+' ? 1 : -1;
      const right = sign > 0 ? product() : falling(product);
      value = value === undefined || right === undefined ? undefined : value + sign * right;
    }
    return value;
  };
  const value = sum();
  return value !== undefined && at === tokens.length && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
