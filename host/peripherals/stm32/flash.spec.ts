// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Flash, type FlashConfig } from './flash.js';

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;
const waitStates = [30e6, 60e6, 90e6, 120e6, 150e6, 168e6];

/** Two sectors of 16 KB, the first and one behind it. */
const sectors = [{ origin: 0x08000000, byteCount: 16384 }, { origin: 0x08004000, byteCount: 16384 }];
const times = { programMicroseconds: 16, eraseMilliseconds: { 16384: [400, 300, 250, 230] }, massEraseMilliseconds: [16000, 11000, 8000, 6900] };

function setUp(config: Partial<FlashConfig> = {}) {
  const bench = new ModelBench(16e6);
  const flash = new Flash('FLASH', 0x40023c00, bench, { waitStates, origin: 0x08000000, sectors, vddMillivolts: 3300, ...times, ...config });
  const changes: [number, number][] = [];
  flash.onChange((offset, byteCount) => changes.push([offset, byteCount]));
  const { bytes } = flash.region;
  for (const region of [flash.region, flash.otp.region, flash.options.region]) bench.bus.addMemory(region);
  return { bench, flash, bytes, changes, read: (offset: number) => flash.read(offset, 4), write: (offset: number, value: number) => flash.write(offset, value, 4) };
}
const unlocked = (config: Partial<FlashConfig> = {}) => {
  const bench = setUp(config);
  bench.write(KEYR, 0x45670123);
  bench.write(KEYR, 0xcdef89ab);
  return bench;
};
const BSY = 1 << 16;

test('reset values are those of RM0090 3.9', () => {
  const { read } = setUp();
  assert.deepEqual([ACR, KEYR, OPTKEYR, SR, CR, OPTCR].map(read), [0, 0, 0, 0, 0x80000000, 0x0fffaaed]);
});

test('wait states wanted at 2.7 to 3.6 V: one more for every 30 MHz', () => {
  for (const [hertz, wanted] of [[30e6, 0], [31e6, 1], [60e6, 1], [90e6, 2], [120e6, 3], [121e6, 4], [150e6, 4], [168e6, 5]]) {
    const right = setUp();
    right.write(ACR, wanted);
    right.bench.setClock('HCLK', hertz);
    assert.equal(right.bench.diagnostics.length, 0, `${hertz} Hz at ${wanted}`);
    if (wanted === 0) continue;
    const wrong = setUp();
    wrong.write(ACR, wanted - 1);
    wrong.bench.setClock('HCLK', hertz);
    assert.match(wrong.bench.diagnostics[0].message, new RegExp(`HCLK is ${hertz} Hz, which wants ${wanted} flash wait states; FLASH_ACR.LATENCY is ${wanted - 1}`));
  }
});

test('LATENCY lowered below what the clock wants is diagnosed', () => {
  const { bench, write } = setUp();
  write(ACR, 5);
  bench.setClock('HCLK', 168e6);
  write(ACR, 4);
  assert.equal(bench.diagnostics.length, 1);
});

test('ACR keeps LATENCY, prefetch and caches', () => {
  const { flash, read, write } = setUp();
  write(ACR, 0xffff_e705);
  assert.equal(read(ACR), 0x705);
  assert.deepEqual(flash.access, {
    waitStates: 5, prefetch: true, instructionCache: true, dataCache: true, instructionCacheReset: false, dataCacheReset: false,
  });
});

test('a cache reset while the cache is on is diagnosed', () => {
  const { bench, write } = setUp();
  write(ACR, (1 << 11) | (1 << 9));
  assert.match(bench.diagnostics[0].message, /a cache was reset while it is on/);
});

test('two keys unlock CR, and LOCK locks it again', () => {
  const { bench, read, write } = setUp();
  write(CR, 2);
  assert.equal(read(CR), 0x80000000);
  assert.match(bench.diagnostics[0].message, /locked/);
  write(KEYR, 0x45670123);
  assert.equal(read(CR), 0x80000000);
  write(KEYR, 0xcdef89ab);
  assert.equal(read(CR), 0);
  write(CR, 0x80000000);
  assert.equal(read(CR), 0x80000000);
});

test('a wrong key is a bus error and locks CR until reset', () => {
  const { flash, read, write } = setUp();
  assert.throws(() => write(KEYR, 0x12345678), /FLASH_KEYR.*locked until reset/);
  assert.throws(() => write(KEYR, 0x45670123), /locked until reset/);
  flash.reset();
  write(KEYR, 0x45670123);
  write(KEYR, 0xcdef89ab);
  assert.equal(read(CR), 0);
});

test('a sector erase takes 250 ms at x32, sets BSY and keeps STRT meanwhile, and EOP and the interrupt after it', () => {
  const { bench, bytes, changes, read, write } = unlocked();
  bytes.fill(0);
  write(CR, (1 << 24) | (2 << 8) | (1 << 3) | 2);
  write(CR, (1 << 24) | (1 << 16) | (2 << 8) | (1 << 3) | 2);
  bench.run(16e6 / 4 - 1);
  assert.equal(read(SR), BSY);
  assert.ok(read(CR) & (1 << 16));
  assert.equal(bytes[0x4000], 0);
  bench.run(1);
  assert.equal(read(SR), 1);
  assert.equal(read(CR) & (1 << 16), 0);
  assert.deepEqual([bytes[0x3fff], bytes[0x4000], bytes[0x7fff]], [0, 0xff, 0xff]);
  assert.deepEqual(changes, [[0x4000, 0x4000]]);
  assert.ok(bench.interrupts.has('FLASH'));
  write(SR, 1);
  assert.equal(read(SR), 0);
  assert.equal(bench.interrupts.size, 0);
});

test('an erase takes its time whatever the clock does, and says until when the core waits', () => {
  const { bench, flash, read, write } = unlocked();
  let busy = 0;
  flash.onBusy(() => busy++);
  assert.equal(flash.busyUntil, -1);
  write(CR, (1 << 16) | 2); // x8: 400 ms
  assert.equal(flash.busyUntil, 16e3 * 400);
  bench.run(16e3 * 100);
  bench.setClock('HCLK', 32e6);
  assert.equal(flash.busyUntil, 16e3 * 100 + 32e3 * 300);
  bench.run(32e3 * 300 - 1);
  assert.equal(read(SR), BSY);
  bench.run(1);
  assert.deepEqual([read(SR), busy, flash.busyUntil], [0, 1, -1], 'EOP does not rise without EOPIE');
});

test('a mass erase takes 8 s at x32 and erases every sector; SER and MER together erase nothing', () => {
  const { bench, bytes, changes, read, write } = unlocked();
  bytes.fill(0);
  write(CR, (1 << 16) | (2 << 8) | 6);
  assert.match(bench.diagnostics[0].message, /no erase that the chip has/);
  assert.equal(read(SR), 0);
  write(CR, (1 << 16) | (2 << 8) | 4);
  bench.run(16e6 * 8 - 1);
  assert.equal(read(SR), BSY);
  bench.run(1);
  assert.equal(changes.length, 2);
  assert.ok(bytes.every((byte) => byte === 0xff));
});

test('CR written while the flash is busy takes effect when it is not', () => {
  const { bench, read, write } = unlocked();
  write(CR, (1 << 16) | 2);
  write(CR, 0x200 | 1);
  assert.match(bench.diagnostics[0].message, /in progress/);
  assert.equal(read(CR) & 1, 0);
  bench.run(16e3 * 400);
  bench.run(0);
  assert.equal(read(CR), 0x201);
  assert.equal(read(SR), 0);
});

test('a sector that is not there is diagnosed', () => {
  const { bench, changes, write } = unlocked();
  write(CR, (1 << 16) | (5 << 3) | 2);
  bench.run(16e6);
  assert.match(bench.diagnostics[0].message, /no erase that the chip has/);
  assert.deepEqual(changes, []);
});

test('programming clears bits and sets none, takes 16 us, and sets EOP if EOPIE is set', () => {
  const { bench, changes, read, write } = unlocked();
  write(CR, (1 << 24) | 0x200 | 1); // EOPIE, x32, PG
  bench.bus.write(0x08000010, 0x0ff0_1234, 4);
  assert.equal(read(SR), BSY);
  bench.run(16 * 16 - 1);
  assert.equal(read(SR), BSY);
  bench.run(1);
  assert.equal(read(SR), 1);
  assert.equal(bench.bus.read(0x08000010, 4), 0x0ff0_1234);
  assert.deepEqual(changes, [[0x10, 4]]);
  write(SR, 1);
  bench.bus.write(0x08000010, 0xff00_ffff, 4);
  bench.run(256);
  assert.equal(bench.bus.read(0x08000010, 4), 0x0f00_1234);
});

test('programming by bytes, half-words and words, as PSIZE says; another width is PGPERR', () => {
  for (const [psize, size, value] of [[0, 1, 0xa5], [1, 2, 0xa55a], [2, 4, 0xa55a1234]] as const) {
    const { bench, read, write } = unlocked();
    write(CR, (psize << 8) | 1);
    bench.bus.write(0x08000020, value, size);
    assert.equal(read(SR), BSY);
    bench.run(256);
    assert.equal(bench.bus.read(0x08000020, size), value);
    for (const other of ([1, 2, 4] as const).filter((n) => n !== size)) {
      bench.bus.write(0x08000024, 0, other);
      assert.equal(read(SR), 1 << 6, `${other} bytes at PSIZE ${psize}`);
      write(SR, 1 << 6);
    }
    assert.equal(bench.bus.read(0x08000024, 4), 0xffffffff);
  }
});

test('two words are one operation at x64', () => {
  const { bench, read, write } = unlocked();
  write(CR, 0x300 | 1);
  bench.bus.write(0x08000008, 0x11111111, 4);
  assert.equal(read(SR), 0);
  bench.bus.write(0x0800000c, 0x22222222, 4);
  assert.equal(read(SR), BSY);
  bench.run(256);
  assert.deepEqual([bench.bus.read(0x08000008, 4), bench.bus.read(0x0800000c, 4), read(SR)], [0x11111111, 0x22222222, 0]);
  bench.bus.write(0x0800001c, 0, 4);
  assert.equal(read(SR), 1 << 6);
});

test('a write without PG, or locked, or across a row of 16 bytes is refused with its flag', () => {
  const { bench, flash, bytes, read, write } = unlocked();
  bench.bus.write(0x08000000, 0, 4);
  assert.equal(read(SR), 1 << 7);
  write(SR, 1 << 7);
  write(CR, 0x200 | 1);
  bench.bus.write(0x0800000e, 0, 4);
  assert.equal(read(SR), 1 << 5);
  write(SR, 1 << 5);
  write(CR, 0x80000000);
  bench.bus.write(0x08000000, 0, 4);
  assert.equal(read(SR), 1 << 7);
  assert.ok(bytes.every((byte) => byte === 0xff));
  flash.reset();
  assert.equal(read(SR), 0);
});

test('writes that follow upon each other wait for one another', () => {
  const { bench, read, write } = unlocked();
  write(CR, 0x200 | 1);
  for (let i = 0; i < 3; i++) bench.bus.write(0x08000000 + 4 * i, i, 4);
  bench.run(3 * 256 - 1);
  assert.equal(read(SR), BSY);
  bench.run(1);
  assert.equal(read(SR), 0);
  assert.deepEqual([0, 4, 8].map((at) => bench.bus.read(0x08000000 + at, 4)), [0, 1, 2]);
});

test('a reset ends what was going on', () => {
  const { bench, flash, read, write } = unlocked();
  write(CR, (1 << 16) | 2);
  flash.reset();
  assert.deepEqual([read(SR), read(CR), bench.timeline.nextDue], [0, 0x80000000, Infinity]);
});

test('option bytes: two other keys unlock OPTCR, OPTSTRT programs it, and a sector whose nWRP bit is 0 is protected', () => {
  const { bench, flash, bytes, read, write } = unlocked();
  assert.deepEqual([bench.bus.read(0x1fffc000, 2), bench.bus.read(0x1fffc008, 2)], [0xaaff, 0xffff]);
  write(OPTCR, 0);
  assert.match(bench.diagnostics[0].message, /FLASH_OPTCR was written while it is locked/);
  write(OPTKEYR, 0x08192a3b);
  write(OPTKEYR, 0x4c5d6e7f);
  assert.equal(read(OPTCR), 0x0fffaaec);
  write(OPTCR, 0x0ffdaacc); // sector 1 protected, WDG_SW clear
  assert.equal(flash.options.hardwareWatchdog, false);
  write(OPTCR, 0x0ffdaacc | 2);
  assert.equal(read(SR), BSY);
  bench.run(16e3 * 400);
  assert.deepEqual([read(SR), read(OPTCR), flash.options.hardwareWatchdog], [0, 0x0ffdaacc, true]);
  assert.equal(bench.bus.read(0x1fffc000, 2), 0xaadf);
  assert.equal(bench.bus.read(0x1fffc008, 2), 0xfffd);
  write(CR, (1 << 25) | 0x200 | 1); // ERRIE
  bench.bus.write(0x08004000, 0, 4);
  assert.equal(read(SR), (1 << 4) | (1 << 1), 'WRPERR and OPERR');
  assert.ok(bench.interrupts.has('FLASH'));
  write(SR, 0x12);
  write(CR, (1 << 16) | 4);
  assert.equal(read(SR), 1 << 4, 'a mass erase is refused as well');
  flash.reset();
  assert.equal(read(OPTCR), 0x0ffdaacd);
  assert.ok(bytes.every((byte) => byte === 0xff));
});

test('read protection: from level 1 to level 0 the main memory is erased, and level 2 is for ever', () => {
  const { bench, bytes, read, write } = unlocked();
  const program = (value: number): void => {
    write(OPTCR, value | 2);
    bench.run(16e6 * 17);
  };
  bytes.fill(0x55);
  write(OPTKEYR, 0x08192a3b);
  write(OPTKEYR, 0x4c5d6e7f);
  program(0x0fff00ec);
  assert.equal(bytes[0], 0x55);
  program(0x0fffaaec);
  assert.ok(bytes.every((byte) => byte === 0xff));
  program(0x0fffccec);
  program(0x0fffaaec);
  assert.equal(read(SR), 1 << 4);
  assert.equal(bench.bus.read(0x1fffc001, 1), 0xcc);
});

test('OTP is programmed once, its lock byte protects its block of 32 bytes, and the factory\'s bytes cannot be written', () => {
  const { bench, read, write } = unlocked();
  write(CR, 1); // x8
  const program = (address: number, value: number): void => {
    bench.bus.write(address, value, 1);
    bench.run(256);
  };
  program(0x1fff7820, 0x0f);
  assert.equal(bench.bus.read(0x1fff7820, 1), 0x0f);
  program(0x1fff7a01, 0); // block 1
  program(0x1fff7821, 0);
  assert.deepEqual([bench.bus.read(0x1fff7821, 1), read(SR)], [0xff, 1 << 4]);
  write(SR, 1 << 4);
  program(0x1fff7840, 0x12);
  assert.equal(bench.bus.read(0x1fff7840, 1), 0x12);
  program(0x1fff7a10, 0);
  assert.equal(read(SR), 1 << 4);
});

test('the electronic signature: 96 bits that are always the same, and the size of the flash in KiB', () => {
  const { bench } = setUp();
  const words = [0x10, 0x14, 0x18].map((at) => bench.bus.read(0x1fff7a00 + at, 4));
  assert.deepEqual(words, [0x0031002a, 0x4e4f5405, 0x4c485745]);
  assert.equal(bench.bus.read(0x1fff7a22, 2), 32);
});
