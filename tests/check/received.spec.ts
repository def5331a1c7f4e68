// SPDX-License-Identifier: MIT
// Handlers that find more received characters than their bound has: each is run on the emulated board with a full MIDI cable, takes longer than the bound, and is refused; with the
// limit that the finding asks for, the bound holds. And handlers beside them that take all in time, which pass as they are.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkFirmware } from '../../host/check/check.js';
import type { CheckResult, HandlerCheck } from '../../host/check/check-result.js';
import { atWorst, loadCoreCosts } from '../../host/cpu/wasm/costs.js';
import { SerialSender } from '../../host/devices/serial-sender.js';
import { compileFirmware, EmulatedBoard, loadBoard } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';

// Without the C compiler: its stack is no matter here.
process.env.PATH = '';
const place = new Workplace();
const board = loadBoard('stm32f4-discovery');
const CHARACTER_SECONDS = 10 / 31_250 / 1.01;
const CAPACITY = 256;

interface Parts {
  /** Before and after the timer is started, in init. */
  readonly before?: string;
  readonly init?: string;
  readonly main?: string;
  readonly uart?: string;
  /** The handler of the timer, and its period in microseconds. */
  readonly tick?: string;
  readonly period?: number;
  /** Further handlers, and anything else at the top level. */
  readonly more?: string;
}

const TAKE = 'sum = sum * 5 + uartByte();';
const DRAIN = `while (uartReceive()) ${TAKE}`;

const textOf = ({ before = '', init = '', main = '', uart = 'uartInterrupt();', tick = '', period = 200, more = '' }: Parts): string => `
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "tonewheel/assembly/drivers/audio-out";
import { boardInit, boardStart } from "tonewheel/assembly/drivers/board";
import { clockInit } from "tonewheel/assembly/drivers/clock";
import { gpioAlternate, PULL_UP, PUSH_PULL, SPEED_LOW } from "tonewheel/assembly/drivers/gpio";
import { delay, periodicInterrupt, periodicStart, timestampInit } from "tonewheel/assembly/drivers/timer";
import { uartByte, uartInit, uartInterrupt, uartReceive, uartStart } from "tonewheel/assembly/drivers/uart";
import { irqEnable, irqPend, waitForInterrupt } from "tonewheel/assembly/shim/abi";
import { IRQ_TIM3, IRQ_USART6, TICK_TIMER, TICK_TIMER_IRQ } from "tonewheel/assembly/shim/board";
import { read, setBits, write } from "tonewheel/assembly/shim/registers";
const TIM3_BASE: u32 = 0x40000400;
export let sum: u32 = 0;
export let runs: u32 = 0;
export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  ${before || 'uartInit(); uartStart();'}
  ${tick === '' ? '' : `periodicStart(TICK_TIMER, ${period}); irqEnable(TICK_TIMER_IRQ);`}
  ${init}
}
export function main(): void { ${main} while (true) waitForInterrupt(); }
${uart === '' ? '' : `@isr("MIDI_UART", 2) function characterMoved(): void { ${uart} }`}
${tick === '' ? '' : `@isr("TICK_TIMER", 3) function tick(): void { periodicInterrupt(TICK_TIMER); runs++; ${tick} }`}
${more}`;

function checked(name: string, parts: Parts): Promise<CheckResult> {
  place.write(`${name}.ts`, textOf(parts));
  return checkFirmware({ firmware: place.path(`${name}.ts`), board, engine: 'aot' });
}

const foundOf = ({ handlers, findings }: CheckResult): HandlerCheck => {
  const found = handlers.find(({ characters }) => characters !== null);
  assert.ok(found, `no handler takes characters: ${JSON.stringify(findings)}`);
  return found;
};

/** Longest run of a handler while characters come back to back, from reset on. @param drive what happens besides */
async function longestRun(name: string, vector: string, seconds: number, drive: (emulated: EmulatedBoard) => void = () => {}): Promise<number> {
  const firmware = await compileFirmware(place.path(`${name}.ts`), board);
  const emulated = new EmulatedBoard(board, firmware, { costs: atWorst(loadCoreCosts('cortex-m4f').engines.aot) });
  emulated.midi.raw([0xf8]);
  emulated.at(0, () => {
    emulated.midi.raw([0xf8]);
    return emulated.now + CHARACTER_SECONDS < seconds ? emulated.now + CHARACTER_SECONDS : undefined;
  });
  drive(emulated);
  emulated.run(seconds);
  return emulated.isr(vector).maxCycles;
}

/** A handler once the firmware says what its finding asks for, as often as it is asked. Where it has to do so much in each run, there may not be time enough. */
async function limited(name: string, parts: Parts): Promise<HandlerCheck> {
  let limit = 0;
  for (let round = 0; round < 6; round++) {
    const result = await checked(`${name}Limited`, { ...parts, more: `${parts.more ?? ''}\n${limit ? `// @limit(received: ${limit})` : ''}` });
    const [finding] = result.findings.filter(({ severity }) => severity === 'error');
    if (!finding || finding.kind === 'overload') return foundOf(result);
    const asked = Number(/@limit\(received: (\d+)\)/.exec(finding.advice)?.[1]);
    assert.ok(asked > limit, `${finding.text} ${finding.advice}`);
    limit = asked;
  }
  assert.fail('no limit is enough');
}

/** `limits`: whether it is gone on to where it passes, or takes more time than there is. */
interface Refused extends Parts { readonly limits?: true; readonly because: 'queue' | 'set-up' | 'runs'; readonly vector?: string; readonly seconds?: number; readonly drive?: (emulated: EmulatedBoard) => void }

const UART6_BASE = '<u32>0x40011400';
/** A second UART, of the firmware's own, at 31,250 baud on PC6 and PC7. */
const SECOND_UART = `
  setBits(0x40023844, 1 << 5); // RCC_APB2ENR, USART6EN
  gpioAlternate(0x40020800, 7, 8, PUSH_PULL, PULL_UP, SPEED_LOW);
  write(${UART6_BASE} + 0x08, 84_000_000 / 31_250);
  write(${UART6_BASE} + 0x0c, (1 << 13) | (1 << 5) | (1 << 2));
  irqEnable(IRQ_USART6);`;
const SECOND_HANDLER = `
@isr("USART6", 2) function secondMoved(): void { runs += read(${UART6_BASE}) & read(${UART6_BASE} + 4); irqPend(-2); }
@isr("PendSV", 15) function drain(): void { ${DRAIN} }`;

const refused: Readonly<Record<string, Refused>> = {
  sometimes: { tick: `if ((runs & 31) == 0) ${DRAIN}`, because: 'queue' },
  returnsBefore: { tick: `if (runs % 20 != 0) return; ${DRAIN}`, because: 'queue' },
  inFunction: { tick: 'drainNow(runs);', more: `function drainNow(n: u32): void { if ((n & 31) == 0) { ${DRAIN} } }`, limits: true, because: 'queue' },
  leftByBreak: { tick: `while (uartReceive()) { ${TAKE} if (runs & 127) break; }`, period: 400, limits: true, because: 'queue', seconds: 0.4 },
  leftByReturn: { tick: `while (uartReceive()) { ${TAKE} if (runs & 127) return; }`, period: 400, because: 'queue', seconds: 0.4 },
  leftByCondition: { tick: `let goOn = true; while (goOn && uartReceive()) { ${TAKE} goOn = (runs & 127) == 0; }`, period: 400, because: 'queue', seconds: 0.4 },
  pendedSometimes: { uart: 'uartInterrupt(); if ((++runs & 31) == 0) irqPend(-2);', more: `@isr("PendSV", 15) function drain(): void { ${DRAIN} }`, because: 'queue', vector: 'PendSV' },
  inBlocks: {
    before: 'assert(boardInit(32) == 0); uartStart();', init: 'assert(boardStart() == 0);', because: 'queue', vector: 'PendSV',
    more: `const frames = memory.data(128, 8); @isr("AUDIO_DMA", 2) function played(): void { audioOutInterrupt(); }
      @isr("PendSV", 15) function render(): void { while (audioOutBlockDue()) { if ((++runs & 31) == 0) { ${DRAIN} } audioOutWrite(frames); } }`,
  },
  beforeInitReturns: { before: 'uartInit(); uartStart(); delay(20000);', tick: DRAIN, limits: true, because: 'set-up' },
  beforeMainSleeps: { tick: '', main: 'delay(20000); periodicStart(TIM3_BASE, 200); irqEnable(IRQ_TIM3);', because: 'set-up', vector: 'TIM3', more: `@isr("TIM3", 3) function later(): void { periodicInterrupt(TIM3_BASE); ${DRAIN} }` },
  pendedInVain: { before: 'uartInit(); uartStart(); delay(20000);', uart: 'uartInterrupt(); irqPend(IRQ_TIM3);', init: 'irqEnable(IRQ_TIM3);', because: 'set-up', vector: 'TIM3', more: `@isr("TIM3", 3) function later(): void { ${DRAIN} }` },
  secondUart: {
    init: SECOND_UART, more: SECOND_HANDLER, because: 'queue', vector: 'PendSV',
    drive: (emulated) => {
      const second = new SerialSender(emulated.machine.timeline, emulated.time, emulated.pin('PC7'), 31_250);
      emulated.at(0.04, () => second.send(0x55));
    },
  },
  polled: { before: 'uartInit();', uart: '', tick: 'uartInterrupt();', period: 100, init: 'periodicStart(TIM3_BASE, 10000); irqEnable(IRQ_TIM3);', limits: true, because: 'runs', vector: 'TIM3', more: `@isr("TIM3", 4) function seldom(): void { periodicInterrupt(TIM3_BASE); ${DRAIN} }` },
  polledBesideHandler: {
    before: 'uartInit();', uart: 'uartInterrupt(); irqPend(-2);', tick: 'uartInterrupt();', period: 100, init: 'periodicStart(TIM3_BASE, 10000); irqEnable(IRQ_TIM3);', because: 'runs', vector: 'PendSV',
    more: `@isr("TIM3", 4) function seldom(): void { periodicInterrupt(TIM3_BASE); irqPend(-2); } @isr("PendSV", 15) function drain(): void { ${DRAIN} }`,
  },
  polledByMain: { before: 'uartInit();', uart: '', tick: `if ((runs & 31) == 0) ${DRAIN}`, main: 'for (;;) uartInterrupt();', because: 'queue' },
};

describe('received characters that pile up', () => {
  for (const [name, { because, limits, vector = 'TIM2', seconds = 0.06, drive, ...parts }] of Object.entries(refused)) {
    it(`${name}: refused${limits ? ', and bounded with the limit that is asked for' : ''}`, async () => {
      const result = await checked(name, parts);
      const longest = await longestRun(name, vector, seconds, drive);
      const { vector: finder, worstCycles, characters } = foundOf(result);
      assert.equal(finder, vector);
      assert.ok(longest > worstCycles!, `takes ${longest} cycles, its bound is ${worstCycles}: the run shows nothing`);
      assert.equal(result.passed, false, `${characters!.taken} taken, ${characters!.mayCome} may come`);
      assert.deepEqual([characters!.because, result.findings.map(({ kind }) => kind)], [because, ['unbounded loop', 'stack']]);
      if (because === 'queue') assert.ok(characters!.mayCome! > CAPACITY && characters!.mayCome! < CAPACITY + 4, `${characters!.mayCome}`);
      else assert.ok(characters!.mayCome! < CAPACITY, `${characters!.mayCome}`);
      if (!limits) return;
      const bounded = await limited(name, parts);
      assert.ok(bounded.worstCycles! >= longest, `takes ${longest} cycles, its bound is ${bounded.worstCycles}`);
    });
  }
});

const passing: Readonly<Record<string, Parts & { readonly vector?: string }>> = {
  each: { tick: DRAIN },
  inEitherArm: { tick: `if (runs & 1) { ${DRAIN} } else { sum++; while (uartReceive()) sum += uartByte(); }` },
  behindReturns: { tick: `if (runs == 3) { ${DRAIN} return; } sum++; ${DRAIN}` },
  withInnerBreaks: { tick: `while (uartReceive()) { for (let i = 0; i < 4; i++) if (uartByte() == i) break; switch (uartByte()) { case 1: sum++; break; default: ${TAKE} } if (sum == 7) continue; sum++; }` },
  afterLeaving: { tick: `while (uartReceive()) { ${TAKE} if (runs & 7) break; } ${DRAIN}` },
  pendedByEach: { uart: 'uartInterrupt(); irqPend(-2);', more: `@isr("PendSV", 15) function drain(): void { ${DRAIN} }`, vector: 'PendSV' },
  pendedByTick: { tick: 'irqPend(-2);', more: `@isr("PendSV", 15) function drain(): void { ${DRAIN} }`, vector: 'PendSV' },
  inBlocks: {
    before: 'assert(boardInit(32) == 0); uartStart();', init: 'assert(boardStart() == 0);', vector: 'PendSV',
    more: `const frames = memory.data(128, 8); @isr("AUDIO_DMA", 2) function played(): void { audioOutInterrupt(); }
      @isr("PendSV", 15) function render(): void { while (audioOutBlockDue()) { ${DRAIN} audioOutWrite(frames); } }`,
  },
  besideSecondUart: { uart: 'uartInterrupt(); irqPend(-2);', init: SECOND_UART, more: SECOND_HANDLER, vector: 'PendSV' },
};

describe('received characters that are taken in time', () => {
  for (const [name, { vector = 'TIM2', ...parts }] of Object.entries(passing)) {
    it(`${name}: passes, and the bound holds`, async () => {
      const result = await checked(`passing${name}`, parts);
      assert.equal(result.passed, true, JSON.stringify(result.findings));
      const { vector: finder, worstCycles, characters } = foundOf(result);
      assert.equal(finder, vector);
      assert.ok(characters!.mayCome! <= characters!.taken);
      const longest = await longestRun(`passing${name}`, vector, 0.06);
      assert.ok(longest <= worstCycles!, `takes ${longest} cycles, its bound is ${worstCycles}`);
    });
  }
});

describe('received characters of which a loop lets so many through', () => {
  it('are bounded by that, however many wait', async () => {
    const result = await checked('some', { tick: `if (runs & 31) return; for (let n = 0; n < 5 && uartReceive(); n++) ${TAKE}` });
    assert.equal(result.passed, true, JSON.stringify(result.findings));
    const { worstCycles, characters } = result.handlers.find(({ vector }) => vector === 'TIM2')!;
    assert.equal(characters, null);
    const longest = await longestRun('some', 'TIM2', 0.03);
    assert.ok(longest <= worstCycles! && longest > 0.6 * worstCycles!, `takes ${longest} cycles, its bound is ${worstCycles}`);
  });
});
