// SPDX-License-Identifier: Apache-2.0
// The start page: people whom the reader may look at, found by name.
import { useEffect, useState } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { ask, Fault, useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import { address, type PersonRow, type Persons as Page } from './contract';
import { isDay } from './days';
import { dayText, eraText, sharingWords } from './words';

/** `value` once it has not changed for a moment, so that typing asks once and not per letter. */
function useSettled(value: string, wait_ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait_ms);
    return () => clearTimeout(timer);
  }, [value, wait_ms]);
  return settled;
}

/** The pages after the first, asked for one by one. */
function useMore(name: string, first: Page | undefined) {
  const [more, setMore] = useState<{ name: string; rows: PersonRow[]; next: string } | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const own = more !== null && more.name === name ? more : null;
  const next = own === null ? (first?.next ?? '') : own.next;
  const load = () => {
    setFault(null);
    ask<Page>(address.persons(name, next)).then(
      (page) => setMore({ name, rows: [...(own?.rows ?? []), ...page.persons], next: page.next ?? '' }),
      (error: unknown) => setFault(error instanceof Fault ? error : new Fault(0, '')),
    );
  };
  return { rows: [...(first?.persons ?? []), ...(own?.rows ?? [])], next, load, fault };
}

function Row({ row }: { row: PersonRow }) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  return (
    <tr>
      <th scope="row">
        <a className="person-link" href={`#/person/${encodeURIComponent(row.person)}`}>
          <span>{row.name === '' ? words.noName : row.name}</span>
          <span className="kana">{row.kana}</span>
        </a>
      </th>
      <td>{words.genders[row.gender] ?? words.genders['unknown']}</td>
      <td className="numbers">
        {row.birthDate ? dayText(row.birthDate, language) : words.unknown}
        {isDay(row.birthDate) && language === 'ja' && <span className="era">（{eraText(row.birthDate)}）</span>}
      </td>
      <td className="numbers count-cell">{row.institutions}</td>
    </tr>
  );
}

export function Persons() {
  const words = useWords(sharingWords);
  const [typed, setTyped] = useState('');
  const name = useSettled(typed.trim(), 250);
  const answer = useAnswer<Page>(address.persons(name, ''));
  const { rows, next, load, fault } = useMore(name, answer.value);
  useEffect(() => {
    document.title = `${words.people} – Kumihimo`;
  }, [words]);
  return (
    <div className="persons">
      <h1>{words.people}</h1>
      <form role="search" className="search" onSubmit={(e) => e.preventDefault()}>
        <label htmlFor="name">{words.searchLabel}</label>
        <input
          id="name"
          type="search"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
          aria-describedby="name-hint"
        />
        <span id="name-hint" className="hint">
          {words.searchHint}
        </span>
      </form>
      <p className="found" role="status">
        {answer.value && (rows.length === 0 ? words.nobody : words.found(rows.length, next !== ''))}
      </p>
      {answer.fault && <Failure fault={answer.fault} again={answer.again} />}
      {answer.waiting && <Loading />}
      {rows.length > 0 && (
        <table className="person-table">
          <thead>
            <tr>
              <th scope="col">{words.columns.name}</th>
              <th scope="col">{words.columns.gender}</th>
              <th scope="col">{words.columns.born}</th>
              <th scope="col" className="count-cell">
                {words.columns.institutions}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.person} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {fault && <Failure fault={fault} again={load} />}
      {next !== '' && !fault && (
        <button type="button" className="button" onClick={load}>
          {words.more}
        </button>
      )}
    </div>
  );
}
