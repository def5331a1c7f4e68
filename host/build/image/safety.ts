// SPDX-License-Identifier: MIT
// The stores by which the shim, which knows no peripheral, silences the audio output and keeps a watchdog. STM32F4: RM0090, sections cited.

import type { Board } from '../../boards/index.js';
import { CompileError } from '../compile.js';

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

/** RCC_AHB1ENR after reset: RM0090 7.3.10 (CCMDATARAMEN is set where there is a CCM); RM0383 6.3.9. */
const AHB1ENR_RESET: Readonly<Record<string, number>> = { stm32f407: 0x00100000, stm32f411: 0 };
const MODER_OUTPUT = 1;

/**
 * Makes the pads of markers outputs, low: clocks of their ports on, MODER with 01 for each (8.4.1), on top of what both are after reset.
 * @throws CompileError on a board whose marker pins an image cannot drive
 */
export function markerStores(board: Board): Store[] {
  const pads = Object.values(board.markers);
  if (pads.length === 0) return [];
  const chip = board.lineage.find((name) => name in AHB1ENR_RESET);
  if (board.family !== 'stm32f4' || chip === undefined) throw new CompileError(`board ${board.name} has markers, which its images cannot drive; take them out of its JSON`);
  let enabled = AHB1ENR_RESET[chip];
  const modes = new Map<number, number>();
  for (const pad of pads) {
    const port = board.peripherals.find((p) => p.name === `GPIO${pad[1]}`)!;
    enabled |= 1 << Number(port.enable!.split('.')[1]);
    const reset = Number((port.config.reset as Record<string, number> | undefined)?.MODER ?? 0);
    const shift = 2 * Number(pad.slice(2));
    modes.set(port.base, (((modes.get(port.base) ?? reset) & ~(3 << shift)) | (MODER_OUTPUT << shift)) >>> 0);
  }
  return [{ address: baseOf(board, 'RCC')! + 0x30, value: enabled >>> 0 }, ...[...modes].map(([address, value]) => ({ address, value }))];
}
