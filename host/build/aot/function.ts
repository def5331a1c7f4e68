// SPDX-License-Identifier: MIT
// Translates one function body to C: the stack becomes temporaries, structured control becomes labels and gotos.
//
// Bounds checks. Each access is checked, but within a straight stretch (no label, branch, call, store to a global or instruction that can trap
// otherwise) all accesses through one unchanged base share one check for the furthest of them, made before the first. When it fails it names the
// very access that WebAssembly would have trapped at. So a program traps exactly when it would have, and nothing that can be seen from outside
// (calls, globals) happens in between or is missing; of the plain stores of that stretch, those ahead of the failing access may be missing, and
// if accesses through another base of the stretch are outside too, the trap may name the later one.
//
// Alignment. Every access works at any address, as WebAssembly has it, with one exception: an f32 access that the compiler promised to be aligned (its
// alignment hint; AssemblyScript gives it unless told otherwise) traps when it is not. The FPU's loads and stores, a quarter of the instructions of a
// filter, want it so; to ask costs nothing, since a rotated address fails the bounds check when its low bits are not zero.

import { ByteReader, forEachInstruction, WasmFormatError, type FunctionBody, type Instruction, type WasmModule } from '../../cpu/wasm/decode.js';
import { PREFIX_FC } from '../../cpu/wasm/opcodes.js';
import { localSets, type LocalSets, type LoopGuard } from './loops.js';
import { accesses, expressions, type Access } from './operators.js';
import { readBits, readSigned, valueType, type ModuleSections, type Signature, type ValueType } from './sections.js';

export const C_TYPES: Readonly<Record<ValueType, string>> = { i32: 'uint32_t', i64: 'uint64_t', f32: 'float', f64: 'double' };

export const hex = (value: number): string => `0x${value.toString(16)}u`;

/** Where an access ends past its base: more than 32 bits when its displacement is at its largest. */
const sizeLiteral = (end: number): string => `${end}${end > 0xffffffff ? 'ull' : 'u'}`;

/** A C literal with exactly these bits. */
export function literal(type: ValueType, bits: bigint): string {
  if (type === 'i32') return `${bits}u`;
  if (type === 'i64') return `${bits}ull`;
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  const value = type === 'f32' ? view.getFloat32(4) : view.getFloat64(0);
  const suffix = type === 'f32' ? 'f' : '';
  if (!Number.isFinite(value)) return type === 'f32' ? `tw_f32_of_bits(${bits}u)` : `tw_f64_of_bits(${bits}ull)`;
  const digits = Object.is(value, -0) ? '-0.0' : Number.isInteger(value) && Math.abs(value) < 1e17 ? `${value}.0` : `${value}`;
  // The decimal of a double names the float too: it is exact to 17 digits.
  const text = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return digits.startsWith('-') ? `(${text}${suffix})` : `${text}${suffix}`;
}

export interface FunctionContext {
  readonly module: WasmModule;
  readonly sections: ModuleSections;
  /** Name in C of a function to call directly. */
  readonly functionName: (index: number) => string;
  readonly globalName: (index: number) => string;
  /** Number of a signature, equal for equal types. */
  readonly signatureNumber: (type: number) => number;
  readonly signatureOf: (index: number) => Signature;
  readonly recursive: ReadonlySet<number>;
  /** `#line` text for an instruction, or '' to stay on the present line. */
  readonly lineAt: (offset: number, body: FunctionBody) => string;
}

interface Label {
  readonly kind: 'block' | 'loop' | 'if' | 'else' | 'function';
  readonly name: string;
  readonly result?: ValueType;
  readonly height: number;
  used: boolean;
  /** Whether the code around it could be reached at all. */
  readonly reachable: boolean;
  /** Of an else: whether the then part runs into the end. */
  readonly joined?: boolean;
  /** Of an if: the check that its condition makes. */
  readonly check?: Check;
  /** Of a loop: checks with limits to compute ahead of it, and how its body sets locals. */
  readonly guarded?: Check[];
  readonly sets?: LocalSets;
}

/** A check that later accesses may widen; its text is made at the end. */
interface Check {
  readonly base: string;
  /** Accesses that widened it, in order: where each ends past the base, and its offset in the module. */
  readonly ends: { end: number; offset: number }[];
  /** Offset of an access that relies on an aligned base, if there is one. */
  aligned?: number;
  /** Of a base that is no constant: the pointer that its accesses go by, and how many these are. */
  readonly pointer: string;
  accesses: number;
  /** Of a check that a loop's condition makes: see LoopGuard. */
  readonly guard?: LoopGuard;
}

/** Text that depends on what comes later. */
type Deferred = () => string;

export const prototype = ({ parameters, results }: Signature, name: string): string =>
  `${results.length > 0 ? C_TYPES[results[0]] : 'void'} ${name}(${parameters.map((type, i) => `${C_TYPES[type]} l${i}`).join(', ') || 'void'})`;

/** Puts C together so that all behind a `#line` is one line: further ones would count on from it. */
function underDirectives(parts: readonly string[]): string {
  const isDirective = (part: string): boolean => part.startsWith('\n#line');
  const separator = parts.some(isDirective) ? ' ' : '\n';
  return parts.filter((part) => part !== '').map((part) => (isDirective(part) ? `${part.trimEnd()}\n` : `${part}${separator}`)).join('').trimEnd();
}

/** The C function of a body, without its storage class. @throws WasmFormatError at an instruction that is not supported */
export function translateFunction(body: FunctionBody, context: FunctionContext): string {
  return new Translator(body, context).translate();
}

class Translator {
  private readonly lines: (string | Check | Deferred)[] = [];
  /** Temporaries that are a local plus a constant, and comparisons of such with a local: what loop conditions are made of. */
  private readonly sums = new Map<string, { x: string; add: number }>();
  private comparison?: { condition: string; x: string; y: string; add: number; orEqual: boolean };
  private readonly declarations: string[] = [];
  private readonly stack: { type: ValueType; text: string }[] = [];
  private readonly labels: Label[] = [];
  private readonly locals: ValueType[] = [];
  private readonly checks = new Map<string, Check>();
  private readonly bytes: Uint8Array;
  private count = 0;
  private reachable = true;
  private readonly signature: Signature;

  constructor(private readonly body: FunctionBody, private readonly context: FunctionContext) {
    this.bytes = context.module.bytes;
    this.signature = context.sections.signatures[body.type];
  }

  translate(): string {
    const { body, context, signature } = this;
    this.locals.push(...signature.parameters);
    const r = new ByteReader(this.bytes, body.start, body.end);
    for (let groups = r.u32(); groups > 0; groups--) {
      const count = r.u32();
      const type = valueType(r.u8(), r.offset - 1);
      for (let i = 0; i < count; i++) {
        this.declarations.push(`${C_TYPES[type]} l${this.locals.length} = 0;`);
        this.locals.push(type);
      }
    }
    if (context.recursive.has(body.index)) this.lines.push(`tw_check_stack(${hex(body.code)});`);
    this.labels.push({ kind: 'function', name: 'done', result: signature.results[0], height: 0, used: false, reachable: true });
    forEachInstruction(this.bytes, body.code, body.end, (instruction) => this.instruction(instruction));
    const text = this.lines.map((line) => (typeof line === 'string' ? line : typeof line === 'function' ? line() : this.checkText(line)));
    return underDirectives([context.lineAt(body.code, body), prototype(signature, context.functionName(body.index)), '{', ...this.declarations, ...text, '}']);
  }

  private checkText(check: Check): string {
    const { base, ends, aligned } = check;
    const { end } = ends[ends.length - 1];
    const condition = `${aligned === undefined ? 'TW_OUTSIDE' : 'TW_OUTSIDE_OR_UNALIGNED'}(${base}, ${sizeLiteral(end)})`;
    return `if (${condition}) { ${this.trapText(check)} }${this.pointerText(check)}`;
  }

  /** The pointer of a base with several accesses: through an address kept whole each of them is one instruction, a displacement being part of it. */
  private pointerText({ base, pointer, accesses }: Check): string {
    return accesses > 1 ? ` uint8_t *const ${pointer} = tw_pointer(${base});` : '';
  }

  /** The trap of a check that has failed: of the first access that is outside, or unaligned. */
  private trapText({ base, ends, aligned }: Check): string {
    const outside = (end: number) => `TW_OUTSIDE(${base}, ${sizeLiteral(end)})`;
    const widest = ends[ends.length - 1];
    const culprit = ends.slice(0, -1).reduceRight((rest, { end, offset }) => `${outside(end)} ? ${hex(offset)} : ${rest}`, hex(widest.offset));
    const trap = `tw_trap(TW_TRAP_MEMORY_OUT_OF_BOUNDS, ${culprit});`;
    return aligned === undefined ? trap : `if (${outside(widest.end)}) ${trap} tw_trap(TW_TRAP_UNALIGNED, ${hex(aligned)});`;
  }

  /** In the else of a guarded if: its condition may still hold, and then the body's check would have failed. */
  private guardTrap(check: Check | undefined): string {
    return check && check.ends.length > 0 ? `if (${check.guard!.condition}) { ${this.trapText(check)} }` : '';
  }

  private emit(line: string): void {
    this.lines.push(line);
  }

  private push(type: ValueType, text: string): void {
    this.stack.push({ type, text });
  }

  private pop(): string {
    const top = this.stack.pop();
    if (!top) throw new WasmFormatError(this.body.code, `function ${this.body.index}: the stack underflows`);
    return top.text;
  }

  /** Puts an expression into a temporary and that on the stack. */
  private temporary(type: ValueType, expression: string): void {
    const name = `t${this.count++}`;
    this.emit(`const ${C_TYPES[type]} ${name} = ${expression};`);
    this.push(type, name);
  }

  /** Entries of the stack that stand for a variable get its present value before it changes. */
  private detach(variable: string): void {
    let copy = '';
    for (const entry of this.stack) {
      if (entry.text !== variable) continue;
      if (!copy) {
        copy = `t${this.count++}`;
        this.emit(`const ${C_TYPES[entry.type]} ${copy} = ${variable};`);
      }
      entry.text = copy;
    }
  }

  private endStretch(): void {
    this.checks.clear();
  }

  private unreachableFromHere(): void {
    this.reachable = false;
    this.endStretch();
  }

  private instruction(instruction: Instruction): void {
    const { operator: { name }, offset } = instruction;
    if (!this.reachable && name !== 'end' && name !== 'else') {
      // Dead code is not translated, but its blocks are counted.
      if (name === 'block' || name === 'loop' || name === 'if') this.labels.push({ kind: name, name: '', height: 0, used: false, reachable: false });
      return;
    }
    const line = this.context.lineAt(offset, this.body);
    if (line) this.emit(line.trimEnd());
    const expression = expressions.get(name);
    if (expression) {
      if (expression.traps) this.endStretch();
      const operands = expression.operands.map(() => this.pop()).reverse();
      this.temporary(expression.result, expression.text(operands, hex(offset)));
      this.noteCondition(name, operands);
      return;
    }
    const access = accesses.get(name);
    if (access) this.access(access, offset);
    else this.control(name, instruction);
  }

  private noteCondition(name: string, [a, b]: readonly string[]): void {
    const { text: made } = this.stack[this.stack.length - 1];
    const isLocal = (text: string) => /^l\d+$/.test(text);
    if (name === 'i32.add' && isLocal(a) && /^\d{1,4}u$/.test(b)) this.sums.set(made, { x: a, add: Number.parseInt(b) });
    if ((name === 'i32.lt_u' || name === 'i32.le_u') && isLocal(b)) {
      const sum = this.sums.get(a) ?? (isLocal(a) ? { x: a, add: 0 } : undefined);
      if (sum) this.comparison = { condition: made, ...sum, y: b, orEqual: name === 'i32.le_u' };
    }
  }

  /** The check that an `if` can make for its body, when its condition is one at which the innermost loop goes on. */
  private guardOf(condition: string): Check | undefined {
    const { comparison } = this;
    const loop = [...this.labels].reverse().find(({ kind }) => kind === 'loop');
    if (!comparison || comparison.condition !== condition || !loop) return undefined;
    const setOf = (local: string) => loop.sets!.get(Number(local.slice(1)));
    if (setOf(comparison.x) !== 'steps' || setOf(comparison.y) !== undefined) return undefined;
    const check: Check = { base: comparison.x, ends: [], pointer: `p${this.count++}`, accesses: 0, guard: { ...comparison, limit: `e${this.count++}` } };
    loop.guarded!.push(check);
    return check;
  }

  private limitText({ ends, aligned, guard }: Check): string {
    const { x, y, add, orEqual, limit } = guard!;
    return `${limit} = tw_loop_limit(${x}, ${y}, ${add}u, ${orEqual ? 1 : 0}, ${ends[ends.length - 1].end}u, ${aligned === undefined ? 0 : 3}u);`;
  }

  private access({ kind, bytes, type, helper }: Access, offset: number): void {
    const r = new ByteReader(this.bytes, offset + 1);
    const alignment = r.u32();
    const displacement = r.u32();
    // Only the FPU's loads and stores need alignment on a Cortex-M; the core's own take any address.
    const reliesOnAlignment = type === 'f32' && alignment === 2 && displacement % 4 === 0;
    const value = kind === 'store' ? this.pop() : '';
    const base = this.pop();
    const end = displacement + bytes;
    let check = this.checks.get(base);
    if (!check) {
      check = { base, ends: [{ end, offset }], pointer: `p${this.count++}`, accesses: 0 };
      this.checks.set(base, check);
      this.lines.push(check);
    } else if (check.ends.length === 0 || end > check.ends[check.ends.length - 1].end) check.ends.push({ end, offset });
    if (reliesOnAlignment) check.aligned ??= offset;
    const name = reliesOnAlignment ? `${helper}_aligned` : helper;
    const made = check;
    if (!/^\d/.test(base)) made.accesses++;
    // Whether the base has a pointer is known at the end.
    const at = () => (made.accesses > 1 ? `${made.pointer} + ${displacement}u` : `tw_memory + ${base} + ${displacement}u`);
    if (kind === 'load') {
      const loaded = `t${this.count++}`;
      this.lines.push(() => `const ${C_TYPES[type]} ${loaded} = (${C_TYPES[type]})tw_load_${name}(${at()});`);
      this.push(type, loaded);
    } else this.lines.push(() => `tw_store_${name}(${at()}, ${value});`);
  }

  private control(name: string, { index, offset, end }: Instruction): void {
    const r = new ByteReader(this.bytes, offset + 1);
    switch (name) {
      case 'nop': return;
      case 'drop': return void this.stack.pop();
      case 'unreachable':
        this.emit(`tw_trap(TW_TRAP_UNREACHABLE, ${hex(offset)});`);
        return this.unreachableFromHere();
      case 'select': case 'select_t': {
        const condition = this.pop();
        const { type } = this.stack[this.stack.length - 1];
        const [b, a] = [this.pop(), this.pop()];
        return this.temporary(type, `${condition} ? ${a} : ${b}`);
      }
      case 'local.get': return this.push(this.locals[index], `l${index}`);
      case 'local.set': case 'local.tee': {
        const value = this.pop();
        this.detach(`l${index}`);
        this.checks.delete(`l${index}`);
        for (const [sum, { x }] of this.sums) if (x === `l${index}`) this.sums.delete(sum);
        if (this.comparison?.x === `l${index}` || this.comparison?.y === `l${index}`) this.comparison = undefined;
        this.sums.delete(`l${index}`);
        const sum = this.sums.get(value);
        if (sum && sum.x !== `l${index}`) this.sums.set(`l${index}`, sum);
        if (value !== `l${index}`) this.emit(`l${index} = ${value};`);
        if (name === 'local.tee') this.push(this.locals[index], `l${index}`);
        return;
      }
      case 'global.get': {
        const { type, mutable, bits } = this.context.sections.globals[index];
        return mutable ? this.temporary(type, this.context.globalName(index)) : this.push(type, literal(type, bits));
      }
      case 'global.set':
        this.endStretch();
        return this.emit(`${this.context.globalName(index)} = ${this.pop()};`);
      case 'i32.const': return this.push('i32', literal('i32', BigInt.asUintN(32, readSigned(r))));
      case 'i64.const': return this.push('i64', literal('i64', BigInt.asUintN(64, readSigned(r))));
      case 'f32.const': return this.push('f32', literal('f32', readBits(r, 4)));
      case 'f64.const': return this.push('f64', literal('f64', readBits(r, 8)));
      case 'memory.size': return this.push('i32', '(uint32_t)(TW_MEMORY_BYTES >> 16)');
      // Memory has its final size: to grow by nothing succeeds, by anything fails.
      case 'memory.grow': return this.temporary('i32', `${this.pop()} == 0 ? (uint32_t)(TW_MEMORY_BYTES >> 16) : 0xffffffffu`);
      case 'memory.copy': case 'memory.fill': {
        this.endStretch();
        const [count, second, first] = [this.pop(), this.pop(), this.pop()];
        return this.emit(`tw_${name.replace('.', '_')}(${first}, ${second}, ${count}, ${hex(offset)});`);
      }
      case 'block': case 'loop': case 'if': return this.enter(name, r.s33(), offset, r.offset);
      case 'else': return this.otherwise();
      case 'end': return this.leave(end === this.body.end);
      case 'br': {
        this.branch(index, '');
        return this.unreachableFromHere();
      }
      case 'br_if': {
        this.branch(index, `if (${this.pop()}) `);
        return this.endStretch();
      }
      case 'br_table': return this.branchTable(r);
      case 'return':
        this.branch(this.labels.length - 1, '');
        return this.unreachableFromHere();
      case 'call':
        // Where it was called, which for a check of the compiler's library is not where it says.
        if (this.context.module.imports[index]?.name === 'abort') this.emit(`tw_abort_offset = ${hex(offset)};`);
        return this.call(this.context.signatureOf(index), this.context.functionName(index));
      case 'call_indirect': return this.callIndirect(index, offset);
      default: {
        const prefixed = this.bytes[offset] === PREFIX_FC;
        throw new WasmFormatError(offset, `${name} is not supported ahead of time${prefixed ? '; disable bulk-memory, as asconfig.json does' : ''}`);
      }
    }
  }

  private enter(kind: 'block' | 'loop' | 'if', blockType: number, offset: number, inside: number): void {
    let result: ValueType | undefined;
    if (blockType >= 0) {
      const { parameters, results } = this.context.sections.signatures[blockType];
      if (parameters.length > 0 || results.length > 1) throw new WasmFormatError(offset, 'a block takes parameters or gives several results; disable multi-value');
      result = results[0];
    } else if (blockType !== -64) result = valueType(blockType & 0x7f, offset);
    const condition = kind === 'if' ? this.pop() : '';
    // A copy made inside, when the local changes there, would not exist on the paths around it.
    for (const { text } of [...this.stack]) if (text.startsWith('l')) this.detach(text);
    const name = `b${this.count++}`;
    if (result) this.declarations.push(`${C_TYPES[result]} r${name} = 0;`);
    const check = kind === 'if' ? this.guardOf(condition) : undefined;
    const guarded: Check[] = [];
    this.labels.push({
      kind, name, result, height: this.stack.length, used: false, reachable: true, check, guarded, sets: kind === 'loop' ? localSets(this.bytes, inside, this.body.end) : undefined,
    });
    if (kind === 'loop') {
      this.lines.push(() => guarded.filter(({ ends }) => ends.length > 0).map((made) => this.limitText(made)).join(' '));
      this.emit(`${name}:;`);
    }
    if (kind === 'if') this.lines.push(() => (check && check.ends.length > 0 ? `if (${check.base} < ${check.guard!.limit}) {${this.pointerText(check)}` : `if (${condition}) {`));
    // Whoever skips or repeats the code that follows must not rely on checks from across the edge.
    if (kind !== 'block') this.endStretch();
    if (check) {
      this.declarations.push(`uint32_t ${check.guard!.limit} = 0;`);
      this.checks.set(check.base, check);
    }
  }

  /** The value on top goes where the label expects its result. */
  private deliver({ kind, name, result }: Label): string {
    if (!result || kind === 'loop') return '';
    const { text } = this.stack[this.stack.length - 1];
    return `r${name}` === text ? '' : `r${name} = ${text}; `;
  }

  private branchText(depth: number): string {
    const label = this.labels[this.labels.length - 1 - depth];
    if (label.kind === 'function') return label.result ? `return ${this.stack[this.stack.length - 1].text};` : 'return;';
    label.used = true;
    return `${this.deliver(label)}goto ${label.name};`;
  }

  private branch(depth: number, prefix: string): void {
    const text = this.branchText(depth);
    this.emit(prefix ? `${prefix}{ ${text} }` : text);
  }

  private branchTable(r: ByteReader): void {
    const value = this.pop();
    const targets = Array.from({ length: r.u32() }, () => r.u32());
    const last = r.u32();
    this.emit(`switch (${value}) {`);
    targets.forEach((depth, i) => this.emit(`case ${i}: ${this.branchText(depth)}`));
    this.emit(`default: ${this.branchText(last)}`);
    this.emit('}');
    this.unreachableFromHere();
  }

  private otherwise(): void {
    const label = this.labels.pop()!;
    if (!label.reachable) return void this.labels.push(label);
    if (this.reachable) this.emit(this.deliver(label));
    this.emit('} else {');
    this.lines.push(() => this.guardTrap(label.check));
    this.stack.length = label.height;
    this.labels.push({ ...label, kind: 'else', joined: this.reachable });
    this.reachable = true;
    this.endStretch();
  }

  private leave(isLast: boolean): void {
    const label = this.labels.pop()!;
    if (!label.reachable) return;
    if (isLast) {
      if (this.reachable && label.result) this.emit(`return ${this.pop()};`);
      return;
    }
    const fellThrough = this.reachable;
    if (fellThrough && label.kind !== 'loop') this.emit(this.deliver(label));
    if (fellThrough && label.kind === 'loop' && label.result) this.emit(`r${label.name} = ${this.stack[this.stack.length - 1].text};`);
    const isIf = label.kind === 'if' || label.kind === 'else';
    if (isIf) this.emit('}');
    if (label.kind === 'if' && label.check) this.lines.push(() => `else { ${this.guardTrap(label.check)} }`);
    if (label.used && label.kind !== 'loop') this.emit(`${label.name}:;`);
    this.stack.length = label.height;
    this.reachable = fellThrough || label.kind === 'if' || label.joined === true || (label.used && label.kind !== 'loop');
    if (isIf || (label.used && label.kind !== 'loop')) this.endStretch();
    if (label.result) this.push(label.result, `r${label.name}`);
  }

  private call({ parameters, results }: Signature, name: string): void {
    const given = parameters.map(() => this.pop()).reverse();
    const text = `${name}(${given.join(', ')})`;
    if (results.length > 0) this.temporary(results[0], text);
    else this.emit(`${text};`);
    this.endStretch();
  }

  private callIndirect(type: number, offset: number): void {
    const index = this.pop();
    const number = this.context.signatureNumber(type);
    const signature = this.context.sections.signatures[type];
    const entry = `t${this.count++}`;
    const trap = (cause: string) => `tw_trap(TW_TRAP_${cause}, ${hex(offset)});`;
    this.emit(`if (TW_UNLIKELY(${index} >= ${this.context.sections.table.length}u)) ${trap('TABLE_OUT_OF_BOUNDS')}`);
    this.emit(`const tw_table_entry *const ${entry} = &tw_table[${index}];`);
    this.emit(`if (TW_UNLIKELY(${entry}->type != ${number}u)) { if (${entry}->type == 0) ${trap('NULL_TABLE_ENTRY')} ${trap('SIGNATURE_MISMATCH')} }`);
    const given = signature.parameters.map((t) => C_TYPES[t]).join(', ') || 'void';
    const result = signature.results.length > 0 ? C_TYPES[signature.results[0]] : 'void';
    this.call(signature, `((${result} (*)(${given}))${entry}->function)`);
  }
}
