// SPDX-License-Identifier: MIT
// Cycles of calls and of handlers, asserted on the emulated board.

import { cycleCounter, irqEnable, irqPend, store32, waitForInterrupt } from "../../assembly/shim/abi";

let handled: i32 = 0;
let pendedAt: u32 = 0;
let latency: u32 = 0;

@isr("EXTI0", 1)
function onExti0(): void {
  latency = cycleCounter() - pendedAt;
  handled++;
}

@isr("SysTick", 0)
function onSysTick(): void {
  handled++;
}

function work(rounds: i32): u32 {
  let sum: u32 = 1;
  for (let i = 0; i < rounds; i++) sum = sum * 3 + 1;
  return sum;
}

function cyclesOfWork(rounds: i32): u32 {
  const before = cycleCounter();
  work(rounds);
  return cycleCounter() - before;
}

describe("cycles", () => {
  it("are the same for the same call, and grow with the work", () => {
    expect(cyclesOfWork(100)).toBe(cyclesOfWork(100));
    expect(cyclesOfWork(1000)).toBeGreaterThan(5 * cyclesOfWork(100));
  });

  it("of a handler's entry are stacking and dispatch", () => {
    handled = 0;
    irqEnable(6);
    pendedAt = cycleCounter();
    irqPend(6);
    expect(handled).toBe(1);
    expect(latency).toBeGreaterThanOrEqual(12);
    expect(latency).toBeLessThan(80);
  });

  it("pass in sleep until SysTick falls", () => {
    handled = 0;
    store32(0xE000E014, 9999);
    store32(0xE000E018, 0);
    const before = cycleCounter();
    store32(0xE000E010, 7);
    waitForInterrupt();
    const slept = cycleCounter() - before;
    store32(0xE000E010, 0);
    expect(handled).toBe(1);
    expect(slept).toBeGreaterThanOrEqual(10000);
    expect(slept).toBeLessThan(10200);
  });
});
