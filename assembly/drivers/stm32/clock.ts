// SPDX-License-Identifier: MIT
// Brings the clock tree from reset (HSI, 16 MHz) to the board's own: RM0090 sections 3.5.1, 5.1.4, 7.2 and 7.3 (STM32F405/407); RM0383, the same
// chapters (STM32F411).

import {
  AHB_DIVIDER, APB1_DIVIDER, APB2_DIVIDER, FLASH_WAIT_STATES, PLLI2S_M, PLLI2S_N, PLLI2S_R, PLL_M, PLL_N, PLL_P, PLL_Q,
  PWR_CR_VOS,
} from "../../shim/board";
import { clearBits, modify, setBits, waitUntil, write } from "../../shim/registers";
import { ACR_DCEN, ACR_ICEN, ACR_LATENCY, ACR_PRFTEN, FLASH_ACR, FLASH_BASE } from "../../regs/stm32/flash";
import { PWR_BASE, PWR_CR } from "../../regs/stm32/pwr";
import {
  APB1ENR_PWREN, CFGR_HPRE, CFGR_I2SSRC, CFGR_PPRE1, CFGR_PPRE2, CFGR_SW, CFGR_SWS, CFGR_SWS_PLL, CFGR_SW_PLL, CR_HSEON, CR_HSERDY,
  CR_PLLI2SON, CR_PLLI2SRDY, CR_PLLON, CR_PLLRDY, PLLCFGR_PLLM, PLLCFGR_PLLN, PLLCFGR_PLLP, PLLCFGR_PLLQ, PLLCFGR_PLLSRC_HSE,
  PLLI2SCFGR_PLLI2SM, PLLI2SCFGR_PLLI2SN, PLLI2SCFGR_PLLI2SR, RCC_APB1ENR, RCC_BASE, RCC_CFGR, RCC_CR, RCC_PLLCFGR, RCC_PLLI2SCFGR,
} from "../../regs/stm32/rcc";

/** The crystal did not start. */
export const CLOCK_HSE_DEAD: i32 = -1;
/** The main PLL did not lock. */
export const CLOCK_PLL_UNLOCKED: i32 = -2;
/** The flash did not take its wait states. */
export const CLOCK_FLASH_REFUSED: i32 = -3;
/** The system clock did not switch to the PLL. */
export const CLOCK_NOT_SWITCHED: i32 = -4;
/** The PLL of the I2S clock did not lock. */
export const CLOCK_PLLI2S_UNLOCKED: i32 = -5;

// The slowest wait is the crystal's: 2 ms, 32,000 cycles of HSI. A look at a register takes 4 cycles or more, so this is 25 times that.
const ATTEMPTS: i32 = 200_000;

/** HPRE for an AHB divider: 0xxx is 1; 1000 to 1011 are 2 to 16; 1100 to 1111 are 64 to 512 (32 does not exist). */
// @ts-ignore: decorator
@inline
function hpre(divider: u32): u32 {
  return divider == 1 ? 0 : divider <= 16 ? 7 + ctz(divider) : 6 + ctz(divider);
}

/** PPRE for an APB divider: 0xx is 1; 100 to 111 are 2 to 16. */
// @ts-ignore: decorator
@inline
function ppre(divider: u32): u32 {
  return divider == 1 ? 0 : 3 + ctz(divider);
}

/**
 * Sets system, bus and I2S clocks to the board's values. Call once, first of all.
 * @returns 0, or a negative CLOCK_ code; the core then still runs from HSI, unless it is CLOCK_PLLI2S_UNLOCKED
 */
export function clockInit(): i32 {
  setBits(RCC_BASE + RCC_APB1ENR, APB1ENR_PWREN);
  setBits(PWR_BASE + PWR_CR, PWR_CR_VOS); // the regulator's scale 1, before anything runs fast; all ones on every chip

  setBits(RCC_BASE + RCC_CR, CR_HSEON);
  if (!waitUntil(RCC_BASE + RCC_CR, CR_HSERDY, CR_HSERDY, ATTEMPTS)) return CLOCK_HSE_DEAD;

  // Both PLLs share the source, on some chips the input divider too, and neither may be written while it runs.
  write(RCC_BASE + RCC_PLLCFGR, PLLCFGR_PLLSRC_HSE | (PLL_M << PLLCFGR_PLLM) | (PLL_N << PLLCFGR_PLLN)
    | (((PLL_P >> 1) - 1) << PLLCFGR_PLLP) | (PLL_Q << PLLCFGR_PLLQ));
  write(RCC_BASE + RCC_PLLI2SCFGR, (PLLI2S_M << PLLI2SCFGR_PLLI2SM) | (PLLI2S_N << PLLI2SCFGR_PLLI2SN) | (PLLI2S_R << PLLI2SCFGR_PLLI2SR));
  setBits(RCC_BASE + RCC_CR, CR_PLLON);
  if (!waitUntil(RCC_BASE + RCC_CR, CR_PLLRDY, CR_PLLRDY, ATTEMPTS)) return CLOCK_PLL_UNLOCKED;

  // Wait states before speed: flash read too fast returns garbage, and the read-back tells that they are in force.
  write(FLASH_BASE + FLASH_ACR, FLASH_WAIT_STATES | ACR_PRFTEN | ACR_ICEN | ACR_DCEN);
  if (!waitUntil(FLASH_BASE + FLASH_ACR, ACR_LATENCY, FLASH_WAIT_STATES, ATTEMPTS)) return CLOCK_FLASH_REFUSED;

  // Prescalers before the switch: with the reset values the APB buses would exceed their limits for a moment.
  modify(RCC_BASE + RCC_CFGR, (0b1111 << CFGR_HPRE) | (0b111 << CFGR_PPRE1) | (0b111 << CFGR_PPRE2),
    (hpre(AHB_DIVIDER) << CFGR_HPRE) | (ppre(APB1_DIVIDER) << CFGR_PPRE1) | (ppre(APB2_DIVIDER) << CFGR_PPRE2));
  modify(RCC_BASE + RCC_CFGR, CFGR_SW, CFGR_SW_PLL);
  if (!waitUntil(RCC_BASE + RCC_CFGR, CFGR_SWS, CFGR_SWS_PLL, ATTEMPTS)) return CLOCK_NOT_SWITCHED;

  clearBits(RCC_BASE + RCC_CFGR, CFGR_I2SSRC);
  setBits(RCC_BASE + RCC_CR, CR_PLLI2SON);
  if (!waitUntil(RCC_BASE + RCC_CR, CR_PLLI2SRDY, CR_PLLI2SRDY, ATTEMPTS)) return CLOCK_PLLI2S_UNLOCKED;
  return 0;
}
