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
  /** CYCCNT at cycle `since`. */
  private value = 0;
  private since = 0;
  private traced = false;

  constructor(private readonly timeline: Timeline) {
    super('DWT', 0xe0001000, NAMES);
  }

  /** DEMCR.TRCENA: without it CYCCNT stands still. */
  set traceEnabled(on: boolean) {
    this.catchUp();
    this.traced = on;
  }

  protected readRegister(offset: number): number | undefined {
    if (offset === CTRL) return CTRL_NUMCOMP + (this.enabled ? CTRL_CYCCNTENA : 0);
    if (offset !== CYCCNT) return undefined;
    this.catchUp();
    return this.value;
  }

  protected writeRegister(offset: number, value: number): boolean {
    this.catchUp();
    if (offset === CYCCNT) this.value = value;
    else if (offset === CTRL) this.enabled = (value & CTRL_CYCCNTENA) !== 0;
    else return false;
    return true;
  }

  private catchUp(): void {
    if (this.enabled && this.traced) this.value = (this.value + this.timeline.now - this.since) % 2 ** 32;
    this.since = this.timeline.now;
  }
}
