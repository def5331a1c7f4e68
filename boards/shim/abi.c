// SPDX-License-Identifier: MIT
// The imports of the ABI (host/abi.ts), every argument checked before anything is done with it.

#include "abi.h"

#include "shim.h"

/** @param caller where the import was called from: ahead of time compiled code, or the interpreter's glue */
static _Noreturn void refuse(uint32_t first, uint32_t second, const void *caller) {
  const uint32_t detail[4] = { first, second, (uint32_t)(uintptr_t)caller, 0 };
  tw_trap_detailed(TW_TRAP_BAD_ARGUMENT, TW_NO_OFFSET, TW_NO_OFFSET, detail);
}

/** Aligned, and in linear memory, a peripheral, or one of the ranges that the board adds. What lies in none of them cannot be there. */
__attribute__((always_inline)) static inline void check_address(uint32_t address, uint32_t size) {
  if (address & (size - 1)) refuse(address, size, __builtin_return_address(0));
  // Peripherals and the private peripheral bus: ARMv7-M ARM (DDI 0403E), table B3-1.
  if (address - 0x40000000u < 0x20000000u || address - 0xE0000000u < 0x00100000u) return;
  const uint32_t memory = tw_port_memory_address();
  if (address - memory <= TW_MEMORY_BYTES - size) return;
  for (uint32_t i = 0; i < tw_range_count; i++) {
    if (address >= tw_ranges[i].start && address + (size - 1) <= tw_ranges[i].end) return;
  }
  refuse(address, size, __builtin_return_address(0));
}

__attribute__((always_inline)) static inline void check_irq(int32_t irq) {
  if (irq < -14 || irq >= (int32_t)tw_irq_lines) refuse((uint32_t)irq, tw_irq_lines, __builtin_return_address(0));
}

__attribute__((always_inline)) static inline void check_memory(uint32_t offset, uint32_t byte_count) {
  if (offset > TW_MEMORY_BYTES || byte_count > TW_MEMORY_BYTES - offset) refuse(offset, byte_count, __builtin_return_address(0));
}

uint32_t tw_abi_load8(uint32_t address) {
  check_address(address, 1);
  return tw_port_load8(address);
}
uint32_t tw_abi_load16(uint32_t address) {
  check_address(address, 2);
  return tw_port_load16(address);
}
uint32_t tw_abi_load32(uint32_t address) {
  check_address(address, 4);
  return tw_port_load32(address);
}
void tw_abi_store8(uint32_t address, uint32_t value) {
  check_address(address, 1);
  tw_port_store8(address, value);
}
void tw_abi_store16(uint32_t address, uint32_t value) {
  check_address(address, 2);
  tw_port_store16(address, value);
}
void tw_abi_store32(uint32_t address, uint32_t value) {
  check_address(address, 4);
  tw_port_store32(address, value);
}

void tw_abi_irqEnable(int32_t irq) {
  check_irq(irq);
  tw_port_irq_enable(irq);
}
void tw_abi_irqDisable(int32_t irq) {
  check_irq(irq);
  tw_port_irq_disable(irq);
}
void tw_abi_irqPend(int32_t irq) {
  check_irq(irq);
  tw_port_irq_pend(irq);
}
void tw_abi_irqPriority(int32_t irq, uint32_t priority) {
  check_irq(irq);
  if (priority >= 1u << tw_priority_bits) refuse((uint32_t)irq, priority, __builtin_return_address(0));
  tw_port_irq_priority(irq, priority);
}

uint32_t tw_abi_irqMask(void) { return tw_port_mask(); }
void tw_abi_irqRestore(uint32_t state) { tw_port_restore(state); }

void tw_abi_waitForInterrupt(void) {
  tw_feed_watchdog();
  tw_port_wait();
}

uint32_t tw_abi_cycleCounter(void) { return tw_port_cycles(); }

void tw_abi_dcacheClean(uint32_t offset, uint32_t byteCount) {
  check_memory(offset, byteCount);
  tw_port_dcache_clean((uintptr_t)tw_memory + offset, byteCount);
}
void tw_abi_dcacheInvalidate(uint32_t offset, uint32_t byteCount) {
  check_memory(offset, byteCount);
  tw_port_dcache_invalidate((uintptr_t)tw_memory + offset, byteCount);
}

uint32_t tw_abi_memoryAddress(void) { return tw_port_memory_address(); }

void tw_abi_log(uint32_t offset, uint32_t byteCount) {
  check_memory(offset, byteCount);
  tw_log_write(tw_memory + offset, byteCount);
}

void tw_abi_abort(uint32_t message, uint32_t file, uint32_t line, uint32_t column) {
  const uint32_t detail[4] = { message, file, line, column };
  tw_trap_detailed(TW_TRAP_ABORT, TW_NO_OFFSET, TW_NO_OFFSET, detail);
}
