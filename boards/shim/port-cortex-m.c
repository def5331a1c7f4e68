// SPDX-License-Identifier: MIT
// Port to ARMv7-M: start-up, exceptions, faults, NVIC, cycle counter, caches. ARMv7-M Architecture Reference Manual (DDI 0403E), sections cited.

#include <string.h>

#include "shim.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SCB_ICSR REGISTER(0xE000ED04)  // B3.2.4
#define SCB_VTOR REGISTER(0xE000ED08)
#define SCB_AIRCR REGISTER(0xE000ED0C) // B3.2.6
#define SCB_CCR REGISTER(0xE000ED14)
#define SCB_SHPR ((volatile uint8_t *)0xE000ED18) // B3.2.10: byte n - 4 is exception n's
#define SCB_SHCSR REGISTER(0xE000ED24)
#define SCB_CFSR REGISTER(0xE000ED28)
#define SCB_MMFAR REGISTER(0xE000ED34)
#define SCB_BFAR REGISTER(0xE000ED38)
#define SCB_CPACR REGISTER(0xE000ED88) // B3.2.20
#define SCB_CLIDR REGISTER(0xE000ED78)
#define SCB_DCCIMVAC REGISTER(0xE000EF70) // B2.2.7: clean and invalidate, invalidate, clean, by address
#define SCB_DCIMVAC REGISTER(0xE000EF5C)
#define SCB_DCCMVAC REGISTER(0xE000EF68)
#define SCB_CTR REGISTER(0xE000ED7C)
#define SCB_ICIALLU REGISTER(0xE000EF50)
#define NVIC_ISER ((volatile uint32_t *)0xE000E100)
#define NVIC_ICER ((volatile uint32_t *)0xE000E180)
#define NVIC_ISPR ((volatile uint32_t *)0xE000E200)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400)
#define DEMCR REGISTER(0xE000EDFC)     // C1.6.5
#define DWT_CTRL REGISTER(0xE0001000)  // C1.8.7
#define DWT_CYCCNT REGISTER(0xE0001004)
#define MPU_TYPE REGISTER(0xE000ED90)  // B3.5
#define MPU_CTRL REGISTER(0xE000ED94)
#define MPU_RNR REGISTER(0xE000ED98)
#define MPU_RBAR REGISTER(0xE000ED9C)
#define MPU_RASR REGISTER(0xE000EDA0)

extern uint32_t tw_data_start[], tw_data_end[], tw_data_load[], tw_bss_start[], tw_bss_end[];
extern uint8_t tw_stack_guard[];
extern void *const tw_exception_table[];

static inline void barrier(void) { __asm volatile("dsb\n isb" ::: "memory"); }

uint32_t tw_port_mask(void) {
  uint32_t state;
  __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
  return state;
}
void tw_port_restore(uint32_t state) { __asm volatile("msr primask, %0" ::"r"(state) : "memory"); }
void tw_port_wait(void) { __asm volatile("dsb\n wfi" ::: "memory"); }
uint32_t tw_port_cycles(void) { return DWT_CYCCNT; }

void tw_port_irq_enable(int32_t irq) {
  if (irq >= 0) NVIC_ISER[irq >> 5] = 1u << (irq & 31);
}
void tw_port_irq_disable(int32_t irq) {
  if (irq < 0) return;
  NVIC_ICER[irq >> 5] = 1u << (irq & 31);
  barrier(); // it is not taken any more when this returns
}
void tw_port_irq_pend(int32_t irq) {
  if (irq >= 0) NVIC_ISPR[irq >> 5] = 1u << (irq & 31);
  else if (irq == -2) SCB_ICSR = 1u << 28;  // PENDSVSET
  else if (irq == -1) SCB_ICSR = 1u << 26;  // PENDSTSET
  else if (irq == -14) SCB_ICSR = 1u << 31; // NMIPENDSET
  barrier();
}
void tw_port_irq_priority(int32_t irq, uint32_t priority) {
  const uint8_t raw = (uint8_t)(priority << (8 - tw_priority_bits));
  if (irq >= 0) NVIC_IPR[irq] = raw;
  else if (irq >= -12) SCB_SHPR[irq + 16 - 4] = raw;
}

/** Bytes of a data cache line, 0 without a data cache: CTR.DminLine is log2 of words (B4.8.2). */
static uint32_t dcache_line(void) { return SCB_CLIDR & 7 ? 4u << ((SCB_CTR >> 16) & 15) : 0; }

static void by_line(volatile uint32_t *operation, uintptr_t address, uint32_t byte_count) {
  const uint32_t line = dcache_line();
  if (line == 0 || byte_count == 0) return;
  const uintptr_t end = address + byte_count;
  barrier();
  for (address &= ~(uintptr_t)(line - 1); address < end; address += line) *operation = (uint32_t)address;
  barrier();
}
void tw_port_dcache_clean(uintptr_t address, uint32_t byte_count) { by_line(&SCB_DCCMVAC, address, byte_count); }
void tw_port_dcache_invalidate(uintptr_t address, uint32_t byte_count) { by_line(&SCB_DCIMVAC, address, byte_count); }

uint32_t tw_port_memory_address(void) { return (uint32_t)(uintptr_t)tw_memory; }
uint32_t tw_port_load8(uint32_t address) { return *(volatile uint8_t *)address; }
uint32_t tw_port_load16(uint32_t address) { return *(volatile uint16_t *)address; }
uint32_t tw_port_load32(uint32_t address) { return *(volatile uint32_t *)address; }
void tw_port_store8(uint32_t address, uint32_t value) { *(volatile uint8_t *)address = (uint8_t)value; }
void tw_port_store16(uint32_t address, uint32_t value) { *(volatile uint16_t *)address = (uint16_t)value; }
void tw_port_store32(uint32_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

__attribute__((naked)) void tw_port_call_on(uint8_t *top, void (*function)(void)) {
  __asm volatile(
      "push {r4, lr}\n"
      "mov r4, sp\n"
      "mov sp, r0\n"
      "blx r1\n"
      "mov sp, r4\n"
      "pop {r4, pc}\n");
}

_Noreturn void tw_port_end(bool restart) {
  barrier();
  if (restart) SCB_AIRCR = 0x05FA0004; // VECTKEY, SYSRESETREQ
  barrier();
  for (;;) __asm volatile("wfi");
}

/** A stack that outgrows its reserve runs into this: 32 bytes that nobody may touch, below its end. */
static void guard_stack(void) {
  if ((MPU_TYPE >> 8 & 0xFF) == 0) return;
  MPU_RNR = 0;
  MPU_RBAR = (uint32_t)(uintptr_t)tw_stack_guard;
  MPU_RASR = 4u << 1 | 1; // SIZE: 2^(4 + 1) bytes; AP 0: no access; enabled
  MPU_CTRL = 5;           // PRIVDEFENA: all else as without; ENABLE
  barrier();
}

/** Interrupt service routine of every vector that a firmware has bound: the exception's number says which. */
void tw_exception(void) {
  uint32_t exception;
  __asm volatile("mrs %0, ipsr" : "=r"(exception));
  const int32_t irq = (int32_t)exception - 16;
  for (uint32_t i = 0; i < tw_vector_count; i++) {
    if (tw_vectors[i].irq == irq) {
      tw_dispatch(i);
      return;
    }
  }
  const uint32_t detail[4] = { (uint32_t)irq, 0, 0, 0 };
  tw_trap_detailed(TW_TRAP_UNEXPECTED_INTERRUPT, TW_NO_OFFSET, TW_NO_OFFSET, detail);
}

/** @param frame what the core stacked: R0 to R3, R12, LR, PC, xPSR (B1.5.6); not readable when stacking itself failed */
__attribute__((used)) static void fault(const uint32_t *frame) {
  const uint32_t status = SCB_CFSR;
  const bool stacking_failed = (status & 0x1010) != 0; // MSTKERR, STKERR
  const bool has_address = (status & 0x8080) != 0;     // BFARVALID, MMARVALID
  const uint32_t detail[4] = {
    stacking_failed ? 0 : frame[6], stacking_failed ? 0 : frame[5], status, has_address ? (status & 0x8000 ? SCB_BFAR : SCB_MMFAR) : 0,
  };
  uint32_t exception;
  __asm volatile("mrs %0, ipsr" : "=r"(exception));
  MPU_CTRL = 0;
  const bool overflow = (status & 0x10) != 0 || (status & 0x82) == 0x82; // stacking, or a data access, met the guard
  tw_trap_detailed(overflow ? TW_TRAP_STACK_OVERFLOW : 30 + exception, TW_NO_OFFSET, TW_NO_OFFSET, detail);
}

/** Faults get a stack of their own: the one they came from may be the reason. */
static uint64_t fault_stack[48];
__attribute__((naked)) void tw_fault(void) {
  __asm volatile(
      "mrs r0, msp\n"
      "ldr r1, =%0\n"
      "msr msp, r1\n"
      "b %1\n" ::"i"(fault_stack + 48), "i"(fault));
}

__attribute__((noreturn, used)) static void start(void) {
  SCB_VTOR = (uint32_t)(uintptr_t)tw_exception_table;
  SCB_CPACR |= 0xFu << 20; // CP10 and CP11: the FPU, before any code that may use it
  barrier();
  memcpy(tw_data_start, tw_data_load, (size_t)((uint8_t *)tw_data_end - (uint8_t *)tw_data_start));
  memset(tw_bss_start, 0, (size_t)((uint8_t *)tw_bss_end - (uint8_t *)tw_bss_start));
  SCB_SHCSR |= 7u << 16; // MemManage, BusFault and UsageFault by their own names
  SCB_CCR |= 1u << 4;    // DIV_0_TRP: the interpreter's own check comes first, so this finds mistakes in C
  DEMCR |= 1u << 24;     // TRCENA
  DWT_CYCCNT = 0;
  DWT_CTRL |= 1;
  guard_stack();
  tw_run();
}

__attribute__((naked, noreturn)) void tw_reset(void) {
  // The stack pointer is set again: a debugger or a boot loader may have come here without a reset.
  __asm volatile(
      "cpsie i\n"
      "ldr r0, =tw_stack_top\n"
      "msr msp, r0\n"
      "b %0\n" ::"i"(start));
}
