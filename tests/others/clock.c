// SPDX-License-Identifier: MIT
// Blinks, echoes by interrupt, says why it was reset, and resets itself: what nearly every project with ST's HAL begins with.
#include "stm32f4.h"

uint32_t cause;
volatile uint32_t magic __attribute__((section(".ccmram"))), overdrive;

static uint8_t ring[16];
static volatile unsigned head, tail;

void USART2_IRQHandler(void)
{
  const uint32_t sr = USART2->SR, cr1 = USART2->CR1;
  if ((sr & 0xf) == 0 && (sr & BIT(5)) && (cr1 & BIT(5))) {
    ring[head++ & 15] = (uint8_t)(USART2->DR & 0xff);
    USART2->CR1 |= BIT(7);
    return;
  }
  if ((sr & BIT(7)) && (cr1 & BIT(7))) {
    if (head == tail) USART2->CR1 &= ~BIT(7);
    else {
      const uint8_t c = ring[tail++ & 15];
      USART2->DR = c >= 'a' && c <= 'z' ? c - 32 : c;
    }
  }
}

static void print(const char *text)
{
  const uint32_t start = HAL_GetTick();
  for (; *text; text++) {
    while (!(USART2->SR & BIT(7))) if (HAL_GetTick() - start > 100) finish(1);
    USART2->DR = (uint8_t)*text;
  }
  while (!(USART2->SR & BIT(6))) if (HAL_GetTick() - start > 100) finish(2);
}

static void uart(void)
{
  RCC->APB1ENR |= BIT(17);
  (void)RCC->APB1ENR;
  RCC->AHB1ENR |= BIT(0);
  (void)RCC->AHB1ENR;
  pad(GPIOA, 2, 2, 7);
  pad(GPIOA, 3, 2, 7);
  GPIOA->PUPDR |= 1 << 6;
  USART2->CR1 &= ~BIT(13);
  modify(&USART2->CR2, 0x3000, 0);
  modify(&USART2->CR1, 0x960c, 0xc);
  modify(&USART2->CR3, 0x300, 0);
  // HAL's UART_BRR_SAMPLING16 with its hundredths.
  const uint32_t div = (uint32_t)((uint64_t)42000000 * 25 / (4 * 115200));
  const uint32_t fraction = ((div - div / 100 * 100) * 16 + 50) / 100;
  USART2->BRR = (div / 100 << 4) + (fraction & 0xf0) + (fraction & 0xf);
  modify(&USART2->CR2, BIT(14) | BIT(11), 0);
  modify(&USART2->CR3, BIT(5) | BIT(3) | BIT(1), 0);
  USART2->CR1 |= BIT(13);
}

int main(void)
{
  cause = RCC->CSR;
  RCC->CSR |= BIT(24);
  start168();
  CHECK((RCC->CSR >> 25) == 0);
  // An F407 has no over-drive: the bits of a later chip's PWR_CR are not there.
  PWR->CR |= BIT(16) | BIT(17);
  overdrive = (PWR->CR | PWR->CSR) & (BIT(16) | BIT(17));

  RCC->AHB1ENR |= BIT(3);
  (void)RCC->AHB1ENR;
  GPIOD->BSRR = BIT(12 + 16);
  pad(GPIOD, 12, 1, 0);
  pad(GPIOD, 13, 1, 0);
  uart();
  print(cause & BIT(28) ? "soft\n" : cause & BIT(27) ? "power\n" : "other\n");
  if (cause & BIT(28)) {
    print(magic == 0xcafe ? "kept\n" : "lost\n");
    finish(0);
  }
  for (int i = 0; i < 6; i++) {
    // HAL_GPIO_TogglePin of today, and of former days.
    const uint32_t odr = GPIOD->ODR;
    GPIOD->BSRR = (odr & BIT(12)) << 16 | (~odr & BIT(12));
    GPIOD->ODR ^= BIT(13);
    HAL_Delay(10);
  }
  NVIC_SetPriority(38, 5);
  NVIC_EnableIRQ(38);
  USART2->CR3 |= BIT(0);
  USART2->CR1 |= BIT(8) | BIT(5);
  while (tail < 5) { __asm volatile ("wfi"); }
  while (!(USART2->SR & BIT(6))) { }
  magic = 0xcafe;
  NVIC_SystemReset();
}
