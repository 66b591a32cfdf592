// SPDX-License-Identifier: Apache-2.0
// The month's events as a table in the order of days: quicker to read than the grid on a small
// screen, and what is printed below it.
import { useEffect, useState, type MouseEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import type { Day, Month, TimelineEvent } from './contract';
import { KindIcon } from './icons';
import { InstitutionName } from './institution';
import { Unbroken } from './unbroken';
import { monthText, sharingWords, shortDay, weekdayText, type SharingWords } from './words';

/** Rows drawn at once; a month in intensive care can have thousands. */
const step = 150;

/** The node's title repeats the kind's Japanese name where it has nothing better to say. */
export function titleOf(event: Pick<TimelineEvent, 'kind' | 'title'>, words: SharingWords): string {
  const plain = !event.title || event.title === sharingWords.ja.kinds[event.kind];
  return plain ? (words.kinds[event.kind] ?? event.kind) : event.title;
}

export interface MonthListProps {
  month: Month;
  /** Those that touch the month, in order. */
  events: readonly TimelineEvent[];
  filtered: boolean;
  opened: string | null;
  open: (day: Day, event: string, focus: boolean) => void;
}

function Row({
  event,
  first,
  opened,
  open,
}: { event: TimelineEvent; first: boolean; opened: boolean } & Pick<MonthListProps, 'open'>) {
  const words = useWords(sharingWords);
  const kind = words.kinds[event.kind] ?? event.kind;
  const title = titleOf(event, words);
  const click = (e: MouseEvent) => open(event.day, event.id, e.detail === 0);
  return (
    <tr className={`${first ? 'first-of-day' : ''}${opened ? ' row-opened' : ''}`}>
      <th scope="row" className="list-day">
        <span className={first ? '' : 'repeated'}>
          {shortDay(event.day).slice(5)}
          <span className={`list-weekday weekday-${weekdayText(event.day, sharingWords.ja)}`}>
            （{weekdayText(event.day, words)}）
          </span>
        </span>
        {event.time !== null && <span className="list-time">{event.time}</span>}
      </th>
      <td className="list-institution">
        <InstitutionName id={event.institution} />
      </td>
      <td className="list-kind">
        <button type="button" className={`list-open kind-${event.kind}`} aria-pressed={opened} onClick={click}>
          <KindIcon kind={event.kind} />
          {kind}
        </button>
      </td>
      <td className="list-content">
        {title !== kind && <span className="list-title">{title}</span>}
        {event.end != null && event.end > event.day && (
          <span className="list-title">{words.period(shortDay(event.day), shortDay(event.end))}</span>
        )}
        {event.summary && event.summary !== event.title && (
          <span className="list-summary">
            <Unbroken text={event.summary} />
          </span>
        )}
      </td>
    </tr>
  );
}

export function MonthList({ month, events, filtered, opened, open }: MonthListProps) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const [shown, setShown] = useState(step);
  useEffect(() => setShown(step), [month]);
  const rows = events.slice(0, shown);
  return (
    <section className="month-list" aria-labelledby="month-list-title">
      <h2 id="month-list-title">{words.monthList(monthText(month, language))}</h2>
      {events.length === 0 ? (
        <p className="none">{filtered ? words.noneMatching : words.noneThisMonth}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.listColumns.day}</th>
              <th scope="col">{words.listColumns.institution}</th>
              <th scope="col">{words.listColumns.kind}</th>
              <th scope="col">{words.listColumns.content}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((event, i) => (
              <Row
                key={event.id}
                event={event}
                first={rows[i - 1]?.day !== event.day}
                opened={event.id === opened}
                open={open}
              />
            ))}
          </tbody>
        </table>
      )}
      {events.length > shown && (
        <button type="button" className="button" onClick={() => setShown((n) => n + step)}>
          {words.showMore(events.length - shown)}
        </button>
      )}
    </section>
  );
}
