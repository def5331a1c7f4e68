// SPDX-License-Identifier: MIT
// What the MPS2 drivers see of an MPS2 (ARM DDI 0479: timers, UARTs), with the module running on V8: enough to play a firmware, block by block,
// and no more. Time is what the bench says it is.

import { counters, COUNTERS_OFFSET, type CounterName } from '../abi.js';
import type { Mps2Board } from '../boards/index.js';
import type { Firmware } from '../build/compile.js';

const VALUE = 0x04, RELOAD = 0x08, INTCLEAR = 0x0c, CTRL = 0x00, DATA = 0x00;
const PENDSV = -2;
const AIRCR = 0xe000ed0c;
const CTRL_RUNNING = (1 << 0) | (1 << 3);

export class Mps2Bench {
  /** Bytes that went out of each UART, by its base address. */
  readonly sent = new Map<number, number[]>();
  /** The firmware has asked for a reset. */
  ended = false;
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Record<string, unknown>;
  private readonly registers = new Map<number, number>();
  private readonly enabled = new Set<number>();
  private readonly pending = new Set<number>();
  private masked = false;
  /** Priority of what runs; 256: the main program. */
  private running = 256;
  private ticks = 0;

  /** @param events what lies at the board's `midi.events` */
  constructor(private readonly board: Mps2Board, private readonly firmware: Firmware, private readonly events: Uint8Array) {
    const nothing = () => 0;
    const load = (address: number) => this.load(address >>> 0);
    const store = (address: number, value: number) => this.store(address >>> 0, value >>> 0);
    const env = {
      load8: load, load16: load, load32: load, store8: store, store16: store, store32: store,
      irqEnable: (irq: number) => { this.enabled.add(irq); this.deliver(); },
      irqDisable: (irq: number) => this.enabled.delete(irq),
      irqPend: (irq: number) => { this.pending.add(irq); this.deliver(); },
      irqPriority: nothing,
      irqMask: () => { const before = this.masked; this.masked = true; return before ? 1 : 0; },
      irqRestore: (state: number) => { this.masked = state !== 0; this.deliver(); },
      waitForInterrupt: nothing, cycleCounter: nothing, dcacheClean: nothing, dcacheInvalidate: nothing,
      memoryAddress: () => board.memory[0].origin,
      log: nothing,
      abort: (_message: number, _file: number, line: number, column: number) => { throw new Error(`${firmware.file} aborted at ${line}:${column}`); },
    };
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(firmware.wasm as BufferSource), { env }).exports;
    this.memory = this.exports.memory as WebAssembly.Memory;
    this.enabled.add(PENDSV);
    (this.exports.init as () => void)();
  }

  /** A counter of the firmware, by its name in the ABI. */
  counter(name: CounterName): number {
    return new DataView(this.memory.buffer).getUint32(COUNTERS_OFFSET + 4 * Object.keys(counters).indexOf(name), true);
  }

  private base(name: string): number {
    return this.board.peripherals.find((p) => p.name === name)!.base;
  }

  /** Plays one block: the audio timer falls at its start, the MIDI timer at each of the `steps` into which it is divided besides. */
  playBlock(steps: number): void {
    const audio = this.base(this.board.audio.timer);
    const midi = this.base(this.board.midi.timer);
    const period = this.registers.get(audio + RELOAD)! + 1;
    for (let step = 0; step < steps; step++) {
      // The counts of the moment, counting down.
      this.registers.set(audio + VALUE, step === 0 ? 0 : period - Math.floor((period * step) / steps));
      this.ticks += Math.floor(period / steps);
      if (step === 0 && this.registers.get(audio + CTRL) === CTRL_RUNNING) this.fall(audio, this.board.audio.timer);
      else if (this.registers.get(midi + CTRL) === CTRL_RUNNING) this.fall(midi, this.board.midi.timer);
    }
  }

  private fall(timer: number, name: string): void {
    this.registers.set(timer + INTCLEAR, 1);
    this.pending.add(this.board.vectors[name]);
    this.deliver();
  }

  /** Runs what is pending, enabled and more urgent than what runs. */
  private deliver(): void {
    while (!this.masked) {
      const next = this.firmware.vectors.filter((v) => this.pending.has(v.irq) && this.enabled.has(v.irq) && v.priority < this.running)
        .sort((a, b) => a.priority - b.priority)[0];
      if (next === undefined) return;
      this.pending.delete(next.irq);
      const before = this.running;
      this.running = next.priority;
      (this.exports[next.exportName] as () => void)();
      this.running = before;
    }
  }

  private load(address: number): number {
    const { origin, byteCount } = this.board.memory[0];
    if (address >= origin && address < origin + byteCount) return new DataView(this.memory.buffer).getUint32(address - origin, true);
    const event = address - this.board.midi.events;
    if (event >= 0 && event < this.events.length) return new DataView(this.events.buffer, this.events.byteOffset).getUint32(event, true);
    if (address === this.base('DUALTIMER1') + VALUE) return (0xffff_ffff - this.ticks) >>> 0;
    return this.registers.get(address) ?? 0;
  }

  private store(address: number, value: number): void {
    const { origin, byteCount } = this.board.memory[0];
    if (address >= origin && address < origin + byteCount) return new DataView(this.memory.buffer).setUint32(address - origin, value, true);
    if (address === AIRCR) this.ended = true;
    const uart = this.board.peripherals.find((p) => p.registers === 'CMSDK_UART' && p.base + DATA === address);
    if (uart) (this.sent.get(uart.base) ?? this.sent.set(uart.base, []).get(uart.base)!).push(value & 0xff);
    else if ([this.base(this.board.audio.timer), this.base(this.board.midi.timer)].some((timer) => timer + INTCLEAR === address)) this.registers.set(address, 0);
    else this.registers.set(address, value);
  }
}
