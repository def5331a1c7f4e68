// SPDX-License-Identifier: MIT
// CMSDK APB timer and dual timer registers: ARM DDI 0479, sections 4.3 and 4.5.

export const TIMER_CTRL: u32 = 0x00;
export const TIMER_VALUE: u32 = 0x04; // counts down to 0, then from RELOAD again
export const TIMER_RELOAD: u32 = 0x08; // writing it sets VALUE too
export const TIMER_INTCLEAR: u32 = 0x0c; // read: INTSTATUS; writing 1 clears it

export const CTRL_ENABLE: u32 = 1 << 0;
export const CTRL_INTERRUPT: u32 = 1 << 3;

// The two halves of the dual timer have these each, the second from 0x20 on.
export const DUAL_LOAD: u32 = 0x00; // writing it restarts the count
export const DUAL_VALUE: u32 = 0x04;
export const DUAL_CONTROL: u32 = 0x08;
export const DUAL_INTCLR: u32 = 0x0c;
export const DUAL_BGLOAD: u32 = 0x18; // as LOAD, from the next period on

export const CONTROL_32_BIT: u32 = 1 << 1;
export const CONTROL_INTERRUPT: u32 = 1 << 5;
export const CONTROL_PERIODIC: u32 = 1 << 6; // 0: free-running from 0xFFFFFFFF
export const CONTROL_ENABLE: u32 = 1 << 7;
