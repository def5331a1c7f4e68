// SPDX-License-Identifier: MIT
// General-purpose I/O registers: RM0090 section 8.4.

export const GPIO_MODER: u32 = 0x00;
export const GPIO_OTYPER: u32 = 0x04;
export const GPIO_OSPEEDR: u32 = 0x08;
export const GPIO_PUPDR: u32 = 0x0c;
export const GPIO_IDR: u32 = 0x10;
export const GPIO_ODR: u32 = 0x14;
export const GPIO_BSRR: u32 = 0x18; // low half sets, high half resets
export const GPIO_AFRL: u32 = 0x20; // pins 0 to 7; AFRH, pins 8 to 15, follows
