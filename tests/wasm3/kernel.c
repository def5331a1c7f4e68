// SPDX-License-Identifier: MIT
// Instructions that kernel.as.ts takes in wasm3 and that the same algorithm takes as C, on QEMU's mps2-an386 (25 MHz timer, one instruction a ns).

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm3-run.h"
#include "tw-heap.h"

enum { VOICES = 8, FRAMES = 32, BLOCKS = 64 };

void *tw_heap_alloc(size_t size) { return calloc(1, size); }
void tw_heap_free(void *pointer) { free(pointer); }
void *tw_heap_realloc(void *pointer, size_t newSize, size_t oldSize)
{
    (void)oldSize;
    return realloc(pointer, newSize);
}

/* CMSDK APB timer 1 (ARM DDI 0479, section 4.3): CTRL, VALUE, RELOAD; counts down. */
static volatile uint32_t *const timer = (volatile uint32_t *)0x40001000;

static void start(void)
{
    timer[0] = 0;
    timer[2] = 0xffffffff;
    timer[1] = 0xffffffff;
    timer[0] = 1;
}

static uint32_t instructions(void) { return (0xffffffff - timer[1]) * 40; }

typedef struct { int32_t mode; float s1, s2, g, loop, input, damping; } Filter;

static Filter filters[VOICES];
static uint32_t phases[VOICES];
static float voice[FRAMES], out[FRAMES];

static float stepResidual(uint32_t past, float reciprocal)
{
    float t = (float)(int32_t)past * reciprocal;
    float u = 1 - fabsf(t);
    if (u < 0) u = 0;
    return copysignf(u * u, -t);
}

static __attribute__((noinline)) void renderSaw(uint32_t *phaseAt, float *to, int count, uint32_t increment, float gain)
{
    const float *end = to + count;
    uint32_t zone = increment << 1;
    float reciprocal = 1 / (float)increment;
    float scale = gain * (2 * 2.3283064365386963e-10f);
    uint32_t phase = *phaseAt;
    while (to < end) {
        uint32_t past = phase - 0x80000000u;
        if (past + increment < zone) {
            *to++ = (float)(int32_t)phase * scale - gain * stepResidual(past, reciprocal);
            phase += increment;
        } else {
            uint32_t run = (0x7fffffffu - phase) / increment;
            uint32_t room = (uint32_t)(end - to);
            if (run > room) run = room;
            for (; run; run--) {
                *to++ = (float)(int32_t)phase * scale;
                phase += increment;
            }
        }
    }
    *phaseAt = phase;
}

static __attribute__((noinline)) void renderSvf(Filter *filter, float *at, int count)
{
    float g = filter->g, loop = filter->loop, input = filter->input, s1 = filter->s1, s2 = filter->s2;
    for (const float *end = at + count; at < end; at++) {
        float v1 = (*at - loop * s1 - s2) * input;
        float band = v1 + s1;
        s1 = band + v1;
        float v2 = band * g;
        float low = v2 + s2;
        s2 = low + v2;
        *at = low;
    }
    filter->s1 = s1;
    filter->s2 = s2;
}

static __attribute__((noinline)) uint32_t renderNative(int blocks)
{
    for (int n = 0; n < blocks; n++) {
        memset(out, 0, sizeof out);
        for (int i = 0; i < VOICES; i++) {
            renderSaw(&phases[i], voice, FRAMES, 10000000u + 3333333u * (uint32_t)i, 0.1f);
            renderSvf(&filters[i], voice, FRAMES);
            for (int k = 0; k < FRAMES; k++) out[k] += voice[k];
        }
    }
    uint32_t sum = 0;
    for (int k = 0; k < FRAMES; k++) {
        uint32_t bits;
        memcpy(&bits, &out[k], 4);
        sum = (sum << 5 | sum >> 27) ^ bits;
    }
    return sum;
}

static const void *imported(IM3Runtime runtime, IM3ImportContext ctx, uint64_t *slots, void *memory)
{
    (void)runtime, (void)ctx, (void)slots, (void)memory;
    return "abort";
}

static uint64_t stack[1024];

static uint32_t call(IM3Function f, uint32_t argument)
{
    stack[1] = argument;
    const void *trap = tw_wasm3_run(f, stack, stack + 1024);
    if (trap) printf("trap %s\n", (const char *)trap);
    return (uint32_t)stack[0];
}

int main(void)
{
    static uint8_t wasm[65536];
    FILE *file = fopen("input.bin", "rb");
    if (!file) return 2;
    uint32_t size = (uint32_t)fread(wasm, 1, sizeof wasm, file);
    start();
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 8192, NULL);
    IM3Module module;
    M3Result failed = m3_ParseModule(environment, &module, wasm, size);
    if (!failed) failed = m3_LoadModule(runtime, module);
    for (uint32_t i = 0; !failed && i < module->numFunctions; i++)
        if (module->functions[i].import.moduleUtf8) failed = CompileRawFunction(module, &module->functions[i], (const void *)(M3RawCall)imported,
          NULL);
    if (!failed) failed = m3_CompileModule(module);
    uint32_t boot = instructions();
    if (!failed) failed = m3_RunStart(module);
    IM3Function render, address;
    if (!failed) failed = m3_FindFunction(&render, runtime, "render");
    if (!failed) failed = m3_FindFunction(&address, runtime, "filterAddress");
    if (failed) return printf("error %s\n", failed), 2;
    uint8_t *memory = m3_GetMemory(runtime, NULL, 0);
    for (uint32_t i = 0; i < VOICES; i++) memcpy(&filters[i], memory + call(address, i), sizeof(Filter));
    start();
    uint32_t interpretedSum = call(render, BLOCKS);
    uint32_t interpreted = instructions();
    start();
    uint32_t nativeSum = renderNative(BLOCKS);
    uint32_t native = instructions();
    printf("{\"boot\": %lu, \"interpreted\": %lu, \"native\": %lu, \"samples\": %d, \"interpretedSum\": %lu, \"nativeSum\": %lu}\n",
      (unsigned long)boot,
           (unsigned long)interpreted, (unsigned long)native, BLOCKS * FRAMES * VOICES, (unsigned long)interpretedSum, (unsigned long)nativeSum);
    return 0;
}
