// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TOOLS } from './catalogue.js';
import { findOnPath } from './path.js';
import { INSTALL, systemOf, thisSystem } from './system.js';
import { findTool, howToGet, requireTool, ToolMissing, toolNamed, versionOf } from './tools.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-tools-'));
after(() => rmSync(dir, { recursive: true }));

/** With PATH as given while `work` runs. */
async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = path;
  try {
    return await work();
  } finally {
    process.env.PATH = before;
  }
}

describe('the system', () => {
  it('is the family that os-release names', () => {
    assert.equal(systemOf('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'), 'debian');
    assert.equal(systemOf('ID=ubuntu\nID_LIKE=debian\n'), 'debian');
    assert.equal(systemOf('ID=linuxmint\nID_LIKE="ubuntu debian"\n'), 'debian');
    assert.equal(systemOf('ID=fedora\n'), 'fedora');
    assert.equal(systemOf('ID="rocky"\nID_LIKE="rhel centos fedora"\n'), 'fedora');
    assert.equal(systemOf("ID=manjaro\nID_LIKE='arch'\n"), 'arch');
    assert.equal(systemOf('VARIANT_ID=debian\nID=nixos\n'), 'other');
  });

  it('that is no Linux is known by the platform, and one that says nothing is another', () => {
    assert.equal(thisSystem('darwin'), 'macos');
    assert.equal(thisSystem('win32'), 'windows');
    assert.equal(thisSystem('linux', join(dir, 'none')), 'other');
  });
});

describe('a program on PATH', () => {
  mkdirSync(join(dir, 'first', 'tool'), { recursive: true });
  mkdirSync(join(dir, 'second'));
  writeFileSync(join(dir, 'second', 'tool'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(dir, 'second', 'text'), '', { mode: 0o644 });
  writeFileSync(join(dir, 'second', 'tool.EXE'), '', { mode: 0o755 });
  const PATH = [join(dir, 'none'), join(dir, 'first'), '', join(dir, 'second')].join(delimiter);

  it('is the first that is a file and can be run', () => {
    assert.equal(findOnPath('tool', { PATH }), join(dir, 'second', 'tool'));
    assert.equal(findOnPath('text', { PATH }), undefined);
    assert.equal(findOnPath('other', { PATH }), undefined);
    assert.equal(findOnPath('tool', {}), undefined);
  });

  it('has an extension on Windows', () => {
    assert.equal(findOnPath('tool', { PATH, PATHEXT: '.COM;.EXE' }, 'win32'), join(dir, 'second', 'tool.EXE'));
  });
});

describe('a tool that is missing', () => {
  it('is one line with the command for the system', () => {
    const line = (name: string, system: Parameters<typeof howToGet>[1]) => new ToolMissing(toolNamed(name), system).message;
    assert.equal(line('arm-none-eabi-gcc', 'debian'), 'arm-none-eabi-gcc is not installed: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi');
    assert.equal(line('arm-none-eabi-gcc', 'fedora'), 'arm-none-eabi-gcc is not installed: dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib');
    assert.equal(line('st-flash', 'arch'), 'st-flash is not installed: pacman -S stlink');
    assert.equal(line('openocd', 'macos'), 'openocd is not installed: brew install open-ocd');
    assert.equal(line('C compiler', 'macos'), 'C compiler is not installed: xcode-select --install');
    assert.match(line('dfu-util', 'windows'), /^dfu-util is not installed: see https:/);
  });

  it('is thrown by requireTool', async () => {
    await withPath(join(dir, 'none'), async () => {
      for (const name of ['arm-none-eabi-gcc', 'newlib', 'openocd']) {
        await assert.rejects(requireTool(name), (error) => error instanceof ToolMissing && error.tool.name === name && error.message.startsWith(`${name} is not installed: `));
      }
    });
  });

  it('can be got on every system that we know of', () => {
    for (const tool of TOOLS) for (const system of ['debian', 'fedora', 'arch', 'macos', 'windows', 'other'] as const) {
      assert.match(howToGet(tool, system), /^(apt-get install|dnf install|pacman -S|brew install|see|xcode-select) \S+/, `${tool.name} on ${system}`);
    }
    for (const tool of TOOLS) assert.ok(tool.sources.debian, `${tool.name} is a Debian package`);
    assert.equal(INSTALL.windows, undefined);
  });
});

describe("a tool's version", () => {
  /** What the real tools print, and whether on standard error and with which exit code. */
  const said: [tool: string, version: string, text: string, code: number][] = [
    ['node', '20.20.2', 'v20.20.2', 0],
    ['npm', '10.8.2', '10.8.2', 0],
    ['arm-none-eabi-gcc', '12.2.1', 'arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205\nCopyright (C) 2022', 0],
    ['C compiler', '12.2.0', 'cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022', 0],
    ['qemu-system-arm', '7.2.22', 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)', 0],
    ['openocd', '0.12.0', 'Open On-Chip Debugger 0.12.0\nLicensed under GNU GPL v2', 0],
    ['st-flash', '1.7.0', 'v1.7.0', 0],
    ['dfu-util', '0.11', 'dfu-util 0.11\n\nCopyright 2005-2009 Weston Schmidt', 0],
    ['teensy_loader_cli', '2.2', 'Teensy Loader, Command Line, Version 2.2\nerror reading intel hex file "no-such-file.hex"', 1],
    ['gdb', '13.1', 'GNU gdb (Debian 13.1-3) 13.1\nCopyright (C) 2023', 0],
    ['sigrok-cli', '0.7.2', 'sigrok-cli 0.7.2\n\nLibraries and features:\n- libsigrok 0.5.2', 0],
    ['chromium', '126.0.6478.126', 'Chromium 126.0.6478.126 built on Debian GNU/Linux 12 (bookworm)', 0],
  ];
  for (const [name, version, text, code] of said) {
    it(`is read from what ${name} prints`, async () => {
      const program = join(dir, `${name.replace(' ', '-')}-fake`);
      writeFileSync(program, `#!/bin/sh\ncat >&2 <<'END'\n${text}\nEND\nexit ${code}\n`);
      chmodSync(program, 0o755);
      assert.equal(await versionOf(toolNamed(name), program), version);
    });
  }

  it('is unknown of a program that does not say one', async () => {
    const program = join(dir, 'mute');
    writeFileSync(program, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    assert.equal(await versionOf(toolNamed('openocd'), program), undefined);
  });

  it('of the node that runs this is its own', async () => {
    assert.equal(await versionOf(toolNamed('node'), findTool('node') ?? process.execPath), process.versions.node);
  });
});
