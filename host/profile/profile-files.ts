// SPDX-License-Identifier: MIT
// What `profile --report` leaves in its directory.

import { join } from 'node:path';
import { prepareOutput, writeWhole } from '../output.js';
import { blocksCsv, functionsCsv, handlersCsv, linesCsv } from './exports/csv.js';
import { speedscopeFile } from './exports/speedscope.js';
import { traceFile, WHOLE_RUN } from './exports/trace-events.js';
import { profileHtml } from './page/profile-html.js';
import type { Profiled } from './profile.js';
import type { WrittenFile } from './summary.js';

/** By what they are called; the trace of the wires is written while the firmware runs. */
const FILES = {
  report: 'profile.html', numbers: 'profile.json', blocks: 'blocks.csv', handlers: 'handlers.csv', functions: 'functions.csv', lines: 'lines.csv',
  speedscope: 'profile.speedscope.json', Perfetto: 'profile.trace.json', wires: 'profile.vcd',
} as const;

/** Where the markers of handlers go during the run. */
export const vcdIn = (directory: string): string => join(directory, FILES.wires);

/** Makes the directory, and finds out whether it can be written to. @throws OutputError */
export async function prepareProfileFiles(directory: string): Promise<void> {
  for (const name of Object.values(FILES)) await prepareOutput(join(directory, name));
}

/** Each file appears when it is whole. @returns those written, the trace of the wires included */
export async function writeProfileFiles(directory: string, { result, blocks, log, session }: Profiled): Promise<WrittenFile[]> {
  const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
  const trace = traceFile(result, log, blocks, session.emulated.recorder.midi());
  const contents: Record<Exclude<keyof typeof FILES, 'wires'>, string> = {
    report: await profileHtml(result), numbers: json(result), blocks: blocksCsv(result, blocks), handlers: handlersCsv(result), functions: functionsCsv(result), lines: linesCsv(result),
    speedscope: json(speedscopeFile(result)), Perfetto: json(trace),
  };
  for (const [kind, text] of Object.entries(contents)) writeWhole(join(directory, FILES[kind as keyof typeof FILES]), text);
  const notes: Partial<Record<string, string>> = trace.otherData.shown === WHOLE_RUN ? {} : { Perfetto: trace.otherData.shown };
  return Object.entries(FILES).map(([kind, name]) => ({ kind, path: join(directory, name), note: notes[kind] }));
}
