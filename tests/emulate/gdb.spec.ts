// SPDX-License-Identifier: MIT
// The emulated core under the real gdb: what it prints is what its user sees.
import assert from 'node:assert/strict';
import { execFile, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { framed } from '../../host/debug/gdb-packet.js';
import { packageRoot } from '../../host/paths.js';
import { CrossCompiler } from '../../host/testing/cross-program.js';
import { without } from '../../host/testing/needs.js';
import { findTool } from '../../host/tools/tools.js';
import { BOARD, Workplace } from '../cli/cli.js';

interface Emulation {
  readonly process: ChildProcess;
  readonly port: number;
  /** Exit code and what was printed, once it is over. */
  readonly over: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

describe('gdb', { skip: without('arm-none-eabi-gcc', 'gdb') }, () => {
  const cross = new CrossCompiler();
  const place = new Workplace();
  const elf = without('arm-none-eabi-gcc') ? '' : cross.build('gdb', readFileSync(join(packageRoot, 'tests', 'emulate', 'gdb.c'), 'utf8'));

  /** Starts the emulator and waits until it says at which port. */
  function emulate(...args: string[]): Promise<Emulation> {
    const process = place.start('emulate', ...BOARD, '--elf', elf, '--gdb', '0', '--semihosting', ...args);
    let [stdout, stderr] = ['', ''];
    process.stdout!.on('data', (text) => { stdout += text; });
    const over = new Promise<Awaited<Emulation['over']>>((resolve) => process.on('exit', (code) => resolve({ code, stdout, stderr })));
    return new Promise((resolve, reject) => {
      process.stderr!.on('data', (text) => {
        stderr += text;
        const port = /waiting for gdb on port (\d+): gdb-multiarch \S+ -ex 'target remote :\1'/.exec(stderr);
        if (port) resolve({ process, port: Number(port[1]), over });
      });
      over.then(() => reject(new Error(`it ended at once: ${stderr}`)));
    });
  }

  /** Runs gdb with commands, each of which is printed before what it prints. */
  function gdb(port: number, commands: readonly string[]): Promise<string> {
    const script = place.path('commands.gdb');
    writeFileSync(script, ['set pagination off', 'set confirm off', 'set width 0', `target remote :${port}`, ...commands.flatMap((c) => [`echo >> ${c}\\n`, c])].join('\n'));
    return new Promise((resolve) => {
      execFile(findTool('gdb')!, ['-nx', '-batch', elf, '-x', script], { timeout: 60_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  }

  it('loads, breaks, steps, finishes, watches, sees through an interrupt, changes memory, and runs to the end', async () => {
    const { port, over } = await emulate();
    const said = await gdb(port, [
      'info registers pc sp', 'load', 'break main', 'continue', 'next', 'next', 'print scaled', 'print $s15', 'print $d7', 'step', 'finish', 'print p', 'watch p.x', 'continue', 'delete',
      'break SysTick_Handler', 'continue', 'backtrace', 'print $msp == $sp', 'delete', 'set var p.y = 7', 'print p', 'monitor time', 'monitor nonsense', 'set var $r0 = 0x12345678',
      'print/x $r0', 'set var $s3 = 2.5', 'print $s3', 'print/x *(unsigned *)0xE000E014', 'continue',
    ]);
    const answers = new Map(said.split('>> ').slice(1).map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]));
    const answer = (command: string): string => answers.get(command) ?? assert.fail(`${command} in ${said}`);
    assert.match(answer('info registers pc sp'), /pc .*<Reset_Handler>[^]*sp +0x20020000/);
    assert.match(answer('load'), /section \.isr_vector, size 0x\w+ lma 0x8000000[^]*Start address 0x0800/);
    assert.match(answer('break main'), /Breakpoint 1 at 0x800\w+: file gdb\.c, line 37/);
    assert.equal(answer('print scaled').trim(), '$1 = 6');
    assert.match(answer('print $s15'), /= 6$/m);
    assert.match(answer('step'), /area \(q=.*\) at gdb\.c:14/);
    assert.match(answer('finish'), /main \(\) at gdb\.c:40\n[^]*Value returned is \$\d+ = 12/);
    assert.match(answer('print p'), /\{x = 1?3, y = [47]\}/);
    assert.match(said, /Hardware watchpoint 2: p\.x\n\nOld value = 3\nNew value = 13\n/);
    assert.match(answer('backtrace'), /#0 +SysTick_Handler \(\) at gdb\.c:20\n#1 +<signal handler called>\n#2 +0x0800\w+ in main \(\) at gdb\.c:44/);
    assert.match(answer('print $msp == $sp'), /= 1/);
    assert.match(said, /cycle \d{3,}/);
    assert.match(said, /no monitor command/);
    assert.match(answer('print/x $r0'), /= 0x12345678/);
    assert.match(answer('print $s3'), /= 2\.5/);
    assert.match(answer('print/x *(unsigned *)0xE000E014'), /= 0x3e7/, 'a register of the core, 999');
    assert.match(said, /exited with code 07/);
    const { code, stdout, stderr } = await over;
    assert.equal(code, 1, 'the firmware ended with 7');
    assert.match(stdout, /done\n/);
    assert.match(stderr, /ended with exit code 7/);
  });

  it('stops at a fault, says what it is, and goes away: the firmware goes on by itself', async () => {
    const { port, over } = await emulate('--seconds', '0.2');
    const said = await gdb(port, ['set var p.y = 99', 'break main', 'continue', 'set var p.y = 99', 'continue', 'backtrace', 'info registers pc', 'detach']);
    assert.match(said, /HardFault in main, gdb\.c:46/);
    assert.match(said, /PRECISERR: data were accessed where nothing answers \(0x60000000\)/);
    assert.match(said, /received signal SIGSEGV/);
    assert.match(said, /#0 +HardFault_Handler \(\)[^]*<signal handler called>[^]*in main \(\) at gdb\.c:46/);
    const { code, stderr } = await over;
    assert.equal(code, 1);
    assert.match(stderr, /HardFault in main/);
  });

  it('interrupts a core that runs, resets it, and ends the run', async () => {
    const { port, over } = await emulate();
    const said = await gdb(port, [
      'break main', 'continue', 'set var p.y = 98', 'delete', 'python import threading, gdb, os, signal', 'python threading.Timer(2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()',
      'continue', 'info line', 'monitor reset', 'maintenance flush register-cache', 'info registers pc', 'kill',
    ]);
    assert.match(said, /received signal SIGINT/);
    assert.match(said, /Line 47 of "gdb\.c"/);
    assert.match(said, /reset; the core stands before its first instruction/);
    assert.match(said, /info registers pc\npc .*<Reset_Handler>/);
    const { code, stdout } = await over;
    assert.equal(code, 0);
    assert.match(stdout, /gdb ended the run/);
  });

  it('gets an answer to each packet, and a damaged one back', async () => {
    const { port, process, over } = await emulate();
    const socket = connect(port, '127.0.0.1');
    const received: string[] = [];
    socket.on('data', (bytes) => received.push(bytes.toString('latin1')));
    const ask = async (packet: Uint8Array | string): Promise<string> => {
      received.length = 0;
      socket.write(packet);
      for (let i = 0; i < 200 && !/#..$/.test(received.join('')) && received.join('') !== '-'; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      return received.join('').replace(/^\+*/, '');
    };
    assert.equal(await ask('$g#00'), '-');
    assert.equal(await ask(framed('vMustReplyEmpty')), '$#00');
    assert.match(await ask(framed('qSupported:swbreak+;hwbreak+')), /PacketSize=4000;.*qXfer:memory-map:read\+/);
    assert.match(await ask(framed('qXfer:memory-map:read::0,fff')), /^\$l[^]*type="flash" start="0x8000000" length="0x10000"[^]*blocksize">0x4000</);
    assert.match(await ask(framed('m60000000,4')), /^\$E0e#/, 'nothing is there');
    assert.equal(await ask(framed('m8000000,4')), framed('00000220').toString());
    assert.equal(await ask(framed('M20000100,3:aabbcc')), '$OK#9a');
    assert.equal(await ask(framed(Buffer.concat([Buffer.from('X20000103,2:'), Buffer.from([0x7d, 0x23])]))), '$OK#9a');
    assert.equal(await ask(framed('m20000100,5')), framed('aabbcc7d23').toString());
    assert.equal(await ask(framed('p99')), '$E01#a6');
    assert.match(await ask(framed('s')), /^\$T05thread:1;#/);
    socket.destroy();
    process.kill();
    await over;
  });
});
