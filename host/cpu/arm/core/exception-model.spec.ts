// SPDX-License-Identifier: MIT
// Rarer ways into and out of exceptions, against ARM DDI 0403E, B1.5, and the times of DDI 0439, 3.9.1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../../testing/arm-bench.js';
import { without } from '../../../testing/needs.js';

const skip = without('arm-none-eabi-gcc');
const ENABLE_FAULTS = 'ldr r0, =0xe000ed24\n ldr r1, =0x70000\n str r1, [r0]\n';
/** IRQ0 at priority 0x80, IRQ1 at 0x40, both enabled. */
const TWO_INTERRUPTS = 'ldr r0, =0xe000e400\n ldr r1, =0x4080\n str r1, [r0]\n ldr r0, =0xe000e100\n movs r1, #3\n str r1, [r0]\n ldr r2, =0xe000e200\n';

function watched(bench: ReturnType<typeof armBench>): string[] {
  const events: string[] = [];
  bench.machine.observers.add({
    exceptionEnter: (v, cycle, pended) => events.push(`enter ${v} ${cycle} ${pended}`), exceptionExit: (v, cycle) => events.push(`exit ${v} ${cycle}`),
    sleep: (from, to) => events.push(`sleep ${from} ${to}`), blockBoundary: () => {}, midiByte: () => {},
  });
  return events;
}

test('late arrival: one that is more urgent and comes during the stacking goes first, and does not pay for the stacking again', { skip }, () => {
  const bench = armBench(`
reset: ${TWO_INTERRUPTS}
  movs r1, #1
idle: b idle
irq0: bx lr
irq1: bx lr
`);
  const { cpu, machine, runTo } = bench;
  const events = watched(bench);
  runTo('idle');
  const at = cpu.now + 10;
  machine.timeline.at(at, () => machine.exceptions.setPending(16));
  machine.timeline.at(at + 5, () => machine.exceptions.setPending(17));
  cpu.attendSoon();
  runTo('irq1');
  const [entered] = events;
  assert.match(entered, new RegExp(`^enter IRQ1 ${at + 5} ${at + 5}$`));
  assert.ok(machine.timeline.now - at <= 12 + 1, 'one entry, and the instruction that was under way');
  runTo('irq0');
  assert.equal(machine.exceptions.depth, 1, 'tail-chained');
});

test('nesting: a more urgent interrupt pre-empts a handler, whose LR is EXC_RETURN to handler mode', { skip }, () => {
  const { runTo, r, machine } = armBench(`
reset: ${TWO_INTERRUPTS}
  movs r1, #1
  str r1, [r2]
after: b .
irq0: movs r1, #2
  str r1, [r2]
  movs r5, #1
  bx lr
irq1: mov r6, lr
  bx lr
`);
  runTo('irq1');
  assert.deepEqual(machine.exceptions.activeOnes, [17, 16]);
  runTo('after');
  assert.deepEqual([r(5), r(6), r(13)], [1, 0xfffffff1, 0x20010000]);
});

test('an interrupt that comes during the unstacking has it given up, and is tail-chained', { skip }, () => {
  const bench = armBench(`
reset: ${TWO_INTERRUPTS}
  movs r1, #1
idle: b idle
irq0: bx lr
irq1: bx lr
`);
  const { cpu, machine, runTo, r } = bench;
  const events = watched(bench);
  runTo('idle');
  machine.exceptions.setPending(16);
  cpu.attendSoon();
  runTo('irq0');
  // BX takes 1 + 2 cycles; 4 of the 10 cycles of the return pass.
  const at = cpu.now + 3 + 4;
  machine.timeline.at(at, () => machine.exceptions.setPending(17));
  cpu.attendSoon();
  runTo('irq1');
  assert.equal(cpu.now, at + 6);
  assert.equal(events.at(-1), `enter IRQ1 ${at + 6} ${at}`);
  assert.equal(r(13), 0x20010000 - 0x20, 'the frame of the first');
});

test('BASEPRI holds back its level and below; raising it is not late: what it lets through is taken at once (B1.4.3)', { skip }, () => {
  const { runTo, r } = armBench(`
reset: ${TWO_INTERRUPTS}
  movs r1, #0x80
  msr basepri, r1
  movs r1, #1
  str r1, [r2]
  movs r4, #1
  movs r1, #0
  msr basepri, r1
  movs r4, #2
after: b .
irq0: mov r5, r4
  bx lr
`);
  runTo('after');
  assert.equal(r(5), 1);
});

test('SVC with PRIMASK set escalates to HardFault (B1.5.14)', { skip }, () => {
  const { runTo, word, r, at } = armBench('\nreset: cpsid i\n svc #0\nafter: b .\nhardfault: b .\n');
  runTo('hardfault');
  assert.equal(word(0xe000ed2c), 1 << 30);
  assert.equal(word(r(13) + 0x18), at('after'));
});

test('FAULTMASK lets NMI alone through, and is cleared by the return from any exception but NMI (B1.4.3)', { skip }, () => {
  const { runTo, machine, cpu } = armBench(`
reset:
  cpsid f
  ldr r0, =0xe000ed04
  ldr r1, =0x90000000
  str r1, [r0]
  nop
  b .
nmi: bx lr
pendsv: b .
`);
  runTo('nmi');
  cpu.step();
  assert.equal(machine.exceptions.faultmask, true);
  for (let i = 0; i < 20; i++) cpu.step();
  assert.equal(machine.exceptions.isPending(14), true, 'PendSV waits');
});

test('a vector that cannot be read is a HardFault with VECTTBL (B1.5.14)', { skip }, () => {
  const { runTo, word, at, memory } = armBench(`
reset:
  ldr r0, =0xe000ed08
  ldr r1, =0x2001ff80
  str r1, [r0]
  ldr r0, =0xe000e100
  movs r1, #1
  lsls r1, #31
  str r1, [r0]
  ldr r0, =0xe000e200
  str r1, [r0]
  nop
  b .
hardfault: b .
`);
  // The vector of interrupt 31 would be at 0x2002003C, behind the memory; HardFault's is within.
  const vector = at('hardfault') | 1;
  const sram2 = memory.regions.find((region) => region.name === 'sram2')!.bytes;
  new DataView(sram2.buffer, sram2.byteOffset).setUint32(0x2001ff8c - 0x2001c000, vector, true);
  runTo('hardfault');
  assert.equal(word(0xe000ed2c), 2);
});

test('a vector without bit 0 is an INVSTATE fault at its address, by the priority of SVCall a HardFault (B1.5.6)', { skip }, () => {
  const { runTo, word, r, at } = armBench(`
reset: ${ENABLE_FAULTS}
  ldr r0, =0xe000ed08
  ldr r1, =0x20000000
  str r1, [r0]
  ldr r2, =handler
  str r2, [r1, #44]
  ldr r2, =trapped + 1
  str r2, [r1, #12]
  svc #0
.balign 4
handler: nop
trapped: b .
`);
  runTo('trapped');
  assert.equal(word(0xe000ed28), 1 << 17);
  assert.equal(word(r(13) + 0x18), at('handler'));
});

test('an unstacking that fails: UNSTKERR, and the fault is tail-chained on the frame that stays (B1.5.12)', { skip }, () => {
  const { runTo, word, r } = armBench(`
reset: ${ENABLE_FAULTS}
  ldr r0, =0x20008000
  msr psp, r0
  movs r0, #2
  msr control, r0
  svc #0
svc: ldr r0, =0x60000000
  msr psp, r0
  bx lr
busfault: b .
`);
  runTo('busfault');
  assert.equal(word(0xe000ed28), 0x800);
  assert.equal(r(14), 0xfffffffd);
});

test('NONBASETHRDENA: a return to thread mode below another exception is INVPC without it (B1.5.8)', { skip }, () => {
  const source = (ccr: number): string => `
reset: ${ENABLE_FAULTS} ${TWO_INTERRUPTS}
  ldr r0, =0xe000ed14
  ldr r1, =${ccr}
  str r1, [r0]
  movs r1, #1
  str r1, [r2]
  b .
irq0: movs r1, #2
  str r1, [r2]
  nop
  b .
irq1: ldr r0, [sp, #0x1c]
  lsrs r0, #9
  lsls r0, #9
  str r0, [sp, #0x1c]
  ldr r0, =thread
  str r0, [sp, #0x18]
  ldr lr, =0xfffffff9
  bx lr
thread: b thread
usagefault: b .
`;
  const refused = armBench(source(0x200));
  refused.runTo('usagefault');
  assert.equal(refused.word(0xe000ed28), 1 << 18);
  const allowed = armBench(source(0x201));
  allowed.runTo('thread');
  assert.equal(allowed.cpu.special.handlerMode, false);
  assert.deepEqual(allowed.machine.exceptions.activeOnes, [16]);
});

test('a stacked IPSR that does not fit EXC_RETURN is INVPC, in a frame of its own (B1.5.8)', { skip }, () => {
  const { runTo, word, r, at } = armBench(`
reset: ${ENABLE_FAULTS} svc #0
after: b .
svc: ldr r0, [sp, #0x1c]
  adds r0, #11
  str r0, [sp, #0x1c]
  bx lr
usagefault: b .
`);
  runTo('usagefault');
  assert.equal(word(0xe000ed28), 1 << 18);
  assert.equal(word(r(13) + 0x18), at('after'));
  assert.equal(r(13), 0x20010000 - 0x20);
});

test('SLEEPONEXIT: thread mode does not run again after a handler; the next interrupt is taken from sleep (B1.5.17)', { skip }, () => {
  const bench = armBench(`
reset:
  ldr r0, =0xe000ed10
  movs r1, #2
  str r1, [r0]
  ldr r0, =0xe000e010
  ldr r1, =499
  str r1, [r0, #4]
  str r1, [r0, #8]
  movs r1, #7
  str r1, [r0]
loop: adds r4, #1
  b loop
systick: mov r6, r4
  adds r5, #1
  cmp r5, #4
  beq done
  bx lr
done: b .
`);
  const events = watched(bench);
  bench.runTo('done');
  const { r } = bench;
  assert.ok(r(4) > 50 && r(6) === r(4));
  assert.equal(events.filter((e) => e.startsWith('sleep')).length, 3);
});

test('WFE: SEV and each exception set the event, SEVONPEND also one that is disabled (B1.5.18)', { skip }, () => {
  const bench = armBench(`
reset:
  sev
  wfe
first: ldr r0, =0xe000ed10
  movs r1, #0x10
  str r1, [r0]
  wfe
second: b .
`);
  const { runTo, cpu, machine } = bench;
  runTo('first');
  assert.equal(cpu.asleep, false);
  runTo('second');
  assert.equal(cpu.asleep, true);
  const at = machine.timeline.now + 1000;
  machine.timeline.at(at, () => machine.exceptions.setPending(20));
  while (cpu.asleep) cpu.step();
  assert.equal(machine.timeline.now, at);
});

test('SLEEPDEEP is handed to the chip; SYSRESETREQ starts again', { skip }, () => {
  const slept: string[] = [];
  const bench = armBench(`
reset:
  ldr r0, =0xe000ed10
  movs r1, #4
  ldr r2, [r0]
  str r1, [r0]
  cmp r2, #0
  bne again
  ldr r0, =0xe000ed0c
  ldr r1, =0x05fa0004
  adds r4, #1
  cmp r5, #1
  beq again
  ldr r6, =0x20000000
  ldr r7, [r6]
  cmp r7, #7
  beq again
  movs r7, #7
  str r7, [r6]
  str r1, [r0]
  b .
again: wfi
after: b .
`, { sleepDeep: (until) => slept.push(until) });
  const { runTo, resets } = bench;
  runTo('after');
  assert.equal(resets(), 1);
  assert.deepEqual(slept, ['interrupt']);
  assert.equal(bench.r(4), 1, 'registers start anew');
});

test('exclusive accesses: STREX fails without LDREX, after CLREX, and after an exception in between (A3.4)', { skip }, () => {
  const { runTo, r } = armBench(`
reset:
  ldr r0, =0x20000000
  movs r1, #9
  strex r4, r1, [r0]
  ldrex r2, [r0]
  strex r5, r1, [r0]
  ldrex r2, [r0]
  clrex
  strex r6, r1, [r0]
  ldrex r2, [r0]
  svc #0
  strex r7, r1, [r0]
after: b .
svc: bx lr
`);
  runTo('after');
  assert.deepEqual([r(4), r(5), r(6), r(7)], [1, 0, 1, 1]);
});

test('BFHFNMIGN: with FAULTMASK set a bus error is noted, not taken (B3.2.8)', { skip }, () => {
  const { runTo, r, word } = armBench(`
reset:
  ldr r0, =0xe000ed14
  ldr r1, =0x300
  str r1, [r0]
  cpsid f
  ldr r1, =0x60000000
  movs r2, #5
  ldr r2, [r1]
  str r2, [r1]
after: b .
`);
  runTo('after');
  assert.equal(word(0xe000ed28), 0x8200);
  assert.equal(r(0), 0xe000ed14);
});

test('IT blocks survive exceptions: ITSTATE is stacked, and what it holds for the next instruction (B1.5.6)', { skip }, () => {
  const { runTo, r, word } = armBench(`
reset: ${ENABLE_FAULTS}
  movs r2, #0
  cmp r2, #0
  itete eq
  addeq r3, #1
  addne r3, #16
  ldreq r6, [r7]
  addne r3, #32
after: b .
busfault: ldr r4, [sp, #0x1c]
  ldr r5, [sp, #0x18]
  adds r5, #2
  str r5, [sp, #0x18]
  bx lr
`.replace('movs r2, #0', 'ldr r7, =0x60000000\n movs r2, #0'));
  runTo('busfault');
  const psr = word(r(13) + 0x1c);
  const itstate = ((psr >>> 25) & 3) | ((psr >>> 8) & 0xfc);
  // ITETE EQ is firstcond 0000, mask 1011 (T: 0, E: 1, then the 1 that ends it) ; after two: 0000 1100 shifted by what is done.
  assert.equal(itstate, 0x0c);
  runTo('after');
  assert.equal(r(3), 33, 'the handler has skipped the load, but not its place in the block, which the last addition has got');
});

test('an exception return to a multiple load that was interrupted (ICI bits in xPSR) starts it again (B1.4.2)', { skip }, () => {
  const { runTo, r } = armBench(`
reset:
  ldr r0, =0x20000000
  movs r1, #7
  movs r2, #8
  stm r0, {r1, r2}
  svc #0
  ldm r0, {r3, r4}
after: b .
svc: ldr r1, [sp, #0x1c]
  orr r1, #0x4000
  str r1, [sp, #0x1c]
  bx lr
`);
  runTo('after');
  assert.deepEqual([r(3), r(4)], [7, 8]);
});
