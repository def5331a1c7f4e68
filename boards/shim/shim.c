// SPDX-License-Identifier: MIT
// Boot, the way into handlers, and what happens when the firmware cannot go on.

#include <string.h>

#include "abi.h"
#include "shim.h"

tw_record tw_last_trap TW_NOINIT;

/** Vectors that are running, outermost first. A handler that pre-empts restores what it found, so plain stores are enough. */
static volatile uint8_t running[8];
static volatile uint32_t depth;

static uint32_t checksum_of(const tw_record *record) {
  const uint32_t *word = (const uint32_t *)record;
  uint32_t sum = 0x811C9DC5u; // FNV-1a, a word at a time
  for (size_t i = 0; i < offsetof(tw_record, checksum) / 4; i++) sum = (sum ^ word[i]) * 0x01000193u;
  return sum;
}

static void store_all(const tw_store *stores, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) tw_port_store32(stores[i].address, stores[i].value);
}

void tw_feed_watchdog(void) { store_all(tw_watchdog_feed, tw_watchdog_feed_count); }

static void report_last_trap(void) {
  if (tw_last_trap.magic != TW_RECORD_MAGIC || tw_last_trap.checksum != checksum_of(&tw_last_trap)) {
    memset(&tw_last_trap, 0, sizeof tw_last_trap);
    return;
  }
  // For whoever reads the log alone: the record as hex, which `tonewheel record` turns into a line of the source.
  static const char digits[] = "0123456789abcdef";
  tw_log_text("tonewheel record ");
  const uint8_t *bytes = (const uint8_t *)&tw_last_trap;
  for (size_t i = 0; i < sizeof tw_last_trap; i++) {
    const uint8_t hex[2] = { (uint8_t)digits[bytes[i] >> 4], (uint8_t)digits[bytes[i] & 15] };
    tw_log_write(hex, 2);
  }
  tw_log_text("\n");
}

_Noreturn void tw_run(void) {
  tw_log_init();
  report_last_trap();
  tw_engine_boot();
  tw_heap_seal();
  for (uint32_t i = 0; i < tw_vector_count; i++) tw_port_irq_priority(tw_vectors[i].irq, tw_vectors[i].priority);
  store_all(tw_start_stores, tw_start_stores_count);
  tw_engine_init();
  tw_engine_main();
  for (;;) {
    tw_feed_watchdog();
    tw_port_wait();
  }
}

void tw_dispatch(uint32_t vector) {
  const uint32_t at = depth;
  if (at < sizeof running) running[at] = (uint8_t)vector;
  depth = at + 1;
  if (tw_marker_high[vector].address) store_all(&tw_marker_high[vector], 1);
  tw_engine_handle(vector);
  if (tw_marker_low[vector].address) store_all(&tw_marker_low[vector], 1);
  depth = at;
}

_Noreturn void tw_trap_detailed(uint32_t cause, uint32_t function, uint32_t offset, const uint32_t detail[4]) {
  tw_port_mask();
  store_all(tw_mute, tw_mute_count);
  const uint32_t restarts = tw_last_trap.magic == TW_RECORD_MAGIC ? tw_last_trap.restarts : 0;
  tw_record *record = &tw_last_trap;
  memset(record, 0, sizeof *record);
  record->magic = TW_RECORD_MAGIC;
  record->cause = cause;
  record->module_hash = tw_module_hash;
  record->function = function;
  record->offset = offset;
  if (detail) memcpy(record->detail, detail, sizeof record->detail);
  record->cycle = tw_port_cycles();
  record->restarts = restarts + (tw_restarts ? 1 : 0);
  memset(record->running, 0xFF, sizeof record->running);
  for (uint32_t i = 0; i < depth && i < sizeof running; i++) record->running[i] = running[i];
  memcpy(&record->midi_count, tw_memory + TW_RECENT_MIDI_OFFSET, 4);
  memcpy(record->midi, tw_memory + TW_RECENT_MIDI_OFFSET + 4, sizeof record->midi);
  if (function == TW_NO_OFFSET && offset == TW_NO_OFFSET) tw_engine_locate(record);
  record->checksum = checksum_of(record);
  tw_port_end(tw_restarts);
}

_Noreturn void tw_trap(uint32_t cause, uint32_t offset) { tw_trap_detailed(cause, TW_NO_OFFSET, offset, 0); }
