// SPDX-License-Identifier: MIT
// Engine "aot": the firmware is C that the build has made of its module (host/build/aot). Calls are calls, and the C stack serves all.

#include <string.h>

#include "aot.h"
#include "shim.h"

void tw_engine_boot(void) {
  memset(tw_memory, 0, TW_MEMORY_BYTES);
  tw_aot_memory_init();
  tw_aot_start();
}

void tw_engine_init(void) { tw_aot_init(); }
void tw_engine_main(void) { tw_aot_main(); }
void tw_engine_handle(uint32_t vector) { tw_aot_handlers[vector](); }

void tw_engine_locate(tw_record *record) {
  if (record->cause == TW_TRAP_ABORT) record->offset = tw_abort_offset;
}
