// SPDX-License-Identifier: MIT
// The private peripheral bus of a Cortex-M core: its blocks at their architectural addresses (ARM DDI 0403E, table B3-1).

import type { Bus } from '../../machine/bus.js';
import type { ExceptionController } from '../../machine/exceptions.js';
import type { Timeline } from '../../machine/timeline.js';
import { CoreDebug } from './core-debug.js';
import { Dwt } from './dwt.js';
import { Fpb } from './fpb.js';
import { FpuControl } from './fpu-control.js';
import { Itm } from './itm.js';
import { Mpu } from './mpu.js';
import { Nvic, ScsControl } from './nvic.js';
import { Scb } from './scb.js';
import { SysTick } from './systick.js';
import { etm, romTable, tpiu } from './trace-blocks.js';

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
  /** Bytes that the firmware writes to a stimulus port of the ITM. */
  readonly onStimulus?: (port: number, bytes: readonly number[]) => void;
  /** The chip's identity in the ROM table; an STM32F405/407's by default. */
  readonly romPart?: number;
}

const STM32F40X = 0x413;

/** The blocks, for a CPU that acts on them. */
export interface CorePeripherals {
  readonly scb: Scb;
  readonly fpu: FpuControl;
  readonly mpu: Mpu;
  readonly debug: CoreDebug;
  readonly dwt: Dwt;
  readonly fpb: Fpb;
  readonly itm: Itm;
  readonly systick: SysTick;
  /** As a reset of the core does (AIRCR.SYSRESETREQ). Debug and trace components keep their state. */
  reset(): void;
  /** As power on does: all of them. */
  powerOn(): void;
}

export function plugCore({ timeline, exceptions, bus }: CoreSockets, config: CoreConfig): CorePeripherals {
  const dwt = new Dwt(timeline);
  const scb = new Scb(exceptions, config);
  const fpu = new FpuControl(exceptions);
  const mpu = new Mpu();
  const debug = new CoreDebug(exceptions);
  const systick = new SysTick(timeline, exceptions, { referenceDivider: config.systickReferenceDivider });
  const fpb = new Fpb();
  const itm = new Itm();
  if (config.onStimulus) itm.onStimulus = config.onStimulus;
  debug.onTraceEnable = (on) => {
    dwt.traceEnabled = on;
    itm.traceEnabled = on;
  };
  const control = new ScsControl(exceptions);
  const stored = [tpiu(), etm(), romTable(config.romPart ?? STM32F40X)];
  for (const block of [itm, dwt, fpb, ...stored]) bus.map(block.base, 0x1000, block);
  bus.map(0xe000e000, 0x10, control);
  bus.map(0xe000e010, 0x10, systick);
  bus.map(0xe000e100, 0xc00, new Nvic(exceptions));
  bus.map(0xe000ed00, 0x90, scb);
  bus.map(0xe000ed90, 0x60, mpu);
  bus.map(0xe000edf0, 0x10, debug);
  bus.map(0xe000ef00, 0x100, fpu);
  const core = [scb, fpu, mpu, debug, systick, control, exceptions];
  const debugBlocks = [dwt, fpb, itm, ...stored];
  const reset = (): void => core.forEach((block) => block.reset());
  return {
    scb, fpu, mpu, debug, dwt, fpb, itm, systick, reset,
    powerOn: () => {
      reset();
      debug.powerOn();
      for (const block of debugBlocks) block.reset();
    },
  };
}
