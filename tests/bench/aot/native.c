// SPDX-License-Identifier: MIT
// kernels.as.ts in C by hand, as one would write it for this core: what ahead-of-time compilation is measured against.

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"

enum { VOICES = 8, BLOCKS = 13, FRAMES = 32, LEFT = FRAMES, RIGHT = 2 * FRAMES, REVERB = 3 * FRAMES, CHORUS = 4 * FRAMES };

typedef struct { uint32_t phase; } oscillator;
typedef struct { int mode; float s1, s2, g, loop, input, damping; } svf;
typedef struct { float value, step, aim; } glide;

static float blocks[BLOCKS][FRAMES];
static oscillator oscillators[VOICES];
static svf filters[VOICES];
static glide glides[4];

/* A function of its own, as in the TypeScript: pulses share it. */
__attribute__((noinline)) static void round_steps(float *out, int frame_count, uint32_t past, uint32_t increment, float height) {
  if (increment == 0) return;
  float *const last = out + frame_count - 1;
  const float reciprocal = 1.0f / (float)(int32_t)increment;
  if (past < increment) {
    const float rest = 1.0f - (float)(int32_t)past * reciprocal;
    *out -= height * rest * rest;
  }
  for (;;) {
    const uint32_t frames = ~past / increment;
    out += frames;
    if (out > last) return;
    past += (frames + 1) * increment;
    const float before = (float)(int32_t)past * reciprocal;
    if (out == last) {
      *out += height * before * before;
      return;
    }
    const float after = 1.0f - before;
    out[0] += height * before * before;
    out[1] -= height * after * after;
    out++;
  }
}

__attribute__((noinline)) static void render_saw(oscillator *osc, float *out, int frame_count, uint32_t increment, float gain) {
  float *const start = out, *const end = out + frame_count;
  const float scale = gain * (2.0f * 2.3283064365386963e-10f);
  uint32_t phase = osc->phase;
  const uint32_t past = phase - (1u << 31);
  for (; out + 4 <= end; out += 4) {
    out[0] = (float)(int32_t)phase * scale;
    out[1] = (float)(int32_t)(phase + increment) * scale;
    out[2] = (float)(int32_t)(phase + 2 * increment) * scale;
    out[3] = (float)(int32_t)(phase + 3 * increment) * scale;
    phase += 4 * increment;
  }
  for (; out < end; out++) {
    *out = (float)(int32_t)phase * scale;
    phase += increment;
  }
  osc->phase = phase;
  round_steps(start, frame_count, past, increment, -gain);
}

__attribute__((noinline)) static void render_svf(svf *filter, float *buffer, int frame_count) {
  float *const end = buffer + frame_count;
  const float g = filter->g, loop = filter->loop, input = filter->input;
  float s1 = filter->s1, s2 = filter->s2;
  if (filter->mode == 0) {
    if (frame_count & 1) {
      const float v1 = (*buffer - loop * s1 - s2) * input;
      const float band = v1 + s1;
      s1 = band + v1;
      const float v2 = band * g;
      const float low = v2 + s2;
      s2 = low + v2;
      *buffer++ = low;
    }
    while (buffer < end) {
      const float v1 = (buffer[0] - loop * s1 - s2) * input;
      const float band = v1 + s1;
      s1 = band + v1;
      const float v2 = band * g;
      const float low = v2 + s2;
      s2 = low + v2;
      buffer[0] = low;
      const float w1 = (buffer[1] - loop * s1 - s2) * input;
      const float next_band = w1 + s1;
      s1 = next_band + w1;
      const float w2 = next_band * g;
      const float next_low = w2 + s2;
      s2 = next_low + w2;
      buffer[1] = next_low;
      buffer += 2;
    }
  } else {
    const float damping = filter->damping;
    const float from_input = filter->mode == 1 ? 0.0f : 1.0f;
    const float from_band = filter->mode == 1 ? damping : -damping;
    const float from_low = filter->mode == 2 ? -1.0f : 0.0f;
    while (buffer < end) {
      const float x = *buffer;
      const float v1 = (x - loop * s1 - s2) * input;
      const float band = v1 + s1;
      s1 = band + v1;
      const float v2 = band * g;
      const float low = v2 + s2;
      s2 = low + v2;
      *buffer++ = from_input * x + from_band * band + from_low * low;
    }
  }
  filter->s1 = s1;
  filter->s2 = s2;
}

__attribute__((noinline)) static void mix_gliding(float *at, int frame_count, glide *left, glide *right, glide *reverb, glide *chorus) {
  float *const end = at + frame_count;
  const float left_step = left->step, right_step = right->step, reverb_step = reverb->step, chorus_step = chorus->step;
  float left_now = left->value, right_now = right->value, reverb_now = reverb->value, chorus_now = chorus->value;
  for (; at + 2 <= end; at += 2) {
    const float x = at[0];
    at[LEFT] += x * left_now;
    left_now += left_step;
    at[RIGHT] += x * right_now;
    right_now += right_step;
    at[REVERB] += x * reverb_now;
    reverb_now += reverb_step;
    at[CHORUS] += x * chorus_now;
    chorus_now += chorus_step;
    const float y = at[1];
    at[LEFT + 1] += y * left_now;
    left_now += left_step;
    at[RIGHT + 1] += y * right_now;
    right_now += right_step;
    at[REVERB + 1] += y * reverb_now;
    reverb_now += reverb_step;
    at[CHORUS + 1] += y * chorus_now;
    chorus_now += chorus_step;
    at[0] = 0;
    at[1] = 0;
  }
  if (at < end) {
    const float x = *at;
    at[LEFT] += x * left_now;
    left_now += left_step;
    at[RIGHT] += x * right_now;
    right_now += right_step;
    at[REVERB] += x * reverb_now;
    reverb_now += reverb_step;
    at[CHORUS] += x * chorus_now;
    chorus_now += chorus_step;
    *at = 0;
  }
  left->value = left_now;
  right->value = right_now;
  reverb->value = reverb_now;
  chorus->value = chorus_now;
}

void bench_init(void) {
  for (int i = 0; i < VOICES; i++) {
    const float g = 0.2f, damping = 2.0f, loop = g + damping;
    filters[i] = (svf){ .g = g, .damping = damping, .loop = loop, .input = g / (1.0f + g * loop) };
  }
  for (int i = 0; i < 4; i++) glides[i] = (glide){ .value = 0.1f, .step = 0.00001f };
}
void bench_saw(int voice) { render_saw(&oscillators[voice], blocks[voice], FRAMES, bench_increment(voice), 0.25f); }
void bench_filter(int voice) { render_svf(&filters[voice], blocks[voice], FRAMES); }
void bench_mix(int voice) { mix_gliding(blocks[voice], FRAMES, &glides[0], &glides[1], &glides[2], &glides[3]); }
uint32_t bench_digest(void) {
  uint32_t sum = 0, word;
  for (int i = 0; i < BLOCKS * FRAMES; i++) memcpy(&word, &blocks[0][0] + i, 4), sum = (sum << 1 | sum >> 31) ^ word;
  return sum;
}
