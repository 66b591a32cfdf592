// SPDX-License-Identifier: Apache-2.0
// The queue of reviews, and the notices of those it concerns.
import { useState, type FormEvent } from 'react';
import { useLanguage, useWords } from '@i18n/language';
import { useAnswer, type Fault } from '@shell/answer';
import { Failure, Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import {
  asFault,
  send,
  type Grant,
  type Notice,
  type Notices,
  type Reason,
  type Review,
  type Reviews,
} from './contract';
import { FaultText } from './fault';
import { emergencyWords, timeText } from './words';

function GrantLine({ grant }: { grant: Grant }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  const reasons = useAnswer<{ reasons: Reason[] }>('/emergency/reasons');
  const reason = reasons.value?.reasons.find((one) => one.code === grant.reason);
  return (
    <div className="em-grant">
      <p>
        {words.by}: <strong>{grant.name}</strong> {grant.organisation}
      </p>
      {grant.reason !== '' && (
        <p>
          {words.reason}: <strong>{reason?.[language] ?? grant.reason}</strong> {grant.words}
        </p>
      )}
      {grant.second !== null && (
        <p>
          {words.second(grant.second.name)} {grant.second.words}
        </p>
      )}
    </div>
  );
}

function Judge({ review, judged }: { review: Review; judged: () => void }) {
  const words = useWords(emergencyWords);
  const [text, setText] = useState('');
  const [fault, setFault] = useState<Fault | null>(null);
  const judge = (event: FormEvent, verdict: string) => {
    event.preventDefault();
    setFault(null);
    send(`/emergency/reviews/${review.number}`, { verdict, words: text }).then(judged, (error: unknown) =>
      setFault(asFault(error)),
    );
  };
  return (
    <form className="em-form" onSubmit={(e) => judge(e, 'justified')}>
      <label className="em-field em-wide">
        <span>{words.judgeWords}</span>
        <input value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <button type="submit" className="button em-go">
        {words.justified}
      </button>
      <button type="button" className="button em-go em-danger" onClick={(e) => judge(e, 'unjustified')}>
        {words.unjustified}
      </button>
      {fault && <FaultText fault={fault} />}
    </form>
  );
}

function Case({ review, judged }: { review: Review; judged: () => void }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  return (
    <li className={review.overdue ? 'em-case em-overdue' : 'em-case'}>
      <h2>
        {review.number} · {timeText(review.grant.at, language)}
      </h2>
      <GrantLine grant={review.grant} />
      {review.verdict === '' ? (
        <>
          <p>
            {review.overdue && <strong className="em-mark em-mark-grave">{words.overdue}</strong>}{' '}
            {words.due(timeText(review.due, language))}
          </p>
          <Judge review={review} judged={judged} />
        </>
      ) : (
        <p>
          {words.verdicts[review.verdict]} · {review.by} · {review.words}
        </p>
      )}
    </li>
  );
}

function Queue({ done, turn, judged }: { done: boolean; turn: number; judged: () => void }) {
  const words = useWords(emergencyWords);
  const { value, fault, again } = useAnswer<Reviews>(`/emergency/reviews?done=${String(done)}&turn=${turn}`);
  if (fault) return <Failure fault={fault} again={again} />;
  if (!value) return <Loading />;
  return (
    <>
      {value.alarm && (
        <p className="em-alarm" role="alert">
          {words.alarm(value.overdue)}
        </p>
      )}
      <p role="status">{value.open === 0 ? words.noReviews : words.open_(value.open)}</p>
      <ul className="em-cases">
        {value.reviews.map((one) => (
          <Case key={one.number} review={one} judged={judged} />
        ))}
      </ul>
    </>
  );
}

export function ReviewsPage() {
  const words = useWords(emergencyWords);
  const [done, setDone] = useState(false);
  const [turn, setTurn] = useState(0);
  return (
    <div className="em">
      <h1>{words.reviews}</h1>
      <label className="em-check">
        <input type="checkbox" checked={done} onChange={(e) => setDone(e.target.checked)} /> {words.done}
      </label>
      <Queue done={done} turn={turn} judged={() => setTurn((n) => n + 1)} />
    </div>
  );
}

/* --- notices --- */

function OneNotice({ notice, marked }: { notice: Notice; marked: () => void }) {
  const words = useWords(emergencyWords);
  const { language } = useLanguage();
  const [fault, setFault] = useState<Fault | null>(null);
  const mark = () => {
    send(`/api/notices/${notice.number}/read`, {}).then(marked, (error: unknown) => setFault(asFault(error)));
  };
  return (
    <li className={notice.readAt === null ? 'em-case em-unread' : 'em-case'}>
      <h2>{words.kinds[notice.kind]}</h2>
      <p className="em-soft">{timeText(notice.at, language)}</p>
      <GrantLine grant={notice.grant} />
      {notice.kind !== 'standing' && <p>{words.verdicts[notice.verdict]}</p>}
      {notice.readAt === null ? (
        <button type="button" className="button" onClick={mark}>
          {words.markRead}
        </button>
      ) : (
        <p className="em-soft">{words.read}</p>
      )}
      {fault && <FaultText fault={fault} />}
    </li>
  );
}

export function NoticesPage({ parts }: PageProps) {
  const words = useWords(emergencyWords);
  const [turn, setTurn] = useState(0);
  const person = parts['person'];
  const whose = person === undefined ? '' : `person=${encodeURIComponent(person)}&`;
  const { value, fault, again } = useAnswer<Notices>(`/api/notices?${whose}turn=${turn}`);
  return (
    <div className="em">
      <h1>{words.notices}</h1>
      {fault && <Failure fault={fault} again={again} />}
      {!value && !fault && <Loading />}
      {value && <p role="status">{value.notices.length === 0 ? words.noNotices : words.unread(value.unread)}</p>}
      <ul className="em-cases">
        {value?.notices.map((one) => (
          <OneNotice key={one.number} notice={one} marked={() => setTurn((n) => n + 1)} />
        ))}
      </ul>
    </div>
  );
}
