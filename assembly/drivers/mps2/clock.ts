// SPDX-License-Identifier: MIT
// The MPS2's clock needs no start-up: the FPGA image runs from 25 MHz out of reset (ARM DAI 0386, clocks).

/** For firmware that sets the clock up on every board. @returns 0 */
export function clockInit(): i32 {
  return 0;
}
