// SPDX-License-Identifier: MIT
// How programs in C end that go wrong: what is said of it, with function and line, exit code 1, and no JavaScript stack.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CrossCompiler } from '../../host/testing/cross-program.js';
import { without } from '../../host/testing/needs.js';
import { BOARD, Workplace } from '../cli/cli.js';

interface Case {
  readonly name: string;
  /** Line 1 is line 1 of the program. */
  readonly source: string;
  readonly says: readonly RegExp[];
  readonly end: string;
  /** What CFSR says, by its names. */
  readonly causes?: readonly string[];
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'a jump into nothing',
    source: `#include <stdint.h>
typedef void (*function)(void);
volatile uint32_t target = 0x30000001;
__attribute__((noinline)) void leap(void)
{
  ((function)target)();
  target = 0;
}
int main(void)
{
  leap();
  return 0;
}
`,
    end: 'fault', causes: ['IBUSERR', 'FORCED'], says: [/HardFault/, /IBUSERR: an instruction was fetched from where there is no memory/, /0x30000000/, /from .*leap.*jump-into-nothing\.c:6|from .*leap.*:6/, /main.*:11/],
  },
  {
    name: 'a jump to an even address',
    source: `#include <stdint.h>
typedef void (*function)(void);
int data[4];
int main(void)
{
  ((function)(uint32_t)(data))();
  return data[0];
}
`,
    end: 'fault', causes: ['INVSTATE', 'FORCED'], says: [/INVSTATE: .*bit 0 is clear/, /main.*:6/],
  },
  {
    name: 'a read where nothing answers',
    source: `#include <stdint.h>
__attribute__((noinline)) static uint32_t look(volatile uint32_t *at)
{
  return *at + 1;
}
int main(void)
{
  return look((uint32_t *)0x60000000);
}
`,
    flags: ['-O1', '-g'],
    end: 'fault', causes: ['PRECISERR', 'FORCED'],
    says: [/^HardFault in look, .*:4$/m, /PRECISERR: data were accessed where nothing answers \(0x60000000\)/, /at +0x0800\w{4} +look.*:4/, /from +0x0800\w{4} +main.*:8/, /r0  0x60000000/],
  },
  {
    name: 'a fault with its own handler enabled and nothing in it',
    source: `#include <stdint.h>
int main(void)
{
  *(volatile uint32_t *)0xE000ED24 |= 1 << 17;
  return *(volatile uint32_t *)0x1ffeffff;
}
`,
    end: 'fault', causes: ['PRECISERR'], says: [/^BusFault in main, .*:5/m],
  },
  {
    name: 'a division by zero that traps',
    source: `#include <stdint.h>
volatile int zero;
int share(int all)
{
  int part = all / zero;
  return part + 1;
}
int main(void)
{
  *(volatile uint32_t *)0xE000ED14 |= 1 << 4;
  return share(12);
}
`,
    end: 'fault', causes: ['DIVBYZERO', 'FORCED'], says: [/in share, .*:5/, /DIVBYZERO: an integer was divided by zero/, /from .*main.*:11/],
  },
  {
    name: 'an undefined instruction',
    source: `void odd(void)
{
  __asm volatile ("udf #7");
}
int main(void)
{
  odd();
  return 0;
}
`,
    end: 'fault', causes: ['UNDEFINSTR', 'FORCED'], says: [/UNDEFINSTR: the instruction is undefined/, /in odd, .*:3/],
  },
  {
    name: 'the floating-point unit used while it is off',
    source: `#include <stdint.h>
volatile float x = 2;
int main(void)
{
  *(volatile uint32_t *)0xE000ED88 = 0;
  __asm volatile ("dsb\\n isb");
  x = x * 3;
  return 0;
}
`,
    end: 'fault', causes: ['NOCP', 'FORCED'], says: [/NOCP: .*set CPACR first/, /in main, .*:7/],
  },
  {
    name: 'a stack that overflows',
    source: `volatile int depth;
__attribute__((noinline)) int deeper(int n)
{
  volatile char block[1000];
  block[n & 7] = (char)n;
  depth = n;
  return deeper(n + 1) + block[0];
}
int main(void)
{
  return deeper(0);
}
`,
    // Below SRAM at 0x20000000 there is nothing: the push faults, and the entry to its handler has no stack either.
    end: 'fault', says: [/STKERR: nothing answers where the stack is.*overflowed|locked up/, /deeper.*:/],
  },
  {
    name: 'sleeping for ever',
    source: `int main(void)
{
  for (;;) {
    __asm volatile ("wfi");
  }
}
`,
    end: 'sleep', says: [/sleeps for ever at main.*:4/, /no interrupt is enabled/],
  },
  {
    name: 'an endless default handler',
    source: `#include <stdint.h>
int main(void)
{
  *(volatile uint32_t *)0xE000E100 = 1 << 6;
  *(volatile uint32_t *)0xE000E200 = 1 << 6;
  for (;;) { }
}
`,
    args: ['--seconds', '3'],
    end: 'loop', says: [/goes round for ever at Default_Handler.*start\.c:\d+/, /in the handler of EXTI0/],
  },
  {
    name: 'an error handler with interrupts masked',
    source: `void Error_Handler(void)
{
  __asm volatile ("cpsid i");
  while (1) { }
}
int main(void)
{
  Error_Handler();
  return 0;
}
`,
    args: ['--seconds', '3'],
    end: 'loop', says: [/goes round for ever at Error_Handler.*:4/, /interrupts masked/],
  },
];

describe('a program that goes wrong', { skip: without('arm-none-eabi-gcc') }, () => {
  const cross = new CrossCompiler();
  const place = new Workplace();
  for (const { name, source, says, end, causes, flags, args = [] } of CASES) {
    it(name, async () => {
      const elf = cross.build(name.replaceAll(' ', '-'), source, { flags });
      const { code, stderr, stdout } = await place.run('emulate', ...BOARD, '--elf', elf, '--json', ...args);
      assert.equal(code, 1, stdout + stderr);
      assert.equal(stderr, '');
      const result = JSON.parse(stdout);
      assert.equal(result.end.kind, end);
      for (const words of says) assert.match(result.end.message, words);
      assert.doesNotMatch(result.end.message, /\.js:|node:internal/);
      if (causes) assert.deepEqual(result.faults[0].causes, causes);
    });
  }

  it('is told of on stderr, without --json', async () => {
    const elf = cross.build('plain', CASES[0].source);
    const { code, stderr, stdout } = await place.run('emulate', ...BOARD, '--elf', elf);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^HardFault/);
    assert.match(stderr, /^Ran +0\.\d+ s on stm32f4-discovery/m);
  });
});
