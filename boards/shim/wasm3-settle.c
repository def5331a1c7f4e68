// SPDX-License-Identifier: MIT
// Settles wasm3's lazy calls: op_Compile with a function becomes op_Call with the function's code, while nothing runs yet.
// The tuned variant has no such calls.
#if !TW_WASM3_TUNED

#include "engine-wasm3.h"
#include "m3_env.h"
#include "shim.h"

// The operations are static in m3_compile.c, which the build has say where they are.
extern const void *const tw_op_call, *const tw_op_compile;

/** The function that a word of code points to, or NULL when it points to none. */
static IM3Function function_at(IM3Module module, const void *word) {
  const size_t offset = (size_t)word - (size_t)module->functions;
  return offset < module->numFunctions * sizeof(M3Function) && offset % sizeof(M3Function) == 0 ? (IM3Function)word : NULL;
}

static void settle_page(IM3CodePage page, IM3Module module) {
  // Immediates lie between the operations, and their lengths are the operations' own business. Two words in a row that are the address of
  // op_Compile and the address of a function are never immediates: the only ones that are functions follow op_Entry and op_CallRawFunction.
  for (uint32_t i = 0; i + 1 < page->info.lineIndex; i++) {
    if (page->code[i] != tw_op_compile) continue;
    const IM3Function function = function_at(module, page->code[i + 1]);
    if (!function) continue;
    if (!function->compiled) tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);
    page->code[i] = (void *)tw_op_call;
    page->code[i + 1] = (void *)function->compiled;
  }
}

void tw_wasm3_settle_calls(IM3Runtime runtime) {
  for (IM3CodePage page = runtime->pagesOpen; page; page = page->info.next) settle_page(page, runtime->modules);
  for (IM3CodePage page = runtime->pagesFull; page; page = page->info.next) settle_page(page, runtime->modules);
}

#endif
