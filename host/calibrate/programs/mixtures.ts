// SPDX-License-Identifier: MIT
// Small loops of a few kinds of instructions, mixed at random: what a loop of one kind does not show and a long function hides. Some are fitted to, others
// are what worst costs are searched with for code that takes longer (tests/calibrate/worst-costs.spec.ts).

import { DATA_WORDS, type Piece, type Program } from './program.js';
import { Random } from './random.js';

const PIECES = 12;
/** Longest that a loop is, and an inner one. */
const TURNS = 24;
const INNER_TURNS = 5;
/** Bytes at which integers and floats lie: what one stores the other never loads, as a NaN has other bits on other computers. */
const INTEGERS = { at: 0, mask: 0x1f8 } as const;
const FLOATS = { at: 512, mask: 0xf8 } as const;

type Type = 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64';
const TYPES: readonly Type[] = ['u32', 'i32', 'u64', 'i64', 'f32', 'f64'];
const COMPARISONS = ['<', '>', '<=', '>=', '==', '!='] as const;

/** What a piece is made of: statements of one kind, and how often a piece has it. */
const FLAVOURS = [
  'arithmetic', 'arithmetic', 'shift', 'product', 'quotient', 'compared', 'compared', 'chosen', 'chosen', 'valued', 'static', 'static', 'moving', 'indexed', 'indexed', 'neighbours',
  'bytes', 'switch', 'call', 'little', 'indirect', 'global', 'converted', 'special', 'extreme', 'inner',
] as const;
type Flavour = (typeof FLAVOURS)[number];

const isFloat = (type: Type): boolean => type.startsWith('f');
const bytesOf = (type: Type): number => Number(type.slice(1)) / 8;

/** Writes one piece. */
class Mixture {
  private readonly lines: string[] = [];
  private readonly helpers: string[] = [];
  private readonly types: Type[];
  private readonly flavours: Flavour[];
  private readonly variables = new Map<Type, string[]>();
  private made = 0;
  private readonly usesPointer: boolean;

  constructor(private readonly random: Random, private readonly id: string) {
    this.types = Array.from({ length: 1 + random.below(2) }, () => random.pick(random.chance(70) ? ['u32', 'i32', 'f32'] as const : TYPES));
    this.flavours = Array.from({ length: 1 + random.below(3) }, () => random.pick(FLAVOURS));
    this.usesPointer = this.flavours.includes('moving');
  }

  write(): Piece {
    const { random, types, flavours, lines } = this;
    // More than the core has registers, sometimes.
    const pressure = random.chance(20) ? 8 + random.below(18) : 0;
    for (const type of new Set<Type>(['u32', ...types])) {
      const count = 2 + random.below(3) + (type === types[0] ? pressure : 0);
      this.variables.set(type, Array.from({ length: count }, (_, i) => `${type}_${i}`));
      for (let i = 0; i < count; i++) lines.push(`  let ${type}_${i}: ${type} = ${this.loaded(type, 8 * i)};`);
    }
    if (this.usesPointer) lines.push(`  let at = data + <usize>(load<u32>(data, 1000) & 8);`);
    if (random.chance(25)) for (let n = 4 + random.below(40); n > 0; n--) this.statement('  ', random.pick(flavours), 0);
    else this.loop();
    for (const [type, names] of this.variables) names.forEach((name, i) => lines.push(`  store<${type}>(data, ${name}, ${(isFloat(type) ? FLOATS.at : INTEGERS.at) + 8 * (i % 24)});`));
    return { name: `${this.id} of ${[...new Set(types)].join(', ')}: ${[...new Set(flavours)].join(', ')}`, helpers: this.helpers.join('\n'), body: lines.join('\n') };
  }

  private loaded(type: Type, at: number): string {
    return isFloat(type) ? `<${type}>(load<u32>(data, ${at}) >>> 18) * <${type}>0.001` : `load<${type}>(data, ${at})`;
  }

  /** A loop in one of the forms that people write. */
  private loop(): void {
    const { random, lines } = this;
    const turns = random.chance(50) ? `${1 + random.below(TURNS)}` : `((load<u32>(data, 1004) & 7) + ${1 + random.below(TURNS - 8)})`;
    const [head, tail] = random.pick([
      [`for (let i: u32 = 0; i < ${turns}; i++) {`, '}'], [`for (let i: u32 = 0, n: u32 = ${turns}; n > i; i++) {`, '}'], [`for (let i: i32 = 0; i < <i32>${turns}; i++) {`, '}'],
      [`for (let i: i32 = 0, n = <i32>${turns}; n > i; ++i) {`, '}'], [`for (let i: u32 = 1, n: u32 = ${turns}; i <= n; i++) {`, '}'], [`let n: u32 = ${turns};\n  while (n) {\n    n--;`, '}'],
      [`let n: i32 = ${turns};\n  while (n >= 0) {\n    n -= 1;`, '}'], [`let n: u32 = ${turns};\n  do {`, '  n--;\n  } while (n != 0);'], [`for (let i: u64 = 0, n: u64 = ${turns}; i < n; i++) {`, '}'],
      [`for (let i: f32 = 0, n: f32 = <f32>${turns}; i < n; i += 1) {`, '}'], [`let n: u32 = ${turns};\n  while (true) {\n    if (--n == 0) break;`, '}'],
    ] as const);
    lines.push(`  ${head}`);
    for (let n = 1 + random.below(random.chance(70) ? 4 : 14); n > 0; n--) this.statement('    ', random.pick(this.flavours), 0);
    if (this.usesPointer) lines.push(`    at += ${random.pick([4, 8])};`);
    lines.push(`  ${tail}`);
  }

  private get type(): Type {
    return this.random.pick(this.types);
  }

  private variable(type: Type): string {
    return this.random.pick(this.variables.get(type) ?? this.variables.get('u32')!);
  }

  /** A variable or a constant. */
  private value(type: Type): string {
    const { random } = this;
    if (!this.variables.has(type)) return `<${type}>${this.variable('u32')}`;
    if (random.chance(75)) return this.variable(type);
    return isFloat(type) ? `<${type}>${(random.below(3000) / 1000 + 0.001).toFixed(3)}` : `<${type}>${random.pick([random.below(16), random.below(4096), random.below(2 ** 28)])}`;
  }

  private condition(): string {
    const { random, type } = this;
    if (!isFloat(type) && random.chance(25)) return random.pick([`${this.variable(type)} & ${1 << random.below(8)}`, `!(${this.variable(type)} & 3)`, `${this.variable(type)}`, `!${this.variable(type)}`]);
    return `${this.variable(type)} ${random.pick(COMPARISONS)} ${this.value(type)}`;
  }

  private arithmetic(type: Type): string {
    const { random } = this;
    const [a, b] = [this.variable(type), this.value(type)];
    return isFloat(type) ? `${a} ${random.pick(['+', '-', '*'])} ${b}` : `${a} ${random.pick(['+', '-', '&', '|', '^'])} ${b}`;
  }

  private get region() {
    return (type: Type) => (isFloat(type) ? FLOATS : INTEGERS);
  }

  /** An address that no compiler knows. */
  private address(type: Type): string {
    return `data + <usize>(${this.random.chance(50) ? `${this.variable('u32')} << ${bytesOf(type) === 8 ? 3 : 2}` : this.variable('u32')} & ${this.region(type).mask - (bytesOf(type) === 8 ? 0 : 8)})`;
  }

  private statement(indent: string, flavour: Flavour, depth: number): void {
    const { random, lines, type } = this;
    const to = this.variable(type);
    const { at: start } = this.region(type);
    const put = (text: string): void => void lines.push(indent + text);
    const displaced = (): string => `${start + 8 * random.below(6)}`;
    switch (flavour) {
      case 'arithmetic': return put(`${to} = ${this.arithmetic(type)};`);
      case 'shift': {
        if (isFloat(type)) return put(`${to} = ${this.arithmetic(type)} * ${this.variable(type)};`);
        const bits = bytesOf(type) * 8;
        const by = random.chance(50) ? `${1 + random.below(bits - 1)}` : `(${this.variable(type)} & ${bits - 1})`;
        const unsigned = type.replace('i', 'u');
        return put(random.chance(70) ? `${to} = ${this.variable(type)} ${random.pick(['<<', '>>', '>>>'])} ${by};` : `${to} = <${type}>${random.pick(['rotl', 'rotr'])}<${unsigned}>(<${unsigned}>${this.variable(type)}, <${unsigned}>${by});`);
      }
      case 'product': return put(`${to} = ${this.variable(type)} * ${this.value(type)} + ${this.value(type)};`);
      case 'quotient':
        if (isFloat(type)) return put(`${to} = ${this.variable(type)} / (${this.value(type)} + <${type}>1.5);`);
        return put(`${to} = ${this.variable(type)} ${random.pick(['/', '%'])} ((${this.variable(type)} & ${random.pick([0x7f, 0x7fff])}) | 1) + ${this.value(type)};`);
      case 'compared': case 'inner': {
        if (depth >= 2) return put(`${to} = ${this.arithmetic(type)};`);
        if (flavour === 'inner') put(`for (let j${++this.made}: u32 = 0; j${this.made} < ${random.chance(50) ? 1 + random.below(INNER_TURNS) : `(${this.variable('u32')} & 3)`}; j${this.made}++) {`);
        else put(`if (${this.condition()}) {`);
        for (let n = 1 + random.below(2); n > 0; n--) this.statement(`${indent}  `, random.pick(this.flavours), depth + 1);
        if (flavour === 'compared' && random.chance(40)) {
          put('} else {');
          this.statement(`${indent}  `, random.pick(this.flavours), depth + 1);
        }
        return put('}');
      }
      case 'chosen': return put(`${to} = ${this.condition()} ? ${this.value(type)} : ${random.chance(50) ? this.variable(type) : this.arithmetic(type)};`);
      case 'valued': return put(`${to} ${random.pick(['+=', '-='])} <${type}>(<i32>(${this.condition().replace(/^(\w+)( & \d+)?$/, '!($1$2)')}));`);
      case 'static': {
        const first = displaced();
        return put(`store<${type}>(data, load<${type}>(data, ${first}) ${random.pick(['+', '-', '*'])} ${this.value(type)} + ${this.value(type)}, ${random.chance(60) ? first : displaced()});`);
      }
      case 'moving': return put(random.chance(50) ? `store<${type}>(at, ${this.arithmetic(type)}, ${displaced()});` : `${to} = load<${type}>(at, ${displaced()}) + ${this.variable(type)};`);
      case 'indexed': return put(random.chance(50) ? `store<${type}>(${this.address(type)}, ${this.arithmetic(type)}, ${start});` : `${to} = load<${type}>(${this.address(type)}, ${start}) + ${this.variable(type)};`);
      case 'neighbours': {
        const p = `p${++this.made}`;
        put(`const ${p} = ${this.address(type)};`);
        put(`${to} = load<${type}>(${p}, ${start}) + load<${type}>(${p}, ${start + 8});`);
        return put(`store<${type}>(${p}, ${this.variable(type)} - ${to}, ${start + 16});`);
      }
      case 'bytes': {
        const narrow = random.pick(['u8', 'i8', 'u16', 'i16'] as const);
        const base = random.pick(['data', this.address('u32')]);
        const number = this.variable('u32');
        return put(random.chance(50) ? `store<${narrow}>(${base}, <${narrow}>${number}, ${2 * random.below(8)});` : `${number} += <u32>load<${narrow}>(${base}, ${2 * random.below(8)});`);
      }
      case 'switch': {
        const count = 3 + random.below(6);
        put(`switch (${this.variable('u32')} & ${random.pick([3, 7, 15])}) {`);
        for (let i = 0; i < count; i++) put(`  case ${i}: ${this.variable('u32')} ${random.pick(['+=', '^=', '-='])} ${random.chance(50) ? this.variable('u32') : random.below(5000)}; break;`);
        return put('}');
      }
      case 'call': case 'little': case 'indirect': return this.call(indent, flavour);
      case 'global': {
        const name = `global_${this.id}_${++this.made}`;
        this.helpers.push(`let ${name}: ${type} = 3;`);
        put(`${name} ${isFloat(type) ? '*' : '+'}= ${this.value(type)};`);
        return put(`${to} = ${name} - ${this.variable(type)};`);
      }
      case 'converted': {
        const other = this.type;
        return put(`${to} = <${type}>${isFloat(other) && !isFloat(type) ? `(${this.variable(other)} * 0.01)` : this.variable(other)} ${random.pick(['+', '-'])} <${type}>${this.value('u32')};`);
      }
      case 'special': {
        if (!isFloat(type)) return put(`${to} += ${random.pick(['clz', 'ctz', 'popcnt'])}<${type}>(${this.variable(type)});`);
        const one = random.pick(['sqrt', 'abs', 'ceil', 'floor', 'trunc', 'nearest']);
        return put(random.chance(50) ? `${to} = ${one}<${type}>(${this.variable(type)}) + ${this.value(type)};` : `${to} = -${this.variable(type)} * ${this.value(type)};`);
      }
      case 'extreme':
        if (type.endsWith('64') && !isFloat(type)) return put(`if (${this.variable(type)} < ${this.value(type)}) ${to} = ${this.variable(type)};`);
        return put(`${to} = ${random.pick(['min', 'max'])}<${type}>(${this.variable(type)}, ${this.value(type)}) + ${this.value(type)};`);
    }
  }

  /** A call of a function with a loop, of one with a few statements, or of one of two by a table. */
  private call(indent: string, flavour: 'call' | 'little' | 'indirect'): void {
    const { random, lines, helpers } = this;
    const name = `callee_${this.id}_${++this.made}`;
    const count = flavour === 'indirect' ? 1 : random.below(5);
    const parameters = Array.from({ length: count }, (_, i) => `p${i}: u32`).join(', ');
    const sum = Array.from({ length: count }, (_, i) => `p${i} * ${2 * i + 3}`).join(' + ') || '7';
    const long = `  let x: u32 = ${sum};\n  for (let j: u32 = 0; j < 2; j++) x = (x ^ (x >>> 7)) * 1013 + load<u32>(data, 64);\n  if (x & 1) x = rotl<u32>(x, 5) + load<u32>(data, 32);\n  store<u32>(data, x, 48);\n  return x;`;
    const little = `  store<u32>(data, ${sum}, 48);\n  return load<u32>(data, 52);`;
    const args = Array.from({ length: count }, () => this.variable('u32')).join(', ');
    const to = this.variable('u32');
    if (flavour === 'indirect') {
      helpers.push(`function ${name}a(${parameters}): u32 {\n${little}\n}\nfunction ${name}b(${parameters}): u32 { return ${sum} ^ load<u32>(data, 36); }\nconst ${name}: StaticArray<(p0: u32) => u32> = [${name}a, ${name}b];`);
      lines.push(`${indent}${to} += unchecked(${name}[${this.variable('u32')} & 1])(${args});`);
      return;
    }
    helpers.push(`function ${name}(${parameters}): u32 {\n${flavour === 'call' ? long : little}\n}`);
    lines.push(`${indent}${to} += ${name}(${args});`);
    // From two places, so that it is not put into its caller.
    if (flavour === 'call' || random.chance(50)) lines.push(`${indent}${this.variable('u32')} ^= ${name}(${args});`);
  }
}

/** A program of such pieces, the same each time. @param seed 0 or above */
export function mixtureProgram(seed: number): Program {
  if (4 * DATA_WORDS < FLOATS.at + FLOATS.mask + 256) throw new Error('mixtures reach beyond their data');
  const random = new Random((Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1);
  return { name: `mixtures-${seed}`, pieces: Array.from({ length: PIECES }, (_, i) => new Mixture(random, `mixture${seed}x${i}`).write()) };
}
