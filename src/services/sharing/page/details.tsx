// SPDX-License-Identifier: Apache-2.0
// The right side: the day that was chosen, what happened on it, and the one event in full with
// its date and author.
import { Fragment, useEffect, useRef } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import {
  address,
  type Day,
  type DrugRow,
  type Duplicate,
  type EventDetail,
  type Kind,
  type Overview,
  type ResultRow,
  type TimelineEvent,
} from './contract';
import { ageOn, isDay } from './days';
import { KindIcon, Sign } from './icons';
import { InstitutionName } from './institution';
import { titleOf } from './monthlist';
import { TrendCard } from './trend';
import { Unbroken } from './unbroken';
import { ageText, dayText, dayWithWeekday, sharingWords, shortDay } from './words';

function DuplicateNote({ of, text }: { of: Duplicate; text: string }) {
  return (
    <span className="duplicate">
      <strong>{text}</strong>
      <InstitutionName id={of.institution} />
      <span>{shortDay(of.day)}</span>
    </span>
  );
}

function range(row: Pick<ResultRow, 'low' | 'high'>): string {
  if (row.low == null && row.high == null) return '';
  if (row.low == null) return `≤ ${row.high}`;
  return row.high == null ? `≥ ${row.low}` : `${row.low}–${row.high}`;
}

/** High and low are told by an arrow and a word; the colour is the third sign, never the only one. */
function Flag({ flag }: { flag: string }) {
  const words = useWords(sharingWords);
  const arrow = flag.startsWith('H') ? '▲' : flag.startsWith('L') ? '▼' : '●';
  const side = flag.startsWith('H') ? 'high' : flag.startsWith('L') ? 'low' : 'other';
  return (
    <span className={`flag flag-${side}`}>
      <span aria-hidden="true">{arrow}</span> {words.flags[flag] ?? flag}
    </span>
  );
}

interface Trends {
  open: readonly string[];
  toggle: (code: string) => void;
}

function DuplicateRow({ of, text, columns }: { of: Duplicate; text: string; columns: number }) {
  return (
    <tr className="duplicate-row">
      <td colSpan={columns}>
        <DuplicateNote of={of} text={text} />
      </td>
    </tr>
  );
}

function Results({ rows, trends }: { rows: readonly ResultRow[]; trends: Trends }) {
  const words = useWords(sharingWords);
  return (
    <table className="results">
      <thead>
        <tr>
          <th scope="col">{words.results.name}</th>
          <th scope="col" className="value-cell">
            {words.results.value}
          </th>
          <th scope="col">{words.results.range}</th>
          <th scope="col" className="trend-cell">
            {words.results.trend}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => {
          const flag = row.flag != null && row.flag !== '' && row.flag !== 'N' ? row.flag : null;
          const code = row.trend === true && row.code != null ? row.code : null;
          return (
            <Fragment key={i}>
              <tr className={flag === null ? '' : 'flagged'}>
                <th scope="row">{row.name}</th>
                <td className="value-cell">
                  <span className="value">{row.value}</span>
                  {row.unit != null && <span className="unit"> {row.unit}</span>}
                  {flag !== null && <Flag flag={flag} />}
                </td>
                <td className="range">{range(row)}</td>
                <td className="trend-cell">
                  {code !== null && (
                    <button
                      type="button"
                      className="button small"
                      aria-pressed={trends.open.includes(code)}
                      aria-label={words.showTrend(row.name)}
                      title={words.showTrend(row.name)}
                      onClick={() => trends.toggle(code)}
                    >
                      <Sign name="chart" />
                    </button>
                  )}
                </td>
              </tr>
              {row.duplicate != null && <DuplicateRow of={row.duplicate} text={words.duplicateTest} columns={4} />}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function Drugs({ drugs }: { drugs: readonly DrugRow[] }) {
  const words = useWords(sharingWords);
  return (
    <table className="drugs">
      <thead>
        <tr>
          <th scope="col">{words.drugs.name}</th>
          <th scope="col">{words.drugs.dose}</th>
          <th scope="col" className="value-cell">
            {words.drugs.days}
          </th>
        </tr>
      </thead>
      <tbody>
        {drugs.map((drug, i) => (
          <Fragment key={i}>
            <tr>
              <th scope="row">
                <Unbroken text={drug.name} />
              </th>
              <td>
                {drug.dose != null && (
                  <span className="dose">
                    <Unbroken text={drug.dose} />
                  </span>
                )}
                {drug.usage != null && <span className="usage">{drug.usage}</span>}
              </td>
              <td className="value-cell">{drug.days != null && drug.days > 0 && words.forDays(drug.days)}</td>
            </tr>
            {drug.duplicate != null && <DuplicateRow of={drug.duplicate} text={words.duplicateDrug} columns={3} />}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

/** A note says who wrote it, or that nobody knows; a measurement need not have an author. */
function signed(detail: EventDetail, unknown: string): string {
  if (detail.author != null && detail.author !== '') return ` by ${detail.author}`;
  return detail.kind === 'note' ? ` ${unknown}` : '';
}

function Content({ detail, trends, person }: { detail: EventDetail; trends: Trends; person: string }) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const { sections = [], rows = [], drugs = [], records = [] } = detail;
  const none = sections.length === 0 && rows.length === 0 && drugs.length === 0;
  return (
    <article className="content" aria-labelledby="content-title">
      <h3 id="content-title" className={`content-title kind-${detail.kind}`}>
        <KindIcon kind={detail.kind} />
        {titleOf(detail, words)}
      </h3>
      <p className="signature">
        <InstitutionName id={detail.institution} />
        <span>
          {detail.day !== undefined && shortDay(detail.day)}
          {detail.end != null && detail.day !== undefined && detail.end > detail.day && ` – ${shortDay(detail.end)}`}
          {detail.time != null && ` ${detail.time}`}
          {signed(detail, words.noAuthor)}
        </span>
      </p>
      {trends.open.map((code) => (
        <TrendCard key={code} person={person} code={code} close={() => trends.toggle(code)} />
      ))}
      {none && <p className="none">{words.noContent}</p>}
      {sections.map((section, i) => (
        <section key={i} className="note-section">
          {section.title !== '' && <h4>{section.title}</h4>}
          <p className="note-text" lang={language === 'ja' ? undefined : 'ja'}>
            {section.text}
          </p>
        </section>
      ))}
      {rows.length > 0 && <Results rows={rows} trends={trends} />}
      {drugs.length > 0 && <Drugs drugs={drugs} />}
      {records.length > 0 && <p className="records">{words.records(records.length)}</p>}
    </article>
  );
}

export interface DetailsProps {
  person: Overview;
  day: Day | null;
  /** The day's events that the filter keeps, in order. */
  events: readonly TimelineEvent[];
  opened: string | null;
  trends: Trends;
  /** The day's events are known, so that an empty list means that there are none. */
  certain: boolean;
  filtered: boolean;
  /** Counts up whenever the reader is to be led here. */
  lead: number;
  open: (event: string) => void;
  /** Escape: back to the calendar. */
  back: () => void;
  close: () => void;
}

/** Kinds whose summary is the name of the thing, short enough to choose by. */
const named = new Set<Kind>(['procedure', 'document', 'image', 'condition', 'immunization', 'admission', 'visit']);

function DayEvents({ events, opened, open }: Pick<DetailsProps, 'events' | 'opened' | 'open'>) {
  const words = useWords(sharingWords);
  return (
    <ul className="day-events">
      {events.map((event) => (
        <li key={event.id}>
          <button
            type="button"
            className={`day-event kind-${event.kind}`}
            aria-pressed={event.id === opened}
            onClick={() => open(event.id)}
          >
            <KindIcon kind={event.kind} />
            <span className="day-event-title">
              {titleOf(event, words)}
              {named.has(event.kind) && event.summary && event.summary !== event.title && (
                <span className="day-event-what">{event.summary}</span>
              )}
            </span>
            <InstitutionName id={event.institution} />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function Details(props: DetailsProps) {
  const { person, day, events, opened, trends, certain, filtered, lead, open, back, close } = props;
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const heading = useRef<HTMLHeadingElement>(null);
  const detail = useAnswer<EventDetail>(opened === null ? null : address.detail(person.person, opened));
  useEffect(() => {
    if (lead > 0) heading.current?.focus();
  }, [lead]);
  const age = day !== null && isDay(person.birthDate) ? ageOn(person.birthDate, day) : null;
  return (
    <aside
      className={`details${day === null ? ' details-empty' : ''}`}
      aria-label={words.details}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        back();
      }}
    >
      {day === null ? (
        <p className="pick-one">{words.pickOne}</p>
      ) : (
        <>
          <p className="details-person" aria-hidden="true">
            {person.name}
          </p>
          <div className="details-head">
            <h2 ref={heading} tabIndex={-1}>
              {dayWithWeekday(day, language)}
              {age !== null && <span className="age-then">{words.ageThen(ageText(age, language))}</span>}
            </h2>
            <button
              type="button"
              className="button small close"
              onClick={close}
              aria-label={words.close}
              title={words.close}
            >
              <Sign name="close" />
            </button>
          </div>
          {certain && events.length === 0 && opened === null && (
            <p className="none">{filtered ? words.noneMatchingDay : words.noneThisDay}</p>
          )}
          {events.length > 1 && <DayEvents events={events} opened={opened} open={open} />}
          {detail.waiting && <Loading />}
          {detail.fault && <Failure fault={detail.fault} again={detail.again} />}
          {detail.value && <Content detail={detail.value} trends={trends} person={person.person} />}
          {opened === null &&
            trends.open.map((code) => (
              <TrendCard key={code} person={person.person} code={code} close={() => trends.toggle(code)} />
            ))}
          <p className="visually-hidden" role="status">
            {detail.value && `${titleOf(detail.value, words)} ${dayText(day, language)}`}
          </p>
        </>
      )}
    </aside>
  );
}
