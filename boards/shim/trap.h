// SPDX-License-Identifier: MIT
// Why a firmware stopped. The numbers are part of the record's format: append, never renumber. host/build/trap-record.ts has the words for them.
#ifndef TW_TRAP_H
#define TW_TRAP_H

#include <stdint.h>

enum tw_cause {
  TW_TRAP_NONE = 0,
  TW_TRAP_UNREACHABLE = 1,
  TW_TRAP_MEMORY_BOUNDS = 2,
  TW_TRAP_DIVIDE_BY_ZERO = 3,
  TW_TRAP_INTEGER_OVERFLOW = 4,
  TW_TRAP_BAD_CONVERSION = 5,
  TW_TRAP_TABLE_BOUNDS = 6,
  TW_TRAP_TABLE_NULL = 7,
  TW_TRAP_SIGNATURE = 8,
  TW_TRAP_STACK_OVERFLOW = 9,
  TW_TRAP_ABORT = 10,          // AssemblyScript's abort: a failed assertion or bounds check
  TW_TRAP_BAD_ARGUMENT = 11,   // an import was given an address, interrupt or range that is not there
  TW_TRAP_HEAP_EXHAUSTED = 12, // at boot
  TW_TRAP_HEAP_AFTER_BOOT = 13,
  TW_TRAP_BAD_MODULE = 14,     // it does not parse, validate or link
  TW_TRAP_FAULT = 15,          // HardFault, MemManage, BusFault or UsageFault
  TW_TRAP_UNHANDLED_IRQ = 16,  // an interrupt without a handler
  TW_TRAP_HANDLER_STACK = 17,  // a handler's stack region is too small
};

#endif
