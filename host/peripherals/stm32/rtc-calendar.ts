// SPDX-License-Identifier: MIT
// The calendar of the real-time clock: RM0090 rev 18, 26.3.1, 26.6.1 and 26.6.2. Years are 00 to 99, of which every fourth is a leap year, 00 too.

/** A moment to the second. The day of the week is counted along, not worked out: it is what software has said. */
export interface Moment {
  /** Days since 1 January of year 00. */
  readonly days: number;
  readonly seconds: number;
  /** 1 (Monday) to 7. */
  readonly weekday: number;
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_IN_FOUR_YEARS = 4 * 365 + 1;
const DAYS_IN_CENTURY = 25 * DAYS_IN_FOUR_YEARS;
const DAY = 86_400;

const monthDays = (year: number, month: number): number => MONTHS[month - 1] + (month === 2 && year % 4 === 0 ? 1 : 0);
const fromBcd = (bits: number): number => 10 * (bits >>> 4) + (bits & 0xf);
const toBcd = (value: number): number => (Math.floor(value / 10) << 4) | value % 10;

/** A moment some seconds later (or earlier); after year 99 comes year 00. */
export function later(moment: Moment, seconds: number): Moment {
  const total = moment.seconds + seconds;
  const passed = Math.floor(total / DAY);
  return {
    days: (((moment.days + passed) % DAYS_IN_CENTURY) + DAYS_IN_CENTURY) % DAYS_IN_CENTURY, seconds: total - passed * DAY,
    weekday: (((moment.weekday - 1 + passed) % 7) + 7) % 7 + 1,
  };
}

/** Year, month and day of a day number. */
function dateOf(days: number): { year: number; month: number; day: number } {
  let year = 4 * Math.floor(days / DAYS_IN_FOUR_YEARS);
  let rest = days % DAYS_IN_FOUR_YEARS;
  for (let length = 366; rest >= length; length = 365) {
    rest -= length;
    year++;
  }
  let month = 1;
  for (; rest >= monthDays(year, month); month++) rest -= monthDays(year, month);
  return { year, month, day: rest + 1 };
}

/** RTC_TR and RTC_DR of a moment. @param twelve hours from 1 to 12, with the bit PM */
export function toRegisters(moment: Moment, twelve: boolean): { TR: number; DR: number } {
  const hour = Math.floor(moment.seconds / 3600);
  const minute = Math.floor(moment.seconds / 60) % 60;
  const shown = twelve ? (hour % 12 === 0 ? 12 : hour % 12) : hour;
  const { year, month, day } = dateOf(moment.days);
  return {
    TR: (twelve && hour >= 12 ? 1 << 22 : 0) | (toBcd(shown) << 16) | (toBcd(minute) << 8) | toBcd(moment.seconds % 60),
    DR: (toBcd(year) << 16) | (moment.weekday << 13) | (toBcd(month) << 8) | toBcd(day),
  };
}

/** The moment that software has written; what is no date counts on from the nearest one. */
export function fromRegisters(TR: number, DR: number, twelve: boolean): Moment {
  const hours = fromBcd((TR >>> 16) & 0x3f);
  const hour = twelve ? (hours % 12) + (TR & (1 << 22) ? 12 : 0) : hours;
  const year = fromBcd((DR >>> 16) & 0xff) % 100;
  const month = Math.min(Math.max(fromBcd((DR >>> 8) & 0x1f), 1), 12);
  let days = Math.floor(year / 4) * DAYS_IN_FOUR_YEARS + (year % 4 === 0 ? 0 : 366 + (year % 4 - 1) * 365);
  for (let m = 1; m < month; m++) days += monthDays(year, m);
  days += Math.max(fromBcd(DR & 0x3f), 1) - 1;
  return later({ days, seconds: 0, weekday: Math.max((DR >>> 13) & 7, 1) }, hour * 3600 + fromBcd((TR >>> 8) & 0x7f) * 60 + fromBcd(TR & 0x7f));
}
