// SPDX-License-Identifier: MIT
// Handlers of three priorities and a main loop, all writing into a trace that the spec reads.

import { cycleCounter, irqEnable, irqMask, irqPend, irqRestore, store32, waitForInterrupt } from "../../assembly/shim/abi";

const trace: usize = memory.data(4096);
let traced: i32 = 0;

function note(what: u32): void {
  store<u32>(trace + (<usize>traced << 2), what);
  traced++;
}

export function tracePointer(): usize { return trace; }
export function traceLength(): i32 { return traced; }
export function clearTrace(): void { traced = 0; }

@isr("EXTI0", 1)
function urgent(): void {
  note(1);
}

@isr("EXTI1", 5, { budget: "10us" })
function relaxed(): void {
  note(2);
  irqPend(6);
  note(3);
}

@isr("PendSV", 15, { budget: 5000 })
function render(): void {
  note(4);
  irqPend(7);
  note(5);
}

@isr("SysTick", 0)
function tick(): void {
  ticks++;
}
let ticks: u32 = 0;

export function init(): void {
  irqEnable(6);
  irqEnable(7);
}

/** PendSV pre-empts main, EXTI1 pre-empts PendSV, EXTI0 pre-empts EXTI1. */
export function main(): void {
  note(10);
  irqPend(-2);
  note(11);
}

/** Two pend in a critical section; the more urgent runs first when it ends. */
export function masked(): void {
  const state = irqMask();
  irqPend(7);
  irqPend(6);
  note(20);
  irqRestore(state);
  note(21);
}

/** A critical section inside of another: the inner end does not open the outer one. */
export function nestedMasks(): void {
  const outer = irqMask();
  const inner = irqMask();
  irqPend(6);
  irqRestore(inner);
  note(30);
  irqRestore(outer);
  note(31);
}

/** Cycles that a chain of two handlers takes out of this function. */
export function cyclesOfChain(): u32 {
  const state = irqMask();
  irqPend(-2);
  irqPend(6);
  const before = cycleCounter();
  irqRestore(state);
  return cycleCounter() - before;
}

/** Computes for a while, touching no register, with SysTick falling every `reload` + 1 cycles. Returns what it computed. */
export function computeUnderTicks(rounds: i32, reload: u32): u32 {
  store32(0xE000E014, reload);
  store32(0xE000E018, 0);
  store32(0xE000E010, 7);
  const result = mix(rounds);
  store32(0xE000E010, 0);
  return result;
}

export function mix(rounds: i32): u32 {
  let a: u32 = 12345;
  let b: u32 = 0;
  for (let i = 0; i < rounds; i++) {
    a = a * 1664525 + 1013904223;
    if (a & 1) b += a >>> 7;
    else b ^= rotl<u32>(a, 5);
    if (b == 0) break;
  }
  return a ^ b;
}

export function tickCount(): u32 { return ticks; }

export function cyclesOfMix(rounds: i32): u32 {
  const before = cycleCounter();
  mix(rounds);
  return cycleCounter() - before;
}

/** Sleeps until SysTick wakes it. */
export function sleepOneTick(reload: u32): u32 {
  store32(0xE000E014, reload);
  store32(0xE000E018, 0);
  const before = cycleCounter();
  store32(0xE000E010, 7);
  waitForInterrupt();
  store32(0xE000E010, 0);
  return cycleCounter() - before;
}
