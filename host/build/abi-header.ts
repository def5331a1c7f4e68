// SPDX-License-Identifier: MIT
// Writes the C side of the ABI from the table in host/abi.ts: what the shim implements and compiled firmware calls.

import { abi, RECENT_MIDI_OFFSET, type AbiFunction, type AbiType } from '../abi.js';

const cType: Record<AbiType | 'void', string> = { u32: 'uint32_t', i32: 'int32_t', void: 'void' };

function prototype([name, { parameters, result, doc }]: [string, AbiFunction]): string {
  const list = parameters.map(([p, type]) => `${cType[type]} ${p}`).join(', ') || 'void';
  return `/** ${doc} */\n${cType[result]} tw_abi_${name}(${list});\n`;
}

/** The text of abi.h. */
export function abiHeader(): string {
  return '// SPDX-License-Identifier: MIT\n// Generated from host/abi.ts; do not edit.\n#ifndef TW_ABI_H\n#define TW_ABI_H\n\n#include <stdint.h>\n\n'
    + `/** In linear memory: how many MIDI bytes have come in, then the last of them. */\n#define RECENT_MIDI_OFFSET ${RECENT_MIDI_OFFSET}u\n\n`
    + `${Object.entries<AbiFunction>(abi).map(prototype).join('\n')}\n#endif\n`;
}
