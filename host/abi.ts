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

/** Byte offset of the counters in linear memory: below the module's own data, so that a debugger finds them in any firmware. */
export const COUNTERS_OFFSET = 64;

/**
 * Counters that drivers and libraries keep as u32 words from `COUNTERS_OFFSET` on, in this order. Each has one writer context, so a plain
 * increment is enough. Names are those of the reports. `loss` counts something that was lost or nearly so; `gauge` is a present value or a
 * high-water mark.
 */
export const counters = {
  uartOverrun: ['loss', 'Characters lost because the previous one had not been read (USART_SR.ORE).'],
  uartFraming: ['loss', 'Characters whose stop bit was low (USART_SR.FE), breaks not included.'],
  uartNoise: ['loss', 'Characters whose samples of a bit disagreed (USART_SR.NF).'],
  uartBreak: ['loss', 'Breaks: the line held low for a whole character.'],
  rxQueueFull: ['loss', 'Received bytes dropped because the queue to the parser was full.'],
  txQueueFull: ['loss', 'Bytes refused because the transmit queue was full.'],
  eventQueueFull: ['loss', 'MIDI messages dropped because the queue to the synth was full.'],
  midiOrphanData: ['loss', 'Data bytes with no status in force.'],
  midiTruncated: ['loss', 'Messages dropped because a status byte came inside them.'],
  midiUndefined: ['loss', 'Undefined status bytes (F4, F5, F9, FD).'],
  midiStrayEox: ['loss', 'F7 with no SysEx open.'],
  sysexAborted: ['loss', 'SysEx ended by a status other than F7, or by a lost byte.'],
  sysexOverflow: ['loss', 'SysEx messages longer than the buffer.'],
  lateEvents: ['loss', 'Messages that reached the synth after the frame they were meant for.'],
  lateBlocks: ['loss', 'Halves of the ring that were not refilled in time and went out as silence.'],
  dmaFifoError: ['loss', 'DMA FIFO errors (FEIF).'],
  dmaDirectModeError: ['loss', 'DMA direct-mode errors (DMEIF).'],
  dmaTransferError: ['loss', 'DMA transfer errors (TEIF).'],
  i2sUnderrun: ['loss', 'I2S underruns (SPI_SR.UDR).'],
  audioRestarts: ['loss', 'Times the DMA stream and the I2S were restarted in phase after an error.'],
  i2cError: ['loss', 'I2C transfers that were not acknowledged or timed out.'],
  stolenVoices: ['loss', 'Voices taken from a sounding note.'],
  droppedNotes: ['loss', 'Notes that found no voice.'],
  activeSensingTimeouts: ['loss', 'Times that all voices were silenced because active sensing stopped.'],
  activeVoices: ['gauge', 'Voices that sound now.'],
  maxVoices: ['gauge', 'Most voices that ever sounded at once.'],
  rxQueueHigh: ['gauge', 'Most bytes ever waiting for the parser.'],
  txQueueHigh: ['gauge', 'Most bytes ever waiting to be sent.'],
  eventQueueHigh: ['gauge', 'Most messages ever waiting for the synth.'],
  renderedBlocks: ['gauge', 'Blocks rendered.'],
} as const satisfies Record<string, readonly ['loss' | 'gauge', string]>;

export type CounterName = keyof typeof counters;

const COUNTER_COUNT = Object.keys(counters).length;

/**
 * Byte offset of the last MIDI bytes received, which a report of a trap shows: how many have come in as u32, then RECENT_MIDI_BYTES bytes of which
 * number n lies at n modulo RECENT_MIDI_BYTES. UART drivers keep it; it follows the counters.
 */
export const RECENT_MIDI_OFFSET = COUNTERS_OFFSET + 4 * COUNTER_COUNT;
export const RECENT_MIDI_BYTES = 16;
