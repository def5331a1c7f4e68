// SPDX-License-Identifier: MIT
// Lamps and buttons of the MPS2: bits of the FPGA I/O registers (ARM DAI 0386, FPGA system control and I/O). A pin is its register's address and
// its bit; lamps are outputs and buttons are inputs by their nature.

import { irqMask, irqRestore } from "../../shim/abi";
import { clearBits, read, setBits } from "../../shim/registers";

export const PULL_NONE: u32 = 0b00;
export const PULL_UP: u32 = 0b01;
export const PULL_DOWN: u32 = 0b10;

/** For firmware that sets its pins up on every board: a button is an input already. */
export function gpioInput(register: u32, bit: u32, pull: u32): void {}

/** Puts a lamp out; it is an output already. */
export function gpioOutput(register: u32, bit: u32): void {
  gpioReset(register, bit);
}

/** Lights a lamp. The register has no set and reset words, so handlers are kept out meanwhile. */
export function gpioSet(register: u32, bit: u32): void {
  const state = irqMask();
  setBits(register, 1 << bit);
  irqRestore(state);
}

/** Puts a lamp out. */
export function gpioReset(register: u32, bit: u32): void {
  const state = irqMask();
  clearBits(register, 1 << bit);
  irqRestore(state);
}

/** Inverts a lamp. */
export function gpioToggle(register: u32, bit: u32): void {
  if (gpioRead(register, bit)) gpioReset(register, bit);
  else gpioSet(register, bit);
}

/** Whether a lamp is lit or a button is pressed. */
// @ts-ignore: decorator
@inline
export function gpioRead(register: u32, bit: u32): bool {
  return (read(register) & (1 << bit)) != 0;
}
