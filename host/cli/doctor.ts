// SPDX-License-Identifier: MIT
// `tonewheel doctor`: which tools are here, which are missing, how to get them.

import { Command } from 'commander';
import { diagnose, diagnosisText, type Check } from '../tools/doctor.js';

/** @param checks what has to be right besides the tools */
export function doctorCommand(checks: readonly Check[] = []): Command {
  return new Command('doctor')
    .description('which tools are here, which are missing, and how to get them')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
Exit code: 0 when all is here that "npm start" and "tonewheel build" need: node
20.6, npm, arm-none-eabi-gcc with its binutils, newlib. 1 when something of
these is missing. Everything else is optional, and each line says what for.
`)
    .action(async ({ json }: { json?: boolean }) => {
      const diagnosis = await diagnose(checks);
      console.log(json ? JSON.stringify(diagnosis, null, 2) : diagnosisText(diagnosis));
      if (!diagnosis.ok) process.exitCode = 1;
    });
}
