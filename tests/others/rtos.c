// SPDX-License-Identifier: MIT
// A tiny pre-emptive kernel in the manner of FreeRTOS's ARM_CM4F port: SVC starts the first task, PendSV switches on PSP with a lazily stacked FPU,
// critical sections by BASEPRI; beside it buttons on EXTI, debounced by a timer, and interrupts of four priorities.
#include <string.h>
#include "stm32f4.h"

typedef struct { uint32_t *top; uint32_t stack[256]; } task_t;
static task_t tasks[3];
task_t *volatile current;
static volatile unsigned now;
volatile uint32_t rounds[3], wrong, presses, rawEdges, switches, sharedCount, order[8], orders, guarded;
volatile float sums[3];

#define MASK 0x50
static inline void enter(void) { __asm volatile ("msr basepri, %0\n isb\n dsb" : : "r"(MASK) : "memory"); }
static inline void leave(void) { __asm volatile ("msr basepri, %0" : : "r"(0) : "memory"); }

void next(void)
{
  static unsigned n;
  n = (n + 1) % 3;
  current = &tasks[n];
  switches++;
}

__attribute__((naked)) void PendSV_Handler(void)
{
  __asm volatile (
    "mrs r0, psp\n isb\n"
    "ldr r3, =current\n ldr r2, [r3]\n"
    "tst r14, #0x10\n it eq\n vstmdbeq r0!, {s16-s31}\n"
    "stmdb r0!, {r4-r11, r14}\n"
    "str r0, [r2]\n"
    "stmdb sp!, {r0, r3}\n"
    "mov r0, %0\n msr basepri, r0\n dsb\n isb\n"
    "bl next\n"
    "mov r0, #0\n msr basepri, r0\n"
    "ldmia sp!, {r0, r3}\n"
    "ldr r1, [r3]\n ldr r0, [r1]\n"
    "ldmia r0!, {r4-r11, r14}\n"
    "tst r14, #0x10\n it eq\n vldmiaeq r0!, {s16-s31}\n"
    "msr psp, r0\n isb\n bx r14\n .ltorg\n" : : "i"(MASK));
}

__attribute__((naked)) void SVC_Handler(void)
{
  __asm volatile (
    "ldr r3, =current\n ldr r1, [r3]\n ldr r0, [r1]\n"
    "ldmia r0!, {r4-r11, r14}\n"
    "msr psp, r0\n isb\n"
    "mov r0, #0\n msr basepri, r0\n"
    "bx r14\n .ltorg\n");
}

void SysTick_Handler(void)
{
  enter();
  uwTick++;
  if (current == 0) { leave(); return; }
  SCB->ICSR = BIT(28);
  leave();
}

static inline void yield(void)
{
  SCB->ICSR = BIT(28);
  __asm volatile ("dsb\n isb" ::: "memory");
}

static void task(unsigned n)
{
  // Values that live in callee-saved registers of both kinds across switches.
  register float s __asm("s16") = (float)(n + 1);
  float sum = 0;
  for (uint32_t i = 0; ; i++) {
    __asm volatile ("vadd.f32 %0, %0, %1" : "+t"(sum) : "t"(s));
    __asm volatile ("" : "+t"(s));
    if (s != (float)(n + 1)) wrong++;
    if (sum > 100000.0f) sum = 0;
    sums[n] = sum;
    enter();
    const uint32_t before = sharedCount;
    for (volatile int d = 0; d < 5; d++) { }
    sharedCount = before + 1;
    leave();
    rounds[n]++;
    if (n == 2 && (i & 1023) == 0) yield();
    if (n == 0 && HAL_GetTick() >= 150) finish(0);
  }
}

static void make(unsigned n)
{
  uint32_t *top = &tasks[n].stack[256];
  *--top = 0x01000000;
  *--top = (uint32_t)task & ~1u;
  *--top = 0;
  top -= 5;
  *top = n;
  *--top = 0xfffffffd;
  top -= 8;
  tasks[n].top = top;
}

// Buttons: PA0 and PC13; each edge restarts TIM7, whose end says that the contact rests.
static void edge(void) { rawEdges++; TIM7->CNT = 0; TIM7->SR = 0; TIM7->CR1 |= BIT(0); }
void EXTI0_IRQHandler(void) { if (EXTI->PR & BIT(0)) { EXTI->PR = BIT(0); edge(); } }
void EXTI15_10_IRQHandler(void) { if (EXTI->PR & BIT(13)) { EXTI->PR = BIT(13); edge(); } }
void TIM7_IRQHandler(void)
{
  static uint32_t pressed;
  TIM7->SR = 0;
  TIM7->CR1 &= ~BIT(0);
  const uint32_t level = (GPIOA->IDR & 1) | (~GPIOC->IDR >> 13 & 1) << 1;
  if (level & ~pressed) presses++;
  pressed = level;
}

// Pended by software: 3 is the most urgent of these, 4 and 5 are masked by BASEPRI, and of equals the lower number goes first.
static void note(uint32_t what) { order[orders++] = what; }
void EXTI1_IRQHandler(void) { note(1); REG(0xE000E200) = BIT(9); note(10); }
void EXTI2_IRQHandler(void) { note(2); }
void EXTI3_IRQHandler(void) { note(3); }
void EXTI4_IRQHandler(void) { note(4); }

static void priorities(void)
{
  NVIC_SetPriority(7, 6);
  NVIC_SetPriority(8, 6);
  NVIC_SetPriority(9, 3);
  NVIC_SetPriority(10, 5);
  for (int n = 7; n < 11; n++) NVIC_EnableIRQ(n);
  enter();
  REG(0xE000E200) = BIT(7) | BIT(8) | BIT(10);
  __asm volatile ("isb");
  guarded = orders;
  leave();
  __asm volatile ("isb");
}

int main(void)
{
  start168();
  RCC->AHB1ENR |= BIT(0) | BIT(2);
  RCC->APB1ENR |= BIT(5);
  priorities();
  modify(&GPIOA->PUPDR, 3, 2);
  modify(&GPIOC->PUPDR, 3 << 26, 1 << 26);
  modify(&SYSCFG->EXTICR[3], 0xf0, 2 << 4);
  modify(&SYSCFG->EXTICR[0], 0xf, 0);
  EXTI->RTSR |= BIT(0) | BIT(13);
  EXTI->FTSR |= BIT(0) | BIT(13);
  EXTI->IMR |= BIT(0) | BIT(13);
  TIM7->PSC = 8399;
  TIM7->ARR = 50;
  TIM7->EGR = 1;
  TIM7->SR = 0;
  TIM7->DIER = 1;
  NVIC_SetPriority(6, 7);
  NVIC_SetPriority(40, 7);
  NVIC_SetPriority(55, 8);
  NVIC_EnableIRQ(6);
  NVIC_EnableIRQ(40);
  NVIC_EnableIRQ(55);

  NVIC_SetPriority(-2, 15);
  NVIC_SetPriority(-1, 15);
  for (unsigned n = 0; n < 3; n++) make(n);
  current = &tasks[0];
  // Lazy stacking, as xPortStartScheduler sets it; then the main stack anew, CONTROL cleared so that FPCA is.
  REG(0xE000EF34) |= 3u << 30;
  __asm volatile (
    "ldr r0, =0xE000ED08\n ldr r0, [r0]\n ldr r0, [r0]\n msr msp, r0\n mov r0, #0\n msr control, r0\n"
    "cpsie i\n cpsie f\n dsb\n isb\n svc 0\n .ltorg\n");
  __builtin_unreachable();
}
