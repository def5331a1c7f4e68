// SPDX-License-Identifier: MIT
// The ABI's volatile loads and stores over a fixture's linear memory, with a place to pre-empt at each of them.

import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

/**
 * Everything that two contexts share passes through these accesses, so a pre-emption between two of them is all that matters: what runs in between
 * touches only what the interrupted side does not see, or reads anew.
 */
export class SharedMemory {
  /** Called before and after each access, never within a call of itself: what an interrupt handler does there. */
  preempt: () => void = () => {};
  fixture!: Fixture;
  private preempting = false;

  /** Compiles a fixture whose `load32` and `store32` come here. */
  static async load(file: string): Promise<SharedMemory> {
    const shared = new SharedMemory();
    const word = (address: number) => new DataView(shared.fixture.memory.buffer, address, 4);
    shared.fixture = await instantiateAssembly(file, {
      load32: (address: number) => shared.between(() => word(address).getUint32(0, true)),
      store32: (address: number, value: number) => shared.between(() => word(address).setUint32(0, value, true)),
    });
    return shared;
  }

  private between<T>(access: () => T): T {
    this.interrupt();
    const result = access();
    this.interrupt();
    return result;
  }

  private interrupt(): void {
    if (this.preempting) return;
    this.preempting = true;
    try {
      this.preempt();
    } finally {
      this.preempting = false;
    }
  }
}
