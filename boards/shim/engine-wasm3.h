// SPDX-License-Identifier: MIT
// What engine-wasm3.c wants of the files that the build generates for it.
#ifndef TW_ENGINE_WASM3_H
#define TW_ENGINE_WASM3_H

#include "wasm3.h"

/** Links every import of the ABI that the module has. Generated from host/abi.ts. */
void tw_wasm3_link_abi(IM3Module module);
/** Makes every call an operation that never changes; for wasm3 as it comes. */
void tw_wasm3_settle_calls(IM3Module module);
/** Which word of a function's code a place is; see engine-wasm3.c. */
uint32_t tw_engine_word(IM3Function function, const void *place);

#endif
