// SPDX-License-Identifier: MIT
// Line numbers of gcc's files in each version of DWARF, against binutils' addr2line: for every halfword of code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { CrossCompiler } from '../testing/cross-program.js';
import { without } from '../testing/needs.js';
import { DebugLines } from './debug-lines.js';
import { readElf } from './elf.js';

const SOURCE = `#include "part.h"
int total;
static int twice(int x)
{
  return x + x;
}
int unused(int x) { return x * 3; }
# 400 "far/away.ts"
int main(void)
{
  for (int i = 0; i < 10; i++) {
    total += twice(i) / (i + 1);
    total ^= part(i);
  }
  return total;
}
`;
/** The library's memset comes with line numbers of its own. */
const NO_MEMSET = '-fno-tree-loop-distribute-patterns';
const HEADER = `static inline int part(int x)
{
  return x << 3 | x >> 2;
}
`;

describe('line numbers of debug information', { skip: without('arm-none-eabi-gcc') }, () => {
  const cross = new CrossCompiler();
  for (const version of ['-gdwarf-2', '-gdwarf-3', '-gdwarf-4', '-gdwarf-5', '-gdwarf-5 -gz', '-gdwarf-4 -Os', '-gdwarf-5 -O2 -flto']) {
    it(`agree with addr2line: ${version}`, () => {
      writeFileSync(cross.path('part.h'), HEADER);
      const file = cross.build('lines', SOURCE, { flags: ['-Og', NO_MEMSET, ...version.split(' ')] });
      const elf = readElf(readFileSync(file), file);
      const lines = new DebugLines(elf);
      const text = elf.sections.find((s) => s.name === '.text')!;
      const addresses = Array.from({ length: text.byteCount / 2 }, (_, i) => text.address + 2 * i);
      const witness = execFileSync('arm-none-eabi-addr2line', ['-e', file], { input: addresses.map((a) => `0x${a.toString(16)}\n`).join('') }).toString().trim().split('\n');
      assert.equal(witness.length, addresses.length);
      const theirs = witness.map((line) => basename(line.replace(/ \(discriminator \d+\)$/, '')).replace(/^\?\?:.*|.*:\?$/, '?'));
      const ours = addresses.map((address) => {
        const at = lines.at(address);
        return at ? `${basename(at.file)}:${at.line}` : '?';
      });
      const differ = addresses.map((a, i) => `${a.toString(16)} ${ours[i]} ${theirs[i]}`).filter((_, i) => ours[i] !== theirs[i]);
      assert.deepEqual(differ, []);
      const seen = new Set(ours);
      for (const wanted of ['away.ts:404', 'lines.c:6', 'part.h:3']) {
        if (!version.includes('-O')) assert.ok(seen.has(wanted), `${wanted} in ${[...seen].join(' ')}`);
      }
      assert.ok([...seen].every((place) => !place.startsWith('lines.c:7')), 'code that the linker threw away has no line');
    });
  }

  it('are none without debug information', () => {
    const file = cross.build('plain', 'int main(void) { return 0; }', { flags: ['-Os', NO_MEMSET] });
    const lines = new DebugLines(readElf(readFileSync(file), file));
    assert.equal(lines.isEmpty, true);
    assert.equal(lines.at(0x08000200), undefined);
  });

  it('name a file as the compiler was told it', () => {
    const file = cross.build('lines', SOURCE);
    const elf = readElf(readFileSync(file), file);
    const main = elf.symbols.find((s) => s.name === 'main')!;
    assert.deepEqual(new DebugLines(elf).at(main.value & ~1), { file: 'far/away.ts', line: 401 });
  });
});
