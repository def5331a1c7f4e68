// SPDX-License-Identifier: MIT
// Port to the computer: the core is the emulated machine's, in JavaScript, and interrupts fall between two operations of the interpreter.

#include "port-host.h"

#include <string.h>

#include "kernels.h"
#include "m3_env.h"
#include "shim.h"

const tw_vector *tw_vectors;
uint32_t tw_vector_count;
const uint8_t *tw_module;
uint32_t tw_module_bytes, tw_module_hash;
const tw_range *tw_ranges;
uint32_t tw_range_count;
const tw_store *tw_mute, *tw_start_stores, *tw_watchdog_feed, *tw_marker_high, *tw_marker_low;
uint32_t tw_mute_count, tw_start_stores_count, tw_watchdog_feed_count;
uint32_t tw_priority_bits, tw_irq_lines, tw_main_stack_bytes;
bool tw_restarts;
uint8_t *tw_memory;
uint32_t tw_memory_bytes, tw_memory_address;
uint8_t *tw_heap_start, *tw_heap_end, *tw_spare_start, *tw_spare_end;

int32_t tw_mail[TW_MAIL_WORDS];
uint8_t tw_log_out[TW_LOG_BYTES];
int32_t tw_ops_left;
const void *tw_op_pc;

const tw_kernel *tw_kernels;
uint32_t tw_kernel_count;

const void *tw_op_tick(void) {
  tw_call_host(TW_CALLBACK_tick);
  return NULL;
}

static bool find(IM3CodePage page, pc_t pc, u32 *offset) {
  for (; page; page = page->info.next) if (ContainsPC(page, pc)) return MapPCToOffset(page, pc, offset);
  return false;
}

int32_t tw_host_offset(const void *pc) {
  // The engine has left its runtime in the header in front of linear memory.
  const IM3Runtime runtime = ((M3MemoryHeader *)tw_memory)[-1].runtime;
  if (!pc || !runtime) return -1;
  const pc_t operation = (pc_t)pc - 1;
  u32 offset;
  return find(runtime->pagesOpen, operation, &offset) || find(runtime->pagesFull, operation, &offset) ? (int32_t)offset : -1;
}

int32_t tw_host_offset_of_word(uint32_t function, uint32_t word) {
  const IM3Runtime runtime = ((M3MemoryHeader *)tw_memory)[-1].runtime;
  if (!runtime || !runtime->modules || function >= runtime->modules->numFunctions) return -1;
  const IM3Function of = &runtime->modules->functions[function];
  int32_t offset = -1;
  uint32_t nearest = 0;
  for (int full = 0; full < 2; full++) {
    for (IM3CodePage page = full ? runtime->pagesFull : runtime->pagesOpen; page; page = page->info.next) {
      const M3CodeMappingPage *const map = page->info.mapping;
      for (u32 i = 0; i < map->size; i++) {
        const uint32_t at = tw_engine_word(of, map->basePC + map->entries[i].pcOffset);
        if (at > word || at < nearest) continue;
        nearest = at;
        offset = (int32_t)map->entries[i].moduleOffset;
      }
    }
  }
  return offset;
}

static uint32_t ask(enum tw_callback callback, uint32_t first, uint32_t second) {
  tw_mail[0] = (int32_t)first;
  tw_mail[1] = (int32_t)second;
  return tw_call_host(callback);
}

void tw_port_call_on(uint8_t *top, void (*function)(void)) {
  (void)top;
  function();
}

uint32_t tw_port_load8(uint32_t address) { return ask(TW_CALLBACK_load8, address, 0); }
uint32_t tw_port_load16(uint32_t address) { return ask(TW_CALLBACK_load16, address, 0); }
uint32_t tw_port_load32(uint32_t address) { return ask(TW_CALLBACK_load32, address, 0); }
void tw_port_store8(uint32_t address, uint32_t value) { ask(TW_CALLBACK_store8, address, value); }
void tw_port_store16(uint32_t address, uint32_t value) { ask(TW_CALLBACK_store16, address, value); }
void tw_port_store32(uint32_t address, uint32_t value) { ask(TW_CALLBACK_store32, address, value); }

void tw_port_irq_enable(int32_t irq) { ask(TW_CALLBACK_irqEnable, (uint32_t)irq, 0); }
void tw_port_irq_disable(int32_t irq) { ask(TW_CALLBACK_irqDisable, (uint32_t)irq, 0); }
void tw_port_irq_pend(int32_t irq) { ask(TW_CALLBACK_irqPend, (uint32_t)irq, 0); }
void tw_port_irq_priority(int32_t irq, uint32_t priority) { ask(TW_CALLBACK_irqPriority, (uint32_t)irq, priority); }

uint32_t tw_port_mask(void) { return ask(TW_CALLBACK_irqMask, 0, 0); }

// The debugger's part of the log: log.c keeps its ring in the layout that debuggers know.
extern struct {
  char id[16];
  int32_t up_count, down_count;
  struct {
    const char *name;
    const uint8_t *buffer;
    uint32_t size;
    volatile uint32_t write, read;
    uint32_t flags;
  } up[1];
} _SEGGER_RTT;

static void drain_log(void) {
  const uint32_t size = _SEGGER_RTT.up[0].size;
  uint32_t read = _SEGGER_RTT.up[0].read;
  uint32_t count = 0;
  for (; read != _SEGGER_RTT.up[0].write; read = (read + 1) % size) tw_log_out[count++] = _SEGGER_RTT.up[0].buffer[read];
  _SEGGER_RTT.up[0].read = read;
  if (count > 0) ask(TW_CALLBACK_log, count, 0);
}

/** Every writer to the log ends with this, while interrupts are still masked. */
void tw_port_restore(uint32_t state) {
  drain_log();
  ask(TW_CALLBACK_irqRestore, state, 0);
}

void tw_port_wait(void) { ask(TW_CALLBACK_waitForInterrupt, 0, 0); }
uint32_t tw_port_cycles(void) { return ask(TW_CALLBACK_cycleCounter, 0, 0); }

// The emulated bus has no cache, and abi.c has checked the range.
void tw_port_dcache_clean(uintptr_t address, uint32_t byte_count) { (void)address, (void)byte_count; }
void tw_port_dcache_invalidate(uintptr_t address, uint32_t byte_count) { (void)address, (void)byte_count; }

uint32_t tw_port_memory_address(void) { return tw_memory_address; }

/** JavaScript throws, with what the record says. */
_Noreturn void tw_port_end(bool restart) {
  (void)restart;
  tw_mail[0] = (int32_t)tw_last_trap.cause;
  tw_mail[1] = (int32_t)tw_last_trap.function;
  memcpy(tw_mail + 2, tw_last_trap.detail, sizeof tw_last_trap.detail);
  tw_call_host(TW_CALLBACK_end);
  for (;;) tw_port_wait();
}
