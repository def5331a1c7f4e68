// SPDX-License-Identifier: MIT
// The error of a register that is modelled, used in a way that is not.

import { BusError, hex } from '../../machine/errors.js';

/** Firmware asked a modelled block for something that the chip can do and the model cannot. `what` names field and value. */
export function unmodelledUse(address: number, what: string): BusError {
  return new BusError(address, 'write', `write of ${what} at ${hex(address)}: the chip can do this, the emulator does not model it`);
}
