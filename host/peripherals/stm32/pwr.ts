// SPDX-License-Identifier: MIT
// Power controller of the STM32F405/407 (RM0090 rev 18, 5.4) and the STM32F411 (RM0383, 5.4); the regulator's scales are the chip's data. The stop and standby modes are the core's to enter and are not modelled; the
// supply is constant. The manual gives no time for a change of VOS to be ready, so VOSRDY follows at once.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';
import { reportUnmodelledUse } from './unmodelled.js';

export interface PwrConfig {
  /** Supply in millivolts, for the voltage detector. */
  readonly vddMillivolts: number;
  /** PWR_CR after reset, the bits of it that are kept, and those that are the field VOS. */
  readonly reset: number;
  readonly bits: number;
  readonly vos: number;
  /** Highest HCLK in hertz by the value of VOS; 0 for a value that is reserved. */
  readonly maxHclk: readonly number[];
  /** VOS may be written while the main PLL is off only, and counts while it is on: else the regulator is at its lowest scale. */
  readonly vosWithPll?: boolean;
}

const CR = 0x00, CSR = 0x04;
const CR_DBP = 1 << 8; // backup domain may be written
const CR_PVDE = 1 << 4; // voltage detector on
const CSR_PVDO = 1 << 2; // VDD is below the detector's threshold
const CSR_EWUP = 1 << 8; // WKUP pin wakes from standby
const CSR_BRE = 1 << 9; // backup regulator on
const CSR_VOSRDY = 1 << 14; // regulator scale ready
/** PVD thresholds in millivolts by PLS (5.4.1). */
const THRESHOLDS = [2000, 2100, 2300, 2500, 2600, 2700, 2800, 2900];

export class Pwr extends RegisterBlock {
  private CR: number;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: PwrConfig) {
    super(name, base, registerNames.PWR);
    this.CR = config.reset;
    ctx.clocks.onChange(() => this.checkScale());
  }

  reset(): void {
    this.CR = this.config.reset;
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
      this.writeControl(value & this.config.bits);
      this.checkScale();
    } else if (offset === CSR) {
      if (value & CSR_EWUP) reportUnmodelledUse(this.ctx, this.name, this.base + CSR, 'PWR_CSR.EWUP (wake-up pin)');
      if (value & CSR_BRE) reportUnmodelledUse(this.ctx, this.name, this.base + CSR, 'PWR_CSR.BRE (backup regulator)');
    } else return false;
    return true;
  }

  private writeControl(value: number): void {
    const { vos, vosWithPll, maxHclk } = this.config;
    const changes = ((value ^ this.CR) & vos) !== 0;
    const refused = changes && vosWithPll && this.ctx.clocks.running('PLLCLK') ? 'while the PLL is on' : changes && maxHclk[this.scale(value)] === 0 ? 'to a reserved value' : undefined;
    if (refused !== undefined) this.ctx.diagnose({ where: this.name, message: `PWR_CR.VOS was written ${refused}; it stays as it was` });
    this.CR = refused === undefined ? value : (value & ~vos) | (this.CR & vos);
  }

  /** The field VOS of a value of CR. */
  private scale(value: number): number {
    const { vos } = this.config;
    return (value & vos) / (vos & -vos);
  }

  private checkScale(): void {
    const { maxHclk, vosWithPll } = this.config;
    const vos = this.scale(this.CR);
    const max = vosWithPll && !this.ctx.clocks.running('PLLCLK') ? Math.min(...maxHclk.filter((hertz) => hertz > 0)) : maxHclk[vos];
    const hclk = toNumber(this.ctx.clocks.hertz('HCLK'));
    if (hclk > max) this.ctx.diagnose({ where: this.name, message: `HCLK is ${hclk} Hz with PWR_CR.VOS = ${vos}; the chip allows ${max} Hz` });
  }
}
