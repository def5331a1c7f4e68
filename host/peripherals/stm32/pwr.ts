// SPDX-License-Identifier: MIT
// Power controller of the STM32F405/407 (RM0090 rev 18, 5.4) and the STM32F411 (RM0383, 5.4); the regulator's scales are the chip's data. What the
// core does on WFI is the chip's to ask here. The manual gives no time for VOS or the backup regulator to be ready, so both follow at once.

import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import type { Wire } from '../../machine/wire.js';
import { registerNames } from './register-names.js';

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
  /** Level of the voltage detector's output, for EXTI line 16. */
  readonly onVoltage?: (below: boolean) => void;
  /** The pad WKUP. */
  readonly wakeUpPad?: Wire;
}

const CR = 0x00, CSR = 0x04;
const CR_LPDS = 1 << 0; // regulator in low-power mode in stop mode
const CR_PDDS = 1 << 1; // deep sleep is standby mode
const CR_CWUF = 1 << 2; // clears WUF
const CR_CSBF = 1 << 3; // clears SBF
const CR_FPDS = 1 << 9; // flash off in stop mode
const CR_DBP = 1 << 8; // backup domain may be written
const CR_PVDE = 1 << 4; // voltage detector on
const CSR_WUF = 1 << 0; // a wake-up event has come
const CSR_SBF = 1 << 1; // the chip has been in standby mode
const CSR_BRR = 1 << 3; // backup regulator ready
const CSR_PVDO = 1 << 2; // VDD is below the detector's threshold
const CSR_EWUP = 1 << 8; // WKUP pin wakes from standby
const CSR_BRE = 1 << 9; // backup regulator on
const CSR_VOSRDY = 1 << 14; // regulator scale ready
/** PVD thresholds in millivolts by PLS (5.4.1). */
/** DS8626, low-power mode wake-up timings, typical: from stop mode with the regulator as it is, in low-power mode, and with flash off besides. */
const WAKE_MICROSECONDS = { main: 13, lowPower: 17, flashOff: 110 } as const;
const THRESHOLDS = [2000, 2100, 2300, 2500, 2600, 2700, 2800, 2900];

export class Pwr extends RegisterBlock {
  private CR: number;
  /** WUF, SBF, EWUP, BRE. */
  private CSR = 0;
  private below = false;
  private supply: number;
  /** In standby mode: what a wake-up event does, and how many resets are still the mode's own, which spare CSR: that of its beginning and that of its end. */
  private wake: (() => void) | undefined;
  private ownResets = 0;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: PwrConfig) {
    super(name, base, registerNames.PWR);
    this.CR = config.reset;
    this.supply = config.vddMillivolts;
    config.wakeUpPad?.onEdge((level) => level === 1 && this.CSR & CSR_EWUP && this.wakeUpEvent(), false);
    ctx.clocks.onChange(() => this.checkScale());
  }

  /** 5.4.2: leaving standby mode keeps CSR; any other reset leaves SBF and the backup regulator. */
  reset(): void {
    this.CR = this.config.reset;
    if (this.ownResets > 0) this.ownResets--;
    else this.CSR &= CSR_SBF | CSR_BRE;
    if (this.ownResets === 0) this.wake = undefined;
    this.detect();
  }

  powerOn(): void {
    this.CSR = 0;
  }

  /** What WFI with SLEEPDEEP asks for (5.3.1). */
  get deepSleep(): 'stop' | 'standby' {
    return this.CR & CR_PDDS ? 'standby' : 'stop';
  }

  /** Time from a wake-up event until the core goes on after stop mode. */
  get stopWakeMicroseconds(): number {
    if (!(this.CR & CR_LPDS)) return WAKE_MICROSECONDS.main;
    return this.CR & CR_FPDS ? WAKE_MICROSECONDS.flashOff : WAKE_MICROSECONDS.lowPower;
  }

  /** Standby mode is about to begin, with a reset; `wake` is called at each wake-up event. */
  enterStandby(wake: () => void): void {
    this.CSR |= CSR_SBF;
    this.ownResets = 2;
    this.wake = wake;
  }

  /** A WUF that firmware has not cleared wakes at once (5.3.6). */
  get wakesAtOnce(): boolean {
    return (this.CSR & CSR_WUF) !== 0;
  }

  /** A rising edge of WKUP while EWUP is set, or an event of the RTC. */
  wakeUpEvent(): void {
    this.CSR |= CSR_WUF;
    this.wake?.();
  }

  /** Another supply voltage, for the voltage detector. */
  setSupply(millivolts: number): void {
    this.supply = millivolts;
    this.detect();
  }

  private detect(): void {
    const below = (this.CR & CR_PVDE) !== 0 && this.supply < THRESHOLDS[(this.CR >>> 5) & 7];
    if (below === this.below) return;
    this.below = below;
    this.config.onVoltage?.(below);
  }

  /** Whether RCC_BDCR and the RTC may be written. */
  get backupWritable(): boolean {
    return (this.CR & CR_DBP) !== 0;
  }

  protected override readRegister(offset: number): number | undefined {
    if (offset === CR) return this.CR;
    if (offset !== CSR) return undefined;
    return CSR_VOSRDY | (this.below ? CSR_PVDO : 0) | this.CSR | (this.CSR & CSR_BRE ? CSR_BRR : 0);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === CR) {
      // CWUF clears WUF two cycles later on the chip (5.4.1).
      if (value & CR_CWUF) this.CSR &= ~CSR_WUF;
      if (value & CR_CSBF) this.CSR &= ~CSR_SBF;
      this.writeControl(value & this.config.bits);
      this.checkScale();
      this.detect();
    } else if (offset === CSR) {
      this.CSR = (this.CSR & (CSR_WUF | CSR_SBF)) | (value & (CSR_EWUP | CSR_BRE));
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
