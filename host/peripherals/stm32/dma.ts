// SPDX-License-Identifier: MIT
// DMA controller with eight streams: registers, arbitration, errors. RM0090 section 10 (STM32F405/407).

import { BusError, UnmodelledRegisterError } from '../../machine/errors.js';
import {
  type DmaFeeder, type DmaPacer, type DmaRequest, type InterruptLine, type ModelContext, RegisterBlock, type RegisterNames,
} from '../../machine/peripheral.js';
import type { Appointment } from '../../machine/timeline.js';
import {
  CR_CHSEL_SHIFT, CR_CIRC, CR_CT, CR_DBM, CR_DMEIE, CR_EN, CR_HTIE, CR_MBURST_SHIFT, CR_MINC, CR_MSIZE_SHIFT, CR_PBURST_SHIFT, CR_TCIE,
  CR_TEIE, DmaStream, FCR_FEIE, FCR_RESET, FLAG_DMEIF, FLAG_FEIF, FLAG_HTIF, FLAG_TCIF, FLAG_TEIF,
} from './dma-stream.js';

export interface DmaConfig {
  /** Request name to the (stream, channel) pairs it can be served on: the manual's request mapping (tables 42 and 43). */
  readonly requests: Readonly<Record<string, readonly (readonly [stream: number, channel: number])[]>>;
  /** First and last address that the peripheral port reaches; elsewhere is a transfer error. Default: everywhere. */
  readonly peripheralPort?: readonly [first: number, last: number];
}

/** What can go wrong inside a stream, by the manual's names of the flags TEIF, FEIF and DMEIF. */
export type DmaFault = 'transfer' | 'fifo' | 'direct-mode';

const LISR = 0x00;
const HISR = 0x04;
const LIFCR = 0x08;
const HIFCR = 0x0c;
const STREAMS = 0x10;
const STREAM_STRIDE = 0x18;
const STREAM_REGISTERS = ['CR', 'NDTR', 'PAR', 'M0AR', 'M1AR', 'FCR'] as const;
const [CR, NDTR, PAR, M0AR, M1AR] = [0x00, 0x04, 0x08, 0x0c, 0x10];

export const DMA_REGISTERS: RegisterNames = {
  [LISR]: 'LISR', [HISR]: 'HISR', [LIFCR]: 'LIFCR', [HIFCR]: 'HIFCR',
  ...Object.fromEntries(Array.from({ length: 8 }, (_, s) => STREAM_REGISTERS.map((r, i) => [STREAMS + s * STREAM_STRIDE + i * 4, `S${s}${r}`])).flat()),
};

/** Where a stream's six flags are in LISR/HISR. */
const FLAG_SHIFT = [0, 6, 16, 22];
const FLAGS = FLAG_FEIF | FLAG_DMEIF | FLAG_TEIF | FLAG_HTIF | FLAG_TCIF;
/** The bits of SxCR that may be written while the stream is enabled. */
const CR_ALWAYS = CR_EN | CR_DMEIE | CR_TEIE | CR_HTIE | CR_TCIE;
const CR_WRITABLE = 0x0fefffff;

/**
 * AHB cycles from the grant of a port to the end of a single access: arbitration, address, bus matrix, data. Each further beat of a burst
 * takes one more. The manual gives no figure; this is the best case of a bus with nobody else on it.
 */
const ACCESS_CYCLES = 4;
const accessCycles = (beats: number): number => ACCESS_CYCLES + beats - 1;

/** Bursts that fill the FIFO up to its threshold without a rest: table 48, bytes of a burst against bytes of the threshold. */
const burstFits = (burstBytes: number, thresholdBytes: number): boolean => burstBytes <= thresholdBytes && thresholdBytes % burstBytes === 0;

/** One of the two AHB masters. */
interface Port {
  readonly access: (stream: DmaStream, beats: number) => void;
  stream: DmaStream | undefined;
  beats: number;
  done: Appointment | undefined;
}

/** Items handed to a pacer ahead of their time. */
interface Feed {
  readonly stream: DmaStream;
  readonly pacer: DmaPacer;
  readonly count: number;
  readonly since: number;
  /** Beats of the FIFO's refill that starts when the last item has gone. */
  readonly refillBeats: number;
  /** The last item has arrived or, if a refill follows, that has ended. */
  readonly end: Appointment;
}

export class Dma extends RegisterBlock implements DmaFeeder {
  private readonly streams = Array.from({ length: 8 }, (_, i) => new DmaStream(i));
  private readonly lines: InterruptLine[];
  /** By stream and channel. */
  private readonly requests: DmaRequest[][][];
  private readonly memoryPort: Port = { access: (s, beats) => this.accessMemory(s, beats), stream: undefined, beats: 0, done: undefined };
  private readonly peripheralPort: Port = { access: (s, beats) => this.accessPeripheral(s, beats), stream: undefined, beats: 0, done: undefined };
  /** Enabled streams, the most urgent first. */
  private running: DmaStream[] = [];
  private feed: Feed | undefined;
  /** The pacer that relies on being fed: its request line says nothing until it is released. */
  private fed: DmaPacer | undefined;
  private accessing = false;
  private readonly items = new Uint16Array(8);
  private readonly readMemory = (address: number, byteCount: number, target: Uint8Array, start: number) => this.ctx.bus.dmaRead(address, byteCount, target, start);
  private readonly endFeed = () => this.feedEnded();

  constructor(name: string, base: number, private readonly ctx: ModelContext, private readonly config: DmaConfig) {
    super(name, base, DMA_REGISTERS);
    this.lines = this.streams.map((s) => ctx.interrupt(`${name}_Stream${s.index}`));
    this.requests = this.streams.map(() => Array.from({ length: 8 }, () => []));
    for (const [request, routes] of Object.entries(config.requests)) {
      const line = ctx.dmaRequest(request);
      for (const [stream, channel] of routes) this.requests[stream][channel].push(line);
      line.listen((active) => {
        for (const [stream, channel] of routes) this.requestChanged(this.streams[stream], channel, active);
      });
      line.onFinish(() => {
        for (const [stream, channel] of routes) this.finish(this.streams[stream], channel);
      });
    }
  }

  /**
   * Makes something go wrong in a running stream now, with the flags and consequences that it has on the chip: a bus error on its next
   * access ("transfer": TEIF, the stream is disabled), or a port granted too late ("fifo": FEIF, "direct-mode": DMEIF; the stream goes on).
   * @throws Error when the stream is not enabled, or works in the other of FIFO and direct mode
   */
  injectFault(stream: number, fault: DmaFault): void {
    const s = this.streams[stream];
    if (!s.enabled) throw new Error(`${this.name} stream ${stream} is not enabled: no ${fault} error can occur in it`);
    if (fault === 'direct-mode' && !s.directMode) throw new Error(`${this.name} stream ${stream} works in FIFO mode: no direct-mode error can occur in it`);
    if (this.feed?.stream === s) this.withdraw();
    if (fault === 'transfer') this.transferError(s);
    else s.flags |= fault === 'fifo' ? FLAG_FEIF : FLAG_DMEIF;
    this.updateLine(s);
    this.arbitrate();
  }

  /** Reset by the RCC: every stream stops at once, and all registers are at their reset values. */
  reset(): void {
    this.withdraw();
    for (const port of [this.memoryPort, this.peripheralPort]) {
      this.ctx.timeline.cancel(port.done);
      port.stream = undefined;
    }
    for (const stream of this.streams) {
      stream.disable();
      stream.cr = stream.ndtr = stream.programmedItems = stream.par = stream.m0ar = stream.m1ar = stream.flags = 0;
      stream.fcr = FCR_RESET;
      this.updateLine(stream);
    }
    this.running = [];
  }

  /** Calls `listener` at the middle and at the end of each pass of a stream to a peripheral. */
  onHalf(stream: number, listener: () => void): void {
    this.streams[stream].onHalf = listener;
  }

  /** Items of a pass, as software wrote them to NDTR. */
  programmedItems(stream: number): number {
    return this.streams[stream].programmedItems;
  }

  protected override readRegister(offset: number): number | undefined {
    if (offset === LISR || offset === HISR) return this.status(offset === LISR ? 0 : 4);
    if (offset === LIFCR || offset === HIFCR) return 0;
    const found = this.locate(offset);
    if (found === undefined) return undefined;
    const { stream, register } = found;
    const gone = this.feed?.stream === stream ? this.feed.pacer.arrived() : 0;
    switch (register) {
      case CR: return stream.cr;
      case NDTR: return stream.ndtr - gone;
      case PAR: return stream.par;
      case M0AR: return stream.m0ar;
      case M1AR: return stream.m1ar;
      default: return stream.fifoControl(stream.level - gone * stream.peripheralBytes);
    }
  }

  protected override writeRegister(offset: number, value: number): boolean {
    if (offset === LISR || offset === HISR) return true; // read-only
    if (offset === LIFCR || offset === HIFCR) {
      this.clearFlags(offset === LIFCR ? 0 : 4, value);
      return true;
    }
    const found = this.locate(offset);
    if (found === undefined) return false;
    const { stream, register } = found;
    switch (register) {
      case CR:
        this.writeControl(stream, value & CR_WRITABLE);
        break;
      case NDTR:
        if (!stream.enabled) stream.ndtr = stream.programmedItems = value & 0xffff;
        break;
      case PAR:
        if (!stream.enabled) stream.par = value;
        break;
      case M0AR:
      case M1AR:
        this.writeMemoryAddress(stream, register === M0AR ? 0 : 1, value);
        break;
      default:
        stream.fcr = stream.enabled ? (stream.fcr & ~FCR_FEIE) | (value & FCR_FEIE) : (value & 0x87) | (stream.fcr & 0x38);
        break;
    }
    this.updateLine(stream);
    return true;
  }

  private locate(offset: number): { stream: DmaStream; register: number } | undefined {
    const index = Math.floor((offset - STREAMS) / STREAM_STRIDE);
    const stream = this.streams[index];
    return stream === undefined ? undefined : { stream, register: (offset - STREAMS) % STREAM_STRIDE };
  }

  private status(first: number): number {
    let value = 0;
    for (let i = 0; i < 4; i++) value |= this.streams[first + i].flags << FLAG_SHIFT[i];
    return value;
  }

  private clearFlags(first: number, value: number): void {
    for (let i = 0; i < 4; i++) {
      const stream = this.streams[first + i];
      stream.flags &= ~((value >>> FLAG_SHIFT[i]) & FLAGS);
      this.updateLine(stream);
    }
  }

  /** 10.3.16: the peripheral as flow controller ends the transfers; what the FIFO holds for memory still goes there, what it holds for the peripheral is lost. */
  private finish(stream: DmaStream, channel: number): void {
    if (!stream.enabled || !stream.peripheralControls || stream.channel !== channel) return;
    stream.stopping = true;
    this.settle(stream);
    this.updateLine(stream);
    this.arbitrate();
  }

  private writeControl(stream: DmaStream, value: number): void {
    if (!stream.enabled) {
      stream.cr = value & ~CR_EN;
      if (value & CR_EN) this.enable(stream);
      return;
    }
    // All else is write-protected while EN reads 1 (10.5.5).
    stream.cr = (stream.cr & ~CR_ALWAYS) | (value & CR_ALWAYS) | CR_EN;
    if (!(value & CR_EN) && !stream.stopping) {
      if (this.feed?.stream === stream) this.withdraw();
      stream.stopping = true;
      this.settle(stream);
      this.arbitrate();
    }
  }

  /** In double-buffer mode the address that is not in use may be changed on the run; the other is an error (10.3.9, 10.3.18). */
  private writeMemoryAddress(stream: DmaStream, target: 0 | 1, value: number): void {
    if (stream.enabled) {
      if (!(stream.cr & CR_DBM)) return;
      if (target === (stream.cr & CR_CT ? 1 : 0)) {
        if (this.feed?.stream === stream) this.withdraw();
        this.transferError(stream);
        this.arbitrate();
        return;
      }
    }
    if (target === 0) stream.m0ar = value;
    else stream.m1ar = value;
  }

  private enable(stream: DmaStream): void {
    if (stream.flags !== 0) return this.diagnose(stream, 'was enabled with event flags still set in LISR/HISR, and does not start (10.5.5)');
    if (this.feed !== undefined) this.withdraw();
    stream.load();
    if (stream.direction === undefined) return this.diagnose(stream, 'was enabled with the reserved direction 3');
    if (stream.direction === 'memory-to-memory' && stream.endless) return this.diagnose(stream, 'cannot be circular or double-buffered from memory to memory (10.3.6)');
    if (!stream.directMode) {
      const burst = stream.burstBytes;
      if (stream.memoryBeats > 1 && !burstFits(burst, stream.threshold)) {
        stream.flags |= FLAG_FEIF;
        this.diagnose(stream, `has a FIFO threshold of ${stream.threshold} bytes, which is no whole number of its memory bursts of ${burst} bytes (table 48)`);
        return;
      }
      const peripheralBurst = stream.peripheralBeats * stream.peripheralBytes;
      if (stream.peripheralBeats > 1 && (peripheralBurst > 16 || (peripheralBurst === 16 && stream.threshold === 12))) {
        stream.flags |= FLAG_FEIF;
        stream.stuck = true;
        this.diagnose(stream, `has peripheral bursts of ${peripheralBurst} bytes, which never find room in the FIFO with a threshold of ${stream.threshold} (10.3.12)`);
      }
    } else {
      // Hardware forces these on enabling (10.3.10, 10.3.11).
      stream.cr = (stream.cr & ~((3 << CR_MSIZE_SHIFT) | (3 << CR_PBURST_SHIFT) | (3 << CR_MBURST_SHIFT))) | (Math.log2(stream.memoryBytes) << CR_MSIZE_SHIFT);
    }
    this.checkSizes(stream);
    stream.cr |= CR_EN;
    this.running = this.streams.filter((s) => s.enabled).sort((a, b) => b.priority - a.priority || a.index - b.index);
    this.arbitrate();
  }

  private checkSizes(stream: DmaStream): void {
    const { ndtr, peripheralBytes, memoryBytes } = stream;
    if ((ndtr * peripheralBytes) % memoryBytes !== 0) this.diagnose(stream, `moves ${ndtr} items of ${peripheralBytes} bytes, no whole number of memory items of ${memoryBytes} bytes (table 46)`);
    else if (stream.cr & CR_CIRC && (ndtr * peripheralBytes) % stream.burstBytes !== 0) {
      this.diagnose(stream, `is circular with ${ndtr} items, no whole number of its memory bursts of ${stream.burstBytes} bytes (10.3.8)`);
    }
    const addresses: [string, number, number][] = [['PAR', stream.par, peripheralBytes], ['M0AR', stream.m0ar, memoryBytes]];
    if (stream.cr & CR_DBM) addresses.push(['M1AR', stream.m1ar, memoryBytes]);
    for (const [name, address, size] of addresses) {
      if (address % size !== 0) this.diagnose(stream, `has ${name} = 0x${address.toString(16)}, not aligned to its items of ${size} bytes`);
    }
  }

  private requested(stream: DmaStream): boolean {
    const lines = this.requests[stream.index][stream.channel];
    for (let i = 0; i < lines.length; i++) if (lines[i].active) return true;
    return false;
  }

  private requestChanged(stream: DmaStream, channel: number, active: boolean): void {
    if (!active || !stream.enabled || (stream.cr >>> CR_CHSEL_SHIFT & 7) !== channel || this.feed?.stream === stream) return;
    this.checkStarvation(stream);
    if (!this.accessing) this.arbitrate();
  }

  /** The memory port is busy for others although this stream needs it, and now the peripheral asks (10.3.18). */
  private checkStarvation(stream: DmaStream): void {
    if (stream.peripheralWanted(true) === 0 && stream.memoryWanted() > 0 && this.memoryPort.stream !== undefined && this.memoryPort.stream !== stream) {
      stream.flags |= FLAG_FEIF;
    }
    if (stream.directMode && stream.direction === 'peripheral-to-memory' && stream.level > 0 && !(stream.cr & CR_MINC)) stream.flags |= FLAG_DMEIF;
    this.updateLine(stream);
  }

  /** Gives each free port to the most urgent stream that wants it. */
  private arbitrate(): void {
    if (this.feed !== undefined) return; // its stream is alone, and needs no port until the feed ends
    this.grant(this.peripheralPort, true);
    this.grant(this.memoryPort, false);
  }

  private grant(port: Port, peripheral: boolean): void {
    if (port.stream !== undefined) return;
    for (const stream of this.running) {
      const beats = peripheral ? stream.peripheralWanted(this.requested(stream)) : stream.memoryWanted();
      if (beats > 0) return this.occupy(port, stream, beats, this.ctx.timeline.now + accessCycles(beats));
    }
  }

  private occupy(port: Port, stream: DmaStream, beats: number, end: number): void {
    port.stream = stream;
    port.beats = beats;
    port.done = this.ctx.timeline.at(end, () => {
      port.stream = undefined;
      this.perform(port, stream, beats);
    });
  }

  /** An access has ended: what it moved counts from now. */
  private perform(port: Port, stream: DmaStream, beats: number): void {
    this.accessing = true;
    try {
      port.access(stream, beats);
    } catch (error) {
      if (!(error instanceof BusError) || error instanceof UnmodelledRegisterError) throw error;
      this.transferError(stream);
    } finally {
      this.accessing = false;
    }
    if (port === this.peripheralPort) for (const line of this.requests[stream.index][stream.channel]) if (line.active) line.served?.(beats);
    this.proceed(stream);
  }

  /** After something has moved: flags, the next promise or the end of promising, the next access. */
  private proceed(stream: DmaStream): void {
    this.settle(stream);
    this.updateLine(stream);
    this.startFeed();
    if (this.feed === undefined) this.release();
    this.arbitrate();
  }

  private release(): void {
    const { fed } = this;
    this.fed = undefined;
    fed?.release();
  }

  private accessMemory(stream: DmaStream, beats: number): void {
    const byteCount = beats * stream.memoryBytes;
    const { memoryPointer } = stream;
    if (beats > 1 && (memoryPointer >>> 10) !== ((memoryPointer + byteCount - 1) >>> 10)) {
      this.diagnose(stream, `has a memory burst across the 1 KiB boundary after 0x${memoryPointer.toString(16)} (10.3.11)`);
    }
    if (stream.toMemory) {
      const bytes = this.ctx.bus.dmaBytes(memoryPointer, byteCount, 'write');
      for (let i = 0; i < byteCount; i++) bytes[i] = stream.pop(1);
    } else {
      stream.fill(byteCount, this.readMemory);
    }
    stream.memoryMoved(byteCount);
  }

  private accessPeripheral(stream: DmaStream, beats: number): void {
    for (let i = 0; i < beats; i++) {
      const size = stream.peripheralBytes as 1 | 2 | 4;
      const address = stream.peripheralPointer;
      const reach = this.config.peripheralPort;
      const access = stream.toMemory ? 'read' : 'write';
      if (reach !== undefined && (address < reach[0] || address > reach[1])) {
        throw new BusError(address, access, `${this.name}'s peripheral port does not reach 0x${address.toString(16)}`);
      }
      if (!stream.toMemory) this.ctx.bus.write(address, stream.pop(size), size);
      else if (this.ctx.bus.peripheralAt(address) !== undefined) stream.push(this.ctx.bus.read(address, size), size);
      else stream.pushBytes(this.ctx.bus.dmaBytes(address, size, 'read'));
      const last = stream.ndtr === 1;
      stream.itemsMoved(1);
      if (stream.ndtr === 1) for (const line of this.requests[stream.index][stream.channel]) line.onLastButOne?.();
      if (last) for (const line of this.requests[stream.index][stream.channel]) line.onLastTransfer?.();
    }
  }

  private transferError(stream: DmaStream): void {
    for (const port of [this.memoryPort, this.peripheralPort]) {
      if (port.stream !== stream) continue;
      this.ctx.timeline.cancel(port.done);
      port.stream = undefined;
    }
    stream.flags |= FLAG_TEIF;
    stream.disable();
    this.settle(stream);
  }

  /** Finishes a stop that waits for nothing any more, and forgets streams that are off. */
  private settle(stream: DmaStream): void {
    if (stream.stopping && this.memoryPort.stream !== stream && this.peripheralPort.stream !== stream) stream.finishStop();
    if (!stream.enabled && this.running.includes(stream)) this.running = this.running.filter((s) => s !== stream);
  }

  /**
   * When one stream alone feeds a peripheral that can foresee its requests, hands it what the FIFO holds and makes one appointment for
   * the cycle at which something happens that software could notice other than by reading: a flag, or the next read of memory.
   */
  private startFeed(): void {
    if (this.running.length !== 1 || this.memoryPort.stream !== undefined || this.peripheralPort.stream !== undefined) return;
    const stream = this.running[0];
    if (stream.toMemory || stream.directMode || stream.stopping || stream.peripheralBeats > 1 || stream.memoryWanted() > 0) return;
    const lines = this.requests[stream.index][stream.channel];
    const pacer = lines.length === 1 ? lines[0].pacer : undefined;
    if (pacer === undefined || pacer.address !== stream.peripheralPointer || pacer.itemBytes !== stream.peripheralBytes || stream.peripheralBytes !== 2) return;
    const available = stream.peekItems(this.items);
    if (available === 0) return;
    const toFlag = stream.itemsToNextFlag;
    const toRefill = stream.itemsToRefill();
    const count = Math.min(available, toFlag, toRefill);
    const lastArrival = pacer.promise(this.items, count, ACCESS_CYCLES, this);
    if (lastArrival < 0) return;
    const refillBeats = count === toRefill && count !== toFlag ? stream.refillBeats : 0;
    const end = refillBeats > 0 ? lastArrival + accessCycles(refillBeats) : lastArrival;
    this.fed = pacer;
    this.feed = { stream, pacer, count, since: this.ctx.timeline.now, refillBeats, end: this.ctx.timeline.at(end, this.endFeed) };
  }

  /** All promised items have arrived and, if they were to be followed by a refill, memory is read at this cycle. */
  private feedEnded(): void {
    const { stream, count, refillBeats } = this.feed!;
    this.feed = undefined;
    stream.dropItems(count);
    stream.itemsMoved(count);
    if (refillBeats > 0) this.perform(this.memoryPort, stream, refillBeats);
    else this.proceed(stream);
  }

  /** Takes back what was promised and has not arrived. */
  withdraw(): void {
    const feed = this.feed;
    if (feed === undefined) return;
    const { stream, pacer, count, since, refillBeats } = feed;
    const { now } = this.ctx.timeline;
    const arrived = pacer.arrived();
    this.ctx.timeline.cancel(feed.end);
    stream.dropItems(arrived);
    stream.itemsMoved(arrived);
    if (arrived === count) {
      if (refillBeats > 0) this.occupy(this.memoryPort, stream, refillBeats, feed.end.cycle);
    } else {
      const begun = Math.max(since, pacer.promisedRequestCycle(arrived));
      if (begun <= now) this.occupy(this.peripheralPort, stream, 1, begun + ACCESS_CYCLES);
    }
    this.feed = undefined;
    this.settle(stream);
    this.updateLine(stream);
    this.release();
    this.arbitrate();
  }

  private updateLine(stream: DmaStream): void {
    const { cr, fcr, flags } = stream;
    const enabled = (cr & CR_TCIE ? FLAG_TCIF : 0) | (cr & CR_HTIE ? FLAG_HTIF : 0) | (cr & CR_TEIE ? FLAG_TEIF : 0)
      | (cr & CR_DMEIE ? FLAG_DMEIF : 0) | (fcr & FCR_FEIE ? FLAG_FEIF : 0);
    const active = (flags & enabled) !== 0;
    if (active === stream.interrupting) return;
    stream.interrupting = active;
    this.lines[stream.index].set(active);
  }

  private diagnose(stream: DmaStream, message: string): void {
    this.ctx.diagnose({ where: `${this.name} stream ${stream.index}`, message: `the stream ${message}` });
  }
}
