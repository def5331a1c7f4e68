// SPDX-License-Identifier: MIT
// Sums a finished run up: the object that `tonewheel run --json` prints.

import { describeCosts } from '../cpu/wasm/costs.js';
import { toNumber } from '../machine/fraction.js';
import { cyclesPerFrame } from '../profile/recorder.js';
import { midiToAudio, notesOf } from '../profile/midi-to-audio.js';
import { countersByKind, type RunResult } from '../profile/run-result.js';
import type { SentAudio } from '../profile/sent-audio.js';
import type { BoardHardware } from './board-hardware.js';
import type { FirmwareBoard } from './firmware-board.js';
import { audioProblemOf, midiProblemOf } from './set-up-gaps.js';

/** What left I2S, in the form in which it is measured. */
export function sentAudioOf({ audio }: BoardHardware): SentAudio {
  return { samples: audio.samples(), fullScale: 2 ** 15, frameCycle: (frame) => audio.cycleOf(frame) };
}

/** @param midiFile the file that was played, as it was named; null when none was */
export function resultOf(emulated: FirmwareBoard, midiFile: string | null): RunResult {
  const { board, machine, audio, recorder, options, codec } = emulated;
  const coreHertz = toNumber(emulated.time.coreHertz);
  const frameCycles = coreHertz / emulated.sampleRate;
  const { losses, gauges } = countersByKind(emulated.counterWords());
  const notes = notesOf(recorder.midi());
  const { blockFrames } = emulated;
  const [left, right] = audio.levels();
  return {
    format: 1,
    firmware: emulated.firmware.file,
    board: board.name,
    cpu: emulated.cpuName,
    engine: emulated.engine,
    seed: options.seed ?? 0,
    overclock: options.overclock ?? 1,
    midiAlign: options.midiAlign ?? false,
    seconds: emulated.now,
    cycles: machine.timeline.now,
    coreHertz,
    sampleRate: emulated.sampleRate,
    frames: audio.frames,
    blockFrames,
    audioSha256: audio.sha256(),
    peak: Math.max(left.peak, right.peak),
    rms: Math.sqrt((left.rms ** 2 + right.rms ** 2) / 2),
    lateBlocks: losses.lateBlocks,
    losses,
    gauges,
    isr: recorder.isr(machine.timeline.now),
    cyclesPerFrame: cyclesPerFrame(recorder.blocks(), frameCycles),
    midiToAudio: midiToAudio(notes, sentAudioOf(emulated), blockFrames * frameCycles, coreHertz),
    midi: { file: midiFile, bytesIn: emulated.midiByteCount, bytesOut: emulated.midiOut.characters.length, notesOn: notes.length },
    midiProblem: midiProblemOf(emulated),
    audioProblem: audioProblemOf(emulated),
    playsAudio: emulated.firmware.vectors.some(({ name }) => name === board.aliases.AUDIO_DMA),
    // A firmware without sound has no use for the codec.
    codecProblems: codec.addressed || audio.frames > 0 ? codec.problems() : [],
    diagnostics: [...machine.diagnostics, ...codec.warnings().map((message) => ({ where: board.audio.codec.model, message }))],
    log: machine.log.map(({ cycle, text }) => ({ seconds: emulated.time.secondsAt(cycle), text })),
    costs: describeCosts(emulated.costs),
  };
}
