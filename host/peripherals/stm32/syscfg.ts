// SPDX-License-Identifier: MIT
// System configuration controller of the STM32F40x (RM0090 rev 18, 9.2) and the STM32F411 (RM0383, 7.2). Ethernet's MII selection is
// refused, being unmodelled, and so is the external memory at address 0.

import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';
import { reportUnmodelledUse } from './unmodelled.js';

const MEMRMP = 0x00, PMC = 0x04, EXTICR1 = 0x08, EXTICR4 = 0x14, CMPCR = 0x20;
const CMPCR_CMP_PD = 1 << 0; // compensation cell on
const CMPCR_READY = 1 << 8; // compensation cell ready
const MEM_MODE = 3;
/** What MEM_MODE puts at address 0 (9.2.1); 2 is the FSMC's first bank. */
const MEMORIES = ['flash', 'system memory', undefined, 'SRAM'] as const;
export type MemoryAtZero = NonNullable<(typeof MEMORIES)[number]>;
const PORTS = 'ABCDEFGHI';

export interface SyscfgConfig {
  /** The chip's ports, e.g. "ABCDEH". */
  readonly ports: string;
}

export class Syscfg extends RegisterBlock {
  /** Puts another memory at address 0; set by whoever has a core that fetches from there. */
  onRemap: ((memory: MemoryAtZero) => void) | undefined;
  private MEMRMP = 0;
  private readonly EXTICR = [0, 0, 0, 0];
  private CMPCR = 0;
  private readonly listeners: (() => void)[] = [];

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: SyscfgConfig) {
    super(name, base, registerNames.SYSCFG);
  }

  /** The boot pins choose what is at address 0 (2.4): flash, on all boards here. */
  reset(): void {
    this.MEMRMP = 0;
    this.onRemap?.('flash');
    this.EXTICR.fill(0);
    this.CMPCR = 0;
    this.changed();
  }

  /** Port whose pin `line` (0 to 15) is EXTI's input, "A" to "I" (9.2.3 to 9.2.6). */
  extiPort(line: number): string {
    return PORTS[(this.EXTICR[line >> 2] >>> (4 * (line & 3))) & 0xf];
  }

  /** Calls `listener` after a line was given to another port. */
  onExtiChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  protected override readRegister(offset: number): number | undefined {
    if (offset === MEMRMP) return this.MEMRMP;
    if (offset === PMC) return 0;
    if (offset >= EXTICR1 && offset <= EXTICR4) return this.EXTICR[(offset - EXTICR1) >> 2];
    // The manual gives no time for the cell to become ready.
    return offset === CMPCR ? this.CMPCR | (this.CMPCR & CMPCR_CMP_PD ? CMPCR_READY : 0) : undefined;
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === MEMRMP) this.remap(value & MEM_MODE);
    if (offset === PMC && value !== 0) reportUnmodelledUse(this.ctx, this.name, this.base + PMC, 'SYSCFG_PMC (RMII)');
    if (offset >= EXTICR1 && offset <= EXTICR4) {
      for (let i = 0; i < 4; i++) {
        const port = PORTS[(value >>> (4 * i)) & 0xf];
        if (port === undefined || !this.config.ports.includes(port)) {
          this.ctx.diagnose({ where: this.name, message: `${this.registerNames[offset]} gives EXTI line ${offset - EXTICR1 + i} to a port that does not exist; the write is lost` });
          return true;
        }
      }
      this.EXTICR[(offset - EXTICR1) >> 2] = value & 0xffff;
      this.changed();
    } else if (offset === CMPCR) this.CMPCR = value & CMPCR_CMP_PD;
    else return offset === MEMRMP || offset === PMC;
    return true;
  }

  private remap(mode: number): void {
    const memory = MEMORIES[mode];
    if (memory === undefined || (this.onRemap === undefined && mode !== this.MEMRMP)) {
      reportUnmodelledUse(this.ctx, this.name, this.base, `SYSCFG_MEMRMP.MEM_MODE = ${mode} (memory remapping)`);
      return;
    }
    this.MEMRMP = mode;
    this.onRemap?.(memory);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
