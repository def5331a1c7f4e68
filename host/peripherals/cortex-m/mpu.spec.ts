// SPDX-License-Identifier: MIT
// MPU against ARM DDI 0403E, B3.5; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../testing/arm-bench.js';
import { without } from '../../testing/needs.js';
import { Mpu } from './mpu.js';

const skip = without('arm-none-eabi-gcc');
const TYPE = 0x0, CTRL = 0x4, RNR = 0x8, RBAR = 0xc, RASR = 0x10, RBAR_A1 = 0x14, RASR_A1 = 0x18;

function mpu() {
  const unit = new Mpu();
  unit.enforced = true;
  const region = (n: number, base: number, rasr: number): void => {
    unit.write(RBAR, base | 0x10 | n, 4);
    unit.write(RASR, rasr, 4);
  };
  return { unit, region };
}

test('eight unified regions; VALID selects one; the aliases write the selected one', () => {
  const { unit } = mpu();
  assert.equal(unit.read(TYPE, 4), 0x800);
  unit.write(RBAR, 0x20000000 | 0x10 | 3, 4);
  assert.equal(unit.read(RNR, 4), 3);
  assert.equal(unit.read(RBAR, 4), 0x20000003);
  unit.write(RASR, 0x03000013, 4);
  unit.write(RBAR_A1, 0x08000014, 4);
  unit.write(RASR_A1, 0x06000027, 4);
  assert.equal(unit.read(RNR, 4), 4);
  unit.write(RNR, 3, 4);
  assert.equal(unit.read(RASR, 4), 0x03000013);
});

test('access permissions (table B3-15), for privileged code and for the rest', () => {
  const { unit, region } = mpu();
  unit.write(CTRL, 1, 4);
  const expected: Record<number, string> = { 0: '----', 1: 'rw--', 2: 'rwr-', 3: 'rwrw', 5: 'r---', 6: 'r-r-', 7: 'r-r-' };
  for (const [ap, rights] of Object.entries(expected)) {
    // 1 KiB: SIZE 9.
    region(0, 0x20000000, (Number(ap) << 24) | (9 << 1) | 1);
    const seen = [true, false].map((privileged) => (['read', 'write'] as const).map((a) => (unit.permits(0x20000200, a, privileged, false) ? a[0] : '-')).join('')).join('');
    assert.equal(seen, rights, `AP ${ap}`);
  }
  assert.equal(unit.permits(0x20000400, 'read', true, false), false, 'behind the region, with no background');
});

test('the highest region that matches decides; subregions can be left out; XN; the background is for privileged code', () => {
  const { unit, region } = mpu();
  // Full access to 64 KiB at 0x20000000, none to 256 bytes in it, of which the second eighth is left out.
  region(0, 0x20000000, (3 << 24) | (15 << 1) | 1);
  region(7, 0x20001000, (1 << 9) | (7 << 1) | 1);
  unit.write(CTRL, 5, 4);
  assert.equal(unit.permits(0x20000ffc, 'write', false, false), true);
  assert.equal(unit.permits(0x20001000, 'write', true, false), false);
  assert.equal(unit.permits(0x20001020, 'write', false, false), true, 'subregion 1 is disabled');
  assert.equal(unit.permits(0x20001040, 'read', true, false), false);
  assert.equal(unit.permits(0x08000000, 'read', true, false), true, 'PRIVDEFENA');
  assert.equal(unit.permits(0x08000000, 'read', false, false), false);
  assert.equal(unit.permits(0x20000000, 'fetch', true, false), true);
  region(0, 0x20000000, ((1 << 28) | (3 << 24) | (15 << 1) | 1) >>> 0);
  assert.equal(unit.permits(0x20000000, 'fetch', true, false), false, 'XN');
  assert.equal(unit.permits(0x20000000, 'read', true, false), true);
  assert.equal(unit.permits(0x20001000, 'write', true, true), true, 'HFNMIENA is clear: off at priorities below 0');
  assert.equal(unit.permits(0xe000ed00, 'write', true, false), true, 'the private peripheral bus is not the MPU\'s');
  assert.equal(unit.permits(0xe000ed00, 'fetch', true, false), false);
});

/** A guard of 32 bytes at 0x20000100, everything else by the default map. */
const GUARD = `
  ldr r0, =0xe000ed24
  ldr r1, =0x70000
  str r1, [r0]
  ldr r0, =0xe000ed9c
  ldr r1, =0x20000110
  str r1, [r0]
  ldr r1, =0x10000009
  str r1, [r0, #4]
  movs r1, #5
  str r1, [r0, #-8]
`;

test('a store into a guard region is a MemManage fault with its address (B3.2.15)', { skip }, () => {
  const { runTo, word, r, at } = armBench(`
reset: ${GUARD}
  ldr r2, =0x200000fc
  str r2, [r2]
  ldr r3, [r2]
bad: str r2, [r2, #8]
memmanage: b .
`);
  runTo('memmanage');
  assert.equal(word(0xe000ed28), 0x82, 'DACCVIOL, MMARVALID');
  assert.equal(word(0xe000ed34), 0x20000104);
  assert.equal(word(r(13) + 0x18), at('bad'));
  assert.equal(r(3), 0x200000fc);
});

test('a stack that grows into a guard region: MSTKERR, without an address (B1.5.11)', { skip }, () => {
  const { runTo, word } = armBench(`
reset: ${GUARD}
  ldr r2, =0x20000130
  msr psp, r2
  movs r2, #2
  msr control, r2
  svc #0
  b .
svc: b .
memmanage: b .
`);
  runTo('memmanage');
  assert.equal(word(0xe000ed28), 0x10);
  assert.equal(word(0xe000ed24) & (1 << 15), 1 << 15, 'SVCALLPENDED: of equal priority, the lower number goes first');
});

test('XN within a memory that is executable otherwise, and for one privilege only: each fetch is asked for (B3.5.3)', { skip }, () => {
  const { runTo, word, r } = armBench(`
reset: ${GUARD}
  ldr r0, =0xe000ed9c
  ldr r1, =0x08000010
  str r1, [r0]
  ldr r1, =0x06000027
  str r1, [r0, #4]
  ldr r1, =forbidden
  orr r1, #0x11
  str r1, [r0]
  ldr r1, =0x01000009
  str r1, [r0, #4]
  bl forbidden
  movs r0, #1
  msr control, r0
  isb
  bl forbidden
  b .
.balign 32
forbidden: adds r4, #1
  bx lr
.balign 32
memmanage: b .
`);
  runTo('memmanage');
  assert.equal(r(4), 1, 'with privilege, once');
  assert.equal(word(0xe000ed28), 0x11, 'IACCVIOL, and MSTKERR: without privilege there is no stack either');
});
