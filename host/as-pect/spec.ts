// SPDX-License-Identifier: MIT
// Runs an as-pect spec on an emulated board: the same compiler, meter, costs and machine as a firmware's run, with the spec in place of the firmware.

import { join } from 'node:path';
import { TestContext } from '@as-pect/core';
import type { Board } from '../boards/index.js';
import { CompileError, compileSource } from '../build/compile.js';
import { Watch } from '../check/worst-case/watch.js';
import { FirmwareAbort } from '../cpu/pre-emptive-cpu.js';
import { WasmCpu } from '../cpu/wasm/cpu.js';
import { isLibrary, type FirmwareTrap } from '../cpu/wasm/trap.js';
import { EmulatedBoard } from '../emulator/emulated-board.js';
import { packageRoot } from '../paths.js';
import { CORE_VECTORS } from '../vectors.js';

export interface SpecFailure {
  /** Groups and test, outermost first; the file's name alone when it failed as a whole. */
  readonly name: string;
  readonly message: string;
}

export interface SpecResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly SpecFailure[];
  /** What the spec logged with as-pect's `log`. */
  readonly logs: readonly string[];
}

type Node = TestContext['rootNode'];
const GROUP = 1;
/** As a module path of the project, which need not have it installed. */
const ASPECT_SOURCES = 'node_modules/@as-pect/assembly/';

class Context extends TestContext {
  /** as-pect keeps the values of an earlier expectation. */
  forgetValues(): void {
    this.actual = this.expected = null;
  }
}

/** Compiles one spec and runs its tests. A failure of any kind is in the result. */
export async function runAsPectSpec(file: string, board: Board): Promise<SpecResult> {
  const settings = { config: join(packageRoot, 'as-pect.asconfig.json'), also: [`${ASPECT_SOURCES}assembly/index.ts`], transforms: ['@as-pect/transform'] };
  try {
    const firmware = await compileSource(file, board, settings);
    const watch = Watch.ofCalls(firmware);
    return run(file, new EmulatedBoard(board, firmware, { watch }), watch);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { file, passed: 0, failures: [{ name: file, message: error.message }], logs: [] };
  }
}

function run(file: string, emulated: EmulatedBoard, watch: Watch): SpecResult {
  const { cpu } = emulated;
  if (!(cpu instanceof WasmCpu)) throw new Error('specs run on CPU wasm, into which their imports are linked');
  const causes = new Map<Node, FirmwareTrap>();
  let thrown: FirmwareTrap | undefined;
  const context = new Context({
    fileName: file,
    binary: emulated.firmware.wasm as never,
    reporter: {
      onEnter() {},
      onFinish() {},
      onExit(_context: TestContext, node: Node) {
        if (!node.pass && thrown) causes.set(node, thrown);
      },
    } as never,
  });
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(cpu.meteredBytes as BufferSource),
    { ...context.createImports({ testing: testingImports(emulated) }), ...cpu.importObject() } as WebAssembly.Imports,
  );
  cpu.attach(instance.exports);
  /** Keeps what a call throws in the words of the spec's author. */
  const kept = (name: string) => (...args: number[]): unknown => {
    thrown = undefined;
    context.forgetValues();
    try {
      return cpu.call(name, ...args);
    } catch (error) {
      const explained = watch.explained(instance.exports, error);
      thrown = emulated.describe(explained);
      cpu.abandonHandlers();
      throw explained;
    }
  };
  const exports = { ...instance.exports, _start: kept('_start'), __call: kept('__call'), __getString: (pointer: number) => cpu.string(pointer) };
  const stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  try {
    context.run(exports as never);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { file, ...collect(context.rootNode, causes) };
}

/** What assembly/testing/board.ts declares. */
function testingImports(emulated: EmulatedBoard): WebAssembly.ModuleImports {
  const { cpu, board, recorder } = emulated;
  const irqs = { ...CORE_VECTORS, ...board.vectors };
  const handler = (irq: number) => {
    const name = Object.keys(irqs).find((vector) => irqs[vector] === irq);
    const found = name === undefined ? undefined : recorder.isr()[name];
    if (!found) throw new Error(`no function is marked @isr for interrupt ${irq}`);
    return found;
  };
  return {
    pinLevel: (pad: number) => emulated.pin(cpu.string(pad)).level,
    drivePin: (pad: number, level: number) => emulated.pin(cpu.string(pad)).set(level ? 1 : 0),
    handlerRuns: (irq: number) => handler(irq).count,
    handlerCycles: (irq: number) => handler(irq).maxCycles,
  };
}

function collect(root: Node, causes: ReadonlyMap<Node, FirmwareTrap>): Omit<SpecResult, 'file'> {
  const failures: SpecFailure[] = [];
  const logs: string[] = [];
  let passed = 0;
  const visit = (node: Node, names: readonly string[]): void => {
    const before = failures.length;
    logs.push(...node.logs.map((value) => value.stringify({ indent: 0 }).trim()));
    for (const child of node.children) visit(child, [...names, child.name]);
    if (node.type !== GROUP && node.pass) passed++;
    // A group fails with its tests; by itself when its own code or a hook did.
    if (!node.pass && failures.length === before && (node.type !== GROUP || node.ran)) failures.push({ name: names.join(' › '), message: messageOf(node, causes.get(node)) });
  };
  visit(root, []);
  if (passed === 0 && failures.length === 0) failures.push({ name: '', message: 'it has no test; describe and it make one' });
  return { passed, failures, logs };
}

function messageOf(node: Node, cause: FirmwareTrap | undefined): string {
  if (node.negated) return `expected it to throw, but it did not. ${node.message ?? ''}`.trim();
  if (!cause) return node.ran ? node.errors.map((e) => e.message).join('; ') || 'failed' : 'did not run, because a hook before it failed';
  const at = cause.frames.find(({ file }) => !isLibrary(file));
  const where = at ? `${at.file}:${at.line}:${at.column + 1}` : undefined;
  if (!(cause.cause instanceof FirmwareAbort)) return cause.message;
  const what = node.actual || node.expected ? 'expectation failed' : cause.reason.trim();
  const lines = [`${where ? `${where}: ` : ''}${what}`];
  if (cause.handler) lines[0] += ` (in the handler of ${cause.handler})`;
  if (node.actual) lines.push(`  found  ${node.actual.stringify({ indent: 0 }).trim()}`);
  if (node.expected) lines.push(`  wanted ${node.expected.negated ? 'not ' : ''}${node.expected.stringify({ indent: 0 }).trim()}`);
  return lines.join('\n');
}
