// SPDX-License-Identifier: MIT
// I2S master transmitter, Philips standard, 16-bit channels, with or without master clock, fed by DMA: RM0090 sections 28.4.4, 28.4.5 and 28.5.

import {
  I2S_BASE, I2S_CK_FUNCTION, I2S_CK_PIN, I2S_CK_PORT, I2S_CLOCK_BIT, I2S_CLOCK_REGISTER, I2S_DIV, I2S_MASTER_CLOCK,
  I2S_MCK_FUNCTION, I2S_MCK_PIN, I2S_MCK_PORT, I2S_ODD, I2S_SD_FUNCTION, I2S_SD_PIN, I2S_SD_PORT, I2S_WS_FUNCTION, I2S_WS_PIN, I2S_WS_PORT,
} from "../../shim/board";
import { clearBits, read, setBits, waitUntil, write } from "../../shim/registers";
import {
  CR2_TXDMAEN, I2SCFGR_I2SCFG_MASTER_TRANSMIT, I2SCFGR_I2SE, I2SCFGR_I2SMOD, I2SPR_MCKOE, I2SPR_ODD, SPI_CR2, SPI_DR, SPI_I2SCFGR,
  SPI_I2SPR, SPI_SR, SR_BSY, SR_TXE, SR_UDR,
} from "../../regs/stm32/spi";
import { gpioAlternate, PULL_NONE, PUSH_PULL, SPEED_MEDIUM } from "./gpio";

/** Where a DMA stream puts the samples. */
export const I2S_DATA_ADDRESS: u32 = I2S_BASE + SPI_DR;

/** The I2S did not fall idle. */
export const I2S_BUSY: i32 = -1;

// What is in the buffer and the shift register takes one frame to leave, 3,500 cycles at 168 MHz; looks take 4 cycles or more.
const DRAIN_ATTEMPTS: i32 = 4000;

/** Sets the I2S up, stopped. The clock tree must stand. */
export function i2sInit(): void {
  setBits(I2S_CLOCK_REGISTER, I2S_CLOCK_BIT);
  if (I2S_MASTER_CLOCK) gpioAlternate(I2S_MCK_PORT, I2S_MCK_PIN, I2S_MCK_FUNCTION, PUSH_PULL, PULL_NONE, SPEED_MEDIUM);
  gpioAlternate(I2S_CK_PORT, I2S_CK_PIN, I2S_CK_FUNCTION, PUSH_PULL, PULL_NONE, SPEED_MEDIUM);
  gpioAlternate(I2S_WS_PORT, I2S_WS_PIN, I2S_WS_FUNCTION, PUSH_PULL, PULL_NONE, SPEED_MEDIUM);
  gpioAlternate(I2S_SD_PORT, I2S_SD_PIN, I2S_SD_FUNCTION, PUSH_PULL, PULL_NONE, SPEED_MEDIUM);
  write(I2S_BASE + SPI_I2SPR, I2S_DIV | (I2S_ODD ? I2SPR_ODD : 0) | (I2S_MASTER_CLOCK ? I2SPR_MCKOE : 0));
  write(I2S_BASE + SPI_I2SCFGR, I2SCFGR_I2SMOD | I2SCFGR_I2SCFG_MASTER_TRANSMIT);
  write(I2S_BASE + SPI_CR2, CR2_TXDMAEN);
}

/** Starts the clocks and the requests for samples; the first one is the left channel's. */
export function i2sStart(): void {
  setBits(I2S_BASE + SPI_I2SCFGR, I2SCFGR_I2SE);
}

/**
 * Lets the last samples out and stops. Whatever feeds it must have stopped before.
 * @returns 0, or I2S_BUSY when it was stopped in the middle of a sample
 */
export function i2sStop(): i32 {
  // @waits(21 us)
  const drained = waitUntil(I2S_BASE + SPI_SR, SR_TXE, SR_TXE, DRAIN_ATTEMPTS) && waitUntil(I2S_BASE + SPI_SR, SR_BSY, 0, DRAIN_ATTEMPTS);
  clearBits(I2S_BASE + SPI_I2SCFGR, I2SCFGR_I2SE);
  return drained ? 0 : I2S_BUSY;
}

/** Whether an underrun has happened since the last look, which clears it. */
// @ts-ignore: decorator
@inline
export function i2sUnderrun(): bool {
  return (read(I2S_BASE + SPI_SR) & SR_UDR) != 0;
}
