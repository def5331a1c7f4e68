// SPDX-License-Identifier: MIT
// Engine "wasm3", with or without native kernels: the module is interpreted; each handler runs on a stack region of its own, since a call through
// m3_Call from an interrupt would overwrite the stack of the code that it interrupts.

#include <string.h>

#include "abi.h"
#include "engine-wasm3.h"
#include "m3_compile.h"
#include "m3_env.h"
#include "shim.h"
#include "wasm3-run.h"

static IM3Runtime runtime;
static IM3Module module;
static IM3Function function_init, function_main;

typedef struct {
  IM3Function function;
  uint64_t *base;
  uint64_t *limit;
} handler;
static handler *handlers;

static uint64_t *main_base, *main_limit;

static const struct {
  const M3Result *text;
  uint32_t cause;
} causes[] = {
  { &m3Err_trapUnreachable, TW_TRAP_UNREACHABLE },
  { &m3Err_trapOutOfBoundsMemoryAccess, TW_TRAP_MEMORY_BOUNDS },
  { &m3Err_trapDivisionByZero, TW_TRAP_DIVIDE_BY_ZERO },
  { &m3Err_trapIntegerOverflow, TW_TRAP_INTEGER_OVERFLOW },
  { &m3Err_trapIntegerConversion, TW_TRAP_BAD_CONVERSION },
  { &m3Err_trapIndirectCallTypeMismatch, TW_TRAP_SIGNATURE },
  { &m3Err_trapTableIndexOutOfRange, TW_TRAP_TABLE_BOUNDS },
  { &m3Err_trapTableElementIsNull, TW_TRAP_TABLE_NULL },
  { &m3Err_trapStackOverflow, TW_TRAP_STACK_OVERFLOW },
};

static uint32_t cause_of(M3Result result) {
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) if (strcmp(*causes[i].text, result) == 0) return causes[i].cause;
  return TW_TRAP_BAD_MODULE;
}

static void must(M3Result result) {
  if (!result) return;
  tw_log_text(result);
  tw_log_text("\n");
  tw_trap(cause_of(result), TW_NO_OFFSET);
}

/** A stack of whole 8-byte slots from the heap. */
static uint64_t *stack_of(uint32_t byte_count, uint64_t **limit) {
  const uint32_t slots = (byte_count + 7) / 8;
  uint64_t *base = tw_heap_alloc(8 * slots);
  *limit = base + slots;
  return base;
}

static void run(IM3Function function, uint64_t *base, uint64_t *limit) {
  const char *trap = tw_wasm3_run(function, base, limit);
  if (trap) tw_trap(cause_of(trap), TW_NO_OFFSET);
}

static IM3Function find(const char *name) {
  IM3Function function;
  must(m3_FindFunction(&function, runtime, name));
  return function;
}

void tw_engine_boot(void) {
  memset(tw_memory, 0, TW_MEMORY_BYTES);
  IM3Environment environment = m3_NewEnvironment();
  // The runtime's own stack is that of init and main.
  runtime = m3_NewRuntime(environment, tw_main_stack_bytes, 0);
  main_base = runtime->stack;
  main_limit = main_base + tw_main_stack_bytes / 8;
  must(m3_ParseModule(environment, &module, tw_module, tw_module_bytes));

  // Linear memory is where the linker put it: DMA reads it there, and it never moves.
  const uint32_t pages = module->memoryInfo.initPages;
  if (module->memoryImported || pages * 65536u != TW_MEMORY_BYTES) tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);
  M3MemoryHeader *header = (M3MemoryHeader *)(tw_memory - sizeof(M3MemoryHeader));
  header->length = TW_MEMORY_BYTES;
  header->runtime = runtime;
  header->maxStack = (m3slot_t *)runtime->stack + runtime->numStackSlots;
  runtime->memory.mallocated = header;
  runtime->memory.numPages = runtime->memory.maxPages = pages;
  module->memoryImported = true;

  must(m3_LoadModule(runtime, module));
  tw_wasm3_link_abi(module);
  tw_wasm3_bind_kernels(module);
  must(m3_CompileModule(module));
#if !TW_WASM3_TUNED
  tw_wasm3_settle_calls(runtime);
#endif

  handlers = tw_heap_alloc(tw_vector_count * sizeof *handlers + 1);
  for (uint32_t i = 0; i < tw_vector_count; i++) {
    handlers[i].function = find(tw_vectors[i].export_name);
    handlers[i].base = stack_of(tw_vectors[i].stack_bytes, &handlers[i].limit);
  }
  function_init = find("init");
  function_main = find("main");
  if (module->startFunction >= 0) {
    IM3Function start = &module->functions[module->startFunction];
    module->startFunction = -1;
    run(start, main_base, main_limit);
  }
}

void tw_engine_init(void) { run(function_init, main_base, main_limit); }
void tw_engine_main(void) { run(function_main, main_base, main_limit); }

void tw_engine_handle(uint32_t vector) {
  const handler *h = &handlers[vector];
  run(h->function, h->base, h->limit);
}

void tw_engine_locate(tw_record *record) {
  const pc_t at = tw_wasm3_trap_pc();
  if (!at) return;
  // The function whose code begins last before it: each function's code is one piece.
  pc_t best = 0;
  for (uint32_t i = 0; i < module->numFunctions; i++) {
    const pc_t start = module->functions[i].compiled;
    if (start && start <= at && start > best) {
      best = start;
      record->function = i;
    }
  }
  record->offset = (uint32_t)(at - best);
  record->flags |= TW_RECORD_OFFSET_IS_WORD;
}
