// SPDX-License-Identifier: MIT
// External interrupt controller of the STM32F40x: RM0090 rev 18, 12.2 and 12.3. An event of line n is a pulse on the trigger line EXTIn, which starts
// conversions in ADC and DAC, and one on EVENT, which wakes a core from WFE.

import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import type { Level } from '../../machine/wire.js';
import type { PadRouter } from './pad-router.js';
import { registerNames } from './register-names.js';
import type { Syscfg } from './syscfg.js';

export interface ExtiConfig {
  /** Line number to vector; lines 0 to 15 come from pads, the others from inside of the chip (12.2.5). */
  readonly lines: Readonly<Record<number, string>>;
  readonly router: PadRouter;
  readonly syscfg: Syscfg;
}

const IMR = 0x00, EMR = 0x04, RTSR = 0x08, FTSR = 0x0c, SWIER = 0x10, PR = 0x14;
const PAD_LINES = 16;
const PORTS = 'ABCDEFGHI';

export class Exti extends RegisterBlock {
  private IMR = 0;
  private EMR = 0;
  private RTSR = 0;
  private FTSR = 0;
  private SWIER = 0;
  private PR = 0;
  private readonly levels: Level[];
  /** Lines that exist, as a mask. */
  private readonly implemented: number;
  private readonly vectors: { readonly line: InterruptLine; readonly mask: number }[] = [];

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: ExtiConfig) {
    super(name, base, registerNames.EXTI);
    const masks = new Map<string, number>();
    for (const [line, vector] of Object.entries(config.lines)) masks.set(vector, (masks.get(vector) ?? 0) | (1 << Number(line)));
    for (const [vector, mask] of masks) this.vectors.push({ line: ctx.interrupt(vector), mask });
    this.implemented = [...masks.values()].reduce((all, mask) => all | mask, 0);
    this.levels = Array.from({ length: 32 }, () => 0);
    for (let line = 0; line < PAD_LINES; line++) {
      for (const port of PORTS) {
        const pad = config.router.pad(`P${port}${line}`);
        pad.onEdge(() => {
          if (config.syscfg.extiPort(line) === port) this.input(line, pad.input);
        }, false);
      }
    }
    this.samplePads();
    config.syscfg.onExtiChange(() => this.samplePads());
  }

  reset(): void {
    this.IMR = this.EMR = this.RTSR = this.FTSR = this.SWIER = this.PR = 0;
    this.update();
  }

  /** Level of a line now: an edge that RTSR or FTSR selects makes it pending. Lines 16 to 22 are the chip's own events. */
  input(line: number, level: Level): void {
    const before = this.levels[line];
    this.levels[line] = level;
    if (before === level || !((level === 1 ? this.RTSR : this.FTSR) & (1 << line))) return;
    // 12.2.4: what is an event and no interrupt is not pending.
    if (!((this.EMR & ~this.IMR) & (1 << line))) this.PR |= 1 << line;
    this.update();
    this.event(1 << line);
  }

  /** 12.2.4: lines that EMR lets through give a pulse each. */
  private event(lines: number): void {
    const events = lines & this.EMR;
    if (events === 0) return;
    for (let line = 0; line < 32; line++) if (events & (1 << line)) this.ctx.trigger(`EXTI${line}`).fire();
    this.ctx.trigger('EVENT').fire();
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case IMR: return this.IMR;
      case EMR: return this.EMR;
      case RTSR: return this.RTSR;
      case FTSR: return this.FTSR;
      case SWIER: return this.SWIER;
      case PR: return this.PR;
      default: return undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    const bits = value & this.implemented;
    switch (offset) {
      case IMR: this.IMR = bits; break;
      case EMR: this.EMR = bits; break;
      case RTSR: this.RTSR = bits; break;
      case FTSR: this.FTSR = bits; break;
      case SWIER: { // 12.3.5: a rise of the bit makes the line pending, if it is unmasked
        const risen = bits & ~this.SWIER;
        this.PR |= risen & this.IMR;
        this.SWIER |= bits;
        this.event(risen);
        break;
      }
      case PR: // 12.3.6: cleared by writing 1, and SWIER's bit with it
        this.PR &= ~bits;
        this.SWIER &= ~bits;
        break;
      default: return false;
    }
    this.update();
    return true;
  }

  /** A narrow write of PR must not clear the pending bits in its other bytes. */
  override peek(offset: number): number {
    return offset === PR ? 0 : super.peek(offset);
  }

  private samplePads(): void {
    for (let line = 0; line < PAD_LINES; line++) this.input(line, this.config.router.pad(`P${this.config.syscfg.extiPort(line)}${line}`).input);
  }

  private update(): void {
    for (const { line, mask } of this.vectors) line.set((this.PR & this.IMR & mask) !== 0);
  }
}
