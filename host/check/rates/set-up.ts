// SPDX-License-Identifier: MIT
// Runs a firmware's set-up on the emulated chip and reads off its registers how often each interrupt can fall: RM0090, sections cited.

import type { BoardPeripheral, Stm32Board } from '../../boards/index.js';
import type { Firmware } from '../../build/compile.js';
import { WasmCpu } from '../../cpu/wasm/cpu.js';
import { EmulatedBoard } from '../../emulator/emulated-board.js';
import { toNumber } from '../../machine/fraction.js';
import type { RegisterBlock } from '../../machine/peripheral.js';
import { add, chipOf, type Chip, type Found } from './chip.js';
import { EndlessInit } from './endless-init.js';
import type { HardwareRates } from './rates.js';
import { characterCycles, midiLine, receivedCycles, uartSources } from './uart.js';

/** How long is waited for init to return. */
const LONGEST_INIT_SECONDS = 2;
/** How long is waited then for main to sleep for the first time, which is the set-up's end; one that has not is taken to have come to its endless part. */
export const LONGEST_MAIN_SECONDS = 0.5;
/** How long a handler may keep it from being seen where an endless init is, and how often is looked. */
const LONGEST_HANDLER_SECONDS = 0.05;
const GLANCE_SECONDS = 17e-6;

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
  // Neither one pulse alone, nor held, begun anew or moved by a signal from outside.
  const isFree = !(cr1 & (1 << 3)) && !(read(timer, 0x08) & 7);
  const of = { kind: 'timer', peripheral: timer.name } as const;
  if (dier & 1) add(found, vectorOf('UP'), { ...of, what: `update of ${timer.name}`, periodCycles: period * repetition, always: isFree });
  for (let channel = 1; channel <= 4; channel++) {
    if (!(dier & (1 << channel))) continue;
    add(found, vectorOf('CC'), { ...of, what: `compare ${channel} of ${timer.name}`, periodCycles: period, always: isFree && read(timer, 0x30 + 4 * channel) <= reload });
  }
}

/** ARM DDI 0403E, B3.3. */
function systickSource({ systick }: { systick: RegisterBlock }, referenceDivider: number, found: Found): void {
  const control = systick.inspect(0);
  if ((control & 3) !== 3) return;
  const periodCycles = (systick.inspect(4) + 1) * (control & 4 ? 1 : referenceDivider);
  add(found, 'SysTick', { what: 'SysTick counted to 0', kind: 'systick', peripheral: 'SysTick', periodCycles, always: true });
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
    const itemCycles = isAudio ? toNumber(emulated.time.coreHertz) / emulated.sampleRate / 2 : uart ? (request!.endsWith('_RX') ? receivedCycles : characterCycles)(chip, uart) : undefined;
    if (itemCycles === undefined || items === 0) continue;
    const halves = control & (1 << 3); // HTIE
    const what = `${halves ? 'half of the' : 'the'} ${isAudio ? 'audio ring played' : `stream of ${request} done`}`;
    add(found, dma.vectors[stream], { what, kind: isAudio ? 'ring' : 'stream', peripheral: dma.name, periodCycles: (items * itemCycles) / (halves ? 2 : 1), always: isAudio && (control & (1 << 4)) !== 0 }); // TCIE
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
  const chip = chipOf(emulated, board);
  const found: Found = new Map();
  for (const peripheral of board.peripherals) {
    if (peripheral.model === 'usart') uartSources(chip, peripheral, found);
    else if (peripheral.model === 'tim') timerSources(chip, peripheral, found);
    else if (peripheral.model === 'dma') streamSources(chip, emulated, peripheral, found);
  }
  systickSource(emulated.coreBlocks, board.nvic.systickReferenceDivider, found);
  const { controller, stream } = board.audio.dma;
  const items = emulated.chip.dma(controller).programmedItems(stream);
  return { blockFrames: items > 0 ? items / 4 : undefined, coreHertz: toNumber(emulated.time.coreHertz), sources: found, line: midiLine(chip) };
}
