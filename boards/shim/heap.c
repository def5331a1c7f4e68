// SPDX-License-Identifier: MIT
// The interpreter's memory: given out from bottom to top of one or two pieces of RAM while it boots, and sealed after. Only what was given out last
// can be given back.

#include <string.h>

#include "shim.h"

#define ALIGNMENT 8u

static struct {
  uint8_t *next;
  uint8_t *last;
  uint8_t *end;
} pieces[2];
static bool sealed;

static size_t rounded(size_t byte_count) { return (byte_count + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1); }

static void open_pieces(void) {
  if (pieces[0].next) return;
  pieces[0].next = tw_heap_start;
  pieces[0].end = tw_heap_end;
  pieces[1].next = (uint8_t *)rounded((size_t)tw_spare_start);
  pieces[1].end = tw_spare_end > pieces[1].next ? tw_spare_end : pieces[1].next;
}

static void must_be_open(void) {
  if (sealed) tw_trap(TW_TRAP_HEAP_AFTER_BOOT, TW_NO_OFFSET);
}

void *tw_heap_alloc(size_t byte_count) {
  must_be_open();
  open_pieces();
  const size_t size = rounded(byte_count);
  for (int i = 0; i < 2; i++) {
    if (size > (size_t)(pieces[i].end - pieces[i].next)) continue;
    pieces[i].last = pieces[i].next;
    pieces[i].next += size;
    memset(pieces[i].last, 0, size);
    return pieces[i].last;
  }
  tw_trap(TW_TRAP_HEAP_EXHAUSTED, TW_NO_OFFSET);
}

void *tw_heap_realloc(void *old, size_t byte_count, size_t old_byte_count) {
  if (byte_count <= old_byte_count) return old;
  must_be_open();
  for (int i = 0; old && i < 2; i++) {
    if (old != pieces[i].last || rounded(byte_count) > (size_t)(pieces[i].end - pieces[i].last)) continue;
    pieces[i].next = pieces[i].last + rounded(byte_count);
    memset(pieces[i].last + old_byte_count, 0, byte_count - old_byte_count);
    return old;
  }
  void *moved = tw_heap_alloc(byte_count);
  if (old) {
    memcpy(moved, old, old_byte_count);
    tw_heap_free(old);
  }
  return moved;
}

void tw_heap_free(void *pointer) {
  for (int i = 0; pointer && i < 2; i++) {
    if (pointer != pieces[i].last) continue;
    pieces[i].next = pieces[i].last;
    pieces[i].last = 0;
  }
}

void tw_heap_seal(void) { sealed = true; }

size_t tw_heap_used(void) {
  open_pieces();
  return (size_t)(pieces[0].next - tw_heap_start) + (size_t)(pieces[1].next - (uint8_t *)rounded((size_t)tw_spare_start));
}
