// SPDX-License-Identifier: MIT
// The stack at its deepest: main is at the end of a long chain of calls, one of them by reference, when a handler comes, that is at the end of one when the next one
// comes, and so on through four priorities, with floating-point state in each.

import { irqEnable, irqPend } from "../../assembly/shim/abi";
import { IRQ_EXTI0, IRQ_EXTI1, IRQ_EXTI2, IRQ_EXTI3 } from "../../assembly/shim/board";
import { clockInit } from "../../assembly/drivers/clock";

const NOBODY: i32 = -100;
/** How often the most urgent one has run, and what all have computed. */
export let ran: u32 = 0;
export let sum: f64 = 0;

/** The end of a chain: whoever is pended comes here and now. */
function fifth(next: i32, a: f32, b: i64): f64 {
  let most: f64 = 0;
  for (let i = 0; i < 3; i++) most += <f64>a * <f64>(b + i);
  if (next != NOBODY) irqPend(next);
  return most / (<f64>b + 0.5) + <f64>(b / (<i64>a | 1));
}

// Each calls the next twice, with much that is to be kept meanwhile, so that no compiler makes one of two.
function fourth(next: i32, a: f32, b: i64): f64 {
  const c = a * 3, d = a + 7, e = a / 5, f = a - <f32>b;
  const g = b * 3, h = b ^ 0x55aa, i = b >> 3;
  const x = fifth(NOBODY, c + d, g + h) * <f64>(e - f);
  const y = fifth(next, d * e, h - i) + <f64>(c * f);
  return x * <f64>(c + d) + y * <f64>(e * f) - <f64>(g + h * i);
}

function third(next: i32, a: f32, b: i64): f64 {
  const c = a * 2, d = a + 11, e = a / 9, f = a - <f32>(b >> 2);
  const g = b * 5, h = b ^ 0x1234, i = b >> 2;
  const x = fourth(NOBODY, c - d, g - h) * <f64>(e + f);
  const y = fourth(next, d - e, h + i) - <f64>(c * f);
  return x * <f64>(c - d) + y * <f64>(e + f) - <f64>(g - h * i);
}

function second(next: i32, a: f32, b: i64): f64 {
  const c = a * 4, d = a + 13, e = a / 3, f = a - <f32>(b >> 4);
  const g = b * 7, h = b ^ 0x4321, i = b >> 1;
  const x = third(NOBODY, c + e, g * h) * <f64>(e / f);
  const y = third(next, d + f, h * i) - <f64>(c + f);
  return x * <f64>(c / d) + y * <f64>(e - f) - <f64>(g + h - i);
}

function first(next: i32, a: f32, b: i64): f64 {
  const c = a * 5, d = a + 17, e = a / 7, f = a - <f32>(b >> 5);
  const g = b * 9, h = b ^ 0x2468, i = b >> 6;
  const x = second(NOBODY, c * e, g ^ h) * <f64>(e * f);
  const y = second(next, d / f, h ^ i) - <f64>(c - f);
  return x * <f64>(c * d) + y * <f64>(e / f) - <f64>(g - h + i);
}

@isr("EXTI3", 1, { rate: "10Hz", deadline: "50ms" })
function mostUrgent(): void {
  sum += first(NOBODY, 0.5, <i64>ran);
  ran++;
}

@isr("EXTI2", 4, { rate: "10Hz", deadline: "50ms" })
function urgent(): void {
  sum += first(IRQ_EXTI3, 0.25, <i64>ran);
}

@isr("EXTI1", 8, { rate: "10Hz", deadline: "50ms" })
function relaxed(): void {
  sum += second(IRQ_EXTI2, 0.75, <i64>ran);
}

@isr("EXTI0", 12, { rate: "10Hz", deadline: "50ms" })
function mostRelaxed(): void {
  sum += first(IRQ_EXTI1, 0.125, <i64>ran);
}

type Way = (next: i32, a: f32, b: i64) => f64;
const ways: StaticArray<Way> = [fourth, first, fifth];
export let way: i32 = 1;

export function init(): void {
  clockInit();
  irqEnable(IRQ_EXTI0);
  irqEnable(IRQ_EXTI1);
  irqEnable(IRQ_EXTI2);
  irqEnable(IRQ_EXTI3);
}

export function main(): void {
  for (;;) sum += ways[way](IRQ_EXTI0, 0.375, <i64>ran);
}
