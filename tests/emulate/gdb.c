// SPDX-License-Identifier: MIT
// What gdb is shown: variables of each kind, a call, floats, an interrupt, a fault, and an end by semihosting.
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

struct point { int x, y; } p = { 3, 4 };
volatile int ticks;
volatile float scale = 1.5f;
float scaled;

__attribute__((noinline)) int area(struct point *q)
{
  int product = q->x * q->y;
  return product;
}

void SysTick_Handler(void)
{
  ticks++;
}

void HardFault_Handler(void)
{
  for (;;) { }
}

static int semihosting(int operation, void *parameter)
{
  register int r0 __asm("r0") = operation;
  register void *r1 __asm("r1") = parameter;
  __asm volatile ("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int main(void)
{
  scaled = scale * 4;
  int a = area(&p);
  p.x = a + 1;
  REGISTER(0xE000E014) = 999;
  REGISTER(0xE000E018) = 0;
  REGISTER(0xE000E010) = 7;
  while (ticks < 3) { }
  semihosting(4, "done\n");
  if (p.y == 99) REGISTER(0x60000000) = 1;
  if (p.y == 98) for (;;) { }
  uint32_t block[2] = { 0x20026, (uint32_t)p.y };
  semihosting(0x20, block);
  return 0;
}
