// SPDX-License-Identifier: MIT
// The private peripheral bus of a Cortex-M core: its blocks at their architectural addresses (ARM DDI 0403E, table B3-1).

import type { Bus } from '../../machine/bus.js';
import type { ExceptionController } from '../../machine/exceptions.js';
import type { Timeline } from '../../machine/timeline.js';
import { CoreDebug } from './core-debug.js';
import { Dwt } from './dwt.js';
import { FpuControl } from './fpu-control.js';
import { Mpu } from './mpu.js';
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
  /** AIRCR.VECTRESET: a reset of the core alone. */
  readonly onCoreResetRequest?: () => void;
}

/** The blocks, for a CPU that acts on them. */
export interface CorePeripherals {
  readonly scb: Scb;
  readonly fpu: FpuControl;
  readonly mpu: Mpu;
  readonly debug: CoreDebug;
  readonly dwt: Dwt;
  readonly systick: SysTick;
  /** As a reset of the core does (AIRCR.SYSRESETREQ, power on). */
  reset(): void;
}

export function plugCore({ timeline, exceptions, bus }: CoreSockets, config: CoreConfig): CorePeripherals {
  const dwt = new Dwt(timeline);
  const scb = new Scb(exceptions, config);
  const fpu = new FpuControl(exceptions);
  const mpu = new Mpu();
  const debug = new CoreDebug(exceptions);
  debug.onTraceEnable = (on) => (dwt.traceEnabled = on);
  const systick = new SysTick(timeline, exceptions, { referenceDivider: config.systickReferenceDivider });
  bus.map(0xe0001000, 0x1000, dwt);
  bus.map(0xe000e010, 0x10, systick);
  bus.map(0xe000e100, 0xc00, new Nvic(exceptions));
  bus.map(0xe000ed00, 0x90, scb);
  bus.map(0xe000ed90, 0x60, mpu);
  bus.map(0xe000edf0, 0x10, debug);
  bus.map(0xe000ef00, 0x100, fpu);
  const resettable = [scb, fpu, mpu, debug, systick, exceptions];
  return { scb, fpu, mpu, debug, dwt, systick, reset: () => resettable.forEach((block) => block.reset()) };
}
