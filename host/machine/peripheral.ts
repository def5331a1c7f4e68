// SPDX-License-Identifier: MIT
// What every register-level model is, and what it is given to work with.

import type { Bus } from './bus.js';
import type { AnalogNet } from './analog-net.js';
import type { Fraction } from './fraction.js';
import type { I2cBus, I2sBus, SpiBus } from './links.js';
import type { Timeline } from './timeline.js';
import type { TriggerLine } from './trigger.js';
import { Unmodelled } from './unmodelled.js';
import type { Wire } from './wire.js';

export type AccessSize = 1 | 2 | 4;

/** A block of registers on the bus. Offsets are in bytes from its base address. */
export interface Peripheral {
  readonly name: string;
  read(offset: number, size: AccessSize): number;
  write(offset: number, value: number, size: AccessSize): void;
  /** What becomes of an access to what it has no model of: set by the bus that it is mapped on. */
  unmodelled?: Unmodelled;
}

/** A line into the interrupt controller: level-sensitive, as on Cortex-M; it pends its vector as long as it is high. */
export interface InterruptLine {
  set(active: boolean): void;
}

/** A peripheral's request to the DMA controllers: high while it wants a transfer. */
export interface DmaRequest {
  readonly name: string;
  readonly active: boolean;
  set(active: boolean): void;
  /** Calls `listener` after each change of the line. */
  listen(listener: (active: boolean) => void): void;
  /** Set by the peripheral: the controller has one transfer left. */
  onLastButOne: (() => void) | undefined;
  /** Set by the peripheral: the controller has made the last transfer that it was programmed for, or of a pass if it is circular. */
  onLastTransfer: (() => void) | undefined;
  /** The peripheral, as flow controller, says that the transfer it asks for, or asked for last, is the end. */
  finish(): void;
  /** Calls `listener` when the peripheral ends the transfers. */
  onFinish(listener: () => void): void;
  /** The peripheral behind the line, when it can say in advance when it will ask. */
  pacer: DmaPacer | undefined;
  /** Acknowledge of a transfer or burst of `beats` items, from the controller. For peripherals whose request is no level of a register. */
  served: ((beats: number) => void) | undefined;
}

/**
 * A peripheral that takes items at evenly spaced times which it can foresee: a transmitter with a constant clock.
 *
 * A DMA controller may then hand it several items at once, each to count from its own cycle on, instead of one event an item. As long as
 * it holds such promised items the peripheral makes no event of its own and leaves its request line alone; what its registers show is
 * computed from the present cycle.
 */
export interface DmaPacer {
  /** Address and width of the data register that takes the items. */
  readonly address: number;
  readonly itemBytes: number;
  /**
   * Takes the next `count` items ahead of time; all promised before have arrived. Item i arrives `latency` cycles after its request, or
   * after now if that is later. Before the last of them is used up the feeder promises more or releases.
   * @returns cycle at which the last one arrives; -1, and nothing is taken, when it cannot foresee that or would be asking for an item
   *   before the one ahead of it has come
   */
  promise(items: Uint16Array, count: number, latency: number, feeder: DmaFeeder): number;
  /** How many of the items promised last have arrived by now. */
  arrived(): number;
  /** Cycle at which it asks, or has asked, for item `index` of those promised last. */
  promisedRequestCycle(index: number): number;
  /** Forgets the items that have not arrived; from now on the peripheral makes its own events and drives its request line. */
  release(): void;
}

/** Whoever promised items to a pacer. */
export interface DmaFeeder {
  /** The pacer's settings are about to change: the feeder releases it at once, with everything as if each item had been an event. */
  withdraw(): void;
}

/** Ratios of the chip's clocks, by the manual's names (HCLK, PCLK1, PCLK2, TIMCLK1, TIMCLK2, PLLI2SCLK). */
export interface ClockTree {
  /** Core cycles in one tick of the clock. @throws Error when the clock is not running */
  cyclesPerTick(clock: string): Fraction;
  /** Frequency in hertz, exact. @throws Error when the clock is not running */
  hertz(clock: string): Fraction;
  running(clock: string): boolean;
  /** Calls `listener` after any clock has changed. */
  onChange(listener: () => void): void;
}

/** Why a chip restarts. */
export type ResetCause = 'power-on' | 'pin' | 'software' | 'independent watchdog' | 'window watchdog' | 'low-power' | 'standby';

/** Firmware did something that the chip would silently accept and the author would not want: once each, shown with the result. */
export interface Diagnostic {
  readonly where: string;
  readonly message: string;
}

/** All that a model may reach. */
export interface ModelContext {
  readonly timeline: Timeline;
  readonly bus: Bus;
  readonly clocks: ClockTree;
  /** The peripheral's end of an alternate function, by the data sheet's name (USART2_RX); GPIO joins it to a pad. */
  signal(name: string): Wire;
  /** Pads that the alternate function is routed to now (["PA3"]), in no order. */
  padsOf(signal: string): readonly string[];
  /** Interrupt line by the manual's vector name (USART2, DMA1_Stream5). */
  interrupt(vector: string): InterruptLine;
  /** Request line by the manual's name in the DMA request mapping (SPI3_TX, USART2_RX). */
  dmaRequest(name: string): DmaRequest;
  /** The I2S lines of a block (I2S3), for its transmitter and whoever listens on the board. */
  i2sBus(name: string): I2sBus;
  /** The devices on the lines of an SPI block (SPI1). */
  spiBus(name: string): SpiBus;
  /** The two lines of an I2C block (I2C1). */
  i2cBus(name: string): I2cBus;
  /** A line that starts something in another block: a timer's output by the manual's name (TIM2_TRGO, TIM1_CC1), or an EXTI line (EXTI11). */
  trigger(name: string): TriggerLine;
  /** The voltage on a pad (PA0). */
  analog(pad: string): AnalogNet;
  /** Asks for a restart of the chip. It may come after this has returned, so the caller must be in a state to go on from. */
  requestReset(cause: ResetCause): void;
  diagnose(finding: Diagnostic): void;
}

/** Register offset to the manual's name, for every register of the block whether modelled or not. */
export type RegisterNames = Readonly<Record<number, string>>;

/**
 * Base of the models: 32-bit registers with narrow accesses folded in, and an error that names what is not modelled.
 *
 * A narrow write keeps the other bytes as `peek` shows them, as GPIO and the APB bridges do for the registers where it is allowed.
 */
export abstract class RegisterBlock implements Peripheral {
  unmodelled = new Unmodelled();

  constructor(readonly name: string, readonly base: number, readonly registerNames: RegisterNames) {}

  /** Value of a register as a read returns it, with the side effects that a read has; undefined when it is not modelled. */
  protected abstract readRegister(offset: number): number | undefined;
  /** Writes a register; false when it is not modelled. */
  protected abstract writeRegister(offset: number, value: number): boolean;
  /** Value of a register with no side effect: for narrow writes and for debuggers. Default: as a read, for blocks whose reads have none. */
  peek(offset: number): number {
    return this.readRegister(offset) ?? 0;
  }

  /** Value of a register as a debugger shows it, with no side effect. Default: as `peek`, which some blocks bend for narrow writes. */
  inspect(offset: number): number {
    return this.peek(offset);
  }

  read(offset: number, size: AccessSize): number {
    const value = this.readRegister(offset & ~3);
    if (value === undefined) return this.unmodelled.read(this.base + offset, size, this.name, this.registerNames[offset & ~3], offset);
    if (size === 4) return value >>> 0;
    return (value >>> ((offset & 3) * 8)) & (size === 1 ? 0xff : 0xffff);
  }

  write(offset: number, value: number, size: AccessSize): void {
    let word = value >>> 0;
    if (size !== 4) {
      const shift = (offset & 3) * 8;
      const mask = (size === 1 ? 0xff : 0xffff) << shift;
      word = ((this.peek(offset & ~3) & ~mask) | ((value << shift) & mask)) >>> 0;
    }
    if (!this.writeRegister(offset & ~3, word)) this.unmodelled.write(this.base + offset, value, size, this.name, this.registerNames[offset & ~3], offset);
  }
}
