// SPDX-License-Identifier: MIT
// Writes the C side of the ABI from the table in host/abi.ts.

import { abi, counters, COUNTERS_OFFSET, RECENT_MIDI_OFFSET, type AbiFunction } from '../abi.js';

const C_NAMES = { u32: 'uint32_t', i32: 'int32_t', void: 'void' } as const;

function cPrototype([name, { parameters, result, doc }]: [string, AbiFunction]): string {
  const list = parameters.map(([p, type]) => `${C_NAMES[type]} ${p}`).join(', ') || 'void';
  return `/** ${doc} */\n${name === 'abort' ? '_Noreturn ' : ''}${C_NAMES[result]} tw_abi_${name}(${list});\n`;
}

/** The text of abi.h: a prototype for each import, and the counters. */
export function abiHeader(): string {
  const members = Object.entries(counters).map(([name, [kind, doc]], i) => `  /** ${kind}: ${doc} */\n  TW_COUNTER_${name} = ${i},`);
  return [
    '// SPDX-License-Identifier: MIT',
    '// Generated from host/abi.ts; do not edit.',
    '',
    '#ifndef TONEWHEEL_ABI_H',
    '#define TONEWHEEL_ABI_H',
    '',
    '#include <stdint.h>',
    '',
    ...Object.entries<AbiFunction>(abi).map(cPrototype),
    '/** Byte offset of the counters in linear memory: u32 words, in the order of enum tw_counter. */',
    `#define TW_COUNTERS_OFFSET ${COUNTERS_OFFSET}u`,
    '/** Byte offset of the last MIDI bytes received: their number as a u32, then a ring of 16 bytes. */',
    `#define TW_RECENT_MIDI_OFFSET ${RECENT_MIDI_OFFSET}u`,
    '',
    'enum tw_counter {',
    ...members,
    `  TW_COUNTER_COUNT = ${members.length},`,
    '};',
    '',
    '#endif',
    '',
  ].join('\n');
}
