// SPDX-License-Identifier: MIT
// Writes the AssemblyScript side of the ABI from the table in host/abi.ts.

import { join } from 'node:path';
import { abi, ABI_MODULE, counters, COUNTERS_OFFSET, RECENT_MIDI_BYTES, RECENT_MIDI_OFFSET, type AbiFunction } from '../abi.js';
import { packageRoot } from '../paths.js';
import { writeGenerated } from './generated.js';

/** Where the generated declarations live; firmware imports them as "…/shim/abi". */
export const abiDeclarations = join(packageRoot, 'assembly', 'shim', 'abi.ts');

function declaration([name, { parameters, result, doc }]: [string, AbiFunction]): string {
  const signature = parameters.map(([p, type]) => `${p}: ${type}`).join(', ');
  return `/** ${doc} */\n// @ts-ignore: decorator\n@external("${ABI_MODULE}", "${name}")\nexport declare function ${name}(${signature}): ${result};\n`;
}

function counterEnum(): string {
  const members = Object.entries(counters).map(([name, [kind, doc]], i) => `  /** ${kind}: ${doc} */\n  ${name} = ${i},`);
  return `/** Counters in linear memory, u32 words from COUNTERS_OFFSET on. */\nexport const COUNTERS_OFFSET: usize = ${COUNTERS_OFFSET};\n\n`
    + `export const enum Counter {\n${members.join('\n')}\n}\n`;
}

/** First byte after what the host reads: where the module's own data may begin. */
export const memoryBase = RECENT_MIDI_OFFSET + 4 + RECENT_MIDI_BYTES;

function recentMidi(): string {
  return '/** The last MIDI bytes received: their number as u32, then a ring of bytes. */\n'
    + `export const RECENT_MIDI_OFFSET: usize = ${RECENT_MIDI_OFFSET};\nexport const RECENT_MIDI_BYTES: u32 = ${RECENT_MIDI_BYTES};\n`;
}

/** The AssemblyScript text. `abort` is left out: the compiler declares it by itself. */
export function abiSource(): string {
  const functions = Object.entries<AbiFunction>(abi).filter(([name]) => name !== 'abort').map(declaration);
  return `// Generated from host/abi.ts; do not edit.\n\n${functions.join('\n')}\n${counterEnum()}\n${recentMidi()}`;
}

/** Brings `assembly/shim/abi.ts` up to date. */
export const writeAbiDeclarations = (): Promise<void> => writeGenerated(abiDeclarations, abiSource());
