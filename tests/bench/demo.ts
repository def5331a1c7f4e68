// SPDX-License-Identifier: MIT
// How fast the demo plays on the emulated board, and what metering costs: the same rendering with and without the meter.

import { loadBoard } from '../../host/boards/index.js';
import { compileFirmware } from '../../host/build/compile.js';
import { InstructionCosts, loadCoreCosts } from '../../host/cpu/wasm/costs.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { meter, METER } from '../../host/cpu/wasm/meter.js';
import { parseMidiFile } from '../../host/devices/midi-file.js';
import { EmulatedBoard } from '../../host/emulator/emulated-board.js';
import { MIDI_START_SECONDS } from '../../host/emulator/session.js';
import { compileLibrary } from '../../host/build/library.js';
import { canonInD } from '../../music/canon-in-d.js';
import type { BenchRow } from './row.js';

const BOARD = 'stm32f4-discovery';
/** What the demo is to reach on one core; 1 is real time. */
const SPEED_AIM = 50;
const RUNS = 5;

/** CPU seconds that `action` takes, the least of several runs: what else the machine does only ever adds. */
function leastSeconds(action: () => void): number {
  let least = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

/** Emulated seconds in a second of CPU: the whole shipped piece, from reset. */
export async function benchDemo(): Promise<BenchRow[]> {
  const board = loadBoard(BOARD);
  const firmware = await compileFirmware('assembly/firmware/synth.ts', board);
  const file = parseMidiFile(canonInD(), 'canon-in-d.mid');
  const total = MIDI_START_SECONDS + file.seconds;
  const factor = total / leastSeconds(() => {
    const emulated = new EmulatedBoard(board, firmware);
    emulated.midi.play(file.events, MIDI_START_SECONDS);
    emulated.run(total);
  });
  return [{ name: 'demo on the emulated board', value: factor, unit: 'x real time', peer: 'aim', peerValue: SPEED_AIM, ratio: factor / SPEED_AIM }];
}

/** The demo's sound engine alone, sixteen voices sounding: the same module as it ships, and metered. */
export async function benchMetering(): Promise<BenchRow[]> {
  const module = parseModule(await compileLibrary('tests/bench/engine.as.ts'));
  const metered = meter(module, new InstructionCosts(loadCoreCosts('cortex-m4f').engines.aot));
  const env = { memoryAddress: () => 0, abort: () => { throw new Error('the engine aborted'); } };
  const instantiate = (bytes: Uint8Array, imports: WebAssembly.Imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports).exports as Record<string, (...args: number[]) => number>;
  const plain = instantiate(module.bytes, { env });
  let left = () => 0;
  // A deadline as far away as there is one: what is measured is counting and checking, not what a machine does in between.
  const withMeter = instantiate(metered.bytes, { env, [METER.module]: { [METER.tick]: () => setLeft(2 ** 30) } });
  const setLeft = withMeter[METER.setLeft];
  left = withMeter[METER.getLeft];
  setLeft(2 ** 30);
  withMeter[METER.start]?.();
  for (const engine of [plain, withMeter]) engine.playChord();
  const BLOCKS = 20_000;
  const secondsOf = (engine: Record<string, (...args: number[]) => number>) => leastSeconds(() => void engine.renderBlocks(BLOCKS));
  const [unmetered, meteredSeconds] = [secondsOf(plain), secondsOf(withMeter)];
  if (left() === 2 ** 30) throw new Error('the metered engine did not count');
  const perBlock = (seconds: number) => (seconds / BLOCKS) * 1e6;
  return [{
    name: 'block of 32 frames, 16 voices, metered', value: perBlock(meteredSeconds), unit: 'us', peer: 'same wasm, unmetered', peerValue: perBlock(unmetered),
    ratio: meteredSeconds / unmetered,
  }];
}
