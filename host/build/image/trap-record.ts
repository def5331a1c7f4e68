// SPDX-License-Identifier: MIT
// The record that a trap leaves in the board's RAM (tw_record in boards/shim/shim.h), read and put into the words of somebody who writes TypeScript.

/** Causes by their numbers: enum tw_trap_cause of boards/shim/trap.h. */
export const trapCauses: Readonly<Record<number, string>> = {
  1: 'unreachable code was reached (a failed assertion, or a throw)',
  2: 'an access beyond linear memory',
  3: 'an integer division by zero',
  4: 'an integer overflow in a division or a conversion',
  5: 'a conversion of a number that does not fit to an integer',
  6: 'an indirect call beyond the table',
  7: 'an indirect call of an empty table entry',
  8: 'an indirect call of a function of another type',
  9: 'the stack overflowed',
  10: 'a float at an address that is no multiple of 4',
  16: 'abort: a failed assertion or bounds check',
  17: 'an import was given what the chip does not have',
  18: 'the heap was exhausted while it booted: the module is too large for the RAM that is left',
  19: 'the module does not load',
  20: 'an interrupt that has no handler',
  21: 'an allocation after boot',
  33: 'a HardFault of the core',
  34: 'a MemManage fault of the core',
  35: 'a BusFault of the core',
  36: 'a UsageFault of the core',
};

const MAGIC = 0x54574352;
const UNKNOWN = 0xffffffff;
const NO_VECTOR = 0xff;
const OFFSET_IS_WORD = 1;
export const RECORD_BYTES = 80;

/** The bytes are no record, or a damaged one; the message says which. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

export interface TrapRecord {
  /** Index into `trapCauses`. */
  readonly cause: number;
  /** First word of the SHA-256 of the module in the image. */
  readonly moduleHash: number;
  /** Function index of the module. */
  readonly functionIndex?: number;
  /** Byte offset in the module. */
  readonly offset?: number;
  /** Word of the function's interpreted code, from its start. */
  readonly codeWord?: number;
  readonly detail: readonly [number, number, number, number];
  readonly cycle: number;
  /** Restarts after a trap since power-up. */
  readonly restarts: number;
  /** Indices of the vectors whose handlers ran, outermost first. */
  readonly running: readonly number[];
  readonly midiByteCount: number;
  /** The last MIDI bytes, oldest first. */
  readonly lastMidiBytes: readonly number[];
}

/** FNV-1a over the words, as shim.c has it. */
function checksum(view: DataView, words: number): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < words; i++) sum = Math.imul(sum ^ view.getUint32(4 * i, true), 0x01000193) >>> 0;
  return sum;
}

/**
 * Reads a record.
 * @param bytes the record itself, or a dump of memory that has it somewhere at a multiple of four
 * @throws RecordError
 */
export function readTrapRecord(bytes: Uint8Array): TrapRecord {
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += 4) {
    if (whole.getUint32(at, true) !== MAGIC) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_BYTES);
    if (view.getUint32(RECORD_BYTES - 4, true) === checksum(view, RECORD_BYTES / 4 - 1)) return parse(view);
  }
  if (bytes.length < RECORD_BYTES) throw new RecordError(`${bytes.length} bytes are less than a record of a trap, which has ${RECORD_BYTES}`);
  throw new RecordError('there is no record of a trap in these bytes, or it is damaged');
}

function parse(view: DataView): TrapRecord {
  const word = (index: number): number => view.getUint32(4 * index, true);
  const known = (value: number): number | undefined => (value === UNKNOWN ? undefined : value);
  const isWord = (word(5) & OFFSET_IS_WORD) !== 0;
  const byte = (at: number): number => view.getUint8(at);
  const running = Array.from({ length: 8 }, (_, i) => byte(48 + i));
  const count = word(14);
  const kept = Math.min(count, 16);
  return {
    cause: word(1), moduleHash: word(2), functionIndex: known(word(3)),
    offset: isWord ? undefined : known(word(4)), codeWord: isWord ? word(4) : undefined,
    detail: [word(6), word(7), word(8), word(9)], cycle: word(10), restarts: word(11),
    running: running.slice(0, running.includes(NO_VECTOR) ? running.indexOf(NO_VECTOR) : running.length),
    midiByteCount: count,
    lastMidiBytes: Array.from({ length: kept }, (_, i) => byte(60 + ((count - kept + i) % 16))),
  };
}
