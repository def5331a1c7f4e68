// SPDX-License-Identifier: MIT
// The body of one translated function while it is written: labels, temporaries, exits.

import { ByteWriter } from '../../wasm/writer.js';
import { F32_TEMPS, LOCAL, LOCAL_F32, LOCAL_F64, F64_TEMPS, TEMPS } from './layout.js';
import { STATE } from '../state.js';
import { constant, emit, get, OP, VOID, type Node } from './node.js';

/** What the interpreter must find so that it goes on at an instruction (an exit descriptor). */
export interface ExitState {
  readonly pc: number;
  /** Cycles that were taken off in advance for instructions that are not executed here. */
  readonly refund: number;
  readonly line: number;
  readonly pipe: number;
  readonly it: number;
  /** The counted piece of code that is left here. */
  readonly piece: number;
}

/** Registers, flags and S registers that a function uses, as local indices. */
export interface Usage {
  readonly used: Set<number>;
  readonly written: Set<number>;
}

/** What a conditional branch mostly does: the byte offset of its instruction, and 1 when it is mostly taken, 0 when it mostly is not. */
export type Hint = readonly [offset: number, taken: 0 | 1];

export class FunctionEmitter implements Usage {
  readonly out = new ByteWriter();
  readonly hints: Hint[] = [];
  readonly used = new Set<number>();
  readonly written = new Set<number>();
  private readonly labels: string[] = [];
  private readonly exits = new Map<ExitState, number>();
  private temps = 0;
  private f32Temps = 0;
  private f64Temps = 0;

  /** @param addExit keeps an exit descriptor and gives its index */
  constructor(private readonly addExit: (exit: ExitState) => number) {}

  /** Forgets the temporaries of the instruction before. */
  newInstruction(): void {
    this.temps = this.f32Temps = this.f64Temps = 0;
  }
  temp(): number {
    if (this.temps === TEMPS) throw new Error('an instruction wants too many temporaries');
    return LOCAL.TEMP + this.temps++;
  }
  tempF32(): number {
    if (this.f32Temps === F32_TEMPS) throw new Error('an instruction wants too many float temporaries');
    return LOCAL_F32 + this.f32Temps++;
  }
  tempF64(): number {
    if (this.f64Temps === F64_TEMPS) throw new Error('an instruction wants too many double temporaries');
    return LOCAL_F64 + this.f64Temps++;
  }

  /** A local that stands for state: it is loaded on the way in, and stored on the way out when it is written. */
  read(local: number, f32 = false): Node {
    this.used.add(local);
    return get(local, f32);
  }
  write(local: number, value: Node): void {
    this.used.add(local);
    this.written.add(local);
    this.set(local, value);
  }

  emit(node: Node): this {
    emit(node, this.out);
    return this;
  }
  set(local: number, value: Node): void {
    this.emit(value).out.u8(OP.set).u32(local);
  }
  /** A value computed here, in a temporary. */
  keep(value: Node): Node {
    if (value.kind === 'const') return value;
    const local = this.temp();
    this.set(local, value);
    return get(local);
  }
  store(address: Node, value: Node, size: 1 | 2 | 4, offset: number): void {
    this.emit(address).emit(value).out.u8(size === 4 ? OP.store : size === 2 ? OP.store16 : OP.store8).u8(size >> 1).u32(offset);
  }
  /** What a load from a computed address leaves on the stack; `align` is that of natural alignment. */
  load(address: Node, size: 1 | 2 | 4, offset: number): this {
    this.emit(address).out.u8(size === 4 ? OP.load : size === 2 ? OP.load16 : OP.load8).u8(size >> 1).u32(offset);
    return this;
  }

  /** @param taken of an `if`, whether its condition mostly holds, when that is known */
  open(kind: typeof OP.block | typeof OP.loop | typeof OP.if, label: string, taken?: 0 | 1): void {
    if (taken !== undefined) this.hints.push([this.out.length, taken]);
    this.out.u8(kind).u8(VOID);
    this.labels.push(label);
  }
  /** @param taken whether the condition mostly holds, when that is known */
  if(condition: Node, taken?: 0 | 1): void {
    this.emit(condition).open(OP.if, '', taken);
  }
  else(): void {
    this.out.u8(OP.else);
  }
  close(): void {
    this.out.u8(OP.end);
    this.labels.pop();
  }
  br(label: string, code: typeof OP.br | typeof OP.brIf = OP.br): void {
    const at = this.labels.lastIndexOf(label);
    if (at < 0) throw new Error(`no label ${label} is open`);
    this.out.u8(code).u32(this.labels.length - 1 - at);
  }

  /** Ends the function; the interpreter goes on at an instruction. */
  leave(exit: ExitState): void {
    this.setExit(exit);
    this.br('leave');
  }
  /** Ends it when the condition is not 0, which is uncommon. */
  leaveIf(condition: Node, exit: ExitState): void {
    this.setExit(exit);
    this.emit(condition).hints.push([this.out.length, 0]);
    this.br('leave', OP.brIf);
  }
  private setExit(exit: ExitState): void {
    let index = this.exits.get(exit);
    if (index === undefined) this.exits.set(exit, (index = this.addExit(exit)));
    this.set(LOCAL.EXIT, constant(index));
  }

  /** Ends the function; other translated code goes on at `pc`, behind a branch, or the interpreter when there is none. */
  chain(pc: Node, line: number): void {
    this.set(LOCAL.PC, pc);
    this.store(constant(0), constant(line), 4, 4 * STATE.LINE);
    this.br('chain');
  }
}
