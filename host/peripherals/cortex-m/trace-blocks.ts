// SPDX-License-Identifier: MIT
// What of trace has no effect here, there being nobody at the trace port: TPIU and ETM hold what is written (DDI 0439, chapters 10 and 11; DDI 0440),
// and the ROM table says where the debug components are (ARM DDI 0403E, B4.2).

import { RegisterBlock } from '../../machine/peripheral.js';
import { identification, stIdentification } from './identification.js';

interface StoredRegister {
  readonly name: string;
  readonly reset: number;
  /** Bits that can be written; none for a register that only reads. */
  readonly mask: number;
}

/** Registers that hold what is written. */
class StoredBlock extends RegisterBlock {
  private readonly values = new Map<number, number>();

  constructor(name: string, base: number, private readonly registers: Readonly<Record<number, StoredRegister>>, private readonly identify: (offset: number) => number | undefined) {
    super(name, base, Object.fromEntries(Object.entries(registers).map(([offset, r]) => [offset, r.name])));
  }

  /** Power on. */
  reset(): void {
    this.values.clear();
  }

  protected readRegister(offset: number): number | undefined {
    return this.values.get(offset) ?? this.registers[offset]?.reset ?? this.identify(offset) ?? 0;
  }

  protected writeRegister(offset: number, value: number): boolean {
    const register = this.registers[offset];
    if (register) this.values.set(offset, ((register.reset & ~register.mask) | (value & register.mask)) >>> 0);
    return true;
  }
}

const register = (name: string, reset: number, mask: number): StoredRegister => ({ name, reset, mask });

/** Trace port interface: sizes, the clock's divider, the protocol, the formatter. */
export const tpiu = (): StoredBlock => new StoredBlock('TPIU', 0xe0040000, {
  0x000: register('SSPSR', 0xb, 0), 0x004: register('CSPSR', 1, 0xffffffff), 0x010: register('ACPR', 0, 0x1fff), 0x0f0: register('SPPR', 1, 3),
  0x300: register('FFSR', 8, 0), 0x304: register('FFCR', 0x102, 0x2), 0x308: register('FSCR', 0, 0), 0xf00: register('ITCTRL', 0, 3),
  0xfa0: register('CLAIMSET', 0xf, 0), 0xfa4: register('CLAIMCLR', 0, 0), 0xfc8: register('DEVID', 0xca1, 0), 0xfcc: register('DEVTYPE', 0x11, 0),
}, (offset) => identification(offset, 0xa1, 0x0b, 0x9, 0xb9));

/** Embedded trace macrocell. */
export const etm = (): StoredBlock => new StoredBlock('ETM', 0xe0041000, {
  0x000: register('CR', 0x411, 0x3fffffff), 0x004: register('CCR', 0x8c802000, 0), 0x008: register('TRIGGER', 0, 0x1ffff), 0x010: register('SR', 0, 0xf),
  0x014: register('SCR', 0x20d09, 0), 0x020: register('TEEVR', 0, 0x1ffff), 0x024: register('TECR1', 0, 0x3ffffff), 0x028: register('FFLR', 0, 0xff),
  0x140: register('CNTRLDVR1', 0, 0xffff), 0x1e0: register('SYNCFR', 0x400, 0), 0x1e4: register('IDR', 0x4114f250, 0), 0x1e8: register('CCER', 0x18541800, 0),
  0x1f0: register('TESSEICR', 0, 0xf000f), 0x1f8: register('TSEVR', 0, 0x1ffff), 0x200: register('TRACEIDR', 0, 0x7f), 0x208: register('IDR2', 0, 0),
  0x314: register('PDSR', 1, 0), 0xfb0: register('LAR', 0, 0), 0xfb4: register('LSR', 0, 0), 0xfcc: register('DEVTYPE', 0x13, 0),
}, (offset) => identification(offset, 0x25, 0x0b, 0x9, 0xb9));

/** Offsets of the components from the table, in pages, and whether each is there: SCS, DWT, FPB, ITM, TPIU, ETM. */
const ROM_ENTRIES = [0xfff0f003, 0xfff02003, 0xfff03003, 0xfff01003, 0xfff41003, 0xfff42003];
const ROM_MEMTYPE = 0xfcc;

/** @param part the chip's identity, as in DBGMCU_IDCODE (0x413 on an STM32F405/407) */
export const romTable = (part: number): StoredBlock => new StoredBlock('ROM', 0xe00ff000, {
  ...Object.fromEntries(ROM_ENTRIES.map((entry, i) => [4 * i, register(`ENTRY${i}`, entry, 0)])), [ROM_MEMTYPE]: register('MEMTYPE', 1, 0),
}, (offset) => stIdentification(offset, part));
