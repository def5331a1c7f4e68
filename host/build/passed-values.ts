// SPDX-License-Identifier: MIT
// How large a value the sources pass for a parameter at most, as far as their text shows it: the compiler's optimiser takes a parameter out of a function
// that gets the same constant in every call, and with it what the code could say of it.
//
// Calls are matched by the callee's name, over all sources: functions and methods of one name share their arguments. A name that is used for anything
// but a call, goes by another name somewhere, or is exported to the world may be called unseen, and nothing is known of its parameters. What counts for a
// name's value is every declaration of it that could be meant.

import { fieldsOf, isNode, type Node } from './syntax-tree.js';

/** The compiler's source, as far as it is used here. */
export interface CallingSource { readonly sourceKind: number; readonly statements: readonly object[] }
interface Identifier extends Node { readonly text: string }
interface TypeNode extends Node { readonly name?: { readonly identifier?: { readonly text: string } } }
interface ParameterNode extends Node { readonly name: Identifier; readonly type?: TypeNode; readonly initializer: Node | null }
export interface FunctionDeclaration extends Node {
  readonly flags: number;
  readonly name: Identifier;
  readonly decorators: readonly { readonly name: Identifier }[] | null;
  readonly signature: { readonly parameters: readonly ParameterNode[] };
}
interface VariableDeclaration extends Node { readonly name: Identifier; readonly flags: number; readonly type: TypeNode | null; readonly initializer: Node | null }
interface VariableStatement extends Node { readonly declarations: readonly VariableDeclaration[] }
interface Call extends Node { readonly expression: Node; readonly typeArguments: readonly TypeNode[] | null; readonly args: readonly Node[] }
interface PropertyAccess extends Node { readonly expression: Node; readonly property: Identifier }
interface Binary extends Node { readonly operator: number; readonly left: Node; readonly right: Node }
interface Unary extends Node { readonly operator: number; readonly operand: Node }
interface Ternary extends Node { readonly ifThen: Node; readonly ifElse: Node }
interface Assertion extends Node { readonly expression: Node; readonly toType: TypeNode | null }
interface Literal extends Node { readonly literalKind: number; readonly value?: unknown }

/** The compiler's numbers for what its syntax tree consists of. */
export type Syntax = Readonly<Record<'NodeKind' | 'LiteralKind' | 'CommonFlags' | 'Token' | 'SourceKind', Readonly<Record<string, number>>>>;

/** A function's body, or the top level of all files. */
interface Scope {
  readonly owner?: FunctionDeclaration;
  /** What is declared in it, by name. */
  readonly declared: Map<string, Node[]>;
  /** Names that get a value after their declaration. */
  readonly assigned: Set<string>;
}

/** What a value lies in, both ends included; `isWide` when it is of a type of 32 bits, in which small numbers do not wrap round. */
interface Interval { readonly low: number; readonly high: number; readonly isWide: boolean }

const MAX = 2 ** 31 - 1;
/** What is passed for a parameter of a function that nothing calls: it adds nothing to what is passed on from there. */
const NEVER: Interval = { low: Infinity, high: -Infinity, isWide: true };
/** Types of 32 bits. */
const WIDE: readonly string[] = ['i32', 'isize', 'u32', 'usize'];
const isSigned = (type: string): boolean => type.startsWith('i');

export class PassedValues {
  private readonly top: Scope = { declared: new Map(), assigned: new Set() };
  private readonly calls = new Map<string, { readonly args: readonly Node[]; readonly scope: Scope }[]>();
  private readonly scopes = new Map<FunctionDeclaration, Scope>();
  /** Names that are used for more than calls, or that may be called from elsewhere. */
  private readonly escaping = new Set<string>();
  private readonly exported = new Set<string>();
  /** Of the file that is read: names that are used for more than calls, outside of functions that have a parameter of that name, and in such; functions. */
  private readonly used = new Set<string>();
  private readonly usedParameters = new Set<string>();
  private readonly functions = new Set<string>();
  /** Whether the firmware hands on all that some other file exports. */
  private exportsAll = false;
  private readonly known = new Map<Node, Interval | undefined>();
  private readonly assignments: ReadonlySet<number>;

  /**
   * @param sources all but those of other libraries
   * @param isLibraryWord whether a word stands in one of those, which may call what has that name, or mean something else by it
   */
  constructor(sources: readonly CallingSource[], private readonly syntax: Syntax, private readonly isLibraryWord: (word: string) => boolean) {
    const { NodeKind, Token: T, SourceKind } = syntax;
    this.assignments = new Set([
      T.Equals, T.Plus_Equals, T.Minus_Equals, T.Asterisk_Equals, T.Asterisk_Asterisk_Equals, T.Slash_Equals, T.Percent_Equals, T.LessThan_LessThan_Equals,
      T.GreaterThan_GreaterThan_Equals, T.GreaterThan_GreaterThan_GreaterThan_Equals, T.Ampersand_Equals, T.Bar_Equals, T.Caret_Equals,
    ]);
    for (const { statements, sourceKind } of sources) {
      const variables = statements.flatMap((statement) => ((statement as Node).kind === NodeKind.Variable ? (statement as VariableStatement).declarations.map(({ name }) => name.text) : []));
      this.visit(statements, this.top, sourceKind === SourceKind.UserEntry);
      // Where a file has a variable of its own of that name, and no function, no function of another file is meant.
      for (const name of this.used) if (!variables.includes(name) || this.functions.has(name)) this.escaping.add(name);
      for (const name of this.usedParameters) if (this.functions.has(name)) this.escaping.add(name);
      for (const names of [this.used, this.usedParameters, this.functions]) names.clear();
    }
  }

  /** The largest value that any call passes for a parameter, by its index in the declaration; undefined when one of them is not known. */
  most(declaration: FunctionDeclaration, index: number): number | undefined {
    const all = this.parameter(declaration, index);
    return all && all !== NEVER ? all.high : undefined;
  }

  /** The same by name, for the one function of a name; 0 where nothing calls it, undefined where that is not known. */
  mostOf(name: string, parameterName: string): number | undefined {
    if (!this.isUnique(name)) return undefined;
    const declaration = this.top.declared.get(name)![0] as FunctionDeclaration;
    const index = declaration.signature.parameters.findIndex((parameter) => parameter.name.text === parameterName);
    const all = index < 0 ? undefined : this.parameter(declaration, index);
    return all === NEVER ? 0 : all?.high;
  }

  /** Whether a name is that of one function, and of nothing else anywhere. */
  isUnique(name: string): boolean {
    const declared = [this.top, ...this.scopes.values()].flatMap((scope) => scope.declared.get(name) ?? []);
    return declared.length === 1 && declared[0].kind === this.syntax.NodeKind.FunctionDeclaration;
  }

  private visit(value: unknown, scope: Scope, isEntry: boolean): void {
    if (Array.isArray(value)) for (const part of value) this.visit(part, scope, isEntry);
    else if (typeof value === 'object' && value !== null && isNode(value)) this.visitNode(value, scope, isEntry);
  }

  private visitNode(node: Node, scope: Scope, isEntry: boolean): void {
    const { NodeKind: K, CommonFlags, Token: T } = this.syntax;
    switch (node.kind) {
      case K.Function:
        // A function as a value: whoever has it calls it.
        this.escaping.add((node as Node & { declaration: FunctionDeclaration }).declaration.name.text);
        break;
      case K.FunctionDeclaration:
      case K.MethodDeclaration: {
        const { name: { text }, flags, signature } = node as FunctionDeclaration;
        if (flags & CommonFlags.Export) (isEntry ? this.escaping : this.exported).add(text);
        this.declare(this.top, text, node);
        this.functions.add(text);
        const own: Scope = { owner: node as FunctionDeclaration, declared: new Map(), assigned: new Set() };
        this.scopes.set(node as FunctionDeclaration, own);
        for (const parameter of signature.parameters) this.declare(own, parameter.name.text, parameter);
        return this.visitParts(node, own, isEntry);
      }
      case K.VariableDeclaration:
        this.declare(scope, (node as VariableDeclaration).name.text, node);
        return this.visitParts(node, scope, isEntry);
      case K.FieldDeclaration:
      case K.EnumValueDeclaration:
        // May go by their bare names somewhere, and are no constants.
        this.declare(this.top, (node as VariableDeclaration).name.text, node);
        return this.visitParts(node, scope, isEntry);
      case K.Parameter:
        return this.visitParts(node, scope, isEntry);
      case K.ImportDeclaration: {
        const { foreignName, name } = node as Node & { foreignName: Identifier; name: Identifier };
        return this.rename(node, foreignName.text, name.text);
      }
      case K.ExportMember: {
        const { localName, exportedName } = node as Node & { localName: Identifier; exportedName: Identifier };
        if (isEntry) this.escaping.add(localName.text);
        return this.rename(node, localName.text, exportedName.text);
      }
      case K.Export:
        this.exportsAll ||= isEntry && !(node as Node & { members: object | null }).members;
        break;
      case K.ExportDefault:
        this.escaping.add((node as Node & { declaration: FunctionDeclaration }).declaration.name.text);
        break;
      case K.Identifier:
        (this.isParameter((node as Identifier).text, scope) ? this.usedParameters : this.used).add((node as Identifier).text);
        return;
      case K.PropertyAccess:
        this.escaping.add((node as PropertyAccess).property.text);
        return this.visit((node as PropertyAccess).expression, scope, isEntry);
      case K.Call: {
        const { expression, args } = node as Call;
        const isProperty = expression.kind === K.PropertyAccess;
        if (!isProperty && expression.kind !== K.Identifier) break;
        const { text } = isProperty ? (expression as PropertyAccess).property : expression as Identifier;
        this.calls.set(text, [...this.calls.get(text) ?? [], { args, scope }]);
        if (isProperty) this.visit((expression as PropertyAccess).expression, scope, isEntry);
        return this.visit(args, scope, isEntry);
      }
      case K.Binary:
        if (this.assignments.has((node as Binary).operator)) this.assign((node as Binary).left, scope);
        break;
      case K.UnaryPostfix:
        this.assign((node as Unary).operand, scope);
        break;
      case K.UnaryPrefix:
        if ([T.Plus_Plus, T.Minus_Minus].includes((node as Unary).operator)) this.assign((node as Unary).operand, scope);
    }
    this.visitParts(node, scope, isEntry, true);
  }

  /** @param withName whether a name in it is a use of that name, and no declaration */
  private visitParts(node: Node, scope: Scope, isEntry: boolean, withName = false): void {
    for (const key of fieldsOf(node)) if (withName || key !== 'name') this.visit((node as unknown as Record<string, unknown>)[key], scope, isEntry);
  }

  private declare({ declared }: Scope, name: string, node: Node): void {
    declared.set(name, [...declared.get(name) ?? [], node]);
  }

  /** Under another name, calls and constants would be missed. */
  private rename(node: Node, from: string, to: string): void {
    if (from === to) return;
    for (const name of [from, to]) {
      this.escaping.add(name);
      this.declare(this.top, name, node);
    }
  }

  private isParameter(name: string, { owner }: Scope): boolean {
    return owner !== undefined && owner.signature.parameters.some((parameter) => parameter.name.text === name);
  }

  private assign(target: Node, scope: Scope): void {
    const { NodeKind: K } = this.syntax;
    if (target.kind === K.Identifier) scope.assigned.add((target as Identifier).text);
    else if (target.kind === K.Parenthesized) this.assign((target as Assertion).expression, scope);
  }

  /** What all calls pass for a parameter. */
  private parameter(declaration: FunctionDeclaration, index: number): Interval | undefined {
    const { CommonFlags } = this.syntax;
    const { name: { text: name }, flags, decorators, signature } = declaration;
    const parameter = signature.parameters[index];
    if (this.known.has(parameter)) return this.known.get(parameter);
    // What comes back to itself is not known.
    this.known.set(parameter, undefined);
    const calls = this.calls.get(name) ?? [];
    const isHidden = this.escaping.has(name) || (this.exportsAll && this.exported.has(name))
      || this.isLibraryWord(name) || (flags & (CommonFlags.Get | CommonFlags.Set | CommonFlags.Constructor)) !== 0 || (decorators ?? []).some((d) => d.name.text.startsWith('operator'));
    if (isHidden) return undefined;
    let all = NEVER;
    for (const { args, scope } of calls) {
      const value = args.length > index ? this.value(args[index], scope) : parameter.initializer ? this.value(parameter.initializer, this.scopes.get(declaration)!) : undefined;
      const fitting = converted(value, parameter.type?.name?.identifier?.text);
      if (!fitting) return undefined;
      all = union(all, fitting);
    }
    this.known.set(parameter, all);
    return all;
  }

  /** What an expression lies in; undefined when that is not known. */
  private value(node: Node, scope: Scope): Interval | undefined {
    const { NodeKind: K, LiteralKind } = this.syntax;
    switch (node.kind) {
      case K.Literal: {
        const number = (node as Literal).literalKind === LiteralKind.Integer ? Number(String((node as Literal).value)) : Infinity;
        return number >= 0 && number <= MAX ? { low: number, high: number, isWide: true } : undefined;
      }
      case K.Identifier:
        return this.named((node as Identifier).text, scope);
      case K.Parenthesized:
        return this.value((node as Assertion).expression, scope);
      case K.Assertion: {
        const type = (node as Assertion).toType?.name?.identifier?.text;
        return type === undefined ? undefined : converted(this.value((node as Assertion).expression, scope), type);
      }
      case K.Ternary: {
        const [a, b] = [this.value((node as Ternary).ifThen, scope), this.value((node as Ternary).ifElse, scope)];
        return a && b && union(a, b);
      }
      case K.Call:
        return this.lesserOf(node as Call, scope);
      case K.Binary:
        return this.computed(node as Binary, scope);
    }
    return undefined;
  }

  /** A constant, a parameter that keeps what it was given, or a local constant; undefined for what is none. */
  private named(name: string, scope: Scope): Interval | undefined {
    const own = scope.declared.get(name);
    if (own && (own.length > 1 || scope.assigned.has(name))) return undefined;
    const index = own && scope.owner ? scope.owner.signature.parameters.indexOf(own[0] as ParameterNode) : -1;
    if (index >= 0) return this.parameter(scope.owner!, index);
    if (!own && this.isLibraryWord(name)) return undefined;
    // Of the constants of one name, it is not known which is meant.
    const values = (own ?? this.top.declared.get(name) ?? []).map((node) => this.constant(node as VariableDeclaration, own ? scope : this.top));
    return values.length === 0 ? undefined : values.reduce((all, value) => all && value && union(all, value));
  }

  private constant(node: VariableDeclaration, scope: Scope): Interval | undefined {
    if (this.known.has(node)) return this.known.get(node);
    this.known.set(node, undefined);
    const { NodeKind: K, CommonFlags } = this.syntax;
    const isConstant = node.kind === K.VariableDeclaration && (node.flags & CommonFlags.Const) !== 0 && node.initializer;
    const value = isConstant ? this.value(node.initializer!, scope) : undefined;
    const fitting = node.type ? converted(value, node.type.name?.identifier?.text) : value;
    this.known.set(node, fitting);
    return fitting;
  }

  /** min(x, 32) is 32 at most, whatever x is. */
  private lesserOf({ expression, typeArguments, args }: Call, scope: Scope): Interval | undefined {
    const { NodeKind: K } = this.syntax;
    const type = typeArguments?.[0]?.name?.identifier?.text;
    const isMin = expression.kind === K.Identifier && (expression as Identifier).text === 'min' && args.length === 2 && !scope.declared.has('min') && !this.top.declared.has('min');
    if (!isMin || (typeArguments && !WIDE.includes(type ?? ''))) return undefined;
    const values = args.map((arg) => this.value(arg, scope));
    if (values.includes(NEVER)) return NEVER;
    const limits = values.filter((limit): limit is Interval => limit !== undefined && limit.low >= 0);
    if (limits.length === 0) return undefined;
    const isPositive = limits.length === 2 || (type !== undefined && !isSigned(type));
    return { low: isPositive ? 0 : -Infinity, high: Math.min(...limits.map((limit) => limit.high)), isWide: type !== undefined };
  }

  private computed({ operator, left, right }: Binary, scope: Scope): Interval | undefined {
    const { Token: T } = this.syntax;
    const [a, b] = [this.value(left, scope), this.value(right, scope)];
    if (a === NEVER || b === NEVER) return NEVER;
    if (!a?.isWide || !b?.isWide || a.low < 0 || b.low < 0) return undefined;
    const [low, high] = operator === T.Plus ? [a.low + b.low, a.high + b.high]
      : operator === T.Minus ? [a.low - b.high, a.high - b.low]
        : operator === T.Asterisk ? [a.low * b.low, a.high * b.high]
          : operator === T.Slash && b.low > 0 ? [Math.floor(a.low / b.high), Math.floor(a.high / b.low)]
            : operator === T.LessThan_LessThan && b.high < 31 ? [a.low * 2 ** b.low, a.high * 2 ** b.high] : [-1, -1];
    return low >= 0 && high <= MAX ? { low, high, isWide: true } : undefined;
  }
}

const union = (a: Interval, b: Interval): Interval => (a === NEVER ? b : b === NEVER ? a : { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), isWide: a.isWide && b.isWide });

/** A value of some type as one of 32 bits. */
const converted = (value: Interval | undefined, type: string | undefined): Interval | undefined => (
  value === NEVER ? value : value && type !== undefined && WIDE.includes(type) && (isSigned(type) || value.low >= 0) ? { ...value, isWide: true } : undefined);
