// SPDX-License-Identifier: MIT
// The slave's side of an I2C block: RM0090 rev 18, 27.3.2. Addresses of 7 bits, the second address and the general call; SCL is stretched always.

import type { I2cBus, I2cSlave } from '../../machine/links.js';

/** The registers, which the master's side has too. */
export interface I2cRegisters {
  cr1: number;
  sr1: number;
  sr2: number;
  dr: number;
  readonly oar1: number;
  readonly oar2: number;
  update(): void;
}

const CR1_PE = 1 << 0;
const CR1_ENGC = 1 << 6; // answers to the general call
const CR1_ACK = 1 << 10;
const OAR2_ENDUAL = 1 << 0; // answers to a second address
const SR1_ADDR = 1 << 1;
const SR1_BTF = 1 << 2;
const SR1_STOPF = 1 << 4;
const SR1_RXNE = 1 << 6;
const SR1_TXE = 1 << 7;
const SR1_AF = 1 << 10; // the master wants no more
const SR2_BUSY = 1 << 1;
const SR2_TRA = 1 << 2;
const SR2_GENCALL = 1 << 4;
const SR2_DUALF = 1 << 7;

export class I2cSlaveSide implements I2cSlave {
  /** Addressed, until the stop or the next start. */
  active = false;
  private shift: number | undefined;

  constructor(private readonly registers: I2cRegisters, private readonly bus: I2cBus) {
    bus.slave = this;
  }

  get transmitting(): boolean {
    return this.active && (this.registers.sr2 & SR2_TRA) !== 0;
  }

  /** Not while ADDR waits to be cleared, a byte to be read, or one to be written. */
  get ready(): boolean {
    const { sr1 } = this.registers;
    if (!this.active) return true;
    if (sr1 & (SR1_ADDR | SR1_BTF)) return false;
    return !this.transmitting || this.shift !== undefined;
  }

  reset(): void {
    this.active = false;
    this.shift = undefined;
  }

  addressed(byte: number): boolean {
    const { registers } = this;
    const { cr1, oar1, oar2 } = registers;
    this.reset();
    registers.sr2 = SR2_BUSY;
    const own = (byte & 0xfe) === (oar1 & 0xfe);
    const second = (oar2 & OAR2_ENDUAL) !== 0 && (byte & 0xfe) === (oar2 & 0xfe);
    const general = byte === 0 && (cr1 & CR1_ENGC) !== 0;
    if (!(cr1 & CR1_PE) || !(cr1 & CR1_ACK) || !(own || second || general)) return false;
    this.active = true;
    registers.sr1 |= SR1_ADDR;
    registers.sr2 |= (byte & 1 ? SR2_TRA : 0) | (general ? SR2_GENCALL : second && !own ? SR2_DUALF : 0);
    registers.update();
    return true;
  }

  /** SR1 was read with ADDR set, and now SR2. */
  clearAddressed(): void {
    const { registers } = this;
    registers.sr1 &= ~SR1_ADDR;
    if (this.transmitting) registers.sr1 |= SR1_TXE;
    this.proceed();
  }

  /** DR was written. */
  written(): void {
    const { registers } = this;
    registers.sr1 &= ~(SR1_BTF | SR1_TXE);
    if (this.shift === undefined) this.load();
    this.proceed();
  }

  /** DR was read: what waits behind it moves on. */
  readDone(): void {
    const { registers } = this;
    registers.sr1 &= ~(SR1_RXNE | SR1_BTF);
    if (this.shift !== undefined && !this.transmitting) {
      registers.dr = this.shift;
      this.shift = undefined;
      registers.sr1 |= SR1_RXNE;
    }
    this.proceed();
  }

  receive(byte: number): boolean {
    const { registers } = this;
    if (registers.sr1 & SR1_RXNE) {
      this.shift = byte;
      registers.sr1 |= SR1_BTF;
    } else {
      registers.dr = byte;
      registers.sr1 |= SR1_RXNE;
    }
    registers.update();
    return (registers.cr1 & CR1_ACK) !== 0;
  }

  transmit(): number {
    return this.shift ?? 0xff;
  }

  acknowledged(more: boolean): void {
    const { registers } = this;
    this.shift = undefined;
    if (!more) {
      registers.sr1 = (registers.sr1 | SR1_AF) & ~SR1_TXE;
      this.active = false;
    } else if (registers.sr1 & SR1_TXE) registers.sr1 |= SR1_BTF;
    else this.load();
    registers.update();
  }

  stopped(): void {
    const { registers } = this;
    if (this.active && !this.transmitting) registers.sr1 |= SR1_STOPF;
    this.active = false;
    registers.sr2 = 0;
    registers.update();
  }

  private load(): void {
    this.shift = this.registers.dr;
    this.registers.sr1 |= SR1_TXE;
  }

  private proceed(): void {
    this.registers.update();
    if (this.ready) this.bus.onReady();
  }
}
