// SPDX-License-Identifier: MIT
// kernels.as.ts as our translator makes it; translated.h is its output.

#include "bench.h"
#include "translated.h"

_Alignas(16) uint8_t tw_memory[TW_MEMORY_BYTES];
_Noreturn void tw_trap(uint32_t cause, uint32_t offset) { (void)cause, (void)offset; bench_fail("trap"); }
void bench_init(void) {
  tw_aot_memory_init();
  tw_aot_start();
}
void bench_saw(void) { tw_export_saw(); }
void bench_filter(void) { tw_export_filter(); }
void bench_mix(void) { tw_export_mix(); }
void bench_voice(void) { tw_export_voice(); }
uint32_t bench_digest(void) { return tw_export_digest(); }
