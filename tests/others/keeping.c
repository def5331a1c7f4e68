// SPDX-License-Identifier: MIT
// An emulated EEPROM in flash with interrupts running, CRC, RNG, unique ID, watchdogs with their reset causes, RTC with alarm and backup registers,
// stop mode with a wake-up by EXTI. Each reset goes a step further.
#include "stm32f4.h"

#define SECTOR 11
#define EEPROM 0x080E0000u
#define BKP(n) REG(0x40002850 + 4 * (n))
#define RTC(offset) REG(0x40002800 + (offset))

uint32_t causes[5] __attribute__((section(".ccmram")));
volatile uint32_t log_[16] __attribute__((section(".ccmram")));
static volatile uint32_t done, woken, alarms;

void FLASH_IRQHandler(void) { }
void EXTI0_IRQHandler(void) { EXTI->PR = BIT(0); woken++; }
void RTC_Alarm_IRQHandler(void)
{
  if (RTC(0x0c) & BIT(8)) { RTC(0x0c) = ~(BIT(8) | BIT(7)) | (RTC(0x0c) & BIT(7)); alarms++; }
  EXTI->PR = BIT(17);
}

static int flashWait(void)
{
  const uint32_t start = HAL_GetTick();
  while (FLASH->SR & BIT(16)) if (HAL_GetTick() - start > 50000) return 0;
  if (FLASH->SR & 1) FLASH->SR = 1;
  return (FLASH->SR & 0xf0) == 0;
}

static void program(uint32_t address, uint32_t value, int size)
{
  CHECK(flashWait());
  modify(&FLASH->CR, 3 << 8, (unsigned)size << 8);
  FLASH->CR |= 1;
  if (size == 2) REG(address) = value;
  else if (size == 1) REG16(address) = (uint16_t)value;
  else *(volatile uint8_t *)address = (uint8_t)value;
  CHECK(flashWait());
  FLASH->CR &= ~1u;
}

static void eeprom(void)
{
  CHECK(FLASH->CR & BIT(31));
  FLASH->KEYR = 0x45670123;
  FLASH->KEYR = 0xCDEF89AB;
  CHECK(!(FLASH->CR & BIT(31)));
  program(EEPROM, 0xdead, 1);
  // HAL_FLASHEx_Erase: sector, 32 bits at a time, then caches flushed.
  const uint32_t before = HAL_GetTick();
  CHECK(flashWait());
  modify(&FLASH->CR, 3 << 8, 2 << 8);
  modify(&FLASH->CR, 0x1f << 3, 0);
  FLASH->CR |= 2 | SECTOR << 3;
  FLASH->CR |= BIT(16);
  CHECK(flashWait());
  FLASH->CR &= ~(2u | 0x1f << 3);
  if (FLASH->ACR & BIT(9)) { FLASH->ACR &= ~BIT(9); FLASH->ACR |= BIT(11); FLASH->ACR &= ~BIT(11); FLASH->ACR |= BIT(9); }
  if (FLASH->ACR & BIT(10)) { FLASH->ACR &= ~BIT(10); FLASH->ACR |= BIT(12); FLASH->ACR &= ~BIT(12); FLASH->ACR |= BIT(10); }
  log_[0] = HAL_GetTick() - before;
  CHECK(REG(EEPROM) == 0xffffffff);
  // ST's EEPROM emulation: page status, then value and virtual address as half-words.
  program(EEPROM, 0xeeee, 1);
  program(EEPROM, 0x0000, 1);
  for (uint32_t i = 0; i < 8; i++) {
    program(EEPROM + 4 + 4 * i, 0x1000 + i, 1);
    program(EEPROM + 6 + 4 * i, 0x7700 + i, 1);
  }
  program(EEPROM + 64, 0x12345678, 2);
  program(EEPROM + 68, 0xa5, 0);
  FLASH->CR |= BIT(31);
  CHECK(REG16(EEPROM) == 0 && REG(EEPROM + 8) == 0x77011001 && REG(EEPROM + 64) == 0x12345678 && REG(EEPROM + 68) == 0xffffffa5);
  // Locked again: the write is an error and changes nothing; CR cannot be written.
  FLASH->CR |= 1;
  CHECK(!(FLASH->CR & 1));
}

static void numbers(void)
{
  RCC->AHB1ENR |= BIT(12);
  REG(0x40023008) = 1;
  // CRC of the bytes "1234" and "5678" as big-endian words; then over flash, against a loop.
  REG(0x40023000) = 0x31323334;
  REG(0x40023000) = 0x35363738;
  log_[1] = REG(0x40023000);
  REG(0x40023008) = 1;
  uint32_t crc = 0xffffffff;
  for (uint32_t a = 0x08000000; a < 0x08000400; a += 4) {
    REG(0x40023000) = REG(a);
    crc ^= REG(a);
    for (int bit = 0; bit < 32; bit++) crc = crc & BIT(31) ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  CHECK(REG(0x40023000) == crc);

  RCC->AHB2ENR |= BIT(6);
  REG(0x50060800) |= BIT(2);
  uint32_t last = 0;
  for (int i = 0; i < 4; i++) {
    const uint32_t start = HAL_GetTick();
    while (!(REG(0x50060804) & 1)) if (HAL_GetTick() - start > 2) finish(__LINE__);
    const uint32_t value = REG(0x50060808);
    CHECK(value != last && value != 0);
    CHECK(!(REG(0x50060804) & 0x66));
    last = value;
  }
  // Unique ID: not blank; flash size in kilobytes; device 413.
  CHECK((REG(0x1FFF7A10) & REG(0x1FFF7A14) & REG(0x1FFF7A18)) != 0xffffffff);
  log_[2] = REG16(0x1FFF7A22);
  log_[3] = REG(0xE0042000) & 0xfff;
}

static uint32_t bcd(uint32_t n) { return n / 10 << 4 | n % 10; }

static void rtc(void)
{
  RCC->APB1ENR |= BIT(28);
  PWR->CR |= BIT(8);
  uint32_t start = HAL_GetTick();
  while (!(PWR->CR & BIT(8))) if (HAL_GetTick() - start > 2) finish(__LINE__);
  RCC->BDCR |= 1;
  start = HAL_GetTick();
  while (!(RCC->BDCR & 2)) if (HAL_GetTick() - start > 5000) finish(__LINE__);
  // HAL_RCCEx_PeriphCLKConfig: another source than before resets the backup domain and puts BDCR back.
  if ((RCC->BDCR & 0x300) == 0) {
    const uint32_t keep = RCC->BDCR & ~0x300u;
    REG(0x42470E40) = 1;
    REG(0x42470E40) = 0;
    RCC->BDCR = keep;
    start = HAL_GetTick();
    while (!(RCC->BDCR & 2)) if (HAL_GetTick() - start > 5000) finish(__LINE__);
  }
  modify(&RCC->BDCR, 0x300, 0x100);
  RCC->BDCR |= BIT(15);
  RTC(0x24) = 0xca;
  RTC(0x24) = 0x53;
  RTC(0x0c) = 0xffffffff;
  start = HAL_GetTick();
  while (!(RTC(0x0c) & BIT(6))) if (HAL_GetTick() - start > 1000) finish(__LINE__);
  RTC(0x08) &= ~(BIT(6) | 3u << 21);
  RTC(0x10) = 255;
  RTC(0x10) |= 127 << 16;
  RTC(0x00) = bcd(23) << 16 | bcd(59) << 8 | bcd(58);
  RTC(0x04) = bcd(24) << 16 | 6 << 13 | bcd(2) << 8 | bcd(28);
  RTC(0x0c) &= ~BIT(7);
  RTC(0x08) &= ~BIT(8);
  // Alarm A at midnight, whatever the date.
  start = HAL_GetTick();
  while (!(RTC(0x0c) & 1)) if (HAL_GetTick() - start > 1000) finish(__LINE__);
  RTC(0x1c) = BIT(31);
  RTC(0x44) = 0;
  RTC(0x08) |= BIT(8) | BIT(12);
  EXTI->IMR |= BIT(17);
  EXTI->RTSR |= BIT(17);
  RTC(0x24) = 0xff;
  NVIC_EnableIRQ(41);
  start = HAL_GetTick();
  while (!alarms) if (HAL_GetTick() - start > 3000) finish(__LINE__);
  log_[4] = HAL_GetTick() - start;
  // HAL_RTC_GetTime and GetDate: TR locks DR until it is read.
  RTC(0x0c) &= ~BIT(5);
  start = HAL_GetTick();
  while (!(RTC(0x0c) & BIT(5))) if (HAL_GetTick() - start > 1000) finish(__LINE__);
  log_[5] = RTC(0x00);
  log_[6] = RTC(0x04);
  BKP(0) = 0x600d;
  BKP(19) = 0xcafe;
}

static void stop(void)
{
  RCC->AHB1ENR |= BIT(0);
  EXTI->IMR |= BIT(0);
  EXTI->RTSR |= BIT(0);
  NVIC_EnableIRQ(6);
  // HAL_PWR_EnterSLEEPMode, with the tick held.
  SysTick->CTRL &= ~BIT(1);
  SCB->SCR &= ~BIT(2);
  __asm volatile ("dsb\n wfi\n isb");
  SysTick->CTRL |= BIT(1);
  CHECK(woken == 1);
  CHECK((RCC->CFGR & 0xc) == 8);
  // HAL_PWR_EnterSTOPMode: low-power regulator, SLEEPDEEP, WFI. The tick may run: its clock stops as well.
  const uint32_t before = HAL_GetTick();
  modify(&PWR->CR, 3, 1);
  SCB->SCR |= BIT(2);
  __asm volatile ("dsb\n wfi\n isb");
  SCB->SCR &= ~BIT(2);
  log_[7] = RCC->CFGR & 0xc;
  log_[8] = HAL_GetTick() - before;
  log_[9] = woken;
  start168();
}

static void independent(void)
{
  // HAL_IWDG_Init and a few refreshes, then none: 32 kHz / 4, 100.
  REG(0x40003000) = 0xcccc;
  REG(0x40003000) = 0x5555;
  REG(0x40003004) = 0;
  REG(0x40003008) = 100;
  const uint32_t start = HAL_GetTick();
  while (REG(0x4000300C)) if (HAL_GetTick() - start > 49) finish(__LINE__);
  REG(0x40003000) = 0xaaaa;
  for (int i = 0; i < 10; i++) { HAL_Delay(5); REG(0x40003000) = 0xaaaa; }
  log_[10] = 1;
  HAL_Delay(100);
  finish(__LINE__);
}

static void window(void)
{
  RCC->APB1ENR |= BIT(11);
  // 42 MHz / 4096 / 8: 780 us a count. Window 80, refresh at 127 is too early.
  REG(0x40002C04) = 3 << 7 | 80;
  REG(0x40002C00) = 0xff;
  // (127 - 80) counts are 36.7 ms; until 63 it is 49.9.
  for (int i = 0; i < 3; i++) { HAL_Delay(41); REG(0x40002C00) = 0x7f; }
  log_[11] = 1;
  REG(0x40002C00) = 0x7f;
  for (volatile int i = 0; i < 1000; i++) { }
  finish(__LINE__);
}

int main(void)
{
  const uint32_t cause = RCC->CSR >> 25;
  RCC->CSR |= BIT(24);
  start168();
  RCC->APB1ENR |= BIT(28);
  PWR->CR |= BIT(8);
  const uint32_t step = BKP(1);
  causes[step] = cause;
  BKP(1) = step + 1;
  if (step == 0) {
    eeprom();
    numbers();
    rtc();
    stop();
    // rtc() has reset the backup domain.
    BKP(1) = 1;
    NVIC_SystemReset();
  }
  CHECK(BKP(0) == 0x600d && BKP(19) == 0xcafe);
  CHECK(REG(EEPROM + 64) == 0x12345678);
  if (step == 1) independent();
  if (step == 2) window();
  log_[12] = RTC(0x00);
  finish(0);
}
