// SPDX-License-Identifier: MIT
// Programs of exceptions: faults of all kinds, the MPU, interrupts by priority, floating-point contexts. Handlers load what the core says of a fault
// into registers, where it is compared.

import { assembleArm } from '../../../../host/testing/arm-program.js';
import type { Program } from './generate.js';
import { Random } from './random.js';
import { NOWHERE, STACK_TOP } from './scene.js';

const RAM = 0x20000000;
/** Where the fault handler goes on, as programs set it. */
const RESUME = RAM + 0x100;
/** A stack of its own for process mode. */
const PROCESS_STACK = STACK_TOP + 0x1000;
const IRQS = 32;

/** Vectors, and the handlers that all programs have. `irq` is the label of each interrupt's handler. */
const frame = (body: string, irq: (n: number) => string = () => 'unexpected'): string => `
  .word ${STACK_TOP}, start + 1
  .word nmi + 1, fault + 1, fault + 1, fault + 1, fault + 1
  .word unexpected + 1, unexpected + 1, unexpected + 1, unexpected + 1
  .word svc + 1, unexpected + 1, unexpected + 1, pendsv + 1, unexpected + 1
  ${Array.from({ length: IRQS }, (_, n) => `.word ${irq(n)} + 1`).join('\n  ')}
unexpected:
  b finished
@ Shows the status of a fault, clears it, and goes on at the address in RESUME, with a new frame when it came from thread mode.
fault:
  mrs r0, ipsr
  ldr r1, =0xe000ed28
  ldr r2, [r1]
  ldr r3, [r1, #4]
  tst r2, #0x80
  it ne
  ldrne r5, [r1, #12]
  tst r2, #0x8000
  it ne
  ldrne r6, [r1, #16]
  str r2, [r1]
  str r3, [r1, #4]
  mrs r7, control
  mrs r8, psp
  ldr r4, =0xe000ed24
  ldr r4, [r4]
  ldr r10, =${RESUME}
  ldr r11, [r10]
  and r9, lr, #0xf
  cmp r9, #1
  beq 1f
  tst r9, #4
  bne 2f
  ldr r9, =${STACK_TOP - 0x20}
  mov sp, r9
  b 3f
2: ldr r9, =${PROCESS_STACK - 0x20}
  msr psp, r9
3: str r11, [r9, #24]
  ldr r10, =0x01000000
  str r10, [r9, #28]
  ldr r10, =0xe000ef34
  ldr r9, =0xc0000000
  str r9, [r10]
  @ Not as it came: an EXC_RETURN that is wrong would fault for ever.
  tst lr, #4
  ite eq
  ldreq lr, =0xfffffff9
  ldrne lr, =0xfffffffd
  bx lr
1: str r11, [sp, #24]
  bx lr
  .ltorg
.macro resume label
  ldr r10, =${RESUME}
  ldr r11, =\\label
  str r11, [r10]
.endm
.macro poke address, value
  ldr r0, =\\address
  ldr r1, =\\value
  str r1, [r0]
.endm
${body}
finished:
  b finished
  .ltorg
`;

const program = (source: string): Program => {
  const { bytes, symbols } = assembleArm(source, 0);
  // The decoder reads a word behind the last instruction, too.
  const image = new Uint8Array((bytes.length + 0x1000) & ~3);
  image.set(bytes);
  return { image, end: symbols.get('finished')! };
};

/** A number for the assembler. */
const word = (n: number): string => `0x${(n >>> 0).toString(16)}`;

const ENABLE_FPU = '  poke 0xe000ed88, 0xf00000\n  dsb\n  isb\n';

/** What faults, each with the part that must be undone. */
const FAULTS: readonly (readonly [code: string, after?: string])[] = [
  ['udf #1'],
  ['.inst.w 0xf7f0a000'],
  ['poke 0xe000ed14, 0x210\n mov r3, #0\n udiv r2, r1, r3', 'poke 0xe000ed14, 0x200'],
  ['poke 0xe000ed14, 0x210\n mov r3, #0\n sdiv r2, r1, r3', 'poke 0xe000ed14, 0x200'],
  ['ldr r1, =0x20000202\n ldm r1, {r2, r3}'],
  ['ldr r1, =0x20000202\n stmdb r1!, {r2, r3}'],
  ['ldr r1, =0x20000201\n ldrd r2, r3, [r1]'],
  ['ldr r1, =0x20000202\n ldrex r2, [r1]'],
  ['ldr r1, =0x20000202\n vldr s0, [r1]'],
  ['poke 0xe000ed14, 0x208\n ldr r1, =0x20000202\n ldr r2, [r1]', 'poke 0xe000ed14, 0x200'],
  ['poke 0xe000ed14, 0x208\n ldr r1, =0x20000201\n strh r2, [r1]', 'poke 0xe000ed14, 0x200'],
  ['ldr r1, =start\n bic r1, #3\n bx r1'],
  ['ldr r1, =0x20000200\n mov r2, #0x300\n str r2, [r1]\n ldr pc, [r1]'],
  ['poke 0xe000ed88, 0\n dsb\n isb\n vadd.f32 s0, s1, s2', 'poke 0xe000ed88, 0xf00000'],
  ['cdp p1, #1, c2, c3, c4, #5'],
  ['mrc p15, 0, r0, c0, c0, 0'],
  [`ldr r1, =${NOWHERE + 4}\n ldr r2, [r1]`],
  [`ldr r1, =${NOWHERE + 2}\n ldrb r2, [r1, #1]`],
  [`ldr r1, =${NOWHERE}\n ldm r1!, {r2-r4}`],
  [`ldr r1, =${NOWHERE}\n str r2, [r1, #8]!`],
  [`ldr r1, =${NOWHERE}\n strd r2, r3, [r1]`],
  [`ldr r1, =${NOWHERE}\n vldmia r1!, {s0-s3}`],
  ['ldr r1, =0xe0000001\n bx r1'],
  ['ldr r1, =0x40001001\n bx r1'],
  ['cpsid i\n svc #0', 'cpsie i'],
  ['mov r1, #0x10\n msr basepri, r1\n svc #0\n', 'mov r1, #0\n msr basepri, r1'],
  ['cpsid i\n udf #0', 'cpsie i'],
  [`ldr sp, =${NOWHERE + 0x1000}\n svc #0`],
  [`ldr sp, =${NOWHERE + 0x1000}\n push {r0-r3}`],
  [`ldr sp, =${NOWHERE + 0x1000}\n udf #0`],
  [`ldr sp, =${NOWHERE + 0x1000}\n vmov s0, s0\n svc #0`],
  ['svc #1'],
  // To QEMU a PC that is not a multiple of 4 is unaligned, without T, before it is an invalid state.
  ['.balign 4\n nop\n svc #2'],
  ['svc #3'],
  ['svc #4'],
  ['it eq\n udfeq #0\n it ne\n udfne #0'],
  // On the process stack, without privilege.
  [`ldr r1, =${PROCESS_STACK}\n msr psp, r1\n mov r1, #3\n msr control, r1\n isb\n cpsid i\n mrs r2, primask\n mrs r3, psp\n mrs r4, control\n msr basepri, r1\n svc #5\n ldr r1, =0xe000ed28\n ldr r2, [r1]`, 'svc #6'],
  [`ldr r1, =${PROCESS_STACK}\n msr psp, r1\n mov r1, #2\n msr control, r1\n isb\n vmov s0, s1\n svc #5\n udf #0`, 'svc #6'],
];

/** Each fault with configurable faults off and on, in thread mode and inside of an interrupt's handler. */
export function faults(seed: number): Program {
  const random = new Random(seed);
  const cases: string[] = [];
  let label = 0;
  for (const enabled of [0, 0x70000]) {
    for (const [code, after = 'nop'] of FAULTS) {
      const n = label++;
      cases.push(`
  poke 0xe000ed24, ${enabled}
  poke 0xe000ed18, ${word(random.word() & 0x00e0e0e0)}
  ldr r1, =${word(random.word() & 0xf80f0000)}
  msr apsr_nzcvqg, r1
  resume after${n}
  ${code}
after${n}:
  ${after}
  ldr sp, =${STACK_TOP}
  .ltorg
  .balign 4`.replace('.ltorg', `b next${n}\n  .ltorg\nnext${n}:`));
    }
  }
  return program(frame(`
start:
${ENABLE_FPU}
  @ SVCall after all faults: when its stacking fails, the fault's handler gives it a stack.
  poke 0xe000ed1c, 0xff000000
${cases.join('\n')}
  b finished
nmi: bx lr
pendsv: bx lr
@ By its number: returns with a wrong EXC_RETURN, with T clear, to a wrong mode, with a fault of its own, or changes the privilege.
svc:
  tst lr, #4
  ite eq
  mrseq r0, msp
  mrsne r0, psp
  ldr r1, [r0, #24]
  ldrb r1, [r1, #-2]
  cmp r1, #1
  bne 1f
  ldr lr, =0xfffffff3
  bx lr
1: cmp r1, #2
  bne 1f
  mov r2, #0
  str r2, [r0, #28]
  bx lr
1: cmp r1, #3
  bne 1f
  ldr r2, =0x01000003
  str r2, [r0, #28]
  bx lr
1: cmp r1, #4
  bne 1f
  mov r2, lr
  resume inner
  udf #4
inner:
  mov lr, r2
  bx lr
1: cmp r1, #6
  bne 1f
  mov r1, #0
  msr control, r1
  ldr r2, [r0, #24]
  ldr sp, =${STACK_TOP - 0x20}
  str r2, [sp, #24]
  ldr r2, =0x01000000
  str r2, [sp, #28]
  ldr lr, =0xfffffff9
1: bx lr
  .ltorg
`));
}

/** Interrupts of random priorities that pend each other, masked in every way, with floating-point contexts. */
export function interrupts(seed: number): Program {
  const random = new Random(seed);
  const used = 12;
  const groups = 8;
  /** Pends something. */
  const pend = (): string => {
    const irq = random.below(used);
    switch (random.below(6)) {
      case 0: return '  poke 0xe000ed04, 0x10000000';
      case 1: return '  poke 0xe000ed04, 0x80000000';
      case 2: return `  poke 0xe000ef00, ${irq}`;
      default: return `  poke 0xe000e200, ${word(random.word() & random.word() & random.word() & ((1 << used) - 1) | 1 << irq)}`;
    }
  };
  const float = (): string => random.pick(['', '  vadd.f32 s1, s0, s2\n', '  vmul.f32 s17, s1, s2\n  vmrs r2, fpscr\n  vmov s3, r2\n', '  vcmp.f32 s1, s2\n']);
  // A handler pends something only so many times, so that the program comes to its end.
  const handler = (name: string): string => `
${name}:
  ldr r3, [sp, #24]
  mrs r0, ipsr
  ldr r1, =0xe000ed04
  ldr r2, [r1]
  ldr r3, =0xe000e300
  ldr r3, [r3]
${float()}  ldr r0, =${RAM + 0x200}
  ldr r1, [r0]
  subs r1, #1
  bmi 1f
  str r1, [r0]
  push {r4, lr}
${Array.from({ length: random.between(1, 2) }, pend).join('\n')}
  dsb
  isb
${float()}${random.chance(0.3) ? `  mov r0, #${random.pick([0, 0x40, 0x80, 0xff])}\n  msr basepri${random.pick(['', '_max'])}, r0\n  isb\n` : ''}  pop {r4, lr}
1: bx lr
  .ltorg`;
  const rounds = Array.from({ length: 10 }, (_, n) => `
  resume round${n}
  cpsid ${random.pick(['i', 'f', 'i'])}
  poke 0xe000ed0c, ${word(0x05fa0000 | random.below(groups) << 8)}
  poke 0xe000e400, ${word(random.word())}
  poke 0xe000e404, ${word(random.word())}
  poke 0xe000e408, ${word(random.word() & 0xc0c0c0c0)}
  poke 0xe000ed1c, ${word(random.word() & 0xff000000)}
  poke 0xe000ed20, ${word(random.word() & 0x00ff0000)}
  poke 0xe000e180, 0xffffffff
  poke 0xe000e100, ${word(random.word() | random.word())}
  poke 0xe000ef34, ${word(random.pick([0xc0000000, 0xc0000000, 0x80000000, 0]))}
  poke ${word(RAM + 0x200)}, ${random.between(0, 6)}
  ldr r0, =0xe000ef34
  mov r1, #0
  msr basepri, r1
${float()}  ldr sp, =${STACK_TOP - 4 * random.below(4)}
  mov r0, #${random.pick([0, 0, 0x20, 0x80, 0xf0])}
  msr basepri, r0
${pend()}
${pend()}
${pend()}
  ldr r2, =0xe000ed04
  ldr r3, [r2]
  cpsie i
  cpsie f
  isb
${float()}  mov r0, #0
  msr basepri, r0
  isb
${pend()}
  dsb
  isb
${random.chance(0.5) ? '  svc #0\n' : ''}round${n}:
  ldr r2, =0xe000ed24
  ldr r3, [r2]
  b 1f
  .ltorg
1:`);
  return program(frame(`
start:
${ENABLE_FPU}  poke ${word(RAM + 0x200)}, 0
  ldr r0, =vectors_of_floats
  vldmia r0, {s0-s31}
${rounds.join('\n')}
  b finished
${['nmi', 'svc', 'pendsv', ...Array.from({ length: used }, (_, n) => `irq${n}`)].map(handler).join('\n')}
  .balign 4
vectors_of_floats:
  .word ${Array.from({ length: 32 }, () => word(random.float())).join(', ')}
`, (n) => (n < used ? `irq${n}` : 'unexpected')));
}

/** Regions of the MPU with random rights and sizes, and accesses to their edges with and without privilege. */
export function memoryProtection(seed: number): Program {
  const random = new Random(seed);
  const area = RAM + 0x10000;
  let label = 0;
  const rounds = Array.from({ length: 12 }, () => {
    const regions = Array.from({ length: 4 }, (_, n) => {
      const size = random.between(4, 11); // 32 bytes to 4 KB
      const at = area + random.below(4) * 0x1000;
      const base = at & ~(2 ** (size + 1) - 1);
      const rights = random.pick([0, 1, 2, 3, 5, 6]) << 24 | (random.chance(0.3) ? 1 << 28 : 0) | 0x00060000;
      const subregions = size >= 7 && random.chance(0.4) ? (random.word() & 0xff) << 8 : 0;
      return `  poke 0xe000ed98, ${n + 2}\n  poke 0xe000ed9c, ${word(base)}\n  poke 0xe000eda0, ${word(rights | subregions | size << 1 | Number(random.chance(0.9)))}`;
    });
    const accesses = Array.from({ length: 6 }, () => {
      const n = label++;
      const address = area + random.below(4) * 0x1000 + random.pick([0, 4, 28, 32, 64, 252, 256, 508, 1020, 1024, 2048, 4092]);
      const code = random.pick(['ldr r2, [r1]', 'str r2, [r1]', 'ldrb r2, [r1, #3]', 'strh r2, [r1, #2]', 'ldm r1, {r2, r3}', 'ldrt r2, [r1]', 'strt r2, [r1]', 'strbt r2, [r1, #1]', 'str r2, [r1], #4']);
      return `
  resume after${n}
  ldr r1, =${word(address)}
  ${code}
after${n}:`;
    });
    return `
  poke 0xe000ed94, 0
${regions.join('\n')}
  poke 0xe000ed94, ${random.pick([5, 5, 7])}
  dsb
  isb
${accesses.join('\n')}
  ldr r1, =${PROCESS_STACK}
  msr psp, r1
  mov r1, #3
  msr control, r1
  isb
${accesses.map((text) => text.replaceAll(/after(\d+)/g, 'user$1')).join('\n')}
  svc #0
  b 1f
  .ltorg
1:`;
  });
  return program(frame(`
start:
  @ Code, and the RAM that stacks and variables are in, for everybody.
  poke 0xe000ed98, 0
  poke 0xe000ed9c, 0
  poke 0xe000eda0, ${word(0x03060000 | 21 << 1 | 1)}
  poke 0xe000ed98, 1
  poke 0xe000ed9c, ${word(RAM)}
  poke 0xe000eda0, ${word(0x03060000 | 15 << 1 | 1)}
  poke 0xe000ed24, 0x70000
${rounds.join('\n')}
  b finished
nmi: bx lr
pendsv: bx lr
@ Back to privilege and the main stack.
svc:
  mov r1, #0
  msr control, r1
  mrs r0, psp
  ldr r2, [r0, #24]
  ldr sp, =${STACK_TOP - 0x20}
  str r2, [sp, #24]
  ldr r2, =0x01000000
  str r2, [sp, #28]
  ldr lr, =0xfffffff9
  bx lr
  .ltorg
`));
}
