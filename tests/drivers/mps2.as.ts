export * from "../../assembly/drivers/mps2/audio-out";
export * from "../../assembly/drivers/mps2/timer";
export * from "../../assembly/drivers/mps2/uart";
export { gpioRead, gpioReset, gpioSet, gpioToggle } from "../../assembly/drivers/mps2/gpio";
import { Counter, counterValue } from "../../assembly/shim/counters";
import { audioOutBlockDue, audioOutBlockFrame, audioOutWrite } from "../../assembly/drivers/mps2/audio-out";
export function late(): u32 { return counterValue(Counter.lateBlocks); }
const frames: usize = memory.data(1024, 8);
/** Renders what is due: frame n sounds as n on the left and -n on the right. */
export function render(blockFrameCount: u32): u32 {
  let blocks: u32 = 0;
  while (audioOutBlockDue()) {
    const frame = audioOutBlockFrame();
    for (let i: u32 = 0; i < blockFrameCount; i++) {
      store<i16>(frames + (i << 2), <i16>(frame + i));
      store<i16>(frames + (i << 2) + 2, <i16>-(<i32>(frame + i)));
    }
    audioOutWrite(frames);
    blocks++;
  }
  return blocks;
}
