// SPDX-License-Identifier: MIT
// DWT (ARM DDI 0403E, C1.8): the cycle counter. Comparators and event counters are not modelled.

import { RegisterBlock } from '../../machine/peripheral.js';
import type { Timeline } from '../../machine/timeline.js';

const CTRL = 0x00;
const CYCCNT = 0x04;
const CTRL_CYCCNTENA = 1 << 0; // cycle counter runs
const CTRL_NUMCOMP = 4 * 2 ** 28; // four comparators on Cortex-M4

const NAMES: Record<number, string> = { [CTRL]: 'CTRL', [CYCCNT]: 'CYCCNT', 0x08: 'CPICNT', 0x0c: 'EXCCNT', 0x10: 'SLEEPCNT', 0x14: 'LSUCNT', 0x18: 'FOLDCNT', 0x1c: 'PCSR' };
for (let n = 0; n < 4; n++) Object.assign(NAMES, { [0x20 + 16 * n]: `COMP${n}`, [0x24 + 16 * n]: `MASK${n}`, [0x28 + 16 * n]: `FUNCTION${n}` });

export class Dwt extends RegisterBlock {
  private enabled = false;
  /** CYCCNT when stopped; while counting, what to subtract from the present. */
  private held = 0;
  private origin = 0;

  /** @param traceEnabled whether DEMCR.TRCENA is set: without it CYCCNT stands still */
  constructor(private readonly timeline: Timeline, private readonly traceEnabled: () => boolean) {
    super('DWT', 0xe0001000, NAMES);
  }

  protected readRegister(offset: number): number | undefined {
    if (offset === CTRL) return CTRL_NUMCOMP + (this.enabled ? CTRL_CYCCNTENA : 0);
    if (offset === CYCCNT) return this.count();
    return undefined;
  }

  protected writeRegister(offset: number, value: number): boolean {
    if (offset === CYCCNT) this.restart(value);
    else if (offset === CTRL) {
      this.restart(this.count(), (value & CTRL_CYCCNTENA) !== 0);
    } else return false;
    return true;
  }

  private count(): number {
    return this.enabled && this.traceEnabled() ? (this.timeline.now - this.origin) % 2 ** 32 : this.held;
  }

  private restart(value: number, enabled = this.enabled): void {
    this.enabled = enabled;
    this.held = value >>> 0;
    this.origin = this.timeline.now - this.held;
  }
}
