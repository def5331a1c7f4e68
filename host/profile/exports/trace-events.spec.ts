// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../../testing/example-profile.js';
import { RunLog } from '../run-log.js';
import { traceFile } from './trace-events.js';

const none = { bytes: new Uint8Array(0), endCycles: new Float64Array(0) };
const noBlocks = { count: 0, boundaryCycles: new Float64Array(0), busyCycles: new Float64Array(0), voices: new Uint8Array(0) };

/** A run in which one handler runs once every millisecond. */
function logOf(seconds: number, coreHertz: number): RunLog {
  const log = new RunLog();
  const millisecond = coreHertz / 1000;
  for (let i = 1; i < seconds * 1000; i++) {
    log.exceptionEnter('USART2', i * millisecond, i * millisecond);
    log.exceptionExit('USART2', i * millisecond + 100);
  }
  return log;
}

test('a run with more runs of handlers than a viewer bears is cut to what lies around its worst block, and says so', () => {
  const result = exampleProfile(6);
  const { coreHertz } = result.run;
  // As if a million runs were in a minute: a quarter of them fit.
  const long = { ...result, run: { ...result.run, seconds: 60, cycles: 60 * coreHertz }, handlers: [{ ...result.handlers[0], name: 'USART2', count: 1_000_000 }], worst: { ...result.worst!, startCycle: 30 * coreHertz } };
  const { traceEvents, otherData } = traceFile(long, logOf(60, coreHertz), noBlocks, none);
  assert.equal(otherData.shown, '22.500 to 37.500 of 60.0 s, around the worst block');
  const times = traceEvents.filter(({ ph }) => ph === 'X').map(({ ts }) => ts! / 1e6);
  assert.ok(Math.min(...times) >= 22.5 && Math.min(...times) < 22.502 && Math.max(...times) <= 37.5 && Math.max(...times) > 37.498);
  // At the run's end it begins that much sooner.
  assert.equal(traceFile({ ...long, worst: { ...long.worst, startCycle: 59 * coreHertz } }, logOf(60, coreHertz), noBlocks, none).otherData.shown, '45.000 to 60.000 of 60.0 s, around the worst block');
  const whole = traceFile({ ...long, handlers: [{ ...long.handlers[0], count: 59_999 }] }, logOf(60, coreHertz), noBlocks, none);
  assert.equal(whole.otherData.shown, 'the whole run');
  assert.equal(whole.traceEvents.filter(({ ph, tid }) => ph === 'X' && tid >= 10).length, 59_999);
});
