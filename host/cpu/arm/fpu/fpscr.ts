// SPDX-License-Identifier: MIT
// Bits of FPSCR (ARM DDI 0403E, A2.5.3) as an FPv4-SP unit has them: no trap enables, no vectors.

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

/** Modes and cumulative bits: all that can be written besides the condition flags. */
export const FPSCR_WRITABLE = FPSCR.AHP | FPSCR.DN | FPSCR.FZ | FPSCR.RMODE
  | FPSCR.IDC | FPSCR.IXC | FPSCR.UFC | FPSCR.OFC | FPSCR.DZC | FPSCR.IOC;
