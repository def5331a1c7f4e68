// SPDX-License-Identifier: MIT
// Where things lie in the programs of the lockstep tests: memory that QEMU's MPS2 with a Cortex-M4F has, and our core is given for them.

import type { ArmMemoryRegion } from '../../../../host/cpu/arm/memory.js';

/** The machine of QEMU. */
export const MACHINE = 'mps2-an386';

export const REGIONS: readonly ArmMemoryRegion[] = [
  { name: 'SSRAM1', origin: 0, byteCount: 4 << 20, kind: 'ram', dma: false },
  { name: 'SSRAM2', origin: 0x20000000, byteCount: 4 << 20, kind: 'ram', dma: false },
];

/** In the image, which begins at address 0. */
export const CODE = 0x1000;
/** Code that is reached by B<c>.W, and by B.W and BL. */
export const NEAR_ISLANDS = 0x80000;
export const FAR_ISLANDS = 0x300000;
/** Constants that programs load. */
export const POOL = 0x180000;
export const IMAGE_BYTES = 0x340000;

/** In RAM: where operands point to. Accesses that begin in the middle half stay inside. */
export const SCRATCH = 0x20008000;
export const SCRATCH_BYTES = 0x1000;
/** Stacks grow down from somewhere above here; what lies between this and `STACK_TOP` is compared at the end like the scratch area. */
export const STACK = 0x20004000;
export const STACK_TOP = 0x20005000;
/** Nothing is here: neither QEMU's board nor our core answers. */
export const NOWHERE = 0x30000000;

export const CPACR = 0xe000ed88;
export const ICSR = 0xe000ed04;
export const PENDSVSET = 1 << 28;
