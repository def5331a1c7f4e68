// SPDX-License-Identifier: MIT
// Writes the C side of the ABI from the table in host/abi.ts: the header that shim and translated firmware include.

import { abi, counters, COUNTERS_OFFSET, RECENT_MIDI_BYTES, RECENT_MIDI_OFFSET, type AbiFunction, type AbiType } from '../abi.js';

const cType = (type: AbiType | 'void'): string => (type === 'void' ? 'void' : type === 'u32' ? 'uint32_t' : 'int32_t');

function prototype([name, { parameters, result, doc }]: [string, AbiFunction]): string {
  const list = parameters.map(([p, type]) => `${cType(type)} ${p}`).join(', ') || 'void';
  return `/** ${doc} */\n${name === 'abort' ? '_Noreturn ' : ''}${cType(result)} tw_abi_${name}(${list});\n`;
}

/** The C text of abi.h. */
export function abiHeader(): string {
  const members = Object.entries(counters).map(([name, [kind, doc]], i) => `  TW_COUNTER_${name} = ${i}, // ${kind}: ${doc}`);
  return `// Generated from host/abi.ts; do not edit.
#ifndef TW_ABI_H
#define TW_ABI_H

#include <stdint.h>

${Object.entries<AbiFunction>(abi).map(prototype).join('\n')}
#define COUNTERS_OFFSET ${COUNTERS_OFFSET}u
#define RECENT_MIDI_OFFSET ${RECENT_MIDI_OFFSET}u
#define RECENT_MIDI_BYTES ${RECENT_MIDI_BYTES}u

/** Counters in linear memory: u32 words from COUNTERS_OFFSET on. */
enum tw_counter {
${members.join('\n')}
};

#endif
`;
}
