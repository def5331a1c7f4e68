// SPDX-License-Identifier: MIT
// The order of accesses of a CubeMX project's HAL_Init and SystemClock_Config, with its read-backs, polls and timeouts by the tick.
#include "stm32f4.h"

volatile uint32_t uwTick;
__attribute__((weak)) void SysTick_Handler(void) { uwTick++; }

static void tickAt(uint32_t hertz)
{
  SysTick->LOAD = hertz / 1000 - 1;
  NVIC_SetPriority(-1, 15);
  SysTick->VAL = 0;
  SysTick->CTRL = 7;
  NVIC_SetPriority(-1, 15);
}

void HAL_Delay(uint32_t milliseconds)
{
  const uint32_t start = HAL_GetTick();
  const uint32_t wait = milliseconds + 1;
  while (HAL_GetTick() - start < wait) { }
}

static void until(reg *r, uint32_t mask, uint32_t value, uint32_t timeout)
{
  const uint32_t start = HAL_GetTick();
  while ((*r & mask) != value) if (HAL_GetTick() - start > timeout) finish(900 + timeout);
}

void start168(void)
{
  FLASH->ACR |= BIT(9);
  FLASH->ACR |= BIT(10);
  FLASH->ACR |= BIT(8);
  NVIC_SetPriorityGrouping(3);
  tickAt(16000000);
  RCC->APB2ENR |= BIT(14);
  (void)(RCC->APB2ENR & BIT(14));
  RCC->APB1ENR |= BIT(28);
  (void)(RCC->APB1ENR & BIT(28));
  modify(&PWR->CR, BIT(14), BIT(14));
  (void)(PWR->CR & BIT(14));

  // HSE on, then the PLL off, set up anew, on.
  RCC->CR |= BIT(16);
  until(&RCC->CR, BIT(17), BIT(17), 100);
  CHECK((RCC->CFGR & 0xc) != 8);
  REG(0x42470060) = 0; // RCC_CR.PLLON in the bit-band
  until(&RCC->CR, BIT(25), 0, 2);
  RCC->PLLCFGR = BIT(22) | 8 | 336 << 6 | 0 << 16 | 7u << 24;
  REG(0x42470060) = 1;
  until(&RCC->CR, BIT(25), BIT(25), 2);

  // More wait states before the clock is faster, and read back; APB prescalers first at their largest.
  *(volatile uint8_t *)&FLASH->ACR = 5;
  CHECK((FLASH->ACR & 7) == 5);
  modify(&RCC->CFGR, 0x1c00, 0x1c00);
  modify(&RCC->CFGR, 0xe000, 0x1c00 << 3);
  modify(&RCC->CFGR, 0xf0, 0);
  CHECK(RCC->CR & BIT(25));
  modify(&RCC->CFGR, 3, 2);
  until(&RCC->CFGR, 0xc, 8, 5000);
  CHECK((FLASH->ACR & 7) == 5);
  modify(&RCC->CFGR, 0x1c00, 0x1400);
  modify(&RCC->CFGR, 0xe000, 0x1000 << 3);
  tickAt(168000000);
}
