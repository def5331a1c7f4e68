// SPDX-License-Identifier: MIT
// The clock driver against RM0090 sections 3.5.1, 7.2 and 7.3; addresses and bits restated from there.

import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import type { Fixture } from '../../host/testing/assembly.js';
import { instantiateDriver, type RegisterFile } from './register-file.js';

const RCC_CR = 0x40023800;
const RCC_PLLCFGR = 0x40023804;
const RCC_CFGR = 0x40023808;
const RCC_APB1ENR = 0x40023840;
const RCC_PLLI2SCFGR = 0x40023884;
const PWR_CR = 0x40007000;
const FLASH_ACR = 0x40023c00;

describe('clock tree start-up', () => {
  let registers: RegisterFile;
  let driver: Fixture;

  /** Ready bits follow their enable bits, after `looks` reads; SWS follows SW. */
  const answer = (looks: number, dead = 0) => {
    let left = looks;
    registers.script(RCC_CR, () => {
      const cr = registers.values.get(RCC_CR)!;
      const ready = ((cr & (1 << 16) ? 1 << 17 : 0) | (cr & (1 << 24) ? 1 << 25 : 0) | (cr & (1 << 26) ? 1 << 27 : 0)) & ~dead;
      return left-- > 0 ? cr : cr | ready;
    });
    registers.script(RCC_CFGR, () => {
      const cfgr = registers.values.get(RCC_CFGR) ?? 0;
      return cfgr | ((cfgr & 3) << 2);
    });
  };

  before(async () => {
    ({ registers, driver } = await instantiateDriver('tests/drivers/clock.as.ts'));
  });
  beforeEach(() => {
    registers.log.length = 0;
    registers.values.clear();
    registers.values.set(RCC_CR, 0x83); // HSI on and ready
    registers.script(FLASH_ACR, () => registers.values.get(FLASH_ACR) ?? 0);
    answer(3);
  });

  it('sets PLL and PLLI2S for 168 MHz, 48 MHz and 86 MHz from 8 MHz', () => {
    assert.equal(driver.clockInit(), 0);
    const pllcfgr = registers.values.get(RCC_PLLCFGR)!;
    assert.equal(pllcfgr & 0x3f, 8); // PLLM
    assert.equal((pllcfgr >> 6) & 0x1ff, 336); // PLLN
    assert.equal((pllcfgr >> 16) & 3, 0); // PLLP = 2
    assert.equal((pllcfgr >> 22) & 1, 1); // HSE
    assert.equal((pllcfgr >> 24) & 0xf, 7); // PLLQ
    const plli2scfgr = registers.values.get(RCC_PLLI2SCFGR)!;
    assert.equal((plli2scfgr >> 6) & 0x1ff, 258);
    assert.equal((plli2scfgr >> 28) & 7, 3);
    const cfgr = registers.values.get(RCC_CFGR)!;
    assert.equal(cfgr & 3, 2); // SW: PLL
    assert.equal((cfgr >> 4) & 0xf, 0); // AHB / 1
    assert.equal((cfgr >> 10) & 7, 0b101); // APB1 / 4
    assert.equal((cfgr >> 13) & 7, 0b100); // APB2 / 2
    assert.equal((cfgr >> 23) & 1, 0); // I2S from PLLI2S
    assert.equal(registers.values.get(FLASH_ACR), 0x705); // 5 wait states, prefetch, both caches
    assert.equal(registers.values.get(PWR_CR)! & 0x4000, 0x4000); // VOS: scale 1
  });

  it('keeps the order that the manual demands', () => {
    assert.equal(driver.clockInit(), 0);
    const at = (address: number, test: (value: number) => boolean) => {
      const index = registers.writes.findIndex(([a, v]) => a === address && test(v));
      assert.notEqual(index, -1, `no such write to 0x${address.toString(16)}`);
      return index;
    };
    const switched = at(RCC_CFGR, (v) => (v & 3) === 2);
    const pllOn = at(RCC_CR, (v) => (v & (1 << 24)) !== 0);
    assert.ok(at(RCC_APB1ENR, (v) => (v & (1 << 28)) !== 0) < at(PWR_CR, () => true), 'PWR is clocked before it is written');
    assert.ok(at(FLASH_ACR, () => true) < switched, 'wait states before the switch');
    assert.ok(at(RCC_CFGR, (v) => (v >> 10 & 7) === 0b101 && (v & 3) === 0) < switched, 'prescalers before the switch');
    assert.ok(at(RCC_PLLCFGR, () => true) < pllOn, 'PLLCFGR is written while the PLL is off');
    assert.ok(at(RCC_PLLI2SCFGR, () => true) < at(RCC_CR, (v) => (v & (1 << 26)) !== 0), 'PLLI2SCFGR likewise');
    assert.ok(at(PWR_CR, () => true) < pllOn, 'voltage scale before the PLL');
    const readBack = registers.log.findIndex((a) => a[0] === 'r' && a[1] === FLASH_ACR);
    const switchAccess = registers.log.findIndex((a) => a[0] === 'w' && a[1] === RCC_CFGR && (a[2] & 3) === 2);
    assert.ok(readBack !== -1 && readBack < switchAccess, 'LATENCY is read back before the switch');
  });

  for (const [what, bit, code] of [['crystal', 17, -1], ['PLL', 25, -2], ['PLLI2S', 27, -5]] as const) {
    it(`gives up on a dead ${what}`, () => {
      answer(3, 1 << bit);
      assert.equal(driver.clockInit(), code);
      if (code !== -5) assert.ok(!registers.writes.some(([a, v]) => a === RCC_CFGR && (v & 3) === 2), 'stays on HSI');
    });
  }

  it('gives up when the flash keeps its wait states or the switch does not happen', () => {
    registers.script(FLASH_ACR, [0x700]);
    assert.equal(driver.clockInit(), -3);
    registers.script(FLASH_ACR, [0x705]);
    registers.script(RCC_CFGR, [0]);
    assert.equal(driver.clockInit(), -4);
  });
});
