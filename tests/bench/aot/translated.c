// SPDX-License-Identifier: MIT
// kernels.as.ts as our translator makes it; translated.h is its output.

#include "bench.h"
#include "translated.h"

_Alignas(16) uint8_t tw_memory[TW_MEMORY_BYTES];
_Noreturn void tw_trap(uint32_t cause, uint32_t offset) { (void)cause, (void)offset; bench_fail("trap"); }

static uint32_t oscillators[8], filters[8], glides[4], blocks[8];

void bench_init(void) {
  tw_aot_memory_init();
  tw_aot_start();
  for (uint32_t i = 0; i < 8; i++) {
    oscillators[i] = tw_export_oscillatorOf(i);
    filters[i] = tw_export_filterOf(i);
    blocks[i] = tw_export_blockOf(i);
    if (i < 4) glides[i] = tw_export_glideOf(i);
  }
}
void bench_saw(int i) { tw_export_renderSaw(oscillators[i], blocks[i], 32, bench_increment(i), 0.25f); }
void bench_filter(int i) { tw_export_renderSvf(filters[i], blocks[i], 32); }
void bench_mix(int i) { tw_export_mixGliding(blocks[i], 32, glides[0], glides[1], glides[2], glides[3]); }
uint32_t bench_digest(void) { return tw_export_digest(); }
