// SPDX-License-Identifier: MIT
// Embedded flash memory interface of the STM32F405/407: RM0090 rev 18, 3.5 to 3.9. Wait states are checked against HCLK here; what they
// cost is in the core's cycle table. Erasing and programming need a FlashArray, without which they are refused.

import { BusError, hex } from '../../machine/errors.js';
import { toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { registerNames } from './register-names.js';
import { unmodelledUse } from './unmodelled.js';

/** The memory cells: whoever keeps the flash's bytes. */
export interface FlashArray {
  readonly sectors: readonly { readonly origin: number; readonly byteCount: number }[];
  /** Sets all bytes of a sector to 0xFF. */
  erase(sector: number): void;
}

export interface FlashConfig {
  /** Entry n: highest HCLK in hertz at n wait states. */
  readonly waitStates: readonly number[];
  readonly array?: FlashArray;
  /** Typical erase times in milliseconds by sector size, for x8, x16 and x32 parallelism (DS8626, flash memory programming). */
  readonly eraseMilliseconds?: Readonly<Record<number, readonly [number, number, number]>>;
}

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;
const ACR_PRFTEN = 1 << 8, ACR_ICEN = 1 << 9, ACR_DCEN = 1 << 10; // prefetch, instruction cache, data cache
const ACR_ICRST = 1 << 11, ACR_DCRST = 1 << 12; // cache resets
const SR_EOP = 1 << 0; // end of operation
const SR_BSY = 1 << 16; // operation in progress
const SR_FLAGS = 0xf3; // PGSERR, PGPERR, PGAERR, WRPERR, OPERR, EOP
const CR_PG = 1 << 0; // programming
const CR_SER = 1 << 1; // sector erase
const CR_MER = 1 << 2; // mass erase
const CR_STRT = 1 << 16; // start an erase
const CR_EOPIE = 1 << 24; // interrupt at the end of an operation
const CR_LOCK = (1 << 31) >>> 0; // CR is locked
const CR_BITS = 0x0301_037f; // ERRIE, EOPIE, STRT, PSIZE, SNB, MER, SER, PG
const OPTCR_OPTLOCK = 1 << 0;
const KEYS = [0x4567_0123, 0xcdef_89ab]; // 3.6.1
const OPTION_KEYS = [0x0819_2a3b, 0x4c5d_6e7f]; // 3.7.2
const OPTCR_RESET = 0x0fff_aaed;

export class Flash extends RegisterBlock {
  private ACR = 0;
  private SR = 0;
  private CR = CR_LOCK;
  private OPTCR = OPTCR_RESET;
  /** Keys of each sequence taken so far; -1: a wrong one has locked the register until reset. */
  private readonly progress = { [KEYR]: 0, [OPTKEYR]: 0 };
  private readonly line: InterruptLine;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: FlashConfig) {
    super(name, base, registerNames.FLASH);
    this.line = ctx.interrupt('FLASH');
    ctx.clocks.onChange(() => this.checkLatency());
  }

  reset(): void {
    this.ACR = 0;
    this.SR = 0;
    this.CR = CR_LOCK;
    this.OPTCR = OPTCR_RESET;
    this.progress[KEYR] = this.progress[OPTKEYR] = 0;
    this.line.set(false);
  }

  /** Wait states that firmware has set, and the accelerators that it has switched on: what a fetch costs. */
  get access(): { waitStates: number; prefetch: boolean; instructionCache: boolean; dataCache: boolean } {
    const { ACR: acr } = this;
    return { waitStates: acr & 7, prefetch: (acr & ACR_PRFTEN) !== 0, instructionCache: (acr & ACR_ICEN) !== 0, dataCache: (acr & ACR_DCEN) !== 0 };
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case ACR: return this.ACR;
      case KEYR: case OPTKEYR: return 0;
      case SR: return this.SR;
      case CR: return this.CR;
      case OPTCR: return this.OPTCR;
      default: return undefined;
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case ACR: this.writeAcr(value); break;
      case KEYR: this.key(KEYR, KEYS, value, () => (this.CR = (this.CR & ~CR_LOCK) >>> 0)); break;
      case OPTKEYR: this.key(OPTKEYR, OPTION_KEYS, value, () => (this.OPTCR &= ~OPTCR_OPTLOCK)); break;
      case SR: this.SR &= ~(value & SR_FLAGS); this.updateInterrupt(); break;
      case CR: this.writeCr(value >>> 0); break;
      case OPTCR: this.writeOptcr(value); break;
      default: return false;
    }
    return true;
  }

  /** SR is cleared by ones: a narrow write must bring none of its own. */
  override peek(offset: number): number {
    return offset === SR ? 0 : super.peek(offset);
  }

  private writeAcr(value: number): void {
    // 3.9.1: a cache is reset only while it is off.
    if ((value & ACR_ICRST && value & ACR_ICEN) || (value & ACR_DCRST && value & ACR_DCEN)) this.diagnose('a cache was reset while it is on; the chip resets it only while it is off');
    this.ACR = value & 0x1f07;
    this.checkLatency();
  }

  /** 3.6.1, 3.7.2: a wrong key is a bus error and locks the register until the next reset. */
  private key(register: typeof KEYR | typeof OPTKEYR, keys: readonly number[], value: number, unlock: () => void): void {
    const done = this.progress[register];
    if (done < 0 || value >>> 0 !== keys[done]) {
      this.progress[register] = -1;
      throw new BusError(this.base + register, 'write', `write of ${hex(value)} to FLASH_${this.registerNames[register]} at ${hex(this.base + register)}: not the key that is due; locked until reset`);
    }
    this.progress[register] = (done + 1) % keys.length;
    if (done + 1 === keys.length) unlock();
  }

  private writeCr(value: number): void {
    if (this.CR & CR_LOCK) {
      this.diagnose('FLASH_CR was written while it is locked; the write is lost');
      return;
    }
    if (this.SR & SR_BSY) {
      this.diagnose('FLASH_CR was written while an operation is in progress; the write is lost');
      return;
    }
    if (value & CR_PG) throw unmodelledUse(this.base + CR, 'FLASH_CR.PG (programming)');
    this.CR = ((value & CR_BITS) | (value & CR_LOCK)) >>> 0;
    if (value & CR_STRT) this.erase();
    this.updateInterrupt();
  }

  private erase(): void {
    const { array, eraseMilliseconds } = this.config;
    if (array === undefined || eraseMilliseconds === undefined) throw unmodelledUse(this.base + CR, 'FLASH_CR.STRT (erase; there is no flash array)');
    const sector = (this.CR >>> 3) & 0xf;
    const sectors = this.CR & CR_MER ? array.sectors.map((_, n) => n) : this.CR & CR_SER && sector < array.sectors.length ? [sector] : [];
    this.CR = (this.CR & ~CR_STRT) >>> 0;
    if (sectors.length === 0) {
      this.diagnose(`FLASH_CR.STRT asks for no erase that the chip has (SER ${(this.CR & CR_SER) >> 1}, MER ${(this.CR & CR_MER) >> 2}, SNB ${sector})`);
      return;
    }
    const parallelism = Math.min((this.CR >>> 8) & 3, 2);
    const milliseconds = sectors.reduce((sum, n) => sum + eraseMilliseconds[array.sectors[n].byteCount][parallelism], 0);
    this.SR |= SR_BSY;
    this.ctx.timeline.after(Math.ceil((milliseconds / 1000) * toNumber(this.ctx.clocks.hertz('HCLK'))), () => {
      for (const n of sectors) array.erase(n);
      this.SR &= ~SR_BSY;
      // 3.9.4: EOP rises only if its interrupt is enabled.
      if (this.CR & CR_EOPIE) this.SR |= SR_EOP;
      this.updateInterrupt();
    });
  }

  private writeOptcr(value: number): void {
    if (this.OPTCR & OPTCR_OPTLOCK) this.diagnose('FLASH_OPTCR was written while it is locked; the write is lost');
    else if ((value ^ this.OPTCR) & ~OPTCR_OPTLOCK) throw unmodelledUse(this.base + OPTCR, 'FLASH_OPTCR (option bytes)');
    else this.OPTCR |= value & OPTCR_OPTLOCK;
  }

  private updateInterrupt(): void {
    this.line.set((this.SR & SR_EOP) !== 0 && (this.CR & CR_EOPIE) !== 0);
  }

  /** Table 10: too few wait states, and the core reads rubbish. */
  private checkLatency(): void {
    const set = this.ACR & 7;
    const hclk = toNumber(this.ctx.clocks.hertz('HCLK'));
    const wanted = this.config.waitStates.findIndex((max) => hclk <= max);
    if (wanted > set) this.diagnose(`HCLK is ${hclk} Hz, which wants ${wanted} flash wait states; FLASH_ACR.LATENCY is ${set}`);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
