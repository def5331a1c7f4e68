// SPDX-License-Identifier: MIT
// Starts a C program on QEMU's mps2-an386: FPU on (CPACR, ARMv7-M B3.2.20), .bss zeroed, files and text by semihosting.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint8_t bssStart[], bssEnd[], stackTop[];
int main(int argc, char **argv);
void initialise_monitor_handles(void);

void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb");
    memset(bssStart, 0, (size_t)(bssEnd - bssStart));
    initialise_monitor_handles();
    exit(main(0, NULL));
}

static void fault(void) { _Exit(3); }

__attribute__((weak, alias("fault"))) void irq8(void);
__attribute__((weak, alias("fault"))) void irq9(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[32] = {
    stackTop, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault,
    [16 + 8] = (const void *)irq8, [16 + 9] = (const void *)irq9,
};
