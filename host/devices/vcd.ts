// SPDX-License-Identifier: MIT
// Value Change Dump (IEEE 1364-2005, clause 18) of one-bit wires, streamed to a file.

import type { Level } from '../machine/wire.js';
import { PartialFile } from './partial-file.js';

/** Nanoseconds in one tick of the file, as the format allows them. */
export type VcdTimescale = 1 | 10 | 100 | 1000;

const TIMESCALES: Readonly<Record<VcdTimescale, string>> = { 1: '1 ns', 10: '10 ns', 100: '100 ns', 1000: '1 us' };
const BUFFER_BYTES = 1 << 18;
/** The longest line: a time of 16 digits, and a change with its code. */
const LINE_BYTES = 32;
const HASH = 0x23;
const NEWLINE = 0x0a;
const ZERO = 0x30;
/** Identifier codes are made of the printable characters ! to ~. */
const FIRST_CODE = 33;
const CODES = 94;

function codeOf(index: number): string {
  const code = String.fromCharCode(FIRST_CODE + (index % CODES));
  return index < CODES ? code : code + codeOf(Math.floor(index / CODES) - 1);
}

export class VcdWriter {
  private readonly file: PartialFile;
  private readonly names: string[] = [];
  private readonly levels: Level[] = [];
  private codes: Buffer[] = [];
  private begun = false;
  private readonly buffer = Buffer.alloc(BUFFER_BYTES);
  private length = 0;
  private tick = -1;

  /** @param timescale nanoseconds a tick @throws what the file system says */
  constructor(path: string, readonly timescale: VcdTimescale) {
    this.file = new PartialFile(path);
  }

  /**
   * Declares a wire and the level it has at time 0. Returns its number.
   * @throws Error when the name is empty, has spaces, or is taken, or when the first change has been written
   */
  addWire(name: string, initial: Level): number {
    if (this.begun) throw new Error(`wire ${name} cannot be added to ${this.file.path}: its list of wires has been written`);
    if (!/^[!-~]+$/.test(name)) throw new Error(`"${name}" is no name for a VCD wire: wanted printable characters without spaces`);
    if (this.names.includes(name)) throw new Error(`wire ${name} is in ${this.file.path} already`);
    this.levels.push(initial);
    return this.names.push(name) - 1;
  }

  /** Writes a change of level; one to the level that the wire has is left out. @param tick at or after that of the last change */
  change(tick: number, wire: number, level: Level): void {
    if (this.levels[wire] === level) return;
    this.time(tick);
    this.levels[wire] = level;
    this.buffer[this.length++] = ZERO + level;
    const code = this.codes[wire];
    for (let i = 0; i < code.length; i++) this.buffer[this.length++] = code[i];
    this.buffer[this.length++] = NEWLINE;
  }

  /** Ends the dump at a time, and gives the file its name. */
  close(tick: number): void {
    this.time(tick);
    this.flush();
    this.file.commit();
  }

  /** Removes what has been written. */
  abort(): void {
    this.file.abort();
  }

  /** Moves to a time, in ticks. */
  private time(tick: number): void {
    if (!this.begun) this.begin();
    if (this.length > BUFFER_BYTES - 2 * LINE_BYTES) this.flush();
    if (tick === this.tick) return;
    if (tick < this.tick) throw new RangeError(`VCD tick ${tick} comes after ${this.tick}: changes must be in order`);
    this.tick = tick;
    const { buffer } = this;
    buffer[this.length++] = HASH;
    // Six digits at a time, so that they are small integers.
    let high = Math.floor(tick / 1e6);
    const low = tick - high * 1e6;
    if (high >= 1e9) {
      const highest = Math.floor(high / 1e9);
      this.digits(highest, 1);
      high -= highest * 1e9;
      this.digits(high, 9);
      this.digits(low, 6);
    } else if (high > 0) {
      this.digits(high, 1);
      this.digits(low, 6);
    } else {
      this.digits(low, 1);
    }
    buffer[this.length++] = NEWLINE;
  }

  /** Appends an integer below 2^31 in decimal, with at least `least` digits. */
  private digits(value: number, least: number): void {
    let count = least;
    for (let power = 10 ** least; value >= power; power *= 10) count++;
    let rest = value | 0;
    for (let at = this.length + count - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0;
      this.buffer[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.length += count;
  }

  private begin(): void {
    this.begun = true;
    this.codes = this.names.map((_, i) => Buffer.from(codeOf(i)));
    const lines = [
      '$version tonewheel $end', `$timescale ${TIMESCALES[this.timescale]} $end`, '$scope module board $end',
      ...this.names.map((name, i) => `$var wire 1 ${this.codes[i]} ${name} $end`), '$upscope $end', '$enddefinitions $end',
      '#0', '$dumpvars', ...this.levels.map((level, i) => `${level}${this.codes[i]}`), '$end', '',
    ];
    this.file.write(Buffer.from(lines.join('\n')));
    this.tick = 0;
  }

  private flush(): void {
    this.file.write(this.buffer.subarray(0, this.length));
    this.length = 0;
  }
}
