// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Programmer } from './plan.js';
import { explain, failureKind, type FailureKind } from './explain.js';
import { lastLines } from './flash.js';
import { DFU, STLINK, TEENSY, udevRule, type UsbProgrammer } from './usb.js';

const PROGRAMMERS: Readonly<Record<Programmer['tool'], Programmer>> = {
  openocd: { tool: 'openocd', config: ['board/stm32f4discovery.cfg'] },
  'st-flash': { tool: 'st-flash', address: 0x08000000 },
  'dfu-util': { tool: 'dfu-util', device: '0483:df11', alt: 0, address: 0x08000000, enter: 'hold BOOT0 and press NRST' },
  teensy_loader_cli: { tool: 'teensy_loader_cli', mcu: 'TEENSY41', enter: 'press the button' },
};

/** What openocd 0.12.0, st-flash 1.7.0, dfu-util 0.11 and teensy_loader_cli 2.2 print. */
const failures: [tool: Programmer['tool'], kind: FailureKind, output: string][] = [
  ['openocd', 'no-programmer', "Info : clock speed 2000 kHz\nError: open failed\nin procedure 'program'\n** OpenOCD init failed **\nshutdown command invoked\n"],
  ['openocd', 'permission', 'Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed\n** OpenOCD init failed **\n'],
  ['openocd', 'driver', 'Error: libusb_open() failed with LIBUSB_ERROR_NOT_SUPPORTED\nError: open failed\n'],
  ['openocd', 'busy', 'Error: libusb_claim_interface() failed with LIBUSB_ERROR_BUSY\nError: open failed\n'],
  ['openocd', 'low-voltage', 'Info : Target voltage: 0.003154\nError: target voltage may be too low for reliable debugging\nError: init mode failed (unable to connect to the target)\n'],
  ['openocd', 'not-connected', 'Info : Target voltage: 3.247800\nError: init mode failed (unable to connect to the target)\n** OpenOCD init failed **\n'],
  ['openocd', 'not-connected', 'Error: timed out while waiting for target halted\nTARGET: stm32f4x.cpu - Not halted\n** Unable to reset target **\n'],
  ['openocd', 'wrong-chip', 'Warn : Cannot identify target as a STM32 family.\nError: auto_probe failed\n** Programming Failed **\n'],
  ['openocd', 'wrong-chip', 'Warn : UNEXPECTED idcode: 0x1ba01477\nError: expected 1 of 1: 0x2ba01477\n'],
  ['openocd', 'protected', 'Error: stm32x device protected\nError: failed erasing sectors 0 to 1\n** Programming Failed **\n'],
  ['openocd', 'verify', '** Programming Finished **\n** Verify Started **\nError: checksum mismatch - attempting binary compare\n** Verify Failed **\n'],
  ['openocd', 'write', 'Error: error writing to flash at address 0x08000000 at offset 0x00000000\n** Programming Failed **\n'],
  ['openocd', 'tool-setup', "embedded:startup.tcl:28: Error: Can't find board/nope.cfg\nin procedure 'script'\n"],
  ['openocd', 'file', 'Warn : no flash bank found for address 0\nwrote 0 bytes from file x.bin\n** Programming Finished **\n'],
  ['openocd', 'unknown', 'Error: something new\n'],
  ['st-flash', 'no-programmer', "st-flash 1.7.0\nWARN usb.c: Couldn't find any ST-Link devices\n"],
  ['st-flash', 'permission', "Could not open USB device 0x0483:0x3748, access error.\nWARN usb.c: Couldn't find any ST-Link devices\n"],
  ['st-flash', 'busy', 'Stlink usb device found, but unable to claim (probably already in use?)\n'],
  ['st-flash', 'low-voltage', 'ERROR flash_loader.c: Target voltage (1180 mV) too low for flash writes!\n'],
  ['st-flash', 'not-connected', 'WARN common.c: unknown chip id! 0\nFailed to connect to target\n'],
  ['st-flash', 'not-connected', "ERROR common.c: Can not connect to target. Please use 'connect under reset' and try again\n"],
  ['st-flash', 'wrong-chip', 'WARN common.c: unknown chip id! 0x1a\n'],
  ['st-flash', 'protected', 'ERROR common.c: Flash unlock failed! System reset required to be able to unlock it again!\n'],
  ['st-flash', 'verify', 'ERROR common.c: Verification of flash failed at offset: 0\nstlink_fwrite_flash() == -1\n'],
  ['st-flash', 'write', 'ERROR flash_loader.c: Flash loader run error\n'],
  ['st-flash', 'file', 'mmap() == MAP_FAILED for file x.bin\n'],
  ['dfu-util', 'no-programmer', 'dfu-util: No DFU capable USB device available\n'],
  ['dfu-util', 'permission', 'dfu-util: Cannot open DFU device 0483:df11 found on devnum 3 (LIBUSB_ERROR_ACCESS)\ndfu-util: No DFU capable USB device available\n'],
  ['dfu-util', 'driver', 'dfu-util: Cannot open DFU device 0483:df11 found on devnum 3 (LIBUSB_ERROR_NOT_SUPPORTED)\ndfu-util: No DFU capable USB device available\n'],
  ['dfu-util', 'busy', 'dfu-util: Cannot claim interface 0: LIBUSB_ERROR_BUSY\n'],
  ['dfu-util', 'several', "dfu-util: More than one DFU capable USB device found! Try `--list' and specify the serial number or disconnect all but one device\n"],
  ['dfu-util', 'wrong-chip', 'dfu-util: Last page at 0x08100000 is not writeable\n'],
  ['dfu-util', 'protected', 'dfu-util: dfuse_upload: libusb_control_transfer returned -9 (LIBUSB_ERROR_PIPE)\n'],
  ['dfu-util', 'write', 'dfu-util: Error during download get_status (LIBUSB_ERROR_IO)\n'],
  ['teensy_loader_cli', 'no-programmer', 'Teensy Loader, Command Line, Version 2.2\nUnable to open device (hint: try -w option)\n'],
  ['teensy_loader_cli', 'permission', 'Found device but unable to open\n'],
  ['teensy_loader_cli', 'permission', 'Unable to claim interface, check USB permissions\n'],
  ['teensy_loader_cli', 'write', 'Found HalfKay Bootloader\nProgramming.\nerror writing to Teensy\n'],
  ['teensy_loader_cli', 'tool-setup', 'Unknown MCU type "TEENSY50"\nSupported MCUs are:\n'],
  ['teensy_loader_cli', 'file', 'error reading intel hex file "x.hex"\nWarning, HEX parse error line 2\n'],
];

const at = (programmer: Programmer, output: string, platform: NodeJS.Platform = 'linux', usb?: UsbProgrammer[]) => explain({ programmer, output, platform, usb }).text;

describe("a tool's failure", () => {
  for (const [tool, kind, output] of failures) {
    it(`of ${tool} is told as ${kind}: ${output.split('\n').find((l) => /error|fail|unable|could|found|no /i.test(l)) ?? output.trim()}`, () => {
      assert.equal(failureKind(tool, output), kind);
      const { text } = explain({ programmer: PROGRAMMERS[tool], output, platform: 'linux' });
      assert.ok(text.split('\n').length >= 2, `what is wrong, and what to do:\n${text}`);
    });
  }

  it('that ended our patience is told as such only when nothing else is known', () => {
    assert.equal(failureKind('teensy_loader_cli', 'Waiting for Teensy device...\n (hint: press the reset button)\n', true), 'timeout');
    assert.equal(failureKind('teensy_loader_cli', 'Found device but unable to open\n', true), 'permission');
  });

  it('of permission has the rule, the file it belongs into, and what makes it known', () => {
    const text = at(PROGRAMMERS.openocd, 'LIBUSB_ERROR_ACCESS');
    assert.ok(text.includes('/etc/udev/rules.d/70-tonewheel.rules'));
    assert.ok(text.includes('SUBSYSTEM=="usb", ATTR{idVendor}=="0483", ATTR{idProduct}=="3744|3748|374a|374b|374d|374e|374f|3752|3753|3754", MODE="0660", TAG+="uaccess"'));
    assert.ok(text.includes('sudo udevadm control --reload-rules && sudo udevadm trigger'));
    assert.ok(at(PROGRAMMERS['dfu-util'], 'LIBUSB_ERROR_ACCESS').includes(udevRule(DFU)));
    assert.ok(at(PROGRAMMERS.teensy_loader_cli, 'Found device but unable to open').includes(udevRule(TEENSY)));
  });

  it('has the hint of its system', () => {
    assert.match(at(PROGRAMMERS.openocd, 'open failed', 'win32'), /STSW-LINK009.*WinUSB driver with Zadig/);
    assert.match(at(PROGRAMMERS['dfu-util'], 'LIBUSB_ERROR_NOT_SUPPORTED', 'win32'), /"STM32 BOOTLOADER" the WinUSB driver with Zadig/);
    assert.match(at(PROGRAMMERS['dfu-util'], 'No DFU capable USB device', 'darwin'), /macOS needs no driver/);
    assert.doesNotMatch(at(PROGRAMMERS.openocd, 'LIBUSB_ERROR_ACCESS', 'win32'), /udev/);
    assert.doesNotMatch(at(PROGRAMMERS.openocd, 'open failed', 'linux'), /Zadig/);
  });

  it('says how a board is brought into its boot loader', () => {
    assert.match(at(PROGRAMMERS['dfu-util'], 'No DFU capable USB device'), /To bring the board there: hold BOOT0 and press NRST\./);
    assert.match(at(PROGRAMMERS.teensy_loader_cli, 'Unable to open device'), /To bring the board there: press the button\./);
  });

  it('of a programmer that the system does see says so', () => {
    const usb = [{ kind: STLINK, product: '374b', node: '/dev/bus/usb/001/005', mayOpen: true }];
    assert.match(at(PROGRAMMERS.openocd, 'open failed', 'linux', usb), /found no ST-LINK, though one is at \/dev\/bus\/usb\/001\/005/);
    assert.match(at(PROGRAMMERS.openocd, 'open failed', 'linux', []), /No ST-LINK was found at USB/);
  });
});

it("a tool's last words are its last six lines that say something, of a progress bar the last state", () => {
  assert.deepEqual(lastLines('1\n2\n3\n\n4\r\n5\n\rDownload 0%\rDownload 100%\n6\n\n'), ['2', '3', '4', '5', 'Download 100%', '6']);
  assert.deepEqual(lastLines(''), []);
});
