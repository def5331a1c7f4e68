// SPDX-License-Identifier: MIT
// The interpreter's memory: one piece, given out from bottom to top while it boots, and sealed after. Only the last piece can be given back.

#include <string.h>

#include "shim.h"

// The linker gives the heap all RAM of its region that nothing else takes.
extern uint8_t tw_heap_start[], tw_heap_end[];

#define ALIGNMENT 8u
static uint8_t *next;
static uint8_t *last;
static bool sealed;

static size_t rounded(size_t byte_count) { return (byte_count + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1); }

void *tw_heap_alloc(size_t byte_count) {
  if (sealed) tw_trap(TW_TRAP_HEAP_AFTER_BOOT, TW_NO_OFFSET);
  if (!next) next = tw_heap_start;
  const size_t size = rounded(byte_count);
  if (size > (size_t)(tw_heap_end - next)) tw_trap(TW_TRAP_HEAP_EXHAUSTED, TW_NO_OFFSET);
  last = next;
  next += size;
  memset(last, 0, size);
  return last;
}

void *tw_heap_realloc(void *old, size_t byte_count, size_t old_byte_count) {
  if (byte_count <= old_byte_count) return old;
  if (old && old == last) {
    if (sealed) tw_trap(TW_TRAP_HEAP_AFTER_BOOT, TW_NO_OFFSET);
    const size_t size = rounded(byte_count);
    if (size > (size_t)(tw_heap_end - last)) tw_trap(TW_TRAP_HEAP_EXHAUSTED, TW_NO_OFFSET);
    memset(last + old_byte_count, 0, size - old_byte_count);
    next = last + size;
    return old;
  }
  void *moved = tw_heap_alloc(byte_count);
  if (old) memcpy(moved, old, old_byte_count);
  return moved;
}

void tw_heap_free(void *pointer) {
  if (pointer && pointer == last) {
    next = last;
    last = 0;
  }
}

void tw_heap_seal(void) { sealed = true; }
size_t tw_heap_used(void) { return next ? (size_t)(next - tw_heap_start) : 0; }
size_t tw_heap_left(void) { return (size_t)(tw_heap_end - (next ? next : tw_heap_start)); }
