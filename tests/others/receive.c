// SPDX-License-Identifier: MIT
// USART2 receives by circular DMA, with HT, TC and IDLE as ST's "receive to idle" has them; USART3 is a MIDI thru whose bytes come by interrupt.
#include "stm32f4.h"

static uint8_t ring[16];
uint8_t got[64] __attribute__((aligned(4)));
volatile uint32_t count, idles, halves, fulls, thru, errors;
static unsigned last;

static void take(void)
{
  const unsigned at = sizeof ring - DMA1->S[5].NDTR;
  while (last != at % sizeof ring) {
    got[count++ & 63] = ring[last];
    last = (last + 1) % sizeof ring;
  }
}

void DMA1_Stream5_IRQHandler(void)
{
  const uint32_t flags = DMA1->HISR;
  if ((flags & BIT(10)) && (DMA1->S[5].CR & BIT(3))) { DMA1->HIFCR = BIT(10); halves++; take(); }
  if ((flags & BIT(11)) && (DMA1->S[5].CR & BIT(4))) { DMA1->HIFCR = BIT(11); fulls++; take(); }
  if (flags & (BIT(9) | BIT(8) | BIT(6))) { DMA1->HIFCR = BIT(9) | BIT(8) | BIT(6); errors++; }
}

void USART2_IRQHandler(void)
{
  const uint32_t sr = USART2->SR;
  if ((sr & BIT(4)) && (USART2->CR1 & BIT(4))) {
    // __HAL_UART_CLEAR_IDLEFLAG: SR, then DR.
    (void)USART2->SR;
    (void)USART2->DR;
    idles++;
    take();
  }
}

void USART3_IRQHandler(void)
{
  if (USART3->SR & BIT(5)) {
    const uint8_t c = (uint8_t)USART3->DR;
    while (!(USART3->SR & BIT(7))) { }
    USART3->DR = c;
    thru++;
  }
}

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(1) | BIT(21);
  RCC->APB1ENR |= BIT(17) | BIT(18);
  pad(GPIOA, 2, 2, 7);
  pad(GPIOA, 3, 2, 7);
  pad(GPIOB, 10, 2, 7);
  pad(GPIOB, 11, 2, 7);

  // HAL_DMA_Init and HAL_DMA_Start_IT, with the stream off first and its flags cleared.
  DMA1->S[5].CR &= ~BIT(0);
  while (DMA1->S[5].CR & BIT(0)) { }
  DMA1->S[5].CR = 4u << 25 | BIT(10) | BIT(8) | 2u << 16;
  DMA1->S[5].FCR &= ~7u;
  DMA1->HIFCR = 0x3f << 6;
  DMA1->S[5].CR &= ~BIT(18);
  DMA1->S[5].NDTR = sizeof ring;
  DMA1->S[5].PAR = (uint32_t)&USART2->DR;
  DMA1->S[5].M0AR = (uint32_t)ring;
  DMA1->HIFCR = 0x3f << 6;
  DMA1->S[5].CR |= BIT(4) | BIT(2) | BIT(1) | BIT(3);
  DMA1->S[5].CR |= BIT(0);

  USART2->BRR = 0x16d;
  USART2->CR1 = BIT(13) | BIT(3) | BIT(2);
  (void)USART2->SR;
  (void)USART2->DR;
  USART2->CR3 |= BIT(0);
  USART2->CR3 |= BIT(6);
  USART2->CR1 |= BIT(4);
  USART3->BRR = 42000000 / 31250;
  USART3->CR1 = BIT(13) | BIT(5) | BIT(3) | BIT(2);
  NVIC_SetPriority(16, 5);
  NVIC_SetPriority(38, 5);
  NVIC_SetPriority(39, 1);
  NVIC_EnableIRQ(16);
  NVIC_EnableIRQ(38);
  NVIC_EnableIRQ(39);
  for (;;) __asm volatile ("wfi");
}
