// SPDX-License-Identifier: MIT
// A logic analyser on any wires, on I2S buses, and on markers that the machine sets: into a VCD file.

import type { I2sBus } from '../machine/links.js';
import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import type { Level, Wire } from '../machine/wire.js';
import { I2sProbe, type I2sLine } from './i2s-probe.js';
import { VcdWriter, type VcdTimescale } from './vcd.js';

/** Which part of an I2S bus is shown bit by bit, in seconds since reset. A second of 48 kHz in 16-bit slots is some 40 MB. */
export interface I2sWindow {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Edges that wait before they are sorted and written. */
const BATCH = 1 << 16;
/** How late a marker, or the first edge of an I2S stream, may be told of: far more than the longest handler takes to be noted. */
const LATENESS_SECONDS = 200e-6;
/** The dump goes on for at least this long after its last edge: readers give no length to what stands at the very end. */
const TAIL_SECONDS = 1e-6;

/** Edges of one source, in order of time. */
class EdgeQueue {
  private cycles = new Float64Array(BATCH);
  private edges = new Uint32Array(BATCH);
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }
  get nextCycle(): number {
    return this.head === this.tail ? Infinity : this.cycles[this.head];
  }

  /** Adds an edge; one that is told late is put where it belongs. */
  add(cycle: number, edge: number): void {
    if (this.tail === this.cycles.length) this.makeRoom();
    let i = this.tail++;
    for (; i > this.head && this.cycles[i - 1] > cycle; i--) {
      this.cycles[i] = this.cycles[i - 1];
      this.edges[i] = this.edges[i - 1];
    }
    this.cycles[i] = cycle;
    this.edges[i] = edge;
  }

  take(): number {
    return this.edges[this.head++];
  }

  private makeRoom(): void {
    const { cycles, edges, head, tail } = this;
    if (this.length > cycles.length / 2) {
      this.cycles = new Float64Array(2 * cycles.length);
      this.edges = new Uint32Array(2 * cycles.length);
    }
    this.cycles.set(cycles.subarray(head, tail));
    this.edges.set(edges.subarray(head, tail));
    this.tail -= head;
    this.head = 0;
  }
}

export class LogicAnalyser {
  private readonly vcd: VcdWriter;
  private readonly markers = new Map<string, number>();
  private readonly wires = new EdgeQueue();
  private readonly marks = new EdgeQueue();
  private readonly queues = [this.wires, this.marks];
  private readonly probes: I2sProbe[] = [];
  private readonly ticksPerSecond: number;
  private waiting = 0;
  private lastTick = 0;
  /** By a marker's wire, the tick at which it changed last. */
  private readonly marked = new Map<number, number>();
  private open = true;

  /**
   * @param path file to write; it appears when the analyser is closed
   * @param timescale nanoseconds a tick of the file. 10 shows single cycles of most cores, and is what decoders that expand every tick bear
   * @throws what the file system says
   */
  constructor(private readonly timeline: Timeline, private readonly time: RealTime, path: string, timescale: VcdTimescale = 10) {
    this.vcd = new VcdWriter(path, timescale);
    this.ticksPerSecond = 1e9 / timescale;
  }

  /** Records a wire from now on. All wires are named before the first edge is written. @throws Error when the name is taken */
  probe(wire: Wire, name = wire.name): void {
    const id = this.vcd.addWire(name, wire.level);
    wire.onEdge((level, cycle) => this.add(this.wires, cycle, id, level));
  }

  /** Records an I2S bus as `<name>_CK`, `<name>_WS` and `<name>_SD`. @param window default: all of it */
  probeI2s(bus: I2sBus, window?: I2sWindow): void {
    const lines: Record<I2sLine, number> = {
      CK: this.vcd.addWire(`${bus.name}_CK`, 0), WS: this.vcd.addWire(`${bus.name}_WS`, 0), SD: this.vcd.addWire(`${bus.name}_SD`, 0),
    };
    const queue = new EdgeQueue();
    const cycles = () => window === undefined ? { from: -Infinity, to: Infinity }
      : { from: this.time.cycleAt(window.fromSeconds), to: this.time.cycleAt(window.toSeconds) };
    const probe = new I2sProbe((line, level, cycle) => this.add(queue, cycle, lines[line], level), cycles);
    this.queues.push(queue);
    this.probes.push(probe);
    bus.listen(probe);
  }

  /** Declares a wire that nothing on the board has, such as "in the handler of USART2". It begins low, and shows every pulse, however close. @throws Error when the name is taken */
  addMarker(name: string): void {
    const id = this.vcd.addWire(name, 0);
    this.markers.set(name, id);
    this.marked.set(id, -1);
  }

  /** Sets a marker. @param cycle now, or up to 200 us ago @throws Error when it was not declared */
  marker(name: string, level: Level, cycle = this.timeline.now): void {
    const id = this.markers.get(name);
    if (id === undefined) throw new Error(`marker ${name} was not declared with addMarker`);
    this.add(this.marks, cycle, id, level);
  }

  /** Writes all up to now, and gives the file its name. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.write(Infinity);
    this.vcd.close(Math.max(this.lastTick + Math.ceil(TAIL_SECONDS * this.ticksPerSecond), this.tickAt(this.timeline.now)));
  }

  /** Removes the file. Harmless after `close`. */
  abort(): void {
    this.open = false;
    this.vcd.abort();
  }

  private add(queue: EdgeQueue, cycle: number, id: number, level: Level): void {
    if (!this.open) return;
    queue.add(cycle, 2 * id + level);
    if (++this.waiting >= BATCH) this.writeSafely();
  }

  /** Writes what nothing can come before any more: wires tell at once, I2S in batches, markers soon. */
  private writeSafely(): void {
    const told = this.timeline.now - this.time.cyclesFor(LATENESS_SECONDS);
    this.write(this.probes.reduce((least, probe) => Math.min(least, probe.completeTo), told));
    // Should a source be far behind, look again when as much has come anew.
    this.waiting = 0;
  }

  private write(limit: number): void {
    const { queues, vcd } = this;
    for (;;) {
      let next = queues[0];
      for (let i = 1; i < queues.length; i++) if (queues[i].nextCycle < next.nextCycle) next = queues[i];
      const cycle = next.nextCycle;
      if (cycle >= limit || cycle === Infinity) return;
      const edge = next.take();
      // The format knows no way back: whoever tells later than he may is shown at the last time written.
      this.lastTick = Math.max(this.lastTick, this.tickAt(cycle));
      const [id, level] = [edge >> 1, (edge & 1) as Level];
      // Two changes of a wire at one time are none to a reader: a handler that is entered as it returns has pulses one tick apart.
      if (this.marked.get(id) === this.lastTick) this.lastTick++;
      if (this.marked.has(id)) this.marked.set(id, this.lastTick);
      vcd.change(this.lastTick, id, level);
    }
  }

  private tickAt(cycle: number): number {
    return Math.round(this.time.secondsAt(cycle) * this.ticksPerSecond);
  }
}
