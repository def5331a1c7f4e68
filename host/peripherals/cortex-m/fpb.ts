// SPDX-License-Identifier: MIT
// Flash patch and breakpoint unit (ARM DDI 0403E, C1.11): comparators as breakpoints. Remapping of code and literals is not modelled.

import { UnmodelledRegisterError } from '../../machine/errors.js';
import { RegisterBlock } from '../../machine/peripheral.js';
import { identification } from './identification.js';

const CTRL = 0x00;
const REMAP = 0x04;
const COMP0 = 0x08;
const CODE_COMPARATORS = 6;
const LITERAL_COMPARATORS = 2;
const CTRL_ENABLE = 1 << 0;
const CTRL_KEY = 1 << 1; // must be written as 1 with a change
const REMAP_RMPSPT = 1 << 29; // remapping is supported
const COMP_ENABLE = 1 << 0;
/** COMP.REPLACE: 0 remaps, 1 to 3 are breakpoints on the lower halfword, the upper one, both. */
const LOWER = 1, UPPER = 2;
/** The unit looks at the code region alone. */
const CODE_END = 0x20000000;

const NAMES: Record<number, string> = { [CTRL]: 'CTRL', [REMAP]: 'REMAP' };
for (let n = 0; n < CODE_COMPARATORS + LITERAL_COMPARATORS; n++) NAMES[COMP0 + 4 * n] = `COMP${n}`;

export class Fpb extends RegisterBlock {
  private enabled = false;
  private remap = 0;
  private readonly comparators = Array.from({ length: CODE_COMPARATORS + LITERAL_COMPARATORS }, () => 0);
  /** Called after something has changed. */
  onChange: () => void = () => {};

  constructor() {
    super('FPB', 0xe0002000, NAMES);
  }

  /** Power on. */
  reset(): void {
    this.enabled = false;
    this.remap = 0;
    this.comparators.fill(0);
    this.onChange();
  }

  /** Whether there is a breakpoint at all. */
  get active(): boolean {
    return this.enabled && this.comparators.slice(0, CODE_COMPARATORS).some((c) => c & COMP_ENABLE);
  }

  /** Whether the instruction at `pc` has a breakpoint. */
  matches(pc: number): boolean {
    if (!this.enabled || pc >= CODE_END) return false;
    const half = pc & 2 ? UPPER : LOWER;
    return this.comparators.some((c, n) => n < CODE_COMPARATORS && c & COMP_ENABLE && (c & 0x1ffffffc) === (pc & ~3) && (c >>> 30) & half);
  }

  protected readRegister(offset: number): number | undefined {
    if (offset === CTRL) return (LITERAL_COMPARATORS << 8) | (CODE_COMPARATORS << 4) | (this.enabled ? CTRL_ENABLE : 0);
    if (offset === REMAP) return REMAP_RMPSPT | this.remap;
    return this.comparators[(offset - COMP0) >> 2] ?? identification(offset, 0x03, 0x2b) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    const n = (offset - COMP0) >> 2;
    if (offset === CTRL) {
      if (value & CTRL_KEY) this.enabled = (value & CTRL_ENABLE) !== 0;
    } else if (offset === REMAP) this.remap = value & 0x1fffffe0;
    else if (n < this.comparators.length) this.comparators[n] = (value & (n < CODE_COMPARATORS ? 0xdffffffd : 0x1ffffffd)) >>> 0;
    const patch = this.comparators.findIndex((c, i) => c & COMP_ENABLE && (i >= CODE_COMPARATORS || c >>> 30 === 0));
    if (this.enabled && patch >= 0) throw new UnmodelledRegisterError(this.base + offset, 'write', `FPB_COMP${patch} (remapping of code)`);
    this.onChange();
    return true;
  }
}
