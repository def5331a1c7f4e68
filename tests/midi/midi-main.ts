// SPDX-License-Identifier: MIT
// The `midi` command alone, as a program that specs start.

import { Command } from 'commander';
import { midiCommand } from '../../host/cli/midi.js';

await new Command('tonewheel').addCommand(midiCommand()).parseAsync();
