// SPDX-License-Identifier: MIT
// ARMv7-M exception rules, ARM DDI 0403E section B1.5; numbers restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExceptionController } from './exceptions.js';
import { Timeline } from './timeline.js';

const PENDSV = 14;
const USART2 = 16 + 38;
const DMA1_STREAM5 = 16 + 16;

function controller() {
  const timeline = new Timeline();
  const nvic = new ExceptionController(timeline, 82, 4);
  const arm = (n: number, priority: number) => {
    nvic.setPriority(n, priority << 4);
    nvic.enable(n);
  };
  return { timeline, nvic, arm };
}

test('a pending interrupt is taken only when enabled, and the more urgent of two first', () => {
  const { nvic, arm } = controller();
  nvic.setPending(USART2);
  assert.equal(nvic.next(), 0);
  arm(USART2, 2);
  arm(DMA1_STREAM5, 1);
  nvic.setPending(DMA1_STREAM5);
  assert.equal(nvic.next(), DMA1_STREAM5);
});

test('equal priority does not pre-empt; of two pending equals the lower exception number goes first', () => {
  const { nvic, arm } = controller();
  arm(USART2, 3);
  arm(DMA1_STREAM5, 3);
  nvic.setPending(USART2);
  nvic.activate(USART2);
  nvic.setPending(DMA1_STREAM5);
  assert.equal(nvic.next(), 0);
  nvic.deactivate(USART2);
  nvic.setPending(USART2);
  assert.equal(nvic.next(), DMA1_STREAM5);
});

test('nesting: a more urgent exception pre-empts a handler, and the handler resumes after it', () => {
  const { nvic, arm } = controller();
  nvic.setPriority(PENDSV, 0xf0);
  arm(USART2, 1);
  nvic.setPending(PENDSV);
  nvic.activate(nvic.next());
  nvic.setPending(USART2);
  assert.equal(nvic.next(), USART2);
  nvic.activate(USART2);
  assert.equal(nvic.current, USART2);
  nvic.deactivate(USART2);
  assert.equal(nvic.current, PENDSV);
});

test('priority grouping: with PRIGROUP 5 the lower two of four bits are subpriority, which orders but does not pre-empt', () => {
  const { nvic, arm } = controller();
  nvic.prigroup = 5;
  arm(USART2, 0b0101);
  arm(DMA1_STREAM5, 0b0100);
  nvic.setPending(USART2);
  nvic.activate(USART2);
  nvic.setPending(DMA1_STREAM5);
  assert.equal(nvic.next(), 0, 'same group');
  nvic.deactivate(USART2);
  nvic.setPending(USART2);
  assert.equal(nvic.next(), DMA1_STREAM5, 'lower subpriority first');
});

test('PRIMASK holds back everything configurable, not NMI and HardFault; BASEPRI holds back its level and below', () => {
  const { nvic, arm } = controller();
  arm(USART2, 4);
  nvic.setPending(USART2);
  nvic.primask = true;
  assert.equal(nvic.next(), 0);
  assert.equal(nvic.wakesFromWfi(), true, 'WFI wakes although PRIMASK is set');
  nvic.setPending(3);
  assert.equal(nvic.next(), 3);
  nvic.clearPending(3);
  nvic.primask = false;
  nvic.basepri = 0x40;
  assert.equal(nvic.next(), 0);
  assert.equal(nvic.wakesFromWfi(), false, 'BASEPRI counts for waking');
  nvic.basepri = 0x50;
  assert.equal(nvic.next(), USART2);
});

test('a line still high at return pends again; one that fell does not; a pulse is remembered', () => {
  const { nvic, arm } = controller();
  arm(USART2, 1);
  const line = nvic.line(38);
  line.set(true);
  nvic.activate(nvic.next());
  nvic.deactivate(USART2);
  assert.equal(nvic.next(), USART2, 'level');
  nvic.activate(USART2);
  line.set(false);
  nvic.deactivate(USART2);
  assert.equal(nvic.next(), 0);
  line.set(true);
  line.set(false);
  assert.equal(nvic.next(), USART2, 'pulse');
});

test('unimplemented priority bits read as zero, and pendedAt is the cycle of the request', () => {
  const { nvic, timeline } = controller();
  nvic.setPriority(USART2, 0xff);
  assert.equal(nvic.priorityOf(USART2), 0xf0);
  timeline.advanceTo(1234);
  nvic.setPending(USART2);
  timeline.advanceTo(2000);
  nvic.setPending(USART2);
  assert.equal(nvic.pendedAt(USART2), 1234);
});
