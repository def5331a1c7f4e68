// SPDX-License-Identifier: MIT
// What the host's port and the N-API addon know of each other.
#ifndef TW_PORT_HOST_H
#define TW_PORT_HOST_H

#include <stdint.h>

/** The JavaScript functions that the port calls, by the names that they have there. Arguments and results go through tw_mail. */
#define TW_CALLBACKS(X) \
  X(load8) X(load16) X(load32) X(store8) X(store16) X(store32) X(irqEnable) X(irqDisable) X(irqPend) X(irqPriority) X(irqMask) X(irqRestore) \
  X(waitForInterrupt) X(cycleCounter) X(tick) X(log) X(end)

enum tw_callback {
#define X(name) TW_CALLBACK_##name,
  TW_CALLBACKS(X)
#undef X
  TW_CALLBACK_COUNT
};

/** Arguments from word 0 on; a result in word 0. */
#define TW_MAIL_WORDS 8
extern int32_t tw_mail[TW_MAIL_WORDS];
/** Text of the log, on its way to JavaScript. */
#define TW_LOG_BYTES 1024
extern uint8_t tw_log_out[TW_LOG_BYTES];

/** Operations until the next tick, and the operation that runs (wasm3's build counts the one and writes the other). */
extern int32_t tw_ops_left;
extern const void *tw_op_pc;

/** Calls JavaScript. When it throws, this does not return: the C code is left at the point where JavaScript entered it. @return word 0 of tw_mail */
uint32_t tw_call_host(enum tw_callback callback);

/** Physical address of linear memory. */
extern uint32_t tw_memory_address;

/** Offset in the module of the operation that ran when the firmware stopped, or -1. */
int32_t tw_host_offset(const void *pc);
/** Byte offset in the module of the operation that has a word of a function's code, as a board's record of a trap names it; -1 when there is none. */
int32_t tw_host_offset_of_word(uint32_t function, uint32_t word);

#endif
