// SPDX-License-Identifier: MIT
// Writes the C that links the ABI's imports into wasm3: one raw function a row of the table in host/abi.ts.

import { abi, ABI_MODULE, type AbiFunction, type AbiType } from '../abi.js';

const cType: Record<AbiType, string> = { u32: 'uint32_t', i32: 'int32_t' };

/** A result has the first slot, arguments the ones after it; without a result they begin at the first. */
function wrapper([name, { parameters, result }]: [string, AbiFunction]): string {
  const first = result === 'void' ? 0 : 1;
  const list = parameters.map(([, type], i) => `*(${cType[type]} *)(sp + ${first + i})`).join(', ');
  const call = `tw_abi_${name}(${list})`;
  return `static const void *raw_${name}(IM3Runtime runtime, IM3ImportContext context, uint64_t *sp, void *memory) {\n`
    + `  (void)runtime, (void)context, (void)memory${parameters.length + first === 0 ? ', (void)sp' : ''};\n`
    + `  ${result === 'void' ? '' : `*(${cType[result]} *)sp = `}${call};\n  return NULL;\n}\n`;
}

/** The text of abi-wasm3.c. Include directories: boards/shim, wasm3's, and that of the generated abi.h. */
export function abiWasm3Source(): string {
  const rows = Object.entries<AbiFunction>(abi);
  const links = rows.map(([name, { parameters, result }]) =>
    `  link(module, "${name}", "${result === 'void' ? 'v' : 'i'}(${'i'.repeat(parameters.length)})", raw_${name});\n`);
  return '// SPDX-License-Identifier: MIT\n// Generated from host/abi.ts; do not edit.\n\n#include <stddef.h>\n\n#include "abi.h"\n#include "engine-wasm3.h"\n#include "shim.h"\n\n'
    + `${rows.map(wrapper).join('\n')}\n`
    + '/** A module need not have every import; one that it has must have the ABI\'s signature. */\n'
    + 'static void link(IM3Module module, const char *name, const char *signature, M3RawCall function) {\n'
    + `  const M3Result result = m3_LinkRawFunction(module, "${ABI_MODULE}", name, signature, function);\n`
    + '  if (!result || result == m3Err_functionLookupFailed) return;\n'
    + `  tw_log_text("import ${ABI_MODULE}.");\n  tw_log_text(name);\n  tw_log_text(": ");\n  tw_log_text(result);\n  tw_log_text("\\n");\n`
    + '  tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);\n}\n\n'
    + `void tw_wasm3_link_abi(IM3Module module) {\n${links.join('')}}\n`;
}
