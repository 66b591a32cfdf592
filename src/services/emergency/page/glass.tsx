// SPDX-License-Identifier: Apache-2.0
// Breaking the glass: a reason, the matter in words, and what follows from it, said before.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer, type Fault } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import { asFault, send, type Grant, type Reason } from './contract';
import { FaultText } from './fault';
import { characters, emergencyWords } from './words';

function Reasons({ list, chosen, choose }: { list: Reason[]; chosen: string; choose: (code: string) => void }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  return (
    <fieldset className="em-reasons">
      <legend>{words.reason}</legend>
      {list.map((one, i) => (
        <label key={one.code} className="em-reason">
          <input
            type="radio"
            name="reason"
            value={one.code}
            checked={chosen === one.code}
            onChange={() => choose(one.code)}
            autoFocus={i === 0}
          />
          <span>{one[language]}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Refused() {
  const words = useWords(emergencyWords);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  return (
    <div className="em em-refused" role="alert">
      <h1 ref={head} tabIndex={-1}>
        {words.refused}
      </h1>
      <p>{words.refusedText}</p>
      <a className="button em-go" href="#/emergency">
        {words.another}
      </a>
    </div>
  );
}

export function Glass({ person, opened }: { person: string; opened: () => void }) {
  const words = useWords(emergencyWords);
  const reasons = useAnswer<{ reasons: Reason[]; wordsLeast: number }>('/emergency/reasons');
  const [reason, setReason] = useState('');
  const [why, setWhy] = useState('');
  const [fault, setFault] = useState<Fault | null>(null);
  const [asking, setAsking] = useState(false);
  const least = reasons.value?.wordsLeast ?? 10;
  const missing = least - characters(why);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing > 0 || reason === '') return;
    setFault(null);
    setAsking(true);
    send<Grant>('/emergency/grants', { person, reason, words: why })
      .then(opened, (error: unknown) => setFault(asFault(error)))
      .finally(() => setAsking(false));
  };
  if (fault !== null && fault.status === 403 && fault.said.includes('refused')) return <Refused />;
  if (reasons.fault) return <Failure fault={reasons.fault} again={reasons.again} />;
  if (!reasons.value) return <Loading />;
  return (
    <div className="em">
      <h1>{words.glass}</h1>
      <p className="em-lead">{words.glassLead}</p>
      <ul className="em-what">
        {words.what.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <form className="em-glass" onSubmit={submit}>
        <Reasons list={reasons.value.reasons} chosen={reason} choose={setReason} />
        <label className="em-field em-wide">
          <span>{words.why}</span>
          <textarea rows={3} value={why} onChange={(e) => setWhy(e.target.value)} aria-describedby="em-why-hint" />
          <small id="em-why-hint">{words.whyHint(least)}</small>
        </label>
        <p className="em-missing" role="status">
          {why !== '' && missing > 0 ? words.short(missing) : ''}
        </p>
        <div className="em-row">
          <button type="submit" className="button em-go em-danger" disabled={asking || missing > 0 || reason === ''}>
            {words.open}
          </button>
          <a className="button em-go" href="#/emergency">
            {words.another}
          </a>
        </div>
      </form>
      {fault && <FaultText fault={fault} />}
    </div>
  );
}
