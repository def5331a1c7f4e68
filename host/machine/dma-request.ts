// SPDX-License-Identifier: MIT
// The request line between a peripheral and the DMA controllers.

import type { DmaPacer, DmaRequest } from './peripheral.js';

export class DmaRequestLine implements DmaRequest {
  private level = false;
  private readonly listeners: ((active: boolean) => void)[] = [];
  private readonly finishers: (() => void)[] = [];
  pacer: DmaPacer | undefined;
  served: ((beats: number) => void) | undefined;
  onLastButOne: (() => void) | undefined;
  onLastTransfer: (() => void) | undefined;

  constructor(readonly name: string) {}

  get active(): boolean {
    return this.level;
  }

  set(active: boolean): void {
    if (active === this.level) return;
    this.level = active;
    for (const listener of this.listeners) listener(active);
  }

  finish(): void {
    for (const listener of this.finishers) listener();
  }

  onFinish(listener: () => void): void {
    this.finishers.push(listener);
  }

  listen(listener: (active: boolean) => void): void {
    this.listeners.push(listener);
  }
}
