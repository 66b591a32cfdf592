// SPDX-License-Identifier: Apache-2.0
// Back from a provider. The code leaves the address at once, so that neither history nor a reload
// holds it, and goes to the node from our own page, with the ticket that this browser was given.
import { useEffect, useRef, useState } from 'react';
import { useWords } from '@i18n/language';
import { Fault, send } from '@shell/answer';
import { Loading } from '@shell/notices';
import type { PageProps } from '@shell/pages';
import { goTo } from '@shell/route';
import { useSession, type Session } from '@shell/session';
import { signInWords } from './words';
import { enter } from './work';

export function Return({ query }: PageProps) {
  const words = useWords(signInWords);
  const { set } = useSession();
  const [wrong, setWrong] = useState<string | null>(null);
  const begun = useRef(false);
  useEffect(() => {
    document.title = `${words.title} – Kumihimo`;
    if (begun.current) return;
    begun.current = true;
    const { code, state, iss, error } = query;
    goTo({ path: '/sign-in/return', query: {} }, 'replace');
    if (error !== undefined || code === undefined || state === undefined) {
      setWrong(words.refusedThere);
      return;
    }
    send<Session>('POST', '/sign-in/provider/done', { code, state, ...(iss === undefined ? {} : { iss }) }).then(
      (session) => enter(session, set),
      (fault: unknown) => setWrong(fault instanceof Fault && fault.status === 401 ? words.refused : words.broken),
    );
  }, [query, words, set]);
  return (
    <div className="sign-in">
      <h1>{words.title}</h1>
      {wrong === null && (
        <>
          <p role="status">{words.returning}</p>
          <Loading />
        </>
      )}
      {wrong !== null && (
        <div className="failure" role="alert">
          <p className="failure-text">{words.broken}</p>
          <p className="failure-said">{wrong}</p>
          <a href="#/sign-in">{words.backToSignIn}</a>
        </div>
      )}
    </div>
  );
}
