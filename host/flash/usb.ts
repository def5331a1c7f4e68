// SPDX-License-Identifier: MIT
// Programmers at USB, as Linux shows them under /sys, and whether this user may open them. Also the udev rules that let one.

import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A kind of programmer that the tools open by libusb. */
export interface ProgrammerKind {
  readonly name: string;
  readonly vendor: string;
  /** Hex, lower case. */
  readonly products: readonly string[];
}

/** Product numbers: openocd's interface/stlink.cfg and stlink's udev rules; AN2606 for DFU; PJRC's udev rules for HalfKay. */
export const STLINK: ProgrammerKind = {
  name: 'ST-LINK', vendor: '0483', products: ['3744', '3748', '374a', '374b', '374d', '374e', '374f', '3752', '3753', '3754'],
};
export const DFU: ProgrammerKind = { name: 'STM32 in DFU mode', vendor: '0483', products: ['df11'] };
export const TEENSY: ProgrammerKind = { name: 'Teensy in programming mode', vendor: '16c0', products: ['0478'] };
export const KINDS = [STLINK, DFU, TEENSY] as const;

export interface UsbProgrammer {
  readonly kind: ProgrammerKind;
  readonly product: string;
  /** The device's file, e.g. /dev/bus/usb/001/005. */
  readonly node: string;
  readonly mayOpen: boolean;
}

/**
 * Programmers that are plugged in; undefined where the system does not show its USB devices that way.
 * @param sys, dev where Linux has them
 */
export function usbProgrammers(sys = '/sys/bus/usb/devices', dev = '/dev/bus/usb'): UsbProgrammer[] | undefined {
  let names: string[];
  try {
    names = readdirSync(sys).sort();
  } catch {
    return undefined;
  }
  const found: UsbProgrammer[] = [];
  for (const name of names) {
    const attribute = (file: string): string => {
      try {
        return readFileSync(join(sys, name, file), 'utf8').trim();
      } catch {
        // An interface has none, and a device may be unplugged meanwhile.
        return '';
      }
    };
    const product = attribute('idProduct');
    const kind = KINDS.find((k) => k.vendor === attribute('idVendor') && k.products.includes(product));
    if (kind === undefined) continue;
    const node = join(dev, attribute('busnum').padStart(3, '0'), attribute('devnum').padStart(3, '0'));
    found.push({ kind, product, node, mayOpen: isWritable(node) });
  }
  return found;
}

function isWritable(node: string): boolean {
  try {
    accessSync(node, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Before 73-seat-late.rules, which is what reads the tag. */
export const RULES_FILE = '/etc/udev/rules.d/70-tonewheel.rules';

/** The line that lets the user at the screen open a programmer (udev(7); uaccess: systemd-logind). */
export const udevRule = ({ vendor, products }: ProgrammerKind): string =>
  `SUBSYSTEM=="usb", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${products.join('|')}", MODE="0660", TAG+="uaccess"`;

/** What to do on Linux when a programmer may not be opened. */
export const udevAdvice = (kind: ProgrammerKind): string[] => [
  `put this line into ${RULES_FILE}:`,
  `  ${udevRule(kind)}`,
  'then run: sudo udevadm control --reload-rules && sudo udevadm trigger',
  'and unplug the programmer and plug it in again. (Without a desktop session, e.g. over SSH, write MODE="0666" in place of MODE="0660".)',
];
