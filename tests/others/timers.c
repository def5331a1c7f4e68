// SPDX-License-Identifier: MIT
// PWM on four channels, capture of one's own PWM, an encoder, a single pulse, and complementary outputs with dead time.
#include "stm32f4.h"

volatile uint32_t period, high, captures, encoder, encoderDown, pulses;

void TIM5_IRQHandler(void)
{
  static uint32_t last;
  if (TIM5->SR & BIT(1)) {
    const uint32_t rise = TIM5->CCR1;
    TIM5->SR = ~BIT(1);
    if (captures++) period = rise - last;
    last = rise;
  }
  if (TIM5->SR & BIT(2)) {
    const uint32_t fall = TIM5->CCR2;
    TIM5->SR = ~BIT(2);
    high = fall - last;
  }
}

static void pwm(void)
{
  RCC->APB1ENR |= BIT(2);
  for (int n = 12; n < 16; n++) pad(GPIOD, n, 2, 2);
  TIM4->PSC = 83;
  TIM4->ARR = 999;
  TIM4->CR1 |= BIT(7);
  TIM4->EGR = 1;
  TIM4->CCMR1 = 6 << 4 | BIT(3) | 6 << 12 | BIT(11);
  TIM4->CCMR2 = 6 << 4 | BIT(3) | 6 << 12 | BIT(11);
  TIM4->CCR1 = 100;
  TIM4->CCR2 = 250;
  TIM4->CCR3 = 500;
  TIM4->CCR4 = 1000;
  TIM4->CCER = 0x1111;
  TIM4->CR1 |= BIT(0);
}

static void capture(void)
{
  RCC->APB1ENR |= BIT(3);
  pad(GPIOA, 0, 2, 2);
  TIM5->PSC = 0;
  TIM5->ARR = 0xffffffff;
  TIM5->EGR = 1;
  TIM5->SR = 0;
  // CC1 on TI1 rising, CC2 on TI1 falling.
  TIM5->CCMR1 = 1 | 2 << 8;
  TIM5->CCER = BIT(0) | BIT(4) | BIT(5);
  TIM5->DIER = BIT(1) | BIT(2);
  NVIC_EnableIRQ(50);
  TIM5->CR1 |= BIT(0);
}

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4);
  // The encoder is ready before it is turned: TIM3 on PC6 and PC7, both edges, filter 15.
  RCC->APB1ENR |= BIT(1);
  pad(GPIOC, 6, 2, 2);
  pad(GPIOC, 7, 2, 2);
  TIM3->ARR = 0xffff;
  TIM3->SMCR = 3;
  TIM3->CCMR1 = 1 | 1 << 8 | 0xf << 4 | 0xf << 12;
  TIM3->CCER = BIT(0) | BIT(4);
  TIM3->CR1 |= BIT(0);
  pwm();
  capture();
  for (uint32_t duty = 100; duty <= 900; duty += 200) {
    TIM4->CCR1 = duty;
    HAL_Delay(3);
    CHECK(high == duty * 84);
    CHECK(period == 84000);
  }
  // A sweep ends at nought, and the line stays low.
  TIM4->CCR1 = 0;
  HAL_Delay(2);
  encoder = TIM3->CNT;
  encoderDown = TIM3->CR1 >> 4 & 1;

  // One pulse of TIM2 on PB10: 20 us after the start, 50 us long.
  RCC->APB1ENR |= BIT(0);
  pad(GPIOB, 10, 2, 1);
  TIM2->PSC = 83;
  TIM2->ARR = 69;
  TIM2->CCR3 = 20;
  TIM2->CCMR2 = 7 << 4;
  TIM2->EGR = 1;
  TIM2->SR = 0;
  TIM2->CCER = BIT(8);
  TIM2->CR1 = BIT(3);
  for (int i = 0; i < 3; i++) {
    TIM2->CR1 |= BIT(0);
    while (TIM2->CR1 & BIT(0)) { }
    CHECK(TIM2->SR & 1);
    TIM2->SR = 0;
    pulses++;
  }

  // TIM1 at 20 kHz, up and down, dead time 1 us (168 of tDTS), main output on last of all.
  RCC->APB2ENR |= BIT(0);
  pad(GPIOE, 8, 2, 1);
  pad(GPIOE, 9, 2, 1);
  TIM1->ARR = 4200;
  TIM1->CR1 = 1 << 5 | BIT(7);
  TIM1->RCR = 0;
  TIM1->CCR1 = 1400;
  TIM1->CCMR1 = 6 << 4 | BIT(3);
  TIM1->EGR = 1;
  TIM1->CCER = BIT(0) | BIT(2);
  // 10xxxxxx: (64 + 20) * 2 = 168.
  TIM1->BDTR = 0x80 | 20;
  TIM1->CR1 |= BIT(0);
  TIM1->BDTR |= BIT(15);
  HAL_Delay(2);
  finish(0);
}
