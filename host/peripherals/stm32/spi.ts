// SPDX-License-Identifier: MIT
// SPI and I2S blocks: registers, flags, requests. RM0090 rev 18, chapter 28 (STM32F405/407). The TI frame format is taken for Motorola's, and
// I2S frame errors (FRE) are not detected.

import { toNumber, fraction, times } from '../../machine/fraction.js';
import type { I2sBus, I2sListener, I2sStream } from '../../machine/links.js';
import { type DmaRequest, type InterruptLine, type ModelContext, RegisterBlock, type RegisterNames } from '../../machine/peripheral.js';
import type { Level, Wire } from '../../machine/wire.js';
import { I2sFollowingTransmitter, I2sReceiver } from './i2s-follower.js';
import { type I2sFormat, I2sTransmitter } from './i2s-transmitter.js';
import { OutputPin } from './output-pin.js';
import { SpiCrc } from './spi-crc.js';
import { type SpiSetup, SpiShifter } from './spi-shifter.js';

export interface SpiConfig {
  /** The manual's vector name. */
  readonly vector: string;
  /** PCLK1 or PCLK2. */
  readonly clock: string;
  /**
   * The I2S block's name and clock; SPI1 has none. An extension block (I2S3ext) follows the clocks of the block it belongs to, and has no SPI.
   */
  readonly i2s?: { readonly name: string; readonly clock: string; readonly follows?: string };
  /** Names of its DMA requests; default NAME_RX and NAME_TX. */
  readonly requests?: { readonly rx: string; readonly tx: string };
}

const CR1 = 0x00, CR2 = 0x04, SR = 0x08, DR = 0x0c, CRCPR = 0x10, RXCRCR = 0x14, TXCRCR = 0x18, I2SCFGR = 0x1c, I2SPR = 0x20;

export const SPI_REGISTERS: RegisterNames = {
  [CR1]: 'CR1', [CR2]: 'CR2', [SR]: 'SR', [DR]: 'DR', [CRCPR]: 'CRCPR', [RXCRCR]: 'RXCRCR', [TXCRCR]: 'TXCRCR', [I2SCFGR]: 'I2SCFGR',
  [I2SPR]: 'I2SPR',
};

// CR1, 28.5.1
const CR1_CPHA = 1 << 0; // clock phase
const CR1_CPOL = 1 << 1; // clock polarity
const CR1_MSTR = 1 << 2; // master
const CR1_BR_SHIFT = 3; // baud rate: PCLK / 2 to 256
const CR1_SPE = 1 << 6; // SPI enable
const CR1_LSBFIRST = 1 << 7; // least significant bit first
const CR1_SSI = 1 << 8; // internal slave select
const CR1_SSM = 1 << 9; // NSS by software
const CR1_RXONLY = 1 << 10; // receive only
const CR1_DFF = 1 << 11; // 16-bit frames
const CR1_CRCNEXT = 1 << 12; // the next frame is the CRC
const CR1_CRCEN = 1 << 13; // CRC enable
const CR1_BIDIOE = 1 << 14; // one line: output
const CR1_BIDIMODE = 1 << 15; // one data line for both ways

// CR2, 28.5.2
const CR2_RXDMAEN = 1 << 0; // receive buffer DMA enable
const CR2_TXDMAEN = 1 << 1; // transmit buffer DMA enable
const CR2_SSOE = 1 << 2; // NSS is an output
const CR2_FRF = 1 << 4; // TI frame format
const CR2_ERRIE = 1 << 5; // error interrupt enable
const CR2_RXNEIE = 1 << 6; // receive buffer not empty interrupt enable
const CR2_TXEIE = 1 << 7; // transmit buffer empty interrupt enable
const CR2_WRITABLE = 0xf7;

// SR, 28.5.3
const SR_RXNE = 1 << 0; // receive buffer not empty
const SR_TXE = 1 << 1; // transmit buffer empty
const SR_CHSIDE = 1 << 2; // channel of the word that is wanted, or was received
const SR_UDR = 1 << 3; // underrun
const SR_CRCERR = 1 << 4; // CRC error
const SR_MODF = 1 << 5; // mode fault
const SR_OVR = 1 << 6; // overrun
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
const SLAVE_TRANSMIT = 0, SLAVE_RECEIVE = 1, MASTER_TRANSMIT = 2, MASTER_RECEIVE = 3;

// I2SPR, 28.5.9
const I2SPR_ODD = 1 << 8; // odd factor of the prescaler
const I2SPR_MCKOE = 1 << 9; // master clock output enable
const CRCPR_RESET = 0x07;
const I2SPR_RESET = 0x02;

/** Ticks of the master clock in a frame (28.4.4). */
const MASTER_CLOCK_PER_FRAME = 256;

export class Spi extends RegisterBlock {
  private cr1 = 0;
  private cr2 = 0;
  private crcpr = CRCPR_RESET;
  private i2scfgr = 0;
  private i2spr = I2SPR_RESET;
  /** UDR, CRCERR, MODF, OVR. */
  private errors = 0;
  /** DR was read since OVR rose; SR was read since MODF rose. */
  private overrunSeen = false;
  private faultSeen = false;
  private txBuffer: number | undefined;
  private rxBuffer = 0;
  private rxFull = false;
  private rxSide: 0 | 1 = 0;
  /** The frame that moves now, or the next one, is the CRC. */
  private crcOut = false;
  private crcIn = false;
  private readonly txCrc = new SpiCrc();
  private readonly rxCrc = new SpiCrc();
  private readonly shifter: SpiShifter | undefined;
  private readonly transmitter: I2sTransmitter | undefined;
  private readonly follower: I2sFollowingTransmitter | undefined;
  private readonly receiver: I2sReceiver | undefined;
  private readonly clockBus: I2sBus | undefined;
  private readonly nss: Wire | undefined;
  private readonly nssPin: OutputPin | undefined;
  private readonly line: InterruptLine;
  private readonly txRequest: DmaRequest;
  private readonly rxRequest: DmaRequest;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: SpiConfig) {
    super(name, base, SPI_REGISTERS);
    this.line = ctx.interrupt(config.vector);
    this.txRequest = ctx.dmaRequest(config.requests?.tx ?? `${name}_TX`);
    this.rxRequest = ctx.dmaRequest(config.requests?.rx ?? `${name}_RX`);
    // 28.3.6: with DMA, the CRC follows the last item by itself.
    this.txRequest.onLastTransfer = () => {
      if (this.crcEnabled) this.crcOut = true;
    };
    this.rxRequest.onLastTransfer = () => {
      if (this.crcEnabled && !this.setup().sends) this.crcIn = true;
    };
    const { i2s } = config;
    if (i2s?.follows === undefined) {
      this.nss = ctx.signal(`${name}_NSS`);
      this.nssPin = new OutputPin(this.nss);
      this.nss.incoming.onEdge(() => this.selectionChanged(), false);
      this.shifter = new SpiShifter(ctx, name, { setup: () => this.setup(), take: () => this.takeFrame(), received: (value) => this.frameReceived(value), changed: () => this.update() });
    }
    if (i2s === undefined) return;
    if (i2s.follows === undefined) {
      this.transmitter = new I2sTransmitter(
        base + DR, ctx.timeline, this.connectedListener(), () => this.format(), () => this.update(),
        () => this.diagnose('the transmit buffer was empty at the end of a frame: the I2S clock stops until the next write to DR'),
      );
      this.txRequest.pacer = this.transmitter;
    }
    const data = ctx.i2sBus(i2s.name);
    this.clockBus = ctx.i2sBus(i2s.follows ?? i2s.name);
    this.follower = new I2sFollowingTransmitter(ctx.timeline, () => this.takeWord(), data);
    this.receiver = new I2sReceiver(ctx.timeline, (stream, slot) => data.source?.sample(stream, slot) ?? 0, (word, side) => this.wordReceived(word, side));
    this.clockBus.follow({ clockStarted: (stream) => this.clockStarted(stream), clockStopped: () => this.clockStopped() });
  }

  /** Reset by the RCC: everything stops at once, all registers are at their reset values. */
  reset(): void {
    this.transmitter?.takeOver();
    this.stopI2s();
    this.cr1 = this.cr2 = this.i2scfgr = this.rxBuffer = this.errors = this.txCrc.value = this.rxCrc.value = 0;
    this.txBuffer = undefined;
    this.rxFull = this.crcOut = this.crcIn = this.overrunSeen = this.faultSeen = false;
    this.crcpr = CRCPR_RESET;
    this.i2spr = I2SPR_RESET;
    this.shifter?.update();
    this.driveNss();
    this.update();
  }

  override peek(offset: number): number {
    if (this.lacks(offset)) return 0;
    switch (offset) {
      case CR1: return this.cr1;
      case CR2: return this.cr2;
      case SR: return this.status();
      case DR: return this.rxBuffer;
      case CRCPR: return this.crcpr;
      case RXCRCR: return this.rxCrc.value;
      case TXCRCR: return this.txCrc.value;
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
    if (!this.known(offset)) return undefined;
    const value = this.peek(offset);
    if (offset === SR) this.statusRead();
    if (offset === DR) {
      this.rxFull = false;
      this.overrunSeen = (this.errors & SR_OVR) !== 0;
      this.update();
    }
    return value;
  }

  /** What reading SR clears: UDR; OVR, if DR was read before; MODF, if CR1 is written after. */
  private statusRead(): void {
    if (this.errors === 0) return;
    this.faultSeen = (this.errors & SR_MODF) !== 0;
    this.errors &= ~(SR_UDR | (this.overrunSeen ? SR_OVR : 0));
    this.overrunSeen = false;
    this.update();
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (!this.known(offset)) return false;
    if (this.lacks(offset)) {
      if (value !== 0) this.diagnose(`${SPI_REGISTERS[offset]} was written, but this block has no I2S (28.2.2)`);
      return true;
    }
    this.transmitter?.takeOver();
    switch (offset) {
      case CR1: this.writeCr1(value & 0xffff); break;
      case CR2:
        if (value & CR2_FRF) this.diagnose('CR2.FRF: the TI frame format is not modelled, frames go as Motorola has them');
        this.cr2 = value & CR2_WRITABLE;
        if (this.transmitter !== undefined) this.transmitter.watched = (value & (CR2_TXEIE | CR2_TXDMAEN)) !== CR2_TXDMAEN;
        this.selectionChanged();
        break;
      case SR:
        if (!(value & SR_CRCERR)) this.errors &= ~SR_CRCERR;
        break;
      case DR: this.writeData(value & 0xffff); break;
      case CRCPR: this.crcpr = value & 0xffff; break;
      case I2SCFGR: this.writeI2sConfiguration(value & I2SCFGR_WRITABLE); break;
      case I2SPR:
        if (this.i2scfgr & I2SCFGR_I2SE && value !== this.i2spr) this.diagnose('I2SPR was changed while the I2S is enabled (28.5.9)');
        this.i2spr = value & 0x3ff;
        break;
    }
    this.update();
    return true;
  }

  private known(offset: number): boolean {
    return SPI_REGISTERS[offset] !== undefined;
  }

  /** SPI1 lacks I2S. HAL clears I2SMOD there all the same, so the registers read as 0 and hold nothing. */
  private lacks(offset: number): boolean {
    return this.config.i2s === undefined && (offset === I2SCFGR || offset === I2SPR);
  }

  private get inI2s(): boolean {
    return (this.i2scfgr & I2SCFGR_I2SMOD) !== 0;
  }
  private get i2sMode(): number {
    return (this.i2scfgr >>> I2SCFGR_I2SCFG_SHIFT) & 3;
  }
  private get i2sOn(): boolean {
    return this.inI2s && (this.i2scfgr & I2SCFGR_I2SE) !== 0;
  }

  private writeData(value: number): void {
    if (this.inI2s) {
      if (!this.i2sOn) this.diagnose('DR was written while neither SPI nor I2S is enabled: the data are lost');
      else if (this.i2sMode === MASTER_TRANSMIT && this.transmitter) this.transmitter.write(value);
      else if (this.i2sMode === SLAVE_TRANSMIT) this.txBuffer = value;
      return;
    }
    this.txBuffer = value;
    this.shifter?.update();
  }

  // SPI

  private writeCr1(value: number): void {
    const before = this.cr1;
    if (this.errors & SR_MODF) {
      // 28.3.10: after SR was read, writing CR1 clears MODF; as long as it is set, SPE and MSTR cannot be.
      if (this.faultSeen) this.errors &= ~SR_MODF;
      else value &= ~(CR1_SPE | CR1_MSTR);
      this.faultSeen = false;
    }
    if (value & ~before & CR1_CRCEN) this.txCrc.value = this.rxCrc.value = 0;
    if (before & CR1_SPE & ~value && this.shifter?.busy && this.setup().sends) this.diagnose('SPE was cleared during a frame: wait for TXE = 1 and BSY = 0 first (28.3.8)');
    this.cr1 = value;
    if (value & CR1_CRCNEXT && this.setup().sends) this.crcOut = true;
    if (value & CR1_SPE && this.inI2s) this.diagnose('SPE was set in I2S mode');
    this.selectionChanged();
  }

  private get crcEnabled(): boolean {
    return (this.cr1 & CR1_CRCEN) !== 0;
  }

  private setup(): SpiSetup {
    const { cr1 } = this;
    const oneLine = (cr1 & CR1_BIDIMODE) !== 0;
    const { clocks } = this.ctx;
    return {
      enabled: (cr1 & CR1_SPE) !== 0 && !this.inI2s && clocks.running(this.config.clock), master: (cr1 & CR1_MSTR) !== 0, bits: this.bits,
      bitCycles: clocks.running(this.config.clock) ? toNumber(clocks.cyclesPerTick(this.config.clock)) * 2 ** (((cr1 >>> CR1_BR_SHIFT) & 7) + 1) : 2,
      polarity: cr1 & CR1_CPOL ? 1 : 0, phase: cr1 & CR1_CPHA ? 1 : 0, lsbFirst: (cr1 & CR1_LSBFIRST) !== 0,
      sends: oneLine ? (cr1 & CR1_BIDIOE) !== 0 : (cr1 & CR1_RXONLY) === 0, receives: !oneLine || (cr1 & CR1_BIDIOE) === 0, oneLine,
      selected: this.nssLevel === 0,
    };
  }

  private get bits(): 8 | 16 {
    return this.cr1 & CR1_DFF ? 16 : 8;
  }

  /** NSS as the block sees it: SSI, or the pin. */
  private get nssLevel(): Level {
    if (this.cr1 & CR1_SSM) return this.cr1 & CR1_SSI ? 1 : 0;
    return this.nss?.incoming.level ?? 1;
  }

  private driveNss(): void {
    const drives = (this.cr1 & (CR1_MSTR | CR1_SSM | CR1_SPE)) === (CR1_MSTR | CR1_SPE) && (this.cr2 & CR2_SSOE) !== 0;
    this.nssPin?.set(0, drives);
  }

  private selectionChanged(): void {
    const master = (this.cr1 & CR1_MSTR) !== 0 && !this.inI2s;
    const listens = (this.cr1 & CR1_SSM) !== 0 || !(this.cr2 & CR2_SSOE);
    // 28.3.10: another master has taken the bus.
    if (master && this.cr1 & CR1_SPE && listens && this.nssLevel === 0) {
      this.errors |= SR_MODF;
      this.faultSeen = false;
      this.cr1 &= ~(CR1_SPE | CR1_MSTR);
    }
    this.driveNss();
    this.shifter?.update();
    this.update();
  }

  /** The next frame for the shift register: what DR holds, or the CRC once that is empty. */
  private takeFrame(): number | undefined {
    const { bits } = this;
    if (this.txBuffer !== undefined) {
      const value = this.txBuffer;
      this.txBuffer = undefined;
      if (this.crcEnabled) this.txCrc.feed(value, bits, this.crcpr, (this.cr1 & CR1_LSBFIRST) !== 0);
      return value;
    }
    if (!this.crcOut || !this.crcEnabled) return undefined;
    this.crcOut = false;
    this.crcIn = this.setup().receives;
    this.cr1 &= ~CR1_CRCNEXT;
    return this.txCrc.value;
  }

  private frameReceived(value: number): void {
    if (this.crcIn && this.crcEnabled) {
      this.crcIn = false;
      this.cr1 &= ~CR1_CRCNEXT;
      if (value !== this.rxCrc.value) this.errors |= SR_CRCERR;
    } else if (this.crcEnabled) {
      this.rxCrc.feed(value, this.bits, this.crcpr, (this.cr1 & CR1_LSBFIRST) !== 0);
      // A block that only receives is told while the last data come in.
      this.crcIn = (this.cr1 & CR1_CRCNEXT) !== 0 && !this.setup().sends;
    }
    this.store(value);
  }

  /** 28.3.10: while the buffer is full, what comes is lost. */
  private store(value: number): void {
    if (this.rxFull) {
      this.errors |= SR_OVR;
      this.overrunSeen = false;
    } else {
      this.rxBuffer = value;
      this.rxFull = true;
    }
    this.update();
  }

  // I2S

  private takeWord(): number | undefined {
    const word = this.txBuffer;
    this.txBuffer = undefined;
    if (word === undefined) this.errors |= SR_UDR;
    this.update();
    return word;
  }

  private wordReceived(word: number, side: 0 | 1): void {
    if (!this.rxFull) this.rxSide = side;
    this.store(word);
  }

  private writeI2sConfiguration(value: number): void {
    const before = this.i2scfgr;
    const enabling = value & I2SCFGR_I2SE && !(before & I2SCFGR_I2SE);
    if (before & value & I2SCFGR_I2SE && before !== value) this.diagnose('I2SCFGR was changed while the I2S is enabled (28.5.8)');
    if (enabling && !(value & I2SCFGR_I2SMOD)) this.diagnose('I2SE was set without I2SMOD');
    if (before & ~value & I2SCFGR_I2SE) {
      if (this.transmitter?.running) this.diagnose('I2SE was cleared during a transmission: wait for TXE = 1 and BSY = 0 first (28.4.5)');
      this.stopI2s();
    }
    this.i2scfgr = value;
    if ((before ^ value) & I2SCFGR_I2SMOD) this.shifter?.update();
    if (enabling && this.inI2s) this.startI2s();
  }

  private startI2s(): void {
    const mode = this.config.i2s!.follows === undefined ? this.i2sMode : this.i2sMode & 1;
    if (mode !== this.i2sMode) this.diagnose('an extension block follows the clocks of its I2S block and is never a master');
    if (mode >= MASTER_TRANSMIT) this.checkClock();
    if (mode === MASTER_RECEIVE) {
      const format = this.format();
      if (format === undefined) return;
      const stream = { originCycle: this.ctx.timeline.now, ...format };
      this.clockBus!.startClock(stream);
      this.receiver!.start(stream);
    } else if (this.clockBus!.clock !== undefined) this.clockStarted(this.clockBus!.clock);
  }

  private stopI2s(): void {
    if (this.transmitter?.running || (this.i2sOn && this.i2sMode === MASTER_RECEIVE)) this.clockBus!.stopClock();
    this.transmitter?.stop();
    this.follower?.stop();
    this.receiver?.stop();
    if (this.inI2s) this.txBuffer = undefined;
  }

  /** A master has started its clocks: slaves take part from its next frame on, with their own idea of the format. */
  private clockStarted(stream: I2sStream): void {
    if (!this.i2sOn) return;
    const own = { ...stream, ...this.wordFormat() };
    if (this.i2sMode === SLAVE_TRANSMIT) this.follower!.start(own);
    else if (this.i2sMode === SLAVE_RECEIVE) this.receiver!.start(own);
    this.update();
  }

  private clockStopped(): void {
    if (this.i2sMode <= SLAVE_RECEIVE) {
      this.follower?.stop();
      this.receiver?.stop();
    }
    this.update();
  }

  private checkClock(): void {
    if ((this.i2spr & 0xff) < 2) this.diagnose('I2SPR.I2SDIV is 0 or 1, which is forbidden (28.5.9): there is no bit clock');
    if (!this.ctx.clocks.running(this.config.i2s!.clock)) this.diagnose(`${this.config.i2s!.clock} is not running: there is no bit clock`);
    const missing = ['CK', 'WS', 'SD'].map((l) => `${this.config.i2s!.name}_${l}`).filter((s) => this.ctx.padsOf(s).length === 0);
    if (missing.length > 0) this.diagnose(`no pad is routed to ${missing.join(', ')}: nobody hears this I2S`);
  }

  private wordFormat(): Pick<I2sFormat, 'dataBits' | 'slotBits' | 'standard'> {
    const { i2scfgr } = this;
    const dataBits = ([16, 24, 32, 16] as const)[(i2scfgr >>> I2SCFGR_DATLEN_SHIFT) & 3];
    const pcm = i2scfgr & I2SCFGR_PCMSYNC ? 'pcm-long' : 'pcm-short';
    return { dataBits, slotBits: dataBits > 16 || i2scfgr & I2SCFGR_CHLEN ? 32 : 16, standard: (['philips', 'msb', 'lsb', pcm] as const)[(i2scfgr >>> I2SCFGR_I2SSTD_SHIFT) & 3] };
  }

  /** The format that the registers ask for; undefined without a clock, or with lengths that do not exist. */
  private format(): I2sFormat | undefined {
    const { i2scfgr, i2spr } = this;
    const { clock, name } = this.config.i2s!;
    const divider = 2 * (i2spr & 0xff) + (i2spr & I2SPR_ODD ? 1 : 0);
    if ((i2spr & 0xff) < 2 || !this.ctx.clocks.running(clock) || ((i2scfgr >>> I2SCFGR_DATLEN_SHIFT) & 3) === 3) return undefined;
    const words = this.wordFormat();
    const masterClock = (i2spr & I2SPR_MCKOE) !== 0;
    const slotTicks = (masterClock ? MASTER_CLOCK_PER_FRAME / 2 : words.slotBits) * divider;
    return {
      slotCycles: times(fraction(slotTicks), this.ctx.clocks.cyclesPerTick(clock)),
      ...words,
      masterClockPerFrame: masterClock && this.ctx.padsOf(`${name}_MCK`).length > 0 ? MASTER_CLOCK_PER_FRAME : 0,
    };
  }

  /** The bus, as long as clock, word select and data reach a pad; blocks of the chip that follow these clocks need no pad. */
  private connectedListener(): I2sListener {
    const { name } = this.config.i2s!;
    const bus = this.ctx.i2sBus(name);
    let connected = false;
    return {
      start: (stream) => {
        connected = ['CK', 'WS', 'SD'].every((line) => this.ctx.padsOf(`${name}_${line}`).length > 0);
        if (connected) bus.start(stream);
        bus.startClock(stream);
      },
      slots: (stream, firstSlot, values, count) => {
        if (connected) bus.slots(stream, firstSlot, values, count);
      },
      stop: (stream, endSlot) => {
        if (connected) bus.stop(stream, endSlot);
        bus.stopClock();
      },
    };
  }

  // What others see

  private status(): number {
    const rx = this.rxFull ? SR_RXNE : 0;
    if (!this.inI2s) return rx | this.errors | (this.txBuffer === undefined ? SR_TXE : 0) | (this.shifter?.busy ? SR_BSY : 0);
    const { transmitter } = this;
    const mode = this.i2sMode;
    if (mode === SLAVE_RECEIVE || mode === MASTER_RECEIVE) return rx | this.errors | (this.rxSide ? SR_CHSIDE : 0) | (this.receiver!.running ? SR_BSY : 0);
    // TXE is 0 while the I2S is disabled (28.4.7).
    if (mode === SLAVE_TRANSMIT || transmitter === undefined) {
      return rx | this.errors | (this.i2sOn && this.txBuffer === undefined ? SR_TXE : 0) | (this.follower!.side ? SR_CHSIDE : 0) | (this.follower!.running ? SR_BSY : 0);
    }
    const txe = this.i2sOn && transmitter.bufferEmpty ? SR_TXE : 0;
    return rx | this.errors | txe | (transmitter.channelSide ? SR_CHSIDE : 0) | (transmitter.running ? SR_BSY : 0);
  }

  private update(): void {
    const status = this.status();
    const wanting = (status & SR_TXE) !== 0 && (!this.inI2s || this.i2sOn);
    const failed = (status & (SR_UDR | SR_CRCERR | SR_MODF | SR_OVR)) !== 0;
    this.line.set((wanting && (this.cr2 & CR2_TXEIE) !== 0) || (this.rxFull && (this.cr2 & CR2_RXNEIE) !== 0) || (failed && (this.cr2 & CR2_ERRIE) !== 0));
    this.txRequest.set(wanting && (this.cr2 & CR2_TXDMAEN) !== 0);
    this.rxRequest.set(this.rxFull && (this.cr2 & CR2_RXDMAEN) !== 0);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
