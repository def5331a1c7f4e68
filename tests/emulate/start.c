// SPDX-License-Identifier: MIT
// What every small program of these tests begins with: vector table, .data, .bss, the FPU, main. Written as a vendor's start-up file is.
#include <stdint.h>

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss, _estack;
int main(void);

void Default_Handler(void) { for (;;) { } }

void Reset_Handler(void)
{
  uint32_t *from = &_sidata;
  for (uint32_t *to = &_sdata; to < &_edata; ) *to++ = *from++;
  for (uint32_t *to = &_sbss; to < &_ebss; ) *to++ = 0;
  *(volatile uint32_t *)0xE000ED88 |= 0xF << 20;
  __asm volatile ("dsb\n isb");
  main();
  for (;;) { }
}

#define WEAK __attribute__((weak, alias("Default_Handler")))
WEAK void NMI_Handler(void);
WEAK void HardFault_Handler(void);
WEAK void MemManage_Handler(void);
WEAK void BusFault_Handler(void);
WEAK void UsageFault_Handler(void);
WEAK void SVC_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);
WEAK void TIM2_IRQHandler(void);

typedef void (*handler)(void);
__attribute__((section(".isr_vector"), used)) const handler vectors[16 + 82] = {
  (handler)&_estack, Reset_Handler, NMI_Handler, HardFault_Handler, MemManage_Handler, BusFault_Handler, UsageFault_Handler, 0, 0, 0, 0,
  SVC_Handler, 0, 0, PendSV_Handler, SysTick_Handler,
  [16 ... 16 + 81] = Default_Handler,
  [16 + 28] = TIM2_IRQHandler,
};
