// SPDX-License-Identifier: MIT
// Firmware that must not compile: each is refused at its line, with the path that leads there and what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { CompileError, compileFirmware } from '../../host/build/compile.js';

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
  { name: 'wrong-arguments', wants: [/\(2,1\)/, /a vector and a priority/, /\(4,14\)/, /0 \(most urgent\) to 15/, /\(6,20\)/, /budget/, /\(9,\d+\)/, /no parameters/] },
  { name: 'method', wants: [/\(3,3\)/, /\(7,3\)/, /top level of a file/] },
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
