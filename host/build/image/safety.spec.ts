// SPDX-License-Identifier: MIT
// Addresses and bits are RM0090's: memory map (table 1), 7.3.10, 8.4.1, 8.4.7, 10.5.5, 21.4, 28.5.8.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard, type Board } from '../../boards/index.js';
import { markerStores, muteStores, watchdogStores } from './safety.js';

const discovery = loadBoard('stm32f4-discovery');

test('the Discovery is muted by the codec\'s reset pin PD4, then I2S3, then the DMA stream', () => {
  assert.deepEqual(muteStores(discovery), [
    { address: 0x40020c18, value: 0x00100000 }, // GPIOD_BSRR: BR4
    { address: 0x40003c1c, value: 0 }, // SPI3_I2SCFGR
    { address: 0x40026088, value: 0 }, // DMA1_S5CR
  ]);
});

test('a QEMU board is muted by its audio clock, TIMER0', () => {
  assert.deepEqual(muteStores(loadBoard('mps2-an386')), [{ address: 0x40000000, value: 0 }]);
});

test('the watchdog is started before its registers are unlocked, and a period is rounded up', () => {
  const { start, feed } = watchdogStores(discovery, 0.5);
  // 0.5 s of 32 kHz: 16,000 ticks; /4 gives 4,000 counts.
  assert.deepEqual(start.map(({ address, value }) => [address, value]), [[0x40003000, 0xcccc], [0x40003000, 0x5555], [0x40003004, 0], [0x40003008, 3999], [0x40003000, 0xaaaa]]);
  assert.deepEqual(feed, [{ address: 0x40003000, value: 0xaaaa }]);
  assert.deepEqual(watchdogStores(discovery, 32).start.slice(2, 4).map((s) => s.value), [6, 3999]); // /256
  assert.throws(() => watchdogStores(discovery, 40), /0\.001 to 32 s/);
  assert.throws(() => watchdogStores(loadBoard('mps2-an386'), 1), /no watchdog/);
});

test('markers become outputs on top of what port and clock are after reset', () => {
  const board = { ...discovery, markers: { USART2: 'PA8', PendSV: 'PD0', DMA1_Stream5: 'PD1' } } as Board;
  assert.deepEqual(markerStores(board), [
    { address: 0x40023830, value: 0x00100009 }, // RCC_AHB1ENR: CCMDATARAMEN, GPIOAEN, GPIODEN
    { address: 0x40020000, value: 0xa8010000 }, // GPIOA_MODER: reset value, and pin 8
    { address: 0x40020c00, value: 0x00000005 },
  ]);
  assert.deepEqual(markerStores(discovery), []);
  assert.throws(() => markerStores({ ...loadBoard('mps2-an386'), markers: { PendSV: 'USERLED1' } } as Board), /cannot drive/);
});
