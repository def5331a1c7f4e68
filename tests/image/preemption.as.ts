// SPDX-License-Identifier: MIT
// A main loop and handlers of four priorities, all computing, pre-empting each other at times that nothing foresees. For the QEMU boards.
// Timers: CMSDK APB timer and dual timer, Arm DDI 0479, chapters 4.4 and 4.5.

import { irqEnable, irqPend, log, store32, waitForInterrupt } from "../../assembly/shim/abi";
import { loadShared, storeShared } from "../../assembly/shim/shared";

const TIMER0: u32 = 0x40000000;
const TIMER1: u32 = 0x40001000;
const DUALTIMER: u32 = 0x40002000;
const CTRL: u32 = 0x0;
const RELOAD: u32 = 0x8;
const INTCLEAR: u32 = 0xc;
const ENABLED: u32 = 0b1001; // counting, with its interrupt
const DUAL_LOAD: u32 = 0x0;
const DUAL_CONTROL: u32 = 0x8;
const DUAL_INTCLR: u32 = 0xc;
const DUAL_ENABLED: u32 = 0b11100010; // enabled, periodic, with its interrupt, 32 bits

/** Interrupts in all, after which the run ends. */
const WANTED: u32 = 420_000;

const shared: usize = memory.data(64, 8);
const TOTAL: usize = shared;
const NESTED: usize = shared + 4;
const DEPTH: usize = shared + 8;
const WRONG: usize = shared + 12;
const text: usize = memory.data(64, 8);

/** Arithmetic of every kind that has state between operations: i32, i64, f32, f64, memory, calls. */
function mix(seed: u32, rounds: i32): u32 {
  let a = seed | 1;
  let wide: u64 = a;
  let single: f32 = 0.5;
  let double: f64 = 0.25;
  for (let i = 0; i < rounds; i++) {
    a = a * 1664525 + 1013904223;
    wide = wide * 6364136223846793005 + <u64>a;
    single = single * 0.75 + <f32>(a >>> 8) * <f32>(1.0 / 16777216.0);
    double = double * 0.5 + <f64>(<u32>(wide >> 40)) * (1.0 / 16777216.0);
    if (a & 0x8000) wide ^= <u64>clz<u32>(a) << 32;
    else a ^= <u32>(wide % 1000003);
  }
  return a ^ <u32>(wide >> 32) ^ reinterpret<u32>(single) ^ <u32>(double * 65536);
}

// What undisturbed runs gave, filled before any interrupt is enabled.
const expected: usize = memory.data(4 * 16, 4);

/** Rounds differ, so that equal results by chance are none. */
// @ts-ignore: decorator
@inline
function roundsOf(which: u32): i32 {
  return 2 + <i32>(which & 1);
}

function check(which: u32): void {
  if (mix(which * 77777 + 5, roundsOf(which)) != load<u32>(expected + (<usize>which << 2))) storeShared(WRONG, loadShared(WRONG) + 1);
}

/** One generator for each handler: what pre-empts shares nothing. */
let random0: u32 = 1;
let random1: u32 = 2;
let random2: u32 = 3;

// A pre-empting handler restores what it found, so that these words need no lock.
function enter(): u32 {
  const depth = loadShared(DEPTH);
  storeShared(DEPTH, depth + 1);
  return depth;
}

function leave(depth: u32): void {
  if (depth > 0) storeShared(NESTED, loadShared(NESTED) + 1);
  storeShared(TOTAL, loadShared(TOTAL) + 1);
  storeShared(DEPTH, depth);
}

@isr("TIMER0", 1)
function urgent(): void {
  store32(TIMER0 + INTCLEAR, 1);
  const depth = enter();
  random0 = random0 * 1664525 + 1013904223;
  store32(TIMER0 + RELOAD, 200 + (random0 >>> 24));
  check(1);
  leave(depth);
}

@isr("TIMER1", 3)
function middle(): void {
  store32(TIMER1 + INTCLEAR, 1);
  const depth = enter();
  random1 = random1 * 1664525 + 1013904223;
  store32(TIMER1 + RELOAD, 500 + (random1 >>> 23));
  check(2);
  irqPend(-2);
  leave(depth);
}

@isr("DUALTIMER", 5)
function relaxed(): void {
  store32(DUALTIMER + DUAL_INTCLR, 1);
  const depth = enter();
  random2 = random2 * 1664525 + 1013904223;
  store32(DUALTIMER + DUAL_LOAD, 900 + (random2 >>> 22));
  check(3);
  check(4);
  leave(depth);
}

@isr("PendSV", 7)
function render(): void {
  const depth = enter();
  check(5);
  leave(depth);
}

export function init(): void {
  for (let i: u32 = 0; i < 16; i++) store<u32>(expected + (<usize>i << 2), mix(i * 77777 + 5, roundsOf(i)));
  store32(TIMER0 + RELOAD, 300);
  store32(TIMER1 + RELOAD, 700);
  store32(DUALTIMER + DUAL_LOAD, 1000);
  irqEnable(8);
  irqEnable(9);
  irqEnable(10);
  store32(TIMER0 + CTRL, ENABLED);
  store32(TIMER1 + CTRL, ENABLED);
  store32(DUALTIMER + DUAL_CONTROL, DUAL_ENABLED);
}

let at: usize = 0;
function put(value: u32): void {
  let digits: u32 = 1;
  while (value / digits >= 10) digits *= 10;
  for (; digits > 0; digits /= 10) store<u8>(text + at++, <u8>(48 + ((value / digits) % 10)));
  store<u8>(text + at++, 32);
}

export function main(): void {
  let checks: u32 = 0;
  while (loadShared(TOTAL) < WANTED) {
    check(checks++ % 16);
  }
  store32(TIMER0 + CTRL, 0);
  store32(TIMER1 + CTRL, 0);
  store32(DUALTIMER + DUAL_CONTROL, 0);
  put(loadShared(TOTAL));
  put(loadShared(NESTED));
  put(loadShared(WRONG));
  put(checks);
  store<u8>(text + at++, 10);
  log(<u32>text, <u32>at);
  while (true) waitForInterrupt();
}
