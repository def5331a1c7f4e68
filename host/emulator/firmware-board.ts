// SPDX-License-Identifier: MIT
// What a run of a firmware needs of its board, whatever the CPU: the counters that the firmware keeps, and where its cycles come from.

import type { CounterName } from '../abi.js';
import type { Firmware } from '../build/compile.js';
import type { CostError } from '../cpu/wasm/costs.js';
import type { BoardHardware, BoardOptions } from './board-hardware.js';

export interface FirmwareBoard extends BoardHardware {
  readonly firmware: Firmware;
  readonly options: BoardOptions;
  /** What executes it: wasm, wasm3 or arm. */
  readonly cpuName: string;
  readonly engine: string;
  /** The core: since which cycle it sleeps; undefined when it is awake. */
  readonly cpu: { readonly asleepSince: number | undefined };
  /** Where the cycles of instructions come from, and how wrong they are when they are a table's. */
  readonly costs: { readonly source: string; readonly error?: CostError };
  /** Linear memory as it is now; what lies behind it may follow. */
  readonly linearMemory: Uint8Array;
  /** Value of one of the module's globals of type i32, by its index; undefined where the engine does not show it. */
  globalValue(index: number): number | undefined;
  /** A counter of the firmware as it is now, by its name in the ABI. */
  counter(name: CounterName): number;
  /** All counters, in the order of the ABI table. */
  counterWords(): Uint32Array;
}
