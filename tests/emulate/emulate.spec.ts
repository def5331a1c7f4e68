// SPDX-License-Identifier: MIT
// `tonewheel emulate`: UARTs as the firmware sets them, images in every format, files that are none, ends and exit codes, the trace.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { loadBoard } from '../../host/boards/index.js';
import { readRunnable } from '../../host/emulator/image-file.js';
import { ElfBoard } from '../../host/emulator/elf-board.js';
import { emulate } from '../../host/emulator/emulate.js';
import { ImageError } from '../../host/image/segment.js';
import { packageRoot } from '../../host/paths.js';
import type { EmulationResult } from '../../host/profile/emulation-result.js';
import { CrossCompiler } from '../../host/testing/cross-program.js';
import { elfFile } from '../../host/testing/elf-file.js';
import { without } from '../../host/testing/needs.js';
import { BOARD, Workplace } from '../cli/cli.js';

/** Echoes what comes in with upper and lower case exchanged, until the end of a line. The registers are RM0090's, 7.3, 8.4 and 30.6. */
const ECHO = `#include <stdint.h>
#define R(a) (*(volatile uint32_t *)(a))
static void put(char c) { while (!(R(0x40004400) & 0x40)) { } R(0x40004404) = c; }
int main(void)
{
  R(0x40023830) |= 1;
  R(0x40023840) |= 1 << 17;
  R(0x40020000) = (R(0x40020000) & ~0xf0) | 0xa0;
  R(0x40020020) = (R(0x40020020) & ~0xff00) | 0x7700;
  R(0x40004408) = BRR;
  R(0x4000440c) = CR1;
  for (const char *p = "hello\\n"; *p; p++) put(*p);
  for (;;) {
    if (!(R(0x40004400) & 0x20)) continue;
    char c = R(0x40004404) & 0x7f;
    put(c == '\\n' ? c : c ^ 0x20);
    if (c == '\\n') break;
  }
  while (!(R(0x40004400) & 0x40)) { }
  register int r0 __asm("r0") = 0x18;
  register int r1 __asm("r1") = 0x20026;
  __asm volatile ("bkpt 0xab" : : "r"(r0), "r"(r1));
  return 0;
}
`;
const PLAIN = (1 << 13) | (1 << 3) | (1 << 2);
const PARITY = PLAIN | (1 << 12) | (1 << 10);

describe('emulate', { skip: without('arm-none-eabi-gcc') }, () => {
  const cross = new CrossCompiler();
  const place = new Workplace();
  const discovery = loadBoard('stm32f4-discovery');
  const echo = (name: string, brr: number, cr1: number) => cross.build(name, ECHO, { flags: ['-Og', '-g', `-DBRR=${brr}`, `-DCR1=${cr1}`] });
  const elf = without('arm-none-eabi-gcc') ? '' : echo('echo', 139, PLAIN);

  it('writes what a UART sends and types what is to come in, and ends with the firmware', async () => {
    place.write('in.txt', 'abC\n');
    const { code, stdout, stderr } = await place.run('emulate', ...BOARD, '--elf', elf, '--uart', 'usart2=out.txt', '--uart-in', 'USART2=in.txt', '--semihosting', '--json', '--trace', 'trace.txt');
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(place.path('out.txt'), 'latin1'), 'hello\nABc\n');
    const result = JSON.parse(stdout) as EmulationResult;
    const validate = new Ajv().compile(JSON.parse(readFileSync(join(packageRoot, 'host', 'profile', 'emulation-result.schema.json'), 'utf8')));
    assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
    assert.deepEqual(result.end, { kind: 'exit', exitCode: 0, message: result.end.message });
    // 16 MHz / 139.
    assert.deepEqual(result.uart, { USART2: { sent: 10, framingErrors: 0, parityErrors: 0, received: 4, baud: 115107.91 } });
    const trace = readFileSync(place.path('trace.txt'), 'latin1').split('\n');
    assert.match(trace[0], /^ +\d+ {2}0x0800\w{4} {2}[0-9a-f]{4}/);
    assert.ok(trace.some((line) => /USART2_DR <- 0x00000068$/.test(line)), 'h');
    assert.ok(trace.some((line) => /USART2_BRR <- 0x0000008b$/.test(line)));
    assert.ok(trace.some((line) => /RCC_AHB1ENR <- /.test(line)));
    assert.ok(trace.some((line) => / {2}bkpt\b.*0x00ab|bkpt.*(171|0xab)/.test(line)), 'the last instruction');
  });

  it('follows baud rate and parity, and starts typing when it is told to', async () => {
    place.write('late.txt', 'x\n');
    const { result } = await emulate({
      board: discovery, elf: echo('parity', 16_000_000 / 9600, PARITY), uart: [{ uart: 'USART2', file: place.path('parity.txt') }],
      uartIn: [{ uart: 'USART2', file: place.path('late.txt'), atSeconds: 0.1 }], semihosting: 2,
    });
    assert.equal(readFileSync(place.path('parity.txt'), 'latin1'), 'hello\nX\n');
    assert.equal(result.uart.USART2.parityErrors, 0);
    assert.ok(Math.abs(result.uart.USART2.baud - 9600) < 10);
    assert.ok(result.seconds > 0.1 && result.seconds < 0.11, String(result.seconds));
  });

  it('runs hex and plain binaries, to the same cycle', async () => {
    const cycles: number[] = [];
    for (const [format, name] of [['ihex', 'echo.hex'], ['binary', 'echo.bin'], ['', 'echo.elf']]) {
      const file = name === 'echo.elf' ? elf : cross.path(name);
      if (format) execFileSync('arm-none-eabi-objcopy', ['-O', format, elf, file]);
      const board = new ElfBoard(discovery, readRunnable(file, discovery));
      board.run(0.002);
      cycles.push(board.cycle);
      assert.equal(board.terminal('USART2').bytesOut > 5, true, name);
      assert.deepEqual(board.ending, { kind: 'time' });
    }
    assert.equal(new Set(cycles).size, 1);
    const based = readRunnable(cross.path('echo.bin'), discovery, 0x08000000);
    assert.equal(based.start.vectorTable, 0x08000000);
  });

  it('says of a file that cannot run what it is, and what the board has', () => {
    const header = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(readFileSync(elf));
      change(bytes);
      return bytes;
    };
    const flash = Buffer.alloc(64);
    flash.writeUInt32LE(0x1000, 0);
    flash.writeUInt32LE(0x08000009, 4);
    const cases: readonly [string, Uint8Array, RegExp][] = [
      ['x86.elf', header((b) => b.writeUInt16LE(3, 18)), /x86\.elf cannot run on stm32f4-discovery: it is built for ELF machine 3 \(x86\)/],
      ['riscv.elf', header((b) => b.writeUInt16LE(243, 18)), /ELF machine 243 \(RISC-V\)/],
      ['wide.elf', header((b) => { b[4] = 2; b.writeUInt16LE(183, 18); }), /wide\.elf is a program for AArch64, not a 32-bit ELF file/],
      ['big.elf', header((b) => { b[5] = 2; b.writeUInt16BE(40, 18); }), /big-endian Arm, not little-endian/],
      ['cut.elf', readFileSync(elf).subarray(0, 300), /cut\.elf: .*but the file has only 300/],
      ['none.elf', Buffer.from('not an ELF file'), /none\.elf is no ELF file/],
      ['empty.elf', Buffer.alloc(0), /empty\.elf is empty/],
      ['object.elf', header((b) => b.writeUInt16LE(1, 16)), /object\.elf is an object file, of which the linker/],
      ['nothing.elf', header((b) => b.writeUInt16LE(0, 44)), /nothing\.elf has no segment that would be loaded/],
      ['far.elf', elfFile({ loads: [{ physical: 0x60000000, bytes: Buffer.alloc(16) }] }), /16 bytes at 0x60000000 to 0x6000000f, where the board has no memory; it has flash at 0x08000000 to 0x080fffff, .*SRAM1 at 0x20000000 to 0x2001bfff/],
      ['sp.elf', elfFile({ loads: [{ physical: 0x08000000, bytes: flash }] }), /its initial stack pointer \(the word at 0x08000000\) is 0x00001000, which is not within the board's RAM/],
      ['text.txt', Buffer.from('int main(void) { return 0; }\n'), /neither an ELF nor an Intel HEX file, and as plain bytes at 0x08000000 it cannot run/],
    ];
    for (const [name, bytes, words] of cases) {
      writeFileSync(place.path(name), bytes);
      assert.throws(() => readRunnable(place.path(name), discovery), (error: Error) => {
        assert.ok(error instanceof ImageError, String(error.stack));
        assert.match(error.message, words);
        return true;
      }, name);
    }
  });

  it('is used wrongly with exit code 2, and fails with 1', async () => {
    const outcome = async (...args: string[]) => {
      const { code, stderr } = await place.run('emulate', ...args);
      assert.doesNotMatch(stderr, /at .*\.js:/);
      return [code, stderr] as const;
    };
    const [missing, missingText] = await outcome(...BOARD, '--elf', 'gone.elf');
    assert.equal(missing, 2);
    assert.match(missingText, /gone\.elf: there is no such file/);
    const [uart, uartText] = await outcome(...BOARD, '--elf', elf, '--uart', 'UART9=x');
    assert.equal(uart, 2);
    assert.match(uartText, /has no UART "UART9"\. It has UART4, UART5, USART1, USART2/);
    const [broken] = await outcome(...BOARD, '--elf', place.path('none.elf'));
    assert.equal(broken, 1);
  });
});
