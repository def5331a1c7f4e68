// SPDX-License-Identifier: MIT
// What each engine offers to start.c. The counted functions render one block of 32 frames of eight voices.

#ifndef TW_BENCH_H
#define TW_BENCH_H

#include <stdint.h>

void bench_init(void);
void bench_saw(void);
void bench_filter(void);
void bench_mix(void);
void bench_voice(void);
uint32_t bench_digest(void);

/** Says why, and ends. */
_Noreturn void bench_fail(const char *why);

#endif
