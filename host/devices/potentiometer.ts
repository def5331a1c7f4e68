// SPDX-License-Identifier: MIT
// A potentiometer between ground and VDDA, its wiper on a pad.

import type { AnalogNet } from '../machine/analog-net.js';

export class Potentiometer {
  private turned = 0;

  /** @param supplyVolts VDDA @param position where it stands at first, 0 to 1 */
  constructor(private readonly net: AnalogNet, private readonly supplyVolts: number, position = 0) {
    this.position = position;
  }

  /** Where it stands: 0 at the end of ground, 1 at that of VDDA. */
  get position(): number {
    return this.turned;
  }

  /** Turns it. @throws RangeError outside of 0 to 1 */
  set position(position: number) {
    if (!(position >= 0 && position <= 1)) throw new RangeError(`a potentiometer stands between 0 and 1, not at ${position}`);
    this.turned = position;
    this.net.set(position * this.supplyVolts);
  }
}
