// SPDX-License-Identifier: Apache-2.0
// A person's timeline: header, overview of years, one month as a calendar, its list, and the
// details at the right. Everything chosen stands in the address, so that back, reload and a
// printed link work; the address names nobody.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import { goTo } from '@shell/route';
import { Calendar } from './calendar';
import { address, type Day, type Month, type Overview, type TimelineEvent } from './contract';
import { addDays, isDay, isMonth, monthOf, sameDate, yearOf } from './days';
import { Details } from './details';
import { Filters } from './filters';
import { byDay, inOrder, isKind, keep, kindsIn, lastBusyMonth, perMonth, touching, type Wanted } from './gather';
import { Header } from './header';
import { InstitutionsProvider, useInstitutions } from './institution';
import { MonthBar } from './monthbar';
import { MonthList } from './monthlist';
import { YearOverview } from './overview';
import { birthText, monthText, sharingWords, shortDay } from './words';

/** Charts side by side in a narrow pane; more would hide the result they belong to. */
const mostTrends = 3;

function today(): Day {
  return addDays('1970-01-01', Math.floor((Date.now() + 9 * 3_600_000) / 86_400_000));
}

function listed(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(' ');
}

interface Choices {
  /** Given, or null when only a year was jumped to: its events then tell the month. */
  month: Month | null;
  year: number;
  /** The institution from whose row the year was jumped to. */
  near: string;
  day: Day | null;
  event: string | null;
  on: string;
  wanted: Wanted;
  trends: string[];
}

function readChoices(query: Record<string, string>, person: Overview): Choices {
  const on = isDay(query['on']) ? query['on'] : '';
  const day = isDay(query['day']) ? query['day'] : null;
  const jumped = isMonth(`${query['year']}-01`) && !isMonth(query['month']);
  const landing = day ?? (isDay(person.last) ? person.last : null) ?? (on === '' ? today() : on);
  const month = isMonth(query['month']) ? query['month'] : jumped ? null : monthOf(landing);
  const known = new Set(person.institutions.map((one) => one.id));
  return {
    month,
    year: month === null ? Number(query['year']) : yearOf(month),
    near: query['near'] ?? '',
    day,
    event: query['event'] ?? null,
    on,
    wanted: {
      kinds: listed(query['kinds']).filter(isKind),
      institutions: listed(query['institutions']).filter((id) => known.has(id)),
    },
    trends: listed(query['trend']).slice(0, mostTrends),
  };
}

function useYear(person: string, year: number) {
  const text = String(year).padStart(4, '0');
  return useAnswer<{ events: TimelineEvent[] }>(address.events(person, `${text}-01-01`, `${text}-12-31`));
}

function isNarrowed(wanted: Wanted): boolean {
  return wanted.kinds.length > 0 || wanted.institutions.length > 0;
}

/** What the shown month holds, from the events of its year and what the reader wants to see. */
function useShown(person: Overview, choices: Choices) {
  const { wanted, year, near } = choices;
  const answer = useYear(person.person, year);
  const order = useMemo(() => person.institutions.map((one) => one.id), [person]);
  const kept = useMemo(() => inOrder(keep(answer.value?.events ?? [], wanted), order), [answer.value, wanted, order]);
  const month = useMemo(() => {
    if (choices.month !== null) return choices.month;
    const own = kept.filter((one) => near === '' || one.institution === near);
    return lastBusyMonth(own, year, `${String(year).padStart(4, '0')}-01`);
  }, [choices.month, kept, near, year]);
  const days = useMemo(() => byDay(kept, month), [kept, month]);
  const inMonth = useMemo(() => touching(kept, month), [kept, month]);
  const { day } = choices;
  const dayEvents = useMemo(() => (day === null ? [] : (byDay(kept, monthOf(day)).get(day) ?? [])), [kept, day]);
  return { answer, kept, month, days, inMonth, dayEvents };
}

/** The address changes; what follows from another choice (a jump's year) goes with it. */
function useChoose(person: string, query: Record<string, string>) {
  return (change: Record<string, string>, step: 'push' | 'replace') =>
    goTo({ path: `/person/${encodeURIComponent(person)}`, query: { ...query, year: '', near: '', ...change } }, step);
}

function focusDay(day: Day): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-day="${day}"]`)?.focus());
}

/** Stands at the head of every printed sheet, so that none can be taken for another person's. */
function PrintStrip({ person, wanted, month }: { person: Overview; wanted: Wanted; month: Month }) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const institution = useInstitutions();
  const parts = [
    person.birthDate ? birthText(person.birthDate, language) : '',
    monthText(month, language),
    wanted.institutions.map((id) => institution(id).name).join(', '),
    wanted.kinds.map((kind) => (isKind(kind) ? words.kinds[kind] : kind)).join(', '),
    words.printed(shortDay(today())),
  ];
  return (
    <div className="print-strip" aria-hidden="true">
      <strong>{person.name === '' ? words.noName : person.name}</strong>
      {` ${parts.filter(Boolean).join(' / ')}`}
    </div>
  );
}

/** What the reader did so far and can do next. Each step is one change of the address. */
function useSteps(person: Overview, query: Record<string, string>, narrow: boolean) {
  const choices = useMemo(() => readChoices(query, person), [query, person]);
  const shown = useShown(person, choices);
  const { month, days, dayEvents } = shown;
  const { trends, day: openedDay } = choices;
  const choose = useChoose(person.person, query);
  const [walked, setWalked] = useState<Day | null>(null);
  const [lead, setLead] = useState(0);

  const inShown = (day: Day | null): Day | null => (day !== null && monthOf(day) === month ? day : null);
  const current = inShown(walked) ?? inShown(openedDay) ?? [...days.keys()].sort()[0] ?? `${month}-01`;
  const opened = openedDay === null ? null : (choices.event ?? dayEvents[0]?.id ?? null);

  const backToDay = () => focusDay(inShown(openedDay) ?? current);
  const close = () => {
    choose({ month, day: '', event: '', trend: '' }, 'push');
    backToDay();
  };
  return {
    ...choices,
    ...shown,
    current,
    opened,
    openedDay,
    lead,
    close,
    back: narrow ? close : backToDay,
    jump: (to: number, near: string) => choose({ month: '', year: String(to).padStart(4, '0'), near }, 'push'),
    showMonth: (next: Month) => {
      setWalked(walked === null ? null : sameDate(walked, next));
      choose({ month: next }, 'push');
    },
    walk: (day: Day) => {
      setWalked(day);
      if (monthOf(day) !== month) choose({ month: monthOf(day) }, 'replace');
    },
    open: (day: Day, event: string | null, byKey: boolean) => {
      setWalked(day);
      choose({ month, day, event: event ?? days.get(day)?.[0]?.id ?? '' }, 'push');
      // A narrow screen covers the calendar with the details, so everybody is led there.
      if (byKey || narrow) setLead((n) => n + 1);
    },
    openEvent: (event: string) => choose({ month, event }, 'replace'),
    filter: (next: Wanted) =>
      choose({ month, kinds: next.kinds.join(' '), institutions: next.institutions.join(' ') }, 'push'),
    toggleTrend: (code: string) => {
      const left = trends.filter((one) => one !== code);
      const next = left.length < trends.length ? left : [code, ...trends].slice(0, mostTrends);
      choose({ month, trend: next.join(' ') }, 'replace');
    },
  };
}

type Steps = ReturnType<typeof useSteps>;

function MonthShown({ steps }: { steps: Steps }) {
  const words = useWords(sharingWords);
  const { answer, month, wanted, opened } = steps;
  return (
    <>
      <section className="calendar" aria-label={words.calendar}>
        <MonthBar
          month={month}
          counts={answer.value ? perMonth(steps.kept, steps.year) : null}
          show={steps.showMonth}
        />
        {answer.fault && <Failure fault={answer.fault} again={answer.again} />}
        {answer.waiting && <Loading />}
        {!answer.fault && (
          <Calendar
            month={month}
            days={steps.days}
            current={steps.current}
            opened={{ day: steps.openedDay, event: opened }}
            busy={answer.waiting}
            walk={steps.walk}
            open={steps.open}
          />
        )}
      </section>
      {answer.value && (
        <MonthList
          month={month}
          events={steps.inMonth}
          filtered={isNarrowed(wanted)}
          opened={opened}
          open={steps.open}
        />
      )}
    </>
  );
}

function Timeline({ person, query }: { person: Overview; query: Record<string, string> }) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  const narrow = useNarrow();
  const steps = useSteps(person, query, narrow);
  const { answer, month, wanted, year, openedDay } = steps;
  const behind = narrow && openedDay !== null;
  const viewed = person.institutions.filter((one) => wanted.institutions.includes(one.id));
  return (
    <div className={`timeline${openedDay === null ? '' : ' with-details'}`}>
      <PrintStrip person={person} wanted={wanted} month={month} />
      <div className="timeline-head" inert={behind}>
        <Header person={person} on={steps.on} viewed={viewed} />
      </div>
      <div className="timeline-main" inert={behind}>
        {person.years.length === 0 && <p className="none">{words.noRecords}</p>}
        <YearOverview
          years={person.years}
          institutions={person.institutions}
          wanted={wanted}
          year={year}
          jump={steps.jump}
        />
        <Filters
          kinds={kindsIn(person.years)}
          institutions={person.institutions}
          wanted={wanted}
          choose={steps.filter}
        />
        <MonthShown steps={steps} />
      </div>
      <Details
        person={person}
        day={openedDay}
        events={steps.dayEvents}
        opened={steps.opened}
        trends={{ open: steps.trends, toggle: steps.toggleTrend }}
        certain={answer.value !== undefined && openedDay !== null && yearOf(openedDay) === year}
        filtered={isNarrowed(wanted)}
        lead={steps.lead}
        open={steps.openEvent}
        back={steps.back}
        close={steps.close}
      />
      <p className="visually-hidden" role="status">
        {answer.value && `${monthText(month, language)} ${words.count(steps.inMonth.length)}`}
      </p>
    </div>
  );
}

/** True where the details cover the calendar instead of standing beside it; as in page.css. */
const narrowScreen = window.matchMedia('screen and (max-width: 899px)');

function useNarrow(): boolean {
  return useSyncExternalStore(
    (told) => {
      narrowScreen.addEventListener('change', told);
      return () => narrowScreen.removeEventListener('change', told);
    },
    () => narrowScreen.matches,
  );
}

export function TimelinePage({ parts, query }: PageProps) {
  const words = useWords(sharingWords);
  const on = isDay(query['on']) ? query['on'] : '';
  const answer = useAnswer<Overview>(address.overview(parts['person'] ?? '', on));
  useEffect(() => {
    // No name in the title: it goes to the browser's history.
    document.title = `${words.person} – Kumihimo`;
  }, [words]);
  if (answer.fault) return <Failure fault={answer.fault} again={answer.again} />;
  if (!answer.value) return <Loading />;
  return (
    <InstitutionsProvider list={answer.value.institutions}>
      <Timeline person={answer.value} query={query} />
    </InstitutionsProvider>
  );
}
