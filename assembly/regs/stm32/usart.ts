// SPDX-License-Identifier: MIT
// USART registers: RM0090 section 30.6.

export const USART_SR: u32 = 0x00;
export const USART_DR: u32 = 0x04;
export const USART_BRR: u32 = 0x08;
export const USART_CR1: u32 = 0x0c;
export const USART_CR2: u32 = 0x10;
export const USART_CR3: u32 = 0x14;

export const SR_FE: u32 = 1 << 1; // framing error
export const SR_NF: u32 = 1 << 2; // noise detected
export const SR_ORE: u32 = 1 << 3; // overrun error
export const SR_RXNE: u32 = 1 << 5; // read data register not empty
export const SR_TXE: u32 = 1 << 7; // transmit data register empty

export const CR1_RE: u32 = 1 << 2; // receiver enable
export const CR1_TE: u32 = 1 << 3; // transmitter enable
export const CR1_RXNEIE: u32 = 1 << 5; // RXNE and ORE interrupt enable
export const CR1_TXEIE: u32 = 1 << 7; // TXE interrupt enable
export const CR1_UE: u32 = 1 << 13; // USART enable
