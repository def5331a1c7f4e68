// SPDX-License-Identifier: MIT
// Why a firmware stopped. The numbers are kept in the record that survives reset, so they never change their meaning; host/build/image/trap-record.ts
// has the words for them.

#ifndef TONEWHEEL_TRAP_H
#define TONEWHEEL_TRAP_H

#include <stdint.h>

enum tw_trap_cause {
  TW_TRAP_NONE = 0,
  // WebAssembly's own, in the words of its specification.
  TW_TRAP_UNREACHABLE = 1,
  TW_TRAP_MEMORY_OUT_OF_BOUNDS = 2,
  TW_TRAP_DIVIDE_BY_ZERO = 3,
  TW_TRAP_INTEGER_OVERFLOW = 4,
  TW_TRAP_INVALID_CONVERSION = 5,
  TW_TRAP_TABLE_OUT_OF_BOUNDS = 6,
  TW_TRAP_NULL_TABLE_ENTRY = 7,
  TW_TRAP_SIGNATURE_MISMATCH = 8,
  TW_TRAP_STACK_OVERFLOW = 9,
  // Of code that is compiled ahead of time: a float at an address that is no multiple of 4, where the module promised one.
  TW_TRAP_UNALIGNED = 10,
  // The shim's.
  TW_TRAP_ABORT = 16,          // AssemblyScript's abort: a failed assertion or bounds check
  TW_TRAP_BAD_ARGUMENT = 17,   // an import was given an address, interrupt or range that is not there
  TW_TRAP_HEAP_EXHAUSTED = 18, // at boot
  TW_TRAP_BAD_MODULE = 19,     // its checksum is wrong, or it does not parse or link
  TW_TRAP_UNEXPECTED_INTERRUPT = 20,
  TW_TRAP_HEAP_AFTER_BOOT = 21,
  // The core's faults: 30 and the exception's number (Armv7-M Architecture Reference Manual, B1.5.2).
  TW_TRAP_HARD_FAULT = 33,
  TW_TRAP_MEMORY_MANAGEMENT = 34,
  TW_TRAP_BUS_FAULT = 35,
  TW_TRAP_USAGE_FAULT = 36,
};

/** Of a trap outside of WebAssembly code: there is no offset. */
#define TW_NO_OFFSET 0xffffffffu

/**
 * Stops the firmware: mutes the output, keeps the record, then restarts or halts.
 * @param cause of enum tw_trap_cause
 * @param offset of the instruction in the shipped .wasm, in bytes, or TW_NO_OFFSET
 */
__attribute__((cold)) _Noreturn void tw_trap(uint32_t cause, uint32_t offset);

#endif
