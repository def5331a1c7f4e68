// SPDX-License-Identifier: MIT
// The far end of gdb's remote serial protocol (GDB manual, appendix E): what each packet asks, asked of the core. It knows no socket.

import type { FlashSector } from '../boards/index.js';
import type { FaultRecord } from '../cpu/arm/core/fault.js';
import { CFSR } from '../cpu/arm/core/fault.js';
import type { DebugEvent, DebugTarget, WatchKind } from '../cpu/arm/debug-target.js';
import { gdbRegisters, memoryMapXml, targetXml } from './gdb-description.js';

export interface GdbSessionConfig {
  readonly target: DebugTarget;
  /** Flash, for "load". */
  readonly sectors: readonly FlashSector[];
  /** Resets board and core and halts before the first instruction: `monitor reset`. */
  readonly reset: () => void;
  /** The words of a fault, for gdb's console. */
  readonly explain: (record: FaultRecord) => string;
}

/** What is to follow a packet. */
export type Reply =
  | { readonly kind: 'answer'; readonly data: string | Buffer }
  /** Answered later, when the core has stopped. */
  | { readonly kind: 'run' }
  /** The packet is the last one: gdb has let the core run on, or has ended it. */
  | { readonly kind: 'detach' | 'kill'; readonly data: string };

const SIGNAL = { int: 2, ill: 4, trap: 5, fpe: 8, segv: 11 } as const;
const PACKET_BYTES = 0x4000;
const ERASED = 0xff;
const HELP = `monitor commands:
  reset   resets board and core, and halts before the first instruction
  halt    does nothing: the core stands still while gdb has the word, and so does its time
  time    core cycles since the run began
  faults on|off   whether taking a fault exception stops the core (on)
`;

const hexByte = (n: number): string => n.toString(16).padStart(2, '0');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** A value as its bytes lie in memory. */
const littleEndian = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString('hex');
};
const console = (text: string): string => `O${Buffer.from(text).toString('hex')}`;

export class GdbSession {
  /** Whether gdb has asked for packets without acknowledgement. */
  noAcknowledge = false;
  private readonly watches: Readonly<Record<string, WatchKind>> = { 2: 'write', 3: 'read', 4: 'access' };
  /** Breakpoints by address, with the packet's type: 0 "software", 1 "hardware". They are the same here. */
  private readonly breakpoints = new Map<number, string>();
  private client = { swbreak: false, hwbreak: false };
  private stopReply = `T${hexByte(SIGNAL.trap)}thread:1;`;
  /** The BKPT instruction that the core stands at. */
  private standingAt: number | undefined;
  private readonly flash: { address: number; bytes: Buffer }[] = [];
  private readonly memoryMap: string;

  constructor(private readonly config: GdbSessionConfig) {
    this.memoryMap = memoryMapXml(config.sectors);
    config.target.stopOnFault = true;
  }

  /** Asks what a packet asks. */
  handle(packet: Buffer): Reply {
    const text = packet.toString('latin1');
    const command = text[0];
    const rest = text.slice(1);
    switch (command) {
      case '?': return answer(this.stopReply);
      case '!': return answer('OK');
      case 'g': return answer(gdbRegisters.map((_, n) => this.register(n)).join(''));
      case 'G': return this.writeAll(rest);
      case 'p': return this.whenKnown(parseInt(rest, 16), (n) => this.register(n));
      case 'P': {
        const [number, value] = rest.split('=');
        return this.whenKnown(parseInt(number, 16), (n) => { this.writeRegister(n, value); return 'OK'; });
      }
      case 'm': return this.readMemory(rest);
      case 'M': return this.writeMemory(rest, (data) => Buffer.from(data, 'hex'));
      case 'X': return this.writeMemory(rest, () => packet.subarray(packet.indexOf(0x3a) + 1));
      case 'Z': return this.point(rest, true);
      case 'z': return this.point(rest, false);
      case 'c': case 'C': return this.go(rest, command === 'C', 'continue');
      case 's': case 'S': return this.go(rest, command === 'S', 'step');
      case 'H': case 'T': return answer('OK');
      case 'D': return { kind: 'detach', data: 'OK' };
      case 'k': return { kind: 'kill', data: '' };
      case 'R':
        this.config.reset();
        return answer('');
      case 'q': case 'Q': return this.query(text);
      case 'v': return this.multiLetter(text, packet);
      default: return answer('');
    }
  }

  /** What is to be done after a reply of kind `run`. */
  wanted: 'continue' | 'step' = 'continue';

  /** Steps over the BKPT that the core stands at, which would only stop it again. To be called before the core runs on. */
  leaveBkpt(): void {
    const { target } = this.config;
    if (this.standingAt !== undefined && target.readRegister('pc') === this.standingAt) target.writeRegister('pc', this.standingAt + 2);
    this.standingAt = undefined;
  }

  /** The packets that tell gdb why the core has stopped. */
  stopped(event: DebugEvent | 'interrupted'): string[] {
    const told: string[] = [];
    const signal = (number: number, reason = ''): string => `T${hexByte(number)}${reason}thread:1;`;
    if (event === 'interrupted') this.stopReply = signal(SIGNAL.int);
    else {
      switch (event.kind) {
        case 'breakpoint': {
          const kind = this.breakpoints.get(event.address) === '1' ? 'hwbreak' : 'swbreak';
          this.stopReply = signal(SIGNAL.trap, this.client[kind] ? `${kind}:;` : '');
          break;
        }
        case 'watchpoint': {
          const name = { write: 'watch', read: 'rwatch', access: 'awatch' }[event.watch];
          this.stopReply = signal(SIGNAL.trap, `${name}:${event.address.toString(16)};`);
          break;
        }
        case 'bkpt':
          this.standingAt = event.address;
          this.stopReply = signal(SIGNAL.trap);
          break;
        case 'fault': case 'lockup':
          told.push(console(`${this.config.explain(event.record)}\n`));
          this.stopReply = signal(signalOf(event.record));
          break;
        case 'exit': this.stopReply = `W${hexByte(event.code & 0xff)}`; break;
        case 'ended': this.stopReply = 'W00'; break;
        default: this.stopReply = signal(SIGNAL.trap);
      }
    }
    return [...told, this.stopReply];
  }

  private register(number: number): string {
    const { target } = this.config;
    const { name, bits } = gdbRegisters[number];
    if (bits === 32) return littleEndian(target.readRegister(name));
    const n = Number(name.slice(1));
    return littleEndian(target.readRegister(`s${2 * n}`)) + littleEndian(target.readRegister(`s${2 * n + 1}`));
  }

  private writeRegister(number: number, hex: string): void {
    const { target } = this.config;
    const { name, bits } = gdbRegisters[number];
    const bytes = Buffer.from(hex.slice(0, bits / 4), 'hex');
    if (bits === 32) return target.writeRegister(name, bytes.readUInt32LE(0));
    const n = Number(name.slice(1));
    target.writeRegister(`s${2 * n}`, bytes.readUInt32LE(0));
    target.writeRegister(`s${2 * n + 1}`, bytes.readUInt32LE(4));
  }

  private writeAll(hex: string): Reply {
    let at = 0;
    for (const [n, { bits }] of gdbRegisters.entries()) {
      if (at + bits / 4 > hex.length) break;
      this.writeRegister(n, hex.slice(at, at + bits / 4));
      at += bits / 4;
    }
    return answer('OK');
  }

  private whenKnown(number: number, action: (number: number) => string): Reply {
    return answer(gdbRegisters[number] === undefined ? 'E01' : action(number));
  }

  private readMemory(rest: string): Reply {
    const [address, byteCount] = rest.split(',').map((n) => parseInt(n, 16));
    const bytes = this.config.target.readMemory(address >>> 0, Math.min(byteCount, PACKET_BYTES / 2));
    return answer(bytes === undefined ? 'E0e' : hexOf(bytes));
  }

  private writeMemory(rest: string, dataOf: (data: string) => Buffer): Reply {
    const colon = rest.indexOf(':');
    const address = parseInt(rest, 16) >>> 0;
    const bytes = dataOf(rest.slice(colon + 1));
    return answer(bytes.length === 0 || this.config.target.writeMemory(address, bytes) ? 'OK' : 'E0e');
  }

  private point(rest: string, insert: boolean): Reply {
    const { target } = this.config;
    const [type, where, size] = rest.split(',');
    const address = parseInt(where, 16) >>> 0;
    if (type === '0' || type === '1') {
      if (insert && !this.breakpoints.has(address)) target.addBreakpoint(address);
      else if (!insert && this.breakpoints.has(address)) target.removeBreakpoint(address);
      if (insert) this.breakpoints.set(address, type);
      else this.breakpoints.delete(address);
      return answer('OK');
    }
    const kind = this.watches[type];
    if (kind === undefined) return answer('');
    if (insert) target.addWatchpoint(address, parseInt(size, 16), kind);
    else target.removeWatchpoint(address, parseInt(size, 16), kind);
    return answer('OK');
  }

  private go(rest: string, hasSignal: boolean, wanted: GdbSession['wanted']): Reply {
    const at = hasSignal ? rest.split(';')[1] : rest;
    if (at) this.config.target.writeRegister('pc', parseInt(at, 16));
    this.wanted = wanted;
    return { kind: 'run' };
  }

  private query(text: string): Reply {
    if (text.startsWith('qSupported')) {
      this.client = { swbreak: text.includes('swbreak+'), hwbreak: text.includes('hwbreak+') };
      return answer(`PacketSize=${PACKET_BYTES.toString(16)};qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+`);
    }
    if (text === 'QStartNoAckMode') {
      this.noAcknowledge = true;
      return answer('OK');
    }
    const [, object, annex, offset, length] = /^qXfer:(features|memory-map):read:([^:]*):([0-9a-f]+),([0-9a-f]+)$/i.exec(text) ?? [];
    if (object !== undefined) {
      if (object === 'features' && annex !== 'target.xml') return answer('E00');
      const document = object === 'features' ? targetXml : this.memoryMap;
      const [from, count] = [parseInt(offset, 16), parseInt(length, 16)];
      return answer(`${from + count < document.length ? 'm' : 'l'}${document.slice(from, from + count)}`);
    }
    if (text.startsWith('qRcmd,')) return this.monitor(Buffer.from(text.slice('qRcmd,'.length), 'hex').toString().trim());
    if (text === 'qC') return answer('QC1');
    if (text === 'qfThreadInfo') return answer('m1');
    if (text === 'qsThreadInfo') return answer('l');
    if (text.startsWith('qAttached')) return answer('1');
    if (text.startsWith('qSymbol')) return answer('OK');
    return answer('');
  }

  private monitor(command: string): Reply {
    const { target, reset } = this.config;
    const said = (text: string): Reply => answer(Buffer.from(text).toString('hex'));
    switch (command) {
      case 'reset': case 'reset halt': case 'reset init':
        reset();
        this.standingAt = undefined;
        return said('reset; the core stands before its first instruction. "flushregs" makes gdb read its registers anew.\n');
      case 'halt': return said('the core stands still.\n');
      case 'time': return said(`cycle ${target.now}\n`);
      case 'faults on': case 'faults off':
        target.stopOnFault = command === 'faults on';
        return said(`faults ${target.stopOnFault ? 'stop the core' : 'are the firmware\'s own affair'}.\n`);
      case 'help': case '': return said(HELP);
      default: return said(`"${command}" is no monitor command.\n${HELP}`);
    }
  }

  private multiLetter(text: string, packet: Buffer): Reply {
    if (text === 'vCont?') return answer('vCont;c;C;s;S');
    if (text.startsWith('vCont;')) {
      // There is one thread: the first action is for it.
      const action = text['vCont;'.length];
      return this.go('', false, action === 's' || action === 'S' ? 'step' : 'continue');
    }
    if (text.startsWith('vFlashErase:')) {
      const [address, byteCount] = text.slice('vFlashErase:'.length).split(',').map((n) => parseInt(n, 16));
      return answer(this.config.target.writeMemory(address, Buffer.alloc(byteCount, ERASED)) ? 'OK' : 'E0e');
    }
    if (text.startsWith('vFlashWrite:')) {
      const colon = text.indexOf(':', 'vFlashWrite:'.length);
      this.flash.push({ address: parseInt(text.slice('vFlashWrite:'.length, colon), 16), bytes: packet.subarray(colon + 1) });
      return answer('OK');
    }
    if (text === 'vFlashDone') {
      const good = this.flash.splice(0).every(({ address, bytes }) => this.config.target.writeMemory(address, bytes));
      return answer(good ? 'OK' : 'E0e');
    }
    if (text.startsWith('vKill')) return { kind: 'kill', data: 'OK' };
    return answer('');
  }
}

const answer = (data: string | Buffer): Reply => ({ kind: 'answer', data });

/** The signal that a program on a computer would get for the same. */
function signalOf({ cfsr }: FaultRecord): number {
  if (cfsr & CFSR.DIVBYZERO) return SIGNAL.fpe;
  if (cfsr & (CFSR.UNDEFINSTR | CFSR.INVSTATE | CFSR.NOCP | CFSR.INVPC)) return SIGNAL.ill;
  return SIGNAL.segv;
}
