// SPDX-License-Identifier: MIT
// `tonewheel boards`: the boards and what each has.

import { Command } from 'commander';
import { listBoards, loadBoard, type Board } from '../boards/index.js';
import { sampleRateOf } from '../build/board-module.js';

function facts(board: Board) {
  return {
    name: board.name,
    title: board.title,
    family: board.family,
    chip: board.lineage[0],
    core: board.lineage[board.lineage.length - 1],
    coreHertz: board.coreHertz,
    sampleRate: sampleRateOf(board),
    flashBytes: board.flash.byteCount,
    ramBytes: board.memory.reduce((sum, m) => sum + m.byteCount, 0),
    memory: board.memory.map(({ name, origin, byteCount, dma }) => ({ name, origin, byteCount, dma })),
    midi: board.midi.kind === 'uart' ? { uart: board.midi.uart, ...board.midi.pins } : { events: board.midi.events, uart: board.midi.uart },
    audio: board.audio.kind === 'i2s' ? { i2s: board.audio.i2s, codec: board.audio.codec.model, pins: board.audio.pins } : { uart: board.audio.uart },
    runsIn: board.family === 'mps2' ? 'qemu' : 'emulator',
    leds: board.leds,
    buttons: board.buttons,
    flashTools: board.flashTools?.map((t) => t.tool) ?? [],
    sources: board.sources,
  };
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

function describe(board: Board): string {
  const f = facts(board);
  const { audio, midi } = board;
  const pins = (record: Readonly<Record<string, string>>) => Object.entries(record).map(([k, v]) => `${k} ${v}`).join(', ');
  const sound = audio.kind === 'i2s' ? `${audio.i2s} to ${audio.codec.model}, ${f.sampleRate.toFixed(2)} frames/s (${pins(audio.pins)})`
    : `out of ${audio.uart}, reckoned at ${f.sampleRate.toFixed(2)} frames/s; ${audio.timer} falls once a block`;
  return [
    `${f.name}: ${f.title}`,
    `  core    ${f.core} at ${f.coreHertz / 1e6} MHz, ${f.flashBytes / 1024} KiB ${board.family === 'mps2' ? 'for code' : 'flash'}, ${f.ramBytes / 1024} KiB RAM (${f.chip})`,
    `  audio   ${sound}`,
    `  MIDI    ${midi.kind === 'uart' ? `${midi.uart} (RX ${midi.pins.RX}, TX ${midi.pins.TX})` : `in from a list at ${hex(midi.events)}, out of ${midi.uart}`}`,
    `  LEDs    ${pins(f.leds)}`,
    `  buttons ${pins(f.buttons)}`,
    ...(f.runsIn === 'emulator' && f.flashTools.length > 0 ? [`  flash   by ${f.flashTools.join(', ')}`] : []),
    ...(f.runsIn === 'qemu' ? ['  runs in QEMU, not in the emulator'] : []),
  ].join('\n');
}

export function boardsCommand(): Command {
  return new Command('boards')
    .description('the boards and what each has')
    .option('--json', 'print an array of objects')
    .action(({ json }: { json?: boolean }) => {
      const boards = listBoards().map((name) => loadBoard(name));
      console.log(json ? JSON.stringify(boards.map(facts), null, 2) : boards.map(describe).join('\n\n'));
    });
}
