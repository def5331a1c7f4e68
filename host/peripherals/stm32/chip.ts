// SPDX-License-Identifier: MIT
// An STM32F4 put together from a board's data: every peripheral that has a model, at its address, behind its clock gate; the rest by name.

import type { BoardPeripheral, Stm32Board } from '../../boards/index.js';
import type { MemoryRegion } from '../../machine/bus.js';
import { EXCEPTION, FIRST_IRQ } from '../../machine/exceptions.js';
import { toNumber } from '../../machine/fraction.js';
import type { Machine } from '../../machine/machine.js';
import type { Peripheral, ResetCause } from '../../machine/peripheral.js';
import { Adc } from './adc.js';
import { AdcCommon, type AdcCommonConfig } from './adc-common.js';
import { Bkpsram } from './bkpsram.js';
import { CanFilters } from './can-filters.js';
import { Can } from './can.js';
import { Crc } from './crc.js';
import { Dac, type DacConfig } from './dac.js';
import { Dbgmcu, type DbgmcuConfig } from './dbgmcu.js';
import { Dma, type DmaConfig } from './dma.js';
import { Exti } from './exti.js';
import { Flash, type FlashTimes } from './flash.js';
import { Gpio, type GpioConfig } from './gpio.js';
import { I2c } from './i2c.js';
import { Iwdg } from './iwdg.js';
import { Otg, type OtgConfig } from './otg.js';
import { PadRouter, type Pad } from './pad-router.js';
import { Pwr, type PwrConfig } from './pwr.js';
import { Rcc, type RccConfig } from './rcc.js';
import { registerNames } from './register-names.js';
import { Rng } from './rng.js';
import { Rtc } from './rtc.js';
import { Spi, type SpiConfig } from './spi.js';
import { Syscfg, type MemoryAtZero } from './syscfg.js';
import { Tim, type TimConfig } from './tim.js';
import { Usart } from './usart.js';
import { Wwdg } from './wwdg.js';

const SRAM1 = 0x2000_0000;

/** A model that the RCC's reset bits act on. */
interface Resettable {
  reset(): void;
  /** What a system reset leaves alone. */
  powerOn?(): void;
  /** What happens as soon as the whole chip has been reset. */
  released?(): void;
}

export class Stm32 {
  private readonly dmas = new Map<string, Dma>();
  private readonly spis: Spi[] = [];
  private readonly models: Resettable[] = [];
  private flashModel: Flash | undefined;
  private readonly systemMemory = systemMemory();

  private pwr!: Pwr;

  constructor(private readonly router: PadRouter, private readonly machine: Machine, private readonly rcc: Rcc, private readonly syscfg: Syscfg) {}

  addPwr(pwr: Pwr): Pwr {
    return (this.pwr = pwr);
  }

  /** What WFI or WFE with SCR.SLEEPDEEP means (RM0090 5.3): PWR_CR.PDDS. */
  get deepSleep(): 'stop' | 'standby' {
    return this.pwr.deepSleep;
  }

  /**
   * Stop mode: clocks but LSI and LSE rest, all else is kept. What still can pend an interrupt is an EXTI line, and WFE's event is the
   * trigger line EVENT (RM0090 12.2.3), so the core's usual rules of waking hold; SysTick is the core's to stop. Then comes `leaveStop`.
   */
  enterStop(): void {
    this.rcc.enterStop();
  }

  /** The core wakes from stop mode, on HSI. @returns core cycles until it goes on */
  leaveStop(): number {
    this.rcc.leaveStop();
    return Math.ceil((this.pwr.stopWakeMicroseconds * toNumber(this.rcc.hertz('HCLK'))) / 1e6);
  }

  /**
   * Standby mode: registers and memories are lost but for the backup domain, and pads float. A wake-up event asks the machine for a reset
   * of cause standby; until then the core has nothing to do but to let time pass.
   */
  enterStandby(): void {
    const wake = (): void => this.machine.requestReset('standby');
    this.pwr.enterStandby(wake);
    this.reset('standby');
    this.rcc.enterStop();
    if (this.pwr.wakesAtOnce) wake();
  }

  /** HSE fails, as by a broken crystal. @throws Error when that would leave the chip without a clock */
  failHse(): void {
    this.rcc.failHse();
  }

  /** Another supply voltage, in millivolts, for the voltage detector. */
  setSupply(millivolts: number): void {
    this.pwr.setSupply(millivolts);
  }

  /**
   * A system reset (RM0090 7.1.1): every model is at its reset values and has nothing left to do; the backup domain stays, unless it is power-on.
   * RCC_CSR says why. The core is not the chip's: whoever restarts it resets its blocks and memories as well.
   */
  reset(cause: ResetCause): void {
    // The clocks last: until then the models count in those that they were set up for.
    for (const model of this.models) {
      if (cause === 'power-on') model.powerOn?.();
      if (model !== this.rcc) model.reset();
    }
    this.rcc.reset(cause);
    this.machine.unmodelled.reset();
    for (const model of this.models) model.released?.();
  }

  addModel<T extends Resettable>(model: T): T {
    this.models.push(model);
    return model;
  }

  /** The flash memory and its controller. */
  get flash(): Flash {
    return this.flashModel!;
  }

  /** Memories of the chip that are no RAM, for the bus: flash, the boot loader's, OTP with the electronic signature, option bytes. */
  get memories(): readonly MemoryRegion[] {
    const { region, otp, options } = this.flash;
    return [region, this.systemMemory, otp.region, options.region];
  }

  setFlash(flash: Flash): Flash {
    this.flashModel = flash;
    return flash;
  }

  /** Tells of SYSCFG_MEMRMP: the origin of the memory that is seen at address 0 from now on. */
  onRemap(listener: (origin: number) => void): void {
    const origins: Record<MemoryAtZero, number> = { flash: this.flash.region.origin, 'system memory': this.systemMemory.origin, SRAM: SRAM1 };
    this.syscfg.onRemap = (memory) => listener(origins[memory]);
  }

  /** A pad by the data sheet's name (PA3). */
  pad(name: string): Pad {
    return this.router.pad(name);
  }

  /** A DMA controller by name, e.g. to inject a fault. @throws Error when the chip has none of that name */
  dma(name: string): Dma {
    const dma = this.dmas.get(name);
    if (!dma) throw new Error(`the chip has no DMA controller ${name}`);
    return dma;
  }

  addDma(dma: Dma): Dma {
    this.dmas.set(dma.name, dma);
    return dma;
  }
  addSpi(spi: Spi): Spi {
    this.spis.push(spi);
    return spi;
  }

  /** Delivers what has left the transmitters until now: at the end of a run, before the audio is looked at. */
  settle(): void {
    for (const spi of this.spis) spi.settle();
  }
}

/** The boot loader's 30 KB (RM0090 table 5; the same on the STM32F411). What is in there is ST's, so it reads as erased here; it cannot be written. */
const systemMemory = (): MemoryRegion => ({ name: 'system memory', origin: 0x1fff_0000, bytes: new Uint8Array(30 * 1024).fill(0xff), dma: false, write: () => {} });

/** Plugs the chip into the machine: clocks, pads, models, and the names of what is not modelled. */
export function plugStm32(machine: Machine, board: Stm32Board): Stm32 {
  const router = new PadRouter(machine.timeline, (finding) => machine.diagnose(finding), board.supplyMillivolts / 1000);
  machine.analog = (pad) => router.pad(pad).analog;
  machine.signal = (name) => router.signal(name);
  machine.padsOf = (signal) => router.padsOf(signal);
  const find = (name: string): BoardPeripheral => board.peripherals.find((p) => p.name === name)!;
  const base = (name: string): number => find(name).base;
  let pwr: Pwr | undefined;
  const nmi = machine.exceptions.line(EXCEPTION.NMI - FIRST_IRQ);
  let rtc: Rtc | undefined;
  let exti: Exti | undefined;
  const rcc = new Rcc('RCC', base('RCC'), machine, {
    oscillators: { ...board.internalOscillators, ...board.oscillators }, startUp: board.startUp, limits: board.limits, gates: board.peripherals,
    ...(find('RCC').config as unknown as Pick<RccConfig, 'gateRegisters' | 'plli2sM' | 'plli2sReset'>),
    backupWritable: () => pwr?.backupWritable ?? false, onBackupReset: () => rtc?.resetBackup(),
    onSecurity: (active) => nmi.set(active),
  });
  machine.clocks = rcc;
  const ports = board.peripherals.filter((p) => p.model === 'gpio').map((p) => String(p.config.port)).join('');
  const syscfg = new Syscfg('SYSCFG', base('SYSCFG'), machine, { ports });
  const chip = new Stm32(router, machine, rcc, syscfg);
  pwr = chip.addPwr(new Pwr('PWR', base('PWR'), machine, {
    vddMillivolts: board.supplyMillivolts, wakeUpPad: router.pad('PA0'), onVoltage: (below) => exti?.input(16, below ? 1 : 0),
    ...(find('PWR').config as unknown as Omit<PwrConfig, 'vddMillivolts'>),
  }));

  const adcCommonOf = board.peripherals.find((p) => p.model === 'adc-common');
  const adcCommon = adcCommonOf && new AdcCommon(adcCommonOf.name, adcCommonOf.base, machine, {
    vector: 'ADC', vrefVolts: board.supplyMillivolts / 1000, vbatVolts: board.supplyMillivolts / 1000,
    ...(adcCommonOf.config as unknown as Pick<AdcCommonConfig, 'temperatureInput' | 'vbatDivider'>),
  });

  const canFilters = new CanFilters();

  const make = (p: BoardPeripheral): (Peripheral & Resettable) | undefined => {
    const [vector] = p.vectors;
    switch (p.model) {
      case 'rcc': return rcc;
      case 'pwr': return pwr;
      case 'syscfg': return syscfg;
      case 'flash': return chip.setFlash(new Flash(p.name, p.base, machine, {
        waitStates: board.flashWaitStates, origin: board.flash.origin, sectors: board.flash.sectors, vddMillivolts: board.supplyMillivolts, ...(p.config as unknown as FlashTimes),
      }));
      case 'gpio': return new Gpio(p.name, p.base, machine, { ...(p.config as Pick<GpioConfig, 'port' | 'reset'>), router, alternateFunctions: board.alternateFunctions });
      case 'exti': return exti = new Exti(p.name, p.base, machine, { lines: p.config.lines as Record<number, string>, router, syscfg });
      case 'usart': return new Usart(p.name, p.base, machine, { clock: p.clock!, vector });
      case 'tim': return new Tim(p.name, p.base, machine, { clock: p.clock!, vectors: p.vectors, registers: p.registers, ...(p.config as Pick<TimConfig, 'bits' | 'channels'>) });
      case 'spi': return chip.addSpi(new Spi(p.name, p.base, machine, {
        vector, clock: p.clock!, requests: p.config.requests as SpiConfig['requests'],
        i2s: p.config.i2s ? { name: String(p.config.i2s), clock: 'I2SCLK', follows: p.config.follows as string | undefined } : undefined,
      }));
      case 'i2c': return new I2c(p.name, p.base, machine, { clock: p.clock!, eventVector: p.vectors[0], errorVector: p.vectors[1] });
      case 'dma': return chip.addDma(new Dma(p.name, p.base, machine, { requests: requestsOf(board, p.name), ...(p.config as Pick<DmaConfig, 'peripheralPort'>) }));
      case 'adc': {
        const inputs = p.config.inputs as string[];
        return new Adc(p.name, p.base, machine, { common: adcCommon!, volts: (input) => router.pad(inputs[input]).volts });
      }
      case 'adc-common': return adcCommon;
      case 'can': return new Can(p.name, p.base, machine, { vectors: p.vectors, filters: canFilters, first: p.name === 'CAN1' });
      case 'otg': return new Otg(p.name, p.base, machine, { vector: p.name, registers: p.registers, ...(p.config as unknown as Omit<OtgConfig, 'vector' | 'registers'>) });
      case 'bkpsram': return new Bkpsram(p.name, machine, { byteCount: p.size, accessible: () => pwr.backupWritable });
      case 'crc': return new Crc(p.name, p.base);
      case 'rng': return new Rng(p.name, p.base, machine, { vector, seed: machine.seed });
      case 'iwdg': return new Iwdg(p.name, p.base, machine, { holdLsi: () => rcc.holdLsi(), startsByItself: () => chip.flash.options.hardwareWatchdog });
      case 'wwdg': return new Wwdg(p.name, p.base, machine, { vector });
      case 'dac': return new Dac(p.name, p.base, machine, { vector, vrefVolts: board.supplyMillivolts / 1000, ...(p.config as unknown as Pick<DacConfig, 'outputs'>) });
      case 'rtc': return rtc = new Rtc(p.name, p.base, machine, { writable: () => pwr.backupWritable, exti: (line, active) => {
        exti?.input(line, active ? 1 : 0);
        if (active) pwr.wakeUpEvent();
      } });
      case 'dbgmcu': return new Dbgmcu(p.name, p.base, p.config as unknown as DbgmcuConfig);
      default: return undefined;
    }
  };

  for (const p of board.peripherals) {
    const model = make(p);
    if (model === undefined) {
      machine.bus.addUnmodelled({ name: p.name, base: p.base, size: p.size, registers: registerNames[p.registers] ?? {} });
      continue;
    }
    chip.addModel(model);
    rcc.onReset(p.name, () => model.reset());
    // The common registers are there as soon as one of the converters has its clock.
    const gates = p.model === 'adc-common' ? board.peripherals.filter((each) => each.model === 'adc').map((each) => each.name) : [p.name];
    machine.bus.map(p.base, p.size, model, (access) => {
      if (gates.length === 1 ? rcc.enabled(gates[0]) : gates.some((gate) => rcc.enabled(gate))) return true;
      machine.diagnose({ where: p.name, message: `${access} while its clock is off: set RCC_${p.enable?.replace('.', ' bit ')} first; reads give 0, writes are lost` });
      return false;
    });
  }
  return chip;
}

/** The routes of one controller, in the form in which its model wants them. */
function requestsOf(board: Stm32Board, controller: string): Record<string, (readonly [number, number])[]> {
  const requests: Record<string, (readonly [number, number])[]> = {};
  for (const [request, routes] of Object.entries(board.dmaRequests)) {
    const own = routes.filter((r) => r.controller === controller).map((r) => [r.stream, r.channel] as const);
    if (own.length > 0) requests[request] = own;
  }
  return requests;
}
