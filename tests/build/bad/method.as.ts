// SPDX-License-Identifier: MIT
class Midi {
  @isr("USART2", 1)
  static onCharacter(): void {}
}
namespace audio {
  @isr("PendSV", 15)
  export function render(): void {}
}
export function init(): void { Midi.onCharacter(); audio.render(); }
export function main(): void {}
