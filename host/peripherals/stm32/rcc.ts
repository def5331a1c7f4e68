// SPDX-License-Identifier: MIT
// Reset and clock control of the STM32F405/407 (RM0090 rev 18, chapter 7; sections below are its) and the STM32F411 (RM0383, chapter 6). Which bits
// its gate registers have, and whether PLLI2S has an input divider of its own, is the chip's data. Start-up times: DS8626.
// Without effect in the emulator, and therefore refused: clock outputs (MCO), spread spectrum (SSCGEN), the external I2S clock (I2SSRC).

import { divide, type Fraction, fraction, times, toNumber } from '../../machine/fraction.js';
import { RegisterBlock, type ClockTree, type InterruptLine, type ModelContext, type ResetCause } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import type { ClockLimits, StartUpTimes } from '../../boards/index.js';
import { ClockOutput } from './clock-edges.js';
import { clockFrequencies, pllFields, pllFrequencies, plli2sFields, type ClockState } from './clock-tree.js';
import { registerNames } from './register-names.js';
import { reportUnmodelledUse } from './unmodelled.js';

export interface RccConfig {
  /** In hertz. HSE and LSE are the board's crystals; without one, the ready flag never rises. */
  readonly oscillators: { readonly HSI: number; readonly LSI: number; readonly HSE?: number; readonly LSE?: number; readonly I2S_CKIN?: number };
  readonly startUp: StartUpTimes;
  readonly limits: ClockLimits;
  /** Clock enable and reset bits of the chip's peripherals, e.g. "APB1ENR.17". */
  readonly gates: readonly { readonly name: string; readonly enable?: string; readonly reset?: string }[];
  /** By name (AHB1ENR): reset value and the bits that exist; a register that the chip lacks is left out. */
  readonly gateRegisters: Readonly<Record<string, readonly [reset: number, bits: number]>>;
  /** PLLI2S divides its input by PLLI2SM instead of PLLM. */
  readonly plli2sM?: boolean;
  /** There is RCC_DCKCFGR with the timers' prescaler (RM0383, 6.3.24). */
  readonly timpre?: boolean;
  /** PLLI2SCFGR after reset. */
  readonly plli2sReset: number;
  /** PWR_CR.DBP: whether RCC_BDCR may be written (5.1.2). Default: yes. */
  readonly backupWritable?: () => boolean;
  /** Level of the clock security system's line to NMI. */
  readonly onSecurity?: (active: boolean) => void;
  /** BDRST was set: the RTC and its backup registers are reset as well. */
  readonly onBackupReset?: () => void;
}

const CR = 0x00, PLLCFGR = 0x04, CFGR = 0x08, CIR = 0x0c, BDCR = 0x70, CSR = 0x74, SSCGR = 0x80, PLLI2SCFGR = 0x84, DCKCFGR = 0x8c;
const DCKCFGR_TIMPRE = 1 << 24; // timers' prescaler

const PLLCFGR_PLLSRC = 1 << 22; // source of both PLLs
const PLLCFGR_SHARED = PLLCFGR_PLLSRC | 0x3f; // and PLLM: the input of both where PLLI2S has no divider of its own
const CFGR_SWS = 3 << 2; // system clock switch status, read only
const CFGR_I2SSRC = 1 << 23; // I2S clock from the I2S_CKIN pin
const CFGR_WRITABLE = 0xffff_fff3;
const CIR_ENABLES = 0x3f << 8; // LSIRDYIE, LSERDYIE, HSIRDYIE, HSERDYIE, PLLRDYIE, PLLI2SRDYIE
const CIR_CSSF = 1 << 7; // clock security system interrupt
const CR_CSSON = 1 << 19; // clock security system on
/** What rests in stop mode. */
const STOPPED = ['PCLK1', 'PCLK2', 'TIMCLK1', 'TIMCLK2', 'I2SCLK', 'PLL48CLK'];
const CSR_RMVF = 1 << 24; // remove reset flags
const CSR_RESET_FLAGS = 0xfe00_0000 | 0;
const CSR_POWER_ON = 0x0e00_0000; // PORRSTF, PINRSTF, BORRSTF
/** Flags of CSR that a reset sets (7.3.21). Any source inside of the chip pulls NRST low too (7.1.1, figure 15), so PINRSTF is always among them. */
const RESET_FLAGS: Readonly<Record<Exclude<ResetCause, 'power-on'>, number>> = {
  'low-power': (1 << 31) | (1 << 26), 'window watchdog': (1 << 30) | (1 << 26), 'independent watchdog': (1 << 29) | (1 << 26), software: (1 << 28) | (1 << 26), pin: 1 << 26,
  // 7.3.21 names no flag for standby: PWR_CSR.SBF tells.
  standby: 0,
};
const BDCR_RTCSEL = 3 << 8; // the RTC's clock
const BDCR_BDRST = 1 << 16; // backup domain software reset
const SSCGR_SSCGEN = 1 << 31; // spread spectrum on
const CR_RESET = 0x0000_1083; // HSION, HSIRDY, HSITRIM = 16; HSICAL is the factory's, of which any value is as good

/** Offsets of the enable, low-power enable and reset registers (7.3.5 to 7.3.19). */
const GATE_REGISTERS: Readonly<Record<string, number>> = {
  AHB1RSTR: 0x10, AHB2RSTR: 0x14, AHB3RSTR: 0x18, APB1RSTR: 0x20, APB2RSTR: 0x24, AHB1ENR: 0x30, AHB2ENR: 0x34, AHB3ENR: 0x38, APB1ENR: 0x40, APB2ENR: 0x44,
  AHB1LPENR: 0x50, AHB2LPENR: 0x54, AHB3LPENR: 0x58, APB1LPENR: 0x60, APB2LPENR: 0x64,
};

type Source = 'LSI' | 'LSE' | 'HSI' | 'HSE' | 'PLL' | 'PLLI2S';

/** Where a source is switched on, where it shows that it is ready, and its flag in CIR (7.3.1, 7.3.4, 7.3.20, 7.3.21). */
const SOURCES: Readonly<Record<Source, { readonly register: number; readonly on: number; readonly ready: number; readonly flag: number; readonly stopTicks: number }>> = {
  LSI: { register: CSR, on: 1 << 0, ready: 1 << 1, flag: 0, stopTicks: 3 },
  LSE: { register: BDCR, on: 1 << 0, ready: 1 << 1, flag: 1, stopTicks: 6 },
  HSI: { register: CR, on: 1 << 0, ready: 1 << 1, flag: 2, stopTicks: 6 },
  HSE: { register: CR, on: 1 << 16, ready: 1 << 17, flag: 3, stopTicks: 6 },
  PLL: { register: CR, on: 1 << 24, ready: 1 << 25, flag: 4, stopTicks: 0 },
  PLLI2S: { register: CR, on: 1 << 26, ready: 1 << 27, flag: 5, stopTicks: 0 },
};
const CR_WRITABLE = 0x050d_00f9; // PLLI2SON, PLLON, CSSON, HSEBYP, HSEON, HSITRIM, HSION
const SYSCLK_SOURCES = ['HSI', 'HSE', 'PLL'] as const;

/** Lock time in microseconds at a VCO frequency in hertz: straight lines between the data sheet's points, level beyond them. */
export function lockMicroseconds(points: StartUpTimes['pllLock'], vco: number): number {
  const above = points.findIndex((p) => p.vco >= vco);
  if (above <= 0) return points.at(above)!.microseconds;
  const [a, b] = [points[above - 1], points[above]];
  return a.microseconds + ((vco - a.vco) / (b.vco - a.vco)) * (b.microseconds - a.microseconds);
}

/** RCC, and with it the clock tree that every other model reads. Time is in HCLK cycles, so a change of HCLK moves what is pending here. */
export class Rcc extends RegisterBlock implements ClockTree {
  private readonly registers = new Map<number, number>();
  private readonly pending = new Map<Source, Appointment>();
  private readonly listeners: (() => void)[] = [];
  private readonly resetCallbacks = new Map<string, (() => void)[]>();
  private readonly gates = new Map<string, { enable?: readonly [number, number]; reset?: readonly [number, number] }>();
  /** What `enabled` has worked out since a gate was last written: it is asked at every access to a register. */
  private readonly enabledNow = new Map<string, boolean>();
  private readonly interrupt: InterruptLine;
  private readonly outputs: readonly ClockOutput[];
  private stopped = false;
  private source: ClockState['source'] = 'HSI';
  /** The independent watchdog runs, and LSI with it. */
  private lsiHeld = false;
  private clocks = new Map<string, Fraction>();

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: RccConfig) {
    super(name, base, config.timpre ? { ...registerNames.RCC, [DCKCFGR]: 'DCKCFGR' } : registerNames.RCC);
    this.interrupt = ctx.interrupt('RCC');
    this.outputs = ['MCO1', 'MCO2'].map((signal) => new ClockOutput(ctx, signal));
    for (const { name: peripheral, enable, reset } of config.gates) this.gates.set(peripheral, { enable: this.bit(enable), reset: this.bit(reset) });
    this.reset();
  }

  /** System reset (7.1.1): all but the backup domain, which is reset at power-on alone; CSR's reset flags add up until RMVF clears them. */
  reset(cause: ResetCause = 'power-on'): void {
    for (const [source, appointment] of [...this.pending]) {
      if (source === 'LSE' && cause !== 'power-on') continue;
      this.ctx.timeline.cancel(appointment);
      this.pending.delete(source);
    }
    const flags = cause === 'power-on' ? CSR_POWER_ON : (this.registers.get(CSR)! & CSR_RESET_FLAGS) | RESET_FLAGS[cause];
    for (const [name, [value]] of Object.entries(this.config.gateRegisters)) this.registers.set(GATE_REGISTERS[name], value);
    this.enabledNow.clear();
    for (const [offset, value] of [[CR, CR_RESET], [PLLCFGR, 0x2400_3010], [CFGR, 0], [CIR, 0], [CSR, flags >>> 0], [SSCGR, 0], [PLLI2SCFGR, this.config.plli2sReset]]) this.registers.set(offset, value);
    if (cause === 'power-on') this.registers.set(BDCR, 0);
    if (this.config.timpre) this.registers.set(DCKCFGR, 0);
    this.stopped = false;
    this.source = 'HSI';
    this.lsiHeld = false;
    this.refresh();
  }

  // ClockTree

  running(clock: string): boolean {
    return this.clocks.has(clock);
  }

  hertz(clock: string): Fraction {
    const hertz = this.clocks.get(clock);
    if (hertz === undefined) throw new Error(`clock ${clock} is not running`);
    return hertz;
  }

  cyclesPerTick(clock: string): Fraction {
    return divide(this.hertz('HCLK'), this.hertz(clock));
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  // Gates

  /** Whether a peripheral has its clock and is not held in reset; one without bits always has. @throws Error for a name that the chip lacks */
  enabled(peripheral: string): boolean {
    const known = this.enabledNow.get(peripheral);
    if (known !== undefined) return known;
    const gate = this.gates.get(peripheral);
    if (gate === undefined) throw new Error(`RCC knows no peripheral ${peripheral}`);
    const enabled = (gate.enable === undefined || this.isSet(gate.enable)) && (gate.reset === undefined || !this.isSet(gate.reset));
    this.enabledNow.set(peripheral, enabled);
    return enabled;
  }

  /** Calls `callback` whenever firmware sets the peripheral's reset bit. */
  onReset(peripheral: string, callback: () => void): void {
    this.resetCallbacks.set(peripheral, [...(this.resetCallbacks.get(peripheral) ?? []), callback]);
  }

  /** Switches LSI on until the next reset, whatever LSION is: a running watchdog counts by it (7.2.5). */
  holdLsi(): void {
    this.lsiHeld = true;
    if (!this.isReady('LSI') && !this.pending.has('LSI')) this.start('LSI');
  }

  /**
   * Stop mode (5.3.5): what the 1.2 V domain runs by rests, the oscillators but LSI and LSE and the PLLs are off, and HSI is what runs after it.
   * HCLK goes on as the measure of time, at HSI's rate.
   */
  enterStop(): void {
    for (const source of ['HSE', 'PLL', 'PLLI2S', 'HSI'] as const) {
      this.ctx.timeline.cancel(this.pending.get(source));
      this.pending.delete(source);
      this.setReady(source, source === 'HSI');
    }
    const on = SOURCES.HSE.on | SOURCES.PLL.on | SOURCES.PLLI2S.on;
    this.registers.set(CR, ((this.registers.get(CR)! & ~on) | SOURCES.HSI.on) >>> 0);
    this.registers.set(CFGR, this.registers.get(CFGR)! & ~(CFGR_SWS | 3));
    this.source = 'HSI';
    this.stopped = true;
    this.refresh();
  }

  leaveStop(): void {
    this.stopped = false;
    this.refresh();
  }

  /**
   * HSE fails, as by a broken crystal. With the clock security system on (7.2.7) the chip goes on with HSI, TIM1 and TIM8 break and NMI comes.
   * @throws Error when HSE does not run, or something runs by it with nobody to notice
   */
  failHse(): void {
    if (!this.isReady('HSE')) throw new Error('HSE does not run: it cannot fail');
    const used = this.inUse('HSE');
    const secured = (this.registers.get(CR)! & CR_CSSON) !== 0;
    if (used && !secured) throw new Error('HSE fails while SYSCLK comes from it and RCC_CR.CSSON is clear: the chip stands still');
    const pll = this.source === 'PLL' && used;
    if (used) {
      this.source = 'HSI';
      this.setReady('HSI', true);
      this.registers.set(CFGR, this.registers.get(CFGR)! & ~(CFGR_SWS | 3));
    }
    for (const source of pll ? (['HSE', 'PLL'] as const) : (['HSE'] as const)) {
      this.setReady(source, false);
      this.registers.set(CR, (this.registers.get(CR)! & ~SOURCES[source].on) >>> 0);
    }
    if (used) this.registers.set(CR, (this.registers.get(CR)! | SOURCES.HSI.on) >>> 0);
    this.refresh();
    if (!secured) return;
    this.registers.set(CIR, this.registers.get(CIR)! | CIR_CSSF);
    this.updateInterrupt();
    this.ctx.trigger('CSS').fire();
  }

  // Registers

  protected override readRegister(offset: number): number | undefined {
    return this.registers.get(offset);
  }

  protected override writeRegister(offset: number, value: number): boolean {
    const gate = Object.keys(this.config.gateRegisters).find((name) => GATE_REGISTERS[name] === offset);
    if (gate !== undefined) this.writeGate(gate, offset, value & this.config.gateRegisters[gate][1]);
    else if (offset === CR) this.writeSources(CR, value & CR_WRITABLE, CR_WRITABLE);
    else if (offset === PLLCFGR) this.writeConfig(PLLCFGR, value & 0x0f43_7fff, { PLL: ~0, PLLI2S: this.config.plli2sM ? PLLCFGR_PLLSRC : PLLCFGR_SHARED });
    else if (offset === PLLI2SCFGR) this.writeConfig(PLLI2SCFGR, value & (this.config.plli2sM ? 0x7000_7fff : 0x7000_7fc0), { PLLI2S: ~0 });
    else if (offset === CFGR) this.writeCfgr(value);
    else if (offset === DCKCFGR && this.config.timpre) {
      this.registers.set(DCKCFGR, value & DCKCFGR_TIMPRE);
      this.refresh();
    }
    else if (offset === CIR) this.writeCir(value);
    else if (offset === BDCR) this.writeBdcr(value);
    else if (offset === CSR) this.writeCsr(value);
    else if (offset === SSCGR) {
      if (value & SSCGR_SSCGEN) reportUnmodelledUse(this.ctx, this.name, this.base + SSCGR, 'RCC_SSCGR.SSCGEN (spread spectrum)');
      this.registers.set(SSCGR, value & 0x4fff_ffff);
    } else return false;
    return true;
  }

  private writeGate(name: string, offset: number, value: number): void {
    const before = this.registers.get(offset)!;
    this.registers.set(offset, value >>> 0);
    this.enabledNow.clear();
    if (name.endsWith('LPENR') && before & ~value) {
      this.diagnose(`${name} takes clocks away in sleep mode; in the emulator they run on`);
    }
    if (!name.endsWith('RSTR')) return;
    for (const [peripheral, { reset }] of this.gates) {
      if (reset?.[0] !== offset || !(value & ~before & reset[1])) continue;
      for (const callback of this.resetCallbacks.get(peripheral) ?? []) callback();
    }
  }

  /** Writes a register that holds ON bits, and starts and stops what they stand for. */
  private writeSources(register: number, value: number, writable: number): void {
    const before = this.registers.get(register)!;
    this.registers.set(register, ((before & ~writable) | value) >>> 0);
    for (const [source, bits] of Object.entries(SOURCES) as [Source, (typeof SOURCES)[Source]][]) {
      if (bits.register !== register || !((before ^ value) & bits.on)) continue;
      if (source === 'LSI' && this.lsiHeld) continue;
      if (value & bits.on) this.start(source);
      else if (this.inUse(source)) {
        // 7.3.1: hardware keeps an oscillator or PLL on that SYSCLK comes from.
        this.registers.set(register, (this.registers.get(register)! | bits.on) >>> 0);
        this.diagnose(`${source}ON cannot be cleared while SYSCLK comes from ${this.source}`);
      } else this.stop(source);
    }
  }

  /** Writes a PLL's configuration, but for the bits that a running PLL locks (7.3.2, 7.3.23). */
  private writeConfig(register: number, value: number, locks: Readonly<Partial<Record<'PLL' | 'PLLI2S', number>>>): void {
    const before = this.registers.get(register)!;
    let locked = 0;
    for (const [pll, mask] of Object.entries(locks)) {
      if (!(this.registers.get(CR)! & SOURCES[pll as Source].on)) continue;
      if ((before ^ value) & mask & ~locked) this.diagnose(`RCC_${registerNames.RCC[register]} was written while ${pll} is on; what ${pll} uses stays as it was`);
      locked |= mask;
    }
    this.registers.set(register, ((before & locked) | (value & ~locked)) >>> 0);
    this.refresh();
  }

  private writeCfgr(value: number): void {
    const before = this.registers.get(CFGR)!;
    if (value & CFGR_I2SSRC && this.config.oscillators.I2S_CKIN === undefined) this.diagnose('RCC_CFGR.I2SSRC takes the I2S clock from I2S_CKIN, where the board has none');
    if ((value & 3) === 3) {
      this.diagnose('RCC_CFGR.SW = 3 is not allowed; SYSCLK stays as it was');
      value = (value & ~3) | (before & 3);
    }
    const wanted = SYSCLK_SOURCES[value & 3];
    if ((value & 3) !== (before & 3) && !(this.registers.get(CR)! & SOURCES[wanted].on)) {
      this.diagnose(`SYSCLK was switched to ${wanted}, which is off; SWS will not follow before it is on and ready`);
    }
    this.registers.set(CFGR, ((value & CFGR_WRITABLE) | (before & CFGR_SWS)) >>> 0);
    this.switchWhenReady();
    this.refresh();
    this.driveOutputs();
  }

  /** 7.3.3: MCO1 has HSI, LSE, HSE or PLL, MCO2 SYSCLK, PLLI2S, HSE or PLL, divided by 1 to 5. */
  private driveOutputs(): void {
    const CFGR_VALUE = this.registers.get(CFGR)!;
    const output = (sources: readonly string[], select: number, prescaler: number): Fraction | undefined => {
      const clock = sources[(CFGR_VALUE >>> select) & 3];
      const divider = (CFGR_VALUE >>> prescaler) & 4 ? ((CFGR_VALUE >>> prescaler) & 3) + 2 : 1;
      return this.running(clock) ? times(this.cyclesPerTick(clock), fraction(divider)) : undefined;
    };
    this.outputs[0].run(output(['HSI', 'LSE', 'HSE', 'PLLCLK'], 21, 24));
    this.outputs[1].run(output(['SYSCLK', 'PLLI2SCLK', 'HSE', 'PLLCLK'], 30, 27));
  }

  private writeCir(value: number): void {
    // Bits 23 and 21..16 clear the flags 7 and 5..0; the flags themselves are read only.
    const flags = this.registers.get(CIR)! & 0xbf & ~(value >>> 16);
    this.registers.set(CIR, (value & CIR_ENABLES) | flags);
    this.updateInterrupt();
  }

  private writeBdcr(value: number): void {
    if (this.config.backupWritable?.() === false) {
      this.diagnose('RCC_BDCR was written while PWR_CR.DBP is clear; the write is lost');
      return;
    }
    const writable = 0x0001_8305; // BDRST, RTCEN, RTCSEL, LSEBYP, LSEON
    const before = this.registers.get(BDCR)!;
    // 7.3.20: once a clock is selected, a reset of the domain alone lets another be.
    if (!(value & BDCR_BDRST) && before & BDCR_RTCSEL && (before ^ value) & BDCR_RTCSEL) {
      this.diagnose('RCC_BDCR.RTCSEL was written although a clock is selected; it stays as it is until BDRST');
      value = (value & ~BDCR_RTCSEL) | (before & BDCR_RTCSEL);
    }
    this.writeSources(BDCR, value & BDCR_BDRST ? BDCR_BDRST : value & writable, writable);
    if (value & BDCR_BDRST) this.config.onBackupReset?.();
    this.refresh();
  }

  private writeCsr(value: number): void {
    this.writeSources(CSR, value & 1, 1);
    if (value & CSR_RMVF) this.registers.set(CSR, (this.registers.get(CSR)! & ~CSR_RESET_FLAGS) >>> 0);
  }

  // Oscillators and PLLs

  private start(source: Source): void {
    const microseconds = this.startMicroseconds(source);
    this.ctx.timeline.cancel(this.pending.get(source));
    if (microseconds === undefined) return;
    this.schedule(source, this.cycles(microseconds / 1e6), () => {
      this.setReady(source, true);
      this.registers.set(CIR, this.registers.get(CIR)! | (1 << SOURCES[source].flag));
      this.updateInterrupt();
      this.switchWhenReady();
      this.refresh();
    });
  }

  /** The ready flag falls some ticks of the oscillator's own clock after its ON bit, a PLL's at once (7.3.1, 7.3.20, 7.3.21). */
  private stop(source: Source): void {
    this.ctx.timeline.cancel(this.pending.get(source));
    this.pending.delete(source);
    const down = (): void => {
      this.setReady(source, false);
      this.refresh();
    };
    const { stopTicks } = SOURCES[source];
    if (stopTicks === 0 || !this.clocks.has(source)) down();
    else this.schedule(source, this.cycles(stopTicks / toNumber(this.hertz(source))), down);
  }

  private schedule(source: Source, cycles: number, action: () => void): void {
    this.pending.set(source, this.ctx.timeline.after(cycles, () => {
      this.pending.delete(source);
      action();
    }));
  }

  /** Time until a source is ready, in microseconds; undefined: it never will be. */
  private startMicroseconds(source: Source): number | undefined {
    const { oscillators, startUp } = this.config;
    if (source === 'HSI') return startUp.hsiMicroseconds;
    if (source === 'LSI') return startUp.lsiMicroseconds;
    if (source === 'PLL' || source === 'PLLI2S') return this.lockTime(source);
    if (oscillators[source] === undefined) {
      this.diagnose(`${source}ON was set, but the board has no ${source} crystal`);
      return undefined;
    }
    return source === 'HSE' ? startUp.hseMicroseconds : startUp.lseMicroseconds;
  }

  private lockTime(source: 'PLL' | 'PLLI2S'): number | undefined {
    const { limits, startUp } = this.config;
    const pll = pllFrequencies(this.state());
    if (pll === undefined) {
      this.diagnose(`${source}ON was set while the PLL's source does not run; it will not lock`);
      return undefined;
    }
    const { M: pllM, Q, fromHse } = pllFields(this.registers.get(PLLCFGR)!);
    const { M: i2sM, N: i2sN, R } = plli2sFields(this.registers.get(PLLI2SCFGR)!);
    const own = source === 'PLLI2S' && this.config.plli2sM === true;
    const M = own ? i2sM : pllM;
    const input = this.config.oscillators[fromHse ? 'HSE' : 'HSI']! / M;
    const vco = source === 'PLL' ? toNumber(pll.vco) : input * i2sN;
    const wrong: string[] = [];
    const within = (what: string, hertz: number, min: number, max: number): void => {
      if (hertz < min || hertz > max) wrong.push(`${what} of ${hertz} Hz is outside of ${min} to ${max} Hz`);
    };
    within('an input', input, limits.pllInputMin, limits.pllInputMax);
    within('a VCO', vco, limits.vcoMin, limits.vcoMax);
    if (source === 'PLL') within('an output', vco / pllFields(this.registers.get(PLLCFGR)!).P, 0, limits.pllOutputMax);
    else if (R >= 2) within('an output', vco / R, 0, limits.plli2sOutputMax);
    if (M < 2) wrong.push(`${own ? 'PLLI2SM' : 'PLLM'} = ${M} is not allowed`);
    if (source === 'PLL' && Q < 2) wrong.push(`PLLQ = ${Q} is not allowed`);
    if (source === 'PLLI2S' && R < 2) wrong.push(`PLLI2SR = ${R} is not allowed`);
    if (wrong.length > 0) {
      this.diagnose(`${source} will not lock: ${wrong.join('; ')}`);
      return undefined;
    }
    return lockMicroseconds(startUp.pllLock, vco);
  }

  private setReady(source: Source, ready: boolean): void {
    const { register, ready: bit } = SOURCES[source];
    const value = this.registers.get(register)!;
    this.registers.set(register, (ready ? value | bit : value & ~bit) >>> 0);
  }

  private isReady(source: Source): boolean {
    return (this.registers.get(SOURCES[source].register)! & SOURCES[source].ready) !== 0;
  }

  private inUse(source: Source): boolean {
    if (this.source === source) return true;
    return this.source === 'PLL' && source === (pllFields(this.registers.get(PLLCFGR)!).fromHse ? 'HSE' : 'HSI');
  }

  /** 7.2.6: a switch to a clock that is not ready happens when it becomes ready. */
  private switchWhenReady(): void {
    const wanted = SYSCLK_SOURCES[this.registers.get(CFGR)! & 3];
    if (wanted === this.source || !this.isReady(wanted)) return;
    this.source = wanted;
    this.registers.set(CFGR, ((this.registers.get(CFGR)! & ~CFGR_SWS) | (SYSCLK_SOURCES.indexOf(wanted) << 2)) >>> 0);
  }

  // The tree

  private state(): ClockState {
    const { oscillators } = this.config;
    const when = (source: 'HSI' | 'HSE' | 'LSI' | 'LSE'): number | undefined => (this.isReady(source) ? oscillators[source] : undefined);
    return {
      hse: when('HSE'), hsi: when('HSI'), lse: when('LSE'), lsi: when('LSI'), i2sCkin: this.config.oscillators.I2S_CKIN, pllReady: this.isReady('PLL'), plli2sReady: this.isReady('PLLI2S'),
      source: this.source, plli2sM: this.config.plli2sM === true, PLLCFGR: this.registers.get(PLLCFGR)!, PLLI2SCFGR: this.registers.get(PLLI2SCFGR)!, CFGR: this.registers.get(CFGR)!,
      BDCR: this.registers.get(BDCR)!, timpre: (this.registers.get(DCKCFGR)! & DCKCFGR_TIMPRE) !== 0,
    };
  }

  /** Works the tree out anew; when it has changed, moves what is pending and tells the listeners. */
  private refresh(): void {
    const before = this.clocks;
    const after = clockFrequencies(this.state());
    if (this.stopped) for (const clock of STOPPED) after.delete(clock);
    if (before.size === after.size && [...after].every(([name, f]) => before.get(name)?.n === f.n && before.get(name)?.d === f.d)) return;
    this.clocks = after;
    const [old, now] = [before.get('HCLK'), after.get('HCLK')!];
    if (old !== undefined && (old.n !== now.n || old.d !== now.d)) this.rescale(toNumber(now) / toNumber(old));
    this.checkLimits();
    for (const listener of this.listeners) listener();
    this.driveOutputs();
  }

  /** Start-up times are in seconds, appointments in HCLK cycles. */
  private rescale(ratio: number): void {
    const { timeline } = this.ctx;
    for (const [source, appointment] of [...this.pending]) {
      if (!appointment.pending) continue;
      timeline.cancel(appointment);
      this.pending.set(source, timeline.after(Math.ceil((appointment.cycle - timeline.now) * ratio), appointment.action));
    }
  }

  private checkLimits(): void {
    const { limits } = this.config;
    for (const [clock, max] of [['SYSCLK', limits.sysclkMax], ['HCLK', limits.hclkMax], ['PCLK1', limits.pclk1Max], ['PCLK2', limits.pclk2Max]] as const) {
      const hertz = this.running(clock) ? toNumber(this.hertz(clock)) : 0;
      if (hertz > max) this.diagnose(`${clock} is ${hertz} Hz; the chip allows ${max} Hz`);
    }
  }

  private cycles(seconds: number): number {
    return Math.ceil(seconds * toNumber(this.hertz('HCLK')));
  }

  private updateInterrupt(): void {
    const value = this.registers.get(CIR)!;
    this.config.onSecurity?.((value & CIR_CSSF) !== 0);
    this.interrupt.set((value & (value >>> 8) & 0x3f) !== 0);
  }

  /** "APB1ENR.17" as offset and mask. */
  private bit(place: string | undefined): readonly [number, number] | undefined {
    if (place === undefined) return undefined;
    const [register, bit] = place.split('.');
    if (!(register in this.config.gateRegisters)) throw new Error(`RCC has no register ${register} (${place})`);
    return [GATE_REGISTERS[register], (1 << Number(bit)) >>> 0];
  }

  private isSet([offset, mask]: readonly [number, number]): boolean {
    return (this.registers.get(offset)! & mask) !== 0;
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
