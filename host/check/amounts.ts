// SPDX-License-Identifier: MIT
// Amounts as a person reads them: cycles as a time too.

import { number } from '../profile/format.js';
import type { BudgetCheck } from './check-result.js';

/** A time in the unit that suits it: 7.31 µs, 0.667 ms. */
export function time(cycles: number, coreHertz: number): string {
  const us = (cycles / coreHertz) * 1e6;
  return us < 1000 ? `${number(us, us < 100 ? 2 : 1)} µs` : `${number(us / 1000, us < 100_000 ? 3 : 1)} ms`;
}

export function amount(value: number, unit: BudgetCheck['unit'], coreHertz: number): string {
  switch (unit) {
    case 'cycles': return `${time(value, coreHertz)} (${number(Math.ceil(value))} cycles)`;
    case 'bytes': return `${number(value)} bytes`;
    case 'percent': return `${number(value, 1)} %`;
    case 'voices': return number(value);
  }
}
