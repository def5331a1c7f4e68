// SPDX-License-Identifier: MIT
// The demo synth behind its scheduler: messages come with the frame at which they are to sound, blocks are rendered around them.

import { CONTROL_FRAMES } from "../../audio/block";
import { Scheduler } from "../../voice/scheduler";
import { BLOCK_FRAMES, BYTES_A_BLOCK, SCHEDULER_CAPACITY } from "./config";
import { engineBegin, engineHasRoom, engineMessage, engineRender } from "./engine";

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
  // Blocks begin at control points, or lie between two. @bound((BLOCK_FRAMES + CONTROL_FRAMES - 1) / CONTROL_FRAMES)
  while (frameCount > 0) {
    const most = min<i32>(frameCount, engineBegin(now));
    let count = most;
    // @bound(BYTES_A_BLOCK, BYTES_A_BLOCK in all)
    while (true) {
      const at = scheduler.framesUntilNext(now, most);
      if (at == most) break;
      if (at > 0 && !engineHasRoom()) {
        count = at;
        break;
      }
      engineMessage(scheduler.take(now + at), at);
    }
    engineRender(out, count);
    out += <usize>count << 2;
    now += count;
    frameCount -= count;
  }
}
