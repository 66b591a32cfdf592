// SPDX-License-Identifier: Apache-2.0
// Pure rearrangements of a person's events for the overview, the calendar and the list.
import { kinds, type Day, type Kind, type Month, type TimelineEvent, type YearCount } from './contract';
import { addDays, lastDay } from './days';

/** What the reader wants to see; an empty list means all. */
export interface Wanted {
  kinds: readonly string[];
  institutions: readonly string[];
}

const orderOfKind = new Map<string, number>(kinds.map((kind, i) => [kind, i]));

export function isKind(given: string): given is Kind {
  return orderOfKind.has(given);
}

function wants(list: readonly string[], one: string): boolean {
  return list.length === 0 || list.includes(one);
}

export function keep(events: readonly TimelineEvent[], wanted: Wanted): TimelineEvent[] {
  return events.filter((e) => wants(wanted.kinds, e.kind) && wants(wanted.institutions, e.institution));
}

/** By day, then by institution in the overview's order, then by kind, then by time. */
export function inOrder(events: readonly TimelineEvent[], institutions: readonly string[]): TimelineEvent[] {
  const place = new Map(institutions.map((id, i) => [id, i]));
  const rank = (e: TimelineEvent) =>
    (place.get(e.institution) ?? institutions.length) * kinds.length + (orderOfKind.get(e.kind) ?? 0);
  return [...events].sort(
    (a, b) => a.day.localeCompare(b.day) || rank(a) - rank(b) || (a.time ?? '').localeCompare(b.time ?? ''),
  );
}

/** An event that goes on for days, as an admission does, is on each of its days. */
export function isOn(event: TimelineEvent, day: Day): boolean {
  return event.day === day || (event.end != null && event.day <= day && day <= event.end);
}

export function touching(events: readonly TimelineEvent[], month: Month): TimelineEvent[] {
  const from = `${month}-01`;
  const to = lastDay(month);
  return events.filter((e) => e.day <= to && (e.end ?? e.day) >= from);
}

/** The month's days that have events, each with its events in the given order. */
export function byDay(events: readonly TimelineEvent[], month: Month): Map<Day, TimelineEvent[]> {
  const days = new Map<Day, TimelineEvent[]>();
  const from = `${month}-01`;
  const to = lastDay(month);
  for (const event of events) {
    const start = event.day < from ? from : event.day;
    const wantedEnd = event.end != null && event.end > event.day ? event.end : event.day;
    const end = wantedEnd > to ? to : wantedEnd;
    for (let day = start; day <= end; day = addDays(day, 1)) {
      const there = days.get(day);
      if (there) there.push(event);
      else days.set(day, [event]);
    }
  }
  return days;
}

/** One sign in a day cell: the events of one kind at one institution. */
export interface Sign {
  kind: Kind;
  institution: string;
  events: [TimelineEvent, ...TimelineEvent[]];
}

export function signsOf(events: readonly TimelineEvent[]): Sign[] {
  const signs = new Map<string, Sign>();
  for (const event of events) {
    const key = `${event.institution} ${event.kind}`;
    const sign = signs.get(key);
    if (sign) sign.events.push(event);
    else signs.set(key, { kind: event.kind, institution: event.institution, events: [event] });
  }
  return [...signs.values()];
}

export function perMonth(events: readonly TimelineEvent[], year: number): number[] {
  const counts = Array.from({ length: 12 }, () => 0);
  const start = String(year).padStart(4, '0');
  for (const event of events) {
    if (!event.day.startsWith(start)) continue;
    const at = Number(event.day.slice(5, 7)) - 1;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** The month to land on in a year: its last one with something to see, else `otherwise`. */
export function lastBusyMonth(events: readonly TimelineEvent[], year: number, otherwise: Month): Month {
  const at = perMonth(events, year).findLastIndex((count) => count > 0);
  return at < 0 ? otherwise : `${String(year).padStart(4, '0')}-${String(at + 1).padStart(2, '0')}`;
}

export function kindsIn(years: readonly YearCount[]): Kind[] {
  return kinds.filter((kind) => years.some((y) => (y.counts[kind] ?? 0) > 0));
}

export function countOf(year: YearCount, wantedKinds: readonly string[]): number {
  return Object.entries(year.counts).reduce((sum, [kind, n]) => sum + (wants(wantedKinds, kind) ? n : 0), 0);
}

/** From the first year that has something to the last, the empty ones between included. */
export function yearSpan(years: readonly YearCount[]): number[] {
  if (years.length === 0) return [];
  const all = years.map((y) => y.year);
  const first = Math.min(...all);
  return Array.from({ length: Math.max(...all) - first + 1 }, (_, i) => first + i);
}

/** 0 for nothing, else 1 to 4 by quarters of the largest count on a root scale. */
export function level(count: number, most: number): number {
  if (count <= 0 || most <= 0) return 0;
  return Math.min(4, Math.max(1, Math.ceil(4 * Math.sqrt(count / most))));
}
