// SPDX-License-Identifier: MIT
// wasm3 as it comes compiles a function when it is first called, and the calling operation then rewrites itself in two stores, which an interrupt
// can split. Once all functions are compiled, these operations are made plain calls. Compiled in place of m3_compile.c, whose operations have
// addresses in that file alone.

#include "m3_compile.c"

#include "engine-wasm3.h"

static void settle(IM3CodePage page, IM3Module module) {
  const M3Function *const first = module->functions;
  const M3Function *const last = first + module->numFunctions;
  for (; page; page = page->info.next) {
    for (u32 i = 0; i + 1 < page->info.lineIndex; i++) {
      // A constant might look like the operation, but not with one of the functions behind it.
      const M3Function *const callee = page->code[i + 1];
      if (page->code[i] != (code_t)op_Compile || callee < first || callee >= last || !callee->compiled) continue;
      page->code[i] = (code_t)op_Call;
      page->code[i + 1] = (code_t)callee->compiled;
    }
  }
}

void tw_wasm3_settle_calls(IM3Module module) {
  settle(module->runtime->pagesOpen, module);
  settle(module->runtime->pagesFull, module);
}
