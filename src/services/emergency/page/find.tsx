// SPDX-License-Identifier: Apache-2.0
// Who lies there? A number of a card, or a name with the birth date; then what I opened before.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer } from '@shell/answer';
import { goTo } from '@shell/route';
import { asFault, send, type FoundPerson, type Grant } from './contract';
import { FaultText } from './fault';
import { emergencyWords, timeText } from './words';

const placeOf = (person: string) => `/emergency/${encodeURIComponent(person)}`;

function PersonButton({ one }: { one: FoundPerson }) {
  const words = useWords(emergencyWords);
  return (
    <li>
      <a className="em-person" href={`#${placeOf(one.person)}`}>
        <span className="em-person-kana">{one.kana}</span>
        <strong>{one.name === '' ? words.unknown : one.name}</strong>
        <span>
          {one.birthDate === '' ? words.unknown : one.birthDate} ·{' '}
          {words.genders[one.gender] ?? words.genders['unknown']}
        </span>
        {one.granted && <span className="em-mark">{words.opened}</span>}
        {one.standing && <span className="em-mark">{words.agreed}</span>}
      </a>
    </li>
  );
}

function Found({ list }: { list: FoundPerson[] }) {
  const words = useWords(emergencyWords);
  const first = useRef<HTMLHeadingElement>(null);
  useEffect(() => first.current?.focus(), [list]);
  return (
    <section aria-labelledby="em-found">
      <h2 id="em-found" ref={first} tabIndex={-1}>
        {list.length === 0 ? words.nobody : words.found(list.length)}
      </h2>
      <ul className="em-persons">
        {list.map((one) => (
          <PersonButton key={one.person} one={one} />
        ))}
      </ul>
    </section>
  );
}

function Mine() {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  const { value } = useAnswer<{ grants: { person?: string; grant: Grant }[] }>('/emergency/grants');
  const list = (value?.grants ?? []).filter((one) => one.grant.level !== 'none').slice(0, 8);
  if (list.length === 0) return null;
  return (
    <section aria-labelledby="em-mine">
      <h2 id="em-mine">{words.mine}</h2>
      <ul className="em-mine">
        {list.map(({ person, grant }) => (
          <li key={grant.number}>
            {grant.live && person !== undefined ? (
              <a href={`#${placeOf(person)}`}>{`${grant.number} · ${grant.words}`}</a>
            ) : (
              <span>{`${grant.number} · ${grant.words}`}</span>
            )}{' '}
            <span className="em-soft">{grant.live ? words.until(timeText(grant.until, language)) : words.ended}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The second clinician's part. */
function Extend() {
  const words = useWords(emergencyWords);
  const [grant, setGrant] = useState('');
  const [why, setWhy] = useState('');
  const [fault, setFault] = useState<ReturnType<typeof asFault> | null>(null);
  const [done, setDone] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    setDone('');
    send(`/emergency/grants/${encodeURIComponent(grant.trim())}/extend`, { words: why }).then(
      () => setDone(words.extendDone(Number(grant))),
      (error: unknown) => setFault(asFault(error)),
    );
  };
  return (
    <details className="em-extend">
      <summary>{words.extend}</summary>
      <form className="em-form" onSubmit={submit}>
        <label className="em-field">
          <span>{words.extendNumber}</span>
          <input inputMode="numeric" value={grant} onChange={(e) => setGrant(e.target.value)} required />
        </label>
        <label className="em-field em-wide">
          <span>{words.extendWords}</span>
          <input value={why} onChange={(e) => setWhy(e.target.value)} required />
        </label>
        <button type="submit" className="button em-go">
          {words.extend}
        </button>
      </form>
      {fault && <FaultText fault={fault} />}
      <p role="status">{done}</p>
    </details>
  );
}

export function FindPage() {
  const words = useWords(emergencyWords);
  const [number, setNumber] = useState('');
  const [name, setName] = useState('');
  const [birth, setBirth] = useState('');
  const [found, setFound] = useState<FoundPerson[] | null>(null);
  const [fault, setFault] = useState<ReturnType<typeof asFault> | null>(null);
  const [asking, setAsking] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    setAsking(true);
    const what: Record<string, string> = number.trim() !== '' ? { number } : { name, birthDate: birth };
    send<{ persons: FoundPerson[] }>('/emergency/find', what)
      .then(
        (answer) => {
          const list = answer?.persons ?? [];
          setFound(list);
          const only = list.length === 1 ? list[0] : undefined;
          if (only?.granted) goTo({ path: placeOf(only.person), query: {} }, 'push');
        },
        (error: unknown) => {
          setFound(null);
          setFault(asFault(error));
        },
      )
      .finally(() => setAsking(false));
  };
  return (
    <div className="em">
      <h1>{words.title}</h1>
      <p className="em-lead">{words.lead}</p>
      <form className="em-form" onSubmit={submit} role="search">
        <label className="em-field">
          <span>{words.number}</span>
          <input
            autoFocus
            autoComplete="off"
            value={number}
            onChange={(e) => setNumber(e.target.value)}
            aria-describedby="em-number-hint"
          />
          <small id="em-number-hint">{words.numberHint}</small>
        </label>
        <p className="em-or">{words.or}</p>
        <label className="em-field">
          <span>{words.name}</span>
          <input
            autoComplete="off"
            value={name}
            onChange={(e) => setName(e.target.value)}
            aria-describedby="em-name-hint"
          />
          <small id="em-name-hint">{words.nameHint}</small>
        </label>
        <label className="em-field">
          <span>{words.birth}</span>
          <input
            autoComplete="off"
            value={birth}
            onChange={(e) => setBirth(e.target.value)}
            aria-describedby="em-birth-hint"
          />
          <small id="em-birth-hint">{words.birthHint}</small>
        </label>
        <button type="submit" className="button em-go" disabled={asking}>
          {words.search}
        </button>
      </form>
      {fault && <FaultText fault={fault} tooMany />}
      {found !== null && <Found list={found} />}
      <Mine />
      <Extend />
      <p className="em-more">
        <a href="#/emergency-reviews">{words.reviews}</a>
      </p>
    </div>
  );
}
