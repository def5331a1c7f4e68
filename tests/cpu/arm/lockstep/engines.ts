// SPDX-License-Identifier: MIT
// The two engines against each other: the same program, stopped at the same random cycles, must be at the same place in the same state.

import { STATE } from '../../../../host/cpu/arm/state.js';
import { RunEnded } from '../../../../host/machine/machine.js';
import { bareArm } from '../../../../host/testing/bare-arm.js';
import { elfFile } from '../../../../host/testing/elf-file.js';
import type { Program } from './generate.js';
import { Random } from './random.js';
import { IMAGE_BYTES } from './scene.js';

/** Cycles between two looks at most. */
const LONGEST = 200;

/** What is looked at: cycle, R0 to R15, xPSR, FPSCR, S0 to S31. */
function run(program: Program, seed: number, hot: number | false): { states: Uint32Array[]; ram: Uint8Array; translated: number } {
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(program.image.subarray(0, IMAGE_BYTES));
  const arm = bareArm(elfFile({ loads: [{ physical: 0, bytes: image }] }), { hot });
  const { cpu, machine: { timeline }, ram } = arm;
  const random = new Random(seed);
  const states: Uint32Array[] = [];
  const look = (): void => {
    const { state, special } = cpu;
    states.push(Uint32Array.from([timeline.now, ...state.subarray(STATE.R, STATE.R + 16), special.xpsr, special.fpscr, ...state.subarray(STATE.S, STATE.S + 32)]));
    if (state[STATE.PC] === program.end) throw new RunEnded();
    timeline.at(timeline.now + random.between(1, LONGEST), look);
  };
  timeline.at(random.between(1, LONGEST), look);
  arm.run();
  return { states, ram: ram.bytes, translated: arm.engine?.translated.instructions ?? 0 };
}

/**
 * Runs a program in the interpreter, and with every block translated at once, and compares registers, flags and cycle at random deadlines, and RAM at
 * the end.
 * @returns what differs first, if anything does, and how much was looked at
 */
export function compareEngines(program: Program, seed: number): { difference: string | undefined; looks: number; translated: number } {
  const interpreted = run(program, seed, false);
  const translated = run(program, seed, 0);
  const looks = interpreted.states.length;
  const text = (state: Uint32Array | undefined) => (state ? Array.from(state, (word) => word.toString(16)).join(' ') : 'nothing');
  const at = interpreted.states.findIndex((state, i) => text(state) !== text(translated.states[i]));
  let difference: string | undefined;
  if (at >= 0) difference = `look ${at}: interpreter ${text(interpreted.states[at])}, translator ${text(translated.states[at])}`;
  else if (!interpreted.ram.every((byte, i) => byte === translated.ram[i])) difference = 'RAM at the end';
  return { difference, looks, translated: translated.translated };
}
