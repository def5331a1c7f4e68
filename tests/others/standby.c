// SPDX-License-Identifier: MIT
// Stop mode left by an event (WFE), and standby left by WKUP: HAL_PWR_EnterSTOPMode and HAL_PWR_EnterSTANDBYMode.
#include "stm32f4.h"

// Not cleared at start, so that it tells whether memory kept its contents.
volatile uint32_t kept __attribute__((section(".ccmram")));

int main(void)
{
  const uint32_t cause = RCC->CSR >> 25;
  RCC->CSR |= BIT(24);
  start168();
  RCC->APB1ENR |= BIT(28);
  PWR->CR |= BIT(8);
  if (PWR->CSR & BIT(1)) {
    CHECK(PWR->CSR & 1);
    PWR->CR |= BIT(3) | BIT(2);
    CHECK(!(PWR->CSR & 3));
    CHECK(REG(0x40002850) == 0xbeef);
    CHECK(kept != 0xfeed);
    CHECK((cause & 0x38) == 0);
    finish(0);
  }
  RCC->AHB1ENR |= BIT(0);
  // Stop by WFE: an event line, no interrupt. HAL sends an event first and takes it away again.
  EXTI->EMR |= BIT(0);
  EXTI->RTSR |= BIT(0);
  modify(&PWR->CR, 3, 1);
  SCB->SCR |= BIT(2);
  __asm volatile ("sev\n wfe\n wfe");
  SCB->SCR &= ~BIT(2);
  CHECK((RCC->CFGR & 0xc) == 0);
  CHECK(!(EXTI->PR & BIT(0)));
  start168();

  REG(0x40002850) = 0xbeef;
  kept = 0xfeed;
  PWR->CSR |= BIT(8);
  PWR->CR |= BIT(2);
  PWR->CR |= BIT(1);
  SCB->SCR |= BIT(2);
  // The tick goes on until there is no clock for it, and wakes nobody.
  __asm volatile ("wfi");
  finish(1);
}
