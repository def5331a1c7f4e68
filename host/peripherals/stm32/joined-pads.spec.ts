// SPDX-License-Identifier: MIT
// Blocks of one chip joined by wires between its pads, with ports, clock gates and alternate functions as firmware sets them up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeChip } from '../../testing/whole-chip.js';

const RCC = 0x40023800, TIM3 = 0x40000400, TIM4 = 0x40000800, SPI2 = 0x40003800, SPI1 = 0x40013000, USART3 = 0x40004800, USART6 = 0x40011400;
const GPIO = (port: string) => 0x40020000 + 0x400 * (port.charCodeAt(0) - 65);

function setUp() {
  const whole = wholeChip();
  const { chip, read, write } = whole;
  write(RCC + 0x30, 0xff);
  write(RCC + 0x40, 0x10ffffff & 0x36fec9ff);
  write(RCC + 0x44, 0x75933);
  /** Sets a pad to an alternate function. */
  const alternate = (pad: string, af: number, openDrain = false) => {
    const [port, pin] = [GPIO(pad[1]), Number(pad.slice(2))];
    const afr = port + (pin < 8 ? 0x20 : 0x24);
    write(afr, (read(afr) & ~(0xf << (4 * (pin % 8)))) | (af << (4 * (pin % 8))));
    write(port + 4, (read(port + 4) & ~(1 << pin)) | (openDrain ? 1 << pin : 0));
    write(port, (read(port) & ~(3 << (2 * pin))) | (2 << (2 * pin)));
  };
  /** A wire from one pad to another. */
  const join = (from: string, to: string) => {
    chip.pad(to).set(chip.pad(from).level);
    chip.pad(from).onEdge((level) => chip.pad(to).set(level));
  };
  return { ...whole, alternate, join };
}

test('TIM3 makes a PWM on PC6, TIM4 measures its period and width on PB6', () => {
  const { machine, read, write, alternate, join, run } = setUp();
  alternate('PC6', 2);
  alternate('PB6', 2);
  join('PC6', 'PB6');
  write(TIM3 + 0x2c, 999);
  write(TIM3 + 0x34, 250);
  write(TIM3 + 0x18, 0x60);
  write(TIM3 + 0x20, 1);
  write(TIM4 + 0x2c, 0xffff);
  write(TIM4 + 0x18, 0x0201);
  write(TIM4 + 0x20, 0x31);
  write(TIM4 + 0x08, 0x54);
  write(TIM4, 1);
  write(TIM3, 1);
  run(5000);
  assert.deepEqual([read(TIM4 + 0x34), read(TIM4 + 0x38)], [1000, 250]);
  assert.deepEqual(machine.diagnostics, []);
});

test('SPI1 on PA5, PA6, PA7 exchanges bytes with SPI2 on PB12 to PB15, NSS by SSOE', () => {
  const { machine, chip, read, write, alternate, join, run } = setUp();
  for (const pad of ['PA4', 'PA5', 'PA6', 'PA7', 'PB12', 'PB13', 'PB14', 'PB15']) alternate(pad, 5);
  write(GPIO('A') + 0x0c, (read(GPIO('A') + 0x0c) & ~(3 << 8)) | (1 << 8)); // NSS pulled up
  for (const [from, to] of [['PA4', 'PB12'], ['PA5', 'PB13'], ['PA7', 'PB15'], ['PB14', 'PA6']]) join(from, to);
  write(SPI1 + 4, 4);
  write(SPI1, 4 | (1 << 3) | 0x40);
  assert.equal(chip.pad('PA4').level, 0);
  write(SPI2, 0x40);
  write(SPI2 + 12, 0xc3);
  write(SPI1 + 12, 0x5a);
  run(8 * 4 + 1);
  assert.deepEqual([read(SPI2 + 12), read(SPI1 + 12)], [0x5a, 0xc3]);
  write(SPI1, 4 | (1 << 3));
  assert.equal(chip.pad('PA4').level, 1);
  assert.deepEqual(machine.diagnostics, []);
});

test('USART3 and USART6 talk on one open-drain wire, half-duplex both', () => {
  const { machine, chip, read, write, alternate, run } = setUp();
  alternate('PB10', 7, true);
  alternate('PC6', 8, true);
  write(GPIO('B') + 0x0c, (read(GPIO('B') + 0x0c) & ~(3 << 20)) | (1 << 20));
  write(GPIO('C') + 0x0c, 1 << 12);
  // A wire both ways: each end passes on what its block pulls low.
  const [a, b] = [chip.pad('PB10'), chip.pad('PC6')];
  let passing = false;
  for (const [from, to] of [[a, b], [b, a]]) {
    from.onEdge((level) => {
      if (passing) return;
      passing = true;
      if (level === 0) to.set(0);
      else to.release();
      passing = false;
    });
  }
  for (const usart of [USART3, USART6]) {
    write(usart + 8, 160);
    write(usart + 0x14, 8);
    write(usart + 0x0c, 0x2008);
  }
  run(160 * 12);
  write(USART6 + 0x0c, 0x2004);
  write(USART3 + 4, 0x4d);
  run(160 * 12);
  assert.equal(read(USART6 + 4), 0x4d);
  write(USART3 + 0x0c, 0x2004);
  write(USART6 + 0x0c, 0x2008);
  run(160 * 12);
  write(USART6 + 4, 0x99);
  run(160 * 12);
  assert.equal(read(USART3 + 4), 0x99);
  assert.deepEqual(machine.diagnostics.filter((d) => d.where.startsWith('P')), []);
});
