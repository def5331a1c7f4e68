// SPDX-License-Identifier: MIT
// Debug unit of the microcontroller: RM0090 rev 18, 38.6 and 38.16; RM0383, 23.6 and 23.16. What it freezes, it freezes while a debugger has halted the
// core; as the emulator's time stands still then altogether, everything is frozen.

import { RegisterBlock } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';

export interface DbgmcuConfig {
  /** DBGMCU_IDCODE: device and revision. */
  readonly idcode: number;
  /** Bits of APB1_FZ and APB2_FZ that exist. */
  readonly apb1Freeze: number;
  readonly apb2Freeze: number;
}

const IDCODE = 0x00, CR = 0x04, APB1_FZ = 0x08, APB2_FZ = 0x0c;
const CR_BITS = 0xe7; // TRACE_MODE, TRACE_IOEN, DBG_STANDBY, DBG_STOP, DBG_SLEEP

export class Dbgmcu extends RegisterBlock {
  private readonly values = new Map([[CR, 0], [APB1_FZ, 0], [APB2_FZ, 0]]);
  private readonly bits: ReadonlyMap<number, number>;

  constructor(name: string, base: number, private readonly config: DbgmcuConfig) {
    super(name, base, registerNames.DBGMCU);
    this.bits = new Map([[CR, CR_BITS], [APB1_FZ, config.apb1Freeze], [APB2_FZ, config.apb2Freeze]]);
  }

  /** A system reset leaves the registers as they are; power-on alone clears them (38.16.3). */
  reset(): void {}

  powerOn(): void {
    for (const offset of this.values.keys()) this.values.set(offset, 0);
  }

  protected override readRegister(offset: number): number | undefined {
    return offset === IDCODE ? this.config.idcode : this.values.get(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === IDCODE) return true;
    if (!this.values.has(offset)) return false;
    this.values.set(offset, (value & this.bits.get(offset)!) >>> 0);
    return true;
  }
}
