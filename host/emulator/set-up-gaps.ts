// SPDX-License-Identifier: MIT
// What a firmware has left out when it hears no MIDI or makes no sound: read off the chip as the run left it, with the call that is missing.

import { FIRST_IRQ } from '../machine/exceptions.js';
import type { Peripheral } from '../machine/peripheral.js';
import { Spi } from '../peripherals/stm32/spi.js';
import { Usart } from '../peripherals/stm32/usart.js';
import { plural } from '../profile/format.js';
import { untouchedBytes } from '../profile/queues.js';
import type { FirmwareBoard } from './firmware-board.js';

/** USART_SR.RXNE: a received character waits in DR (RM0090, 30.6.1). */
const SR = { offset: 0x00, RXNE: 1 << 5 } as const;
/** SPI_I2SCFGR.I2SE: I2S is enabled (RM0090, 28.5.8). */
const I2SCFGR = { offset: 0x1c, I2SE: 1 << 10 } as const;
/** A firmware that parses what came once a block, or in its main program, has had its turn by then. */
const READ_WITHIN_SECONDS = 0.01;

/** Why nothing of what came over the MIDI cable was read, and what to call; null when something was, or nothing came. */
export function midiProblemOf(emulated: FirmwareBoard): string | null {
  const { board, machine, midiByteCount, firmware, recorder, time } = emulated;
  const { uart, pins: { RX } } = board.midi;
  const usart = modelOf(emulated, uart);
  if (midiByteCount === 0 || !(usart instanceof Usart) || emulated.now - time.secondsAt(recorder.midi().endCycles[0]) < READ_WITHIN_SECONDS) return null;
  const came = `${plural(midiByteCount, 'byte')} came over the MIDI cable, and`;
  if (!usart.receives || !machine.padsOf(`${uart}_RX`).includes(RX)) {
    return `${came} ${uart} is not set up to receive from ${RX}. Call boardInit() or uartInit() in init, then uartStart().`;
  }
  if (untouchedBytes(emulated) > 0) return `${came} no one takes them out of the queue. Call uartReceive() until it is false, where the firmware parses.`;
  const vector = board.aliases.MIDI_UART;
  const exception = FIRST_IRQ + board.vectors[vector];
  const waits = (usart.peek(SR.offset) & SR.RXNE) !== 0 && (recorder.isr()[vector]?.count ?? 0) === 0 && !machine.exceptions.isActive(exception);
  if (!waits) return null;
  if (machine.exceptions.isEnabled(exception)) return `${came} the handler of ${uart} was never let in: interrupts are masked, or one that is as urgent does not return.`;
  const handler = firmware.vectors.some(({ name }) => name === vector) ? '' : ', and uartInterrupt() in a function with @isr("MIDI_UART", 1)';
  return `${came} no one takes them out of ${uart}: its interrupt is not enabled. Call uartStart() in init${handler}.`;
}

/** Why no frame left I2S, and what to call; null when one did, or it is not for want of a call. */
export function audioProblemOf(emulated: FirmwareBoard): string | null {
  const { board, machine, audio } = emulated;
  if (audio.frames > 0) return null;
  const { i2s, spi } = board.audio;
  const model = modelOf(emulated, spi);
  if (machine.padsOf(`${i2s}_SD`).length === 0) return `${i2s} is not set up. Call boardInit() or audioOutInit() in init, then boardStart() or audioOutStart().`;
  if (model instanceof Spi && !(model.peek(I2SCFGR.offset) & I2SCFGR.I2SE)) return `${i2s} is set up and not started. Call boardStart() or audioOutStart() in init.`;
  return null;
}

function modelOf({ board, machine }: FirmwareBoard, name: string): Peripheral | undefined {
  const found = board.peripherals.find((p) => p.name === name);
  return found && machine.bus.peripheralAt(found.base)?.peripheral;
}
