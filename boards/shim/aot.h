// SPDX-License-Identifier: MIT
// What C translated from WebAssembly is made with: linear memory, and the instructions that C has no exact operator for.
//
// Compile with -O2 -ffp-contract=off -fno-math-errno; without the first flag results differ from other engines in their last bits, without the
// second square roots are library calls. Little-endian only.

#ifndef TONEWHEEL_AOT_H
#define TONEWHEEL_AOT_H

#include <stdint.h>
#include <string.h>

#include "trap.h"

#ifndef TW_MEMORY_BYTES
#error "TW_MEMORY_BYTES, the size of linear memory in bytes, must be defined for the whole image"
#endif

#define TW_INLINE static inline __attribute__((always_inline))
#define TW_UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/** The firmware cannot go on. @param cause of trap.h @param offset of the instruction in the shipped .wasm, in bytes */
__attribute__((cold)) _Noreturn void tw_trap(uint32_t cause, uint32_t offset);

/** Linear memory, 16-aligned. The runtime zeroes it before tw_aot_memory_init(). */
extern uint8_t tw_memory[TW_MEMORY_BYTES];

/** Lowest address that recursive functions may bring the stack pointer to. What they call besides themselves fits below it. */
#ifndef TW_STACK_LIMIT
extern uint8_t tw_stack_guard[];
#define TW_STACK_LIMIT ((uintptr_t)tw_stack_guard + TW_STACK_RESERVE)
#define TW_STACK_RESERVE 512u
#endif

/** Whether an access that ends `end` bytes (a constant) after address `at` leaves memory. The constant part costs nothing. */
#define TW_OUTSIDE(at, end) TW_UNLIKELY((end) > TW_MEMORY_BYTES || (at) > (uint32_t)(TW_MEMORY_BYTES - (end)))

/** The same, or `at` is no multiple of 4: the low bits, rotated to the top, make it too large. One comparison. */
#define TW_OUTSIDE_OR_UNALIGNED(at, end) TW_UNLIKELY((end) > TW_MEMORY_BYTES || tw_rotr32(at, 2) > (uint32_t)(TW_MEMORY_BYTES - (end)) >> 2)

/**
 * For a loop that goes on while x + add < y (or <=): the limit below which x has to be for that to hold and for an access that ends `end` bytes after x
 * to be inside of memory. 0 when x has one of the `low` bits set.
 */
TW_INLINE uint32_t tw_loop_limit(uint32_t x, uint32_t y, uint32_t add, uint32_t orEqual, uint64_t end, uint32_t low) {
  if (end > TW_MEMORY_BYTES || x & low || y < add) return 0;
  const uint32_t inside = (uint32_t)(TW_MEMORY_BYTES - end) + 1;
  return y - add < inside ? y - add + orEqual : inside;
}

/** Where a base lies. The compiler is not to see what it is made of, or it adds up every address anew instead of keeping one and displacements. */
TW_INLINE uint8_t *tw_pointer(uint32_t base) {
  uint8_t *pointer = tw_memory + base;
  __asm__("" : "+r"(pointer));
  return pointer;
}

// Plain accesses, after their check. memcpy is the load or store itself: WebAssembly allows any alignment, and the core does it.
#define TW_ACCESS(name, type)                                                                                            \
  TW_INLINE type tw_load_##name(const uint8_t *at) { type v; __builtin_memcpy(&v, at, sizeof v); return v; } \
  TW_INLINE void tw_store_##name(uint8_t *at, type v) { __builtin_memcpy(at, &v, sizeof v); }
TW_ACCESS(i8, int8_t)
TW_ACCESS(u8, uint8_t)
TW_ACCESS(i16, int16_t)
TW_ACCESS(u16, uint16_t)
TW_ACCESS(i32, int32_t)
TW_ACCESS(u32, uint32_t)
TW_ACCESS(u64, uint64_t)
TW_ACCESS(f32, float)
TW_ACCESS(f64, double)
#undef TW_ACCESS
// After a check that covers alignment too.
TW_INLINE float tw_load_f32_aligned(const uint8_t *at) {
  float v;
  __builtin_memcpy(&v, __builtin_assume_aligned(at, 4), sizeof v);
  return v;
}
TW_INLINE void tw_store_f32_aligned(uint8_t *at, float v) {
  __builtin_memcpy(__builtin_assume_aligned(at, 4), &v, sizeof v);
}

#define TW_REINTERPRET(name, to, from) TW_INLINE to name(from x) { to v; __builtin_memcpy(&v, &x, sizeof v); return v; }
TW_REINTERPRET(tw_f32_bits, uint32_t, float)
TW_REINTERPRET(tw_f64_bits, uint64_t, double)
TW_REINTERPRET(tw_f32_of_bits, float, uint32_t)
TW_REINTERPRET(tw_f64_of_bits, double, uint64_t)
#undef TW_REINTERPRET

TW_INLINE uint32_t tw_rotl32(uint32_t x, uint32_t n) { return x << (n & 31) | x >> (-n & 31); }
TW_INLINE uint32_t tw_rotr32(uint32_t x, uint32_t n) { return x >> (n & 31) | x << (-n & 31); }
TW_INLINE uint64_t tw_rotl64(uint64_t x, uint64_t n) { return x << (n & 63) | x >> (-n & 63); }
TW_INLINE uint64_t tw_rotr64(uint64_t x, uint64_t n) { return x >> (n & 63) | x << (-n & 63); }
TW_INLINE uint32_t tw_clz32(uint32_t x) { return x ? (uint32_t)__builtin_clz(x) : 32; }
TW_INLINE uint32_t tw_ctz32(uint32_t x) { return x ? (uint32_t)__builtin_ctz(x) : 32; }
TW_INLINE uint64_t tw_clz64(uint64_t x) { return x ? (uint64_t)__builtin_clzll(x) : 64; }
TW_INLINE uint64_t tw_ctz64(uint64_t x) { return x ? (uint64_t)__builtin_ctzll(x) : 64; }
TW_INLINE uint32_t tw_popcnt32(uint32_t x) {
  x -= x >> 1 & 0x55555555u;
  x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
  return ((x + (x >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24;
}
TW_INLINE uint64_t tw_popcnt64(uint64_t x) { return tw_popcnt32((uint32_t)x) + tw_popcnt32((uint32_t)(x >> 32)); }

TW_INLINE uint32_t tw_div_s32(uint32_t a, uint32_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  if (TW_UNLIKELY(a == 0x80000000u && b == 0xffffffffu)) tw_trap(TW_TRAP_INTEGER_OVERFLOW, offset);
  return (uint32_t)((int32_t)a / (int32_t)b);
}
TW_INLINE uint32_t tw_div_u32(uint32_t a, uint32_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return a / b;
}
TW_INLINE uint32_t tw_rem_s32(uint32_t a, uint32_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return b == 0xffffffffu ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
}
TW_INLINE uint32_t tw_rem_u32(uint32_t a, uint32_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return a % b;
}
TW_INLINE uint64_t tw_div_s64(uint64_t a, uint64_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  if (TW_UNLIKELY(a == 0x8000000000000000u && b == UINT64_MAX)) tw_trap(TW_TRAP_INTEGER_OVERFLOW, offset);
  return (uint64_t)((int64_t)a / (int64_t)b);
}
TW_INLINE uint64_t tw_div_u64(uint64_t a, uint64_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return a / b;
}
TW_INLINE uint64_t tw_rem_s64(uint64_t a, uint64_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}
TW_INLINE uint64_t tw_rem_u64(uint64_t a, uint64_t b, uint32_t offset) {
  if (TW_UNLIKELY(b == 0)) tw_trap(TW_TRAP_DIVIDE_BY_ZERO, offset);
  return a % b;
}

// Of zeros of both signs the minimum is the negative one; a NaN gives a quiet NaN.
TW_INLINE float tw_min_f32(float a, float b) {
  return a < b ? a : b < a ? b : a == b ? tw_f32_of_bits(tw_f32_bits(a) | tw_f32_bits(b)) : a + b;
}
TW_INLINE float tw_max_f32(float a, float b) {
  return a > b ? a : b > a ? b : a == b ? tw_f32_of_bits(tw_f32_bits(a) & tw_f32_bits(b)) : a + b;
}
TW_INLINE double tw_min_f64(double a, double b) {
  return a < b ? a : b < a ? b : a == b ? tw_f64_of_bits(tw_f64_bits(a) | tw_f64_bits(b)) : a + b;
}
TW_INLINE double tw_max_f64(double a, double b) {
  return a > b ? a : b > a ? b : a == b ? tw_f64_of_bits(tw_f64_bits(a) & tw_f64_bits(b)) : a + b;
}
// Against a constant that is neither zero nor NaN: one comparison. A NaN comes out as it went in.
TW_INLINE float tw_min_f32_constant(float x, float limit) { return x > limit ? limit : x; }
TW_INLINE float tw_max_f32_constant(float x, float limit) { return x < limit ? limit : x; }
TW_INLINE double tw_min_f64_constant(double x, double limit) { return x > limit ? limit : x; }
TW_INLINE double tw_max_f64_constant(double x, double limit) { return x < limit ? limit : x; }

// From 2^23 (2^52) on every float (double) is whole; x + 0 quiets a NaN. copysign keeps the sign of zeros.
TW_INLINE float tw_trunc_f32(float x) {
  return __builtin_fabsf(x) < 8388608.0f ? __builtin_copysignf((float)(int32_t)x, x) : x + 0.0f;
}
TW_INLINE float tw_floor_f32(float x) {
  const float t = tw_trunc_f32(x);
  return t > x ? t - 1.0f : t;
}
TW_INLINE float tw_ceil_f32(float x) {
  const float t = tw_trunc_f32(x);
  return t < x ? __builtin_copysignf(t + 1.0f, x) : t;
}
// Adding 2^23 rounds to whole numbers, ties to even, in the mode that the core is always in.
TW_INLINE float tw_nearest_f32(float x) {
  const float m = __builtin_fabsf(x);
  return m < 8388608.0f ? __builtin_copysignf((m + 8388608.0f) - 8388608.0f, x) : x + 0.0f;
}
TW_INLINE double tw_trunc_f64(double x) {
  return __builtin_fabs(x) < 4503599627370496.0 ? __builtin_copysign((double)(int64_t)x, x) : x + 0.0;
}
TW_INLINE double tw_floor_f64(double x) {
  const double t = tw_trunc_f64(x);
  return t > x ? t - 1.0 : t;
}
TW_INLINE double tw_ceil_f64(double x) {
  const double t = tw_trunc_f64(x);
  return t < x ? __builtin_copysign(t + 1.0, x) : t;
}
TW_INLINE double tw_nearest_f64(double x) {
  const double m = __builtin_fabs(x);
  return m < 4503599627370496.0 ? __builtin_copysign((m + 4503599627370496.0) - 4503599627370496.0, x) : x + 0.0;
}

/** Why a conversion to an integer trapped. */
TW_INLINE _Noreturn void tw_bad_conversion(int isNan, uint32_t offset) {
  tw_trap(isNan ? TW_TRAP_INVALID_CONVERSION : TW_TRAP_INTEGER_OVERFLOW, offset);
}

// The magnitude is compared as an integer, which NaN and infinity fail too; only what fails is looked at closely.
TW_INLINE uint32_t tw_trunc_s32_f32(float x, uint32_t offset) {
  if (TW_UNLIKELY(tw_f32_bits(x) << 1 >= 0x9e000000u && x != -2147483648.0f)) tw_bad_conversion(x != x, offset);
  return (uint32_t)(int32_t)x;
}
#define TW_TRUNC(name, to, toSigned, from, low, high)                                       \
  TW_INLINE to tw_trunc_##name(from x, uint32_t offset) {                                   \
    if (TW_UNLIKELY(!(x low && x < high))) tw_bad_conversion(x != x, offset);               \
    return (to)(toSigned)x;                                                                 \
  }                                                                                         \
  TW_INLINE to tw_trunc_sat_##name(from x, to least, to most) {                             \
    return x != x ? 0 : x >= high ? most : !(x low) ? least : (to)(toSigned)x;              \
  }
TW_TRUNC(u32_f32, uint32_t, uint32_t, float, > -1.0f, 4294967296.0f)
TW_TRUNC(s32_f64, uint32_t, int32_t, double, > -2147483649.0, 2147483648.0)
TW_TRUNC(u32_f64, uint32_t, uint32_t, double, > -1.0, 4294967296.0)
TW_TRUNC(s64_f32, uint64_t, int64_t, float, >= -9223372036854775808.0f, 9223372036854775808.0f)
TW_TRUNC(u64_f32, uint64_t, uint64_t, float, > -1.0f, 18446744073709551616.0f)
TW_TRUNC(s64_f64, uint64_t, int64_t, double, >= -9223372036854775808.0, 9223372036854775808.0)
TW_TRUNC(u64_f64, uint64_t, uint64_t, double, > -1.0, 18446744073709551616.0)
#undef TW_TRUNC
TW_INLINE uint32_t tw_trunc_sat_s32_f32(float x, uint32_t least, uint32_t most) {
#if defined(__ARM_FP) && defined(__thumb__)
  // VCVT rounds towards zero, saturates, and makes 0 of what is not a number (ARMv7-M, A7.7.226): C may not rely on that, we may.
  int32_t converted;
  __asm__("vcvt.s32.f32 %0, %1" : "=t"(converted) : "t"(x));
  (void)least, (void)most;
  return (uint32_t)converted;
#else
  return x != x ? 0 : x >= 2147483648.0f ? most : x < -2147483648.0f ? least : (uint32_t)(int32_t)x;
#endif
}

/** Copies as memory.copy does. */
TW_INLINE void tw_memory_copy(uint32_t to, uint32_t from, uint32_t count, uint32_t offset) {
  if (TW_UNLIKELY((uint64_t)to + count > TW_MEMORY_BYTES || (uint64_t)from + count > TW_MEMORY_BYTES)) tw_trap(TW_TRAP_MEMORY_OUT_OF_BOUNDS, offset);
  memmove(tw_memory + to, tw_memory + from, count);
}
TW_INLINE void tw_memory_fill(uint32_t to, uint32_t value, uint32_t count, uint32_t offset) {
  if (TW_UNLIKELY((uint64_t)to + count > TW_MEMORY_BYTES)) tw_trap(TW_TRAP_MEMORY_OUT_OF_BOUNDS, offset);
  memset(tw_memory + to, (int)(value & 0xff), count);
}

/** An entry of the table. Types are numbered by signature from 1; 0 is a null entry. */
typedef struct {
  void (*function)(void);
  uint32_t type;
} tw_table_entry;

/** In functions that can be part of a recursion. */
TW_INLINE void tw_check_stack(uint32_t offset) {
  if (TW_UNLIKELY((uintptr_t)__builtin_frame_address(0) < TW_STACK_LIMIT)) tw_trap(TW_TRAP_STACK_OVERFLOW, offset);
}

// Entry points that the translated module offers.
void tw_aot_memory_init(void);
void tw_aot_start(void);
void tw_aot_init(void);
void tw_aot_main(void);
extern void (*const tw_aot_handlers[])(void);
extern const uint32_t tw_aot_handler_count;
/** Offset of the call of abort that is under way. */
extern uint32_t tw_abort_offset;

#endif
