// SPDX-License-Identifier: MIT
// A register that is modelled, used in a way that is not.

import { UnmodelledUseError } from '../../machine/errors.js';
import type { ModelContext } from '../../machine/peripheral.js';

/** The error of a write that the model cannot carry out in part. `what` names field and value. */
export function unmodelledUse(address: number, what: string): UnmodelledUseError {
  return new UnmodelledUseError(address, what);
}

/**
 * Firmware asked for something that the chip can do and the model cannot: an error, or where the machine is lenient a finding, after which
 * the model goes on as if the field had not been set. `what` names field and value.
 * @throws UnmodelledUseError when the machine is strict
 */
export function reportUnmodelledUse(ctx: Pick<ModelContext, 'bus'>, where: string, address: number, what: string): void {
  ctx.bus.unmodelled.found(unmodelledUse(address, what), where);
}
