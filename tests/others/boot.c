// SPDX-License-Identifier: MIT
// A boot loader: code in RAM, vectors in RAM, SRAM at address 0, and at last the jump to an application at 0x08010000, as ST's IAP and others jump.
#include <string.h>
#include "stm32f4.h"

#define APPLICATION 0x08010000u
extern const uint32_t vectors[98];
static uint32_t copy[98] __attribute__((aligned(512)));
static volatile uint32_t fromRam, patched;

__attribute__((section(".ramfunc"), noinline, long_call)) uint32_t sumInRam(const uint32_t *words, uint32_t count)
{
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += words[i];
  return sum;
}

/** Runs while nothing can be fetched from flash: an erase that the core does not wait for. */
__attribute__((section(".ramfunc"), noinline, long_call)) uint32_t eraseFromRam(uint32_t sector)
{
  FLASH->CR = 2 << 8 | 2 | sector << 3;
  FLASH->CR |= BIT(16);
  uint32_t polls = 0;
  while (FLASH->SR & BIT(16)) polls++;
  FLASH->CR = 0;
  return polls;
}

static void fromTable(void) { patched += 1; }

__attribute__((noinline)) static void remap(void)
{
  // What is at 0 is flash; then system memory, which is not blank on a chip but somebody else's; then SRAM with vectors that VTOR = 0 finds.
  CHECK(memcmp((const void *)4, (const void *)(0x08000000 + 4), 64) == 0);
  RCC->APB2ENR |= BIT(14);
  (void)RCC->APB2ENR;
  SYSCFG->MEMRMP = 1;
  __asm volatile ("dsb\n isb");
  CHECK(REG(0x10) == REG(0x1FFF0010) && REG(0x10) != REG(0x08000010));
  SYSCFG->MEMRMP = 3;
  __asm volatile ("dsb\n isb");
  CHECK((SYSCFG->MEMRMP & 3) == 3);
  // Code in SRAM by its address below 0.
  uint32_t (*const alias)(const uint32_t *, uint32_t) = (void *)((uint32_t)sumInRam - 0x20000000);
  const uint32_t words[] = { 1, 2, 3 };
  CHECK(alias(words, 3) == 6);
  *(volatile uint32_t *)((uint32_t)&copy[20] - 0x20000000) = 0x1234;
  CHECK(copy[20] == 0x1234);
  copy[20] = vectors[20];
  SYSCFG->MEMRMP = 0;
  __asm volatile ("dsb\n isb");
  CHECK(memcmp((const void *)4, (const void *)(0x08000000 + 4), 64) == 0);
}

int main(void)
{
  FLASH->KEYR = 0x45670123;
  FLASH->KEYR = 0xCDEF89AB;
  // Before there is a tick, whose handler lies in flash and would hold the core up.
  CHECK(eraseFromRam(2) > 1000);
  FLASH->CR |= BIT(31);

  start168();
  CHECK((uint32_t)sumInRam >> 24 == 0x20);
  for (int i = 0; i < 200; i++) fromRam = sumInRam(vectors, 16);
  uint32_t expected = 0;
  for (int i = 0; i < 16; i++) expected += vectors[i];
  CHECK(fromRam == expected);

  // The table in RAM, one vector exchanged while it is in use.
  memcpy(copy, vectors, sizeof copy);
  SCB->VTOR = (uint32_t)copy;
  __asm volatile ("dsb");
  copy[16 + 28] = (uint32_t)fromTable;
  NVIC_EnableIRQ(28);
  REG(0xE000E200) = BIT(28);
  __asm volatile ("dsb\n isb");
  CHECK(patched == 1);

  remap();

  CHECK((REG(APPLICATION) & 0x2FFC0000) == 0x20000000);
  // All that runs is stopped and put back before the jump.
  __asm volatile ("cpsid i");
  SysTick->CTRL = 0;
  SysTick->LOAD = 0;
  SysTick->VAL = 0;
  for (int i = 0; i < 8; i++) { REG(0xE000E180 + 4 * i) = 0xffffffff; REG(0xE000E280 + 4 * i) = 0xffffffff; }
  RCC->CR |= 1;
  while (!(RCC->CR & 2)) { }
  RCC->CFGR = 0;
  while (RCC->CFGR & 0xc) { }
  RCC->CR &= ~(BIT(16) | BIT(24));
  while (RCC->CR & BIT(25)) { }
  __asm volatile ("cpsie i");
  SCB->VTOR = APPLICATION;
  void (*const start)(void) = (void (*)(void))REG(APPLICATION + 4);
  __asm volatile ("msr msp, %0\n dsb\n isb" : : "r"(REG(APPLICATION)) : "memory");
  start();
  finish(1);
}
