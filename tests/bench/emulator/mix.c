// SPDX-License-Identifier: MIT
// What audio firmware does, one kind after the other: filter, oscillator, checksum, sieve, interpreter, convolution. Runs on a bare Cortex-M4F; whoever
// starts it says how often, and how many cycles SysTick's interrupts are apart, in two words behind its RAM. Leaves `digest`, and ends by semihosting.

#include <stdint.h>

#define ROUNDS (*(volatile uint32_t *)0x20020000)
#define TICK_CYCLES (*(volatile uint32_t *)0x20020004)

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);
void reset(void);
void tick(void);

volatile uint32_t ticks;
volatile uint32_t digest;

static void stuck(void) {
  for (;;) {
  }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
  (void (*)(void))stack_top, reset, stuck, stuck, stuck, stuck, stuck, 0, 0, 0, 0, stuck, stuck, 0, stuck, tick,
};

static inline void leave(void) {
  // SYS_EXIT, ADP_Stopped_ApplicationExit (Arm semihosting, 6.5).
  register uint32_t operation __asm__("r0") = 0x18;
  register uint32_t reason __asm__("r1") = 0x20026;
  __asm__ volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
}

void reset(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; // CPACR: the floating-point unit
  __asm__ volatile("dsb\nisb");
  uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  if (TICK_CYCLES) {
    *(volatile uint32_t *)0xe000e014 = TICK_CYCLES - 1; // SYST_RVR
    *(volatile uint32_t *)0xe000e018 = 0;               // SYST_CVR
    *(volatile uint32_t *)0xe000e010 = 7;               // SYST_CSR: core clock, interrupt, on
  }
  main();
  leave();
  stuck();
}

void tick(void) {
  ticks++;
}

static float history[4];
static void biquad(float *x, int count) {
  const float b0 = 0.0675f, b1 = 0.1349f, b2 = 0.0675f, a1 = -1.1430f, a2 = 0.4128f;
  for (int i = 0; i < count; i++) {
    float y = b0 * x[i] + b1 * history[0] + b2 * history[1] - a1 * history[2] - a2 * history[3];
    history[1] = history[0];
    history[0] = x[i];
    history[3] = history[2];
    history[2] = y;
    x[i] = y;
  }
}

static const int16_t wave[65] = {
  0, 3212, 6393, 9512, 12539, 15446, 18204, 20787, 23170, 25329, 27245, 28898, 30273, 31356, 32137, 32609, 32767, 32609, 32137, 31356, 30273, 28898,
  27245, 25329, 23170, 20787, 18204, 15446, 12539, 9512, 6393, 3212, 0, -3212, -6393, -9512, -12539, -15446, -18204, -20787, -23170, -25329, -27245,
  -28898, -30273, -31356, -32137, -32609, -32767, -32609, -32137, -31356, -30273, -28898, -27245, -25329, -23170, -20787, -18204, -15446, -12539, -9512,
  -6393, -3212, 0,
};
static uint32_t phase;
static void oscillator(int32_t *out, int count, uint32_t step) {
  for (int i = 0; i < count; i++) {
    uint32_t at = phase >> 26, part = (phase >> 11) & 0x7fff;
    out[i] = wave[at] + ((wave[at + 1] - wave[at]) * (int32_t)part >> 15);
    phase += step;
  }
}

static uint32_t crc32(const uint8_t *bytes, int count) {
  uint32_t crc = ~0u;
  for (int i = 0; i < count; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

static uint8_t composite[1024];
static int sieve(void) {
  int primes = 0;
  for (int i = 2; i < 1024; i++) composite[i] = 0;
  for (int i = 2; i < 1024; i++) {
    if (composite[i]) continue;
    primes++;
    for (int j = i + i; j < 1024; j += i) composite[j] = 1;
  }
  return primes;
}

// Directly threaded code, as interpreters have it.
static uint32_t machine(uint32_t turns) {
  const void *program[] = {&&add, &&xor, &&shift, &&count, &&stop};
  const void **at = program;
  uint32_t a = 1, b = turns;
  goto **at;
add:
  a += 0x9e3779b9;
  at++;
  goto **at;
xor:
  a ^= a >> 13;
  at++;
  goto **at;
shift:
  a = a << 5 | a >> 27;
  at++;
  goto **at;
count:
  at = --b ? program : at + 1;
  goto **at;
stop:
  return a;
}

static int32_t taps[32], line[96];
static int32_t fir(int count) {
  int32_t sum = 0;
  for (int i = 0; i < count; i++) {
    int64_t y = 0;
    for (int k = 0; k < 32; k++) y += (int64_t)taps[k] * line[i + k];
    sum ^= (int32_t)(y >> 15);
  }
  return sum;
}

int main(void) {
  static float block[32];
  static int32_t samples[32];
  uint32_t sum = 0;
  for (int i = 0; i < 32; i++) taps[i] = 1000 * (i - 16);
  for (uint32_t round = 0, rounds = ROUNDS; round < rounds; round++) {
    oscillator(samples, 32, 0x01234567 + round);
    for (int i = 0; i < 32; i++) block[i] = (float)samples[i] * (1.0f / 32768.0f);
    biquad(block, 32);
    for (int i = 0; i < 32; i++) line[i + 32] = (int32_t)(block[i] * 32768.0f);
    sum += crc32((const uint8_t *)samples, 32);
    sum ^= (uint32_t)fir(32);
    sum += machine(64);
    if (round % 8 == 0) sum += (uint32_t)sieve();
    sum = sum << 1 | sum >> 31;
  }
  digest = sum;
  return 0;
}
