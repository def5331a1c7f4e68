// SPDX-License-Identifier: MIT
// Engine "wasm3", with or without native kernels: the module is interpreted; each handler runs on a stack region of its own, since a call through
// m3_Call from an interrupt would overwrite the stack of the code that it interrupts.

#include <string.h>

#include "abi.h"
#include "engine-wasm3.h"
#include "kernels.h"
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

/** wasm3 tells its traps apart by the addresses of their messages. */
static uint32_t cause_of(M3Result result) {
  if (result == m3Err_trapUnreachable) return TW_TRAP_UNREACHABLE;
  if (result == m3Err_trapOutOfBoundsMemoryAccess) return TW_TRAP_MEMORY_OUT_OF_BOUNDS;
  if (result == m3Err_trapDivisionByZero) return TW_TRAP_DIVIDE_BY_ZERO;
  if (result == m3Err_trapIntegerOverflow) return TW_TRAP_INTEGER_OVERFLOW;
  if (result == m3Err_trapIntegerConversion) return TW_TRAP_INVALID_CONVERSION;
  if (result == m3Err_trapIndirectCallTypeMismatch) return TW_TRAP_SIGNATURE_MISMATCH;
  if (result == m3Err_trapTableIndexOutOfRange) return TW_TRAP_TABLE_OUT_OF_BOUNDS;
  if (result == m3Err_trapTableElementIsNull) return TW_TRAP_NULL_TABLE_ENTRY;
  if (result == m3Err_trapStackOverflow) return TW_TRAP_STACK_OVERFLOW;
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

/** Functions that are compiled ahead of time get native code in place of interpreted, by their index. */
static void bind_kernels(void) {
  for (uint32_t i = 0; i < tw_kernel_count; i++) {
    const tw_kernel *kernel = &tw_kernels[i];
    if (kernel->function >= module->numFunctions) tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);
    must(CompileRawFunction(module, &module->functions[kernel->function], kernel->raw, 0));
  }
}

#ifndef TW_IMAGE_AT_RUN_TIME
/** Damaged flash, or one that was written in part: nothing of it goes to the interpreter, which expects a module that a compiler made. */
static void check_module(void) {
  const uint32_t *word = (const uint32_t *)tw_module;
  uint32_t sum = (0x811c9dc5u ^ tw_module_bytes) * 0x01000193u;
  for (uint32_t i = 0; i < (tw_module_bytes + 3) / 4; i++) sum = (sum ^ word[i]) * 0x01000193u;
  if (sum == tw_module_checksum) return;
  tw_log_text("the module is damaged: its checksum is wrong\n");
  tw_trap(TW_TRAP_BAD_MODULE, TW_NO_OFFSET);
}
#endif

static void compile(void) {
  tw_wasm3_link_abi(module);
  bind_kernels();
  must(m3_CompileModule(module));
#if !TW_WASM3_TUNED
  tw_wasm3_settle_calls(module);
#endif
}

// wasm3's own, of m3_env.c; in none of its headers.
M3Result InitDataSegments(M3Memory *io_memory, IM3Module io_module);

void tw_engine_boot(void) {
#ifndef TW_IMAGE_AT_RUN_TIME
  check_module();
#endif
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
  _Static_assert(sizeof(M3MemoryHeader) <= 32, "the linker script leaves 32 bytes in front of linear memory");
  M3MemoryHeader *header = (M3MemoryHeader *)(tw_memory - sizeof(M3MemoryHeader));
  header->length = TW_MEMORY_BYTES;
  header->runtime = runtime;
  header->maxStack = (m3slot_t *)runtime->stack + runtime->numStackSlots;
  runtime->memory.mallocated = header;
  runtime->memory.numPages = runtime->memory.maxPages = pages;
  module->memoryImported = true;

  // wasm3 compiles blocks by recursion, which takes far more stack than the firmware ever will. Linear memory has room for it, as long as nothing is
  // in there; so its data comes after.
  const u32 segments = module->numDataSegments;
  module->numDataSegments = 0;
  must(m3_LoadModule(runtime, module));
  tw_port_call_on(tw_memory + TW_MEMORY_BYTES, compile);
  module->numDataSegments = segments;
  memset(tw_memory, 0, TW_MEMORY_BYTES);
  must(InitDataSegments(&runtime->memory, module));

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
#if TW_WASM3_TUNED
  // The code that is interrupted may be inside of an import.
  const pc_t call = tw_call_pc;
  run(h->function, h->base, h->limit);
  tw_call_pc = call;
#else
  run(h->function, h->base, h->limit);
#endif
}

static IM3CodePage page_of(pc_t pc) {
  for (int full = 0; full < 2; full++) {
    for (IM3CodePage page = full ? runtime->pagesFull : runtime->pagesOpen; page; page = page->info.next) {
      if (pc >= (pc_t)page->code && pc < (pc_t)page->code + page->info.lineIndex) return page;
    }
  }
  return 0;
}

/**
 * Which word of a function's code a place is, counted as if the code lay in one piece: the branch at a page's end, which leads to the next, is left out.
 * It is the same on every computer that compiles the module, whatever the sizes of its pages and words.
 * @return TW_NO_OFFSET for a place that is not in the function
 */
uint32_t tw_engine_word(IM3Function function, const void *place) {
  const pc_t pc = place;
  const IM3CodePage last = page_of(pc);
  uint32_t words = 0;
  pc_t at = function->compiled;
  for (IM3CodePage page = at ? page_of(at) : 0; page; page = page_of(at)) {
    if (page == last) return pc >= at ? words + (uint32_t)(pc - at) : TW_NO_OFFSET;
    const pc_t branch = (pc_t)page->code + page->info.lineIndex - 2;
    if (branch < at) break;
    words += (uint32_t)(branch - at);
    at = (pc_t)branch[1];
  }
  return TW_NO_OFFSET;
}

void tw_engine_locate(tw_record *record) {
#if TW_WASM3_TUNED
  // An operation that trapped, or the last word of the call of an import that failed.
  const pc_t pc = tw_trap_pc ? tw_trap_pc : tw_call_pc ? tw_call_pc - 2 : 0;
  if (!pc) return;
  // Of the functions that have it in their code, the one that begins last: code of one follows that of another.
  for (uint32_t i = 0; i < module->numFunctions; i++) {
    const uint32_t word = tw_engine_word(&module->functions[i], pc);
    if (word == TW_NO_OFFSET || word >= record->offset) continue;
    record->function = i;
    record->offset = word;
    record->flags |= TW_RECORD_OFFSET_IS_WORD;
  }
#else
  (void)record;
#endif
}
