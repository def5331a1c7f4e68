// SPDX-License-Identifier: MIT
// Executes floating-point instructions that qemu.spec.ts sends on QEMU's mps2-an386 (a Cortex-M4F): reads input.bin, writes output.bin.
//
// Input: instruction (first halfword high), FPSCR, S0, S1, S2. Output: S0 and FPSCR after it.

#include <stdint.h>
#include <stdio.h>

enum { BATCH = 20000 };
static uint32_t in[BATCH][5], out[BATCH][2];

/** The instruction and BX LR, in RAM. */
static volatile uint16_t code[3];

static void execute(const uint32_t *record, uint32_t *result)
{
    if (code[0] != record[0] >> 16 || code[1] != (uint16_t)record[0]) {
        code[0] = (uint16_t)(record[0] >> 16);
        code[1] = (uint16_t)record[0];
        code[2] = 0x4770;
        __asm__ volatile("dsb\n\tisb" ::: "memory");
    }
    uint32_t fpscr = record[1];
    __asm__ volatile(
        "vldm %[operands], {s0-s2}\n\t"
        "vmsr fpscr, %[fpscr]\n\t"
        "blx %[code]\n\t"
        "vmrs %[fpscr], fpscr\n\t"
        "vstr s0, [%[result]]"
        : [fpscr] "+&r"(fpscr)
        : [operands] "r"(record + 2), [code] "r"((uintptr_t)code | 1), [result] "r"(result)
        : "s0", "s1", "s2", "lr", "memory");
    result[1] = fpscr;
}

int main(void)
{
    FILE *input = fopen("input.bin", "rb"), *output = fopen("output.bin", "wb");
    if (input == NULL || output == NULL) return 1;
    size_t count;
    while ((count = fread(in, sizeof in[0], BATCH, input)) > 0) {
        for (size_t i = 0; i < count; i++) execute(in[i], out[i]);
        if (fwrite(out, sizeof out[0], count, output) != count) return 1;
    }
    return fclose(output) == 0 ? 0 : 1;
}
