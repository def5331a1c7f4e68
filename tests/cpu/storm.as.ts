// SPDX-License-Identifier: MIT
// Computes in main and in the handlers of five priorities, while SysTick falls at ever changing intervals; each result is checked against the one
// that was computed before there were interrupts. Sums go to core-coupled memory, where the spec reads them.

import { irqEnable, irqPend, store32 } from "../../assembly/shim/abi";

const SYST_CSR: u32 = 0xE000E010;
const SYST_RVR: u32 = 0xE000E014;
const SYST_CVR: u32 = 0xE000E018;
const CCM: u32 = 0x1000_0000;
const SEEDS: u32 = 16;
const ROUNDS: i32 = 12;

const expected = new StaticArray<u32>(SEEDS);
/** Scratch memory, a piece for main and for each handler. */
const scratch = memory.data(6 * 64);
/** Words for the spec: checks that were made in main and in each handler, and how many of all failed. */
const checks = new StaticArray<u32>(6);
let failures: u32 = 0;
let random: u32 = 1;

type Step = (a: u32, b: u32) => u32;
const steps: StaticArray<Step> = [
  (a: u32, b: u32): u32 => a * 1664525 + b,
  (a: u32, b: u32): u32 => rotl<u32>(a, b & 31) ^ b,
  (a: u32, b: u32): u32 => a - (b >> 3),
];

/** Integers, 64-bit integers, both floats, memory, and calls. */
function compute(seed: u32, context: u32): u32 {
  const at = scratch + (<usize>context << 6);
  memory.fill(at, <u8>seed, 64);
  let a: u32 = seed * 2654435761 + 12345;
  let wide: u64 = <u64>a << 17 | seed;
  let single: f32 = <f32>seed + 0.5;
  let double: f64 = <f64>seed * 0.25 + 1.0;
  for (let i = 0; i < ROUNDS; i++) {
    a = a * 1664525 + 1013904223;
    wide = wide * 6364136223846793005 + <u64>a;
    single = single * 1.25 - <f32>(a & 0xff);
    double = Math.sqrt(double * double + <f64>i);
    store<u32>(at + (<usize>(i & 15) << 2), a ^ <u32>(wide >> 40));
    if (a & 1) a += half(a, wide);
    a ^= load<u32>(at + (<usize>(a & 15) << 2));
  }
  return a ^ <u32>(wide >> 32) ^ reinterpret<u32>(single) ^ <u32>(reinterpret<u64>(double) >> 20);
}

function half(a: u32, wide: u64): u32 {
  let count: u32 = 0;
  while (a != 0) {
    count += a & 1;
    a >>= 2;
  }
  return count + <u32>(wide % 1000);
}

function check(seed: u32, context: u32): void {
  checks[context]++;
  if (compute(seed & (SEEDS - 1), context) != expected[seed & (SEEDS - 1)]) store32(CCM, ++failures);
  store32(CCM + 4 + (context << 2), checks[context]);
}

export function init(): void {
  for (let seed: u32 = 0; seed < SEEDS; seed++) expected[seed] = compute(seed, 0);
  irqEnable(6);
  irqEnable(7);
  irqEnable(8);
  store32(SYST_RVR, 5000);
  store32(SYST_CVR, 0);
  store32(SYST_CSR, 7);
}

export function main(): void {
  let a: u32 = 1;
  for (let seed: u32 = 0; ; seed++) {
    check(seed, 0);
    const before = a;
    for (let i: u32 = 0; i < 6; i++) a = steps[i % 3](a, seed + i);
    // The same again, in one expression.
    const b = steps[2](steps[1](steps[0](steps[2](steps[1](steps[0](before, seed), seed + 1), seed + 2), seed + 3), seed + 4), seed + 5);
    if (a != b) store32(CCM, ++failures);
  }
}

@isr("SysTick", 2)
function tick(): void {
  random = random * 1664525 + 1013904223;
  // From some 40 operations of the interpreter to some 14,000; the shorter the likelier.
  store32(SYST_RVR, 400 + (((random >>> 12) & 0x1ffff) >> (random >>> 30)));
  store32(SYST_CVR, 0);
  if (random & 0x1000_0000) irqPend(7);
  if (random & 0x2000_0000) irqPend(8);
  if (random & 0x4000_0000) irqPend(-2);
  if ((random >>> 24) % 7 == 0) irqPend(6);
  if ((random >>> 24) % 5 == 0) check(random >>> 20, 1);
}

@isr("EXTI0", 1)
function most(): void { check(random >>> 8, 2); }

@isr("EXTI1", 5)
function more(): void { check(random >>> 9, 3); }

@isr("EXTI2", 8)
function less(): void { check(random >>> 10, 4); }

@isr("PendSV", 15)
function least(): void { check(random >>> 11, 5); }
