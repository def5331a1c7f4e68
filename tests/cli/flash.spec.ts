// SPDX-License-Identifier: MIT
// `tonewheel flash` with programs that stand in for the programmers' tools: what they are told, and what a user is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeHex } from '../../host/image/hex.js';
import { discoveryFlash, elfFile } from '../../host/testing/elf-file.js';
import { BOARD, SILENT, Workplace } from './cli.js';
import { Programmers, SUCCESS } from './programmers.js';

const FLASH = 0x08000000;
const programmers = new Programmers();
const place = new Workplace(programmers.environment);
const bytes = discoveryFlash();
place.write('image.bin', bytes);
place.write('image.elf', elfFile({ loads: [{ physical: FLASH, bytes }] }));
place.write('image.hex', writeHex([{ address: FLASH, bytes }]));
place.write('an image {1}.elf', elfFile({ loads: [{ physical: FLASH, bytes }] }));
place.write('other.elf', elfFile({ machine: 62, loads: [{ physical: FLASH, bytes }] }));
place.write('outside.hex', writeHex([{ address: 0x60000000, bytes }]));
place.write('cut.elf', elfFile({ loads: [{ physical: FLASH, bytes }] }).subarray(0, 90));
place.write('cut.hex', writeHex([{ address: FLASH, bytes }]).slice(0, 60));
place.write('ok.ts', SILENT);
/** Boards of our own: one more programmer, none, an emulated one. */
const board = (name: string, flashTools: object[]) => place.write(`${name}.json`, JSON.stringify({ name, inherits: 'stm32f4-discovery', flashTools }));
board('teensy', [{ tool: 'teensy_loader_cli', mcu: 'TEENSY41', enter: 'press the button on the Teensy' }]);

const flash = (...args: string[]) => place.run('flash', ...BOARD, ...args);
const image = (name: string, ...args: string[]) => flash('--image', name, ...args);

describe('tonewheel flash', () => {
  it('has openocd write, verify and start an ELF file', async () => {
    programmers.install({ openocd: SUCCESS.openocd, 'st-flash': SUCCESS['st-flash'] });
    const { code, stdout, stderr } = await image('image.elf');
    assert.equal(code, 0, stderr);
    assert.deepEqual(programmers.calls(), [['openocd', '-f', 'board/stm32f4discovery.cfg', '-c', 'program {image.elf} verify reset exit']]);
    assert.match(stdout, /flashing stm32f4-discovery with openocd: image\.elf \(64 bytes of flash\)/);
    assert.match(stdout, /flashed: 64 bytes; openocd reads flash back and compares it with the file\./);
    assert.match(stderr, /\*\* Verified OK \*\*/);
  });

  it('gives openocd a file whose name is no word of Tcl under another name', async () => {
    programmers.install({ openocd: SUCCESS.openocd });
    const { code, stderr } = await image('an image {1}.elf');
    assert.equal(code, 0, stderr);
    assert.match(programmers.calls()[0][4], /^program \{[^{}\\]+image\.elf\} verify reset exit$/);
  });

  it('has st-flash write a binary, made of whatever image is named', async () => {
    for (const name of ['image.bin', 'image.elf', 'image.hex']) {
      programmers.install({ 'st-flash': SUCCESS['st-flash'] });
      const { code, stdout, stderr } = await image(name);
      assert.equal(code, 0, stderr);
      const [[program, ...args]] = programmers.calls();
      assert.equal(program, 'st-flash');
      assert.deepEqual([...args.slice(0, 3), args[4]], ['--connect-under-reset', '--reset', 'write', '0x08000000']);
      assert.match(args[3], name === 'image.bin' ? /^image\.bin$/ : /[\\/]image\.bin$/);
      assert.match(stdout, /st-flash reads flash back after writing/);
    }
  });

  it('reads back what dfu-util wrote, compares it, and leaves the boot loader', async () => {
    programmers.install({ 'dfu-util': SUCCESS['dfu-util'] });
    const { code, stdout, stderr } = await image('image.hex');
    assert.equal(code, 0, stderr);
    const calls = programmers.calls().map((call) => call.map((word) => word.replace(/^.*[\\/]/, '')));
    const device = ['dfu-util', '-d', '0483:df11', '-a', '0', '-s'];
    assert.deepEqual(calls, [
      [...device, '0x08000000', '-D', 'image.bin'], [...device, '0x08000000:64', '-U', 'read-back.bin'], [...device, '0x08000000:4:leave', '-U', 'leave.bin'],
    ]);
    assert.deepEqual(readFileSync(join(programmers.directory, 'flash')), bytes);
    assert.match(stdout, /first join BOOT0 to VDD/);
    assert.match(stdout, /flashed: 64 bytes; flash is read back with dfu-util and compared here\./);
  });

  it('fails when what dfu-util reads back differs, and does not start it', async () => {
    programmers.install({ 'dfu-util': [SUCCESS['dfu-util'][0], { ...SUCCESS['dfu-util'][1], corruptAt: 20 }, SUCCESS['dfu-util'][2]] });
    const { code, stderr } = await image('image.bin');
    assert.equal(code, 1);
    assert.match(stderr, /error: flash does not hold what was written: at 0x08000014 there is 0x8d, wanted 0x8c\.\nDo not trust the board/);
    assert.equal(programmers.calls().length, 2);
  });

  it('is done when the board is written and verified but does not leave its boot loader', async () => {
    programmers.install({ 'dfu-util': [...SUCCESS['dfu-util'].slice(0, 2), { stderr: 'dfu-util: Error during download get_status (LIBUSB_ERROR_PIPE)\n', code: 74 }] });
    const { code, stdout } = await image('image.bin');
    assert.equal(code, 0);
    assert.match(stdout, /note: the board did not leave its boot loader by itself/);
  });

  it('has a Teensy wait for its button, and does not claim to have verified', async () => {
    programmers.install({ teensy_loader_cli: SUCCESS.teensy_loader_cli });
    const { code, stdout, stderr } = await place.run('flash', '--image', 'image.hex', '--board', './teensy.json', '--tool', 'teensy_loader_cli');
    assert.equal(code, 0, stderr);
    assert.deepEqual(programmers.calls(), [['teensy_loader_cli', '--mcu=TEENSY41', '-w', '-v', 'image.hex']]);
    assert.match(stdout, /first press the button on the Teensy\. The tool waits 60 s/);
    assert.match(stdout, /nothing can be compared/);
  });

  it('uses the tool that it is told to', async () => {
    programmers.install({ openocd: SUCCESS.openocd, 'st-flash': SUCCESS['st-flash'] });
    assert.equal((await image('image.bin', '--tool', 'st-flash')).code, 0);
    assert.deepEqual(programmers.calls().map(([name]) => name), ['st-flash']);
  });

  it('prints the exact commands on a dry run, without any tool', async () => {
    programmers.install({});
    const { code, stdout, stderr } = await image('image.elf', '--dry-run');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /would flash stm32f4-discovery with openocd: image\.elf/);
    assert.match(stdout, /openocd -f board\/stm32f4discovery\.cfg -c 'program \{image\.elf\} verify reset exit'/);
    assert.match(stdout, /nothing was written/);
    const dfu = await image('image.bin', '--dry-run', '--tool', 'dfu-util', '--json');
    const plan = JSON.parse(dfu.stdout) as { dryRun: boolean; byteCount: number; steps: { command: string[] }[] };
    assert.deepEqual([plan.dryRun, plan.byteCount, plan.steps.length], [true, 64, 3]);
    assert.deepEqual(plan.steps[0].command, ['dfu-util', '-d', '0483:df11', '-a', '0', '-s', '0x08000000', '-D', 'image.bin']);
  });

  it('says on a dry run what would be done with a firmware that cannot be built here', async () => {
    programmers.install({});
    const { code, stdout, stderr } = await flash('ok.ts', '--dry-run', '--out', 'made');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /note: nothing was built: arm-none-eabi-\w+ is not installed: /);
    assert.match(stdout, /'program \{made\/ok\.elf\} verify reset exit'/);
  });

  it('tells of an emulated board how to run the image', async () => {
    programmers.install({});
    const vectors = discoveryFlash(64, 0x20010000, 9);
    place.write('mps2.elf', elfFile({ loads: [{ physical: 0, bytes: vectors }] }));
    const { code, stdout, stderr } = await place.run('flash', '--image', 'mps2.elf', '--board', 'mps2-an386');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /mps2-an386 is a board that QEMU emulates: there is nothing to flash\./);
    assert.match(stdout, /qemu-system-arm -M mps2-an386 .*-kernel mps2\.elf/);
  });

  it('passes Ctrl-C on, and says that the board may hold neither firmware', async () => {
    programmers.install({ openocd: [{ stderr: '** Programming Started **\n', waits: true }] });
    const child = place.start('flash', '--image', 'image.elf', ...BOARD);
    let stderr = '';
    child.stderr!.on('data', (text) => (stderr += String(text)));
    while (!stderr.includes('Programming Started')) await sleep(20);
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 130);
    assert.deepEqual(programmers.calls().at(-1), ['openocd', 'SIGINT']);
    assert.match(stderr, /interrupted\. The board may hold neither the old firmware nor the new: flash it again/);
  });
});

/** Where one is plugged in while this runs, the explanation says that. */
const NO_STLINK = /No ST-LINK was found at USB\.\nPlug the programmer, or the board at its ST-LINK's USB socket, in|found no ST-LINK, though one is at/;

describe('a flash that fails', () => {
  const failures: [name: string, tool: string, reply: object, wants: RegExp[]][] = [
    ['openocd without a programmer', 'openocd', { stderr: "Info : clock speed 2000 kHz\nError: open failed\nin procedure 'program'\n** OpenOCD init failed **\nshutdown command invoked\n", code: 1 },
      [/openocd failed with exit code 1\.\n {2}Info : clock speed/, NO_STLINK]],
    ['openocd that wrote nothing', 'openocd', { stderr: 'Warn : no flash bank found for address 0\nwrote 0 bytes from file x.bin\n** Programming Finished **\nshutdown command invoked\n' },
      [/openocd ended without saying that it has done it/, /openocd cannot use the image's file/]],
    ['st-flash without a programmer', 'st-flash', { stderr: "st-flash 1.7.0\nWARN usb.c: Couldn't find any ST-Link devices\n", code: 255 }, [/st-flash failed with exit code 255/, NO_STLINK]],
    ['dfu-util without a board in DFU mode', 'dfu-util', { stderr: 'dfu-util: No DFU capable USB device available\n', code: 74 },
      [/There is no STM32 in DFU mode at USB\.\nTo bring the board there: join BOOT0 to VDD|found no STM32 in DFU mode, though one is at/]],
  ];
  for (const [name, tool, reply, wants] of failures) {
    it(`is explained: ${name}`, async () => {
      programmers.install({ [tool]: [reply] });
      const { code, stdout, stderr } = await image('image.elf');
      assert.equal(code, 1, stderr);
      for (const want of wants) assert.match(stderr, want);
      assert.doesNotMatch(stderr, /\.js:\d|This is a fault of tonewheel/);
      assert.doesNotMatch(stdout, /flashed/);
    });
  }

  it('is one JSON object with --json, the exit code as without', async () => {
    programmers.install({ openocd: [{ stderr: 'Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed\n** OpenOCD init failed **\n', code: 1 }] });
    const { code, stdout } = await image('image.elf', '--json');
    assert.equal(code, 1);
    const result = JSON.parse(stdout) as { ok: boolean; failure: string; message: string };
    assert.deepEqual([result.ok, result.failure], [false, 'permission']);
    assert.match(result.message, /may not open it/);
  });

  it('without any tool says how to get each', async () => {
    programmers.install({});
    const { code, stderr } = await image('image.elf');
    assert.equal(code, 1);
    assert.match(stderr, /error: nothing that flashes board stm32f4-discovery is installed\. One of these does:\n {2}openocd: .*\n {2}st-flash: .*\n {2}dfu-util: /);
    const one = await image('image.elf', '--tool', 'st-flash');
    assert.equal(one.code, 1);
    assert.match(one.stderr, /^error: st-flash is not installed: .+\n$/);
  });

  const wrong: [name: string, file: string, want: RegExp][] = [
    ['an image for another machine', 'other.elf', /other\.elf is not an image for stm32f4-discovery: it is built for ELF machine 62 \(x86-64\), wanted 40 \(Arm\)\. Nothing was written\./],
    ['an image for other addresses', 'outside.hex', /64 bytes at 0x60000000 to 0x6000003f, which is not within flash/],
    ['a truncated ELF file', 'cut.elf', /cut\.elf: .* the file has only 90\. The file is damaged/],
    ['a truncated HEX file', 'cut.hex', /cut\.hex is a broken Intel HEX file/],
    ['what is no firmware', 'ok.ts', /ok\.ts is not an image for stm32f4-discovery: its initial stack pointer/],
  ];
  for (const [name, file, want] of wrong) {
    it(`is one of ${name}, before any tool is started`, async () => {
      programmers.install({ openocd: SUCCESS.openocd });
      const { code, stderr } = await image(file);
      assert.equal(code, 1, stderr);
      assert.match(stderr, want);
      assert.doesNotMatch(stderr, /\.js:\d/);
      assert.deepEqual(programmers.calls(), []);
    });
  }
});

describe('misuse of tonewheel flash', () => {
  const cases: [name: string, args: string[], want: RegExp][] = [
    ['neither firmware nor image', [], /name either a firmware's TypeScript file, or an image with --image/],
    ['both', ['ok.ts', '--image', 'image.elf'], /name either/],
    ['an engine for an image', ['--image', 'image.elf', '--engine', 'aot'], /--engine is for a firmware that is built/],
    ['an image that is not there', ['--image', 'none.elf'], /image none\.elf: there is no such file\. "tonewheel build" makes one/],
    ['a tool that is none', ['--image', 'image.elf', '--tool', 'avrdude'], /'avrdude' is invalid. Allowed choices are openocd/],
    ['a tool that does not flash the board', ['--image', 'image.elf', '--tool', 'teensy_loader_cli'], /teensy_loader_cli does not flash board stm32f4-discovery\. What does: openocd, st-flash, dfu-util\./],
    ['a firmware that is not there', ['none.ts'], /firmware none\.ts: there is no such file/],
  ];
  for (const [name, args, want] of cases) {
    it(`${name} is answered`, async () => {
      programmers.install({ openocd: SUCCESS.openocd });
      const { code, stderr } = await flash(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, want);
      assert.deepEqual(programmers.calls(), []);
    });
  }
});
