// SPDX-License-Identifier: MIT
// The ABI between firmware and whatever runs it, written down once. The AssemblyScript declarations are generated from this table
// (host/build/abi.ts), the host's types are derived from it here, and the board shim's C header comes from it too.

/** Types that cross: 32-bit integers only, so that every engine passes them in a register. */
export type AbiType = 'u32' | 'i32';

export interface AbiFunction {
  readonly parameters: readonly (readonly [name: string, type: AbiType])[];
  readonly result: AbiType | 'void';
  readonly doc: string;
}

/** Module name of the imports: AssemblyScript's own for `abort`, so that there is one module and not two. */
export const ABI_MODULE = 'env';

const f = <const P extends AbiFunction['parameters'], const R extends AbiFunction['result']>(parameters: P, result: R, doc: string) =>
  ({ parameters, result, doc });

/**
 * Interrupt numbers are CMSIS's IRQn: 0 and up for the chip's own lines, negative for the core's (PendSV -2, SysTick -1).
 * Addresses are physical; `offset` is a byte offset of linear memory.
 */
export const abi = {
  load8: f([['address', 'u32']], 'u32', 'Volatile 8-bit load at a physical address.'),
  load16: f([['address', 'u32']], 'u32', 'Volatile 16-bit load at a physical address.'),
  load32: f([['address', 'u32']], 'u32', 'Volatile 32-bit load at a physical address.'),
  store8: f([['address', 'u32'], ['value', 'u32']], 'void', 'Volatile 8-bit store at a physical address.'),
  store16: f([['address', 'u32'], ['value', 'u32']], 'void', 'Volatile 16-bit store at a physical address.'),
  store32: f([['address', 'u32'], ['value', 'u32']], 'void', 'Volatile 32-bit store at a physical address.'),
  irqEnable: f([['irq', 'i32']], 'void', 'Lets an interrupt through. Core exceptions are always enabled.'),
  irqDisable: f([['irq', 'i32']], 'void', 'Holds an interrupt back; it stays pending meanwhile.'),
  irqPend: f([['irq', 'i32']], 'void', 'Makes an interrupt pending, as if its line had risen.'),
  irqPriority: f([['irq', 'i32'], ['priority', 'u32']], 'void', 'Sets a priority: 0 is the most urgent, 15 the least. The vector table has set those of `@isr` already.'),
  irqMask: f([], 'u32', 'Enters a critical section: no interrupt is taken until `irqRestore`. Returns the state to restore.'),
  irqRestore: f([['state', 'u32']], 'void', 'Leaves a critical section: gives `irqMask`\'s result back.'),
  waitForInterrupt: f([], 'void', 'Sleeps until an interrupt is pending; returns after its handler has run.'),
  cycleCounter: f([], 'u32', 'Core cycles, modulo 2^32 (DWT_CYCCNT).'),
  dcacheClean: f([['offset', 'u32'], ['byteCount', 'u32']], 'void', 'Writes the data cache back to memory, before a DMA reads. Nothing on cores without one.'),
  dcacheInvalidate: f([['offset', 'u32'], ['byteCount', 'u32']], 'void', 'Drops data cache lines, after a DMA has written. Nothing on cores without one.'),
  memoryAddress: f([], 'u32', 'Physical address of linear memory\'s byte 0, for DMA.'),
  log: f([['offset', 'u32'], ['byteCount', 'u32']], 'void', 'Appends UTF-8 text to the log. Never blocks; what does not fit is counted and dropped.'),
  abort: f([['message', 'u32'], ['file', 'u32'], ['line', 'u32'], ['column', 'u32']], 'void', 'AssemblyScript\'s abort: a failed assert or bounds check. Does not return.'),
} as const satisfies Record<string, AbiFunction>;

export type AbiName = keyof typeof abi;

type Arguments<P> = { -readonly [K in keyof P]: number };

/** The functions that a host must supply, one for each row of the table. */
export type AbiImports = {
  [K in AbiName]: (...args: Arguments<(typeof abi)[K]['parameters']>) => (typeof abi)[K]['result'] extends 'void' ? void : number;
};
