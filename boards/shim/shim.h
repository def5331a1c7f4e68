// SPDX-License-Identifier: MIT
// What the parts of the shim know of each other. Nothing here names a chip, a board or a peripheral: such numbers are in the generated image.c.
#ifndef TW_SHIM_H
#define TW_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trap.h"

// ---- the image: written by host/build/image.ts for one firmware on one board -------------------------------------------------------------

/** A handler of the firmware: one row a `@isr`, in the order of the module's vector table. */
typedef struct {
  int16_t irq;             // CMSIS IRQn, negative for the core's own exceptions
  uint8_t priority;        // 0 is the most urgent
  const char *export_name; // of the module
  uint32_t stack_bytes;    // of interpreter stack that its calls take at most
} tw_vector;

/** A store that the shim makes without knowing what it does: to mute, to feed a watchdog, to raise a marker pin. */
typedef struct {
  uint32_t address;
  uint32_t value;
} tw_store;

/** Addresses that firmware may load from and store to; end is the last byte. */
typedef struct {
  uint32_t start;
  uint32_t end;
} tw_range;

#ifdef TW_IMAGE_AT_RUN_TIME
// A build for the computer takes any firmware: there the names below are variables, and the arrays are pointers.
#include "host-image.h"
#else
extern const tw_vector tw_vectors[];
extern const uint32_t tw_vector_count;
extern const uint8_t tw_module[];
extern const uint32_t tw_module_bytes;
/** SHA-256 of the module, its first four bytes: a record of a trap is told from one of another firmware by it. */
/** FNV-1a over the length of the module and its words, the last filled up with zeros; of engines that read the module alone. */
extern const uint32_t tw_module_checksum;
extern const uint32_t tw_module_hash;
extern const tw_range tw_ranges[];
extern const uint32_t tw_range_count;
/** What silences the audio output, in order; called before anything else when the firmware has stopped. */
extern const tw_store tw_mute[];
extern const uint32_t tw_mute_count;
/** What is to be before `init`: pins of markers as outputs, the watchdog started. */
extern const tw_store tw_start_stores[];
extern const uint32_t tw_start_stores_count;
/** What feeds the watchdog; none when the image has none. */
extern const tw_store tw_watchdog_feed[];
extern const uint32_t tw_watchdog_feed_count;
/** For each vector the stores that raise and lower its marker pin; address 0 is none. */
extern const tw_store tw_marker_high[];
extern const tw_store tw_marker_low[];
extern const uint32_t tw_priority_bits;
extern const uint32_t tw_irq_lines;
/** Interpreter stack of `init` and `main`. */
extern const uint32_t tw_main_stack_bytes;
/** After a trap: restart (true) or stay silent until a reset (false). */
extern const bool tw_restarts;

/** Linear memory. */
extern uint8_t tw_memory[TW_MEMORY_BYTES];
/** The linker gives the heap all RAM that nothing else takes; the spare piece may be empty. */
extern uint8_t tw_heap_start[], tw_heap_end[], tw_spare_start[], tw_spare_end[];
#endif

/** RAM that start-up code leaves alone. */
#ifndef TW_NOINIT
#define TW_NOINIT __attribute__((section(".noinit")))
#endif

// ---- shim.c: boot, dispatch, trap ---------------------------------------------------------------------------------------------------------

/** Boots the engine, runs `init` and `main`, then sleeps for ever. */
_Noreturn void tw_run(void);
/** Runs the handler of a vector. Called from the exception itself, by whatever pre-empts whatever. */
void tw_dispatch(uint32_t vector);
/** As tw_trap, with the detail that a fault or an import has. */
_Noreturn void tw_trap_detailed(uint32_t cause, uint32_t function, uint32_t offset, const uint32_t detail[4]);
/** Feeds the watchdog: called when `main` goes to sleep, that is, when nothing is left to do. */
void tw_feed_watchdog(void);

/** What is left of a trap. It lies in RAM that no start-up code touches, and survives a reset. */
typedef struct {
  uint32_t magic;       // TW_RECORD_MAGIC when there is one
  uint32_t cause;       // tw_trap_cause
  uint32_t module_hash;
  uint32_t function;    // function index of the module, TW_NO_OFFSET when unknown
  uint32_t offset;      // byte offset in the module, or word index in the function's code (flag below), or TW_NO_OFFSET
  uint32_t flags;
  uint32_t detail[4];   // of a fault: PC, LR, CFSR, fault address; of abort: message, file, line, column; of a bad argument: its values
  uint32_t cycle;       // DWT_CYCCNT
  uint32_t restarts;    // how often the firmware has been restarted since power-up
  uint8_t running[8];   // vectors that were running, outermost first; 0xFF ends the list
  uint32_t midi_count;  // bytes that had come in
  uint8_t midi[16];     // the last of them, by their number modulo 16
  uint32_t checksum;    // of the words before
} tw_record;
#define TW_RECORD_MAGIC 0x54574352u // "TWCR"
#define TW_RECORD_OFFSET_IS_WORD 1u
extern tw_record tw_last_trap;

// ---- engine-*.c: whatever executes the firmware ---------------------------------------------------------------------------------------------

/** Loads and checks the module, makes every function ready, runs its start function. Traps when it cannot. */
void tw_engine_boot(void);
void tw_engine_init(void);
void tw_engine_main(void);
/** Runs the handler of a vector on a stack of its own. */
void tw_engine_handle(uint32_t vector);
/** Fills in function and offset of a trap that the engine knows more of. */
void tw_engine_locate(tw_record *record);

// ---- heap.c: static memory, given out at boot and never after --------------------------------------------------------------------------------

void *tw_heap_alloc(size_t byte_count);
void *tw_heap_realloc(void *old, size_t byte_count, size_t old_byte_count);
void tw_heap_free(void *pointer);
/** From here on an allocation is a trap. */
void tw_heap_seal(void);
size_t tw_heap_used(void);

// ---- log.c: a ring that a debugger reads (SEGGER RTT's layout), and that never blocks ---------------------------------------------------------

void tw_log_init(void);
/** Appends bytes, all or none; what does not fit is counted. For any context. */
void tw_log_write(const uint8_t *bytes, uint32_t byte_count);
void tw_log_text(const char *text);
/** Bytes that did not fit, for a debugger to read. */
extern volatile uint32_t tw_log_dropped;

// ---- port: what the core does; port-cortex-m.c, and the host's in host/wasm3-host-shim ----------------------------------------------------------

uint32_t tw_port_mask(void);
void tw_port_restore(uint32_t state);
void tw_port_wait(void);
uint32_t tw_port_cycles(void);
void tw_port_irq_enable(int32_t irq);
void tw_port_irq_disable(int32_t irq);
void tw_port_irq_pend(int32_t irq);
void tw_port_irq_priority(int32_t irq, uint32_t priority);
void tw_port_dcache_clean(uintptr_t address, uint32_t byte_count);
void tw_port_dcache_invalidate(uintptr_t address, uint32_t byte_count);
uint32_t tw_port_memory_address(void);
uint32_t tw_port_load8(uint32_t address);
uint32_t tw_port_load16(uint32_t address);
uint32_t tw_port_load32(uint32_t address);
void tw_port_store8(uint32_t address, uint32_t value);
void tw_port_store16(uint32_t address, uint32_t value);
void tw_port_store32(uint32_t address, uint32_t value);
/** Calls a function on another stack, from its top downwards. For boot, with no interrupt enabled; on a computer it is a plain call. */
void tw_port_call_on(uint8_t *top, void (*function)(void));
/** Ends it all: restarts the chip, or stays. */
_Noreturn void tw_port_end(bool restart);

#endif
