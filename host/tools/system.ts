// SPDX-License-Identifier: MIT
// Which system this is, as far as installing a package goes.

import { readFileSync } from 'node:fs';

/** Families of systems by how a package is installed. */
export type System = 'debian' | 'fedora' | 'arch' | 'macos' | 'windows' | 'other';

const FAMILIES: Readonly<Record<string, System>> = {
  debian: 'debian', ubuntu: 'debian', raspbian: 'debian', fedora: 'fedora', rhel: 'fedora', centos: 'fedora', arch: 'arch', archlinux: 'arch',
};

/** The family that an os-release file names: its ID, or else the first of ID_LIKE that is known (os-release(5)). */
export function systemOf(osRelease: string): System {
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]*)`, 'm').exec(osRelease)?.[1] ?? '';
  return [value('ID'), ...value('ID_LIKE').split(/\s+/)].map((id) => FAMILIES[id]).find(Boolean) ?? 'other';
}

/** @param osReleaseFile where a Linux system says what it is */
export function thisSystem(platform: NodeJS.Platform = process.platform, osReleaseFile = '/etc/os-release'): System {
  if (platform === 'darwin') return 'macos';
  if (platform === 'win32') return 'windows';
  try {
    return systemOf(readFileSync(osReleaseFile, 'utf8'));
  } catch {
    return 'other';
  }
}

/** Command that installs packages; what is no package of the system's is text in the packages' place. */
export const INSTALL: Readonly<Partial<Record<System, string>>> = {
  debian: 'apt-get install', fedora: 'dnf install', arch: 'pacman -S', macos: 'brew install',
};
