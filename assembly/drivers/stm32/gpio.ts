// SPDX-License-Identifier: MIT
// Pins: RM0090 section 8.3 and 8.4. A pin is its port's base address and its number, 0 to 15.

import { modify, read, setBits, write } from "../../shim/registers";
import {
  GPIO_AFRL, GPIO_BSRR, GPIO_IDR, GPIO_MODER, GPIO_ODR, GPIO_OSPEEDR, GPIO_OTYPER, GPIO_PUPDR,
} from "../../regs/stm32/gpio";
import { RCC_AHB1ENR, RCC_BASE } from "../../regs/stm32/rcc";

export const PULL_NONE: u32 = 0b00;
export const PULL_UP: u32 = 0b01;
export const PULL_DOWN: u32 = 0b10;

export const PUSH_PULL: u32 = 0;
export const OPEN_DRAIN: u32 = 1;

/** Slew rates: the slowest that serves rings and radiates least. */
export const SPEED_LOW: u32 = 0b00;
export const SPEED_MEDIUM: u32 = 0b01;
export const SPEED_FAST: u32 = 0b10;

const MODE_INPUT: u32 = 0b00;
const MODE_OUTPUT: u32 = 0b01;
const MODE_ALTERNATE: u32 = 0b10;

/** Ports lie 0x400 apart from a 16 KiB boundary on, in the order of their clock enable bits. */
function enableClock(port: u32): void {
  setBits(RCC_BASE + RCC_AHB1ENR, 1 << ((port >> 10) & 0xf));
}

// @ts-ignore: decorator
@inline
function setField(register: u32, pin: u32, value: u32): void {
  modify(register, 0b11 << (pin << 1), value << (pin << 1));
}

/** Makes a pin an input. */
export function gpioInput(port: u32, pin: u32, pull: u32): void {
  enableClock(port);
  setField(port + GPIO_PUPDR, pin, pull);
  setField(port + GPIO_MODER, pin, MODE_INPUT);
}

/** Makes a pin a push-pull output that starts low. */
export function gpioOutput(port: u32, pin: u32): void {
  enableClock(port);
  gpioReset(port, pin);
  modify(port + GPIO_OTYPER, 1 << pin, 0);
  setField(port + GPIO_OSPEEDR, pin, SPEED_LOW);
  setField(port + GPIO_PUPDR, pin, PULL_NONE);
  setField(port + GPIO_MODER, pin, MODE_OUTPUT);
}

/**
 * Hands a pin to a peripheral. The mode comes last, so that the pin never drives with another peripheral's function.
 * @param alternate alternate function number, 0 to 15
 * @param type PUSH_PULL or OPEN_DRAIN
 */
export function gpioAlternate(port: u32, pin: u32, alternate: u32, type: u32, pull: u32, speed: u32): void {
  enableClock(port);
  const shift = (pin & 7) << 2;
  modify(port + GPIO_AFRL + ((pin >> 3) << 2), 0b1111 << shift, alternate << shift);
  modify(port + GPIO_OTYPER, 1 << pin, type << pin);
  setField(port + GPIO_OSPEEDR, pin, speed);
  setField(port + GPIO_PUPDR, pin, pull);
  setField(port + GPIO_MODER, pin, MODE_ALTERNATE);
}

/** Drives an output high; a single store, so handlers may use other pins of the port at any moment. */
// @ts-ignore: decorator
@inline
export function gpioSet(port: u32, pin: u32): void {
  write(port + GPIO_BSRR, 1 << pin);
}

/** Drives an output low; a single store. */
// @ts-ignore: decorator
@inline
export function gpioReset(port: u32, pin: u32): void {
  write(port + GPIO_BSRR, 0x10000 << pin);
}

/** Inverts an output; other pins of the port are not touched. */
export function gpioToggle(port: u32, pin: u32): void {
  if (read(port + GPIO_ODR) & (1 << pin)) gpioReset(port, pin);
  else gpioSet(port, pin);
}

/** The level at a pin, whatever its mode. */
// @ts-ignore: decorator
@inline
export function gpioRead(port: u32, pin: u32): bool {
  return (read(port + GPIO_IDR) & (1 << pin)) != 0;
}
