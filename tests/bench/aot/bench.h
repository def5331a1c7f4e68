// SPDX-License-Identifier: MIT
// What each engine offers to start.c. The counted functions do 32 frames of one of eight voices.

#ifndef TW_BENCH_H
#define TW_BENCH_H

#include <stdint.h>

void bench_init(void);
void bench_saw(int voice);
void bench_filter(int voice);
void bench_mix(int voice);
uint32_t bench_digest(void);

/** A phase increment for each voice: pitches two octaves apart. */
static inline uint32_t bench_increment(int voice) { return 20000000u + 7000000u * (uint32_t)voice; }

/** Says why, and ends. */
_Noreturn void bench_fail(const char *why);

#endif
