// SPDX-License-Identifier: MIT
// Functions that a generator writes: the mixtures of instructions, of straight code, loops, branches and calls that no loop of one instruction has.

import { DATA_WORDS, programsOf, type Piece, type Program } from './program.js';

const FUNCTIONS = 120;
const IN_A_PROGRAM = 10;
const SEED = 2463534242;

/** Xorshift (G. Marsaglia, "Xorshift RNGs", 2003). */
export class Random {
  constructor(private state: number) {}
  /** 0 to below `n`. */
  below(n: number): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return (this.state >>> 4) % n;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

type Type = 'u32' | 'f32';

/** Writes one function: its locals by type, and how deep its statements may nest. */
class Writer {
  private readonly text: string[] = [];
  private loops = 0;
  /** Share of the types in percent: code of a parser has no floats, of a filter few integers. */
  private readonly floats: number;

  constructor(private readonly random: Random, private readonly helpers: readonly string[]) {
    this.floats = random.pick([0, 0, 10, 30, 70, 90]);
  }

  write(statements: number): string {
    const { random } = this;
    const integers = 2 + random.below(4);
    const floats = this.floats > 0 ? 2 + random.below(5) : 0;
    for (let i = 0; i < integers; i++) this.text.push(`  let i${i}: u32 = load<u32>(data, ${4 * random.below(32)});`);
    for (let i = 0; i < floats; i++) this.text.push(`  let f${i}: f32 = <f32>(load<u32>(data, ${4 * random.below(32)}) >>> 16) * <f32>0.001;`);
    this.names = { u32: Array.from({ length: integers }, (_, i) => `i${i}`), f32: Array.from({ length: floats }, (_, i) => `f${i}`) };
    this.block(statements, '  ', 0);
    for (const [i, name] of this.names.u32.entries()) this.text.push(`  store<u32>(data, ${name}, ${4 * (64 + i)});`);
    for (const [i, name] of this.names.f32.entries()) this.text.push(`  store<f32>(data, ${name}, ${4 * (80 + i)});`);
    return this.text.join('\n');
  }

  private names: Record<Type, string[]> = { u32: [], f32: [] };

  private get type(): Type {
    return this.names.f32.length > 0 && this.random.chance(this.floats) ? 'f32' : 'u32';
  }

  private block(statements: number, indent: string, depth: number): void {
    for (let i = 0; i < statements; i++) this.statement(indent, depth);
  }

  private statement(indent: string, depth: number): void {
    const { random, text } = this;
    const kind = random.below(100);
    const { type } = this;
    if (kind < 42) text.push(`${indent}${random.pick(type === 'f32' ? this.names.f32 : this.settable())} = ${this.expression(type, 1 + random.below(3))};`);
    else if (kind < 58) text.push(`${indent}store<${type}>(${this.address()}, ${this.expression(type, 1 + random.below(2))}, ${4 * random.below(24)});`);
    else if (kind < 63) text.push(`${indent}store<u8>(${this.address()}, <u8>${this.expression('u32', 1)}, ${random.below(96)});`);
    else if (kind < 80) {
      text.push(`${indent}if (${this.condition()}) {`);
      this.block(1 + random.below(3), `${indent}  `, depth + 1);
      if (random.chance(40)) {
        text.push(`${indent}} else {`);
        this.block(1 + random.below(2), `${indent}  `, depth + 1);
      }
      text.push(`${indent}}`);
    } else if (kind < 90 && depth < 2) {
      const name = `n${this.loops++}`;
      text.push(`${indent}for (let ${name}: u32 = 0; ${name} < ${random.pick([3, 8, 16, 32])}; ${name}++) {`);
      this.names.u32.push(name);
      const inner = new Set([name]);
      this.assignable(inner, () => this.block(1 + random.below(4), `${indent}  `, depth + 1));
      this.names.u32.splice(this.names.u32.indexOf(name), 1);
      text.push(`${indent}}`);
    } else if (this.helpers.length > 0) {
      const [helper, count] = random.pick(this.helpers).split('/');
      const args = Array.from({ length: Number(count) }, () => this.expression('u32', 1)).join(', ');
      text.push(`${indent}${random.pick(this.settable())} = ${helper}(${args});`);
    } else text.push(`${indent}${random.pick(this.settable())} += ${this.expression('u32', 2)};`);
  }

  private locked = new Set<string>();
  /** Counters of loops are read, never set. */
  private assignable(names: Set<string>, action: () => void): void {
    for (const name of names) this.locked.add(name);
    const { u32 } = this.names;
    const all = [...u32];
    action();
    for (const name of names) this.locked.delete(name);
    this.names.u32 = all;
  }
  private settable(): string[] {
    return this.names.u32.filter((name) => !this.locked.has(name));
  }

  private address(): string {
    const { random } = this;
    if (random.chance(45)) return 'data';
    return `data + <usize>((${random.pick(this.names.u32)} & ${random.pick([15, 31, 63])}) << 2)`;
  }

  private condition(): string {
    const { random } = this;
    if (this.type === 'f32') return `${random.pick(this.names.f32)} ${random.pick(['<', '>', '<=', '>='])} ${this.expression('f32', 1)}`;
    if (random.chance(30)) return `${random.pick(this.names.u32)} & ${1 << random.below(12)}`;
    const operand = random.chance(50) ? `${random.below(300)}` : this.expression('u32', 1);
    return `${this.expression('u32', 1)} ${random.pick(['<', '>', '==', '!=', '<=', '>='])} ${operand}`;
  }

  private expression(type: Type, depth: number): string {
    const { random } = this;
    if (depth === 0 || random.chance(15)) {
      const kind = random.below(10);
      if (kind < 6) return random.pick(this.names[type]);
      if (kind < 8) return type === 'u32' ? `<u32>${random.pick([random.below(256), random.below(4096), random.below(1e9)])}` : `<f32>${(random.below(4000) / 1000 + 0.001).toFixed(3)}`;
      return `load<${type}>(${this.address()}, ${4 * random.below(24)})`;
    }
    const a = this.expression(type, depth - 1);
    const b = this.expression(type, depth - 1);
    if (type === 'f32') {
      const kind = random.below(20);
      if (kind < 16) return `(${a} ${random.pick(['+', '-', '*', '*'])} ${b})`;
      if (kind < 17) return `abs<f32>(${a})`;
      if (kind < 18) return `min<f32>(${a}, ${b})`;
      if (kind < 19) return `<f32>(<i32>${random.pick(this.names.u32)})`;
      return `(${this.condition()} ? ${a} : ${b})`;
    }
    const kind = random.below(24);
    if (kind < 17) return `(${a} ${random.pick(['+', '-', '&', '|', '^', '+', '*'])} ${b})`;
    if (kind < 21) return `(${a} ${random.pick(['<<', '>>'])} ${1 + random.below(20)})`;
    if (kind < 22) return `(<u32>load<u8>(${this.address()}, ${random.below(96)}) + ${a})`;
    if (kind < 23) return `(${a} / (${random.pick(this.names.u32)} | 3))`;
    return `(${this.condition()} ? ${a} : ${b})`;
  }
}

/** Makes the functions; the same ones every time. */
export function randomPrograms(): Program[] {
  const random = new Random(SEED);
  const pieces: Piece[] = Array.from({ length: FUNCTIONS }, (_, i) => {
    const helpers: string[] = [];
    const names: string[] = [];
    for (let h = random.below(3); h > 0; h--) {
      const count = random.below(4);
      const name = `helper${i}x${h}`;
      const parameters = Array.from({ length: count }, (__, p) => `p${p}: u32`).join(', ');
      const body = new Writer(random, []).write(1 + random.below(4));
      helpers.push(`function ${name}(${parameters}): u32 {\n${body}\n  return i0${Array.from({ length: count }, (__, p) => ` ^ p${p}`).join('')};\n}`);
      names.push(`${name}/${count}`);
    }
    return { name: `random ${i}`, helpers: helpers.join('\n'), body: new Writer(random, names).write(random.pick([1, 2, 4, 7, 12, 20])) };
  });
  if (DATA_WORDS < 160) throw new Error('random functions reach beyond their data');
  return programsOf('random', pieces, IN_A_PROGRAM);
}
