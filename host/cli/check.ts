// SPDX-License-Identifier: MIT
// `tonewheel check`: proves deadlines, stack and budgets of a firmware before it runs.

import { Command, Option } from 'commander';
import { engineNames, type EngineName } from '../build/image/engine-names.js';
import { boardNamed } from './board.js';
import { checkFirmware } from './inputs.js';
import { byteCount } from './numbers.js';
import { optimizeLate } from './optimizing.js';

interface CheckOptions { board: string; engine: EngineName; stack?: number; mainStack?: number; json?: boolean }

export function checkCommand(): Command {
  return new Command('check')
    .description('prove deadlines, stack and budgets of a firmware for a board, without running it')
    .argument('<firmware>', 'the firmware\'s TypeScript file')
    .requiredOption('--board <board>', 'a name from "tonewheel boards", or a board\'s JSON file')
    .addOption(new Option('--engine <engine>', 'what executes the firmware on the board').choices(engineNames).default('kernels'))
    .option('--stack <bytes>', 'C stack that the image is built with (default: as "tonewheel build" has it)', byteCount)
    .option('--main-stack <bytes>', 'interpreter stack of init and main that it is built with', byteCount)
    .option('--json', 'print one JSON object; its schema is host/check/check-result.schema.json')
    .addHelpText('after', `
C is the worst time of one run, T the least time from one interrupt to the next,
R the worst time from an interrupt until its handler is done, D by when it must
be. Budgets are written in the source, @isr("TIM2", 1, { budget: "10us" }), and
in tonewheel.json beside package.json. What is proven, and under which
assumptions: docs/check.md.

Exit code: 0 all is met; 1 something is not, or does not compile; 2 used wrongly.

  $ tonewheel check synth.ts --board stm32f4-discovery
`)
    .action(async (firmware: string, { board: name, engine, stack, mainStack, json }: CheckOptions) => {
      checkFirmware(firmware);
      optimizeLate();
      const { checkFirmware: prove } = await import('../check/check.js');
      const result = await prove({ firmware, board: boardNamed(name), engine, stackBytes: stack, mainStackBytes: mainStack });
      const { checkText } = await import('../check/text.js');
      console.log(json ? JSON.stringify(result, null, 2) : checkText(result));
      if (!result.passed) process.exitCode = 1;
    });
}
