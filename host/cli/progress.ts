// SPDX-License-Identifier: MIT
// A progress bar on a terminal, and nothing anywhere else.

import { Presets, SingleBar } from 'cli-progress';

export interface ProgressBar {
  /** @param done part of the work, 0 to 1 */
  update(done: number): void;
  stop(): void;
}

/** @param wanted false keeps quiet even on a terminal */
export function progressBar(wanted: boolean): ProgressBar {
  if (!wanted || !process.stderr.isTTY) return { update() {}, stop() {} };
  const bar = new SingleBar({ format: 'playing {bar} {percentage} %  {eta_formatted} left', hideCursor: true, clearOnComplete: true, stream: process.stderr }, Presets.rect);
  let started = false;
  return {
    update(done) {
      if (!started) bar.start(100, 0);
      started = true;
      bar.update(Math.min(100, Math.round(100 * done)));
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
