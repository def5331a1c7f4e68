// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundledCompiler } from '../build/compiler.js';
import { SourceFunctions } from './source-functions.js';

const TEXT = `import { x } from "./y";
const table = x();
// @ts-ignore: decorator
@inline
function helper(a: i32): i32 { return a; }
export class Voice<T> {
  level: f32 = 1;
  get active(): bool {
    return true;
  }
  static make(): void {} attack(): void {}
}
namespace Tools {
  export function tune(): void {
  }
}
`;
const functions = new SourceFunctions((await bundledCompiler()).assemblyscript, new Map([['a/b.ts', TEXT]]));
const at = (line: number, column: number) => functions.at('a/b.ts', line, column)!.name;

test('a place is in the function that is written around it', () => {
  assert.deepEqual([at(2, 14), at(5, 31), at(7, 15), at(9, 4), at(11, 22), at(11, 40), at(14, 20)],
    ['top level', 'helper', 'top level', 'Voice#get:active', 'Voice.make', 'Voice#attack', 'Tools.tune']);
  assert.equal(functions.at('a/b.ts', 5, 31)!.line, 5);
  assert.equal(functions.at('other.ts', 1, 0), undefined);
});

test('the compiler\'s names lead to them, type arguments apart', () => {
  const line = (name: string) => functions.named(name)?.line;
  assert.deepEqual([line('a/b/helper'), line('a/b/Voice<i32>#attack'), line('a/b/Voice<a/b/Voice<f32>>#get:active'), line('a/b/Tools.tune'), line('start:a/b'), line('a/b/none')],
    [5, 11, 8, 14, 1, undefined]);
});
