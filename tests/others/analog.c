// SPDX-License-Identifier: MIT
// ADC1 scans four potentiometers by circular DMA whenever TIM2 says so; DAC1 plays a sine by circular DMA whenever TIM6 says so.
#include <math.h>
#include "stm32f4.h"

volatile uint16_t scan[4] __attribute__((aligned(4)));
uint32_t snapshot[3][2];
volatile uint32_t scans, errors;
static uint16_t table[64];

void DMA2_Stream0_IRQHandler(void)
{
  if (DMA2->LISR & BIT(5)) { DMA2->LIFCR = BIT(5); scans++; }
  if (DMA2->LISR & BIT(3)) { DMA2->LIFCR = BIT(3); errors++; }
}

void ADC_IRQHandler(void)
{
  if (ADC1->SR & BIT(5)) { ADC1->SR = ~BIT(5); errors += 0x100; }
}

static void adc(void)
{
  RCC->APB2ENR |= BIT(8);
  (void)RCC->APB2ENR;
  RCC->AHB1ENR |= BIT(22);
  RCC->APB1ENR |= BIT(0);
  // Not all pads side by side: PA1, PA5, PB0 and PC4 are IN1, IN5, IN8 and IN14.
  pad(GPIOA, 1, 3, 0);
  pad(GPIOA, 5, 3, 0);
  pad(GPIOB, 0, 3, 0);
  pad(GPIOC, 4, 3, 0);
  DMA2->S[0].CR = 0u << 25 | 2u << 16 | BIT(13) | BIT(11) | BIT(10) | BIT(8);
  DMA2->S[0].NDTR = 4;
  DMA2->S[0].PAR = (uint32_t)&ADC1->DR;
  DMA2->S[0].M0AR = (uint32_t)scan;
  DMA2->LIFCR = 0x3d;
  DMA2->S[0].CR |= BIT(4) | BIT(2) | BIT(1) | BIT(0);
  NVIC_EnableIRQ(56);
  NVIC_EnableIRQ(18);
  // HAL_ADC_Init: PCLK2 / 4, 12 bits, scan, TIM2_TRGO rising, right-aligned, four conversions, DMA requests continuous.
  modify(&ADC->CCR, 3 << 16, 1 << 16);
  ADC1->CR1 = BIT(8) | BIT(26);
  ADC1->CR2 = 6u << 24 | BIT(28) | BIT(9);
  ADC1->SQR1 = 3 << 20;
  ADC1->SQR3 = 14 | 1 << 5 | 8 << 10 | 5 << 15;
  ADC1->SMPR1 = 3 << 12;
  ADC1->SMPR2 = 3 << 3 | 3 << 15 | 3 << 24;
  ADC1->CR2 |= BIT(0);
  for (volatile int i = 0; i < 170; i++) { }
  ADC1->SR = ~(BIT(1) | BIT(5));
  ADC1->CR2 |= BIT(8);
  // TIM2 at 10 kHz, update is TRGO.
  TIM2->PSC = 83;
  TIM2->ARR = 99;
  TIM2->EGR = 1;
  modify(&TIM2->CR2, 0x70, 2 << 4);
  TIM2->CR1 |= BIT(0);
}

static void dac(void)
{
  RCC->APB1ENR |= BIT(29) | BIT(4);
  RCC->AHB1ENR |= BIT(21);
  pad(GPIOA, 4, 3, 0);
  for (int i = 0; i < 64; i++) table[i] = (uint16_t)(2048 + 1700 * sinf(6.2831853f * (float)i / 64));
  DMA1->S[5].CR = 7u << 25 | 1u << 13 | 1u << 11 | BIT(10) | BIT(8) | 1 << 6;
  DMA1->S[5].NDTR = 64;
  DMA1->S[5].PAR = (uint32_t)&DAC->DHR12R1;
  DMA1->S[5].M0AR = (uint32_t)table;
  DMA1->S[5].CR |= BIT(0);
  // TIM6_TRGO, DMA, output buffer on.
  modify(&DAC->CR, 0xfff, BIT(2) | 0 << 3);
  DAC->CR |= BIT(12);
  DAC->CR |= BIT(0);
  // 1 kHz: 84 MHz / (64 * 1000), rounded down to 1312.
  TIM6->PSC = 0;
  TIM6->ARR = 1312 - 1;
  modify(&TIM6->CR2, 0x70, 2 << 4);
  TIM6->CR1 |= BIT(0);
}

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(1) | BIT(2);
  dac();
  adc();
  for (int i = 0; i < 3; i++) {
    HAL_Delay(9);
    for (int k = 0; k < 2; k++) snapshot[i][k] = ((volatile uint32_t *)scan)[k];
  }
  CHECK(!(DAC->SR & BIT(13)));
  finish(0);
}
