// SPDX-License-Identifier: MIT
// Which CPU executes a firmware: the metered module on the JavaScript engine, or wasm3 under the boards' shim.

import type { Wasm3Variant } from '../build/wasm3/prepare.js';
import type { Watch } from '../check/worst-case/watch.js';
import { voiceFunctionsOf, type InlinedVoices } from '../cpu/voice-functions.js';
import type { CpuConfig, PreEmptiveCpu } from '../cpu/pre-emptive-cpu.js';
import { InstructionCosts, type EngineCosts } from '../cpu/wasm/costs.js';
import { WasmCpu } from '../cpu/wasm/cpu.js';
import { contextsOf, type Entry } from '../cpu/wasm/contexts.js';
import type { WasmModule } from '../cpu/wasm/decode.js';
import { meter, METER, type Counting } from '../cpu/wasm/meter.js';
import { Wasm3Cpu } from '../cpu/wasm3/cpu.js';
import type { MemoryRegion } from '../machine/bus.js';
import { MAIN, RESET } from '../profile/context-names.js';
import { prepareHostShim } from '../wasm3-host-shim/index.js';

export type CpuName = 'wasm' | 'wasm3';

export interface CpuOptions {
  /** What executes the firmware; `wasm3` wants `prepareCpu` first. */
  readonly cpu?: CpuName;
  /** Of CPU wasm3: the interpreter as boards have it, or as it comes. */
  readonly wasm3?: Wasm3Variant;
  /** Of CPU wasm: counts how often each basic block runs, by calling context, for a profile. */
  readonly counting?: boolean;
  /** Of CPU wasm: what checks the comments on how often code runs. */
  readonly watch?: Watch;
}

const variantOf = ({ wasm3 = 'tuned' }: CpuOptions): Wasm3Variant => wasm3;

/** Builds what the CPU needs, the first time on this computer. @throws ToolMissing when CPU wasm3 lacks a C compiler */
export async function prepareCpu(options: CpuOptions): Promise<void> {
  if (options.cpu === 'wasm3') await prepareHostShim(variantOf(options));
}

export interface FirmwareForCpu extends CpuOptions {
  readonly costs: EngineCosts;
  readonly module: WasmModule;
  /** Indices of its `@native` functions. */
  readonly natives: ReadonlySet<number>;
  /** With `counting`: code about voices that the compiler has put into its callers. */
  readonly inlined?: InlinedVoices;
  readonly memoryBytes: number;
  /** RAM around linear memory. */
  readonly rest: readonly MemoryRegion[];
}

/** @throws Error when the engine's costs are not for the CPU, or `prepareCpu` has not been awaited */
export function createCpu({ costs, module, natives, inlined, memoryBytes, rest, ...options }: FirmwareForCpu, config: CpuConfig): PreEmptiveCpu {
  if (options.cpu !== 'wasm3') {
    const native = costs.native && { functions: natives, costs: new InstructionCosts(costs.native) };
    const { watch, counting } = options;
    const around = watch && ((exports: Record<string, unknown>, handler: () => void) => watch.wrap(exports, handler));
    const metered = meter(module, new InstructionCosts(costs), native, counting ? countingFor(module, config.vectors, inlined) : undefined, watch?.probes);
    return new WasmCpu({ ...config, metered, around });
  }
  if (costs.operation === undefined) throw new Error('CPU wasm3 executes with the interpreter: its engine is wasm3, and no other');
  const ranges = rest.map(({ origin, bytes }) => ({ start: origin, end: origin + bytes.length - 1 }));
  return new Wasm3Cpu({ ...config, variant: variantOf(options), module: module.bytes, memoryBytes, operationCycles: costs.operation, ranges });
}

/** The places where the shim enters a firmware, as roots of calling contexts. */
function countingFor(module: WasmModule, vectors: CpuConfig['vectors'], inlined: InlinedVoices | undefined): Counting {
  const roots = new Map<string, string>([[METER.start, RESET], ['init', RESET], ['main', MAIN], ...vectors.map(({ exportName, name }) => [exportName, name] as const)]);
  const entries = module.exports.filter(({ kind, name }) => kind === 'func' && roots.has(name)).map(({ name, index }): Entry => ({ root: roots.get(name)!, functionIndex: index }));
  if (module.start !== undefined) entries.unshift({ root: RESET, functionIndex: module.start });
  const contexts = contextsOf(module, entries);
  return {
    contexts, about: new Set(voiceFunctionsOf(module).keys()), inlined: inlined?.code ?? new Map(),
    entryOf: (exportName, functionIndex) => {
      const root = roots.get(exportName);
      return root === undefined ? undefined : contexts.entry(root, functionIndex);
    },
  };
}
