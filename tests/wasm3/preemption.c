// SPDX-License-Identifier: MIT
// Functions that pre-empt functions, nested, each on a stack region of its own: on a computer between any two operations (TW_OP_HOOK), on QEMU's
// board by timer interrupts of two priorities at any machine instruction. Every result is held to what the same call gave undisturbed.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm3-run.h"
#include "tw-heap.h"

enum { LEVELS = 4, SEEDS = 64, REGION = 128 };

static uint32_t allocations;

void *tw_heap_alloc(size_t size)
{
    allocations++;
    return calloc(1, size);
}
void tw_heap_free(void *pointer) { free(pointer); }
void *tw_heap_realloc(void *pointer, size_t newSize, size_t oldSize)
{
    (void)oldSize;
    allocations++;
    return realloc(pointer, newSize);
}

static IM3Function work;
static uint64_t regions[LEVELS][REGION];
static uint64_t expected[LEVELS][SEEDS];
static volatile uint32_t wrong, trapped, runs[LEVELS];
static uint32_t state = 1;

static uint32_t random32(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/** One call at a level, on that level's region and bytes of memory. */
static uint64_t callAt(int level, uint32_t seed)
{
    uint64_t *region = regions[level];
    memset(region, 0, 3 * sizeof *region);
    region[1] = 32768 + 64u * (uint32_t)level;
    region[2] = seed;
    uint8_t *memory = m3_GetMemory(work->module->runtime, NULL, 0);
    memset(memory + region[1], 0, 64);
    if (tw_wasm3_run(work, region, region + REGION)) trapped++;
    return region[0];
}

static void runAt(int level)
{
    uint32_t seed = runs[level]++ % SEEDS;
    if (callAt(level, seed) != expected[level][seed]) wrong++;
}

#ifdef TW_OP_HOOK
int32_t tw_ops_left;
/** Where the interpreter is, for reports that nobody makes here. */
const void *tw_op_pc;
static int level;

const void *tw_op_tick(void)
{
    tw_ops_left = (int32_t)(random32() % 300);
    if (expected[LEVELS - 1][SEEDS - 1] == 0 || level == LEVELS - 1) return NULL;
    level++;
    runAt(level);
    level--;
    return NULL;
}

static void begin(void) { tw_ops_left = 0; }
static void end(void) { tw_ops_left = INT32_MAX; }
#else
/* CMSDK APB timers 0 and 1 (ARM DDI 0479, section 4.3), interrupts 8 and 9 of the board (ARM DAI 0386). */
typedef struct { volatile uint32_t control, value, reload, interrupt; } Timer;
#define TIMER_AT(n) ((Timer *)(0x40000000 + 0x1000 * (n)))

static void tick(int n, int level)
{
    TIMER_AT(n)->interrupt = 1;
    TIMER_AT(n)->value = TIMER_AT(n)->reload = PERIOD + random32() % (2 * PERIOD);
    runAt(level);
}

void irq8(void) { tick(0, 1); }
void irq9(void) { tick(1, 2); }

static void begin(void)
{
    *(volatile uint32_t *)0xe000e408 = 0x2040; /* NVIC_IPR2: interrupt 9 above 8 */
    *(volatile uint32_t *)0xe000e100 = 3u << 8; /* NVIC_ISER0 */
    for (int n = 0; n < 2; n++) {
        TIMER_AT(n)->reload = TIMER_AT(n)->value = 500;
        TIMER_AT(n)->control = 9;
    }
}

static void end(void) { *(volatile uint32_t *)0xe000e180 = 3u << 8; }
#endif

static const void *imported(IM3Runtime runtime, IM3ImportContext ctx, uint64_t *slots, void *memory)
{
    (void)runtime, (void)ctx, (void)slots, (void)memory;
    return "abort";
}

int main(void)
{
    static uint8_t wasm[65536];
    FILE *file = fopen("input.bin", "rb");
    if (!file) return 2;
    uint32_t size = (uint32_t)fread(wasm, 1, sizeof wasm, file);
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 8192, NULL);
    IM3Module module;
    M3Result failed = m3_ParseModule(environment, &module, wasm, size);
    if (!failed) failed = m3_LoadModule(runtime, module);
    for (uint32_t i = 0; !failed && i < module->numFunctions; i++)
        if (module->functions[i].import.moduleUtf8) failed = CompileRawFunction(module, &module->functions[i], (const void *)(M3RawCall)imported,
          NULL);
    if (!failed) failed = m3_CompileModule(module);
    if (!failed) failed = m3_RunStart(module);
    if (!failed) failed = m3_FindFunction(&work, runtime, "work");
    if (failed) return printf("error %s\n", failed), 2;
    end();
    for (int level = 0; level < LEVELS; level++)
        for (uint32_t seed = 0; seed < SEEDS; seed++) expected[level][seed] = callAt(level, seed);
    uint32_t allocated = allocations;
    begin();
    for (int n = 0; n < RUNS; n++) runAt(0);
    end();
    printf("{\"wrong\": %lu, \"trapped\": %lu, \"allocated\": %lu, \"runs\": [%lu, %lu, %lu, %lu]}\n", (unsigned long)wrong, (unsigned long)trapped,
           (unsigned long)(allocations - allocated), (unsigned long)runs[0], (unsigned long)runs[1], (unsigned long)runs[2], (unsigned long)runs[3]);
    return 0;
}
