// SPDX-License-Identifier: MIT
// Names of every register of the STM32F407, by block type and byte offset: RM0090 rev 18, register maps at the end of each chapter.

import type { RegisterNames } from '../../machine/peripheral.js';

/** Registers in a row, 4 bytes apart from `first`; a space-separated list in which "-" leaves a reserved word out. */
function row(first: number, names: string): Record<number, string> {
  const registers: Record<number, string> = {};
  names.split(/\s+/).forEach((name, i) => {
    if (name !== '-') registers[first + 4 * i] = name;
  });
  return registers;
}

/** `count` copies of a row, `stride` bytes apart; "#" in a name becomes the copy's number, counted from `firstNumber`. */
function copies(first: number, stride: number, count: number, names: string, firstNumber = 0): Record<number, string> {
  return Object.assign({}, ...Array.from({ length: count }, (_, i) => row(first + stride * i, names.replaceAll('#', String(firstNumber + i)))));
}

const timerHead = 'CR1 CR2 SMCR DIER SR EGR CCMR1 CCMR2 CCER CNT PSC ARR';

/** What the full-speed and the high-speed USB controllers have in common (34.16, 35.12). */
const usb = (channels: number, endpoints: number, hostChannel: string, inEndpoint: string, outEndpoint: string): RegisterNames => ({
  ...row(0x000, 'GOTGCTL GOTGINT GAHBCFG GUSBCFG GRSTCTL GINTSTS GINTMSK GRXSTSR GRXSTSP GRXFSIZ HNPTXFSIZ HNPTXSTS - - GCCFG CID'),
  ...row(0x100, 'HPTXFSIZ'), ...copies(0x104, 4, endpoints - 1, 'DIEPTXF#', 1),
  ...row(0x400, 'HCFG HFIR HFNUM - HPTXSTS HAINT HAINTMSK'), ...row(0x440, 'HPRT'), ...copies(0x500, 0x20, channels, hostChannel),
  ...row(0x800, 'DCFG DCTL DSTS - DIEPMSK DOEPMSK DAINT DAINTMSK - - DVBUSDIS DVBUSPULSE - DIEPEMPMSK'),
  ...copies(0x900, 0x20, endpoints, inEndpoint), ...copies(0xb00, 0x20, endpoints, outEndpoint), ...row(0xe00, 'PCGCCTL'),
});

/** Key: block type, as boards/chips names it in a peripheral's `registers`. */
export const registerNames: Readonly<Record<string, RegisterNames>> = {
  ADC: row(0, 'SR CR1 CR2 SMPR1 SMPR2 JOFR1 JOFR2 JOFR3 JOFR4 HTR LTR SQR1 SQR2 SQR3 JSQR JDR1 JDR2 JDR3 JDR4 DR'),
  ADC_COMMON: row(0, 'CSR CCR CDR'),
  /** A memory. */
  BKPSRAM: {},
  CAN: {
    ...row(0x000, 'MCR MSR TSR RF0R RF1R IER ESR BTR'),
    ...copies(0x180, 0x10, 3, 'TI#R TDT#R TDL#R TDH#R'), ...copies(0x1b0, 0x10, 2, 'RI#R RDT#R RDL#R RDH#R'),
    ...row(0x200, 'FMR FM1R - FS1R - FFA1R - FA1R'), ...copies(0x240, 8, 28, 'F#R1 F#R2'),
  },
  CRC: row(0, 'DR IDR CR'),
  DAC: row(0, 'CR SWTRIGR DHR12R1 DHR12L1 DHR8R1 DHR12R2 DHR12L2 DHR8R2 DHR12RD DHR12LD DHR8RD DOR1 DOR2 SR'),
  DBGMCU: row(0, 'IDCODE CR APB1_FZ APB2_FZ'),
  DCMI: row(0, 'CR SR RIS IER MIS ICR ESCR ESUR CWSTRT CWSIZE DR'),
  DMA: { ...row(0, 'LISR HISR LIFCR HIFCR'), ...copies(0x10, 0x18, 8, 'S#CR S#NDTR S#PAR S#M0AR S#M1AR S#FCR') },
  ETH: {
    ...row(0x000, 'MACCR MACFFR MACHTHR MACHTLR MACMIIAR MACMIIDR MACFCR MACVLANTR - - MACRWUFFR MACPMTCSR - MACDBGR MACSR MACIMR'),
    ...copies(0x040, 8, 4, 'MACA#HR MACA#LR'),
    ...row(0x100, 'MMCCR MMCRIR MMCTIR MMCRIMR MMCTIMR'), ...row(0x14c, 'MMCTGFSCCR MMCTGFMSCCR'), ...row(0x168, 'MMCTGFCR'),
    ...row(0x194, 'MMCRFCECR MMCRFAECR'), ...row(0x1c4, 'MMCRGUFCR'),
    ...row(0x700, 'PTPTSCR PTPSSIR PTPTSHR PTPTSLR PTPTSHUR PTPTSLUR PTPTSAR PTPTTHR PTPTTLR - PTPTSSR PTPPPSCR'),
    ...row(0x1000, 'DMABMR DMATPDR DMARPDR DMARDLAR DMATDLAR DMASR DMAOMR DMAIER DMAMFBOCR DMARSWTR'),
    ...row(0x1048, 'DMACHTDR DMACHRDR DMACHTBAR DMACHRBAR'),
  },
  EXTI: row(0, 'IMR EMR RTSR FTSR SWIER PR'),
  FLASH: row(0, 'ACR KEYR OPTKEYR SR CR OPTCR'),
  FSMC: {
    ...copies(0x00, 8, 4, 'BCR# BTR#', 1), ...copies(0x104, 8, 4, 'BWTR#', 1),
    ...copies(0x60, 0x20, 2, 'PCR# SR# PMEM# PATT# - ECCR#', 2), ...row(0xa0, 'PCR4 SR4 PMEM4 PATT4 PIO4'),
  },
  GPIO: row(0, 'MODER OTYPER OSPEEDR PUPDR IDR ODR BSRR LCKR AFRL AFRH'),
  I2C: row(0, 'CR1 CR2 OAR1 OAR2 DR SR1 SR2 CCR TRISE'),
  IWDG: row(0, 'KR PR RLR SR'),
  OTG_FS: usb(8, 4, 'HCCHAR# - HCINT# HCINTMSK# HCTSIZ#', 'DIEPCTL# - DIEPINT# - DIEPTSIZ# - DTXFSTS#', 'DOEPCTL# - DOEPINT# - DOEPTSIZ#'),
  OTG_HS: {
    ...usb(12, 6, 'HCCHAR# HCSPLT# HCINT# HCINTMSK# HCTSIZ# HCDMA#', 'DIEPCTL# - DIEPINT# - DIEPTSIZ# DIEPDMA# DTXFSTS#', 'DOEPCTL# - DOEPINT# - DOEPTSIZ# DOEPDMA#'),
    ...row(0x830, 'DTHRCTL DIEPEMPMSK DEACHINT DEACHINTMSK'), ...row(0x844, 'DIEPEACHMSK1'), ...row(0x884, 'DOEPEACHMSK1'),
  },
  PWR: row(0, 'CR CSR'),
  RCC: {
    ...row(0x00, 'CR PLLCFGR CFGR CIR AHB1RSTR AHB2RSTR AHB3RSTR - APB1RSTR APB2RSTR'),
    ...row(0x30, 'AHB1ENR AHB2ENR AHB3ENR - APB1ENR APB2ENR'), ...row(0x50, 'AHB1LPENR AHB2LPENR AHB3LPENR - APB1LPENR APB2LPENR'),
    ...row(0x70, 'BDCR CSR'), ...row(0x80, 'SSCGR PLLI2SCFGR'),
  },
  RNG: row(0, 'CR SR DR'),
  RTC: {
    ...row(0x00, 'TR DR CR ISR PRER WUTR CALIBR ALRMAR ALRMBR WPR SSR SHIFTR TSTR TSDR TSSSR CALR TAFCR ALRMASSR ALRMBSSR'),
    ...copies(0x50, 4, 20, 'BKP#R'),
  },
  SDIO: {
    ...row(0x00, 'POWER CLKCR ARG CMD RESPCMD RESP1 RESP2 RESP3 RESP4 DTIMER DLEN DCTRL DCOUNT STA ICR MASK'),
    ...row(0x48, 'FIFOCNT'), ...row(0x80, 'FIFO'),
  },
  SPI: row(0, 'CR1 CR2 SR DR CRCPR RXCRCR TXCRCR I2SCFGR I2SPR'),
  SYSCFG: { ...row(0, 'MEMRMP PMC EXTICR1 EXTICR2 EXTICR3 EXTICR4'), ...row(0x20, 'CMPCR') },
  /** TIM1, TIM8: 17.4. */
  TIM1: row(0, `${timerHead} RCR CCR1 CCR2 CCR3 CCR4 BDTR DCR DMAR`),
  /** TIM3, TIM4: 18.4. */
  TIM3: row(0, `${timerHead} - CCR1 CCR2 CCR3 CCR4 - DCR DMAR`),
  /** TIM2, TIM5: as TIM3, 32 bits wide, with an option register. */
  TIM2: row(0, `${timerHead} - CCR1 CCR2 CCR3 CCR4 - DCR DMAR OR`),
  /** TIM6, TIM7: 20.4. */
  TIM6: row(0, 'CR1 CR2 - DIER SR EGR - - - CNT PSC ARR'),
  /** TIM9, TIM12: 19.5. */
  TIM9: row(0, 'CR1 - SMCR DIER SR EGR CCMR1 - CCER CNT PSC ARR - CCR1 CCR2'),
  /** TIM10, TIM13, TIM14: 19.6. */
  TIM10: row(0, 'CR1 - - DIER SR EGR CCMR1 - CCER CNT PSC ARR - CCR1'),
  /** TIM11: as TIM10, with an option register. */
  TIM11: { ...row(0, 'CR1 - - DIER SR EGR CCMR1 - CCER CNT PSC ARR - CCR1'), ...row(0x50, 'OR') },
  USART: row(0, 'SR DR BRR CR1 CR2 CR3 GTPR'),
  WWDG: row(0, 'CR CFR SR'),
};
