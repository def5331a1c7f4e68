// SPDX-License-Identifier: MIT
// The user configuration sector: RM0090 rev 18, 3.7, tables 14 and 15; RM0383, 3.6.

import type { MemoryRegion } from '../../machine/bus.js';

/** nWRP all ones, RDP 0xAA, nRST_STDBY, nRST_STOP and WDG_SW set, BOR_LEV off: what chips are delivered with. */
const FACTORY = 0x0fff_aaec;
/** Bits of OPTCR that are options; a smaller member of the family has nWRP bits without a sector. */
export const OPTION_BITS = 0x0fff_ffec;
const WDG_SW = 1 << 5; // the independent watchdog is started by software
const ORIGIN = 0x1fff_c000;

export const RDP_LEVEL_0 = 0xaa;
export const RDP_LEVEL_2 = 0xcc;
/** Read protection byte; anything but the two above is level 1. */
export const rdpOf = (optcr: number): number => (optcr >>> 8) & 0xff;

export class OptionBytes {
  /** As the core reads them at 0x1FFFC000; reserved bytes read as erased. */
  readonly region: MemoryRegion = { name: 'option bytes', origin: ORIGIN, bytes: new Uint8Array(16).fill(0xff), dma: false, write: () => {} };
  private programmed = FACTORY;

  constructor() {
    this.show();
  }

  /** As OPTCR shows them after a reset, without OPTLOCK. */
  get value(): number {
    return this.programmed;
  }

  /** Whether a sector is write-protected: its nWRP bit is 0 (3.7.4). */
  isProtected(sector: number): boolean {
    return (this.programmed & (1 << (16 + sector))) === 0;
  }

  /** WDG_SW is clear: the independent watchdog starts by itself at reset. */
  get hardwareWatchdog(): boolean {
    return (this.programmed & WDG_SW) === 0;
  }

  program(optcr: number): void {
    this.programmed = optcr & OPTION_BITS;
    this.show();
  }

  private show(): void {
    const { bytes } = this.region;
    bytes[0] = (this.programmed & 0xec) | 0x13;
    bytes[1] = rdpOf(this.programmed);
    bytes[8] = this.programmed >>> 16;
    bytes[9] = (this.programmed >>> 24) | 0xf0;
  }
}
