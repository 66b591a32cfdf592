// SPDX-License-Identifier: Apache-2.0
// One month as a grid of days (the ARIA grid pattern). One cell at a time takes Tab; arrow keys
// walk the days and leave the month at its edges.
import { useEffect, useRef, type KeyboardEvent, type MouseEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import type { Day, Month, TimelineEvent } from './contract';
import { addDays, addMonths, lastDay, monthOf, sameDate, weekday, weeksOf } from './days';
import { signsOf, type Sign as DaySign } from './gather';
import { KindIcon } from './icons';
import { Mark, useInstitutions } from './institution';
import { dayText, dayWithWeekday, monthText, sharingWords } from './words';

/** More signs than this in a day are counted, not drawn: the details list them all. */
const most = 6;

export interface CalendarProps {
  month: Month;
  days: ReadonlyMap<Day, TimelineEvent[]>;
  /** The day that takes Tab. */
  current: Day;
  opened: { day: Day | null; event: string | null };
  busy: boolean;
  walk: (day: Day) => void;
  /** `focus` tells that the reader works without a mouse and should be led to the details. */
  open: (day: Day, event: string | null, focus: boolean) => void;
}

function stayClass(event: TimelineEvent, day: Day): string {
  if (event.end == null || event.end <= event.day) return '';
  const from = event.day === day || weekday(day) === 0;
  const to = event.end === day || weekday(day) === 6 || day === lastDay(monthOf(day));
  return ` stay${from ? ' stay-from' : ''}${to ? ' stay-to' : ''}`;
}

interface SignProps {
  sign: DaySign;
  day: Day;
  opened: boolean;
  open: (event: MouseEvent, id: string) => void;
}

function SignButton({ sign, day, opened, open }: SignProps) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const institution = useInstitutions()(sign.institution);
  const [first] = sign.events;
  const many = sign.events.length;
  const kind = words.kinds[sign.kind] ?? sign.kind;
  const going = first.day !== day;
  const until = first.end != null && first.end > day ? words.until(dayText(first.end, language)) : '';
  const content = many > 1 ? words.count(many) : (first.summary ?? '');
  const more = [until, institution.name, content].filter(Boolean).join(' ');
  const label = `${kind} ${more}`;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={`day-sign kind-${sign.kind}${many === 1 ? stayClass(first, day) : ''}${going ? ' going' : ''}`}
      aria-pressed={opened}
      title={label}
      onClick={(event) => open(event, first.id)}
    >
      <Mark of={institution} />
      <KindIcon kind={sign.kind} />
      <span className="day-sign-text">{kind}</span>
      {many > 1 && (
        <span className="times" aria-hidden="true">
          ×{many}
        </span>
      )}
      <span className="visually-hidden"> {more}</span>
    </button>
  );
}

interface CellProps extends Pick<CalendarProps, 'month' | 'current' | 'opened' | 'walk' | 'open'> {
  day: Day;
  events: TimelineEvent[];
}

function Cell({ day, month, events, current, opened, walk, open }: CellProps) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  if (monthOf(day) !== month) {
    return (
      <td role="gridcell" className="day outside" aria-disabled="true">
        <span className="day-number" aria-hidden="true">
          {Number(day.slice(8))}
        </span>
      </td>
    );
  }
  const signs = signsOf(events);
  const drawn = signs.length > most ? most - 1 : signs.length;
  const said = `${dayWithWeekday(day, language)} ${events.length === 0 ? words.nothing : words.count(events.length)}`;
  const openSign = (click: MouseEvent, id: string) => {
    click.stopPropagation();
    open(day, id, click.detail === 0);
  };
  return (
    <td
      role="gridcell"
      className={`day weekday-${weekday(day)}${events.length > 0 ? ' has-events' : ''}`}
      data-day={day}
      tabIndex={day === current ? 0 : -1}
      aria-selected={opened.day === day}
      onFocus={(event) => event.target === event.currentTarget && walk(day)}
      onClick={() => open(day, null, false)}
    >
      <span className="day-number" aria-hidden="true">
        {Number(day.slice(8))}
      </span>
      <span className="visually-hidden">{said} </span>
      {signs.length > 0 && (
        <span className="day-signs">
          {signs.slice(0, drawn).map((sign) => (
            <SignButton
              key={`${sign.institution} ${sign.kind}`}
              sign={sign}
              day={day}
              opened={sign.events.some((one) => one.id === opened.event) && opened.day === day}
              open={openSign}
            />
          ))}
          {signs.length > drawn && <span className="others">{words.others(signs.length - drawn)}</span>}
        </span>
      )}
    </td>
  );
}

/** Where a key leads from a day; null for keys that the grid does not know. */
export function dayAfterKey(key: string, shift: boolean, day: Day): Day | null {
  const byMonths = (months: number) => sameDate(day, addMonths(monthOf(day), months));
  switch (key) {
    case 'ArrowLeft':
      return addDays(day, -1);
    case 'ArrowRight':
      return addDays(day, 1);
    case 'ArrowUp':
      return addDays(day, -7);
    case 'ArrowDown':
      return addDays(day, 7);
    case 'Home':
      return addDays(day, -weekday(day));
    case 'End':
      return addDays(day, 6 - weekday(day));
    case 'PageUp':
      return byMonths(shift ? -12 : -1);
    case 'PageDown':
      return byMonths(shift ? 12 : 1);
    default:
      return null;
  }
}

export function Calendar(props: CalendarProps) {
  const { month, days, current, opened, busy, walk, open } = props;
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const table = useRef<HTMLTableElement>(null);
  const follow = useRef(false);

  useEffect(() => {
    if (!follow.current) return;
    follow.current = false;
    table.current?.querySelector<HTMLElement>(`[data-day="${current}"]`)?.focus();
  }, [current, month]);

  const key = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target instanceof HTMLButtonElement) return;
    const next = dayAfterKey(event.key, event.shiftKey, current);
    if (next !== null) {
      event.preventDefault();
      follow.current = true;
      walk(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      open(current, null, true);
    }
  };

  return (
    <>
      <table
        ref={table}
        id="calendar-grid"
        className="month-grid"
        role="grid"
        aria-label={monthText(month, language)}
        aria-describedby="grid-hint"
        aria-busy={busy}
        onKeyDown={key}
      >
        <thead>
          <tr>
            {words.weekdays.map((name, i) => (
              <th key={name} scope="col" className={`weekday-${i}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(month).map((week) => (
            <tr key={week[0]}>
              {week.map((day) => (
                <Cell
                  key={day}
                  day={day}
                  month={month}
                  events={days.get(day) ?? []}
                  current={current}
                  opened={opened}
                  walk={walk}
                  open={open}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hint" id="grid-hint">
        {words.gridHint}
      </p>
    </>
  );
}
