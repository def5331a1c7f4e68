// SPDX-License-Identifier: MIT
// Carries a plan out: starts the tool, shows what it says, verifies, and turns a failure into an explanation.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Interrupted } from '../emulator/interruptible.js';
import { hex32 } from '../image/segment.js';
import { explain, type Explanation } from './explain.js';
import type { Plan, Programmer, Step } from './plan.js';
import { usbProgrammers } from './usb.js';
import { UserError } from '../user-error.js';

/** The board was not flashed; the message is the tool's last words and an explanation. */
export class FlashError extends UserError {
  override readonly name = 'FlashError';

  constructor(message: string, readonly kind: Explanation['kind']) {
    super(message);
  }
}

export interface FlashOptions {
  readonly programmer: Programmer;
  readonly plan: Plan;
  /** Where the tool's program is. */
  readonly program: string;
  /** Takes what the tool prints, as it comes. */
  readonly show: (text: string) => void;
}

/** Lines of a tool's output that an error repeats. */
const LAST_LINES = 6;
/** Most of a tool's output that is kept, in characters; more than any tool prints. */
const KEPT = 1 << 18;

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly isTimeout: boolean;
}

/**
 * Runs a program without a shell. SIGINT and SIGTERM are passed on to it.
 * @throws Interrupted once it has ended after such a signal
 */
function runTool(program: string, step: Step, show: (text: string) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, step.arguments, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isTimeout = false;
    let signalled: NodeJS.Signals | undefined;
    const take = (text: string) => {
      output = (output + text).slice(-KEPT);
      if (step.limit?.sign.test(output)) clearTimeout(timer);
      show(text);
    };
    const passOn = (signal: NodeJS.Signals) => {
      signalled = signal;
      child.kill(signal);
    };
    const timer = step.limit === undefined ? undefined : setTimeout(() => {
      isTimeout = true;
      child.kill();
    }, step.limit.seconds * 1000);
    const finish = () => {
      clearTimeout(timer);
      process.off('SIGINT', passOn).off('SIGTERM', passOn);
    };
    process.on('SIGINT', passOn).on('SIGTERM', passOn);
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => {
      finish();
      reject(new FlashError(`${program} cannot be started: ${error.message}. Install it again.`, 'tool-setup'));
    });
    child.on('close', (code, signal) => {
      finish();
      // A child that dies of a Ctrl-C in the terminal got it from there, and we did too.
      if (signalled !== undefined || signal === 'SIGINT' || code === 128 + constants.signals.SIGINT) {
        reject(new Interrupted('interrupted. The board may hold neither the old firmware nor the new: flash it again'));
      } else resolve({ code, output, isTimeout });
    });
  });
}

/** What a user wants to see of a tool's output: its last lines that say something, a progress bar's last state only. */
export function lastLines(output: string): string[] {
  return output.split('\n').map((line) => line.replace(/\r$/, '').split('\r').pop()!.trimEnd()).filter(Boolean).slice(-LAST_LINES);
}

/** Where two images differ first; undefined when they do not. */
export function firstDifference(wanted: Uint8Array, found: Uint8Array): number | undefined {
  const length = Math.max(wanted.length, found.length);
  for (let i = 0; i < length; i++) if (wanted[i] !== found[i]) return i;
  return undefined;
}

/**
 * Writes, verifies and starts.
 * @returns what the user should know besides, one sentence each
 * @throws FlashError, Interrupted
 */
export async function flash({ programmer, plan, program, show }: FlashOptions): Promise<string[]> {
  const notes: string[] = [];
  for (const step of plan.steps) {
    const { code, output, isTimeout } = await runTool(program, step, show);
    if (code === 0 && (step.success?.test(output) ?? true)) {
      if (step.readBack !== undefined) compare(plan.file, step.readBack, 'address' in programmer ? programmer.address : 0);
      continue;
    }
    if (step.mayFail !== undefined) {
      notes.push(step.mayFail);
      continue;
    }
    const { kind, text } = explain({ programmer, output, isTimeout, platform: process.platform, usb: usbProgrammers() });
    const how = isTimeout ? `was ended after ${step.limit?.seconds} s` : code === 0 ? 'ended without saying that it has done it' : `failed with exit code ${code}`;
    const said = lastLines(output).map((line) => `  ${line}`);
    throw new FlashError([`${plan.tool} ${how}.`, ...said, text].join('\n'), kind);
  }
  return notes;
}

function compare(file: string, readBack: string, address: number): void {
  const wanted = readFileSync(file);
  let found: Uint8Array;
  try {
    found = readFileSync(readBack);
  } catch {
    throw new FlashError('what flash holds could not be read back: the tool left no file. It is written, but not verified.', 'verify');
  }
  const at = firstDifference(wanted, found);
  if (at === undefined) return;
  const byte = (b: number | undefined) => (b === undefined ? 'nothing' : `0x${b.toString(16).padStart(2, '0')}`);
  throw new FlashError(`flash does not hold what was written: at ${hex32(address + at)} there is ${byte(found[at])}, wanted ${byte(wanted[at])}.\n`
    + 'Do not trust the board until it verifies. Try again with a shorter cable or another USB port.', 'verify');
}
