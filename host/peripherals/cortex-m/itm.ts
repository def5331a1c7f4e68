// SPDX-License-Identifier: MIT
// Instrumentation trace (ARM DDI 0403E, C1.7): stimulus ports that are always ready, whose text goes to whoever listens.

import { RegisterBlock, type AccessSize } from '../../machine/peripheral.js';
import { identification } from './identification.js';

const TER = 0xe00;
const TPR = 0xe40;
const TCR = 0xe80;
const LAR = 0xfb0;
const LSR = 0xfb4;
const PORTS = 32;
const TCR_ITMENA = 1 << 0; // the unit is on
const TCR_MASK = 0x007f0f1f;
const LAR_KEY = 0xc5acce55;
const LSR_PRESENT = 1 << 0, LSR_LOCKED = 1 << 1;

const NAMES: Record<number, string> = { [TER]: 'TER', [TPR]: 'TPR', [TCR]: 'TCR', [LAR]: 'LAR', [LSR]: 'LSR' };
for (let n = 0; n < PORTS; n++) NAMES[4 * n] = `STIM${n}`;

export class Itm extends RegisterBlock {
  private enabledPorts = 0;
  private privileges = 0;
  private control = 0;
  private locked = true;
  /** DEMCR.TRCENA. */
  traceEnabled = false;
  /** What is written to a stimulus port that is on, byte by byte, the lowest first. */
  onStimulus: (port: number, bytes: readonly number[]) => void = () => {};

  constructor() {
    super('ITM', 0xe0000000, NAMES);
  }

  /** Power on. */
  reset(): void {
    this.enabledPorts = this.privileges = this.control = 0;
    this.locked = true;
  }

  private isOn(port: number): boolean {
    return this.traceEnabled && (this.control & TCR_ITMENA) !== 0 && ((this.enabledPorts >>> port) & 1) === 1;
  }

  protected readRegister(offset: number): number | undefined {
    if (offset < 4 * PORTS) return this.isOn(offset >> 2) ? 1 : 0; // FIFOREADY: nothing is slower than the firmware
    switch (offset) {
      case TER: return this.enabledPorts;
      case TPR: return this.privileges;
      case TCR: return this.control;
      case LAR: return 0;
      case LSR: return LSR_PRESENT | (this.locked ? LSR_LOCKED : 0);
      default: return identification(offset, 0x01, 0x3b) ?? 0;
    }
  }

  override write(offset: number, value: number, size: AccessSize): void {
    if (offset >= 4 * PORTS) {
      super.write(offset, value, size);
      return;
    }
    // The width of the access is how many bytes are sent.
    if (this.isOn(offset >> 2)) this.onStimulus(offset >> 2, Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff));
  }

  protected writeRegister(offset: number, value: number): boolean {
    if (offset === LAR) this.locked = value !== LAR_KEY;
    else if (!this.locked) {
      if (offset === TER) this.enabledPorts = value;
      else if (offset === TPR) this.privileges = value & 0xf;
      else if (offset === TCR) this.control = value & TCR_MASK;
    }
    return true;
  }
}
