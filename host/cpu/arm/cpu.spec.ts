// SPDX-License-Identifier: MIT
// The core against ARM DDI 0403E, part B, and DDI 0439, 3.9: small programs, whose frames, return values and cycles are restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../testing/arm-bench.js';
import { without } from '../../testing/needs.js';

const skip = without('arm-none-eabi-gcc');

test('reset: SP and PC come from the vectors at address 0, thread mode, privileged, LR all ones (B1.5.5)', { skip }, () => {
  const { cpu, r, at } = armBench('reset: nop\n');
  assert.equal(r(13), 0x20010000);
  assert.equal(r(15), at('reset'));
  assert.equal(r(14), 0xffffffff);
  assert.equal(cpu.special.privileged, true);
  assert.equal(cpu.special.xpsr >>> 0, 0x01000000, 'T');
});

test('SVC: a frame of eight words, EXC_RETURN, IPSR, and the way back (B1.5.6, B1.5.8)', { skip }, () => {
  const { cpu, r, runTo, word, at } = armBench(`
reset:
  ldr r0, =0x11111111
  ldr r1, =0x22222222
  ldr r2, =0x33333333
  ldr r3, =0x44444444
  ldr r12, =0xcccccccc
  sub sp, #4
  cmp r0, r0
  svc #3
after: b after
svc:
  mov r4, lr
  mrs r5, ipsr
  mov r0, #0
  mov r3, #0
back: bx lr
`);
  runTo('svc');
  const frame = 0x20010000 - 4 - 4 - 0x20;
  assert.equal(r(13), frame, 'aligned to eight bytes');
  assert.deepEqual([0, 4, 8, 12, 16].map((o) => word(frame + o)), [0x11111111, 0x22222222, 0x33333333, 0x44444444, 0xcccccccc]);
  assert.equal(word(frame + 0x14), 0xffffffff);
  assert.equal(word(frame + 0x18), at('after'), 'the instruction after SVC');
  assert.equal(word(frame + 0x1c), 0x61000200, 'Z and C of CMP, T, and bit 9: SP was not aligned');
  runTo('back');
  assert.equal(r(4), 0xfffffff9, 'to thread mode, main stack, no floating-point state');
  assert.equal(r(5), 11);
  cpu.step();
  assert.equal(r(15), at('after'));
  assert.equal(r(13), 0x20010000 - 4);
  assert.deepEqual([r(0), r(3)], [0x11111111, 0x44444444]);
  assert.equal(cpu.special.handlerMode, false);
});

/** As `reset`, with configurable faults enabled. */
const ENABLE_FAULTS = 'ldr r0, =0xe000ed24\n ldr r1, =0x70000\n str r1, [r0]\n';

test('a disabled fault escalates to HardFault: CFSR says why, HFSR.FORCED, and the record has the registers (B1.5.14)', { skip }, () => {
  const { runTo, word, at, faults, r } = armBench(`
reset:
  ldr r7, =0x60000000
bad: ldr r1, [r7]
  b .
hardfault: b .
`);
  runTo('hardfault');
  assert.equal(word(0xe000ed28), 0x8200, 'PRECISERR, BFARVALID');
  assert.equal(word(0xe000ed38), 0x60000000, 'BFAR');
  assert.equal(word(0xe000ed2c), 1 << 30);
  assert.equal(word(r(13) + 0x18), at('bad'), 'the return address is the instruction that faulted');
  assert.equal(faults.length, 1);
  const [{ kind, causes, address, pc, registers, active }] = faults;
  assert.deepEqual({ kind, causes, address, pc, r7: registers[7], active }, { kind: 'HardFault', causes: ['PRECISERR', 'FORCED'], address: 0x60000000, pc: at('bad'), r7: 0x60000000, active: [] });
});

const USAGE_FAULTS: readonly (readonly [name: string, code: string, bit: number])[] = [
  ['UNDEFINSTR', 'bad: udf #1', 16], ['INVSTATE', 'ldr r1, =bad\n bx r1\n .balign 4\nbad: nop', 17], ['NOCP', 'bad: vmov s0, r0', 19],
  ['NOCP, another coprocessor', 'bad: mrc p1, 0, r0, c0, c0, 0', 19],
  ['UNALIGNED, a multiple load', 'ldr r1, =0x20000002\nbad: ldm r1, {r2, r3}', 24],
  ['UNALIGNED, trapped by CCR', 'ldr r0, =0xe000ed14\n mov r1, #0x208\n str r1, [r0]\n ldr r1, =0x20000002\nbad: ldr r2, [r1]', 24],
  ['DIVBYZERO, trapped by CCR', 'ldr r0, =0xe000ed14\n mov r1, #0x210\n str r1, [r0]\n movs r1, #0\nbad: udiv r2, r1, r1', 25],
];
for (const [name, code, bit] of USAGE_FAULTS) {
  test(`UsageFault ${name} (B3.2.15)`, { skip }, () => {
    const { runTo, word, at, r } = armBench(`\nreset: ${ENABLE_FAULTS} ${code}\n b .\nusagefault: b .\n`);
    runTo('usagefault');
    assert.equal(word(0xe000ed28), 2 ** bit);
    assert.equal(word(0xe000ed2c), 0, 'nothing was forced');
    assert.equal(word(r(13) + 0x18), at('bad'));
    assert.equal(word(0xe000ed24) & 8, 8, 'USGFAULTACT');
  });
}

test('a division by zero gives 0 without CCR.DIV_0_TRP, and unaligned words are loaded and stored without UNALIGN_TRP', { skip }, () => {
  const { runTo, r } = armBench(`
reset: movs r0, #7
  movs r1, #0
  sdiv r2, r0, r1
  ldr r3, =0x20000001
  ldr r4, =0x87654321
  str r4, [r3]
  ldr r5, [r3]
  ldr r6, [r3, #2]
  ldrh r7, [r3, #2]
done: b .
`);
  runTo('done');
  assert.deepEqual([r(2), r(5), r(6), r(7)], [0, 0x87654321, 0x8765, 0x8765]);
});

test('a fault in HardFault is lockup, and ends the run with a record (B1.5.15)', { skip }, () => {
  const { cpu, faults, at } = armBench('\nreset: udf #0\nhardfault: udf #1\n');
  assert.throws(() => cpu.run(), { name: 'Lockup' });
  assert.deepEqual(faults.map(({ kind, pc }) => ({ kind, pc })), [{ kind: 'HardFault', pc: at('reset') }, { kind: 'lockup', pc: at('hardfault') }]);
});

test('a fetch from peripherals is a MemManage fault without MPU, one from nowhere a BusFault (B3.1, table B3-1)', { skip }, () => {
  const { runTo, word, r } = armBench(`\nreset: ${ENABLE_FAULTS} ldr r1, =0x40000001\n bx r1\nmemmanage: b .\n`);
  runTo('memmanage');
  assert.equal(word(0xe000ed28), 1, 'IACCVIOL, and no address');
  assert.equal(word(r(13) + 0x18), 0x40000000);
  const nowhere = armBench(`\nreset: ${ENABLE_FAULTS} ldr r1, =0x60000001\n bx r1\nbusfault: b .\n`);
  nowhere.runTo('busfault');
  assert.equal(nowhere.word(0xe000ed28), 0x100, 'IBUSERR');
});

test('a stack that is not there: STKERR pends beside the exception, and its handler runs first when it is more urgent (B1.5.11)', { skip }, () => {
  const { runTo, word, cpu } = armBench(`
reset: ${ENABLE_FAULTS}
  ldr r0, =0xe000ed1c
  ldr r1, =0x80000000
  str r1, [r0]
  ldr r0, =0x60000000
  mov sp, r0
  svc #0
svc: b .
busfault: b .
`);
  runTo('busfault');
  assert.equal(word(0xe000ed28), 0x1000, 'STKERR');
  assert.equal(word(0xe000ed24) & (1 << 15), 1 << 15, 'SVCALLPENDED');
  assert.equal(cpu.state[15] !== 0, true);
});

const FPU_ON = 'ldr r0, =0xe000ed88\n ldr r1, =0xf00000\n str r1, [r0]\n';

test('lazy stacking: room is left, nothing is stored until a floating-point instruction of the handler (B1.5.7)', { skip }, () => {
  const { runTo, r, word, cpu, machine } = armBench(`
reset: ${FPU_ON}
  vmov.f32 s0, #1.0
  vmov.f32 s15, #2.0
  vmov.f32 s16, #3.0
before: svc #0
after: b .
svc:
  mov r4, lr
entered: vmov.f32 s0, #4.0
saved: vmov.f32 s15, #5.0
  bx lr
`);
  runTo('before');
  assert.equal(cpu.special.control, 4, 'CONTROL.FPCA');
  const start = cpu.now;
  cpu.step();
  cpu.step();
  assert.equal(machine.timeline.now - start, 1 + 12, 'SVC, and the entry: no cycle more for the floating-point state');
  runTo('entered');
  assert.equal(r(4), 0xffffffe9, 'EXC_RETURN with bit 4 clear');
  const frame = 0x20010000 - 0x68;
  assert.equal(r(13), frame);
  assert.equal(word(0xe000ef38), frame + 0x20, 'FPCAR');
  assert.equal(word(0xe000ef34) & 1, 1, 'LSPACT');
  assert.equal(word(frame + 0x20), 0);
  runTo('saved');
  assert.equal(word(0xe000ef34) & 1, 0);
  assert.equal(word(frame + 0x20), 0x3f800000, 'S0');
  assert.equal(word(frame + 0x5c), 0x40000000, 'S15');
  runTo('after');
  assert.deepEqual([0, 15, 16].map((n) => cpu.state[32 + n] >>> 0), [0x3f800000, 0x40000000, 0x40400000], 'as before the exception');
  assert.equal(r(13), 0x20010000);
  assert.equal(cpu.special.control, 4);
});

test('without LSPEN the floating-point state is stacked at once, in 17 cycles more (B1.5.7; DDI 0439, 3.9.1)', { skip }, () => {
  const { runTo, word, cpu, machine } = armBench(`
reset: ${FPU_ON}
  ldr r0, =0xe000ef34
  ldr r1, =0x80000000
  str r1, [r0]
  vmov.f32 s3, #1.0
before: svc #0
svc: b .
`);
  runTo('before');
  const start = cpu.now;
  cpu.step();
  cpu.step();
  assert.equal(machine.timeline.now - start, 1 + 12 + 17);
  assert.equal(word(0x20010000 - 0x68 + 0x20 + 12), 0x3f800000);
});

test('a return takes ten cycles after its branch, and 17 more for floating-point state that was stacked (DDI 0439, 3.9.1)', { skip }, () => {
  for (const [before, inHandler, more] of [['', '', 0], ['vmov.f32 s3, #1.0', '', 0], ['vmov.f32 s3, #1.0', 'vmov.f32 s3, #2.0', 17]] as const) {
    const { runTo, cpu } = armBench(`
reset: ${FPU_ON}
  ${before}
  svc #0
after: b .
svc: ${inHandler}
leaving: bx lr
`);
    runTo('leaving');
    const start = cpu.now;
    runTo('after');
    assert.equal(cpu.now - start, 1 + 10 + more, `${before}; ${inHandler}`);
  }
});

test('two pending interrupts: the second is tail-chained in six cycles, and the frame stays (DDI 0439, 3.9.1)', { skip }, () => {
  const { cpu, machine, runTo, r } = armBench(`
reset:
  ldr r0, =0xe000e100
  movs r1, #3
  str r1, [r0]
  ldr r2, =0xe000e200
  cpsid i
  str r1, [r2]
go: cpsie i
  nop
after: b .
irq0: bx lr
irq1: bx lr
`);
  const events: string[] = [];
  machine.observers.add({
    exceptionEnter: (v, c) => events.push(`enter ${v} ${c}`), exceptionExit: (v, c) => events.push(`exit ${v} ${c}`), sleep: () => {}, blockBoundary: () => {}, midiByte: () => {},
  });
  runTo('go');
  cpu.step();
  const t = cpu.now;
  runTo('after');
  // Entry 12, BX LR 1, tail-chain 6, BX LR 1, exit 10, NOP 1.
  assert.deepEqual(events, [`enter IRQ0 ${t}`, `exit IRQ0 ${t + 19}`, `enter IRQ1 ${t + 19}`, `exit IRQ1 ${t + 30}`]);
  assert.equal(cpu.now, t + 31);
  assert.equal(r(13), 0x20010000);
});

test('EXC_RETURN that is none, and one whose exception is not active, are INVPC (B1.5.8)', { skip }, () => {
  for (const code of ['ldr lr, =0xfffffff3', 'ldr r0, =0xe000ed24\n ldr r1, [r0]\n bic r1, #0x80\n str r1, [r0]']) {
    const { runTo, word, r } = armBench(`\nreset: ${ENABLE_FAULTS} svc #0\n b .\nsvc: ${code}\nback: bx lr\nusagefault: b .\n`);
    runTo('usagefault');
    assert.equal(word(0xe000ed28), 1 << 18);
    assert.equal(r(13), 0x20010000 - 0x20, 'the frame of the first entry');
  }
});

test('process stack: thread mode on PSP without privilege; handlers on MSP; the PPB is closed to it (B1.4, B3.1.1)', { skip }, () => {
  const { runTo, r, word, cpu, at } = armBench(`
reset: ${ENABLE_FAULTS}
  ldr r0, =0x20008000
  msr psp, r0
  movs r0, #3
  msr control, r0
  isb
  svc #0
  ldr r0, =0xe000ed08
bad: ldr r1, [r0]
svc: mov r4, lr
  mrs r5, psp
  bx lr
busfault: b .
`);
  runTo('busfault');
  assert.equal(r(4), 0xfffffffd);
  assert.equal(r(5), 0x20008000 - 0x20);
  assert.equal(word(0xe000ed28), 0x8200);
  assert.equal(word(0x20008000 - 0x20 + 0x18), at('bad'));
  assert.equal(cpu.special.privileged, true);
});

test('bit-bands: a word of the alias is a bit, in SRAM and in peripherals (DDI 0439, 3.7)', { skip }, () => {
  const { runTo, word, r } = armBench(`
reset:
  ldr r0, =0x22000000 + 0x100 * 32 + 9 * 4
  movs r1, #1
  str r1, [r0]
  ldr r2, [r0]
  ldr r3, =0x20000200
  ldr r4, =0xffffffff
  str r4, [r3]
  ldr r0, =0x22000000 + 0x203 * 32 + 7 * 4
  movs r1, #0xfe
  strb r1, [r0]
done: b .
`);
  runTo('done');
  assert.equal(word(0x20000100), 0x200);
  assert.equal(r(2), 1);
  assert.equal(word(0x20000200), 0x7fffffff);
});

test('WFI sleeps until an interrupt that would pre-empt with PRIMASK clear; it is taken once PRIMASK is (B1.5.19)', { skip }, () => {
  const { cpu, machine, runTo } = armBench(`
reset:
  ldr r0, =0xe000e010
  movs r1, #99
  str r1, [r0, #4]
  str r1, [r0, #8]
  movs r1, #7
  cpsid i
start: str r1, [r0]
  wfi
woken: cpsie i
  nop
systick: b .
`);
  runTo('start');
  const at = cpu.now;
  runTo('woken');
  while (cpu.asleep) cpu.step();
  assert.equal(machine.timeline.now, at + 100);
  runTo('systick');
  assert.equal(machine.timeline.now, at + 100 + 2 + 12, 'CPSIE, and the entry');
});
