// SPDX-License-Identifier: MIT
// Semihosting against Arm's specification (Semihosting for AArch32 and AArch64, 2.0): operation numbers and results restated from there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { armBench } from '../../../testing/arm-bench.js';
import { without } from '../../../testing/needs.js';
import { Semihosting, type SemihostingConfig } from './semihosting.js';

const skip = without('arm-none-eabi-gcc');

function run(source: string, config: Partial<SemihostingConfig> = {}) {
  const output: [string, number][] = [];
  const host = new Semihosting({ output: (bytes, stream) => output.push([new TextDecoder().decode(bytes), stream]), hertz: () => 1_000_000, ...config });
  const bench = armBench(`.macro call number, parameter
  ldr r0, =\\number
  ldr r1, =\\parameter
  bkpt #0xab
.endm
${source}`, { semihosting: host.serve });
  let code: number | undefined;
  try {
    bench.cpu.run();
  } catch (error) {
    code = (error as { code?: number }).code;
    if (code === undefined) throw error;
  }
  return { ...bench, output, code };
}

test('SYS_WRITE0, SYS_WRITEC, and SYS_WRITE to the console by its handles; SYS_EXIT with success', { skip }, () => {
  const { output, code } = run(`
reset:
  call 4, hello
  call 3, hello
  call 1, open_out
  ldr r2, =0x20000000
  str r0, [r2]
  ldr r3, =hello
  str r3, [r2, #4]
  movs r3, #5
  str r3, [r2, #8]
  call 5, 0x20000000
  mov r8, r0
  call 1, open_err
  ldr r2, =0x20000000
  str r0, [r2]
  call 5, 0x20000000
  call 0x18, 0x20026
.balign 4
open_out: .word tt, 4, 3
open_err: .word tt, 8, 3
tt: .asciz ":tt"
hello: .asciz "hello, world"
`);
  assert.deepEqual(output, [['hello, world', 1], ['h', 1], ['hello', 1], ['hello', 2]]);
  assert.equal(code, 0);
});

test('SYS_EXIT_EXTENDED has a code; SYS_EXIT with any other reason is a failure', { skip }, () => {
  assert.equal(run('\nreset: call 0x20, block\n.balign 4\nblock: .word 0x20026, 42\n').code, 42);
  assert.equal(run('\nreset: call 0x18, 0x20023\n').code, 1);
});

test('files are denied with EACCES, unless a directory is opened, below which they stay', { skip }, () => {
  const source = `
reset:
  call 1, open_file
  mov r8, r0
  call 0x13, 0
  mov r9, r0
  ldr r2, =0x20000000
  str r8, [r2]
  ldr r3, =name
  str r3, [r2, #4]
  movs r3, #4
  str r3, [r2, #8]
  call 5, 0x20000000
  mov r10, r0
  call 0x0c, 0x20000000
  mov r11, r0
  call 2, 0x20000000
  call 1, open_above
  mov r7, r0
  call 0x18, 0x20026
.balign 4
open_file: .word name, 4, 8
open_above: .word above, 0, 9
name: .asciz "note.txt"
above: .asciz "../secret"
`;
  const denied = run(source);
  assert.deepEqual([denied.r(8), denied.r(9), denied.r(10), denied.r(11)], [0xffffffff, 13, 4, 0xffffffff]);
  const directory = mkdtempSync(join(tmpdir(), 'semihosting-'));
  try {
    const allowed = run(source, { directory });
    assert.deepEqual([allowed.r(10), allowed.r(11), allowed.r(7)], [0, 4, 0xffffffff]);
    assert.equal(readFileSync(join(directory, 'note.txt'), 'latin1'), 'note');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('time is the machine\'s: SYS_TIME, SYS_CLOCK in hundredths of a second, SYS_ELAPSED and SYS_TICKFREQ', { skip }, () => {
  const { r, word } = run(`
reset:
  ldr r2, =1500000
wait: subs r2, #1
  bne wait
  call 0x11, 0
  mov r8, r0
  call 0x10, 0
  mov r9, r0
  call 0x31, 0
  mov r10, r0
  call 0x30, 0x20000000
  call 0x18, 0x20026
`, { startTime: 1000 });
  // Three cycles a turn (SUBS 1, BNE taken 1 + 1): 4.5 seconds at 1 MHz.
  assert.deepEqual([r(8), r(9), r(10)], [1004, 450, 1_000_000]);
  assert.ok(word(0x20000000) > 4_500_000 && word(0x20000000) < 4_500_100);
});

test('the command line, and the console as input', { skip }, () => {
  const { r, memory } = run(`
reset:
  ldr r2, =0x20000000
  ldr r3, =0x20000100
  str r3, [r2]
  movs r3, #80
  str r3, [r2, #4]
  call 0x15, 0x20000000
  mov r8, r0
  ldr r9, [r1, #4]
  call 7, 0
  mov r10, r0
  call 1, open_in
  mov r7, r0
  ldr r2, =0x20000000
  str r7, [r2]
  call 9, 0x20000000
  mov r11, r0
  call 0x18, 0x20026
.balign 4
open_in: .word tt, 0, 3
tt: .asciz ":tt"
`, { commandLine: 'synth --loud', input: new TextEncoder().encode('xy') });
  assert.deepEqual([r(8), r(9), r(10), r(11)], [0, 12, 0x78, 1]);
  const ram = memory.regions.find((region) => region.name === 'sram1')!.bytes;
  assert.equal(new TextDecoder().decode(ram.subarray(0x100, 0x10c)), 'synth --loud');
});

const NEWLIB_PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  volatile float x = 1.5f;
  for (int i = 0; i < argc; i++) printf("%s,", argv[i]);
  printf(" %d\\n", (int)(x * x * 100));
  fputs("no", stderr);
  FILE *file = fopen("missing.txt", "r");
  char *text = malloc(40);
  sprintf(text, "%s %s", file ? "file" : "none", "heap");
  puts(text);
  exit(3);
}
`;

test('a C program with newlib\'s semihosting: arguments, both streams, the heap, a file that is denied, and its exit code', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'newlib-'));
  try {
    const [source, elf, binary] = ['p.c', 'p.elf', 'p.bin'].map((name) => join(directory, name));
    writeFileSync(source, NEWLIB_PROGRAM);
    // All of it lies in RAM, from its start on.
    execFileSync('arm-none-eabi-gcc', ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-O2', '--specs=nano.specs', '--specs=rdimon.specs', source,
      '-Wl,--section-start=.init=0x20000000', '-Wl,-Ttext=0x20000100', '-Wl,--defsym=__stack=0x2001c000', '-Wl,--no-warn-rwx-segments', '-o', elf], { stdio: 'pipe' });
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, binary]);
    const entry = new DataView(readFileSync(elf).buffer).getUint32(24, true);
    const output = ['', '', ''];
    const host = new Semihosting({ output: (bytes, stream) => (output[stream] += new TextDecoder().decode(bytes)), hertz: () => 1_000_000, commandLine: 'prog a b' });
    const { cpu, memory, machine, faults } = armBench('\nreset: b .\n', { semihosting: host.serve });
    memory.regions.find((region) => region.name === 'sram1')!.bytes.set(readFileSync(binary));
    machine.bus.write(0xe000ed88, 0xf00000, 4);
    cpu.special.jump(entry);
    assert.throws(() => cpu.run(), { code: 3 });
    assert.deepEqual(faults, []);
    assert.deepEqual(output, ['', 'prog,a,b, 225\nnone heap\n', 'no']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
