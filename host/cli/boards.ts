// SPDX-License-Identifier: MIT
// `tonewheel boards`: the boards and what each has.

import { Command } from 'commander';
import { listBoards, loadBoard, type Board } from '../boards/index.js';
import { sampleRateOf } from '../build/board-module.js';

function facts(board: Board) {
  return {
    name: board.name,
    title: board.title,
    chip: board.lineage[0],
    core: board.lineage[board.lineage.length - 1],
    coreHertz: board.clock.sysclk / board.clock.ahb,
    sampleRate: sampleRateOf(board),
    flashBytes: board.flash.byteCount,
    ramBytes: board.memory.reduce((sum, m) => sum + m.byteCount, 0),
    memory: board.memory.map(({ name, origin, byteCount, dma }) => ({ name, origin, byteCount, dma })),
    midi: { uart: board.midi.uart, ...board.midi.pins },
    audio: { i2s: board.audio.i2s, codec: board.audio.codec.model, pins: board.audio.pins },
    leds: board.leds,
    buttons: board.buttons,
    sources: board.sources,
  };
}

function describe(board: Board): string {
  const f = facts(board);
  const pins = (record: Readonly<Record<string, string>>) => Object.entries(record).map(([k, v]) => `${k} ${v}`).join(', ');
  return [
    `${f.name}: ${f.title}`,
    `  core    ${f.core} at ${f.coreHertz / 1e6} MHz, ${f.flashBytes / 1024} KiB flash, ${f.ramBytes / 1024} KiB RAM (${f.chip})`,
    `  audio   ${f.audio.i2s} to ${f.audio.codec}, ${f.sampleRate.toFixed(2)} frames/s (${pins(f.audio.pins)})`,
    `  MIDI    ${f.midi.uart} (RX ${f.midi.RX}, TX ${f.midi.TX})`,
    `  LEDs    ${pins(f.leds)}`,
    `  buttons ${pins(f.buttons)}`,
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
