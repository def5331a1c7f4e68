// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { firstDifference, flash, FlashError } from './flash.js';
import { planFor, shellLine, type Programmer } from './plan.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-flash-'));
after(() => rmSync(dir, { recursive: true }));
const teensy: Programmer = { tool: 'teensy_loader_cli', mcu: 'TEENSY41', enter: 'press the button' };
const plan = planFor(teensy, { hex: 'x.hex', bin: 'x.bin' }, dir);
const [step] = plan.steps;

function program(name: string, script: string): string {
  writeFileSync(join(dir, name), `#!${process.execPath}\n${script}`, { mode: 0o755 });
  return join(dir, name);
}

/** The plan with no patience to speak of. */
const hasty = { ...plan, steps: [{ ...step, limit: { ...step.limit!, seconds: 0.01 } }] };

describe('a step that waits for a person', () => {
  it('is ended when nobody comes, and that is told', async () => {
    const waits = program('waits', 'process.stdout.write("Waiting for Teensy device...\\n"); setInterval(() => {}, 1000);');
    await assert.rejects(flash({ programmer: teensy, plan: hasty, program: waits, show: () => {} }), (error) =>
      error instanceof FlashError && error.kind === 'timeout' && /was ended after 0\.01 s.*To bring the board there: press the button/s.test(error.message));
  });

  it('may take its time once somebody has come', async () => {
    const works = join(dir, 'works');
    writeFileSync(works, '#!/bin/sh\necho Found HalfKay Bootloader\nsleep 1.7\necho Booting\n', { mode: 0o755 });
    const patient = { ...plan, steps: [{ ...step, limit: { ...step.limit!, seconds: 1.5 } }] };
    let shown = '';
    assert.deepEqual(await flash({ programmer: teensy, plan: patient, program: works, show: (text) => (shown += text) }), []);
    assert.equal(shown, 'Found HalfKay Bootloader\nBooting\n');
  });
});

it('a program that cannot be started is a FlashError', async () => {
  writeFileSync(join(dir, 'broken'), '#!/no/such/interpreter\n', { mode: 0o755 });
  await assert.rejects(flash({ programmer: teensy, plan, program: join(dir, 'broken'), show: () => {} }), (error) => error instanceof FlashError && error.kind === 'tool-setup');
});

it('the first difference of two images is found, at the end of the shorter too', () => {
  assert.equal(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)), undefined);
  assert.equal(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 3)), 1);
  assert.equal(firstDifference(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2)), 2);
  assert.equal(firstDifference(Uint8Array.of(), Uint8Array.of(1)), 0);
});

it('a command is shown as a shell takes it', () => {
  assert.equal(shellLine(['openocd', '-c', "program {it's.elf} verify"]), "openocd -c 'program {it'\\''s.elf} verify'");
  assert.equal(shellLine(['dfu-util', '-s', '0x08000000:4:leave']), 'dfu-util -s 0x08000000:4:leave');
});
