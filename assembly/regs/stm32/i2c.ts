// SPDX-License-Identifier: MIT
// I2C registers: RM0090 section 27.6.

export const I2C_CR1: u32 = 0x00;
export const I2C_CR2: u32 = 0x04;
export const I2C_DR: u32 = 0x10;
export const I2C_SR1: u32 = 0x14;
export const I2C_SR2: u32 = 0x18;
export const I2C_CCR: u32 = 0x1c;
export const I2C_TRISE: u32 = 0x20;

export const CR1_PE: u32 = 1 << 0; // peripheral enable
export const CR1_START: u32 = 1 << 8; // start generation
export const CR1_STOP: u32 = 1 << 9; // stop generation
export const CR1_ACK: u32 = 1 << 10; // acknowledge enable
export const CR1_SWRST: u32 = 1 << 15; // software reset

export const SR1_SB: u32 = 1 << 0; // start condition generated
export const SR1_ADDR: u32 = 1 << 1; // address sent and acknowledged
export const SR1_BTF: u32 = 1 << 2; // byte transfer finished
export const SR1_RXNE: u32 = 1 << 6; // data register not empty
export const SR1_TXE: u32 = 1 << 7; // data register empty
export const SR1_BERR: u32 = 1 << 8; // bus error
export const SR1_ARLO: u32 = 1 << 9; // arbitration lost
export const SR1_AF: u32 = 1 << 10; // acknowledge failure

export const SR2_BUSY: u32 = 1 << 1; // bus busy
