export * from "../../assembly/drivers/stm32/audio-out";
import { Counter, counterValue } from "../../assembly/shim/counters";
export function late(): u32 { return counterValue(Counter.lateBlocks); }
export function restarts(): u32 { return counterValue(Counter.audioRestarts); }
export function fifoErrors(): u32 { return counterValue(Counter.dmaFifoError); }
export function directErrors(): u32 { return counterValue(Counter.dmaDirectModeError); }
export function transferErrors(): u32 { return counterValue(Counter.dmaTransferError); }
export function underruns(): u32 { return counterValue(Counter.i2sUnderrun); }
const frames: usize = memory.data(1024, 8);
/** Renders what is due: frame n sounds as n on the left and -n on the right. */
export function render(blockFrameCount: u32): u32 {
  let blocks: u32 = 0;
  while (audioOutBlockDue()) { renderOne(blockFrameCount); blocks++; }
  return blocks;
}
import { audioOutBlockDue, audioOutBlockFrame, audioOutWrite } from "../../assembly/drivers/stm32/audio-out";
export function renderOne(blockFrameCount: u32): void {
  const frame = audioOutBlockFrame();
  for (let i: u32 = 0; i < blockFrameCount; i++) {
    const value = <i32>(frame + i & 0x7fff);
    store<i16>(frames + (i << 2), <i16>value);
    store<i16>(frames + (i << 2) + 2, <i16>-value);
  }
  audioOutWrite(frames);
}
