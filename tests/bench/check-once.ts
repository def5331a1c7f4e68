// SPDX-License-Identifier: MIT
// One check in a process of its own, as a command has it: prints the seconds since the process began at which each phase began, and at the end.

import { loadBoard } from '../../host/boards/index.js';
import { checkFirmware } from '../../host/check/check.js';
import { optimizeLate } from '../../host/cli/optimizing.js';

const began: [phase: string, seconds: number][] = [];
const now = (phase: string): void => void began.push([phase, performance.now() / 1000]);
optimizeLate();
await checkFirmware({ firmware: process.argv[2], board: loadBoard('stm32f4-discovery'), engine: 'aot', onPhase: now });
now('end');
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ began, cpuSeconds: (user + system) / 1e6 }));
