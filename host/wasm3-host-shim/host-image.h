// SPDX-License-Identifier: MIT
// What an image's constants are on a board, as variables: the computer's build takes any firmware. shim.h includes this in their place.
#ifndef TW_HOST_IMAGE_H
#define TW_HOST_IMAGE_H

extern const tw_vector *tw_vectors;
extern uint32_t tw_vector_count;
extern const uint8_t *tw_module;
extern uint32_t tw_module_bytes, tw_module_hash;
extern const tw_range *tw_ranges;
extern uint32_t tw_range_count;
extern const tw_store *tw_mute, *tw_start_stores, *tw_watchdog_feed, *tw_marker_high, *tw_marker_low;
extern uint32_t tw_mute_count, tw_start_stores_count, tw_watchdog_feed_count;
extern uint32_t tw_priority_bits, tw_irq_lines, tw_main_stack_bytes;
extern bool tw_restarts;
extern uint8_t *tw_memory;
extern uint32_t tw_memory_bytes;
#define TW_MEMORY_BYTES tw_memory_bytes
extern uint8_t *tw_heap_start, *tw_heap_end, *tw_spare_start, *tw_spare_end;

#endif
