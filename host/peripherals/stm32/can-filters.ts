// SPDX-License-Identifier: MIT
// Acceptance filters that CAN1 and CAN2 share; their registers are CAN1's: RM0090 rev 18, 32.7.4 and 32.9.4.

import type { CanFrame } from './can-frame.js';

const FMR = 0x200, FM1R = 0x204, FS1R = 0x20c, FFA1R = 0x214, FA1R = 0x21c, BANKS = 0x240;
const FMR_FINIT = 1 << 0; // filters may be set up, and nothing is received
const FMR_RESET = 0x2a1c_0e01;
const BANK_COUNT = 28;
const BANK_MASK = 0x0fff_ffff;

/** A receive FIFO and the number of the filter that let a frame in. */
export interface FilterMatch {
  readonly fifo: 0 | 1;
  readonly index: number;
}

/** One filter of a bank: what it compares, and how it ranks against others that match as well (32.7.4). */
interface Filter {
  readonly id: number;
  readonly mask: number;
  readonly wide: boolean;
  readonly list: boolean;
}

export class CanFilters {
  private FMR = FMR_RESET;
  private readonly configuration = new Map([[FM1R, 0], [FS1R, 0], [FFA1R, 0], [FA1R, 0]]);
  private readonly banks = new Uint32Array(2 * BANK_COUNT);

  reset(): void {
    this.FMR = FMR_RESET;
    for (const offset of this.configuration.keys()) this.configuration.set(offset, 0);
    this.banks.fill(0);
  }

  /** Value of a filter register by its offset in CAN1; undefined for one that is none. */
  read(offset: number): number | undefined {
    if (offset === FMR) return this.FMR;
    return this.configuration.get(offset) ?? this.banks[(offset - BANKS) >> 2];
  }

  /** @returns false when there is no such register; a string says why the write was lost */
  write(offset: number, value: number): boolean | string {
    const initializing = (this.FMR & FMR_FINIT) !== 0;
    if (offset === FMR) this.FMR = (FMR_RESET & ~0x3f01) | (value & 0x3f01);
    else if (offset === FA1R) this.configuration.set(FA1R, value & BANK_MASK);
    else if (this.configuration.has(offset)) {
      if (!initializing) return 'while CAN_FMR.FINIT is clear';
      this.configuration.set(offset, value & BANK_MASK);
    } else {
      const word = (offset - BANKS) >> 2;
      if (word < 0 || word >= this.banks.length) return false;
      if (!initializing && this.bit(FA1R, word >> 1)) return 'while its bank is active and CAN_FMR.FINIT is clear';
      this.banks[word] = value;
    }
    return true;
  }

  /** Where a frame goes; undefined: no filter lets it in. @param second of the two controllers, which has the banks from CAN2SB on */
  match(frame: CanFrame, second: boolean): FilterMatch | undefined {
    if (this.FMR & FMR_FINIT) return undefined;
    const split = (this.FMR >>> 8) & 0x3f;
    const numbers = [0, 0];
    let best: { match: FilterMatch; rank: number } | undefined;
    for (let bank = second ? split : 0; bank < (second ? BANK_COUNT : Math.min(split, BANK_COUNT)); bank++) {
      const fifo = this.bit(FFA1R, bank);
      for (const filter of this.filtersOf(bank)) {
        const index = numbers[fifo]++;
        const word = filter.wide ? wideWord(frame) : narrowWord(frame);
        if (!this.bit(FA1R, bank) || ((word ^ filter.id) & filter.mask) !== 0) continue;
        const rank = (filter.wide ? 2 : 0) + (filter.list ? 1 : 0);
        if (best === undefined || rank > best.rank) best = { match: { fifo, index }, rank };
      }
    }
    return best?.match;
  }

  private filtersOf(bank: number): Filter[] {
    const [one, two] = [this.banks[2 * bank], this.banks[2 * bank + 1]];
    const list = this.bit(FM1R, bank) === 1;
    if (this.bit(FS1R, bank)) return list ? [one, two].map((id) => ({ id, mask: ~1, wide: true, list })) : [{ id: one, mask: two, wide: true, list }];
    if (list) return [one, one >>> 16, two, two >>> 16].map((id) => ({ id, mask: 0xffff, wide: false, list }));
    return [one, two].map((pair) => ({ id: pair, mask: pair >>> 16, wide: false, list }));
  }

  private bit(register: number, bank: number): 0 | 1 {
    return ((this.configuration.get(register)! >>> bank) & 1) as 0 | 1;
  }
}

/** Identifier, IDE and RTR as in the mailboxes and the 32-bit filters. */
export const wideWord = ({ extended, remote, id }: CanFrame): number => ((extended ? (id << 3) | 4 : id << 21) | (remote ? 2 : 0)) >>> 0;

/** And as in the 16-bit filters: STID, RTR, IDE, EXID[17:15]. */
const narrowWord = ({ extended, remote, id }: CanFrame): number =>
  extended ? ((id >>> 18) << 5) | (remote ? 0x10 : 0) | 8 | ((id >>> 15) & 7) : (id << 5) | (remote ? 0x10 : 0);
