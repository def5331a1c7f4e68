// SPDX-License-Identifier: MIT
// What one run of an image on an emulated board amounted to: the object that `tonewheel emulate --json` prints. Its JSON schema is beside it.

import type { Diagnostic } from '../machine/peripheral.js';
import type { IsrResult } from './run-result.js';

export interface UartResult {
  /** Characters that the firmware sent, those with errors among them. */
  sent: number;
  /** Of these, with a low stop bit, or a parity that is not the one programmed. */
  framingErrors: number;
  parityErrors: number;
  /** Characters that were typed into it. */
  received: number;
  /** Bits a second, as programmed at the last character; 0 when there was none. */
  baud: number;
}

export interface EmulationResult {
  /** Version of this object's form; raised when a field changes its meaning or goes. */
  format: 1;
  board: string;
  file: string;
  end: {
    /** Why the run is over. */
    kind: 'time' | 'exit' | 'fault' | 'sleep' | 'loop' | 'killed';
    /** The same in words; of a fault, the whole report. */
    message: string;
    /** What the firmware ended with, by semihosting; null when it did not. */
    exitCode: number | null;
  };
  seconds: number;
  cycles: number;
  /** At the end of the run. */
  coreHertz: number;
  /** System resets that the firmware asked for. */
  resets: number;
  /** Part of the cycles in which the core slept. */
  idleShare: number;
  /** Frames that left I2S, and what they were. */
  sampleRate: number;
  frames: number;
  audioSha256: string;
  peak: number;
  rms: number;
  /** UARTs that sent or received anything. */
  uart: Record<string, UartResult>;
  isr: Record<string, IsrResult>;
  /** Faults that were taken: how many, and the first ones. */
  faultCount: number;
  faults: { kind: string; causes: string[]; cycle: number; pc: number; place: string; address: number | null }[];
  /** Lines that the firmware wrote to the ITM's ports (SWO), with the time of each. */
  log: { seconds: number; text: string }[];
  codecProblems: string[];
  /** What the models noticed, and what of the chip was used that is not modelled; each once. */
  diagnostics: Diagnostic[];
}
