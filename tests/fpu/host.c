// SPDX-License-Identifier: MIT
// What this computer's own floating-point unit makes of cases that host.spec.ts sends: reads records of five words, writes records of two.
//
// Input: operation, rounding mode as in FPSCR (0 nearest, 1 up, 2 down, 3 to zero) with 4 for denormal operands as zero, a, b, c.
// Output: result bits; FPSCR's cumulative bits, and bit 31 for a result that is below the least normal number before rounding.
// A result that is no number comes as this unit makes it; flags are those of numbers, where IEEE 754 leaves no choice.

#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xmmintrin.h>

#define DAZ 0x40u
#define TINY 0x80000000u

enum { ADD, SUB, MUL, DIV, SQRT, FMA, COMPARE, COMPARE_SIGNALLING, FROM_FIXED, TO_FIXED, FROM_HALF, TO_HALF };
enum { INVALID = 1, BY_ZERO = 2, OVERFLOWS = 4, UNDERFLOWS = 8, INEXACT = 16 };

static float number(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

static uint32_t flags(void) {
  int raised = fetestexcept(FE_ALL_EXCEPT);
  return (raised & FE_INVALID ? INVALID : 0) | (raised & FE_DIVBYZERO ? BY_ZERO : 0) | (raised & FE_OVERFLOW ? OVERFLOWS : 0) |
         (raised & FE_UNDERFLOW ? UNDERFLOWS : 0) | (raised & FE_INEXACT ? INEXACT : 0);
}

static float arithmetic(uint32_t operation, volatile float a, volatile float b, volatile float c) {
  switch (operation) {
  case ADD: return a + b;
  case SUB: return a - b;
  case MUL: return a * b;
  case DIV: return a / b;
  case SQRT: return sqrtf(a);
  default: return fmaf(b, c, a);
  }
}

// N, Z, C, V as a compare sets them.
static uint32_t compare(volatile float a, volatile float b, int signalling) {
  volatile int less = signalling ? a < b : isless(a, b);
  volatile int greater = signalling ? a > b : isgreater(a, b);
  if (isunordered(a, b)) return 3u << 28;
  return (less ? 8u : greater ? 2u : 6u) << 28;
}

// b: fraction bits, 64 for signed, 128 for 16 bits.
static uint32_t to_fixed(float a, uint32_t how, uint32_t *raised) {
  int narrow = (how & 128) != 0, is_signed = (how & 64) != 0;
  double least = is_signed ? (narrow ? INT16_MIN : (double)INT32_MIN) : 0;
  double most = is_signed ? (narrow ? INT16_MAX : (double)INT32_MAX) : narrow ? UINT16_MAX : (double)UINT32_MAX;
  volatile double scaled = ldexp(a, how & 63);
  double rounded = nearbyint(scaled);
  if (isnan(rounded) || rounded < least || rounded > most) {
    *raised = INVALID;
    return isnan(rounded) ? 0 : (uint32_t)(int64_t)(rounded < least ? least : most);
  }
  *raised = rounded != scaled ? INEXACT : 0;
  return (uint32_t)(int64_t)rounded;
}

static float from_fixed(uint32_t a, uint32_t how) {
  volatile int64_t integer = how & 64 ? (int64_t)(int32_t)a : (int64_t)a;
  volatile float rounded = (float)integer;
  return ldexpf(rounded, -(int)(how & 63));
}

static uint32_t to_half(volatile float a) {
  // The conversion is a library function, which does not know of denormal operands as zero; a product does.
  volatile float one = 1, from = a * one;
  volatile _Float16 half = (_Float16)from;
  _Float16 copy = half;
  uint16_t half_bits;
  memcpy(&half_bits, &copy, 2);
  return half_bits;
}

int main(void) {
  static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  uint32_t in[5], out[2];
  while (fread(in, 4, 5, stdin) == 5) {
    uint32_t operation = in[0];
    float a = number(in[2]), b = number(in[3]), c = number(in[4]);
    fesetround(modes[in[1] & 3]);
    feclearexcept(FE_ALL_EXCEPT);
    _mm_setcsr(in[1] & 4 ? _mm_getcsr() | DAZ : _mm_getcsr() & ~DAZ);
    if (operation <= FMA) {
      out[0] = bits_of(arithmetic(operation, a, b, c));
      out[1] = flags();
      // Cut off, a result below the least normal number stays below; rounded it may not.
      fesetround(FE_TOWARDZERO);
      uint32_t cut = bits_of(arithmetic(operation, a, b, c)) & 0x7fffffff;
      if (cut < 0x00800000 && (cut != 0 || (out[1] & INEXACT))) out[1] |= TINY;
    } else if (operation <= COMPARE_SIGNALLING) {
      out[0] = compare(a, b, operation == COMPARE_SIGNALLING);
      out[1] = flags();
    } else if (operation == FROM_FIXED) {
      out[0] = bits_of(from_fixed(in[2], in[3]));
      out[1] = flags();
    } else if (operation == TO_FIXED) {
      out[0] = to_fixed(a, in[3], &out[1]);
    } else if (operation == FROM_HALF) {
      uint16_t half_bits = (uint16_t)in[2];
      _Float16 half;
      memcpy(&half, &half_bits, 2);
      volatile _Float16 from = half;
      out[0] = bits_of((float)from);
      out[1] = flags();
    } else {
      out[0] = to_half(a);
      out[1] = flags();
      fesetround(FE_TOWARDZERO);
      if ((to_half(a) & 0x7c00) == 0 && (out[1] & INEXACT)) out[1] |= TINY;
    }
    fwrite(out, 4, 2, stdout);
  }
  return 0;
}
