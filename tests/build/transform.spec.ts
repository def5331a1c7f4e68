// SPDX-License-Identifier: MIT
// Firmware that must not compile: each is refused at its line, with the path that leads there and what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { CompileError, compileFirmware } from '../../host/build/compile.js';
import { ByteReader, parseModule } from '../../host/cpu/wasm/decode.js';

const board = loadBoard('stm32f4-discovery');

async function messageOf(name: string): Promise<string> {
  const file = `tests/build/bad/${name}.as.ts`;
  const error: unknown = await compileFirmware(file, board).then(() => undefined, (e) => e);
  assert.ok(error instanceof CompileError, `${file} compiled, or failed otherwise: ${error}`);
  return error.message;
}

const cases: readonly { name: string; wants: readonly RegExp[] }[] = [
  { name: 'heap', wants: [/heap\.as\.ts\(5,\d+\)/, /handler of USART2/, /onCharacter \(.*:12\) -> helper \(.*:8\) -> remember \(.*:5\) -> .*__new/, /allocate it at start/] },
  { name: 'recursion', wants: [/recursion\.as\.ts\(5,\d+\)/, /handler of PendSV/, /render \(.*:12\) -> down/, /no bound/] },
  { name: 'indirect', wants: [/indirect\.as\.ts\(9,\d+\)/, /render reaches an indirect call/, /render \(.*:12\) -> play/, /switch/] },
  { name: 'unknown-vector', wants: [/unknown-vector\.as\.ts\(2,\d+\)/, /"USRT2"; did you mean "USART2"/] },
  { name: 'bound-twice', wants: [/bound-twice\.as\.ts\(4,\d+\)/, /bound already, to first in .*:3/] },
  { name: 'bound-by-alias', wants: [/bound-by-alias\.as\.ts\(4,\d+\)/, /"USART2" is bound already, to first in .*:3/] },
  { name: 'wrong-arguments', wants: [/\(2,1\)/, /a vector and a priority/, /\(4,14\)/, /0 \(most urgent\) to 15/, /\(6,22\)/, /knows no limit; it has budget, rate and deadline/, /\(9,\d+\)/, /no parameters/] },
  { name: 'method', wants: [/\(3,3\)/, /\(7,3\)/, /top level of a file/] },
  { name: 'native-global', wants: [/native-global\.as\.ts\(6,\d+\)/, /scale is @native, but scale touches the global level, which changes/, /Path: scale \(.*:6\)/] },
  {
    name: 'native-calls',
    wants: [
      /inner is @native, but inner calls twice, which is not native; mark that @native, or @inline\. Path: inner \(.*:10\) -> twice/,
      /outer is @native, but status calls the import load32; .*Path: outer \(.*:15\) -> status \(.*:5\) -> load32/,
      /allocates is @native, but .* takes memory from the heap; .*Path: allocates \(.*:20\) -> made \(.*:6\) -> .*__new/,
    ],
  },
  { name: 'native-indirect', wants: [/native-indirect\.as\.ts\(7,\d+\)/, /apply is @native, but apply makes an indirect call/] },
  { name: 'native-places', wants: [/\(3,3\)/, /@native goes on a function at the top level/, /takes no arguments/, /exclude each other/, /without type parameters/] },
  { name: 'syntax', wants: [/syntax\.as\.ts\(2,\d+\)/, /not assignable/] },
  { name: 'no-main', wants: [/exports no function main\(\)/] },
  { name: 'random', wants: [/env\.seed/, /noise generator/] },
];

for (const { name, wants } of cases) {
  test(`${name} is refused`, async () => {
    const message = await messageOf(name);
    for (const want of wants) assert.match(message, want);
  });
}

test('a file that does not exist is named', async () => {
  await assert.rejects(compileFirmware('no/such/firmware.ts', board), /no\/such\/firmware\.ts: there is no such file/);
});

test('native functions stay functions of their own and are listed by their final index; none is exported for it', async () => {
  const { wasm, natives } = await compileFirmware('assembly/firmware/synth.ts', board);
  const module = parseModule(wasm);
  const section = module.sections.find((s) => s.name === 'tonewheel.native')!;
  const r = new ByteReader(wasm, section.contents, section.end);
  r.name();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(wasm.subarray(r.offset, section.end))), natives);
  for (const name of ['renderSaw', 'amplifyLowpass', 'amplifyLadder', 'addReverb', 'mixGliding', 'amplify', 'finish']) {
    const native = natives.find((n) => n.name === name);
    assert.ok(native, name);
    assert.match(module.functionNames.get(native.index)!, new RegExp(`/${name}$`));
    assert.ok(!module.exports.some((e) => e.kind === 'func' && e.index === native.index), name);
  }
});
