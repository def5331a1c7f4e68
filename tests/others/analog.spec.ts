// SPDX-License-Identifier: MIT
// ADC and DAC by DMA, each paced by a timer.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Potentiometer } from '../../host/devices/potentiometer.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

const VDDA = 3;

describe('firmware by others: ADC and DAC', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('scans potentiometers that are turned, and plays a sine', () => {
    const board = firmware.board('analog');
    const knobs = ['PC4', 'PA1', 'PB0', 'PA5'].map((pad) => new Potentiometer(board.machine.analog(pad), VDDA));
    const positions = [[0.1, 0.25, 0.5, 0.9], [0.2, 0, 1, 0.3], [0.75, 0.6, 0.05, 0.4]];
    const turn = (to: number[]) => knobs.forEach((knob, i) => (knob.position = to[i]));
    turn(positions[0]);
    // The firmware starts some 3 ms after reset and looks after 10, 20 and 30 ms more.
    board.at(0.016, () => turn(positions[1]));
    board.at(0.026, () => turn(positions[2]));
    const out: { volts: number; cycle: number }[] = [];
    board.machine.analog('PA4').onChange((volts, cycle) => out.push({ volts, cycle }));
    runToExit(board);
    positions.forEach((at, i) => {
      const words = [0, 1].map((k) => word(board, 'snapshot', 2 * i + k));
      const codes = words.flatMap((w) => [w & 0xffff, w >>> 16]);
      codes.forEach((code, k) => assert.ok(Math.abs(code - Math.min(4095, at[k] * 4096)) <= 1, `${i}: ${codes} for ${at}`));
    });
    assert.equal(word(board, 'errors'), 0);
    const scans = word(board, 'scans');
    assert.ok(scans >= 290 && scans <= 305, `${scans} scans in 30 ms at 10 kHz`);

    // Rising passages through the middle, each interpolated.
    const crossings: number[] = [];
    for (let i = 2; i < out.length; i++) {
      const [a, b] = [out[i - 1], out[i]];
      if (a.volts < 1.5 && b.volts >= 1.5) crossings.push(a.cycle + ((1.5 - a.volts) / (b.volts - a.volts)) * (b.cycle - a.cycle));
    }
    assert.ok(crossings.length > 20, `${crossings.length}`);
    const hertz = (168e6 * (crossings.length - 1)) / (crossings.at(-1)! - crossings[0]);
    assert.ok(Math.abs(hertz - 84e6 / (64 * 1312)) < 0.01, `${hertz} Hz`);
    const volts = out.map((o) => o.volts);
    assert.ok(Math.abs(Math.max(...volts) - (VDDA * 3748) / 4095) < 0.001, `${Math.max(...volts)}`);
    assert.ok(Math.abs(Math.min(...volts.slice(1)) - (VDDA * 348) / 4095) < 0.001, `${Math.min(...volts.slice(1))}`);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
