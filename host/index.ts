// SPDX-License-Identifier: MIT
// What a project imports from "tonewheel": to test its firmware, and to build tools of its own.

export { loadBoard, listBoards, type Board } from './boards/index.js';
export { compileFirmware, CompileError, type Firmware } from './build/compile.js';
export { FirmwareTrap } from './cpu/wasm/trap.js';
export { prepareCpu, type CpuName } from './emulator/create-cpu.js';
export { EmulatedBoard, type EmulationOptions } from './emulator/emulated-board.js';
export { resultOf } from './emulator/result.js';
export { ms, play, seconds, ScenarioTimeout, until, us, type PlayOptions, type Scenario, type Step } from './emulator/scenario.js';
export { readMidiFile, MidiFileError, type MidiFile } from './devices/midi-file.js';
export type { RunResult } from './profile/run-result.js';
