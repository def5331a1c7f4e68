// SPDX-License-Identifier: MIT
// What a debugger sees of the core: stops before breakpoints, behind watched accesses, at BKPT and faults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../../testing/arm-bench.js';
import { without } from '../../../testing/needs.js';
import { RunEnded } from '../../../machine/machine.js';
import { Debugger } from './debugger.js';

const skip = without('arm-none-eabi-gcc');

function debugged(source: string) {
  const bench = armBench(source);
  return { ...bench, debug: new Debugger(bench.cpu, bench.machine, bench.blocks) };
}

const LOOP = `
reset:
  movs r0, #0
  ldr r1, =0x20000100
loop: adds r0, #1
store: str r0, [r1]
  ldr r2, [r1]
  cmp r0, #5
  bne loop
stop: bkpt #7
  b .
`;

test('resume runs to a breakpoint, and past it the next time; BKPT stops with PC on it', { skip }, () => {
  const { debug, at } = debugged(LOOP);
  debug.addBreakpoint(at('store'));
  for (let turn = 1; turn <= 5; turn++) {
    assert.deepEqual(debug.resume(), { kind: 'breakpoint', address: at('store') });
    assert.equal(debug.readRegister('r0'), turn);
  }
  assert.deepEqual(debug.resume(), { kind: 'bkpt', address: at('stop'), imm8: 7 });
  assert.equal(debug.readRegister('pc'), at('stop'));
  debug.removeBreakpoint(at('store'));
  debug.writeRegister('pc', at('loop'));
  debug.writeRegister('r0', 0);
  assert.equal(debug.resume().kind, 'bkpt');
});

test('watchpoints stop behind the instruction that has written or read', { skip }, () => {
  const { debug, at } = debugged(LOOP);
  debug.addWatchpoint(0x20000102, 1, 'write');
  assert.deepEqual(debug.resume(), { kind: 'watchpoint', address: 0x20000102, access: 'write', watch: 'write' });
  assert.equal(debug.readRegister('pc'), at('store') + 2);
  debug.removeWatchpoint(0x20000102, 1, 'write');
  debug.addWatchpoint(0x20000100, 4, 'read');
  assert.deepEqual(debug.resume(), { kind: 'watchpoint', address: 0x20000100, access: 'read', watch: 'read' });
  assert.equal(debug.readRegister('pc'), at('store') + 4);
});

test('step executes one instruction or takes one exception; a limit of cycles returns; the end of the run is an event', { skip }, () => {
  const { debug, at, machine } = debugged(`
reset: svc #0
idle: b idle
svc: bx lr
`);
  assert.deepEqual(debug.step(), { kind: 'step' });
  assert.equal(debug.readRegister('pc'), at('idle'));
  debug.step();
  assert.equal(debug.readRegister('pc'), at('svc'));
  assert.equal(debug.readRegister('xpsr') & 0x1ff, 11);
  const before = debug.now;
  assert.deepEqual(debug.resume(1000), { kind: 'limit' });
  assert.ok(debug.now - before >= 1000 && debug.now - before < 1010);
  machine.timeline.at(debug.now + 500, () => { throw new RunEnded('over'); });
  const event = debug.resume();
  assert.equal(event.kind, 'ended');
});

test('a fault stops at its handler with the record; without stopOnFault it does not; lockup is an event', { skip }, () => {
  const source = '\nreset: ldr r0, =0x60000000\nbad: str r0, [r0]\nhardfault: udf #0\n';
  const { debug, at } = debugged(source);
  const event = debug.resume();
  assert.equal(event.kind, 'fault');
  if (event.kind === 'fault') assert.deepEqual([event.record.pc, event.record.causes], [at('bad'), ['PRECISERR', 'FORCED']]);
  assert.equal(debug.readRegister('pc'), at('hardfault'));
  assert.equal(debug.resume().kind, 'lockup');
  const other = debugged(source);
  other.debug.stopOnFault = false;
  assert.equal(other.debug.resume().kind, 'lockup');
});

test('memory and registers: no side effect, flash can be written, what is not mapped is undefined', { skip }, () => {
  const { debug, at, cpu } = debugged(LOOP);
  assert.deepEqual([...debug.readMemory(0x08000000, 4)!], [0x00, 0x00, 0x01, 0x20]);
  assert.equal(debug.readMemory(0x60000000, 4), undefined);
  assert.deepEqual([...debug.readMemory(0xe000ed00, 4)!], [0x41, 0xc2, 0x0f, 0x41]);
  assert.equal(debug.writeMemory(0x60000000, new Uint8Array(4)), false);
  // MOVS R0, #9 instead of ADDS, after it was executed once.
  debug.addBreakpoint(at('store'));
  debug.resume();
  assert.equal(debug.writeMemory(at('loop'), new Uint8Array([0x09, 0x20])), true);
  debug.resume();
  assert.equal(debug.readRegister('r0'), 9);
  for (const [name, value] of [['s5', 0x3f800000], ['psp', 0x20001000], ['fpscr', 0xf0000000], ['basepri', 0x40], ['control', 2], ['lr', 7]] as const) {
    debug.writeRegister(name, value);
    assert.equal(debug.readRegister(name), value, name);
  }
  assert.equal(cpu.state[13], 0x20001000, 'the process stack is in use');
  assert.throws(() => debug.readRegister('r16'), RangeError);
});
