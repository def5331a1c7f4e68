// SPDX-License-Identifier: MIT
// Runs a file of modules and calls on wasm3 and prints what came of each. For a computer, and for QEMU's Cortex-M4 with semihosting.
//
// The file holds 32-bit little-endian words: the number of modules; for each its byte count, bytes (padded to words), the number of calls; for each
// call the name's byte count, the name (padded), the number of arguments, and 64 bits for each.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm3-run.h"
#include "tw-heap.h"

#if TW_WASM3_TUNED
/**
 * Where the last trap was: the index of the function and the number of words from its first operation, for a module whose code fits one page.
 * @return the index, or -1 when nothing has trapped
 */
static int32_t trap_place(const M3Module *module, uint32_t *word)
{
    int32_t found = -1;
    for (uint32_t i = 0; tw_trap_pc && i < module->numFunctions; i++) {
        pc_t start = module->functions[i].compiled;
        if (!start || start > tw_trap_pc || (found >= 0 && start < module->functions[found].compiled)) continue;
        found = (int32_t)i;
        *word = (uint32_t)(tw_trap_pc - start);
    }
    return found;
}
#endif

#ifndef STACK_BYTES
#define STACK_BYTES (64 * 1024)
#endif

static int allocations;

void *tw_heap_alloc(size_t size)
{
    allocations++;
    return calloc(1, size);
}

void *tw_heap_realloc(void *pointer, size_t newSize, size_t oldSize)
{
    (void)oldSize;
    allocations++;
    return realloc(pointer, newSize);
}

void tw_heap_free(void *pointer) { free(pointer); }

#ifdef TW_OP_HOOK
int32_t tw_ops_left = 1000;
const void *tw_op_pc;
static uint32_t ticks;

/** Ends nothing, and counts that it was asked. */
const void *tw_op_tick(void)
{
    tw_ops_left += 1000;
    ticks++;
    return NULL;
}
#endif

#ifdef TW_EMIT_MAP
static struct { const void *pc; uint32_t wasmOffset; } notes[200000];
static uint32_t noteCount;

void tw_emit_note(const void *pc, uint32_t wasmOffset)
{
    if (noteCount < sizeof notes / sizeof *notes) {
        notes[noteCount].pc = pc;
        notes[noteCount++].wasmOffset = wasmOffset;
    }
}

/** Prints the instruction whose operation lies at or before the trap's place. */
static void printPlace(IM3Module module)
{
    uint32_t best = 0, word = 0;
    for (uint32_t i = 1; i < noteCount; i++)
        if (notes[i].pc <= (const void *)tw_trap_pc && (notes[best].pc > (const void *)tw_trap_pc || notes[i].pc >= notes[best].pc)) best = i;
    printf("at %ld:%lu ", (long)trap_place(module, &word), (unsigned long)notes[best].wasmOffset);
}
#endif

static const uint8_t *input;

static uint32_t word(void)
{
    uint32_t value;
    memcpy(&value, input, 4);
    input += 4;
    return value;
}

static const uint8_t *bytes(uint32_t count)
{
    const uint8_t *start = input;
    input += (count + 3) & ~3u;
    return start;
}

static uint32_t hash(uint32_t seed, const uint8_t *data, size_t count)
{
    for (size_t i = 0; i < count; i++) seed = (seed ^ data[i]) * 16777619u;
    return seed;
}

static uint32_t importHash;
static uint32_t importCalls;

/** What every import does: note its arguments, return zeros. */
static const void *imported(IM3Runtime runtime, IM3ImportContext ctx, uint64_t *slots, void *memory)
{
    (void)runtime;
    (void)memory;
    const M3FuncType *type = ctx->function->funcType;
    for (int i = 0; i < type->numArgs; i++) {
        uint8_t kind = type->types[type->numRets + i];
        size_t size = kind == c_m3Type_i32 || kind == c_m3Type_f32 ? 4 : 8;
        importHash = hash(importHash, (const uint8_t *)(slots + type->numRets + i), size);
    }
    importCalls++;
    for (int i = 0; i < type->numRets; i++) slots[i] = 0;
    return NULL;
}

static M3Result linkImports(IM3Module module)
{
    for (uint32_t i = 0; i < module->numFunctions; i++) {
        IM3Function f = &module->functions[i];
        if (!f->import.moduleUtf8) continue;
        M3Result failed = CompileRawFunction(module, f, (const void *)(M3RawCall)imported, NULL);
        if (failed) return failed;
    }
    return NULL;
}

static const char *const types[] = { "none", "i32", "i64", "f32", "f64" };

static void call(IM3Runtime runtime)
{
    static uint64_t stack[STACK_BYTES / 8 + 8];
    uint32_t nameBytes = word();
    char name[128] = "";
    memcpy(name, bytes(nameBytes), nameBytes);
    uint32_t count = word();
    const uint8_t *arguments = bytes(count * 8);
    IM3Function f;
    M3Result failed = m3_FindFunction(&f, runtime, name);
    if (failed) {
        printf("error %s\n", failed);
        return;
    }
    memset(stack, 0xee, sizeof stack);
    memcpy(stack + f->funcType->numRets, arguments, count * 8);
    int before = allocations;
    const char *trap = tw_wasm3_run(f, stack, stack + STACK_BYTES / 8);
    if (allocations != before) printf("allocated ");
    for (int i = 0; i < 8; i++) if (stack[STACK_BYTES / 8 + i] != 0xeeeeeeeeeeeeeeeeu) {
        printf("overran ");
        break;
    }
    if (trap) {
#ifdef TW_EMIT_MAP
        printPlace(f->module);
#endif
        printf("trap %s\n", trap);
        return;
    }
    printf("ok");
    for (int i = 0; i < f->funcType->numRets; i++) {
        uint8_t kind = f->funcType->types[i];
        uint64_t bits = kind == c_m3Type_i32 || kind == c_m3Type_f32 ? (uint32_t)stack[i] : stack[i];
        printf(" %s:%08lx%08lx", types[kind], (unsigned long)(bits >> 32), (unsigned long)(bits & 0xffffffff));
    }
    printf("\n");
}

static void run(void)
{
    uint32_t size = word();
    const uint8_t *wasm = bytes(size);
    uint32_t calls = word();
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, STACK_BYTES, NULL);
    IM3Module module = NULL;
#ifdef TW_EMIT_MAP
    noteCount = 0;
#endif
    importHash = 2166136261u;
    importCalls = 0;
    M3Result failed = m3_ParseModule(environment, &module, wasm, size);
    if (!failed) failed = m3_LoadModule(runtime, module);
    if (!failed) failed = linkImports(module);
    if (!failed) failed = m3_CompileModule(module);
    if (!failed) failed = m3_RunStart(module);
    printf("module %s\n", failed ? failed : "ok");
    for (uint32_t i = 0; i < calls; i++) {
        if (!failed) {
            call(runtime);
        } else {
            uint32_t nameBytes = word();
            bytes(nameBytes);
            bytes(8 * word());
        }
    }
    if (!failed) {
        uint32_t byteCount = 0;
        uint8_t *memory = runtime->memory.mallocated ? m3_GetMemory(runtime, &byteCount, 0) : NULL;
        printf("end %08lx %lu %08lx\n", (unsigned long)hash(2166136261u, memory, byteCount), (unsigned long)importCalls, (unsigned long)importHash);
    }
    m3_FreeRuntime(runtime);
    m3_FreeEnvironment(environment);
}

int main(int argc, char **argv)
{
    FILE *file = fopen(argc > 1 ? argv[1] : "input.bin", "rb");
    if (!file) return 2;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(size + 4);
    if (!data || fread(data, 1, size, file) != size) return 2;
    fclose(file);
    input = data;
    for (uint32_t modules = word(); modules; modules--) run();
#ifdef TW_OP_HOOK
    printf("ticks %lu\n", (unsigned long)ticks);
#endif
    free(data);
    return 0;
}
