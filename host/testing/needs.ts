// SPDX-License-Identifier: MIT
// Specs that start other people's programs: left out with a reason where these are missing, but never under CI.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findTool, toolNamed } from '../tools/tools.js';

/** `skip` of a test that starts these programs: false when all are there, or under CI, where a missing one is to fail. */
export function without(...tools: readonly string[]): string | false {
  const missing = process.env.CI ? [] : tools.filter((tool) => findTool(tool) === undefined);
  return missing.length > 0 && `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not installed`;
}

/** What the specs of the package start besides Node. */
const WANTED = ['C compiler', 'arm-none-eabi-gcc', 'qemu-system-arm', 'sigrok-cli', 'gdb'] as const;

/** Debian packages that bring what is missing. */
function missingPackages(): string[] {
  return WANTED.filter((tool) => findTool(tool) === undefined).flatMap((tool) => {
    const source = toolNamed(tool).sources.debian;
    return source && 'packages' in source ? source.packages.split(' ') : [];
  });
}

/**
 * Installs what the specs want where it may: on Debian, as root. Elsewhere it says what will be left out and how to get it.
 * @returns what it printed, for nothing is done in silence
 */
export function installWhatIsMissing(): string | undefined {
  const packages = missingPackages();
  if (packages.length === 0) return undefined;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) {
    return `Some tests will be left out, for programs are missing. On Debian: sudo ${command}`;
  }
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', command.split(' ').slice(1), { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    return `Installed for the tests: ${packages.join(' ')}`;
  } catch {
    return `Could not install ${packages.join(' ')}: some tests will be left out. "${command}" says why.`;
  }
}
