// SPDX-License-Identifier: MIT
// SPI, I2C and I2S as ST's HAL and board support package use them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ElfBoard } from '../../host/emulator/elf-board.js';
import type { I2cDevice, SpiDevice } from '../../host/machine/links.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

/** Answers each byte with the complement of the one before; chosen by PE3 low. */
class Echo implements SpiDevice {
  readonly heard: number[] = [];
  private next = 0xff;
  constructor(private readonly board: ElfBoard) {
    board.pin('PE3').onEdge(() => (this.next = 0xff));
  }
  get selected(): boolean {
    return this.board.pin('PE3').level === 0;
  }
  begin(): number {
    return this.next;
  }
  end(value: number): void {
    this.heard.push(value);
    this.next = ~value & 0xff;
  }
}

/** 256 bytes, pages of 8; deaf for 5 ms after it was written (as a 24C02). */
class Eeprom implements I2cDevice {
  readonly address = 0x50;
  readonly bytes = new Uint8Array(256).fill(0xff);
  starts = 0;
  private at = 0;
  private fresh = true;
  private written = false;
  private deafUntil = 0;
  constructor(private readonly board: ElfBoard) {}
  start(direction: 'read' | 'write'): boolean {
    if (this.board.now < this.deafUntil) return false;
    this.starts++;
    if (direction === 'write') this.fresh = true;
    return true;
  }
  write(byte: number): boolean {
    if (this.fresh) this.at = byte;
    else {
      this.bytes[this.at] = byte;
      this.at = (this.at & ~7) | ((this.at + 1) & 7);
      this.written = true;
    }
    this.fresh = false;
    return true;
  }
  read(): number {
    const byte = this.bytes[this.at];
    this.at = (this.at + 1) & 0xff;
    return byte;
  }
  stop(): void {
    if (this.written) this.deafUntil = this.board.now + 0.005;
    this.written = false;
  }
}

describe('firmware by others: SPI, I2C, I2S', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('moves bytes both ways, reads an EEPROM by interrupts, and plays a sine by ST\'s codec driver', () => {
    const board = firmware.board('buses');
    const echo = new Echo(board);
    board.machine.spiBus('SPI1').attach(echo);
    const eeprom = new Eeprom(board);
    board.machine.i2cBus('I2C1').attach(eeprom);
    runToExit(board);
    const words = (name: string, count: number) => Array.from({ length: count }, (_, i) => word(board, name, i));
    assert.deepEqual(echo.heard, [0x9f, 0x11, 0x22, 0x33, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(words('spiIn', 4), [0xff, 0x60, 0xee, 0xdd]);
    assert.deepEqual(words('dmaIn', 2), [0xfcfdfeff, 0xf8f9fafb]);
    assert.deepEqual([...eeprom.bytes.subarray(0x10, 0x18)], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(words('eeprom', 4), [0x1, 0x12, 0x123, 0x12345]);
    assert.ok(word(board, 'retries') >= 2 && word(board, 'retries') <= 5, `${word(board, 'retries')}`);
    assert.equal(word(board, 'absent'), 1);
    assert.equal(word(board, 'bridged'), 4);

    assert.deepEqual(board.codec.problems(), []);
    const { audio } = board;
    const first = audio.nextNonZero(0)!;
    assert.ok(audio.frames > 2000);
    let worst = 0;
    // The first frame of the table is silent.
    for (let i = 0; i < 1920; i++) {
      const [left, right] = audio.frame(first - 1 + i);
      worst = Math.max(worst, Math.abs(left - 16000 * Math.sin((2 * Math.PI * i) / 48)), Math.abs(right - 8000 * Math.sin((2 * Math.PI * i) / 192)));
    }
    assert.ok(worst < 1.1, `off by ${worst}`);
    const seconds = (audio.cycleOf(first + 1920) - audio.cycleOf(first)) / 168e6;
    // RM0090 table of 28.4.4: 258 / 3 with divider 3 and odd makes 47991 Hz.
    assert.equal(Math.round(1920 / seconds), 47_991);
    assert.ok(Math.abs(word(board, 'frames') - audio.frames) <= 2 * 192, `${word(board, 'frames')} ${audio.frames}`);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
