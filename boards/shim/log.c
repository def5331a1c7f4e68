// SPDX-License-Identifier: MIT
// The log: an up-buffer in the memory layout of SEGGER's Real Time Transfer, so that OpenOCD, J-Link and others read it while the firmware runs.

#include <string.h>

#include "shim.h"

#define RING_BYTES 1024u

typedef struct {
  const char *name;
  uint8_t *buffer;
  uint32_t size;
  volatile uint32_t write; // ours
  volatile uint32_t read;  // the debugger's
  uint32_t flags;          // 0: what does not fit is skipped
} rtt_ring;

/** The control block: a debugger looks for the sixteen bytes of its name in RAM. */
struct {
  char id[16];
  int32_t up_count;
  int32_t down_count;
  rtt_ring up[1];
} _SEGGER_RTT;

static uint8_t ring[RING_BYTES];
volatile uint32_t tw_log_dropped;

void tw_log_init(void) {
  rtt_ring *up = &_SEGGER_RTT.up[0];
  up->name = "tonewheel";
  up->buffer = ring;
  up->size = RING_BYTES;
  _SEGGER_RTT.up_count = 1;
  // The name comes last and in two parts: a debugger must find neither a half-made block nor a copy of the name in flash.
  memcpy(_SEGGER_RTT.id + 7, "RTT\0\0\0\0\0", 9);
  memcpy(_SEGGER_RTT.id, "SEGGER ", 7);
}

void tw_log_write(const uint8_t *bytes, uint32_t byte_count) {
  rtt_ring *up = &_SEGGER_RTT.up[0];
  const uint32_t state = tw_port_mask(); // several contexts write; a copy of some dozen bytes is short
  const uint32_t write = up->write;
  const uint32_t used = (write - up->read + RING_BYTES) % RING_BYTES;
  if (byte_count > RING_BYTES - 1 - used) {
    tw_log_dropped += byte_count;
  } else {
    const uint32_t first = byte_count < RING_BYTES - write ? byte_count : RING_BYTES - write;
    memcpy(ring + write, bytes, first);
    memcpy(ring, bytes + first, byte_count - first);
    up->write = (write + byte_count) % RING_BYTES;
  }
  tw_port_restore(state);
}

void tw_log_text(const char *text) { tw_log_write((const uint8_t *)text, (uint32_t)strlen(text)); }
