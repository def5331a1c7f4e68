// SPDX-License-Identifier: MIT
// The tuned interpreter's value operations: a table, and the C handlers made from it. A name's last letters say where the operands are, top of
// the stack first: r the register, s a slot. "_set" stores the result to a slot too; "_if" and "_unless" branch on a comparison.

type Type = 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64';

/** An operation's C function, and the operation and its successor that it replaces when they are emitted one after the other. */
export interface Handler {
  name: string;
  /** C statements between the fetch of the immediates and the jump to the next operation; or with their own fetch and jump. */
  body: string;
}

export interface Fusion {
  first: string;
  second: string;
  fused: string;
}

const signed = (type: Type): Type => ({ u32: 'i32', u64: 'i64' } as Partial<Record<Type, Type>>)[type] ?? type;

/** The register that holds a value of a type, read; 32-bit integers, f32 and f64 have one each, the high half of an i64 has another. */
const register = (type: Type) => ({ i32: '(i32) _r0', u32: '(u32) _r0', i64: '(i64) TW_R64', u64: '(u64) TW_R64', f32: '_fp0', f64: '_dp0' })[type];

function toRegister(type: Type, value: string): string {
  if (type === 'f32') return `_fp0 = ${value};`;
  if (type === 'f64') return `_dp0 = ${value};`;
  return signed(type) === 'i32' ? `_r0 = (i32) (${value});` : `TW_SET_R64 (${value});`;
}

const slot = (type: Type, immediate: string) => `TW_SLOT (${type}, ${immediate})`;

/** Fetches immediates and the next operation; then the statements; then on to the next. */
const handler = (name: string, immediates: readonly string[], statements: string): Handler =>
  ({ name, body: `TW_FETCH${immediates.length} (${immediates.join(', ')}) ${statements} TW_GO ();` });

/** What computes a result: C that declares `r` from operands `a` and `b`. */
type Calculation = string;

interface Family {
  name: string;
  result: Type;
  operand: Type;
  /** Number of operands. */
  arity: 1 | 2;
  calculation: Calculation;
  /** Whether operands may change places, so that there is no _sr. */
  commutative?: boolean;
  /** Whether a following store to a slot is taken in. */
  sets?: boolean;
}

const declare = (type: Type, expression: string): Calculation => `${type} r = (${type}) (${expression});`;

const comparisons: readonly [name: string, operator: string, negated: string, ordered: boolean][] = [
  ['Equal', '==', 'NotEqual', false], ['NotEqual', '!=', 'Equal', false], ['LessThan', '<', 'GreaterThanOrEqual', true],
  ['GreaterThan', '>', 'LessThanOrEqual', true], ['LessThanOrEqual', '<=', 'GreaterThan', true], ['GreaterThanOrEqual', '>=', 'LessThan', true],
];

const mask = (type: Type) => (signed(type) === 'i32' ? 31 : 63);

/** A division traps for a divisor of zero, and for the one quotient that does not fit. The remainder of that one is zero. */
function division(type: Type, operator: string): Calculation {
  const least = type === 'i32' ? 'INT32_MIN' : 'INT64_MIN';
  const zero = 'if (M3_UNLIKELY (b == 0)) return tw_trap (_pc, m3Err_trapDivisionByZero);';
  if (type[0] === 'u') return `${zero} ${declare(type, `a ${operator} b`)}`;
  const tooLarge = `if (M3_UNLIKELY (b == -1 && a == ${least})) return tw_trap (_pc, m3Err_trapIntegerOverflow);`;
  return operator === '/' ? `${zero} ${tooLarge} ${declare(type, 'a / b')}` : `${zero} ${type} r = b == -1 ? 0 : a % b;`;
}

const unary = (type: Type, name: string, expression: string, result = type, sets = false): Family =>
  ({ name: `${type}_${name}`, result, operand: type, arity: 1, calculation: declare(result, expression), sets });

const binary = (type: Type, name: string, calculation: Calculation, commutative = false, sets = true): Family =>
  ({ name: `${type}_${name}`, result: type, operand: type, arity: 2, calculation, commutative, sets });

function integerFamilies(s: 'i32' | 'i64', u: 'u32' | 'u64'): Family[] {
  const sets = s === 'i32';
  const of = (type: Type, name: string, expression: string, commutative = false) => binary(type, name, declare(type, expression), commutative, sets);
  const suffix = s === 'i32' ? '' : 'll';
  return [
    of(s, 'Add', `(${u}) a + (${u}) b`, true), of(s, 'Multiply', `(${u}) a * (${u}) b`, true), of(s, 'Subtract', `(${u}) a - (${u}) b`),
    of(u, 'And', 'a & b', true), of(u, 'Or', 'a | b', true), of(u, 'Xor', 'a ^ b', true),
    of(u, 'ShiftLeft', `a << (b & ${mask(u)})`), of(s, 'ShiftRight', `a >> (b & ${mask(s)})`), of(u, 'ShiftRight', `a >> (b & ${mask(u)})`),
    binary(u, 'Rotl', declare(u, `(a << (b & ${mask(u)})) | (a >> (-b & ${mask(u)}))`), false, false),
    binary(u, 'Rotr', declare(u, `(a >> (b & ${mask(u)})) | (a << (-b & ${mask(u)}))`), false, false),
    ...([s, u] as Type[]).flatMap((type) => [binary(type, 'Divide', division(type, '/'), false, false),
      binary(type, 'Remainder', division(type, '%'), false, false)]),
    unary(s, 'EqualToZero', 'a == 0', 'i32', sets),
    unary(u, 'Clz', `a == 0 ? ${mask(u) + 1} : __builtin_clz${suffix} (a)`), unary(u, 'Ctz', `a == 0 ? ${mask(u) + 1} : __builtin_ctz${suffix} (a)`),
    unary(u, 'Popcnt', `__builtin_popcount${suffix} (a)`),
    unary(s, 'Extend8_s', '(i8) a'), unary(s, 'Extend16_s', '(i16) a'), ...(s === 'i64' ? [unary(s, 'Extend32_s', '(i32) a')] : []),
  ];
}

function floatFamilies(type: 'f32' | 'f64'): Family[] {
  const f = type === 'f32' ? 'f' : '';
  const sets = type === 'f32';
  const of = (name: string, expression: string, commutative = false) => binary(type, name, declare(type, expression), commutative, sets);
  return [
    of('Add', 'a + b', true), of('Multiply', 'a * b', true), of('Subtract', 'a - b'), of('Divide', 'a / b'),
    of('Min', `min_${type} (a, b)`, true), of('Max', `max_${type} (a, b)`, true), of('CopySign', `copysign${f} (a, b)`),
    unary(type, 'Abs', `fabs${f} (a)`, type, sets), unary(type, 'Negate', '-a', type, sets), unary(type, 'Sqrt', `sqrt${f} (a)`, type, sets),
    unary(type, 'Ceil', `ceil${f} (a)`), unary(type, 'Floor', `floor${f} (a)`, type, sets), unary(type, 'Trunc', `trunc${f} (a)`),
    unary(type, 'Nearest', `rint${f} (a)`),
  ];
}

/** An operation with its variants. The name's first type is what wasm3 calls it by. */
function variants({ name, result, operand, arity, calculation, commutative, sets }: Family, out: Handler[], fusions: Fusion[]): void {
  const forms: [suffix: string, immediates: string[], operands: string][] = arity === 1
    ? [['r', [], `${operand} a = ${register(operand)};`], ['s', ['x'], `${operand} a = ${slot(operand, 'x')};`]]
    : [['rs', ['x'], `${operand} a = ${slot(operand, 'x')}; ${operand} b = ${register(operand)};`],
      ...(commutative ? [] : [['sr', ['x'], `${operand} a = ${register(operand)}; ${operand} b = ${slot(operand, 'x')};`] as [string, string[],
        string]]),
      ['ss', ['x', 'y'], `${operand} b = ${slot(operand, 'x')}; ${operand} a = ${slot(operand, 'y')};`]];
  for (const [suffix, immediates, operands] of forms) {
    const form = `${name}_${suffix}`;
    const compute = `${operands} ${calculation} ${toRegister(result, 'r')}`;
    out.push(handler(form, immediates, compute));
    if (!sets) continue;
    out.push(handler(`${form}_set`, [...immediates, 'd'], `${compute} ${slot(result, 'd')} = r;`));
    fusions.push({ first: form, second: `SetSlot_${signed(result)}`, fused: `${form}_set` });
  }
}

function comparison(type: Type, out: Handler[], fusions: Fusion[]): void {
  const isFloat = type[0] === 'f';
  for (const [name, operator, negated, ordered] of comparisons) {
    if (type[0] === 'u' && !ordered) continue;
    variants({ name: `${type}_${name}`, result: 'i32', operand: type, arity: 2, calculation: `i32 r = a ${operator} b;`, commutative: !ordered,
      sets: type === 'i32' || type === 'u32' || type === 'f32' }, out, fusions);
    if (type.endsWith('64')) continue;
    const forms: [string, string[], string][] = [['rs', ['x'], `${type} a = ${slot(type, 'x')}; ${type} b = ${register(type)};`],
      ...(ordered ? [['sr', ['x'], `${type} a = ${register(type)}; ${type} b = ${slot(type, 'x')};`] as [string, string[], string]] : []),
      ['ss', ['x', 'y'], `${type} b = ${slot(type, 'x')}; ${type} a = ${slot(type, 'y')};`]];
    for (const [suffix, immediates, operands] of forms) {
      const branch = (kind: string, condition: string) =>
        out.push(handler(`${type}_${name}_${suffix}_${kind}`, [...immediates, 't'], `${operands} if (${condition}) TW_TO (t);`));
      branch('if', `a ${operator} b`);
      if (isFloat) branch('unless', `!(a ${operator} b)`);
      const unless = isFloat ? `${type}_${name}_${suffix}_unless` : `${type}_${negated}_${suffix}_if`;
      const first = `${type}_${name}_${suffix}`;
      fusions.push({ first, second: 'BranchIf_r', fused: `${first}_if` }, { first, second: 'If_r', fused: unless });
    }
  }
}

/** Changes of type whose result goes to the register or, when that is taken, to a slot: dest_source. */
function conversion(name: string, to: Type, from: Type, calculation: Calculation, out: Handler[], fusions: Fusion[]): void {
  for (const source of ['r', 's']) {
    const operand = `${from} a = ${source === 'r' ? register(from) : slot(from, 'x')};`;
    const immediates = source === 'r' ? [] : ['x'];
    out.push(handler(`${name}_r_${source}`, immediates, `${operand} ${calculation} ${toRegister(to, 'r')}`));
    out.push(handler(`${name}_s_${source}`, [...immediates, 'd'], `${operand} ${calculation} ${slot(to, 'd')} = r;`));
    if (!to.endsWith('32')) continue;
    out.push(handler(`${name}_r_${source}_set`, [...immediates, 'd'], `${operand} ${calculation} ${toRegister(to, 'r')} ${slot(to, 'd')} = r;`));
    fusions.push({ first: `${name}_r_${source}`, second: `SetSlot_${signed(to)}`, fused: `${name}_r_${source}_set` });
  }
}

/** Bounds between which a float converts: WebAssembly Core Specification 1.0, section 4.3.2, trunc; the next floats outside. */
const truncationLimits: Record<string, [low: string, high: string, least: string, most: string]> = {
  i32_f32: ['-2147483904.0f', '2147483648.0f', 'INT32_MIN', 'INT32_MAX'], u32_f32: ['-1.0f', '4294967296.0f', '0', 'UINT32_MAX'],
  i32_f64: ['-2147483649.0', '2147483648.0', 'INT32_MIN', 'INT32_MAX'], u32_f64: ['-1.0', '4294967296.0', '0', 'UINT32_MAX'],
  i64_f32: ['-9223373136366403584.0f', '9223372036854775808.0f', 'INT64_MIN', 'INT64_MAX'],
  u64_f32: ['-1.0f', '18446744073709551616.0f', '0', 'UINT64_MAX'],
  i64_f64: ['-9223372036854777856.0', '9223372036854775808.0', 'INT64_MIN', 'INT64_MAX'],
  u64_f64: ['-1.0', '18446744073709551616.0', '0', 'UINT64_MAX'],
};

function conversions(out: Handler[], fusions: Fusion[]): void {
  const integers: Type[] = ['i32', 'u32', 'i64', 'u64'];
  const floats: Type[] = ['f32', 'f64'];
  for (const integer of integers) for (const float of floats) {
    const [low, high, least, most] = truncationLimits[`${integer}_${float}`];
    conversion(`${integer}_Trunc_${float}`, integer, float, 'if (M3_UNLIKELY (a != a)) return tw_trap (_pc, m3Err_trapIntegerConversion); '
      + `if (M3_UNLIKELY (a <= ${low} || a >= ${high})) return tw_trap (_pc, m3Err_trapIntegerOverflow); ${declare(integer, 'a')}`, out, fusions);
    conversion(`${integer}_TruncSat_${float}`, integer, float,
      `${integer} r = a != a ? 0 : a <= ${low} ? ${least} : a >= ${high} ? ${most} : (${integer}) a;`, out, fusions);
    conversion(`${float}_Convert_${integer}`, float, integer, declare(float, 'a'), out, fusions);
  }
  for (const [to, from] of [['i32', 'f32'], ['i64', 'f64'], ['f32', 'i32'], ['f64', 'i64']] as [Type, Type][]) {
    conversion(`${to}_Reinterpret_${from}`, to, from, `${to} r; memcpy (&r, &a, sizeof r);`, out, fusions);
  }
  const changes: [name: string, to: Type, from: Type][] = [['i64_Extend_i32', 'i64', 'i32'], ['i64_Extend_u32', 'i64', 'u32'], ['i32_Wrap_i64',
    'i32', 'i64'],
    ['f32_Demote_f64', 'f32', 'f64'], ['f64_Promote_f32', 'f64', 'f32']];
  for (const [name, to, from] of changes) {
    variants({ name, result: to, operand: from, arity: 1, calculation: declare(to, 'a'), sets: to === 'i32' || to === 'f32' }, out, fusions);
  }
}

/** Loads and stores: the address is checked against its highest value, and added to the memory's base with the offset in it. */
function memoryAccess(out: Handler[], fusions: Fusion[]): void {
  const check = 'if (M3_UNLIKELY (p > (u32) limit)) return tw_trap_memory (_pc);';
  const loads: [Type, string][] = [['f32', 'f32'], ['f64', 'f64'], ...['i8', 'u8', 'i16', 'u16', 'i32'].map((m): [Type, string] => ['i32', m]),
    ...['i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64'].map((m): [Type, string] => ['i64', m])];
  for (const [type, memory] of loads) for (const source of ['r', 's']) {
    const address = source === 'r' ? '(u32) _r0' : slot('u32', 'x');
    const load = `u32 p = ${address}; ${check} ${type} r = (${type}) TW_LOAD (${memory}, base, p); ${toRegister(type, 'r')}`;
    const immediates = source === 'r' ? ['base', 'limit'] : ['x', 'base', 'limit'];
    const name = `${type}_Load_${memory}_${source}`;
    out.push(handler(name, immediates, load));
    if (type.endsWith('64')) continue;
    out.push(handler(`${name}_set`, [...immediates, 'd'], `${load} ${slot(type, 'd')} = r;`));
    fusions.push({ first: name, second: `SetSlot_${type}`, fused: `${name}_set` });
  }
  const stores: [Type, string][] = [['f32', 'f32'], ['f64', 'f64'], ['i32', 'u8'], ['i32', 'i16'], ['i32', 'i32'],
    ['i64', 'u8'], ['i64', 'i16'], ['i64', 'i32'], ['i64', 'i64']];
  for (const [type, memory] of stores) {
    const forms: [string, string[], string][] = [['rs', ['x'], `${type} v = ${register(type)}; u32 p = ${slot('u32', 'x')};`],
      ['sr', ['x'], `${type} v = ${slot(type, 'x')}; u32 p = (u32) _r0;`], ['ss', ['x', 'y'],
        `${type} v = ${slot(type, 'x')}; u32 p = ${slot('u32', 'y')};`],
      ...(type[0] === 'f' ? [['rr', [], `${type} v = ${register(type)}; u32 p = (u32) _r0;`] as [string, string[], string]] : [])];
    for (const [suffix, immediates, operands] of forms) {
      out.push(handler(`${type}_Store_${memory}_${suffix}`, [...immediates, 'base', 'limit'],
        `${operands} ${check} TW_STORE (${memory}, base, p, v);`));
    }
  }
}

/** select: the condition is on top, then the value for zero, then the other. */
function selects(out: Handler[]): void {
  const forms = (type: Type) => (type[0] === 'f' ? ['sss', 'srs', 'ssr', 'rss', 'rrs', 'rsr'] : ['rss', 'srs', 'ssr', 'sss']);
  for (const type of ['i32', 'i64', 'f32', 'f64'] as Type[]) for (const form of forms(type)) {
    const names = ['x', 'y', 'z'].filter((_, i) => form[i] === 's');
    const from = (i: number, t: Type) => (form[i] === 'r' ? register(t) : slot(t, 'xyz'[i]));
    out.push(handler(`Select_${type}_${form}`, names,
      `i32 c = ${from(0, 'i32')}; ${type} b = ${from(1, type)}; ${type} a = ${from(2, type)}; ${type} r = c ? a : b; ${toRegister(type, 'r')}`));
  }
}

/** Moves between register, slots and globals. */
function moves(out: Handler[]): void {
  for (const type of ['i32', 'i64', 'f32', 'f64'] as Type[]) {
    out.push(handler(`SetRegister_${type}`, ['x'], toRegister(type, slot(type, 'x'))),
      handler(`SetSlot_${type}`, ['d'], `${slot(type, 'd')} = ${register(type)};`),
      handler(`PreserveSetSlot_${type}`, ['d', 'k'], `${slot(type, 'k')} = ${slot(type, 'd')}; ${slot(type, 'd')} = ${register(type)};`),
      handler(`SetGlobal_${type}`, ['g'], `* (tw_${type} *) g = ${register(type)};`));
  }
  for (const [bits, type] of [['32', 'u32'], ['64', 'u64']] as [string, Type][]) {
    out.push(handler(`CopySlot_${bits}`, ['d', 'x'], `${slot(type, 'd')} = ${slot(type, 'x')};`),
      handler(`PreserveCopySlot_${bits}`, ['d', 'x', 'k'], `${slot(type, 'k')} = ${slot(type, 'd')}; ${slot(type, 'd')} = ${slot(type, 'x')};`),
      handler(`GetGlobal_s${bits}`, ['g', 'd'], `${slot(type, 'd')} = * (tw_${type} *) g;`),
      handler(`SetGlobal_s${bits}`, ['g', 'x'], `* (tw_${type} *) g = ${slot(type, 'x')};`));
  }
}

/** All value operations, and which pairs of them become one. */
export function valueOperations(): { handlers: Handler[]; fusions: Fusion[] } {
  const handlers: Handler[] = [];
  const fusions: Fusion[] = [];
  for (const family of [...integerFamilies('i32', 'u32'), ...integerFamilies('i64', 'u64'), ...floatFamilies('f32'), ...floatFamilies('f64')]) {
    variants(family, handlers, fusions);
  }
  for (const type of ['i32', 'u32', 'i64', 'u64', 'f32', 'f64'] as Type[]) comparison(type, handlers, fusions);
  conversions(handlers, fusions);
  memoryAccess(handlers, fusions);
  selects(handlers);
  moves(handlers);
  for (const form of ['r', 's']) fusions.push(
    { first: `i32_EqualToZero_${form}`, second: 'BranchIf_r', fused: `If_${form}` },
    { first: `i32_EqualToZero_${form}`, second: 'If_r', fused: `BranchIf_${form}` });
  return { handlers, fusions };
}
