// SPDX-License-Identifier: MIT
// System control block against ARM DDI 0403E, B3.2; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnmodelledRegisterError } from '../../machine/errors.js';
import { coreBench } from '../../testing/core-bench.js';

test('SCB: ICSR pends PendSV and shows it; AIRCR wants its key; SHPR3 holds PendSV in bits 23:16', () => {
  const { read, write, exceptions, resets } = coreBench();
  assert.equal(read(0xe000ed00), 0x410fc241);
  write(0xe000ed04, 1 << 28);
  assert.equal(read(0xe000ed04) & (1 << 28), 1 << 28);
  assert.equal((read(0xe000ed04) >>> 12) & 0x1ff, 14, 'VECTPENDING');
  write(0xe000ed04, 1 << 27);
  assert.equal(exceptions.isPending(14), false);
  write(0xe000ed0c, 0x12340500);
  assert.equal(exceptions.prigroup, 0);
  write(0xe000ed0c, 0x05fa0300);
  assert.equal(exceptions.prigroup, 3);
  assert.equal(read(0xe000ed0c), 0xfa050300);
  write(0xe000ed20, 0xe0f00000);
  assert.equal(exceptions.priorityOf(14), 0xf0);
  assert.equal(exceptions.priorityOf(15), 0xe0);
  write(0xe000ed0c, 0x05fa0004);
  assert.equal(resets(), 1);
});

test('what the core has and the emulator has not is named', () => {
  const { read } = coreBench();
  assert.throws(() => read(0xe0001014), (e: unknown) => e instanceof UnmodelledRegisterError && e.register === 'DWT_LSUCNT');
});
