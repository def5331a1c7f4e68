// SPDX-License-Identifier: MIT
// Native functions beside the interpreter: which function of the module each stands for, and how wasm3 calls it.

#ifndef TONEWHEEL_KERNELS_H
#define TONEWHEEL_KERNELS_H

#include <stdint.h>

#include "wasm3.h"

typedef struct {
  /** Index of the function in the module, imports first. */
  uint32_t function;
  /** In wasm3's letters: result, then parameters in brackets, e.g. "v(iif)". */
  const char *signature;
  M3RawCall raw;
} tw_kernel;

#ifdef TW_IMAGE_AT_RUN_TIME
extern const tw_kernel *tw_kernels;
extern uint32_t tw_kernel_count;
#else
extern const tw_kernel tw_kernels[];
extern const uint32_t tw_kernel_count;
#endif

#endif
