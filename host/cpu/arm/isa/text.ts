// SPDX-License-Identifier: MIT
// Assembler text from templates, in the spelling of GNU objdump (with the registers' plain names, and no condition: a site does not know its own).

import { listed } from './fields.js';
import type { Fields } from './row.js';
import type { Site } from './ops.js';

type Text = (f: Fields, site: Site) => string;

export const registerName = (n: number): string => ['sp', 'lr', 'pc'][n - 13] ?? `r${n}`;

export const CONDITIONS = ['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', '', ''] as const;

const SHIFTS = ['lsl', 'lsr', 'asr', 'ror', 'rrx'] as const;

/** A shift as it follows a register: nothing, `, lsl #3`, `, rrx`. */
function shiftSuffix({ shift, count }: Fields): string {
  if (SHIFTS[shift] === 'rrx') return ', rrx';
  return count === 0 ? '' : `, ${SHIFTS[shift]} #${count}`;
}

/** `{r0, r1, pc}` */
export const registerList = (list: number): string => `{${listed(list).map(registerName).join(', ')}}`;

const hexAddress = (address: number): string => `0x${(address >>> 0).toString(16)}`;

/** What the names in templates stand for, beyond the fields themselves. */
const WORDS: Record<string, Text> = {
  /** The flag suffix of 16-bit data processing. */
  s: (_f, site) => (site.inIT ? '' : 's'),
  /** The flag suffix by an encoding's own bit. */
  S: (f) => (f.S ? 's' : ''),
  shift: shiftSuffix,
  list: (f) => registerList(f.list),
  target: (f, site) => hexAddress(site.pc + 4 + f.offset),
  condition: (f) => CONDITIONS[f.cond],
  /** Of multiplications: which halfwords, crosswise or not, rounded or not. */
  nHalf: (f) => (f.N ? 't' : 'b'),
  mHalf: (f) => (f.M ? 't' : 'b'),
  crossed: (f) => (f.M ? 'x' : ''),
  rounded: (f) => (f.R ? 'r' : ''),
  rotation: (f) => (f.rotate === 0 ? '' : `, ror #${f.rotate * 8}`),
};

/**
 * Text from a template: `{Rd}` is a register, `{imm}` a field as an unsigned number, the rest as in WORDS.
 * A field is a register when its name begins with an R.
 */
export function asm(template: string): Text {
  const parts = template.split(/\{(\w+)\}/).map((part, i): string | Text => {
    if (i % 2 === 0) return part;
    const word = WORDS[part];
    if (word !== undefined) return word;
    return part.startsWith('R') ? (f) => registerName(f[part]) : (f) => String(f[part] >>> 0);
  });
  return (f, site) => parts.map((part) => (typeof part === 'string' ? part : part(f, site))).join('');
}
