// SPDX-License-Identifier: MIT
// Bytes out of a CMSDK UART: ARM DDI 0479, section 4.7. QEMU takes a byte at once, whatever the baud rate.

import { read, write } from "../../shim/registers";
import { CTRL_TX_ENABLE, STATE_TX_FULL, UART_BAUDDIV, UART_CTRL, UART_DATA, UART_STATE } from "../../regs/mps2/uart";

const FASTEST: u32 = 16;

/** Lets a UART transmit, as fast as it can. */
export function serialInit(uart: u32): void {
  write(uart + UART_BAUDDIV, FASTEST);
  write(uart + UART_CTRL, CTRL_TX_ENABLE);
}

/** Sends a byte, waiting until there is room: in QEMU there is, unless whatever reads the other end does not. */
// @ts-ignore: decorator
@inline
export function serialWrite(uart: u32, byte: u32): void {
  // A reader that does not read stops the whole emulator with it, and so no time passes here.
  // @bound(1)
  while (read(uart + UART_STATE) & STATE_TX_FULL) {}
  write(uart + UART_DATA, byte);
}
