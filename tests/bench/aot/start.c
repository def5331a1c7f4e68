// SPDX-License-Identifier: MIT
// Start-up for QEMU's mps2-an386, and the counting. QEMU runs one instruction a nanosecond (-icount shift=0), and CMSDK timer 1 counts at 25 MHz:
// 40 instructions a tick (Arm DDI 0479, CMSDK timer). Output goes through semihosting (Arm IHI 0099: SYS_WRITE0 4, SYS_EXIT 0x18).

#include "bench.h"

enum { BLOCKS = 200, VOICES = 8, TICK_INSTRUCTIONS = 40 };

extern uint8_t stack_top[], bss_start[], bss_end[], data_start[], data_end[], data_load[];

static int semihost(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static void print(const char *text) { semihost(4, text); }
static void print_number(uint32_t value) {
  char text[12];
  char *at = text + sizeof text;
  *--at = 0;
  do *--at = (char)('0' + value % 10); while (value /= 10);
  print(at);
}
static _Noreturn void end(void) {
  semihost(0x18, (const void *)0x20026); // ADP_Stopped_ApplicationExit
  for (;;) {}
}
_Noreturn void bench_fail(const char *why) {
  print("fail ");
  print(why);
  print("\n");
  end();
}

static volatile uint32_t *const timer = (volatile uint32_t *)0x40001000; // CTRL, VALUE, RELOAD, INTSTATUS

static void voice(int i) {
  bench_saw(i);
  bench_filter(i);
  bench_mix(i);
}

static void count(const char *name, void (*block)(int)) {
  const uint32_t before = timer[1];
  for (int n = 0; n < BLOCKS; n++) for (int i = 0; i < VOICES; i++) block(i);
  const uint32_t ticks = before - timer[1];
  print(name);
  print(" ");
  print_number(ticks * TICK_INSTRUCTIONS);
  print("\n");
}

static _Noreturn void reset(void) {
  *(volatile uint32_t *)0xe000ed88 = 0xfu << 20; // CPACR: the FPU on
  __asm__ volatile("dsb\n isb");
  for (uint8_t *to = data_start, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint8_t *to = bss_start; to < bss_end;) *to++ = 0;
  timer[2] = 0xffffffff;
  timer[1] = 0xffffffff;
  timer[0] = 1;
  bench_init();
  count("saw", bench_saw);
  count("filter", bench_filter);
  count("mix", bench_mix);
  count("voice", voice);
  print("digest ");
  print_number(bench_digest());
  print("\n");
  end();
}
static _Noreturn void fault(void) { bench_fail("fault"); }

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = { stack_top, reset, fault, fault, fault, fault, fault };
