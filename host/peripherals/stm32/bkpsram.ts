// SPDX-License-Identifier: MIT
// Backup SRAM of the STM32F405/407: RM0090 rev 18, 5.1.2. Four kilobytes of the backup domain, which no reset clears.

import type { AccessSize, ModelContext, Peripheral } from '../../machine/peripheral.js';

export interface BkpsramConfig {
  readonly byteCount: number;
  /** PWR_CR.DBP: whether the backup domain may be accessed. */
  readonly accessible: () => boolean;
}

export class Bkpsram implements Peripheral {
  private readonly view: DataView;

  constructor(readonly name: string, private readonly ctx: ModelContext, private readonly config: BkpsramConfig) {
    this.view = new DataView(new ArrayBuffer(config.byteCount));
  }

  /** Neither a system reset nor a power-on that the battery bridges changes it. */
  reset(): void {}

  read(offset: number, size: AccessSize): number {
    if (size === 4) return this.view.getUint32(offset, true);
    return size === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset);
  }

  write(offset: number, value: number, size: AccessSize): void {
    if (!this.config.accessible()) {
      this.ctx.diagnose({ where: this.name, message: 'it was written while PWR_CR.DBP is clear; the write is lost' });
    } else if (size === 4) this.view.setUint32(offset, value, true);
    else if (size === 2) this.view.setUint16(offset, value, true);
    else this.view.setUint8(offset, value);
  }
}
