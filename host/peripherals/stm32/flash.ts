// SPDX-License-Identifier: MIT
// Embedded flash memory and its interface, STM32F405/407: RM0090 rev 18, chapter 3; STM32F411: RM0383, chapter 3. Wait states are checked against HCLK
// here; what they cost, and that the core waits for the flash while it is busy, is the core's to do: see `access` and `busyUntil`.

import { BusError, hex } from '../../machine/errors.js';
import { toNumber } from '../../machine/fraction.js';
import type { MemoryRegion } from '../../machine/bus.js';
import { RegisterBlock, type AccessSize, type InterruptLine, type ModelContext } from '../../machine/peripheral.js';
import { FlashOperations } from './flash-operations.js';
import { OPTION_BITS, OptionBytes, RDP_LEVEL_0, RDP_LEVEL_2, rdpOf } from './option-bytes.js';
import { Otp } from './otp.js';
import { registerNames } from './register-names.js';

/** Typical times (DS8626 and DS10314, flash memory programming). A list has one entry each for x8, x16, x32 and x64. */
export interface FlashTimes {
  readonly programMicroseconds: number;
  /** By sector size in bytes. */
  readonly eraseMilliseconds: Readonly<Record<number, readonly number[]>>;
  readonly massEraseMilliseconds: readonly number[];
}

export interface FlashConfig extends FlashTimes {
  /** Entry n: highest HCLK in hertz at n wait states. */
  readonly waitStates: readonly number[];
  readonly origin: number;
  readonly sectors: readonly { readonly origin: number; readonly byteCount: number }[];
  readonly vddMillivolts: number;
}

/** What a fetch costs: wait states that firmware has set, and the accelerators that it has switched on or holds in reset. */
export interface FlashAccess {
  readonly waitStates: number;
  readonly prefetch: boolean;
  readonly instructionCache: boolean;
  readonly dataCache: boolean;
  readonly instructionCacheReset: boolean;
  readonly dataCacheReset: boolean;
}

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;
const ACR_PRFTEN = 1 << 8, ACR_ICEN = 1 << 9, ACR_DCEN = 1 << 10; // prefetch, instruction cache, data cache
const ACR_ICRST = 1 << 11, ACR_DCRST = 1 << 12; // cache resets
const SR_EOP = 1 << 0; // end of operation
const SR_OPERR = 1 << 1; // an operation could not be run
const SR_WRPERR = 1 << 4; // write protection error
const SR_PGAERR = 1 << 5; // programming alignment error
const SR_PGPERR = 1 << 6; // programming parallelism error
const SR_PGSERR = 1 << 7; // programming sequence error
const SR_BSY = 1 << 16; // operation in progress
const SR_FLAGS = SR_EOP | SR_OPERR | SR_WRPERR | SR_PGAERR | SR_PGPERR | SR_PGSERR;
const CR_PG = 1 << 0; // programming
const CR_SER = 1 << 1; // sector erase
const CR_MER = 1 << 2; // mass erase
const CR_STRT = 1 << 16; // start an erase
const CR_EOPIE = 1 << 24; // interrupt at the end of an operation
const CR_ERRIE = 1 << 25; // interrupt at an error
const CR_LOCK = (1 << 31) >>> 0; // CR is locked
const CR_BITS = 0x0301_037f; // ERRIE, EOPIE, STRT, PSIZE, SNB, MER, SER, PG
const OPTCR_OPTLOCK = 1 << 0;
const OPTCR_OPTSTRT = 1 << 1;
const KEYS = [0x4567_0123, 0xcdef_89ab]; // 3.6.1
const OPTION_KEYS = [0x0819_2a3b, 0x4c5d_6e7f]; // 3.7.2
/** Programming takes whole rows of this many bytes (3.6.4). */
const ROW_BYTES = 16;
/** Lowest supply in millivolts for x8, x16, x32 (table 12); x64 wants 8 to 9 V on VPP besides. */
const PARALLELISM_MILLIVOLTS = [1800, 2100, 2700, 2700];

export class Flash extends RegisterBlock {
  /** The main memory. Bytes may be put in from outside before a run; a write on the bus goes to `store`. */
  readonly region: MemoryRegion;
  readonly otp: Otp;
  readonly options: OptionBytes;
  private ACR = 0;
  private SR = 0;
  private CR = CR_LOCK;
  private OPTCR: number;
  /** Keys of each sequence taken so far; -1: a wrong one has locked the register until reset. */
  private readonly progress = { [KEYR]: 0, [OPTKEYR]: 0 };
  private readonly operations: FlashOperations;
  /** First word of a double word that is programmed at once (x64), by its address. */
  private half: { readonly address: number; readonly value: number } | undefined;
  private readonly line: InterruptLine;
  private readonly changeListeners: ((offset: number, byteCount: number) => void)[] = [];
  private readonly accessListeners: (() => void)[] = [];

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: FlashConfig) {
    super(name, base, registerNames.FLASH);
    const byteCount = config.sectors.reduce((sum, sector) => sum + sector.byteCount, 0);
    const { origin } = config;
    this.region = {
      name: 'FLASH', origin, bytes: new Uint8Array(byteCount).fill(0xff), dma: true, write: (at, value, size) => this.store(origin + at, value, size),
    };
    this.otp = new Otp(byteCount, (address, value, size) => this.store(address, value, size));
    this.options = new OptionBytes();
    this.OPTCR = this.options.value | OPTCR_OPTLOCK;
    this.operations = new FlashOperations(ctx, () => this.updateInterrupt());
    this.line = ctx.interrupt('FLASH');
    ctx.clocks.onChange(() => this.checkLatency());
  }

  /** System reset: what was going on has no effect; memories and option bytes stay, and OPTCR is loaded from these (3.7.2). */
  reset(): void {
    this.operations.abort();
    this.half = undefined;
    this.ACR = 0;
    this.SR = 0;
    this.CR = CR_LOCK;
    this.OPTCR = this.options.value | OPTCR_OPTLOCK;
    this.progress[KEYR] = this.progress[OPTKEYR] = 0;
    this.line.set(false);
    for (const listener of this.accessListeners) listener();
  }

  get access(): FlashAccess {
    const has = (bit: number): boolean => (this.ACR & bit) !== 0;
    return {
      waitStates: this.ACR & 7, prefetch: has(ACR_PRFTEN), instructionCache: has(ACR_ICEN), dataCache: has(ACR_DCEN),
      instructionCacheReset: has(ACR_ICRST), dataCacheReset: has(ACR_DCRST),
    };
  }

  /** Calls `listener` after ACR was written. */
  onAccessChange(listener: () => void): void {
    this.accessListeners.push(listener);
  }

  /** Cycle until which every fetch and every access to flash memory waits, at the present clock; in the past when the flash is not busy (3.6). */
  get busyUntil(): number {
    return this.operations.until;
  }

  /** Calls `listener` whenever an operation begins: `busyUntil` has grown. */
  onBusy(listener: () => void): void {
    this.operations.onStart(listener);
  }

  /** Calls `listener` after bytes of main memory have changed: offset from its start and their number. */
  onChange(listener: (offset: number, byteCount: number) => void): void {
    this.changeListeners.push(listener);
  }

  /** A write by the core to flash memory or OTP: programs it, if that has been set up (3.6.4). It waits for what is going on. */
  store(address: number, value: number, size: AccessSize): void {
    if (this.operations.busy) this.operations.add({ microseconds: 0, run: () => this.program(address, value, size) });
    else this.program(address, value, size);
  }

  protected override readRegister(offset: number): number | undefined {
    switch (offset) {
      case ACR: return this.ACR;
      case KEYR: case OPTKEYR: return 0;
      case SR: return this.SR | (this.operations.busy ? SR_BSY : 0);
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
      case CR: this.whenIdle('FLASH_CR', () => this.writeCr(value >>> 0)); break;
      case OPTCR: this.whenIdle('FLASH_OPTCR', () => this.writeOptcr(value)); break;
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
    if ((value & ACR_ICRST && value & ACR_ICEN) || (value & ACR_DCRST && value & ACR_DCEN)) {
      this.diagnose('a cache was reset while it is on; the chip resets it only while it is off');
    }
    this.ACR = value & 0x1f07;
    this.checkLatency();
    for (const listener of this.accessListeners) listener();
  }

  /** 3.6.1, 3.7.2: a wrong key is a bus error and locks the register until the next reset. */
  private key(register: typeof KEYR | typeof OPTKEYR, keys: readonly number[], value: number, unlock: () => void): void {
    const done = this.progress[register];
    if (done < 0 || value >>> 0 !== keys[done]) {
      this.progress[register] = -1;
      const where = `FLASH_${this.registerNames[register]} at ${hex(this.base + register)}`;
      throw new BusError(this.base + register, 'write', `write of ${hex(value)} to ${where}: not the key that is due; locked until reset`);
    }
    this.progress[register] = (done + 1) % keys.length;
    if (done + 1 === keys.length) unlock();
  }

  /** A control register that is written while the flash is busy holds the bus up until it is not (3.6.1). */
  private whenIdle(register: string, write: () => void): void {
    if (!this.operations.busy) {
      write();
      return;
    }
    this.diagnose(`${register} was written while an operation is in progress; the core waits for its end`);
    this.operations.add({ microseconds: 0, run: write });
  }

  private writeCr(value: number): void {
    if (this.CR & CR_LOCK) {
      this.diagnose('FLASH_CR was written while it is locked; the write is lost');
      return;
    }
    this.CR = ((value & CR_BITS) | (value & CR_LOCK)) >>> 0;
    this.half = undefined;
    if (value & CR_STRT) this.erase();
    this.updateInterrupt();
  }

  private get parallelism(): number {
    return (this.CR >>> 8) & 3;
  }

  private erase(): void {
    const { sectors, eraseMilliseconds, massEraseMilliseconds } = this.config;
    const sector = (this.CR >>> 3) & 0xf;
    const mass = (this.CR & CR_MER) !== 0;
    // 3.6.3: with SER and MER both set, neither erase is done.
    if (mass === ((this.CR & CR_SER) !== 0) || (!mass && sector >= sectors.length)) {
      this.CR = (this.CR & ~CR_STRT) >>> 0;
      this.diagnose(`FLASH_CR.STRT asks for no erase that the chip has (SER ${(this.CR & CR_SER) >> 1}, MER ${(this.CR & CR_MER) >> 2}, SNB ${sector})`);
      return;
    }
    const wanted = mass ? sectors.map((_, n) => n) : [sector];
    if (wanted.some((n) => this.options.isProtected(n))) {
      this.CR = (this.CR & ~CR_STRT) >>> 0;
      this.fail(SR_WRPERR);
      return;
    }
    this.checkSupply();
    const milliseconds = mass ? massEraseMilliseconds[this.parallelism] : eraseMilliseconds[sectors[sector].byteCount][this.parallelism];
    this.operations.add({ microseconds: milliseconds * 1000, run: () => {
      for (const n of wanted) this.eraseSector(n);
      this.CR = (this.CR & ~CR_STRT) >>> 0;
      this.succeed();
    } });
  }

  private eraseSector(n: number): void {
    const { origin, byteCount } = this.config.sectors[n];
    const offset = origin - this.config.origin;
    this.region.bytes.fill(0xff, offset, offset + byteCount);
    for (const listener of this.changeListeners) listener(offset, byteCount);
  }

  private program(address: number, value: number, size: AccessSize): void {
    const wide = this.parallelism === 3;
    // 3.9.4: a write while the control register is not set up for it.
    if (this.CR & CR_LOCK || !(this.CR & CR_PG) || this.CR & (CR_SER | CR_MER)) this.fail(SR_PGSERR, true);
    else if ((address % ROW_BYTES) + size > ROW_BYTES) this.fail(SR_PGAERR);
    else if (size !== (wide ? 4 : 1 << this.parallelism) || address % size !== 0) this.fail(SR_PGPERR);
    else if (this.protectedAt(address)) this.fail(SR_WRPERR);
    else if (wide) this.programDoubleWord(address, value);
    else this.start(address, value, size);
  }

  /** x64: two word writes, the lower address first, are one operation (3.6.4). */
  private programDoubleWord(address: number, value: number): void {
    const { half } = this;
    this.half = undefined;
    if (half === undefined && address % 8 === 0) this.half = { address, value };
    else if (half !== undefined && address === half.address + 4) {
      this.start(half.address, half.value, 4);
      this.burn(address, value, 4);
    } else this.fail(SR_PGPERR);
  }

  private start(address: number, value: number, size: AccessSize): void {
    this.checkSupply();
    this.burn(address, value, size);
    this.operations.add({ microseconds: this.config.programMicroseconds, run: () => this.succeed() });
  }

  /** Programming takes bits from 1 to 0 only. */
  private burn(address: number, value: number, size: AccessSize): void {
    const { origin, bytes } = this.region;
    const offset = address - origin;
    const main = offset >= 0 && offset < bytes.length;
    for (let i = 0; i < size; i++) {
      const byte = (value >>> (8 * i)) & 0xff;
      if (main) bytes[offset + i] &= byte;
      else this.otp.burn(address + i, byte);
    }
    if (main) for (const listener of this.changeListeners) listener(offset, size);
  }

  private protectedAt(address: number): boolean {
    const sector = this.config.sectors.findIndex(({ origin, byteCount }) => address >= origin && address < origin + byteCount);
    return sector < 0 ? this.otp.isProtected(address) : this.options.isProtected(sector);
  }

  // Results

  private succeed(): void {
    // 3.9.4: EOP rises only if its interrupt is enabled.
    if (this.CR & CR_EOPIE) this.SR |= SR_EOP;
  }

  /** An operation that cannot be run: OPERR besides, if its interrupt is enabled and the flag is one of those that it stands for (3.9.4). */
  private fail(flag: number, sequence = false): void {
    this.SR |= flag;
    if (!sequence && this.CR & CR_ERRIE) this.SR |= SR_OPERR;
    this.updateInterrupt();
  }

  // Option bytes

  private writeOptcr(value: number): void {
    if (this.OPTCR & OPTCR_OPTLOCK) {
      this.diagnose('FLASH_OPTCR was written while it is locked; the write is lost');
      return;
    }
    this.OPTCR = (value & (OPTION_BITS | OPTCR_OPTSTRT | OPTCR_OPTLOCK)) >>> 0;
    if (value & OPTCR_OPTSTRT) this.programOptions();
  }

  /** 3.7.2: the user configuration sector is erased and programmed. The data sheets give no time for it; it takes that of a 16 KB sector here. */
  private programOptions(): void {
    const level = rdpOf(this.options.value);
    if (level === RDP_LEVEL_2) {
      this.OPTCR &= ~OPTCR_OPTSTRT;
      this.fail(SR_WRPERR);
      return;
    }
    // 3.7.3: going from level 1 to level 0 erases the main memory first.
    const erases = level !== RDP_LEVEL_0 && rdpOf(this.OPTCR) === RDP_LEVEL_0;
    const { eraseMilliseconds, massEraseMilliseconds } = this.config;
    const milliseconds = eraseMilliseconds[16384][this.parallelism] + (erases ? massEraseMilliseconds[this.parallelism] : 0);
    this.operations.add({ microseconds: milliseconds * 1000, run: () => {
      if (erases) this.config.sectors.forEach((_, n) => this.eraseSector(n));
      this.options.program(this.OPTCR);
      this.OPTCR &= ~OPTCR_OPTSTRT;
      this.succeed();
    } });
  }

  // Checks

  private updateInterrupt(): void {
    this.line.set(((this.SR & SR_EOP) !== 0 && (this.CR & CR_EOPIE) !== 0) || ((this.SR & SR_OPERR) !== 0 && (this.CR & CR_ERRIE) !== 0));
  }

  /** Table 10: too few wait states, and the core reads rubbish. */
  private checkLatency(): void {
    const set = this.ACR & 7;
    const hclk = toNumber(this.ctx.clocks.hertz('HCLK'));
    const wanted = this.config.waitStates.findIndex((max) => hclk <= max);
    if (wanted > set) this.diagnose(`HCLK is ${hclk} Hz, which wants ${wanted} flash wait states; FLASH_ACR.LATENCY is ${set}`);
  }

  /** 3.6.2: more bits at once want more voltage. */
  private checkSupply(): void {
    const { vddMillivolts } = this.config;
    const wanted = PARALLELISM_MILLIVOLTS[this.parallelism];
    if (vddMillivolts < wanted) this.diagnose(`FLASH_CR.PSIZE = ${this.parallelism} wants ${wanted} mV; VDD is ${vddMillivolts} mV`);
    else if (this.parallelism === 3) this.diagnose('FLASH_CR.PSIZE = 3 (x64) wants 8 to 9 V on VPP, which only a programmer has');
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
