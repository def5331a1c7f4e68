// SPDX-License-Identifier: MIT
// `tonewheel midi decode` and `midi encode`: the firmware's own parser and encoder as filters on standard input and output.

import type { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import { loadMidiTool, type MidiTool } from '../midi/tool.js';
import { decodeLine } from '../midi/decode.js';
import { encodeLine } from '../midi/encode.js';
import { InputError } from '../midi/input-error.js';
import { LineWriter, readLines } from './lines.js';

type LineFunction = (tool: MidiTool, line: string) => string;

/** A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours. */
function endQuietlyWhenClosed(output: Writable): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

/** Runs every line through `convert`. Lines before a bad one are written; the bad one is named on standard error, and the exit code is 2. */
async function filter(command: string, input: Readable, output: Writable, convert: LineFunction): Promise<void> {
  const tool = await loadMidiTool();
  const writer = new LineWriter(output);
  endQuietlyWhenClosed(output);
  let lineNumber = 0;
  try {
    for await (const line of readLines(input)) {
      lineNumber++;
      const flushed = writer.line(convert(tool, line));
      if (flushed) await flushed;
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`tonewheel midi ${command}: line ${lineNumber}: ${error.message}\n`);
    process.exitCode = 2;
  }
  await writer.flush();
}

const eventHelp = `
Events, with ch 0 to 15, n and v 0 to 127 unless said otherwise:
  note_on note_off poly_pressure cc  {t, ch, n, v}
  program chan_pressure              {t, ch, v}
  pitch_bend                         {t, ch, v}  v 0 to 16383
  mtc_qf song_select                 {t, v}
  song_pos                           {t, v}      v 0 to 16383
  tune_request clock start continue stop active_sensing reset  {t}
  sysex                              {t, data}   hex, F0 to F7
  sysex_chunk                        {t, data}   part of a SysEx that is longer
                                                 than the buffer of 4096 bytes
  sysex_abort                        {t}         the open SysEx ended without F7
`;

/** The `midi` command with its two subcommands, to be mounted on the main program. */
export function midiCommand(): Command {
  const midi = new Command('midi').description("run bytes and events through the firmware's own MIDI parser and encoder");
  midi.command('decode')
    .description('hex byte streams on standard input, one a line, to JSON arrays of events; each line starts afresh')
    .option('--diag', 'end each array with an element that counts what was lost')
    .addHelpText('after', `${eventHelp}
Each event has \`at\`, the 0-based index of the byte that completed it. With
--diag the last element is {t: "diag", orphan_data, truncated, sysex_aborted,
stray_eox, undefined, sysex_overflow}.

  $ echo '90 3C 64' | tonewheel midi decode
  [{"t":"note_on","ch":0,"n":60,"v":100,"at":2}]
`)
    .action((options: { diag?: boolean }) =>
      filter('decode', process.stdin, process.stdout, (tool, line) => decodeLine(tool, line, options.diag === true)));
  midi.command('encode')
    .description('JSON arrays of events on standard input, one a line, to hex byte streams; each line starts afresh')
    .option('--running-status', 'leave out a channel status that repeats the one before')
    .addHelpText('after', `${eventHelp}
Elements of type sysex_abort, error and diag, and the key \`at\`, are read and
send nothing.

  $ echo '[{"t":"pitch_bend","ch":0,"v":8192}]' | tonewheel midi encode
  e00040
`)
    .action((options: { runningStatus?: boolean }) =>
      filter('encode', process.stdin, process.stdout, (tool, line) => encodeLine(tool, line, options.runningStatus === true)));
  return midi;
}
