// SPDX-License-Identifier: MIT
// CMSDK APB UART registers: ARM DDI 0479, section 4.7.

export const UART_DATA: u32 = 0x00;
export const UART_STATE: u32 = 0x04;
export const UART_CTRL: u32 = 0x08;
export const UART_BAUDDIV: u32 = 0x10; // at least 16

export const STATE_TX_FULL: u32 = 1 << 0;
export const CTRL_TX_ENABLE: u32 = 1 << 0;
