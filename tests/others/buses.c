// SPDX-License-Identifier: MIT
// SPI full duplex by polling and by DMA, an EEPROM by HAL's interrupt-driven I2C states, CS43L22 as ST's BSP sets it up, and I2S3 by circular DMA.
#include <math.h>
#include "stm32f4.h"

volatile uint32_t spiIn[4], dmaIn[2], eeprom[4], retries, absent, bridged, frames;
static int16_t sine[2 * 192];

static void wait(reg *r, uint32_t mask, uint32_t value, int line)
{
  const uint32_t start = HAL_GetTick();
  while ((*r & mask) != value) if (HAL_GetTick() - start > 25) finish(line);
}
#define WAIT(r, mask, value) wait(&(r), mask, value, __LINE__)

static void spi(void)
{
  RCC->APB2ENR |= BIT(12);
  (void)RCC->APB2ENR;
  pad(GPIOA, 5, 2, 5);
  pad(GPIOA, 6, 2, 5);
  pad(GPIOA, 7, 2, 5);
  GPIOE->BSRR = BIT(3);
  pad(GPIOE, 3, 1, 0);
  // Master, software NSS, mode 3, PCLK2 / 16.
  SPI1->CR1 = BIT(2) | BIT(8) | BIT(9) | 3 << 3 | 3;
  SPI1->CR2 = 0;
  SPI1->I2SCFGR &= ~BIT(11);
  SPI1->CR1 |= BIT(6);
  GPIOE->BSRR = BIT(3 + 16);
  // HAL_SPI_TransmitReceive: one byte ahead.
  const uint8_t out[4] = { 0x9f, 0x11, 0x22, 0x33 };
  unsigned sent = 0, received = 0, mayWrite = 1;
  const uint32_t start = HAL_GetTick();
  while (sent < 4 || received < 4) {
    if ((SPI1->SR & BIT(1)) && sent < 4 && mayWrite) {
      *(volatile uint8_t *)&SPI1->DR = out[sent++];
      mayWrite = 0;
    }
    if ((SPI1->SR & BIT(0)) && received < 4) {
      spiIn[received++] = SPI1->DR;
      mayWrite = 1;
    }
    if (HAL_GetTick() - start > 50) finish(__LINE__);
  }
  WAIT(SPI1->SR, BIT(7), 0);
  GPIOE->BSRR = BIT(3);

  // The same by DMA2: stream 0 in, stream 3 out, as HAL starts them.
  RCC->AHB1ENR |= BIT(22);
  static uint8_t from[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, to[8];
  GPIOE->BSRR = BIT(3 + 16);
  DMA2->S[0].CR = 3u << 25 | BIT(10);
  DMA2->S[0].NDTR = 8;
  DMA2->S[0].PAR = (uint32_t)&SPI1->DR;
  DMA2->S[0].M0AR = (uint32_t)to;
  DMA2->S[0].CR |= BIT(0);
  SPI1->CR2 |= BIT(0);
  DMA2->S[3].CR = 3u << 25 | BIT(10) | 1 << 6;
  DMA2->S[3].NDTR = 8;
  DMA2->S[3].PAR = (uint32_t)&SPI1->DR;
  DMA2->S[3].M0AR = (uint32_t)from;
  DMA2->S[3].CR |= BIT(0);
  SPI1->CR2 |= BIT(1);
  WAIT(DMA2->LISR, BIT(5), BIT(5));
  DMA2->LIFCR = 0x3d | 0x3d << 22;
  WAIT(SPI1->SR, BIT(1), BIT(1));
  WAIT(SPI1->SR, BIT(7), 0);
  SPI1->CR2 &= ~3u;
  GPIOE->BSRR = BIT(3);
  for (int i = 0; i < 2; i++) dmaIn[i] = ((uint32_t *)to)[i];
  CHECK(!(SPI1->SR & BIT(6)));
}

// The states of HAL's interrupt-driven master.
static volatile struct { const uint8_t *out; uint8_t *in; unsigned count; uint8_t address; int reading, busy, failed; } x;
enum { EVT = BIT(9), BUF = BIT(10), ERR = BIT(8), START = BIT(8), STOP = BIT(9), ACK = BIT(10), POS = BIT(11) };

static void done(void)
{
  I2C1->CR2 &= ~(EVT | BUF | ERR);
  x.busy = 0;
}

void I2C1_EV_IRQHandler(void)
{
  const uint32_t sr2 = I2C1->SR2, sr1 = I2C1->SR1;
  (void)sr2;
  if (sr1 & BIT(0)) I2C1->DR = (uint32_t)x.address << 1 | x.reading;
  else if (sr1 & BIT(1)) {
    if (x.reading && x.count == 1) {
      I2C1->CR1 &= ~ACK;
      (void)I2C1->SR1, (void)I2C1->SR2;
      I2C1->CR1 |= STOP;
    } else {
      if (x.reading && x.count == 2) {
        I2C1->CR1 |= POS;
        (void)I2C1->SR1, (void)I2C1->SR2;
        I2C1->CR1 &= ~ACK;
      } else {
        I2C1->CR1 |= x.reading ? ACK : 0;
        (void)I2C1->SR1, (void)I2C1->SR2;
      }
    }
  } else if (!x.reading) {
    if ((sr1 & BIT(7)) && !(sr1 & BIT(2))) {
      if (x.count == 0) I2C1->CR2 &= ~BUF;
      else { I2C1->DR = *x.out++; x.count--; }
    } else if (sr1 & BIT(2)) {
      if (x.count != 0) { I2C1->DR = *x.out++; x.count--; }
      else { I2C1->CR1 |= STOP; done(); }
    }
  } else if ((sr1 & BIT(6)) && !(sr1 & BIT(2))) {
    if (x.count > 3) { *x.in++ = (uint8_t)I2C1->DR; x.count--; }
    else if (x.count == 2 || x.count == 3) I2C1->CR2 &= ~BUF;
    else { *x.in++ = (uint8_t)I2C1->DR; x.count--; done(); }
  } else if (sr1 & BIT(2)) {
    if (x.count == 4) { I2C1->CR2 &= ~BUF; *x.in++ = (uint8_t)I2C1->DR; x.count--; }
    else if (x.count == 3) { I2C1->CR2 &= ~BUF; I2C1->CR1 &= ~ACK; *x.in++ = (uint8_t)I2C1->DR; x.count--; }
    else if (x.count == 2) {
      I2C1->CR1 |= STOP;
      *x.in++ = (uint8_t)I2C1->DR;
      *x.in++ = (uint8_t)I2C1->DR;
      x.count = 0;
      done();
    } else { *x.in++ = (uint8_t)I2C1->DR; x.count--; }
  }
}

void I2C1_ER_IRQHandler(void)
{
  if (I2C1->SR1 & BIT(10)) {
    I2C1->SR1 = ~BIT(10);
    I2C1->CR1 |= STOP;
    x.failed = 1;
    done();
  }
  if (I2C1->SR1 & BIT(8)) I2C1->SR1 = ~BIT(8);
}

static int transfer(uint8_t address, int reading, void *bytes, unsigned count)
{
  WAIT(I2C1->SR2, BIT(1), 0);
  I2C1->CR1 &= ~POS;
  x.address = address;
  x.reading = reading;
  x.out = x.in = bytes;
  x.count = count;
  x.failed = 0;
  x.busy = 1;
  I2C1->CR2 |= EVT | BUF | ERR;
  if (reading) I2C1->CR1 |= ACK;
  I2C1->CR1 |= START;
  const uint32_t start = HAL_GetTick();
  while (x.busy) if (HAL_GetTick() - start > 25) finish(__LINE__);
  return !x.failed;
}

static void i2cSetUp(void)
{
  // HAL_I2C_Init of today: reset by SWRST first, then 100 kHz at 42 MHz.
  I2C1->CR1 &= ~BIT(0);
  I2C1->CR1 |= BIT(15);
  I2C1->CR1 &= ~BIT(15);
  modify(&I2C1->CR2, 0x3f, 42);
  I2C1->TRISE = 43;
  I2C1->CCR = 210;
  I2C1->CR1 = 0;
  I2C1->OAR1 = BIT(14);
  I2C1->OAR2 = 0;
  I2C1->CR1 |= BIT(0);
}

static void unstick(void)
{
  // Nine clocks by hand for a slave that holds SDA, and a stop.
  pad(GPIOB, 6, 1, 0);
  pad(GPIOB, 9, 1, 0);
  GPIOB->BSRR = BIT(6) | BIT(9);
  for (int i = 0; i < 9; i++) {
    GPIOB->BSRR = BIT(6 + 16);
    for (volatile int d = 0; d < 100; d++) { }
    GPIOB->BSRR = BIT(6);
    for (volatile int d = 0; d < 100; d++) { }
  }
  GPIOB->BSRR = BIT(9 + 16);
  GPIOB->BSRR = BIT(9);
  pad(GPIOB, 6, 2, 4);
  pad(GPIOB, 9, 2, 4);
}

static void i2c(void)
{
  GPIOB->OTYPER |= BIT(6) | BIT(9);
  GPIOB->PUPDR |= 1 << 12 | 1 << 18;
  pad(GPIOB, 6, 2, 4);
  pad(GPIOB, 9, 2, 4);
  RCC->APB1ENR |= BIT(21);
  (void)RCC->APB1ENR;
  i2cSetUp();
  NVIC_SetPriority(31, 3);
  NVIC_SetPriority(32, 3);
  NVIC_EnableIRQ(31);
  NVIC_EnableIRQ(32);
  uint8_t page[] = { 0x10, 1, 2, 3, 4, 5, 6, 7, 8 };
  CHECK(transfer(0x50, 0, page, sizeof page));
  // The EEPROM writes for 5 ms and does not answer.
  uint8_t at = 0x10;
  while (!transfer(0x50, 0, &at, 1)) { retries++; HAL_Delay(1); }
  static uint8_t in[16];
  const unsigned sizes[] = { 1, 2, 3, 5 };
  for (int i = 0; i < 4; i++) {
    CHECK(transfer(0x50, 0, &at, 1));
    for (int k = 0; k < 16; k++) in[k] = 0xee;
    CHECK(transfer(0x50, 1, in, sizes[i]));
    uint32_t sum = 0;
    for (unsigned k = 0; k < sizes[i]; k++) sum = sum * 16 + in[k];
    CHECK(in[sizes[i]] == 0xee);
    eeprom[i] = sum;
  }
  absent = !transfer(0x33, 0, &at, 1);
  unstick();
  i2cSetUp();
  CHECK(transfer(0x50, 0, &at, 1));
  CHECK(transfer(0x50, 1, in, 4));
  bridged = in[3];
}

static void codec(uint8_t r, uint8_t value)
{
  // HAL_I2C_Mem_Write by polling.
  WAIT(I2C1->SR2, BIT(1), 0);
  I2C1->CR1 &= ~POS;
  I2C1->CR1 |= START;
  WAIT(I2C1->SR1, BIT(0), BIT(0));
  I2C1->DR = 0x94;
  WAIT(I2C1->SR1, BIT(1), BIT(1));
  (void)I2C1->SR1, (void)I2C1->SR2;
  WAIT(I2C1->SR1, BIT(7), BIT(7));
  I2C1->DR = r;
  WAIT(I2C1->SR1, BIT(7), BIT(7));
  I2C1->DR = value;
  WAIT(I2C1->SR1, BIT(2), BIT(2));
  I2C1->CR1 |= STOP;
}

void DMA1_Stream5_IRQHandler(void)
{
  if (DMA1->HISR & BIT(11)) { DMA1->HIFCR = BIT(11); frames += 192; }
}

static void audio(void)
{
  // BSP_AUDIO_OUT_Init: PLLI2S 258 / 3 for 48 kHz, pins, I2S, and only then the codec.
  RCC->CR &= ~BIT(26);
  WAIT(RCC->CR, BIT(27), 0);
  RCC->CFGR &= ~BIT(23);
  RCC->PLLI2SCFGR = 258 << 6 | 3u << 28;
  RCC->CR |= BIT(26);
  WAIT(RCC->CR, BIT(27), BIT(27));
  RCC->APB1ENR |= BIT(15);
  RCC->AHB1ENR |= BIT(21);
  pad(GPIOA, 4, 2, 6);
  pad(GPIOC, 7, 2, 6);
  pad(GPIOC, 10, 2, 6);
  pad(GPIOC, 12, 2, 6);
  SPI3->I2SCFGR &= ~0xfbfu;
  SPI3->I2SPR = 2;
  // HAL_I2S_Init: round(10 * clock / 256 / rate), halves and the odd bit.
  const uint32_t i2sClock = 8000000 / 8 * 258 / 3;
  uint32_t divider = ((i2sClock / 256 * 10) / 48000 + 5) / 10;
  const uint32_t odd = divider & 1;
  divider = (divider - odd) / 2;
  SPI3->I2SPR = divider | odd << 8 | BIT(9);
  SPI3->I2SCFGR = BIT(11) | 2 << 8;

  pad(GPIOD, 4, 1, 0);
  GPIOD->BSRR = BIT(4 + 16);
  HAL_Delay(5);
  GPIOD->BSRR = BIT(4);
  HAL_Delay(5);
  const uint8_t init[][2] = { { 0x02, 0x01 }, { 0x04, 0xaf }, { 0x05, 0x81 }, { 0x06, 0x04 }, { 0x20, 0 }, { 0x21, 0 }, { 0x0a, 0 }, { 0x0e, 4 }, { 0x27, 0 },
    { 0x1f, 0x0f }, { 0x1a, 0x0a }, { 0x1b, 0x0a }, { 0x0e, 0x06 }, { 0x22, 0 }, { 0x23, 0 }, { 0x04, 0xaf }, { 0x02, 0x9e } };
  for (unsigned i = 0; i < sizeof init / 2; i++) codec(init[i][0], init[i][1]);

  for (int i = 0; i < 192; i++) {
    sine[2 * i] = (int16_t)(16000 * sinf(6.2831853f * (float)i * 4 / 192));
    sine[2 * i + 1] = (int16_t)(8000 * sinf(6.2831853f * (float)i / 192));
  }
  DMA1->S[5].CR = BIT(13) | BIT(11) | BIT(10) | BIT(8) | BIT(6) | BIT(4);
  DMA1->S[5].NDTR = 2 * 192;
  DMA1->S[5].PAR = (uint32_t)&SPI3->DR;
  DMA1->S[5].M0AR = (uint32_t)sine;
  DMA1->HIFCR = 0x3f << 6;
  NVIC_EnableIRQ(16);
  DMA1->S[5].CR |= BIT(0);
  SPI3->CR2 |= BIT(1);
  SPI3->I2SCFGR |= BIT(10);
  HAL_Delay(50);
}

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4);
  spi();
  i2c();
  audio();
  finish(0);
}
