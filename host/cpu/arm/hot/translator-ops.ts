// SPDX-License-Identifier: MIT
// The vocabulary of the semantics, as WebAssembly: what is common is translated; whatever is not (a peripheral, a fault, an unaligned access, a NaN) leaves
// the translated code before the instruction, so that the interpreter does it.

import type { AccessKind, Ops, Site, Size } from '../isa/ops.js';
import type { Decoded } from '../isa/row.js';
import { STATE } from '../state.js';
import { CLOCK_STEP, LONGEST_WAIT } from '../flash-accelerator.js';
import { DIVIDE_EXTRA_MOST } from '../timing.js';
import type { ExitState, FunctionEmitter } from './function-emitter.js';
import { FUNCTION, GLOBAL, LOCAL, LOCAL_S, type MemoryLayout, type RamWindow } from './layout.js';
import { asF32, asI32, binary, constant, constF32, constF64, constI64, get, isF32, op, opF32, OP, type Node } from './node.js';

/** Where control goes at the end of an instruction. */
export type Target =
  | { readonly kind: 'fixed'; readonly address: number }
  | { readonly kind: 'computed'; readonly address: Node };

/** An instruction at its place in the block that is translated. */
export interface Place {
  readonly site: Site;
  readonly exit: ExitState;
  /** Writes the code that goes on at a target. */
  readonly go: (target: Target) => void;
  /** The code that it is from: literals are read at once. */
  readonly literal: (address: number, size: Size) => number | undefined;
}

/** The stack pointer, moved by whole words: its lowest bits are still zero. */
const isAlignedStack = (node: Node): boolean => {
  if (node.kind === 'op' && node.op === OP.add) return isAlignedStack(node.of[0]) && node.of[1].kind === 'const' && node.of[1].value % 4 === 0;
  return node.kind === 'get' && node.local === LOCAL.R + 13;
};

/** Whether an access at `offset` of a RAM lies in it and is aligned, which one comparison tells, and is allowed. */
function inWindow(offset: Node, { byteCount, forbidden }: RamWindow, access: 'read' | 'write', size: Size, count: number): Node {
  const within = op(OP.ltU, binary(OP.rotr, offset, constant(size >> 1)), constant(byteCount / size - (count - 1)));
  return forbidden[access].reduce((allowed: Node, { from, to }) => {
    // The first address that reaches into the stretch; borders are multiples of 32.
    const first = from - size * (count - 1);
    return binary(OP.and, allowed, op(OP.geU, binary(OP.sub, offset, constant(first)), constant(to - first)));
  }, within);
}

const ONE = constant(1);
const EXC_RETURN = 0xf0000000;
const EXPONENT_MAX = Infinity;
const SMALLEST_NORMAL = 2 ** -126;

export class TranslatorOps implements Ops<Node> {
  private place!: Place;
  private writes: (() => void)[] = [];
  private target: Target | undefined;
  /** Temporary of the instruction for what a slow load takes. */
  private extra: number | undefined;
  /** Temporaries of the instruction that hold an address near the stack pointer. */
  private readonly stackTemps = new Set<number>();
  /** What the block has seen to already: that the FPU is ready, and that plain arithmetic will do. */
  private checked = { fpu: false, plain: false };

  constructor(private readonly f: FunctionEmitter, private readonly layout: MemoryLayout) {}

  newBlock(): void {
    this.checked = { fpu: false, plain: false };
  }

  /** Translates one instruction. @param conditional it may not be reached: what it checks does not hold for the ones after it */
  instruction(place: Place, { row, fields }: Decoded, conditional: boolean): void {
    if (!('run' in row)) throw new Error(`${row.name} is the interpreter's`);
    const before = { ...this.checked };
    this.place = place;
    this.stackTemps.clear();
    this.extra = undefined;
    this.writes = [];
    this.target = undefined;
    if (row.fpu && !this.checked.fpu) this.needState(STATE.FPU_READY);
    if (row.fpu) this.checked.fpu = true;
    row.run(this, fields, place.site);
    this.flush();
    if (conditional) this.checked = before;
    if (this.target) place.go(this.target);
  }

  private flush(): void {
    const { writes } = this;
    this.writes = [];
    for (const write of writes) write();
  }

  private leaveIf(condition: Node): void {
    this.f.leaveIf(condition, this.place.exit);
  }

  /** The instruction is the interpreter's. What is translated of it after this is never reached. */
  private never(): Node {
    this.f.leave(this.place.exit);
    return constant(0);
  }

  /** Leaves unless `state` word is 1. */
  private needState(word: number): void {
    const value = this.f.temp();
    this.f.load(constant(0), 4, 4 * word).out.u8(OP.set).u32(value);
    this.leaveIf(op(OP.eqz, get(value)));
  }
  private needPlain(): void {
    if (!this.checked.plain) this.needState(STATE.FPU_PLAIN);
    this.checked.plain = true;
  }

  const(value: number): Node { return constant(value); }
  keep(value: Node): Node {
    if (value.kind === 'const') return value;
    if (isF32(value)) return this.keepF32(value);
    const kept = this.f.keep(value);
    if (this.isStack(value)) this.stackTemps.add((kept as { local: number }).local);
    return kept;
  }
  private keepF32(value: Node): Node {
    const local = this.f.tempF32();
    this.f.set(local, value);
    return get(local, true);
  }

  reg(n: number): Node { return n === 15 ? constant(this.place.site.pc + 4) : this.f.read(LOCAL.R + n); }
  setReg(n: number, value: Node): void {
    const word = asI32(value);
    this.writes.push(() => this.f.write(LOCAL.R + n, n === 13 && !isAlignedStack(word) ? binary(OP.and, word, constant(~3)) : word));
  }

  add(a: Node, b: Node): Node { return binary(OP.add, a, b); }
  sub(a: Node, b: Node): Node { return binary(OP.sub, a, b); }
  mul(a: Node, b: Node): Node { return binary(OP.mul, a, b); }
  mulHighSigned(a: Node, b: Node): Node { return { kind: 'high', op: OP.extendS, a: asI32(a), b: asI32(b) }; }
  mulHighUnsigned(a: Node, b: Node): Node { return { kind: 'high', op: OP.extendU, a: asI32(a), b: asI32(b) }; }
  divSigned(a: Node, b: Node): Node {
    const magnitude = (x: Node): Node => {
      const sign = this.keep(binary(OP.shrS, x, constant(31)));
      return this.keep(binary(OP.sub, binary(OP.xor, x, sign), sign));
    };
    const [x, y] = [this.keep(a), this.keep(b)];
    this.refundDivision(magnitude(x), magnitude(y));
    // WebAssembly's division traps where ARM's does not: by 0, and for 0x80000000 / -1.
    const odd = binary(OP.ltU, binary(OP.add, y, ONE), constant(2));
    const quotient = op(OP.divS, x, op(OP.select, ONE, y, odd));
    return op(OP.select, binary(OP.mul, x, y), quotient, odd);
  }
  divUnsigned(a: Node, b: Node): Node {
    const [x, y] = [this.keep(a), this.keep(b)];
    this.refundDivision(x, y);
    const zero = op(OP.eqz, y);
    return op(OP.select, constant(0), op(OP.divU, x, op(OP.select, ONE, y, zero)), zero);
  }
  /** The longest division was taken off in advance: gives back what this one does not take (timing.ts: divideExtra). With the trap on, 0 is the interpreter's. */
  private refundDivision(x: Node, y: Node): void {
    this.leaveIf(op(OP.eqz, y));
    const digits = this.keep(binary(OP.sub, op(OP.clz, y), op(OP.clz, x)));
    // digits + 1 is the number of quotient digits.
    const extra = binary(OP.add, constant(2), binary(OP.shrS, binary(OP.add, digits, constant(4)), constant(2)));
    const saved = op(OP.select, constant(DIVIDE_EXTRA_MOST), binary(OP.sub, constant(DIVIDE_EXTRA_MOST), extra), binary(OP.ltS, digits, constant(0)));
    this.f.set(LOCAL.LEFT, binary(OP.add, get(LOCAL.LEFT), saved));
  }
  and(a: Node, b: Node): Node { return binary(OP.and, a, b); }
  or(a: Node, b: Node): Node { return binary(OP.or, a, b); }
  xor(a: Node, b: Node): Node { return binary(OP.xor, a, b); }
  not(a: Node): Node { return binary(OP.xor, a, constant(-1)); }
  shl(a: Node, count: Node): Node { return binary(OP.shl, a, count); }
  shrUnsigned(a: Node, count: Node): Node { return binary(OP.shrU, a, count); }
  shrSigned(a: Node, count: Node): Node { return binary(OP.shrS, a, count); }
  rotr(a: Node, count: Node): Node { return binary(OP.rotr, a, count); }
  clz(a: Node): Node { return op(OP.clz, asI32(a)); }
  eq(a: Node, b: Node): Node { return binary(OP.eq, a, b); }
  ne(a: Node, b: Node): Node { return binary(OP.ne, a, b); }
  ltSigned(a: Node, b: Node): Node { return binary(OP.ltS, a, b); }
  ltUnsigned(a: Node, b: Node): Node { return binary(OP.ltU, a, b); }
  extend8(a: Node): Node { return op(OP.extend8, asI32(a)); }
  extend16(a: Node): Node { return op(OP.extend16, asI32(a)); }
  select(condition: Node, a: Node, b: Node): Node {
    if (condition.kind === 'const') return condition.value ? a : b;
    return op(OP.select, asI32(a), asI32(b), condition);
  }

  n(): Node { return binary(OP.shrU, this.f.read(LOCAL.N), constant(31)); }
  z(): Node { return op(OP.eqz, this.f.read(LOCAL.Z)); }
  c(): Node { return this.f.read(LOCAL.C); }
  v(): Node { return binary(OP.shrU, this.f.read(LOCAL.V), constant(31)); }
  setNZ(result: Node): void {
    const word = asI32(result);
    this.writes.push(() => {
      this.f.write(LOCAL.N, word);
      this.f.write(LOCAL.Z, word);
    });
  }
  setC(carry: Node): void { this.writes.push(() => this.f.write(LOCAL.C, carry)); }
  setVSign(overflow: Node): void { this.writes.push(() => this.f.write(LOCAL.V, overflow)); }
  stickQ(condition: Node): void { this.writes.push(() => this.f.write(LOCAL.Q, binary(OP.or, this.f.read(LOCAL.Q), op(OP.ne, condition, constant(0))))); }
  ge(): Node { return this.f.read(LOCAL.GE); }
  setGE(bits: Node): void { this.writes.push(() => this.f.write(LOCAL.GE, bits)); }

  load(address: Node, size: Size, kind?: AccessKind): Node {
    if (kind === 'unprivileged') return this.never();
    if (address.kind === 'const') return this.loadConstant(address.value >>> 0, size);
    const { f } = this;
    const value = f.temp();
    this.access(address, 'read', size, 1, (offset, window) => f.load(offset, size, window.offset).out.u8(OP.set).u32(value), (at) => this.slowLoad(at, size, value));
    return get(value);
  }

  /** Loads from other memory, or leaves. */
  private slowLoad(address: Node, size: Size, into: number): void {
    const { f } = this;
    f.emit(address).emit(get(LOCAL.LEFT)).out.u8(OP.call).u32(size === 4 ? FUNCTION.slowLoad32 : size === 2 ? FUNCTION.slowLoad16 : FUNCTION.slowLoad8);
    f.out.u8(OP.set).u32(into);
    const extra = (this.extra ??= f.temp());
    f.out.u8(OP.globalGet).u32(GLOBAL.extra).u8(OP.set).u32(extra);
    f.leaveIf(op(OP.ltS, get(extra), constant(0)), this.place.exit);
    f.set(LOCAL.LEFT, binary(OP.sub, get(LOCAL.LEFT), get(extra)));
  }

  /** A literal: its value is known, and what remains is the time it takes. */
  private loadConstant(address: number, size: Size): Node {
    const value = this.place.literal(address, size);
    if (value === undefined) return this.never();
    const { f, layout: { code, datas } } = this;
    const line = (address - code.origin) >>> 4;
    const slot = f.temp();
    const clock = this.f.temp();
    f.load(constant(0), 4, datas.clock).out.u8(OP.set).u32(clock);
    f.load(constant(0), 1, datas.placeOf + line).out.u8(OP.tee).u32(slot);
    f.open(OP.if, '', 1);
    f.store(binary(OP.shl, get(slot), constant(2)), binary(OP.add, get(clock), get(slot)), 4, datas.used - 4);
    f.else();
    f.leaveIf(op(OP.leS, get(LOCAL.LEFT), constant(LONGEST_WAIT)), this.place.exit);
    f.emit(get(LOCAL.LEFT)).emit(constant(line)).emit(get(clock)).out.u8(OP.call).u32(FUNCTION.missData).u8(OP.sub).u8(OP.set).u32(LOCAL.LEFT);
    f.close();
    f.store(constant(0), binary(OP.add, get(clock), constant(CLOCK_STEP)), 4, datas.clock);
    return constant(value);
  }

  /**
   * Writes the code of an access of `count` words or one smaller piece: one way for each RAM that the address may be in, and one for all others.
   * @param there gets the offset in the RAM
   */
  private access(
    address: Node, access: 'read' | 'write', size: Size, count: number, there: (offset: Node, window: RamWindow) => void, elsewhere: (at: Node) => void,
  ): void {
    const { f, layout: { rams, stack } } = this;
    const isStack = this.isStack(address);
    const at = this.keep(address);
    const order = isStack && stack > 0 ? [rams[stack], ...rams.filter((_, i) => i !== stack)] : rams;
    for (const window of order) {
      const offset = this.keep(binary(OP.sub, at, constant(window.origin)));
      f.if(inWindow(offset, window, access, size, count), window === order[0] ? 1 : undefined);
      there(offset, window);
      f.else();
    }
    elsewhere(at);
    for (let i = 0; i < order.length; i++) f.close();
  }

  /** Whether an address is the stack pointer's, or near it. */
  private isStack(node: Node): boolean {
    if (node.kind === 'op') return node.op === OP.add && this.isStack(node.of[0]);
    return node.kind === 'get' && (node.local === LOCAL.R + 13 || this.stackTemps.has(node.local));
  }

  store(address: Node, size: Size, value: Node, kind?: AccessKind): void {
    if (kind === 'unprivileged') return void this.never();
    const word = asI32(value);
    const kept = word.kind === 'op' || word.kind === 'high' ? this.keep(word) : word;
    this.access(address, 'write', size, 1, (offset, window) => this.f.store(offset, kept, size, window.offset), () => this.f.leave(this.place.exit));
  }
  loadWords(address: Node, count: number): Node[] {
    if (address.kind === 'const') return Array.from({ length: count }, (_, i) => this.loadConstant((address.value + 4 * i) >>> 0, 4));
    const { f } = this;
    const locals = Array.from({ length: count }, () => f.temp());
    this.access(address, 'read', 4, count, (offset, window) => {
      for (const [i, local] of locals.entries()) f.load(offset, 4, window.offset + 4 * i).out.u8(OP.set).u32(local);
    }, (at) => {
      // Tables that are copied from flash: each word may have to wait.
      this.leaveIf(op(OP.leS, get(LOCAL.LEFT), constant(count * LONGEST_WAIT)));
      for (const [i, local] of locals.entries()) this.slowLoad(binary(OP.add, at, constant(4 * i)), 4, local);
    });
    return locals.map((local) => get(local));
  }
  storeWords(address: Node, values: readonly Node[]): void {
    const { f } = this;
    this.access(address, 'write', 4, values.length, (offset, window) => {
      for (const [i, value] of values.entries()) f.store(offset, asI32(value), 4, window.offset + 4 * i);
    }, () => f.leave(this.place.exit));
  }

  when(condition: Node, then: () => void): void {
    this.flush();
    this.f.if(condition);
    then();
    this.flush();
    if (this.target) this.place.go(this.target);
    this.target = undefined;
    this.f.close();
  }

  branch(address: number): void { this.target = { kind: 'fixed', address: (address & ~1) >>> 0 }; }
  branchTo(address: Node): void { this.target = { kind: 'computed', address: this.keep(binary(OP.and, address, constant(~1))) }; }
  branchExchange(address: Node): void {
    const to = this.keep(address);
    // Without bit 0 it is a fault, and EXC_RETURN ends a handler.
    this.leaveIf(binary(OP.or, op(OP.eqz, binary(OP.and, to, ONE)), op(OP.geU, to, constant(EXC_RETURN))));
    this.branchTo(to);
  }

  s(n: number): Node { return this.f.read(LOCAL_S + n, true); }
  setS(n: number, bits: Node): void {
    const value = asF32(bits);
    this.writes.push(() => this.f.write(LOCAL_S + n, value));
  }
  fadd(a: Node, b: Node): Node { return this.finite(opF32(OP.addF32, asF32(a), asF32(b))); }
  fsub(a: Node, b: Node): Node { return this.finite(opF32(OP.subF32, asF32(a), asF32(b))); }
  /** Sums and differences below the normal range are exact, so only NaN and infinity are out of the common. */
  private finite(result: Node): Node {
    this.needPlain();
    const r = this.keepF32(result);
    this.leaveIf(op(OP.eqz, op(OP.ltF32, opF32(OP.absF32, r), constF32(EXPONENT_MAX))));
    return r;
  }
  fmul(a: Node, b: Node): Node {
    const [x, y] = [this.keepF32(asF32(a)), this.keepF32(asF32(b))];
    return this.normal(opF32(OP.mulF32, x, y), binary(OP.or, op(OP.eqF32, x, constF32(0)), op(OP.eqF32, y, constF32(0))));
  }
  fdiv(a: Node, b: Node): Node {
    const x = this.keepF32(asF32(a));
    return this.normal(opF32(OP.divF32, x, asF32(b)), op(OP.eqF32, x, constF32(0)));
  }
  /** A result in the normal range, or an exact zero. */
  private normal(result: Node, exactZero: Node): Node {
    this.needPlain();
    const { f } = this;
    const r = this.keepF32(result);
    const size = this.keepF32(opF32(OP.absF32, r));
    f.if(op(OP.eqz, binary(OP.and, op(OP.gtF32, size, constF32(SMALLEST_NORMAL)), op(OP.ltF32, size, constF32(EXPONENT_MAX)))), 0);
    this.leaveIf(op(OP.eqz, binary(OP.and, exactZero, op(OP.eqF32, size, constF32(0)))));
    f.close();
    return r;
  }
  fsqrt(a: Node): Node { return this.finite(opF32(OP.sqrtF32, asF32(a))); }
  ffma(a: Node, b: Node, c: Node): Node {
    this.needPlain();
    const { f } = this;
    const wide = (x: Node): Node => op(OP.promote, asF32(x));
    const sum = f.tempF64();
    // The product is exact in 53 bits; only a sum that lies half-way between two floats could round twice.
    f.set(sum, op(OP.addF64, op(OP.mulF64, wide(b), wide(c)), wide(a)));
    const s = get(sum);
    this.leaveIf(op(OP.eqI64, op(OP.andI64, op(OP.reinterpretF64, s), constI64(0x1fffffff)), constI64(0x10000000)));
    // A sum below the least denormal is demoted to zero, too, and underflows: only a sum that is zero itself is exact.
    return this.normal(opF32(OP.demote, s), op(OP.eqF64, s, constF64(0)));
  }
  fcompare(a: Node, b: Node): void {
    const [x, y] = [this.keepF32(asF32(a)), this.keepF32(asF32(b))];
    this.needPlain();
    const less = this.keep(op(OP.ltF32, x, y));
    const equal = this.keep(op(OP.eqF32, x, y));
    this.leaveIf(op(OP.eqz, binary(OP.or, op(OP.gtF32, x, y), binary(OP.or, less, equal))));
    const flags = op(OP.select, constant(0x80000000), op(OP.select, constant(0x60000000), constant(0x20000000), equal), less);
    this.writes.push(() => this.f.write(LOCAL.FPCC, flags));
  }
  fromFixed(a: Node, signed: boolean, fractionBits: number): Node {
    this.needPlain();
    const converted = opF32(signed ? OP.convertS : OP.convertU, asI32(a));
    return fractionBits === 0 ? converted : opF32(OP.mulF32, converted, constF32(2 ** -fractionBits));
  }
  toFixed(a: Node, signed: boolean, fractionBits: number, bits: 16 | 32, towardsZero: boolean): Node {
    this.needPlain();
    const { f } = this;
    const local = f.tempF64();
    const scaled = op(OP.mulF64, op(OP.promote, asF32(a)), constF64(2 ** fractionBits));
    f.set(local, towardsZero ? scaled : op(OP.nearestF64, scaled));
    const x = get(local);
    const [low, high] = signed ? [-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)] : [-1, 2 ** bits];
    // Outside, and for NaN, the result saturates and the operation is invalid.
    this.leaveIf(op(OP.eqz, binary(OP.and, op(OP.gtF64, x, constF64(low)), op(OP.ltF64, x, constF64(high)))));
    return op(signed ? OP.truncF64S : OP.truncF64U, x);
  }
  fromHalf(): Node { return this.never(); }
  toHalf(): Node { return this.never(); }
  flagsFromFpscr(): void {
    const flags = this.f.read(LOCAL.FPCC);
    const bit = (n: number): Node => binary(OP.and, binary(OP.shrU, flags, constant(n)), ONE);
    this.writes.push(() => {
      this.f.write(LOCAL.N, flags);
      this.f.write(LOCAL.Z, binary(OP.xor, bit(30), ONE));
      this.f.write(LOCAL.C, bit(29));
      this.f.write(LOCAL.V, binary(OP.shl, flags, constant(3)));
    });
  }
}
