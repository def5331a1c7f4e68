// SPDX-License-Identifier: MIT
// What an instruction takes at least at worst, when the compiled code really has it: no worst cost is below, wherever least squares would put the cycles of
// pieces that have several kinds together. Of engine aot: Cortex-M4 TRM (ARM DDI 0439D), table 3-1, for the instructions that gcc makes of one (docs/costs.md).
// Of engine wasm3: an operation fetches the address of the next, 2, and branches to it, 1 + P, besides what it does.

/** A branch that is taken: 1 + P, P being at least 1; by way of a register 2. */
const TAKEN = 1 + 1;
/** One of the two ways of a condition has none that is taken. */
const NOT_TAKEN = 1;
const TAKEN_BY_REGISTER = 1 + 2;
/** LDR of a word; of two, 1 + N. */
const WORD = 2;
const TWO_WORDS = 3;
/** One of several in a row (DDI 0439D, 3.3.2): locals are read one after the other. */
const AMONG_OTHERS = 1;
/** STR of a word, whose data go to memory while the next instruction runs (3.3.2); of two. */
const STORED = 1;
const STORED_TWICE = 2;
/** ADD, CMP and a branch that is not taken: the check of an address. */
const CHECK = 3;
/** CMP, IT, and the two MOVs of a value that is 0 or 1. */
const VALUE = 4;
const VCMP_VMRS = 2;
/** "2 to 12", by the operands. */
const DIVIDE = 12;
const VDIV = 14;
/** What the library takes to make an f32 of 64 bits. */
const CONVERSION = 60;
/** CMP and a branch that is not taken, and TBB, a load and a branch by a register. */
const TABLE_BRANCH = 2 + WORD + TAKEN_BY_REGISTER;
/** Of what a branch waits for a line of the flash, LATENCY + 1 (RM0090, 3.5.1), the least part: most go to a line that is there, or to the next. */
const COLD_BRANCH = 1;
/** Four lines of the flash that are waited for: a library's function, RM0090 3.5.1 at 168 MHz. */
const COLD_FUNCTION = 4 * 6;

type Floors = readonly (readonly [features: RegExp, cycles: number])[];

/** The first that fits counts. */
const AOT: Floors = [
  [/^i32\.(?:add|sub|and|or|xor|shl|shr_[su]|rotl|rotr|clz|mul|extend.*)$/, 1], [/^i32\.ctz$/, 2], [/^i32\.div_[su]$/, DIVIDE], [/^i32\.rem_[su]$/, DIVIDE + 2],
  [/^i64\.(?:add|sub|and|or|xor)$/, 2], [/^i64\.mul$/, 3], [/^i64\.(?:shl|shr_[su])$/, 6], [/^i64\.extend_i32_s$/, 1], [/^f32\.convert_i64_[su]$/, CONVERSION], [/^cold\/long$/, COLD_FUNCTION], [/^cold\/branch$/, COLD_BRANCH],
  [/^local\..*\/most/, AMONG_OTHERS],
  [/^f32\.(?:add|sub|mul|abs|neg|convert_i32_[su])$/, 1], [/^f32\.(?:div|sqrt)$/, VDIV], [/^f32\/chained$/, 1],
  [/^i32\.(?:compare|eqz)\/branch$/, 1], [/^i32\.compare\/value$/, VALUE], [/^i32\.eqz\/value$/, 2], [/^i64\.compare\/branch$/, 2], [/^i64\.compare\/value$/, VALUE + 1],
  [/^i64\.eqz\/branch$/, 1], [/^i64\.eqz\/value$/, 3], [/^f32\.compare\/branch$/, VCMP_VMRS], [/^f32\.compare\/value$/, VCMP_VMRS + VALUE - 1],
  [/^br(?:_if)?\/loop(?:\/|$)/, TAKEN], [/^(?:if|br_if)(?:\/|$)/, NOT_TAKEN], [/^select(?:\/|$)/, 2], [/^br_table$/, TABLE_BRANCH], [/^call$/, TAKEN],
  [/^(?:i32|f32)\.load\/first$/, CHECK + WORD], [/^(?:i64|f64)\.load\/first$/, CHECK + TWO_WORDS], [/^(?:i32|f32)\.load\//, WORD], [/^(?:i64|f64)\.load\//, TWO_WORDS],
  [/^(?:i32|f32)\.store\/first$/, CHECK + STORED], [/^(?:i64|f64)\.store\/first$/, CHECK + STORED_TWICE], [/^(?:i32|f32)\.store\//, STORED], [/^(?:i64|f64)\.store\//, STORED_TWICE],
  [/^global\.[gs]et$/, WORD],
];

const OPERATION = WORD + TAKEN_BY_REGISTER + 1;
const WASM3: Floors = [
  [/^f32\.(?:div|sqrt)$/, OPERATION - 1 + VDIV], [/^i32\.(?:div|rem)_[su]$/, OPERATION - 1 + DIVIDE], [/\.(?:load|store)/, OPERATION + CHECK + WORD], [/^i32\.eqz\/free$|\.const/, 0],
  [/^[if]\d\d\.|^(?:if|br_if|br|br_table|select|call|call_indirect|return|global\.[gs]et)(?:\/(?!argument|inlined)|$)/, OPERATION],
];

/** Cycles that a feature's worst cost is not below; 0 where nothing is known. */
export function floorOf(engine: 'aot' | 'wasm3', feature: string): number {
  return (engine === 'aot' ? AOT : WASM3).find(([features]) => features.test(feature))?.[1] ?? 0;
}

/** What the library computes in a time that is up to the operands: those that were measured are slow, but hardly the slowest. */
const BY_OPERANDS = /^f64\.(?!load|store|const)|^i64\.(?:div|rem|trunc|popcnt|clz|ctz|rot)|^f32\.(?:ceil|floor|trunc|nearest|min|max|copysign|convert_i64|demote)|\.trunc_f64|_sat_f|^cold\/long$/;

/** Times that a feature's worst cost may be what was measured. */
export const marginOf = (feature: string): number => (BY_OPERANDS.test(feature) ? 1.3 : 1.05);
