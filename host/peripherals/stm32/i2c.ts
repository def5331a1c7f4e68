// SPDX-License-Identifier: MIT
// I2C controller: registers, and its side as a bus master; i2c-slave.ts has the other one. RM0090 section 27 (STM32F405/407). SMBus timeouts, host and default addresses are not modelled.

import { floorTimes, toNumber } from '../../machine/fraction.js';
import type { I2cBus, I2cDevice } from '../../machine/links.js';
import { type DmaRequest, type InterruptLine, type ModelContext, RegisterBlock, type RegisterNames } from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import { type I2cRegisters, I2cSlaveSide } from './i2c-slave.js';
import { OutputPin } from './output-pin.js';

export interface I2cConfig {
  /** The APB clock: PCLK1. */
  readonly clock: string;
  /** The manual's vector names for events and errors. */
  readonly eventVector: string;
  readonly errorVector: string;
}

/** What another master or a disturbance can do: BERR, ARLO. */
export type I2cFault = 'bus-error' | 'arbitration-lost';

const CR1 = 0x00;
const CR2 = 0x04;
const OAR1 = 0x08;
const OAR2 = 0x0c;
const DR = 0x10;
const SR1 = 0x14;
const SR2 = 0x18;
const CCR = 0x1c;
const TRISE = 0x20;

export const I2C_REGISTERS: RegisterNames = {
  [CR1]: 'CR1', [CR2]: 'CR2', [OAR1]: 'OAR1', [OAR2]: 'OAR2', [DR]: 'DR', [SR1]: 'SR1', [SR2]: 'SR2', [CCR]: 'CCR', [TRISE]: 'TRISE',
};

// CR1, 27.6.1
const CR1_PE = 1 << 0; // peripheral enable
const CR1_SMBTYPE = 1 << 3; // SMBus host
const CR1_ENPEC = 1 << 5; // packet error checking
const CR1_START = 1 << 8; // start generation
const CR1_STOP = 1 << 9; // stop generation
const CR1_ACK = 1 << 10; // acknowledge
const CR1_POS = 1 << 11; // ACK is for the next byte
const CR1_PEC = 1 << 12; // transfer PEC
const CR1_ALERT = 1 << 13; // pull SMBA low
const CR1_SWRST = 1 << 15; // reset
const CR1_WRITABLE = 0xbffb;

// CR2, 27.6.2
const CR2_FREQ = 0x3f; // APB clock in MHz
const CR2_ITERREN = 1 << 8; // error interrupt enable
const CR2_ITEVTEN = 1 << 9; // event interrupt enable
const CR2_ITBUFEN = 1 << 10; // buffer interrupt enable
const CR2_DMAEN = 1 << 11; // DMA requests
const CR2_LAST = 1 << 12; // DMA's last but one transfer lets the next byte be refused
const CR2_WRITABLE = 0x1f3f;

const OAR1_ADDMODE = 1 << 15; // own address of 10 bits

// SR1, 27.6.6
const SR1_SB = 1 << 0; // start bit sent
const SR1_ADDR = 1 << 1; // address acknowledged
const SR1_BTF = 1 << 2; // byte transfer finished
const SR1_ADD10 = 1 << 3; // ten-bit header sent
const SR1_STOPF = 1 << 4; // stop detected, slave
const SR1_RXNE = 1 << 6; // data register not empty
const SR1_TXE = 1 << 7; // data register empty
const SR1_BERR = 1 << 8; // bus error
const SR1_ARLO = 1 << 9; // arbitration lost
const SR1_AF = 1 << 10; // acknowledge failure
const SR1_PECERR = 1 << 12; // PEC does not fit
const SR1_SMBALERT = 1 << 15; // SMBA was pulled low
const SR1_EVENTS = SR1_SB | SR1_ADDR | SR1_ADD10 | SR1_STOPF | SR1_BTF;
/** The error flags, cleared by writing 0. */
const SR1_ERRORS = 0xdf00;

// SR2, 27.6.7
const SR2_MSL = 1 << 0; // master
const SR2_BUSY = 1 << 1; // bus busy
const SR2_TRA = 1 << 2; // transmitter

// CCR, 27.6.8
const CCR_FS = 1 << 15; // fast mode
const CCR_DUTY = 1 << 14; // fast mode: low to high 16/9 instead of 2
const CCR_WRITABLE = 0xcfff;
const TRISE_RESET = 2;

/** PEC (27.3.6): CRC-8 with the polynomial x8 + x2 + x + 1, over addresses and data. */
function crc8(crc: number, byte: number): number {
  let value = crc ^ byte;
  for (let i = 0; i < 8; i++) value = (value << 1) ^ (value & 0x80 ? 0x107 : 0);
  return value & 0xff;
}

/**
 * What the bus does. Between the steps in which something is shifted, SCL is held low until software acts: `started` waits for the
 * address, `half-addressed` for the rest of one of ten bits, `addressed` for ADDR to be cleared, `holding` for data, a read, STOP or START.
 */
type Phase = 'idle' | 'starting' | 'started' | 'address' | 'half-addressed' | 'addressed' | 'sending' | 'receiving' | 'holding' | 'stopping';

export class I2c extends RegisterBlock implements I2cRegisters {
  cr1 = 0;
  private cr2 = 0;
  oar1 = 0;
  oar2 = 0;
  private ccr = 0;
  private trise = TRISE_RESET;
  sr1 = 0;
  sr2 = 0;
  dr = 0;
  private shift = 0;
  private phase: Phase = 'idle';
  /** A received byte waits in the shift register because DR has not been read. */
  private shiftFull = false;
  /** Whether the last byte received was acknowledged, so that another one follows. */
  private acknowledged = false;
  /** ACK as it was when the last byte ended: what counts with POS. */
  private nextAcknowledge = false;
  /** SR1 as software last saw it. */
  private seen = 0;
  private device: I2cDevice | undefined;
  /** Devices that answered to the header of a 10-bit address. */
  private candidates: readonly I2cDevice[] = [];
  /** The 10-bit device that was addressed last: a repeated start with the header alone reads from it. */
  private tenBitDevice: I2cDevice | undefined;
  private pec = 0;
  /** PEC follows by itself after DMA's last transfer, or the next byte is the last one. */
  private dmaEnded = false;
  private refuseNext = false;
  private readonly rxRequest: DmaRequest;
  private readonly txRequest: DmaRequest;
  private readonly alert: OutputPin;
  private step: Appointment | undefined;
  private readonly bus: I2cBus;
  private readonly slave: I2cSlaveSide;
  private readonly eventLine: InterruptLine;
  private readonly errorLine: InterruptLine;

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: I2cConfig) {
    super(name, base, I2C_REGISTERS);
    this.bus = ctx.i2cBus(name);
    this.slave = new I2cSlaveSide(this, this.bus);
    this.eventLine = ctx.interrupt(config.eventVector);
    this.errorLine = ctx.interrupt(config.errorVector);
    this.rxRequest = ctx.dmaRequest(`${name}_RX`);
    this.txRequest = ctx.dmaRequest(`${name}_TX`);
    // 27.3.7: LAST refuses the byte after the last but one; with ENPEC, the PEC follows the last.
    this.rxRequest.onLastButOne = () => (this.refuseNext = (this.cr2 & (CR2_LAST | CR2_DMAEN)) === (CR2_LAST | CR2_DMAEN));
    for (const request of [this.rxRequest, this.txRequest]) request.onLastTransfer = () => (this.dmaEnded = (this.cr1 & CR1_ENPEC) !== 0 && (this.cr2 & CR2_DMAEN) !== 0);
    const smba = ctx.signal(`${name}_SMBA`);
    this.alert = new OutputPin(smba);
    smba.incoming.onEdge((level) => {
      if (level === 1 || !(this.cr1 & CR1_PE) || !(this.cr1 & CR1_SMBTYPE)) return;
      this.sr1 |= SR1_SMBALERT;
      this.update();
    });
  }

  /** Makes a misplaced start or stop (BERR, the transfer goes on) or another master (ARLO, this one lets go of the bus) appear now. */
  injectFault(fault: I2cFault): void {
    if (fault === 'bus-error') {
      this.sr1 |= SR1_BERR;
    } else {
      this.release();
      this.cr1 &= ~(CR1_START | CR1_STOP);
      this.sr1 |= SR1_ARLO;
    }
    this.update();
  }

  /** Reset by the RCC: lets go of the bus, all registers at their reset values. */
  reset(): void {
    this.release();
    this.cr1 = this.cr2 = this.oar1 = this.oar2 = this.dr = this.sr1 = this.ccr = this.seen = 0;
    this.trise = TRISE_RESET;
    this.update();
  }

  override peek(offset: number): number {
    switch (offset) {
      case CR1: return this.cr1;
      case CR2: return this.cr2;
      case OAR1: return this.oar1;
      case OAR2: return this.oar2;
      case DR: return this.dr;
      case SR1: return this.sr1;
      case SR2: return this.sr2 | (this.cr1 & CR1_ENPEC ? this.pec << 8 : 0);
      case CCR: return this.ccr;
      case TRISE: return this.trise;
      default: return 0;
    }
  }

  protected override readRegister(offset: number): number | undefined {
    if (I2C_REGISTERS[offset] === undefined) return undefined;
    const value = this.peek(offset);
    if (offset === SR1) this.seen = this.sr1;
    if (offset === SR2 && this.seen & SR1_ADDR) {
      if (this.slave.active) this.slave.clearAddressed();
      else this.clearAddressed();
      this.seen &= ~SR1_ADDR;
    }
    if (offset === DR) this.readData();
    return value;
  }

  protected override writeRegister(offset: number, value: number): boolean {
    switch (offset) {
      case CR1:
        this.writeControl(value & CR1_WRITABLE);
        break;
      case CR2:
        this.cr2 = value & CR2_WRITABLE;
        break;
      case OAR1:
        this.oar1 = value & 0xc3ff;
        if (value & OAR1_ADDMODE) this.diagnose('OAR1.ADDMODE: as a slave, the block answers to addresses of 7 bits alone here');
        break;
      case OAR2:
        this.oar2 = value & 0xff;
        break;
      case DR:
        this.writeData(value & 0xff);
        break;
      case SR1:
        this.sr1 &= value | ~SR1_ERRORS;
        break;
      case SR2:
        break; // read-only
      case CCR:
      case TRISE:
        if (this.cr1 & CR1_PE) this.diagnose(`${I2C_REGISTERS[offset]} was written while PE is 1 (27.6.8, 27.6.9)`);
        if (offset === CCR) this.ccr = value & CCR_WRITABLE;
        else this.trise = value & 0x3f;
        break;
      default:
        return false;
    }
    this.update();
    return true;
  }

  private writeControl(value: number): void {
    // 27.6.6: STOPF goes with "read SR1, write CR1".
    this.sr1 &= ~(this.seen & SR1_STOPF);
    this.seen &= ~SR1_STOPF;
    if (value & CR1_SWRST) {
      this.release();
      this.cr1 = CR1_SWRST;
      this.cr2 = this.oar1 = this.oar2 = this.ccr = this.dr = this.sr1 = 0;
      this.trise = TRISE_RESET;
      this.shiftFull = false;
      return;
    }
    if (!(value & CR1_PE)) {
      if (this.phase !== 'idle') this.diagnose('PE was cleared during a transfer (27.6.1)');
      this.release();
      this.sr1 = 0;
      this.shiftFull = false;
      // Hardware keeps these at 0 while PE is 0.
      this.cr1 = value & ~(CR1_START | CR1_STOP | CR1_ACK | CR1_POS);
      return;
    }
    const rising = value & ~this.cr1;
    if (this.cr1 & (CR1_START | CR1_STOP) && rising & (CR1_START | CR1_STOP)) {
      this.diagnose('START or STOP was set before hardware had cleared the one before (27.6.1)');
    }
    this.cr1 = value;
    if (rising & CR1_PE) this.checkTiming();
    if (this.phase === 'idle') {
      if (value & CR1_START) this.start();
      else this.cr1 &= ~CR1_STOP; // no transfer to stop
    } else if (this.phase === 'holding' || this.phase === 'started') {
      this.stopOrRestart();
    }
  }

  /** Core cycles in which SCL is low and high (27.6.8). */
  private sclCycles(): { low: number; high: number } {
    const factor = this.ccr & 0xfff;
    const [low, high] = !(this.ccr & CCR_FS) ? [1, 1] : this.ccr & CCR_DUTY ? [16, 9] : [2, 1];
    const tick = this.ctx.clocks.cyclesPerTick(this.config.clock);
    return { low: floorTimes(factor * low, tick), high: floorTimes(factor * high, tick) };
  }

  private checkTiming(): void {
    const pclkHz = toNumber(this.ctx.clocks.hertz(this.config.clock));
    const pclkMhz = pclkHz / 1e6;
    const freq = this.cr2 & CR2_FREQ;
    const fast = (this.ccr & CCR_FS) !== 0;
    if (Math.abs(freq - pclkMhz) >= 1) this.diagnose(`CR2.FREQ is ${freq}, but ${this.config.clock} runs at ${pclkMhz} MHz`);
    if (pclkMhz < (fast ? 4 : 2)) this.diagnose(`${this.config.clock} runs at ${pclkMhz} MHz, too slow for ${fast ? 'fast' : 'standard'} mode (27.6.2)`);
    const { low, high } = this.sclCycles();
    if ((this.ccr & 0xfff) < (fast ? 1 : 4)) return this.diagnose(`CCR.CCR is ${this.ccr & 0xfff}, below its minimum (27.6.8)`);
    const sclHz = Math.round(toNumber(this.ctx.clocks.hertz('HCLK')) / (low + high));
    const limit = fast ? 400_000 : 100_000;
    if (sclHz > limit) this.diagnose(`CCR gives an SCL of ${sclHz} Hz; the mode allows ${limit}`);
    // Longest rise time of the mode, in ticks, plus one (27.6.9).
    const rise = Math.floor(pclkHz * (fast ? 300e-9 : 1000e-9) + 1e-6) + 1;
    if (this.trise !== rise) this.diagnose(`TRISE is ${this.trise}; for this mode and clock it is ${rise}`);
  }

  private after(cycles: number, phase: Phase, action: () => void): void {
    this.phase = phase;
    this.step = this.ctx.timeline.after(cycles, () => {
      action();
      this.update();
    });
  }

  /** Nine SCL periods: eight bits and the acknowledgement. */
  private shiftByte(phase: Phase, action: () => void): void {
    const { low, high } = this.sclCycles();
    this.after(9 * (low + high), phase, action);
  }

  /** A start condition, or a repeated one, for which SCL must rise first. */
  private start(): void {
    const { low, high } = this.sclCycles();
    if (low + high === 0) return; // no clock: diagnosed when PE rose
    const repeated = (this.sr2 & SR2_MSL) !== 0;
    if (!repeated) {
      this.pec = 0;
      this.tenBitDevice = undefined;
    }
    this.dmaEnded = this.refuseNext = false;
    this.cr1 &= ~CR1_PEC;
    this.sr2 = (this.sr2 & ~SR2_TRA) | SR2_MSL | SR2_BUSY;
    this.sr1 &= ~(SR1_BTF | SR1_TXE);
    this.after(repeated ? low + high : high, 'starting', () => {
      this.cr1 &= ~CR1_START;
      this.sr1 |= SR1_SB;
      this.phase = 'started';
      this.stopOrRestart();
    });
  }

  private stop(): void {
    const { low, high } = this.sclCycles();
    this.sr1 &= ~(SR1_SB | SR1_BTF | SR1_TXE);
    this.after(low + high, 'stopping', () => {
      this.device?.stop();
      this.release();
      this.cr1 &= ~CR1_STOP;
      if (this.cr1 & CR1_START) this.start();
    });
  }

  /** Lets go of both lines. */
  private release(): void {
    this.ctx.timeline.cancel(this.step);
    this.device = undefined;
    this.phase = 'idle';
    this.slave.reset();
    this.sr2 &= ~(SR2_MSL | SR2_BUSY | SR2_TRA);
    this.sr1 &= ~(SR1_SB | SR1_ADDR | SR1_ADD10 | SR1_BTF | SR1_TXE);
    this.dmaEnded = this.refuseNext = false;
  }

  /** @returns whether a stop or a repeated start has been asked for and is under way */
  private stopOrRestart(): boolean {
    if (this.cr1 & CR1_STOP) this.stop();
    else if (this.cr1 & CR1_START && this.phase !== 'started') this.start();
    else return false;
    return true;
  }

  private writeData(value: number): void {
    if (this.phase === 'started') {
      if (!(this.seen & SR1_SB)) return this.diagnose('DR was written with SB set before SR1 was read: SB stays set (27.6.6)');
      this.seen &= ~SR1_SB;
      this.sr1 &= ~SR1_SB;
      this.shift = value;
      this.shiftByte('address', () => this.addressSent());
      return;
    }
    if (this.phase === 'half-addressed') {
      if (!(this.seen & SR1_ADD10)) return this.diagnose('DR was written with ADD10 set before SR1 was read: ADD10 stays set (27.6.6)');
      this.seen &= ~SR1_ADD10;
      this.sr1 &= ~SR1_ADD10;
      this.shift = value;
      this.shiftByte('address', () => this.addressFinished());
      return;
    }
    this.dr = value;
    if (this.slave.transmitting) return this.slave.written();
    this.clearTransferFinished();
    if (!(this.sr2 & SR2_TRA)) return;
    this.sr1 &= ~SR1_TXE;
    if (this.phase === 'holding' && !(this.sr1 & SR1_AF)) this.sendNext();
  }

  private get connected(): boolean {
    return [`${this.name}_SCL`, `${this.name}_SDA`].every((signal) => this.ctx.padsOf(signal).length > 0);
  }

  private addressSent(): void {
    const { shift } = this;
    this.pec = crc8(this.pec, shift);
    // 27.3.3: 11110 and two bits are the header of a 10-bit address.
    if ((shift & 0xf8) === 0xf0) return this.headerSent((shift >>> 1) & 3, (shift & 1) !== 0);
    this.select(this.connected ? this.bus.deviceAt(shift >>> 1) : undefined, (shift & 1) !== 0);
  }

  private headerSent(top: number, reading: boolean): void {
    if (reading) return this.select(this.tenBitDevice?.address !== undefined && this.tenBitDevice.address >> 8 === top ? this.tenBitDevice : undefined, true);
    this.candidates = this.connected ? this.bus.tenBitDevices(top) : [];
    if (this.candidates.length === 0) return this.notAcknowledged();
    this.sr1 |= SR1_ADD10;
    this.phase = 'half-addressed';
  }

  /** The second byte of a 10-bit address has gone. */
  private addressFinished(): void {
    this.pec = crc8(this.pec, this.shift);
    this.tenBitDevice = this.candidates.find((d) => (d.address & 0xff) === this.shift);
    this.select(this.tenBitDevice, false);
  }

  private select(device: I2cDevice | undefined, reading: boolean): void {
    this.device = device;
    if (!reading) this.sr2 |= SR2_TRA;
    this.nextAcknowledge = (this.cr1 & CR1_ACK) !== 0;
    if (this.device?.start(reading ? 'read' : 'write')) {
      this.sr1 |= SR1_ADDR;
      this.phase = 'addressed';
    } else {
      this.device = undefined;
      this.notAcknowledged();
    }
  }

  private notAcknowledged(): void {
    this.sr1 |= SR1_AF;
    this.phase = 'holding';
    this.acknowledged = false;
    this.stopOrRestart();
  }

  /** SR1 was read with ADDR set, and now SR2: the data phase begins. */
  private clearAddressed(): void {
    this.seen &= ~SR1_ADDR;
    if (this.phase !== 'addressed') return;
    this.sr1 &= ~SR1_ADDR;
    if (this.sr2 & SR2_TRA) {
      this.sr1 |= SR1_TXE;
      this.phase = 'holding';
      this.stopOrRestart();
    } else {
      this.receive();
    }
    this.update();
  }

  /** DR moves to the shift register, which is empty. */
  private sendNext(): void {
    this.shift = this.dr;
    this.sr1 |= SR1_TXE;
    this.send();
  }

  private send(): void {
    this.pec = crc8(this.pec, this.shift);
    this.shiftByte('sending', () => {
      if (!this.device?.write(this.shift)) return this.notAcknowledged();
      if (this.stopOrRestart()) return;
      if (!(this.sr1 & SR1_TXE)) return this.sendNext();
      if (this.cr1 & CR1_ENPEC && (this.cr1 & CR1_PEC || this.dmaEnded)) {
        this.cr1 &= ~CR1_PEC;
        this.dmaEnded = false;
        this.shift = this.pec;
        return this.send();
      }
      this.sr1 |= SR1_BTF;
      this.phase = 'holding';
    });
  }

  private receive(): void {
    this.shiftByte('receiving', () => {
      const ack = (this.cr1 & CR1_ACK) !== 0;
      // POS: ACK as it stood before this byte came (27.6.1).
      this.acknowledged = this.cr1 & CR1_POS ? this.nextAcknowledge : ack;
      this.nextAcknowledge = ack;
      if (this.refuseNext) this.acknowledged = false;
      const byte = this.device!.read();
      if (this.cr1 & CR1_ENPEC && (this.cr1 & CR1_PEC || this.dmaEnded)) {
        // 27.3.6: the byte is the PEC, and after it nothing is acknowledged.
        if (byte !== this.pec) this.sr1 |= SR1_PECERR;
        this.cr1 &= ~CR1_PEC;
        this.dmaEnded = this.acknowledged = false;
      } else this.pec = crc8(this.pec, byte);
      if (this.sr1 & SR1_RXNE) {
        this.shift = byte;
        this.shiftFull = true;
        this.sr1 |= SR1_BTF;
      } else {
        this.dr = byte;
        this.sr1 |= SR1_RXNE;
      }
      this.phase = 'holding';
      if (!this.stopOrRestart()) this.continueReceiving();
    });
  }

  private continueReceiving(): void {
    if (this.acknowledged && !this.shiftFull) this.receive();
  }

  private readData(): void {
    if (this.slave.active) return this.slave.readDone();
    this.clearTransferFinished();
    this.sr1 &= ~SR1_RXNE;
    if (this.shiftFull) {
      this.shiftFull = false;
      this.dr = this.shift;
      this.sr1 |= SR1_RXNE;
    }
    if (this.phase === 'holding' && !(this.sr2 & SR2_TRA)) this.continueReceiving();
    this.update();
  }

  /** BTF goes with "read SR1, access DR". */
  private clearTransferFinished(): void {
    this.sr1 &= ~(this.seen & SR1_BTF);
    this.seen &= ~SR1_BTF;
  }

  /** Sets lines and requests as the registers have them. */
  update(): void {
    const { sr1, cr2 } = this;
    const events = SR1_EVENTS | (cr2 & CR2_ITBUFEN ? SR1_TXE | SR1_RXNE : 0);
    this.eventLine.set((cr2 & CR2_ITEVTEN) !== 0 && (sr1 & events) !== 0);
    const dma = (cr2 & CR2_DMAEN) !== 0;
    this.txRequest.set(dma && (sr1 & (SR1_TXE | SR1_AF)) === SR1_TXE);
    this.rxRequest.set(dma && (sr1 & SR1_RXNE) !== 0);
    this.alert.set(0, (this.cr1 & (CR1_PE | CR1_ALERT)) === (CR1_PE | CR1_ALERT));
    this.errorLine.set((cr2 & CR2_ITERREN) !== 0 && (sr1 & SR1_ERRORS) !== 0);
  }

  private diagnose(message: string): void {
    this.ctx.diagnose({ where: this.name, message });
  }
}
