// SPDX-License-Identifier: MIT
// Runs images on qemu-system-arm, a CPU that nobody here wrote: one instruction is one nanosecond of its time, so runs repeat exactly.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface QemuOptions {
  /** A name of `qemu-system-arm -M help`. */
  readonly machine: string;
  readonly elf: string;
  /** Files that lie in memory from the start. */
  readonly loads?: readonly { readonly file: string; readonly address: number }[];
  /** UARTs whose output is kept. */
  readonly uarts?: number;
}

/** How long a run may take on a slow machine before it counts as hung. */
const PATIENCE_SECONDS = 300;

export class Qemu {
  private readonly replies: ((value: unknown) => void)[] = [];
  private stderr = '';
  private exited = false;

  private constructor(private readonly process: ChildProcess, private readonly dir: string) {
    process.stderr!.on('data', (text) => (this.stderr += String(text)));
    process.on('exit', () => (this.exited = true));
    createInterface({ input: process.stdout! }).on('line', (line) => {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if ('return' in message) this.replies.shift()?.(message.return);
      else if (message.error) throw new Error(`QEMU: ${message.error.desc}`);
    });
  }

  /** Starts a machine. Ends with `stop`. */
  static async start({ machine, elf, loads = [], uarts = 2 }: QemuOptions): Promise<Qemu> {
    const dir = await mkdtemp(join(tmpdir(), 'tonewheel-qemu-'));
    const args = [
      '-M', machine, '-nographic', '-monitor', 'none', '-qmp', 'stdio', '-icount', 'shift=0,sleep=off,align=off', '-kernel', elf,
      ...Array.from({ length: uarts }, (_, n) => ['-serial', `file:${join(dir, `uart${n}`)}`]).flat(),
      ...loads.flatMap(({ file, address }) => ['-device', `loader,file=${file},addr=0x${address.toString(16)},force-raw=on`]),
    ];
    const qemu = new Qemu(spawn('qemu-system-arm', args, { stdio: ['pipe', 'pipe', 'pipe'] }), dir);
    await qemu.execute('qmp_capabilities');
    return qemu;
  }

  private execute(command: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve) => {
      this.replies.push(resolve);
      this.process.stdin!.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    });
  }

  /** Physical memory, while it runs or stands. */
  async memory(address: number, byteCount: number): Promise<Uint8Array> {
    const file = join(this.dir, 'memory');
    await this.execute('pmemsave', { val: address, size: byteCount, filename: file });
    const bytes = await readFile(file);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async word(address: number): Promise<number> {
    return new DataView((await this.memory(address, 4)).buffer as ArrayBuffer).getUint32(0, true);
  }

  /** What a UART has sent so far. */
  async sent(uart: number, byteCount = Infinity): Promise<Uint8Array> {
    const file = await open(join(this.dir, `uart${uart}`));
    try {
      const length = Math.min(byteCount, (await file.stat()).size);
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, 0);
      return bytes;
    } finally {
      await file.close();
    }
  }

  /** Waits until a UART has sent so many bytes. @throws Error when that takes too long */
  untilSent(uart: number, byteCount: number): Promise<void> {
    return this.until(`UART ${uart} to send ${byteCount} bytes`, async () => (await stat(join(this.dir, `uart${uart}`))).size >= byteCount);
  }

  /** Waits until a condition holds. @throws Error when that takes too long, or QEMU ends */
  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (let waited = 0; waited < PATIENCE_SECONDS * 1000; waited += 20) {
      if (this.exited) throw new Error(`QEMU ended while waiting for ${what}: ${this.stderr}`);
      if (await condition()) return;
      await sleep(20);
    }
    throw new Error(`waited ${PATIENCE_SECONDS} s for ${what}`);
  }

  async stop(): Promise<void> {
    if (!this.exited) {
      const ended = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGKILL');
      await ended;
    }
    await rm(this.dir, { recursive: true, force: true });
  }
}
