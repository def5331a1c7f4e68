// SPDX-License-Identifier: MIT
// A run as a text: a line for each instruction with what it changed, each exception, each access to a register by its name. Written as it goes.

import { STATE } from '../cpu/arm/state.js';
import { decode, isWide } from '../cpu/arm/isa/decode.js';
import { registerName } from '../cpu/arm/isa/text.js';
import { PartialFile } from '../devices/partial-file.js';
import type { ElfBoard } from '../emulator/elf-board.js';
import { hex32 } from '../image/segment.js';
import type { AccessSize } from '../machine/peripheral.js';

export const TRACE_KINDS = ['instructions', 'exceptions', 'registers'] as const;
export type TraceKind = (typeof TRACE_KINDS)[number];

export interface TraceOptions {
  readonly path: string;
  /** Default: all. */
  readonly kinds?: readonly TraceKind[];
  /** Seconds since reset. */
  readonly window?: readonly [from: number, to: number];
}

/** Characters that wait before they are written. */
const BATCH = 1 << 16;
const CYCLE_WIDTH = 12;
const RAW_WIDTH = 9;
const TEXT_WIDTH = 32;
const { R, S, PC, N, Z, C, V } = STATE;

export class Trace {
  private readonly file: PartialFile;
  private readonly kinds: ReadonlySet<TraceKind>;
  private lines: string[] = [];
  private waiting = 0;
  private open = true;
  private active: boolean;
  /** How deep in the machine's own appointments: what is accessed there is not the core's doing. */
  private inTimeline = 0;
  /** Exceptions that were taken. */
  private entries = 0;
  /** What an instruction has led to, while it is executed: it stands behind the instruction. */
  private held: string[] | undefined;
  private readonly before = new Int32Array(S + 32);

  /** Takes the board's core over: it goes in single steps while something is traced. */
  constructor(private readonly board: ElfBoard, { path, kinds = TRACE_KINDS, window }: TraceOptions) {
    this.file = new PartialFile(path);
    this.kinds = new Set(kinds);
    this.active = window === undefined;
    if (window) {
      board.at(window[0], () => { this.active = true; });
      board.at(window[1], () => { this.active = false; });
    }
    this.followExceptions();
    if (this.kinds.has('registers')) this.followRegisters();
    board.drive = () => this.drive();
  }

  /** Writes the rest, and gives the file its name. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.flush();
    this.file.commit();
  }

  private drive(): never {
    const { cpu } = this.board;
    for (;;) {
      if (!this.active || !this.kinds.has('instructions')) cpu.slice();
      else if (cpu.asleep) cpu.step();
      else this.step();
    }
  }

  private step(): void {
    const { cpu, machine } = this.board;
    const { state } = cpu;
    const pc = state[PC] >>> 0;
    const cycle = cpu.now;
    const inIT = state[STATE.IT] !== 0;
    const current = machine.exceptions.current;
    const entered = this.entries;
    this.before.set(state.subarray(0, S + 32));
    const held: string[] = (this.held = []);
    try {
      cpu.step();
    } finally {
      this.held = undefined;
      // Taking an exception is a step of its own, in which no instruction is executed.
      if (this.entries === entered || machine.exceptions.current === current) this.instruction(cycle, pc, inIT);
      for (const line of held) this.put(line);
    }
  }

  private instruction(cycle: number, pc: number, inIT: boolean): void {
    const { board, before } = this;
    const { state } = board.cpu;
    const halfword = (at: number): number | undefined => {
      const word = board.wordAt(at & ~3);
      return word === undefined ? undefined : at & 2 ? word >>> 16 : word & 0xffff;
    };
    const hw1 = halfword(pc);
    if (hw1 === undefined) return this.line(cycle, `${hex32(pc)}  nothing to execute`);
    const hw2 = halfword(pc + 2) ?? 0;
    const decoded = decode(hw1, hw2, pc, inIT);
    const raw = isWide(hw1) ? `${hexHalf(hw1)} ${hexHalf(hw2)}` : hexHalf(hw1);
    const text = decoded.row.text?.(decoded.fields, decoded) ?? decoded.row.name;
    const changes: string[] = [];
    for (let r = 0; r < PC; r++) if (state[R + r] !== before[R + r]) changes.push(`${registerName(r)}=${hex32(state[R + r])}`);
    for (let s = 0; s < 32; s++) if (state[S + s] !== before[S + s]) changes.push(`s${s}=${hex32(state[S + s])}`);
    const flags = flagsOf(state);
    if (flags !== flagsOf(before)) changes.push(flags);
    this.line(cycle, `${hex32(pc)}  ${raw.padEnd(RAW_WIDTH)}  ${changes.length > 0 ? text.padEnd(TEXT_WIDTH) : text}  ${changes.join(' ')}`);
  }

  private followExceptions(): void {
    const { machine, symbols, cpu } = this.board;
    const tells = (): boolean => this.active && this.kinds.has('exceptions');
    machine.observers.add({
      exceptionEnter: (vector, cycle) => {
        this.entries++;
        if (tells()) this.line(cycle, `-> ${vector}, ${symbols.describe(cpu.state[PC] >>> 0)}`);
      },
      exceptionExit: (vector, cycle) => { if (tells()) this.line(cycle, `<- ${vector}`); },
      sleep: (from, to) => { if (tells()) this.line(from, `sleeps for ${to - from} cycles`); },
      blockBoundary() {}, midiByte() {},
    });
  }

  /** Listens in on the bus. The DMA controllers use it too, from appointments of the timeline. */
  private followRegisters(): void {
    const { machine: { bus, timeline }, cpu } = this.board;
    const [read, write, advanceTo] = [bus.read.bind(bus), bus.write.bind(bus), timeline.advanceTo.bind(timeline)];
    timeline.advanceTo = (cycle) => {
      this.inTimeline++;
      try {
        advanceTo(cycle);
      } finally {
        this.inTimeline--;
      }
    };
    const tell = (address: number, size: AccessSize, arrow: string, value: number): void => {
      if (!this.active || this.inTimeline > 0) return;
      const name = bus.nameAt(address);
      if (name !== undefined) this.line(cpu.now, `${name} ${arrow} 0x${(value >>> 0).toString(16).padStart(2 * size, '0')}`);
    };
    bus.read = (address, size) => {
      const value = read(address, size);
      tell(address, size, '->', value);
      return value;
    };
    bus.write = (address, value, size) => {
      tell(address, size, '<-', value);
      write(address, value, size);
    };
  }

  private line(cycle: number, text: string): void {
    const line = `${String(cycle).padStart(CYCLE_WIDTH)}  ${text.trimEnd()}\n`;
    if (this.held) this.held.push(line);
    else this.put(line);
  }

  private put(line: string): void {
    this.lines.push(line);
    this.waiting += line.length;
    if (this.waiting >= BATCH) this.flush();
  }

  private flush(): void {
    if (this.lines.length > 0) this.file.write(Buffer.from(this.lines.join('')));
    this.lines = [];
    this.waiting = 0;
  }
}

const hexHalf = (halfword: number): string => halfword.toString(16).padStart(4, '0');

/** N, Z, C and V, in capitals where they are set. */
const flagsOf = (state: Int32Array): string =>
  `${state[N] < 0 ? 'N' : 'n'}${state[Z] === 0 ? 'Z' : 'z'}${state[C] !== 0 ? 'C' : 'c'}${state[V] < 0 ? 'V' : 'v'}`;
