// SPDX-License-Identifier: MIT
// A Cortex-M4's private peripheral bus alone, for the specs of its blocks.

import { Bus } from '../machine/bus.js';
import { ExceptionController } from '../machine/exceptions.js';
import { Timeline } from '../machine/timeline.js';
import { plugCore, type CoreConfig } from '../peripherals/cortex-m/core.js';

/** A core with 82 interrupts and 4 priority bits, as on the STM32F407. */
export function coreBench(config: Partial<CoreConfig> = {}) {
  const timeline = new Timeline();
  const exceptions = new ExceptionController(timeline, 82, 4);
  const bus = new Bus();
  let resets = 0;
  const blocks = plugCore({ timeline, exceptions, bus }, { cpuid: 0x410fc241, systickReferenceDivider: 8, onResetRequest: () => resets++, ...config });
  const read = (address: number) => bus.read(address, 4);
  const write = (address: number, value: number) => bus.write(address, value, 4);
  return { timeline, exceptions, bus, blocks, read, write, resets: () => resets };
}
