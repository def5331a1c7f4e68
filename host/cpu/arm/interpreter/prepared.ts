// SPDX-License-Identifier: MIT
// Decoded instructions with what the run loop needs of them at once, kept by address. Code may change: an entry counts only with its own halfwords.

import type { DataMemory, Span } from '../core/data-memory.js';
import { CFSR, Fault } from '../core/fault.js';
import { decode, isWide } from '../isa/decode.js';
import type { CoreControl } from '../core/control.js';
import type { Ops, Site } from '../isa/ops.js';
import type { Decoded, Fields } from '../isa/row.js';
import { issueCycles, needsOf, pipeAfter, refillOf, type Needs } from '../timing.js';
import { callsOf } from '../isa/dataflow.js';

export interface Prepared {
  /** The halfwords: hw1, or hw1 << 16 | hw2. */
  readonly bits: number;
  readonly pc: number;
  /** Address of the next instruction in memory. */
  readonly next: number;
  readonly decoded: Decoded;
  readonly fields: Fields;
  readonly run: ((ops: Ops<number>, fields: Fields, site: Site) => void) | undefined;
  readonly system: ((core: CoreControl, fields: Fields, site: Site) => void) | undefined;
  readonly fpu: boolean;
  /** Its own condition (B<c>), 14 for always. */
  readonly condition: number;
  readonly cycles: number;
  /** Cycles more when it branches. */
  readonly refill: number;
  /** Whether it calls: what it branches to comes back behind it. */
  readonly calls: boolean;
  /** What of the instruction before matters, and what it leaves for the next one. */
  readonly needs: Needs | undefined;
  readonly pipe: number;
  /** Flash lines of its first and last byte, counted from the start of flash; -1 in other memories. */
  readonly line: number;
  readonly lastLine: number;
}

const ALWAYS = 14;

type Table = (Prepared | undefined)[];

/** Entries of a span by halfword: outside and inside of an IT block. They may be fetched with these rights. */
interface SpanCode {
  readonly span: Span;
  readonly rights: number;
  readonly plain: Table;
  readonly inIT: Table;
}

export class PreparedCode {
  private codes: SpanCode[] = [];
  private current: SpanCode | undefined;

  constructor(private readonly memory: DataMemory) {}

  /** Forgets all: what is at an address, or whether it may be executed there, has changed. */
  flush(): void {
    this.codes = [];
    this.current = undefined;
  }

  /** The instruction at `pc`. @throws Fault when it cannot be fetched */
  at(pc: number, inIT: boolean): Prepared {
    const { memory: { halves } } = this;
    let code = this.current;
    if (code === undefined || pc < code.span.origin || pc >= code.span.end || (this.memory.protects && code.rights !== this.memory.fetchRights)) code = this.enter(pc);
    const { span } = code;
    const index = (pc - span.origin) >>> 1;
    const table = inIT ? code.inIT : code.plain;
    const known = table[index];
    const half = (span.offset >>> 1) + index;
    const hw1 = halves[half];
    if (known !== undefined) {
      if (known.bits === (known.decoded.length === 2 ? hw1 : (hw1 << 16) | halves[half + 1])) return known;
    }
    return (table[index] = this.prepare(pc, span, hw1, inIT));
  }

  private enter(pc: number): SpanCode {
    const span = this.memory.fetchSpan(pc);
    const rights = this.memory.fetchRights;
    let code = this.codes.find((c) => c.span === span && c.rights === rights);
    if (!code) this.codes.push((code = { span, rights, plain: [], inIT: [] }));
    return (this.current = code);
  }

  private prepare(pc: number, span: Span, hw1: number, inIT: boolean): Prepared {
    const wide = isWide(hw1);
    this.memory.checkFetch(pc);
    if (wide) this.memory.checkFetch(pc + 2);
    if (wide && pc + 4 > span.end) throw new Fault(CFSR.IBUSERR, undefined, 'the second half of the instruction lies beyond the memory');
    const decoded = decode(hw1, wide ? this.memory.halves[((pc - span.origin + span.offset) >>> 1) + 1] : 0, pc, inIT);
    const { row, fields, bits, length } = decoded;
    const flash = span.kind === 'flash';
    return {
      bits, pc, next: pc + length, decoded, fields, run: 'run' in row ? row.run : undefined, system: 'system' in row ? row.system : undefined, fpu: row.fpu === true,
      condition: row.condition?.(fields) ?? ALWAYS, cycles: issueCycles(decoded), refill: refillOf(decoded), calls: callsOf(decoded), needs: needsOf(decoded), pipe: pipeAfter(decoded),
      line: flash ? (pc - span.origin) >>> 4 : -1, lastLine: flash ? (pc - span.origin + length - 1) >>> 4 : -1,
    };
  }
}
