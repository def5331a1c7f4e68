// SPDX-License-Identifier: MIT
// What engine-wasm3.c wants of the files that the build generates for it.
#ifndef TW_ENGINE_WASM3_H
#define TW_ENGINE_WASM3_H

#include "wasm3.h"

/** Links every import of the ABI that the module has. Generated from host/abi.ts. */
void tw_wasm3_link_abi(IM3Module module);
/** Binds the functions that are compiled ahead of time, if any. Generated for the firmware. */
void tw_wasm3_bind_kernels(IM3Module module);

#if !TW_WASM3_TUNED
/**
 * Calls to functions that had not been compiled yet compile them when they first run, and rewrite themselves in two stores, which an interrupt could
 * split. With every function compiled, all such sites can be settled at boot. Traps when one is left. (wasm3-settle.c)
 */
void tw_wasm3_settle_calls(IM3Runtime runtime);
#endif

/** Where the interpreter was when the firmware trapped or an import failed: in the code of a function, behind the operation's own word; NULL when
 *  that is not known. */
const void *tw_wasm3_trap_pc(void);

#endif
