// SPDX-License-Identifier: MIT
// A stand-in for I2C1 as a master (RM0090 section 27.3.3) with one register device on the bus, which records what it is told.

import type { RegisterFile } from './register-file.js';

const CR1 = 0x40005400;
const DR = 0x40005410;
const SR1 = 0x40005414;
const SR2 = 0x40005418;

const SB = 1 << 0;
const ADDR = 1 << 1;
const BTF = 1 << 2;
const RXNE = 1 << 6;
const TXE = 1 << 7;
const AF = 1 << 10;

export class I2cFake {
  /** Transfers as the device saw them: "S 94 00 99 P". */
  readonly transfers: string[] = [];
  readonly deviceRegisters = new Map<number, number>();
  present = true;
  /** Nothing ever happens on the bus. */
  dead = false;
  busy = false;
  private status = 0;
  private line = '';
  private addressing = false;
  private reading = false;
  private bytes: number[] = [];
  private pointer = 0;
  private statusRead = false;

  constructor(registers: RegisterFile, private readonly address: number) {
    registers.script(SR1, () => {
      this.statusRead = true;
      return this.status;
    });
    registers.script(SR2, () => {
      if (this.statusRead && this.status & ADDR) {
        this.status &= ~ADDR;
        if (this.reading) {
          this.status |= RXNE;
          const acknowledged = (registers.values.get(CR1)! & (1 << 10)) !== 0;
          if (acknowledged) throw new Error('the last byte of a read must not be acknowledged');
        } else this.status |= TXE;
      }
      return this.busy ? 2 : 0;
    });
    registers.script(DR, () => {
      this.status &= ~RXNE;
      return this.deviceRegisters.get(this.pointer) ?? 0;
    });
    registers.onStore.set(SR1, (value) => void (this.status &= value | 0xff));
    registers.onStore.set(CR1, (value) => {
      if (this.dead) return;
      let left = value;
      if (value & (1 << 8)) {
        this.line = 'S';
        this.bytes = [];
        this.status = SB;
        this.addressing = true;
        left &= ~(1 << 8);
      }
      if (value & (1 << 9)) {
        this.transfers.push(`${this.line} P`);
        if (!this.reading && this.bytes.length > 0) {
          this.pointer = this.bytes[0];
          if (this.bytes.length > 1) this.deviceRegisters.set(this.pointer, this.bytes[1]);
        }
        this.status &= ~(TXE | BTF);
        left &= ~(1 << 9);
      }
      registers.values.set(CR1, left);
    });
    registers.onStore.set(DR, (value) => {
      this.line += ` ${value.toString(16).padStart(2, '0')}`;
      if (this.addressing) {
        this.addressing = false;
        this.statusRead = false;
        this.reading = (value & 1) !== 0;
        this.status = this.present && value >> 1 === this.address ? ADDR : AF;
      } else {
        this.bytes.push(value);
        this.status |= TXE | BTF;
      }
    });
  }
}
