// SPDX-License-Identifier: MIT
// A scripted register file for driver specs: records every access in order, and lets a spec say what a register reads.

import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

/** Linear memory appears at this physical address. */
export const MEMORY_ADDRESS = 0x20000000;
const MEMORY_BYTE_COUNT = 0x10000;

/** Values read one after another; the last one stays. A function is asked each time. */
export type Script = number[] | (() => number);

export type Access = readonly ['r', address: number] | readonly ['w', address: number, value: number] | readonly [event: string, ...values: number[]];

export class RegisterFile {
  readonly log: Access[] = [];
  /** What was last written, or what a spec put there. */
  readonly values = new Map<number, number>();
  private readonly scripts = new Map<number, Script>();
  /** Called after each store to a register. */
  readonly onStore = new Map<number, (value: number) => void>();
  /** Called before each load of a register: what happens meanwhile. */
  readonly onLoad = new Map<number, () => void>();
  /** Called around each access while interrupts are not masked: where a more urgent handler may come in. */
  onUnmasked: () => void = () => {};
  private maskDepth = 0;
  cycles = 0;
  memory!: WebAssembly.Memory;

  script(address: number, script: Script): void {
    this.scripts.set(address, script);
  }

  private inMemory(address: number): boolean {
    return address >= MEMORY_ADDRESS && address < MEMORY_ADDRESS + MEMORY_BYTE_COUNT;
  }

  readonly load = (signed: number): number => {
    const address = signed >>> 0;
    if (this.maskDepth === 0) this.onUnmasked();
    if (this.inMemory(address)) return new DataView(this.memory.buffer).getUint32(address - MEMORY_ADDRESS, true);
    this.onLoad.get(address)?.();
    this.log.push(['r', address]);
    const script = this.scripts.get(address);
    if (typeof script === 'function') return script();
    if (script) return script.length > 1 ? script.shift()! : script[0];
    return this.values.get(address) ?? 0;
  };

  readonly store = (signed: number, signedValue: number): void => {
    const address = signed >>> 0;
    const value = signedValue >>> 0;
    if (this.inMemory(address)) new DataView(this.memory.buffer).setUint32(address - MEMORY_ADDRESS, value, true);
    else {
      this.log.push(['w', address, value]);
      this.values.set(address, value);
      this.onStore.get(address)?.(value);
    }
    if (this.maskDepth === 0) this.onUnmasked();
  };

  /** The log without loads. */
  get writes(): readonly (readonly [address: number, value: number])[] {
    return this.log.filter((a) => a[0] === 'w').map((a) => [a[1] as number, a[2] as number]);
  }

  /** Everything that a driver imports, served from here. */
  imports(): Record<string, Function> {
    const event = (name: string, result = 0) => (...values: number[]) => {
      this.log.push([name, ...values]);
      return result;
    };
    return {
      load32: this.load, store32: this.store, memoryAddress: () => MEMORY_ADDRESS, cycleCounter: () => this.cycles,
      irqEnable: event('irqEnable'), irqPend: event('irqPend'),
      irqMask: () => {
        this.log.push(['irqMask']);
        return this.maskDepth++;
      },
      irqRestore: (state: number) => {
        this.log.push(['irqRestore', state]);
        this.maskDepth = state;
      },
    };
  }
}

/** Compiles a fixture for a board and wires it to a register file. */
export async function instantiateDriver(file: string, board = 'stm32f4-discovery'): Promise<{ registers: RegisterFile; driver: Fixture }> {
  const registers = new RegisterFile();
  const imports = registers.imports();
  // Module start already asks for memory, which does not exist before the instance does; it only ever reads addresses.
  const driver = await instantiateAssembly(file, imports, board);
  registers.memory = driver.memory;
  return { registers, driver };
}

/** A counter's value in a driver's memory. */
export function counterOf(driver: Fixture, index: number): number {
  return new DataView(driver.memory.buffer).getUint32(64 + 4 * index, true);
}
