// SPDX-License-Identifier: MIT
// Four straps on port E by which a scenario tells a fixture which of its variants to be: RM0090 section 8.4.

import { gpioInput, gpioRead, PULL_DOWN } from "../../assembly/drivers/gpio";

const GPIOE_BASE: u32 = 0x40021000;
const STRAPS: u32 = 4;

/** The number that the scenario has set, 0 to 15. */
export function readStraps(): u32 {
  let value: u32 = 0;
  for (let pin: u32 = 0; pin < STRAPS; pin++) {
    gpioInput(GPIOE_BASE, pin, PULL_DOWN);
    value |= u32(gpioRead(GPIOE_BASE, pin)) << pin;
  }
  return value;
}
