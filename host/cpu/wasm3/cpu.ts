// SPDX-License-Identifier: MIT
// CPU "wasm3": the interpreter of the boards under the boards' own shim, both built for this computer. It calls `tick` between two operations, and
// handlers go through the shim's dispatcher, each on a stack region of its own.

import { trapCauses } from '../../build/image/trap-record.js';
import type { Wasm3Variant } from '../../build/wasm3/prepare.js';
import { FIRST_IRQ } from '../../machine/exceptions.js';
import { HostShim, type HostEnd } from '../../wasm3-host-shim/index.js';
import { PreEmptiveCpu, type CpuConfig } from '../pre-emptive-cpu.js';

export interface Wasm3CpuConfig extends CpuConfig {
  readonly variant: Wasm3Variant;
  readonly module: Uint8Array;
  readonly memoryBytes: number;
  /** Cycles of one operation of the interpreter. */
  readonly operationCycles: number;
  /** RAM and flash that the firmware may touch besides linear memory; `end` is the last byte. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  /** Interpreter stack of `init` and `main`, and of each handler. A board's build computes what they need; here there is plenty. */
  readonly mainStackBytes?: number;
  readonly handlerStackBytes?: number;
  /** For the interpreter's code, which is some ten times the module, and all stacks. */
  readonly heapBytes?: number;
}

const KIB = 1024;
const DEFAULT_MAIN_STACK = 64 * KIB;
const DEFAULT_HANDLER_STACK = 16 * KIB;
const DEFAULT_HEAP = 16 * KIB * KIB;

/** Of boards/shim/trap.h. */
const ABORT = 16;
const BAD_ARGUMENT = 17;
const BAD_MODULE = 19;

/** The shim stopped the firmware. */
export class ShimTrap extends Error {
  override readonly name = 'ShimTrap';
  constructor(message: string, readonly end: HostEnd) {
    super(message);
  }
}

const hex = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;

export class Wasm3Cpu extends PreEmptiveCpu {
  readonly shim: HostShim;

  /** @throws Error when the addon has not been made ready by `prepareHostShim` */
  constructor(config: Wasm3CpuConfig) {
    super(config);
    const { machine: { exceptions }, vectors, memoryAddress, memoryBytes, module, ranges, operationCycles, variant } = config;
    const { mainStackBytes = DEFAULT_MAIN_STACK, handlerStackBytes = DEFAULT_HANDLER_STACK, heapBytes = DEFAULT_HEAP } = config;
    this.shim = new HostShim({
      module, vectors: vectors.map(({ irq, priority, exportName }) => ({ irq, priority, exportName, stackBytes: handlerStackBytes })), ranges,
      irqLines: exceptions.count - FIRST_IRQ, priorityBits: exceptions.priorityBits, mainStackBytes, memoryAddress, memoryBytes, heapBytes,
    }, variant);
    const { opsLeft } = this.shim;
    // Cycles that do not make a whole operation are kept, so that the present is what it was set to.
    let rest = 0;
    this.getLeft = () => opsLeft[0] * operationCycles + rest;
    this.setLeft = (cycles) => {
      opsLeft[0] = Math.floor(cycles / operationCycles);
      rest = cycles - opsLeft[0] * operationCycles;
    };
    this.useMemory(this.shim.memory);
    this.bind((_, index) => () => this.shim.dispatch(index));
  }

  run(): never {
    const { abort, log, ...core } = this.imports();
    this.shim.run({ ...core, tick: () => this.tick(), log: (text) => this.log(text), end: (reason) => this.stop(reason) });
    throw new Error('the shim returned');
  }

  /** One place: the interpreter keeps no trace of its calls. */
  offsetsOf(): number[] {
    const { stoppedAt } = this.shim;
    return stoppedAt < 0 ? [] : [stoppedAt];
  }

  private stop(end: HostEnd): never {
    const [first, second, third, fourth] = end.detail;
    if (end.cause === ABORT) this.abort(first, second, third, fourth);
    const { log } = this.config.machine;
    let reason = trapCauses[end.cause] ?? `the shim gave up, cause ${end.cause}`;
    if (end.cause === BAD_ARGUMENT) reason += `: ${hex(first)}, ${hex(second)}`;
    // Why a module does not load is in the log, for there is nothing else on a board.
    if (end.cause === BAD_MODULE && log.length > 0) reason += `: ${log.map(({ text }) => text).join('').trim()}`;
    throw new ShimTrap(reason, end);
  }
}
