// SPDX-License-Identifier: MIT
// Power controller of the STM32F405/407: RM0090 rev 18, 5.4. The stop and standby modes are the core's to enter and are not modelled; the
// supply is constant. The manual gives no time for a change of VOS to be ready, so VOSRDY follows at once.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';
import { unmodelledUse } from './unmodelled.js';

export interface PwrConfig {
  /** Supply in millivolts, for the voltage detector. */
  readonly vddMillivolts: number;
  /** Highest HCLK in hertz with VOS = 0 (DS8626, table 14). */
  readonly scale2MaxHclk: number;
}

const CR = 0x00, CSR = 0x04;
const CR_DBP = 1 << 8; // backup domain may be written
const CR_VOS = 1 << 14; // regulator scale 1
const CR_PVDE = 1 << 4; // voltage detector on
const CR_KEPT = 0x43f3; // VOS, FPDS, DBP, PLS, PVDE, PDDS, LPDS; CWUF and CSBF read as 0
const CSR_PVDO = 1 << 2; // VDD is below the detector's threshold
const CSR_EWUP = 1 << 8; // WKUP pin wakes from standby
const CSR_BRE = 1 << 9; // backup regulator on
const CSR_VOSRDY = 1 << 14; // regulator scale ready
/** PVD thresholds in millivolts by PLS (5.4.1). */
const THRESHOLDS = [2000, 2100, 2300, 2500, 2600, 2700, 2800, 2900];

export class Pwr extends RegisterBlock {
  private CR = CR_VOS;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: PwrConfig) {
    super(name, base, registerNames.PWR);
    ctx.clocks.onChange(() => this.checkScale());
  }

  reset(): void {
    this.CR = CR_VOS;
  }

  /** Whether RCC_BDCR and the RTC may be written. */
  get backupWritable(): boolean {
    return (this.CR & CR_DBP) !== 0;
  }

  protected override readRegister(offset: number): number | undefined {
    if (offset === CR) return this.CR;
    if (offset !== CSR) return undefined;
    const below = (this.CR & CR_PVDE) !== 0 && this.config.vddMillivolts < THRESHOLDS[(this.CR >>> 5) & 7];
    return CSR_VOSRDY | (below ? CSR_PVDO : 0);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === CR) {
      this.CR = value & CR_KEPT;
      this.checkScale();
    } else if (offset === CSR) {
      if (value & CSR_EWUP) throw unmodelledUse(this.base + CSR, 'PWR_CSR.EWUP (wake-up pin)');
      if (value & CSR_BRE) throw unmodelledUse(this.base + CSR, 'PWR_CSR.BRE (backup regulator)');
    } else return false;
    return true;
  }

  private checkScale(): void {
    if (this.CR & CR_VOS) return;
    const hclk = toNumber(this.ctx.clocks.hertz('HCLK'));
    if (hclk > this.config.scale2MaxHclk) {
      this.ctx.diagnose({ where: this.name, message: `HCLK is ${hclk} Hz with PWR_CR.VOS = 0; the chip allows ${this.config.scale2MaxHclk} Hz` });
    }
  }
}
