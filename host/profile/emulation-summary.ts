// SPDX-License-Identifier: MIT
// The result of an emulated image in a few lines for a terminal.

import { decibels, microseconds, number, percent, plural } from './format.js';
import type { EmulationResult } from './emulation-result.js';

const LABEL = 10;

/** Lines, without a line break at the end. */
export function emulationSummary(result: EmulationResult): string {
  const row = (label: string, value: string): string => `${label.padEnd(LABEL)}${value}`;
  const { end, uart, isr, diagnostics, codecProblems } = result;
  const lines = [
    end.message,
    row('Ran', `${number(result.seconds, 3)} s on ${result.board}, ${number(result.cycles)} cycles, at ${number(result.coreHertz / 1e6, 1)} MHz at the end, asleep ${percent(result.idleShare)}`),
  ];
  if (result.resets > 0) lines.push(row('Resets', number(result.resets)));
  if (end.kind !== 'fault' && result.faultCount > 0) lines.push(row('Faults', `${number(result.faultCount)}, handled; the first: ${result.faults[0].kind} at ${result.faults[0].place}`));
  for (const [name, { sent, received, framingErrors, parityErrors, baud }] of Object.entries(uart)) {
    const errors = framingErrors + parityErrors > 0 ? `, ${plural(framingErrors, 'framing error')}, ${plural(parityErrors, 'parity error')}` : '';
    lines.push(row(name, `${number(sent)} bytes out, ${number(received)} in, ${number(baud)} baud${errors}`));
  }
  if (result.frames > 0) lines.push(row('Audio', `${number(result.frames)} frames, peak ${decibels(result.peak)} dBFS`));
  for (const [vector, h] of Object.entries(isr).filter(([, h]) => h.count > 0)) {
    lines.push(row('Handler', `${vector}: ${plural(h.count, 'run')}, ${number(h.meanCycles)} cycles on average, ${number(h.maxCycles)} (${microseconds(h.maxCycles, result.coreHertz)} µs) at most`));
  }
  for (const { text } of result.log) lines.push(row('SWO', text));
  for (const problem of codecProblems) lines.push(row('Codec', problem));
  for (const { where, message } of diagnostics) lines.push(row('Note', `${where}: ${message}`));
  return lines.join('\n');
}
