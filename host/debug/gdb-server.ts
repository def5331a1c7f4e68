// SPDX-License-Identifier: MIT
// gdb's remote serial protocol on a TCP port of this computer alone. One gdb at a time; the core stands still, and its time with it, unless gdb lets it run.

import { createServer, type Socket } from 'node:net';
import type { DebugEvent } from '../cpu/arm/debug-target.js';
import { FirmwareExit } from '../cpu/arm/core/semihosting.js';
import { framed, PacketReader } from './gdb-packet.js';
import { GdbSession, type GdbSessionConfig } from './gdb-session.js';

/** Cycles between two looks at the socket. */
const SLICE = 200_000;
const LOCALHOST = '127.0.0.1';

/** How a session ended: gdb let the core run on by itself, gdb ended it, or the run came to its own end, by what was thrown. */
export type GdbEnd = 'detached' | 'killed' | { readonly error: unknown };

export interface GdbServerConfig extends GdbSessionConfig {
  /** 0 for any that is free. */
  readonly port: number;
  /** Told of the port once gdb may connect. */
  readonly onListening: (port: number) => void;
}

/**
 * Serves gdb until the session is over. A gdb that goes away without a word leaves the core halted for the next one.
 * @throws what the system says of a port that cannot be had
 */
export function serveGdb(config: GdbServerConfig): Promise<GdbEnd> {
  return new Promise((resolve, reject) => {
    let busy: Socket | undefined;
    const server = createServer((socket) => {
      if (busy) return void socket.destroy();
      busy = socket;
      socket.setNoDelay(true);
      const connection = new Connection(socket, config, (end) => {
        server.close();
        socket.end();
        resolve(end);
      });
      socket.on('close', () => {
        connection.lost();
        busy = undefined;
      });
    });
    server.on('error', reject);
    server.listen(config.port, LOCALHOST, () => config.onListening((server.address() as { port: number }).port));
  });
}

class Connection {
  private readonly reader = new PacketReader();
  private readonly session: GdbSession;
  private running = false;
  private interrupted = false;
  private over = false;
  private lastSent: Buffer = Buffer.alloc(0);

  constructor(private readonly socket: Socket, private readonly config: GdbServerConfig, private readonly onEnd: (end: GdbEnd) => void) {
    this.session = new GdbSession(config);
    socket.on('data', (bytes) => this.received(bytes));
    // A connection that breaks is followed by "close".
    socket.on('error', () => undefined);
  }

  /** gdb has gone: the core stands still again. */
  lost(): void {
    this.running = false;
    this.over = true;
  }

  private received(bytes: Uint8Array): void {
    for (const input of this.reader.feed(bytes)) {
      if (this.over) return;
      if (input.kind === 'interrupt') this.interrupted = this.running;
      else if (input.kind === 'damaged') this.socket.write('-');
      else if (input.kind === 'rejected') this.socket.write(this.lastSent);
      else if (input.kind === 'packet') {
        if (!this.session.noAcknowledge) this.socket.write('+');
        this.answer(input.data);
      }
    }
  }

  private answer(packet: Buffer): void {
    const reply = this.session.handle(packet);
    if (reply.kind === 'run') return this.run();
    if (reply.kind === 'answer') return this.send(reply.data);
    if (reply.data !== '') this.send(reply.data);
    this.end(reply.kind === 'detach' ? 'detached' : 'killed');
  }

  private run(): void {
    const { target } = this.config;
    this.running = true;
    this.interrupted = false;
    this.session.leaveBkpt();
    if (this.session.wanted === 'step') return this.stopped(target.step());
    const slice = (): void => {
      if (!this.running) return;
      if (this.interrupted) return this.stopped('interrupted');
      const event = target.resume(SLICE);
      if (event.kind === 'limit' || event.kind === 'stopped') setImmediate(slice);
      else this.stopped(event);
    };
    slice();
  }

  private stopped(event: DebugEvent | 'interrupted'): void {
    this.running = false;
    for (const packet of this.session.stopped(event)) this.send(packet);
    if (event === 'interrupted') return;
    if (event.kind === 'exit') this.end({ error: new FirmwareExit(event.code) });
    else if (event.kind === 'ended') this.end({ error: event.error });
  }

  private end(end: GdbEnd): void {
    this.over = true;
    this.onEnd(end);
  }

  private send(data: string | Buffer): void {
    this.lastSent = framed(data);
    this.socket.write(this.lastSent);
  }
}
