// SPDX-License-Identifier: MIT
// What the boot loader of boot.c starts: linked for 0x08010000, it must find a chip as after reset and its own vectors.
#include "stm32f4.h"

int main(void)
{
  CHECK(SCB->VTOR == 0x08010000);
  CHECK((RCC->CFGR & 0xc) == 0);
  start168();
  const uint32_t start = HAL_GetTick();
  HAL_Delay(5);
  CHECK(HAL_GetTick() - start >= 5);
  // printf by SWO: ITM_SendChar of CMSIS, after the debugger's part.
  REG(0xE000EDFC) |= BIT(24);
  REG(0xE0000FB0) = 0xC5ACCE55;
  REG(0xE0000E80) = 1;
  REG(0xE0000E00) = 1;
  for (const char *p = "application\n"; *p; p++) {
    if ((REG(0xE0000E80) & 1) && (REG(0xE0000E00) & 1)) {
      while (!REG(0xE0000000)) __asm volatile ("nop");
      *(volatile uint8_t *)0xE0000000 = (uint8_t)*p;
    }
  }
  finish(0);
}
