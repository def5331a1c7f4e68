// SPDX-License-Identifier: MIT
// Interrupts pre-empt metered firmware where they fall, nest by priority, and leave the interrupted code unharmed.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { compileFirmware, type Firmware } from '../../host/build/compile.js';
import { InstructionCosts, loadCoreCosts } from '../../host/cpu/wasm/costs.js';
import { WasmCpu } from '../../host/cpu/wasm/cpu.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { meter } from '../../host/cpu/wasm/meter.js';
import type { CpuConfig } from '../../host/cpu/pre-emptive-cpu.js';
import { Wasm3Cpu } from '../../host/cpu/wasm3/cpu.js';
import { Machine } from '../../host/machine/machine.js';
import { plugCore } from '../../host/peripherals/cortex-m/core.js';
import { withoutCompiler as skip } from '../../host/testing/c-compiler.js';
import { prepareHostShim } from '../../host/wasm3-host-shim/index.js';

const board = loadBoard('stm32f4-discovery');
let firmware: Firmware;
before(async () => {
  firmware = await compileFirmware('tests/cpu/preemption.as.ts', board);
});

const CORTEX_M4 = { exceptionEntryCycles: 12, exceptionExitCycles: 10, tailChainCycles: 6 };

/** A machine of nothing but its core, and a CPU on it. */
function bootOn<T>(create: (config: CpuConfig) => T, engine = 'aot', core = CORTEX_M4): { machine: Machine; cpu: T } {
  const vectors: string[] = [];
  for (const [name, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = name;
  const machine = new Machine({ vectors: Array.from({ length: board.nvic.lines }, (_, i) => vectors[i] ?? ''), priorityBits: 4 });
  plugCore(machine, { cpuid: 0x410fc241, systickReferenceDivider: 8, onResetRequest: () => {} });
  const { dispatch } = loadCoreCosts('cortex-m4f').engines[engine];
  return { machine, cpu: create({ machine, vectors: firmware.vectors, core, dispatch, overclock: 1, memoryAddress: 0x20000000, onMemory() {} }) };
}

function boot(engine = 'aot', core = CORTEX_M4) {
  const metered = meter(parseModule(firmware.wasm), new InstructionCosts(loadCoreCosts('cortex-m4f').engines[engine]));
  const { machine, cpu } = bootOn((config) => new WasmCpu({ ...config, metered }), engine, core);
  cpu.boot();
  cpu.call('init');
  const trace = () => [...new Uint32Array(cpu.memory.buffer, cpu.call('tracePointer') as number, cpu.call('traceLength') as number)];
  return { machine, cpu, trace };
}

test('the vector table has name, number, priority, budget and place of every handler', () => {
  assert.deepEqual(firmware.vectors.map(({ name, irq, priority, budget, functionName }) => ({ name, irq, priority, budget, functionName })), [
    { name: 'EXTI0', irq: 6, priority: 1, budget: undefined, functionName: 'urgent' },
    { name: 'EXTI1', irq: 7, priority: 5, budget: 1680, functionName: 'relaxed' },
    { name: 'PendSV', irq: -2, priority: 15, budget: 5000, functionName: 'render' },
    { name: 'SysTick', irq: -1, priority: 0, budget: undefined, functionName: 'tick' },
  ]);
  assert.match(firmware.vectors[0].file, /tests\/cpu\/preemption\.as\.ts$/);
  assert.equal(firmware.vectors[0].line, 19);
});

test('the vector table ships in the module, as a custom section', () => {
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(firmware.wasm as BufferSource), 'tonewheel.vectors');
  assert.deepEqual(JSON.parse(new TextDecoder().decode(section)), JSON.parse(JSON.stringify(firmware.vectors)));
});

test('a more urgent interrupt pre-empts a handler at the very access that pends it, three deep', () => {
  const { cpu, trace } = boot();
  cpu.call('main');
  assert.deepEqual(trace(), [10, 4, 2, 1, 3, 5, 11]);
});

for (const variant of ['tuned', 'reference'] as const) {
  test(`the same order on CPU wasm3 (${variant}), which sleeps for ever after main`, { skip }, async () => {
    await prepareHostShim(variant);
    const { cpu: other } = boot();
    const { cpu } = bootOn((config) => new Wasm3Cpu({ ...config, variant, module: firmware.wasm, memoryBytes: 65536, operationCycles: 9, ranges: [] }));
    assert.throws(() => cpu.run(), /the firmware sleeps for ever/);
    // The trace lies where the linker of the module put it, on any CPU.
    const trace = new Uint32Array(cpu.shim.memory.buffer, other.call('tracePointer') as number, 8);
    assert.deepEqual([...trace], [10, 4, 2, 1, 3, 5, 11, 0]);
  });
}

test('a critical section holds interrupts back, and the more urgent one goes first at its end', () => {
  const { cpu, trace } = boot();
  cpu.call('masked');
  assert.deepEqual(trace(), [20, 1, 2, 1, 3, 21]);
});

test('the end of an inner critical section does not end the outer one', () => {
  const { cpu, trace } = boot();
  cpu.call('nestedMasks');
  assert.deepEqual(trace(), [30, 1, 31]);
});

test('entry, tail-chain and exit take the core\'s cycles, each as often as it happens', () => {
  // EXTI0, chained to PendSV; PendSV is pre-empted by EXTI1, and that by EXTI0: three entries, three exits, one chain.
  const cycles = (core: Partial<typeof CORTEX_M4>) => boot('aot', { ...CORTEX_M4, ...core }).cpu.call('cyclesOfChain') as number;
  const usual = cycles({});
  assert.equal(cycles({ exceptionEntryCycles: 12 + 100 }) - usual, 3 * 100);
  assert.equal(cycles({ exceptionExitCycles: 10 + 100 }) - usual, 3 * 100);
  assert.equal(cycles({ tailChainCycles: 6 + 100 }) - usual, 100);
});

test('a computation gives the same result under interrupts of any period, and as many fall as its time has room for', () => {
  const { cpu } = boot();
  const expected = cpu.call('mix', 20000);
  const alone = cpu.call('cyclesOfMix', 20000) as number;
  for (const reload of [499, 500, 501, 750, 997, 4999]) {
    const ticksBefore = cpu.call('tickCount') as number;
    assert.equal(cpu.call('computeUnderTicks', 20000, reload), expected);
    const ticks = (cpu.call('tickCount') as number) - ticksBefore;
    const period = reload + 1;
    // Each tick lengthens the computation by entry, dispatcher, handler and exit (below 300 cycles), which makes room for further ticks.
    assert.ok(ticks >= Math.floor(alone / period) && ticks <= Math.ceil(alone / (period - 300)) + 1, `${ticks} ticks of ${period} cycles in ${alone}`);
  }
});

test('cycles are the same on every run, and a slower engine takes more of them', () => {
  const cycles = (engine: string) => boot(engine).cpu.call('cyclesOfMix', 1000) as number;
  assert.equal(cycles('aot'), cycles('aot'));
  assert.ok(cycles('wasm3') > 3 * cycles('aot'));
});

test('WFI sleeps to the cycle at which the interrupt falls', () => {
  const { cpu, machine } = boot();
  const sleeps: [number, number][] = [];
  machine.observers.add({ exceptionEnter() {}, exceptionExit() {}, blockBoundary() {}, midiByte() {}, sleep: (from, to) => void sleeps.push([from, to]) });
  cpu.call('sleepOneTick', 99_999);
  assert.equal(sleeps.length, 1);
  assert.ok(sleeps[0][1] - sleeps[0][0] > 99_900 && sleeps[0][1] - sleeps[0][0] <= 100_000);
});

test('observers see handlers nest like brackets, exit costs included', () => {
  const { cpu, machine } = boot();
  const seen: string[] = [];
  let last = 0;
  const at = (cycle: number) => { assert.ok(cycle >= last); last = cycle; };
  machine.observers.add({
    exceptionEnter: (v, cycle, pendedAt) => { at(cycle); assert.ok(pendedAt <= cycle); seen.push(`+${v}`); },
    exceptionExit: (v, cycle) => { at(cycle); seen.push(`-${v}`); },
    sleep() {}, blockBoundary() {}, midiByte() {},
  });
  cpu.call('main');
  assert.deepEqual(seen, ['+PendSV', '+EXTI1', '+EXTI0', '-EXTI0', '-EXTI1', '-PendSV']);
});
