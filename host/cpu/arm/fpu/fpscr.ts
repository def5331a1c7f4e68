// SPDX-License-Identifier: MIT
// FPSCR (ARM DDI 0403E, A2.5.3) as an FPv4-SP unit has it, without trap enables and vectors, over the state that engines share.

import { STATE } from '../state.js';

export const FPSCR = {
  /** Condition flags N, Z, C, V. */
  NZCV: 0xf0000000 | 0,
  /** Alternative half precision. */
  AHP: 1 << 26,
  /** Default NaN. */
  DN: 1 << 25,
  /** Flush to zero. */
  FZ: 1 << 24,
  RMODE: 3 << 22,
  /** Input denormal, cumulative, as all that follow. */
  IDC: 1 << 7,
  IXC: 1 << 4,
  UFC: 1 << 3,
  OFC: 1 << 2,
  /** Division by zero. */
  DZC: 1 << 1,
  /** Invalid operation. */
  IOC: 1 << 0,
} as const;

/** Values of RMode in place. */
export const RMODE = { nearest: 0, plusInfinity: 1 << 22, minusInfinity: 2 << 22, zero: 3 << 22 } as const;

/** What FPDSCR gives to new contexts. */
export const FPSCR_MODES = FPSCR.AHP | FPSCR.DN | FPSCR.FZ | FPSCR.RMODE;
/** All that can be written besides the condition flags. */
const FPSCR_WRITABLE = FPSCR_MODES | FPSCR.IDC | FPSCR.IXC | FPSCR.UFC | FPSCR.OFC | FPSCR.DZC | FPSCR.IOC;

/** FPSCR as VMRS reads it. */
export function readFpscr(state: Int32Array): number {
  return state[STATE.FPSCR] | state[STATE.FPCC];
}

/** FPSCR as VMSR writes it: reserved bits stay zero. */
export function writeFpscr(state: Int32Array, value: number): void {
  state[STATE.FPSCR] = value & FPSCR_WRITABLE;
  state[STATE.FPCC] = value & FPSCR.NZCV;
  settlePlain(state);
}

/** Keeps STATE.FPU_PLAIN true after STATE.FPSCR has changed. */
export function settlePlain(state: Int32Array): void {
  state[STATE.FPU_PLAIN] = Number((state[STATE.FPSCR] & (FPSCR.RMODE | FPSCR.FZ | FPSCR.IXC)) === FPSCR.IXC);
}
