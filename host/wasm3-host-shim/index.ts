// SPDX-License-Identifier: MIT
// The shim of the boards and wasm3, in this process: loads one copy of the addon for each firmware that runs.

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AbiImports } from '../abi.js';
import type { Wasm3Variant } from '../build/wasm3/prepare.js';
import { buildHostShim } from './build.js';

/** What a board's image has in its constants. */
export interface HostImage {
  /** The firmware's module. */
  readonly module: Uint8Array;
  readonly vectors: readonly { readonly irq: number; readonly priority: number; readonly exportName: string; readonly stackBytes: number }[];
  /** Addresses outside of peripherals and linear memory that firmware may touch; `end` is the last byte. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly irqLines: number;
  readonly priorityBits: number;
  /** Interpreter stack of `init` and `main`. */
  readonly mainStackBytes: number;
  /** Physical address and size of linear memory. */
  readonly memoryAddress: number;
  readonly memoryBytes: number;
  /** What the interpreter has for the module, its code and all stacks. */
  readonly heapBytes: number;
  /** Indices of functions that are not to be interpreted, since a board has them in native code. Here they trap. */
  readonly natives?: readonly number[];
}

/** Why the firmware stopped, in the numbers of boards/shim/trap.h. */
export interface HostEnd {
  readonly cause: number;
  /** Function index in the module; 0xFFFFFFFF when unknown. */
  readonly functionIndex: number;
  readonly detail: readonly number[];
}

/** What the port asks of the core: the ABI's functions whose arguments the shim has checked, and three of its own. */
export interface HostCore extends Pick<AbiImports, 'load8' | 'load16' | 'load32' | 'store8' | 'store16' | 'store32' | 'irqEnable' | 'irqDisable' | 'irqPend'
  | 'irqPriority' | 'irqMask' | 'irqRestore' | 'waitForInterrupt' | 'cycleCounter'> {
  /** The operations that were allowed have been executed: `opsLeft` is below 0. May call `dispatch`. */
  tick(): void;
  /** The firmware logged UTF-8 text. */
  log(bytes: Uint8Array): void;
  /** The firmware cannot go on; must throw. */
  end(reason: HostEnd): never;
}

interface Addon {
  setup(image: object): { memory: ArrayBuffer; opsLeft: ArrayBuffer; mail: ArrayBuffer; log: ArrayBuffer };
  run(callbacks: Record<string, () => void>): void;
  dispatch(vector: number): void;
  stoppedAt(): number;
  heapUsed(): number;
  offsetOfWord(functionIndex: number, word: number): number;
  boardNeed(): number[];
}

const paths = new Map<Wasm3Variant, string>();

/** Makes the addon ready for `new HostShim`, building it if need be. @throws ToolMissing without a C compiler, Error when it does not compile */
export async function prepareHostShim(variant: Wasm3Variant): Promise<void> {
  paths.set(variant, await buildHostShim(variant));
}

/** Its state is static in C, so each firmware gets a library of its own: the loader takes a file of another name for another library. */
function loadCopy(variant: Wasm3Variant): Addon {
  const path = paths.get(variant);
  if (path === undefined) throw new Error(`wasm3 (${variant}) has not been made ready: await prepareHostShim('${variant}') first`);
  const dir = mkdtempSync(join(tmpdir(), 'tonewheel-'));
  try {
    const copy = join(dir, 'shim.node');
    copyFileSync(path, copy);
    const module = { exports: {} as Addon };
    process.dlopen(module, copy);
    return module.exports;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** One firmware in the interpreter. It runs once. */
export class HostShim {
  /** Linear memory. */
  readonly memory: Uint8Array;
  /** Element 0: operations until the core's `tick`, in the units of wasm3's build (most operations are one). */
  readonly opsLeft: Int32Array;
  private readonly mail: Int32Array;
  private readonly logged: Uint8Array;
  private readonly addon: Addon;

  /** @throws Error when `prepareHostShim` has not been awaited, or Node cannot load the addon */
  constructor(image: HostImage, variant: Wasm3Variant) {
    this.addon = loadCopy(variant);
    const { memory, opsLeft, mail, log } = this.addon.setup({
      ...image,
      vectors: Int32Array.from(image.vectors.flatMap(({ irq, priority, stackBytes }) => [irq, priority, stackBytes])),
      vectorNames: new TextEncoder().encode(image.vectors.map(({ exportName }) => `${exportName}\0`).join('')),
      ranges: Uint32Array.from(image.ranges.flatMap(({ start, end }) => [start, end])),
      natives: Uint32Array.from(image.natives ?? []),
    });
    this.memory = new Uint8Array(memory);
    this.opsLeft = new Int32Array(opsLeft);
    this.mail = new Int32Array(mail);
    this.logged = new Uint8Array(log);
  }

  /** Boots and runs the firmware until `core` throws. @throws what the core threw */
  run(core: HostCore): void {
    const { mail, logged } = this;
    // Arguments lie in the mail; an interrupt that is taken meanwhile uses it too, so results are written last.
    const value = (f: (first: number, second: number) => number) => () => { mail[0] = f(mail[0], mail[1]); };
    const action = (f: (first: number, second: number) => void) => () => f(mail[0], mail[1]);
    this.addon.run({
      load8: value((a) => core.load8(a)), load16: value((a) => core.load16(a)), load32: value((a) => core.load32(a)),
      store8: action((a, v) => core.store8(a, v)), store16: action((a, v) => core.store16(a, v)), store32: action((a, v) => core.store32(a, v)),
      irqEnable: action((irq) => core.irqEnable(irq)), irqDisable: action((irq) => core.irqDisable(irq)), irqPend: action((irq) => core.irqPend(irq)),
      irqPriority: action((irq, priority) => core.irqPriority(irq, priority)),
      irqMask: value(() => core.irqMask()), irqRestore: action((state) => core.irqRestore(state)),
      waitForInterrupt: () => core.waitForInterrupt(), cycleCounter: value(() => core.cycleCounter()),
      tick: () => core.tick(),
      log: () => core.log(logged.slice(0, mail[0])),
      end: () => core.end({ cause: mail[0], functionIndex: mail[1] >>> 0, detail: Array.from(mail.subarray(2, 6), (word) => word >>> 0) }),
    });
  }

  /** Runs the handler of a vector, by its place in the image. For use by the core while `run` is on its way. */
  dispatch(vector: number): void {
    this.addon.dispatch(vector);
  }

  /** Byte offset in the module of the operation that ran when `run` ended; -1 when none did. */
  get stoppedAt(): number {
    return this.addon.stoppedAt();
  }

  /**
   * Byte offset in the module of the operation to which a word of a function's code belongs, as a board's record of a trap names it; undefined when
   * there is none. For a firmware that has booted.
   */
  offsetOfWord(functionIndex: number, word: number): number | undefined {
    const offset = this.addon.offsetOfWord(functionIndex, word);
    return offset < 0 ? undefined : offset;
  }

  /** Bytes of the heap in use. */
  get heapUsed(): number {
    return this.addon.heapUsed();
  }

  /**
   * Sizes of the pieces that a board takes of its heap to boot the same, in bytes and in their order: upper bounds, those of code pages exact.
   * For after `run`. @throws Error when no module has been loaded
   */
  get boardNeed(): number[] {
    return this.addon.boardNeed();
  }
}
