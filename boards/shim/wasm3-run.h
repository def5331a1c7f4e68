// SPDX-License-Identifier: MIT
// Runs one compiled wasm3 function on a stack region of the caller's, from the main program or from an interrupt handler at any point of it.
#ifndef TW_WASM3_RUN_H
#define TW_WASM3_RUN_H

#include "m3_env.h"

#ifdef TW_OP_HOOK
extern int32_t tw_ops_left;
#endif

/**
 * Calls `f` with its slots at `base`: 8 bytes each, results first, then arguments, which the caller has written (a 32-bit value in the first four
 * bytes of its slot). Results are read from `base` afterwards.
 *
 * An interrupt may pre-empt interpreted code anywhere and call this on a region that no code below it uses. The one thing shared is the stack limit:
 * it is set on entry and put back on exit, so whatever nests sees its own, and what was interrupted finds it as it left it.
 * @param base first byte of the region, 8-byte aligned
 * @param limit first byte after it
 * @return NULL, or the trap: one of wasm3's m3Err_trap… strings
 */
static inline const void *tw_wasm3_run(IM3Function f, uint64_t *base, uint64_t *limit)
{
#if TW_WASM3_TUNED
    void *saved = tw_max_stack;
    tw_max_stack = limit;
    const void *trap = tw_run_code(f->compiled, (m3stack_t)base);
    tw_max_stack = saved;
#else
    M3MemoryHeader *memory = f->module->runtime->memory.mallocated;
    void *volatile *maxStack = (void *volatile *)&memory->maxStack;
    void *saved = *maxStack;
    *maxStack = limit;
    const void *trap = RunCode(f->compiled, (m3stack_t)base, memory, d_m3OpDefaultArgs);
    *maxStack = saved;
#endif
    return trap;
}

#endif
