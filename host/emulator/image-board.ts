// SPDX-License-Identifier: MIT
// An emulated board whose core executes the image of a firmware, the very bytes that are flashed: counters from linear memory, the log from the shim's
// ring, traps from the record that they leave.

import { counters, COUNTERS_OFFSET, type CounterName } from '../abi.js';
import { explainTrap } from '../build/image/explain-trap.js';
import type { Image } from '../build/image/image.js';
import { readTrapRecord, RECORD_BYTES, RecordError, type TrapRecord } from '../build/image/trap-record.js';
import type { Firmware } from '../build/compile.js';
import { voiceFunctionsOf } from '../cpu/voice-functions.js';
import { parseModule } from '../cpu/wasm/decode.js';
import { ElfBoard, EmulationError, type ElfBoardOptions } from './elf-board.js';
import type { FirmwareBoard } from './firmware-board.js';
import { readRunnable } from './image-file.js';

/** Offsets in the control block of log.c: of the first ring, and in it of its fields. */
const RTT = { ring: 24, buffer: 4, size: 8, write: 12, read: 16 } as const;
const counterNames = Object.keys(counters) as CounterName[];
/** By name, since some are asked for at every interrupt. */
const counterIndices = Object.fromEntries(counterNames.map((name, i) => [name, i])) as Record<CounterName, number>;

/** Tells translated functions about voices by their symbols (host/build/aot/translate.ts); copies that gcc has specialised may have other arguments. */
function isAboutVoice({ wasm }: Firmware): (symbol: string) => boolean {
  const functions = voiceFunctionsOf(parseModule(wasm));
  return (symbol) => !symbol.includes('.') && functions.has(Number(/^f(\d+)_/.exec(symbol)?.[1] ?? -1));
}

export class ImageBoard extends ElfBoard implements FirmwareBoard {
  readonly cpuName = 'arm';
  readonly engine: string;
  readonly firmware: Firmware;
  readonly costs = {
    source: "the core's own cycles, instruction by instruction (ARM DDI 0439, 3.3 and 3.9), with the waits of flash behind its accelerator (RM0090, 3.5)",
  };
  /** Address of linear memory's byte 0. */
  private readonly memoryAddress: number;
  private readonly decoder = new TextDecoder();
  private record: TrapRecord | undefined;

  /** @param built with traps that halt, for what comes after a restart would be another run */
  constructor(readonly built: Image, options: ElfBoardOptions) {
    super(built.board, readRunnable(built.files.elf, built.board), {
      ...options, strict: true, about: (symbols) => symbols.starts(isAboutVoice(built.firmware)),
      vectors: Object.fromEntries(built.firmware.vectors.map((v) => [v.name, { priority: v.priority, budget: v.budget ?? null }])),
    });
    this.engine = built.engine;
    this.firmware = built.firmware;
    this.memoryAddress = this.addressOf('tw_memory');
    this.plugMidi();
  }

  /** Linear memory as it is now, and what lies behind it in its region. */
  get linearMemory(): Uint8Array {
    const { memoryAddress } = this;
    const region = this.memory.regions.find(({ origin, byteCount }) => memoryAddress >= origin && memoryAddress < origin + byteCount)!;
    return region.bytes.subarray(memoryAddress - region.origin, region.byteCount);
  }

  globalValue(index: number): number | undefined {
    const address = this.symbols.addressOf(`g${index}`); // host/build/aot/translate.ts
    return address === undefined ? undefined : this.wordAt(address);
  }

  counter(name: CounterName): number {
    return this.wordAt(this.memoryAddress + COUNTERS_OFFSET + 4 * counterIndices[name])!;
  }

  counterWords(): Uint32Array {
    return Uint32Array.from(counterNames, (_, i) => this.wordAt(this.memoryAddress + COUNTERS_OFFSET + 4 * i)!);
  }

  /** @throws EmulationError when the firmware has trapped or faulted, or can do nothing any more; in the words that a board's record is told in */
  async check(): Promise<void> {
    this.settleEnding();
    this.readLog();
    if (this.findRecord()) throw new EmulationError(await explainTrap(this.record!, this.built.files));
    const { ending } = this;
    if (ending.kind === 'fault') throw new EmulationError(ending.report);
    if (ending.kind === 'loop' || ending.kind === 'sleep') throw new EmulationError(`The firmware can do nothing any more, at ${ending.place}.\n${this.chain()}`);
  }

  protected override activeVoices(): number {
    return this.counter('activeVoices');
  }

  protected override look(): void {
    this.readLog();
    if (this.findRecord()) this.end();
  }

  /** Empties the ring, as a debugger on the board does. */
  private readLog(): void {
    const block = this.addressOf('_SEGGER_RTT') + RTT.ring;
    const [buffer, size, write, read] = [RTT.buffer, RTT.size, RTT.write, RTT.read].map((offset) => this.wordAt(block + offset)!);
    if (size === 0 || write === read) return;
    const bytes = this.bytesAt(buffer, size);
    const text = write > read ? bytes.slice(read, write) : Buffer.concat([bytes.slice(read), bytes.slice(0, write)]);
    this.load(block + RTT.read, new Uint8Array(Uint32Array.of(write).buffer));
    this.machine.log.push({ cycle: this.cycle, text: this.decoder.decode(text) });
  }

  private findRecord(): boolean {
    try {
      this.record ??= readTrapRecord(this.bytesAt(this.addressOf('tw_last_trap'), RECORD_BYTES));
      return true;
    } catch (error) {
      if (error instanceof RecordError) return false;
      throw error;
    }
  }

  private bytesAt(address: number, byteCount: number): Uint8Array {
    const region = this.memory.regions.find((r) => address >= r.origin && address + byteCount <= r.origin + r.byteCount)!;
    return region.bytes.subarray(address - region.origin, address - region.origin + byteCount);
  }

  private addressOf(symbol: string): number {
    const address = this.symbols.addressOf(symbol);
    if (address === undefined) throw new Error(`the image has no symbol ${symbol}`);
    return address;
  }
}
