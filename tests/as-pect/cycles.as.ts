// SPDX-License-Identifier: MIT
// Cycles of calls and of handlers, asserted on the emulated board.

import { cycleCounter, irqDisable, irqEnable, irqMask, irqPend, irqRestore, store32, waitForInterrupt } from "../../assembly/shim/abi";
import { IRQ_EXTI0, IRQ_EXTI1 } from "../../assembly/shim/board";
import { cyclesOf, handlerCycles, handlerRuns } from "../../assembly/testing/board";

const SYSTICK: i32 = -1;

let handled: i32 = 0;
let pendedAt: u32 = 0;
let latency: u32 = 0;
let order: i32 = 0;
let sum: u32 = 0;

function work(rounds: i32): void {
  for (let i = 0; i < rounds; i++) sum = sum * 3 + 1;
}

@isr("EXTI0", 2)
function onExti0(): void {
  latency = cycleCounter() - pendedAt;
  handled++;
  order = order * 10 + 1;
}

@isr("EXTI1", 1)
function onExti1(): void {
  irqPend(IRQ_EXTI0); // less urgent: it waits until this one has returned
  work(50);
  order = order * 10 + 2;
}

@isr("SysTick", 0)
function onSysTick(): void {
  handled++;
}

describe("the cycles of a call", () => {
  it("are the same every time, and grow with the work", () => {
    const hundred = cyclesOf(() => work(100));
    expect(cyclesOf(() => work(100))).toBe(hundred);
    expect(hundred).toBeGreaterThan(100); // no loop is free: a cycle a turn at least
    expect(hundred).toBeLessThan(2500);
    const thousand = cyclesOf(() => work(1000));
    expect(thousand).toBeGreaterThan(9 * hundred);
    expect(thousand).toBeLessThan(10 * hundred + 1);
  });

  it("are none for a call that does nothing", () => {
    expect(cyclesOf(() => {})).toBe(0);
  });
});

describe("a handler", () => {
  beforeEach(() => {
    handled = 0;
    order = 0;
  });

  it("begins after stacking and dispatch", () => {
    irqEnable(IRQ_EXTI0);
    pendedAt = cycleCounter();
    irqPend(IRQ_EXTI0);
    expect(handled).toBe(1);
    expect(latency).toBeGreaterThanOrEqual(12);
    expect(latency).toBeLessThan(300);
    expect(handlerRuns(IRQ_EXTI0)).toBe(1);
    expect(handlerCycles(IRQ_EXTI0)).toBeLessThan(350);
  });

  it("lets a less urgent one wait", () => {
    irqEnable(IRQ_EXTI0);
    irqEnable(IRQ_EXTI1);
    irqPend(IRQ_EXTI1);
    expect(order).toBe(21);
    expect(handlerCycles(IRQ_EXTI1)).toBeGreaterThan(handlerCycles(IRQ_EXTI0) + 50);
  });

  it("waits while interrupts are masked or its own is disabled", () => {
    irqEnable(IRQ_EXTI0);
    const state = irqMask();
    irqPend(IRQ_EXTI0);
    expect(handled).toBe(0);
    irqRestore(state);
    expect(handled).toBe(1);
    irqDisable(IRQ_EXTI0);
    irqPend(IRQ_EXTI0);
    expect(handled).toBe(1);
    irqEnable(IRQ_EXTI0);
    expect(handled).toBe(2);
  });

  it("wakes the core at the cycle at which SysTick falls", () => {
    store32(0xE000E014, 9999);
    store32(0xE000E018, 0);
    const before = cycleCounter();
    store32(0xE000E010, 7);
    waitForInterrupt();
    const slept = cycleCounter() - before;
    store32(0xE000E010, 0);
    expect(handled).toBe(1);
    expect(handlerRuns(SYSTICK)).toBe(1);
    expect(slept).toBeGreaterThanOrEqual(10000);
    expect(slept).toBeLessThan(10400);
  });
});
