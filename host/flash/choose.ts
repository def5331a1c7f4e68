// SPDX-License-Identifier: MIT
// Which of a board's tools flashes it: one that is installed, and rather one whose programmer is plugged in.

import type { Board } from '../boards/index.js';
import type { Programmer } from './plan.js';
import { DFU, STLINK, TEENSY, type ProgrammerKind, type UsbProgrammer } from './usb.js';

/** What each tool talks to at USB. */
export const USB_KIND: Readonly<Record<Programmer['tool'], ProgrammerKind>> = {
  openocd: STLINK, 'st-flash': STLINK, 'dfu-util': DFU, teensy_loader_cli: TEENSY,
};

export interface Choice {
  readonly programmer: Programmer;
  /** Where its program is. */
  readonly program: string;
}

/** The tools that write a board's flash, the one to try first first; none for an emulated board. */
export const programmersOf = (board: Pick<Board, 'flashTools'>): Programmer[] =>
  (board.flashTools ?? []).filter((t): t is Programmer => t.tool !== 'qemu');

/**
 * The first that is installed and whose programmer is plugged in; if there is none such, the first that is installed.
 * @param find where a tool's program is
 * @param usb what is plugged in, where that is known
 */
export function choose(programmers: readonly Programmer[], find: (tool: string) => string | undefined, usb: readonly UsbProgrammer[] = []): Choice | undefined {
  const installed = programmers.flatMap((programmer) => {
    const program = find(programmer.tool);
    return program === undefined ? [] : [{ programmer, program }];
  });
  return installed.find(({ programmer }) => usb.some((u) => u.kind === USB_KIND[programmer.tool])) ?? installed[0];
}
