// SPDX-License-Identifier: MIT
// What a flash tool's failure means, and what to do about it.

import { USB_KIND } from './choose.js';
import type { Plan, Programmer } from './plan.js';
import { STLINK, TEENSY, udevAdvice, type ProgrammerKind, type UsbProgrammer } from './usb.js';

export type FailureKind =
  | 'permission' | 'driver' | 'busy' | 'several' | 'low-voltage' | 'not-connected' | 'wrong-chip' | 'protected' | 'verify' | 'write'
  | 'no-programmer' | 'tool-setup' | 'file' | 'timeout' | 'unknown';

export interface Explanation {
  readonly kind: FailureKind;
  /** What is wrong and what to do, several lines. */
  readonly text: string;
}

/** In order: what decides comes before what follows from it (openocd says "open failed" after a denied permission, too). */
const SIGNS: Readonly<Record<Plan['tool'], readonly (readonly [RegExp, FailureKind])[]>> = {
  openocd: [
    [/LIBUSB_ERROR_ACCESS/, 'permission'],
    [/LIBUSB_ERROR_NOT_SUPPORTED/, 'driver'],
    [/LIBUSB_ERROR_BUSY|unable to claim interface/i, 'busy'],
    [/Can't find \S+\.cfg|couldn't open \S+\.cfg/i, 'tool-setup'],
    [/couldn't open|No such file/, 'file'],
    [/device protected|read p(rotected|rotection)|Device Security Bit Set/i, 'protected'],
    [/Verify Failed|contents differ|checksum mismatch/i, 'verify'],
    [/UNEXPECTED idcode|Cannot identify target as|wrong device|auto_probe failed|not a STM32/i, 'wrong-chip'],
    [/no flash bank found|wrote 0 bytes/i, 'file'],
    [/target voltage may be too low|Target voltage: 0\.|voltage too low/i, 'low-voltage'],
    [/unable to connect to the target|timed out while waiting for target|not (halted|examined)|Unable to reset target|examination failed/i, 'not-connected'],
    [/Programming Failed|error writing|failed erasing/i, 'write'],
    [/open failed|no device found|unable to find a matching/i, 'no-programmer'],
  ],
  'st-flash': [
    [/access error|LIBUSB_ERROR_ACCESS/, 'permission'],
    [/LIBUSB_ERROR_NOT_SUPPORTED/, 'driver'],
    [/unable to claim|LIBUSB_ERROR_BUSY/, 'busy'],
    [/MAP_FAILED|Cannot open file|No data found in file/, 'file'],
    [/Verification of flash failed/, 'verify'],
    [/too low for flash writes|target voltage = 0mV/, 'low-voltage'],
    [/unknown chip id! 0(x0+)?\b|Can not connect to target|Could not find chip id|Failed to (connect|enter SWD|halt|get Core)/, 'not-connected'],
    [/unknown chip id|unknown coreid|Unknown memory region|addr too (low|high)/i, 'wrong-chip'],
    [/Failed to unlock flash|Flash unlock failed|protected/i, 'protected'],
    [/Flash programming error|loader run error|Write error|failed! == -1/i, 'write'],
    [/Couldn't find any ST-Link/, 'no-programmer'],
  ],
  'dfu-util': [
    [/LIBUSB_ERROR_ACCESS/, 'permission'],
    [/LIBUSB_ERROR_NOT_SUPPORTED|LIBUSB_ERROR_NOT_FOUND/, 'driver'],
    [/LIBUSB_ERROR_BUSY|Cannot claim interface/, 'busy'],
    [/More than one DFU capable/, 'several'],
    [/is not (writeable|readable)|out of range/, 'wrong-chip'],
    [/dfuse_upload|Error during upload|errVENDOR|protect/i, 'protected'],
    [/Could not open file|Cannot open (the )?file/, 'file'],
    [/Error during (special command|download)|Failed to write whole chunk|dfuse_download|failed!/i, 'write'],
    [/No DFU capable USB device/, 'no-programmer'],
    [/Cannot open (DFU )?device/, 'permission'],
  ],
  teensy_loader_cli: [
    [/unable to open$|check USB permissions/m, 'permission'],
    [/Unknown MCU/, 'tool-setup'],
    [/error reading intel hex|HEX parse error/, 'file'],
    [/error writing to Teensy/, 'write'],
    [/Unable to open device|Waiting for Teensy/, 'no-programmer'],
  ],
};

export interface Failure {
  readonly programmer: Programmer;
  /** All that the tool printed. */
  readonly output: string;
  /** Whether it was ended because it took too long. */
  readonly isTimeout?: boolean;
  readonly platform: NodeJS.Platform;
  /** What is plugged in, where that is known. */
  readonly usb?: readonly UsbProgrammer[];
}

/** The kind of a failure, by what the tool printed. */
export function failureKind(tool: Plan['tool'], output: string, isTimeout = false): FailureKind {
  const kind = SIGNS[tool].find(([sign]) => sign.test(output))?.[1];
  if (isTimeout && (kind === undefined || kind === 'no-programmer')) return 'timeout';
  return kind ?? 'unknown';
}

/** What a failure means and what to do. */
export function explain({ programmer, output, isTimeout, platform, usb }: Failure): Explanation {
  const kind = failureKind(programmer.tool, output, isTimeout);
  const usbKind = USB_KIND[programmer.tool];
  const isBootLoader = usbKind !== STLINK;
  const seen = usb?.filter((p) => p.kind === usbKind) ?? [];
  const device = isBootLoader ? 'board' : usbKind.name;
  const enter = 'enter' in programmer ? programmer.enter : undefined;
  const driver = driverAdvice(usbKind, platform);
  const lines = (): string[] => {
    switch (kind) {
      case 'permission':
        if (platform !== 'linux') return [`${programmer.tool} found the ${device} but may not open it.`, ...driver];
        return [`${programmer.tool} found the ${device} but may not open it: permission is denied.`, 'To allow it,', ...udevAdvice(usbKind)];
      case 'driver':
        return [`${programmer.tool} found the ${device}, but the system does not let it be used.`, 'Unplug it and plug it in again.', ...driver];
      case 'busy':
        return [
          `The ${device} is in use by another program.`,
          'Close what else talks to it: an openocd, st-util, gdb or IDE that still runs. If there is none, unplug it and plug it in again.',
        ];
      case 'several':
        return ['More than one board is in DFU mode.', 'Leave only the one that is to be flashed plugged in.'];
      case 'low-voltage':
        return [
          'The programmer sees no supply voltage at the chip, or too low a one.',
          'Power the board, and check that VDD and GND of the programmer are connected to it.',
        ];
      case 'not-connected':
        return [
          'The programmer works, but the chip does not answer it.',
          'Check SWDIO, SWCLK, GND and NRST, and on the STM32F4-Discovery that both CN3 jumpers are set. If firmware has switched the debug pins off or',
          'sleeps, hold the reset button down, start again, and release it when the tool says that it connects.',
        ];
      case 'wrong-chip':
        return [
          "This is not the chip that the board's description says, or the image does not fit it.",
          'Compare --board with what is on the desk ("tonewheel boards"), and see that no other board is plugged in.',
        ];
      case 'protected':
        return [
          "The chip's flash is protected against reading or writing.",
          'Taking the protection away erases it: with openocd "stm32f2x unlock 0" after "reset halt", with STM32CubeProgrammer RDP level 0 (AA).',
        ];
      case 'verify':
        return [
          'What was read back is not what was written. Do not trust the board until it verifies.',
          'Try again with a shorter cable or another USB port. If the same address differs again, the flash there is worn out or protected.',
        ];
      case 'write':
        return [
          'Writing broke off. The board holds neither the old firmware nor the new.',
          'Reset the board, see that its supply and cable are good, and flash again.',
        ];
      case 'tool-setup':
        return [
          `This ${programmer.tool} does not know what the board's description names.`,
          `Update ${programmer.tool}, or correct "flashTools" in the board's JSON file.`,
        ];
      case 'file':
        return [`${programmer.tool} cannot use the image's file.`, 'Build it again, and see that it is still there and can be read.'];
      case 'timeout':
      case 'no-programmer':
        if (seen.length > 0) {
          return [`${programmer.tool} found no ${usbKind.name}, though one is at ${seen[0].node}.`, 'Unplug it and plug it in again; update the tool if it is old.'];
        }
        if (enter !== undefined) return [`There is no ${usbKind.name} at USB.`, `To bring the board there: ${enter}.`, ...driver];
        return [
          `No ${usbKind.name} was found at USB.`,
          "Plug the programmer, or the board at its ST-LINK's USB socket, in with a cable that has data lines (many charge only).", ...driver,
        ];
      case 'unknown':
        return [`${programmer.tool} failed in a way that is not known here.`, 'Its own words are above. "tonewheel doctor" shows whether the programmer is seen.'];
    }
  };
  return { kind, text: lines().join('\n') };
}

/** What a system other than Linux wants before libusb can open a programmer. Linux wants none. */
function driverAdvice(kind: ProgrammerKind, platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') {
    return ['macOS needs no driver. See under "System Information", USB, whether it is listed; a virtual machine or IDE may hold it.'];
  }
  if (platform !== 'win32') return [];
  if (kind === TEENSY) return ['Windows needs no driver for it.'];
  return [kind === STLINK ? "On Windows install ST's driver STSW-LINK009, or give the ST-LINK the WinUSB driver with Zadig (https://zadig.akeo.ie)."
    : 'On Windows give "STM32 BOOTLOADER" the WinUSB driver with Zadig (https://zadig.akeo.ie): Options, List All Devices, select it, Replace Driver.'];
}
