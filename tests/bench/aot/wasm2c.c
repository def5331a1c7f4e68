// SPDX-License-Identifier: MIT
// kernels.as.ts as wabt's wasm2c makes it; wasm2c.h is its output's header. The peer that ahead-of-time compilation is measured beside.

#include "bench.h"
#include "wasm2c.h"

enum { PAGE_BYTES = 65536 };

static Z_kernels_instance_t module;
static uint32_t oscillators[8], filters[8], glides[4], blocks[8];
static uint8_t memory[PAGE_BYTES];

void wasm_rt_trap(wasm_rt_trap_t code) { (void)code, bench_fail("trap"); }
void wasm_rt_allocate_memory(wasm_rt_memory_t *made, uint32_t pages, uint32_t most) {
  (void)pages;
  *made = (wasm_rt_memory_t){ .data = memory, .pages = 1, .max_pages = most, .size = PAGE_BYTES };
}
void wasm_rt_free_memory(wasm_rt_memory_t *freed) { (void)freed; }
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *grown, uint32_t pages) { (void)grown, (void)pages; return 0xffffffffu; }
uint32_t wasm_rt_register_func_type(uint32_t parameters, uint32_t results, ...) { (void)parameters, (void)results; return 0; }
bool wasm_rt_is_initialized(void) { return true; }
void wasm_rt_init(void) {}
void Z_envZ_abort(struct Z_env_instance_t *env, u32 message, u32 file, u32 line, u32 column) {
  (void)env, (void)message, (void)file, (void)line, (void)column, bench_fail("abort");
}

void bench_init(void) {
  Z_kernels_init_module();
  Z_kernels_instantiate(&module, 0);
  for (uint32_t i = 0; i < 8; i++) {
    oscillators[i] = Z_kernelsZ_oscillatorOf(&module, i);
    filters[i] = Z_kernelsZ_filterOf(&module, i);
    blocks[i] = Z_kernelsZ_blockOf(&module, i);
    if (i < 4) glides[i] = Z_kernelsZ_glideOf(&module, i);
  }
}
void bench_saw(int i) { Z_kernelsZ_renderSaw(&module, oscillators[i], blocks[i], 32, bench_increment(i), 0.25f); }
void bench_filter(int i) { Z_kernelsZ_renderSvf(&module, filters[i], blocks[i], 32); }
void bench_mix(int i) { Z_kernelsZ_mixGliding(&module, blocks[i], 32, glides[0], glides[1], glides[2], glides[3]); }
uint32_t bench_digest(void) { return Z_kernelsZ_digest(&module); }
