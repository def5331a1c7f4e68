// SPDX-License-Identifier: MIT
// SPI/I2S block: I2S master transmitter. RM0090 section 28 (STM32F405/407). SPI mode, I2S slave modes and I2S reception are not modelled:
// enabling one is an error that names it.

import { UnmodelledRegisterError } from '../../machine/errors.js';
import { fraction, times } from '../../machine/fraction.js';
import type { I2sListener } from '../../machine/links.js';
import { type InterruptLine, type ModelContext, RegisterBlock, type RegisterNames, type DmaRequest } from '../../machine/peripheral.js';
import { type I2sFormat, I2sTransmitter } from './i2s-transmitter.js';

export interface SpiConfig {
  /** The manual's vector name. */
  readonly vector: string;
  /** The I2S block's name and clock; SPI1 has none. */
  readonly i2s?: { readonly name: string; readonly clock: string };
}

const CR1 = 0x00;
const CR2 = 0x04;
const SR = 0x08;
const DR = 0x0c;
const CRCPR = 0x10;
const RXCRCR = 0x14;
const TXCRCR = 0x18;
const I2SCFGR = 0x1c;
const I2SPR = 0x20;

export const SPI_REGISTERS: RegisterNames = {
  [CR1]: 'CR1', [CR2]: 'CR2', [SR]: 'SR', [DR]: 'DR', [CRCPR]: 'CRCPR', [RXCRCR]: 'RXCRCR', [TXCRCR]: 'TXCRCR', [I2SCFGR]: 'I2SCFGR',
  [I2SPR]: 'I2SPR',
};

const CR1_SPE = 1 << 6; // SPI enable

// CR2, 28.5.2
const CR2_RXDMAEN = 1 << 0; // receive buffer DMA enable
const CR2_TXDMAEN = 1 << 1; // transmit buffer DMA enable
const CR2_TXEIE = 1 << 7; // transmit buffer empty interrupt enable
const CR2_WRITABLE = 0xf7;

// SR, 28.5.3
const SR_TXE = 1 << 1; // transmit buffer empty
const SR_CHSIDE = 1 << 2; // channel of the word that is wanted
const SR_BSY = 1 << 7; // busy

// I2SCFGR, 28.5.8
const I2SCFGR_CHLEN = 1 << 0; // 32-bit slots for 16-bit data
const I2SCFGR_DATLEN_SHIFT = 1; // 16, 24, 32 bits of data
const I2SCFGR_I2SSTD_SHIFT = 4; // Philips, MSB, LSB, PCM
const I2SCFGR_PCMSYNC = 1 << 7; // long frame synchronisation
const I2SCFGR_I2SCFG_SHIFT = 8; // slave or master, transmit or receive
const I2SCFGR_I2SE = 1 << 10; // I2S enable
const I2SCFGR_I2SMOD = 1 << 11; // I2S instead of SPI
const I2SCFGR_WRITABLE = 0x0fbf;
const MASTER_TRANSMIT = 2;

// I2SPR, 28.5.9
const I2SPR_ODD = 1 << 8; // odd factor of the prescaler
const I2SPR_MCKOE = 1 << 9; // master clock output enable
const CRCPR_RESET = 0x07;
const I2SPR_RESET = 0x02;

const MODES = ['slave transmit', 'slave receive', 'master transmit', 'master receive'];

/** Ticks of the master clock in a frame (28.4.4). */
const MASTER_CLOCK_PER_FRAME = 256;

export class Spi extends RegisterBlock {
  private cr1 = 0;
  private cr2 = 0;
  private crcpr = CRCPR_RESET;
  private i2scfgr = 0;
  private i2spr = I2SPR_RESET;
  private lastRead = 0;
  private readonly transmitter: I2sTransmitter | undefined;
  private readonly line: InterruptLine;
  private readonly txRequest: DmaRequest;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: SpiConfig) {
    super(name, base, SPI_REGISTERS);
    this.line = ctx.interrupt(config.vector);
    this.txRequest = ctx.dmaRequest(`${name}_TX`);
    if (config.i2s === undefined) return;
    this.transmitter = new I2sTransmitter(
      base + DR, ctx.timeline, this.connectedListener(), () => this.format(), () => this.update(),
      () => this.diagnose('the transmit buffer was empty at the end of a frame: the I2S clock stops until the next write to DR'),
    );
    this.txRequest.pacer = this.transmitter;
  }

  /** Reset by the RCC: the transmitter stops at once, all registers are at their reset values. */
  reset(): void {
    this.transmitter?.takeOver();
    this.transmitter?.stop();
    this.cr1 = this.cr2 = this.i2scfgr = this.lastRead = 0;
    this.crcpr = CRCPR_RESET;
    this.i2spr = I2SPR_RESET;
    this.update();
  }

  override peek(offset: number): number {
    switch (offset) {
      case CR1: return this.cr1;
      case CR2: return this.cr2;
      case SR: return this.status();
      case DR: return this.lastRead;
      case CRCPR: return this.crcpr;
      case RXCRCR: case TXCRCR: return 0;
      case I2SCFGR: return this.i2scfgr;
      case I2SPR: return this.i2spr;
      default: return 0;
    }
  }

  /** Hands over what has left the I2S transmitter by now. */
  settle(): void {
    this.transmitter?.settle();
  }

  protected override readRegister(offset: number): number | undefined {
    return this.known(offset) ? this.peek(offset) : undefined;
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (!this.known(offset)) return false;
    this.transmitter?.takeOver();
    switch (offset) {
      case CR1:
        if (value & CR1_SPE) this.notModelled(offset, 'CR1.SPE', 'SPI mode');
        this.cr1 = value & 0xffff;
        break;
      case CR2:
        if (value & CR2_RXDMAEN) this.notModelled(offset, 'CR2.RXDMAEN', 'reception');
        this.cr2 = value & CR2_WRITABLE;
        if (this.transmitter !== undefined) this.transmitter.watched = (value & (CR2_TXEIE | CR2_TXDMAEN)) !== CR2_TXDMAEN;
        break;
      case DR:
        if (!(this.i2scfgr & I2SCFGR_I2SE)) this.diagnose('DR was written while neither SPI nor I2S is enabled: the data are lost');
        else this.transmitter!.write(value & 0xffff);
        break;
      case CRCPR:
        this.crcpr = value & 0xffff;
        break;
      case I2SCFGR:
        this.writeI2sConfiguration(value & I2SCFGR_WRITABLE);
        break;
      case I2SPR:
        if (this.i2scfgr & I2SCFGR_I2SE && value !== this.i2spr) this.diagnose('I2SPR was changed while the I2S is enabled (28.5.9)');
        this.i2spr = value & 0x3ff;
        break;
    }
    this.update();
    return true;
  }

  /** SPI1 lacks the I2S registers. */
  private known(offset: number): boolean {
    if (offset === I2SCFGR || offset === I2SPR) return this.transmitter !== undefined;
    return SPI_REGISTERS[offset] !== undefined;
  }

  private writeI2sConfiguration(value: number): void {
    const before = this.i2scfgr;
    const enabling = value & I2SCFGR_I2SE && !(before & I2SCFGR_I2SE);
    if (before & value & I2SCFGR_I2SE && before !== value) this.diagnose('I2SCFGR was changed while the I2S is enabled (28.5.8)');
    if (enabling) {
      const mode = (value >>> I2SCFGR_I2SCFG_SHIFT) & 3;
      if (!(value & I2SCFGR_I2SMOD)) this.diagnose('I2SE was set without I2SMOD');
      else if (mode !== MASTER_TRANSMIT) this.notModelled(I2SCFGR, 'I2SCFGR.I2SCFG', `I2S ${MODES[mode]} mode`);
    }
    if (before & ~value & I2SCFGR_I2SE) {
      if (this.transmitter!.running) this.diagnose('I2SE was cleared during a transmission: wait for TXE = 1 and BSY = 0 first (28.4.5)');
      this.transmitter!.stop();
    }
    this.i2scfgr = value;
    if (enabling) this.checkClock();
  }

  private checkClock(): void {
    if ((this.i2spr & 0xff) < 2) this.diagnose('I2SPR.I2SDIV is 0 or 1, which is forbidden (28.5.9): there is no bit clock');
    if (!this.ctx.clocks.running(this.config.i2s!.clock)) this.diagnose(`${this.config.i2s!.clock} is not running: there is no bit clock`);
    const missing = ['CK', 'WS', 'SD'].map((l) => `${this.config.i2s!.name}_${l}`).filter((s) => this.ctx.padsOf(s).length === 0);
    if (missing.length > 0) this.diagnose(`no pad is routed to ${missing.join(', ')}: nobody hears this I2S`);
  }

  /** The format that the registers ask for; undefined without a clock, or with lengths that do not exist. */
  private format(): I2sFormat | undefined {
    const { i2scfgr, i2spr } = this;
    const { clock, name } = this.config.i2s!;
    const divider = 2 * (i2spr & 0xff) + (i2spr & I2SPR_ODD ? 1 : 0);
    const dataBits = ([16, 24, 32] as const)[(i2scfgr >>> I2SCFGR_DATLEN_SHIFT) & 3];
    if ((i2spr & 0xff) < 2 || !this.ctx.clocks.running(clock) || dataBits === undefined) return undefined;
    const slotBits = dataBits > 16 || i2scfgr & I2SCFGR_CHLEN ? 32 : 16;
    const masterClock = (i2spr & I2SPR_MCKOE) !== 0;
    const slotTicks = (masterClock ? MASTER_CLOCK_PER_FRAME / 2 : slotBits) * divider;
    const pcm = i2scfgr & I2SCFGR_PCMSYNC ? 'pcm-long' : 'pcm-short';
    return {
      slotCycles: times(fraction(slotTicks), this.ctx.clocks.cyclesPerTick(clock)),
      slotBits,
      dataBits,
      standard: (['philips', 'msb', 'lsb', pcm] as const)[(i2scfgr >>> I2SCFGR_I2SSTD_SHIFT) & 3],
      masterClockPerFrame: masterClock && this.ctx.padsOf(`${name}_MCK`).length > 0 ? MASTER_CLOCK_PER_FRAME : 0,
    };
  }

  /** The bus, as long as clock, word select and data reach a pad. */
  private connectedListener(): I2sListener {
    const { name } = this.config.i2s!;
    const bus = this.ctx.i2sBus(name);
    let connected = false;
    return {
      start: (stream) => {
        connected = ['CK', 'WS', 'SD'].every((line) => this.ctx.padsOf(`${name}_${line}`).length > 0);
        if (connected) bus.start(stream);
      },
      slots: (stream, firstSlot, values, count) => {
        if (connected) bus.slots(stream, firstSlot, values, count);
      },
      stop: (stream, endSlot) => {
        if (connected) bus.stop(stream, endSlot);
      },
    };
  }

  private status(): number {
    if (!(this.i2scfgr & I2SCFGR_I2SMOD)) return SR_TXE;
    const { transmitter } = this;
    // TXE is 0 while the I2S is disabled (28.4.7).
    const txe = this.i2scfgr & I2SCFGR_I2SE && transmitter!.bufferEmpty ? SR_TXE : 0;
    return txe | (transmitter!.channelSide ? SR_CHSIDE : 0) | (transmitter!.running ? SR_BSY : 0);
  }

  private update(): void {
    const wanting = (this.i2scfgr & I2SCFGR_I2SE) !== 0 && (this.status() & SR_TXE) !== 0;
    this.line.set(wanting && (this.cr2 & CR2_TXEIE) !== 0);
    this.txRequest.set(wanting && (this.cr2 & CR2_TXDMAEN) !== 0);
  }

  private notModelled(offset: number, bit: string, what: string): never {
    throw new UnmodelledRegisterError(this.base + offset, 'write', `${this.name}_${bit} (${what})`);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
