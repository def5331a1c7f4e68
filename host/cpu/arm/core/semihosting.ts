// SPDX-License-Identifier: MIT
// Semihosting: what firmware asks of whoever debugs it, by BKPT 0xAB (Arm's "Semihosting for AArch32 and AArch64", 2.0). Output goes to a sink, time is
// the machine's, and files are there only when a directory was opened to them.

import { closeSync, fstatSync, openSync, readSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { RunEnded } from '../../../machine/machine.js';
import type { ArmCpu } from '../cpu.js';
import { STATE } from '../state.js';

const SYS = {
  OPEN: 0x01, CLOSE: 0x02, WRITEC: 0x03, WRITE0: 0x04, WRITE: 0x05, READ: 0x06, READC: 0x07, ISERROR: 0x08, ISTTY: 0x09, SEEK: 0x0a, FLEN: 0x0c,
  TMPNAM: 0x0d, REMOVE: 0x0e, RENAME: 0x0f, CLOCK: 0x10, TIME: 0x11, ERRNO: 0x13, GET_CMDLINE: 0x15, HEAPINFO: 0x16, EXIT: 0x18,
  EXIT_EXTENDED: 0x20, ELAPSED: 0x30, TICKFREQ: 0x31,
} as const;
/** Reasons of SYS_EXIT. */
const APPLICATION_EXIT = 0x20026;
/** The name that opens the console. */
const CONSOLE = ':tt';
/** errno values of newlib, which are Linux's. */
const EBADF = 9, EACCES = 13, ENOENT = 2, EINVAL = 22;
/** fopen's modes by number: r, rb, r+, r+b, w, … */
const MODES = ['r', 'r', 'r+', 'r+', 'w', 'w', 'w+', 'w+', 'a', 'a', 'a+', 'a+'] as const;
/** Feature bits of the file `:semihosting-features`: SYS_EXIT_EXTENDED, and stdout and stderr are two. */
const FEATURES = ':semihosting-features';
const FEATURE_BYTES = new Uint8Array([0x53, 0x48, 0x46, 0x42, 0x03]);

/** The firmware has ended the run. */
export class FirmwareExit extends RunEnded {
  constructor(readonly code: number) {
    super(`the firmware ended the run with code ${code}`);
  }
}

export interface SemihostingConfig {
  /** @param stream 1 standard output, 2 standard error */
  readonly output: (bytes: Uint8Array, stream: 1 | 2) => void;
  /** Standard input; by default it is at its end. */
  readonly input?: Uint8Array;
  readonly commandLine?: string;
  /** Directory that file names are below; without one every file is denied. */
  readonly directory?: string;
  /** Core cycles a second, for clocks. */
  readonly hertz: () => number;
  /** Seconds since 1970 at cycle 0 (SYS_TIME); by default 0, so that runs are alike. */
  readonly startTime?: number;
  /** SYS_HEAPINFO: heap base and limit, stack base and limit; 0 where the firmware is to know itself. */
  readonly heapInfo?: readonly [number, number, number, number];
}

type Handle =
  | { readonly kind: 'output'; readonly stream: 1 | 2 }
  | { readonly kind: 'input' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; position: number }
  | { readonly kind: 'file'; readonly descriptor: number; position: number; readonly append: boolean };

export class Semihosting {
  private readonly handles = new Map<number, Handle>();
  private nextHandle = 1;
  private inputAt = 0;
  private errno = 0;

  constructor(private readonly config: SemihostingConfig) {}

  /** Serves a call: number in R0, parameter in R1, result to R0. @throws FirmwareExit */
  readonly serve = (cpu: ArmCpu): void => {
    cpu.state[STATE.R] = this.call(cpu, cpu.state[STATE.R] >>> 0, cpu.state[STATE.R + 1] >>> 0) | 0;
  };

  private call(cpu: ArmCpu, operation: number, parameter: number): number {
    const word = (index: number): number => cpu.memory.loadAs((parameter + 4 * index) >>> 0, 4, true) >>> 0;
    switch (operation) {
      case SYS.OPEN: return this.open(text(cpu, word(0), word(2)), word(1));
      case SYS.CLOSE: return this.close(word(0));
      case SYS.WRITEC: this.config.output(new Uint8Array([cpu.memory.loadAs(parameter, 1, true)]), 1); return 0;
      case SYS.WRITE0: this.config.output(bytesUntilZero(cpu, parameter), 1); return 0;
      case SYS.WRITE: return this.write(word(0), bytes(cpu, word(1), word(2)));
      case SYS.READ: return this.read(cpu, word(0), word(1), word(2));
      case SYS.READC: return this.config.input?.[this.inputAt++] ?? -1;
      case SYS.ISERROR: return (word(0) | 0) < 0 ? 1 : 0;
      case SYS.ISTTY: return this.isTty(word(0));
      case SYS.SEEK: return this.seek(word(0), word(1));
      case SYS.FLEN: return this.length(word(0));
      case SYS.TMPNAM: return this.temporaryName(cpu, word(0), word(1), word(2));
      case SYS.REMOVE: return this.onFile(text(cpu, word(0), word(1)), (path) => unlinkSync(path));
      case SYS.RENAME: return this.rename(text(cpu, word(0), word(1)), text(cpu, word(2), word(3)));
      case SYS.CLOCK: return Math.floor(cpu.now / (this.config.hertz() / 100));
      case SYS.TIME: return (this.config.startTime ?? 0) + Math.floor(cpu.now / this.config.hertz());
      case SYS.ERRNO: return this.errno;
      case SYS.GET_CMDLINE: return this.commandLine(cpu, parameter);
      case SYS.HEAPINFO: (this.config.heapInfo ?? [0, 0, 0, 0]).forEach((value, i) => cpu.memory.storeAs(word(0) + 4 * i, 4, value, true)); return 0;
      case SYS.EXIT: throw new FirmwareExit(parameter === APPLICATION_EXIT ? 0 : 1);
      case SYS.EXIT_EXTENDED: throw new FirmwareExit(word(0) === APPLICATION_EXIT ? word(1) | 0 : 1);
      case SYS.ELAPSED:
        cpu.memory.storeAs(parameter, 4, cpu.now | 0, true);
        cpu.memory.storeAs(parameter + 4, 4, Math.floor(cpu.now / 2 ** 32), true);
        return 0;
      case SYS.TICKFREQ: return Math.round(this.config.hertz());
      default: return this.fail(EINVAL);
    }
  }

  private fail(errno: number): -1 {
    this.errno = errno;
    return -1;
  }

  private add(handle: Handle): number {
    this.handles.set(this.nextHandle, handle);
    return this.nextHandle++;
  }

  private open(name: string, mode: number): number {
    const how = MODES[mode];
    if (how === undefined) return this.fail(EINVAL);
    // The console's mode says which stream (r: input, w: output, a: error).
    if (name === CONSOLE) return this.add(how.startsWith('r') ? { kind: 'input' } : { kind: 'output', stream: how.startsWith('w') ? 1 : 2 });
    if (name === FEATURES) return how === 'r' ? this.add({ kind: 'bytes', bytes: FEATURE_BYTES, position: 0 }) : this.fail(EACCES);
    let handle = -1;
    const failed = this.onFile(name, (path) => {
      const descriptor = openSync(path, how);
      handle = this.add({ kind: 'file', descriptor, position: 0, append: how.startsWith('a') });
    });
    return failed || handle;
  }

  /** Does something with a file below the directory. @returns 0, or -1 with errno set */
  private onFile(name: string, action: (path: string) => void): number {
    const { directory } = this.config;
    const relative = normalize(name);
    if (directory === undefined || isAbsolute(relative) || relative === '..' || relative.startsWith(`..${sep}`)) return this.fail(EACCES);
    try {
      action(join(directory, relative));
      return 0;
    } catch (error) {
      return this.fail(Math.abs((error as NodeJS.ErrnoException).errno ?? ENOENT));
    }
  }

  private rename(from: string, to: string): number {
    return this.onFile(from, (source) => {
      if (this.onFile(to, (target) => renameSync(source, target)) !== 0) throw Object.assign(new Error('not allowed'), { errno: this.errno });
    });
  }

  private close(number: number): number {
    const handle = this.handles.get(number);
    if (!handle) return this.fail(EBADF);
    if (handle.kind === 'file') closeSync(handle.descriptor);
    this.handles.delete(number);
    return 0;
  }

  /** @returns how many bytes were not written */
  private write(number: number, data: Uint8Array): number {
    const handle = this.handles.get(number);
    if (handle?.kind === 'output') {
      this.config.output(data, handle.stream);
      return 0;
    }
    if (handle?.kind !== 'file') {
      this.errno = EBADF;
      return data.length;
    }
    try {
      const written = writeSync(handle.descriptor, data, 0, data.length, handle.append ? null : handle.position);
      handle.position += written;
      return data.length - written;
    } catch (error) {
      this.fail(Math.abs((error as NodeJS.ErrnoException).errno ?? EBADF));
      return data.length;
    }
  }

  /** @returns how many bytes were not read */
  private read(cpu: ArmCpu, number: number, address: number, byteCount: number): number {
    const handle = this.handles.get(number);
    let data: Uint8Array;
    if (handle?.kind === 'input') {
      data = (this.config.input ?? new Uint8Array(0)).subarray(this.inputAt, this.inputAt + byteCount);
      this.inputAt += data.length;
    } else if (handle?.kind === 'bytes') {
      data = handle.bytes.subarray(handle.position, handle.position + byteCount);
      handle.position += data.length;
    } else if (handle?.kind === 'file') {
      data = new Uint8Array(byteCount);
      try {
        data = data.subarray(0, readSync(handle.descriptor, data, 0, byteCount, handle.position));
      } catch (error) {
        this.fail(Math.abs((error as NodeJS.ErrnoException).errno ?? EBADF));
        return byteCount;
      }
      handle.position += data.length;
    } else {
      this.errno = EBADF;
      return byteCount;
    }
    data.forEach((byte, i) => cpu.memory.storeAs((address + i) >>> 0, 1, byte, true));
    return byteCount - data.length;
  }

  private isTty(number: number): number {
    const handle = this.handles.get(number);
    if (!handle) return this.fail(EBADF);
    return handle.kind === 'output' || handle.kind === 'input' ? 1 : 0;
  }

  private seek(number: number, position: number): number {
    const handle = this.handles.get(number);
    if (handle?.kind !== 'file' && handle?.kind !== 'bytes') return this.fail(EBADF);
    handle.position = position;
    return 0;
  }

  private length(number: number): number {
    const handle = this.handles.get(number);
    if (handle?.kind === 'bytes') return handle.bytes.length;
    return handle?.kind === 'file' ? fstatSync(handle.descriptor).size : this.fail(EBADF);
  }

  private temporaryName(cpu: ArmCpu, address: number, identifier: number, byteCount: number): number {
    return this.putText(cpu, `tmp-${identifier & 0xff}`, address, byteCount) ? 0 : -1;
  }

  private commandLine(cpu: ArmCpu, parameter: number): number {
    const line = this.config.commandLine ?? '';
    const address = cpu.memory.loadAs(parameter, 4, true) >>> 0;
    if (!this.putText(cpu, line, address, cpu.memory.loadAs(parameter + 4, 4, true) >>> 0)) return -1;
    cpu.memory.storeAs(parameter + 4, 4, new TextEncoder().encode(line).length, true);
    return 0;
  }

  private putText(cpu: ArmCpu, value: string, address: number, byteCount: number): boolean {
    const data = new TextEncoder().encode(`${value}\0`);
    if (data.length > byteCount) return false;
    data.forEach((byte, i) => cpu.memory.storeAs((address + i) >>> 0, 1, byte, true));
    return true;
  }
}

function bytes(cpu: ArmCpu, address: number, byteCount: number): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, i) => cpu.memory.loadAs((address + i) >>> 0, 1, true));
}

function bytesUntilZero(cpu: ArmCpu, address: number): Uint8Array {
  const found: number[] = [];
  for (let at = address; ; at++) {
    const byte = cpu.memory.loadAs(at >>> 0, 1, true);
    if (byte === 0) return Uint8Array.from(found);
    found.push(byte);
  }
}

const text = (cpu: ArmCpu, address: number, byteCount: number): string => new TextDecoder().decode(bytes(cpu, address, byteCount));
