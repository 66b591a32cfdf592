// SPDX-License-Identifier: Apache-2.0
// Who this is: name, birth date, exact age, allergies, and whose records are being viewed.
import { useLanguage, useWords } from '@i18n/language';
import type { Allergy, Institution, Overview } from './contract';
import { isDay } from './days';
import { KindIcon, Sign } from './icons';
import { InstitutionName } from './institution';
import { ageText, birthText, dayText, eraText, sharingWords, shortDay } from './words';

/** Grave ones first: only they may decide what must not be given. */
function byGravity(a: Allergy, b: Allergy): number {
  return Number(b.criticality === 'high') - Number(a.criticality === 'high');
}

function Allergies({ list }: { list: readonly Allergy[] }) {
  const words = useWords(sharingWords);
  if (list.length === 0) {
    return (
      <section className="allergies allergies-none" aria-label={words.allergies}>
        <h2>{words.allergies}</h2>
        <p>{words.noAllergies}</p>
      </section>
    );
  }
  return (
    <section className="allergies" aria-label={words.allergies}>
      <h2>
        <KindIcon kind="allergy" />
        {words.allergies}
      </h2>
      <ul>
        {[...list].sort(byGravity).map((one, i) => (
          <li key={i}>
            <strong>{one.text}</strong>
            {one.criticality != null && words.criticality[one.criticality] && (
              <span className={`gravity gravity-${one.criticality}`}>{words.criticality[one.criticality]}</span>
            )}
            <span className="declared">
              <InstitutionName id={one.institution} />
              {isDay(one.recorded) && <span>{words.recorded(shortDay(one.recorded))}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Born({ person, on }: { person: Overview; on: string }) {
  const words = useWords(sharingWords);
  const { language } = useLanguage();
  return (
    <p className="born">
      {!person.birthDate ? (
        <span>{words.noBirthDate}</span>
      ) : (
        <>
          <span className="birth-date">{birthText(person.birthDate, language)}</span>
          {language === 'ja' && isDay(person.birthDate) && <span className="era">（{eraText(person.birthDate)}）</span>}
        </>
      )}
      {person.age !== null && !person.deceased && (
        <>
          {' '}
          <strong className="age">{ageText(person.age, language)}</strong>
          {on !== '' && <span className="era">{words.onDay(dayText(on, language))}</span>}
        </>
      )}
      <span className="gender">{words.genders[person.gender] ?? words.genders['unknown']}</span>
      {person.deceased && <strong className="deceased">{words.deceased(dayText(person.deceased, language))}</strong>}
    </p>
  );
}

export interface HeaderProps {
  person: Overview;
  on: string;
  /** Empty when all are shown. */
  viewed: readonly Institution[];
}

export function Header({ person, on, viewed }: HeaderProps) {
  const words = useWords(sharingWords);
  return (
    <div className="person-header">
      <div className="who">
        <h1>
          {person.kana !== '' && <span className="kana">{person.kana}</span>}
          <span className="name">{person.name === '' ? words.noName : person.name}</span>
        </h1>
        <Born person={person} on={on} />
        <p className="viewing">
          <span className="viewing-label">{words.viewing}</span>
          {viewed.length === 0 ? (
            <strong>{words.allInstitutions(person.institutions.length)}</strong>
          ) : (
            viewed.map((one) => (
              <strong key={one.id}>
                <InstitutionName id={one.id} />
                {viewed.length === 1 && one.charts.length > 0 && (
                  <span className="chart-number">{words.chartNumber(one.charts.map((c) => c.number).join(', '))}</span>
                )}
              </strong>
            ))
          )}
        </p>
        <p className="looked-at">
          <a href={`#/lookers/${encodeURIComponent(person.person)}`}>{words.lookers}</a>
        </p>
      </div>
      <Allergies list={person.allergies} />
      <button type="button" className="button print-button" onClick={() => window.print()}>
        <Sign name="print" />
        {words.print}
      </button>
    </div>
  );
}
