// SPDX-License-Identifier: MIT
// Runs an image on qemu-system-arm one instruction at a time and gives the core's state before each, as QEMU's log has it (version 7.2).

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where each part of a traced state lies, in words. */
export const TRACED = {
  /** R0 to R15. */
  R: 0,
  /** xPSR: flags, Q, ITSTATE, T, GE, exception number. */
  XPSR: 16,
  /** S0 to S31. */
  S: 17,
  FPSCR: 49,
  /** 1 when the code has privilege. */
  PRIVILEGED: 50,
} as const;
export const TRACED_WORDS = 51;

export interface TraceOptions {
  /** A name of `qemu-system-arm -M help`. */
  readonly machine: string;
  /** What lies in memory from address 0 on; its first words are the vector table. */
  readonly image: Uint8Array;
  /**
   * Called before each instruction, with words that change with the next call.
   * @returns whether to go on
   */
  readonly onState: (state: Uint32Array) => boolean;
}

/** How long QEMU may be silent before it counts as hung. */
const PATIENCE_SECONDS = 60;

const HEX = new Uint8Array(256);
for (let digit = 0; digit < 16; digit++) HEX[digit.toString(16).charCodeAt(0)] = digit;

function hexWord(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 8; i++) value = (value << 4) | HEX[bytes[i]];
  return value;
}

/** Bytes of "R00=00000000 R01=00000000 R02=00000000 R03=00000000\n", of which there are four, and of "s00=00000000 s01=00000000 d00=0000000000000000\n". */
const CORE_LINE = 52;
const FLOAT_LINE = 47;
const MARK = Buffer.from('R00=');
const NEWLINE = 10;

/** Reads one state that begins at `at`. @returns the place after it, or -1 when it is not all there yet */
function readState(log: Buffer, at: number, state: Uint32Array): number {
  const psr = at + 4 * CORE_LINE;
  const psrEnd = log.indexOf(NEWLINE, psr);
  if (psrEnd < 0) return -1;
  const floats = psrEnd + 1;
  const fpscr = floats + 16 * FLOAT_LINE;
  const end = fpscr + 'FPSCR: 00000000\n'.length;
  if (end > log.length) return -1;
  for (let n = 0; n < 16; n++) state[TRACED.R + n] = hexWord(log, at + (n >> 2) * CORE_LINE + (n & 3) * 13 + 4);
  state[TRACED.XPSR] = hexWord(log, psr + 5);
  // "XPSR=41000000 -Z-- T priv-thread", or "unpriv-thread", or "handler".
  state[TRACED.PRIVILEGED] = log.toString('latin1', psr + 21, psrEnd).startsWith('unpriv') ? 0 : 1;
  for (let n = 0; n < 32; n++) state[TRACED.S + n] = hexWord(log, floats + (n >> 1) * FLOAT_LINE + (n & 1) * 13 + 4);
  state[TRACED.FPSCR] = hexWord(log, fpscr + 7);
  return end;
}

/**
 * Runs until `onState` says no, or QEMU ends by itself.
 * @returns what QEMU wrote last that was no state: how it ended, when it did (a lockup ends it)
 * @throws Error when QEMU falls silent
 */
export async function traceQemu({ machine, image, onState }: TraceOptions): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-trace-'));
  try {
    const file = join(dir, 'image.bin');
    await writeFile(file, image);
    // Without chaining each instruction comes from QEMU's main loop, which looks for interrupts before it.
    const args = ['-M', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-singlestep', '-d', 'cpu,fpu,nochain', '-kernel', file];
    const qemu = spawn('stdbuf', ['-e', '65536', 'qemu-system-arm', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    return await new Promise<string>((resolve, reject) => {
      const state = new Uint32Array(TRACED_WORDS);
      let log: Buffer = Buffer.alloc(0);
      let ended = false;
      let told = '';
      const silence = setTimeout(() => end(() => reject(new Error(`QEMU said nothing for ${PATIENCE_SECONDS} s: ${told}`))), PATIENCE_SECONDS * 1000);
      const end = (settle: () => void) => {
        if (ended) return;
        ended = true;
        clearTimeout(silence);
        qemu.kill('SIGKILL');
        settle();
      };
      qemu.on('error', (error) => end(() => reject(error)));
      qemu.stderr.on('data', (chunk: Buffer) => {
        if (ended) return;
        silence.refresh();
        log = log.length > 0 ? Buffer.concat([log, chunk]) : chunk;
        let at = 0;
        for (;;) {
          const begin = log.indexOf(MARK, at);
          if (begin < 0) break;
          if (begin > at) told = log.toString('latin1', at, begin).trim();
          const next = readState(log, begin, state);
          if (next < 0) break;
          at = next;
          // After the last instruction QEMU dumps the state once more with what went wrong.
          if (told.includes('fatal')) break;
          try {
            if (!onState(state)) return end(() => resolve(told));
          } catch (error) {
            return end(() => reject(error instanceof Error ? error : new Error(String(error))));
          }
        }
        log = log.subarray(at);
      });
      qemu.stderr.on('end', () => end(() => resolve(told)));
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
