// SPDX-License-Identifier: MIT
// Break, main output enable, dead time and write protection of the advanced timers: RM0090 rev 18, 17.3.11, 17.3.12 and 17.4.18 (BDTR).

import type { ModelContext } from '../../machine/peripheral.js';
import type { Wire } from '../../machine/wire.js';

const LOCK_SHIFT = 8; // write protection
const OSSI = 1 << 10; // off-state selection while MOE = 0
const OSSR = 1 << 11; // off-state selection while MOE = 1
const BKE = 1 << 12; // break enable
const BKP = 1 << 13; // break active high
const AOE = 1 << 14; // MOE is set again at an update
const MOE = 1 << 15; // main output enable
const DTG = 0xff; // dead-time generator

export class BreakAndDeadTime {
  BDTR = 0;
  private locked = false;
  private tickCycles = 1;
  private dtsTicks = 1;
  private readonly input: Wire;

  /** @param onBreak MOE has fallen because of a break */
  constructor(ctx: ModelContext, timer: string, private readonly onBreak: () => void) {
    this.input = ctx.signal(`${timer}_BKIN`).incoming;
    this.input.onEdge(() => this.check());
    // 17.3.12: the clock security system breaks too.
    ctx.trigger('CSS').listen((level) => level === 1 && this.BDTR & BKE && this.generate());
  }

  reset(): void {
    this.BDTR = 0;
    this.locked = false;
  }

  configure(tickCycles: number, dtsTicks: number): void {
    this.tickCycles = tickCycles;
    this.dtsTicks = dtsTicks;
  }

  get mainEnabled(): boolean {
    return (this.BDTR & MOE) !== 0;
  }
  get offWhenRunning(): boolean {
    return (this.BDTR & OSSR) !== 0;
  }
  get offWhenIdle(): boolean {
    return (this.BDTR & OSSI) !== 0;
  }
  /** Whether an update would set MOE. */
  get waitsForUpdate(): boolean {
    return (this.BDTR & (AOE | MOE)) === AOE && !this.inputActive;
  }
  get inputActive(): boolean {
    return (this.BDTR & BKE) !== 0 && this.input.level === (this.BDTR & BKP ? 1 : 0);
  }

  private get level(): number {
    return (this.BDTR >>> LOCK_SHIFT) & 3;
  }
  /** Bits of CR2 and CCER that LOCK freezes (17.4.18): OISx and OISxN from level 1 on, polarities from level 2. */
  get frozenCr2(): number {
    return this.locked && this.level >= 1 ? 0x7f00 : 0;
  }
  get frozenCcer(): number {
    return this.locked && this.level >= 2 ? 0x2aaa : 0;
  }
  get modesFrozen(): boolean {
    return this.locked && this.level === 3;
  }

  /** Dead time in core cycles (DTG). */
  get deadCycles(): number {
    const dtg = this.BDTR & DTG;
    const steps = dtg < 0x80 ? dtg : dtg < 0xc0 ? (64 + (dtg & 0x3f)) * 2 : dtg < 0xe0 ? (32 + (dtg & 0x1f)) * 8 : (32 + (dtg & 0x1f)) * 16;
    return steps * this.dtsTicks * this.tickCycles;
  }

  write(value: number): void {
    // LOCK can be written by the first write after reset alone, and then freezes by its level.
    let frozen = this.locked ? 3 << LOCK_SHIFT : 0;
    if (this.locked && this.level >= 1) frozen |= DTG | BKE | BKP | AOE;
    if (this.locked && this.level >= 2) frozen |= OSSI | OSSR;
    this.BDTR = (this.BDTR & frozen) | (value & 0xffff & ~frozen);
    this.locked = true;
    this.check();
  }

  /** An update event: AOE sets MOE again, unless the break is still there. */
  updated(): void {
    if (this.waitsForUpdate) this.BDTR |= MOE;
  }

  /** BG, or a break: outputs go to their idle state at once. */
  generate(): void {
    this.BDTR &= ~MOE;
    this.onBreak();
  }

  private check(): void {
    if (this.inputActive) this.generate();
  }
}
