// SPDX-License-Identifier: MIT
// CPU "wasm": a metered module on the JavaScript engine. It calls `tick` between two basic blocks, and handlers are calls of its exports.

import { ABI_MODULE } from '../../abi.js';
import { PreEmptiveCpu, type CpuConfig } from '../pre-emptive-cpu.js';
import { countKeeper, type CountKeeper } from './count-keeper.js';
import { METER, type MeteredModule } from './meter.js';
import { ObjectCounter } from './object-cycles.js';

export interface WasmCpuConfig extends CpuConfig {
  readonly metered: MeteredModule;
  /** What is done around each call of a handler. */
  readonly around?: (exports: Record<string, unknown>, handler: () => void) => () => void;
}

export class WasmCpu extends PreEmptiveCpu {
  memory!: WebAssembly.Memory;
  private exports!: Record<string, unknown>;
  readonly metered: MeteredModule;
  /** Of a counting meter. */
  readonly counts: CountKeeper | undefined;
  /** With a counting meter: cycles of calls by the object that they are about. */
  readonly objects: ObjectCounter | undefined;
  /** When `main` was called; undefined before. */
  mainAt: number | undefined;
  private readonly around: WasmCpuConfig['around'];

  constructor(config: WasmCpuConfig) {
    super(config);
    this.around = config.around;
    this.metered = config.metered;
    this.counts = config.metered.counted && countKeeper(config.metered.counted.blocks);
    this.objects = this.counts && new ObjectCounter(() => this.charged);
    if (this.objects) config.machine.observers.add(this.objects);
  }

  run(): never {
    this.boot();
    this.call('init');
    this.mainAt = this.now;
    this.call('main');
    // The shim sleeps when `main` has returned.
    for (;;) this.waitForInterrupt();
  }

  /** Compiles, instantiates, and runs the module's start function. @throws as instantiation does */
  boot(): void {
    const module = new WebAssembly.Module(this.metered.bytes as BufferSource);
    this.attach(new WebAssembly.Instance(module, this.importObject()).exports);
    if (METER.start in this.exports) this.call(METER.start);
  }

  /** The firmware's module with the meter in it, for whoever instantiates it elsewhere. */
  get meteredBytes(): Uint8Array {
    return this.metered.bytes;
  }

  /** What the metered module imports: the ABI and the meter's tick. */
  importObject(): Record<string, WebAssembly.ModuleImports> {
    const { objects } = this;
    const about = objects && {
      [METER.began]: (object: number, index: number) => objects.began(object, index), [METER.ended]: () => objects.ended(),
      [METER.met]: (object: number, method: number) => objects.met(object, method), [METER.spent]: (object: number, cycles: number) => objects.spent(object, cycles),
      [METER.within]: (object: number) => objects.within(object),
    };
    return { [ABI_MODULE]: this.imports() as unknown as WebAssembly.ModuleImports, [METER.module]: { [METER.tick]: () => this.tick(), ...this.counts?.imports, ...about } };
  }

  /** Takes the instance of the metered module over: from now on the meter counts and interrupts fall. */
  attach(exports: Record<string, unknown>): void {
    this.exports = exports;
    this.memory = exports.memory as WebAssembly.Memory;
    this.counts?.attach(exports);
    this.getLeft = exports[METER.getLeft] as () => number;
    this.setLeft = exports[METER.setLeft] as (cycles: number) => void;
    this.useMemory(new Uint8Array(this.memory.buffer));
    this.bind(({ exportName }) => {
      const handler = exports[exportName] as () => void;
      return this.around ? this.around(exports, handler) : handler;
    });
  }

  /** Calls an export with the meter running and interrupts falling, as the shim calls `init` and `main`. */
  call(name: string, ...args: number[]): unknown {
    const exported = this.exports[name];
    if (typeof exported !== 'function') throw new Error(`the firmware exports no function "${name}"`);
    this.arm();
    const result = exported(...args);
    this.synchronise();
    return result;
  }

  /** Value of a global that the module exports. @throws Error when there is none of that name */
  global(name: string): number {
    const exported = this.exports[name];
    if (!(exported instanceof WebAssembly.Global)) throw new Error(`the firmware exports no global "${name}"`);
    return Number(exported.value);
  }

  /** From the engine's own stack trace, in which offsets are the metered module's. */
  offsetsOf(error: unknown): number[] {
    const stack = error instanceof Error ? error.stack ?? '' : '';
    return [...stack.matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)].map(([, offset]) => this.metered.originalOffset(parseInt(offset, 16)));
  }
}
