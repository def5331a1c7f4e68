// SPDX-License-Identifier: MIT
// RM0090 chapter 26, and the way to it through PWR and RCC (5.1.2, 7.2.8, 7.3.20).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatable, loadBoard } from '../../boards/index.js';
import { Machine } from '../../machine/machine.js';
import { ModelBench } from '../../testing/model-bench.js';
import { plugStm32 } from './chip.js';
import { Rtc } from './rtc.js';

const TR = 0x00, DR = 0x04, CR = 0x08, ISR = 0x0c, PRER = 0x10, WUTR = 0x14, ALRMAR = 0x1c, ALRMBR = 0x20, WPR = 0x24, SSR = 0x28, SHIFTR = 0x2c, TAFCR = 0x40, ALRMASSR = 0x44;
const ALRMBSSR = 0x48, BKP0R = 0x50, BKP19R = 0x9c;
const RSF = 1 << 5, INITF = 1 << 6, INIT = 1 << 7, ALRAF = 1 << 8, ALRBF = 1 << 9, WUTF = 1 << 10;
/** Core cycles in a period of RTCCLK: 32768 Hz at 16.384 MHz; and in a second. */
const TICK = 500, SECOND = 32768 * TICK;

function setUp({ clock = true } = {}) {
  const bench = new ModelBench(16_384_000);
  if (clock) bench.setClock('RTCCLK', 32_768);
  const lines = new Set<number>();
  const backup = { writable: true };
  const rtc = new Rtc('RTC', 0x40002800, bench, { writable: () => backup.writable, exti: (line, active) => void (active ? lines.add(line) : lines.delete(line)) });
  const read = (offset: number): number => rtc.read(offset, 4);
  const write = (offset: number, value: number): void => rtc.write(offset, value, 4);
  const unlock = (): void => {
    write(WPR, 0xca);
    write(WPR, 0x53);
  };
  /** Sets time and date as drivers do, and lets the calendar begin; a second begins at the return. */
  const start = (time: number, date: number, control = 0): void => {
    unlock();
    write(ISR, INIT);
    bench.run(2 * TICK);
    write(PRER, 0x007f_00ff);
    write(TR, time);
    write(DR, date);
    write(CR, control);
    write(ISR, 0);
    bench.run(4 * TICK);
  };
  /** Time and date, in that order, so that the shadow registers go on. */
  const now = (): [number, number] => [read(TR), read(DR)];
  return { bench, rtc, read, write, unlock, start, now, lines, backup, seconds: (n: number) => bench.run(n * SECOND) };
}

test('reset values', () => {
  const { read } = setUp({ clock: false });
  assert.deepEqual([TR, DR, CR, ISR, PRER, WUTR, 0x18, ALRMAR, ALRMBR, SSR, 0x3c, TAFCR, ALRMASSR].map(read), [0, 0x2101, 0, 7, 0x7f00ff, 0xffff, 0, 0, 0, 0, 0, 0, 0]);
});

test('without PWR_CR.DBP nothing can be written; without the keys, TAFCR and the backup registers alone', () => {
  const { bench, read, write, unlock, backup } = setUp();
  const BKP = 1 << 18;
  write(CR, BKP);
  assert.equal(read(CR), 0);
  assert.match(bench.diagnostics[0].message, /without the keys/);
  write(BKP0R, 0x12345678);
  write(BKP19R, 0x87654321);
  assert.deepEqual([read(BKP0R), read(BKP19R)], [0x12345678, 0x87654321]);
  unlock();
  write(CR, BKP);
  assert.equal(read(CR), BKP);
  write(WPR, 0xff);
  write(CR, 0);
  assert.equal(read(CR), BKP, 'any other key closes');
  backup.writable = false;
  write(BKP0R, 1);
  assert.equal(read(BKP0R), 0x12345678);
  assert.match(bench.diagnostics.at(-1)!.message, /DBP is clear/);
});

test('initialization mode: INITF after two periods of RTCCLK, and only then time and date can be set', () => {
  const { bench, read, write, unlock, now } = setUp();
  unlock();
  write(TR, 0x123456);
  assert.match(bench.diagnostics[0].message, /INITF is clear/);
  write(ISR, INIT);
  assert.equal(read(ISR) & (INIT | INITF), INIT);
  bench.run(2 * TICK - 1);
  assert.equal(read(ISR) & INITF, 0);
  bench.run(1);
  assert.equal(read(ISR) & (INITF | RSF), INITF);
  write(TR, 0x235958);
  write(DR, 0x24c228); // 28 February of year 24, a leap year; the day of the week is 6
  bench.run(SECOND);
  write(ISR, 0);
  assert.equal(read(ISR) & (INITF | RSF), 0);
  bench.run(4 * TICK + 2 * TICK);
  assert.equal(read(ISR) & RSF, RSF);
  assert.ok(read(ISR) & (1 << 4), 'INITS: a year is set');
  assert.deepEqual(now(), [0x235958, 0x24c228]);
  bench.run(2 * SECOND);
  assert.deepEqual(now(), [0, 0x24e229], '29 February, a Sunday');
  bench.run(86400 * SECOND);
  assert.deepEqual(now(), [0, 0x242301], '1 March, a Monday');
});

test('FMT, REFCKON and DCE want initialization mode, WUCKSEL a wake-up timer that is off', () => {
  const { start, read, write, bench } = setUp();
  start(0, 0x002101);
  write(CR, 1 << 6);
  assert.equal(read(CR), 0);
  assert.match(bench.diagnostics[0].message, /FMT/);
  write(CR, 3 | (1 << 10));
  write(CR, 1 | (1 << 10));
  assert.equal(read(CR), 3 | (1 << 10));
});

test('without RTCCLK neither INITF nor RSF ever rises', () => {
  const { bench, read, write, unlock } = setUp({ clock: false });
  unlock();
  write(ISR, INIT);
  bench.run(100 * SECOND);
  assert.equal(read(ISR) & (INITF | RSF), 0);
});

test('after year 99 comes year 00; SSR counts down from PREDIV_S', () => {
  const { start, now, read, bench } = setUp();
  start(0x235959, 0x99f231);
  bench.run(2 * TICK);
  assert.deepEqual([read(SSR), ...now()], [0xff, 0x235959, 0x99f231]);
  bench.run(SECOND / 2);
  assert.deepEqual([read(SSR), ...now()], [0x7f, 0x235959, 0x99f231]);
  bench.run(SECOND / 2);
  assert.deepEqual(now(), [0, 0x002101]);
});

test('twelve hours with PM', () => {
  const { start, now, seconds } = setUp();
  start(0x115959, 0x002101, 1 << 6);
  seconds(1);
  assert.equal(now()[0], 0x520000, 'noon is 12 PM');
  seconds(3600);
  assert.equal(now()[0], 0x410000);
  seconds(3600 * 11);
  assert.equal(now()[0], 0x120000, 'midnight is 12 AM');
});

test('a read of TR or SSR holds the shadow registers until DR is read; BYPSHAD reads past them', () => {
  const { start, read, write, bench, seconds } = setUp();
  start(0x235959, 0x99f231);
  bench.run(2 * TICK);
  assert.equal(read(TR), 0x235959);
  seconds(1);
  assert.equal(read(TR), 0x235959, 'still held');
  assert.equal(read(DR), 0x99f231);
  assert.equal(read(TR), 0);
  write(CR, 1 << 5);
  seconds(5);
  assert.equal(read(TR), 0x5);
  assert.equal(read(ISR) & RSF, 0);
});

test('alarm A: the fields that are not masked must match; EXTI line 17 follows its interrupt enable, and the flag falls by a zero', () => {
  const { start, read, write, bench, seconds, lines } = setUp();
  start(0x102958, 0x242301);
  write(ALRMAR, 0x80800030 | 0x3000); // minute 30, second 30; hours and date masked
  write(CR, (1 << 8) | (1 << 12));
  write(ALRMAR, 0);
  assert.match(bench.diagnostics[0].message, /ALRAWF is clear/);
  bench.run(32 * SECOND - 1);
  assert.equal(read(ISR) & ALRAF, 0);
  bench.run(1);
  assert.equal(read(ISR) & ALRAF, ALRAF);
  assert.deepEqual([...lines], [17]);
  write(ISR, ~ALRAF & ~INIT);
  assert.deepEqual([read(ISR) & ALRAF, lines.size], [0, 0]);
  seconds(3600);
  assert.equal(read(ISR) & ALRAF, ALRAF, 'again an hour later');
  write(CR, 0);
  assert.equal(read(ISR) & 1, 0);
  bench.run(2 * TICK);
  assert.equal(read(ISR) & 1, 1);
});

test('alarm by day of the month and of the week; alarm B with sub-seconds', () => {
  const { start, read, write, bench, seconds } = setUp();
  start(0x235950, 0x242301); // Monday
  write(ALRMAR, (1 << 30) | (2 << 24)); // Tuesday at 0:00:00
  write(ALRMBR, 0x80808080 | 0);
  write(ALRMBSSR, (8 << 24) | 0x40); // SS = 0x40, 191 of 256 steps into each second
  write(CR, (1 << 8) | (1 << 9));
  bench.run(191 * 128 * TICK - 1);
  assert.equal(read(ISR) & ALRBF, 0);
  bench.run(1);
  assert.equal(read(ISR) & ALRBF, ALRBF);
  write(ISR, ~ALRBF & ~INIT);
  seconds(1);
  assert.equal(read(ISR) & (ALRBF | ALRAF), ALRBF);
  seconds(8);
  assert.equal(read(ISR) & ALRAF, 0);
  seconds(1);
  assert.equal(read(ISR) & ALRAF, ALRAF);
});

test('the wake-up timer: WUT + 1 periods of its clock, again and again; WUTR wants WUTWF', () => {
  for (const [select, wut, cycles] of [[0, 2047, SECOND], [1, 0, 8 * TICK], [2, 3, 16 * TICK], [3, 9, 20 * TICK], [4, 2, 3 * SECOND], [6, 0, 65537 * SECOND]] as const) {
    const { start, read, write, bench, lines } = setUp();
    start(0, 0x002101);
    write(WUTR, wut);
    write(CR, select | (1 << 10) | (1 << 14));
    for (let i = 0; i < 2; i++) {
      bench.run(cycles - 1);
      assert.equal(read(ISR) & WUTF, 0, `WUCKSEL ${select}`);
      bench.run(1);
      assert.equal(read(ISR) & WUTF, WUTF, `WUCKSEL ${select}`);
      assert.deepEqual([...lines], [22]);
      write(ISR, ~WUTF & ~INIT);
    }
    write(WUTR, 1);
    assert.match(bench.diagnostics[0].message, /WUTWF is clear/);
  }
});

test('an hour more or less, and a shift by a second and a fraction', () => {
  const { start, now, read, write, bench } = setUp();
  start(0x233000, 0x002101);
  write(CR, 1 << 16);
  bench.run(2 * TICK);
  assert.deepEqual(now(), [0x003000, 0x004102]);
  write(CR, 1 << 17);
  assert.deepEqual(now(), [0x003000, 0x004102], 'none less while the hour is 0');
  bench.run(3600 * SECOND);
  write(CR, 1 << 17);
  assert.deepEqual(now(), [0x003000, 0x004102]);
  bench.run(SECOND - 2 * TICK);
  write(SHIFTR, 0x80000000 | 0x80); // a second more, half a one less
  bench.run(2 * TICK);
  assert.equal(read(SSR), 0x7f);
  assert.equal(now()[0], 0x003001);
  bench.run(SECOND / 2);
  assert.equal(now()[0], 0x003002);
});

test('tamper detection and calibration are errors by name', () => {
  const { write, unlock } = setUp();
  unlock();
  assert.throws(() => write(TAFCR, 1), /RTC_TAFCR.*tamper/);
  assert.throws(() => write(0x3c, 5), /RTC_CALR.*calibration/);
});

/** The Discovery board's chip, its RTC on LSI, which runs. */
function chip() {
  const board = emulatable(loadBoard('stm32f4-discovery'));
  const vectors = Array.from({ length: board.nvic.lines }, () => '');
  for (const [vector, irq] of Object.entries(board.vectors)) if (irq >= 0) vectors[irq] = vector;
  const machine = new Machine({ vectors, priorityBits: 4 });
  const stm32 = plugStm32(machine, board);
  const read = (address: number): number => machine.bus.read(address, 4);
  const write = (address: number, value: number): void => machine.bus.write(address, value, 4);
  const open = (): void => {
    write(0x40023840, 1 << 28);
    write(0x40007000, read(0x40007000) | (1 << 8));
  };
  open();
  write(0x40023874, 1);
  write(0x40023870, (1 << 15) | (2 << 8));
  return { machine, stm32, read, write, open, seconds: (n: number) => machine.timeline.advanceTo(machine.timeline.now + n * 16_000_000) };
}
const RTC = 0x40002800, BDCR = 0x40023870;

test('the RTC counts by LSI, which its selection cannot leave but by a reset of the domain', () => {
  const { machine, read, write, seconds } = chip();
  seconds(1);
  assert.equal(machine.clocks.hertz('RTCCLK').n, 32_000);
  seconds(10);
  // LSI's 32000 Hz by 128 and 256: a second of the calendar takes 1.024.
  assert.equal(read(RTC + TR), 0x10);
  read(RTC + DR);
  write(BDCR, (1 << 15) | (1 << 8));
  assert.equal(read(BDCR) & 0x300, 0x200);
  write(RTC + BKP0R, 7);
  write(BDCR, 1 << 16);
  write(BDCR, 0);
  assert.equal(read(RTC + BKP0R), 0);
  assert.equal(machine.clocks.running('RTCCLK'), false);
});

test('HSE by RTCPRE is a clock for it, too', () => {
  const { machine, write, seconds } = chip();
  write(BDCR, 1 << 16);
  write(0x40023800, 0x10083);
  seconds(1);
  write(0x40023808, 8 << 16);
  write(BDCR, (1 << 15) | (3 << 8));
  assert.equal(machine.clocks.hertz('RTCCLK').n, 1_000_000);
});

test('calendar, alarm and backup registers go on through a system reset, and the shadow registers follow again', () => {
  const { machine, stm32, read, write, open, seconds } = chip();
  seconds(1);
  write(RTC + BKP0R, 0xcafe);
  const BKPSRAM = 0x40024000;
  write(0x40023830, read(0x40023830) | (1 << 18));
  write(BKPSRAM + 0xffc, 0xbeef);
  seconds(20);
  stm32.reset('software');
  write(0x40023830, read(0x40023830) | (1 << 18));
  write(BKPSRAM + 0xffc, 0);
  assert.equal(read(BKPSRAM + 0xffc), 0xbeef, 'backup SRAM, and closed again');
  machine.bus.write(BKPSRAM + 0xffc, 1, 1);
  assert.equal(machine.bus.read(BKPSRAM + 0xffd, 1), 0xbe);
  assert.equal(read(RTC + TR), 0);
  open();
  write(0x40023874, 1); // LSI went off with the reset
  seconds(1);
  read(RTC + DR);
  assert.equal(read(RTC + TR), 0x21);
  assert.equal(read(RTC + BKP0R), 0xcafe);
  stm32.reset('power-on');
  assert.equal(read(RTC + BKP0R), 0);
  assert.equal(machine.clocks.running('RTCCLK'), false);
});

test('the wake-up timer pends RTC_WKUP through EXTI line 22', () => {
  const { machine, write, seconds } = chip();
  seconds(1);
  write(0x40013c00, 1 << 22);
  write(0x40013c08, 1 << 22);
  write(RTC + WPR, 0xca);
  write(RTC + WPR, 0x53);
  write(RTC + WUTR, 0);
  write(RTC + CR, 4 | (1 << 10) | (1 << 14));
  assert.equal(machine.exceptions.isPending(16 + 3), false);
  seconds(2);
  assert.equal(machine.exceptions.isPending(16 + 3), true);
});
