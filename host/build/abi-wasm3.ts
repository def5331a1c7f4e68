// SPDX-License-Identifier: MIT
// Writes the glue between wasm3 and the shim's imports, from the table in host/abi.ts: one raw function each, and the linking of all.

import { abi, ABI_MODULE, type AbiFunction } from '../abi.js';

/** wasm3 hands a raw function its slots, 8 bytes each: the result first, then the arguments. */
function wrapper([name, { parameters, result }]: [string, AbiFunction]): string {
  const first = result === 'void' ? 0 : 1;
  const args = parameters.map(([, type], i) => `${type === 'i32' ? '(int32_t)' : '(uint32_t)'}_sp[${first + i}]`).join(', ');
  const call = `tw_abi_${name}(${args})`;
  return `m3ApiRawFunction(raw_${name}) {
  (void)runtime; (void)_ctx; (void)_mem; (void)_sp;
  ${result === 'void' ? `${call};` : `_sp[0] = (uint32_t)${call};`}
  ${name === 'abort' ? '' : 'return m3Err_none;'}
}
`;
}

const signature = ({ parameters, result }: AbiFunction): string => `${result === 'void' ? 'v' : 'i'}(${'i'.repeat(parameters.length)})`;

/** The C text of abi-wasm3.c. */
export function abiWasm3Source(): string {
  const functions = Object.entries<AbiFunction>(abi);
  const rows = functions.map(([name, f]) => `  { "${name}", "${signature(f)}", raw_${name} },`);
  return `// Generated from host/abi.ts; do not edit.
#include "abi.h"
#include "engine-wasm3.h"
#include "shim.h"

${functions.map(wrapper).join('\n')}
static const struct {
  const char *name;
  const char *signature;
  M3RawCall function;
} imports[] = {
${rows.join('\n')}
};

void tw_wasm3_link_abi(IM3Module module) {
  for (uint32_t i = 0; i < sizeof imports / sizeof *imports; i++) {
    // A module imports only what it uses.
    const M3Result result = m3_LinkRawFunction(module, "${ABI_MODULE}", imports[i].name, imports[i].signature, imports[i].function);
    if (result && result != m3Err_functionLookupFailed) {
      tw_log_text(result);
      tw_log_text(imports[i].name);
      tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);
    }
  }
}
`;
}
