// SPDX-License-Identifier: MIT
// How to find a function's caller: .debug_frame (DWARF 5, 6.4; registers by the DWARF for the Arm Architecture, 4.1).

import { ByteReader } from '../image/byte-reader.js';
import type { Elf } from '../image/elf.js';

/** Reads a word of memory, or says that there is none. */
export type WordAt = (address: number) => number | undefined;

const SP = 13, LR = 14;
const CIE_ID = 0xffffffff;

interface Cie {
  readonly codeFactor: number;
  readonly dataFactor: number;
  readonly returnRegister: number;
  readonly program: readonly [from: number, to: number];
}

interface Fde {
  readonly cie: Cie;
  readonly low: number;
  readonly high: number;
  readonly program: readonly [from: number, to: number];
}

/** Where the caller's registers are: the canonical frame address, and offsets from it. */
interface Rules {
  cfaRegister: number;
  cfaOffset: number;
  readonly saved: Map<number, number>;
}

export class CallFrames {
  private readonly bytes: Uint8Array;
  private readonly entries: Fde[] = [];

  constructor(elf?: Elf) {
    this.bytes = elf?.sections.find((s) => s.name === '.debug_frame')?.contents() ?? new Uint8Array(0);
    const cies = new Map<number, Cie | undefined>();
    for (let at = 0; at + 4 <= this.bytes.length;) {
      const end = at + 4 + new ByteReader(this.bytes, at).u32();
      if (end > this.bytes.length) break;
      const r = new ByteReader(this.bytes, at + 4, end);
      if (end > at + 8) {
        const id = r.u32();
        if (id === CIE_ID) cies.set(at, cieAt(r, end));
        else {
          const cie = cies.get(id);
          const [low, length] = [r.u32(), r.u32()];
          // What the linker threw away has address 0.
          if (cie && low !== 0) this.entries.push({ cie, low, high: low + length, program: [r.at, end] });
        }
      }
      at = end;
    }
  }

  /**
   * The caller's registers.
   * @param registers R0 to R15 of the function, with the address of an instruction in it as R15
   * @returns R15 is the return address as it is in LR, R13 the caller's; undefined when nothing is known of the function
   */
  caller(registers: readonly number[], wordAt: WordAt): number[] | undefined {
    const pc = registers[15];
    const entry = this.entries.find((e) => pc >= e.low && pc < e.high);
    if (entry === undefined) return undefined;
    const rules = this.rulesAt(entry, pc);
    if (rules === undefined) return undefined;
    const cfa = (registers[rules.cfaRegister] + rules.cfaOffset) >>> 0;
    const caller = [...registers];
    for (const [register, offset] of rules.saved) {
      if (register > LR) continue;
      const value = wordAt((cfa + offset) >>> 0);
      if (value === undefined) return undefined;
      caller[register] = value;
    }
    caller[15] = caller[entry.cie.returnRegister];
    caller[SP] = cfa;
    return caller;
  }

  private rulesAt({ cie, low, program }: Fde, pc: number): Rules | undefined {
    const rules: Rules = { cfaRegister: SP, cfaOffset: 0, saved: new Map() };
    if (!this.execute(cie, cie.program, rules, 0, Infinity)) return undefined;
    return this.execute(cie, program, rules, low, pc) ? rules : undefined;
  }

  /** Runs call frame instructions until their location passes `until`. @returns false for what only expressions can say */
  private execute(cie: Cie, [from, to]: Fde['program'], rules: Rules, start: number, until: number): boolean {
    const r = new ByteReader(this.bytes, from, to);
    const initial = new Map(rules.saved);
    const kept: Rules[] = [];
    let location = start;
    while (!r.done) {
      const byte = r.u8();
      const [high, low] = [byte & 0xc0, byte & 0x3f];
      let advance = 0;
      if (high === 0x40) advance = low;
      else if (high === 0x80) rules.saved.set(low, r.uleb() * cie.dataFactor);
      else if (high === 0xc0) restore(rules.saved, initial, low);
      else {
        switch (low) {
          case 0x00: break; // nop
          case 0x01: location = r.u32(); if (location > until) return true; break; // set_loc
          case 0x02: advance = r.u8(); break; // advance_loc1
          case 0x03: advance = r.u16(); break; // advance_loc2
          case 0x04: advance = r.u32(); break; // advance_loc4
          case 0x05: rules.saved.set(r.uleb(), r.uleb() * cie.dataFactor); break; // offset_extended
          case 0x06: restore(rules.saved, initial, r.uleb()); break; // restore_extended
          case 0x07: case 0x08: rules.saved.delete(r.uleb()); break; // undefined, same_value
          case 0x0a: kept.push({ ...rules, saved: new Map(rules.saved) }); break; // remember_state
          case 0x0b: { // restore_state
            const state = kept.pop();
            if (state === undefined) return false;
            [rules.cfaRegister, rules.cfaOffset] = [state.cfaRegister, state.cfaOffset];
            rules.saved.clear();
            for (const [register, offset] of state.saved) rules.saved.set(register, offset);
            break;
          }
          case 0x0c: [rules.cfaRegister, rules.cfaOffset] = [r.uleb(), r.uleb()]; break; // def_cfa
          case 0x0d: rules.cfaRegister = r.uleb(); break; // def_cfa_register
          case 0x0e: rules.cfaOffset = r.uleb(); break; // def_cfa_offset
          case 0x11: rules.saved.set(r.uleb(), r.sleb() * cie.dataFactor); break; // offset_extended_sf
          case 0x12: [rules.cfaRegister, rules.cfaOffset] = [r.uleb(), r.sleb() * cie.dataFactor]; break; // def_cfa_sf
          case 0x13: rules.cfaOffset = r.sleb() * cie.dataFactor; break; // def_cfa_offset_sf
          default: return false;
        }
      }
      location += advance * cie.codeFactor;
      if (advance > 0 && location > until) return true;
    }
    return true;
  }
}

function restore(saved: Map<number, number>, initial: ReadonlyMap<number, number>, register: number): void {
  const offset = initial.get(register);
  if (offset === undefined) saved.delete(register);
  else saved.set(register, offset);
}

/** A common information entry; undefined for one with an augmentation, which Arm's compilers do not write. */
function cieAt(r: ByteReader, end: number): Cie | undefined {
  const version = r.u8();
  if (r.text() !== '') return undefined;
  if (version >= 4) r.skip(2); // address size, segment selector size
  const [codeFactor, dataFactor] = [r.uleb(), r.sleb()];
  const returnRegister = version === 1 ? r.u8() : r.uleb();
  return { codeFactor, dataFactor, returnRegister, program: [r.at, end] };
}
