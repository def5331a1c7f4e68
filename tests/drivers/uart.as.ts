export * from "../../assembly/drivers/stm32/uart";
import { Counter, counterValue } from "../../assembly/shim/counters";
export function overruns(): u32 { return counterValue(Counter.uartOverrun); }
export function framings(): u32 { return counterValue(Counter.uartFraming); }
export function noises(): u32 { return counterValue(Counter.uartNoise); }
export function breaks(): u32 { return counterValue(Counter.uartBreak); }
export function receiveFull(): u32 { return counterValue(Counter.rxQueueFull); }
export function transmitFull(): u32 { return counterValue(Counter.txQueueFull); }
export function receiveHigh(): u32 { return counterValue(Counter.rxQueueHigh); }
const scratch: usize = memory.data(2048);
export function scratchOffset(): usize { return scratch; }
