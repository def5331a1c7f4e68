// SPDX-License-Identifier: MIT
// SPI/I2S registers, those of I2S mode: RM0090 section 28.5.

export const SPI_CR2: u32 = 0x04;
export const SPI_SR: u32 = 0x08;
export const SPI_DR: u32 = 0x0c;
export const SPI_I2SCFGR: u32 = 0x1c;
export const SPI_I2SPR: u32 = 0x20;

export const CR2_TXDMAEN: u32 = 1 << 1; // DMA request when the transmit buffer is empty

export const SR_TXE: u32 = 1 << 1; // transmit buffer empty
export const SR_UDR: u32 = 1 << 3; // underrun; cleared by reading SR
export const SR_BSY: u32 = 1 << 7; // a transfer goes on

// I2SSTD = 00 is the Philips standard, DATLEN = 00 with CHLEN = 0 are 16-bit channels: nothing to set for either.
export const I2SCFGR_I2SCFG_MASTER_TRANSMIT: u32 = 0b10 << 8;
export const I2SCFGR_I2SE: u32 = 1 << 10; // I2S enable
export const I2SCFGR_I2SMOD: u32 = 1 << 11; // I2S instead of SPI

export const I2SPR_ODD: u32 = 1 << 8; // divider is 2 x I2SDIV + 1
export const I2SPR_MCKOE: u32 = 1 << 9; // master clock output enable
