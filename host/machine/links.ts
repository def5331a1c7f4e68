// SPDX-License-Identifier: MIT
// The buses between chip and board that are too fast or too structured to be single wires: I2S, I2C and SPI.

import type { Fraction } from './fraction.js';

/** One run of an I2S transmitter, from enable to disable: everything needed to put a time on each bit. */
export interface I2sStream {
  /** Cycle at which slot 0's first data bit goes onto the wire. */
  readonly originCycle: number;
  /** Core cycles in one channel slot, exact; slot k starts at originCycle + floor(k · slotCycles). Even slots are left. */
  readonly slotCycles: Fraction;
  readonly slotBits: 16 | 32;
  readonly dataBits: 16 | 24 | 32;
  readonly standard: 'philips' | 'msb' | 'lsb' | 'pcm-short' | 'pcm-long';
  /** Master clock, as ticks in one frame (256), or 0 when MCKOE is off. */
  readonly masterClockPerFrame: number;
}

/** Whoever listens to an I2S bus. */
export interface I2sListener {
  start(stream: I2sStream): void;
  /** Slots `firstSlot`…: `values[0..count)`, signed, `dataBits` wide. Called in order, at or after the time of the last slot's start. */
  slots(stream: I2sStream, firstSlot: number, values: Int32Array, count: number): void;
  /** The transmitter stopped; slots with an index of `endSlot` or more were not sent. */
  stop(stream: I2sStream, endSlot: number): void;
}

/** Whoever puts samples on the data line of an I2S bus towards the chip: a codec's ADC. */
export interface I2sSource {
  /** The sample of a slot, signed, `dataBits` wide. Asked for once a slot, in order, when the slot has passed. */
  sample(stream: I2sStream, slot: number): number;
}

/** Whoever takes the bit clock and word select of an I2S bus from another: a slave. */
export interface I2sFollower {
  clockStarted(stream: I2sStream): void;
  clockStopped(): void;
}

/** The lines of one I2S block, taken together: data both ways, and the clocks, which come from the chip or from the board. */
export class I2sBus implements I2sListener {
  private readonly listeners: I2sListener[] = [];
  private readonly followers: I2sFollower[] = [];
  /** What drives the data line towards the chip, if anything does. */
  source: I2sSource | undefined;
  /** The clocks that run now. */
  clock: I2sStream | undefined;
  constructor(readonly name: string) {}

  follow(follower: I2sFollower): void {
    this.followers.push(follower);
  }
  /** The master's clocks have started; a master on the board calls it as well. */
  startClock(stream: I2sStream): void {
    this.clock = stream;
    for (const f of this.followers) f.clockStarted(stream);
  }
  stopClock(): void {
    if (this.clock === undefined) return;
    this.clock = undefined;
    for (const f of this.followers) f.clockStopped();
  }

  listen(listener: I2sListener): void {
    this.listeners.push(listener);
  }
  start(stream: I2sStream): void {
    for (const l of this.listeners) l.start(stream);
  }
  slots(stream: I2sStream, firstSlot: number, values: Int32Array, count: number): void {
    for (const l of this.listeners) l.slots(stream, firstSlot, values, count);
  }
  stop(stream: I2sStream, endSlot: number): void {
    for (const l of this.listeners) l.stop(stream, endSlot);
  }
}

/** A device on an I2C bus. Every method answers for its own address only. */
export interface I2cDevice {
  /** 7-bit address, or one of 10 bits. */
  readonly address: number;
  readonly tenBit?: boolean;
  /** A (repeated) start addressed it. Returns whether it acknowledges: a device in reset does not. */
  start(direction: 'read' | 'write'): boolean;
  /** A byte from the controller; returns whether it acknowledges. */
  write(byte: number): boolean;
  read(): number;
  stop(): void;
}

/** A block of the chip as another master on its bus sees it. It may hold SCL low, until software has done something. */
export interface I2cSlave {
  /** Start condition and address byte. @returns whether it acknowledges */
  addressed(byte: number): boolean;
  /** Whether it lets SCL go: a master waits until it does. */
  readonly ready: boolean;
  /** A byte from the master. @returns whether it acknowledges */
  receive(byte: number): boolean;
  /** The byte for the master, and then whether that one wants more. */
  transmit(): number;
  acknowledged(more: boolean): void;
  stopped(): void;
}

export class I2cBus {
  private readonly devices: I2cDevice[] = [];
  /** The chip's block, for masters on the board. */
  slave: I2cSlave | undefined;
  /** Called by the slave when it lets SCL go: set by the master that waits. */
  onReady: () => void = () => {};
  constructor(readonly name: string) {}

  attach(device: I2cDevice): void {
    this.devices.push(device);
  }
  deviceAt(address: number): I2cDevice | undefined {
    return this.devices.find((d) => !d.tenBit && d.address === address);
  }
  /** Devices with a 10-bit address whose upper two bits are `top`. */
  tenBitDevices(top: number): I2cDevice[] {
    return this.devices.filter((d) => d.tenBit && d.address >> 8 === top);
  }
}

/**
 * A device on an SPI bus that takes whole frames. Values have the first bit on the wire at the top, and `bits` bits.
 *
 * A device that must be seen bit by bit hangs on the pads instead.
 */
export interface SpiDevice {
  /** Whether its chip select holds. */
  readonly selected: boolean;
  /** A frame begins: what the device will have put on MISO when it is over. */
  begin(bits: number): number;
  /** The frame is over: what came on MOSI. */
  end(value: number, bits: number): void;
}

export class SpiBus {
  private readonly devices: SpiDevice[] = [];
  constructor(readonly name: string) {}

  attach(device: SpiDevice): void {
    this.devices.push(device);
  }
  /** The device that is selected now; of several, the one attached first. */
  get selected(): SpiDevice | undefined {
    return this.devices.find((d) => d.selected);
  }
}
