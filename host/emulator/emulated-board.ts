// SPDX-License-Identifier: MIT
// An emulated board whose core executes a firmware's module: metered on the JavaScript engine, or in wasm3 under the boards' shim.

import { counters, COUNTERS_OFFSET, type CounterName } from '../abi.js';
import type { Board } from '../boards/index.js';
import type { Firmware } from '../build/compile.js';
import { SourceMap } from '../build/source-map.js';
import { loadCoreCosts, type EngineCosts } from '../cpu/wasm/costs.js';
import type { InlinedVoices } from '../cpu/voice-functions.js';
import type { PreEmptiveCpu } from '../cpu/pre-emptive-cpu.js';
import { WasmCpu } from '../cpu/wasm/cpu.js';
import { parseModule, type WasmModule } from '../cpu/wasm/decode.js';
import { METER } from '../cpu/wasm/meter.js';
import { describeTrap, type FirmwareTrap } from '../cpu/wasm/trap.js';
import type { IsrResult } from '../profile/run-result.js';
import { BoardHardware, type BoardOptions } from './board-hardware.js';
import { createCpu, type CpuOptions } from './create-cpu.js';
import type { FirmwareBoard } from './firmware-board.js';
import { mapMemory } from './memory-map.js';

export interface EmulationOptions extends CpuOptions, BoardOptions {
  /** Whose instruction costs are counted: an engine of the core's cost table; by default aot, and wasm3 with CPU wasm3. */
  readonly engine?: string;
  /** Costs to count instead of the table's, such as the engine's worst ones. */
  readonly costs?: EngineCosts;
  /** With `counting`, on CPU wasm: finds code about voices that the compiler has put into its callers. */
  readonly inlinedVoices?: (firmware: Firmware, module: WasmModule) => InlinedVoices;
}

const counterNames = Object.keys(counters) as CounterName[];
/** By name, since some are asked for at every interrupt. */
const counterIndices = Object.fromEntries(counterNames.map((name, i) => [name, i])) as Record<CounterName, number>;

export class EmulatedBoard extends BoardHardware implements FirmwareBoard {
  readonly cpu: PreEmptiveCpu;
  readonly costs: EngineCosts;
  readonly engine: string;
  /** Physical address of linear memory's byte 0. */
  readonly memoryAddress: number;
  /** Linear memory. */
  private words: Uint32Array = new Uint32Array(0);
  readonly module: WasmModule;
  readonly inlined: InlinedVoices | undefined;
  readonly sourceMap: SourceMap | undefined;

  /**
   * @throws NotEmulated for a board of a family that has no models; Error when the engine has no cost table for this core, or CPU wasm3 has not
   *   been made ready (prepareCpu)
   */
  constructor(ofBoard: Board, readonly firmware: Firmware, readonly options: EmulationOptions = {}) {
    super(ofBoard, {
      options,
      vectors: Object.fromEntries(firmware.vectors.map((v) => [v.name, { priority: v.priority, budget: v.budget ?? null }])),
    });
    const { board, machine } = this;
    this.engine = options.engine ?? (options.cpu === 'wasm3' ? 'wasm3' : 'aot');
    const core = board.lineage[board.lineage.length - 1];
    const costs = loadCoreCosts(core);
    this.costs = options.costs ?? costs.engines[this.engine];
    if (!this.costs) throw new Error(`no costs for engine "${this.engine}" on ${core}; there are ${Object.keys(costs.engines).join(', ')}`);
    this.module = parseModule(firmware.wasm);
    this.sourceMap = firmware.sourceMap ? new SourceMap(firmware.sourceMap) : undefined;
    const memoryBytes = (this.module.memory?.initial ?? 0) * 65536;
    const { address, rest } = mapMemory(board, memoryBytes, firmware.file);
    this.memoryAddress = address;
    this.inlined = options.counting ? options.inlinedVoices?.(firmware, this.module) : undefined;
    this.cpu = createCpu({ ...options, costs: this.costs, module: this.module, natives: new Set(firmware.natives.map((n) => n.index)), inlined: this.inlined, memoryBytes, rest }, {
      machine, vectors: firmware.vectors, core: board.core, dispatch: this.costs.dispatch, overclock: options.overclock ?? 1,
      memoryAddress: address,
      onMemory: (bytes) => {
        this.words = new Uint32Array(bytes.buffer);
        // First, for it is what the DMA reads.
        for (const region of [{ name: 'linear memory', origin: address, dma: true, bytes }, ...rest, ...this.chip.memories]) machine.bus.addMemory(region);
      },
    });
    this.plugMidi();
  }

  /** What a handler has cost so far, by its vector. @throws RangeError when the firmware binds no handler to it */
  isr(vector: string): IsrResult {
    const result = this.recorder.isr()[vector];
    if (!result) throw new RangeError(`no handler is bound to ${vector}; there are ${this.firmware.vectors.map((v) => v.name).join(', ')}`);
    return result;
  }

  /** Linear memory as it is now. */
  get linearMemory(): Uint8Array {
    return new Uint8Array(this.words.buffer, this.words.byteOffset, this.words.byteLength);
  }

  globalValue(index: number): number | undefined {
    return this.cpu instanceof WasmCpu && this.cpu.counts ? this.cpu.global(`${METER.global}${index}`) : undefined;
  }

  get cpuName(): string {
    return this.options.cpu ?? 'wasm';
  }

  counter(name: CounterName): number {
    return this.words[COUNTERS_OFFSET / 4 + counterIndices[name]];
  }

  /** All counters, in the order of the ABI table. */
  counterWords(): Uint32Array {
    return this.words.slice(COUNTERS_OFFSET / 4, COUNTERS_OFFSET / 4 + counterNames.length);
  }

  /** @throws FirmwareTrap from `run`, when the firmware traps, aborts, or touches what is not there */
  protected override runCore(): void {
    this.cpu.run();
  }

  protected override activeVoices(): number {
    return this.counter('activeVoices');
  }

  /** What the firmware threw, with the place in its source, the handler, and the last MIDI bytes. */
  override describe(error: unknown): FirmwareTrap {
    return describeTrap(error, {
      module: this.module, sourceMap: this.sourceMap, offsets: this.cpu.offsetsOf(error), running: [...this.cpu.running], seconds: this.now, cycle: this.machine.timeline.now, lastMidiBytes: this.lastMidiBytes,
    });
  }
}
