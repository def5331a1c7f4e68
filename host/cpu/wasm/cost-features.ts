// SPDX-License-Identifier: MIT
// What decides how long an instruction takes, besides its name: what it is fused with, whether its address needs a check, whether it is run from a
// loop that the flash's cache holds. Each instruction gets a list of features, by which the tables in boards/costs are kept (docs/costs.md).

import { localSets, type LocalSets } from '../../build/aot/loops.js';
import { ByteReader, forEachInstruction, localTypes, type FunctionBody, type ValueType, type WasmModule } from './decode.js';
import { operatorNames } from './opcodes.js';

/** What the feature of a call of an import begins with; its name follows. */
export const IMPORT = 'import:';

/** A feature of an instruction, and how many times it has it. */
export type Feature = readonly [name: string, times: number];
/** Features of the instructions of a body, by their offsets; an instruction that is not in there has none. */
export type BodyFeatures = ReadonlyMap<number, readonly Feature[]>;

/**
 * Operations in a loop, with all that it calls, up to which its code stays in the cache of instructions once it has run: 1 KiB (RM0090, 3.5.2) at
 * the bytes that an operation takes on average.
 */
const CACHED_OPERATIONS = 240;
/** Operations that one of a library's long ones counts as. */
const LONG_OPERATIONS = 4;
/** Operations that the code of an imported function counts as. */
const IMPORT_OPERATIONS = 12;
/** Locals beyond which a function has more to save than it would without them. */
const MANY_LOCALS = 10;
/**
 * Locals of whole numbers, and of f32, beyond which some are not in registers all the time, and beyond which most are in memory. The core has 13 registers, of which a compiler takes some
 * for values without a name, and two of them for an i64 or an f64; the FPU has 32, of which calls keep 16 (ARM IHI 0042F, 5.1.2).
 */
const REGISTERS = { whole: { many: 10, most: 24 }, f32: { many: 16, most: 32 } } as const;
/** Operations of a function up to which a compiler puts it into its callers. */
const SMALL_FUNCTION = 12;

/** What is on the stack of operands. */
interface Operand {
  readonly kind: 'constant' | 'comparison' | 'local' | 'float' | 'other';
  /** Of the instruction that made it. */
  readonly offset: number;
  /** The same for operands that hold the same value; for checks of addresses. */
  readonly key: string;
  /** Whether it is a constant that fits an instruction. */
  readonly small: boolean;
  /** Of a local, and of a local plus a constant: the local. */
  readonly local?: number;
  readonly range?: Range;
  /** Of a comparison "a local, or one plus a constant, is below another local": the two. */
  readonly below?: readonly [x: number, y: number];
}

const FREE = /^(?:local\.(?:get|tee)|nop|block|loop|end|drop|else)$/;
const UNARY = /\.(?:eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|wrap_i64|extend.*|trunc_.*|convert_.*|demote_f64|promote_f32|reinterpret_.*)$/;
const COMPARISON = /^([if]\d\d)\.(?:eqz|eq|ne|[lg][te](?:_[su])?)$/;
const NARROW = /^(i\d\d\.(?:load|store))(?:8|16|32)(?:_[su])?$/;
const INTEGER_ARITHMETIC = /^i32\.(?:add|sub|and|or|xor|shl|shr_[su]|rotl|rotr|eq|ne|[lg][te]_[su])$/;
/** What the FPU computes. */
const FLOAT_RESULT = /^f32\.(?:add|sub|mul|div|sqrt|abs|neg|convert_i32_[su])$/;
/** Features of what is no instruction of its own in the code. */
const FUSED = /\/(?:small|operand|compared|free)$/;
/** What may trap, or be seen from elsewhere: no check of an address holds beyond it. */
const ENDS_STRETCH = /^(?:block|loop|if|else|end|br|br_if|br_table|return|unreachable|call|call_indirect|global\.set)$|\.(?:div|rem)_|\.trunc_f/;

/** The family of an instruction whose code is a library's, and so long. */
const isLong = (name: string): boolean => name.startsWith('f64.') || /^i64\.(?:div|rem|trunc)|^f32\.(?:convert_i64|demote|ceil|floor|trunc|nearest)|trunc_f64|_sat_f64/.test(name);

/**
 * What tables have an instruction under: one entry for those that the core does not tell apart. Comparisons of two values of a type are one, as
 * "i32.compare": which one of `i < n` and `n > i` a compiler writes says nothing. So are loads of a type, of any width, and stores.
 */
export function entryOf(name: string): string {
  const comparison = name.endsWith('.eqz') ? undefined : COMPARISON.exec(name)?.[1];
  return comparison ? `${comparison}.compare` : name.replace(NARROW, '$1');
}

/** What an instruction's name says of it. */
function traitsByName(name: string) {
  const free = FREE.test(name);
  return {
    free,
    isUnary: UNARY.test(name),
    isComparison: COMPARISON.test(name),
    /** What the table has its costs under. */
    entry: entryOf(name),
    isIntegerArithmetic: INTEGER_ARITHMETIC.test(name),
    hasFloatResult: FLOAT_RESULT.test(name),
    endsStretch: ENDS_STRETCH.test(name),
    isLong: isLong(name),
    sort: /^[if]\d\d\.const$/.test(name) ? 'constant' : /\.load/.test(name) ? 'load' : /\.store/.test(name) ? 'store' : /^[if]\d\d\./.test(name) ? 'operation' : 'control',
    /** Operations that it counts as in a loop. */
    operations: free ? 0 : isLong(name) ? LONG_OPERATIONS : 1,
    /** Places of its code, unless it is fused with others. */
    places: free ? 0 : /^i64\.|\.(?:load|store)/.test(name) ? 2 : 1,
    isBranch: /^(?:br|br_if|br_table|if|else|return|call|call_indirect)$/.test(name),
    /** Whether it has a word of its own beside the code. */
    hasWord: /^(?:br_table|global\.[gs]et|f32\.const|f64\.const|i64\.const)$/.test(name),
  } as const;
}

const traits = new Map(operatorNames.map((name) => [name, traitsByName(name)]));
const traitsOf = (name: string) => traits.get(name)!;

interface FunctionFacts {
  /** Operations, with all that it calls. */
  size: number;
  /** Operations of its own. */
  ownSize: number;
  callSites: number;
}

interface ModuleFacts {
  readonly functions: ReadonlyMap<number, FunctionFacts>;
  readonly bodies: Map<number, BodyFeatures>;
}

const known = new WeakMap<WasmModule, ModuleFacts>();

function factsOf(module: WasmModule): ModuleFacts {
  let facts = known.get(module);
  if (facts) return facts;
  const functions = new Map<number, FunctionFacts>();
  const calls = new Map<number, number[]>();
  const of = (index: number): FunctionFacts => {
    let found = functions.get(index);
    if (!found) functions.set(index, (found = { size: 0, ownSize: 0, callSites: 0 }));
    return found;
  };
  for (let i = 0; i < module.imports.length; i++) of(i).ownSize = IMPORT_OPERATIONS;
  for (const body of module.functions) {
    const callees: number[] = [];
    calls.set(body.index, callees);
    forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, index }) => {
      if (!traitsOf(name).free) of(body.index).ownSize++;
      if (name !== 'call') return;
      of(index).callSites++;
      callees.push(index);
    });
  }
  // What is reachable from somewhere else has one more caller.
  for (const { kind, index } of module.exports) if (kind === 'func') of(index).callSites++;
  const sizeOf = (index: number, path: readonly number[]): number => {
    const own = of(index);
    if (own.size > 0 || path.includes(index)) return own.size;
    return (own.size = own.ownSize + [...new Set(calls.get(index) ?? [])].reduce((sum, callee) => sum + sizeOf(callee, [...path, index]), 0));
  };
  for (const index of [...functions.keys()]) sizeOf(index, []);
  facts = { functions, bodies: new Map() };
  known.set(module, facts);
  return facts;
}

/** The features of a body's instructions. They depend on the module alone. */
export function featuresOf(module: WasmModule, body: FunctionBody): BodyFeatures {
  const facts = factsOf(module);
  let features = facts.bodies.get(body.index);
  if (!features) facts.bodies.set(body.index, (features = new Reader(module, body, facts.functions).read()));
  return features;
}

/** Features of the way of instructions from flash into the core, and how often each. */
type Way = Record<'cold' | 'cold/long' | 'cold/branch' | 'cold/constant' | 'cold/import', number>;

/** An open block, loop or if. */
interface Construct {
  readonly kind: string;
  readonly height: number;
  readonly results: number;
  readonly offset: number;
  /** Of a loop: operations in it and in what it calls, and its instructions. */
  operations: number;
  readonly members: number[];
  /** Of a loop: how its body sets locals. */
  readonly sets?: LocalSets;
}

/** What a compiler knows of a number: all of it, how it goes from turn to turn of a loop, in which range it lies. */
type Range = 'constant' | 'stepping' | 'masked';

/** What is known of the result of an operation on numbers of which something is known. */
function rangeOf(name: string, first: Range | undefined, second: Range | undefined): Range | undefined {
  if (name === 'i32.and' && (first === 'constant' || second === 'constant')) return first === second ? 'constant' : 'masked';
  if (!first || !second || !/^i32\.(?:add|sub|shl|mul)$/.test(name)) return undefined;
  return first === 'stepping' || second === 'stepping' ? 'stepping' : first === 'masked' || second === 'masked' ? 'masked' : 'constant';
}

/**
 * Locals that only ever get constants, sums of constants and other such locals, where a comparison with a constant says how far they go: a compiler knows
 * all their addresses, so that it checks none, and keeps one pointer for those that lie side by side.
 */
function steppingLocals(bytes: Uint8Array, { code, end }: FunctionBody, parameters: number, locals: number): ReadonlySet<number> {
  const stepping = new Set(Array.from({ length: locals - parameters }, (_, i) => parameters + i));
  const instructions: { name: string; index: number }[] = [];
  forEachInstruction(bytes, code, end, ({ operator: { name }, index }) => void instructions.push({ name, index }));
  let bounded = false;
  for (let before = -1; before !== stepping.size && stepping.size > 0;) {
    before = stepping.size;
    bounded = false;
    const stack: (Range | undefined)[] = [];
    for (const { name, index } of instructions) {
      if (name === 'local.get') stack.push(stepping.has(index) ? 'stepping' : undefined);
      else if (name === 'i32.const') stack.push('constant');
      else if (name === 'local.set' || name === 'local.tee') {
        const value = stack.pop();
        if (!value) stepping.delete(index);
        if (name === 'local.tee') stack.push(value);
      } else if (traitsOf(name).isIntegerArithmetic || name === 'i32.mul') {
        const [second, first] = [stack.pop(), stack.pop()];
        if (traitsOf(name).isComparison) bounded ||= first === 'stepping' && second === 'constant';
        stack.push(rangeOf(name, first, second));
      } else stack.length = 0;
    }
  }
  return bounded ? stepping : new Set();
}

/** Registers that a value takes. */
const wordsOf = (type: ValueType): number => (type === 'i64' || type === 'f64' ? 2 : 1);

class Reader {
  private readonly features = new Map<number, Feature[]>();
  private readonly stack: Operand[] = [];
  private readonly constructs: Construct[] = [];
  private readonly versions: number[] = [];
  private readonly checked = new Set<string>();
  private readonly stepping: ReadonlySet<number>;
  /** Locals that are another one plus a constant. */
  private readonly sums = new Map<number, number>();
  private readonly locals: readonly ValueType[];
  /** What is behind the name of an access to a local of f32, and of another type: the more there are, the fewer of them stay in registers. */
  private readonly pressure: Readonly<Record<keyof typeof REGISTERS, string>>;
  /** Instructions in no loop that the cache holds. */
  private readonly cold = new Set<number>();
  private readonly names = new Map<number, string>();
  /** Calls of an imported function that no other call of it comes before. */
  private readonly firstCalls = new Set<number>();
  private readonly importsSeen = new Set<number>();

  constructor(private readonly module: WasmModule, private readonly body: FunctionBody, private readonly functions: ReadonlyMap<number, FunctionFacts>) {
    this.locals = localTypes(module, body);
    const pressure = (kind: keyof typeof REGISTERS): string => {
      const wanted = this.locals.filter((type) => (type === 'f32') === (kind === 'f32')).reduce((sum, type) => sum + wordsOf(type), 0);
      return wanted > REGISTERS[kind].most ? '/most' : wanted > REGISTERS[kind].many ? '/many' : '';
    };
    this.pressure = { whole: pressure('whole'), f32: pressure('f32') };
    this.stepping = steppingLocals(module.bytes, body, module.types[body.type].parameters, this.locals.length);
  }

  read(): BodyFeatures {
    const { module, body } = this;
    forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, offset, end, index }) => this.instruction(name, offset, end, index));
    this.add(body.code, 'enter');
    this.add(body.code, 'cold/enter');
    if (this.locals.length > MANY_LOCALS) this.add(body.code, 'enter/local', Math.min(this.locals.length - MANY_LOCALS, 16));
    for (const offset of this.cold) this.chargeWay(offset, this.wayOf([offset]));
    return this.features;
  }

  /** What it takes to fetch instructions that no cache holds, by the places of their code. */
  private wayOf(offsets: readonly number[]): Way {
    const way: Way = { cold: 0, 'cold/long': 0, 'cold/branch': 0, 'cold/constant': 0, 'cold/import': 0 };
    for (const offset of offsets) {
      const name = this.names.get(offset)!;
      const feature = this.features.get(offset)?.[0]?.[0] ?? '';
      const { isLong, places, isBranch, hasWord } = traitsOf(name);
      if (isLong) way['cold/long']++;
      else if (places > 0) way.cold += feature.endsWith('/first') ? 3 : places === 1 && FUSED.test(feature) ? 0 : places;
      if (isBranch) way['cold/branch']++;
      if (hasWord || feature === 'i32.const' || feature === 'i32.const/address') way['cold/constant']++;
      if (this.firstCalls.has(offset)) way['cold/import']++;
    }
    return way;
  }

  private chargeWay(offset: number, way: Way): void {
    for (const name in way) if (way[name as keyof Way] > 0) this.add(offset, name, way[name as keyof Way]);
  }

  private add(offset: number, name: string, times = 1): void {
    const list = this.features.get(offset);
    if (list) list.push([name, times]);
    else this.features.set(offset, [[name, times]]);
  }

  /** Gives an instruction another main feature than its name, when what takes its result has been seen. */
  private rename(offset: number, name: string): void {
    this.features.get(offset)![0] = [name, 1];
  }

  private renameComparison(offset: number, kind: 'branch' | 'value'): void {
    this.rename(offset, `${traitsOf(this.names.get(offset)!).entry}/${kind}`);
  }

  private pop(): Operand {
    const bottom = this.constructs.length > 0 ? this.constructs[this.constructs.length - 1].height : 0;
    return this.stack.length > bottom ? this.stack.pop()! : { kind: 'other', offset: -1, key: '', small: false };
  }

  private push(kind: Operand['kind'], offset: number, rest: Partial<Operand> = {}): void {
    this.stack.push({ kind, offset, key: `t${offset}`, small: false, ...rest });
  }

  private addAccess(offset: number, name: string, local: number): void {
    const type = this.locals[local];
    const access = name + this.pressure[type === 'f32' ? 'f32' : 'whole'];
    this.add(offset, access);
    if (wordsOf(type) > 1) this.add(offset, `${access}/second`);
  }

  private localKey(index: number): string {
    return `l${index}.${this.versions[index] ?? 0}`;
  }

  private instruction(name: string, offset: number, end: number, index: number): void {
    const { sort, operations, endsStretch } = traitsOf(name);
    this.names.set(offset, name);
    this.cold.add(offset);
    for (const construct of this.constructs) {
      if (construct.kind !== 'loop') continue;
      construct.members.push(offset);
      construct.operations += operations;
      if (name === 'call') construct.operations += this.functions.get(index)?.size ?? 0;
      if (name === 'call_indirect') construct.operations += CACHED_OPERATIONS;
    }
    if (endsStretch) this.checked.clear();
    switch (sort) {
      case 'constant': return this.constant(name, offset, end);
      case 'load':
        this.access(name, offset, this.pop());
        return this.push('other', offset);
      case 'store': {
        const value = this.pop();
        this.access(name, offset, this.pop());
        if (value.kind === 'float') this.add(offset, 'f32/chained');
        if (value.kind === 'comparison') this.renameComparison(value.offset, 'value');
        return;
      }
      case 'operation': return this.operation(name, offset);
      case 'control': return this.control(name, offset, end, index);
    }
  }

  private constant(name: string, offset: number, end: number): void {
    const r = new ByteReader(this.module.bytes, offset + 1, end);
    let small = false;
    if (name === 'i32.const') {
      const value = r.s33();
      small = value > -256 && value < 4096;
    }
    this.add(offset, small ? 'i32.const/small' : name);
    this.push('constant', offset, { key: 'constant', small, range: 'constant' });
  }

  private access(name: string, offset: number, base: Operand): void {
    let how = 'again';
    if (base.kind === 'constant') {
      how = 'static';
      this.rename(base.offset, 'i32.const/address');
    } else if (base.range) how = 'known';
    else if (!this.checked.has(base.key) || base.key === '') {
      how = 'first';
      this.checked.add(base.key);
    }
    this.add(offset, `${traitsOf(name).entry}/${how}`);
  }

  private operation(name: string, offset: number): void {
    const { isUnary, isIntegerArithmetic, isComparison, entry, hasFloatResult } = traitsOf(name);
    const second = isUnary ? undefined : this.pop();
    const first = this.pop();
    if (second?.kind === 'constant' && second.small && isIntegerArithmetic) this.rename(second.offset, 'i32.const/operand');
    if (isComparison) {
      // "Is it zero" of a comparison is the opposite comparison.
      if (name === 'i32.eqz' && first.kind === 'comparison') {
        this.add(offset, 'i32.eqz/free');
        return this.push('comparison', first.offset);
      }
      this.add(offset, `${entry}/value`);
      const limited = (name === 'i32.lt_u' || name === 'i32.le_u') && first.local !== undefined && second!.kind === 'local';
      return this.push('comparison', offset, limited ? { below: [first.local!, second!.local!] } : {});
    }
    this.add(offset, name);
    if (hasFloatResult) {
      if ((second ?? first).kind === 'float') this.add(offset, 'f32/chained');
      return this.push('float', offset);
    }
    const sum = name === 'i32.add' && second!.kind === 'constant' && first.kind === 'local';
    this.push('other', offset, { local: sum ? first.local : undefined, range: second && rangeOf(name, first.range, second.range) });
  }

  /** The address that a condition of the innermost loop bounds, so that engine aot checks none in its body: host/build/aot/loops.ts. */
  private guarded({ below }: Operand): number | undefined {
    const sets = [...this.constructs].reverse().find(({ kind }) => kind === 'loop')?.sets;
    return below && sets && sets.get(below[0]) === 'steps' && !sets.has(below[1]) ? below[0] : undefined;
  }

  /** A condition: a comparison that is decided upon at once sets no value. */
  private condition(): boolean {
    const operand = this.pop();
    if (operand.kind !== 'comparison') return false;
    this.renameComparison(operand.offset, 'branch');
    return true;
  }

  private control(name: string, offset: number, end: number, index: number): void {
    const { module, constructs, stack } = this;
    const targetsLoop = (): boolean => constructs[constructs.length - 1 - index]?.kind === 'loop';
    switch (name) {
      case 'local.get':
        this.addAccess(offset, name, index);
        return this.push('local', offset, { key: this.localKey(index), local: this.sums.get(index) ?? index, range: this.stepping.has(index) ? 'stepping' : undefined });
      case 'local.set': case 'local.tee': {
        const value = this.pop();
        if (value.kind === 'comparison') this.renameComparison(value.offset, 'value');
        this.versions[index] = (this.versions[index] ?? 0) + 1;
        this.sums.delete(index);
        for (const [sum, local] of this.sums) if (local === index) this.sums.delete(sum);
        this.addAccess(offset, name, index);
        if (value.kind === 'other' && value.local !== undefined && value.local !== index) this.sums.set(index, value.local);
        if (name === 'local.tee') this.push('local', offset, { key: this.localKey(index), local: this.sums.get(index) ?? index, range: this.stepping.has(index) ? 'stepping' : undefined });
        return;
      }
      case 'global.get': this.add(offset, name); return this.push('other', offset);
      case 'drop': case 'global.set': this.pop(); return this.add(offset, name);
      case 'select': case 'select_t': {
        const compared = this.condition();
        this.pop();
        this.pop();
        this.add(offset, compared ? 'select/compared' : name);
        return this.push('other', offset);
      }
      case 'block': case 'loop': case 'if': {
        if (name === 'if') {
          const guarded = stack.length > 0 ? this.guarded(stack[stack.length - 1]) : undefined;
          this.add(offset, this.condition() ? 'if/compared' : name);
          if (guarded !== undefined) this.checked.add(this.localKey(guarded));
        }
        const type = module.bytes[offset + 1];
        const sets = name === 'loop' ? localSets(module.bytes, end, this.body.end) : undefined;
        constructs.push({ kind: name, height: stack.length, results: type === 0x40 ? 0 : 1, offset, operations: 0, members: [], sets });
        return;
      }
      case 'else': this.add(offset, name); stack.length = constructs[constructs.length - 1].height; return;
      case 'end': {
        const construct = constructs.pop();
        if (!construct) return;
        stack.length = construct.height;
        for (let i = 0; i < construct.results; i++) this.push('other', offset);
        if (construct.kind === 'loop') this.closeLoop(construct);
        return;
      }
      case 'br': return this.add(offset, targetsLoop() ? 'br/loop' : name);
      case 'br_if': {
        const compared = this.condition();
        return this.add(offset, `br_if${targetsLoop() ? '/loop' : ''}${compared ? '/compared' : ''}`);
      }
      case 'br_table': this.pop(); return this.add(offset, name);
      case 'call': case 'call_indirect': return this.call(name, offset, index);
      default: this.add(offset, name);
    }
  }

  private call(name: string, offset: number, index: number): void {
    const { module, functions } = this;
    const imported = module.imports.length;
    const type = name === 'call_indirect' ? index : index < imported ? module.imports[index].type : module.functions[index - imported].type;
    const { parameters, results } = module.types[type];
    if (name === 'call_indirect') this.pop();
    let first: Operand | undefined;
    for (let i = 0; i < parameters; i++) first = this.pop();
    for (let i = 0; i < results; i++) this.push('other', offset);
    if (name === 'call' && index < imported) {
      if (!this.importsSeen.has(index)) this.firstCalls.add(offset);
      this.importsSeen.add(index);
      // An address that is known is a register's; one that is computed is most often in memory, for which the shim looks longer.
      const known = first?.kind === 'constant' && /^(?:load|store)/.test(module.imports[index].name);
      return this.add(offset, `${IMPORT}${module.imports[index].name}${known ? '/static' : ''}`);
    }
    const callee = name === 'call' ? functions.get(index)! : undefined;
    const inlined = callee && (callee.callSites === 1 || callee.ownSize <= SMALL_FUNCTION);
    this.add(offset, inlined ? 'call/inlined' : name);
    if (parameters > 0) this.add(offset, inlined ? 'call/inlined/argument' : 'call/argument', parameters);
  }

  /** A loop that the cache holds pays for its way there once, when it is entered. */
  private closeLoop({ offset, operations, members }: Construct): void {
    if (operations > CACHED_OPERATIONS) return;
    let fresh = 0;
    for (const member of members) if (this.cold.delete(member)) fresh++;
    if (fresh === 0) return;
    // An inner loop's way is part of the outer one's.
    for (const member of members) {
      const list = this.features.get(member);
      const kept = list?.filter(([name]) => !name.startsWith('cold'));
      if (list && kept!.length < list.length) this.features.set(member, kept!);
    }
    this.chargeWay(offset, this.wayOf(members));
  }
}
