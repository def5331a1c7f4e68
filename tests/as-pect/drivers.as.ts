// SPDX-License-Identifier: MIT
// Drivers on the emulated board: what they do is read back from the registers (RM0090) and seen at the pads.

import { cycleCounter, irqEnable, load32, waitForInterrupt } from "../../assembly/shim/abi";
import { BUTTON_USER_PIN, BUTTON_USER_PORT, IRQ_TIM2, LED_GREEN_PIN, LED_GREEN_PORT } from "../../assembly/shim/board";
import { clockInit } from "../../assembly/drivers/clock";
import { gpioInput, gpioOutput, gpioRead, gpioSet, gpioToggle, PULL_NONE } from "../../assembly/drivers/gpio";
import { delay, periodicInterrupt, periodicStart, timestamp, timestampInit } from "../../assembly/drivers/timer";
import { cyclesOf, drivePin, handlerCycles, handlerRuns, pinLevel } from "../../assembly/testing/board";

const RCC_CFGR: u32 = 0x40023808;
const FLASH_ACR: u32 = 0x40023C00;
const GPIOD_MODER: u32 = 0x40020C00;
const GPIOD_ODR: u32 = 0x40020C14;
const TIM2: u32 = 0x40000000;
const MEGAHERTZ: u32 = 168;

@isr("TIM2", 3, { budget: 500 })
function onTim2(): void {
  periodicInterrupt(TIM2);
}

describe("the clock driver", () => {
  it("goes from 16 MHz to the board's clock, with the wait states that it wants", () => {
    expect((load32(RCC_CFGR) >> 2) & 0b11).toBe(0); // SWS: HSI
    expect(clockInit()).toBe(0);
    expect((load32(RCC_CFGR) >> 2) & 0b11).toBe(0b10); // SWS: PLL
    expect((load32(RCC_CFGR) >> 10) & 0b111).toBe(0b101); // PPRE1: divided by 4
    expect(load32(FLASH_ACR) & 0b111).toBe(5);
  });
});

describe("the time stamp", () => {
  it("counts microseconds of 168 cycles", () => {
    timestampInit();
    const stamp = timestamp();
    const before = cycleCounter();
    delay(100);
    const cycles = cycleCounter() - before;
    const microseconds = timestamp() - stamp;
    expect(microseconds).toBeGreaterThanOrEqual(101);
    expect(microseconds).toBeLessThanOrEqual(102);
    expect(cycles).toBeGreaterThanOrEqual(100 * MEGAHERTZ);
    expect(cycles).toBeLessThan(103 * MEGAHERTZ);
  });
});

describe("a periodic timer", () => {
  it("interrupts at its period, within its budget", () => {
    periodicStart(TIM2, 250);
    irqEnable(IRQ_TIM2);
    waitForInterrupt();
    const first = cycleCounter();
    for (let i = 0; i < 4; i++) waitForInterrupt();
    const cycles = cycleCounter() - first;
    // The loop's way back to sleep is not always the same.
    expect(cycles).toBeGreaterThanOrEqual(4 * 250 * MEGAHERTZ - 20);
    expect(cycles).toBeLessThan(4 * 250 * MEGAHERTZ + 20);
    expect(handlerRuns(IRQ_TIM2)).toBe(5);
    expect(handlerCycles(IRQ_TIM2)).toBeLessThan(500);
  });
});

describe("a pin", () => {
  it("drives the lamp", () => {
    gpioOutput(LED_GREEN_PORT, LED_GREEN_PIN);
    expect((load32(GPIOD_MODER) >> 24) & 0b11).toBe(0b01); // pin 12 is an output
    expect(pinLevel("PD12")).toBe(0);
    gpioSet(LED_GREEN_PORT, LED_GREEN_PIN);
    expect(pinLevel("PD12")).toBe(1);
    expect(load32(GPIOD_ODR)).toBe(1 << 12);
    gpioToggle(LED_GREEN_PORT, LED_GREEN_PIN);
    expect(pinLevel("PD12")).toBe(0);
    expect(cyclesOf(() => gpioSet(LED_GREEN_PORT, LED_GREEN_PIN))).toBeLessThan(60);
  });

  it("reads the button", () => {
    gpioInput(BUTTON_USER_PORT, BUTTON_USER_PIN, PULL_NONE);
    drivePin("PA0", 1);
    expect(gpioRead(BUTTON_USER_PORT, BUTTON_USER_PIN)).toBe(true);
    drivePin("PA0", 0);
    expect(gpioRead(BUTTON_USER_PORT, BUTTON_USER_PIN)).toBe(false);
  });
});
