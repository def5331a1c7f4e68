// SPDX-License-Identifier: MIT
// Firmware whose author forgot a call, so that it hears no MIDI or makes no sound: what `run` and `profile` say is missing, and that they say nothing of it else.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { writeMidiFile } from '../../host/devices/midi-file.js';
import type { RunResult } from '../../host/profile/run-result.js';
import { without } from '../../host/testing/needs.js';
import { BOARD, firmware, Workplace } from '../cli/cli.js';

const place = new Workplace();
place.write('package.json', '{}');
const NOTES = [0x90, 60, 100, 0x80, 60, 0, 0x90, 62, 100, 0x80, 62, 0];
place.write('notes.mid', writeMidiFile(NOTES.map((byte, i) => ({ byte, seconds: 0.01 * Math.floor(i / 3) }))));

type Edit = readonly [from: string, to: string];

/** A shipped firmware as a project's own, for engines of any speed, with parts of its text replaced. */
function write(name: string, edits: readonly Edit[]): void {
  let text = readFileSync(firmware(name), 'utf8').replaceAll('"../', '"tonewheel/assembly/').replace(/, \{ budget: \d+ \}/, '');
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  place.write('gap.ts', text);
}

async function heard(command: 'run' | 'profile', seconds: number, ...more: string[]): Promise<string> {
  const { stdout, code, stderr } = await place.run(command, 'gap.ts', ...BOARD, '--midi', 'notes.mid', '--seconds', String(seconds), ...more);
  assert.equal(code, 0, stderr);
  return stdout.replace(/\s+/g, ' ');
}

const UNREAD: Edit = ['bytes < BYTES_AT_ONCE && uartReceive()', 'bytes < 0 && uartReceive()'];
const MASKED: Edit[] = [['import { irqPend', 'import { irqMask, irqPend'], ['while (true) waitForInterrupt();', 'irqMask();\n  while (true) waitForInterrupt();']];

const FORGOTTEN: readonly { what: string; name: string; edits: readonly Edit[]; says: RegExp }[] = [
  { what: 'uartStart', name: 'monitor', edits: [['  uartStart();\n', '']], says: /and no one takes them out of USART2: its interrupt is not enabled\. Call uartStart\(\) in init\. *$/ },
  { what: 'uartInit', name: 'monitor', edits: [['  uartInit();\n', '']], says: /and USART2 is not set up to receive from PA3\. Call boardInit\(\) or uartInit\(\) in init/ },
  { what: 'uartReceive', name: 'monitor', edits: [UNREAD], says: /out of the queue\. Call uartReceive\(\)/ },
  { what: 'a handler of its UART', name: 'tone', edits: [], says: /Call uartStart\(\) in init, and uartInterrupt\(\) in a function with @isr\("MIDI_UART", 1\)/ },
  { what: 'to let interrupts in', name: 'monitor', edits: MASKED, says: /and the handler of USART2 was never let in: interrupts are masked/ },
];

describe('a firmware that hears nothing', () => {
  for (const { what, name, edits, says } of FORGOTTEN) {
    it(`has forgotten ${what}`, async () => {
      write(name, edits);
      const words = await heard('run', 0.4);
      assert.match(words, /No MIDI was heard: 12 bytes came over the MIDI cable, /);
      assert.match(words, says);
      assert.doesNotMatch(words, /Nothing was lost/);
    });
  }

  it('has forgotten uartReceive, on the other CPUs, and `profile` says it as well', { skip: without('arm-none-eabi-gcc') }, async () => {
    write('monitor', [UNREAD]);
    for (const [command, cpu] of [['run', 'wasm3'], ['run', 'arm'], ['profile', 'wasm']] as const) {
      // The interpreter has compiled the module by then.
      assert.match(await heard(command, 1, '--cpu', cpu), /No MIDI was heard: \d+ bytes? came .* Call uartReceive\(\)/, cpu);
    }
  });
});

describe('a firmware that makes no sound', () => {
  it('has forgotten boardStart', async () => {
    write('tone', [[' && boardStart() == 0', '']]);
    assert.match(await heard('run', 2.1), /This run made no sound: I2S3 is set up and not started\. Call boardStart\(\) or audioOutStart\(\) in init\./);
  });

  it('has forgotten boardInit too', async () => {
    write('tone', [['assert(boardInit(FRAMES) == 0 && boardStart() == 0);', '']]);
    assert.match(await heard('profile', 2.1), /This run made no sound: I2S3 is not set up\. Call boardInit\(\) or audioOutInit\(\) in init/);
  });
});

it('a firmware that hears and plays is told nothing of the kind', async () => {
  for (const [name, plays] of [['synth', true], ['monitor', false], ['arpeggiator', false]] as const) {
    const { stdout } = await place.run('run', firmware(name), ...BOARD, '--midi', 'notes.mid', '--seconds', '0.4', '--json');
    const { midi, midiProblem, audioProblem } = JSON.parse(stdout) as RunResult;
    assert.deepEqual([midi.bytesIn, midiProblem, plays ? audioProblem : null], [NOTES.length, null, null], name);
  }
});
