// SPDX-License-Identifier: MIT
// The DAC that a board's data names, on the wires that it names.

import type { Stm32Board } from '../boards/index.js';
import type { I2sListener } from '../machine/links.js';
import type { Machine } from '../machine/machine.js';
import type { RealTime } from '../machine/real-time.js';
import type { Wire } from '../machine/wire.js';
import type { AudioDac } from './audio-gate.js';
import { Cs43l22 } from './cs43l22.js';
import { Pcm510x } from './pcm510x.js';
import { Wm8731 } from './wm8731.js';

/** For a board whose I2S lines end at a connector: whatever is there plays all that comes. */
class AnyDac implements AudioDac {
  readonly addressed = false;
  readonly playing = true;
  constructor(readonly audio: I2sListener) {}
  problems(): string[] {
    return [];
  }
  warnings(): string[] {
    return [];
  }
}

/**
 * Makes the board's DAC and plugs it in.
 * @param pin a pad of the chip
 * @param sink gets what the DAC plays
 */
export function plugCodec(machine: Machine, time: RealTime, board: Stm32Board, pin: (pad: string) => Wire, sink: I2sListener): AudioDac {
  const { codec, i2s } = board.audio;
  let dac: AudioDac;
  if (codec.model === 'cs43l22') {
    const chip = new Cs43l22(machine.timeline, time, pin(codec.reset), sink);
    machine.i2cBus(codec.i2c).attach(chip.control);
    dac = chip;
  } else if (codec.model === 'wm8731') {
    const chip = new Wm8731(machine.timeline, time, codec.address, sink);
    machine.i2cBus(codec.i2c).attach(chip.control);
    if (codec.adc !== undefined) machine.i2sBus(codec.adc).source = chip;
    dac = chip;
  } else if (codec.model === 'pcm510x') dac = new Pcm510x(machine.timeline, time, sink, codec.mute === undefined ? undefined : pin(codec.mute));
  else dac = new AnyDac(sink);
  machine.i2sBus(i2s).listen(dac.audio);
  return dac;
}
