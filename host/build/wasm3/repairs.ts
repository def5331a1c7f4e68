// SPDX-License-Identifier: MIT
// Defects of wasm3 0.5.0 that write where they must not, or refuse a valid module; repaired in both variants. tests/wasm3 meets each of them.

import type { Edits } from './edits.js';

/** Makes the repairs. */
export function repair(edits: Edits): void {
  // A branch with a float result and more operands below it in its block: the float goes to its register, but the count of values to copy still had
  // it in, so the operand below was copied to slot 60002, 240 KB behind the frame.
  edits.replace('m3_compile.c', `_           (CopyStackTopToRegister (o, false));
            --endIndex;
`, `_           (CopyStackTopToRegister (o, false));
            --endIndex;
            --numValues;
`);
  // A callee looks for room on the stack after its arguments were written. The caller has to have room for them.
  edits.replace('m3_compile.c', '    u16 argTop = topSlot + (numArgs + numRets) * c_ioSlotCount;\n',
    '    u16 argTop = topSlot + (numArgs + numRets) * c_ioSlotCount;\n    if (argTop) TouchSlot (o, argTop - 1);\n');
  // Growing by so much that the number of pages overflows made memory smaller.
  edits.replace('m3_exec.h', '        u32 requiredPages = memory->numPages + numPagesToGrow;\n',
    '        u32 requiredPages = numPagesToGrow > d_m3MaxLinearMemoryPages ? UINT32_MAX : memory->numPages + numPagesToGrow;\n');
  // An element segment without elements, in a table that is still empty, counted as a failed allocation.
  edits.replace('m3_env.c', '            _throwifnull(io_module->table0);\n',
    '            _throwif (m3Err_mallocFailed, endElement and not io_module->table0);\n');
}
