// SPDX-License-Identifier: MIT
// The programs that Tonewheel starts: what for, how each says its version, and how to get it.

import type { System } from './system.js';

/** What cannot be done without a tool: `needed` is what `npm start` and `tonewheel build` want. */
export type Need = 'needed' | 'optional';

/** Names of packages for the system's installer, or a sentence that says how else. */
export type Source = { readonly packages: string } | { readonly text: string };

export interface Tool {
  /** What users call it, and `requireTool` takes. */
  readonly name: string;
  readonly purpose: string;
  readonly need: Need;
  /** Programs to look for, the best first; [] for something that is no program. */
  readonly programs: readonly string[];
  readonly versionArguments: readonly string[];
  /** Its first group is the version, in what the program prints. */
  readonly versionPattern: RegExp;
  readonly sources: Readonly<Partial<Record<System, Source>>>;
  /** Where the system is none of the above. */
  readonly elsewhere: string;
}

const packages = (names: string): Source => ({ packages: names });
const text = (sentence: string): Source => ({ text: sentence });
const everywhere = (name: string) => ({ debian: packages(name), fedora: packages(name), arch: packages(name), macos: packages(name) });
const NUMBER = /(\d+\.\d+(?:\.\d+)*)/;
const ARM_GCC_MACOS = packages('--cask gcc-arm-embedded');
const ARM_GCC_ELSEWHERE = "Arm's GNU toolchain, which has newlib in it: https://developer.arm.com/downloads/-/arm-gnu-toolchain-downloads";
const NODE_ELSEWHERE = 'https://nodejs.org';
const STLINK_WINDOWS = 'https://github.com/stlink-org/stlink/releases';

export const TOOLS: readonly Tool[] = [
  {
    name: 'node', purpose: 'runs Tonewheel; 20.6 or later', need: 'needed',
    programs: ['node'],
    versionArguments: ['--version'], versionPattern: /v(\S+)/,
    sources: { debian: packages('nodejs'), fedora: packages('nodejs'), arch: packages('nodejs'), macos: packages('node') }, elsewhere: NODE_ELSEWHERE,
  },
  {
    name: 'npm', purpose: 'installs Tonewheel, starts the demo', need: 'needed',
    programs: ['npm'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { debian: packages('npm'), fedora: packages('nodejs-npm'), arch: packages('npm'), macos: packages('node') }, elsewhere: NODE_ELSEWHERE,
  },
  {
    name: 'arm-none-eabi-gcc', purpose: 'builds images for boards', need: 'needed',
    programs: ['arm-none-eabi-gcc'],
    versionArguments: ['--version'], versionPattern: /\) (\S+)/,
    sources: {
      debian: packages('gcc-arm-none-eabi libnewlib-arm-none-eabi'), fedora: packages('arm-none-eabi-gcc-cs arm-none-eabi-newlib'),
      arch: packages('arm-none-eabi-gcc arm-none-eabi-newlib'), macos: ARM_GCC_MACOS,
    },
    elsewhere: ARM_GCC_ELSEWHERE,
  },
  {
    name: 'arm-none-eabi-objcopy', purpose: 'makes hex and bin of an image', need: 'needed',
    programs: ['arm-none-eabi-objcopy'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: {
      debian: packages('binutils-arm-none-eabi'), fedora: packages('arm-none-eabi-binutils-cs'), arch: packages('arm-none-eabi-binutils'), macos: ARM_GCC_MACOS,
    },
    elsewhere: ARM_GCC_ELSEWHERE,
  },
  {
    name: 'newlib', purpose: 'the C library of images for boards', need: 'needed', programs: [], versionArguments: [], versionPattern: NUMBER,
    sources: {
      debian: packages('libnewlib-arm-none-eabi'), fedora: packages('arm-none-eabi-newlib'), arch: packages('arm-none-eabi-newlib'), macos: ARM_GCC_MACOS,
    },
    elsewhere: ARM_GCC_ELSEWHERE,
  },
  {
    name: 'C compiler', purpose: 'builds the shim and wasm3 for this computer (--cpu wasm3)', need: 'optional', programs: ['cc', 'gcc', 'clang'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { debian: packages('gcc libc6-dev'), fedora: packages('gcc'), arch: packages('gcc'), macos: text('xcode-select --install') },
    elsewhere: 'gcc or clang',
  },
  {
    name: 'qemu-system-arm', purpose: 'runs images for the boards mps2-an386 and mps2-an500', need: 'optional', programs: ['qemu-system-arm'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { debian: packages('qemu-system-arm'), fedora: packages('qemu-system-arm'), arch: packages('qemu-system-arm'), macos: packages('qemu') },
    elsewhere: 'https://www.qemu.org/download',
  },
  {
    name: 'openocd', purpose: 'flashes STM32 boards through an ST-LINK', need: 'optional',
    programs: ['openocd'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { ...everywhere('openocd'), macos: packages('open-ocd') }, elsewhere: 'https://openocd.org/pages/getting-openocd.html',
  },
  {
    name: 'st-flash', purpose: 'flashes STM32 boards through an ST-LINK', need: 'optional',
    programs: ['st-flash'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { debian: packages('stlink-tools'), fedora: packages('stlink'), arch: packages('stlink'), macos: packages('stlink') },
    elsewhere: STLINK_WINDOWS,
  },
  {
    name: 'dfu-util', purpose: 'flashes STM32 boards through their USB boot loader', need: 'optional',
    programs: ['dfu-util'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: everywhere('dfu-util'), elsewhere: 'https://dfu-util.sourceforge.net',
  },
  {
    // It says its version only once it has a chip and a file to read; the file is not there, so it stops before it looks at USB.
    name: 'teensy_loader_cli', purpose: 'flashes Teensy boards', need: 'optional', programs: ['teensy_loader_cli', 'teensy-loader-cli'],
    versionArguments: ['--mcu=TEENSY40', '-v', 'no-such-file.hex'], versionPattern: /Version (\d+\.\d+)/,
    sources: { debian: packages('teensy-loader-cli'), macos: packages('teensy_loader_cli') },
    elsewhere: 'https://www.pjrc.com/teensy/loader_cli.html',
  },
  {
    name: 'gdb', purpose: 'debugs a board through openocd, and emulated firmware', need: 'optional',
    programs: ['arm-none-eabi-gdb', 'gdb-multiarch'],
    versionArguments: ['--version'], versionPattern: /(\d+\.\d+\S*)$/m,
    sources: { debian: packages('gdb-multiarch'), arch: packages('arm-none-eabi-gdb'), macos: packages('arm-none-eabi-gdb') },
    elsewhere: ARM_GCC_ELSEWHERE,
  },
  {
    name: 'sigrok-cli', purpose: "decodes the VCD files' wires, in our tests too", need: 'optional',
    programs: ['sigrok-cli'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: everywhere('sigrok-cli'), elsewhere: 'https://sigrok.org/wiki/Downloads',
  },
  {
    name: 'chromium', purpose: 'opens reports in our tests', need: 'optional', programs: ['chromium', 'chromium-browser', 'google-chrome'],
    versionArguments: ['--version'], versionPattern: NUMBER,
    sources: { debian: packages('chromium'), fedora: packages('chromium'), arch: packages('chromium'), macos: packages('--cask chromium') },
    elsewhere: 'https://www.chromium.org/getting-involved/download-chromium',
  },
];
