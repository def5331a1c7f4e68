// SPDX-License-Identifier: MIT
// The demo synth behind its scheduler: messages come with the frame at which they are to sound, blocks are rendered around them.

import { Scheduler } from "../../voice/scheduler";
import { SCHEDULER_CAPACITY } from "./config";
import { engineMessage, engineRender, engineSeek } from "./engine";

const scheduler = new Scheduler(SCHEDULER_CAPACITY);

/**
 * Has a message applied just before a frame is rendered. To be called in the renderer's context, before the block that holds the frame.
 * @param frame absolute frame: that in which the message's last byte completed, plus two blocks
 * @returns 0, or -1 if there is no room (counted as `eventQueueFull`)
 */
export function schedulerPush(frame: u32, message: u32): i32 {
  return scheduler.push(frame, message);
}

/** Forgets what waits. */
export function schedulerClear(): void {
  scheduler.clear();
}

/**
 * Renders a block whose first frame has the absolute number `blockStartFrame`. A message whose frame is past is applied at its start and
 * counted as `lateEvents`.
 */
export function schedulerRender(out: usize, blockStartFrame: u32, frameCount: i32): void {
  let now = blockStartFrame;
  engineSeek(now);
  // @bound(BYTES_A_BLOCK + 1, BYTES_A_BLOCK + 1 in all)
  while (frameCount > 0) {
    // @bound(BYTES_A_BLOCK, BYTES_A_BLOCK in all)
    while (scheduler.isDue(now)) engineMessage(scheduler.take(now));
    const count = scheduler.framesUntilNext(now, frameCount);
    engineRender(out, count);
    out += <usize>count << 2;
    now += count;
    frameCount -= count;
  }
}
