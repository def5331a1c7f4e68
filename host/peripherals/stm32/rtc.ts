// SPDX-License-Identifier: MIT
// Real-time clock with its backup registers: RM0090 rev 18, chapter 26; RM0383, chapter 17. The calendar begins at its reset value and counts emulated
// time alone. Registers of calibration, tamper and time stamp are kept; to switch these on is unmodelled use.

import { RegisterBlock, type ModelContext } from '../../machine/peripheral.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';
import { registerNames } from './register-names.js';
import { fromRegisters, later, toRegisters, type Moment } from './rtc-calendar.js';
import { reportUnmodelledUse } from './unmodelled.js';

export interface RtcConfig {
  /** PWR_CR.DBP: whether the backup domain may be written (5.1.2). */
  readonly writable: () => boolean;
  /** EXTI's inner lines: 17 alarms, 22 wake-up. */
  readonly exti: (line: number, active: boolean) => void;
}

const TR = 0x00, DR = 0x04, CR = 0x08, ISR = 0x0c, PRER = 0x10, WUTR = 0x14, CALIBR = 0x18, ALRMAR = 0x1c, ALRMBR = 0x20, WPR = 0x24, SSR = 0x28, SHIFTR = 0x2c;
const TSTR = 0x30, TSDR = 0x34, TSSSR = 0x38, CALR = 0x3c, TAFCR = 0x40, ALRMASSR = 0x44, ALRMBSSR = 0x48, BKP0R = 0x50, BKP19R = 0x9c;

const CR_WUCKSEL = 7, CR_REFCKON = 1 << 4, CR_BYPSHAD = 1 << 5, CR_FMT = 1 << 6, CR_DCE = 1 << 7, CR_WUTE = 1 << 10, CR_TSE = 1 << 11, CR_WUTIE = 1 << 14;
const CR_ADD1H = 1 << 16, CR_SUB1H = 1 << 17, CR_OUTPUTS = 7 << 21; // COE, OSEL
const CR_BITS = 0x00fc_ffff; // without ADD1H and SUB1H, which read as 0
const ALARMS = [
  { enable: 1 << 8, interrupt: 1 << 12, flag: 1 << 8, writable: 1 << 0, register: ALRMAR, subseconds: ALRMASSR },
  { enable: 1 << 9, interrupt: 1 << 13, flag: 1 << 9, writable: 1 << 1, register: ALRMBR, subseconds: ALRMBSSR },
] as const;
const ISR_WUTWF = 1 << 2, ISR_INITS = 1 << 4, ISR_RSF = 1 << 5, ISR_INITF = 1 << 6, ISR_INIT = 1 << 7, ISR_WUTF = 1 << 10;
const ISR_FLAGS = 0x7f00; // TAMP2F to ALRAF, cleared by zeros
const TAFCR_ENABLES = (1 << 0) | (1 << 3); // TAMP1E, TAMP2E
const WRITE_KEYS = [0xca, 0x53]; // 26.3.5
/** RTCCLK periods: into initialization mode and until a register may be written (26.3.5), out of it, and between two copies to the shadow registers. */
const SYNC = 2, RESTART = 4;
/** Registers whose bits are kept as they are, with their reset values. */
const PLAIN: Readonly<Record<number, readonly [reset: number, bits: number]>> = {
  [PRER]: [0x007f_00ff, 0x007f_7fff], [WUTR]: [0xffff, 0xffff], [CALIBR]: [0, 0x9f], [ALRMAR]: [0, 0xffff_ffff], [ALRMBR]: [0, 0xffff_ffff],
  [CALR]: [0, 0xe1ff], [TAFCR]: [0, 0x0007_ffff], [ALRMASSR]: [0, 0x0f00_7fff], [ALRMBSSR]: [0, 0x0f00_7fff],
};
const RESET_MOMENT: Moment = fromRegisters(0, 0x2101, false);

interface Calendar { readonly TR: number; readonly DR: number; readonly SSR: number }

export class Rtc extends RegisterBlock {
  private readonly values = new Map<number, number>();
  private readonly backup = new Uint32Array(20);
  private CR = 0;
  private flags = 0;
  /** Write keys taken so far; two: the registers are open. */
  private keys = 0;
  private init = false;
  /** What software has put into TR and DR in initialization mode. */
  private loaded = { TR: 0, DR: 0x2101 };
  /** The calendar at a tick of RTCCLK with a whole second begun. */
  private moment = RESET_MOMENT;
  private since = 0;
  /** Ticks from which on the flags INITF, RSF, ALRAWF, ALRBWF and WUTWF show. */
  private initAt = 0;
  private shadowAt = SYNC;
  private readonly alarmWriteAt = [0, 0];
  private wakeUpWriteAt = 0;
  /** What the shadow registers hold, and whether a read of SSR or TR keeps them until DR is read (26.3.6). */
  private shadow: Calendar = { TR: 0, DR: 0x2101, SSR: 0 };
  private locked = false;
  private readonly alarmTicks: (TickAlarm | undefined)[] = [undefined, undefined];
  private wakeUp: TickAlarm | undefined;
  private readonly clock: ClockTicks;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: RtcConfig) {
    super(name, base, registerNames.RTC);
    this.clock = new ClockTicks(ctx, 'RTCCLK');
    this.resetBackup();
  }

  /** System reset (26.3.7): the shadow registers, INIT and RSF; all else is in the backup domain. */
  reset(): void {
    if (this.init) this.leaveInit();
    this.shadow = { TR: 0, DR: 0x2101, SSR: 0 };
    this.locked = false;
    this.shadowAt = this.clock.count + SYNC;
  }

  powerOn(): void {
    this.resetBackup();
  }

  /** Reset of the backup domain: power-on, or RCC_BDCR.BDRST. */
  resetBackup(): void {
    this.clock.restart();
    this.alarmTicks.fill(undefined);
    this.wakeUp = undefined;
    for (const [offset, [value]] of Object.entries(PLAIN)) this.values.set(Number(offset), value);
    this.backup.fill(0);
    this.CR = this.flags = this.keys = this.since = this.initAt = this.wakeUpWriteAt = 0;
    this.alarmWriteAt.fill(0);
    this.init = this.locked = false;
    this.loaded = { TR: 0, DR: 0x2101 };
    this.moment = RESET_MOMENT;
    this.shadow = { TR: 0, DR: 0x2101, SSR: 0 };
    this.shadowAt = SYNC;
    this.updateLines();
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    if (offset === TR || offset === SSR) {
      const calendar = this.shown();
      this.locked = !(this.CR & CR_BYPSHAD);
      return offset === TR ? calendar.TR : calendar.SSR;
    }
    if (offset === DR) {
      const calendar = this.shown();
      this.locked = false;
      return calendar.DR;
    }
    return this.peekRegister(offset);
  }

  override peek(offset: number): number {
    // ISR's flags are cleared by zeros.
    if (offset === ISR) return (this.init ? ISR_INIT : 0) | ISR_FLAGS | ISR_RSF;
    return offset === TR ? this.loaded.TR : offset === DR ? this.loaded.DR : this.peekRegister(offset) ?? 0;
  }

  private peekRegister(offset: number): number | undefined {
    if (offset >= BKP0R && offset <= BKP19R) return this.backup[(offset - BKP0R) >> 2];
    switch (offset) {
      case CR: return this.CR;
      case ISR: return this.status();
      case WPR: case SHIFTR: case TSTR: case TSDR: case TSSSR: return 0;
      default: return this.values.get(offset);
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (this.registerNames[offset] === undefined) return false;
    if (!this.config.writable()) {
      this.diagnose(`${this.registerNames[offset]} was written while PWR_CR.DBP is clear; the write is lost`);
      return true;
    }
    if (offset >= BKP0R && offset <= BKP19R) this.backup[(offset - BKP0R) >> 2] = value;
    else if (offset === WPR) this.keys = value === WRITE_KEYS[this.keys] ? this.keys + 1 : value === WRITE_KEYS[0] ? 1 : 0;
    else if (offset === ISR) this.writeStatus(value);
    else if (offset === TAFCR) this.writeTamper(value);
    else if (this.keys < WRITE_KEYS.length) this.diagnose(`${this.registerNames[offset]} was written without the keys 0xCA and 0x53 in WPR; the write is lost`);
    else this.writeProtected(offset, value);
    this.updateLines();
    return true;
  }

  private writeProtected(offset: number, value: number): void {
    switch (offset) {
      case TR: if (this.inInit('TR')) this.loaded.TR = value & 0x007f_7f7f; break;
      case DR: if (this.inInit('DR')) this.loaded.DR = value & 0x00ff_ff3f; break;
      case PRER: if (this.inInit('PRER')) this.store(PRER, value); break;
      case CR: this.writeControl(value); break;
      case SHIFTR: this.shift(value); break;
      case WUTR:
        if (this.status() & ISR_WUTWF) this.store(WUTR, value);
        else this.diagnose('WUTR was written while WUTWF is clear; the write is lost');
        break;
      case CALIBR: if (this.inInit('CALIBR')) this.store(CALIBR, value); break;
      case CALR:
        if (value & PLAIN[CALR][1]) reportUnmodelledUse(this.ctx, this.name, this.base + CALR, `RTC_CALR = 0x${value.toString(16)} (smooth calibration)`);
        this.store(CALR, value);
        break;
      default: this.writeAlarm(offset, value);
    }
  }

  private writeAlarm(offset: number, value: number): void {
    const n = ALARMS.findIndex(({ register, subseconds }) => register === offset || subseconds === offset);
    if (n < 0) return; // the time stamp is read only
    if (!(this.status() & ALARMS[n].writable) && !this.init) {
      this.diagnose(`${this.registerNames[offset]} was written while ALR${'AB'[n]}WF is clear; the write is lost`);
      return;
    }
    this.store(offset, value);
  }

  private writeTamper(value: number): void {
    if (value & TAFCR_ENABLES) reportUnmodelledUse(this.ctx, this.name, this.base + TAFCR, `RTC_TAFCR = 0x${value.toString(16)} (tamper detection)`);
    this.store(TAFCR, value);
  }

  private inInit(register: string): boolean {
    const is = (this.status() & ISR_INITF) !== 0;
    if (!is) this.diagnose(`${register} was written outside of initialization mode (INITF is clear); the write is lost`);
    return is;
  }

  private store(offset: number, value: number): void {
    this.values.set(offset, (value & PLAIN[offset][1]) >>> 0);
  }

  private status(): number {
    const { count } = this.clock;
    let bits = this.flags;
    ALARMS.forEach(({ enable, writable }, n) => (bits |= !(this.CR & enable) && count >= this.alarmWriteAt[n] ? writable : 0));
    if (!(this.CR & CR_WUTE) && count >= this.wakeUpWriteAt) bits |= ISR_WUTWF;
    if (this.now().DR >>> 16 !== 0) bits |= ISR_INITS;
    if (this.synchronized) bits |= ISR_RSF;
    if (this.init) bits |= ISR_INIT | (count >= this.initAt ? ISR_INITF : 0);
    return bits;
  }

  /** 26.6.4: INIT, and flags that fall by zeros. */
  private writeStatus(value: number): void {
    this.flags &= value | ~ISR_FLAGS;
    if (!(value & ISR_RSF)) this.shadowAt = this.clock.count + SYNC;
    if (this.keys < WRITE_KEYS.length) {
      if ((value & ISR_INIT) !== 0 && !this.init) this.diagnose('ISR.INIT was set without the keys 0xCA and 0x53 in WPR; it stays clear');
      return;
    }
    if (value & ISR_INIT && !this.init) this.enterInit();
    else if (!(value & ISR_INIT) && this.init) this.leaveInit();
  }

  // Calendar

  /** RTCCLK periods in a period of ck_apre and of ck_spre (26.3.1). */
  private get fine(): number {
    return ((this.values.get(PRER)! >>> 16) & 0x7f) + 1;
  }
  private get second(): number {
    return this.fine * ((this.values.get(PRER)! & 0x7fff) + 1);
  }
  private get twelve(): boolean {
    return (this.CR & CR_FMT) !== 0;
  }
  /** Ticks since `since`; none while the calendar has not begun to count. */
  private get elapsed(): number {
    return Math.max(0, this.clock.count - this.since);
  }

  private now(): Calendar {
    if (this.init) return { ...this.loaded, SSR: this.values.get(PRER)! & 0x7fff };
    const moment = later(this.moment, Math.floor(this.elapsed / this.second));
    const prescaler = this.values.get(PRER)! & 0x7fff;
    return { ...toRegisters(moment, this.twelve), SSR: this.clock.running || this.elapsed > 0 ? prescaler - Math.floor((this.elapsed % this.second) / this.fine) : 0 };
  }

  private get synchronized(): boolean {
    return !this.init && !(this.CR & CR_BYPSHAD) && this.clock.count >= this.shadowAt;
  }

  /** What TR, DR and SSR read as: the calendar itself with BYPSHAD, else the shadow registers. */
  private shown(): Calendar {
    if (this.CR & CR_BYPSHAD) return this.now();
    if (this.synchronized && !this.locked) this.shadow = this.now();
    return this.shadow;
  }

  private enterInit(): void {
    const { TR: time, DR: date } = this.now();
    this.loaded = { TR: time, DR: date };
    this.init = true;
    this.initAt = this.clock.count + SYNC;
    this.planAlarms();
  }

  private leaveInit(): void {
    this.init = false;
    this.moment = fromRegisters(this.loaded.TR, this.loaded.DR, this.twelve);
    this.since = this.clock.count + RESTART;
    this.shadowAt = this.since + SYNC;
    this.planAlarms();
    this.planWakeUp();
  }

  /** Moves the calendar by whole seconds and by ticks of ck_apre. */
  private move(seconds: number, fineTicks = 0): void {
    const whole = Math.floor(this.elapsed / this.second);
    this.moment = later(this.moment, whole + seconds);
    this.since += whole * this.second + fineTicks * this.fine;
    if (this.since > this.clock.count) {
      this.moment = later(this.moment, -1);
      this.since -= this.second;
    }
    this.planAlarms();
  }

  /** 26.3.8: a second more, and a fraction less. */
  private shift(value: number): void {
    this.move((value & 0x8000_0000) !== 0 ? 1 : 0, value & 0x7fff);
    this.shadowAt = this.clock.count + SYNC;
  }

  private writeControl(value: number): void {
    const unmodelled: [number, string][] = [[CR_REFCKON, 'REFCKON (reference clock)'], [CR_DCE, 'DCE (coarse calibration)'], [CR_TSE, 'TSE (time stamp)'], [CR_OUTPUTS, 'COE or OSEL (outputs)']];
    for (const [bits, what] of unmodelled) if (value & ~this.CR & bits) reportUnmodelledUse(this.ctx, this.name, this.base + CR, `RTC_CR.${what}`);
    const before = this.CR;
    let fixed = 0;
    // 26.6.3: these are changed in initialization mode alone, and the wake-up timer's clock while it is off.
    if (!(this.status() & ISR_INITF)) fixed |= CR_FMT | CR_REFCKON | CR_DCE;
    if (!(this.status() & ISR_WUTWF)) fixed |= CR_WUCKSEL;
    if ((value ^ before) & fixed & ~CR_WUCKSEL) this.diagnose('CR.FMT, REFCKON or DCE was written outside of initialization mode; it stays as it was');
    if ((value ^ before) & fixed & CR_WUCKSEL) this.diagnose('CR.WUCKSEL was written while WUTWF is clear; it stays as it was');
    this.CR = ((value & CR_BITS & ~fixed) | (before & fixed)) >>> 0;
    const { seconds } = later(this.moment, Math.floor(this.elapsed / this.second));
    if (value & CR_ADD1H && !this.init) this.move(3600);
    if (value & CR_SUB1H && !this.init && seconds >= 3600) this.move(-3600);
    const { count } = this.clock;
    ALARMS.forEach(({ enable }, n) => before & ~this.CR & enable && (this.alarmWriteAt[n] = count + SYNC));
    if (before & ~this.CR & CR_WUTE) this.wakeUpWriteAt = count + SYNC;
    if (before & ~this.CR & CR_BYPSHAD) this.shadowAt = count + SYNC;
    this.planAlarms();
    if ((before ^ this.CR) & CR_WUTE) this.planWakeUp();
  }

  // Alarms and wake-up

  private planAlarms(): void {
    ALARMS.forEach((_, n) => {
      this.clock.cancel(this.alarmTicks[n]);
      this.alarmTicks[n] = undefined;
      if (this.CR & ALARMS[n].enable && !this.init) this.planAlarm(n);
    });
  }

  /** Looks at the alarm at the next tick at which its sub-seconds match: with none to compare, as a second begins (26.6.19). */
  private planAlarm(n: number): void {
    const { count } = this.clock;
    const begun = this.since + Math.floor(this.elapsed / this.second) * this.second;
    const next = count < this.since ? this.since : begun + this.second;
    const register = this.values.get(ALARMS[n].subseconds)!;
    const masked = (register >>> 24) & 0xf;
    let tick = next;
    if (masked > 0) {
      const modulus = 2 ** masked;
      const prescaler = this.values.get(PRER)! & 0x7fff;
      // SSR falls from PREDIV_S; it is congruent to SS after so many ticks of ck_apre, and then every `modulus`.
      const first = (((prescaler - (register & 0x7fff)) % modulus) + modulus) % modulus;
      const from = (second: number): number => second + first * this.fine;
      const period = modulus * this.fine;
      const after = from(begun) > count ? from(begun) : from(begun) + (Math.floor((count - from(begun)) / period) + 1) * period;
      tick = after < next ? after : from(next) < next + this.second ? from(next) : next + this.second;
    }
    this.alarmTicks[n] = this.clock.at(tick, () => {
      if (this.matches(n)) this.flags |= ALARMS[n].flag;
      this.updateLines();
      this.planAlarm(n);
    });
  }

  /** 26.6.9: every field that is not masked, and the sub-seconds. */
  private matches(n: number): boolean {
    const alarm = this.values.get(ALARMS[n].register)!;
    const { TR: time, DR: date, SSR: fraction } = this.now();
    const field = (mask: number, bits: number): boolean => (alarm & mask) !== 0 || ((alarm ^ time) & bits) === 0;
    const weekday = (date >>> 13) & 7;
    const day = alarm & (1 << 30) ? ((alarm >>> 24) & 0xf) === weekday : ((alarm >>> 24) & 0x3f) === (date & 0x3f);
    const register = this.values.get(ALARMS[n].subseconds)!;
    const fractionMask = 2 ** ((register >>> 24) & 0xf) - 1;
    return field(1 << 7, 0x7f) && field(1 << 15, 0x7f00) && field(1 << 23, 0x7f_0000) && ((alarm & 0x8000_0000) !== 0 || day) && ((register ^ fraction) & fractionMask) === 0;
  }

  /** 26.3.4: WUT + 1 periods of RTCCLK / 16, 8, 4, 2 or of ck_spre, with 2^16 more of these on top where WUCKSEL says so. */
  private planWakeUp(): void {
    this.clock.cancel(this.wakeUp);
    this.wakeUp = undefined;
    if (!(this.CR & CR_WUTE)) return;
    const select = this.CR & CR_WUCKSEL;
    const counts = this.values.get(WUTR)! + 1 + (select >= 6 ? 0x1_0000 : 0);
    const period = select < 4 ? 16 >> select : this.second;
    const from = select < 4 ? this.clock.count : this.since + Math.floor(this.elapsed / this.second) * this.second;
    const due = (tick: number): void => {
      this.wakeUp = this.clock.at(tick, () => {
        this.flags |= ISR_WUTF;
        this.updateLines();
        due(tick + counts * period);
      });
    };
    due(from + counts * period);
  }

  private updateLines(): void {
    this.config.exti(17, ALARMS.some(({ flag, interrupt }) => (this.flags & flag) !== 0 && (this.CR & interrupt) !== 0));
    this.config.exti(22, (this.flags & ISR_WUTF) !== 0 && (this.CR & CR_WUTIE) !== 0);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
