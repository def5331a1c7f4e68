// SPDX-License-Identifier: MIT
// The private peripheral bus of a Cortex-M core: its blocks at their architectural addresses (ARM DDI 0403E, table B3-1).

import type { Bus } from '../../machine/bus.js';
import type { ExceptionController } from '../../machine/exceptions.js';
import type { Timeline } from '../../machine/timeline.js';
import { Dwt } from './dwt.js';
import { Nvic } from './nvic.js';
import { Scb } from './scb.js';
import { SysTick } from './systick.js';

/** What of the machine the core is plugged into. */
export interface CoreSockets {
  readonly timeline: Timeline;
  readonly exceptions: ExceptionController;
  readonly bus: Bus;
}

export interface CoreConfig {
  readonly cpuid: number;
  /** Core cycles in a tick of SysTick's external reference. */
  readonly systickReferenceDivider: number;
  readonly onResetRequest: () => void;
}

export function plugCore({ timeline, exceptions, bus }: CoreSockets, { cpuid, systickReferenceDivider, onResetRequest }: CoreConfig): void {
  const dwt = new Dwt(timeline);
  const scb = new Scb(exceptions, { cpuid, onResetRequest, onTraceEnable: (on) => (dwt.traceEnabled = on) });
  const systick = new SysTick(timeline, exceptions, { referenceDivider: systickReferenceDivider });
  bus.map(0xe0001000, 0x1000, dwt);
  bus.map(0xe000e010, 0x10, systick);
  bus.map(0xe000e100, 0xc00, new Nvic(exceptions));
  bus.map(0xe000ed00, 0x300, scb);
}
