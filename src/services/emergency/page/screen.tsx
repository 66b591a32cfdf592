// SPDX-License-Identifier: Apache-2.0
// The one screen for who cannot be asked. What must not be given comes first; an empty section
// says that nothing is recorded, never that there is nothing.
import { useEffect, useRef } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import type { Item, Row, Screen, Section } from './contract';
import { Glass, Refused } from './glass';
import { emergencyWords, timeText } from './words';

/** These stand above the fold, whether anything is recorded or not. */
const first = ['allergies', 'directives', 'blood', 'medicines', 'problems', 'contacts'];

function Line({ row }: { row: Row }) {
  const words = useWords(emergencyWords);
  return (
    <li className={row.grave ? 'em-line em-grave' : 'em-line'}>
      <strong>{row.text}</strong>
      {row.grave && row.type === 'AllergyIntolerance' && <span className="em-mark em-mark-grave">{words.grave}</span>}
      {row.detail !== '' && <span className="em-detail">{row.detail}</span>}
      {row.phone !== undefined && (
        <a className="em-phone" href={`tel:${row.phone}`}>
          {row.phone}
        </a>
      )}
      <span className="em-soft">
        {row.day ?? ''} {row.institution}
      </span>
    </li>
  );
}

function Part({ section }: { section: Section }) {
  const words = useWords(emergencyWords);
  const title = words.sections[section.id] ?? section.id;
  if (section.rows.length === 0 && !first.includes(section.id)) return null;
  return (
    <section className={`em-part em-part-${section.id}`} aria-labelledby={`em-${section.id}`}>
      <h2 id={`em-${section.id}`}>{title}</h2>
      {section.rows.length === 0 ? (
        <p className="em-none">{words.none[section.id] ?? words.notRecorded}</p>
      ) : (
        <ul>
          {section.rows.map((row, i) => (
            <Line key={i} row={row} />
          ))}
        </ul>
      )}
      {section.records > section.rows.length && section.rows.length > 0 && section.id !== 'contacts' && (
        <p className="em-soft">{words.found(section.records)}</p>
      )}
    </section>
  );
}

function Items({ items }: { items: Item[] }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  return (
    <details className="em-items">
      <summary>{words.items}</summary>
      <p>{words.itemsText}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.itemColumns.item}</th>
            <th scope="col">{words.itemColumns.records}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <span className="em-soft">{one.id}</span> {one[language]}
                {one.ours && <span className="em-mark">{words.ours}</span>}
              </th>
              <td>{one.records === 0 ? words.notRecorded : one.records}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Head({ screen }: { screen: Screen }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const grant = screen.grant;
  return (
    <header className="em-head">
      <h1 ref={head} tabIndex={-1}>
        {screen.kana !== '' && <span className="em-person-kana">{screen.kana}</span>}
        {screen.name === '' ? words.unknown : screen.name}
      </h1>
      <p className="em-who">
        <strong>{screen.birthDate === '' ? words.unknown : screen.birthDate}</strong>
        {screen.age !== null && !screen.deceased && <strong>{words.age(screen.age)}</strong>}
        <strong>{words.genders[screen.gender] ?? words.genders['unknown']}</strong>
        {screen.deceased && <strong>{words.deceased}</strong>}
        <span className="em-soft">{screen.numbers.join(' · ')}</span>
      </p>
      <p className="em-basis">
        <span className="em-mark">
          {grant === null ? words.standing : words[grant.level === 'full' ? 'full' : 'minimum']}
        </span>
        {grant !== null && <span>{words.until(timeText(grant.until, language))}</span>}
        <span className="em-soft">{words.told}</span>
        <button type="button" className="button small em-print" onClick={() => window.print()}>
          {words.print}
        </button>
        <a className="button small em-print" href="#/emergency">
          {words.another}
        </a>
      </p>
      {screen.refusedParts && (
        <p className="em-refused-parts" role="alert">
          {words.refusedParts}
        </p>
      )}
      {grant !== null && grant.level === 'minimum' && (
        <p className="em-soft em-print">{words.extendText(grant.number)}</p>
      )}
    </header>
  );
}

function Shown({ screen }: { screen: Screen }) {
  const words = useWords(emergencyWords);
  return (
    <div className="em em-screen">
      <Head screen={screen} />
      <div className="em-parts">
        {screen.sections.map((one) => (
          <Part key={one.id} section={one} />
        ))}
      </div>
      {screen.others !== undefined && (
        <details className="em-items">
          <summary>{words.othersTitle(screen.othersAll ?? 0)}</summary>
          <ul>
            {screen.others.map((row, i) => (
              <Line key={i} row={row} />
            ))}
          </ul>
        </details>
      )}
      <Items items={screen.items} />
      <p className="em-printed">{words.printed}</p>
    </div>
  );
}

export function ScreenPage({ parts }: PageProps) {
  const person = parts['person'] ?? '';
  const { value, fault, waiting, again } = useAnswer<Screen>(`/emergency/persons/${encodeURIComponent(person)}`);
  if (value) return <Shown screen={value} />;
  if (fault?.status === 404) return <Glass person={person} opened={again} />;
  if (fault?.status === 403 && fault.said.includes('refused')) return <Refused />;
  if (fault) return <Failure fault={fault} again={again} />;
  return waiting ? <Loading /> : null;
}
