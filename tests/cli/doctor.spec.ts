// SPDX-License-Identifier: MIT
// `tonewheel doctor` on computers that have all, some or none of the tools.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { diagnose, diagnosisText } from '../../host/tools/doctor.js';
import { Workplace } from './cli.js';

const environment: NodeJS.ProcessEnv = {};
const place = new Workplace(environment);
const bin = place.path('bin');
environment.PATH = bin;
place.write('libc.a', '');

const GCC = `case "$*" in *-print-file-name=libc.a*) echo ${place.path('libc.a')};; *) echo 'arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205';; esac`;
const GCC_ALONE = 'case "$*" in *-print-file-name=*) echo libc.a;; *) echo "arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205";; esac';
const NEEDED = { npm: 'echo 10.8.2', 'arm-none-eabi-gcc': GCC, 'arm-none-eabi-objcopy': 'echo "GNU objcopy (2.40) 2.40"' };

/** Only these programs are there from now on. */
function install(programs: Readonly<Record<string, string>>): void {
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

interface Found { name: string; ok: boolean; needed: boolean; version?: string; path?: string; get?: string }

async function doctor(): Promise<{ code: number; ok: boolean; of: (name: string) => Found }> {
  const { code, stdout } = await place.run('doctor', '--json');
  const { ok, tools } = JSON.parse(stdout) as { ok: boolean; tools: Found[] };
  return { code, ok, of: (name) => tools.find((t) => t.name === name)! };
}

describe('tonewheel doctor', () => {
  it('is content with what "npm start" and "tonewheel build" need', async () => {
    install(NEEDED);
    const { code, ok, of } = await doctor();
    assert.deepEqual([code, ok], [0, true]);
    assert.deepEqual([of('arm-none-eabi-gcc').version, of('arm-none-eabi-gcc').path], ['12.2.1', join(bin, 'arm-none-eabi-gcc')]);
    assert.deepEqual([of('newlib').ok, of('newlib').path], [true, place.path('libc.a')]);
    assert.deepEqual([of('openocd').ok, of('openocd').needed], [false, false]);
    assert.equal(of('node').version, process.versions.node);
  });

  it('finds optional tools and their versions', async () => {
    install({ ...NEEDED, openocd: "echo 'Open On-Chip Debugger 0.12.0' >&2", teensy_loader_cli: "echo 'Teensy Loader, Command Line, Version 2.2'; exit 1", 'gdb-multiarch': "echo 'GNU gdb (Debian 13.1-3) 13.1'" });
    const { of } = await doctor();
    assert.deepEqual(['openocd', 'teensy_loader_cli', 'gdb'].map((n) => [of(n).ok, of(n).version]), [[true, '0.12.0'], [true, '2.2'], [true, '13.1']]);
  });

  it('ends with 1 when something needed is missing, and says how to get it', async () => {
    install({ npm: NEEDED.npm });
    const { code, stdout, stderr } = await place.run('doctor');
    assert.equal(code, 1);
    assert.equal(stderr, '');
    assert.match(stdout, /^FAIL arm-none-eabi-gcc +missing +builds images for boards$/m);
    assert.match(stdout, /^- {4}openocd +missing +flashes STM32 boards through an ST-LINK$/m);
    assert.match(stdout, /^To get what is missing:$/m);
    assert.match(stdout, /^ {2}arm-none-eabi-gcc +\S.+$/m);
    assert.match(stdout, /^ {2}openocd +\S.+ {2}\(optional\)$/m);
    assert.match(stdout, /Something that "npm start" or "tonewheel build" needs is missing/);
  });

  it('tells a compiler without its C library', async () => {
    install({ ...NEEDED, 'arm-none-eabi-gcc': GCC_ALONE });
    const { code, of } = await doctor();
    assert.equal(code, 1);
    assert.deepEqual([of('arm-none-eabi-gcc').ok, of('newlib').ok], [true, false]);
    assert.ok(of('newlib').get);
  });

  it('takes further checks', async () => {
    const check = { name: 'wasm3', purpose: "the interpreter's source", needed: true, run: () => Promise.resolve('its checksum is not the expected one: npm ci') };
    const diagnosis = await diagnose([check]);
    assert.equal(diagnosis.ok, false);
    assert.match(diagnosisText(diagnosis), /^FAIL wasm3 +its checksum is not the expected one: npm ci +the interpreter's source$/m);
  });

  it('shows programmers that may not be opened, with the rule that allows it', () => {
    const kind = { name: 'ST-LINK', vendor: '0483', products: ['3748'] };
    const text = diagnosisText({ system: 'debian', ok: true, tools: [{ name: 'node', purpose: 'runs', needed: true, ok: true }], programmers: [
      { kind, product: '3748', node: '/dev/bus/usb/001/004', mayOpen: false }, { kind, product: '3748', node: '/dev/bus/usb/001/005', mayOpen: true },
    ] });
    assert.match(text, /^- {4}ST-LINK \(0483:3748\) at \/dev\/bus\/usb\/001\/004: you may not open it\. To change that,$/m);
    assert.match(text, /ATTR\{idVendor\}=="0483", ATTR\{idProduct\}=="3748"/);
    assert.match(text, /^ok {3}ST-LINK \(0483:3748\) at \/dev\/bus\/usb\/001\/005$/m);
  });
});
