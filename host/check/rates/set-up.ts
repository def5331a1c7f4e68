// SPDX-License-Identifier: MIT
// Runs a firmware's set-up on the emulated chip and reads off its registers how often each interrupt can fall: RM0090, sections cited.

import type { BoardPeripheral, Stm32Board } from '../../boards/index.js';
import type { Firmware } from '../../build/compile.js';
import { WasmCpu } from '../../cpu/wasm/cpu.js';
import { EmulatedBoard } from '../../emulator/emulated-board.js';
import { toNumber } from '../../machine/fraction.js';
import type { RegisterBlock } from '../../machine/peripheral.js';
import type { Source } from '../check-result.js';
import { EndlessInit } from './endless-init.js';
import type { HardwareRates } from './rates.js';

/** How long is waited for init to return, and then for main to sleep for the first time, which is the set-up's end. */
const LONGEST_INIT_SECONDS = 2;
const LONGEST_MAIN_SECONDS = 0.5;
/** How long a handler may keep it from being seen where an endless init is, and how often is looked. */
const LONGEST_HANDLER_SECONDS = 0.05;
const GLANCE_SECONDS = 17e-6;
/** MIDI 1.0, Hardware: 31.25 (+/- 1 %) kbaud. Whoever sends to us may be that much faster, at any rate. */
const SENDER_TOLERANCE = 0.01;

interface Chip {
  readonly board: Stm32Board;
  /** A register with no side effect. */
  read(peripheral: BoardPeripheral, offset: number): number;
  /** Core cycles in a tick. */
  ticks(clock: string): number;
}

type Found = Map<string, Source[]>;

const add = (found: Found, vector: string, what: string, periodCycles: number, jitterCycles = 0): void => {
  found.set(vector, [...found.get(vector) ?? [], { what, periodCycles, jitterCycles, from: 'set-up' }]);
};

/** Bits and core cycles of one character: RM0090 30.3.4 (baud rate), 30.6.4 to 30.6.6 (word length, stop bits). */
function characterCycles({ read, ticks }: Chip, uart: BoardPeripheral): number {
  const brr = read(uart, 0x08);
  const cr1 = read(uart, 0x0c);
  const oversamplesBy8 = (cr1 & (1 << 15)) !== 0;
  // USARTDIV in sixteenths; with 8 samples a bit the fraction has three bits, and a bit is 8 ticks for 1.0.
  const bitTicks = oversamplesBy8 ? (brr >> 4) * 8 + (brr & 7) : brr;
  const stopBits = [1, 0.5, 2, 1.5][(read(uart, 0x10) >> 12) & 3];
  return (1 + (cr1 & (1 << 12) ? 9 : 8) + stopBits) * bitTicks * ticks(uart.clock!);
}

function uartSources(chip: Chip, uart: BoardPeripheral, found: Found): void {
  const cr1 = chip.read(uart, 0x0c);
  if (!(cr1 & (1 << 13))) return; // UE
  const character = characterCycles(chip, uart);
  const [vector] = uart.vectors;
  if (cr1 & 0b110100 || chip.read(uart, 0x14) & 1) { // RXNEIE, IDLEIE; CR3.EIE
    add(found, vector, 'a character received', character * (1 - SENDER_TOLERANCE));
  }
  if (cr1 & (1 << 3)) { // TE: TXEIE may be set at any time. DR and the shift register take a character each at once.
    add(found, vector, 'a character sent', character, character);
    add(found, vector, 'nothing left to send', character);
  }
}

/** Update and compare interrupts: RM0090 18.3.1, 18.3.2, 18.4. */
function timerSources({ read, ticks }: Chip, timer: BoardPeripheral, found: Found): void {
  const cr1 = read(timer, 0x00);
  const dier = read(timer, 0x0c) & 0xff;
  if (!(cr1 & 1) || dier === 0) return;
  if ((read(timer, 0x08) & 7) === 7) return; // SMCR.SMS: clocked from outside
  const prescaler = (read(timer, 0x28) & 0xffff) + 1;
  const reload = read(timer, 0x2c);
  // Centre-aligned, it counts up and down, and updates at both ends.
  const period = (cr1 & 0b1100000 ? Math.max(1, reload) : reload + 1) * prescaler * ticks(timer.clock!);
  const repetition = timer.registers === 'TIM1' ? (read(timer, 0x30) & 0xff) + 1 : 1;
  const vectorOf = (kind: 'UP' | 'CC'): string => timer.vectors.find((v) => v.includes(`_${kind}`)) ?? timer.vectors[0];
  if (dier & 1) add(found, vectorOf('UP'), `update of ${timer.name}`, period * repetition);
  for (let channel = 1; channel <= 4; channel++) {
    if (dier & (1 << channel)) add(found, vectorOf('CC'), `compare ${channel} of ${timer.name}`, period);
  }
}

/** ARM DDI 0403E, B3.3. */
function systickSource({ systick }: { systick: RegisterBlock }, referenceDivider: number, found: Found): void {
  const control = systick.inspect(0);
  if ((control & 3) === 3) add(found, 'SysTick', 'SysTick counted to 0', (systick.inspect(4) + 1) * (control & 4 ? 1 : referenceDivider));
}

/** Half and end of a DMA stream's pass: RM0090 10.5. Streams that the audio or a UART paces have a rate. */
function streamSources(chip: Chip, emulated: EmulatedBoard, dma: BoardPeripheral, found: Found): void {
  const { audio, dmaRequests, peripherals } = chip.board;
  for (let stream = 0; stream < 8; stream++) {
    const control = chip.read(dma, 0x10 + 0x18 * stream);
    if (!(control & 0b11110)) continue;
    const channel = (control >> 25) & 7;
    const items = emulated.chip.dma(dma.name).programmedItems(stream);
    const request = Object.keys(dmaRequests).find((name) => dmaRequests[name].some((r) => r.controller === dma.name && r.stream === stream && r.channel === channel));
    const isAudio = audio.dma.controller === dma.name && audio.dma.stream === stream;
    const uart = peripherals.find(({ name, model }) => model === 'usart' && request?.startsWith(`${name}_`));
    const itemCycles = isAudio ? toNumber(emulated.time.coreHertz) / emulated.sampleRate / 2 : uart ? characterCycles(chip, uart) * (request!.endsWith('_RX') ? 1 - SENDER_TOLERANCE : 1) : undefined;
    if (itemCycles === undefined || items === 0) continue;
    const halves = control & (1 << 3); // HTIE
    const what = `${halves ? 'half of the' : 'the'} ${isAudio ? 'audio ring played' : `stream of ${request} done`}`;
    add(found, dma.vectors[stream], what, (items * itemCycles) / (halves ? 2 : 1));
  }
}

/**
 * Set-up is over when main sleeps outside of any handler, or has run for half a second. What is started later has no rate here.
 * @throws FirmwareTrap when the set-up traps; by EndlessInit, with the place, when init does not return
 */
export function readSetUp(board: Stm32Board, firmware: Firmware): HardwareRates {
  const emulated = new EmulatedBoard(board, firmware);
  const { machine, cpu } = emulated;
  /** Core cycles until now since main was called; undefined before. */
  const mainCycles = (): number | undefined => (cpu instanceof WasmCpu && cpu.mainAt !== undefined ? machine.timeline.now - cpu.mainAt : undefined);
  let depth = 0;
  machine.observers.add({
    exceptionEnter: () => void depth++,
    exceptionExit: () => void depth--,
    sleep: () => { if (depth === 0 && mainCycles() !== undefined) machine.timeline.at(machine.timeline.now, () => emulated.end()); },
    blockBoundary() {},
    midiByte() {},
  });
  emulated.at(LONGEST_MAIN_SECONDS, () => {
    const { now } = emulated;
    const cycles = mainCycles();
    if (cycles === undefined) {
      if (now < LONGEST_INIT_SECONDS) return now + LONGEST_MAIN_SECONDS;
      if (depth > 0 && now < LONGEST_INIT_SECONDS + LONGEST_HANDLER_SECONDS) return now + GLANCE_SECONDS;
      throw new EndlessInit(LONGEST_INIT_SECONDS);
    }
    const left = LONGEST_MAIN_SECONDS - cycles / toNumber(emulated.time.coreHertz);
    if (left > GLANCE_SECONDS) return now + left;
    return emulated.end();
  });
  emulated.run();
  const chip: Chip = {
    board,
    read: ({ base }, offset) => (machine.bus.peripheralAt(base)!.peripheral as RegisterBlock).inspect(offset),
    ticks: (clock) => toNumber(machine.clocks.cyclesPerTick(clock)),
  };
  const found: Found = new Map();
  for (const peripheral of board.peripherals) {
    if (peripheral.model === 'usart') uartSources(chip, peripheral, found);
    else if (peripheral.model === 'tim') timerSources(chip, peripheral, found);
    else if (peripheral.model === 'dma') streamSources(chip, emulated, peripheral, found);
  }
  systickSource(emulated.coreBlocks, board.nvic.systickReferenceDivider, found);
  const { controller, stream } = board.audio.dma;
  const items = emulated.chip.dma(controller).programmedItems(stream);
  return { blockFrames: items > 0 ? items / 4 : undefined, coreHertz: toNumber(emulated.time.coreHertz), sources: found };
}
