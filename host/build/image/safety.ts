// SPDX-License-Identifier: MIT
// The stores by which the shim, which knows no peripheral, silences the audio output and keeps a watchdog. STM32F4: RM0090, sections cited.

import type { Board } from '../../boards/index.js';

export interface Store {
  readonly address: number;
  readonly value: number;
}

const baseOf = (board: Board, name: string): number | undefined => board.peripherals.find((p) => p.name === name)?.base;

/**
 * What ends the sound at once, most audible first: the codec's reset or mute pin, then the I2S block, whose clocks then stop, then the DMA stream.
 * Where a timer is the audio clock: the timer (CMSDK_TIMER CTRL, DDI 0479, 4.4).
 */
export function muteStores(board: Board): Store[] {
  if (board.audio.kind === 'timer') return [{ address: baseOf(board, board.audio.timer)!, value: 0 }];
  const stores: Store[] = [];
  const low = (pad: string): void => {
    // GPIOx_BSRR, 8.4.7: bit 16 + n resets pin n.
    stores.push({ address: baseOf(board, `GPIO${pad[1]}`)! + 0x18, value: (1 << (16 + Number(pad.slice(2)))) >>> 0 });
  };
  const { codec, spi, dma } = board.audio;
  if (codec.model === 'cs43l22') low(codec.reset);
  if (codec.model === 'pcm510x' && codec.mute !== undefined) low(codec.mute);
  stores.push({ address: baseOf(board, spi)! + 0x1c, value: 0 }); // SPI_I2SCFGR, 28.5.8: I2SE off
  stores.push({ address: baseOf(board, dma.controller)! + 0x10 + 0x18 * dma.stream, value: 0 }); // DMA_SxCR, 10.5.5: EN off
  return stores;
}

/** IWDG_KR's keys, 21.4.1. */
const KEY = { unlock: 0x5555, feed: 0xaaaa, start: 0xcccc } as const;
/** Nominal LSI; the chip's own may be off by half (DS8626, table 34), so a period is a rough one. */
const LSI_HERTZ = 32_000;

/**
 * The independent watchdog: what starts it with a period, and what feeds it (21.3, 21.4).
 * @param seconds 0.001 to 32
 * @throws RangeError when the board has none, or the period is out of its range
 */
export function watchdogStores(board: Board, seconds: number): { start: Store[]; feed: Store[] } {
  const base = baseOf(board, 'IWDG');
  if (base === undefined) throw new RangeError(`board ${board.name} has no watchdog that the build knows of`);
  for (let prescaler = 0; prescaler <= 6; prescaler++) {
    const reload = Math.ceil((seconds * LSI_HERTZ) / (4 << prescaler));
    if (reload < 1 || reload > 0x1000) continue;
    return {
      start: [
        { address: base, value: KEY.start }, { address: base, value: KEY.unlock },
        { address: base + 4, value: prescaler }, { address: base + 8, value: reload - 1 }, { address: base, value: KEY.feed },
      ],
      feed: [{ address: base, value: KEY.feed }],
    };
  }
  throw new RangeError(`a watchdog of ${seconds} s: this one has 0.001 to 32 s`);
}
