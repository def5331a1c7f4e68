// SPDX-License-Identifier: MIT
// Arithmetic of the STM32F4 clock tree, from oscillators and register fields to exact frequencies: RM0090 rev 18, 7.2 and figure 16; RM0383, 6.2,
// for chips on which PLLI2S divides its input itself.

import { divide, fraction, times, type Fraction } from '../../machine/fraction.js';

/** Which oscillators and PLLs run (are ready), and the registers that set the ratios. */
export interface ClockState {
  readonly hse?: number;
  readonly hsi?: number;
  readonly lse?: number;
  readonly lsi?: number;
  /** What the board puts on the pin I2S_CKIN. */
  readonly i2sCkin?: number;
  readonly pllReady: boolean;
  readonly plli2sReady: boolean;
  /** SYSCLK's source, as SWS. */
  readonly source: 'HSI' | 'HSE' | 'PLL';
  /** PLLI2S divides its source by PLLI2SM instead of PLLM. */
  readonly plli2sM: boolean;
  readonly PLLCFGR: number;
  readonly PLLI2SCFGR: number;
  readonly CFGR: number;
  /** RCC_DCKCFGR.TIMPRE, on chips that have it: timers run at HCLK up to a divider of 4, beyond at four times PCLK. */
  readonly timpre?: boolean;
  readonly BDCR: number;
}

export interface PllFields {
  readonly M: number;
  readonly N: number;
  readonly P: number;
  readonly Q: number;
  readonly fromHse: boolean;
}

/** RCC_PLLCFGR (7.3.2). */
export const pllFields = (PLLCFGR: number): PllFields => ({
  M: PLLCFGR & 0x3f, N: (PLLCFGR >>> 6) & 0x1ff, P: 2 * (((PLLCFGR >>> 16) & 3) + 1), Q: (PLLCFGR >>> 24) & 0xf, fromHse: (PLLCFGR & (1 << 22)) !== 0,
});

/** RCC_PLLI2SCFGR (7.3.23; M: RM0383, 6.3.23). */
export const plli2sFields = (PLLI2SCFGR: number): { M: number; N: number; R: number } => ({ M: PLLI2SCFGR & 0x3f, N: (PLLI2SCFGR >>> 6) & 0x1ff, R: (PLLI2SCFGR >>> 28) & 7 });

/** HPRE (7.3.3): no division below 8, then 2, 4, 8, 16, 64, 128, 256, 512. */
const ahbDivider = (CFGR: number): number => [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512][(CFGR >>> 4) & 0xf];
/** PPREx: no division below 4, then 2, 4, 8, 16. */
const apbDivider = (field: number): number => [1, 1, 1, 1, 2, 4, 8, 16][field & 7];

const over = (f: Fraction, n: number): Fraction => divide(f, fraction(n));

/** Frequency of the main PLL's input and VCO, in hertz; undefined when its source does not run. */
export function pllFrequencies(state: Pick<ClockState, 'hse' | 'hsi' | 'PLLCFGR'>): { input: Fraction; vco: Fraction } | undefined {
  const { M, N, fromHse } = pllFields(state.PLLCFGR);
  const source = fromHse ? state.hse : state.hsi;
  if (source === undefined || M === 0) return undefined;
  const input = fraction(source, M);
  return { input, vco: times(input, fraction(N)) };
}

/** RTCCLK (7.2.8): LSE, LSI, or HSE divided by RTCPRE, which is 2 to 31. */
function rtcFrequency({ lse, lsi, hse, CFGR, BDCR }: ClockState): Fraction | undefined {
  const RTCEN = 1 << 15;
  const select = (BDCR >>> 8) & 3;
  const source = [undefined, lse, lsi, hse][select];
  if (!(BDCR & RTCEN) || source === undefined) return undefined;
  if (select !== 3) return fraction(source);
  const divider = (CFGR >>> 16) & 0x1f;
  return divider < 2 ? undefined : fraction(source, divider);
}

/** Every clock that runs, by the manual's name, in hertz. */
export function clockFrequencies(state: ClockState): Map<string, Fraction> {
  const clocks = new Map<string, Fraction>();
  for (const [name, hertz] of [['HSE', state.hse], ['HSI', state.hsi], ['LSE', state.lse], ['LSI', state.lsi]] as const) {
    if (hertz !== undefined) clocks.set(name, fraction(hertz));
  }
  // RTCPRE (7.3.3): HSE for the RTC and for TIM11, no clock below 2.
  const rtcDivider = (state.CFGR >>> 16) & 0x1f;
  if (state.hse !== undefined && rtcDivider >= 2) clocks.set('HSE_RTC', fraction(state.hse, rtcDivider));
  const rtc = rtcFrequency(state);
  if (rtc !== undefined) clocks.set('RTCCLK', rtc);
  const pll = pllFrequencies(state);
  if (pll !== undefined && state.pllReady) {
    const { P, Q } = pllFields(state.PLLCFGR);
    clocks.set('PLLCLK', over(pll.vco, P));
    if (Q > 0) clocks.set('PLL48CLK', over(pll.vco, Q));
  }
  if (pll !== undefined && state.plli2sReady) {
    const { M, N, R } = plli2sFields(state.PLLI2SCFGR);
    const source = pllFields(state.PLLCFGR).fromHse ? state.hse! : state.hsi!;
    const input = state.plli2sM ? fraction(source, M) : pll.input;
    if (R > 0) clocks.set('PLLI2SCLK', over(times(input, fraction(N)), R));
  }
  // I2SSRC (7.3.3): the I2S blocks' clock is PLLI2S's, or the pin's.
  const fromPin = (state.CFGR & (1 << 23)) !== 0;
  const i2s = !fromPin ? clocks.get('PLLI2SCLK') : state.i2sCkin === undefined ? undefined : fraction(state.i2sCkin);
  if (i2s !== undefined) clocks.set('I2SCLK', i2s);
  const sysclk = clocks.get(state.source === 'PLL' ? 'PLLCLK' : state.source);
  if (sysclk === undefined) return clocks;
  const hclk = over(sysclk, ahbDivider(state.CFGR));
  clocks.set('SYSCLK', sysclk);
  clocks.set('HCLK', hclk);
  for (const [bus, shift] of [[1, 10], [2, 13]] as const) {
    const divider = apbDivider(state.CFGR >>> shift);
    const pclk = over(hclk, divider);
    clocks.set(`PCLK${bus}`, pclk);
    // 7.2: timers run at PCLK when the APB prescaler is 1, else at twice PCLK; RM0383 6.3.24 for TIMPRE.
    clocks.set(`TIMCLK${bus}`, times(pclk, fraction(Math.min(divider, state.timpre ? 4 : 2))));
  }
  return clocks;
}
