// SPDX-License-Identifier: MIT
// Adaptors by which wasm3 calls native code: its raw functions find results first, then arguments, in slots of 8 bytes.

import { C_TYPES } from './function.js';
import type { Signature, ValueType } from './sections.js';

/** wasm3's letters for types, as in m3_LinkRawFunction's signatures. */
const LETTERS: Readonly<Record<ValueType, string>> = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' };

/** The C of one adaptor, and its row in tw_kernels. */
export function rawAdaptor(index: number, name: string, signature: Signature): { code: string; row: string } {
  const { parameters, results } = signature;
  const loads = parameters.map((type, i) => `*(const ${C_TYPES[type]} *)(sp + ${results.length + i})`);
  const call = `${name}(${loads.join(', ')})`;
  const code = [
    `static const void *raw${index}(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp, void *memory) {`,
    '  (void)runtime, (void)context, (void)sp, (void)memory;',
    `  ${results.length > 0 ? `*(${C_TYPES[results[0]]} *)sp = ` : ''}${call};`,
    '  return m3Err_none;',
    '}',
  ].join('\n');
  const text = `${results.map((type) => LETTERS[type]).join('') || 'v'}(${parameters.map((type) => LETTERS[type]).join('')})`;
  return { code, row: `{ ${index}u, "${text}", raw${index} }` };
}

