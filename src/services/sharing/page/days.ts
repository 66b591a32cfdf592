// SPDX-License-Identifier: Apache-2.0
// Civil days without clock or zone: a day is the text YYYY-MM-DD, counted in UTC so that no
// daylight saving of the reader's machine moves it.
import type { Age, Day, Month } from './contract';

const dayLength = 86_400_000;

function number(day: Day): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, date);
  return time.getTime() / dayLength;
}

function text(count: number): Day {
  return new Date(count * dayLength).toISOString().slice(0, 10);
}

/** A day that exists: 2019-02-29 is none. */
export function isDay(given: string | null | undefined): given is Day {
  return given != null && /^\d{4}-\d\d-\d\d$/.test(given) && text(number(given)) === given;
}

export function isMonth(given: string | undefined): given is Month {
  return given !== undefined && /^\d{4}-\d\d$/.test(given) && isDay(`${given}-01`);
}

export function addDays(day: Day, days: number): Day {
  return text(number(day) + days);
}

export function daysBetween(from: Day, to: Day): number {
  return number(to) - number(from);
}

/** Sunday is 0. */
export function weekday(day: Day): number {
  return (((number(day) + 4) % 7) + 7) % 7;
}

export function monthOf(day: Day): Month {
  return day.slice(0, 7);
}

export function yearOf(day: Day | Month): number {
  return Number(day.slice(0, 4));
}

export function addMonths(month: Month, months: number): Month {
  const count = yearOf(month) * 12 + Number(month.slice(5)) - 1 + months;
  const year = Math.floor(count / 12);
  return `${String(year).padStart(4, '0')}-${String(count - year * 12 + 1).padStart(2, '0')}`;
}

export function lastDay(month: Month): Day {
  return addDays(`${addMonths(month, 1)}-01`, -1);
}

/** The same date in another month, or that month's last day where it has no such date. */
export function sameDate(day: Day, month: Month): Day {
  const last = lastDay(month);
  const wanted = `${month}-${day.slice(8)}`;
  return wanted > last ? last : wanted;
}

/** Whole weeks, Sunday first, that hold the month; days of the neighbouring months fill them. */
export function weeksOf(month: Month): Day[][] {
  const first = `${month}-01`;
  const start = addDays(first, -weekday(first));
  const weeks: Day[][] = [];
  for (let day = start; day <= lastDay(month); day = addDays(day, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, i) => addDays(day, i)));
  }
  return weeks;
}

/** Whole years, then whole months, then days since the last such date; null before birth. */
export function ageOn(born: Day, on: Day): Age | null {
  if (on < born) return null;
  let months = (yearOf(on) - yearOf(born)) * 12 + Number(on.slice(5, 7)) - Number(born.slice(5, 7));
  if (sameDate(born, monthOf(on)) > on) months -= 1;
  const since = sameDate(born, addMonths(monthOf(born), months));
  return { years: Math.floor(months / 12), months: months % 12, days: daysBetween(since, on) };
}
