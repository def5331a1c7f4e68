// SPDX-License-Identifier: MIT
// PCM510x DAC: TI SLAS859C. It has no control port; what can be driven is XSMT (soft mute, 9.3.3), if the board has it on a pin.

import { CODEC_HAS_MUTE, CODEC_MUTE_PIN, CODEC_MUTE_PORT } from "../../shim/board";
import { gpioOutput, gpioReset, gpioSet } from "./gpio";

/** Mutes the DAC: XSMT low. @returns 0 */
export function codecInit(): i32 {
  if (CODEC_HAS_MUTE) gpioOutput(CODEC_MUTE_PORT, CODEC_MUTE_PIN);
  return 0;
}

/** Lets it sound. It ramps up over 104 frames, once BCK and LRCK have run for 16 frames and its PLL has locked. @returns 0 */
export function codecPowerUp(): i32 {
  if (CODEC_HAS_MUTE) gpioSet(CODEC_MUTE_PORT, CODEC_MUTE_PIN);
  return 0;
}

/** Mutes the output or lets it sound; without a pin for XSMT, nothing. @returns 0 */
export function codecMute(muted: bool): i32 {
  if (CODEC_HAS_MUTE) {
    if (muted) gpioReset(CODEC_MUTE_PORT, CODEC_MUTE_PIN);
    else gpioSet(CODEC_MUTE_PORT, CODEC_MUTE_PIN);
  }
  return 0;
}
