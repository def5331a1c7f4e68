// SPDX-License-Identifier: MIT
// A stand-in for DMA1 stream 5 feeding I2S3, item by item, as RM0090 sections 10 and 28 describe them. No FIFO and no time: what a driver spec
// needs to see which samples leave, in which order, and when flags rise.

import { MEMORY_ADDRESS, type RegisterFile } from './register-file.js';

export const HISR = 0x40026004;
export const HIFCR = 0x4002600c;
export const S5CR = 0x40026088;
export const S5NDTR = 0x4002608c;
export const S5PAR = 0x40026090;
export const S5M0AR = 0x40026094;
export const S5FCR = 0x4002609c;
export const SPI_SR = 0x40003c08;
export const I2SCFGR = 0x40003c1c;

// Flags of stream 5 stand six bits up.
export const FEIF = 1 << 6;
export const DMEIF = 1 << 8;
export const TEIF = 1 << 9;
export const HTIF = 1 << 10;
export const TCIF = 1 << 11;

const EN = 1;
const CIRC = 1 << 8;
const I2SE = 1 << 10;
const INTERRUPT_ENABLE: readonly (readonly [flag: number, enable: number])[] = [[DMEIF, 1 << 1], [TEIF, 1 << 2], [HTIF, 1 << 3], [TCIF, 1 << 4]];

export class StreamFake {
  flags = 0;
  /** Samples that left, as complete frames; a frame that was cut after its left sample is not in it. */
  readonly frames: (readonly [left: number, right: number])[] = [];
  private remaining = 0;
  private reload = 0;
  private address = 0;
  private left: number | undefined;
  private underrun = false;

  constructor(private readonly registers: RegisterFile) {
    const r = registers;
    r.script(HISR, () => this.flags);
    r.onStore.set(HIFCR, (value) => void (this.flags &= ~value));
    r.script(S5NDTR, () => this.remaining);
    r.onStore.set(S5NDTR, (value) => {
      if (this.enabled) throw new Error('NDTR written while the stream runs');
      this.remaining = this.reload = value;
    });
    r.onStore.set(S5CR, (value) => this.control(value));
    r.values.set(SPI_SR, 0x02); // TXE, not busy: nothing in flight
    r.script(SPI_SR, () => {
      const status = 0x02 | (this.underrun ? 1 << 3 : 0);
      this.underrun = false;
      return status;
    });
    r.onStore.set(I2SCFGR, (value) => {
      if (!(value & I2SE)) this.left = undefined;
    });
  }

  private running = false;
  get enabled(): boolean {
    return this.running;
  }

  private control(value: number): void {
    const enable = (value & EN) !== 0;
    if (enable && !this.running) {
      if (this.flags) throw new Error('stream enabled with flags set');
      this.address = this.registers.values.get(S5M0AR)!;
    }
    // A stream that is stopped by software raises TCIF (RM0090 10.3.16).
    if (!enable && this.running) this.flags |= TCIF;
    this.running = enable;
  }

  /** Whether the stream's interrupt line is high. */
  get interrupting(): boolean {
    const control = this.registers.values.get(S5CR) ?? 0;
    return INTERRUPT_ENABLE.some(([flag, enable]) => this.flags & flag && control & enable)
      || ((this.flags & FEIF) !== 0 && ((this.registers.values.get(S5FCR) ?? 0) & (1 << 7)) !== 0);
  }

  fail(flag: number): void {
    this.flags |= flag;
    if (flag === TEIF) this.disable();
  }
  failI2s(): void {
    this.underrun = true;
  }

  private disable(): void {
    this.running = false;
    this.registers.values.set(S5CR, this.registers.values.get(S5CR)! & ~EN);
  }

  /** One half-word goes to the I2S. */
  step(): void {
    if (!this.running || !((this.registers.values.get(I2SCFGR) ?? 0) & I2SE)) return;
    const sample = new DataView(this.registers.memory.buffer).getInt16(this.address - MEMORY_ADDRESS, true);
    this.address += 2;
    if (this.left === undefined) this.left = sample;
    else {
      this.frames.push([this.left, sample]);
      this.left = undefined;
    }
    this.remaining--;
    if (this.remaining === this.reload >> 1) this.flags |= HTIF;
    if (this.remaining > 0) return;
    this.flags |= TCIF;
    if (this.registers.values.get(S5CR)! & CIRC) {
      this.remaining = this.reload;
      this.address = this.registers.values.get(S5M0AR)!;
    } else this.disable();
  }
}
