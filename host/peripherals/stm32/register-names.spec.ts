// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerNames } from './register-names.js';

/** Some offsets of each register map of RM0090, restated: the last register of each run, and whatever stands after a gap. */
const manual: [string, number, string][] = [
  ['ADC', 0x4c, 'DR'], ['ADC', 0x38, 'JSQR'], ['ADC_COMMON', 0x08, 'CDR'],
  ['CAN', 0x1c, 'BTR'], ['CAN', 0x180, 'TI0R'], ['CAN', 0x1ac, 'TDH2R'], ['CAN', 0x1b0, 'RI0R'], ['CAN', 0x1cc, 'RDH1R'],
  ['CAN', 0x20c, 'FS1R'], ['CAN', 0x21c, 'FA1R'], ['CAN', 0x240, 'F0R1'], ['CAN', 0x31c, 'F27R2'],
  ['CRC', 0x08, 'CR'], ['DAC', 0x20, 'DHR12RD'], ['DAC', 0x34, 'SR'], ['DBGMCU', 0x0c, 'APB2_FZ'], ['DCMI', 0x28, 'DR'],
  ['DMA', 0x0c, 'HIFCR'], ['DMA', 0x10, 'S0CR'], ['DMA', 0x88, 'S5CR'], ['DMA', 0x9c, 'S5FCR'], ['DMA', 0xcc, 'S7FCR'],
  ['ETH', 0x28, 'MACRWUFFR'], ['ETH', 0x3c, 'MACIMR'], ['ETH', 0x5c, 'MACA3LR'], ['ETH', 0x150, 'MMCTGFMSCCR'], ['ETH', 0x1c4, 'MMCRGUFCR'],
  ['ETH', 0x728, 'PTPTSSR'], ['ETH', 0x1024, 'DMARSWTR'], ['ETH', 0x1054, 'DMACHRBAR'],
  ['EXTI', 0x14, 'PR'], ['FLASH', 0x14, 'OPTCR'],
  ['FSMC', 0x1c, 'BTR4'], ['FSMC', 0x74, 'ECCR2'], ['FSMC', 0x94, 'ECCR3'], ['FSMC', 0xb0, 'PIO4'], ['FSMC', 0x11c, 'BWTR4'],
  ['GPIO', 0x18, 'BSRR'], ['GPIO', 0x24, 'AFRH'], ['I2C', 0x20, 'TRISE'], ['IWDG', 0x0c, 'SR'],
  ['OTG_FS', 0x38, 'GCCFG'], ['OTG_FS', 0x5e0, 'HCCHAR7'], ['OTG_FS', 0x82c, 'DVBUSPULSE'], ['OTG_FS', 0x834, 'DIEPEMPMSK'], ['OTG_FS', 0xb70, 'DOEPTSIZ3'],
  ['OTG_HS', 0x514, 'HCDMA0'], ['OTG_HS', 0x660, 'HCCHAR11'], ['OTG_HS', 0x83c, 'DEACHINTMSK'], ['OTG_HS', 0xe00, 'PCGCCTL'],
  ['PWR', 0x04, 'CSR'], ['RCC', 0x24, 'APB2RSTR'], ['RCC', 0x40, 'APB1ENR'], ['RCC', 0x64, 'APB2LPENR'], ['RCC', 0x74, 'CSR'], ['RCC', 0x84, 'PLLI2SCFGR'],
  ['RNG', 0x08, 'DR'], ['RTC', 0x48, 'ALRMBSSR'], ['RTC', 0x9c, 'BKP19R'], ['SDIO', 0x3c, 'MASK'], ['SDIO', 0x80, 'FIFO'],
  ['SPI', 0x1c, 'I2SCFGR'], ['SPI', 0x20, 'I2SPR'], ['SYSCFG', 0x14, 'EXTICR4'], ['SYSCFG', 0x20, 'CMPCR'],
  ['TIM1', 0x30, 'RCR'], ['TIM1', 0x44, 'BDTR'], ['TIM2', 0x2c, 'ARR'], ['TIM2', 0x50, 'OR'], ['TIM3', 0x4c, 'DMAR'], ['TIM6', 0x24, 'CNT'],
  ['TIM9', 0x38, 'CCR2'], ['TIM10', 0x34, 'CCR1'], ['TIM11', 0x50, 'OR'], ['USART', 0x08, 'BRR'], ['USART', 0x18, 'GTPR'], ['WWDG', 0x08, 'SR'],
];

for (const [block, offset, name] of manual) {
  test(`${block} has ${name} at 0x${offset.toString(16)}`, () => assert.equal(registerNames[block][offset], name));
}

test('reserved words have no name', () => {
  for (const [block, offset] of [['RCC', 0x1c], ['RCC', 0x88], ['TIM3', 0x30], ['TIM3', 0x50], ['TIM6', 0x08], ['TIM9', 0x04], ['SYSCFG', 0x18], ['OTG_FS', 0x504], ['FLASH', 0x18]] as const) {
    assert.equal(registerNames[block][offset], undefined, `${block}+0x${offset.toString(16)}`);
  }
});

test('every name of a block stands at one offset, word aligned', () => {
  for (const [block, names] of Object.entries(registerNames)) {
    const list = Object.values(names);
    assert.equal(new Set(list).size, list.length, block);
    for (const offset of Object.keys(names)) assert.equal(Number(offset) % 4, 0, `${block}+${offset}`);
  }
});
