// SPDX-License-Identifier: MIT
// DWT (ARM DDI 0403E, C1.8): cycle counter, counters of exception and sleep cycles, comparators as watchpoints. What needs a count by instruction
// (CPICNT, LSUCNT, FOLDCNT) and the matching of data values are not modelled.

import { UnmodelledRegisterError } from '../../machine/errors.js';
import { RegisterBlock } from '../../machine/peripheral.js';
import type { Timeline } from '../../machine/timeline.js';
import { identification } from './identification.js';

const CTRL = 0x00;
const CYCCNT = 0x04;
const EXCCNT = 0x0c;
const SLEEPCNT = 0x10;
const PCSR = 0x1c;
const COMP0 = 0x20;
const COMPARATORS = 4;
const CTRL_CYCCNTENA = 1 << 0; // cycle counter runs
const CTRL_EXCEVTENA = 1 << 18; // EXCCNT counts
const CTRL_SLEEPEVTENA = 1 << 19; // SLEEPCNT counts
const CTRL_NUMCOMP = 4 * 2 ** 28; // four comparators on Cortex-M4
/** CYCCNTENA, POSTPRESET, POSTINIT, CYCTAP, SYNCTAP, PCSAMPLENA, EXCTRCENA, and the events' enables. */
const CTRL_MASK = 0x007f1fff;

const FUNCTION_BITS = 0x0f;
const FUNCTION_CYCMATCH = 1 << 7; // comparator 0 compares CYCCNT
const FUNCTION_DATAVMATCH = 1 << 8; // comparator 1 compares the data's value
const FUNCTION_MATCHED = 1 << 24; // has matched since it was read
const FUNCTION_MASK = 0x000fffaf;
/** FUNCTION values that are watchpoints; the others trace. */
const WATCH = { pc: 4, read: 5, write: 6, access: 7 } as const;

const NAMES: Record<number, string> = { [CTRL]: 'CTRL', [CYCCNT]: 'CYCCNT', 0x08: 'CPICNT', [EXCCNT]: 'EXCCNT', [SLEEPCNT]: 'SLEEPCNT', 0x14: 'LSUCNT', 0x18: 'FOLDCNT', [PCSR]: 'PCSR' };
for (let n = 0; n < COMPARATORS; n++) Object.assign(NAMES, { [COMP0 + 16 * n]: `COMP${n}`, [COMP0 + 4 + 16 * n]: `MASK${n}`, [COMP0 + 8 + 16 * n]: `FUNCTION${n}` });

interface Comparator {
  comp: number;
  mask: number;
  function: number;
  matched: boolean;
}

export class Dwt extends RegisterBlock {
  private control = 0;
  /** CYCCNT at cycle `since`. */
  private value = 0;
  private since = 0;
  private traced = false;
  private readonly counts = { [EXCCNT]: 0, [SLEEPCNT]: 0 };
  private readonly comparators: Comparator[] = Array.from({ length: COMPARATORS }, () => ({ comp: 0, mask: 0, function: 0, matched: false }));
  /** Called after a comparator has changed. */
  onChange: () => void = () => {};
  /** Address of the instruction that is executed (PCSR). */
  sampledPc: () => number = () => 0xffffffff;

  constructor(private readonly timeline: Timeline) {
    super('DWT', 0xe0001000, NAMES);
  }

  /** Power on: a system reset leaves the DWT as it is. */
  reset(): void {
    this.control = this.value = 0;
    this.counts[EXCCNT] = this.counts[SLEEPCNT] = 0;
    for (const c of this.comparators) c.comp = c.mask = c.function = 0;
    this.onChange();
  }

  /** DEMCR.TRCENA: without it CYCCNT stands still, and nothing matches. */
  set traceEnabled(on: boolean) {
    this.catchUp();
    this.traced = on;
    this.onChange();
  }

  /** Cycles of exception entries and returns have passed. */
  countException(cycles: number): void {
    this.count(EXCCNT, CTRL_EXCEVTENA, cycles);
  }
  /** Cycles of sleep have passed. */
  countSleep(cycles: number): void {
    this.count(SLEEPCNT, CTRL_SLEEPEVTENA, cycles);
  }
  private count(counter: typeof EXCCNT | typeof SLEEPCNT, enable: number, cycles: number): void {
    if (this.traced && this.control & enable) this.counts[counter] = (this.counts[counter] + cycles) & 0xff;
  }

  /** Whether a comparator is a watchpoint of the data, or of the PC. */
  watches(what: 'data' | 'pc'): boolean {
    return this.traced && this.comparators.some((c) => (what === 'pc' ? kind(c) === WATCH.pc : kind(c) > WATCH.pc && kind(c) <= WATCH.access));
  }

  /** @returns whether a data watchpoint matches */
  matchData(address: number, byteCount: number, access: 'read' | 'write'): boolean {
    let hit = false;
    for (const c of this.comparators) {
      if (kind(c) !== WATCH.access && kind(c) !== WATCH[access]) continue;
      const size = 2 ** c.mask;
      const first = Math.floor(c.comp / size) * size;
      if (address >= first + size || address + byteCount <= first) continue;
      c.matched = hit = true;
    }
    return hit;
  }

  matchPc(pc: number): boolean {
    let hit = false;
    for (const c of this.comparators) if (kind(c) === WATCH.pc && Math.floor(c.comp / 2 ** c.mask) === Math.floor(pc / 2 ** c.mask)) c.matched = hit = true;
    return hit;
  }

  protected readRegister(offset: number): number | undefined {
    switch (offset) {
      case CTRL: return CTRL_NUMCOMP + this.control;
      case CYCCNT: this.catchUp(); return this.value;
      case EXCCNT: case SLEEPCNT: return this.counts[offset];
      case PCSR: return this.traced ? this.sampledPc() >>> 0 : 0xffffffff;
    }
    const found = this.comparator(offset);
    if (found) {
      const { comparator: c, field } = found;
      if (field !== 8) return field === 0 ? c.comp : c.mask;
      const value = this.inspect(offset);
      c.matched = false;
      return value;
    }
    return identification(offset, 0x02, 0x3b);
  }

  override inspect(offset: number): number {
    const found = this.comparator(offset);
    if (found?.field === 8) return found.comparator.function + (found.comparator.matched ? FUNCTION_MATCHED : 0);
    return this.readRegister(offset) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    this.catchUp();
    if (offset === CYCCNT) this.value = value;
    else if (offset === CTRL) this.control = value & CTRL_MASK;
    else if (offset === EXCCNT || offset === SLEEPCNT) this.counts[offset] = value & 0xff;
    // What is not counted can still be cleared before use.
    else if (offset > CYCCNT && offset < PCSR && value === 0) return true;
    else {
      const found = this.comparator(offset);
      if (!found) return false;
      const { comparator: c, field } = found;
      if (field === 0) c.comp = value;
      else if (field === 4) c.mask = value & 0x1f;
      else {
        if (value & FUNCTION_BITS && (value & FUNCTION_DATAVMATCH || value & FUNCTION_CYCMATCH)) {
          throw new UnmodelledRegisterError(this.base + offset, 'write', `DWT_${this.registerNames[offset]}.${value & FUNCTION_CYCMATCH ? 'CYCMATCH' : 'DATAVMATCH'}`);
        }
        c.function = value & FUNCTION_MASK;
      }
      this.onChange();
    }
    return true;
  }

  private comparator(offset: number): { comparator: Comparator; field: number } | undefined {
    const n = (offset - COMP0) >> 4;
    const field = offset & 0xf;
    return n >= 0 && n < COMPARATORS && field <= 8 ? { comparator: this.comparators[n], field } : undefined;
  }

  private catchUp(): void {
    if (this.control & CTRL_CYCCNTENA && this.traced) this.value = (this.value + this.timeline.now - this.since) % 2 ** 32;
    this.since = this.timeline.now;
  }
}

const kind = (c: Comparator): number => c.function & FUNCTION_BITS;
