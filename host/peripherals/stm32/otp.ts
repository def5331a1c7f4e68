// SPDX-License-Identifier: MIT
// One-time programmable bytes and what the factory leaves behind them: RM0090 rev 18, 3.8 and chapter 39 (device electronic signature); RM0383, 3.7 and
// chapter 24. The calibration values are those of a chip that is exactly as its data sheet's typical column says.

import type { MemoryRegion } from '../../machine/bus.js';
import type { AccessSize } from '../../machine/peripheral.js';

const ORIGIN = 0x1fff_7800;
const BLOCKS = 16;
const BLOCK_BYTES = 32;
const LOCKS = BLOCKS * BLOCK_BYTES; // one lock byte a block: 0 when it is locked
const OTP_BYTES = LOCKS + BLOCKS;
const UID = 0x7a10 - 0x7800;
const FLASH_SIZE = 0x7a22 - 0x7800; // in KiB
const VREFINT_CAL = 0x7a2a - 0x7800; // ADC reading of VREFINT at 30 °C and 3.3 V
const TS_CAL1 = 0x7a2c - 0x7800; // of the temperature sensor at 30 °C
const TS_CAL2 = 0x7a2e - 0x7800; // and at 110 °C
const BYTES = 0x230;
/** 39.1: position on the wafer (X, Y), its number, and the lot in ASCII. The same for every emulated chip, so that runs are alike. */
const UNIQUE_ID = [0x2a, 0x00, 0x31, 0x00, 0x05, ...[...'TONEWHL'].map((c) => c.charCodeAt(0))];

export class Otp {
  readonly region: MemoryRegion;

  /** @param flashBytes size of the main memory @param write what a write on the bus does */
  constructor(flashBytes: number, write: (address: number, value: number, size: AccessSize) => void) {
    const bytes = new Uint8Array(BYTES).fill(0xff);
    bytes.set(UNIQUE_ID, UID);
    const view = new DataView(bytes.buffer);
    view.setUint16(FLASH_SIZE, flashBytes / 1024, true);
    view.setUint16(VREFINT_CAL, 1502, true);
    view.setUint16(TS_CAL1, 959, true);
    view.setUint16(TS_CAL2, 1207, true);
    this.region = { name: 'OTP', origin: ORIGIN, bytes, dma: false, write: (at, value, size) => write(ORIGIN + at, value, size) };
  }

  /** Whether a byte cannot be programmed: its block is locked, or it is the factory's. */
  isProtected(address: number): boolean {
    const offset = address - ORIGIN;
    if (offset < 0 || offset >= OTP_BYTES) return true;
    return offset < LOCKS && this.region.bytes[LOCKS + Math.floor(offset / BLOCK_BYTES)] === 0;
  }

  /** Takes bits of one byte from 1 to 0. */
  burn(address: number, byte: number): void {
    this.region.bytes[address - ORIGIN] &= byte;
  }
}
