// SPDX-License-Identifier: MIT
// `tonewheel demo`, which is `npm start`: the demo synth plays the piece that the package ships.

import { join, relative } from 'node:path';
import { Command } from 'commander';
import { loadBoard } from '../boards/index.js';
import { runSession } from '../emulator/session.js';
import { prepareOutput } from '../output.js';
import { assemblyDir } from '../paths.js';
import { summary } from '../profile/summary.js';
import { writeDemoPiece } from '../../music/canon-in-d.js';
import { progressBar } from './progress.js';
import { failOnBrokenBudgets } from './run.js';

const BOARD = 'stm32f4-discovery';
/** The I2S lines go into the VCD for the first notes only: the whole piece would be gigabytes. */
const VCD_WINDOW = [1, 1.5] as const;

export function demoCommand(): Command {
  return new Command('demo')
    .description('play the shipped piece on the demo synth; leaves WAV, VCD and report under build/demo')
    .option('--out <dir>', 'where to leave them', join('build', 'demo'))
    .action(async ({ out }: { out: string }) => {
      const midi = join(out, 'canon-in-d.mid');
      await prepareOutput(midi);
      await writeDemoPiece(midi);
      const firmware = relative(process.cwd(), join(assemblyDir, 'firmware', 'synth.ts'));
      const files = { wav: join(out, 'canon-in-d.wav'), vcd: join(out, 'canon-in-d.vcd'), report: out };
      const command = `npx tonewheel run ${firmware} --board ${BOARD} --midi ${midi} --wav ${files.wav} --vcd ${files.vcd} --vcd-window ${VCD_WINDOW.join(':')} --report ${out}`;
      console.error(`Pachelbel's Canon, ${firmware} on ${BOARD}`);
      const bar = progressBar(true);
      const session = await runSession({ firmware, board: loadBoard(BOARD), midi, ...files, vcdWindow: VCD_WINDOW, command, onProgress: bar.update }).finally(bar.stop);
      console.log(summary(session.result, [{ kind: 'music', path: midi }, ...session.files]));
      failOnBrokenBudgets(session.result, session);
    });
}
